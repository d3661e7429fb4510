/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `usbtape media …`, cartridge files on the command line. The program uses medium.h and formats.h
 * and is no part of the core.
 *
 *   tool.c       the subcommands and their options
 *   tool-look.c  reads a consistent state of a tape while a drive may write to it
 *   tool-list.c  lists the contents of a tape as text or JSON
 *   tool-copy.c  copies and checks whole tapes and files of tapes
 *   tool-mtf.c   lists and checks tapes in Microsoft Tape Format
 */
#ifndef USBTAPE_MEDIA_TOOL_H
#define USBTAPE_MEDIA_TOOL_H

#include "emu/base/json-stream.h"
#include "media/formats/formats.h"
#include "media/mtf/mtf-reader.h"

/*
 * The cartridges of a drive model, for `create --model`. The models themselves belong to a layer
 * above this folder, so the program passes them.
 */
typedef struct MediaModel {
    const char *name;
    uint8_t density;
    uint64_t capacity; /* bytes; 0 = unlimited */
} MediaModel;

/*
 * argv[0] is "media". `models` ends with a row whose name is NULL. Prints errors and returns the
 * exit status.
 */
int media_main(int argc, char **argv, const MediaModel *models);

/*
 * Opens a tape for reading. Messages name `option` and its value `name`, a format. A NULL `name`
 * selects by contents.
 */
TapeMedium *tool_open(const char *path, const char *option, const char *name, GError **error);

/* ── tool-look.c ── */

/* Prints the contents of the tape to standard output. */
typedef bool (*ToolLook)(TapeMedium *m, const char *path, const void *data, GError **error);
/*
 * Repeats `look` until no drive overwrote the tape meanwhile. The short output of a disturbed
 * attempt is discarded. False if `look` failed, or if every attempt was disturbed.
 */
bool tool_look(const char *path, const char *format, ToolLook look, const void *data,
               GError **error);
/* True if a drive overwrote the tape after it was opened. */
bool tool_is_overwritten(TapeMedium *m);

/* ── tool-list.c ── */

/*
 * These print to standard output while they move the medium's head. False for damage
 * (USBTAPE_ERROR_WORK, after all output) or a host error. JSON output is complete in every case.
 */
bool tool_info(TapeMedium *m, const char *path, bool json, GError **error);
bool tool_list(TapeMedium *m, const char *path, bool json, GError **error);

/* ── tool-copy.c ── */

typedef struct CopyTotals {
    uint64_t objects, lost; /* blocks and marks on the source, and the damaged ones among them */
} CopyTotals;

/*
 * Copies all partitions. Both media are at BOP. Damaged objects are left out, printed and counted.
 * False for a host error, or if the target cannot hold the data.
 */
bool tool_copy(TapeMedium *from, const char *from_path, TapeMedium *to, const char *to_path,
               CopyTotals *totals, GError **error);
/*
 * Reads everything and prints each damaged place. False if there is one. `mtf` also requires
 * partition 0 to be good Microsoft Tape Format. `json` prints JSON and excludes `mtf`.
 */
bool tool_check(TapeMedium *m, const char *path, bool mtf, bool json, GError **error);
/*
 * Writes the blocks of tape file `number` of a partition to standard output. Damage within the file
 * ends the output and returns false. Damage before the file returns false after all output.
 */
bool tool_cat(TapeMedium *m, const char *path, uint32_t partition, uint64_t number, GError **error);

/* ── tool-mtf.c ── */

/*
 * Lists the sets and files of a partition in this format. If `b` is not NULL, the list becomes its
 * member "mtf". The medium's head moves. False for a host error.
 */
bool tool_mtf_list(TapeMedium *m, uint32_t partition, JsonStream *b, GError **error);
/* Reports the result of a reader that received the whole tape. */
bool tool_mtf_verdict(const char *path, const MtfReader *r, GError **error);

#endif
