/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that speaks in lines, with a peer that may be hostile: it may be silent, never end a
 * line, drip bytes, or not read. Every call ends at a time that the caller gives.
 */
#ifndef USBTAPE_BASE_LINES_H
#define USBTAPE_BASE_LINES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LinesResult {
    LINES_GOOD,
    LINES_CLOSED,      /* the peer has gone */
    LINES_LATE,        /* the time is up */
    LINES_LONG,        /* a line longer than `most` */
    LINES_INTERRUPTED, /* `stop` said so */
    LINES_FAILED,      /* errno says why */
} LinesResult;

typedef struct Lines Lines;

/* `fd` is borrowed. `stop`, asked ten times a second, may be NULL. */
Lines *lines_new(int fd, size_t most, bool (*stop)(void));
void lines_free(Lines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lines, lines_free)

/* The next line, without its end; g_free it. `end`: monotonic time; G_MAXINT64: none. */
LinesResult lines_read(Lines *lines, int64_t end, char **line);

/* All of `text`. */
LinesResult lines_write(Lines *lines, int64_t end, const char *text);

#endif
