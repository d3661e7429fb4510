/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Microsoft Tape Format 1.00a, the layout of descriptor blocks (DBLK) and stream headers, and their
 * checksums. Clauses are those of "Microsoft Tape Format Specification, Version 1.00a, document
 * rev. 1.8" (Seagate Software, 1997), which numbers its structures and tables throughout.
 *
 *   mtf.c          descriptor blocks, strings, checksums, dates
 *   mtf-reader.c   reads blocks and marks, reports sets and files or the first violation
 *   mtf-blocks.c   … the fields of descriptor blocks
 *   mtf-rules.c    … the rules, and the text of a violation
 *   mtf-walk.c     reads a medium
 *
 * Owns: the layout.
 * Does not own: its use by a backup program (the writer, which is a subject of the scenarios), and
 * the drive. All integers on tape are little-endian.
 */
#ifndef USBTAPE_MEDIA_MTF_H
#define USBTAPE_MEDIA_MTF_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The four characters of a type or stream id as they lie on tape. */
#define MTF_ID(a, b, c, d)                                                                         \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* DBLK types (table 2). */
#define MTF_TAPE MTF_ID('T', 'A', 'P', 'E')
#define MTF_SSET MTF_ID('S', 'S', 'E', 'T')
#define MTF_VOLB MTF_ID('V', 'O', 'L', 'B')
#define MTF_DIRB MTF_ID('D', 'I', 'R', 'B')
#define MTF_FILE MTF_ID('F', 'I', 'L', 'E')
#define MTF_CFIL MTF_ID('C', 'F', 'I', 'L')
#define MTF_ESPB MTF_ID('E', 'S', 'P', 'B')
#define MTF_ESET MTF_ID('E', 'S', 'E', 'T')
#define MTF_EOTM MTF_ID('E', 'O', 'T', 'M')
#define MTF_SFMB MTF_ID('S', 'F', 'M', 'B')

/* Stream ids (tables 19 and 20) that the reader uses. It skips the others. */
#define MTF_STAN MTF_ID('S', 'T', 'A', 'N') /* the file's data */
#define MTF_PNAM                                                                                   \
    MTF_ID('P', 'N', 'A', 'M')              /* a directory's path that was too long for its DBLK   \
                                             */
#define MTF_FNAM MTF_ID('F', 'N', 'A', 'M') /* the same of a file's name */
#define MTF_CSUM MTF_ID('C', 'S', 'U', 'M') /* checksum of the stream before it */
#define MTF_SPAD MTF_ID('S', 'P', 'A', 'D') /* padding up to where the next DBLK may begin */
#define MTF_SPAR MTF_ID('S', 'P', 'A', 'R') /* a piece of a sparse file */
#define MTF_NACL MTF_ID('N', 'A', 'C', 'L') /* Windows NT security data */
#define MTF_TSMP MTF_ID('T', 'S', 'M', 'P') /* set map, of both types */
#define MTF_MAP2 MTF_ID('M', 'A', 'P', '2')
#define MTF_TFDD MTF_ID('T', 'F', 'D', 'D') /* file/directory detail, of both types */
#define MTF_FDD2 MTF_ID('F', 'D', 'D', '2')

/* MTF_DB_HDR, the common block header (structure 4). */
enum {
    MTF_HDR_TYPE = 0,
    MTF_HDR_ATTRIBUTES = 4,
    MTF_HDR_FIRST_EVENT = 8, /* offset of the first stream header from the DBLK's beginning */
    MTF_HDR_OS_ID = 10,
    MTF_HDR_OS_VERSION = 11,
    MTF_HDR_DISPLAYABLE_SIZE = 12,
    MTF_HDR_FLA = 20, /* format logical address */
    MTF_HDR_CONTROL_BLOCK_ID = 36,
    MTF_HDR_OS_DATA = 44, /* an MTF_TAPE_ADDRESS (structure 2): size, offset in the DBLK */
    MTF_HDR_STRING_TYPE = 48,
    MTF_HDR_CHECKSUM = 50,
    MTF_HDR_SIZE = 52,
};

/* The fields after the header in each type of DBLK (structures 5 to 9, 12 to 14). */
enum {
    MTF_TAPE_FAMILY = 52,
    MTF_TAPE_ATTRIBUTES = 56,
    MTF_TAPE_SEQUENCE = 60,
    MTF_TAPE_SFMB_SIZE = 64, /* units of 512 bytes */
    MTF_TAPE_CATALOG_TYPE = 66,
    MTF_TAPE_NAME = 68,
    MTF_TAPE_LABEL = 72,
    MTF_TAPE_PASSWORD = 76,
    MTF_TAPE_SOFTWARE = 80,
    MTF_TAPE_FLB_SIZE = 84, /* format logical block: 512 or 1024 bytes */
    MTF_TAPE_VENDOR = 86,
    MTF_TAPE_DATE = 88,
    MTF_TAPE_MAJOR = 93,
    MTF_TAPE_SIZE = 94,

    MTF_SSET_ATTRIBUTES = 52,
    MTF_SSET_COMPRESSION = 58,
    MTF_SSET_VENDOR = 60,
    MTF_SSET_NUMBER = 62,
    MTF_SSET_NAME = 64,
    MTF_SSET_DESCRIPTION = 68,
    MTF_SSET_PASSWORD = 72,
    MTF_SSET_USER = 76,
    MTF_SSET_PBA = 80, /* physical block address: the drive's own number of this block */
    MTF_SSET_DATE = 88,
    MTF_SSET_SOFTWARE_MAJOR = 93,
    MTF_SSET_SOFTWARE_MINOR = 94,
    MTF_SSET_TIME_ZONE = 95,
    MTF_SSET_MINOR = 96,
    MTF_SSET_CATALOG_VERSION = 97,
    MTF_SSET_SIZE = 98,

    MTF_VOLB_ATTRIBUTES = 52,
    MTF_VOLB_DEVICE = 56,
    MTF_VOLB_VOLUME = 60,
    MTF_VOLB_MACHINE = 64,
    MTF_VOLB_DATE = 68,
    MTF_VOLB_SIZE = 73,

    MTF_DIRB_ATTRIBUTES = 52,
    MTF_DIRB_MODIFIED = 56,
    MTF_DIRB_CREATED = 61,
    MTF_DIRB_BACKED_UP = 66,
    MTF_DIRB_ACCESSED = 71,
    MTF_DIRB_ID = 76,
    MTF_DIRB_NAME = 80,
    MTF_DIRB_SIZE = 84,

    MTF_FILE_ATTRIBUTES = 52,
    MTF_FILE_MODIFIED = 56,
    MTF_FILE_CREATED = 61,
    MTF_FILE_BACKED_UP = 66,
    MTF_FILE_ACCESSED = 71,
    MTF_FILE_DIRECTORY = 76,
    MTF_FILE_ID = 80,
    MTF_FILE_NAME = 84,
    MTF_FILE_SIZE = 88,

    MTF_CFIL_SIZE = 74,

    MTF_ESET_ATTRIBUTES = 52,
    MTF_ESET_CORRUPT = 56, /* how many objects were corrupt when they were backed up */
    MTF_ESET_NUMBER = 78,
    MTF_ESET_DATE = 80,
    MTF_ESET_SIZE = 85,

    MTF_EOTM_LAST_ESET = 52,
    MTF_EOTM_SIZE = 60,

    MTF_SFMB_ENTRIES = 52,
    MTF_SFMB_USED = 56,
    MTF_SFMB_PBAS = 60,
};

/* MTF_STREAM_HDR (structure 15). Streams begin at multiples of 4 bytes. */
enum {
    MTF_STREAM_ID = 0,
    MTF_STREAM_SYSTEM_ATTRIBUTES = 4,
    MTF_STREAM_MEDIA_ATTRIBUTES = 6,
    MTF_STREAM_LENGTH = 8, /* of what follows the header, without alignment */
    MTF_STREAM_CHECKSUM = 20,
    MTF_STREAM_SIZE = 22,
    MTF_STREAM_ALIGNMENT = 4,
};

/* Block attributes (table 3). */
#define MTF_CONTINUATION (1u << 0)
#define MTF_COMPRESSION  (1u << 2)
#define MTF_EOS_AT_EOM   (1u << 3)
#define MTF_NO_ESET_PBA  (1u << 16) /* EOTM: no set ends on this tape */
#define MTF_ABORTED_SET  (1u << 18) /* ESET */

/* Attributes of one type of DBLK alone (tables 5, 9, 12, 13, 14). */
#define MTF_TAPE_SOFT_FILEMARKS (1u << 0)
#define MTF_TAPE_MEDIA_LABEL    (1u << 1)
#define MTF_SSET_NORMAL         (1u << 2)
#define MTF_VOLB_DEV_DRIVE      (1u << 2)
#define MTF_DIRB_EMPTY          (1u << 16)
#define MTF_NAME_IN_STREAM      (1u << 17) /* DIRB: in a PNAM stream; FILE: in an FNAM stream */

/* Media format attributes of a stream (table 18). */
#define MTF_STREAM_CONTINUE        (1u << 0)
#define MTF_STREAM_VARIABLE        (1u << 1)
#define MTF_STREAM_VAR_END         (1u << 2)
#define MTF_STREAM_ENCRYPTED       (1u << 3)
#define MTF_STREAM_COMPRESSED      (1u << 4)
#define MTF_STREAM_CHECKSUMED      (1u << 5)
#define MTF_STREAM_EMBEDDED_LENGTH (1u << 6)

/* String types (table 4). */
enum { MTF_NO_STRINGS, MTF_ANSI_STR, MTF_UNICODE_STR };

/* Registered operating systems (appendix C). */
enum { MTF_OS_WINDOWS_NT = 14 };

/* MTF_DATE_TIME (structure 3); a year of 0 is "not known". */
typedef struct MtfDate {
    uint16_t year;
    uint8_t month, day, hour, minute, second;
} MtfDate;

enum { MTF_DATE_SIZE = 5 };

MtfDate mtf_get_date(const uint8_t *p);
void mtf_put_date(uint8_t *p, const MtfDate *date);
/* "2003-11-06 22:35:00", or "" if unknown. Free with g_free. */
char *mtf_date_text(const MtfDate *date);

/* The 16-bit XOR of the header's other words (structure 4, Header Checksum). */
uint16_t mtf_header_checksum(const uint8_t *header);
/* The same of a stream header (structure 15, Checksum). */
uint16_t mtf_stream_checksum(const uint8_t *header);

/*
 * The 32-bit XOR that a CSUM stream holds (section 6, CHECKSUM_STREAM). It does not depend on how
 * the data is cut into pieces: `*sum` is 0 and `*at` is 0 at first, both go from piece to piece.
 */
void mtf_data_checksum(uint32_t *sum, uint64_t *at, const uint8_t *data, size_t length);

/* The bytes of a DBLK of this type before its strings, or MTF_HDR_SIZE for an unknown type. */
size_t mtf_fixed_size(uint32_t type);
/* Is this one of table 2? */
bool mtf_type_known(uint32_t type);
/* 'FILE', or "55 54 4D 54h" when it is no text. Free with g_free. */
char *mtf_id_text(uint32_t id);

/*
 * A string of a DBLK as UTF-8, with what a terminal would obey replaced. `separator` stands for
 * each NUL between two names (structure 8: a path's separators are NULs; one at the end goes).
 */
char *mtf_string(const uint8_t *text, size_t length, uint8_t string_type, char separator);

#endif
