/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/bytes.h"
#include "emu/scsi/sense.h"
#include "tests/support/suite.h"

TCase *make_scsi_sense_tcase(void);

/* Numbers from SPC-3 annex D and SSC-3, written down once more: a slip in the list shows here. */
static const struct {
    ScsiSenseCode code;
    uint8_t key, asc, ascq;
} codes[] = {
    { SENSE_NO_SENSE, 0x0, 0x00, 0x00 },
    { SENSE_FILEMARK_DETECTED, 0x0, 0x00, 0x01 },
    { SENSE_END_OF_MEDIUM_DETECTED, 0x0, 0x00, 0x02 },
    { SENSE_SETMARK_DETECTED, 0x0, 0x00, 0x03 },
    { SENSE_BEGINNING_OF_MEDIUM_DETECTED, 0x0, 0x00, 0x04 },
    { SENSE_PROGRAMMABLE_EARLY_WARNING, 0x0, 0x00, 0x07 },
    { SENSE_BECOMING_READY, 0x2, 0x04, 0x01 },
    { SENSE_INITIALIZING_COMMAND_REQUIRED, 0x2, 0x04, 0x02 },
    { SENSE_NO_MORE_BUFFERED_DATA, 0x0, 0x00, 0x05 },
    { SENSE_INCOMPATIBLE_MEDIUM, 0x2, 0x30, 0x00 },
    { SENSE_CLEANING_CARTRIDGE, 0x2, 0x30, 0x03 },
    { SENSE_MEDIUM_NOT_PRESENT, 0x2, 0x3a, 0x00 },
    { SENSE_WRITE_ERROR, 0x3, 0x0c, 0x00 },
    { SENSE_UNRECOVERED_READ_ERROR, 0x3, 0x11, 0x00 },
    { SENSE_INTERNAL_TARGET_FAILURE, 0x4, 0x44, 0x00 },
    { SENSE_PARAMETER_LIST_LENGTH_ERROR, 0x5, 0x1a, 0x00 },
    { SENSE_INVALID_OPCODE, 0x5, 0x20, 0x00 },
    { SENSE_INVALID_FIELD_IN_CDB, 0x5, 0x24, 0x00 },
    { SENSE_LUN_NOT_SUPPORTED, 0x5, 0x25, 0x00 },
    { SENSE_INVALID_FIELD_IN_PARAMETER_LIST, 0x5, 0x26, 0x00 },
    { SENSE_INVALID_RELEASE, 0x5, 0x26, 0x04 },
    { SENSE_COMMAND_SEQUENCE_ERROR, 0x5, 0x2c, 0x00 },
    { SENSE_PREVIOUS_RESERVATION_CONFLICT, 0x5, 0x2c, 0x09 },
    { SENSE_CANNOT_WRITE_INCOMPATIBLE_FORMAT, 0x5, 0x30, 0x05 },
    { SENSE_SAVING_NOT_SUPPORTED, 0x5, 0x39, 0x00 },
    { SENSE_POSITION_PAST_BEGINNING, 0x5, 0x3b, 0x0c },
    { SENSE_REMOVAL_PREVENTED, 0x5, 0x53, 0x02 },
    { SENSE_INSUFFICIENT_RESOURCES, 0x5, 0x55, 0x03 },
    { SENSE_MEMORY_OUT_OF_SPACE, 0x5, 0x55, 0x06 },
    { SENSE_NOT_LAST_PARTITION, 0x5, 0x83, 0x97 },
    { SENSE_MEDIUM_MAY_HAVE_CHANGED, 0x6, 0x28, 0x00 },
    { SENSE_POWER_ON_OR_RESET, 0x6, 0x29, 0x00 },
    { SENSE_POWER_ON, 0x6, 0x29, 0x01 },
    { SENSE_BUS_RESET, 0x6, 0x29, 0x02 },
    { SENSE_DEVICE_RESET, 0x6, 0x29, 0x03 },
    { SENSE_MODE_PARAMETERS_CHANGED, 0x6, 0x2a, 0x01 },
    { SENSE_LOG_PARAMETERS_CHANGED, 0x6, 0x2a, 0x02 },
    { SENSE_RESERVATIONS_PREEMPTED, 0x6, 0x2a, 0x03 },
    { SENSE_RESERVATIONS_RELEASED, 0x6, 0x2a, 0x04 },
    { SENSE_REGISTRATIONS_PREEMPTED, 0x6, 0x2a, 0x05 },
    { SENSE_TIMESTAMP_CHANGED, 0x6, 0x2a, 0x10 },
    { SENSE_DEVICE_IDENTIFIER_CHANGED, 0x6, 0x3f, 0x05 },
    { SENSE_WRITE_PROTECTED, 0x7, 0x27, 0x00 },
    { SENSE_READ_ONLY_FORMAT, 0x7, 0x30, 0x00 },
    { SENSE_WORM_OVERWRITE, 0x7, 0x30, 0x0c },
    { SENSE_END_OF_DATA, 0x8, 0x00, 0x05 },
    { SENSE_VOLUME_OVERFLOW, 0xd, 0x00, 0x02 },
    { SENSE_MISCOMPARE, 0xe, 0x1d, 0x00 },
};

START_TEST(each_code_by_name)
{
    uint8_t bytes[SCSI_SENSE_FIXED_LENGTH];
    ScsiSense sense = { .code = codes[_i].code };

    ck_assert_uint_eq(scsi_sense_fixed(&sense, bytes), sizeof bytes);
    ck_assert_uint_eq(bytes[2], codes[_i].key);
    ck_assert_uint_eq(bytes[12], codes[_i].asc);
    ck_assert_uint_eq(bytes[13], codes[_i].ascq);
    ck_assert_uint_gt(strlen(scsi_sense_text(sense.code)), 0);
}
END_TEST

START_TEST(no_code_without_a_row_above)
{
    ck_assert_uint_eq(G_N_ELEMENTS(codes), N_SENSE_CODES);
}
END_TEST

START_TEST(fixed_format)
{
    ScsiSense sense = {
        .code = SENSE_FILEMARK_DETECTED, .filemark = true, .valid = true, .information = 0x010203
    };
    uint8_t bytes[SCSI_SENSE_FIXED_LENGTH];

    scsi_sense_fixed(&sense, bytes);
    ck_assert_mem_eq(bytes, "\xf0\0\x80\0\1\2\3\x0a\0\0\0\0\0\1\0\0\0\0", sizeof bytes);
}
END_TEST

START_TEST(fixed_flags_and_deferred)
{
    ScsiSense sense = { .deferred = true, .eom = true, .ili = true };
    uint8_t bytes[SCSI_SENSE_FIXED_LENGTH];

    scsi_sense_fixed(&sense, bytes);
    ck_assert_uint_eq(bytes[0], 0x71);
    ck_assert_uint_eq(bytes[2], 0x60);
}
END_TEST

START_TEST(information_is_signed_and_bounded)
{
    static const struct {
        int64_t information;
        bool valid;
        uint32_t bytes;
    } rows[] = { { -1, true, 0xffffffff },
                 { INT32_MIN, true, 0x80000000 },
                 { UINT32_MAX, true, 0xffffffff },
                 { (int64_t)UINT32_MAX + 1, false, 0 },
                 { (int64_t)INT32_MIN - 1, false, 0 } };
    ScsiSense sense = { .valid = true, .information = rows[_i].information };
    uint8_t bytes[SCSI_SENSE_FIXED_LENGTH];

    scsi_sense_fixed(&sense, bytes);
    ck_assert_uint_eq(bytes[0], rows[_i].valid ? 0xf0 : 0x70);
    ck_assert_uint_eq(get_be32(bytes + 3), rows[_i].bytes);
}
END_TEST

START_TEST(field_pointer)
{
    ScsiSense sense = {
        .code = SENSE_INVALID_FIELD_IN_CDB,
        .field = { .valid = true, .in_cdb = true, .byte = 2, .bit = 5 },
    };
    uint8_t bytes[SCSI_SENSE_FIXED_LENGTH];

    scsi_sense_fixed(&sense, bytes);
    ck_assert_mem_eq(bytes + 15, "\xcd\0\2", 3);
    sense.field = (ScsiField){ .valid = true, .byte = 0x123, .bit = -1 };
    scsi_sense_fixed(&sense, bytes);
    ck_assert_mem_eq(bytes + 15, "\x80\x01\x23", 3);
}
END_TEST

START_TEST(descriptor_format)
{
    ScsiSense sense = { .code = SENSE_END_OF_DATA,
                        .eom = true,
                        .valid = true,
                        .information = -2,
                        .field = { .valid = true, .in_cdb = true, .byte = 4, .bit = -1 } };
    uint8_t bytes[SCSI_SENSE_DESCRIPTOR_LENGTH];

    ck_assert_uint_eq(scsi_sense_descriptor(&sense, bytes), 32);
    ck_assert_mem_eq(bytes,
                     "\x72\x08\0\5\0\0\0\x18"
                     "\0\x0a\x80\0\xff\xff\xff\xff\xff\xff\xff\xfe"
                     "\2\6\0\0\xc0\0\4\0"
                     "\4\2\0\x40",
                     32);
    sense = (ScsiSense){ .code = SENSE_WRITE_PROTECTED, .deferred = true };
    ck_assert_uint_eq(scsi_sense_descriptor(&sense, bytes), 8);
    ck_assert_mem_eq(bytes, "\x73\x07\x27\0\0\0\0\0", 8);
}
END_TEST

TCase *make_scsi_sense_tcase(void)
{
    TCase *tcase = tcase_create("sense");

    tcase_add_loop_test(tcase, each_code_by_name, 0, G_N_ELEMENTS(codes));
    tcase_add_test(tcase, no_code_without_a_row_above);
    tcase_add_test(tcase, fixed_format);
    tcase_add_test(tcase, fixed_flags_and_deferred);
    tcase_add_loop_test(tcase, information_is_signed_and_bounded, 0, 5);
    tcase_add_test(tcase, field_pointer);
    tcase_add_test(tcase, descriptor_format);
    return tcase;
}
