/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `usbtape media …`: cartridge files from the command line. A program over medium.h and formats.h;
 * no part of the core.
 *
 *   tool.c       the subcommands and their options
 *   tool-list.c  what is on a tape, as a person or a program wants to read it
 *   tool-copy.c  whole tapes and files of tapes, moved and checked
 *   tool-mtf.c   what is on tapes in Microsoft Tape Format
 */
#ifndef USBTAPE_MEDIA_TOOL_H
#define USBTAPE_MEDIA_TOOL_H

#include "media/formats.h"
#include "media/mtf-reader.h"

#include <json-glib/json-glib.h>

/* argv[0] is "media". Returns the exit status; errors have been printed. */
int media_main(int argc, char **argv);

/*
 * What the cartridges of a drive model are like: for `create --model`. The models themselves live
 * above this folder, so the names are repeated here and a test holds the two lists together.
 */
typedef struct MediaModel {
    const char *name;
    uint8_t density;
    uint64_t capacity; /* bytes; 0 = unlimited */
} MediaModel;

/* Ends with a row whose name is NULL. */
const MediaModel *media_models(void);

/* ── tool-list.c ── */

/* Prints what was built. */
void tool_print_json(JsonBuilder *b);

/* Prints to standard output. The medium's head is moved. */
bool tool_info(TapeMedium *m, const char *path, bool json, GError **error);
/* Damage met on the way is listed, and makes the result false (USBTAPE_ERROR_WORK). */
bool tool_list(TapeMedium *m, const char *path, bool json, GError **error);

/* ── tool-copy.c ── */

/*
 * Copies all partitions; both are at BOP. False: a host error, or the target cannot hold it. With
 * `lost`, what is damaged is left out, printed and counted; without, the copy ends there.
 */
bool tool_copy(TapeMedium *from, const char *from_path, TapeMedium *to, const char *to_path,
               uint64_t *lost, GError **error);
/*
 * Reads everything. False: something is damaged; each place has been printed. `mtf`: what partition
 * 0 holds has to be good Microsoft Tape Format, too. `json`: printed as that, and not with `mtf`.
 */
bool tool_check(TapeMedium *m, const char *path, bool mtf, bool json, GError **error);
/* Writes the blocks of tape file `number` of a partition to standard output. */
bool tool_cat(TapeMedium *m, const char *path, uint32_t partition, uint64_t number, GError **error);

/* ── tool-mtf.c ── */

/*
 * The sets and files of a partition, if it is in this format; into `b`, as a member "mtf", if that
 * is not NULL. The medium's head is moved. False: a host error.
 */
bool tool_mtf_list(TapeMedium *m, uint32_t partition, JsonBuilder *b, GError **error);
/* What a reader has found, all of the tape having been pushed into it. */
bool tool_mtf_verdict(const char *path, const MtfReader *r, GError **error);

#endif
