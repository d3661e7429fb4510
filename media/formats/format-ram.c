/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference, a cartridge in memory, is simple rather than fast. It visits each object and keeps
 * no index. The contract test compares every format with it.
 */
#include "media/cartridge/attributes.h"
#include "media/formats/formats.h"
#include "media/geometry.h"
#include "media/walk.h"

#include <string.h>

/* Sums from BOP. */
typedef struct RamTotals {
    uint64_t used, files, setmarks;
} RamTotals;

typedef struct RamObject {
    WalkType type;
    uint32_t length;
    uint8_t *data;
    RamTotals up_to_here; /* this object included */
} RamObject;

typedef struct RamPartition {
    uint64_t capacity;
    GArray *objects; /* of RamObject */
} RamPartition;

typedef struct RamMedium {
    TapeMedium base;
    MediumGeometry geometry;
    bool write_protected;
    RamPartition partitions[MEDIUM_PARTITIONS_MAX];
    uint32_t partition; /* the head */
    guint head;
    MediumUsage usage;
    AttributeSet *attributes;
} RamMedium;

static RamMedium *ram(TapeMedium *m)
{
    return (RamMedium *)m;
}

static RamPartition *ram_current(RamMedium *r)
{
    return &r->partitions[r->partition];
}

static RamObject *ram_object_at(RamPartition *partition, guint i)
{
    return &g_array_index(partition->objects, RamObject, i);
}

static void object_clear(gpointer data)
{
    g_free(((RamObject *)data)->data);
}

static RamTotals ram_totals_before(RamPartition *partition, guint end)
{
    return end ? ram_object_at(partition, end - 1)->up_to_here : (RamTotals){ 0 };
}

static bool ram_beyond_early_warning(RamMedium *r)
{
    RamPartition *p = ram_current(r);

    return ram_totals_before(p, r->head).used >=
           geometry_early_warning_point(p->capacity, r->geometry.early_warning);
}

/* Bytes from the head to the end of the partition. */
static uint64_t ram_left(RamMedium *r)
{
    return ram_current(r)->capacity - ram_totals_before(ram_current(r), r->head).used;
}

/* The result of reading `object`, with its data if it is a block. */
static MediumResult ram_pass(const RamObject *object, uint8_t *buffer, size_t capacity,
                             size_t *length)
{
    switch (object->type) {
    case WALK_FILEMARK:
        return MEDIUM_FILEMARK;
    case WALK_SETMARK:
        return MEDIUM_SETMARK;
    case WALK_LOST:
    case WALK_BLOCK:
    default:
        if (capacity > 0) {
            memcpy(buffer, object->data, MIN(capacity, object->length));
        }
        *length = object->length;
        return MEDIUM_OK;
    }
}

static void ram_count_read(RamMedium *r, size_t length)
{
    r->usage.read += length;
    r->usage.stored_read += length;
}

static MediumResult ram_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    RamMedium *r = ram(m);

    if (r->head == ram_current(r)->objects->len) {
        return MEDIUM_EOD;
    }
    MediumResult result =
        ram_pass(ram_object_at(ram_current(r), r->head++), buffer, capacity, length);
    ram_count_read(r, *length);
    return result;
}

static MediumResult ram_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                     size_t *length)
{
    RamMedium *r = ram(m);

    if (r->head == 0) {
        return MEDIUM_BOP;
    }
    MediumResult result =
        ram_pass(ram_object_at(ram_current(r), --r->head), buffer, capacity, length);
    ram_count_read(r, *length);
    return result;
}

/* Checks that the tape may be changed at the head. Returns OK or the reason. */
static MediumResult ram_writable(RamMedium *r)
{
    if (r->write_protected) {
        return MEDIUM_PROTECTED;
    }
    if (r->geometry.cleanings > 0) {
        return MEDIUM_UNSUPPORTED;
    }
    if (r->geometry.worm && r->head < ram_current(r)->objects->len) {
        return MEDIUM_WORM;
    }
    return MEDIUM_OK;
}

static void ram_append(RamMedium *r, WalkType type, const uint8_t *data, uint32_t length)
{
    RamObject object = { type, length, length ? g_memdup2(data, length) : NULL,
                         ram_totals_before(ram_current(r), r->head) };

    object.up_to_here.used += type == WALK_BLOCK ? length : MEDIUM_MARK_SIZE;
    object.up_to_here.files += type == WALK_FILEMARK;
    object.up_to_here.setmarks += type == WALK_SETMARK;
    g_array_set_size(ram_current(r)->objects, r->head);
    g_array_append_val(ram_current(r)->objects, object);
    r->head++;
}

static MediumResult ram_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    RamMedium *r = ram(m);
    MediumResult result = ram_writable(r);

    if (result != MEDIUM_OK) {
        return result;
    }
    if (length > ram_left(r)) {
        g_array_set_size(ram_current(r)->objects, r->head);
        return MEDIUM_END_OF_PARTITION;
    }
    ram_append(r, WALK_BLOCK, data, (uint32_t)length);
    r->usage.written += length;
    r->usage.stored_written += length;
    return ram_beyond_early_warning(r) ? MEDIUM_EARLY_WARNING : MEDIUM_OK;
}

static MediumResult ram_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                    uint64_t *written)
{
    RamMedium *r = ram(m);
    MediumResult result = ram_writable(r);

    if (result != MEDIUM_OK) {
        return result;
    }
    g_array_set_size(ram_current(r)->objects, r->head);
    for (; *written < count; (*written)++) {
        if (ram_left(r) < MEDIUM_MARK_SIZE) {
            return MEDIUM_END_OF_PARTITION;
        }
        ram_append(r, mark == MEDIUM_MARK_FILEMARK ? WALK_FILEMARK : WALK_SETMARK, NULL, 0);
    }
    return ram_beyond_early_warning(r) ? MEDIUM_EARLY_WARNING : MEDIUM_OK;
}

static WalkType ram_type_at(void *partition, uint64_t object)
{
    return ram_object_at(partition, (guint)object)->type;
}

static Walk ram_walk_from_head(RamMedium *r)
{
    return (Walk){ ram_type_at, ram_current(r), ram_current(r)->objects->len, r->head,
                   G_MAXUINT64 };
}

static MediumResult ram_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                              uint64_t *moved)
{
    RamMedium *r = ram(m);
    Walk walk = ram_walk_from_head(r);
    MediumResult result = walk_space(&walk, what, count, stop_at_setmarks, moved);

    r->head = (guint)walk.head;
    return result;
}

static MediumResult ram_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                               uint64_t number)
{
    RamMedium *r = ram(m);
    MediumResult result;
    Walk walk;

    if (partition >= r->geometry.partitions) {
        return MEDIUM_INVALID;
    }
    r->partition = partition;
    walk = ram_walk_from_head(r);
    result = walk_locate(&walk, what, number);
    r->head = (guint)walk.head;
    return result;
}

static MediumResult ram_erase(TapeMedium *m, bool to_end_of_partition)
{
    RamMedium *r = ram(m);
    MediumResult result = ram_writable(r);

    if (result == MEDIUM_OK) {
        g_array_set_size(ram_current(r)->objects, r->head);
    }
    return result;
}

static MediumResult ram_cut(TapeMedium *m)
{
    g_array_set_size(ram_current(ram(m))->objects, ram(m)->head);
    return MEDIUM_OK;
}

static void ram_make_partition(RamPartition *partition, uint64_t capacity)
{
    partition->capacity = capacity;
    partition->objects = g_array_new(FALSE, FALSE, sizeof(RamObject));
    g_array_set_clear_func(partition->objects, object_clear);
}

static void ram_make_partitions(RamMedium *r, uint32_t count, const uint64_t *capacities)
{
    uint32_t i;

    for (i = 0; i < r->geometry.partitions; i++) {
        g_clear_pointer(&r->partitions[i].objects, g_array_unref);
    }
    r->geometry.partitions = count;
    for (i = 0; i < count; i++) {
        ram_make_partition(&r->partitions[i], capacities[i]);
    }
    r->partition = 0;
    r->head = 0;
}

static MediumResult ram_format_partitions(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    RamMedium *r = ram(m);
    uint32_t i;

    if (r->write_protected) {
        return MEDIUM_PROTECTED;
    }
    if (r->geometry.cleanings > 0) {
        return MEDIUM_UNSUPPORTED;
    }
    if (!geometry_divisible(&r->geometry, count, capacities)) {
        return MEDIUM_INVALID;
    }
    for (i = 0; r->geometry.worm && i < r->geometry.partitions; i++) {
        if (r->partitions[i].objects->len > 0) {
            return MEDIUM_WORM;
        }
    }
    ram_make_partitions(r, count, capacities);
    r->usage.formats++;
    attribute_set_drop_partitions(r->attributes, 1);
    return MEDIUM_OK;
}

static MediumResult ram_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    RamMedium *r = ram(m);
    uint32_t before = r->geometry.partitions, i;
    MediumResult result =
        r->write_protected ? MEDIUM_PROTECTED : geometry_redivisible(m, count, capacities);

    if (result != MEDIUM_OK) {
        return result;
    }
    for (i = count; i < before; i++) {
        g_clear_pointer(&r->partitions[i].objects, g_array_unref);
    }
    for (i = before; i < count; i++) {
        ram_make_partition(&r->partitions[i], capacities[i]);
    }
    for (i = 0; i < count; i++) {
        r->partitions[i].capacity = capacities[i];
    }
    r->geometry.partitions = count;
    attribute_set_drop_partitions(r->attributes, MIN(before, count));
    return MEDIUM_OK;
}

static MediumResult ram_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                      MediumAttribute *attribute)
{
    if (partition >= ram(m)->geometry.partitions) {
        return MEDIUM_INVALID;
    }
    return attribute_set_get(ram(m)->attributes, partition, id, attribute);
}

static MediumResult ram_set_attribute(TapeMedium *m, uint32_t partition,
                                      const MediumAttribute *attribute)
{
    if (partition >= ram(m)->geometry.partitions) {
        return MEDIUM_INVALID;
    }
    return attribute_set_put(ram(m)->attributes, partition, attribute);
}

static void ram_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
    attribute_set_list(ram(m)->attributes, partition, ids);
}

static MediumResult ram_set_write_protect(TapeMedium *m, bool on)
{
    ram(m)->write_protected = on;
    return MEDIUM_OK;
}

static void ram_set_compression(TapeMedium *m, bool on)
{
}

static void ram_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    done(data, MEDIUM_OK);
}

static void ram_position(TapeMedium *m, MediumPosition *position)
{
    RamMedium *r = ram(m);
    RamPartition *p = ram_current(r);

    *position = (MediumPosition){
        .partition = r->partition,
        .object = r->head,
        .files = ram_totals_before(p, r->head).files,
        .setmarks = ram_totals_before(p, r->head).setmarks,
        .bop = r->head == 0,
        .eod = r->head == p->objects->len,
        .early_warning = ram_beyond_early_warning(r),
        .used = ram_totals_before(p, r->head).used,
        .capacity = p->capacity,
    };
}

static void ram_count_load(TapeMedium *m)
{
    ram(m)->usage.loads++;
}

static void ram_info(TapeMedium *m, MediumInfo *info)
{
    *info = (MediumInfo){
        .geometry = ram(m)->geometry,
        .usage = ram(m)->usage,
        .format = "ram",
        .write_protected = ram(m)->write_protected,
        .tab = ram(m)->write_protected,
        .setmarks = true,
        .attributes = true,
        .max_block = MEDIUM_BLOCK_MAX,
    };
}

static void ram_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    RamMedium *r = ram(m);
    RamPartition *p = &r->partitions[number];
    guint end = p->objects->len;

    *partition = (MediumPartition){
        .capacity = p->capacity,
        .used = ram_totals_before(p, end).used,
        .objects = end,
        .files = ram_totals_before(p, end).files,
        .early_warning = geometry_early_warning_point(p->capacity, r->geometry.early_warning),
    };
}

static const GError *ram_host_error(TapeMedium *m)
{
    return NULL;
}

static void ram_free(TapeMedium *m)
{
    RamMedium *r = ram(m);
    uint32_t i;

    for (i = 0; i < r->geometry.partitions; i++) {
        g_array_unref(r->partitions[i].objects);
    }
    attribute_set_free(r->attributes);
    g_free(r);
}

TapeMedium *medium_ram_new(const MediumGeometry *geometry)
{
    static const MediumOps ops = {
        .read = ram_read,
        .read_reverse = ram_read_reverse,
        .write = ram_write,
        .write_marks = ram_write_marks,
        .space = ram_space,
        .locate = ram_locate,
        .erase = ram_erase,
        .cut = ram_cut,
        .format_partitions = ram_format_partitions,
        .redivide = ram_redivide,
        .get_attribute = ram_get_attribute,
        .set_attribute = ram_set_attribute,
        .list_attributes = ram_list_attributes,
        .set_write_protect = ram_set_write_protect,
        .set_compression = ram_set_compression,
        .sync = ram_sync,
        .position = ram_position,
        .info = ram_info,
        .partition = ram_partition,
        .host_error = ram_host_error,
        .free = ram_free,
        .count_load = ram_count_load,
    };
    RamMedium *r = g_new0(RamMedium, 1);
    uint64_t shares[MEDIUM_PARTITIONS_MAX];
    uint32_t i;

    g_assert(geometry_check(geometry, NULL));
    r->base.ops = &ops;
    r->geometry = *geometry;
    r->geometry.partitions = 0; /* none made yet */
    r->attributes = attribute_set_new();
    for (i = 0; i < geometry->partitions; i++) {
        shares[i] = geometry_share(geometry, i);
    }
    ram_make_partitions(r, geometry->partitions, shares);
    return &r->base;
}
