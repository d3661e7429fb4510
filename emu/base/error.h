/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GError is for set-up, parsing and host files. The result of a tape or a drive is an enum, never a
 * GError. A broken invariant is an assertion.
 *
 * A message is one line. It names the file, line and column or the option. It says what to do,
 * unless that is obvious.
 */
#ifndef USBTAPE_BASE_ERROR_H
#define USBTAPE_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define USBTAPE_ERROR (usbtape_error_quark())
GQuark usbtape_error_quark(void);

typedef enum UsbtapeError {
    USBTAPE_ERROR_WORK = 1,  /* the work failed: exit status 1 */
    USBTAPE_ERROR_INPUT = 2, /* the user's input is wrong: exit status 2 */
    USBTAPE_ERROR_TIMED_OUT, /* exit status 124 */
} UsbtapeError;

/* Exit statuses of every subcommand. */
enum {
    EXIT_GOOD = 0,
    EXIT_WORK_FAILED = 1,
    EXIT_BAD_INPUT = 2,
    EXIT_ALL_SKIPPED = 4,
    EXIT_TIMED_OUT = 124,
};

/*
 * Sets USBTAPE_ERROR_INPUT with the text as one line (emu/base/text.h). Returns false, so that a
 * check is one statement.
 */
bool usbtape_input_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Prints "usbtape: MESSAGE" as one line on standard error and returns the exit status of the error.
 * text_line() makes the message safe, because it may quote a hostile file. Errors of other domains
 * (GOption, GFile…) are input errors.
 */
int usbtape_fail(const GError *error);

#endif
