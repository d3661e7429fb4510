/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool/recognize.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAR_HEADER = 512, TAR_CHECKSUM = 148, TAR_CHECKSUM_LENGTH = 8 };

/*
 * A tar header of before 1988 has only its checksum, in octal, over bytes with the checksum field
 * blank.
 */
static bool tar_checksum_is_right(const uint8_t *head)
{
    unsigned long sum = 0, said;
    char text[TAR_CHECKSUM_LENGTH + 1] = { 0 };
    char *end;
    size_t i;

    memcpy(text, head + TAR_CHECKSUM, TAR_CHECKSUM_LENGTH);
    said = strtoul(text, &end, 8);
    for (i = 0; i < TAR_HEADER; i++) {
        bool blank = i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_CHECKSUM_LENGTH;

        sum += blank ? ' ' : head[i];
    }
    return end != text && head[0] != 0 && sum == said;
}

/* The bytes that identify a format, and their offset. */
static const struct {
    const char *name;
    size_t offset, length;
    const char *bytes;
} signatures[] = {
    { "tar (GNU)", 257, 8, "ustar  " },
    { "tar (POSIX)", 257, 6, "ustar" },
    { "cpio (portable ASCII)", 0, 6, "070701" },
    { "cpio (portable ASCII with checksums)", 0, 6, "070702" },
    { "cpio (old ASCII)", 0, 6, "070707" },
    { "cpio (binary)", 0, 2, "\xc7\x71" },
    { "cpio (binary, byte-swapped)", 0, 2, "\x71\xc7" },
    /* c_magic of struct s_spcl (old and new format, the second of 4.4BSD, either byte order) */
    { "dump (ext2 or BSD)", 24, 4, "\x6c\xea\x00\x00" },
    { "dump (ext2 or BSD)", 24, 4, "\x00\x00\xea\x6c" },
    { "dump (old BSD)", 24, 4, "\x6b\xea\x00\x00" },
    { "dump (old BSD)", 24, 4, "\x00\x00\xea\x6b" },
    { "dump (UFS2)", 24, 4, "\x19\x01\x54\x19" },
    { "dump (UFS2)", 24, 4, "\x19\x54\x01\x19" },
    { "dump (XFS)", 0, 8, "xFSdump0" },
    { "Microsoft Tape Format", 0, 4, "TAPE" },
    { "Microsoft Tape Format: a data set", 0, 4, "SSET" },
    { "Microsoft Tape Format: end of a data set", 0, 4, "ESET" },
    { "Microsoft Tape Format: end of the medium", 0, 4, "EOTM" },
    { "ANSI label", 0, 3, "VOL" },
    { "ANSI label", 0, 3, "HDR" },
    { "ANSI label", 0, 3, "EOF" },
    { "Amanda", 0, 7, "AMANDA:" },
    { "gzip", 0, 3, "\x1f\x8b\x08" },
    { "xz", 0, 6,
      "\xfd"
      "7zXZ" },
    { "Zstandard", 0, 4, "\x28\xb5\x2f\xfd" },
};

const char *medium_recognize(const uint8_t *head, size_t length)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(signatures); i++) {
        if (length >= signatures[i].offset + signatures[i].length &&
            memcmp(head + signatures[i].offset, signatures[i].bytes, signatures[i].length) == 0) {
            return signatures[i].name;
        }
    }
    if (length >= 24 && memcmp(head + 12, "BB02", 4) == 0) {
        return "Bacula";
    }
    return length >= TAR_HEADER && tar_checksum_is_right(head) ? "tar (old)" : NULL;
}
