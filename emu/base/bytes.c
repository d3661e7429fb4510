/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/bytes.h"

const uint8_t *byte_reader_take(ByteReader *reader, size_t n)
{
    const uint8_t *at;

    if (n > reader->length - reader->position) {
        reader->position = reader->length;
        reader->overrun = true;
        return NULL;
    }
    at = reader->data + reader->position;
    reader->position += n;
    return at;
}

uint8_t byte_reader_u8(ByteReader *reader)
{
    const uint8_t *p = byte_reader_take(reader, 1);

    return p ? p[0] : 0;
}

uint16_t byte_reader_be16(ByteReader *reader)
{
    const uint8_t *p = byte_reader_take(reader, 2);

    return p ? get_be16(p) : 0;
}

uint32_t byte_reader_be24(ByteReader *reader)
{
    const uint8_t *p = byte_reader_take(reader, 3);

    return p ? get_be24(p) : 0;
}

uint32_t byte_reader_be32(ByteReader *reader)
{
    const uint8_t *p = byte_reader_take(reader, 4);

    return p ? get_be32(p) : 0;
}

uint64_t byte_reader_be64(ByteReader *reader)
{
    const uint8_t *p = byte_reader_take(reader, 8);

    return p ? get_be64(p) : 0;
}

void byte_writer_put(ByteWriter *writer, const void *bytes, size_t n)
{
    size_t room = writer->capacity - writer->length;
    size_t kept = MIN(n, room);

    if (kept > 0) {
        memcpy(writer->data + writer->length, bytes, kept);
    }
    writer->length += kept;
    writer->wanted += n;
}

void byte_writer_fill(ByteWriter *writer, uint8_t value, size_t n)
{
    size_t room = writer->capacity - writer->length;
    size_t kept = MIN(n, room);

    if (kept > 0) {
        memset(writer->data + writer->length, value, kept);
    }
    writer->length += kept;
    writer->wanted += n;
}

void byte_writer_u8(ByteWriter *writer, uint8_t value)
{
    byte_writer_put(writer, &value, 1);
}

void byte_writer_be16(ByteWriter *writer, uint16_t value)
{
    uint8_t b[2];

    put_be16(b, value);
    byte_writer_put(writer, b, sizeof b);
}

void byte_writer_be24(ByteWriter *writer, uint32_t value)
{
    uint8_t b[3];

    put_be24(b, value);
    byte_writer_put(writer, b, sizeof b);
}

void byte_writer_be32(ByteWriter *writer, uint32_t value)
{
    uint8_t b[4];

    put_be32(b, value);
    byte_writer_put(writer, b, sizeof b);
}

void byte_writer_be64(ByteWriter *writer, uint64_t value)
{
    uint8_t b[8];

    put_be64(b, value);
    byte_writer_put(writer, b, sizeof b);
}

void byte_writer_text(ByteWriter *writer, const char *text, size_t width)
{
    size_t length = strnlen(text, width);

    byte_writer_put(writer, text, length);
    byte_writer_fill(writer, ' ', width - length);
}

void byte_writer_patch(ByteWriter *writer, size_t at, const void *bytes, size_t n)
{
    g_assert(at + n <= writer->wanted);
    if (at < writer->length) {
        memcpy(writer->data + at, bytes, MIN(n, writer->length - at));
    }
}
