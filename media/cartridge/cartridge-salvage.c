/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Salvages a cartridge that lost both superblocks, and perhaps the chunk map. Each object entry
 * records its type, its place and the CRC of its data, so the search finds objects by their
 * entries. The result is read-only, for `media check --repair`.
 *
 * The data that only the superblocks hold is lost. That is capacity, bar code, density, WORM and
 * attributes. Objects that were erased but not overwritten reappear.
 */
#include "media/cartridge/cartridge.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/cartridge/superblock-epochs.h"
#include "media/crc32c.h"

#include <string.h>

enum {
    SEARCHES_MIN = 8, /* searches for a data chunk before it counts as lost */
    VOTES = 8,        /* number of agreeing whole pieces that decide */
    UNREAD_MAX = 8,   /* unreadable places that the notice names */
    /*
     * Limits of the bytes compared in the search for chunks, absolute and as a multiple of the
     * bytes that exist.
     */
    SEARCH_BYTES = 1 << 30,
    SEARCH_TIMES = 64,
};

/* Tables of objects, found chunk by chunk. */
typedef struct Search {
    Cartridge *c;
    uint32_t shift;      /* of a chunk, by default the size that this program creates */
    uint32_t chunks;     /* of the file, from the first one that can hold a stream */
    bool *holes;         /* by chunk, true if it was never written */
    Binding binding;     /* generation 0 if none was found */
    uint32_t partitions; /* highest partition found, plus one */
    bool compression;
    ChunkRecord *tables; /* by chunk, for chunks that the map lacks, with generation 0 for none */
    GString *unread;     /* list of unreadable places, or NULL */
    uint32_t unread_places;
    uint64_t bytes; /* of the chunks that are no holes */
    uint64_t left;  /* of those that may still be compared */
} Search;

static uint32_t chunk_entries(const Search *s)
{
    return (1u << s->shift) / OBJECT_ENTRY;
}

/* A page that cannot be read may be the damage itself, so the search continues. */
static bool salvage_read_place(Search *s, void *bytes, size_t length, uint64_t offset)
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

/* Holes are zeroes and need no read. A file of a few blocks may claim many terabytes. */
static void salvage_find_holes(Search *s)
{
    const Store *store = &s->c->store;
    uint64_t at = host_file_next_data(s->c->file, store_record_offset(store, 0));
    uint32_t there = 0;

    s->holes = g_new(bool, MAX(s->chunks, 1));
    memset(s->holes, true, MAX(s->chunks, 1) * sizeof *s->holes);
    while (at < store->file_size) {
        uint64_t chunk = (at - store_record_offset(store, 0)) >> s->shift;

        if (chunk >= s->chunks) {
            break;
        }
        s->holes[chunk] = false;
        there++;
        at = host_file_next_data(s->c->file, store_record_offset(store, (uint32_t)chunk + 1));
    }
    s->bytes = (uint64_t)there << s->shift;
}

/* An entry of whatever generation, partition and object. */
static bool salvage_decode_any(const uint8_t *bytes, const Binding *binding, ObjectEntry *entry)
{
    Binding any = { binding->bound, binding->id, get_le32(bytes + 8) };

    return object_entry_decode(bytes, &any, get_le16(bytes + 6), get_le64(bytes + 32), entry) &&
           get_le16(bytes + 6) < MEDIUM_PARTITIONS_MAX;
}

/* Finds the stream that a table chunk belongs to. The first whole entry decides. */
static bool salvage_find_in_page(const Search *s, const uint8_t *page, uint32_t first,
                                 ChunkRecord *record)
{
    uint32_t i;

    for (i = 0; i < TABLE_PAGE; i++) {
        const uint8_t *bytes = page + (size_t)i * OBJECT_ENTRY;
        ObjectEntry entry;

        if (salvage_decode_any(bytes, &s->binding, &entry) &&
            (entry.before.object - first - i) % chunk_entries(s) == 0) {
            *record = (ChunkRecord){ get_le32(bytes + 8), get_le16(bytes + 6), STREAM_TABLE,
                                     (uint32_t)(entry.before.object * OBJECT_ENTRY >> s->shift) };
            return true;
        }
    }
    return false;
}

static bool salvage_find_table(Search *s, uint32_t chunk, ChunkRecord *record)
{
    uint8_t page[TABLE_PAGE * OBJECT_ENTRY];
    uint32_t first;

    for (first = 0; first < chunk_entries(s) && !s->holes[chunk]; first += TABLE_PAGE) {
        uint64_t offset = store_record_offset(&s->c->store, chunk) + (uint64_t)first * OBJECT_ENTRY;

        if (salvage_read_place(s, page, sizeof page, offset) &&
            salvage_find_in_page(s, page, first, record)) {
            return true;
        }
    }
    return false;
}

/* Does the chunk map tell of this chunk? Its record may be free or damaged. */
static bool salvage_is_mapped(Search *s, uint32_t chunk, ChunkRecord *record)
{
    uint64_t offset = (uint64_t)chunk * CHUNK_RECORD;
    uint8_t bytes[CHUNK_RECORD];

    return (salvage_read_place(s, bytes, sizeof bytes, CHUNK_MAP + offset) &&
            chunk_record_decode(bytes, s->binding.id, record)) ||
           (s->binding.bound &&
            salvage_read_place(s, bytes, sizeof bytes, CHUNK_MAP_COPY + offset) &&
            chunk_record_decode(bytes, s->binding.id, record));
}

/*
 * Which one counts: the one that was begun last, of what the map tells of and, where it tells
 * nothing, of the tables, which are remembered.
 */
static void salvage_find_generation(Search *s)
{
    uint32_t chunk;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        ChunkRecord record;

        if (salvage_is_mapped(s, chunk, &record)) {
            s->binding.generation = MAX(s->binding.generation, record.generation);
        } else if (salvage_find_table(s, chunk, &record)) {
            s->binding.generation = MAX(s->binding.generation, record.generation);
            s->tables[chunk] = record;
        }
    }
}

/* Tables that the chunk map does not tell of. */
static void salvage_adopt_tables(Search *s)
{
    uint32_t chunk, i;

    for (chunk = 0; chunk < s->chunks; chunk++) {
        if (s->tables[chunk].generation == s->binding.generation &&
            store_is_free(&s->c->store, chunk)) {
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
static bool salvage_is_whole(Cartridge *c, const ObjectEntry *entry)
{
    g_autofree uint8_t *data = g_malloc(entry->stored);
    const Binding *binding = cartridge_binding(c);
    uint32_t crc = object_data_crc(binding, c->partition, entry);

    return store_read(&c->store, c->partition, STREAM_DATA, entry->before.bytes, data,
                      entry->stored) == 0 &&
           (crc32c(crc, data, entry->stored) ^ binding->id) == entry->data_crc;
}

/*
 * A damaged block finds nothing, though its chunk is there: so others of that chunk are tried, the
 * first few all, then ever fewer, so that a chunk that is lost does not cost a search for each.
 */
static bool salvage_is_worth_a_search(uint32_t vain)
{
    return vain < SEARCHES_MIN || (vain & (vain - 1)) == 0;
}

/* The chunks of the stream that the block needs and that are not known; `*index`: the last one. */
static uint32_t salvage_missing_chunks(Cartridge *c, const ObjectEntry *entry, uint64_t *index)
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
 * Searches the free chunks for chunk `index` of the data. The right chunk is the one that makes the
 * CRC of the block match.
 */
static bool salvage_adopt_data(Search *s, const ObjectEntry *entry, uint32_t index)
{
    Store *store = &s->c->store;
    ChunkRecord record = { s->binding.generation, (uint16_t)s->c->partition, STREAM_DATA, index };
    /* a chunk usually follows its predecessor in the file */
    uint32_t first = index > 0 ? store_chunk(store, s->c->partition, STREAM_DATA, index - 1) : 0, i;
    bool hole = false; /* one was tried */

    for (i = 0; i < s->chunks && s->left >= entry->stored; i++) {
        uint32_t chunk = (first + i) % s->chunks;

        if (s->holes[chunk] && hole) {
            continue;
        }
        if (store_is_free(store, chunk) && store_adopt(store, &record, chunk)) {
            hole |= s->holes[chunk]; /* the others are the same */
            s->left -= entry->stored;
            if (salvage_is_whole(s->c, entry)) {
                return true;
            }
            store_disown(store, &record, chunk);
        }
    }
    return false;
}

/*
 * Finds the missing chunk of a block of the partition under the head, if all but one chunk is
 * known. `vain` counts, by chunk index, the blocks whose search failed.
 */
static void salvage_find_data_of(Search *s, uint64_t object, uint32_t *vain)
{
    Cartridge *c = s->c;
    ObjectEntry entry;
    uint64_t index = 0;

    if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.stored > 0 &&
        salvage_missing_chunks(c, &entry, &index) == 1 && index < store_index_limit(&c->store) &&
        !(salvage_is_worth_a_search(vain[index]) &&
          salvage_adopt_data(s, &entry, (uint32_t)index))) {
        vain[index]++;
    }
}

/*
 * The forward pass finds the first chunk of a block that lies in two chunks. The backward pass uses
 * the second chunk, which later blocks may have found.
 */
static void salvage_find_data(Search *s)
{
    uint32_t limit = store_index_limit(&s->c->store);
    g_autofree uint32_t *vain = g_new0(uint32_t, limit);
    uint64_t room = store_extent(&s->c->store, s->c->partition, STREAM_TABLE) / OBJECT_ENTRY;
    uint64_t end = cartridge_end(s->c)->object, object;

    for (object = 0; object < end; object = cartridge_after_lost(s->c, object + 1)) {
        salvage_find_data_of(s, object, vain);
    }
    memset(vain, 0, limit * sizeof *vain);
    for (object = MIN(end, room); object > 0; object--) {
        salvage_find_data_of(s, object - 1, vain);
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

    superblock_forget_epochs(&c->superblock, c->partition);
    record->epoch = 0;
    record->link = 0;
    *cartridge_end(c) = (Place){ 0 };
    for (object = cartridge_next_written(c, 0); object < room;
         object = cartridge_next_written(c, object + 1)) {
        ObjectEntry entry;

        if (cartridge_entry(c, object, &entry) == ENTRY_GOOD && entry.epoch >= record->epoch) {
            record->began = entry.epoch > record->epoch ? object : record->began;
            record->epoch = entry.epoch;
            record->link = entry.crc;
            *cartridge_end(c) = object_entry_after(&entry);
            compression |= entry.encoding != ENCODING_PLAIN;
        }
    }
    record->durable = *cartridge_end(c);
    c->link[c->partition] = record->link;
    return compression;
}

static bool salvage_error_nothing(const char *path, GError **error)
{
    return usbtape_input_error(error, "%s: no objects of a usbtape cartridge are in it", path);
}

/* ── whose checksums these are ── */

/* The label that was written when the cartridge was made, if one is left. */
static bool salvage_read_label(Search *s)
{
    Superblock *to = &s->c->superblock;
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version;
    int i;

    for (i = 0; i < LABELS; i++) {
        if (salvage_read_place(s, bytes, sizeof bytes, (uint64_t)LABEL * (uint64_t)(i + 1)) &&
            superblock_decode(bytes, to, &version) == SUPERBLOCK_GOOD &&
            to->version == CARTRIDGE_VERSION_BOUND) {
            return true;
        }
    }
    *to = (Superblock){ .version = CARTRIDGE_VERSION_PLAIN };
    return false;
}

/*
 * Every whole piece yields the identity that is exclusive-ored into its checksum (0 before version
 * 4). Damaged pieces yield a different value each time. So the first value that repeats is the
 * identity.
 */
typedef struct Vote {
    GHashTable *ids; /* → how often */
    uint32_t id;
    guint most;
} Vote;

static void salvage_count_vote(Vote *vote, uint32_t id)
{
    gpointer key = GUINT_TO_POINTER(id);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(vote->ids, key)) + 1;

    g_hash_table_insert(vote->ids, key, GUINT_TO_POINTER(n));
    if (n > vote->most) {
        vote->most = n;
        vote->id = id;
    }
}

static void salvage_vote_in_map(Search *s, Vote *vote, uint64_t map)
{
    uint32_t i;

    for (i = 0; i < s->chunks && vote->most < VOTES; i++) {
        uint8_t bytes[CHUNK_RECORD];
        ChunkRecord record;

        if (salvage_read_place(s, bytes, sizeof bytes, map + (uint64_t)i * CHUNK_RECORD) &&
            get_le32(bytes + 4) != 0 && bytes[11] == 0) {
            uint32_t id = get_le32(bytes) ^ crc32c(0, bytes + 4, CHUNK_RECORD - 4);

            if (chunk_record_decode(bytes, id, &record)) {
                salvage_count_vote(vote, id);
            }
        }
    }
}

static void salvage_vote_in_page(const uint8_t *page, Vote *vote)
{
    uint32_t i;

    for (i = 0; i < TABLE_PAGE; i++) {
        const uint8_t *bytes = page + (size_t)i * OBJECT_ENTRY;
        Binding binding = { true, object_entry_crc(bytes) ^ object_entry_sum(bytes), 0 };
        ObjectEntry entry;

        if (get_le32(bytes + 8) != 0 && salvage_decode_any(bytes, &binding, &entry)) {
            salvage_count_vote(vote, binding.id);
        }
    }
}

static void salvage_vote_in_chunks(Search *s, Vote *vote)
{
    uint64_t offset = store_record_offset(&s->c->store, 0);
    uint8_t page[TABLE_PAGE * OBJECT_ENTRY];

    for (; offset < s->c->store.file_size && vote->most < VOTES; offset += sizeof page) {
        uint64_t data = host_file_next_data(s->c->file, offset);

        if (data >= s->c->store.file_size) {
            break;
        }
        offset += (data - offset) / sizeof page * sizeof page;
        if (salvage_read_place(s, page, sizeof page, offset)) {
            salvage_vote_in_page(page, vote);
        }
    }
}

static void salvage_find_binding(Search *s)
{
    Vote vote = { g_hash_table_new(NULL, NULL), 0, 0 };

    salvage_vote_in_map(s, &vote, CHUNK_MAP);
    salvage_vote_in_map(s, &vote, CHUNK_MAP_COPY);
    salvage_vote_in_chunks(s, &vote);
    s->binding = (Binding){ vote.id != 0, vote.id, 0 };
    s->c->superblock.version = vote.id != 0 ? CARTRIDGE_VERSION_BOUND : CARTRIDGE_VERSION_PLAIN;
    g_hash_table_unref(vote.ids);
}

/* ── all of it ── */

/* What the label does not tell, or tells of other partitions than there are. */
static void salvage_describe(Search *s)
{
    Superblock *to = &s->c->superblock;
    bool same = s->c->labelled && to->geometry.partitions == s->partitions;
    uint32_t i;

    to->generation = s->binding.generation;
    to->chunk_shift = s->shift;
    to->geometry.partitions = s->partitions;
    for (i = 0; i < MEDIUM_PARTITIONS_MAX; i++) {
        to->partitions[i] =
            (PartitionRecord){ .capacity = same && i < s->partitions ? to->partitions[i].capacity
                                                                     : G_MAXUINT64 };
    }
}

/* Of all generations and partitions, without a superblock. */
static bool salvage_search(Search *s, GError **error)
{
    Cartridge *c = s->c;
    uint32_t i;

    salvage_find_generation(s);
    store_close(&c->store);
    if (s->binding.generation == 0) {
        return salvage_error_nothing(c->path, error);
    }
    if (store_open(&c->store, c->file, s->shift, &s->binding, s->unread) < 0) {
        return usbtape_input_error(error, "%s: the chunk map cannot be read", c->path);
    }
    salvage_adopt_tables(s);
    if (s->partitions == 0) {
        return salvage_error_nothing(c->path, error);
    }
    salvage_describe(s);
    for (i = 0; i < s->partitions; i++) {
        c->partition = i;
        cartridge_forget_table(c);
        c->recovering = true;
        s->compression |= cartridge_find_end(c);
        c->recovering = false;
        cartridge_forget_table(c);
        salvage_find_data(s);
    }
    c->superblock.geometry.compression |= s->compression;
    c->partition = 0;
    return true;
}

bool cartridge_salvage(Cartridge *c, GString *unread, GError **error)
{
    Search s = { .c = c, .shift = CHUNK_SHIFT, .unread = unread, .left = G_MAXUINT64 };
    g_autofree ChunkRecord *tables = NULL;
    bool good;

    c->damaged = true;
    c->salvaged = true;
    c->read_only = true;
    c->labelled = salvage_read_label(&s);
    if (c->labelled) {
        s.shift = c->superblock.chunk_shift;
        s.binding = superblock_binding(&c->superblock);
        s.binding.generation = 0;
    }
    if (store_open(&c->store, c->file, s.shift, &s.binding, unread) < 0 ||
        c->store.file_size <= SYSTEM_AREA) {
        return salvage_error_nothing(c->path, error);
    }
    s.chunks = store_records(&c->store);
    if (!c->labelled) {
        salvage_find_binding(&s);
        c->store.binding = s.binding;
        s.chunks = store_records(&c->store);
    }
    tables = g_new0(ChunkRecord, MAX(s.chunks, 1));
    s.tables = tables;
    salvage_find_holes(&s);
    good = salvage_search(&s, error);
    g_free(s.holes);
    if (!good) {
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
static bool salvage_is_wanted(Cartridge *c, const ChunkRecord *chunk)
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
                 .binding = *cartridge_binding(c) };
    uint32_t i;

    salvage_find_holes(&s);
    s.left = SEARCH_BYTES + SEARCH_TIMES * s.bytes;
    for (i = 0; i < s.chunks; i++) {
        ChunkRecord found;

        if (store_is_free(&c->store, i) && salvage_find_table(&s, i, &found) &&
            salvage_is_wanted(c, &found)) {
            store_adopt(&c->store, &found, i);
        }
    }
    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        c->partition = i;
        *cartridge_end(c) = c->superblock.partitions[i].durable;
        cartridge_forget_table(c);
        if (cartridge_missing(c) > 0) {
            salvage_find_data(&s);
        }
    }
    g_free(s.holes);
}
