/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a damaged image of a format without checksums says, by the descriptions of .tap and AWSTAPE
 * alone: what is wrong in a record's bytes no program can see, what is wrong in its lengths it has
 * to.
 */
#include "emu/base/bytes.h"
#include "tests/mutation/mutation.h"

#include <string.h>

typedef struct Reader {
    const uint8_t *bytes;
    uint64_t length, at;
} Reader;

static bool take_word(Reader *r, uint32_t *word)
{
    if (r->length - r->at < 4) {
        return false;
    }
    *word = get_le32(r->bytes + r->at);
    r->at += 4;
    return true;
}

static void add(Tape *tape, ObjectKind kind, const uint8_t *bytes, size_t length)
{
    Object object = { .kind = kind, .length = (uint32_t)length, .bytes = (uint8_t *)bytes };

    g_array_append_val(tape->objects[0], object);
}

/* A data record whose length has just been read. */
static bool simh_record(Reader *r, uint32_t length, Tape *tape)
{
    uint64_t start = r->at;
    uint32_t again;

    if (r->length - r->at < length + length % 2) {
        return false;
    }
    r->at += length + length % 2;
    if (!take_word(r, &again) || again != length) {
        return false;
    }
    add(tape, BLOCK, r->bytes + start, length);
    return true;
}

/* Records of class 0 and marks alone, which is what we write; all else is for others to judge. */
static bool simh_truth(Reader *r, Tape *tape)
{
    uint32_t word;

    while (r->at < r->length) {
        if (!take_word(r, &word)) {
            return false;
        }
        if (word == 0xffffffff) {
            return true;
        }
        if (word == 0) {
            add(tape, FILEMARK, NULL, 0);
        } else if (word > 0xffffff || !simh_record(r, word, tape)) {
            return false;
        }
    }
    return true;
}

static bool is_zero(const Reader *r)
{
    uint64_t i;

    for (i = r->at; i < r->length; i++) {
        if (r->bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Records of one chunk, which is what we write of blocks up to 65535 bytes. Zeroes at the end are
 * room that a program took in advance.
 */
static bool aws_truth(Reader *r, Tape *tape)
{
    uint32_t previous = 0;

    while (r->at < r->length && !is_zero(r)) {
        const uint8_t *header = r->bytes + r->at;
        uint32_t length;

        if (r->length - r->at < 6 || get_le16(header + 2) != previous || header[5] != 0) {
            return false;
        }
        length = get_le16(header);
        r->at += 6;
        if (header[4] == 0x40 && length == 0) {
            add(tape, FILEMARK, NULL, 0);
        } else if (header[4] == 0xa0 && length > 0 && r->length - r->at >= length) {
            add(tape, BLOCK, header + 6, length);
            r->at += length;
        } else {
            return false;
        }
        previous = length;
    }
    return true;
}

Tape *truth_of_image(SubjectFormat format, const uint8_t *bytes, uint64_t length, bool *sound)
{
    Reader reader = { bytes, length, 0 };
    Tape *tape = tape_new(1);

    *sound = format == FORMAT_SIMH ? simh_truth(&reader, tape) : aws_truth(&reader, tape);
    tape->durable[0] = tape->objects[0]->len;
    return tape;
}
