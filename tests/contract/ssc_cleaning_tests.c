/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cleaning cartridge: what the drive does with it, and what it then cannot do. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_cleaning_tcase(void);

#define SECOND G_GINT64_CONSTANT(1000000)
#define READY  CDB(0x00, 0, 0, 0, 0, 0)
#define UNLOAD CDB(0x1b, 0, 0, 0, 0, 0)
#define LOAD   CDB(0x1b, 0, 0, 0, 1, 0)

static const MediumGeometry cleaning = { .partitions = 1, .cleanings = 2 };

static const char *const models[] = { "generic", "sdx-420c", "sdx-900v" };

/* The flags that LOG SENSE tells, bit n - 1: flag n. */
static uint64_t alerts(ScsiHost *h)
{
    uint64_t flags = 0;

    host_send(h, CDB(0x4d, 0, 0x6e, 0, 0, 0, 0, 0xff, 0xff, 0));
    expect_good(h);
    for (unsigned flag = 1; flag <= 64; flag++) {
        flags |= (uint64_t)h->task.in->data[4 + (flag - 1) * 5 + 4] << (flag - 1);
    }
    return flags;
}

#define FLAG(n) ((uint64_t)1 << ((n)-1))

static void take_out(ScsiHost *h)
{
    TapeMedium *medium;

    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &medium), SSC_EJECTED);
    medium_free(medium);
}

static const struct {
    uint8_t length;
    uint8_t cdb[16];
} need_a_tape[] = {
    { 6, { 0x00 } },
    { 6, { 0x01 } },
    { 6, { 0x08, 0, 0, 0, 1 } },
    { 6, { 0x10, 0, 0, 0, 1 } },
    { 6, { 0x11, 0, 0, 0, 1 } },
    { 6, { 0x19 } },
    { 6, { 0x1b, 0, 0, 0, 1 } }, /* LOAD: there is nothing to thread */
    { 10, { 0x2b } },
    { 10, { 0x34 } },
    { 10, { 0x44, 1, 0, 0, 0, 0, 0, 0, 52 } },
};

START_TEST(what_needs_a_tape_is_told)
{
    g_autoptr(ScsiHost) h = host_new(models[_i]);

    host_insert(h, &cleaning);
    for (unsigned i = 0; i < G_N_ELEMENTS(need_a_tape); i++) {
        host_send(h, need_a_tape[i].cdb, need_a_tape[i].length);
        expect_sense(h, SENSE_CLEANING_CARTRIDGE); /* the first one too: not ready, so no UA */
    }
    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0));
    expect_sense(h, SENSE_CLEANING_CARTRIDGE);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    expect_good(h);
    host_send(h, CDB(0x1a, 0x08, 0x3f, 0, 0xff, 0));
    expect_good(h);
    ck_assert(!ssc_drive_loaded(h->drive));
}
END_TEST

START_TEST(it_leaves_and_a_tape_follows)
{
    g_autoptr(ScsiHost) h = host_new(models[_i]);

    host_insert(h, &cleaning);
    host_send(h, UNLOAD);
    expect_good(h);
    take_out(h);
    host_send(h, READY);
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_insert(h, NULL);
    host_send(h, READY);
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, READY);
    expect_good(h);
    ck_assert_uint_eq(alerts(h), 0);
}
END_TEST

START_TEST(power_and_resets_do_not_load_it)
{
    g_autoptr(ScsiHost) h = host_new("generic");

    host_insert(h, &cleaning);
    h->target->ops->reset(h->target, _i == 0 ? SCSI_RESET_POWER_ON : SCSI_RESET_BUS);
    host_send(h, READY);
    expect_sense(h, _i == 0 ? SENSE_POWER_ON : SENSE_BUS_RESET);
    host_send(h, READY);
    expect_sense(h, SENSE_CLEANING_CARTRIDGE);
    ck_assert_uint_eq(medium_cleanings_left(ssc_drive_medium(h->drive)), 1);
}
END_TEST

/* SSC-3 annex A: 11 cleaning media, 22 expired cleaning media. */
START_TEST(it_is_used_up)
{
    g_autoptr(ScsiHost) h = host_new("generic");
    MediumGeometry once = { .partitions = 1, .cleanings = 1 };
    TapeMedium *medium;

    host_insert(h, &once);
    ck_assert_uint_eq(alerts(h), FLAG(11));
    ck_assert_uint_eq(alerts(h), 0); /* taken */
    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &medium), SSC_EJECTED);
    ck_assert_uint_eq(medium_cleanings_left(medium), 0);
    ck_assert(ssc_drive_insert(h->drive, medium));
    ck_assert_uint_eq(alerts(h), FLAG(11) | FLAG(22));
    host_send(h, READY);
    expect_sense(h, SENSE_CLEANING_CARTRIDGE);
}
END_TEST

/* Attribute 0003h load count, 0408h medium type, 0409h how often it can be used. */
START_TEST(its_memory_says_what_it_is)
{
    g_autoptr(ScsiHost) h = host_new("generic");
    static const struct {
        uint16_t id;
        uint8_t length, last;
    } says[] = { { 0x0000, 8, 0 }, { 0x0003, 8, 1 }, { 0x0408, 1, 1 }, { 0x0409, 2, 2 } };

    host_insert(h, &cleaning);
    for (unsigned i = 0; i < G_N_ELEMENTS(says); i++) {
        uint8_t cdb[16] = { 0x8c, [8] = (uint8_t)(says[i].id >> 8),
                            (uint8_t)says[i].id, [13] = 0xff };

        host_send(h, cdb, sizeof cdb);
        expect_good(h);
        ck_assert_uint_eq(get_be16(h->task.in->data + 4), says[i].id);
        ck_assert_uint_eq(h->task.in->data[6], 0x80); /* read-only, binary */
        ck_assert_uint_eq(get_be16(h->task.in->data + 7), says[i].length);
        ck_assert_uint_eq(h->task.in->data[8 + says[i].length], says[i].last);
    }
}
END_TEST

START_TEST(it_takes_its_time)
{
    g_autoptr(ScsiHost) h = host_new_set("sdx-900v", NULL, "timing=yes", NULL);
    TapeMedium *medium;

    take_out(h);
    host_insert(h, &cleaning);
    host_send(h, READY);
    expect_sense(h, SENSE_CLEANING_CARTRIDGE);
    virtual_clock_advance(h->clock, 10 * SECOND);
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECT_BUSY);
    host_send(h, UNLOAD); /* ends when the cartridge can leave */
    virtual_clock_advance(h->clock, 20 * SECOND - 1);
    ck_assert_uint_eq(h->done, 0);
    virtual_clock_advance(h->clock, 1);
    ck_assert_uint_eq(h->done, 1);
    expect_good(h);
    take_out(h);
}
END_TEST

static uint32_t minutes_since_cleaning(ScsiHost *h)
{
    host_send(h, CDB(0x4d, 0, 0x73, 0, 0, 0, 0x0b, 0xff, 0xff, 0));
    expect_good(h);
    return get_be32(h->task.in->data + 4 + 4);
}

START_TEST(the_log_counts_from_the_last_cleaning)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-900v", NULL);

    virtual_clock_advance(h->clock, 5 * 60 * SECOND);
    ck_assert_uint_eq(minutes_since_cleaning(h), 5);
    take_out(h);
    host_insert(h, &cleaning);
    ck_assert_uint_eq(minutes_since_cleaning(h), 0);
    take_out(h);
    host_insert(h, NULL);
    host_clear_attentions(h);
    virtual_clock_advance(h->clock, 2 * 60 * SECOND);
    ck_assert_uint_eq(minutes_since_cleaning(h), 2);
}
END_TEST

TCase *make_ssc_cleaning_tcase(void)
{
    TCase *tcase = tcase_create("cleaning");

    tcase_add_loop_test(tcase, what_needs_a_tape_is_told, 0, G_N_ELEMENTS(models));
    tcase_add_loop_test(tcase, it_leaves_and_a_tape_follows, 0, G_N_ELEMENTS(models));
    tcase_add_loop_test(tcase, power_and_resets_do_not_load_it, 0, 2);
    tcase_add_test(tcase, it_is_used_up);
    tcase_add_test(tcase, its_memory_says_what_it_is);
    tcase_add_test(tcase, it_takes_its_time);
    tcase_add_test(tcase, the_log_counts_from_the_last_cleaning);
    return tcase;
}
