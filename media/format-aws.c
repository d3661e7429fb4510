/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AWSTAPE, the tapes of P/390 and Hercules, and HET. A record is one or more chunks; each has a
 * header of six bytes: its length, the length of the chunk before it (both 16 bits, little-endian),
 * flags, and a byte that is zero. A tape mark is a header alone. The tape ends where the file does.
 *
 * HET compresses a record as a whole before it cuts it into chunks. We read that, and write what
 * any reader of AWSTAPE or HET takes: records as they are, in chunks of at most 65535 bytes.
 */
#include "media/format-aws.h"

#include "emu/base/bytes.h"
#include "media/indexed.h"

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

/* Could a chunk begin so? `first`: of a record. */
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

static int read_chunk(IndexedMedium *m, uint64_t offset, Chunk *chunk)
{
    uint8_t bytes[HEADER];
    int error = host_file_read(m->file, bytes, sizeof bytes, offset);

    *chunk = chunk_decode(bytes);
    return error;
}

/* ── reading ── */

/* Goes over the chunks of a record, or a mark. `*last`: the length of its last chunk. */
static IndexedScan scan_record(IndexedMedium *m, uint64_t offset, IndexedObject *object,
                               uint64_t *next, uint16_t *last, int *error)
{
    uint64_t length = 0;
    bool first = true;
    Chunk chunk;

    do {
        if (offset + HEADER > m->size) {
            return first && offset == m->size ? INDEXED_AT_END : INDEXED_DAMAGE;
        }
        *error = read_chunk(m, offset, &chunk);
        if (*error < 0) {
            return INDEXED_FAILED;
        }
        length += chunk.length;
        if (!chunk_possible(&chunk, first) || length > MEDIUM_BLOCK_MAX ||
            offset + HEADER + chunk.length > m->size || (offset > 0 && chunk.previous != *last)) {
            return INDEXED_DAMAGE;
        }
        offset += HEADER + (uint64_t)chunk.length;
        *last = chunk.length;
        first = false;
    } while (!(chunk.flags & (FLAG_END_OF_RECORD | FLAG_TAPE_MARK)));
    *next = offset;
    object->type = chunk.flags & FLAG_TAPE_MARK ? INDEXED_MARK : INDEXED_BLOCK;
    object->length = (uint32_t)length & MEDIUM_BLOCK_MAX;
    return INDEXED_FOUND;
}

static IndexedScan aws_scan(IndexedMedium *m, IndexedObject *object, uint64_t *next, int *error)
{
    Chunk first = { 0 };

    if (m->again) {
        *error = read_chunk(m, object->offset, &first);
        m->previous = first.previous;
    }
    return scan_record(m, object->offset, object, next, &m->previous, error);
}

/* The stored bytes of a record, at most `capacity` of them. -EBADMSG: it is not as it was. */
static int read_stored(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer,
                       size_t capacity)
{
    uint64_t offset = object->offset;
    size_t done = 0;

    capacity = MIN(capacity, object->length);
    while (done < capacity) {
        Chunk chunk;
        size_t part;
        int error = read_chunk(m, offset, &chunk);

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

/* False: not compressed so, or there is more of it than `*length` bytes. */
static bool expand(uint8_t how, const uint8_t *from, size_t size, uint8_t *to, size_t *length)
{
    if (how == COMPRESSED_ZLIB) {
        uLongf n = *length;

        if (uncompress(to, &n, from, size) != Z_OK) {
            return false;
        }
        *length = n;
    } else {
        unsigned n = (unsigned)*length;

        if (BZ2_bzBuffToBuffDecompress((char *)to, &n, (char *)from, (unsigned)size, 0, 0) !=
            BZ_OK) {
            return false;
        }
        *length = n;
    }
    return *length > 0;
}

static int read_compressed(IndexedMedium *m, const IndexedObject *object, uint8_t how,
                           uint8_t *buffer, size_t capacity, size_t *length)
{
    size_t stored = object->length, room;
    int error;

    g_byte_array_set_size(m->scratch, (guint)stored);
    error = read_stored(m, object, m->scratch->data, stored);
    /* Hercules' own records have at most 64 KiB; others' may expand to the longest block */
    for (room = 64 * 1024; error == 0 && room <= MEDIUM_BLOCK_MAX + 1; room *= 16) {
        size_t part = MIN(room, MEDIUM_BLOCK_MAX);

        g_byte_array_set_size(m->scratch, (guint)(stored + part));
        *length = part;
        if (expand(how, m->scratch->data, stored, m->scratch->data + stored, length)) {
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
    int error = read_chunk(m, object->offset, &first);

    if (error < 0) {
        return error;
    }
    if (first.flags & COMPRESSION) {
        return read_compressed(m, object, first.flags & COMPRESSION, buffer, capacity, length);
    }
    *length = object->length;
    return read_stored(m, object, buffer, capacity);
}

/* ── writing ── */

/* The length of the chunk that ends where the head is. */
static int previous_length(IndexedMedium *m, uint16_t *length)
{
    const IndexedObject *before = indexed_before_head(m);
    IndexedObject again;
    uint64_t offset = before ? before->offset : 0, next;
    Chunk chunk = { 0 };
    int error = before ? read_chunk(m, offset, &chunk) : 0;

    *length = chunk.previous; /* so that the first one is as it should be */
    if (error == 0 && before &&
        scan_record(m, offset, &again, &next, length, &error) != INDEXED_FOUND && error == 0) {
        error = -EBADMSG; /* it was whole when the file was opened */
    }
    return error;
}

static int aws_write_block(IndexedMedium *m, uint64_t offset, const uint8_t *data, size_t length,
                           uint64_t *end)
{
    uint16_t previous = 0;
    int error = previous_length(m, &previous);
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
    return error;
}

static int aws_write_marks(IndexedMedium *m, uint64_t offset, uint64_t count, uint64_t *end)
{
    g_autofree uint8_t *headers = g_malloc0(count * HEADER);
    Chunk mark = { .flags = FLAG_TAPE_MARK };
    int error = previous_length(m, &mark.previous);
    uint64_t i;

    for (i = 0; i < count; i++) {
        chunk_encode(&mark, headers + i * HEADER);
        mark.previous = 0;
    }
    *end = offset + count * HEADER;
    return error < 0 ? error : host_file_write(m->file, headers, count * HEADER, offset);
}

static const IndexedFormat aws = {
    .name = "aws",
    .suffix = ".aws",
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

/* There is no magic. The first headers decide, which name each other's lengths. */
static int aws_probe(const uint8_t *head, size_t length, uint64_t file_size)
{
    size_t at = 0, headers = 0;
    Chunk chunk = { 0 };

    while (at + HEADER <= length && headers < 16) {
        Chunk before = chunk;

        chunk = chunk_decode(head + at);
        if (head[at + 5] != 0 || chunk.previous != before.length ||
            !chunk_possible(&chunk,
                            headers == 0 || before.flags & (FLAG_END_OF_RECORD | FLAG_TAPE_MARK))) {
            return 0;
        }
        headers++;
        at += HEADER + (size_t)chunk.length;
    }
    if (headers == 0 || at > file_size) {
        return 0;
    }
    return headers > 1 || at == file_size ? 20 : 8;
}

const MediumFormat aws_format = {
    .name = "aws",
    .suffixes = ".aws .het",
    .about = "AWSTAPE image, as Hercules reads it; HET's compressed records are read, too",
    .empty_is_blank = true,
    .probe = aws_probe,
    .open = aws_open,
    .create = aws_create,
};
