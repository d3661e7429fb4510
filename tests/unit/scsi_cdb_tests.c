/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/cdb.h"
#include "tests/support/suite.h"

TCase *make_scsi_cdb_tcase(void);

START_TEST(length_follows_the_group_code)
{
    static const struct {
        uint8_t opcode;
        unsigned length;
    } rows[] = { { 0x00, 6 },  { 0x1f, 6 },  { 0x2b, 10 }, { 0x5a, 10 }, { 0x7f, 0 },
                 { 0x8c, 16 }, { 0x92, 16 }, { 0xa0, 12 }, { 0xc0, 0 },  { 0xff, 0 } };

    ck_assert_uint_eq(scsi_cdb_length(rows[_i].opcode), rows[_i].length);
}
END_TEST

START_TEST(a_reserved_bit_is_named)
{
    static const uint8_t mask[6] = { 0, 0x03, 0xff, 0xff, 0xff, 0 };
    static const struct {
        uint8_t cdb[6];
        bool right;
        int byte, bit;
    } rows[] = {
        { { 0x08, 0x03, 0xff, 0xff, 0xff, 0x00 }, true, 0, 0 },
        { { 0xff, 0x00, 0x00, 0x00, 0x00, 0x00 }, true, 0, 0 },
        { { 0x08, 0x04, 0x00, 0x00, 0x00, 0x00 }, false, 1, 2 },
        { { 0x08, 0xe3, 0x00, 0x00, 0x00, 0x04 }, false, 1, 7 },
        { { 0x08, 0x00, 0x00, 0x00, 0x00, 0x01 }, false, 5, 0 },
    };
    ScsiField bad = { .valid = false };

    ck_assert(scsi_cdb_check(rows[_i].cdb, mask, 6, &bad) == rows[_i].right);
    if (!rows[_i].right) {
        ck_assert(bad.valid && bad.in_cdb);
        ck_assert_int_eq(bad.byte, rows[_i].byte);
        ck_assert_int_eq(bad.bit, rows[_i].bit);
    }
}
END_TEST

TCase *make_scsi_cdb_tcase(void)
{
    TCase *tcase = tcase_create("cdb");

    tcase_add_loop_test(tcase, length_follows_the_group_code, 0, 10);
    tcase_add_loop_test(tcase, a_reserved_bit_is_named, 0, 5);
    return tcase;
}
