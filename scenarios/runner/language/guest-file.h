/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests are data: NAME.yaml in scenarios/guests, or in a directory that `--guests` names.
 *
 * Owns: the keys of such a file, and the list of guests. Does not own: how a guest is built and
 * started (machine/guest.h), what drives the tape in it (subject.h).
 */
#ifndef USBTAPE_SCENARIOS_GUEST_FILE_H
#define USBTAPE_SCENARIOS_GUEST_FILE_H

#include "scenarios/runner/machine/guest.h"

/* The guest of scenarios that name none. */
#define GUEST_DEFAULT "linux"

/*
 * A guest from text; `path` gives its name, and the directory that its builder's path starts from.
 * NULL: USBTAPE_ERROR_INPUT, with the place. Free with guest_kind_free.
 */
GuestKind *guest_file_parse(const char *path, const char *text, size_t length, GError **error);
void guest_kind_free(GuestKind *kind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestKind, guest_kind_free)

/* The directory of the project's own guests. Free with g_free. */
char *guest_files_directory(void);

/*
 * Reads the guests of `directory` in addition to those read before; the project's own come first.
 * False: a file is wrong, or two guests have one name.
 */
bool guest_files_add(const char *directory, GError **error);

/* The guests, the default one first, the others by name. NULL: the project's own cannot be read.
 * Borrowed: they live as long as the process. */
const GPtrArray *guest_kinds(GError **error);

#endif
