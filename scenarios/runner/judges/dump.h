/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what dump(8) wrote (ext2 to ext4, Linux dump up to 0.4b48) as it comes off a tape, and says
 * which files it holds. The oracle's own eyes: restore is not asked.
 *
 * A dump is a row of records of 1 KiB: headers, and what belongs to them. Each header has the
 * number of its record, so that blocks which are lost, doubled or out of order are seen where one
 * has a header; where none has, in the middle of a file, by the sum of the file.
 *
 * Any bytes may come: what they can ask for is bounded. A dump of more than 65536 names, or with
 * holes of more than 256 MiB, is refused; a file under a path of more than 4095 bytes is "#INODE".
 */
#ifndef USBTAPE_SCENARIOS_DUMP_H
#define USBTAPE_SCENARIOS_DUMP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DumpReader DumpReader;

/* Called for every regular file, whole, under each of its names, which begin at the top of the file
 * system: the name, its SHA-256 in hex. A file that no directory names is "#INODE". */
typedef void (*DumpFileFunc)(void *data, const char *name, const char *sha256);

DumpReader *dump_reader_new(DumpFileFunc func, void *data);
void dump_reader_free(DumpReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DumpReader, dump_reader_free)

/* The next bytes, in any pieces. Errors say what is wrong with the dump; give up then. */
bool dump_reader_feed(DumpReader *reader, const uint8_t *bytes, size_t length, GError **error);
/* Was the end of the dump there? */
bool dump_reader_end(DumpReader *reader, GError **error);

#endif
