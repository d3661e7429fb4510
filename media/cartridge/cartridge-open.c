/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge.h"

#include "emu/base/error.h"
#include "media/crc32c.h"
#include "media/geometry.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* ── making ── */

static bool create_failed(const char *path, int error, GError **to)
{
    g_set_error(to, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot write: %s", path,
                g_strerror(-error));
    return false;
}

static int write_superblock(HostFile *file, const Superblock *s, uint64_t offset)
{
    uint8_t bytes[SUPERBLOCK_MAX] = { 0 };

    superblock_encode(s, bytes);
    return host_file_write(file, bytes, sizeof bytes, offset);
}

/* Writes both slots in full, so that a full disk never prevents a superblock. */
static int write_system_area(HostFile *file, Superblock *s)
{
    int failure = 0, i;

    for (i = 0; i < LABELS && failure == 0 && s->version == CARTRIDGE_VERSION_BOUND; i++) {
        failure = write_superblock(file, s, (uint64_t)LABEL * (uint64_t)(i + 1));
    }
    for (i = 0; i < SUPERBLOCK_SLOTS && failure == 0; i++) {
        s->sequence++;
        failure = write_superblock(file, s, (uint64_t)i * SUPERBLOCK_SLOT_SIZE);
    }
    if (failure == 0) {
        failure = file->ops->truncate(file, SYSTEM_AREA);
    }
    return failure == 0 ? file->ops->sync(file) : failure;
}

/* The id must not be 0, which is the id of older versions. */
static bool make_identity(uint8_t *identity)
{
    do {
        if (getrandom(identity, IDENTITY, 0) != IDENTITY) {
            return false;
        }
    } while (cartridge_identity_id(identity) == 0);
    return true;
}

static bool create(HostFile *file, const char *path, const MediumGeometry *geometry,
                   uint32_t version, uint32_t chunk_shift, GError **error)
{
    g_autofree Superblock *s = g_new0(Superblock, 1);
    int failure;
    uint32_t i;

    if (!geometry_check(geometry, error)) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    s->version = geometry->cleanings ? CARTRIDGE_VERSION_CLEANING : version;
    if (s->version == CARTRIDGE_VERSION_BOUND && !make_identity(s->identity)) {
        return create_failed(path, -errno, error);
    }
    s->generation = 1;
    s->chunk_shift = chunk_shift;
    s->geometry = *geometry;
    for (i = 0; i < geometry->partitions; i++) {
        s->partitions[i].capacity = geometry_share(geometry, i);
        s->partitions[i].epoch = 1;
    }
    failure = write_system_area(file, s);
    return failure == 0 || create_failed(path, failure, error);
}

bool cartridge_create(HostFile *file, const char *path, const MediumGeometry *geometry,
                      uint32_t chunk_shift, GError **error)
{
    return create(file, path, geometry, CARTRIDGE_VERSION_BOUND, chunk_shift, error);
}

bool cartridge_create_plain(HostFile *file, const char *path, const MediumGeometry *geometry,
                            uint32_t chunk_shift, GError **error)
{
    return create(file, path, geometry, CARTRIDGE_VERSION_PLAIN, chunk_shift, error);
}

/* ── opening ── */

static bool input_error(GError **error, const char *path, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, what);
    return false;
}

static bool cannot_open(Cartridge *c, int failure, GError **error)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot read: %s", c->path,
                g_strerror(-failure));
    return false;
}

typedef struct Slots {
    Superblock superblocks[SUPERBLOCK_SLOTS];
    SuperblockState states[SUPERBLOCK_SLOTS];
    uint32_t versions[SUPERBLOCK_SLOTS];
    bool whole[SUPERBLOCK_SLOTS];
    int best; /* the one that counts, if it is good */
} Slots;

static int open_read_slots(HostFile *file, Slots *slots)
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

    if (open_read_slots(c->file, slots) < 0 || slots->states[slots->best] != SUPERBLOCK_GOOD) {
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

/* Reads both slots. The better one is used, and the other one goes to `*other` if it is good. */
static bool open_load_superblock(Cartridge *c, Superblock *other, GError **error)
{
    g_autofree Slots *slots = g_new0(Slots, 1);
    int failure = open_read_slots(c->file, slots), i;

    if (failure < 0) {
        return cannot_open(c, failure, error);
    }
    for (i = 0; i < SUPERBLOCK_SLOTS; i++) {
        /*
         * damage may look like another version, so beside a good superblock only a whole one counts
         */
        if (slots->states[i] == SUPERBLOCK_OTHER_VERSION &&
            (slots->whole[i] || slots->states[slots->best] != SUPERBLOCK_GOOD)) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "%s: a cartridge of version %u; this program knows versions 1 to %u",
                        c->path, slots->versions[i], (unsigned)CARTRIDGE_VERSION_BOUND);
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
    c->alone = slots->states[1 - slots->best] != SUPERBLOCK_GOOD;
    if (!c->alone) {
        *other = slots->superblocks[1 - slots->best];
    }
    return true;
}

/* 1 if good, 0 if damaged, or a negative errno. */
static int open_unpack_attributes(Cartridge *c, const Superblock *s)
{
    g_autofree uint8_t *bytes = NULL;
    int failure;

    if (s->attribute_area == 0 || s->attribute_length == 0) {
        return 1;
    }
    bytes = g_malloc(s->attribute_length);
    failure =
        host_file_read(c->file, bytes, s->attribute_length,
                       ATTRIBUTE_AREA + (uint64_t)(s->attribute_area - 1) * ATTRIBUTE_AREA_SIZE);
    if (failure < 0) {
        return failure;
    }
    return crc32c(0, bytes, s->attribute_length) == s->attribute_crc &&
           attribute_set_unpack(c->attributes, bytes, s->attribute_length);
}

/* ── recovering ── */

/* True if this entry, whose CRC is right, can follow the known entries in this epoch. */
static bool follows(Cartridge *c, const ObjectEntry *entry)
{
    return entry->epoch == c->superblock.partitions[c->partition].epoch &&
           memcmp(&entry->before, cartridge_end(c), sizeof entry->before) == 0 &&
           (!cartridge_binding(c)->bound || entry->link == c->link[c->partition]);
}

/* 1 if whole, 0 if not, or a negative errno. */
static int open_data_is_whole(Cartridge *c, const ObjectEntry *entry, uint8_t *scratch)
{
    uint32_t left = entry->stored;
    uint32_t crc = object_data_crc(cartridge_binding(c), c->partition, entry);
    uint64_t offset = entry->before.bytes;

    while (left > 0) {
        uint32_t part = MIN(left, WINDOW_SIZE);
        int failure;

        if (store_hole_end(&c->store, c->partition, STREAM_DATA, offset) != offset) {
            return 0; /* nothing was ever written there */
        }
        failure = store_read(&c->store, c->partition, STREAM_DATA, offset, scratch, part);
        if (failure < 0) {
            cartridge_host_error(c, failure, "cannot read");
            return failure;
        }
        crc = crc32c(crc, scratch, part);
        offset += part;
        left -= part;
    }
    return entry->stored == 0 || (crc ^ cartridge_binding(c)->id) == entry->data_crc;
}

/* Objects of this epoch in the first pages beyond the recovered end: what the end cut off. */
static bool open_count_dropped(Cartridge *c, uint64_t from, uint64_t limit, uint64_t *dropped)
{
    uint32_t epoch = c->superblock.partitions[c->partition].epoch;
    ObjectEntry entry;
    uint64_t i;

    *dropped = 0;
    limit = MIN(limit, from + ENTRIES_MAX * 4);
    for (i = cartridge_next_written(c, from); i < limit; i = cartridge_next_written(c, i + 1)) {
        EntryState state = cartridge_entry(c, i, &entry);

        if (state == ENTRY_HOST_ERROR) {
            return false;
        }
        if (state == ENTRY_GOOD && entry.epoch == epoch) {
            *dropped = i - from + 1;
        }
    }
    return true;
}

/* The findings about a partition. Functions that fill it return false on a host error, see
 * `c->error`. */
typedef struct Found {
    uint64_t dropped; /* objects that were seen beyond its end */
    uint64_t missing; /* chunks of what is durable */
    bool torn;        /* the last durable object is not what the superblock says */
} Found;

/*
 * Finds EOD of the partition under the head. The search starts at the durable place and ends before
 * the first entry that is not whole, or has data that is not whole.
 */
static bool open_find_end(Cartridge *c, Found *found)
{
    PartitionRecord *record = &c->superblock.partitions[c->partition];
    uint64_t room = store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY;
    Place *end = cartridge_end(c);

    *end = record->durable;
    c->link[c->partition] = record->link;
    while (end->object < room) {
        ObjectEntry entry;
        EntryState state = cartridge_entry(c, end->object, &entry);
        int whole = 0;

        if (state == ENTRY_GOOD && follows(c, &entry)) {
            whole = open_data_is_whole(c, &entry, c->window);
        }
        if (state == ENTRY_HOST_ERROR || whole < 0) {
            return false;
        }
        if (!whole) {
            break;
        }
        *end = object_entry_after(&entry);
        c->link[c->partition] = entry.crc;
    }
    return open_count_dropped(c, MIN(end->object, room), room, &found->dropped);
}

/*
 * True if the table has an epoch that the superblock does not know. A superblock that begins an
 * epoch is durable before any entry of that epoch. So a newer superblock existed and is lost.
 */
static bool open_find_newer(Cartridge *c, bool *newer)
{
    uint64_t room = store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY, object;
    uint32_t epoch = c->superblock.partitions[c->partition].epoch;

    for (object = cartridge_next_written(c, 0); object < room;
         object = cartridge_next_written(c, object + 1)) {
        ObjectEntry entry;
        EntryState state = cartridge_entry(c, object, &entry);

        if (state == ENTRY_HOST_ERROR) {
            return false;
        }
        if (state == ENTRY_GOOD && entry.epoch > epoch) {
            *newer = true;
            return true;
        }
    }
    return true;
}

/*
 * True if the last durable object ends at the durable place and is the one that the superblock
 * names.
 */
static bool open_check_last(Cartridge *c, Found *found)
{
    const PartitionRecord *record = &c->superblock.partitions[c->partition];
    const Place *durable = &record->durable;
    ObjectEntry entry;
    Place after;

    if (durable->object == 0) {
        return true;
    }
    switch (cartridge_entry(c, durable->object - 1, &entry)) {
    case ENTRY_HOST_ERROR:
        return false;
    case ENTRY_DAMAGED:
        found->torn = true;
        return true;
    case ENTRY_GOOD:
    default:
        after = object_entry_after(&entry);
        found->torn |= memcmp(&after, durable, sizeof after) != 0 ||
                       (cartridge_binding(c)->bound && entry.crc != record->link);
        return true;
    }
}

/* The partition under the head. */
static bool open_recover_partition(Cartridge *c, Found *found)
{
    bool newer = false;

    cartridge_forget_table(c);
    c->recovering = true;
    if (!open_find_end(c, found) || (c->alone && !open_find_newer(c, &newer))) {
        return false;
    }
    if (newer) {
        found->torn = true;
        cartridge_find_end(c);
    }
    c->recovering = false;
    cartridge_forget_table(c);
    return open_check_last(c, found);
}

static void notice_add(GString *notice, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void notice_add(GString *notice, const char *format, ...)
{
    va_list arguments;

    g_string_append(notice, notice->len > 0 ? "; " : "");
    va_start(arguments, format);
    g_string_append_vprintf(notice, format, arguments);
    va_end(arguments);
}

static void notice_add_found(Cartridge *c, const Found *found, GString *notice)
{
    uint64_t lost = cartridge_missing(c);

    if (found->missing > 0) {
        notice_add(notice,
                   "partition %u: %" G_GUINT64_FORMAT
                   " chunks are missing from the chunk map, %" G_GUINT64_FORMAT
                   " of these were found by their contents",
                   c->partition, found->missing, found->missing - MIN(lost, found->missing));
    }
    if (found->torn) {
        notice_add(notice,
                   "partition %u: its last objects are not those that its superblock tells of",
                   c->partition);
    }
    if (found->dropped > 0) {
        notice_add(notice,
                   "partition %u ends after %" G_GUINT64_FORMAT " objects; %" G_GUINT64_FORMAT
                   " more that were never synced are not whole and were dropped",
                   c->partition, cartridge_end(c)->object, found->dropped);
    }
}

static void open_find_missing(Cartridge *c, Found *found)
{
    uint64_t missing = 0;
    uint32_t i;

    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        c->partition = i;
        found[i].missing = cartridge_missing(c);
        missing += found[i].missing;
    }
    if (missing > 0) {
        cartridge_find_chunks(c);
    }
}

static bool open_recover(Cartridge *c, GString *notice, GError **error)
{
    g_autofree Found *found = g_new0(Found, MEDIUM_PARTITIONS_MAX);
    uint32_t i;

    open_find_missing(c, found);
    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        c->partition = i;
        if (!open_recover_partition(c, &found[i])) {
            g_propagate_error(error, g_steal_pointer(&c->error));
            return false;
        }
        c->lost |= found[i].missing > 0 || found[i].torn;
        c->dropped |= found[i].dropped > 0;
        notice_add_found(c, &found[i], notice);
    }
    c->partition = 0;
    cartridge_forget_table(c);
    g_clear_error(&c->error);
    return true;
}

static void open_make_room(Cartridge *c)
{
    c->attributes = attribute_set_new();
    c->table = g_new0(TablePage, 1);
    c->window = g_malloc(WINDOW_SIZE);
}

/*
 * Uses the attributes of the other superblock, if it has any. They then count as current, so the
 * next write must go to another area.
 */
static int open_use_other_attributes(Cartridge *c, const Superblock *other, GString *notice)
{
    Superblock *s = &c->superblock;
    int older = other->attribute_area != 0 ? open_unpack_attributes(c, other) : 0;

    if (older < 0) {
        return older;
    }
    c->damaged = true;
    attribute_set_drop_partitions(c->attributes, s->geometry.partitions);
    notice_add(notice, older ? "the attributes are damaged: those before them are used"
                             : "the attributes are damaged and were dropped");
    s->attribute_area = older ? other->attribute_area : 0;
    s->attribute_length = older ? other->attribute_length : 0;
    s->attribute_crc = older ? other->attribute_crc : 0;
    return 0;
}

static int open_load_attributes(Cartridge *c, const Superblock *other, GString *notice)
{
    int state = open_unpack_attributes(c, &c->superblock);

    return state == 0 ? open_use_other_attributes(c, other, notice) : MIN(state, 0);
}

static bool open_load(Cartridge *c, bool *read_only, GString *notice, GError **error)
{
    g_autofree Superblock *other = g_new0(Superblock, 1);
    Binding binding;
    int failure;

    if (!open_load_superblock(c, other, error)) {
        return false;
    }
    binding = superblock_binding(&c->superblock);
    failure = open_load_attributes(c, other, notice);
    if (failure == 0) {
        failure = store_open(&c->store, c->file, c->superblock.chunk_shift, &binding, NULL);
    }
    if (failure < 0) {
        return cannot_open(c, failure, error);
    }
    if (c->alone && c->store.newest > c->superblock.generation) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: the superblock that counts is damaged and the other one is from before "
                    "the cartridge was partitioned anew: copy what is left with `usbtape media "
                    "check --repair`",
                    c->path);
        return false;
    }
    if (!open_recover(c, notice, error)) {
        return false;
    }
    /*
     * a superblock is also lost. Either the dropped objects were durable, or a power cut damaged
     * both
     */
    c->damaged |= *read_only && c->alone && c->dropped;
    if (c->lost) {
        c->damaged = true;
        *read_only = true;
        notice_add(notice, "so it is write-protected: copy what is left with `usbtape media check "
                           "--repair`");
    }
    /* from here on, data found in the file is also on disk */
    failure = *read_only ? 0 : c->file->ops->sync(c->file);
    if (failure < 0) {
        return cannot_open(c, failure, error);
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
    c->read_only = true; /* freeing writes nothing until the cartridge is known to be good */
    open_make_room(c);
    return c;
}

/* The caller keeps the file. */
static TapeMedium *open_give_up(Cartridge *c)
{
    c->file = NULL;
    medium_free(&c->base);
    return NULL;
}

/*
 * True if the good superblock in this slot is older than the last partitioning, and the current one
 * is damaged.
 */
static bool open_is_outdated(Cartridge *c, const Slots *slots, int slot)
{
    const Superblock *s = &slots->superblocks[slot];
    Binding binding = superblock_binding(s);
    bool outdated = slots->states[slot] == SUPERBLOCK_GOOD &&
                    slots->states[1 - slot] != SUPERBLOCK_GOOD &&
                    store_open(&c->store, c->file, s->chunk_shift, &binding, NULL) == 0 &&
                    c->store.newest > s->generation;

    store_close(&c->store);
    return outdated;
}

TapeMedium *cartridge_open_salvaged(HostFile *file, const char *path, char **notice, GError **error)
{
    Cartridge *c = new_cartridge(file, path, executor_inline());
    g_autofree Slots *slots = g_new0(Slots, 1);
    g_autoptr(GString) unread = g_string_new(NULL);
    int failure = open_read_slots(file, slots), i;

    for (i = 0; i < SUPERBLOCK_SLOTS && failure == 0; i++) {
        if (slots->whole[i] && slots->states[i] != SUPERBLOCK_FOREIGN &&
            !open_is_outdated(c, slots, i)) {
            usbtape_input_error(error, "%s: it has a superblock", path); /* of another version */
            return open_give_up(c);
        }
    }
    if (!cartridge_salvage(c, unread, error)) {
        return open_give_up(c);
    }
    *notice =
        g_strdup_printf("%s: both superblocks are gone: what follows was found by its "
                        "objects; %s%s%s",
                        path,
                        c->labelled ? "its attributes are lost"
                                    : "capacity, density, bar code, WORM and attributes are lost",
                        unread->len > 0 ? "; cannot be read: " : "", unread->str);
    return &c->base;
}

TapeMedium *cartridge_open(HostFile *file, const char *path, bool read_only, Executor *executor,
                           char **notice, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Cartridge *c = new_cartridge(file, path, executor);

    if (!open_load(c, &read_only, text, error)) {
        return open_give_up(c);
    }
    c->read_only = read_only;
    if (notice) {
        *notice = text->len > 0 ? g_strdup_printf("%s: %s", path, text->str) : NULL;
    }
    return &c->base;
}

/* ── the row in formats.c ── */

static int format_probe(HostFile *file, uint64_t size, bool named)
{
    uint8_t magic[8];
    uint64_t slot;

    /* a torn superblock must not hide the format */
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
    .probe = format_probe,
    .open = format_open,
    .salvage = format_salvage,
    .create = format_create,
};
