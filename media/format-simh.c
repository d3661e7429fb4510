/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMH .tap. End of data: three conventions are in the wild, and all are understood: the end of the
 * file (SIMH), the end-of-medium marker FFFFFFFFh (SIMH, ZuluSCSI, the QEMU proposals), and a
 * private marker of class 7 (SCSI2Pi). We write the end-of-medium marker, after every write, and
 * let the file end there: so each of those programs finds it, and a file cut off by a crash ends
 * well too. A record with the error flag is a read error.
 */
#include "media/format-simh.h"

#include "emu/base/bytes.h"
#include "media/indexed.h"

#include <errno.h>

#define SIMH_TAPE_MARK     0x00000000u
#define SIMH_END_OF_MEDIUM 0xffffffffu
#define SIMH_GAP           0xfffffffeu
#define SIMH_HALF_GAP      0xfffeffffu /* read forward: the second half of a gap begins here */
#define SIMH_LENGTH        0x0fffffffu
#define SIMH_S2P_EOD       0x73533250u
#define SIMH_S2P_EOD_OLD   0x70000003u

enum {
    CLASS_DATA = 0,
    CLASS_PRIVATE_MARKER = 7,
    CLASS_BAD_DATA = 8, /* the error flag */
    CLASS_MARKER = 15,
};

static uint32_t class_of(uint32_t header)
{
    return header >> 28;
}

static bool is_end(uint32_t header)
{
    return header == SIMH_END_OF_MEDIUM || header == SIMH_S2P_EOD || header == SIMH_S2P_EOD_OLD;
}

/* Markers, four bytes long, that stand for nothing on tape. */
static bool is_skipped_marker(uint32_t header)
{
    return class_of(header) == CLASS_PRIVATE_MARKER ||
           (class_of(header) == CLASS_MARKER && header != SIMH_END_OF_MEDIUM);
}

/* A record of the user's data, as against private and reserved ones, which are passed over. */
static bool is_data(uint32_t header)
{
    return class_of(header) == CLASS_DATA || class_of(header) == CLASS_BAD_DATA;
}

/* Header, data, padding, trailer. */
static uint64_t record_size(uint32_t length)
{
    return 8 + (uint64_t)length + (length & 1);
}

static int read_u32(IndexedMedium *m, uint64_t offset, uint32_t *value)
{
    uint8_t bytes[4];
    int error = host_file_read(m->file, bytes, sizeof bytes, offset);

    *value = get_le32(bytes);
    return error;
}

/* A record of `length` bytes whose header has been read. */
static IndexedScan scan_record(IndexedMedium *m, IndexedObject *object, uint32_t header,
                               uint64_t *next, int *error)
{
    uint32_t length = header & SIMH_LENGTH, trailer;
    uint64_t end = object->offset + record_size(length);

    if (end > m->size || (is_data(header) && length > MEDIUM_BLOCK_MAX)) {
        return INDEXED_DAMAGE;
    }
    *error = read_u32(m, end - 4, &trailer);
    if (*error < 0) {
        return INDEXED_FAILED;
    }
    if (trailer != header) {
        return INDEXED_DAMAGE;
    }
    *next = end;
    if (!is_data(header)) {
        return INDEXED_NOTHING;
    }
    object->type = class_of(header) == CLASS_BAD_DATA ? INDEXED_BAD : INDEXED_BLOCK;
    object->length = length & MEDIUM_BLOCK_MAX;
    return INDEXED_FOUND;
}

static IndexedScan simh_scan(IndexedMedium *m, IndexedObject *object, uint64_t *next, int *error)
{
    uint32_t header;

    if (object->offset + 4 > m->size) {
        return object->offset == m->size ? INDEXED_AT_END : INDEXED_DAMAGE;
    }
    *error = read_u32(m, object->offset, &header);
    if (*error < 0) {
        return INDEXED_FAILED;
    }
    if (is_end(header)) {
        return INDEXED_AT_END;
    }
    if (is_skipped_marker(header)) {
        /* a half gap is two bytes short of a marker: what follows is aligned again */
        *next += header == SIMH_HALF_GAP ? 2 : 4;
        return INDEXED_NOTHING;
    }
    if (header == SIMH_TAPE_MARK) {
        object->type = INDEXED_MARK;
        object->length = 0;
        *next += 4;
        return INDEXED_FOUND;
    }
    return scan_record(m, object, header, next, error);
}

static int simh_read(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer,
                     size_t capacity, size_t *length)
{
    size_t part = MIN(capacity, object->length);

    *length = object->length;
    return part > 0 ? host_file_read(m->file, buffer, part, object->offset + 4) : 0;
}

static const uint8_t end_of_medium[4] = { 0xff, 0xff, 0xff, 0xff };

static int simh_write_block(IndexedMedium *m, uint64_t offset, const uint8_t *data, size_t length,
                            uint64_t *end)
{
    uint8_t ends[4], pad = 0;
    const struct iovec iov[] = { { ends, 4 },
                                 { (void *)data, length },
                                 { &pad, length & 1 },
                                 { ends, 4 },
                                 { (void *)end_of_medium, sizeof end_of_medium } };

    put_le32(ends, (uint32_t)length);
    *end = offset + record_size((uint32_t)length);
    return host_file_writev(m->file, iov, (int)G_N_ELEMENTS(iov), offset);
}

static int simh_write_marks(IndexedMedium *m, uint64_t offset, uint64_t count, uint64_t *end)
{
    static const uint8_t zeroes[INDEXED_MARKS_MAX * 4];
    const struct iovec iov[] = { { (void *)zeroes, count * 4 },
                                 { (void *)end_of_medium, sizeof end_of_medium } };

    *end = offset + count * 4;
    return host_file_writev(m->file, iov, (int)G_N_ELEMENTS(iov), offset);
}

static int simh_write_end(IndexedMedium *m, uint64_t offset)
{
    return host_file_write(m->file, end_of_medium, sizeof end_of_medium, offset);
}

static const IndexedFormat simh = {
    .name = "simh",
    .suffix = ".tap",
    .end_length = sizeof end_of_medium,
    .scan = simh_scan,
    .read = simh_read,
    .write_block = simh_write_block,
    .write_marks = simh_write_marks,
    .write_end = simh_write_end,
};

/* ── the row in formats.c ── */

static TapeMedium *simh_open(int fd, const char *path, bool read_only, Executor *executor,
                             char **notice, GError **error)
{
    return indexed_open(&simh, fd, path, read_only, executor, notice, error);
}

static bool simh_create(int fd, const char *path, const MediumGeometry *geometry, GError **error)
{
    return indexed_create(&simh, fd, path, geometry, error);
}

/*
 * There is no magic. The first record decides: a length of at most 24 bits whose trailer, if we see
 * that far, agrees. Nothing else that is common begins so: a text has no zero in its fourth byte.
 */
static int simh_probe(const uint8_t *head, size_t length, uint64_t file_size)
{
    size_t at = 0;

    while (at + 4 <= length) {
        uint32_t header = get_le32(head + at);
        uint64_t trailer = at + record_size(header & SIMH_LENGTH) - 4;

        if (is_end(header)) {
            return 10;
        }
        if (header == SIMH_TAPE_MARK || header == SIMH_GAP) {
            at += 4;
            continue;
        }
        if (!is_data(header) || (header & SIMH_LENGTH) > MEDIUM_BLOCK_MAX ||
            trailer + 4 > file_size) {
            return 0;
        }
        return trailer + 4 > length ? 5 : get_le32(head + trailer) == header ? 10 : 0;
    }
    /* nothing but tape marks; more of them than we see here are some other file's zeroes */
    return length >= 4 && length == file_size ? 1 : 0;
}

const MediumFormat simh_format = {
    .name = "simh",
    .suffixes = ".tap",
    .about = "SIMH magnetic tape image, as SIMH, SCSI2Pi and ZuluSCSI read it",
    .empty_is_blank = true,
    .probe = simh_probe,
    .open = simh_open,
    .create = simh_create,
};
