/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/spool.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

TCase *make_spool_tcase(void);

/* In a file (0), or in memory (1). */
static Spool *make(int kind, uint64_t most, int *fd)
{
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *path = g_build_filename(dir, "out", NULL);

    *fd = kind == 1 ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    return spool_new(*fd, most);
}

START_TEST(output_is_kept_as_it_comes)
{
    int fd;
    g_autofree char *file = g_malloc0(16);
    Spool *spool = make(_i, 100, &fd);

    ck_assert_str_eq(spool_text(spool), "");
    spool_add(spool, "one\n", 4);
    if (fd >= 0) {
        ck_assert_int_eq(pread(fd, file, 16, 0), 4); /* before anything asks for it */
        ck_assert_str_eq(file, "one\n");
    }
    ck_assert_str_eq(spool_text(spool), "one\n");
    spool_add(spool, "t\0o", 3);
    ck_assert_mem_eq(spool_text(spool), "one\nt\0o", 8);
    ck_assert_uint_eq(spool_total(spool), 7);
    ck_assert(!spool_is_cut(spool) && spool_error(spool) == 0);
    spool_free(spool);
}
END_TEST

START_TEST(output_is_bounded)
{
    int fd;
    Spool *spool = make(_i, 10, &fd);
    unsigned i;

    for (i = 0; i < 1000; i++) {
        spool_add(spool, "abcd", 4);
    }
    ck_assert_str_eq(spool_text(spool), "abcdabcdab");
    ck_assert_uint_eq(spool_total(spool), 4000);
    ck_assert(spool_is_cut(spool));
    ck_assert_int_eq(spool_error(spool), 0);
    if (fd >= 0) {
        ck_assert_int_eq(lseek(fd, 0, SEEK_END), 10);
    }
    spool_free(spool);
}
END_TEST

START_TEST(full_disk_is_an_error)
{
    Spool *spool = spool_new(open("/dev/full", O_RDWR), 10);

    spool_add(spool, "abcd", 4);
    spool_add(spool, "abcd", 4);
    ck_assert_int_eq(spool_error(spool), ENOSPC);
    ck_assert(spool_is_cut(spool));
    ck_assert_str_eq(spool_text(spool), "");
    spool_free(spool);
}
END_TEST

TCase *make_spool_tcase(void)
{
    TCase *tcase = tcase_create("spool");

    tcase_add_loop_test(tcase, output_is_kept_as_it_comes, 0, 2);
    tcase_add_loop_test(tcase, output_is_bounded, 0, 2);
    tcase_add_test(tcase, full_disk_is_an_error);
    return tcase;
}
