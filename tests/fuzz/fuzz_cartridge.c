/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cartridge file that somebody else made: opened, read both ways, spaced over, written to.
 *
 * Inputs are patches, since the parts of a cartridge lie megabytes apart and are under checksums:
 * repeated { u32 offset, u8 length, bytes }, laid over a good cartridge, after which the checksums
 * of superblocks, entries and compressed blocks are made right if the first byte of the input is
 * odd. Its second bit makes the cartridge one of version 4. Its third bit hides where the file has
 * holes, as some file systems do.
 */
#include "emu/base/bytes.h"
#include "media/cartridge/cartridge.h"
#include "media/crc32c.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file: five pieces of it, the rest reads as zeroes. */
enum {
    PIECE = 128 * 1024,
    MAP_PIECE = 4096,
    CHUNKS = 4 * 65536,
    DATA = 65536,
    ROOM = 1024,
    PAGE = 4096,
    PAGES = (PIECE + 3 * MAP_PIECE + CHUNKS) / PAGE,
    LINKS = 2, /* partitions of the good cartridge */
    FIRST_BYTE_MEND = 1,
    FIRST_BYTE_BOUND = 2,
    FIRST_BYTE_DENSE = 4,
};

typedef struct FuzzBytes {
    uint8_t system[PIECE], attributes[MAP_PIECE], map[MAP_PIECE], copy[MAP_PIECE], chunks[CHUNKS];
} FuzzBytes;

/* A good cartridge is made once; each input changes a few pages of a copy. */
typedef struct FuzzFile {
    HostFile base;
    FuzzBytes now, good;
    bool dirty[PAGES];                        /* not as in the good one */
    bool written[PAGES], good_written[PAGES]; /* no holes */
    bool dense;                               /* holes are not reported */
} FuzzFile;

G_STATIC_ASSERT(sizeof(FuzzBytes) == (size_t)PAGES * PAGE);

/* The bytes at an offset, as many as lie together; NULL: zeroes. */
static uint8_t *bytes_at(FuzzFile *f, uint64_t offset, uint64_t *length)
{
    const struct {
        uint64_t start, length;
        uint8_t *bytes;
    } pieces[] = { { 0, PIECE, f->now.system },
                   { ATTRIBUTE_AREA, MAP_PIECE, f->now.attributes },
                   { CHUNK_MAP, MAP_PIECE, f->now.map },
                   { CHUNK_MAP_COPY, MAP_PIECE, f->now.copy },
                   { SYSTEM_AREA, CHUNKS, f->now.chunks } };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        if (offset >= pieces[i].start && offset < pieces[i].start + pieces[i].length) {
            *length = MIN(*length, pieces[i].start + pieces[i].length - offset);
            return pieces[i].bytes + (offset - pieces[i].start);
        }
        if (offset < pieces[i].start) {
            *length = MIN(*length, pieces[i].start - offset);
            return NULL;
        }
    }
    return NULL;
}

static void change(FuzzFile *f, uint8_t *to, const void *bytes, size_t length)
{
    size_t first = (size_t)(to - (uint8_t *)&f->now) / PAGE;
    size_t last = (size_t)(to - (uint8_t *)&f->now + length - 1) / PAGE;

    if (length > 0) {
        memset(f->dirty + first, true, last - first + 1);
        memset(f->written + first, true, last - first + 1);
        memcpy(to, bytes, length);
    }
}

/* What is there now is good: reset() brings it back. */
static void keep(FuzzFile *f)
{
    f->good = f->now;
    memcpy(f->good_written, f->written, sizeof f->written);
    memset(f->dirty, 0, sizeof f->dirty);
}

static void reset(FuzzFile *f)
{
    size_t i;

    for (i = 0; i < PAGES; i++) {
        if (f->dirty[i]) {
            memcpy((uint8_t *)&f->now + i * PAGE, (const uint8_t *)&f->good + i * PAGE, PAGE);
            f->dirty[i] = false;
            f->written[i] = f->good_written[i];
        }
    }
}

static ssize_t fuzz_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    uint64_t part = length;
    const uint8_t *bytes = bytes_at((FuzzFile *)file, offset, &part);

    if (bytes) {
        memcpy(buffer, bytes, part);
    } else {
        memset(buffer, 0, part);
    }
    return (ssize_t)part;
}

static ssize_t fuzz_write(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    uint64_t part = iov[0].iov_len;
    uint8_t *bytes = bytes_at((FuzzFile *)file, offset, &part);

    if (bytes) {
        change((FuzzFile *)file, bytes, iov[0].iov_base, part);
    }
    return (ssize_t)part;
}

static int fuzz_nothing(HostFile *file)
{
    return 0;
}

static int fuzz_truncate(HostFile *file, uint64_t size)
{
    return 0;
}

static int fuzz_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    return 0;
}

static int64_t fuzz_size(HostFile *file)
{
    return SYSTEM_AREA + CHUNKS;
}

/* In the chunks, pages that nobody wrote are holes. */
static bool is_hole(const FuzzFile *f, uint64_t offset)
{
    size_t page = (offsetof(FuzzBytes, chunks) + (size_t)(offset - SYSTEM_AREA)) / PAGE;

    return offset >= SYSTEM_AREA && offset < SYSTEM_AREA + CHUNKS && !f->written[page];
}

static uint64_t fuzz_next_data(HostFile *file, uint64_t offset)
{
    const FuzzFile *f = (const FuzzFile *)file;

    while (!f->dense && is_hole(f, offset)) {
        offset = (offset / PAGE + 1) * PAGE;
    }
    return offset < SYSTEM_AREA + CHUNKS ? offset : G_MAXUINT64;
}

static uint64_t fuzz_last_data(HostFile *file, uint64_t start, uint64_t end)
{
    const FuzzFile *f = (const FuzzFile *)file;

    while (!f->dense && end > start && is_hole(f, end - 1)) {
        end = (end - 1) / PAGE * PAGE;
    }
    return MAX(start, end);
}

static const HostFileOps fuzz_ops = { fuzz_read,  fuzz_write,     fuzz_nothing,  fuzz_truncate,
                                      fuzz_punch, fuzz_punch,     fuzz_size,     host_file_release,
                                      NULL,       fuzz_next_data, fuzz_last_data };

static void done(void *data, MediumResult result)
{
}

/* Three blocks, two filemarks, a setmark, an attribute: something to damage. */
static void fill(FuzzFile *f)
{
    TapeMedium *m = cartridge_open(&f->base, "fuzz", false, executor_inline(), NULL, NULL);
    g_autoptr(GBytes) value = g_bytes_new_static("value", 5);
    MediumAttribute attribute = { 0x400, 1, false, value };
    uint8_t block[600] = { 1, 2, 3 };
    uint64_t n;

    medium_set_compression(m, true);
    medium_write(m, block, 600);
    medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n);
    medium_write(m, block, 20);
    medium_write_marks(m, MEDIUM_MARK_SETMARK, 1, &n);
    medium_write(m, block, 1);
    medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n);
    medium_set_attribute(m, 0, &attribute);
    medium_sync(m, done, NULL);
    cartridge(m)->file = NULL;
    cartridge(m)->read_only = true;
    medium_free(m);
}

static void patch(FuzzFile *f, ByteReader *reader)
{
    while (!reader->overrun && reader->position < reader->length) {
        const uint8_t *offset = byte_reader_take(reader, 4);
        size_t length = byte_reader_u8(reader);
        const uint8_t *bytes = byte_reader_take(reader, length);
        uint64_t part = length;
        uint8_t *to = offset ? bytes_at(f, get_le32(offset), &part) : NULL;

        if (to && bytes) {
            change(f, to, bytes, part);
        }
    }
}

static void put_sum(FuzzFile *f, uint8_t *to, uint32_t crc)
{
    uint8_t bytes[4];

    put_le32(bytes, crc);
    if (memcmp(to, bytes, sizeof bytes) != 0) {
        change(f, to, bytes, sizeof bytes);
    }
}

/* Of the lists behind a superblock, as long as they lie within what a list may take. */
static void mend_epochs(FuzzFile *f, uint8_t *b)
{
    uint8_t *list = b + MIN(get_le32(b + 16), (uint32_t)SUPERBLOCK_MAX);
    size_t p;

    for (p = 0; p < LINKS; p++) {
        uint8_t *partition = b + SUPERBLOCK_HEADER + p * SUPERBLOCK_PARTITION;
        size_t length = (size_t)MIN(get_le32(partition + 56), EARLIER_EPOCHS_MAX) * EARLIER_EPOCH;

        put_sum(f, partition + 60, crc32c(0, list, length));
        list += length;
    }
}

static void mend_superblock(FuzzFile *f, uint8_t *b)
{
    static const uint8_t zero[4];
    uint32_t length = MIN(MAX(get_le32(b + 16), 16), (uint32_t)SUPERBLOCK_MAX);
    uint32_t crc = crc32c(crc32c(0, b, 12), zero, 4);

    put_sum(f, b + 12, crc32c(crc, b + 16, length - 16));
}

static void mend_map(FuzzFile *f, uint8_t *map, uint32_t id)
{
    size_t i;

    for (i = 0; i < MAP_PIECE; i += CHUNK_RECORD) {
        if (map[i + 10] != 0) { /* of no stream: free whatever its CRC */
            put_sum(f, map + i, crc32c(0, map + i + 4, CHUNK_RECORD - 4) ^ id);
        }
    }
}

/* Entries name the one before in their partition: `links` go on from one to the next. */
static void mend_entry(FuzzFile *f, uint8_t *b, bool bound, uint32_t id, uint32_t *links)
{
    Binding binding = { bound, id, get_le32(b + 8) };
    ObjectEntry entry = { .epoch = get_le32(b + 12), .before.object = get_le64(b + 32) };
    uint32_t crc = object_data_crc(&binding, get_le16(b + 6), &entry);
    uint32_t *link = &links[get_le16(b + 6) % LINKS];

    /* the first chunk is of data: what is compressed there has to reach the library */
    if (b[5] != 0 && get_le64(b + 40) < DATA && get_le32(b + 20) < DATA - get_le64(b + 40)) {
        put_sum(f, b + 24, crc32c(crc, f->now.chunks + get_le64(b + 40), get_le32(b + 20)) ^ id);
    }
    if (bound) {
        put_sum(f, b + 28, *link);
    }
    put_sum(f, b, object_entry_sum(b) ^ id);
    *link = object_entry_crc(b);
}

static void mend(FuzzFile *f, bool bound)
{
    uint32_t id = bound ? cartridge_identity_id(f->now.system + 160) : 0, links[LINKS] = { 0 };
    size_t i, p;

    mend_map(f, f->now.map, id);
    if (bound) {
        mend_map(f, f->now.copy, id);
    }
    for (i = 0; i < CHUNKS; i += OBJECT_ENTRY) {
        uint8_t *b = f->now.chunks + i;

        if (i % PAGE == 0 && is_hole(f, SYSTEM_AREA + i)) {
            i += PAGE - OBJECT_ENTRY;
            continue;
        }
        if (b[4] >= OBJECT_BLOCK && b[4] <= OBJECT_SETMARK) {
            mend_entry(f, b, bound, id, links);
        }
    }
    for (i = 0; i < PIECE; i += SUPERBLOCK_SLOT_SIZE) {
        uint8_t *b = f->now.system + i;

        for (p = 0; p < LINKS && bound; p++) {
            put_sum(f, b + SUPERBLOCK_HEADER + p * SUPERBLOCK_PARTITION + 12, links[p]);
        }
        mend_epochs(f, b);
        mend_superblock(f, b);
    }
}

static void look_at(TapeMedium *m, uint32_t partition)
{
    static uint8_t buffer[ROOM];
    uint64_t n;
    size_t length;
    int i;

    for (i = 0; i < 2 * (MEDIUM_SPACE_SEQUENTIAL_SETMARKS + 1); i++) {
        medium_locate(m, partition, (MediumLocate)(i % 3), (uint64_t)i);
        medium_space(m, (MediumSpace)(i / 2), i % 2 ? 3 : -3, i % 4 < 2, &n);
    }
    medium_locate(m, partition, MEDIUM_LOCATE_OBJECT, 0);
    for (i = 0; i < 20 && medium_read(m, buffer, ROOM, &length) != MEDIUM_EOD; i++) {
    }
    medium_locate(m, partition, MEDIUM_LOCATE_EOD, 0);
    for (i = 0; i < 20 && medium_read_reverse(m, buffer, ROOM, &length) != MEDIUM_BOP; i++) {
    }
    medium_locate(m, partition, MEDIUM_LOCATE_OBJECT, 2);
    medium_write(m, buffer, ROOM);
    medium_read_reverse(m, buffer, ROOM, &length);
}

static FuzzFile *good_cartridge(bool bound)
{
    static const MediumGeometry geometry = { .partitions = 2, .compression = true };
    static FuzzFile files[2];
    FuzzFile *file = &files[bound];

    if (!file->base.ops) {
        file->base.ops = &fuzz_ops;
        (bound ? cartridge_create : cartridge_create_plain)(&file->base, "fuzz", &geometry,
                                                            CHUNK_SHIFT_MIN, NULL);
        fill(file);
        keep(file);
    }
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ByteReader reader = BYTE_READER(data, size);
    uint8_t how = byte_reader_u8(&reader);
    FuzzFile *f = good_cartridge(how & FIRST_BYTE_BOUND);
    g_autofree char *notice = NULL;
    TapeMedium *m;
    MediumInfo info;
    uint32_t i;

    reset(f);
    f->dense = how & FIRST_BYTE_DENSE;
    patch(f, &reader);
    if (how & FIRST_BYTE_MEND) {
        mend(f, how & FIRST_BYTE_BOUND);
    }
    m = cartridge_open(&f->base, "fuzz", false, executor_inline(), &notice, NULL);
    if (!m) {
        return 0;
    }
    medium_info(m, &info);
    for (i = 0; i < MIN(info.geometry.partitions, 3u); i++) {
        look_at(m, i);
    }
    cartridge(m)->file = NULL;
    cartridge(m)->read_only = true;
    medium_free(m);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Where a structure of the cartridge begins, and how long it is. */
static uint32_t any_structure(uint32_t *random, uint32_t *length)
{
    enum { NEAR = 10, CHUNK = 1 << CHUNK_SHIFT_MIN };
    uint32_t n = next_random(random) % NEAR;

    switch (next_random(random) % 6) {
    case 0:
        *length = SUPERBLOCK_HEADER;
        return n % SUPERBLOCK_SLOTS * SUPERBLOCK_SLOT_SIZE;
    case 1:
        *length = SUPERBLOCK_PARTITION;
        return n % SUPERBLOCK_SLOTS * SUPERBLOCK_SLOT_SIZE + SUPERBLOCK_HEADER +
               n / SUPERBLOCK_SLOTS % 3 * SUPERBLOCK_PARTITION;
    case 2:
        *length = CHUNK_RECORD;
        return CHUNK_MAP + n * CHUNK_RECORD;
    case 3:
        *length = 64;
        return ATTRIBUTE_AREA;
    default:
        *length = OBJECT_ENTRY;
        return SYSTEM_AREA + next_random(random) % (CHUNKS / CHUNK) * CHUNK + n * OBJECT_ENTRY;
    }
}

static uint64_t any_number(uint32_t *random)
{
    static const uint64_t edges[] = { 0, 1, 2, 3, 5, 0x7f, 0xff, 0xffff, 0x10000, 0xffffff };
    uint32_t n = next_random(random);

    switch (n % 4) {
    case 0:
        return edges[n / 4 % G_N_ELEMENTS(edges)];
    case 1:
        return 0 - edges[n / 4 % G_N_ELEMENTS(edges)];
    case 2:
        return (uint64_t)1 << n / 4 % 64;
    default:
        return n / 4 % 4096;
    }
}

/* A patch: a field of a structure set to some number, or a structure in another's place. */
static size_t structured_patch(uint32_t *random, bool bound, uint8_t *patch)
{
    uint32_t length, from_length;
    uint32_t to = any_structure(random, &length), from = any_structure(random, &from_length);
    uint8_t number[8];
    uint64_t part = 8;

    if (next_random(random) % 3 == 0) {
        const uint8_t *bytes = bytes_at(good_cartridge(bound), from, &part);

        part = MIN(MIN(length, from_length), 64u);
        put_le32(patch, to);
        patch[4] = (uint8_t)part;
        bytes ? memcpy(patch + 5, bytes, part) : memset(patch + 5, 0, part);
        return 5 + part;
    }
    put_le64(number, any_number(random));
    part = (uint64_t)1 << next_random(random) % 4;
    put_le32(patch, to + next_random(random) % length / (uint32_t)part * (uint32_t)part);
    patch[4] = (uint8_t)part;
    memcpy(patch + 5, number, part);
    return 5 + part;
}

/* Half of all inputs get one more patch that means something, under right checksums. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    uint32_t random = seed;
    uint8_t patch[5 + 64];
    size_t length;

    if (next_random(&random) % 2 == 0 || size == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }
    length = structured_patch(&random, data[0] & FIRST_BYTE_BOUND, patch);
    if (size + length > max) {
        size = 1;
    }
    if (size + length > max) {
        return size;
    }
    memcpy(data + size, patch, length);
    data[0] |= next_random(&random) % 8 != 0;
    data[0] ^= next_random(&random) % 8 == 0 ? FIRST_BYTE_BOUND : 0;
    data[0] ^= next_random(&random) % 32 == 0 ? FIRST_BYTE_DENSE : 0;
    return size + length;
}
