/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that carries lines. The peer may be hostile: silent, without line ends, slow, or not
 * reading. Every call ends at a time that the caller sets.
 */
#ifndef USBTAPE_BASE_LINES_H
#define USBTAPE_BASE_LINES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LinesResult {
    LINES_GOOD,
    LINES_CLOSED,      /* the peer closed the connection */
    LINES_LATE,        /* the time is over */
    LINES_LONG,        /* a line is longer than `most` */
    LINES_INTERRUPTED, /* `stop` returned true */
    LINES_FAILED,      /* errno has the reason */
} LinesResult;

typedef struct Lines Lines;

/* Borrows `fd`. `stop` is called ten times a second, and may be NULL. */
Lines *lines_new(int fd, size_t most, bool (*stop)(void));
void lines_free(Lines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lines, lines_free)

/* The next line, without its end. Free with g_free. `end` is monotonic time, or G_MAXINT64. */
LinesResult lines_read(Lines *lines, int64_t end, char **line);

/* Writes all of `text`. */
LinesResult lines_write(Lines *lines, int64_t end, const char *text);

#endif
