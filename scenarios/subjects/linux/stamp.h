/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that say who they are, so that a tape can be judged without trusting anyone who read it:
 * magic, run, sequence number, length, checksum of the payload that follows (all big-endian). The
 * payload is drawn from run and sequence number, so it is known without being kept.
 *
 * Shared by the guest's `stamp` and by the runner's oracle: no other includes, please.
 */
#ifndef USBTAPE_SCENARIOS_STAMP_H
#define USBTAPE_SCENARIOS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STAMP_HEADER 32u
#define STAMP_MAGIC  "UTSTAMP1"

typedef struct Stamp {
    uint64_t run;
    uint64_t sequence;
    uint32_t length; /* of the whole record */
} Stamp;

static inline void stamp_put(uint8_t *p, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0) {
        p[bytes] = (uint8_t)value;
        value >>= 8;
    }
}

static inline uint64_t stamp_get(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | *p++;
    }
    return value;
}

/* FNV-1a over eight bytes at a time: quick under emulation, and any changed bit changes it. */
static inline uint32_t stamp_sum(const uint8_t *p, size_t length)
{
    uint64_t sum = 0xcbf29ce484222325ull, word;

    for (; length >= 8; p += 8, length -= 8) {
        memcpy(&word, p, 8);
        sum = (sum ^ word) * 0x100000001b3ull;
        sum ^= sum >> 29;
    }
    while (length-- > 0) {
        sum = (sum ^ *p++) * 0x100000001b3ull;
    }
    return (uint32_t)(sum ^ sum >> 32);
}

/* Fills a record; `stamp->length` is at least STAMP_HEADER. */
static inline void stamp_fill(const Stamp *stamp, uint8_t *record)
{
    uint64_t state = (stamp->run + 1) * 0x9e3779b97f4a7c15ull ^ (stamp->sequence + 1);
    size_t at;

    for (at = STAMP_HEADER; at < stamp->length; at += 8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(record + at, &state, stamp->length - at < 8 ? stamp->length - at : 8);
    }
    memcpy(record, STAMP_MAGIC, 8);
    stamp_put(record + 8, stamp->run, 8);
    stamp_put(record + 16, stamp->sequence, 8);
    stamp_put(record + 24, stamp->length, 4);
    stamp_put(record + 28, stamp_sum(record + STAMP_HEADER, stamp->length - STAMP_HEADER), 4);
}

/* Who a record of `length` bytes says it is; false when it is damaged or none of ours. */
static inline bool stamp_check(const uint8_t *record, size_t length, Stamp *stamp)
{
    if (length < STAMP_HEADER || memcmp(record, STAMP_MAGIC, 8) != 0) {
        return false;
    }
    stamp->run = stamp_get(record + 8, 8);
    stamp->sequence = stamp_get(record + 16, 8);
    stamp->length = (uint32_t)stamp_get(record + 24, 4);
    return stamp->length == length &&
           stamp_get(record + 28, 4) == stamp_sum(record + STAMP_HEADER, length - STAMP_HEADER);
}

#endif
