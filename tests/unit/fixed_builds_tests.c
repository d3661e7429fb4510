/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/kb817765/fixed-builds.h"
#include "tests/support/suite.h"

TCase *make_fixed_builds_tcase(void);

static const struct {
    const char *version, *architecture;
    FixedExpectation expectation;
    const char *os; /* of the row; NULL: none */
} drivers[] = {
    { "5.0.2195.6655", "x86", FIXED_EXPECT_FAIL, "Windows 2000 (SP3 or later)" },
    { "5.0.2195.6870", "x86", FIXED_EXPECT_FAIL, "Windows 2000 (SP3 or later)" },
    { "5.0.2195.6871", "x86", FIXED_EXPECT_PASS, "Windows 2000 (SP3 or later)" },
    { "5.1.2600.1106", "x86", FIXED_EXPECT_FAIL, "Windows XP (SP1a)" },
    { "5.1.2600.1106 (xpsp1.020828-1920)", "X86", FIXED_EXPECT_FAIL, "Windows XP (SP1a)" },
    { "5.1.2600.1317", "x86", FIXED_EXPECT_PASS, "Windows XP (SP1a)" },
    { "5.1.2600.1317", "ia-64", FIXED_EXPECT_PASS, "Windows XP (SP1a)" },
    { "5.1.2600.2180", "x86", FIXED_EXPECT_PASS, "Windows XP (SP1a)" },
    { "5.1.2505.9999", "x86", FIXED_EXPECT_FAIL, "Windows XP (SP1a)" },
    { "5.2.3790.0", "x86", FIXED_EXPECT_FAIL, "Windows Server 2003" },
    { "5.2.3790.101", "IA-64", FIXED_EXPECT_PASS, "Windows Server 2003" },
    { "5.2.3790.1830", "x86", FIXED_EXPECT_PASS, "Windows Server 2003" },
    { "5.2.3790.1830", "x64", FIXED_EXPECT_NOTHING, NULL },
    { "5.0.2195.6655", "IA-64", FIXED_EXPECT_NOTHING, NULL },
    { "6.0.6000.16386", "x86", FIXED_EXPECT_NOTHING, NULL },
    { "4.10.2222.0", "x86", FIXED_EXPECT_NOTHING, NULL },
};

START_TEST(older_than_its_row_fails_that_or_newer_passes)
{
    FixedExpectation expectation;
    const FixedBuild *row;

    ck_assert(fixed_build_expect(drivers[_i].version, drivers[_i].architecture, &expectation, &row,
                                 NULL));
    ck_assert_int_eq(expectation, drivers[_i].expectation);
    ck_assert_int_eq(row == NULL, drivers[_i].os == NULL);
    if (row) {
        ck_assert_str_eq(row->os, drivers[_i].os);
    }
}
END_TEST

static const char *const no_versions[] = {
    "",          "5",           "5.1.2600",       "5.1.2600.",
    "5.1..1317", "5.1.2600.x",  "5.1.2600.65536", "-5.1.2.3",
    "5.1.2.3.4", "5.1.2600.1a", " 5.1.2600.1"
};

START_TEST(what_is_no_version_is_refused)
{
    FixedExpectation expectation;
    g_autoptr(GError) error = NULL;

    ck_assert(!fixed_build_expect(no_versions[_i], "x86", &expectation, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "is no version"));
}
END_TEST

TCase *make_fixed_builds_tcase(void)
{
    TCase *tcase = tcase_create("fixed-builds");

    tcase_add_loop_test(tcase, older_than_its_row_fails_that_or_newer_passes, 0,
                        G_N_ELEMENTS(drivers));
    tcase_add_loop_test(tcase, what_is_no_version_is_refused, 0, G_N_ELEMENTS(no_versions));
    return tcase;
}
