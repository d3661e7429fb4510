/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AWSTAPE, the tapes of P/390 and Hercules, and HET. A record is one or more chunks. Each chunk has
 * a header of six bytes. The header has the length, the length of the chunk before (both 16 bits,
 * little-endian), flags, and a zero byte. A tape mark is a header alone. The tape ends with the
 * file.
 *
 * HET compresses a whole record and then cuts it into chunks. This format reads compressed records.
 * It writes plain records in chunks of at most 65535 bytes, which every reader of AWSTAPE and HET
 * accepts.
 */
#include "media/formats/format-aws.h"

#include "emu/base/bytes.h"
#include "media/formats/indexed.h"

#include <bzlib.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

enum {
    HEADER = 6,
    CHUNK_MAX = 65535,
    FLAG_NEW_RECORD = 0x80,
    FLAG_TAPE_MARK = 0x40,
    FLAG_END_OF_RECORD = 0x20,
    COMPRESSION = 0x03,
    COMPRESSED_ZLIB = 0x01,
    COMPRESSED_BZIP2 = 0x02,
    KNOWN_FLAGS = FLAG_NEW_RECORD | FLAG_TAPE_MARK | FLAG_END_OF_RECORD | COMPRESSION,
};

typedef struct Chunk {
    uint16_t length, previous;
    uint8_t flags;
} Chunk;

static Chunk chunk_decode(const uint8_t *bytes)
{
    return (Chunk){ get_le16(bytes), get_le16(bytes + 2), bytes[4] };
}

static void chunk_encode(const Chunk *chunk, uint8_t *bytes)
{
    put_le16(bytes, chunk->length);
    put_le16(bytes + 2, chunk->previous);
    bytes[4] = chunk->flags;
    bytes[5] = 0;
}

/* True if a chunk can have this header. `first` is true for the first chunk of a record. */
static bool chunk_possible(const Chunk *chunk, bool first)
{
    if (chunk->flags & ~KNOWN_FLAGS || (chunk->flags & COMPRESSION) == COMPRESSION) {
        return false;
    }
    if (chunk->flags & FLAG_TAPE_MARK) {
        return first && chunk->length == 0 && chunk->flags == FLAG_TAPE_MARK;
    }
    return chunk->length > 0 && !(chunk->flags & FLAG_NEW_RECORD) == !first;
}

/* Reads the header anew, because another process may have written to the file since the scan. */
static int aws_read_chunk(IndexedMedium *m, uint64_t offset, Chunk *chunk)
{
    uint8_t bytes[HEADER];
    int error = host_file_read(m->file, bytes, sizeof bytes, offset);

    *chunk = chunk_decode(bytes);
    return error;
}

/* ── reading ── */

enum { ZEROES_MAX = 64 * 1024 * 1024, FOLLOWING = 3 };

/* True if only zeroes follow up to the end of the file. Some programs pad their files so. */
static bool aws_zeroes_follow(IndexedScanner *s, uint64_t offset, int *error)
{
    static const uint8_t zeroes[512];
    uint8_t bytes[sizeof zeroes];
    uint64_t at;

    if (s->size - offset > ZEROES_MAX) {
        return false;
    }
    for (at = offset; at < s->size; at += sizeof bytes) {
        size_t part = MIN(sizeof bytes, s->size - at);

        *error = indexed_peek(s, bytes, part, at);
        if (*error < 0 || memcmp(bytes, zeroes, part) != 0) {
            return false;
        }
    }
    s->zeroes = s->size - offset;
    return true;
}

/* Reads a header. False if the file ends before it. */
static bool aws_peek_chunk(IndexedScanner *s, uint64_t offset, Chunk *chunk, bool *zero_last,
                           int *error)
{
    uint8_t bytes[HEADER];

    if (offset + HEADER > s->size) {
        return false;
    }
    *error = indexed_peek(s, bytes, sizeof bytes, offset);
    if (*error < 0) {
        return false;
    }
    *chunk = chunk_decode(bytes);
    *zero_last = bytes[5] == 0;
    return true;
}

/* The file ends within a header. True if the bytes that exist are right. */
static bool aws_is_torn_header(IndexedScanner *s, uint64_t offset, uint16_t length, int *error)
{
    uint8_t bytes[HEADER], previous[2];
    size_t part = (size_t)(s->size - offset);

    *error = indexed_peek(s, bytes, part, offset);
    put_le16(previous, length);
    return *error == 0 && (part < 3 || memcmp(bytes + 2, previous, MIN(part - 2, 2)) == 0);
}

/*
 * The header at `next` names another length than that of the chunk before, whose data begin at
 * `data`. True if a chunk of the named length exists. A wrong length then swallowed that chunk.
 */
static bool aws_swallows(IndexedScanner *s, uint64_t data, uint64_t next, uint16_t named,
                         int *error)
{
    bool zero_last;
    Chunk chunk;

    return next - data >= (uint64_t)HEADER + named &&
           aws_peek_chunk(s, next - named - HEADER, &chunk, &zero_last, error) && zero_last &&
           chunk.length == named && (chunk_possible(&chunk, true) || chunk_possible(&chunk, false));
}

/*
 * A chunk ends with the file, so no later header confirms its length. True if its data, from `data`
 * on, hold a consistent series of chunks up to the end.
 */
static bool aws_hides_chunks(IndexedScanner *s, uint64_t data, int *error)
{
    uint64_t from;

    for (from = data; from + HEADER <= s->size && *error == 0; from++) {
        uint64_t at = from, previous = from - data;
        bool zero_last = true;
        Chunk chunk;

        while (at < s->size && aws_peek_chunk(s, at, &chunk, &zero_last, error) && zero_last &&
               chunk.previous == previous &&
               (chunk_possible(&chunk, true) || chunk_possible(&chunk, false))) {
            previous = chunk.length;
            at += HEADER + previous;
        }
        if (at == s->size && at > from) {
            return true;
        }
    }
    return false;
}

/* True if the length with one more bit leads to a right header. */
static bool aws_has_flipped_bit(IndexedScanner *s, uint64_t offset, uint16_t length, int *error)
{
    uint32_t bit;

    for (bit = 1; bit <= CHUNK_MAX && *error == 0; bit <<= 1) {
        bool zero_last;
        Chunk chunk;

        if (!(length & bit) && aws_peek_chunk(s, offset + bit, &chunk, &zero_last, error) &&
            zero_last && chunk_possible(&chunk, true) && chunk.previous == (length | bit)) {
            return true;
        }
    }
    return false;
}

/*
 * Only the length in its header defines the end of a record. So the next header has to confirm that
 * length, or begin a consistent series. The file may also end there.
 */
static bool aws_is_followed(IndexedScanner *s, uint64_t offset, uint16_t length, int *error)
{
    uint64_t data = offset - length;
    bool zero_last, first = true;
    Chunk chunk;
    int i;

    if (offset == s->size) {
        return !aws_hides_chunks(s, data, error) && *error == 0;
    }
    for (i = 0; i < FOLLOWING && offset < s->size; i++) {
        if (!aws_peek_chunk(s, offset, &chunk, &zero_last, error)) {
            return *error == 0 && (i > 0 || aws_is_torn_header(s, offset, length, error));
        }
        if (i == 0 && chunk.previous == length) {
            return (chunk_possible(&chunk, true) && zero_last) ||
                   !aws_has_flipped_bit(s, offset, length, error);
        }
        if (s->strict || (i == 0 && aws_swallows(s, data, offset, chunk.previous, error))) {
            return false;
        }
        if (!chunk_possible(&chunk, first) || !zero_last) {
            return chunk.length == 0 && chunk.flags == 0 && aws_zeroes_follow(s, offset, error);
        }
        first = chunk.flags & (FLAG_END_OF_RECORD | FLAG_TAPE_MARK);
        offset += HEADER + (uint64_t)chunk.length;
    }
    return true;
}

/* Walks the chunks of a record or a mark. `s->previous` becomes the length of the last one. */
static IndexedScan aws_walk_chunks(IndexedScanner *s, uint64_t offset, IndexedObject *object,
                                   uint64_t *next, int *error)
{
    uint64_t length = 0, odd = s->odd_previous;
    bool first = true, zero_last;
    Chunk chunk;

    *error = 0;
    do {
        if (!aws_peek_chunk(s, offset, &chunk, &zero_last, error)) {
            return *error < 0 ? INDEXED_FAILED : INDEXED_TORN;
        }
        length += chunk.length;
        if (!chunk_possible(&chunk, first) || !zero_last || length > MEDIUM_BLOCK_MAX ||
            (s->strict && s->previous >= 0 && chunk.previous != s->previous)) {
            return INDEXED_DAMAGE;
        }
        if (offset + HEADER + chunk.length > s->size) {
            return INDEXED_TORN;
        }
        odd += s->previous >= 0 && chunk.previous != s->previous;
        s->previous = chunk.length;
        offset += HEADER + (uint64_t)chunk.length;
        first = false;
    } while (!(chunk.flags & (FLAG_END_OF_RECORD | FLAG_TAPE_MARK)));
    s->odd_previous = odd;
    *next = offset;
    object->type = chunk.flags & FLAG_TAPE_MARK ? INDEXED_MARK : INDEXED_BLOCK;
    object->length = (uint32_t)length & MEDIUM_BLOCK_MAX;
    return INDEXED_FOUND;
}

/* As above, and the following header has to confirm the length. */
static IndexedScan aws_scan_record(IndexedScanner *s, uint64_t offset, IndexedObject *object,
                                   uint64_t *next, int *error)
{
    uint64_t odd = s->odd_previous, end;
    IndexedObject found = *object;
    IndexedScan result = aws_walk_chunks(s, offset, &found, &end, error);

    if (result != INDEXED_FOUND) {
        return result;
    }
    if (!aws_is_followed(s, end, (uint16_t)s->previous, error)) {
        s->odd_previous = odd;
        return *error < 0 ? INDEXED_FAILED : INDEXED_DAMAGE;
    }
    *object = found;
    *next = end;
    return INDEXED_FOUND;
}

static IndexedScan aws_scan(IndexedScanner *s, IndexedObject *object, uint64_t *next, int *error)
{
    IndexedScan result;
    uint8_t byte;

    if (object->offset == s->size) {
        return INDEXED_AT_END;
    }
    result = aws_scan_record(s, object->offset, object, next, error);
    if ((result == INDEXED_DAMAGE || result == INDEXED_TORN) && object->offset > 0 && !s->strict) {
        *error = indexed_peek(s, &byte, 1, object->offset);
        if (*error == 0 && byte == 0 && s->size - object->offset >= HEADER &&
            aws_zeroes_follow(s, object->offset, error)) {
            return INDEXED_AT_END;
        }
        result = *error < 0 ? INDEXED_FAILED : result;
    }
    return result;
}

/* Reads at most `capacity` stored bytes of a record. -EBADMSG if the record has changed. */
static int aws_read_stored(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer,
                           size_t capacity)
{
    uint64_t offset = object->offset;
    size_t done = 0;

    capacity = MIN(capacity, object->length);
    while (done < capacity) {
        Chunk chunk;
        size_t part;
        int error = aws_read_chunk(m, offset, &chunk);

        if (error == 0 && !chunk_possible(&chunk, done == 0)) {
            error = -EBADMSG;
        }
        part = MIN(chunk.length, capacity - done);
        if (error == 0) {
            error = host_file_read(m->file, buffer + done, part, offset + HEADER);
        }
        if (error < 0) {
            return error;
        }
        done += part;
        offset += HEADER + (uint64_t)chunk.length;
    }
    return 0;
}

typedef enum Expanded { EXPANDED, EXPANDED_TO_MORE, EXPANDED_NOT } Expanded;

/*
 * EXPANDED_TO_MORE if the record exceeds `*length` bytes, EXPANDED_NOT if it is not compressed in
 * this way.
 */
static Expanded aws_expand(uint8_t how, const uint8_t *from, size_t size, uint8_t *to,
                           size_t *length)
{
    unsigned n = (unsigned)*length;
    uLongf wide = *length;
    int result;
    bool more;

    if (how == COMPRESSED_ZLIB) {
        result = uncompress(to, &wide, from, size);
        more = result == Z_BUF_ERROR;
        *length = wide;
    } else {
        result = BZ2_bzBuffToBuffDecompress((char *)to, &n, (char *)from, (unsigned)size, 0, 0);
        more = result == BZ_OUTBUFF_FULL;
        *length = n;
    }
    if (more) {
        return EXPANDED_TO_MORE;
    }
    return result == (how == COMPRESSED_ZLIB ? Z_OK : BZ_OK) && *length > 0 ? EXPANDED
                                                                            : EXPANDED_NOT;
}

static int aws_read_compressed(IndexedMedium *m, const IndexedObject *object, uint8_t how,
                               uint8_t *buffer, size_t capacity, size_t *length)
{
    size_t stored = object->length, room;
    Expanded expanded = EXPANDED_TO_MORE;
    int error;

    g_byte_array_set_size(m->scratch, (guint)stored);
    error = aws_read_stored(m, object, m->scratch->data, stored);
    /* records of Hercules have at most 64 KiB, and others may expand to the longest block */
    for (room = 64 * 1024;
         error == 0 && expanded == EXPANDED_TO_MORE && room <= MEDIUM_BLOCK_MAX + 1; room *= 16) {
        size_t part = MIN(room, MEDIUM_BLOCK_MAX);

        g_byte_array_set_size(m->scratch, (guint)(stored + part));
        *length = part;
        expanded = aws_expand(how, m->scratch->data, stored, m->scratch->data + stored, length);
        if (expanded == EXPANDED) {
            if (capacity > 0) {
                memcpy(buffer, m->scratch->data + stored, MIN(capacity, *length));
            }
            return 0;
        }
    }
    return error < 0 ? error : -EBADMSG;
}

static int aws_read(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer, size_t capacity,
                    size_t *length)
{
    Chunk first;
    int error = aws_read_chunk(m, object->offset, &first);

    if (error < 0) {
        return error;
    }
    if (first.flags & COMPRESSION) {
        return aws_read_compressed(m, object, first.flags & COMPRESSION, buffer, capacity, length);
    }
    *length = object->length;
    return aws_read_stored(m, object, buffer, capacity);
}

/* ── writing ── */

/* The length of the chunk that ends at `offset`, where the head is. */
static int aws_previous_length(IndexedMedium *m, uint64_t offset, uint16_t *length)
{
    g_auto(IndexedScanner) scanner = indexed_scanner(m->file, offset);
    IndexedObject before;
    uint64_t next;
    int error = 0;

    *length = 0;
    if (!indexed_before_head(m, &before)) {
        return 0;
    }
    if (m->written_end != offset) {
        if (aws_walk_chunks(&scanner, before.offset, &before, &next, &error) != INDEXED_FOUND) {
            return error < 0 ? error : -EBADMSG; /* it was whole when the file was opened */
        }
        m->written_length = (uint16_t)scanner.previous;
        m->written_end = offset;
    }
    *length = m->written_length;
    return 0;
}

/* Records the chunk that now ends the tape. */
static void aws_note_written(IndexedMedium *m, uint64_t end, uint16_t length)
{
    m->written_end = end;
    m->written_length = length;
}

static int aws_write_block(IndexedMedium *m, uint64_t offset, const uint8_t *data, size_t length,
                           uint64_t *end)
{
    uint16_t previous = 0;
    int error = aws_previous_length(m, offset, &previous);
    size_t done = 0;

    while (error == 0 && done < length) {
        uint16_t part = (uint16_t)MIN(length - done, CHUNK_MAX);
        Chunk chunk = { part, previous,
                        (uint8_t)((done == 0 ? FLAG_NEW_RECORD : 0) |
                                  (done + part == length ? FLAG_END_OF_RECORD : 0)) };
        uint8_t header[HEADER];
        const struct iovec iov[] = { { header, HEADER }, { (void *)(data + done), part } };

        chunk_encode(&chunk, header);
        error = host_file_writev(m->file, iov, (int)G_N_ELEMENTS(iov), offset);
        offset += HEADER + (uint64_t)part;
        done += part;
        previous = part;
    }
    *end = offset;
    aws_note_written(m, error == 0 ? offset : 0, previous);
    return error;
}

static int aws_write_marks(IndexedMedium *m, uint64_t offset, uint64_t count, uint64_t *end)
{
    g_autofree uint8_t *headers = g_malloc0(count * HEADER);
    Chunk mark = { .flags = FLAG_TAPE_MARK };
    int error = aws_previous_length(m, offset, &mark.previous);
    uint64_t i;

    for (i = 0; i < count; i++) {
        chunk_encode(&mark, headers + i * HEADER);
        mark.previous = 0;
    }
    *end = offset + count * HEADER;
    if (error == 0) {
        error = host_file_write(m->file, headers, count * HEADER, offset);
    }
    aws_note_written(m, error == 0 ? *end : 0, 0);
    return error;
}

static const IndexedFormat aws = {
    .name = "aws",
    .suffix = ".aws",
    .marks_tell = true,
    .score = 20,
    .scan = aws_scan,
    .read = aws_read,
    .write_block = aws_write_block,
    .write_marks = aws_write_marks,
};

/* ── the row in formats.c ── */

static TapeMedium *aws_open(int fd, const char *path, bool read_only, Executor *executor,
                            char **notice, GError **error)
{
    return indexed_open(&aws, fd, path, read_only, executor, notice, error);
}

static bool aws_create(int fd, const char *path, const MediumGeometry *geometry, GError **error)
{
    return indexed_create(&aws, fd, path, geometry, error);
}

static int aws_probe(HostFile *file, uint64_t size, bool named)
{
    return indexed_probe(&aws, file, size, named);
}

const MediumFormat medium_format_aws = {
    .name = "aws",
    .suffixes = ".aws .het",
    .about = "AWSTAPE image, as Hercules reads it; HET's compressed records are read, too",
    .empty_is_blank = true,
    .probe = aws_probe,
    .open = aws_open,
    .create = aws_create,
};
