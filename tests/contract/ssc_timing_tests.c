/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that take their time, on a clock that is turned by hand. */
#include "emu/base/bytes.h"
#include "emu/ssc/buffer.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_timing_tcase(void);

#define SECOND G_GINT64_CONSTANT(1000000)
#define MB     1000000u
#define READY  CDB(0x00, 0, 0, 0, 0, 0)

/* A megabyte a second, 10 MB of buffer, a tape of 100 MB: 80 s to search all of it, 90 to rewind.
 */
static ScsiHost *timed(void)
{
    MediumGeometry geometry = { .capacity = 100 * MB, .partitions = 1 };
    ScsiHost *h =
        host_new_set(NULL, &geometry, "timing=yes", "timing.rate=1MB", "buffer=10MB", NULL);

    virtual_clock_advance(h->clock, 10 * SECOND); /* loaded */
    host_clear_attentions(h);
    return h;
}

/* The command under way ends after that long, and not before. */
static void expect_takes(ScsiHost *h, int64_t microseconds)
{
    if (microseconds > 0) {
        virtual_clock_advance(h->clock, microseconds - 1);
        ck_assert_uint_eq(h->done, 0);
        virtual_clock_advance(h->clock, 1);
    }
    ck_assert_uint_eq(h->done, 1);
}

static void send_block(ScsiHost *h, uint32_t megabytes)
{
    g_autofree uint8_t *block = g_malloc0(megabytes * MB);
    uint8_t cdb[6] = { 0x0a };

    put_be24(cdb + 2, megabytes * MB);
    host_send_data(h, block, megabytes * MB, cdb, 6);
}

static void send_read(ScsiHost *h, uint32_t megabytes)
{
    uint8_t cdb[6] = { 0x08 };

    put_be24(cdb + 2, megabytes * MB);
    host_send(h, cdb, 6);
}

START_TEST(off_unless_asked_for)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-420c", NULL);
    g_autofree uint8_t *block = g_malloc0(8 * MB);

    for (unsigned i = 0; i < 4; i++) {
        host_write(h, block, 8 * MB);
    }
    host_rewind(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(loading)
{
    MediumGeometry geometry = { .capacity = 100 * MB, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_set(NULL, &geometry, "timing=yes", NULL);

    host_send(h, READY);
    expect_sense(h, SENSE_BECOMING_READY);
    virtual_clock_advance(h->clock, 10 * SECOND - 1);
    host_send(h, READY);
    expect_sense(h, SENSE_BECOMING_READY);
    virtual_clock_advance(h->clock, 1);
    host_send(h, READY);
    expect_good(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0)); /* from BOP: the mechanism alone */
    expect_takes(h, 10 * SECOND);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_takes(h, 10 * SECOND);
    expect_good(h);
    host_send(h, READY);
    expect_good(h);
}
END_TEST

START_TEST(the_buffer_takes_what_it_can)
{
    g_autoptr(ScsiHost) h = timed();

    send_block(h, 6);
    expect_takes(h, 0);
    send_block(h, 4);
    expect_takes(h, 0);
    send_block(h, 3); /* objects leave whole: the first, of six */
    expect_takes(h, 6 * SECOND);
    expect_good(h);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(get_be24(h->task.in->data + 13), 2);
    ck_assert_uint_eq(get_be32(h->task.in->data + 16), 7 * MB);
    virtual_clock_advance(h->clock, 5 * SECOND); /* it goes to tape while nobody asks */
    host_send(h, CDB(0x10, 0x01, 0, 0, 1, 0));
    expect_takes(h, 0);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be24(h->task.in->data + 13), 2); /* the block of three, the mark */
    ck_assert_uint_eq(get_be32(h->task.in->data + 16), 3 * MB);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0)); /* and what is left, before this ends */
    expect_takes(h, 3 * SECOND);
    expect_good(h);
}
END_TEST

START_TEST(what_streams_goes_at_the_native_rate)
{
    g_autoptr(ScsiHost) h = timed();
    int64_t began = clock_now(h->clock);

    for (unsigned i = 0; i < 40; i++) {
        send_block(h, 1);
        while (!h->done) {
            virtual_clock_advance(h->clock, SECOND / 10);
        }
    }
    ck_assert_int_eq(clock_now(h->clock) - began, 30 * SECOND); /* ten are in the buffer */
}
END_TEST

/* What leaves the buffer because it knows no more runs goes to tape as slowly as all else. */
START_TEST(a_run_that_makes_room_takes_its_time)
{
    g_autoptr(ScsiHost) h = timed();
    uint8_t bytes[2] = { 0 };

    send_block(h, 1);
    for (uint8_t i = 1; i < SSC_BUFFER_RUNS - 1; i++) {
        host_send_data(h, bytes, 1 + i % 2, CDB(0x0a, 0, 0, 0, (uint8_t)(1 + i % 2), 0));
        expect_takes(h, 0);
    }
    host_send(h, CDB(0x10, 0x01, 0, 0, 1, 0)); /* the last run that there is room for */
    expect_takes(h, 0);
    host_send_data(h, bytes, 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_takes(h, 1 * SECOND);
    expect_good(h);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be24(h->task.in->data + 13), SSC_BUFFER_RUNS);
}
END_TEST

START_TEST(the_tape_has_its_ways)
{
    g_autoptr(ScsiHost) h = timed();

    for (unsigned i = 0; i < 5; i++) {
        send_block(h, 10);
        virtual_clock_advance(h->clock, 20 * SECOND);
    }
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0)); /* half of the tape */
    expect_takes(h, 45 * SECOND);
    host_send(h, CDB(0x2b, 0, 0, 0, 0, 0, 2, 0, 0, 0)); /* 20 MB on */
    expect_takes(h, 16 * SECOND);
    host_send(h, CDB(0x11, 0, 0xff, 0xff, 0xff, 0)); /* 10 MB back */
    expect_takes(h, 8 * SECOND);
    send_read(h, 10);
    expect_takes(h, 10 * SECOND);
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 10 * MB);
}
END_TEST

#define TEN_MB     0x98, 0x96, 0x80
#define AT(object) 0, 0, 0, 0, 0, 0, 0, 0, (object) /* partition 0: bytes 3 to 11 */
#define FORM16(op, flags, object, ...)                                                             \
    {                                                                                              \
        (op), (flags), 0, AT(object), __VA_ARGS__                                                  \
    }

/*
 * On the tape above with five blocks of 10 MB, from before block `from`. 10 MB take 8 s to search,
 * 9 s to rewind, 10 s to read.
 */
static const struct {
    const char *name;
    unsigned from;
    uint8_t length, cdb[16];
    unsigned seconds;
} ways[] = {
    { "REWIND", 5, 6, { 0x01 }, 45 },
    { "REWIND, IMMED", 5, 6, { 0x01, 0x01 }, 0 },
    { "LOCATE(10)", 5, 10, { 0x2b, 0, 0, 0, 0, 0, 2 }, 24 },
    { "LOCATE(10), IMMED", 5, 10, { 0x2b, 1, 0, 0, 0, 0, 2 }, 0 },
    { "LOCATE(10), here", 5, 10, { 0x2b, 0, 0, 0, 0, 0, 5 }, 0 },
    { "LOCATE(16)", 5, 16, FORM16(0x92, 0, 2, 0), 24 },
    { "LOCATE(16), IMMED", 5, 16, FORM16(0x92, 1, 2, 0), 0 },
    { "LOCATE(16), end of data", 1, 16, FORM16(0x92, 0x18, 0, 0), 32 },
    { "SPACE(6), back", 5, 6, { 0x11, 0, 0xff, 0xff, 0xff }, 8 },
    { "SPACE(6), filemarks", 1, 6, { 0x11, 1, 0, 0, 1 }, 32 },
    { "SPACE(6), end of data", 1, 6, { 0x11, 3 }, 32 },
    { "SPACE(16)", 1, 16, { 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 }, 16 },
    { "SPACE(16), end of data", 2, 16, { 0x91, 3 }, 24 },
    { "READ(6)", 2, 6, { 0x08, 0, TEN_MB }, 10 },
    { "READ(16), here", 2, 16, FORM16(0x88, 0, 2, TEN_MB), 10 },
    { "READ(16), forward", 0, 16, FORM16(0x88, 0, 3, TEN_MB), 24 + 10 },
    { "READ(16), back", 5, 16, FORM16(0x88, 0, 2, TEN_MB), 24 + 10 },
    { "READ REVERSE(6)", 2, 6, { 0x0f, 4, TEN_MB }, 10 },
    { "READ REVERSE(16)", 5, 16, FORM16(0x81, 4, 2, TEN_MB), 24 + 10 },
    { "VERIFY(6)", 2, 6, { 0x13, 0, TEN_MB }, 10 },
    { "VERIFY(6), IMMED", 2, 6, { 0x13, 4, TEN_MB }, 0 },
    { "VERIFY(16)", 5, 16, FORM16(0x8f, 0, 0, TEN_MB), 40 + 10 },
    { "WRITE FILEMARKS(6)", 5, 6, { 0x10, 0, 0, 0, 1 }, 0 },
    { "WRITE FILEMARKS(16)", 0, 16, FORM16(0x80, 0, 5, 0, 0, 1), 40 },
    { "ERASE(6)", 5, 6, { 0x19 }, 0 },
    { "ERASE(6), LONG", 5, 6, { 0x19, 1 }, 50 },
    { "ERASE(6), LONG, IMMED", 5, 6, { 0x19, 3 }, 0 },
    { "ERASE(16), LONG", 0, 16, FORM16(0x93, 1, 5, 0), 40 + 50 },
    { "UNLOAD", 5, 6, { 0x1b }, 45 + 10 },
    { "LOAD, which it is", 5, 6, { 0x1b, 0, 0, 0, 1 }, 45 },
    { "READ POSITION", 5, 10, { 0x34 }, 0 },
};

static void record_five(ScsiHost *h)
{
    for (unsigned i = 0; i < 5; i++) {
        send_block(h, 10);
        virtual_clock_advance(h->clock, 20 * SECOND);
    }
}

START_TEST(each_command_has_its_time)
{
    g_autoptr(ScsiHost) h = timed();

    record_five(h);
    host_send(h, CDB(0x2b, 0, 0, 0, 0, 0, (uint8_t)ways[_i].from, 0, 0, 0));
    virtual_clock_advance(h->clock, 100 * SECOND);
    expect_good(h);
    host_send(h, ways[_i].cdb, ways[_i].length);
    if (ways[_i].seconds > 0) {
        virtual_clock_advance(h->clock, ways[_i].seconds * SECOND - 1);
        ck_assert_msg(h->done == 0, "%s: too early", ways[_i].name);
        virtual_clock_advance(h->clock, 1);
    }
    ck_assert_msg(h->done == 1, "%s: too late", ways[_i].name);
}
END_TEST

START_TEST(a_write_at_an_address)
{
    g_autoptr(ScsiHost) h = timed();
    g_autofree uint8_t *block = g_malloc0(10 * MB);
    static const uint8_t at_1[16] = FORM16(0x8a, 0, 1, TEN_MB);

    record_five(h);
    send_block(h, 5);
    host_send_data(h, block, 10 * MB, at_1, sizeof at_1);
    expect_takes(h, 5 * SECOND + 36 * SECOND); /* what is in the buffer first, then 45 MB back */
    expect_good(h);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be32(h->task.in->data + 16), 10 * MB);
    virtual_clock_advance(h->clock, 10 * SECOND);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be32(h->task.in->data + 16), 0);
}
END_TEST

START_TEST(immed_ends_at_once_and_the_next_waits)
{
    g_autoptr(ScsiHost) h = timed();

    send_block(h, 10);
    virtual_clock_advance(h->clock, 20 * SECOND);
    host_send(h, CDB(0x01, 0x01, 0, 0, 0, 0));
    expect_takes(h, 0);
    expect_good(h);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    expect_takes(h, 0);
    virtual_clock_advance(h->clock, 4 * SECOND);
    send_read(h, 10);
    expect_takes(h, 5 * SECOND + 10 * SECOND);
    expect_good(h);
}
END_TEST

START_TEST(an_aborted_command_does_not_end)
{
    g_autoptr(ScsiHost) h = timed();

    send_block(h, 10);
    virtual_clock_advance(h->clock, 20 * SECOND);
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    host_abort(h);
    virtual_clock_advance(h->clock, 100 * SECOND);
    ck_assert_uint_eq(h->done, 0);
    host_send(h, READY);
    expect_good(h);
}
END_TEST

START_TEST(a_reset_while_it_winds)
{
    g_autoptr(ScsiHost) h = timed();

    send_block(h, 10);
    virtual_clock_advance(h->clock, 20 * SECOND);
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    virtual_clock_advance(h->clock, 100 * SECOND);
    ck_assert_uint_eq(h->done, 0);
    host_clear_attentions(h);
    expect_good(h);
}
END_TEST

START_TEST(power_takes_what_time_has_left)
{
    g_autoptr(ScsiHost) h = timed();
    MediumPartition partition;

    for (unsigned i = 0; i < 4; i++) {
        send_block(h, 2);
    }
    virtual_clock_advance(h->clock, 5 * SECOND); /* two of them are on tape, and half of a third */
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.objects, 2);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    virtual_clock_advance(h->clock, 10 * SECOND);
    host_clear_attentions(h);
    expect_good(h);
}
END_TEST

TCase *make_ssc_timing_tcase(void)
{
    TCase *tcase = tcase_create("timing");

    tcase_add_test(tcase, off_unless_asked_for);
    tcase_add_test(tcase, loading);
    tcase_add_test(tcase, the_buffer_takes_what_it_can);
    tcase_add_test(tcase, what_streams_goes_at_the_native_rate);
    tcase_add_test(tcase, a_run_that_makes_room_takes_its_time);
    tcase_add_test(tcase, the_tape_has_its_ways);
    tcase_add_loop_test(tcase, each_command_has_its_time, 0, G_N_ELEMENTS(ways));
    tcase_add_test(tcase, a_write_at_an_address);
    tcase_add_test(tcase, immed_ends_at_once_and_the_next_waits);
    tcase_add_test(tcase, an_aborted_command_does_not_end);
    tcase_add_test(tcase, a_reset_while_it_winds);
    tcase_add_test(tcase, power_takes_what_time_has_left);
    return tcase;
}
