/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference itself: what SSC-3 says, in a few plain cases. */
#include "media/formats/formats.h"
#include "tests/support/suite.h"

TCase *make_medium_ram_tcase(void);

START_TEST(a_small_tape_reads_back)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 400, .partitions = 1 };
    g_autoptr(TapeMedium) m = medium_ram_new(&geometry);
    uint8_t buffer[512];
    size_t length;
    uint64_t n;

    memset(buffer, 'a', sizeof buffer);
    ck_assert_int_eq(medium_write(m, buffer, 300), MEDIUM_OK);
    ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 2, &n), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, buffer, 300), MEDIUM_EARLY_WARNING);
    ck_assert_int_eq(medium_write(m, buffer, 500), MEDIUM_END_OF_PARTITION);
    ck_assert_int_eq(medium_space(m, MEDIUM_SPACE_FILEMARKS, -2, false, &n), MEDIUM_OK);
    ck_assert_int_eq(medium_read_reverse(m, buffer, 100, &length), MEDIUM_OK);
    ck_assert_uint_eq(length, 300);
    ck_assert_int_eq(medium_read_reverse(m, buffer, 100, &length), MEDIUM_BOP);
    ck_assert_int_eq(medium_space(m, MEDIUM_SPACE_BLOCKS, 3, false, &n), MEDIUM_FILEMARK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 9), MEDIUM_EOD);
    ck_assert_int_eq(medium_locate(m, 1, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_INVALID);
}
END_TEST

TCase *make_medium_ram_tcase(void)
{
    TCase *tcase = tcase_create("ram");

    tcase_add_test(tcase, a_small_tape_reads_back);
    return tcase;
}
