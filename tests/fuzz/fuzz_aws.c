/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .aws or .het file that somebody else made. */
#include "emu/base/bytes.h"
#include "tests/fuzz/fuzz_image.h"

#include <bzlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_BZ2_bzBuffToBuffDecompress(char *to, unsigned *to_length, char *from,
                                      unsigned from_length, int small, int verbosity);

/* Of what a call has allocated nothing is left after it. */
static struct {
    size_t used;
    uint64_t bytes[5 * 1024 * 1024 / 8];
} arena;

static void *arena_take(void *data, int n, int size)
{
    size_t words = ((size_t)n * (size_t)size + 7) / 8, at = arena.used;

    if (words > G_N_ELEMENTS(arena.bytes) - at) {
        return NULL;
    }
    arena.used += words;
    return arena.bytes + at;
}

static void arena_give(void *data, void *bytes)
{
}

/* As the library has it, but without megabytes from malloc(), which ASan maps and unmaps. */
int __wrap_BZ2_bzBuffToBuffDecompress(char *to, unsigned *to_length, char *from,
                                      unsigned from_length, int small, int verbosity)
{
    bz_stream stream = { .bzalloc = arena_take, .bzfree = arena_give };
    int result;

    arena.used = 0;
    result = BZ2_bzDecompressInit(&stream, verbosity, small);
    if (result != BZ_OK) {
        return result;
    }
    stream.next_in = from;
    stream.avail_in = from_length;
    stream.next_out = to;
    stream.avail_out = *to_length;
    result = BZ2_bzDecompress(&stream);
    BZ2_bzDecompressEnd(&stream);
    if (result == BZ_OK) {
        return stream.avail_out > 0 ? BZ_UNEXPECTED_EOF : BZ_OUTBUFF_FULL;
    }
    if (result != BZ_STREAM_END) {
        return result;
    }
    *to_length -= stream.avail_out;
    return BZ_OK;
}

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
