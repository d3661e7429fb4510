/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What waits for the cartridge to be synced, what does not, and what happens meanwhile. */
#include "tests/support/scsi-host.h"

TCase *make_ssc_sync_tcase(void);

static ScsiHost *written(void)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_hold_syncs(h, true);
    return h;
}

/* Commands that may not end before what was written is safe. */
static const struct {
    const char *name;
    uint8_t cdb[10], length;
    uint64_t object; /* afterwards */
} waiting[] = {
    { "WRITE FILEMARKS", { 0x10, 0, 0, 0, 1, 0 }, 6, 2 },
    { "WRITE FILEMARKS, none", { 0x10, 0, 0, 0, 0, 0 }, 6, 1 },
    { "REWIND", { 0x01, 0, 0, 0, 0, 0 }, 6, 0 },
    { "SPACE", { 0x11, 0, 0xff, 0xff, 0xff, 0 }, 6, 0 },
    { "LOCATE", { 0x2b, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 10, 0 },
    { "LOAD UNLOAD, out", { 0x1b, 0, 0, 0, 0, 0 }, 6, 0 },
    { "LOAD UNLOAD, in", { 0x1b, 0, 0, 0, 1, 0 }, 6, 0 },
    { "ERASE", { 0x19, 0, 0, 0, 0, 0 }, 6, 1 },
    { "ERASE, long", { 0x19, 1, 0, 0, 0, 0 }, 6, 1 },
};

START_TEST(ends_only_when_synced)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, waiting[_i].cdb, waiting[_i].length);
    ck_assert_msg(h->done == 0 && host_sync_held(h), "%s", waiting[_i].name);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    expect_at(h, 0, waiting[_i].object);
}
END_TEST

START_TEST(a_failed_sync_is_told)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, waiting[_i].cdb, waiting[_i].length);
    host_end_sync(h, MEDIUM_HOST_ERROR);
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    expect_flags(h, "");
    host_hold_syncs(h, false);
    host_send(h, waiting[_i].cdb, waiting[_i].length); /* not synced yet: tries again */
    expect_good(h);
    ck_assert_uint_eq(host_syncs(h), 2);
}
END_TEST

START_TEST(nothing_to_sync_no_sync)
{
    g_autoptr(ScsiHost) h = written();

    host_hold_syncs(h, false);
    host_filemarks(h, 1);
    ck_assert_uint_eq(host_syncs(h), 1);
    host_rewind(h);
    host_send(h, CDB(0x11, 0, 0, 0, 1, 0));
    expect_good(h);
    ck_assert_uint_eq(host_syncs(h), 1);
    host_filemarks(h, 0);
    ck_assert_uint_eq(host_syncs(h), 2);
}
END_TEST

START_TEST(buffered_writes_do_not_wait)
{
    g_autoptr(ScsiHost) h = written();

    host_write(h, "efgh", 4);
    host_send(h, CDB(0x10, 0x01, 0, 0, 1, 0)); /* IMMED */
    expect_good(h);
    ck_assert_uint_eq(host_syncs(h), 0);
}
END_TEST

START_TEST(unbuffered_writes_wait)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x00, 0);
    host_hold_syncs(h, true);
    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0));
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0));
    host_end_sync(h, MEDIUM_HOST_ERROR);
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    host_send(h, CDB(0x10, 0x01, 0, 0, 1, 0)); /* IMMED needs buffered mode */
    expect_field(h, 1, 0);
}
END_TEST

START_TEST(early_warning_outlives_the_sync)
{
    MediumGeometry geometry = { .capacity = 100, .early_warning = 99, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_hold_syncs(h, true);
    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0)); /* comes into the zone: SEW */
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    host_end_sync(h, MEDIUM_OK);
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_info(h, 0);
}
END_TEST

START_TEST(leaving_buffered_mode_waits)
{
    g_autoptr(ScsiHost) h = written();
    static const uint8_t list[4] = { 0 };

    host_send_data(h, list, 4, CDB(0x15, 0x10, 0, 0, 4, 0));
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    host_send(h, CDB(0x1a, 0, 0, 0, 12, 0));
    ck_assert_uint_eq(h->task.in->data[2], 0x00);
}
END_TEST

START_TEST(immed_rewind_answers_first)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, CDB(0x01, 0x01, 0, 0, 0, 0));
    expect_good(h);
    ck_assert(host_sync_held(h));
    expect_at(h, 0, 0);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0)); /* INQUIRY asks for no state: it need not wait */
    expect_good(h);
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0)); /* the tape is busy */
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    expect_data(h, "abcd", 4);
}
END_TEST

START_TEST(a_sync_that_fails_behind_is_deferred)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, CDB(0x01, 0x01, 0, 0, 0, 0));
    expect_good(h);
    host_end_sync(h, MEDIUM_HOST_ERROR);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    expect_good(h);
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0)); /* told, not performed */
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    expect_flags(h, "D");
    expect_at(h, 0, 0);
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0));
    expect_good(h);
}
END_TEST

START_TEST(an_aborted_command_leaves_the_sync)
{
    g_autoptr(ScsiHost) h = written();
    TapeMedium *medium;

    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    host_abort(h);
    ck_assert(host_sync_held(h));
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECT_BUSY);
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0)); /* waits for the one under way */
    ck_assert_uint_eq(h->done, 0);
    ck_assert_uint_eq(host_syncs(h), 1);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(an_aborted_command_that_waits_is_forgotten)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, CDB(0x01, 0x01, 0, 0, 0, 0));
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0));
    host_abort(h);
    host_end_sync(h, MEDIUM_OK);
    ck_assert_uint_eq(h->done, 0);
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(abort_between_the_phases)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    h->keep_waiting = true;
    host_send(h, CDB(0x0a, 0, 0, 0, 4, 0));
    ck_assert_uint_eq(h->data_phases, 1);
    host_abort(h);
    h->keep_waiting = false;
    host_write(h, "abcd", 4);
    expect_at(h, 0, 1);
}
END_TEST

START_TEST(a_drive_freed_while_syncing)
{
    ScsiHost *h = written();
    TestMedium *medium = h->medium;

    host_send(h, CDB(0x01, 0x01, 0, 0, 0, 0));
    expect_good(h);
    ssc_drive_free(h->drive);
    h->drive = NULL;
    ck_assert(medium == h->medium);
    host_end_sync(h, MEDIUM_OK); /* frees the medium: the leak checker looks */
    host_free(h);
}
END_TEST

START_TEST(power_on_while_syncing)
{
    g_autoptr(ScsiHost) h = written();

    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    host_abort(h);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    expect_at(h, 0, 2);
    host_end_sync(h, MEDIUM_OK);
    expect_at(h, 0, 0);
}
END_TEST

/* A tape of two blocks, from its beginning; what the next `n` reads need is far. */
static ScsiHost *far_away(unsigned n)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_write(h, "efgh", 4);
    host_rewind(h);
    test_medium_make_far(h->medium, n);
    return h;
}

static const uint8_t read_variable[] = { 0x08, 0, 0, 0, 4, 0 };
static const uint8_t read_fixed[] = { 0x08, 1, 0, 0, 2, 0 };
static const uint8_t read_16[] = { 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0 };

START_TEST(a_read_waits_for_the_disk)
{
    static const struct {
        const uint8_t *cdb;
        size_t length;
        const char *data;
    } rows[] = { { read_variable, sizeof read_variable, "abcd" },
                 { read_fixed, sizeof read_fixed, "abcdefgh" },
                 { read_16, sizeof read_16, "abcd" } };
    static const unsigned times[] = { 1, 4 }; /* asked again while some of it is not there */
    g_autoptr(ScsiHost) h = far_away(0);
    unsigned n;

    if (rows[_i / 2].cdb == read_fixed) {
        host_set_block(h, 0x10, 4);
    }
    test_medium_make_far(h->medium, times[_i % 2]);
    host_send(h, rows[_i / 2].cdb, rows[_i / 2].length);
    for (n = times[_i % 2]; n > 0; n--) {
        ck_assert_uint_eq(h->done, 0);
        expect_at(h, 0, 0);
        test_medium_end_fetch(h->medium);
    }
    expect_good(h);
    expect_data(h, rows[_i / 2].data, strlen(rows[_i / 2].data));
}
END_TEST

/* What never comes near is read all the same. */
START_TEST(a_read_does_not_wait_for_ever)
{
    g_autoptr(ScsiHost) h = far_away(1000);
    unsigned n;

    host_send(h, read_variable, sizeof read_variable);
    for (n = 0; test_medium_fetches(h->medium); n++) {
        ck_assert_uint_lt(n, 10);
        test_medium_end_fetch(h->medium);
    }
    expect_good(h);
    expect_data(h, "abcd", 4);
}
END_TEST

START_TEST(an_aborted_read_leaves_the_disk)
{
    g_autoptr(ScsiHost) h = far_away(1);

    host_send(h, read_variable, sizeof read_variable);
    host_abort(h);
    expect_at(h, 0, 0);
    host_send(h, read_variable, sizeof read_variable); /* this one is near */
    expect_good(h);
    test_medium_end_fetch(h->medium); /* and nobody waits any more */
    expect_at(h, 0, 1);
    expect_data(h, "abcd", 4);
}
END_TEST

TCase *make_ssc_sync_tcase(void)
{
    TCase *tcase = tcase_create("sync");

    tcase_add_loop_test(tcase, ends_only_when_synced, 0, G_N_ELEMENTS(waiting));
    tcase_add_loop_test(tcase, a_failed_sync_is_told, 0, G_N_ELEMENTS(waiting));
    tcase_add_test(tcase, nothing_to_sync_no_sync);
    tcase_add_test(tcase, buffered_writes_do_not_wait);
    tcase_add_test(tcase, unbuffered_writes_wait);
    tcase_add_test(tcase, early_warning_outlives_the_sync);
    tcase_add_test(tcase, leaving_buffered_mode_waits);
    tcase_add_test(tcase, immed_rewind_answers_first);
    tcase_add_test(tcase, a_sync_that_fails_behind_is_deferred);
    tcase_add_test(tcase, an_aborted_command_leaves_the_sync);
    tcase_add_test(tcase, an_aborted_command_that_waits_is_forgotten);
    tcase_add_test(tcase, abort_between_the_phases);
    tcase_add_test(tcase, a_drive_freed_while_syncing);
    tcase_add_test(tcase, power_on_while_syncing);
    tcase_add_loop_test(tcase, a_read_waits_for_the_disk, 0, 6);
    tcase_add_test(tcase, a_read_does_not_wait_for_ever);
    tcase_add_test(tcase, an_aborted_read_leaves_the_disk);
    return tcase;
}
