/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks each call of a medium. Assertions cover the caller's arguments and the promises of
 * medium.h. These are the results that a call may give, the place of the head afterwards, and the
 * out-parameters. The check costs two position() calls a motion.
 */
#include "media/medium.h"

#include "emu/base/bytes.h"

#define BIT(result) (1u << (unsigned)(result))

enum {
    READ_RESULTS = BIT(MEDIUM_OK) | BIT(MEDIUM_FILEMARK) | BIT(MEDIUM_SETMARK) |
                   BIT(MEDIUM_READ_ERROR) | BIT(MEDIUM_CORRUPT) | BIT(MEDIUM_HOST_ERROR),
    /* The results of writing that leave everything as it was… */
    REFUSED = BIT(MEDIUM_PROTECTED) | BIT(MEDIUM_WORM) | BIT(MEDIUM_UNSUPPORTED) |
              BIT(MEDIUM_HOST_ERROR) | BIT(MEDIUM_WRITE_ERROR),
    /* …and those that may not. */
    WRITTEN = BIT(MEDIUM_OK) | BIT(MEDIUM_EARLY_WARNING),
    SPACE_RESULTS = BIT(MEDIUM_OK) | BIT(MEDIUM_FILEMARK) | BIT(MEDIUM_SETMARK) | BIT(MEDIUM_EOD) |
                    BIT(MEDIUM_BOP) | BIT(MEDIUM_READ_ERROR) | BIT(MEDIUM_CORRUPT) |
                    BIT(MEDIUM_HOST_ERROR) | BIT(MEDIUM_UNSUPPORTED),
    LOCATE_RESULTS = BIT(MEDIUM_OK) | BIT(MEDIUM_EOD) | BIT(MEDIUM_INVALID) |
                     BIT(MEDIUM_READ_ERROR) | BIT(MEDIUM_CORRUPT) | BIT(MEDIUM_HOST_ERROR),
};

static void medium_assert_one_of(MediumResult result, unsigned allowed)
{
    g_assert(BIT(result) & allowed);
}

/* The head's position, checked to be a possible one. */
static MediumPosition medium_position_now(TapeMedium *m)
{
    MediumPosition position;

    medium_position(m, &position);
    return position;
}

static bool medium_same_place(const MediumPosition *a, const MediumPosition *b)
{
    return a->partition == b->partition && a->object == b->object;
}

MediumResult medium_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;

    *length = 0;
    result = m->ops->read(m, buffer, capacity, length);
    after = medium_position_now(m);
    medium_assert_one_of(result, READ_RESULTS | BIT(MEDIUM_EOD));
    g_assert(after.partition == before.partition);
    if (result == MEDIUM_EOD || result == MEDIUM_HOST_ERROR) {
        g_assert(after.object == before.object);
    } else {
        g_assert(after.object == before.object + 1);
    }
    g_assert(result == MEDIUM_OK ? *length >= 1 && *length <= MEDIUM_BLOCK_MAX : *length == 0);
    g_assert(result != MEDIUM_EOD || after.eod);
    return result;
}

MediumResult medium_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;

    *length = 0;
    result = m->ops->read_reverse(m, buffer, capacity, length);
    after = medium_position_now(m);
    medium_assert_one_of(result, READ_RESULTS | BIT(MEDIUM_BOP));
    g_assert(after.partition == before.partition);
    if (result == MEDIUM_BOP || result == MEDIUM_HOST_ERROR) {
        g_assert(after.object == before.object);
    } else {
        g_assert(after.object == before.object - 1);
    }
    g_assert(result == MEDIUM_OK ? *length >= 1 && *length <= MEDIUM_BLOCK_MAX : *length == 0);
    g_assert(result != MEDIUM_BOP || after.bop);
    return result;
}

MediumResult medium_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;

    g_assert(length >= 1 && length <= MEDIUM_BLOCK_MAX);
    result = m->ops->write(m, data, length);
    after = medium_position_now(m);
    medium_assert_one_of(result, WRITTEN | REFUSED | BIT(MEDIUM_END_OF_PARTITION));
    g_assert(after.partition == before.partition);
    if (BIT(result) & WRITTEN) {
        g_assert(after.object == before.object + 1 && after.eod);
    } else {
        g_assert(after.object == before.object);
    }
    g_assert(result != MEDIUM_END_OF_PARTITION || after.eod);
    return result;
}

MediumResult medium_write_marks(TapeMedium *m, MediumMark mark, uint64_t count, uint64_t *written)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;

    *written = 0;
    if (count == 0) {
        return MEDIUM_OK;
    }
    result = m->ops->write_marks(m, mark, count, written);
    after = medium_position_now(m);
    medium_assert_one_of(result, WRITTEN | REFUSED | BIT(MEDIUM_END_OF_PARTITION));
    g_assert(after.partition == before.partition);
    g_assert(BIT(result) & WRITTEN ? *written == count && after.eod : *written < count);
    g_assert(after.object == before.object + *written);
    g_assert(result != MEDIUM_END_OF_PARTITION || after.eod);
    return result;
}

MediumResult medium_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                          uint64_t *moved)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;
    uint64_t wanted;

    *moved = 0;
    if (count == 0 && what != MEDIUM_SPACE_EOD) {
        return MEDIUM_OK;
    }
    count = MAX(count, -G_MAXINT64); /* so that it can be negated; no tape is that long */
    wanted = (uint64_t)ABS(count);
    result = m->ops->space(m, what, count, stop_at_setmarks, moved);
    after = medium_position_now(m);
    medium_assert_one_of(result, SPACE_RESULTS);
    g_assert(after.partition == before.partition);
    if (what == MEDIUM_SPACE_EOD) {
        g_assert(*moved == 0 && (result != MEDIUM_OK || after.eod));
    } else {
        g_assert(result == MEDIUM_OK ? *moved == wanted : *moved <= wanted);
        g_assert(count > 0 ? after.object >= before.object : after.object <= before.object);
    }
    g_assert(result != MEDIUM_EOD || after.eod);
    g_assert(result != MEDIUM_BOP || after.bop);
    g_assert(BIT(result) & (BIT(MEDIUM_UNSUPPORTED)) ? medium_same_place(&before, &after) : true);
    return result;
}

uint64_t medium_skip_lost(TapeMedium *m)
{
    MediumPosition before = medium_position_now(m), after;
    uint64_t n = m->ops->skip_lost ? m->ops->skip_lost(m) : 0;

    after = medium_position_now(m);
    g_assert(after.partition == before.partition && after.object == before.object + n);
    return n;
}

MediumResult medium_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result = m->ops->locate(m, partition, what, number);

    after = medium_position_now(m);
    medium_assert_one_of(result, LOCATE_RESULTS);
    if (result == MEDIUM_INVALID) {
        g_assert(medium_same_place(&before, &after));
    }
    if (result == MEDIUM_OK || result == MEDIUM_EOD) {
        g_assert(after.partition == partition);
        g_assert(result != MEDIUM_EOD || after.eod);
        g_assert(what != MEDIUM_LOCATE_EOD || after.eod);
    }
    if (result == MEDIUM_OK && what == MEDIUM_LOCATE_OBJECT) {
        g_assert(after.object == number);
    }
    return result;
}

MediumResult medium_erase(TapeMedium *m, bool to_end_of_partition)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result = m->ops->erase(m, to_end_of_partition);

    after = medium_position_now(m);
    medium_assert_one_of(result, BIT(MEDIUM_OK) | REFUSED);
    g_assert(medium_same_place(&before, &after));
    g_assert(result != MEDIUM_OK || after.eod);
    return result;
}

static uint64_t medium_load_count(TapeMedium *m)
{
    MediumAttribute attribute;
    uint64_t count = 0;

    if (medium_get_attribute(m, 0, MEDIUM_ATTRIBUTE_LOAD_COUNT, &attribute) == MEDIUM_OK) {
        if (g_bytes_get_size(attribute.value) == 8) {
            count = get_be64(g_bytes_get_data(attribute.value, NULL));
        }
        g_bytes_unref(attribute.value);
    }
    return count;
}

uint32_t medium_cleanings_left(TapeMedium *m)
{
    MediumInfo info;

    medium_info(m, &info);
    return info.geometry.cleanings - (uint32_t)MIN(medium_load_count(m), info.geometry.cleanings);
}

bool medium_use_cleaning(TapeMedium *m)
{
    uint8_t count[8];

    if (medium_cleanings_left(m) == 0) {
        return false;
    }
    put_be64(count, medium_load_count(m) + 1);
    g_autoptr(GBytes) value = g_bytes_new(count, sizeof count);
    const MediumAttribute attribute = { .id = MEDIUM_ATTRIBUTE_LOAD_COUNT,
                                        .read_only = true,
                                        .value = value };
    medium_set_attribute(m, 0, &attribute); /* a read-only file does not keep it */
    return true;
}

MediumResult medium_lose(TapeMedium *m, uint64_t objects)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result;

    g_assert(before.eod && objects <= before.object);
    result = m->ops->locate(m, before.partition, MEDIUM_LOCATE_OBJECT, before.object - objects);
    if (result == MEDIUM_OK) {
        result = m->ops->cut ? m->ops->cut(m) : m->ops->erase(m, false);
    }
    after = medium_position_now(m);
    g_assert(result != MEDIUM_OK || (after.eod && after.object + objects == before.object));
    return result;
}

MediumResult medium_format_partitions(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result = m->ops->format_partitions(m, count, capacities);

    after = medium_position_now(m);
    medium_assert_one_of(result, BIT(MEDIUM_OK) | BIT(MEDIUM_INVALID) | REFUSED);
    if (result == MEDIUM_OK) {
        g_assert(after.partition == 0 && after.object == 0 && after.bop && after.eod);
    } else {
        g_assert(medium_same_place(&before, &after));
    }
    return result;
}

MediumResult medium_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    MediumPosition before = medium_position_now(m), after;
    MediumResult result = m->ops->redivide(m, count, capacities);

    after = medium_position_now(m);
    medium_assert_one_of(result, BIT(MEDIUM_OK) | BIT(MEDIUM_INVALID) | REFUSED);
    g_assert(medium_same_place(&before, &after));
    return result;
}

MediumResult medium_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                  MediumAttribute *attribute)
{
    MediumResult result;

    *attribute = (MediumAttribute){ .id = id };
    result = m->ops->get_attribute(m, partition, id, attribute);
    medium_assert_one_of(result, BIT(MEDIUM_OK) | BIT(MEDIUM_INVALID) | BIT(MEDIUM_UNSUPPORTED) |
                                     BIT(MEDIUM_READ_ERROR) | BIT(MEDIUM_CORRUPT) |
                                     BIT(MEDIUM_HOST_ERROR));
    g_assert((result == MEDIUM_OK) == (attribute->value != NULL));
    g_assert(attribute->id == id);
    return result;
}

MediumResult medium_set_attribute(TapeMedium *m, uint32_t partition,
                                  const MediumAttribute *attribute)
{
    MediumResult result;

    g_assert(attribute->value && g_bytes_get_size(attribute->value) <= MEDIUM_ATTRIBUTE_MAX);
    result = m->ops->set_attribute(m, partition, attribute);
    medium_assert_one_of(result, BIT(MEDIUM_OK) | BIT(MEDIUM_INVALID) | REFUSED);
    return result;
}

void medium_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
    g_assert(g_array_get_element_size(ids) == sizeof(uint16_t));
    m->ops->list_attributes(m, partition, ids);
}

MediumResult medium_set_write_protect(TapeMedium *m, bool on)
{
    MediumResult result = m->ops->set_write_protect(m, on);

    medium_assert_one_of(result, BIT(MEDIUM_OK) | REFUSED);
    return result;
}

void medium_set_compression(TapeMedium *m, bool on)
{
    m->ops->set_compression(m, on);
}

bool medium_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    return !m->ops->fetch || m->ops->fetch(m, bytes, done, data);
}

void medium_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    g_assert(done);
    m->ops->sync(m, done, data);
}

void medium_position(TapeMedium *m, MediumPosition *position)
{
    *position = (MediumPosition){ 0 };
    m->ops->position(m, position);
    g_assert(position->bop == (position->object == 0));
    g_assert(position->files <= position->object && position->setmarks <= position->object);
}

void medium_count_load(TapeMedium *m)
{
    if (m->ops->count_load) {
        m->ops->count_load(m);
    }
}

void medium_info(TapeMedium *m, MediumInfo *info)
{
    *info = (MediumInfo){ 0 };
    m->ops->info(m, info);
    g_assert(info->format);
    g_assert(info->geometry.partitions >= 1 && info->geometry.partitions <= MEDIUM_PARTITIONS_MAX);
}

void medium_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    *partition = (MediumPartition){ 0 };
    m->ops->partition(m, number, partition);
}

const GError *medium_host_error(TapeMedium *m)
{
    return m->ops->host_error(m);
}

void medium_free(TapeMedium *m)
{
    if (m) {
        m->ops->free(m);
    }
}
