/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .tap file that somebody else made. */
#include "emu/base/bytes.h"
#include "tests/fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_image("simh", data, size);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Records within the file, whose length stands behind their data as it does before them. */
static void close_records(uint8_t *data, size_t size)
{
    enum { LENGTH = 4, CLASS = 28, MARKER_CLASS = 0xf };

    while (size >= LENGTH) {
        uint32_t word = get_le32(data), length = word & 0xffffff;
        size_t room = size - LENGTH;

        if (word == 0 || word >> CLASS == MARKER_CLASS || room < LENGTH) {
            data += LENGTH;
            size -= LENGTH;
            continue;
        }
        length = (uint32_t)MIN(length, (room - LENGTH) & ~(size_t)1);
        word = (word & 0xff000000) | length;
        put_le32(data, word);
        length += length & 1;
        put_le32(data + LENGTH + length, word);
        data += 2 * LENGTH + (size_t)length;
        size -= 2 * LENGTH + (size_t)length;
    }
}

/* Most mutations would end the tape where they are. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max);
    if (seed % 4 != 0) {
        close_records(data, size);
        if (seed % 3 == 0) {
            size = LLVMFuzzerMutate(data, size, max);
        }
    }
    return size;
}
