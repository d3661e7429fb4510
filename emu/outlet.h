/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to a file, a pipe or a terminal whose reader may stop. A slow reader loses lines and never
 * delays the writer.
 *
 * Owns: the unwritten lines (bounded), the count of dropped lines, the first error. Does not own:
 * the content of the lines.
 *
 * Writes to pipes and terminals do not block. A write to a regular file can block as long as its
 * disk does.
 */
#ifndef USBTAPE_OUTLET_H
#define USBTAPE_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/base/clock.h"

typedef struct Outlet Outlet;

typedef struct OutletOps {
    /* The line that reports the number of dropped lines, written when the reader reads again. */
    char *(*dropped)(void *data, uint64_t lines);
    /* A write failed with that errno, and no more is written. May be NULL. */
    void (*failed)(void *data, int reason);
} OutletOps;

/* Takes ownership of `fd`. Keeps at most `bound` unwritten bytes. */
Outlet *outlet_new(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data);
/* For a descriptor that other processes share (standard error). Its flags do not change. */
Outlet *outlet_new_shared(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data);
/* Drops unwritten lines. */
void outlet_free(Outlet *outlet);

/* A whole line, with its newline. It is written within 100 ms, or by outlet_flush(). */
void outlet_put(Outlet *outlet, const char *line, size_t length);
/* Writes until the reader accepts no more. */
void outlet_flush(Outlet *outlet);
/* The same, but waits up to `patience` microseconds for the reader. False if lines are missing. */
bool outlet_finish(Outlet *outlet, int64_t patience);

/* Number of dropped lines, including unwritten ones. */
uint64_t outlet_dropped(const Outlet *outlet);
/* errno of the first failed write, or 0. */
int outlet_error(const Outlet *outlet);

#endif
