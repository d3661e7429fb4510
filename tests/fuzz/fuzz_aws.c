/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .aws or .het file that somebody else made. */
#include "emu/base/bytes.h"
#include "tests/fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_image("aws", data, size);
    return 0;
}

#ifdef LIBFUZZER
#include <bzlib.h>
#include <zlib.h>

int __wrap_BZ2_bzBuffToBuffDecompress(char *to, unsigned *to_length, char *from,
                                      unsigned from_length, int small, int verbosity);
int __wrap_uncompress(Bytef *to, uLongf *to_length, const Bytef *from, uLong from_length);

/*
 * The libraries are not what is fuzzed, and take nearly all of the time: in their place what is
 * compressed says itself to how many bytes it expands. (Without libFuzzer the corpus goes through
 * them.) 1: to those, 0: to more than there is room for, -1: not at all.
 */
static int pretend(uint8_t *to, size_t *to_length, const uint8_t *from, size_t from_length)
{
    enum { TOO_LONG = 0x3cff, MOST = 0x8000 };
    size_t length;

    if (from_length < 3 || from[0] > 0xc0) {
        return from_length > 3 && get_le32(from) == TOO_LONG ? 0 : -1;
    }
    length = get_le16(from + 1) % MOST;
    if (length > *to_length) {
        return 0;
    }
    memset(to, from[0], length);
    *to_length = length;
    return 1;
}

int __wrap_BZ2_bzBuffToBuffDecompress(char *to, unsigned *to_length, char *from,
                                      unsigned from_length, int small, int verbosity)
{
    size_t length = *to_length;
    int result = pretend((uint8_t *)to, &length, (const uint8_t *)from, from_length);

    *to_length = (unsigned)length;
    return result > 0 ? BZ_OK : result == 0 ? BZ_OUTBUFF_FULL : BZ_DATA_ERROR;
}

int __wrap_uncompress(Bytef *to, uLongf *to_length, const Bytef *from, uLong from_length)
{
    size_t length = *to_length;
    int result = pretend(to, &length, from, from_length);

    *to_length = length;
    return result > 0 ? Z_OK : result == 0 ? Z_BUF_ERROR : Z_DATA_ERROR;
}
#endif

enum { HEADER = 6, NEW_RECORD = 0x80, MARK = 0x40, END_OF_RECORD = 0x20, COMPRESSED = 0x03 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Chunks that name the one before them, lie within the file and make up records. */
static void chain(uint8_t *data, size_t size)
{
    uint16_t previous = 0;
    bool first = true;

    while (size >= HEADER) {
        uint16_t length = (uint16_t)MIN(get_le16(data), size - HEADER);
        uint8_t flags = data[4] & (END_OF_RECORD | COMPRESSED);

        if (length == 0) {
            flags = MARK;
        } else if (first) {
            flags |= NEW_RECORD;
        }
        put_le16(data, length);
        put_le16(data + 2, previous);
        data[4] = flags;
        data[5] = 0;
        first = flags & (MARK | END_OF_RECORD);
        previous = length;
        data += HEADER + length;
        size -= HEADER + (size_t)length;
    }
}

/* Most mutations would end the tape where they are. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max);
    if (seed % 4 != 0) {
        chain(data, size);
        if (seed % 3 == 0) {
            size = LLVMFuzzerMutate(data, size, max);
        }
    }
    return size;
}
