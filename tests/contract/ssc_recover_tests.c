/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RECOVER BUFFERED DATA: a host gets back what the drive accepted and could not write. */
#include "tests/support/scsi-host.h"

TCase *make_ssc_recover_tcase(void);

#define FIXED                 0x01
#define SILI                  0x02
#define RECOVER(flags, count) CDB(0x14, (flags), 0, 0, (count), 0)
#define MARKS_IMMED(count)    CDB(0x10, 0x01, 0, 0, (count), 0)

/* "on tape" is; "aa", "bbb", two filemarks and "cc" are held: the tape takes nothing any more. */
static ScsiHost *stuck(uint32_t block_length)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, block_length);
    host_write(h, "on tape", 7);
    host_fail_writes(h, 0, 1000, MEDIUM_WRITE_ERROR);
    host_write(h, "aa", 2);
    host_write(h, "bbb", 3);
    host_send(h, MARKS_IMMED(2));
    expect_good(h);
    host_write(h, "cc", 2);
    return h;
}

static void expect_nothing_left(ScsiHost *h, uint8_t flags, uint8_t count)
{
    host_send(h, RECOVER(flags, count));
    expect_sense(h, SENSE_NO_MORE_BUFFERED_DATA);
    expect_flags(h, "E");
    expect_info(h, count);
    expect_data(h, "", 0);
}

START_TEST(nothing_to_recover)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    expect_nothing_left(h, 0, 10);
    host_send(h, RECOVER(FIXED, 1));
    expect_field(h, 1, 0);
    host_write(h, "abc", 3); /* on its way, and it will arrive */
    expect_nothing_left(h, 0, 10);
    host_send(h, RECOVER(0, 0));
    expect_good(h);
    host_rewind(h);
    host_send(h, CDB(0x08, 0, 0, 0, 3, 0));
    expect_data(h, "abc", 3);
}
END_TEST

START_TEST(objects_in_their_order)
{
    g_autoptr(ScsiHost) h = stuck(0);

    host_send(h, CDB(0x10, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    host_send(h, RECOVER(0, 2));
    expect_good(h);
    expect_data(h, "aa", 2);
    host_send(h, RECOVER(0, 9)); /* lengths matter as in READ */
    expect_flags(h, "I");
    expect_info(h, 6);
    expect_data(h, "bbb", 3);
    for (unsigned i = 0; i < 2; i++) {
        host_send(h, RECOVER(0, 2));
        expect_sense(h, SENSE_FILEMARK_DETECTED);
        expect_flags(h, "F");
        expect_info(h, 2);
    }
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(h->task.in->data[7], 2); /* one object, besides the one on tape */
    ck_assert_uint_eq(h->task.in->data[15], 1);
    host_send(h, RECOVER(0, 1));
    expect_flags(h, "I");
    expect_info(h, -1);
    expect_data(h, "c", 1);
    expect_nothing_left(h, 0, 4);
    host_rewind(h); /* and the tape has what it took */
    host_send(h, CDB(0x08, 0, 0, 0, 7, 0));
    expect_data(h, "on tape", 7);
    host_send(h, CDB(0x08, 0, 0, 0, 7, 0));
    expect_sense(h, SENSE_END_OF_DATA);
}
END_TEST

START_TEST(fixed_blocks_recovered)
{
    g_autoptr(ScsiHost) h = stuck(2);

    host_send(h, RECOVER(FIXED | SILI, 1));
    expect_field(h, 1, 1);
    host_send(h, RECOVER(FIXED, 3));
    expect_flags(h, "I"); /* the block of three bytes */
    expect_info(h, 2);
    expect_data(h, "aa", 2);
    host_send(h, RECOVER(FIXED, 1));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    host_send(h, RECOVER(FIXED, 3));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_info(h, 3);
    host_send(h, RECOVER(FIXED, 3));
    expect_sense(h, SENSE_NO_MORE_BUFFERED_DATA);
    expect_info(h, 2);
    expect_data(h, "cc", 2);
}
END_TEST

START_TEST(what_was_recovered_is_not_written_again)
{
    g_autoptr(ScsiHost) h = stuck(0);

    host_send(h, RECOVER(0, 2));
    expect_data(h, "aa", 2);
    host_fail_writes(h, 0, 0, MEDIUM_OK);
    host_filemarks(h, 0); /* the tape has recovered too, and takes the rest */
    host_rewind(h);
    host_send(h, CDB(0x08, 0, 0, 0, 7, 0));
    expect_data(h, "on tape", 7);
    host_send(h, CDB(0x08, 0, 0, 0, 3, 0));
    expect_good(h);
    expect_data(h, "bbb", 3);
}
END_TEST

TCase *make_ssc_recover_tcase(void)
{
    TCase *tcase = tcase_create("recover");

    tcase_add_test(tcase, nothing_to_recover);
    tcase_add_test(tcase, objects_in_their_order);
    tcase_add_test(tcase, fixed_blocks_recovered);
    tcase_add_test(tcase, what_was_recovered_is_not_written_again);
    return tcase;
}
