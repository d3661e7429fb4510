/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

#include <ftw.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Where the program's tests make their files: what a test leaves behind when it fails goes with it.
 */
static char *room;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    return remove(path);
}

static void remove_room(void)
{
    nftw(room, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A test aborted, or took too long. Nothing is safe any more, but nothing is to be kept, either. */
static void on_end(int number)
{
    remove_room();
    signal(number, SIG_DFL);
    raise(number);
}

static void make_room(void)
{
    room = g_dir_make_tmp("usbtape-tests-XXXXXX", NULL);
    g_assert(room);
    g_setenv("TMPDIR", room, TRUE); /* for the programs that tests start */
    signal(SIGABRT, on_end);
    signal(SIGTERM, on_end);
}

char *suite_temp_dir(void)
{
    char *path = g_build_filename(room, "XXXXXX", NULL);

    g_assert(g_mkdtemp(path));
    return path;
}

int suite_run(const char *name, const MakeTCase *make, size_t n)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;
    size_t i;

    make_room();
    for (i = 0; i < n; i++) {
        suite_add_tcase(suite, make[i]());
    }
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_room();
    g_free(room);
    return failed > 0;
}
