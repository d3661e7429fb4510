/* SPDX-License-Identifier: GPL-2.0-or-later */
/* media/medium.h, promise by promise, for the RAM reference and each format alike. */
#include "emu/base/bytes.h"
#include "media/cartridge/cartridge-layout.h"
#include "tests/contract/medium_rows.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TCase *make_medium_contract_tcase(void);

static const MediumGeometry plain = { .partitions = 1 };

/* ── small words ── */

static void put_block(TapeMedium *m, size_t length, uint32_t stamp)
{
    g_autofree uint8_t *bytes = g_malloc(length);

    fill_block(bytes, length, stamp);
    ck_assert_int_eq(medium_write(m, bytes, length), MEDIUM_OK);
}

static void put_marks(TapeMedium *m, MediumMark mark, uint64_t count)
{
    uint64_t n;

    ck_assert_int_eq(medium_write_marks(m, mark, count, &n), MEDIUM_OK);
    ck_assert_uint_eq(n, count);
}

static void expect_block(TapeMedium *m, bool forward, size_t length, uint32_t stamp)
{
    g_autofree uint8_t *bytes = g_malloc(length), *read = g_malloc(length);
    size_t n;

    fill_block(bytes, length, stamp);
    ck_assert_int_eq(forward ? medium_read(m, read, length, &n)
                             : medium_read_reverse(m, read, length, &n),
                     MEDIUM_OK);
    ck_assert_uint_eq(n, length);
    ck_assert_int_eq(memcmp(read, bytes, length), 0);
}

static void expect_result(TapeMedium *m, bool forward, MediumResult wanted)
{
    uint8_t byte;
    size_t n;

    ck_assert_int_eq(forward ? medium_read(m, &byte, 1, &n) : medium_read_reverse(m, &byte, 1, &n),
                     wanted);
}

static void note_nothing(void *data, MediumResult result)
{
}

static void go(TapeMedium *m, uint64_t object)
{
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, object), MEDIUM_OK);
}

static uint64_t where(TapeMedium *m)
{
    MediumPosition at;

    medium_position(m, &at);
    return at.object;
}

static bool has_setmarks(TapeMedium *m)
{
    MediumInfo info;

    medium_info(m, &info);
    return info.setmarks;
}

/* ── reading and writing ── */

static const size_t lengths[] = { 1, 2, 3, 511, 512, 16383, 16384, 65536, MEDIUM_BLOCK_MAX };

START_TEST(blocks_of_every_length)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint8_t few[10], whole[10];
    size_t n, i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        put_block(tape->m, lengths[i], (uint32_t)i);
    }
    tape_reopen(tape, false);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        expect_block(tape->m, true, lengths[i], (uint32_t)i);
    }
    expect_result(tape->m, true, MEDIUM_EOD);
    while (i-- > 0) {
        expect_block(tape->m, false, lengths[i], (uint32_t)i);
    }
    expect_result(tape->m, false, MEDIUM_BOP);
    go(tape->m, 7);
    memset(few, 0xee, sizeof few);
    fill_block(whole, 8, 7);
    ck_assert_int_eq(medium_read(tape->m, few, 4, &n), MEDIUM_OK);
    ck_assert_uint_eq(n, 65536);
    ck_assert_mem_eq(few, whole, 4);
    ck_assert_uint_eq(few[4], 0xee);
    ck_assert_int_eq(medium_read(tape->m, NULL, 0, &n), MEDIUM_OK);
    ck_assert_uint_eq(n, MEDIUM_BLOCK_MAX);
}
END_TEST

START_TEST(writing_in_the_middle_truncates)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint32_t i;

    for (i = 0; i < 10; i++) {
        put_block(tape->m, 30000, i);
    }
    tape_sync(tape);
    go(tape->m, 4);
    put_block(tape->m, 30000, 100);
    expect_result(tape->m, true, MEDIUM_EOD);
    tape_reopen(tape, false);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_EOD, 0), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 5);
    expect_block(tape->m, false, 30000, 100);
    expect_block(tape->m, false, 30000, 3);
    ck_assert_int_eq(medium_erase(tape->m, false), MEDIUM_OK);
    tape_reopen(tape, false);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 99), MEDIUM_EOD);
    ck_assert_uint_eq(where(tape->m), 3);
    go(tape->m, 0);
    ck_assert_int_eq(medium_erase(tape->m, true), MEDIUM_OK);
    tape_reopen(tape, false);
    expect_result(tape->m, true, MEDIUM_EOD);
    expect_result(tape->m, false, MEDIUM_BOP);
}
END_TEST

START_TEST(no_marks_are_no_motion)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint64_t n = 7;

    put_block(tape->m, 100, 1);
    go(tape->m, 0);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 0, &n), MEDIUM_OK);
    ck_assert_uint_eq(n, 0);
    expect_block(tape->m, true, 100, 1);
    ck_assert_int_eq(medium_space(tape->m, MEDIUM_SPACE_FILEMARKS, 0, false, &n), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 1);
    ck_assert_int_eq(medium_space(tape->m, MEDIUM_SPACE_BLOCKS, G_MININT64, false, &n), MEDIUM_BOP);
    ck_assert_uint_eq(n, 1);
}
END_TEST

/* ── SPACE: b block, f filemark, s setmark ── */

static const struct SpaceRow {
    const char *tape;
    uint64_t from;
    MediumSpace what;
    int64_t count;
    bool stop;
    MediumResult result;
    uint64_t moved, to;
} space_rows[] = {
    { "bbbfbb", 0, MEDIUM_SPACE_BLOCKS, 2, false, MEDIUM_OK, 2, 2 },
    { "bbbfbb", 0, MEDIUM_SPACE_BLOCKS, 3, false, MEDIUM_OK, 3, 3 },
    { "bbbfbb", 1, MEDIUM_SPACE_BLOCKS, 3, false, MEDIUM_FILEMARK, 2, 4 },
    { "bbbfbb", 3, MEDIUM_SPACE_BLOCKS, 1, false, MEDIUM_FILEMARK, 0, 4 },
    { "bbbfbb", 4, MEDIUM_SPACE_BLOCKS, 3, false, MEDIUM_EOD, 2, 6 },
    { "bbbfbb", 6, MEDIUM_SPACE_BLOCKS, 1, false, MEDIUM_EOD, 0, 6 },
    { "bbbfbb", 6, MEDIUM_SPACE_BLOCKS, -2, false, MEDIUM_OK, 2, 4 },
    { "bbbfbb", 6, MEDIUM_SPACE_BLOCKS, -3, false, MEDIUM_FILEMARK, 2, 3 },
    { "bbbfbb", 3, MEDIUM_SPACE_BLOCKS, -4, false, MEDIUM_BOP, 3, 0 },
    { "bbbfbb", 0, MEDIUM_SPACE_BLOCKS, -1, false, MEDIUM_BOP, 0, 0 },
    { "bfbffb", 0, MEDIUM_SPACE_FILEMARKS, 1, false, MEDIUM_OK, 1, 2 },
    { "bfbffb", 0, MEDIUM_SPACE_FILEMARKS, 3, false, MEDIUM_OK, 3, 5 },
    { "bfbffb", 0, MEDIUM_SPACE_FILEMARKS, 4, false, MEDIUM_EOD, 3, 6 },
    { "bfbffb", 6, MEDIUM_SPACE_FILEMARKS, -1, false, MEDIUM_OK, 1, 4 },
    { "bfbffb", 6, MEDIUM_SPACE_FILEMARKS, -3, false, MEDIUM_OK, 3, 1 },
    { "bfbffb", 6, MEDIUM_SPACE_FILEMARKS, -4, false, MEDIUM_BOP, 3, 0 },
    { "bfbffb", 0, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, 2, false, MEDIUM_OK, 2, 5 },
    { "bfbffb", 0, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, 3, false, MEDIUM_EOD, 0, 6 },
    { "bfbffb", 4, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, 2, false, MEDIUM_EOD, 0, 6 },
    { "bfbffb", 6, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, -2, false, MEDIUM_OK, 2, 3 },
    { "bfbffb", 6, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, -3, false, MEDIUM_BOP, 0, 0 },
    { "bfbffb", 2, MEDIUM_SPACE_EOD, -5, false, MEDIUM_OK, 0, 6 },
    { "", 0, MEDIUM_SPACE_EOD, 1, false, MEDIUM_OK, 0, 0 },
    { "bbsbfb", 0, MEDIUM_SPACE_BLOCKS, 3, true, MEDIUM_SETMARK, 2, 3 },
    { "bbsbfb", 0, MEDIUM_SPACE_BLOCKS, 3, false, MEDIUM_OK, 3, 4 },
    { "bbsbfb", 0, MEDIUM_SPACE_BLOCKS, 4, false, MEDIUM_FILEMARK, 3, 5 },
    { "bbsbfb", 4, MEDIUM_SPACE_BLOCKS, -2, true, MEDIUM_SETMARK, 1, 2 },
    { "bbsbfb", 4, MEDIUM_SPACE_BLOCKS, -2, false, MEDIUM_OK, 2, 1 },
    { "bbsbfb", 0, MEDIUM_SPACE_FILEMARKS, 1, true, MEDIUM_SETMARK, 0, 3 },
    { "bbsbfb", 0, MEDIUM_SPACE_FILEMARKS, 1, false, MEDIUM_OK, 1, 5 },
    { "bbsbfb", 0, MEDIUM_SPACE_SETMARKS, 1, true, MEDIUM_OK, 1, 3 },
    { "bbsbfb", 0, MEDIUM_SPACE_SETMARKS, 2, false, MEDIUM_EOD, 1, 6 },
    { "bsfssb", 0, MEDIUM_SPACE_SEQUENTIAL_SETMARKS, 2, true, MEDIUM_OK, 2, 5 },
    { "bsfssb", 6, MEDIUM_SPACE_SEQUENTIAL_SETMARKS, -2, true, MEDIUM_OK, 2, 3 },
    { "bfsffb", 0, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, 2, true, MEDIUM_SETMARK, 0, 3 },
    { "bfsffb", 0, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, 2, false, MEDIUM_OK, 2, 5 },
};

static void write_tape(TapeMedium *m, const char *objects)
{
    uint32_t i;

    for (i = 0; objects[i]; i++) {
        if (objects[i] == 'b') {
            put_block(m, 100 + i, i);
        } else {
            put_marks(m, objects[i] == 'f' ? MEDIUM_MARK_FILEMARK : MEDIUM_MARK_SETMARK, 1);
        }
    }
}

START_TEST(space_stops_where_it_should)
{
    int row = _i / (int)G_N_ELEMENTS(space_rows);
    const struct SpaceRow *r = &space_rows[_i % (int)G_N_ELEMENTS(space_rows)];
    g_autoptr(Tape) tape = tape_new(row, &plain);
    MediumResult result;
    uint64_t moved;

    if (strchr(r->tape, 's') && !has_setmarks(tape->m)) {
        return;
    }
    write_tape(tape->m, r->tape);
    go(tape->m, r->from);
    result = medium_space(tape->m, r->what, r->count, r->stop, &moved);
    ck_assert_msg(result == r->result && moved == r->moved && where(tape->m) == r->to,
                  "%s: %s from %d, %u by %d: result %u, moved %d, at %d", row_name(row), r->tape,
                  (int)r->from, r->what, (int)r->count, result, (int)moved, (int)where(tape->m));
}
END_TEST

START_TEST(locate_knows_files_and_the_end)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);

    write_tape(tape->m, "bbfbffb");
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_FILE, 0), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 0);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_FILE, 2), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 5);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_FILE, 3), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 6);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_FILE, 4), MEDIUM_EOD);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 7), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 8), MEDIUM_EOD);
    ck_assert_int_eq(medium_locate(tape->m, 1, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_INVALID);
    ck_assert_uint_eq(where(tape->m), 7);
}
END_TEST

/* ── the end of the tape ── */

START_TEST(early_warning_and_the_end_are_exact)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 1000, .early_warning = 300 };
    uint8_t bytes[1000] = { 0 };
    g_autoptr(Tape) tape = NULL;
    MediumPosition at;
    uint64_t n;

    if (!row_can(_i, &geometry)) {
        return;
    }
    tape = tape_new(_i, &geometry);
    ck_assert_int_eq(medium_write(tape->m, bytes, 635), MEDIUM_OK);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_OK);
    ck_assert_int_eq(medium_write(tape->m, bytes, 1), MEDIUM_EARLY_WARNING);
    ck_assert_int_eq(medium_write(tape->m, bytes, 301), MEDIUM_END_OF_PARTITION);
    ck_assert_int_eq(medium_write(tape->m, bytes, 236), MEDIUM_EARLY_WARNING);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 2, &n),
                     MEDIUM_END_OF_PARTITION);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(medium_write(tape->m, bytes, 1), MEDIUM_END_OF_PARTITION);
    medium_position(tape->m, &at);
    ck_assert(at.early_warning && at.eod && at.used == 1000 && at.capacity == 1000);
    tape_reopen(tape, false);
    go(tape->m, 2);
    medium_position(tape->m, &at);
    ck_assert(!at.early_warning && at.used == 699);
    ck_assert_int_eq(medium_write(tape->m, bytes, 302), MEDIUM_END_OF_PARTITION);
    expect_result(tape->m, true, MEDIUM_EOD); /* what followed is gone all the same */
}
END_TEST

/* The most that WRITE FILEMARKS(6) can ask for: the capacity bounds it, and the host's file. */
START_TEST(marks_fill_a_partition)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 1 << 20 };
    g_autoptr(Tape) tape = NULL;
    MediumInfo info;
    uint64_t n;

    if (!row_can(_i, &geometry)) {
        return;
    }
    tape = tape_new(_i, &geometry);
    put_block(tape->m, 10, 1);
    go(tape->m, 0);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 0xffffff, &n),
                     MEDIUM_END_OF_PARTITION);
    ck_assert_uint_eq(n, geometry.capacity / MEDIUM_MARK_SIZE);
    ck_assert_uint_eq(where(tape->m), n);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 1, &n),
                     MEDIUM_END_OF_PARTITION);
    medium_info(tape->m, &info);
    ck_assert_uint_le(info.file_size, SYSTEM_AREA + 2 * (1 << CHUNK_SHIFT));
    go(tape->m, 1);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 5, &n), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), 6);
}
END_TEST

/* ── what may not be written ── */

static void expect_refused(TapeMedium *m, MediumResult why)
{
    uint64_t before = where(m), n;

    ck_assert_int_eq(medium_write(m, (const uint8_t *)"x", 1), why);
    ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n), why);
    ck_assert_int_eq(medium_erase(m, true), why);
    ck_assert_uint_eq(where(m), before);
}

START_TEST(protected_is_protected)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint64_t capacity = 1000;
    MediumResult result;
    MediumInfo info;

    put_block(tape->m, 100, 1);
    ck_assert_int_eq(medium_set_write_protect(tape->m, true), MEDIUM_OK);
    go(tape->m, 0);
    expect_refused(tape->m, MEDIUM_PROTECTED);
    result = medium_format_partitions(tape->m, 1, &capacity);
    ck_assert(result == MEDIUM_PROTECTED || result == MEDIUM_UNSUPPORTED);
    medium_info(tape->m, &info);
    ck_assert(info.write_protected && info.tab);
    ck_assert_int_eq(medium_set_write_protect(tape->m, false), MEDIUM_OK);
    expect_block(tape->m, true, 100, 1);
    put_block(tape->m, 100, 2);
    if (tape->path) {
        tape_reopen(tape, true);
        expect_refused(tape->m, MEDIUM_PROTECTED);
        expect_block(tape->m, true, 100, 1);
        tape_sync(tape);
        medium_info(tape->m, &info);
        ck_assert(info.write_protected && !info.tab);
    }
}
END_TEST

START_TEST(worm_only_grows)
{
    const MediumGeometry geometry = { .partitions = 1, .worm = true };
    uint64_t capacity = 1000;
    g_autoptr(Tape) tape = NULL;

    if (!row_can(_i, &geometry)) {
        return;
    }
    tape = tape_new(_i, &geometry);
    put_block(tape->m, 100, 1);
    put_marks(tape->m, MEDIUM_MARK_FILEMARK, 1);
    tape_reopen(tape, false);
    expect_refused(tape->m, MEDIUM_WORM);
    go(tape->m, 1);
    expect_refused(tape->m, MEDIUM_WORM);
    ck_assert_int_eq(medium_format_partitions(tape->m, 1, &capacity), MEDIUM_WORM);
    go(tape->m, 2);
    put_block(tape->m, 100, 2);
    expect_block(tape->m, false, 100, 2);
}
END_TEST

START_TEST(a_cleaning_cartridge_cleans_and_holds_nothing)
{
    const MediumGeometry geometry = { .partitions = 1, .cleanings = 2 };
    uint64_t capacity = 1000;
    g_autoptr(Tape) tape = NULL;
    MediumInfo info;

    if (!row_can(_i, &geometry)) {
        return;
    }
    tape = tape_new(_i, &geometry);
    expect_refused(tape->m, MEDIUM_UNSUPPORTED);
    ck_assert_int_eq(medium_format_partitions(tape->m, 1, &capacity), MEDIUM_UNSUPPORTED);
    ck_assert_uint_eq(medium_cleanings_left(tape->m), 2);
    ck_assert(medium_use_cleaning(tape->m));
    tape_sync(tape);
    tape_reopen(tape, false);
    medium_info(tape->m, &info);
    ck_assert_uint_eq(info.geometry.cleanings, 2);
    ck_assert_uint_eq(medium_cleanings_left(tape->m), 1);
    ck_assert(medium_use_cleaning(tape->m));
    ck_assert_uint_eq(medium_cleanings_left(tape->m), 0);
    ck_assert(!medium_use_cleaning(tape->m));
    ck_assert_uint_eq(medium_cleanings_left(tape->m), 0);
}
END_TEST

/* Three objects of five are lost; also when they came from a WORM cartridge's drive. */
static void lose_three(int row, bool worm)
{
    const MediumGeometry geometry = { .partitions = 1, .worm = worm };
    g_autoptr(Tape) tape = NULL;
    MediumPosition position;

    if (!row_can(row, &geometry)) {
        return;
    }
    tape = tape_new(row, &geometry);
    put_block(tape->m, 100, 1);
    put_block(tape->m, 20000, 2);
    put_block(tape->m, 300, 3);
    put_marks(tape->m, MEDIUM_MARK_FILEMARK, 1);
    put_block(tape->m, 70000, 4);
    ck_assert_int_eq(medium_lose(tape->m, 3), MEDIUM_OK);
    tape_reopen(tape, false);
    go(tape->m, 2);
    medium_position(tape->m, &position);
    ck_assert(position.eod && position.files == 0);
    put_block(tape->m, 10, 5);
    go(tape->m, 0);
    expect_block(tape->m, true, 100, 1);
    expect_block(tape->m, true, 20000, 2);
    expect_block(tape->m, true, 10, 5);
}

START_TEST(what_never_reached_the_tape_is_gone)
{
    lose_three(_i, false);
    lose_three(_i, true);
}
END_TEST

/* ── partitions and attributes ── */

START_TEST(partitions_are_apart)
{
    const MediumGeometry geometry = { .partitions = 3, .capacity = 1000003 };
    const uint64_t too_much[] = { 1000000, 4 }, none[] = { 0 }, fits[] = { 1000, 999003 };
    g_autoptr(Tape) tape = NULL;
    MediumPartition partition;
    uint32_t i;

    if (!row_can(_i, &geometry)) {
        tape = tape_new(_i, &plain);
        ck_assert_int_eq(medium_format_partitions(tape->m, 2, fits), MEDIUM_UNSUPPORTED);
        return;
    }
    tape = tape_new(_i, &geometry);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(medium_locate(tape->m, i, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
        put_block(tape->m, 1000, i);
    }
    tape_reopen(tape, false);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(medium_locate(tape->m, i, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
        expect_block(tape->m, true, 1000, i);
        expect_result(tape->m, true, MEDIUM_EOD);
    }
    medium_partition(tape->m, 0, &partition);
    ck_assert_uint_eq(partition.capacity, 333335);
    ck_assert_int_eq(medium_format_partitions(tape->m, 2, too_much), MEDIUM_INVALID);
    ck_assert_int_eq(medium_format_partitions(tape->m, 1, none), MEDIUM_INVALID);
    ck_assert_int_eq(medium_format_partitions(tape->m, 0, none), MEDIUM_INVALID);
    ck_assert_int_eq(medium_format_partitions(tape->m, 2, fits), MEDIUM_OK);
    tape_reopen(tape, false);
    medium_partition(tape->m, 1, &partition);
    ck_assert(partition.capacity == 999003 && partition.objects == 0);
    ck_assert_int_eq(medium_locate(tape->m, 2, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_INVALID);
}
END_TEST

/* Adding and dropping the last partitions leaves the others as they are. */
START_TEST(the_last_partitions_come_and_go)
{
    const MediumGeometry geometry = { .partitions = 2, .capacity = 100000 };
    const uint64_t more[] = { 50000, 64, 49936 }, fewer[] = { 100000 }, small[] = { 2 },
                   large[] = { 50000, 50001 };
    g_autoptr(Tape) tape = NULL;
    MediumPartition partition;
    uint8_t buffer[8];
    size_t length;
    uint64_t n;

    if (!row_can(_i, &geometry)) {
        tape = tape_new(_i, &plain);
        ck_assert_int_eq(medium_redivide(tape->m, 1, fewer), MEDIUM_UNSUPPORTED);
        return;
    }
    tape = tape_new(_i, &geometry);
    ck_assert_int_eq(medium_write(tape->m, (const uint8_t *)"abc", 3), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(tape->m, 1, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_OK);
    ck_assert_int_eq(medium_redivide(tape->m, 1, fewer), MEDIUM_INVALID); /* the head is there */
    ck_assert_int_eq(medium_redivide(tape->m, 2, large), MEDIUM_INVALID);
    ck_assert_int_eq(medium_redivide(tape->m, 3, more), MEDIUM_OK);
    medium_partition(tape->m, 2, &partition);
    ck_assert(partition.capacity == 49936 && partition.objects == 0);
    ck_assert_int_eq(medium_write_marks(tape->m, MEDIUM_MARK_FILEMARK, 1, &n),
                     MEDIUM_END_OF_PARTITION);
    ck_assert_int_eq(medium_locate(tape->m, 2, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_write(tape->m, (const uint8_t *)"old", 3), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 1), MEDIUM_OK);
    ck_assert_int_eq(medium_redivide(tape->m, 1, small),
                     MEDIUM_INVALID); /* three bytes are there */
    ck_assert_int_eq(medium_redivide(tape->m, 1, fewer), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(tape->m, 1, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_INVALID);
    tape_reopen(tape, false);
    ck_assert_int_eq(medium_redivide(tape->m, 3, more), MEDIUM_OK);
    tape_reopen(tape, false);
    medium_partition(tape->m, 1, &partition);
    ck_assert_uint_eq(partition.objects, 0);
    ck_assert_int_eq(medium_locate(tape->m, 2, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_read(tape->m, buffer, sizeof buffer, &length), MEDIUM_EOD);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_read(tape->m, buffer, sizeof buffer, &length), MEDIUM_OK);
    ck_assert(length == 3 && memcmp(buffer, "abc", 3) == 0);
}
END_TEST

static MediumResult set_attribute(TapeMedium *m, uint32_t partition, uint16_t id, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc(length + 1);
    g_autoptr(GBytes) value = NULL;

    fill_block(bytes, length, id);
    value = g_bytes_new(bytes, length);
    return medium_set_attribute(m, partition, &(MediumAttribute){ id, 2, true, value });
}

START_TEST(attributes_stay)
{
    const MediumGeometry geometry = { .partitions = 2 };
    const uint64_t capacities[] = { 1000, 1000 };
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_autoptr(Tape) tape = tape_new(_i, row_can(_i, &geometry) ? &geometry : &plain);
    MediumAttribute attribute;
    MediumInfo info;

    medium_info(tape->m, &info);
    if (!info.attributes) {
        ck_assert_int_eq(set_attribute(tape->m, 0, 1, 1), MEDIUM_UNSUPPORTED);
        ck_assert_int_eq(medium_get_attribute(tape->m, 0, 1, &attribute), MEDIUM_UNSUPPORTED);
        return;
    }
    ck_assert_int_eq(set_attribute(tape->m, 0, 0x806, MEDIUM_ATTRIBUTE_MAX), MEDIUM_OK);
    ck_assert_int_eq(set_attribute(tape->m, 0, 0x400, 1), MEDIUM_OK);
    ck_assert_int_eq(set_attribute(tape->m, 0, 0x401, 1), MEDIUM_OK);
    ck_assert_int_eq(set_attribute(tape->m, 0, 0x401, 0), MEDIUM_OK);
    ck_assert_int_eq(set_attribute(tape->m, 1, 0x400, 5), MEDIUM_OK);
    ck_assert_int_eq(set_attribute(tape->m, 2, 0x400, 5), MEDIUM_INVALID);
    tape_reopen(tape, false);
    ck_assert_int_eq(medium_get_attribute(tape->m, 0, 0x401, &attribute), MEDIUM_INVALID);
    ck_assert_int_eq(medium_get_attribute(tape->m, 0, 0x806, &attribute), MEDIUM_OK);
    ck_assert(attribute.read_only && attribute.format == 2);
    ck_assert_uint_eq(g_bytes_get_size(attribute.value), MEDIUM_ATTRIBUTE_MAX);
    g_bytes_unref(attribute.value);
    medium_list_attributes(tape->m, 0, ids);
    ck_assert_uint_eq(ids->len, 2);
    ck_assert_uint_eq(g_array_index(ids, uint16_t, 0), 0x400);
    ck_assert_int_eq(medium_format_partitions(tape->m, 2, capacities), MEDIUM_OK);
    ck_assert_int_eq(medium_get_attribute(tape->m, 1, 0x400, &attribute), MEDIUM_INVALID);
    ck_assert_int_eq(medium_get_attribute(tape->m, 0, 0x400, &attribute), MEDIUM_OK);
    g_bytes_unref(attribute.value);
}
END_TEST

/* ── compression ── */

START_TEST(compressed_blocks_take_what_they_take)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 100000, .compression = true };
    g_autofree uint8_t *bytes = g_malloc(65536);
    uint8_t few[10];
    g_autoptr(Tape) tape = NULL;
    MediumPosition at;
    MediumInfo info;
    size_t length;
    uint32_t i;

    if (_i == 0 || !row_can(_i, &geometry)) { /* the reference does not compress */
        return;
    }
    tape = tape_new(_i, &geometry);
    fill_block(bytes, 65536, 3); /* one that can be compressed */
    ck_assert_int_eq(medium_write(tape->m, bytes, 65536), MEDIUM_OK);
    ck_assert_int_eq(medium_write(tape->m, bytes, 65536), MEDIUM_END_OF_PARTITION);
    medium_set_compression(tape->m, true);
    for (i = 0; i < 50; i++) {
        ck_assert_int_eq(medium_write(tape->m, bytes, 65536), MEDIUM_OK);
    }
    put_block(tape->m, 20000, 1); /* one that cannot */
    tape_reopen(tape, false);
    go(tape->m, 30);
    medium_position(tape->m, &at);
    ck_assert_uint_lt(at.used, 70000);
    for (i = 30; i < 51; i++) {
        expect_block(tape->m, true, 65536, 3);
    }
    expect_block(tape->m, true, 20000, 1);
    expect_block(tape->m, false, 20000, 1);
    ck_assert_int_eq(medium_read_reverse(tape->m, few, sizeof few, &length), MEDIUM_OK);
    ck_assert_uint_eq(length, 65536);
    ck_assert_mem_eq(few, bytes, sizeof few);
    ck_assert_int_eq(medium_read(tape->m, NULL, 0, &length), MEDIUM_OK);
    ck_assert_uint_eq(length, 65536);
    medium_info(tape->m, &info);
    ck_assert(info.geometry.compression);
    ck_assert_uint_eq(info.usage.written, 51 * 65536 + 20000);
    ck_assert_uint_gt(info.usage.stored_written, 20000);
    ck_assert_uint_lt(info.usage.stored_written, 2 * 70000 + 20000);
    ck_assert_uint_ge(info.usage.read, 22 * 65536 + 20000);
}
END_TEST

START_TEST(what_it_has_been_through_is_counted)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint64_t capacity = G_MAXUINT64;
    MediumInfo info;

    medium_count_load(tape->m);
    put_block(tape->m, 1000, 1);
    put_block(tape->m, 1000, 2);
    go(tape->m, 0);
    expect_block(tape->m, true, 1000, 1);
    expect_block(tape->m, false, 1000, 1);
    tape_reopen(tape, false);
    medium_info(tape->m, &info);
    if (!info.attributes) { /* nowhere to keep it */
        ck_assert_uint_eq(info.usage.loads, 0);
        return;
    }
    medium_count_load(tape->m);
    medium_count_load(tape->m);
    ck_assert_int_eq(medium_format_partitions(tape->m, 1, &capacity), MEDIUM_OK);
    tape_reopen(tape, true);
    if (tape->path) { /* read-only: it is not told */
        medium_count_load(tape->m);
    }
    medium_info(tape->m, &info);
    ck_assert_uint_eq(info.usage.loads, 3);
    ck_assert_uint_eq(info.usage.written, 2000);
    ck_assert_uint_eq(info.usage.stored_written, 2000);
    ck_assert_uint_eq(info.usage.read, 2000);
    ck_assert_uint_eq(info.usage.stored_read, 2000);
    ck_assert_uint_eq(info.usage.formats, 1);
}
END_TEST

/* ── the host ── */

START_TEST(a_full_disk_is_a_host_error_and_nothing_else)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    g_autofree uint8_t *bytes = g_malloc0(65536);
    struct rlimit old, full;
    MediumResult result = MEDIUM_OK;
    MediumInfo info;
    uint32_t n;

    if (!tape->path) {
        return;
    }
    put_block(tape->m, 65536, 0);
    tape_sync(tape);
    medium_info(tape->m, &info);
    getrlimit(RLIMIT_FSIZE, &old);
    /* the data of a native cartridge begins after its system area */
    full = (struct rlimit){ MIN(info.file_size, SYSTEM_AREA + 65536) + 300000, old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    for (n = 1; n < 10; n++) {
        fill_block(bytes, 65536, n);
        result = medium_write(tape->m, bytes, 65536);
        if (result != MEDIUM_OK) {
            break;
        }
    }
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(result, MEDIUM_HOST_ERROR);
    ck_assert_ptr_nonnull(strstr(medium_host_error(tape->m)->message, g_strerror(EFBIG)));
    ck_assert_uint_eq(where(tape->m), n);
    tape_sync(tape); /* there is room again */
    tape_reopen(tape, false);
    ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_EOD, 0), MEDIUM_OK);
    ck_assert_uint_eq(where(tape->m), n);
    while (n-- > 0) {
        expect_block(tape->m, false, 65536, n);
    }
}
END_TEST

START_TEST(one_writer_and_any_readers)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    g_autofree char *pid = g_strdup_printf("process %d (contract-medium)", (int)getpid());
    g_autoptr(TapeMedium) reader = NULL;
    g_autoptr(GError) error = NULL;

    if (!tape->path) {
        return;
    }
    put_block(tape->m, 65536, 1);
    tape_sync(tape);
    put_block(tape->m, 65536, 2);
    ck_assert_ptr_null(medium_open(tape->path, false, executor_inline(), NULL, &error));
    ck_assert_msg(strstr(error->message, pid) && strstr(error->message, tape->path), "%s",
                  error->message);
    reader = medium_open(tape->path, true, executor_inline(), NULL, NULL);
    ck_assert_ptr_nonnull(reader);
    expect_block(reader, true, 65536, 1);
    put_block(tape->m, 65536, 3);
}
END_TEST

/* The child writes the tape from its beginning again and again, with other blocks each time. */
static void overwrite_forever(const char *path)
{
    g_autoptr(TapeMedium) m = medium_open(path, false, executor_inline(), NULL, NULL);
    uint8_t bytes[600];
    uint32_t pass, i;
    uint64_t n;

    for (pass = 0; m; pass++) {
        medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0);
        for (i = 0; i < 60; i++) {
            fill_block(bytes, sizeof bytes, pass);
            medium_write(m, bytes, 100 + pass % 500);
        }
        medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n);
        medium_sync(m, note_nothing, NULL);
    }
    _exit(1);
}

/* Is all that can be read of one pass? Looks at every block; false: some was overwritten. */
static bool of_one_pass(TapeMedium *m, int *blocks)
{
    uint8_t bytes[600], expected[600];
    bool one = true;
    uint32_t pass = 0;
    MediumResult result;
    size_t length;

    *blocks = 0;
    while ((result = medium_read(m, bytes, sizeof bytes, &length)) != MEDIUM_EOD) {
        if (result == MEDIUM_FILEMARK) {
            continue;
        }
        pass = *blocks == 0 ? get_le32(bytes) : pass;
        fill_block(expected, sizeof expected, pass);
        one = one && result == MEDIUM_OK && length == 100 + pass % 500 &&
              memcmp(bytes, expected, length & ~(size_t)3) == 0;
        (*blocks)++;
    }
    return one;
}

/* What a reader sees beside a writer was on the tape at one moment, or it is told otherwise. */
START_TEST(a_reader_knows_when_it_was_overwritten)
{
    const MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(Tape) tape = tape_new(_i, &geometry);
    int undisturbed = 0, told = 0, i, blocks;
    pid_t child;

    if (!tape->path || !row_can(_i, &(MediumGeometry){ .partitions = 2 })) {
        return; /* only the native format can tell for sure */
    }
    medium_free(tape->m);
    tape->m = NULL;
    child = fork();
    if (child == 0) {
        overwrite_forever(tape->path);
    }
    for (i = 0; i < 20000 && (i < 400 || undisturbed < 10 || told < 10); i++) {
        g_autoptr(TapeMedium) reader = medium_open(tape->path, true, executor_inline(), NULL, NULL);
        MediumInfo info;
        bool one;

        ck_assert_ptr_nonnull(reader);
        one = of_one_pass(reader, &blocks);
        medium_info(reader, &info);
        if (!one && !info.overwritten) {
            kill(child, SIGKILL);
        }
        MUST(one || info.overwritten);
        undisturbed += !info.overwritten && blocks > 0;
        told += info.overwritten;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_ge(undisturbed, 10);
    ck_assert_int_ge(told, 10);
    tape->m = medium_open(tape->path, false, executor_inline(), NULL, NULL);
    ck_assert_ptr_nonnull(tape->m);
}
END_TEST

/* The child writes until it is killed, and says through a pipe what has been synced. */
static void write_forever(const char *path, int out)
{
    g_autoptr(TapeMedium) m = medium_open(path, false, executor_inline(), NULL, NULL);
    uint8_t bytes[3000];
    uint32_t i;

    for (i = 0; m; i++) {
        fill_block(bytes, sizeof bytes, i);
        if (medium_write(m, bytes, sizeof bytes) != MEDIUM_OK) {
            break;
        }
        if (i % 64 == 63) {
            Tape tape = { .m = m };

            tape_sync(&tape);
            if (write(out, &i, sizeof i) != sizeof i) {
                break;
            }
        }
    }
    _exit(1);
}

START_TEST(a_killed_writer_leaves_what_it_synced)
{
    g_autoptr(Tape) tape = tape_new(_i, &plain);
    uint32_t synced = 0, i;
    int fds[2];
    pid_t child;

    if (!tape->path) {
        return;
    }
    medium_free(tape->m);
    tape->m = NULL;
    ck_assert_int_eq(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        close(fds[0]);
        write_forever(tape->path, fds[1]);
    }
    close(fds[1]);
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(read(fds[0], &synced, sizeof synced), sizeof synced);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(fds[0], &synced, sizeof synced) == sizeof synced) {
    }
    close(fds[0]);
    tape->m = medium_open(tape->path, false, executor_inline(), NULL, NULL);
    ck_assert_ptr_nonnull(tape->m);
    for (i = 0; i <= synced; i++) {
        expect_block(tape->m, true, 3000, i);
    }
}
END_TEST

TCase *make_medium_contract_tcase(void)
{
    TCase *tcase = tcase_create("contract");
    int rows = row_count();

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, blocks_of_every_length, 0, rows);
    tcase_add_loop_test(tcase, writing_in_the_middle_truncates, 0, rows);
    tcase_add_loop_test(tcase, no_marks_are_no_motion, 0, rows);
    tcase_add_loop_test(tcase, space_stops_where_it_should, 0,
                        rows * (int)G_N_ELEMENTS(space_rows));
    tcase_add_loop_test(tcase, locate_knows_files_and_the_end, 0, rows);
    tcase_add_loop_test(tcase, early_warning_and_the_end_are_exact, 0, rows);
    tcase_add_loop_test(tcase, marks_fill_a_partition, 0, rows);
    tcase_add_loop_test(tcase, protected_is_protected, 0, rows);
    tcase_add_loop_test(tcase, worm_only_grows, 0, rows);
    tcase_add_loop_test(tcase, a_cleaning_cartridge_cleans_and_holds_nothing, 0, rows);
    tcase_add_loop_test(tcase, what_never_reached_the_tape_is_gone, 0, rows);
    tcase_add_loop_test(tcase, partitions_are_apart, 0, rows);
    tcase_add_loop_test(tcase, the_last_partitions_come_and_go, 0, rows);
    tcase_add_loop_test(tcase, attributes_stay, 0, rows);
    tcase_add_loop_test(tcase, compressed_blocks_take_what_they_take, 0, rows);
    tcase_add_loop_test(tcase, what_it_has_been_through_is_counted, 0, row_count());
    tcase_add_loop_test(tcase, what_it_has_been_through_is_counted, 0, rows);
    tcase_add_loop_test(tcase, a_full_disk_is_a_host_error_and_nothing_else, 0, rows);
    tcase_add_loop_test(tcase, one_writer_and_any_readers, 0, rows);
    tcase_add_loop_test(tcase, a_reader_knows_when_it_was_overwritten, 0, rows);
    tcase_add_loop_test(tcase, a_killed_writer_leaves_what_it_synced, 0, rows);
    return tcase;
}
