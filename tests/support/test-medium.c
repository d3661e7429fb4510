/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/test-medium.h"

#include "media/formats/formats.h"

struct TestMedium {
    TapeMedium base;
    TapeMedium *ram;
    bool hold, hide_marks;
    MediumSyncDone done;
    void *done_data;
    unsigned syncs;
    unsigned far;
    MediumFetched fetched;
    void *fetched_data;
    MediumResult next[TEST_OPS];
    unsigned skip[TEST_OPS];
    unsigned times[TEST_OPS];
};

static TestMedium *test_medium(TapeMedium *m)
{
    return (TestMedium *)m;
}

static bool fails(TestMedium *m, TestOp op, MediumResult *result)
{
    if (m->times[op] == 0) {
        return false;
    }
    if (m->skip[op] > 0) {
        m->skip[op]--;
        return false;
    }
    m->times[op]--;
    *result = m->next[op];
    return true;
}

/* An error leaves the head beyond the object that cannot be read, if there is one. */
static MediumResult pass_object(TestMedium *m, MediumResult result)
{
    uint64_t moved;

    if (result == MEDIUM_HOST_ERROR) {
        return result;
    }
    return medium_space(m->ram, MEDIUM_SPACE_BLOCKS, 1, true, &moved) == MEDIUM_EOD ? MEDIUM_EOD
                                                                                    : result;
}

static MediumResult read_block(TapeMedium *base, uint8_t *buffer, size_t capacity, size_t *length)
{
    TestMedium *m = test_medium(base);
    MediumResult result;

    return fails(m, TEST_READ, &result) ? pass_object(m, result)
                                        : medium_read(m->ram, buffer, capacity, length);
}

static MediumResult read_reverse(TapeMedium *base, uint8_t *buffer, size_t capacity, size_t *length)
{
    return medium_read_reverse(test_medium(base)->ram, buffer, capacity, length);
}

static MediumResult write_block(TapeMedium *base, const uint8_t *data, size_t length)
{
    TestMedium *m = test_medium(base);
    MediumResult result;

    return fails(m, TEST_WRITE, &result) ? result : medium_write(m->ram, data, length);
}

static MediumResult write_marks(TapeMedium *base, MediumMark mark, uint64_t count,
                                uint64_t *written)
{
    TestMedium *m = test_medium(base);
    MediumResult result;

    return fails(m, TEST_MARKS, &result) ? result
                                         : medium_write_marks(m->ram, mark, count, written);
}

static MediumResult space(TapeMedium *base, MediumSpace what, int64_t count, bool stop_at_setmarks,
                          uint64_t *moved)
{
    return medium_space(test_medium(base)->ram, what, count, stop_at_setmarks, moved);
}

static MediumResult locate(TapeMedium *base, uint32_t partition, MediumLocate what, uint64_t number)
{
    return medium_locate(test_medium(base)->ram, partition, what, number);
}

static MediumResult erase(TapeMedium *base, bool to_end_of_partition)
{
    return medium_erase(test_medium(base)->ram, to_end_of_partition);
}

static MediumResult cut(TapeMedium *base)
{
    TapeMedium *ram = test_medium(base)->ram;

    return ram->ops->cut(ram);
}

static MediumResult format_partitions(TapeMedium *base, uint32_t count, const uint64_t *capacities)
{
    TestMedium *m = test_medium(base);
    MediumResult result;

    return fails(m, TEST_FORMAT, &result) ? result
                                          : medium_format_partitions(m->ram, count, capacities);
}

static MediumResult redivide(TapeMedium *base, uint32_t count, const uint64_t *capacities)
{
    return medium_redivide(test_medium(base)->ram, count, capacities);
}

static MediumResult get_attribute(TapeMedium *base, uint32_t partition, uint16_t id,
                                  MediumAttribute *attribute)
{
    return medium_get_attribute(test_medium(base)->ram, partition, id, attribute);
}

static MediumResult set_attribute(TapeMedium *base, uint32_t partition,
                                  const MediumAttribute *attribute)
{
    return medium_set_attribute(test_medium(base)->ram, partition, attribute);
}

static void list_attributes(TapeMedium *base, uint32_t partition, GArray *ids)
{
    medium_list_attributes(test_medium(base)->ram, partition, ids);
}

static MediumResult set_write_protect(TapeMedium *base, bool on)
{
    return medium_set_write_protect(test_medium(base)->ram, on);
}

static void set_compression(TapeMedium *base, bool on)
{
    medium_set_compression(test_medium(base)->ram, on);
}

static void sync_medium(TapeMedium *base, MediumSyncDone done, void *data)
{
    TestMedium *m = test_medium(base);

    m->syncs++;
    if (!m->hold) {
        done(data, MEDIUM_OK);
        return;
    }
    g_assert(!m->done);
    m->done = done;
    m->done_data = data;
}

static void position(TapeMedium *base, MediumPosition *where)
{
    medium_position(test_medium(base)->ram, where);
    where->marks_unknown = test_medium(base)->hide_marks;
}

static void info(TapeMedium *base, MediumInfo *what)
{
    medium_info(test_medium(base)->ram, what);
}

static void partition(TapeMedium *base, uint32_t number, MediumPartition *what)
{
    medium_partition(test_medium(base)->ram, number, what);
}

static const GError *host_error(TapeMedium *base)
{
    return NULL;
}

static void free_medium(TapeMedium *base)
{
    TestMedium *m = test_medium(base);

    g_assert(!m->done); /* nobody may free a medium that syncs */
    medium_free(m->ram);
    g_free(m);
}

static bool fetch(TapeMedium *base, uint64_t bytes, MediumFetched done, void *data)
{
    TestMedium *m = test_medium(base);

    g_assert(bytes > 0);
    if (m->far == 0) {
        return true;
    }
    g_assert(!m->fetched);
    m->far--;
    m->fetched = done;
    m->fetched_data = data;
    return false;
}

void test_medium_make_far(TestMedium *m, unsigned n)
{
    m->far = n;
}

bool test_medium_fetches(const TestMedium *m)
{
    return m->fetched != NULL;
}

void test_medium_end_fetch(TestMedium *m)
{
    MediumFetched fetched = g_steal_pointer(&m->fetched);

    fetched(m->fetched_data);
}

static void count_load(TapeMedium *m)
{
    medium_count_load(((TestMedium *)m)->ram);
}

TestMedium *test_medium_new(const MediumGeometry *geometry)
{
    static const MediumOps ops = {
        read_block,
        read_reverse,
        write_block,
        write_marks,
        space,
        locate,
        erase,
        format_partitions,
        redivide,
        get_attribute,
        set_attribute,
        list_attributes,
        set_write_protect,
        set_compression,
        sync_medium,
        position,
        info,
        partition,
        host_error,
        free_medium,
        cut,
        count_load,
        fetch,
    };
    static const MediumGeometry unlimited = { .partitions = 1 };
    TestMedium *m = g_new0(TestMedium, 1);

    m->base.ops = &ops;
    m->ram = medium_ram_new(geometry ? geometry : &unlimited);
    return m;
}

TapeMedium *test_medium_base(TestMedium *m)
{
    return &m->base;
}

void test_medium_hold_syncs(TestMedium *m, bool hold)
{
    m->hold = hold;
}

bool test_medium_sync_held(const TestMedium *m)
{
    return m->done != NULL;
}

void test_medium_end_sync(TestMedium *m, MediumResult result)
{
    MediumSyncDone done = g_steal_pointer(&m->done);

    g_assert(done != NULL);
    done(m->done_data, result);
}

unsigned test_medium_syncs(const TestMedium *m)
{
    return m->syncs;
}

void test_medium_next_results(TestMedium *m, TestOp op, unsigned skip, unsigned times,
                              MediumResult result)
{
    m->skip[op] = skip;
    m->times[op] = times;
    m->next[op] = result;
}

void test_medium_next_result(TestMedium *m, TestOp op, unsigned skip, MediumResult result)
{
    test_medium_next_results(m, op, skip, 1, result);
}

void test_medium_hide_marks(TestMedium *m, bool hide)
{
    m->hide_marks = hide;
}
