/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every format against the RAM reference: the same random calls on both, results, positions, data
 * and sums compared after each, the file closed and opened again now and then.
 */
#include "tests/contract/medium_rows.h"

TCase *make_medium_model_tcase(void);

enum { SEEDS = 4, STEPS = 1500, LONGEST = 70000, PROTECTED_STEPS = 3, MARKS = 20000 };

typedef struct Pair {
    TapeMedium *a; /* the reference */
    Tape *b;
    GRand *rand;
    uint8_t *one, *other;
    uint32_t stamp;
    bool partitions;
    GString *log;
} Pair;

static void both(Pair *p, MediumResult a, MediumResult b, const char *what)
{
    ck_assert_msg(a == b, "%s: reference %u, %s %u; before it:%s", what, a, row_name(p->b->row), b,
                  p->log->str + MAX(0, (gssize)p->log->len - 600));
}

static void same_u64(Pair *p, uint64_t a, uint64_t b, const char *what)
{
    ck_assert_msg(a == b, "%s: reference %lu, %s %lu; before it:%s", what, (unsigned long)a,
                  row_name(p->b->row), (unsigned long)b,
                  p->log->str + MAX(0, (gssize)p->log->len - 600));
}

static void same_position(Pair *p)
{
    MediumPosition a, b;

    medium_position(p->a, &a);
    medium_position(p->b->m, &b);
    same_u64(p, a.partition, b.partition, "partition");
    same_u64(p, a.object, b.object, "object");
    same_u64(p, a.files, b.files, "files");
    same_u64(p, a.setmarks, b.setmarks, "setmarks");
    same_u64(p, a.bop, b.bop, "bop");
    same_u64(p, a.eod, b.eod, "eod");
    same_u64(p, a.early_warning, b.early_warning, "early warning");
    same_u64(p, a.used, b.used, "used");
    same_u64(p, a.capacity, b.capacity, "capacity");
}

static void same_partitions(Pair *p)
{
    MediumInfo a, b;
    uint32_t i;

    medium_info(p->a, &a);
    medium_info(p->b->m, &b);
    same_u64(p, a.geometry.partitions, b.geometry.partitions, "partitions");
    for (i = 0; i < a.geometry.partitions; i++) {
        MediumPartition x, y;

        medium_partition(p->a, i, &x);
        medium_partition(p->b->m, i, &y);
        same_u64(p, x.capacity, y.capacity, "partition capacity");
        same_u64(p, x.used, y.used, "partition used");
        same_u64(p, x.objects, y.objects, "partition objects");
        same_u64(p, x.files, y.files, "partition files");
        same_u64(p, x.early_warning, y.early_warning, "partition early warning");
    }
}

static size_t random_length(GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
        return (size_t)g_rand_int_range(rand, 1, 20);
    case 1:
        return (size_t)g_rand_int_range(rand, 1, LONGEST);
    case 2:
        return 65536;
    default:
        return (size_t)g_rand_int_range(rand, 1, 2048);
    }
}

static void do_write(Pair *p)
{
    size_t length = random_length(p->rand);
    uint64_t moved;

    if (g_rand_int_range(p->rand, 0, 10) < 8) { /* or the tape would never grow */
        medium_space(p->a, MEDIUM_SPACE_EOD, 0, false, &moved);
        medium_space(p->b->m, MEDIUM_SPACE_EOD, 0, false, &moved);
    }
    fill_block(p->one, length, ++p->stamp);
    both(p, medium_write(p->a, p->one, length), medium_write(p->b->m, p->one, length), "write");
}

static void do_marks(Pair *p)
{
    MediumMark mark =
        g_rand_int_range(p->rand, 0, 3) == 0 ? MEDIUM_MARK_SETMARK : MEDIUM_MARK_FILEMARK;
    uint64_t count = (uint64_t)g_rand_int_range(p->rand, 0, 4), x, y;
    MediumInfo info;
    MediumResult result;

    medium_info(p->b->m, &info);
    if (mark == MEDIUM_MARK_SETMARK && !info.setmarks) {
        ck_assert_int_eq(medium_write_marks(p->b->m, mark, 1, &y), MEDIUM_UNSUPPORTED);
        return;
    }
    if (g_rand_int_range(p->rand, 0, 20) == 0) {
        count = (uint64_t)g_rand_int_range(p->rand, 1000, MARKS); /* to the end, now and then */
    }
    result = medium_write_marks(p->a, mark, count, &x);
    both(p, result, medium_write_marks(p->b->m, mark, count, &y), "write marks");
    same_u64(p, x, y, "marks written");
}

static void do_read(Pair *p, bool forward)
{
    size_t capacity = g_rand_int_range(p->rand, 0, 3) ? LONGEST : random_length(p->rand);
    MediumResult (*read)(TapeMedium *, uint8_t *, size_t, size_t *) =
        forward ? medium_read : medium_read_reverse;
    MediumResult result;
    size_t x, y;

    memset(p->one, 0xaa, LONGEST);
    memset(p->other, 0xaa, LONGEST);
    result = read(p->a, p->one, capacity, &x);
    both(p, result, read(p->b->m, p->other, capacity, &y), forward ? "read" : "read reverse");
    same_u64(p, x, y, "length");
    ck_assert_mem_eq(p->one, p->other, LONGEST);
}

static void do_space(Pair *p)
{
    MediumSpace what =
        (MediumSpace)g_rand_int_range(p->rand, 0, MEDIUM_SPACE_SEQUENTIAL_SETMARKS + 1);
    int64_t count = g_rand_int_range(p->rand, -6, 7);
    bool stop = g_rand_boolean(p->rand);
    MediumResult result;
    uint64_t x, y;

    result = medium_space(p->a, what, count, stop, &x);
    g_string_append_printf(p->log, "(%u,%d,%d)", what, (int)count, stop);
    both(p, result, medium_space(p->b->m, what, count, stop, &y), "space");
    same_u64(p, x, y, "moved");
}

static void do_locate(Pair *p)
{
    MediumLocate what = (MediumLocate)g_rand_int_range(p->rand, 0, MEDIUM_LOCATE_EOD + 1);
    uint32_t partition = (uint32_t)g_rand_int_range(p->rand, 0, p->partitions ? 5 : 1);
    MediumPosition at;
    MediumPartition end;
    uint64_t number;

    medium_position(p->a, &at);
    medium_partition(p->a, at.partition, &end);
    number = (uint64_t)g_rand_int_range(
        p->rand, 0, (int)(what == MEDIUM_LOCATE_FILE ? end.files : end.objects) + 2);
    if (g_rand_int_range(p->rand, 0, 2)) {
        partition = at.partition;
    }
    both(p, medium_locate(p->a, partition, what, number),
         medium_locate(p->b->m, partition, what, number), "locate");
}

static void do_erase(Pair *p)
{
    bool all = g_rand_boolean(p->rand);

    both(p, medium_erase(p->a, all), medium_erase(p->b->m, all), "erase");
}

static void do_format(Pair *p)
{
    uint64_t capacities[3];
    uint32_t count = (uint32_t)g_rand_int_range(p->rand, 0, 4), i;

    for (i = 0; i < 3; i++) {
        capacities[i] = (uint64_t)g_rand_int_range(p->rand, 0, 2000000);
    }
    both(p, medium_format_partitions(p->a, count, capacities),
         medium_format_partitions(p->b->m, count, capacities), "format partitions");
}

/* Capacities as they are, and others; some do not fit. */
static void do_redivide(Pair *p)
{
    uint32_t count = (uint32_t)g_rand_int_range(p->rand, 1, 6), i;
    uint64_t capacities[5];
    MediumPartition partition;
    MediumInfo info;

    medium_info(p->a, &info);
    for (i = 0; i < 5; i++) {
        capacities[i] = (uint64_t)g_rand_int_range(p->rand, 0, 1500000);
        if (i < info.geometry.partitions && g_rand_boolean(p->rand)) {
            medium_partition(p->a, i, &partition);
            capacities[i] = partition.capacity;
        }
    }
    both(p, medium_redivide(p->a, count, capacities), medium_redivide(p->b->m, count, capacities),
         "redivide");
}

static void do_attribute(Pair *p)
{
    uint32_t partition = (uint32_t)g_rand_int_range(p->rand, 0, 3);
    uint16_t id = (uint16_t)g_rand_int_range(p->rand, 0x400, 0x404);
    size_t length = (size_t)g_rand_int_range(p->rand, 0, 300);
    g_autoptr(GBytes) value = g_bytes_new(p->one, length);
    MediumAttribute attribute = { id, 1, g_rand_boolean(p->rand), value }, x, y;
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, 2);
    g_autoptr(GArray) other = g_array_new(FALSE, FALSE, 2);

    if (g_rand_boolean(p->rand)) {
        both(p, medium_set_attribute(p->a, partition, &attribute),
             medium_set_attribute(p->b->m, partition, &attribute), "set attribute");
    }
    both(p, medium_get_attribute(p->a, partition, id, &x),
         medium_get_attribute(p->b->m, partition, id, &y), "get attribute");
    if (x.value) {
        ck_assert(g_bytes_equal(x.value, y.value) && x.read_only == y.read_only);
        g_bytes_unref(x.value);
        g_bytes_unref(y.value);
    }
    medium_list_attributes(p->a, partition, one);
    medium_list_attributes(p->b->m, partition, other);
    same_u64(p, one->len, other->len, "attributes");
    for (guint i = 0; i < one->len; i++) {
        same_u64(p, g_array_index(one, uint16_t, i), g_array_index(other, uint16_t, i), "id");
    }
}

static void do_protect(Pair *p)
{
    int i;

    both(p, medium_set_write_protect(p->a, true), medium_set_write_protect(p->b->m, true),
         "protect");
    for (i = 0; i < PROTECTED_STEPS; i++) {
        do_write(p);
        do_marks(p);
        do_erase(p);
    }
    both(p, medium_set_write_protect(p->a, false), medium_set_write_protect(p->b->m, false),
         "unprotect");
}

static void do_reopen(Pair *p)
{
    MediumPosition at;

    if (g_rand_boolean(p->rand)) {
        tape_sync(p->b);
    }
    medium_position(p->a, &at);
    tape_reopen(p->b, false);
    ck_assert_int_eq(medium_locate(p->b->m, at.partition, MEDIUM_LOCATE_OBJECT, at.object),
                     MEDIUM_OK);
    same_partitions(p);
}

static void step(Pair *p)
{
    int n = g_rand_int_range(p->rand, 0, 1000);

    g_string_append_printf(p->log, " %d", n);
    if (n < 330) {
        do_write(p);
    } else if (n < 450) {
        do_marks(p);
    } else if (n < 600) {
        do_read(p, true);
    } else if (n < 700) {
        do_read(p, false);
    } else if (n < 850) {
        do_space(p);
    } else if (n < 930) {
        do_locate(p);
    } else if (n < 943) {
        do_erase(p);
    } else if (n < 945 && p->partitions) {
        do_redivide(p);
    } else if (n < 949 && p->partitions) {
        do_format(p);
    } else if (n < 965 && p->partitions) {
        do_attribute(p);
    } else if (n < 970) {
        do_protect(p);
    } else if (n < 990) {
        tape_sync(p->b);
    } else {
        do_reopen(p);
    }
    same_position(p);
}

static void compare(int row, const MediumGeometry *geometry, uint32_t seed)
{
    g_autoptr(TapeMedium) reference = medium_ram_new(geometry);
    g_autoptr(Tape) tape = tape_new(row, geometry);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autofree uint8_t *one = g_malloc0(LONGEST);
    g_autofree uint8_t *other = g_malloc0(LONGEST);
    Pair p = { reference,
               tape,
               g_rand_new_with_seed(seed),
               one,
               other,
               0,
               row_can(row, &(MediumGeometry){ .partitions = 2 }),
               log };
    int i;

    for (i = 0; i < STEPS; i++) {
        step(&p);
    }
    same_partitions(&p);
    g_rand_free(p.rand);
}

static const MediumGeometry geometries[] = {
    { .partitions = 1 },
    { .partitions = 1, .capacity = 3000000, .early_warning = 400000 },
    { .partitions = 4, .capacity = 5000001, .early_warning = 100 },
    { .partitions = 2, .capacity = 8000000, .early_warning = 9000000, .worm = true },
};

START_TEST(behaves_as_the_reference)
{
    int row = _i / SEEDS, seed = _i % SEEDS;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(geometries); i++) {
        if (row_can(row, &geometries[i])) {
            compare(row, &geometries[i], (uint32_t)(seed * 100) + (uint32_t)i);
        }
    }
}
END_TEST

TCase *make_medium_model_tcase(void)
{
    TCase *tcase = tcase_create("model");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, behaves_as_the_reference, 0, row_count() * SEEDS);
    return tcase;
}
