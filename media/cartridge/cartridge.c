/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge.h"

#include "emu/base/error.h"
#include "media/crc32c.h"
#include "media/geometry.h"

#include <errno.h>
#include <string.h>

/* ── writing ── */

static bool cartridge_at_eod(Cartridge *c)
{
    return c->head.object == cartridge_end(c)->object;
}

static MediumResult cartridge_writable(Cartridge *c)
{
    if (c->read_only || c->superblock.write_protected) {
        return MEDIUM_PROTECTED;
    }
    if (c->superblock.geometry.cleanings > 0) {
        return MEDIUM_UNSUPPORTED;
    }
    return c->failed ? MEDIUM_HOST_ERROR : MEDIUM_OK;
}

static MediumResult cartridge_writable_here(Cartridge *c)
{
    MediumResult result = cartridge_writable(c);

    if (result == MEDIUM_OK && c->superblock.geometry.worm && !cartridge_at_eod(c)) {
        return MEDIUM_WORM;
    }
    return result;
}

/*
 * Makes the head EOD if it is not, and opens the place for appending. Where damage hides the number
 * of marks before the head, counts of new objects would be wrong.
 */
static MediumResult cartridge_begin_writing(Cartridge *c)
{
    if (c->head_guessed) {
        cartridge_corrupt(c, c->head.object - 1);
        return MEDIUM_WRITE_ERROR;
    }
    return cartridge_at_eod(c) && c->begun[c->partition] ? MEDIUM_OK : cartridge_cut(c);
}

static bool cartridge_beyond_early_warning(Cartridge *c)
{
    return place_used(&c->head) >=
           geometry_early_warning_point(c->superblock.partitions[c->partition].capacity,
                                        c->superblock.geometry.early_warning);
}

static MediumResult cartridge_written(Cartridge *c)
{
    return cartridge_beyond_early_warning(c) ? MEDIUM_EARLY_WARNING : MEDIUM_OK;
}

uint64_t cartridge_left(Cartridge *c)
{
    uint64_t capacity = c->superblock.partitions[c->partition].capacity;

    return capacity - MIN(place_used(&c->head), capacity);
}

static MediumResult cartridge_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    Cartridge *c = cartridge(m);
    MediumResult result = cartridge_writable_here(c);

    if (result == MEDIUM_OK) {
        result = cartridge_begin_writing(c);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    result = cartridge_append(c, OBJECT_BLOCK, data, (uint32_t)length);
    return result == MEDIUM_OK ? cartridge_written(c) : result;
}

static MediumResult cartridge_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                          uint64_t *n)
{
    Cartridge *c = cartridge(m);
    ObjectType type = mark == MEDIUM_MARK_FILEMARK ? OBJECT_FILEMARK : OBJECT_SETMARK;
    MediumResult result = cartridge_writable_here(c);

    if (result == MEDIUM_OK) {
        result = cartridge_begin_writing(c);
    }
    while (result == MEDIUM_OK && *n < count) {
        result = cartridge_append(c, type, NULL, 0);
        *n += result == MEDIUM_OK;
    }
    return result == MEDIUM_OK ? cartridge_written(c) : result;
}

static MediumResult cartridge_erase(TapeMedium *m, bool to_end_of_partition)
{
    Cartridge *c = cartridge(m);
    MediumResult result = cartridge_writable_here(c);
    int error;

    if (result == MEDIUM_OK && (to_end_of_partition || !cartridge_at_eod(c))) {
        result = cartridge_begin_writing(c);
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

/* ── the cartridge as a whole ── */

static bool cartridge_is_blank(Cartridge *c)
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
static MediumResult cartridge_start_generation(Cartridge *c, uint32_t count,
                                               const uint64_t *capacities)
{
    g_autofree Superblock *old = NULL;
    Superblock *s = &c->superblock;
    MediumResult result = cartridge_sync_now(c);
    uint32_t i;

    if (result != MEDIUM_OK) {
        return result;
    }
    if (s->generation >= GENERATION_MAX) {
        return MEDIUM_UNSUPPORTED;
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
    MediumResult result = cartridge_writable(c);

    if (result != MEDIUM_OK) {
        return result;
    }
    if (!geometry_divisible(&c->superblock.geometry, count, capacities)) {
        return MEDIUM_INVALID;
    }
    if (c->superblock.geometry.worm && !cartridge_is_blank(c)) {
        return MEDIUM_WORM;
    }
    result = cartridge_start_generation(c, count, capacities);
    if (result == MEDIUM_OK && c->file->ops->truncate(c->file, SYSTEM_AREA) == 0) {
        c->store.file_size = SYSTEM_AREA; /* it only gives back room, and may fail */
    }
    return result;
}

/* Drops the state of partitions from `first` on, which are deleted or new. */
static void cartridge_forget_partitions(Cartridge *c, uint32_t first)
{
    uint32_t i;

    for (i = first; i < MEDIUM_PARTITIONS_MAX; i++) {
        c->end[i] = (Place){ 0 };
        c->link[i] = 0;
        c->begun[i] = false;
        /* only frees disk space, and the epoch separates old entries from new ones */
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
    MediumResult result = cartridge_writable(c);

    if (result == MEDIUM_OK) {
        result = geometry_redivisible(m, count, capacities);
    }
    if (result == MEDIUM_OK) {
        result = cartridge_sync_now(c);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    if (s->sequence >= EPOCH_MAX) {
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
    cartridge_forget_partitions(c, MIN(before, count));
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
        .eod = cartridge_at_eod(c),
        .early_warning = cartridge_beyond_early_warning(c),
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
 * Writes the usage counters to both slots. If one slot is damaged later, the other one has the same
 * counters and the same end.
 */
static void cartridge_write_last_superblocks(Cartridge *c)
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
        cartridge_sync_now(c); /* lets the last superblocks name all of it as durable */
        if (!c->failed) {
            cartridge_write_last_superblocks(c);
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
