/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulated backup's files are made of: records that say which run they belong to and
 * which write of it carried them, so that a report can say "object 17 holds write 18". All fields
 * are big-endian; the CRC32C is that of the whole record with its own four bytes as zero.
 *
 *    0  8  magic     8  8  run      16  8  write: number of the tape object it was meant for
 *   24  4  file id  28  4  index    32  4  length of the record      36  4  CRC32C
 *   40     bytes drawn from run, file and index
 */
#ifndef USBTAPE_SCENARIOS_MTF_PAYLOAD_H
#define USBTAPE_SCENARIOS_MTF_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MTF_PAYLOAD_HEADER = 40,
    MTF_PAYLOAD_RECORD = 1024, /* as long as a file has room for it */
};

typedef struct MtfPayload {
    uint64_t run, write;
    uint32_t file, index;
    uint32_t length; /* at least MTF_PAYLOAD_HEADER */
} MtfPayload;

/* Fills `payload->length` bytes. */
void mtf_payload_fill(const MtfPayload *payload, uint8_t *record);

/* What a record of at most `length` bytes says; false: it is damaged, cut, or none. */
bool mtf_payload_check(const uint8_t *record, size_t length, MtfPayload *payload);

/* The first whole record anywhere in a tape block: which write is this? */
bool mtf_payload_find(const uint8_t *block, size_t length, MtfPayload *payload);

/* Is there a record in a tape block that is there in full, by its own length, and damaged? */
bool mtf_payload_damaged(const uint8_t *block, size_t length);

#endif
