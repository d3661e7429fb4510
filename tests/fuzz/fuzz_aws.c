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
#endif
