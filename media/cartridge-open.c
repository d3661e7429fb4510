/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge.h"

#include "emu/base/error.h"
#include "media/crc32c.h"
#include "media/geometry.h"

#include <string.h>

/* ── making ── */

static bool create_failed(const char *path, int error, GError **to)
{
    g_set_error(to, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot write: %s", path,
                g_strerror(-error));
    return false;
}

bool cartridge_create(HostFile *file, const char *path, const MediumGeometry *geometry,
                      uint32_t chunk_shift, GError **error)
{
    g_autofree Superblock *s = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX] = { 0 };
    int slot, failure;
    uint32_t i;

    if (!geometry_check(geometry, error)) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    s->generation = 1;
    s->chunk_shift = chunk_shift;
    s->geometry = *geometry;
    for (i = 0; i < geometry->partitions; i++) {
        s->partitions[i].capacity = geometry_share(geometry, i);
        s->partitions[i].epoch = 1;
    }
    /* all of both slots, so that a full disk can never be in the way of a superblock */
    for (slot = 0; slot < SUPERBLOCK_SLOTS; slot++) {
        s->sequence++;
        superblock_encode(s, bytes);
        failure = host_file_write(file, bytes, sizeof bytes, (uint64_t)slot * SUPERBLOCK_SLOT_SIZE);
        if (failure < 0) {
            return create_failed(path, failure, error);
        }
    }
    failure = file->ops->truncate(file, SYSTEM_AREA);
    if (failure == 0) {
        failure = file->ops->sync(file);
    }
    return failure == 0 || create_failed(path, failure, error);
}

/* ── opening ── */

static bool input_error(GError **error, const char *path, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, what);
    return false;
}

typedef struct Slots {
    Superblock superblocks[SUPERBLOCK_SLOTS];
    SuperblockState states[SUPERBLOCK_SLOTS];
    uint32_t versions[SUPERBLOCK_SLOTS];
    bool whole[SUPERBLOCK_SLOTS];
    int best; /* the one that counts, if it is good */
} Slots;

static int read_slots(HostFile *file, Slots *slots)
{
    uint8_t bytes[SUPERBLOCK_MAX];
    int i;

    for (i = 0; i < SUPERBLOCK_SLOTS; i++) {
        int failure = host_file_read(file, bytes, sizeof bytes, (uint64_t)i * SUPERBLOCK_SLOT_SIZE);

        if (failure < 0) {
            return failure;
        }
        slots->states[i] = superblock_decode(bytes, &slots->superblocks[i], &slots->versions[i]);
        slots->whole[i] = superblock_is_whole(bytes);
    }
    slots->best = slots->states[1] == SUPERBLOCK_GOOD &&
                  (slots->states[0] != SUPERBLOCK_GOOD ||
                   slots->superblocks[1].sequence > slots->superblocks[0].sequence);
    return 0;
}

bool cartridge_unchanged(Cartridge *c)
{
    g_autofree Slots *slots = g_new0(Slots, 1);
    const Superblock *now;
    uint32_t i;

    if (read_slots(c->file, slots) < 0 || slots->states[slots->best] != SUPERBLOCK_GOOD) {
        return false;
    }
    now = &slots->superblocks[slots->best];
    if (now->generation != c->superblock.generation) {
        return false;
    }
    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        if (now->partitions[i].epoch != c->superblock.partitions[i].epoch) {
            return false;
        }
    }
    return true;
}

/* Reads both slots; the better one becomes ours, the other stays in `*other` if it is good. */
static bool load_superblock(Cartridge *c, Superblock *other, GError **error)
{
    g_autofree Slots *slots = g_new0(Slots, 1);
    int failure = read_slots(c->file, slots), i;

    if (failure < 0) {
        return input_error(error, c->path, g_strerror(-failure));
    }
    for (i = 0; i < SUPERBLOCK_SLOTS; i++) {
        /* damage may look like another version; beside a good one only a whole one is */
        if (slots->states[i] == SUPERBLOCK_OTHER_VERSION &&
            (slots->whole[i] || slots->states[slots->best] != SUPERBLOCK_GOOD)) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "%s: a cartridge of version %u; this program knows versions 1 to %u",
                        c->path, slots->versions[i], (unsigned)CARTRIDGE_VERSION_CLEANING);
            return false;
        }
    }
    if (slots->states[slots->best] != SUPERBLOCK_GOOD) {
        return input_error(error, c->path,
                           slots->states[0] == SUPERBLOCK_FOREIGN &&
                                   slots->states[1] == SUPERBLOCK_FOREIGN
                               ? "not a usbtape cartridge"
                               : "both superblocks of the cartridge are damaged");
    }
    c->superblock = slots->superblocks[slots->best];
    c->slot = slots->best;
    if (slots->states[1 - slots->best] == SUPERBLOCK_GOOD) {
        *other = slots->superblocks[1 - slots->best];
    }
    return true;
}

static bool unpack_attributes(Cartridge *c, const Superblock *s)
{
    g_autofree uint8_t *bytes = NULL;

    if (s->attribute_area == 0 || s->attribute_length == 0) {
        return true;
    }
    bytes = g_malloc(s->attribute_length);
    return host_file_read(c->file, bytes, s->attribute_length,
                          ATTRIBUTE_AREA +
                              (uint64_t)(s->attribute_area - 1) * ATTRIBUTE_AREA_SIZE) == 0 &&
           crc32c(0, bytes, s->attribute_length) == s->attribute_crc &&
           attribute_set_unpack(c->attributes, bytes, s->attribute_length);
}

/* ── recovering ── */

/* Does this entry, whose CRC is right, follow `place` as one written in this epoch would? */
static bool follows(const ObjectEntry *entry, const Place *place, uint32_t epoch)
{
    return entry->epoch == epoch && memcmp(&entry->before, place, sizeof *place) == 0;
}

static bool data_is_whole(Cartridge *c, const ObjectEntry *entry, uint8_t *scratch)
{
    uint32_t left = entry->stored, crc = 0;
    uint64_t offset = entry->before.bytes;

    while (left > 0) {
        uint32_t part = MIN(left, WINDOW_SIZE);

        if (store_read(&c->store, c->partition, STREAM_DATA, offset, scratch, part) < 0) {
            return false;
        }
        crc = crc32c(crc, scratch, part);
        offset += part;
        left -= part;
    }
    return entry->stored == 0 || crc == entry->data_crc;
}

/* Objects of this epoch in the first pages beyond the recovered end: what the end cut off. */
static uint64_t count_dropped(Cartridge *c, uint64_t from, uint64_t limit)
{
    uint32_t epoch = c->superblock.partitions[c->partition].epoch;
    uint64_t i, dropped = 0;
    ObjectEntry entry;

    for (i = from; i < MIN(limit, from + ENTRIES_MAX * 4); i++) {
        if (cartridge_entry(c, i, &entry) == ENTRY_GOOD && entry.epoch == epoch) {
            dropped = i - from + 1;
        }
    }
    return dropped;
}

/*
 * Finds EOD of the partition under the head: from the durable place on, as long as each entry and
 * its data are whole. Returns how many objects were seen beyond it.
 */
static uint64_t recover_partition(Cartridge *c)
{
    PartitionRecord *record = &c->superblock.partitions[c->partition];
    uint64_t room = store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY;
    Place *end = cartridge_end(c);
    ObjectEntry entry;

    *end = record->durable;
    if (end->object > room) {
        /* the table itself is cut short: what its last entry says is the end */
        uint64_t lost = end->object - room;

        c->damaged = true;
        *end = (Place){ .object = room, .bytes = MIN(end->bytes, room * MEDIUM_BLOCK_MAX) };
        if (room > 0 && cartridge_entry(c, room - 1, &entry) == ENTRY_GOOD) {
            *end = object_entry_after(&entry);
        }
        return lost;
    }
    while (end->object < room && cartridge_entry(c, end->object, &entry) == ENTRY_GOOD &&
           follows(&entry, end, record->epoch) && data_is_whole(c, &entry, c->window)) {
        *end = object_entry_after(&entry);
    }
    return count_dropped(c, end->object, room);
}

static void recover(Cartridge *c, GString *notice)
{
    uint32_t i;

    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        uint64_t dropped;

        c->partition = i;
        c->table_valid = false;
        dropped = recover_partition(c);
        if (dropped > 0) {
            g_string_append_printf(notice,
                                   "%spartition %u ends after %" G_GUINT64_FORMAT
                                   " objects; %" G_GUINT64_FORMAT
                                   " more that were never synced are not whole and were dropped",
                                   notice->len > 0 ? "; " : "", i, c->end[i].object, dropped);
        }
    }
    c->partition = 0;
    g_clear_error(&c->error);
}

static void make_room(Cartridge *c)
{
    c->attributes = attribute_set_new();
    c->gather.data = g_malloc(GATHER_SIZE);
    c->gather.entries = g_malloc(ENTRIES_MAX * OBJECT_ENTRY);
    c->table_page = g_malloc(TABLE_PAGE * OBJECT_ENTRY);
    c->window = g_malloc(WINDOW_SIZE);
}

/*
 * Those of the other superblock, if there are any. They are the ones that count then: the area that
 * is written to next must not be theirs.
 */
static void fall_back_on_attributes(Cartridge *c, const Superblock *other, GString *notice)
{
    Superblock *s = &c->superblock;
    bool older = other->attribute_area != 0 && unpack_attributes(c, other);

    c->damaged = true;
    attribute_set_drop_partitions(c->attributes, s->geometry.partitions);
    g_string_append(notice, older ? "the attributes are damaged: those before them are used"
                                  : "the attributes are damaged and were dropped");
    s->attribute_area = older ? other->attribute_area : 0;
    s->attribute_length = older ? other->attribute_length : 0;
    s->attribute_crc = older ? other->attribute_crc : 0;
}

static bool load(Cartridge *c, bool read_only, GString *notice, GError **error)
{
    g_autofree Superblock *other = g_new0(Superblock, 1);
    int failure;

    if (!load_superblock(c, other, error)) {
        return false;
    }
    if (!unpack_attributes(c, &c->superblock)) {
        fall_back_on_attributes(c, other, notice);
    }
    failure = store_open(&c->store, c->file, c->superblock.chunk_shift, c->superblock.generation);
    if (failure == 0) {
        recover(c, notice);
        /* from here on, what is found in the file is on the disk too */
        failure = read_only ? 0 : c->file->ops->sync(c->file);
    }
    if (failure < 0) {
        return input_error(error, c->path, g_strerror(-failure));
    }
    c->durable_slot = c->slot;
    cartridge_aim_gather(c);
    return true;
}

static Cartridge *new_cartridge(HostFile *file, const char *path, Executor *executor)
{
    Cartridge *c = g_new0(Cartridge, 1);

    c->base.ops = &cartridge_ops;
    c->file = file;
    c->path = g_strdup(path);
    c->executor = executor;
    c->checkpoint.interval = CHECKPOINT_BYTES;
    c->gather.limit = ENTRIES_DATA;
    c->read_only = true; /* until it is known to be good: freeing writes nothing */
    make_room(c);
    return c;
}

/* The file stays the caller's. */
static TapeMedium *give_up(Cartridge *c)
{
    c->file = NULL;
    medium_free(&c->base);
    return NULL;
}

TapeMedium *cartridge_open_salvaged(HostFile *file, const char *path, char **notice, GError **error)
{
    Cartridge *c = new_cartridge(file, path, executor_inline());
    g_autofree Slots *slots = g_new0(Slots, 1);
    int failure = read_slots(file, slots), i;

    for (i = 0; i < SUPERBLOCK_SLOTS && failure == 0; i++) {
        if (slots->whole[i] && slots->states[i] != SUPERBLOCK_FOREIGN) {
            usbtape_input_error(error, "%s: it has a superblock", path); /* of another version */
            return give_up(c);
        }
    }
    if (!cartridge_salvage(c, error)) {
        return give_up(c);
    }
    *notice = g_strdup_printf("%s: both superblocks are gone: what follows was found by its "
                              "objects; capacity, density, bar code, WORM and attributes are lost",
                              path);
    return &c->base;
}

TapeMedium *cartridge_open(HostFile *file, const char *path, bool read_only, Executor *executor,
                           char **notice, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Cartridge *c = new_cartridge(file, path, executor);

    if (!load(c, read_only, text, error)) {
        return give_up(c);
    }
    c->read_only = read_only;
    if (notice) {
        *notice = text->len > 0 ? g_strdup_printf("%s: %s", path, text->str) : NULL;
    }
    return &c->base;
}

/* ── the row in formats.c ── */

static int probe(HostFile *file, uint64_t size, bool named)
{
    uint8_t magic[8];
    uint64_t slot;

    /* one torn superblock is no reason not to know our own */
    for (slot = 0; slot <= SUPERBLOCK_SLOT_SIZE && slot < size; slot += SUPERBLOCK_SLOT_SIZE) {
        if (host_file_read(file, magic, sizeof magic, slot) == 0 &&
            memcmp(magic, CARTRIDGE_MAGIC, sizeof magic) == 0) {
            return 100;
        }
    }
    return 0;
}

static TapeMedium *format_open(int fd, const char *path, bool read_only, Executor *executor,
                               char **notice, GError **error)
{
    HostFile *file = host_file_new(fd);
    TapeMedium *m = cartridge_open(file, path, read_only, executor, notice, error);

    if (!m) {
        host_file_release(file);
    }
    return m;
}

static TapeMedium *format_salvage(int fd, const char *path, char **notice, GError **error)
{
    HostFile *file = host_file_new(fd);
    TapeMedium *m = cartridge_open_salvaged(file, path, notice, error);

    if (!m) {
        host_file_release(file);
    }
    return m;
}

static bool format_create(int fd, const char *path, const MediumGeometry *geometry, GError **error)
{
    HostFile *file = host_file_new(fd);
    bool made = cartridge_create(file, path, geometry, CHUNK_SHIFT, error);

    host_file_release(file);
    return made;
}

const MediumFormat cartridge_format = {
    .name = "usbtape",
    .suffixes = ".tape",
    .about = "the native cartridge: partitions, attributes, checksums, survives a power cut",
    .holds_geometry = true,
    .probe = probe,
    .open = format_open,
    .salvage = format_salvage,
    .create = format_create,
};
