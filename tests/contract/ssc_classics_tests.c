/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mistakes that tape emulators make again and again: one test each. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_classics_tcase(void);

#define READY        CDB(0x00, 0, 0, 0, 0, 0)
#define READ6(count) CDB(0x08, 0, 0, 0, (count), 0)
#define SPACE6(code, n)                                                                            \
    CDB(0x11, (code), (uint8_t)((uint32_t)(n) >> 16), (uint8_t)((uint32_t)(n) >> 8), (uint8_t)(n), \
        0)
#define LOCATE16(flags, partition, high, low)                                                      \
    CDB(0x92, (flags), 0, (partition), 0, 0, 0, (high), 0, 0, 0, (low), 0, 0, 0, 0)

enum { BLOCKS, FILEMARKS };

/* "a" "bb" filemark "ccc" filemark "dddd": objects 0 to 5; the tape is at BOP. */
static ScsiHost *recorded(void)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    host_write(h, "a", 1);
    host_write(h, "bb", 2);
    host_filemarks(h, 1);
    host_write(h, "ccc", 3);
    host_filemarks(h, 1);
    host_write(h, "dddd", 4);
    host_rewind(h);
    return h;
}

/* A reset that nobody hears of: the host goes on writing at a position that is gone. */
START_TEST(every_reset_is_told_once_but_bulk_onlys)
{
    static const ScsiReset kinds[] = { SCSI_RESET_POWER_ON, SCSI_RESET_BUS, SCSI_RESET_DEVICE };
    g_autoptr(ScsiHost) h = recorded();

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        h->target->ops->reset(h->target, kinds[i]);
        host_send(h, CDB(0x0a, 0, 0, 0, 1, 0));
        ck_assert_int_eq(h->task.status, SCSI_CHECK_CONDITION);
        ck_assert_uint_eq(h->task.sense[2], 0x06);
        ck_assert_uint_eq(h->task.sense[12], 0x29);
        ck_assert_uint_eq(h->data_phases, 0);
        host_send(h, READY);
        expect_good(h);
    }
    h->target->ops->reset(h->target, SCSI_RESET_TRANSPORT);
    host_send(h, READY);
    expect_good(h);
}
END_TEST

/* A status command after plugging in that fails for ever, or that swallows what the next one needs.
 */
START_TEST(inquiry_and_request_sense_come_first)
{
    g_autoptr(ScsiHost) h = recorded();

    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    for (unsigned i = 0; i < 3; i++) {
        host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
        expect_good(h);
        host_send(h, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
        expect_good(h);
    }
    host_send(h, READY);
    expect_sense(h, SENSE_POWER_ON);
    host_send(h, READY);
    expect_good(h);
}
END_TEST

/* The host's disk is full, and the tape gets the blame. */
START_TEST(a_full_disk_is_no_bad_tape)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_next_result(h, TEST_WRITE, 0, MEDIUM_HOST_ERROR);
    host_send_data(h, "x", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    host_send(h, CDB(0x4d, 0, 0x6e, 0, 0, 0, 0, 0x10, 0, 0));
    for (unsigned flag = 0; flag < 64; flag++) { /* nor does TapeAlert */
        ck_assert_uint_eq(h->task.in->data[4 + flag * 5 + 4], 0);
    }
}
END_TEST

/* The last bytes of a file are dropped, since blocks have a minimum length. */
START_TEST(blocks_of_any_length)
{
    static const uint8_t bytes[3] = "xyz";
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be16(h->task.in->data + 4), 1);
    for (uint8_t n = 1; n <= 3; n++) {
        host_write(h, bytes, n);
    }
    host_rewind(h);
    for (uint8_t n = 1; n <= 3; n++) {
        host_send(h, READ6(n));
        expect_good(h);
        expect_data(h, bytes, n);
    }
}
END_TEST

/* LOCATE(16) whose fields are a byte off, or whose number is cut to 32 bits. */
START_TEST(locate_16_looks_where_the_fields_are)
{
    MediumGeometry geometry = { .capacity = 1 << 20, .partitions = 2 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    for (unsigned i = 0; i < 4; i++) {
        host_write(h, "x", 1);
    }
    host_send(h, LOCATE16(0, 1, 0, 3)); /* without CP the partition is not looked at */
    expect_good(h);
    expect_at(h, 0, 3);
    host_send(h, LOCATE16(0x02, 1, 0, 0));
    expect_good(h);
    expect_at(h, 1, 0);
    host_send(h, LOCATE16(0x02, 0, 1, 2)); /* 2^32 + 2 is not 2 */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_at(h, 0, 4);
}
END_TEST

/* One form of READ POSITION that is answered by another. */
START_TEST(read_position_has_three_forms)
{
    g_autoptr(ScsiHost) h = recorded();
    const uint8_t *data;

    host_send(h, SPACE6(FILEMARKS, 2));
    host_send(h, CDB(0x34, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
    data = h->task.in->data;
    ck_assert_uint_eq(h->task.in->len, 20);
    ck_assert_uint_eq(get_be32(data + 4), 5);
    host_send(h, CDB(0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0));
    data = h->task.in->data;
    ck_assert_uint_eq(h->task.in->len, 32);
    ck_assert_uint_eq(get_be64(data + 8), 5);
    ck_assert_uint_eq(get_be64(data + 16), 2); /* files */
    host_send(h, CDB(0x34, 0x08, 0, 0, 0, 0, 0, 0, 32, 0));
    data = h->task.in->data;
    ck_assert_uint_eq(h->task.in->len, 32);
    ck_assert_uint_eq(get_be16(data + 2), 28);
    ck_assert_uint_eq(get_be64(data + 8), 5);
    ck_assert_uint_eq(get_be64(data + 16), 5);
    for (uint8_t action = 0; action < 32; action++) {
        if (action != 0 && action != 1 && action != 6 && action != 8) {
            host_send(h, CDB(0x34, action, 0, 0, 0, 0, 0, 0, 32, 0));
            expect_field(h, 1, 4);
        }
    }
}
END_TEST

/* WRITE ATTRIBUTE that is always GOOD. */
START_TEST(an_attribute_that_cannot_be_written_is_refused)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send_data(h, "\0\0\0\6\0\1\0\0\1x", 10,
                   CDB(0x8d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0));
    expect_parameter(h, 4, -1);
}
END_TEST

/* A VPD page that answers for another's code. */
START_TEST(vpd_pages_do_not_alias)
{
    for (const SscModel *const *model = ssc_models(); *model; model++) {
        g_autoptr(ScsiHost) h = host_new(ssc_model_name(*model));
        g_autoptr(GByteArray) known = g_byte_array_new();

        host_send(h, CDB(0x12, 1, 0x00, 0, 0xff, 0));
        g_byte_array_append(known, h->task.in->data + 4, h->task.in->len - 4);
        for (unsigned code = 0; code < 256; code++) {
            host_send(h, CDB(0x12, 1, (uint8_t)code, 0, 0xff, 0));
            if (memchr(known->data, (int)code, known->len)) {
                expect_good(h);
                ck_assert_uint_eq(h->task.in->data[1], code);
            } else {
                expect_field(h, 2, -1);
            }
        }
    }
}
END_TEST

/* An unknown command that is swallowed, or hangs, and a host that asks again for ever. */
START_TEST(unknown_operation_codes_are_refused_at_once)
{
    g_autoptr(ScsiHost) h = recorded();
    unsigned unknown = 0;

    for (unsigned opcode = 0; opcode < 256; opcode++) {
        host_send(h, CDB(0xa3, 0x0c, 0x01, (uint8_t)opcode, 0, 0, 0, 0, 1, 0, 0, 0));
        if (h->task.status == SCSI_GOOD && (h->task.in->data[1] & 0x07) == 0x01) {
            host_send(h, CDB((uint8_t)opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
            expect_sense(h, SENSE_INVALID_OPCODE);
            ck_assert_uint_eq(h->data_phases, 0);
            unknown++;
        }
    }
    ck_assert_uint_gt(unknown, 150);
}
END_TEST

/* A write that went wrong behind the host's back is blamed on the command that happens to come. */
START_TEST(a_late_error_is_marked_as_such)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 1, MEDIUM_WRITE_ERROR);
    for (unsigned i = 0; i < 3; i++) {
        host_write(h, "block", 5);
    }
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0)); /* where the host is, and what is safe */
    expect_good(h);
    ck_assert_uint_eq(get_be32(h->task.in->data + 4), 3);
    host_fail_writes(h, 0, 1, MEDIUM_WRITE_ERROR);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
}
END_TEST

/* Early warning that comes by the block, or at a percentage, but not where it was asked for. */
START_TEST(early_warning_is_exact_to_the_byte)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    static const uint8_t block[255];

    host_write(h, block, 255);
    host_write(h, block, 255);
    host_write(h, block, 189); /* 699 bytes: one is left before the zone */
    host_send_data(h, block, 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_flags(h, "E");
}
END_TEST

/* The two signs of a wrong length, swapped; or the wrong sense key with ILI. */
START_TEST(too_short_is_positive_and_too_long_is_negative)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, READ6(10));
    expect_sense(h, SENSE_NO_SENSE);
    expect_flags(h, "I");
    expect_info(h, 9);
    host_send(h, READ6(1));
    expect_sense(h, SENSE_NO_SENSE);
    expect_flags(h, "I");
    expect_info(h, -1);
}
END_TEST

/* A COUNT taken without its sign: backwards becomes very far forwards. */
START_TEST(space_counts_have_a_sign)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, SPACE6(FILEMARKS, 2));
    expect_at(h, 0, 5);
    host_send(h, SPACE6(FILEMARKS, -1));
    expect_good(h);
    expect_at(h, 0, 4);
    host_send(h,
              CDB(0x91, BLOCKS, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0));
    expect_good(h);
    expect_at(h, 0, 3);
}
END_TEST

/* A length of zero that reads or writes something, or is an error. */
START_TEST(a_length_of_zero_asks_for_nothing)
{
    static const uint8_t opcodes[] = { 0x08, 0x0a, 0x0f, 0x11, 0x13 };
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, SPACE6(FILEMARKS, 1));
    for (unsigned i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        host_send(h, CDB(opcodes[i], 0, 0, 0, 0, 0));
        expect_good(h);
        ck_assert_uint_eq(h->data_phases, 0);
        expect_at(h, 0, 3);
    }
    host_send(h, SPACE6(FILEMARKS, 9));
    expect_at(h, 0, 6); /* and nothing was lost */
}
END_TEST

/* An additional sense code whose qualifier is always zero: hosts tell marks and ends by it. */
START_TEST(qualifiers_tell_marks_and_ends_apart)
{
    MediumGeometry geometry = { .capacity = 100, .early_warning = 50, .partitions = 1 };
    g_autoptr(ScsiHost) h = recorded();
    g_autoptr(ScsiHost) end = host_new_loaded(NULL, &geometry);
    static const uint8_t block[60];

    host_send(h, SPACE6(BLOCKS, 2));
    host_send(h, READ6(9));
    ck_assert_uint_eq(get_be16(h->task.sense + 12), 0x0001); /* filemark */
    host_rewind(h);
    host_send(h, SPACE6(BLOCKS, -1));
    ck_assert_uint_eq(get_be16(h->task.sense + 12), 0x0004); /* beginning */
    host_send(h, SPACE6(3, 0));
    host_send(h, READ6(9));
    ck_assert_uint_eq(get_be16(h->task.sense + 12), 0x0005); /* end of data */
    host_send_data(end, block, 60, CDB(0x0a, 0, 0, 0, 60, 0));
    ck_assert_uint_eq(get_be16(end->task.sense + 12), 0x0002); /* end of medium */
}
END_TEST

/* No way to tell where the tape is and to go back there. */
START_TEST(tell_and_seek)
{
    g_autoptr(ScsiHost) h = recorded();
    uint8_t locate[10] = { 0x2b, 0x04 };

    host_send(h, SPACE6(FILEMARKS, 1));
    host_send(h, CDB(0x34, 0x01, 0, 0, 0, 0, 0, 0, 0, 0)); /* as `mt tell` does */
    memcpy(locate + 3, h->task.in->data + 4, 4);
    host_rewind(h);
    host_send(h, locate, sizeof locate); /* as `mt seek` does */
    expect_good(h);
    host_send(h, READ6(3));
    expect_data(h, "ccc", 3);
}
END_TEST

/* The position jumps back after spacing over files. */
START_TEST(reading_goes_on_where_spacing_ended)
{
    g_autoptr(ScsiHost) h = recorded();

    host_send(h, READ6(1));
    host_send(h, SPACE6(FILEMARKS, 1));
    host_send(h, READ6(3));
    expect_data(h, "ccc", 3);
    host_send(h, SPACE6(FILEMARKS, 1));
    host_send(h, READ6(4));
    expect_data(h, "dddd", 4);
}
END_TEST

/* Another cartridge, and the host believes it is still the first. */
START_TEST(a_swapped_cartridge_is_told)
{
    g_autoptr(ScsiHost) h = recorded();
    TapeMedium *first;

    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &first), SSC_EJECTED);
    medium_free(first);
    host_send(h, READ6(1));
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_insert(h, NULL);
    host_send(h, READ6(1));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, READ6(1));
    expect_sense(h, SENSE_END_OF_DATA); /* the new one is empty, and at its beginning */
    expect_at(h, 0, 0);
}
END_TEST

/* A short write that is taken for a whole one. */
START_TEST(what_did_not_fit_is_counted)
{
    MediumGeometry geometry = { .capacity = 1000, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    static const uint8_t blocks[1200];

    host_set_block(h, 0x10, 300);
    host_send_data(h, blocks, 1200, CDB(0x0a, 0x01, 0, 0, 4, 0));
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    expect_info(h, 1);
    ck_assert_uint_eq(h->task.out_unused, 300);
    expect_at(h, 0, 3);
}
END_TEST

TCase *make_ssc_classics_tcase(void)
{
    TCase *tcase = tcase_create("classics");

    tcase_add_test(tcase, every_reset_is_told_once_but_bulk_onlys);
    tcase_add_test(tcase, inquiry_and_request_sense_come_first);
    tcase_add_test(tcase, a_full_disk_is_no_bad_tape);
    tcase_add_test(tcase, blocks_of_any_length);
    tcase_add_test(tcase, locate_16_looks_where_the_fields_are);
    tcase_add_test(tcase, read_position_has_three_forms);
    tcase_add_test(tcase, an_attribute_that_cannot_be_written_is_refused);
    tcase_add_test(tcase, vpd_pages_do_not_alias);
    tcase_add_test(tcase, unknown_operation_codes_are_refused_at_once);
    tcase_add_test(tcase, a_late_error_is_marked_as_such);
    tcase_add_test(tcase, early_warning_is_exact_to_the_byte);
    tcase_add_test(tcase, too_short_is_positive_and_too_long_is_negative);
    tcase_add_test(tcase, space_counts_have_a_sign);
    tcase_add_test(tcase, a_length_of_zero_asks_for_nothing);
    tcase_add_test(tcase, qualifiers_tell_marks_and_ends_apart);
    tcase_add_test(tcase, tell_and_seek);
    tcase_add_test(tcase, reading_goes_on_where_spacing_ended);
    tcase_add_test(tcase, a_swapped_cartridge_is_told);
    tcase_add_test(tcase, what_did_not_fit_is_counted);
    return tcase;
}
