/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cartridge whose superblocks are both gone, and perhaps the chunk map too: what is in it is
 * found by the object entries, each of which says what it is, where it belongs, and the CRC of its
 * data. Read-only, for `media check --repair`.
 *
 * Of what only the superblocks tell nothing comes back: capacity, bar code, density, WORM,
 * attributes; nor what was erased but not written over, which is taken for what is on the tape.
 */
#include "media/cartridge.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/crc32c.h"

#include <string.h>

enum { SEARCHES_MIN = 8 }; /* for a chunk of data, before it is likely to be lost */

/* Tables of objects, found chunk by chunk; chunks have the size that this program gives them. */
typedef struct Search {
    Cartridge *c;
    uint32_t chunks;     /* of the file, from the first one that can hold a stream */
    uint32_t generation; /* 0: none was found */
    uint32_t partitions; /* the highest that was found, and one */
    bool compression;
} Search;

static uint64_t chunk_offset(uint32_t chunk)
{
    return SYSTEM_AREA + ((uint64_t)chunk << CHUNK_SHIFT);
}

/* An entry of whatever generation, partition and object. */
static bool decode_any(const uint8_t *bytes, ObjectEntry *entry)
{
    return object_entry_decode(bytes, get_le32(bytes + 8), get_le16(bytes + 6),
                               get_le64(bytes + 32), entry) &&
           get_le16(bytes + 6) < MEDIUM_PARTITIONS_MAX;
}

/* Whose table is this chunk a part of? The first whole entry tells. */
static bool find_table(Search *s, uint32_t chunk, ChunkRecord *record)
{
    g_autofree uint8_t *page = g_malloc(TABLE_PAGE * OBJECT_ENTRY);
    uint32_t i;

    if (host_file_read(s->c->file, page, TABLE_PAGE * OBJECT_ENTRY, chunk_offset(chunk)) < 0) {
        return false;
    }
    for (i = 0; i < TABLE_PAGE; i++) {
        const uint8_t *bytes = page + (size_t)i * OBJECT_ENTRY;
        ObjectEntry entry;

        if (decode_any(bytes, &entry) &&
            (entry.before.object - i) % ((1u << CHUNK_SHIFT) / OBJECT_ENTRY) == 0) {
            *record =
                (ChunkRecord){ get_le32(bytes + 8), get_le16(bytes + 6), STREAM_TABLE,
                               (uint32_t)(entry.before.object * OBJECT_ENTRY >> CHUNK_SHIFT) };
            return true;
        }
    }
    return false;
}

/* The generation of a record of the chunk map; 0: it is free or damaged. */
static uint32_t mapped_generation(Search *s, uint32_t chunk)
{
    uint8_t bytes[CHUNK_RECORD];
    ChunkRecord record;

    return host_file_read(s->c->file, bytes, sizeof bytes,
                          CHUNK_MAP + (uint64_t)chunk * CHUNK_RECORD) == 0 &&
                   chunk_record_decode(bytes, &record)
               ? record.generation
               : 0;
}

/* Which one counts: the one that was begun last. Without a map, the tables know. */
static void find_generation(Search *s)
{
    uint32_t chunk;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        s->generation = MAX(s->generation, mapped_generation(s, chunk));
    }
    for (chunk = 0; chunk < s->chunks && s->generation == 0; chunk++) {
        ChunkRecord record;

        if (find_table(s, chunk, &record)) {
            s->generation = record.generation;
        }
    }
}

/* Tables that the chunk map does not tell of. */
static void adopt_tables(Search *s)
{
    uint32_t chunk, i;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        ChunkRecord record;

        if (store_is_free(&s->c->store, chunk) && find_table(s, chunk, &record) &&
            record.generation == s->generation) {
            store_adopt(&s->c->store, &record, chunk);
        }
    }
    for (i = 0; i < MEDIUM_PARTITIONS_MAX; i++) {
        if (store_extent(&s->c->store, i, STREAM_TABLE) > 0) {
            s->partitions = i + 1;
        }
    }
}

/* Is the data of the entry, a block of the partition under the head, what its CRC says? */
static bool is_whole(Cartridge *c, const ObjectEntry *entry)
{
    g_autofree uint8_t *data = g_malloc(entry->stored);

    return store_read(&c->store, c->partition, STREAM_DATA, entry->before.bytes, data,
                      entry->stored) == 0 &&
           crc32c(0, data, entry->stored) == entry->data_crc;
}

/* How many blocks searched for a chunk in vain, by its index in the stream. */
typedef uint32_t Vain[CHUNK_RECORDS_MAX];

/*
 * A damaged block finds nothing, though its chunk is there: so others of that chunk are tried, the
 * first few all, then ever fewer, so that a chunk that is lost does not cost a search for each.
 */
static bool is_worth_a_search(uint32_t vain)
{
    return vain < SEARCHES_MIN || (vain & (vain - 1)) == 0;
}

/* The chunks of the stream that the block needs and that are not known; `*index`: the last one. */
static uint32_t missing_chunks(Cartridge *c, const ObjectEntry *entry, uint64_t *index)
{
    uint64_t i = entry->before.bytes >> CHUNK_SHIFT;
    uint64_t last = (entry->before.bytes + entry->stored - 1) >> CHUNK_SHIFT;
    uint32_t missing = 0;

    for (; i <= last; i++) {
        if (!store_has(&c->store, c->partition, STREAM_DATA, i)) {
            *index = i;
            missing++;
        }
    }
    return missing;
}

/*
 * Chunk `index` of the data is looked for among those that are nobody's: it is the one with which
 * the CRC of the block is right.
 */
static bool adopt_data(Search *s, const ObjectEntry *entry, uint32_t index)
{
    Store *store = &s->c->store;
    ChunkRecord record = { s->generation, (uint16_t)s->c->partition, STREAM_DATA, index };
    uint32_t chunk;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        if (store_is_free(store, chunk) && store_adopt(store, &record, chunk)) {
            if (is_whole(s->c, entry)) {
                return true;
            }
            store_disown(store, &record, chunk);
        }
    }
    return false;
}

/* Gives the blocks of the partition under the head their data, if all but one chunk is known. */
static void find_data(Search *s)
{
    g_autofree Vain *vain = g_malloc0(sizeof *vain);
    Cartridge *c = s->c;
    uint64_t object;

    for (object = 0; object < cartridge_end(c)->object; object++) {
        ObjectEntry entry;
        uint64_t index = 0;

        if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.stored > 0 &&
            missing_chunks(c, &entry, &index) == 1 && index < CHUNK_RECORDS_MAX &&
            !(is_worth_a_search((*vain)[index]) && adopt_data(s, &entry, (uint32_t)index))) {
            (*vain)[index]++;
        }
    }
}

/*
 * The tape is what the entries say whose epochs never fall: those of an older epoch behind are
 * remains of what was overwritten.
 */
static void find_end(Search *s)
{
    Cartridge *c = s->c;
    PartitionRecord *record = &c->superblock.partitions[c->partition];
    uint64_t room = store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY, object;

    *record = (PartitionRecord){ .capacity = G_MAXUINT64 };
    for (object = 0; object < room; object++) {
        ObjectEntry entry;

        if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.epoch >= record->epoch) {
            record->epoch = entry.epoch;
            *cartridge_end(c) = object_entry_after(&entry);
            s->compression |= entry.encoding != ENCODING_PLAIN;
        }
    }
    record->durable = *cartridge_end(c);
}

static bool nothing(const char *path, GError **error)
{
    return usbtape_input_error(error, "%s: no objects of a usbtape cartridge are in it", path);
}

static bool search(Cartridge *c, GError **error)
{
    int64_t size = c->file->ops->size(c->file);
    Search s = { .c = c };
    uint32_t i;

    if (size <= SYSTEM_AREA) {
        return nothing(c->path, error);
    }
    s.chunks = (uint32_t)MIN((((uint64_t)size - SYSTEM_AREA - 1) >> CHUNK_SHIFT) + 1,
                             (uint64_t)CHUNK_RECORDS_MAX);
    find_generation(&s);
    if (s.generation == 0) {
        return nothing(c->path, error);
    }
    if (store_open(&c->store, c->file, CHUNK_SHIFT, s.generation) < 0) {
        return usbtape_input_error(error, "%s: cannot be read", c->path);
    }
    adopt_tables(&s);
    if (s.partitions == 0) {
        return nothing(c->path, error);
    }
    c->superblock.generation = s.generation;
    c->superblock.chunk_shift = CHUNK_SHIFT;
    c->superblock.geometry.partitions = s.partitions;
    for (i = 0; i < s.partitions; i++) {
        c->partition = i;
        c->table_valid = false;
        find_end(&s);
        find_data(&s);
    }
    c->superblock.geometry.compression = s.compression;
    c->partition = 0;
    return true;
}

bool cartridge_salvage(Cartridge *c, GError **error)
{
    c->damaged = true;
    c->salvaged = true;
    c->read_only = true;
    if (!search(c, error)) {
        return false;
    }
    g_clear_error(&c->error);
    cartridge_aim_gather(c);
    return true;
}
