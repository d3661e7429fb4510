/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stops a command before its handler, unit attentions, and sense kept for REQUEST SENSE. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_gates_tcase(void);

#define TEST_UNIT_READY CDB(0x00, 0, 0, 0, 0, 0)
#define REQUEST_SENSE   CDB(0x03, 0, 0, 0, 18, 0)
#define INQUIRY         CDB(0x12, 0, 0, 0, 36, 0)

static void expect_sense_data(ScsiHost *h, ScsiSenseCode code)
{
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 18);
    ck_assert_int_eq(h->task.in->data[2] & 0x0f, (int)scsi_sense_key(code));
    ck_assert_uint_eq(h->task.in->data[12], scsi_sense_asc(code));
    ck_assert_uint_eq(h->task.in->data[13], scsi_sense_ascq(code));
}

START_TEST(unknown_opcodes)
{
    static const uint8_t opcodes[] = { 0x02, 0x0e, 0x28, 0x2a, 0x25, 0x7f, 0xa8, 0xc0, 0xff };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t cdb[16] = { opcodes[_i] };

    host_send(h, cdb, sizeof cdb);
    expect_sense(h, SENSE_INVALID_OPCODE);
    ck_assert_uint_eq(h->data_phases, 0);
}
END_TEST

START_TEST(attentions_after_power_on_and_insertion)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_insert(h, NULL);
    host_send(h, INQUIRY); /* neither reports nor takes them */
    expect_good(h);
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_POWER_ON);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_POWER_ON);
    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_NO_SENSE);
}
END_TEST

START_TEST(request_sense_reports_and_takes_an_attention)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_BUS_RESET);
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

/* A reset, what it takes with it, and whether it is told. */
static const struct {
    ScsiReset kind;
    bool told, mode_lost, position_lost;
    ScsiSenseCode code;
} resets[] = {
    { SCSI_RESET_POWER_ON, true, true, true, SENSE_POWER_ON },
    { SCSI_RESET_BUS, true, true, false, SENSE_BUS_RESET },
    { SCSI_RESET_DEVICE, true, true, false, SENSE_DEVICE_RESET },
    { SCSI_RESET_TRANSPORT, false, false, false, SENSE_NO_SENSE },
};

START_TEST(what_a_reset_takes)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_set_block(h, 0x10, 4);
    h->target->ops->reset(h->target, resets[_i].kind);
    host_send(h, TEST_UNIT_READY);
    if (resets[_i].told) {
        expect_sense(h, resets[_i].code);
        host_send(h, TEST_UNIT_READY);
    }
    expect_good(h);
    expect_at(h, 0, resets[_i].position_lost ? 0 : 1);
    host_send(h, CDB(0x1a, 0, 0, 0, 12, 0));
    expect_good(h);
    ck_assert_uint_eq(get_be24(h->task.in->data + 9), resets[_i].mode_lost ? 0 : 4);
}
END_TEST

START_TEST(one_code_for_all_resets)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);

    h->target->ops->reset(h->target, resets[_i].kind);
    host_send(h, TEST_UNIT_READY);
    if (resets[_i].told) {
        expect_sense(h, SENSE_POWER_ON_OR_RESET);
        host_send(h, TEST_UNIT_READY);
    }
    expect_good(h);
}
END_TEST

/* Several resets before the host asks: the widest is told, once. Other changes follow it. */
static const struct {
    ScsiReset kinds[3];
    ScsiSenseCode code;
} sequences[] = {
    { { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_BUS }, SENSE_BUS_RESET },
    { { SCSI_RESET_DEVICE, SCSI_RESET_BUS, SCSI_RESET_POWER_ON }, SENSE_POWER_ON },
    { { SCSI_RESET_POWER_ON, SCSI_RESET_BUS, SCSI_RESET_DEVICE }, SENSE_POWER_ON },
    { { SCSI_RESET_DEVICE, SCSI_RESET_TRANSPORT, SCSI_RESET_TRANSPORT }, SENSE_DEVICE_RESET },
};

START_TEST(the_widest_reset_is_told)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    for (unsigned i = 0; i < 3; i++) {
        h->target->ops->reset(h->target, sequences[_i].kinds[i]);
    }
    host_insert(h, NULL);
    for (unsigned i = 0; i < 3; i++) { /* these neither tell nor take it */
        host_send(h, INQUIRY);
        expect_good(h);
        host_send(h, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0));
        expect_good(h);
    }
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, sequences[_i].code);
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

START_TEST(request_sense_takes_them_one_by_one)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    host_insert(h, NULL);
    host_send(h, CDB(0x03, 0, 0, 0, 0, 0)); /* told to nobody, and gone all the same */
    expect_good(h);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_NO_SENSE);
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

START_TEST(nothing_in_the_drive)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_send(h, CDB(0x1a, 0, 0, 0, 12, 0));
    expect_good(h);
    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(a_logical_unit_that_is_not_there)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    h->lun = 1;
    host_send(h, INQUIRY);
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[0], 0x7f);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_LUN_NOT_SUPPORTED);
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_LUN_NOT_SUPPORTED);
    host_send(h, CDB(0xff, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_LUN_NOT_SUPPORTED);
}
END_TEST

START_TEST(sense_is_kept_once)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_END_OF_DATA);
    ck_assert_uint_eq(get_be32(h->task.in->data + 3), 10);
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_NO_SENSE);
    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    host_send(h, TEST_UNIT_READY); /* another command forgets it */
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_NO_SENSE);
}
END_TEST

START_TEST(ili_alone_is_kept_too)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_rewind(h);
    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    expect_flags(h, "I");
    host_send(h, REQUEST_SENSE);
    expect_sense_data(h, SENSE_NO_SENSE);
    ck_assert_uint_eq(h->task.in->data[2], 0x20);
    ck_assert_uint_eq(get_be32(h->task.in->data + 3), 6);
}
END_TEST

START_TEST(descriptor_sense_on_request)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    host_send(h, CDB(0x03, 0x01, 0, 0, 0xff, 0));
    expect_good(h);
    expect_data(h, "\x72\x08\0\5\0\0\0\x0c\0\x0a\x80\0\0\0\0\0\0\0\0\x0a", 20);
}
END_TEST

START_TEST(short_cdb)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x08, 0, 0));
    expect_field(h, 3, -1);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0, 0xff, 0xff)); /* padding is not looked at */
    expect_good(h);
}
END_TEST

START_TEST(standard_inquiry)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);
    g_autoptr(ScsiHost) generic = host_new(NULL);

    host_send(h, CDB(0x12, 0, 0, 0, 0xff, 0));
    expect_good(h);
    expect_data(h, "\x01\x80\x02\x02\x1f\0\0\0SONY    SDX-500C        0204", 36);
    host_send(generic, CDB(0x12, 0, 0, 0, 0xff, 0));
    ck_assert_uint_eq(generic->task.in->len, 96);
    ck_assert_uint_eq(generic->task.in->data[2], 5);
    ck_assert_mem_eq(generic->task.in->data + 58, "\x00\x60\x03\x00\x04\x00\x17\x30", 8);
    host_send(h, CDB(0x12, 0, 1, 0, 36, 0));
    expect_field(h, 2, -1);
    host_send(h, CDB(0x12, 2, 0, 0, 36, 0)); /* CmdDt is gone */
    expect_field(h, 1, 1);
}
END_TEST

START_TEST(vital_product_data)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    g_autoptr(ScsiHost) ait = host_new("sdx-420c");

    host_send(h, CDB(0x12, 1, 0x00, 0, 0xff, 0));
    expect_data(h, "\x01\x00\x00\x06\x00\x80\x83\xb0\xb1\xb2", 10);
    host_send(h, CDB(0x12, 1, 0x80, 0, 0xff, 0));
    expect_data(h,
                "\x01\x80\x00\x0a"
                "0000000001",
                14);
    host_send(h, CDB(0x12, 1, 0x83, 0, 0xff, 0));
    expect_data(h,
                "\x01\x83\x00\x36\x02\x01\x00\x22USBTAPE GENERIC         0000000001"
                "\x01\x14\0\4\0\0\0\1\x01\x15\0\4\0\0\0\1",
                58);
    host_send(ait, CDB(0x12, 1, 0x83, 0, 0xff, 0));
    expect_data(ait, "\x01\x83\x00\x26\x02\x01\x00\x22SONY    SDX-420C        0004200001", 42);
    host_send(h, CDB(0x12, 1, 0xb0, 0, 0xff, 0));
    expect_data(h, "\x01\xb0\x00\x02\x01\x00", 6);
    host_send(ait, CDB(0x12, 1, 0x00, 0, 0xff, 0));
    expect_data(ait, "\x01\x00\x00\x03\x00\x80\x83", 7);
    host_send(ait, CDB(0x12, 1, 0xb0, 0, 0xff, 0));
    expect_field(ait, 2, -1);
    host_send(h, CDB(0x12, 1, 0x99, 0, 0xff, 0));
    expect_field(h, 2, -1);
}
END_TEST

TCase *make_ssc_gates_tcase(void)
{
    TCase *tcase = tcase_create("gates");

    tcase_add_loop_test(tcase, unknown_opcodes, 0, 9);
    tcase_add_test(tcase, attentions_after_power_on_and_insertion);
    tcase_add_test(tcase, request_sense_reports_and_takes_an_attention);
    tcase_add_loop_test(tcase, what_a_reset_takes, 0, G_N_ELEMENTS(resets));
    tcase_add_loop_test(tcase, one_code_for_all_resets, 0, G_N_ELEMENTS(resets));
    tcase_add_loop_test(tcase, the_widest_reset_is_told, 0, G_N_ELEMENTS(sequences));
    tcase_add_test(tcase, request_sense_takes_them_one_by_one);
    tcase_add_test(tcase, nothing_in_the_drive);
    tcase_add_test(tcase, a_logical_unit_that_is_not_there);
    tcase_add_test(tcase, sense_is_kept_once);
    tcase_add_test(tcase, ili_alone_is_kept_too);
    tcase_add_test(tcase, descriptor_sense_on_request);
    tcase_add_test(tcase, short_cdb);
    tcase_add_test(tcase, standard_inquiry);
    tcase_add_test(tcase, vital_product_data);
    return tcase;
}
