/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/clock.h"
#include "tests/support/suite.h"

TCase *make_clock_tcase(void);

typedef struct Note {
    GString *log;
    char letter;
} Note;

static void append(void *data)
{
    Note *note = data;

    g_string_append_c(note->log, note->letter);
}

START_TEST(timers_fire_in_order_of_time_then_of_start)
{
    g_autoptr(Clock) clock = virtual_clock_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Note a = { log, 'a' }, b = { log, 'b' }, c = { log, 'c' }, d = { log, 'd' };
    ClockTimer *cancelled;

    clock_start(clock, 20, append, &b);
    clock_start(clock, 10, append, &a);
    cancelled = clock_start(clock, 15, append, &d);
    clock_start(clock, 20, append, &c);
    clock_cancel(clock, cancelled);
    virtual_clock_advance(clock, 19);
    ck_assert_str_eq(log->str, "a");
    virtual_clock_advance(clock, 1);
    ck_assert_str_eq(log->str, "abc");
    ck_assert_int_eq(clock_now(clock), 20);
}
END_TEST

TCase *make_clock_tcase(void)
{
    TCase *tcase = tcase_create("clock");

    tcase_add_test(tcase, timers_fire_in_order_of_time_then_of_start);
    return tcase;
}
