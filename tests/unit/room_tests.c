/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"
#include "scenarios/runner/machine/room.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_room_tcase(void);

START_TEST(a_disk_with_room_is_good)
{
    g_autoptr(GError) error = NULL;

    ck_assert(room_check(".", 1, &error));
    ck_assert(room_check("/proc/nowhere", G_MAXUINT64, &error)); /* not known */
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(a_disk_without_room_is_named)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = suite_temp_dir();

    ck_assert(!room_check(dir, (uint64_t)1 << 62, &error));
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK));
    ck_assert_ptr_nonnull(strstr(error->message, " left on the file system of /"));
    ck_assert_ptr_nonnull(strstr(error->message, dir));
    ck_assert_ptr_null(strchr(error->message, '\n'));
}
END_TEST

TCase *make_room_tcase(void)
{
    TCase *tcase = tcase_create("room");

    tcase_add_test(tcase, a_disk_with_room_is_good);
    tcase_add_test(tcase, a_disk_without_room_is_named);
    return tcase;
}
