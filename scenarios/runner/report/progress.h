/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress on standard error: one changing line on a terminal, lines with -v, nothing in a pipe.
 */
#ifndef USBTAPE_SCENARIOS_PROGRESS_H
#define USBTAPE_SCENARIOS_PROGRESS_H

#include <glib.h>
#include <stdbool.h>

typedef enum ProgressStyle {
    PROGRESS_QUIET,
    PROGRESS_STATUS, /* the line that changes */
    PROGRESS_LINES,
} ProgressStyle;

/* PROGRESS_STATUS on a terminal, else PROGRESS_QUIET; PROGRESS_LINES if `verbose`. */
ProgressStyle progress_style(bool verbose);
void progress_note(ProgressStyle style, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Clears the line that changes, before something else is printed. */
void progress_clear(ProgressStyle style);

#endif
