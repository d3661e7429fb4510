/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to a file, a pipe or a terminal whose reader may stop reading: a slow reader costs lines,
 * never time.
 *
 * Owns: the lines that are not written yet (bounded), the count of those that were dropped, the
 * first error. Does not own: what the lines say.
 *
 * Pipes and terminals are written to without blocking. A regular file can still block for as long
 * as its disk does.
 */
#ifndef USBTAPE_OUTLET_H
#define USBTAPE_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/base/clock.h"

typedef struct Outlet Outlet;

typedef struct OutletOps {
    /* The line that reports, once the reader reads again, how many were dropped before it. */
    char *(*dropped)(void *data, uint64_t lines);
    /* A write failed, for that errno; nothing more is written. NULL: not wanted. */
    void (*failed)(void *data, int reason);
} OutletOps;

/* Takes over `fd`. Keeps at most `bound` bytes that the reader did not take. */
Outlet *outlet_new(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data);
/* For a descriptor that other processes share (standard error), which keeps its flags. */
Outlet *outlet_new_shared(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data);
/* What is unwritten after it is dropped. */
void outlet_free(Outlet *outlet);

/* A whole line, newline included. It is written within 100 ms, or by outlet_flush(). */
void outlet_put(Outlet *outlet, const char *line, size_t length);
/* Writes what the reader takes now. */
void outlet_flush(Outlet *outlet);
/* The same, but waits up to `patience` microseconds for the reader. False: lines are missing. */
bool outlet_finish(Outlet *outlet, int64_t patience);

/* Lines that were dropped, so far and with what is unwritten. */
uint64_t outlet_dropped(const Outlet *outlet);
/* errno of the first write that failed; 0: none. */
int outlet_error(const Outlet *outlet);

#endif
