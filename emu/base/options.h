/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, with what GOption lets pass refused. */
#ifndef USBTAPE_BASE_OPTIONS_H
#define USBTAPE_BASE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

/*
 * Adds the entries and parses, taking out of `argv` what was understood; argv[0] stays. A value for
 * an option that takes none (--read-only=3) is USBTAPE_ERROR_INPUT; other errors are GOption's.
 */
bool options_parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv,
                   GError **error);

/* The same with a NULL-terminated vector whose strings are freed when they are taken out. */
bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error);

#endif
