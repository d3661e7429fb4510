/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check, as this project uses it: a *_tests.c exposes make_x_tcase(), a program lists the ones it
 * runs. Output is TAP, which Meson reads.
 */
#ifndef USBTAPE_TESTS_SUITE_H
#define USBTAPE_TESTS_SUITE_H

#include <check.h>

typedef TCase *(*MakeTCase)(void);

/* Runs them all and returns the exit status for main(). */
int suite_run(const char *name, const MakeTCase *make, size_t n);

/* A new empty directory; free the name with g_free. Whatever a test leaves in it is removed at the
 * end of the program, also when that is an abort. */
char *suite_temp_dir(void);

/* As ck_assert, for what runs a million times: Check writes down each assertion that it passes. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ck_abort_msg("must be: %s", #condition);                                               \
        }                                                                                          \
    } while (0)

#define SUITE_MAIN(name, ...)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        static const MakeTCase make[] = { __VA_ARGS__ };                                           \
        return suite_run(name, make, sizeof make / sizeof make[0]);                                \
    }

#endif
