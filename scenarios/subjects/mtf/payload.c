/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/mtf/payload.h"

#include "emu/base/bytes.h"
#include "media/crc32c.h"

static const uint8_t magic[8] = { 'U', 'T', 'M', 'T', 'F', 'R', 'C', '1' };

enum { MAGIC = 0, RUN = 8, WRITE = 16, FILE_ID = 24, INDEX = 28, LENGTH = 32, CRC = 36 };

static uint32_t record_crc(const uint8_t *record, size_t length)
{
    const uint8_t zero[4] = { 0 };
    uint32_t crc = crc32c(crc32c(0, record, CRC), zero, sizeof zero);

    return crc32c(crc, record + MTF_PAYLOAD_HEADER, length - MTF_PAYLOAD_HEADER);
}

/* xorshift64*: quick, and the same on every machine. */
static uint64_t next_word(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * G_GUINT64_CONSTANT(0x2545f4914f6cdd1d);
}

void mtf_payload_fill(const MtfPayload *payload, uint8_t *record)
{
    uint64_t state = (payload->run + 1) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) ^
                     ((uint64_t)payload->file << 32 | payload->index);
    uint8_t word[8];
    size_t at;

    state += state == 0;
    memcpy(record + MAGIC, magic, sizeof magic);
    put_be64(record + RUN, payload->run);
    put_be64(record + WRITE, payload->write);
    put_be32(record + FILE_ID, payload->file);
    put_be32(record + INDEX, payload->index);
    put_be32(record + LENGTH, payload->length);
    for (at = MTF_PAYLOAD_HEADER; at < payload->length; at += sizeof word) {
        put_be64(word, next_word(&state));
        memcpy(record + at, word, MIN(sizeof word, payload->length - at));
    }
    put_be32(record + CRC, record_crc(record, payload->length));
}

bool mtf_payload_check(const uint8_t *record, size_t length, MtfPayload *payload)
{
    if (length < MTF_PAYLOAD_HEADER || memcmp(record, magic, sizeof magic) != 0) {
        return false;
    }
    *payload = (MtfPayload){ .run = get_be64(record + RUN),
                             .write = get_be64(record + WRITE),
                             .file = get_be32(record + FILE_ID),
                             .index = get_be32(record + INDEX),
                             .length = get_be32(record + LENGTH) };
    return payload->length >= MTF_PAYLOAD_HEADER && payload->length <= length &&
           get_be32(record + CRC) == record_crc(record, payload->length);
}

bool mtf_payload_find(const uint8_t *block, size_t length, MtfPayload *payload)
{
    const uint8_t *p = block, *end = block + length;

    while ((p = memmem(p, (size_t)(end - p), magic, sizeof magic)) != NULL) {
        if (mtf_payload_check(p, (size_t)(end - p), payload)) {
            return true;
        }
        p++;
    }
    return false;
}

bool mtf_payload_damaged(const uint8_t *block, size_t length)
{
    const uint8_t *p = block, *end = block + length;
    MtfPayload payload;

    while ((p = memmem(p, (size_t)(end - p), magic, sizeof magic)) != NULL) {
        size_t left = (size_t)(end - p);

        /* One that the block's end cuts goes on in the next. */
        if (left >= MTF_PAYLOAD_HEADER && get_be32(p + LENGTH) <= left &&
            !mtf_payload_check(p, left, &payload)) {
            return true;
        }
        p++;
    }
    return false;
}
