/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/bytes.h"
#include "media/crc32c.h"
#include "tests/mutation/mutation.h"

#include <string.h>

/* Where the parts of a cartridge file are: media/FORMAT.md, "Layout" and what follows it. */
enum {
    SLOT_SIZE = 64 * 1024,
    SLOTS = 2,
    SLOT_BYTES = 256 + 64 * 256, /* the most that a superblock takes */
    ATTRIBUTES_START = 1024 * 1024,
    MAP_START = 3 * 1024 * 1024,
    CHUNKS_START = 16 * 1024 * 1024,
    EXTENT_MIN = 64,
    EXTENT_MAX = 64 * 1024,
};

static const char *const names[N_MUTATIONS] = {
    [FLIP_BITS] = "flip",         [ZERO_EXTENT] = "zero",
    [RANDOM_EXTENT] = "random",   [TRUNCATE] = "truncate",
    [SWAP_EXTENTS] = "swap",      [COPY_EXTENT] = "copy",
    [EARLIER_EXTENT] = "earlier", [EARLIER_ELSEWHERE] = "earlier-elsewhere",
    [OTHER_EXTENT] = "other",     [OTHER_ELSEWHERE] = "other-elsewhere",
    [SET_FIELD] = "field",        [SEVERAL] = "several",
};

const char *mutation_name(MutationKind kind)
{
    return names[kind];
}

void mutation_free(Mutation *mutation)
{
    image_free(mutation->image);
    g_string_free(mutation->text, TRUE);
    g_free(mutation);
}

static uint64_t below(GRand *rand, uint64_t n)
{
    return n == 0 ? 0 : ((uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand)) % n;
}

static bool in_superblock(uint64_t offset, uint64_t length)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        uint64_t start = (uint64_t)i * SLOT_SIZE;

        if (offset < start + SLOT_BYTES && offset + length > start) {
            return true;
        }
    }
    return false;
}

static bool in_attributes(uint64_t offset, uint64_t length)
{
    return offset < MAP_START && offset + length > ATTRIBUTES_START;
}

static void put_bytes(Mutation *m, uint64_t offset, const uint8_t *bytes, size_t length)
{
    image_write(m->image, offset, bytes, length);
    m->superblock = m->superblock || in_superblock(offset, length);
    m->attributes = m->attributes || in_attributes(offset, length);
}

/* ── places ── */

typedef struct Extent {
    uint64_t offset, length;
} Extent;

/* Each piece of the file that holds something is as likely as any other, however short it is. */
static uint64_t some_place(const Image *image, GRand *rand)
{
    g_autoptr(GArray) runs = image_runs(image, SLOT_SIZE);
    const ImageRun *run;

    if (runs->len == 0) {
        return below(rand, image_size(image));
    }
    run = &g_array_index(runs, ImageRun, below(rand, runs->len));
    return run->offset + below(rand, run->length);
}

static Extent some_extent(const Image *image, GRand *rand)
{
    static const uint64_t alignments[] = { 1, 64, IMAGE_SECTOR, IMAGE_SECTOR, 4096 };
    static const uint64_t lengths[] = { 64, 128, 512, 512, 1024, 4096, 4096, 16384, EXTENT_MAX };
    uint64_t alignment = alignments[below(rand, G_N_ELEMENTS(alignments))];
    Extent extent;

    extent.offset = some_place(image, rand);
    extent.offset -= extent.offset % alignment;
    extent.length = below(rand, 4) == 0 ? EXTENT_MIN + below(rand, EXTENT_MAX - EXTENT_MIN)
                                        : lengths[below(rand, G_N_ELEMENTS(lengths))];
    extent.length = MIN(extent.length, image_size(image) - extent.offset);
    return extent;
}

/* ── the damage ── */

static void flip_bits(const Subject *s, Mutation *m, GRand *rand)
{
    uint64_t n = below(rand, 3) == 0 ? 1 + below(rand, 8) : 1, at = some_place(s->image, rand), i;
    bool together = below(rand, 2);

    for (i = 0; i < n; i++) {
        uint64_t offset = i == 0     ? at
                          : together ? at + below(rand, 64)
                                     : some_place(s->image, rand);
        uint8_t byte;

        if (!together && in_superblock(offset, 1) != in_superblock(at, 1)) {
            continue; /* one superblock may be lost, or anything else, but not both at once */
        }
        image_read(m->image, offset, &byte, 1);
        byte ^= (uint8_t)(1 << below(rand, 8));
        g_string_append_printf(m->text, " %#" G_GINT64_MODIFIER "x", offset);
        put_bytes(m, offset, &byte, 1);
    }
}

static void describe(Mutation *m, const char *word, Extent extent)
{
    g_string_append_printf(m->text, " %s%#" G_GINT64_MODIFIER "x+%" G_GUINT64_FORMAT, word,
                           extent.offset, extent.length);
}

static void overwrite_extent(const Subject *s, Mutation *m, GRand *rand, bool random)
{
    Extent extent = some_extent(s->image, rand);
    g_autofree uint8_t *bytes = g_malloc0(extent.length + 4);
    uint8_t fill = below(rand, 4) == 0 ? 0xff : 0;
    uint64_t i;

    for (i = 0; i < extent.length; i += random ? 4 : 1) {
        if (random) {
            put_le32(bytes + i, g_rand_int(rand));
        } else {
            bytes[i] = fill;
        }
    }
    describe(m, fill && !random ? "ones " : "", extent);
    put_bytes(m, extent.offset, bytes, extent.length);
}

static void truncate_file(const Subject *s, Mutation *m, GRand *rand)
{
    uint64_t size = some_place(s->image, rand);
    static const uint64_t alignments[] = { 1, IMAGE_SECTOR, 4096, SLOT_SIZE };

    size -= size % alignments[below(rand, G_N_ELEMENTS(alignments))];
    g_string_append_printf(m->text, " to %#" G_GINT64_MODIFIER "x", size);
    image_truncate(m->image, MIN(size, image_size(m->image)));
    m->superblock = in_superblock(size, G_MAXUINT32);
    m->attributes = in_attributes(size, G_MAXUINT32);
}

static void copy_from(Mutation *m, const Image *from, uint64_t source, Extent to)
{
    g_autofree uint8_t *bytes = g_malloc(to.length);

    image_read(from, source, bytes, to.length);
    put_bytes(m, to.offset, bytes, to.length);
}

/* Another place that is as far from its sector's beginning. */
static Extent another_extent(const Image *image, GRand *rand, Extent like)
{
    Extent extent = { some_place(image, rand), like.length };

    if (below(rand, 8) != 0) {
        extent.offset = extent.offset - extent.offset % IMAGE_SECTOR + like.offset % IMAGE_SECTOR;
    }
    extent.length = MIN(extent.length, image_size(image) - MIN(extent.offset, image_size(image)));
    return extent;
}

static void swap_extents(const Subject *s, Mutation *m, GRand *rand)
{
    Extent a = some_extent(s->image, rand), b = another_extent(s->image, rand, a);

    a.length = b.length = MIN(a.length, b.length);
    describe(m, "", a);
    describe(m, "and ", b);
    copy_from(m, s->image, b.offset, a);
    if (in_superblock(a.offset, a.length) == in_superblock(b.offset, b.length)) {
        copy_from(m, s->image, a.offset, b); /* never a superblock and something else */
    }
}

/* From `source`, which may be the image itself. */
static void copy_extent(const Subject *s, Mutation *m, GRand *rand, const Image *source)
{
    Extent from = some_extent(source, rand), to = another_extent(s->image, rand, from);

    m->foreign = m->foreign || source != s->image;
    describe(m, "", from);
    describe(m, "over ", to);
    copy_from(m, source, from.offset, to);
}

/*
 * What another file holds at the same place; several places at once, as when a disk lost what it
 * had in its cache. Of superblocks alone or of anything else: all together would be the other file,
 * and no program could tell.
 */
static void replace_extents(const Subject *s, Mutation *m, GRand *rand, const Image *source)
{
    uint64_t n = below(rand, 2) ? 1 : 1 + below(rand, 6), i;
    bool superblock = false;

    m->foreign = true;
    for (i = 0; i < n; i++) {
        Extent extent = some_extent(below(rand, 2) ? s->image : source, rand);
        bool here = in_superblock(extent.offset, extent.length);

        extent.length =
            MIN(extent.length, image_size(s->image) - MIN(extent.offset, image_size(s->image)));
        if (i > 0 && (superblock || here)) {
            continue;
        }
        superblock = superblock || here;
        describe(m, "", extent);
        copy_from(m, source, extent.offset, extent);
    }
}

/* ── fields ── */

typedef struct Field {
    const char *name;
    unsigned offset, size;
} Field;

typedef struct Record {
    const char *name;
    uint64_t offset;
    size_t length, crc; /* where its CRC32C is */
    const Field *fields;
    size_t n_fields;
} Record;

static const Field superblock_fields[] = {
    { "version", 8, 4 },           { "length", 16, 4 },         { "flags", 20, 4 },
    { "sequence", 24, 8 },         { "generation", 32, 4 },     { "chunk-shift", 36, 4 },
    { "partitions", 40, 4 },       { "density", 44, 1 },        { "cleanings", 46, 2 },
    { "capacity", 48, 8 },         { "early-warning", 56, 8 },  { "attribute-area", 64, 4 },
    { "attribute-length", 68, 4 }, { "attribute-crc", 72, 4 },  { "bar-code", 80, 8 },
    { "loads", 112, 8 },           { "identity", 160, 8 },      { "partition-capacity", 256, 8 },
    { "epoch", 264, 4 },           { "partition-12", 268, 4 },  { "durable-object", 272, 8 },
    { "durable-bytes", 280, 8 },   { "durable-files", 288, 8 }, { "durable-setmarks", 296, 8 },
    { "partition-48", 304, 8 },    { "partition-56", 312, 8 },
};

static const Field chunk_fields[] = {
    { "generation", 4, 4 }, { "partition", 8, 2 }, { "stream", 10, 1 },
    { "reserved", 11, 1 },  { "index", 12, 4 },
};

static const Field entry_fields[] = {
    { "type", 4, 1 },      { "encoding", 5, 1 }, { "partition", 6, 2 }, { "generation", 8, 4 },
    { "epoch", 12, 4 },    { "length", 16, 4 },  { "stored", 20, 4 },   { "data-crc", 24, 4 },
    { "link", 28, 4 },     { "object", 32, 8 },  { "bytes", 40, 8 },    { "files", 48, 8 },
    { "setmarks", 56, 8 },
};

static uint64_t get_field(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static void set_field(uint8_t *bytes, unsigned size, uint64_t value)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t extreme(GRand *rand, uint64_t value, unsigned size)
{
    uint64_t all = G_MAXUINT64 >> (64 - 8 * size);

    switch (below(rand, 12)) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return all;
    case 3:
        return all - 1;
    case 4:
        return all / 2 + 1;
    case 5:
        return value + 1;
    case 6:
        return value - 1;
    case 7:
        return value * 2;
    case 8:
        return value / 2;
    case 9:
        return value ^ (uint64_t)1 << below(rand, 8 * size);
    case 10:
        return (uint64_t)1 << below(rand, 8 * size);
    default:
        return below(rand, all);
    }
}

static uint32_t crc_of(const uint8_t *bytes, const Record *record)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32c(0, bytes, record->crc);

    /* an entry's CRC does not cover itself, a superblock's covers zeroes in its place */
    crc = record->crc > 0 ? crc32c(crc, zero, sizeof zero) : crc;
    return crc32c(crc, bytes + record->crc + 4, record->length - record->crc - 4);
}

static bool find_record(const Image *image, GRand *rand, Record *record)
{
    uint8_t bytes[64];
    int i;

    switch (below(rand, 4)) {
    case 0:
        *record = (Record){ "superblock",      below(rand, SLOTS) * SLOT_SIZE, 0, 12,
                            superblock_fields, G_N_ELEMENTS(superblock_fields) };
        image_read(image, record->offset, bytes, sizeof bytes);
        record->length = CLAMP(get_le32(bytes + 16), 256 + 64, SLOT_BYTES);
        return true;
    case 1:
        *record = (Record){ "chunk",      MAP_START + 16 * below(rand, 12), 16, 0,
                            chunk_fields, G_N_ELEMENTS(chunk_fields) };
        return true;
    default:
        for (i = 0; i < 1000; i++) {
            uint64_t at = some_place(image, rand);

            at -= at % 64;
            image_read(image, at, bytes, sizeof bytes);
            if (at >= CHUNKS_START && bytes[4] >= 1 && bytes[4] <= 3 && bytes[5] <= 1 &&
                get_le16(bytes + 6) < SUBJECT_PARTITIONS && get_le64(bytes + 32) < 100000) {
                *record = (Record){ "entry", at, 64, 0, entry_fields, G_N_ELEMENTS(entry_fields) };
                return true;
            }
        }
        return false;
    }
}

/*
 * The checksum is made right by what it differed from the CRC before: whatever a version of the
 * format adds to a CRC stays in it.
 */
static void set_some_field(const Subject *s, Mutation *m, GRand *rand)
{
    Record record;
    uint8_t bytes[SLOT_BYTES];
    uint32_t added;
    uint64_t n = below(rand, 3) ? 1 : 2, old, new;

    if (!find_record(s->image, rand, &record)) {
        return;
    }
    image_read(s->image, record.offset, bytes, record.length);
    added = get_le32(bytes + record.crc) ^ crc_of(bytes, &record);
    g_string_append_printf(m->text, " %s at %#" G_GINT64_MODIFIER "x:", record.name, record.offset);
    while (n-- > 0) {
        const Field *field = &record.fields[below(rand, record.n_fields)];

        old = get_field(bytes + field->offset, field->size);
        new = extreme(rand, old, field->size);
        set_field(bytes + field->offset, field->size, new);
        g_string_append_printf(m->text, " %s %#" G_GINT64_MODIFIER "x was %#" G_GINT64_MODIFIER "x",
                               field->name, new, old);
    }
    put_le32(bytes + record.crc, crc_of(bytes, &record) ^ added);
    put_bytes(m, record.offset, bytes, record.length);
    m->forged = record.fields == superblock_fields;
}

static const Image *earlier_image(const Subject *s, GRand *rand)
{
    return s->earlier->len > 0
               ? g_array_index(s->earlier, State, below(rand, s->earlier->len)).image
               : s->image;
}

Mutation *mutation_none(const Subject *s)
{
    Mutation *m = g_new0(Mutation, 1);

    m->image = image_copy(s->image);
    m->text = g_string_new(NULL);
    return m;
}

static void damage(const Subject *s, Mutation *m, MutationKind kind, GRand *rand)
{
    g_string_append(m->text, names[kind]);
    switch (kind) {
    case FLIP_BITS:
        flip_bits(s, m, rand);
        break;
    case ZERO_EXTENT:
    case RANDOM_EXTENT:
        overwrite_extent(s, m, rand, kind == RANDOM_EXTENT);
        break;
    case TRUNCATE:
        truncate_file(s, m, rand);
        break;
    case SWAP_EXTENTS:
        swap_extents(s, m, rand);
        break;
    case COPY_EXTENT:
        copy_extent(s, m, rand, s->image);
        break;
    case EARLIER_EXTENT:
        replace_extents(s, m, rand, earlier_image(s, rand));
        break;
    case EARLIER_ELSEWHERE:
        copy_extent(s, m, rand, earlier_image(s, rand));
        break;
    case OTHER_EXTENT:
        replace_extents(s, m, rand, s->other);
        break;
    case OTHER_ELSEWHERE:
        copy_extent(s, m, rand, s->other);
        break;
    case SET_FIELD:
        set_some_field(s, m, rand);
        break;
    case SEVERAL:
    case N_MUTATIONS:
        g_assert_not_reached();
    }
}

/*
 * Two or three kinds of damage at once. Superblocks stay whole: with one of them lost, other damage
 * may make the file what it was before, in all that a program can see.
 */
static void damage_more(const Subject *s, Mutation *m, GRand *rand)
{
    uint64_t n = 2 + below(rand, 2);

    g_string_append(m->text, names[SEVERAL]);
    while (n-- > 0) {
        MutationKind kind = (MutationKind)below(rand, SET_FIELD);
        g_autoptr(Image) before = image_copy(m->image);
        gsize length = m->text->len;

        g_string_append(m->text, ": ");
        damage(s, m, kind, rand);
        if (m->superblock) {
            image_free(m->image);
            m->image = g_steal_pointer(&before);
            m->superblock = false;
            g_string_truncate(m->text, length);
        }
    }
}

Mutation *mutate(const Subject *s, MutationKind kind, GRand *rand)
{
    Mutation *m = mutation_none(s);

    m->kind = kind;
    if (kind == SEVERAL) {
        damage_more(s, m, rand);
    } else {
        damage(s, m, kind, rand);
    }
    m->forged = m->forged || (m->foreign && !s->bound);
    m->whole = image_equal(m->image, s->image);
    return m;
}
