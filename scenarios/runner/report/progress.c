/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/progress.h"

#include "emu/base/text.h"

#include <stdio.h>
#include <unistd.h>

ProgressStyle progress_style(bool verbose)
{
    return verbose ? PROGRESS_LINES : isatty(STDERR_FILENO) ? PROGRESS_STATUS : PROGRESS_QUIET;
}

void progress_note(ProgressStyle style, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    if (style == PROGRESS_QUIET) {
        return;
    }
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = text_line(text); /* it may name a scenario, or quote its text */
    if (style == PROGRESS_STATUS) {
        fprintf(stderr, "\r\033[K%.100s", line);
        fflush(stderr);
    } else {
        fprintf(stderr, "# %s\n", line);
    }
}

void progress_clear(ProgressStyle style)
{
    if (style == PROGRESS_STATUS) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}
