/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `usbtape media …`: cartridge files from the command line. A program over medium.h and formats.h;
 * no part of the core.
 *
 *   tool.c       the subcommands and their options
 *   tool-look.c  a tape that a drive may be writing to, as it was at one moment
 *   tool-list.c  what is on a tape, as a person or a program wants to read it
 *   tool-copy.c  whole tapes and files of tapes, moved and checked
 *   tool-mtf.c   what is on tapes in Microsoft Tape Format
 */
#ifndef USBTAPE_MEDIA_TOOL_H
#define USBTAPE_MEDIA_TOOL_H

#include "emu/base/json-stream.h"
#include "media/formats/formats.h"
#include "media/mtf/mtf-reader.h"

/* The cartridges of a drive model, for `create --model`. The models themselves live above this
 * folder, so the program passes them. */
typedef struct MediaModel {
    const char *name;
    uint8_t density;
    uint64_t capacity; /* bytes; 0 = unlimited */
} MediaModel;

/* argv[0] is "media". `models` ends with a row whose name is NULL. Returns the exit status; errors
 * have been printed. */
int media_main(int argc, char **argv, const MediaModel *models);

/* Opens a tape to read it. `option` names `name`, a format, in messages. NULL: by what it holds. */
TapeMedium *tool_open(const char *path, const char *option, const char *name, GError **error);

/* ── tool-look.c ── */

/* Prints to standard output what is on the tape. */
typedef bool (*ToolLook)(TapeMedium *m, const char *path, const void *data, GError **error);
/*
 * Looks until it has seen the tape as it was at one moment: short output of a look at a tape that
 * was overwritten meanwhile is dropped. False: the look failed, or the tape changes again and
 * again.
 */
bool tool_look(const char *path, const char *format, ToolLook look, const void *data,
               GError **error);
/* Did a drive overwrite the tape after it was opened? */
bool tool_is_overwritten(TapeMedium *m);

/* ── tool-list.c ── */

/*
 * Print to standard output as they go. The medium's head is moved. False: damage that was met or is
 * known, once all is printed (USBTAPE_ERROR_WORK), or a host error; JSON is whole all the same.
 */
bool tool_info(TapeMedium *m, const char *path, bool json, GError **error);
bool tool_list(TapeMedium *m, const char *path, bool json, GError **error);

/* ── tool-copy.c ── */

typedef struct CopyTotals {
    uint64_t objects, lost; /* blocks and marks that were seen; that are damaged and left out */
} CopyTotals;

/*
 * Copies all partitions; both are at BOP. What is damaged is left out, printed and counted. False:
 * a host error, or the target cannot hold it.
 */
bool tool_copy(TapeMedium *from, const char *from_path, TapeMedium *to, const char *to_path,
               CopyTotals *totals, GError **error);
/*
 * Reads everything. False: something is damaged; each place has been printed. `mtf`: what partition
 * 0 holds has to be good Microsoft Tape Format, too. `json`: printed as that, and not with `mtf`.
 */
bool tool_check(TapeMedium *m, const char *path, bool mtf, bool json, GError **error);
/*
 * Writes the blocks of tape file `number` of a partition to standard output. False: something is
 * damaged in it, which ends it, or before it, once all of it is written.
 */
bool tool_cat(TapeMedium *m, const char *path, uint32_t partition, uint64_t number, GError **error);

/* ── tool-mtf.c ── */

/*
 * The sets and files of a partition, if it is in this format; into `b`, as a member "mtf", if that
 * is not NULL. The medium's head is moved. False: a host error.
 */
bool tool_mtf_list(TapeMedium *m, uint32_t partition, JsonStream *b, GError **error);
/* What a reader has found, all of the tape having been pushed into it. */
bool tool_mtf_verdict(const char *path, const MtfReader *r, GError **error);

#endif
