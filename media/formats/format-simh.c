/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMH .tap. Three conventions for the end of data exist, and this format reads all of them. SIMH
 * ends the file. SIMH, ZuluSCSI and the QEMU proposals write the end-of-medium marker FFFFFFFFh.
 * SCSI2Pi writes a private marker of class 7. This format writes the end-of-medium marker after
 * every write and ends the file there. So each of those programs finds the end, also after a crash.
 * A record with the error flag is a read error.
 */
#include "media/formats/format-simh.h"

#include "emu/base/bytes.h"
#include "media/formats/indexed.h"

#include <errno.h>

#define SIMH_TAPE_MARK     0x00000000u
#define SIMH_END_OF_MEDIUM 0xffffffffu
#define SIMH_GAP           0xfffffffeu
#define SIMH_HALF_GAP      0xfffeffffu /* when read forward, the second half of a gap begins here */
#define SIMH_LENGTH        0x0fffffffu
#define SIMH_S2P_EOD       0x73533250u
#define SIMH_S2P_EOD_OLD   0x70000003u

enum {
    CLASS_DATA = 0,
    CLASS_PRIVATE_MARKER = 7,
    CLASS_BAD_DATA = 8, /* the error flag */
    CLASS_MARKER = 15,
};

static uint32_t simh_class(uint32_t header)
{
    return header >> 28;
}

static bool simh_is_end(uint32_t header)
{
    return header == SIMH_END_OF_MEDIUM || header == SIMH_S2P_EOD || header == SIMH_S2P_EOD_OLD;
}

/* Markers of four bytes that stand for no object. */
static bool simh_is_skipped_marker(uint32_t header)
{
    return simh_class(header) == CLASS_PRIVATE_MARKER ||
           (simh_class(header) == CLASS_MARKER && header != SIMH_END_OF_MEDIUM);
}

/* True for a record of user data. Private and reserved records are skipped. */
static bool simh_is_data(uint32_t header)
{
    return simh_class(header) == CLASS_DATA || simh_class(header) == CLASS_BAD_DATA;
}

/* Header, data, padding, trailer. */
static uint64_t simh_record_size(uint32_t length)
{
    return 8 + (uint64_t)length + (length & 1);
}

static int simh_peek_u32(IndexedScanner *s, uint64_t offset, uint32_t *value)
{
    uint8_t bytes[4] = { 0 };
    int error = indexed_peek(s, bytes, sizeof bytes, offset);

    *value = get_le32(bytes);
    return error;
}

/*
 * The end of a record whose trailer agrees with its header, or 0. Records of odd length have a byte
 * of padding, except those that E11 wrote.
 */
static int simh_find_end(IndexedScanner *s, uint64_t offset, uint32_t header, uint64_t *end)
{
    uint64_t padded = offset + simh_record_size(header & SIMH_LENGTH);
    bool odd = header & 1;
    uint32_t trailer = ~header;
    int error = 0;

    *end = padded;
    if (padded <= s->size) {
        error = simh_peek_u32(s, padded - 4, &trailer);
    }
    if (error == 0 && trailer == header) {
        s->padded = s->padded || odd;
        return 0;
    }
    if (error == 0 && odd && padded - 1 <= s->size) {
        error = simh_peek_u32(s, padded - 5, &trailer);
        *end = padded - 1;
        if (error == 0 && trailer == header) {
            s->unpadded = true;
            return 0;
        }
    }
    *end = 0;
    return error;
}

/* A record whose header has been read. */
static IndexedScan simh_scan_record(IndexedScanner *s, IndexedObject *object, uint32_t header,
                                    uint64_t *next, int *error)
{
    uint32_t length = header & SIMH_LENGTH;
    uint64_t end;

    if (simh_is_data(header) && (length == 0 || length > MEDIUM_BLOCK_MAX)) {
        return INDEXED_DAMAGE;
    }
    *error = simh_find_end(s, object->offset, header, &end);
    if (*error < 0) {
        return INDEXED_FAILED;
    }
    if (end == 0) {
        return simh_is_data(header) && object->offset + simh_record_size(length) > s->size
                   ? INDEXED_TORN
                   : INDEXED_DAMAGE;
    }
    *next = end;
    if (!simh_is_data(header)) {
        return INDEXED_NOTHING;
    }
    object->type = simh_class(header) == CLASS_BAD_DATA ? INDEXED_BAD : INDEXED_BLOCK;
    object->length = length & MEDIUM_BLOCK_MAX;
    return INDEXED_FOUND;
}

static IndexedScan simh_scan(IndexedScanner *s, IndexedObject *object, uint64_t *next, int *error)
{
    uint32_t header;

    if (object->offset + 4 > s->size) {
        return object->offset == s->size ? INDEXED_AT_END : INDEXED_TORN;
    }
    *error = simh_peek_u32(s, object->offset, &header);
    if (*error < 0) {
        return INDEXED_FAILED;
    }
    if (simh_is_end(header)) {
        return INDEXED_AT_END;
    }
    if (simh_is_skipped_marker(header)) {
        /* a half gap is two bytes short of a marker, and the next record is aligned again */
        *next += header == SIMH_HALF_GAP ? 2 : 4;
        return INDEXED_NOTHING;
    }
    if (header == SIMH_TAPE_MARK) {
        object->type = INDEXED_MARK;
        object->length = 0;
        *next += 4;
        return INDEXED_FOUND;
    }
    return simh_scan_record(s, object, header, next, error);
}

static uint64_t simh_zeroed_start(IndexedScanner *s, uint64_t from, uint64_t next)
{
    uint64_t end = next;
    uint32_t trailer;
    int i;

    for (i = 0; i < 2 && end >= from + 4; i++) { /* the end of the tape may lie behind it */
        uint64_t size;

        if (simh_peek_u32(s, end - 4, &trailer) < 0) {
            return from;
        }
        size = simh_record_size(trailer & SIMH_LENGTH);
        if (simh_is_data(trailer) && trailer != SIMH_TAPE_MARK && size <= end &&
            end - size < from) {
            return end - size;
        }
        end -= 4;
    }
    return from;
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
                                 { &pad, m->unpadded ? 0 : length & 1 },
                                 { ends, 4 },
                                 { (void *)end_of_medium, sizeof end_of_medium } };

    put_le32(ends, (uint32_t)length);
    *end = offset + simh_record_size((uint32_t)length) - (m->unpadded ? length & 1 : 0);
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
    .score = 10,
    .scan = simh_scan,
    .zeroed_start = simh_zeroed_start,
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

static int simh_probe(HostFile *file, uint64_t size, bool named)
{
    return indexed_probe(&simh, file, size, named);
}

const MediumFormat medium_format_simh = {
    .name = "simh",
    .suffixes = ".tap",
    .about = "SIMH magnetic tape image, as SIMH, SCSI2Pi and ZuluSCSI read it",
    .empty_is_blank = true,
    .probe = simh_probe,
    .open = simh_open,
    .create = simh_create,
};
