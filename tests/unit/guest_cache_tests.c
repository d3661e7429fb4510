/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/guest-cache.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

TCase *make_guest_cache_tcase(void);

#define NOW  2000000000
#define HOUR 3600

/* A file of the cache, last used `ago` seconds before NOW. Free with g_free. */
static char *make_file(const char *directory, const char *name, int ago)
{
    char *path = g_build_filename(directory, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    struct utimbuf times = { NOW - ago, NOW - ago };

    ck_assert_int_eq(g_mkdir_with_parents(folder, 0777), 0);
    ck_assert(g_file_set_contents(path, "x", 1, NULL));
    ck_assert_int_eq(g_utime(path, &times), 0);
    return path;
}

/* Builds have a key of 16 digits, here all the same one. */
static void make_build(const char *cache, const char *name, char digit, int ago)
{
    g_autofree char *key = g_strnfill(16, digit);
    g_autofree char *complete = g_strdup_printf("guests/%s-%s/complete", name, key);
    g_autofree char *image = g_strdup_printf("guests/%s-%s/data.img", name, key);

    g_free(make_file(cache, complete, ago));
    g_free(make_file(cache, image, ago));
}

static char *build_path(const char *cache, const char *name, char digit)
{
    g_autofree char *key = g_strnfill(16, digit);

    return g_strdup_printf("%s/guests/%s-%s", cache, name, key);
}

/* Are the builds of `name` with these digits there, and no others? */
static void check_builds(const char *cache, const char *name, const char *digits)
{
    char digit;

    for (digit = '0'; digit <= '9'; digit++) {
        g_autofree char *path = build_path(cache, name, digit);

        ck_assert_msg(g_file_test(path, G_FILE_TEST_EXISTS) == (strchr(digits, digit) != NULL),
                      "%s", path);
    }
}

START_TEST(builds_are_bounded)
{
    g_autofree char *cache = suite_temp_dir();
    g_autofree char *last = g_build_filename(cache, "guests", "linux-last", NULL);
    g_autofree char *left = NULL;

    make_build(cache, "linux", '1', 0); /* the three that were used last, in a day */
    make_build(cache, "linux", '2', HOUR);
    make_build(cache, "linux", '3', 2 * HOUR);
    make_build(cache, "linux", '4', 3 * HOUR);  /* one too many */
    make_build(cache, "linux", '5', 30 * HOUR); /* … and too old, but for the file that names it */
    make_build(cache, "linux", '6', 40 * HOUR);
    make_build(cache, "linux-judges", '7', 400 * HOUR); /* another guest's */
    left = make_file(cache, "guests/.building.killed/tree/usr/x", HOUR);
    ck_assert(g_file_set_contents(last, "hash /cache/guests/linux-5555555555555555\n", -1, NULL));
    guest_cache_prune(cache, "linux", NOW);
    check_builds(cache, "linux", "1235");
    check_builds(cache, "linux-judges", "7");
    ck_assert(!g_file_test(left, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(old_builds_go)
{
    g_autofree char *cache = suite_temp_dir();

    make_build(cache, "linux", '1', HOUR);
    make_build(cache, "linux", '2', 25 * HOUR);
    guest_cache_prune(cache, "linux", NOW);
    check_builds(cache, "linux", "1");
}
END_TEST

START_TEST(builds_in_use_stay)
{
    g_autofree char *cache = suite_temp_dir();
    g_autofree char *first = build_path(cache, "linux", '1');
    g_autofree char *complete = g_build_filename(first, "complete", NULL);
    GStatBuf status;
    int fd;

    make_build(cache, "linux", '1', NOW - HOUR); /* in 1970: guest_cache_use() knows the time */
    make_build(cache, "linux", '2', NOW - HOUR);
    fd = guest_cache_use(first);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(g_stat(complete, &status), 0);
    ck_assert_int_gt((int64_t)time(NULL) - status.st_mtime, -HOUR); /* used now */
    ck_assert_int_lt((int64_t)time(NULL) - status.st_mtime, HOUR);
    /* A day later, and still in use. */
    guest_cache_prune(cache, "linux", (int64_t)time(NULL) + 30 * HOUR);
    check_builds(cache, "linux", "1");
    close(fd);
    guest_cache_prune(cache, "linux", (int64_t)time(NULL) + 30 * HOUR);
    check_builds(cache, "linux", "");
    ck_assert_int_eq(guest_cache_use(first), -1);
}
END_TEST

START_TEST(nothing_goes_while_a_builder_works)
{
    g_autofree char *cache = suite_temp_dir();
    g_autofree char *lock = g_build_filename(cache, "lock", NULL);
    int fd = open(lock, O_RDWR | O_CREAT, 0666);

    make_build(cache, "linux", '1', 30 * HOUR);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    guest_cache_prune(cache, "linux", NOW);
    check_builds(cache, "linux", "1");
    close(fd);
    guest_cache_prune(cache, "linux", NOW);
    check_builds(cache, "linux", "");
}
END_TEST

START_TEST(builds_of_others_are_not_followed)
{
    g_autofree char *theirs = suite_temp_dir();
    g_autofree char *cache = suite_temp_dir();
    g_autofree char *guests = g_build_filename(cache, "guests", NULL);
    g_autofree char *target = build_path(theirs, "linux", '1');
    g_autofree char *link = build_path(cache, "linux", '1');

    make_build(theirs, "linux", '1', 30 * HOUR);
    g_mkdir(guests, 0777);
    ck_assert_int_eq(symlink(target, link), 0);
    guest_cache_prune(cache, "linux", NOW);
    check_builds(cache, "linux", "1");
    check_builds(theirs, "linux", "1");
}
END_TEST

START_TEST(states_are_bounded)
{
    g_autofree char *cache = suite_temp_dir();
    g_autofree char *forgotten = make_file(cache, "old-0000000000000000.state", 31 * 24 * HOUR);
    g_autofree char *current = NULL;
    int i, there = 0;

    for (i = 0; i < 10; i++) {
        g_autofree char *key = g_strnfill(16, (char)('0' + i));
        g_autofree char *name = g_strdup_printf("linux-%s.state", key);
        g_autofree char *sum = g_strconcat(name, ".sum", NULL);

        g_free(current);
        current = make_file(cache, name, i * HOUR); /* that of the ninth was used longest ago */
        g_free(make_file(cache, sum, i * HOUR));
    }
    guest_cache_prune_states(current, NOW);
    for (i = 0; i < 10; i++) {
        g_autofree char *key = g_strnfill(16, (char)('0' + i));
        g_autofree char *path = g_strdup_printf("%s/linux-%s.state", cache, key);
        g_autofree char *sum = g_strconcat(path, ".sum", NULL);
        bool is_there = g_file_test(path, G_FILE_TEST_EXISTS);

        there += is_there;
        ck_assert_int_eq(is_there, i < GUEST_CACHE_STATES || i == 9);
        ck_assert_int_eq(is_there, g_file_test(sum, G_FILE_TEST_EXISTS));
    }
    ck_assert_int_eq(there, GUEST_CACHE_STATES + 1);
    ck_assert(!g_file_test(forgotten, G_FILE_TEST_EXISTS));
}
END_TEST

TCase *make_guest_cache_tcase(void)
{
    TCase *tcase = tcase_create("guest-cache");

    tcase_add_test(tcase, builds_are_bounded);
    tcase_add_test(tcase, old_builds_go);
    tcase_add_test(tcase, builds_in_use_stay);
    tcase_add_test(tcase, nothing_goes_while_a_builder_works);
    tcase_add_test(tcase, builds_of_others_are_not_followed);
    tcase_add_test(tcase, states_are_bounded);
    return tcase;
}
