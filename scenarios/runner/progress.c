/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/progress.h"

#include <stdio.h>
#include <unistd.h>

ProgressStyle progress_style(bool verbose)
{
    return verbose ? PROGRESS_LINES : isatty(STDERR_FILENO) ? PROGRESS_STATUS : PROGRESS_QUIET;
}

void progress_note(ProgressStyle style, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (style == PROGRESS_QUIET) {
        return;
    }
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (style == PROGRESS_STATUS) {
        fprintf(stderr, "\r\033[K%.100s", text);
        fflush(stderr);
    } else {
        fprintf(stderr, "# %s\n", text);
    }
}

void progress_clear(ProgressStyle style)
{
    if (style == PROGRESS_STATUS) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}
