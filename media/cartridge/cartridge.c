/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge.h"

#include "emu/base/error.h"
#include "media/crc32c.h"
#include "media/geometry.h"

#include <errno.h>
#include <string.h>

enum { SCRATCH_SIZE = 64 * 1024 };

/* ── reading ── */

static MediumResult corrupt(Cartridge *c, uint64_t object)
{
    if (!c->failed) {
        g_clear_error(&c->error);
        g_set_error(&c->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: object %" G_GUINT64_FORMAT " of partition %u is damaged", c->path, object,
                    c->partition);
    }
    return MEDIUM_CORRUPT;
}

/* Bytes of the data stream, some of which may still be gathered. */
static int read_data(Cartridge *c, uint64_t offset, uint8_t *to, size_t length)
{
    const Gather *g = &c->gather;

    if (g->data_length > 0 && offset >= g->data_start) {
        memcpy(to, g->data + (offset - g->data_start), length);
        return 0;
    }
    return store_read(&c->store, c->partition, STREAM_DATA, offset, to, length);
}

/* What the CRC of a block's data begins with. */
static uint32_t data_crc(Cartridge *c, const ObjectEntry *entry)
{
    return object_data_crc(cartridge_binding(c), c->partition, entry);
}

static bool is_its_data(Cartridge *c, const ObjectEntry *entry, uint32_t crc)
{
    return (crc ^ cartridge_binding(c)->id) == entry->data_crc;
}

/* A whole block, what `buffer` does not take going to the scratch pad. All of it goes into `*crc`.
 */
static int read_large(Cartridge *c, const ObjectEntry *entry, uint8_t *buffer, size_t capacity,
                      uint32_t *crc)
{
    size_t done = MIN(capacity, entry->stored);
    int error = read_data(c, entry->before.bytes, buffer, done);

    *crc = crc32c(*crc, buffer, done);
    while (error == 0 && done < entry->stored) {
        size_t part = MIN((size_t)SCRATCH_SIZE, entry->stored - done);

        if (!c->scratch) {
            c->scratch = g_malloc(SCRATCH_SIZE);
        }
        error = read_data(c, entry->before.bytes + done, c->scratch, part);
        *crc = crc32c(*crc, c->scratch, part);
        done += part;
    }
    return error;
}

/* A small block, through the window, which is moved over it when it is not there. */
static int read_small(Cartridge *c, const ObjectEntry *entry, bool forward, const uint8_t **bytes)
{
    uint64_t start = entry->before.bytes, end = start + entry->stored;
    const Gather *g = &c->gather;

    if (g->data_length > 0 && start >= g->data_start) {
        *bytes = g->data + (start - g->data_start);
        return 0;
    }
    if (start < c->window_start || end > c->window_start + c->window_length) {
        uint64_t limit = g->data_length > 0 ? g->data_start : cartridge_end(c)->bytes;
        uint64_t from = forward ? start : end > WINDOW_SIZE ? end - WINDOW_SIZE : 0;
        size_t length;
        int error;

        if (end > limit) {
            return -EBADMSG; /* partly gathered: no entry of ours says so */
        }
        length = (size_t)MIN(WINDOW_SIZE, limit - from);
        c->window_length = 0;
        error = store_read(&c->store, c->partition, STREAM_DATA, from, c->window, length);
        if (error < 0) {
            return error;
        }
        c->window_start = from;
        c->window_length = length;
    }
    *bytes = c->window + (start - c->window_start);
    return 0;
}

static MediumResult read_compressed(Cartridge *c, const ObjectEntry *entry, uint8_t *buffer,
                                    size_t capacity, size_t *length)
{
    uint8_t *room;
    int error;

    c->codec = c->codec ? c->codec : codec_new();
    room = codec_room(c->codec, entry->stored);
    error = read_data(c, entry->before.bytes, room, entry->stored);
    if (error < 0) {
        return cartridge_host_error(c, error, "cannot read");
    }
    if (!is_its_data(c, entry, crc32c(data_crc(c, entry), room, entry->stored)) ||
        !codec_expand(c->codec, entry->stored, buffer, capacity, entry->length)) {
        return corrupt(c, entry->before.object);
    }
    *length = entry->length;
    return MEDIUM_OK;
}

/* Is some of this data in a chunk that is not there? */
static bool is_lost(Cartridge *c, uint64_t offset, uint64_t length)
{
    const Gather *g = &c->gather;
    uint64_t end = g->data_length > 0 ? MIN(offset + length, g->data_start) : offset + length;

    while (offset < end) {
        uint64_t there = store_hole_end(&c->store, c->partition, STREAM_DATA, offset);

        if (there != offset) {
            return true;
        }
        offset = ((offset >> c->store.chunk_shift) + 1) << c->store.chunk_shift;
    }
    return false;
}

/* OK: the block is in `buffer`. CORRUPT: nothing of it may be shown. */
static MediumResult read_block(Cartridge *c, const ObjectEntry *entry, bool forward,
                               uint8_t *buffer, size_t capacity, size_t *length)
{
    uint32_t crc = data_crc(c, entry);
    int error;

    if (entry->before.bytes + entry->stored > cartridge_end(c)->bytes ||
        is_lost(c, entry->before.bytes, entry->stored)) {
        return corrupt(c, entry->before.object);
    }
    if (capacity == 0) {
        *length = entry->length;
        return MEDIUM_OK;
    }
    if (entry->encoding == ENCODING_ZSTD) {
        return read_compressed(c, entry, buffer, capacity, length);
    }
    if (entry->stored < SMALL_BLOCK) {
        const uint8_t *bytes = NULL;

        error = read_small(c, entry, forward, &bytes);
        if (error == 0) {
            crc = crc32c(crc, bytes, entry->stored);
            memcpy(buffer, bytes, MIN(capacity, entry->stored));
        }
    } else {
        error = read_large(c, entry, buffer, capacity, &crc);
    }
    if (error < 0 && error != -EBADMSG) {
        return cartridge_host_error(c, error, "cannot read");
    }
    if (error < 0 || !is_its_data(c, entry, crc)) {
        return corrupt(c, entry->before.object);
    }
    *length = entry->length;
    return MEDIUM_OK;
}

/* The head goes to where nothing but the object number may be known. */
static MediumResult move_head(Cartridge *c, uint64_t object)
{
    Place place;
    MediumResult result = cartridge_place(c, object, &place);

    if (result != MEDIUM_HOST_ERROR) {
        c->head = place;
        c->head_guessed = result == MEDIUM_CORRUPT;
    }
    return result;
}

static MediumResult read_object(Cartridge *c, uint64_t object, bool forward, uint8_t *buffer,
                                size_t capacity, size_t *length)
{
    uint64_t to = forward ? object + 1 : object;
    MediumResult result;
    ObjectEntry entry;

    switch (cartridge_entry(c, object, &entry)) {
    case ENTRY_HOST_ERROR:
        return MEDIUM_HOST_ERROR;
    case ENTRY_DAMAGED:
        return move_head(c, to) == MEDIUM_HOST_ERROR ? MEDIUM_HOST_ERROR : corrupt(c, object);
    case ENTRY_GOOD:
    default:
        break;
    }
    switch (entry.type) {
    case OBJECT_FILEMARK:
        result = MEDIUM_FILEMARK;
        break;
    case OBJECT_SETMARK:
        result = MEDIUM_SETMARK;
        break;
    case OBJECT_BLOCK:
    default:
        result = read_block(c, &entry, forward, buffer, capacity, length);
        break;
    }
    c->superblock.usage.read += *length;
    c->superblock.usage.stored_read += *length > 0 ? entry.stored : 0;
    if (result != MEDIUM_HOST_ERROR) {
        c->head = forward ? object_entry_after(&entry) : entry.before;
        c->head_guessed = false;
    }
    return result;
}

static uint64_t cartridge_skip_lost(TapeMedium *m)
{
    Cartridge *c = cartridge(m);
    uint64_t from = c->head.object, to = cartridge_after_lost(c, from);

    return to > from && move_head(c, to) != MEDIUM_HOST_ERROR ? to - from : 0;
}

static MediumResult cartridge_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    Cartridge *c = cartridge(m);

    if (c->head.object == cartridge_end(c)->object) {
        return MEDIUM_EOD;
    }
    return read_object(c, c->head.object, true, buffer, capacity, length);
}

/* What is gathered, or in the window, is near; small blocks are read a window at a time. */
static bool cartridge_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    Cartridge *c = cartridge(m);
    uint64_t end = c->gather.data_length > 0 ? c->gather.data_start : cartridge_end(c)->bytes;
    uint64_t window_end = c->window_start + c->window_length, from = c->head.bytes;

    if (c->head.object == cartridge_end(c)->object) {
        return true;
    }
    if (!cartridge_fetch_entry(c, c->head.object, done, data)) {
        return false;
    }
    if (from >= c->window_start && from < window_end) {
        bytes -= MIN(bytes, window_end - from);
        from = window_end;
    } else if (bytes < SMALL_BLOCK) {
        bytes = WINDOW_SIZE;
    }
    return from >= end || store_fetch(&c->store, c->partition, STREAM_DATA, from,
                                      MIN(bytes, end - from), c->executor, done, data);
}

static MediumResult cartridge_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                           size_t *length)
{
    Cartridge *c = cartridge(m);

    if (c->head.object == 0) {
        return MEDIUM_BOP;
    }
    return read_object(c, c->head.object - 1, false, buffer, capacity, length);
}

/* ── writing ── */

static bool at_eod(Cartridge *c)
{
    return c->head.object == cartridge_end(c)->object;
}

static MediumResult writable(Cartridge *c)
{
    if (c->read_only || c->superblock.write_protected) {
        return MEDIUM_PROTECTED;
    }
    if (c->superblock.geometry.cleanings > 0) {
        return MEDIUM_UNSUPPORTED;
    }
    return c->failed ? MEDIUM_HOST_ERROR : MEDIUM_OK;
}

static MediumResult writable_here(Cartridge *c)
{
    MediumResult result = writable(c);

    if (result == MEDIUM_OK && c->superblock.geometry.worm && !at_eod(c)) {
        return MEDIUM_WORM;
    }
    return result;
}

/*
 * Makes the head EOD if it is not, and sees that this session may append there. Where damage hides
 * how many marks lie before the head, what is written would be counted wrongly.
 */
static MediumResult begin_writing(Cartridge *c)
{
    if (c->head_guessed) {
        corrupt(c, c->head.object - 1);
        return MEDIUM_WRITE_ERROR;
    }
    return at_eod(c) && c->begun[c->partition] ? MEDIUM_OK : cartridge_cut(c);
}

static bool beyond_early_warning(Cartridge *c)
{
    return place_used(&c->head) >=
           geometry_early_warning_point(c->superblock.partitions[c->partition].capacity,
                                        c->superblock.geometry.early_warning);
}

static MediumResult written(Cartridge *c)
{
    return beyond_early_warning(c) ? MEDIUM_EARLY_WARNING : MEDIUM_OK;
}

uint64_t cartridge_left(Cartridge *c)
{
    uint64_t capacity = c->superblock.partitions[c->partition].capacity;

    return capacity - MIN(place_used(&c->head), capacity);
}

static MediumResult cartridge_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    Cartridge *c = cartridge(m);
    MediumResult result = writable_here(c);

    if (result == MEDIUM_OK) {
        result = begin_writing(c);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    result = cartridge_append(c, OBJECT_BLOCK, data, (uint32_t)length);
    return result == MEDIUM_OK ? written(c) : result;
}

static MediumResult cartridge_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                          uint64_t *n)
{
    Cartridge *c = cartridge(m);
    ObjectType type = mark == MEDIUM_MARK_FILEMARK ? OBJECT_FILEMARK : OBJECT_SETMARK;
    MediumResult result = writable_here(c);

    if (result == MEDIUM_OK) {
        result = begin_writing(c);
    }
    while (result == MEDIUM_OK && *n < count) {
        result = cartridge_append(c, type, NULL, 0);
        *n += result == MEDIUM_OK;
    }
    return result == MEDIUM_OK ? written(c) : result;
}

static MediumResult cartridge_erase(TapeMedium *m, bool to_end_of_partition)
{
    Cartridge *c = cartridge(m);
    MediumResult result = writable_here(c);
    int error;

    if (result == MEDIUM_OK && (to_end_of_partition || !at_eod(c))) {
        result = begin_writing(c);
    }
    if (result != MEDIUM_OK || !to_end_of_partition) {
        return result;
    }
    result = cartridge_flush(c); /* so that the streams end at the head */
    if (result != MEDIUM_OK) {
        return result;
    }
    c->dirty = true;
    cartridge_aim_gather(c);
    error = store_forget(&c->store, c->partition, STREAM_DATA, c->head.bytes);
    if (error == 0) {
        error = store_forget(&c->store, c->partition, STREAM_TABLE, c->head.object * OBJECT_ENTRY);
    }
    return error < 0 ? cartridge_host_error(c, error, "cannot erase") : MEDIUM_OK;
}

static MediumResult cartridge_cut_here(TapeMedium *m)
{
    return cartridge_cut(cartridge(m));
}

/* ── moving ── */

/* Where a motion ends, and with what. */
typedef struct Stop {
    Place place;
    MediumResult result;
} Stop;

static MediumResult arrive(Cartridge *c, const Stop *stop)
{
    c->head = stop->place;
    c->head_guessed = false;
    return stop->result == MEDIUM_CORRUPT ? corrupt(c, stop->place.object) : stop->result;
}

/* Damage hides what comes next: its near end, seen from where the head comes. */
static Place near_end(const Cartridge *c, bool forward, const Place *from)
{
    const Place *end = forward ? &c->run.low : &c->run.high;

    return (forward ? end->object < from->object : end->object > from->object) ? *from : *end;
}

/*
 * Looks for the `count`th object of a kind from `from` on, in a direction, not beyond `stop`, which
 * is where that leads otherwise. Found: the place beyond it becomes the stop, with `result`.
 * CORRUPT becomes of it where damage hides the object.
 */
static MediumResult look_for(Cartridge *c, CountKind kind, bool forward, uint64_t count,
                             const Place *from, MediumResult result, Stop *stop)
{
    const Place *low = forward ? from : &stop->place, *high = forward ? &stop->place : from;
    uint64_t before = place_count(low, kind), after = place_count(high, kind);
    MediumResult found;
    Place place;

    if (after < before || after - before < count) {
        return MEDIUM_OK;
    }
    found =
        cartridge_search(c, kind, forward ? before + count : after - count + 1, low, high, &place);
    if (found == MEDIUM_OK && !forward) {
        found = place.object > low->object ? cartridge_place(c, place.object - 1, &place)
                                           : MEDIUM_CORRUPT;
    }
    if (found == MEDIUM_HOST_ERROR) {
        return found;
    }
    stop->place = found == MEDIUM_OK ? place : near_end(c, forward, from);
    stop->result = found == MEDIUM_OK ? result : MEDIUM_CORRUPT;
    return MEDIUM_OK;
}

static Stop limit_of(Cartridge *c, bool forward)
{
    return forward ? (Stop){ *cartridge_end(c), MEDIUM_EOD } : (Stop){ { 0 }, MEDIUM_BOP };
}

static uint64_t passed(const Place *a, const Place *b, CountKind kind, uint64_t most)
{
    uint64_t from = place_count(a, kind), to = place_count(b, kind);

    return MIN(from < to ? to - from : from - to, most);
}

static MediumResult space_over(Cartridge *c, CountKind kind, bool forward, uint64_t count,
                               bool stop_at_setmarks, uint64_t *moved)
{
    Stop stop = limit_of(c, forward);
    Place from = c->head;

    if (look_for(c, kind, forward, count, &from, MEDIUM_OK, &stop) == MEDIUM_HOST_ERROR ||
        (kind == COUNT_BLOCKS && look_for(c, COUNT_FILEMARKS, forward, 1, &from, MEDIUM_FILEMARK,
                                          &stop) == MEDIUM_HOST_ERROR) ||
        (kind != COUNT_SETMARKS && stop_at_setmarks &&
         look_for(c, COUNT_SETMARKS, forward, 1, &from, MEDIUM_SETMARK, &stop) ==
             MEDIUM_HOST_ERROR)) {
        return MEDIUM_HOST_ERROR;
    }
    *moved = stop.result == MEDIUM_OK ? count : passed(&from, &stop.place, kind, count);
    return arrive(c, &stop);
}

/* To the end of the first run of `count` marks with nothing between them. */
static MediumResult space_sequential(Cartridge *c, CountKind kind, bool forward, uint64_t count,
                                     bool stop_at_setmarks, uint64_t *moved)
{
    Stop limit = limit_of(c, forward), at = { c->head, MEDIUM_OK };
    uint64_t run = 0;

    if (kind != COUNT_SETMARKS && stop_at_setmarks &&
        look_for(c, COUNT_SETMARKS, forward, 1, &at.place, MEDIUM_SETMARK, &limit) ==
            MEDIUM_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    while (run < count) {
        Stop mark = limit;
        uint64_t distance;

        mark.result = MEDIUM_EOD;
        if (look_for(c, kind, forward, 1, &at.place, MEDIUM_OK, &mark) == MEDIUM_HOST_ERROR) {
            return MEDIUM_HOST_ERROR;
        }
        if (mark.result != MEDIUM_OK) {
            return arrive(c, mark.result == MEDIUM_CORRUPT ? &mark : &limit);
        }
        distance =
            forward ? mark.place.object - at.place.object : at.place.object - mark.place.object;
        run = distance == 1 ? run + 1 : 1;
        at = mark;
    }
    *moved = count;
    return arrive(c, &at);
}

/* The head is where damage hides what lies before it: so nothing can be counted from there. */
static MediumResult leave_damage(Cartridge *c, bool forward)
{
    Place place;

    if (cartridge_place(c, c->head.object, &place) == MEDIUM_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    return arrive(c, &(Stop){ forward ? c->run.high : c->run.low, MEDIUM_CORRUPT });
}

static MediumResult cartridge_space(TapeMedium *m, MediumSpace what, int64_t count,
                                    bool stop_at_setmarks, uint64_t *moved)
{
    Cartridge *c = cartridge(m);
    bool forward = count > 0;
    uint64_t n = (uint64_t)ABS(count);

    if (c->head_guessed && what != MEDIUM_SPACE_EOD) {
        return leave_damage(c, forward);
    }
    switch (what) {
    case MEDIUM_SPACE_BLOCKS:
        return space_over(c, COUNT_BLOCKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_FILEMARKS:
        return space_over(c, COUNT_FILEMARKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_SETMARKS:
        return space_over(c, COUNT_SETMARKS, forward, n, false, moved);
    case MEDIUM_SPACE_SEQUENTIAL_FILEMARKS:
        return space_sequential(c, COUNT_FILEMARKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_SEQUENTIAL_SETMARKS:
        return space_sequential(c, COUNT_SETMARKS, forward, n, false, moved);
    case MEDIUM_SPACE_EOD:
    default:
        return arrive(c, &(Stop){ *cartridge_end(c), MEDIUM_OK });
    }
}

/* Puts another partition under the head, at BOP. */
static MediumResult change_partition(Cartridge *c, uint32_t partition)
{
    if (partition == c->partition) {
        return MEDIUM_OK;
    }
    if (cartridge_flush(c) != MEDIUM_OK) {
        return MEDIUM_HOST_ERROR;
    }
    c->partition = partition;
    c->head = (Place){ 0 };
    c->head_guessed = false;
    cartridge_aim_gather(c);
    return MEDIUM_OK;
}

static MediumResult locate_file(Cartridge *c, uint64_t number)
{
    Stop stop = limit_of(c, true);
    Place bop = { 0 };

    if (number == 0) {
        return arrive(c, &(Stop){ bop, MEDIUM_OK });
    }
    return look_for(c, COUNT_FILEMARKS, true, number, &bop, MEDIUM_OK, &stop) == MEDIUM_OK
               ? arrive(c, &stop)
               : MEDIUM_HOST_ERROR;
}

static MediumResult cartridge_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                                     uint64_t number)
{
    Cartridge *c = cartridge(m);
    Stop end;

    if (partition >= c->superblock.geometry.partitions) {
        return MEDIUM_INVALID;
    }
    if (change_partition(c, partition) != MEDIUM_OK) {
        return MEDIUM_HOST_ERROR;
    }
    end = limit_of(c, true);
    switch (what) {
    case MEDIUM_LOCATE_FILE:
        return locate_file(c, number);
    case MEDIUM_LOCATE_EOD:
        end.result = MEDIUM_OK;
        return arrive(c, &end);
    case MEDIUM_LOCATE_OBJECT:
    default:
        if (number > end.place.object) {
            return arrive(c, &end);
        }
        return move_head(c, number) == MEDIUM_HOST_ERROR ? MEDIUM_HOST_ERROR : MEDIUM_OK;
    }
}

/* ── the cartridge as a whole ── */

static bool blank(Cartridge *c)
{
    uint32_t i;

    for (i = 0; i < c->superblock.geometry.partitions; i++) {
        if (c->end[i].object > 0) {
            return false;
        }
    }
    return true;
}

/* A superblock of empty partitions. Durable before the old ones are touched. */
static MediumResult start_generation(Cartridge *c, uint32_t count, const uint64_t *capacities)
{
    g_autofree Superblock *old = NULL;
    Superblock *s = &c->superblock;
    MediumResult result = cartridge_sync_now(c);
    uint32_t i;

    if (result != MEDIUM_OK) {
        return result;
    }
    old = g_memdup2(s, sizeof *s);
    s->generation++;
    s->usage.formats++;
    s->geometry.partitions = count;
    memset(s->partitions, 0, sizeof s->partitions);
    for (i = 0; i < count; i++) {
        s->partitions[i] = (PartitionRecord){ .capacity = capacities[i], .epoch = 1 };
    }
    result = cartridge_commit_superblock(c);
    if (result != MEDIUM_OK) {
        *s = *old;
        return result;
    }
    memset(c->end, 0, sizeof c->end);
    memset(c->begun, 0, sizeof c->begun);
    memset(c->link, 0, sizeof c->link);
    c->partition = 0;
    c->head = (Place){ 0 };
    c->head_guessed = false;
    store_reset(&c->store, s->generation);
    cartridge_aim_gather(c);
    attribute_set_drop_partitions(c->attributes, 1);
    c->attributes_dirty = true;
    return MEDIUM_OK;
}

static MediumResult cartridge_format_partitions(TapeMedium *m, uint32_t count,
                                                const uint64_t *capacities)
{
    Cartridge *c = cartridge(m);
    MediumResult result = writable(c);

    if (result != MEDIUM_OK) {
        return result;
    }
    if (!geometry_divisible(&c->superblock.geometry, count, capacities)) {
        return MEDIUM_INVALID;
    }
    if (c->superblock.geometry.worm && !blank(c)) {
        return MEDIUM_WORM;
    }
    result = start_generation(c, count, capacities);
    if (result == MEDIUM_OK && c->file->ops->truncate(c->file, SYSTEM_AREA) == 0) {
        c->store.file_size = SYSTEM_AREA; /* it only gives back room, and may fail */
    }
    return result;
}

/* The partitions from `first` on are not there, or new: nothing of what they held is theirs. */
static void forget_partitions(Cartridge *c, uint32_t first)
{
    uint32_t i;

    for (i = first; i < MEDIUM_PARTITIONS_MAX; i++) {
        c->end[i] = (Place){ 0 };
        c->link[i] = 0;
        c->begun[i] = false;
        /* it only gives back room, and may fail: the epoch tells old entries from new ones */
        store_forget(&c->store, i, STREAM_DATA, 0);
        store_forget(&c->store, i, STREAM_TABLE, 0);
    }
    attribute_set_drop_partitions(c->attributes, first);
    c->attributes_dirty = true;
    c->dirty = true;
}

/*
 * One superblock, durable before the room of what went is given back. The epoch of a new partition
 * is the sequence number of the superblock that first names it. No epoch was ever higher than the
 * sequence number of its time, since each new one came with a superblock; so what a partition of
 * the same number once held is not taken for its own.
 */
static MediumResult cartridge_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    Cartridge *c = cartridge(m);
    Superblock *s = &c->superblock;
    g_autofree Superblock *old = NULL;
    uint32_t before = s->geometry.partitions, i;
    MediumResult result = writable(c);

    if (result == MEDIUM_OK) {
        result = geometry_redivisible(m, count, capacities);
    }
    if (result == MEDIUM_OK) {
        result = cartridge_sync_now(c);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    if (s->sequence >= G_MAXUINT32) {
        return MEDIUM_UNSUPPORTED; /* no epoch is left that was never used */
    }
    old = g_memdup2(s, sizeof *s);
    for (i = 0; i < MEDIUM_PARTITIONS_MAX; i++) {
        if (i >= count) {
            s->partitions[i] = (PartitionRecord){ 0 };
        } else if (i >= before) {
            s->partitions[i] = (PartitionRecord){ .epoch = (uint32_t)(s->sequence + 1) };
        }
        s->partitions[i].capacity = i < count ? capacities[i] : 0;
    }
    s->geometry.partitions = count;
    result = cartridge_commit_superblock(c);
    if (result != MEDIUM_OK) {
        *s = *old;
        return result;
    }
    forget_partitions(c, MIN(before, count));
    return MEDIUM_OK;
}

static MediumResult cartridge_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                            MediumAttribute *attribute)
{
    Cartridge *c = cartridge(m);

    if (partition >= c->superblock.geometry.partitions) {
        return MEDIUM_INVALID;
    }
    return attribute_set_get(c->attributes, partition, id, attribute);
}

static MediumResult cartridge_set_attribute(TapeMedium *m, uint32_t partition,
                                            const MediumAttribute *attribute)
{
    Cartridge *c = cartridge(m);
    MediumResult result;
    int error;

    if (partition >= c->superblock.geometry.partitions) {
        return MEDIUM_INVALID;
    }
    if (c->read_only) {
        return MEDIUM_PROTECTED;
    }
    error = cartridge_reserve_attributes(c, attribute_set_size_with(c->attributes, attribute));
    if (error < 0) {
        return cartridge_host_error(c, error, "cannot write");
    }
    result = attribute_set_put(c->attributes, partition, attribute);
    if (result == MEDIUM_OK) {
        c->attributes_dirty = true;
    }
    return result;
}

static void cartridge_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
    attribute_set_list(cartridge(m)->attributes, partition, ids);
}

static MediumResult cartridge_set_write_protect(TapeMedium *m, bool on)
{
    Cartridge *c = cartridge(m);
    int error;

    if (c->superblock.write_protected == on) {
        return MEDIUM_OK;
    }
    if (c->read_only) {
        return MEDIUM_PROTECTED;
    }
    if (c->failed) {
        return MEDIUM_HOST_ERROR;
    }
    c->superblock.write_protected = on;
    error = cartridge_write_superblock(c);
    if (error < 0) {
        c->superblock.write_protected = !on;
        return cartridge_host_error(c, error, "cannot write");
    }
    c->superblock_urgent = true;
    c->dirty = true;
    return MEDIUM_OK;
}

static void cartridge_set_compression(TapeMedium *m, bool on)
{
    cartridge(m)->compress = on;
}

static void cartridge_position(TapeMedium *m, MediumPosition *position)
{
    Cartridge *c = cartridge(m);

    *position = (MediumPosition){
        .partition = c->partition,
        .object = c->head.object,
        .files = c->head.files,
        .setmarks = c->head.setmarks,
        .marks_unknown = c->head_guessed,
        .bop = c->head.object == 0,
        .eod = at_eod(c),
        .early_warning = beyond_early_warning(c),
        .used = place_used(&c->head),
        .capacity = c->superblock.partitions[c->partition].capacity,
    };
}

static void cartridge_count_load(TapeMedium *m)
{
    Cartridge *c = cartridge(m);

    c->superblock.usage.loads += !c->read_only;
}

static void cartridge_info(TapeMedium *m, MediumInfo *info)
{
    Cartridge *c = cartridge(m);

    *info = (MediumInfo){
        .geometry = c->superblock.geometry,
        .usage = c->superblock.usage,
        .format = cartridge_format.name,
        .write_protected = c->superblock.write_protected || c->read_only,
        .tab = c->superblock.write_protected,
        .setmarks = true,
        .attributes = true,
        .damaged = c->damaged,
        .overwritten = c->read_only && !c->salvaged && !cartridge_unchanged(c),
        .max_block = MEDIUM_BLOCK_MAX,
        .file_size = c->store.file_size,
    };
}

static void cartridge_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    Cartridge *c = cartridge(m);
    uint64_t capacity = c->superblock.partitions[number].capacity;

    *partition = (MediumPartition){
        .capacity = capacity,
        .used = place_used(&c->end[number]),
        .objects = c->end[number].object,
        .files = c->end[number].files,
        .early_warning =
            geometry_early_warning_point(capacity, c->superblock.geometry.early_warning),
    };
}

static const GError *cartridge_host_error_of(TapeMedium *m)
{
    return cartridge(m)->error;
}

/*
 * What it has been through, in both slots: so that whichever of them is damaged later, the other
 * one tells the same, and not of an older end.
 */
static void write_last_superblocks(Cartridge *c)
{
    if (cartridge_write_superblock(c) == 0 && cartridge_sync_superblock(c) == 0) {
        cartridge_write_superblock(c);
    }
}

static void cartridge_free(TapeMedium *m)
{
    Cartridge *c = cartridge(m);

    g_assert(!c->syncing);
    if (!c->read_only && !c->failed) {
        cartridge_sync_now(c); /* so that the last superblocks may name all of it as durable */
        if (!c->failed) {
            write_last_superblocks(c);
        }
    }
    if (c->checkpoint.running) {
        c->orphaned = true;
    } else {
        cartridge_dispose(c);
    }
}

void cartridge_dispose(Cartridge *c)
{
    store_close(&c->store);
    attribute_set_free(c->attributes);
    host_file_free(c->file);
    g_clear_error(&c->error);
    g_free(c->gather.data);
    g_free(c->gather.entries);
    g_free(c->table);
    g_free(c->window);
    g_free(c->scratch);
    codec_free(c->codec);
    g_free(c->path);
    g_free(c);
}

const MediumOps cartridge_ops = {
    .read = cartridge_read,
    .read_reverse = cartridge_read_reverse,
    .write = cartridge_write,
    .write_marks = cartridge_write_marks,
    .space = cartridge_space,
    .locate = cartridge_locate,
    .erase = cartridge_erase,
    .skip_lost = cartridge_skip_lost,
    .cut = cartridge_cut_here,
    .count_load = cartridge_count_load,
    .fetch = cartridge_fetch,
    .format_partitions = cartridge_format_partitions,
    .redivide = cartridge_redivide,
    .get_attribute = cartridge_get_attribute,
    .set_attribute = cartridge_set_attribute,
    .list_attributes = cartridge_list_attributes,
    .set_write_protect = cartridge_set_write_protect,
    .set_compression = cartridge_set_compression,
    .sync = cartridge_sync,
    .position = cartridge_position,
    .info = cartridge_info,
    .partition = cartridge_partition,
    .host_error = cartridge_host_error_of,
    .free = cartridge_free,
};
