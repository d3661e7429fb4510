/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms with an explicit address, READ REVERSE, and what VERIFY says later. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_address_tcase(void);

#define FIXED  0x01
#define SILI   0x02
#define BYTCMP 0x02
#define BYTORD 0x04

#define AT16(opcode, flags, partition, object, count)                                              \
    CDB((opcode), (flags), 0, (partition), 0, 0, 0, 0, 0, 0, 0, (object), 0, 0, (count), 0)
#define READ16(flags, partition, object, count)    AT16(0x88, flags, partition, object, count)
#define WRITE16(partition, object, count)          AT16(0x8a, 0, partition, object, count)
#define REVERSE16(flags, partition, object, count) AT16(0x81, flags, partition, object, count)
#define VERIFY16(flags, partition, object, count)  AT16(0x8f, flags, partition, object, count)
#define MARKS16(flags, partition, object, count)   AT16(0x80, flags, partition, object, count)
#define ERASE16(flags, partition, object)          AT16(0x93, flags, partition, object, 0)
#define REVERSE6(flags, count)                     CDB(0x0f, (flags), 0, 0, (count), 0)

/* Partition 0: blocks "aa", "bb", a filemark, "cc"; partition 1: "dd". The tape is at 0/4. */
static ScsiHost *recorded(void)
{
    MediumGeometry geometry = { .capacity = 1 << 20, .partitions = 2 };
    ScsiHost *h = host_new_loaded(NULL, &geometry);

    host_send(h, CDB(0x92, 0x02, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    host_write(h, "dd", 2);
    host_send(h, CDB(0x92, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    host_write(h, "aa", 2);
    host_write(h, "bb", 2);
    host_filemarks(h, 1);
    host_write(h, "cc", 2);
    return h;
}

START_TEST(read_at_an_address)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, READ16(0, 0, 1, 2));
    expect_good(h);
    expect_data(h, "bb", 2);
    expect_at(h, 0, 2);
    host_send(h, READ16(0, 1, 0, 2)); /* another partition */
    expect_good(h);
    expect_data(h, "dd", 2);
    expect_at(h, 1, 1);
    host_send(h, READ16(0, 0, 2, 7));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_info(h, 7);
    host_send(h, READ16(0, 0, 3, 3)); /* here already; one byte too much */
    expect_flags(h, "I");
    expect_info(h, 1);
    expect_data(h, "cc", 2);
    host_send(h, READ16(SILI, 0, 0, 3));
    expect_good(h);
    expect_data(h, "aa", 2);
}
END_TEST

START_TEST(fixed_blocks_at_an_address)
{
    g_autoptr(ScsiHost) h = recorded();

    host_set_block(h, 0x10, 2);
    host_send(h, READ16(FIXED, 0, 0, 2));
    expect_good(h);
    expect_data(h, "aabb", 4);
    host_send(h, READ16(FIXED | SILI, 0, 0, 2));
    expect_field(h, 1, 1);
    host_send_data(h, "xxyy", 4, AT16(0x8a, FIXED, 1, 1, 2));
    expect_good(h);
    expect_at(h, 1, 3);
}
END_TEST

/* An address that is not there: the partition at once, the object when the tape comes there. */
START_TEST(addresses_that_are_not)
{
    static const uint8_t opcodes[] = { 0x80, 0x81, 0x88, 0x8a, 0x8f, 0x93 };
    g_autoptr(ScsiHost) h = recorded();
    uint8_t count = opcodes[_i] == 0x93 ? 0 : 1; /* ERASE has none */

    host_send_data(h, "z", 1, AT16(opcodes[_i], 0, 2, 0, count));
    expect_field(h, 3, -1);
    ck_assert_uint_eq(h->data_phases, 0);
    expect_at(h, 0, 4);
    host_send_data(h, "z", 1, AT16(opcodes[_i], 0, 1, 2, count)); /* EOD is object 1 */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_no_info(h);
    expect_at(h, 1, 1);
    host_send(h, READ16(0, 0, 3, 2)); /* nothing was lost */
    expect_data(h, "cc", 2);
}
END_TEST

START_TEST(length_zero_goes_nowhere)
{
    static const uint8_t opcodes[] = { 0x80, 0x81, 0x88, 0x8a, 0x8f };
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, AT16(opcodes[_i], 0, 1, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
    expect_at(h, 0, 4);
}
END_TEST

START_TEST(write_at_an_address_truncates)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send_data(h, "BBB", 3, WRITE16(0, 1, 3));
    expect_good(h);
    expect_at(h, 0, 2);
    host_send(h, READ16(0, 0, 2, 3));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, READ16(0, 0, 1, 3));
    expect_data(h, "BBB", 3);
    host_send_data(h, "ee", 2, AT16(0x8a, 0x0c, 1, 1, 2)); /* FCS, LCS: nothing is queued */
    expect_good(h);
    expect_at(h, 1, 2);
    host_send(h, READ16(0, 1, 0, 2));
    expect_data(h, "dd", 2);
}
END_TEST

START_TEST(the_buffer_is_written_out_before_the_tape_leaves)
{
    g_autoptr(ScsiHost) h = recorded();
    unsigned syncs = host_syncs(h);

    host_hold_syncs(h, true);
    host_send(h, READ16(0, 0, 1, 2));
    ck_assert_uint_eq(h->done, 0);
    ck_assert_uint_eq(host_syncs(h), syncs + 1);
    expect_at(h, 0, 4);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    expect_data(h, "bb", 2);
}
END_TEST

START_TEST(filemarks_at_an_address)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, MARKS16(0, 0, 1, 2));
    expect_good(h);
    expect_at(h, 0, 3);
    host_hold_syncs(h, true);
    host_send(h, MARKS16(0x01, 0, 3, 1)); /* IMMED: still in the buffer, as with six bytes */
    expect_good(h);
    ck_assert(!host_sync_held(h));
    host_send(h, MARKS16(0x02, 0, 4, 1)); /* a setmark */
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    host_hold_syncs(h, false);
    host_send(h, READ16(0, 0, 3, 5));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    host_send(h, READ16(0, 0, 4, 5));
    expect_sense(h, SENSE_SETMARK_DETECTED);
    host_set_block(h, 0x00, 0);
    host_send(h, MARKS16(0x01, 0, 5, 1)); /* IMMED needs a buffer */
    expect_field(h, 1, 0);
}
END_TEST

START_TEST(count_zero_synchronises)
{
    g_autoptr(ScsiHost) h = recorded();
    unsigned syncs = host_syncs(h);

    host_send(h, MARKS16(0, 1, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(host_syncs(h), syncs + 1);
}
END_TEST

START_TEST(erase_at_an_address)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, ERASE16(0x01, 0, 1));
    expect_good(h);
    expect_at(h, 0, 1);
    host_send(h, READ16(0, 0, 1, 2));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, ERASE16(0x02, 1, 0)); /* IMMED */
    expect_good(h);
    host_send(h, READ16(0, 1, 0, 2));
    expect_sense(h, SENSE_END_OF_DATA);
}
END_TEST

START_TEST(verify_at_an_address)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send_data(h, "bb", 2, VERIFY16(BYTCMP, 0, 1, 2));
    expect_good(h);
    expect_at(h, 0, 2);
    host_send_data(h, "bx", 2, VERIFY16(BYTCMP, 0, 1, 2));
    expect_sense(h, SENSE_MISCOMPARE);
    expect_no_info(h);
    expect_at(h, 0, 2);
    host_set_block(h, 0x10, 2);
    host_send_data(h, "aabx", 4, VERIFY16(FIXED | BYTCMP, 0, 0, 2));
    expect_sense(h, SENSE_MISCOMPARE);
    expect_info(h, 1);
    host_send(h, VERIFY16(FIXED, 0, 0, 9));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_info(h, 7);
}
END_TEST

/* VERIFY with IMMED: what was found comes with a later command, once. */
static const struct {
    uint8_t length;
    bool cdb_16;
    ScsiSenseCode code;
    const char *flags;
    int64_t information;
} told_later[] = {
    { 3, false, SENSE_NO_SENSE, "ID", 1 },
    { 3, true, SENSE_NO_SENSE, "ID", 1 },
    { 1, true, SENSE_NO_SENSE, "ID", -1 },
};

START_TEST(verify_immediately)
{
    g_autoptr(ScsiHost) h = recorded();

    host_rewind(h);
    if (told_later[_i].cdb_16) {
        host_send(h, VERIFY16(0x04, 0, 1, told_later[_i].length));
    } else {
        host_send(h, CDB(0x13, 0x04, 0, 0, told_later[_i].length, 0));
    }
    expect_good(h);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, told_later[_i].code);
    expect_flags(h, told_later[_i].flags);
    expect_info(h, told_later[_i].information);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send(h, VERIFY16(0x04, 0, 0, 2)); /* nothing found, nothing told */
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(read_reverse_of_one_block)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcdef", 6);
    host_send(h, REVERSE6(0, 6));
    expect_good(h);
    expect_data(h, "fedcba", 6);
    expect_at(h, 0, 0);
    host_send(h, REVERSE6(0, 6));
    expect_sense(h, SENSE_BEGINNING_OF_MEDIUM_DETECTED);
    expect_flags(h, "E");
    expect_info(h, 6);
    expect_data(h, "", 0);
    host_send(h, REVERSE16(BYTORD, 0, 1, 6));
    expect_good(h);
    expect_data(h, "abcdef", 6);
    expect_at(h, 0, 0);
    host_send(h, REVERSE6(0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
}
END_TEST

/* READ REVERSE of a six-byte block with a buffer that does not fit. */
static const struct {
    uint8_t flags, asked;
    const char *data;
    bool check;
    int64_t information;
} misfits[] = {
    { 0, 8, "fedcba", true, 2 },
    { 0, 4, "fedc", true, -2 },
    { BYTORD, 8, "abcdef", true, 2 },
    { BYTORD, 4, "abcd", true, -2 },
    { SILI, 8, "fedcba", false, 0 },
    { SILI, 4, "fedc", false, 0 },
    { SILI | BYTORD, 4, "abcd", false, 0 },
};

START_TEST(read_reverse_of_another_length)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcdef", 6);
    host_send(h, REVERSE6(misfits[_i].flags, misfits[_i].asked));
    if (misfits[_i].check) {
        expect_sense(h, SENSE_NO_SENSE);
        expect_flags(h, "I");
        expect_info(h, misfits[_i].information);
    } else {
        expect_good(h);
    }
    expect_data(h, misfits[_i].data, strlen(misfits[_i].data));
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(read_reverse_of_fixed_blocks)
{
    g_autoptr(ScsiHost) h = recorded();

    host_set_block(h, 0x10, 2);
    host_send_data(h, "eeffgg", 6, AT16(0x8a, FIXED, 1, 1, 3));
    expect_good(h);
    host_send(h, REVERSE6(FIXED | BYTORD, 2));
    expect_good(h);
    expect_data(h, "ggff", 4); /* the blocks are reversed, their bytes are not */
    expect_at(h, 1, 2);
    host_send(h, REVERSE6(FIXED, 5));
    expect_sense(h, SENSE_BEGINNING_OF_MEDIUM_DETECTED);
    expect_flags(h, "E");
    expect_info(h, 3);
    expect_data(h, "eedd", 4);
    host_send(h, REVERSE16(FIXED, 0, 4, 3)); /* stops at the filemark, on its BOP side */
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_flags(h, "F");
    expect_info(h, 2);
    expect_data(h, "cc", 2);
    expect_at(h, 0, 2);
    host_send(h, REVERSE6(FIXED | SILI, 1));
    expect_field(h, 1, 1);
}
END_TEST

START_TEST(read_reverse_writes_the_buffer_out)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "ab", 2);
    host_hold_syncs(h, true);
    host_send(h, REVERSE6(0, 2));
    ck_assert_uint_eq(h->done, 0);
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    expect_data(h, "ba", 2);
}
END_TEST

TCase *make_ssc_address_tcase(void)
{
    TCase *tcase = tcase_create("address");

    tcase_add_test(tcase, read_at_an_address);
    tcase_add_test(tcase, fixed_blocks_at_an_address);
    tcase_add_loop_test(tcase, addresses_that_are_not, 0, 6);
    tcase_add_loop_test(tcase, length_zero_goes_nowhere, 0, 5);
    tcase_add_test(tcase, write_at_an_address_truncates);
    tcase_add_test(tcase, the_buffer_is_written_out_before_the_tape_leaves);
    tcase_add_test(tcase, filemarks_at_an_address);
    tcase_add_test(tcase, count_zero_synchronises);
    tcase_add_test(tcase, erase_at_an_address);
    tcase_add_test(tcase, verify_at_an_address);
    tcase_add_loop_test(tcase, verify_immediately, 0, G_N_ELEMENTS(told_later));
    tcase_add_test(tcase, read_reverse_of_one_block);
    tcase_add_loop_test(tcase, read_reverse_of_another_length, 0, G_N_ELEMENTS(misfits));
    tcase_add_test(tcase, read_reverse_of_fixed_blocks);
    tcase_add_test(tcase, read_reverse_writes_the_buffer_out);
    return tcase;
}
