/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded access to bytes of an untrusted peer or file.
 *
 * Owns: nothing. The caller owns the buffers. A reader or writer never accesses a byte outside its
 * bounds. It records an overrun, so that one check at the end is enough.
 */
#ifndef USBTAPE_BASE_BYTES_H
#define USBTAPE_BASE_BYTES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)get_le16(p + 2) << 16 | get_le16(p);
}

static inline uint64_t get_le64(const uint8_t *p)
{
    return (uint64_t)get_le32(p + 4) << 32 | get_le32(p);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put_be24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    put_be16(p + 1, (uint16_t)v);
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    put_be16(p, (uint16_t)(v >> 16));
    put_be16(p + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
    put_be32(p, (uint32_t)(v >> 32));
    put_be32(p + 4, (uint32_t)v);
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
    put_le16(p, (uint16_t)v);
    put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
    put_le32(p, (uint32_t)v);
    put_le32(p + 4, (uint32_t)(v >> 32));
}

/*
 * Reads forward through a borrowed buffer. A read past the end returns zeroes and sets `overrun`.
 */
typedef struct ByteReader {
    const uint8_t *data;
    size_t length;
    size_t position;
    bool overrun;
} ByteReader;

#define BYTE_READER(buffer, size) ((ByteReader){ .data = (buffer), .length = (size) })

/* The next `n` bytes in place. NULL and `overrun` if fewer remain. */
const uint8_t *byte_reader_take(ByteReader *reader, size_t n);
uint8_t byte_reader_u8(ByteReader *reader);
uint16_t byte_reader_be16(ByteReader *reader);
uint32_t byte_reader_be24(ByteReader *reader);
uint32_t byte_reader_be32(ByteReader *reader);
uint64_t byte_reader_be64(ByteReader *reader);

/*
 * Writes forward into a borrowed buffer. It truncates silently at the end, as for a SCSI allocation
 * length (SPC-3 § 4.3.4.6). `wanted` counts all bytes, `length` those that were stored.
 */
typedef struct ByteWriter {
    uint8_t *data;
    size_t capacity;
    size_t length;
    size_t wanted;
} ByteWriter;

#define BYTE_WRITER(buffer, size) ((ByteWriter){ .data = (buffer), .capacity = (size) })

void byte_writer_put(ByteWriter *writer, const void *bytes, size_t n);
void byte_writer_fill(ByteWriter *writer, uint8_t value, size_t n);
void byte_writer_u8(ByteWriter *writer, uint8_t value);
void byte_writer_be16(ByteWriter *writer, uint16_t value);
void byte_writer_be24(ByteWriter *writer, uint32_t value);
void byte_writer_be32(ByteWriter *writer, uint32_t value);
void byte_writer_be64(ByteWriter *writer, uint64_t value);
/* ASCII, left-aligned, padded with spaces to `width`. Longer text is cut (SPC-3 § 4.4.1). */
void byte_writer_text(ByteWriter *writer, const char *text, size_t width);
/*
 * Overwrites earlier bytes, for lengths that are known only at the end. Bytes beyond the buffer are
 * ignored.
 */
void byte_writer_patch(ByteWriter *writer, size_t at, const void *bytes, size_t n);

#endif
