/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kill or a power cut at every write and sync of a mixed workload. Whatever instant it is:
 * the cartridge opens, what the last sync acknowledged and nobody has overwritten since is there,
 * nothing that can be read is damaged, and what is there is what the tape held at one moment.
 */
#include "emu/base/bytes.h"
#include "media/cartridge/cartridge.h"
#include "tests/contract/medium_rows.h"
#include "tests/support/memory_disk.h"

TCase *make_medium_crash_tcase(void);

enum {
    SEEDS = 16,
    STEPS = 170,
    PARTITIONS = 14, /* a superblock of three sectors, each of which can reach the disk or not */
    LONGEST = 40000,
    ATTRIBUTE = 0x401,
    CUTS = 24000,    /* of all seeds together, at least */
    POWER_CUTS = 8,  /* at each event, each with other sectors lost */
    SECOND_CUTS = 8, /* after one cut in so many, another one of each kind */
    SAMPLE = 16,     /* one event in so many, unless all are wanted */
    /* small, so that much happens in a short workload */
    FLUSH_BYTES = 1500,
    CHECKPOINT = 3000,
};

/* Work waits until somebody has the time; so does the news that it is done. */
typedef struct LazyExecutor {
    Executor base;
    GQueue jobs; /* of LazyJob */
} LazyExecutor;

typedef struct LazyJob {
    ExecutorFunc work, done;
    void *data;
    bool worked;
} LazyJob;

typedef struct Object {
    ObjectType type;
    uint32_t stamp, length;
} Object;

/* The tape between two steps. */
typedef struct State {
    uint32_t partitions; /* 0: not there yet */
    GArray *objects[PARTITIONS];
    guint kept[PARTITIONS]; /* objects that the step before it left alone */
    uint32_t attribute;     /* 0: none */
    bool acknowledged;
} State;

typedef struct Run {
    MemoryDisk *disk;
    TapeMedium *m;
    LazyExecutor lazy;
    int cuts;
    GRand *rand;
    State states[STEPS + 1];
    uint32_t stamp;
    uint8_t *buffer, *expected;
} Run;

static void state_copy(State *to, const State *from)
{
    int p;

    *to = (State){ .partitions = from->partitions, .attribute = from->attribute };
    for (p = 0; p < PARTITIONS; p++) {
        to->objects[p] = g_array_copy(from->objects[p]);
        to->kept[p] = from->objects[p]->len;
    }
}

/* ── the other thread ── */

static void lazy_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    LazyJob job = { work, done, data, false };

    g_queue_push_tail(&((LazyExecutor *)executor)->jobs, g_memdup2(&job, sizeof job));
}

/* Half a job: the work of the next one, or the news of the oldest that has been worked on. */
static void lazy_step(LazyExecutor *lazy, bool work)
{
    LazyJob *job = g_queue_peek_head(&lazy->jobs);
    guint i;

    if (work) {
        for (i = 0; i < lazy->jobs.length; i++) {
            LazyJob *next = g_queue_peek_nth(&lazy->jobs, i);

            if (!next->worked) {
                next->work(next->data);
                next->worked = true;
                return;
            }
        }
    } else if (job && job->worked) {
        g_queue_pop_head(&lazy->jobs);
        job->done(job->data);
        g_free(job);
    }
}

static void lazy_finish(LazyExecutor *lazy, GRand *rand)
{
    while (!g_queue_is_empty(&lazy->jobs)) {
        lazy_step(lazy, g_rand_boolean(rand));
    }
}

/* Has it worked on something that nobody has heard of yet? */
static bool lazy_has_news(LazyExecutor *lazy)
{
    LazyJob *job = g_queue_peek_head(&lazy->jobs);

    return job && job->worked;
}

/* ── a planted bug: the slot of the last durable superblock is written to ── */

typedef struct PlantedFile {
    HostFile base;
    HostFile *disk;
    unsigned superblocks;
} PlantedFile;

static HostFile *disk_of(HostFile *file)
{
    return ((PlantedFile *)file)->disk;
}

static ssize_t planted_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    return disk_of(file)->ops->read(disk_of(file), buffer, length, offset);
}

/* Superblocks go to the two slots in turn, whatever has been synced. */
static ssize_t planted_write(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    if (offset == 0 || offset == SUPERBLOCK_SLOT_SIZE) {
        offset = ((PlantedFile *)file)->superblocks++ % 2 * SUPERBLOCK_SLOT_SIZE;
    }
    return disk_of(file)->ops->write(disk_of(file), iov, n, offset);
}

static int planted_sync(HostFile *file)
{
    return disk_of(file)->ops->sync(disk_of(file));
}

static int planted_truncate(HostFile *file, uint64_t size)
{
    return disk_of(file)->ops->truncate(disk_of(file), size);
}

static int planted_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    return disk_of(file)->ops->punch(disk_of(file), offset, length);
}

static int planted_reserve(HostFile *file, uint64_t offset, uint64_t length)
{
    return disk_of(file)->ops->reserve(disk_of(file), offset, length);
}

static int64_t planted_size(HostFile *file)
{
    return disk_of(file)->ops->size(disk_of(file));
}

static void planted_free(HostFile *file)
{
    host_file_free(disk_of(file));
    g_free(file);
}

static HostFile *planted_new(HostFile *disk)
{
    static const HostFileOps ops = { planted_read,  planted_write,   planted_sync, planted_truncate,
                                     planted_punch, planted_reserve, planted_size, planted_free };
    PlantedFile *file = g_new0(PlantedFile, 1);

    *file = (PlantedFile){ { &ops }, disk, 0 };
    return &file->base;
}

/* ── the workload ── */

static State *truncated_at_head(Run *run, int step, uint32_t *partition)
{
    MediumPosition at;

    medium_position(run->m, &at);
    *partition = at.partition;
    g_array_set_size(run->states[step].objects[at.partition], (guint)at.object);
    run->states[step].kept[at.partition] = (guint)at.object;
    return &run->states[step];
}

static void do_block(Run *run, int step)
{
    uint32_t length =
        (uint32_t)(g_rand_int_range(run->rand, 0, 4) == 0 ? g_rand_int_range(run->rand, 4, LONGEST)
                                                          : g_rand_int_range(run->rand, 4, 900));
    Object object = { OBJECT_BLOCK, ++run->stamp, length };
    uint32_t partition;
    State *state = truncated_at_head(run, step, &partition);

    fill_block(run->buffer, length, object.stamp);
    ck_assert_int_eq(medium_write(run->m, run->buffer, length), MEDIUM_OK);
    g_array_append_val(state->objects[partition], object);
}

static void do_mark(Run *run, int step)
{
    bool setmark = g_rand_int_range(run->rand, 0, 4) == 0;
    Object object = { setmark ? OBJECT_SETMARK : OBJECT_FILEMARK, 0, 0 };
    uint32_t partition;
    State *state = truncated_at_head(run, step, &partition);
    uint64_t n;

    ck_assert_int_eq(
        medium_write_marks(run->m, setmark ? MEDIUM_MARK_SETMARK : MEDIUM_MARK_FILEMARK, 1, &n),
        MEDIUM_OK);
    g_array_append_val(state->objects[partition], object);
}

static void do_move(Run *run, int step)
{
    State *state = &run->states[step];
    uint32_t partition = (uint32_t)g_rand_int_range(run->rand, 0, (gint32)state->partitions);
    guint end = state->objects[partition]->len;
    guint object = g_rand_int_range(run->rand, 0, 5)
                       ? end
                       : (guint)g_rand_int_range(run->rand, 0, (gint32)end + 1);

    ck_assert_int_eq(medium_locate(run->m, partition, MEDIUM_LOCATE_OBJECT, object), MEDIUM_OK);
}

static void do_erase(Run *run, int step)
{
    uint32_t partition;

    truncated_at_head(run, step, &partition);
    ck_assert_int_eq(medium_erase(run->m, g_rand_boolean(run->rand)), MEDIUM_OK);
}

static void do_attribute(Run *run, int step)
{
    uint8_t bytes[4];
    g_autoptr(GBytes) value = NULL;

    put_le32(bytes, ++run->stamp);
    value = g_bytes_new(bytes, 4);
    run->states[step].attribute = run->stamp;
    ck_assert_int_eq(
        medium_set_attribute(run->m, 0, &(MediumAttribute){ ATTRIBUTE, 0, false, value }),
        MEDIUM_OK);
}

static void do_format(Run *run, int step)
{
    uint64_t capacities[PARTITIONS];
    uint32_t count = run->states[step].partitions % PARTITIONS + 1;

    int p;

    for (p = 0; p < PARTITIONS; p++) {
        capacities[p] = 1 << 30;
    }
    ck_assert_int_eq(medium_format_partitions(run->m, count, capacities), MEDIUM_OK);
    run->states[step].partitions = count;
    for (p = 0; p < PARTITIONS; p++) {
        g_array_set_size(run->states[step].objects[p], 0);
        run->states[step].kept[p] = 0;
    }
}

/* Drops or adds the last partitions; what is on the others stays. */
static void do_redivide(Run *run, int step)
{
    uint64_t capacities[PARTITIONS];
    State *state = &run->states[step];
    MediumPosition at;
    uint32_t p, count;

    medium_position(run->m, &at);
    count = (uint32_t)g_rand_int_range(run->rand, (gint32)at.partition + 1, PARTITIONS + 1);
    for (p = 0; p < PARTITIONS; p++) {
        capacities[p] = 1 << 30;
    }
    ck_assert_int_eq(medium_redivide(run->m, count, capacities), MEDIUM_OK);
    state->partitions = count;
    for (p = count; p < PARTITIONS; p++) {
        g_array_set_size(state->objects[p], 0);
        state->kept[p] = 0;
    }
}

static void synced(void *data, MediumResult result)
{
    ck_assert_int_eq(result, MEDIUM_OK);
    *(bool *)data = true;
}

/* Twice the tab: two superblocks with no sync between them. */
static void do_protect(Run *run)
{
    ck_assert_int_eq(medium_set_write_protect(run->m, true), MEDIUM_OK);
    ck_assert_int_eq(medium_set_write_protect(run->m, false), MEDIUM_OK);
}

static TapeMedium *open_disk(MemoryDisk *disk, Executor *executor, char **notice)
{
    HostFile *file = memory_disk_open(disk);
    g_autoptr(GError) error = NULL;
    TapeMedium *m;

    if (g_getenv("USBTAPE_TEST_PLANT")) {
        file = planted_new(file);
    }
    m = cartridge_open(file, "tape", false, executor, notice, &error);

    ck_assert_msg(m != NULL, "%s", error ? error->message : "");
    medium_set_compression(m, true);
    cartridge(m)->gather.limit = FLUSH_BYTES;
    cartridge(m)->checkpoint.interval = CHECKPOINT;
    return m;
}

/* Closed without a sync, which promises nothing, and opened again. */
static void do_reopen(Run *run)
{
    medium_free(run->m);
    lazy_finish(&run->lazy, run->rand);
    run->m = open_disk(run->disk, &run->lazy.base, NULL);
}

/* Step `i` makes state `i` of state `i - 1`. */
static void do_step(Run *run, int i)
{
    int n = g_rand_int_range(run->rand, 0, 100);

    memory_disk_set_step(run->disk, i);
    if (g_rand_int_range(run->rand, 0, 3) == 0) {
        lazy_step(&run->lazy, g_rand_boolean(run->rand));
    }
    state_copy(&run->states[i], &run->states[i - 1]);
    if (lazy_has_news(&run->lazy) && n % 4 == 0) {
        do_protect(run);
    } else if (n < 55) {
        do_block(run, i);
    } else if (n < 67) {
        do_mark(run, i);
    } else if (n < 78) {
        do_move(run, i);
    } else if (n < 80) {
        do_redivide(run, i);
    } else if (n < 83) {
        do_erase(run, i);
    } else if (n < 86) {
        do_attribute(run, i);
    } else if (n < 87) {
        do_format(run, i);
    } else if (n < 89) {
        do_protect(run);
    } else if (n < 91) {
        do_reopen(run);
    } else {
        medium_sync(run->m, synced, &run->states[i].acknowledged);
        lazy_finish(&run->lazy, run->rand);
    }
}

static void make(Run *run, uint32_t seed)
{
    /* with many, a superblock is longer than a sector and can be torn */
    MediumGeometry geometry = { .partitions = seed % 2 ? 2 : PARTITIONS,
                                .compression = seed % 4 > 1 };
    static const ExecutorOps lazy_ops = { .run = lazy_run };
    HostFile *file;
    int i, p;

    *run = (Run){ .disk = memory_disk_new(), .rand = g_rand_new_with_seed(seed) };
    run->lazy.base.ops = &lazy_ops;
    g_queue_init(&run->lazy.jobs);
    run->buffer = g_malloc(LONGEST);
    run->expected = g_malloc(LONGEST);
    file = memory_disk_open(run->disk);
    /* some are as older programs made them */
    ck_assert(seed % 8 < 6
                  ? cartridge_create(file, "tape", &geometry, CHUNK_SHIFT_MIN, NULL)
                  : cartridge_create_plain(file, "tape", &geometry, CHUNK_SHIFT_MIN, NULL));
    host_file_release(file);
    run->states[0] = (State){ .partitions = geometry.partitions, .acknowledged = true };
    for (p = 0; p < PARTITIONS; p++) {
        run->states[0].objects[p] = g_array_new(FALSE, FALSE, sizeof(Object));
    }
    memory_disk_set_step(run->disk, 1);
    run->m = open_disk(run->disk, &run->lazy.base, NULL);
    for (i = 1; i <= STEPS; i++) {
        do_step(run, i);
    }
}

static void run_clear(Run *run)
{
    int i, p;

    medium_free(run->m);
    lazy_finish(&run->lazy, run->rand);
    for (i = 0; i <= STEPS; i++) {
        for (p = 0; p < PARTITIONS; p++) {
            g_array_unref(run->states[i].objects[p]);
        }
    }
    memory_disk_free(run->disk);
    g_rand_free(run->rand);
    g_free(run->buffer);
    g_free(run->expected);
}

/* ── looking ── */

static bool same_object(const GArray *a, const GArray *b, guint i)
{
    const Object *x = &g_array_index(a, Object, i), *y = &g_array_index(b, Object, i);

    return x->type == y->type && x->stamp == y->stamp && x->length == y->length;
}

static guint common_prefix(const GArray *a, const GArray *b)
{
    guint n = 0;

    while (n < a->len && n < b->len && same_object(a, b, n)) {
        n++;
    }
    return n;
}

/* Reads a partition; every block must be one that was written, byte for byte. */
static GArray *read_partition(Run *run, TapeMedium *m, uint32_t partition)
{
    GArray *objects = g_array_new(FALSE, FALSE, sizeof(Object));

    ck_assert_int_eq(medium_locate(m, partition, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    while (true) {
        size_t length;
        MediumResult result = medium_read(m, run->buffer, LONGEST, &length);
        Object object = { OBJECT_BLOCK, 0, (uint32_t)length };

        if (result == MEDIUM_EOD) {
            return objects;
        }
        if (result == MEDIUM_OK) {
            object.stamp = get_le32(run->buffer); /* no block is shorter */
            fill_block(run->expected, length, object.stamp);
            MUST(memcmp(run->buffer, run->expected, length) == 0);
        } else {
            if (result != MEDIUM_FILEMARK && result != MEDIUM_SETMARK) {
                ck_abort_msg("object %u of partition %u: result %u", objects->len, partition,
                             result);
            }
            object.type = result == MEDIUM_FILEMARK ? OBJECT_FILEMARK : OBJECT_SETMARK;
        }
        g_array_append_val(objects, object);
    }
}

static uint32_t read_attribute(TapeMedium *m)
{
    MediumAttribute attribute;
    uint32_t value;

    if (medium_get_attribute(m, 0, ATTRIBUTE, &attribute) != MEDIUM_OK) {
        return 0;
    }
    value = get_le32(g_bytes_get_data(attribute.value, NULL));
    g_bytes_unref(attribute.value);
    return value;
}

/* Could partition `p` hold `found` when the end came in step `last`? `first`: last acknowledged. */
static void check_partition(Run *run, int first, int last, uint32_t p, const GArray *found,
                            uint32_t partitions, const char *where)
{
    guint kept = run->states[first].objects[p]->len;
    bool possible = false;
    int i;

    for (i = first; i <= last; i++) {
        const State *state = &run->states[i];

        kept = i > first ? MIN(kept, state->kept[p]) : kept;
        possible |= state->partitions == partitions &&
                    common_prefix(state->objects[p], found) == found->len;
    }
    ck_assert_msg(found->len >= kept, "%s: partition %u holds %u objects, %u were acknowledged",
                  where, p, found->len, kept);
    ck_assert_msg(possible, "%s: partition %u of %u never held these %u objects since step %d",
                  where, p, partitions, found->len, first);
}

/*
 * The cartridge goes on being one: what is written now follows what was found, and nothing else.
 * The first new block is as long as the one that was lost, so that what came after that one, and
 * may still be in the file, would follow exactly.
 */
static GArray *check_continues(Run *run, const State *lost, MemoryDisk *disk, TapeMedium *m,
                               const char *where)
{
    GArray *before = read_partition(run, m, 0);
    g_autoptr(GArray) after = NULL;
    g_autoptr(TapeMedium) again = NULL;
    bool done = false;
    uint32_t i;

    ck_assert_int_eq(medium_set_write_protect(m, false), MEDIUM_OK);
    for (i = 0; i < 1 + run->stamp % 2; i++) {
        Object object = { OBJECT_BLOCK, 1000000 + i, 700 };

        if (i == 0 && lost->objects[0]->len > before->len) {
            object.length = MAX(4, g_array_index(lost->objects[0], Object, before->len).length);
        }
        fill_block(run->buffer, object.length, object.stamp);
        ck_assert_int_eq(medium_write(m, run->buffer, object.length), MEDIUM_OK);
        g_array_append_val(before, object);
    }
    medium_sync(m, synced, &done);
    medium_free(m);
    again = open_disk(disk, executor_inline(), NULL);
    after = read_partition(run, again, 0);
    ck_assert_msg(after->len == before->len && common_prefix(before, after) == after->len,
                  "%s: written on: %u objects, then %u", where, before->len, after->len);
    return before;
}

static const char *const modes[] = { "killed", "killed in the middle", "power cut" };

/* A cartridge that came to an end and was opened again: what was found, and how it went on. */
typedef struct SecondLife {
    MemoryDisk *disk;
    int opened; /* events until opening it had returned */
    uint32_t partitions;
    GArray *found[PARTITIONS];
    GArray *written; /* partition 0 at the end */
} SecondLife;

/* It comes to an end once more: while it recovers, or later. What was found stays. */
static void check_second_cut(Run *run, int first, int last, const SecondLife *life, CutMode mode,
                             const char *where)
{
    int event = g_rand_int_range(run->rand, 0, memory_disk_events(life->disk) + 1);
    g_autoptr(MemoryDisk) disk = memory_disk_cut(life->disk, event, mode, run->rand);
    g_autofree char *here = g_strdup_printf("%s; then %s at event %d", where, modes[mode], event);
    g_autofree char *notice = NULL;
    g_autoptr(TapeMedium) m = open_disk(disk, executor_inline(), &notice);
    MediumInfo info;
    uint32_t p;

    run->cuts++;
    medium_info(m, &info);
    ck_assert_msg(!info.damaged, "%s: %s", here, notice);
    ck_assert_uint_eq(info.geometry.partitions, life->partitions);
    for (p = 0; p < life->partitions; p++) {
        g_autoptr(GArray) now = read_partition(run, m, p);
        const GArray *most = p == 0 ? life->written : life->found[p];

        if (event < life->opened) {
            check_partition(run, first, last, p, now, life->partitions, here);
            continue;
        }
        ck_assert_msg(now->len >= life->found[p]->len && common_prefix(most, now) == now->len,
                      "%s: partition %u: %u objects were found, then %u", here, p,
                      life->found[p]->len, now->len);
    }
}

static void check_cut(Run *run, int event, CutMode mode)
{
    int last = memory_disk_step(run->disk, event), first = last - 1, i;
    g_autoptr(MemoryDisk) disk = memory_disk_cut(run->disk, event, mode, run->rand);
    g_autofree char *where = g_strdup_printf("%s at event %d, step %d", modes[mode], event, last);
    g_autofree char *notice = NULL;
    bool attribute_possible = false, again = run->cuts % SECOND_CUTS == 0;
    SecondLife life = { .disk = disk };
    uint32_t attribute, p;
    MediumInfo info;
    TapeMedium *m;

    if (again) {
        memory_disk_settle(disk);
    }
    m = open_disk(disk, executor_inline(), &notice);
    life.opened = memory_disk_events(disk);
    attribute = read_attribute(m);
    run->cuts++;
    while (first > 0 && !run->states[first].acknowledged) {
        first--;
    }
    medium_info(m, &info);
    ck_assert_msg(!info.damaged, "%s: %s", where, notice);
    life.partitions = info.geometry.partitions;
    for (p = 0; p < life.partitions; p++) {
        life.found[p] = read_partition(run, m, p);
        check_partition(run, first, last, p, life.found[p], life.partitions, where);
    }
    for (i = first; i <= last; i++) {
        attribute_possible |= run->states[i].attribute == attribute;
    }
    ck_assert_msg(attribute_possible, "%s: attribute %u", where, attribute);
    life.written = check_continues(run, &run->states[last - 1], disk, m, where);
    for (i = 0; again && i < (int)G_N_ELEMENTS(modes); i++) {
        check_second_cut(run, first, last, &life, (CutMode)i, where);
    }
    g_array_unref(life.written);
    for (p = 0; p < life.partitions; p++) {
        g_array_unref(life.found[p]);
    }
}

START_TEST(survives_the_end_at_any_instant)
{
    /* all of them take minutes under sanitizers: that is for the slow suite, and a fast build */
    int stride = g_getenv("USBTAPE_TEST_ALL_CUTS") ? 1 : SAMPLE;
    int made = 0, events, event, i;
    Run run;

    make(&run, (uint32_t)_i + 1);
    events = memory_disk_events(run.disk);
    while (memory_disk_step(run.disk, made) == 0) {
        made++; /* of a cartridge that is still being made nothing is promised */
    }
    for (event = made + _i % stride; event < events; event += stride) {
        check_cut(&run, event, CUT_KILLED);
        check_cut(&run, event, CUT_KILLED_TORN);
        for (i = 0; i < POWER_CUTS; i++) {
            check_cut(&run, event, CUT_POWER);
        }
    }
    ck_assert_int_ge(run.cuts, CUTS / SEEDS / stride);
    run_clear(&run);
}
END_TEST

TCase *make_medium_crash_tcase(void)
{
    TCase *tcase = tcase_create("crash");

    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, survives_the_end_at_any_instant, 0, SEEDS);
    return tcase;
}
