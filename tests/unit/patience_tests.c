/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/patience.h"
#include "tests/support/suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

TCase *make_patience_tcase(void);

START_TEST(time_without_a_processor_is_not_counted)
{
    static const struct {
        int64_t now, waited, time;
    } rows[] = {
        { 1000000, 5000000, 1000000 }, /* what was before is nothing to us */
        { 2000000, 5000000, 2000000 }, /* idle, or alone */
        { 3000000, 5500000, 2500000 }, /* half of it waited */
        { 4000000, 6500000, 2700000 }, /* all of it: a fifth goes by all the same */
        { 5000000, 9900000, 2900000 }, /* two that waited at a time */
        { 6000000, 100000, 3900000 },  /* another process in its place */
        { 7000000, 300000, 4700000 },  { 7000000, 400000, 4700000 },
    };
    Patience patience = { 0 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        ck_assert_int_eq(patience_time(&patience, rows[i].now, rows[i].waited), rows[i].time);
    }
}
END_TEST

START_TEST(schedstat_is_read)
{
    ck_assert_int_eq(patience_schedstat("123 4567890 17\n"), 4567);
    ck_assert_int_eq(patience_schedstat(""), 0);
    ck_assert_int_eq(patience_schedstat("1"), 0);
    ck_assert_int_eq(patience_schedstat("1 -5 2"), 0);
    ck_assert_int_eq(patience_schedstat("1 99999999999999999999 2"), 0);
    ck_assert_int_eq(patience_waited(0), 0);
}
END_TEST

/* On the first processor that this process may use. */
static pid_t start_loop(void)
{
    pid_t pid = fork();
    cpu_set_t all, one;
    int i;

    if (pid == 0) {
        CPU_ZERO(&all);
        sched_getaffinity(0, sizeof all, &all);
        for (i = 0; !CPU_ISSET(i, &all); i++) {
        }
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        sched_setaffinity(0, sizeof one, &one);
        for (;;) {
            (void)getppid(); /* it has to be ended, so it must do something */
        }
    }
    g_assert(pid > 0);
    return pid;
}

/* Two busy loops on one processor: each of them waits half of the time. */
START_TEST(waiting_is_seen)
{
    pid_t loops[] = { start_loop(), start_loop() };

    if (g_file_test("/proc/self/schedstat", G_FILE_TEST_EXISTS)) {
        while (patience_waited(loops[0]) < 20000) { /* for ever, if it is not seen */
        }
    }
    kill(loops[0], SIGKILL);
    kill(loops[1], SIGKILL);
    waitpid(loops[0], NULL, 0);
    waitpid(loops[1], NULL, 0);
}
END_TEST

TCase *make_patience_tcase(void)
{
    TCase *tcase = tcase_create("patience");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, time_without_a_processor_is_not_counted);
    tcase_add_test(tcase, schedstat_is_read);
    tcase_add_test(tcase, waiting_is_seen);
    return tcase;
}
