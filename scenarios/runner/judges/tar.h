/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a tar archive (ustar, GNU, pax; multi-volume) as it comes off a tape, and says which files
 * it holds. The oracle's own eyes: no tar program is asked.
 */
#ifndef USBTAPE_SCENARIOS_TAR_H
#define USBTAPE_SCENARIOS_TAR_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct TarReader TarReader;

/* Called for every regular file, whole: its name without a leading "./", its SHA-256 in hex. */
typedef void (*TarFileFunc)(void *data, const char *name, const char *sha256);

TarReader *tar_reader_new(TarFileFunc func, void *data);
void tar_reader_free(TarReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarReader, tar_reader_free)

/* The next bytes, in any pieces. Errors say what is wrong with the archive; give up then. */
bool tar_reader_feed(TarReader *reader, const uint8_t *bytes, size_t length, GError **error);
/* The archive goes on on another volume: what comes next is a header. */
void tar_reader_next_volume(TarReader *reader);
/* Was the end of the archive there? */
bool tar_reader_end(TarReader *reader, GError **error);

#endif
