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

enum {
    SEARCHES_MIN = 8, /* for a chunk of data, before it is likely to be lost */
    UNREAD_MAX = 8,   /* places that cannot be read: so many are named */
    /* Bytes that are compared in search of chunks: so many, and so many times those of the file. */
    SEARCH_BYTES = 1 << 30,
    SEARCH_TIMES = 64,
};

/* Tables of objects, found chunk by chunk. */
typedef struct Search {
    Cartridge *c;
    uint32_t shift;      /* of a chunk: without superblocks, the one that this program gives */
    uint32_t chunks;     /* of the file, from the first one that can hold a stream */
    uint32_t generation; /* 0: none was found */
    uint32_t partitions; /* the highest that was found, and one */
    bool compression;
    ChunkRecord *tables; /* by chunk, where the map tells nothing; generation 0: it is none */
    GString *unread;     /* NULL: nobody asks */
    uint32_t unread_places;
    uint64_t left; /* bytes that may still be compared */
} Search;

static uint32_t chunk_entries(const Search *s)
{
    return (1u << s->shift) / OBJECT_ENTRY;
}

/* A page that cannot be read may be the damage: the search goes on. */
static bool read_place(Search *s, void *bytes, size_t length, uint64_t offset)
{
    int failure = host_file_read(s->c->file, bytes, length, offset);

    if (failure < 0 && s->unread && s->unread_places++ < UNREAD_MAX) {
        g_string_append_printf(
            s->unread, "%s%" G_GSIZE_FORMAT " bytes at %" G_GUINT64_FORMAT " (%s)",
            s->unread->len > 0 ? ", " : "", length, offset, g_strerror(-failure));
    } else if (failure < 0 && s->unread && s->unread_places == UNREAD_MAX + 1) {
        g_string_append(s->unread, " and more");
    }
    return failure == 0;
}

/* An entry of whatever generation, partition and object. */
static bool decode_any(const uint8_t *bytes, ObjectEntry *entry)
{
    return object_entry_decode(bytes, get_le32(bytes + 8), get_le16(bytes + 6),
                               get_le64(bytes + 32), entry) &&
           get_le16(bytes + 6) < MEDIUM_PARTITIONS_MAX;
}

/* Whose table is this chunk a part of? The first whole entry tells. */
static bool find_in_page(const Search *s, const uint8_t *page, uint32_t first, ChunkRecord *record)
{
    uint32_t i;

    for (i = 0; i < TABLE_PAGE; i++) {
        const uint8_t *bytes = page + (size_t)i * OBJECT_ENTRY;
        ObjectEntry entry;

        if (decode_any(bytes, &entry) &&
            (entry.before.object - first - i) % chunk_entries(s) == 0) {
            *record = (ChunkRecord){ get_le32(bytes + 8), get_le16(bytes + 6), STREAM_TABLE,
                                     (uint32_t)(entry.before.object * OBJECT_ENTRY >> s->shift) };
            return true;
        }
    }
    return false;
}

static bool find_table(Search *s, uint32_t chunk, ChunkRecord *record)
{
    uint8_t page[TABLE_PAGE * OBJECT_ENTRY];
    uint32_t first;

    for (first = 0; first < chunk_entries(s); first += TABLE_PAGE) {
        uint64_t offset = store_record_offset(&s->c->store, chunk) + (uint64_t)first * OBJECT_ENTRY;

        if (read_place(s, page, sizeof page, offset) && find_in_page(s, page, first, record)) {
            return true;
        }
    }
    return false;
}

/* Does the chunk map tell of this chunk? Its record may be free or damaged. */
static bool is_mapped(Search *s, uint32_t chunk, ChunkRecord *record)
{
    uint8_t bytes[CHUNK_RECORD];

    return read_place(s, bytes, sizeof bytes, CHUNK_MAP + (uint64_t)chunk * CHUNK_RECORD) &&
           chunk_record_decode(bytes, record);
}

/*
 * Which one counts: the one that was begun last, of what the map tells of and, where it tells
 * nothing, of the tables, which are remembered.
 */
static void find_generation(Search *s)
{
    uint32_t chunk;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        ChunkRecord record;

        if (is_mapped(s, chunk, &record)) {
            s->generation = MAX(s->generation, record.generation);
        } else if (find_table(s, chunk, &record)) {
            s->generation = MAX(s->generation, record.generation);
            s->tables[chunk] = record;
        }
    }
}

/* Tables that the chunk map does not tell of. */
static void adopt_tables(Search *s)
{
    uint32_t chunk, i;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        if (s->tables[chunk].generation == s->generation && store_is_free(&s->c->store, chunk)) {
            store_adopt(&s->c->store, &s->tables[chunk], chunk);
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
    uint64_t i = entry->before.bytes >> c->store.chunk_shift;
    uint64_t last = (entry->before.bytes + entry->stored - 1) >> c->store.chunk_shift;
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
    /* behind the one before it, as a rule */
    uint32_t first = index > 0 ? store_chunk(store, s->c->partition, STREAM_DATA, index - 1) : 0, i;

    for (i = 0; i < s->chunks && s->left >= entry->stored; i++) {
        uint32_t chunk = (first + i) % s->chunks;

        if (store_is_free(store, chunk) && store_adopt(store, &record, chunk)) {
            s->left -= entry->stored;
            if (is_whole(s->c, entry)) {
                return true;
            }
            store_disown(store, &record, chunk);
        }
    }
    return false;
}

/* Gives a block of the partition under the head its data, if all but one chunk is known. */
static void find_data_of(Search *s, uint64_t object, uint32_t *vain)
{
    Cartridge *c = s->c;
    ObjectEntry entry;
    uint64_t index = 0;

    if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.stored > 0 &&
        missing_chunks(c, &entry, &index) == 1 && index < CHUNK_RECORDS_MAX &&
        !(is_worth_a_search(vain[index]) && adopt_data(s, &entry, (uint32_t)index))) {
        vain[index]++;
    }
}

/*
 * From block to block, so that of one which lies in two chunks the first is known by then; and back
 * again, for where it was not, the blocks beyond may have told of the second.
 */
static void find_data(Search *s)
{
    g_autofree Vain *vain = g_malloc0(sizeof *vain);
    uint64_t room = store_extent(&s->c->store, s->c->partition, STREAM_TABLE) / OBJECT_ENTRY;
    uint64_t end = cartridge_end(s->c)->object, object;

    for (object = 0; object < end; object = cartridge_after_lost(s->c, object + 1)) {
        find_data_of(s, object, *vain);
    }
    memset(vain, 0, sizeof *vain);
    for (object = MIN(end, room); object > 0; object--) {
        find_data_of(s, object - 1, *vain);
    }
}

/*
 * The tape is what the entries say whose epochs never fall: those of an older epoch behind are
 * remains of what was overwritten.
 */
bool cartridge_find_end(Cartridge *c)
{
    PartitionRecord *record = &c->superblock.partitions[c->partition];
    uint64_t room = store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY, object;
    bool compression = false;

    record->epoch = 0;
    *cartridge_end(c) = (Place){ 0 };
    for (object = 0; object < room; object++) {
        ObjectEntry entry;

        if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.epoch >= record->epoch) {
            record->epoch = entry.epoch;
            *cartridge_end(c) = object_entry_after(&entry);
            compression |= entry.encoding != ENCODING_PLAIN;
        }
    }
    record->durable = *cartridge_end(c);
    return compression;
}

static bool nothing(const char *path, GError **error)
{
    return usbtape_input_error(error, "%s: no objects of a usbtape cartridge are in it", path);
}

/* Of all generations and partitions, without a superblock. */
static bool search(Search *s, GError **error)
{
    Cartridge *c = s->c;
    uint32_t i;

    find_generation(s);
    store_close(&c->store);
    if (s->generation == 0) {
        return nothing(c->path, error);
    }
    if (store_open(&c->store, c->file, CHUNK_SHIFT, s->generation) < 0) {
        return usbtape_input_error(error, "%s: the chunk map cannot be read", c->path);
    }
    adopt_tables(s);
    if (s->partitions == 0) {
        return nothing(c->path, error);
    }
    c->superblock.generation = s->generation;
    c->superblock.chunk_shift = CHUNK_SHIFT;
    c->superblock.geometry.partitions = s->partitions;
    for (i = 0; i < s->partitions; i++) {
        c->partition = i;
        cartridge_forget_table(c);
        c->recovering = true;
        c->superblock.partitions[i] = (PartitionRecord){ .capacity = G_MAXUINT64 };
        s->compression |= cartridge_find_end(c);
        c->recovering = false;
        cartridge_forget_table(c);
        find_data(s);
    }
    c->superblock.geometry.compression = s->compression;
    c->partition = 0;
    return true;
}

bool cartridge_salvage(Cartridge *c, GString *unread, GError **error)
{
    Search s = { .c = c, .shift = CHUNK_SHIFT, .unread = unread, .left = G_MAXUINT64 };
    g_autofree ChunkRecord *tables = NULL;

    c->damaged = true;
    c->salvaged = true;
    c->read_only = true;
    if (store_open(&c->store, c->file, CHUNK_SHIFT, 0) < 0 || c->store.file_size <= SYSTEM_AREA) {
        return nothing(c->path, error);
    }
    s.chunks = store_records(&c->store);
    tables = g_new0(ChunkRecord, MAX(s.chunks, 1));
    s.tables = tables;
    if (!search(&s, error)) {
        return false;
    }
    g_clear_error(&c->error);
    cartridge_aim_gather(c);
    return true;
}

uint64_t cartridge_missing(Cartridge *c)
{
    const Place *durable = &c->superblock.partitions[c->partition].durable;

    return store_missing(&c->store, c->partition, STREAM_TABLE, durable->object * OBJECT_ENTRY) +
           store_missing(&c->store, c->partition, STREAM_DATA, durable->bytes);
}

/* Is it a chunk of a table, one that is needed? */
static bool is_wanted(Cartridge *c, const ChunkRecord *chunk)
{
    const Superblock *s = &c->superblock;

    return chunk->generation == s->generation && chunk->partition < s->geometry.partitions &&
           (uint64_t)chunk->index << c->store.chunk_shift <
               s->partitions[chunk->partition].durable.object * OBJECT_ENTRY;
}

void cartridge_find_chunks(Cartridge *c)
{
    Search s = { .c = c,
                 .shift = c->store.chunk_shift,
                 .chunks = store_records(&c->store),
                 .generation = c->superblock.generation };
    uint32_t i;

    s.left = SEARCH_BYTES + SEARCH_TIMES * c->store.file_size;
    for (i = 0; i < s.chunks; i++) {
        ChunkRecord found;

        if (store_is_free(&c->store, i) && find_table(&s, i, &found) && is_wanted(c, &found)) {
            store_adopt(&c->store, &found, i);
        }
    }
    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        c->partition = i;
        *cartridge_end(c) = c->superblock.partitions[i].durable;
        cartridge_forget_table(c);
        if (cartridge_missing(c) > 0) {
            find_data(&s);
        }
    }
}
