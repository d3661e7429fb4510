/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/units.h"
#include "tests/support/suite.h"

TCase *make_units_tcase(void);

static const struct {
    const char *text;
    uint64_t bytes;
} good_sizes[] = {
    { "0", 0 },
    { "512", 512 },
    { "64KiB", 65536 },
    { "1.5GiB", 1610612736 },
    { "35GB", 35000000000 },
    { "0.5KiB", 512 },
};

static const char *const bad_sizes[] = {
    "",
    "-1",
    "+1",
    " 1",
    "1 ",
    "KiB",
    "1kib",
    "1.",
    ".5",
    "0.3B",
    "99999999999999999999",
    "9000000TiB",
    "1e3",
    "0x10",
    "64 KiB",
};

START_TEST(size_is_read)
{
    uint64_t bytes = 0;

    ck_assert_msg(units_parse_size(good_sizes[_i].text, &bytes, NULL), "%s", good_sizes[_i].text);
    ck_assert_uint_eq(bytes, good_sizes[_i].bytes);
}
END_TEST

START_TEST(size_is_refused)
{
    g_autoptr(GError) error = NULL;
    uint64_t bytes;

    ck_assert_msg(!units_parse_size(bad_sizes[_i], &bytes, &error), "%s", bad_sizes[_i]);
    ck_assert_ptr_nonnull(strstr(error->message, "is not a size"));
}
END_TEST

START_TEST(duration_needs_a_unit)
{
    int64_t us = 0;

    ck_assert(units_parse_duration("40s", &us, NULL));
    ck_assert_int_eq(us, 40 * 1000 * 1000);
    ck_assert(units_parse_duration("1.5ms", &us, NULL));
    ck_assert_int_eq(us, 1500);
    ck_assert(!units_parse_duration("40", &us, NULL));
    ck_assert(units_parse_duration("1000000h", &us, NULL));
    ck_assert(!units_parse_duration("9223372036854775807us", &us, NULL));
    ck_assert(!units_parse_duration("9223372036854775807h", &us, NULL));
}
END_TEST

START_TEST(size_is_shown)
{
    g_autofree char *whole = units_format_size(65536);
    g_autofree char *part = units_format_size(219676672);

    ck_assert_str_eq(whole, "64 KiB");
    ck_assert_str_eq(part, "209.5 MiB");
}
END_TEST

TCase *make_units_tcase(void)
{
    TCase *tcase = tcase_create("units");

    tcase_add_loop_test(tcase, size_is_read, 0, G_N_ELEMENTS(good_sizes));
    tcase_add_loop_test(tcase, size_is_refused, 0, G_N_ELEMENTS(bad_sizes));
    tcase_add_test(tcase, duration_needs_a_unit);
    tcase_add_test(tcase, size_is_shown);
    return tcase;
}
