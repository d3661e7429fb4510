/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time, given to whoever needs it at construction.
 *
 * The core never sleeps and never asks the system what time it is. A program binds the clock to its
 * main loop (emu/base/loop.h), a test turns a virtual one by hand, QEMU gives its own.
 */
#ifndef USBTAPE_BASE_CLOCK_H
#define USBTAPE_BASE_CLOCK_H

#include <glib.h>
#include <stdint.h>

typedef struct Clock Clock;
typedef struct ClockTimer ClockTimer;
typedef void (*ClockFunc)(void *data);

typedef struct ClockOps {
    /* Microseconds since an arbitrary start; never goes back. */
    int64_t (*now)(Clock *clock);
    /* Calls `func(data)` once, not before `delay` microseconds; never from inside this call. */
    ClockTimer *(*start)(Clock *clock, int64_t delay, ClockFunc func, void *data);
    /* Forgets a timer that has not fired. A timer that fired is gone: do not cancel it. */
    void (*cancel)(Clock *clock, ClockTimer *timer);
    void (*free)(Clock *clock);
} ClockOps;

struct Clock {
    const ClockOps *ops;
};

static inline int64_t clock_now(Clock *clock)
{
    return clock->ops->now(clock);
}

static inline ClockTimer *clock_start(Clock *clock, int64_t delay, ClockFunc func, void *data)
{
    return clock->ops->start(clock, delay, func, data);
}

static inline void clock_cancel(Clock *clock, ClockTimer *timer)
{
    clock->ops->cancel(clock, timer);
}

void clock_free(Clock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clock, clock_free)

/* A clock that stands still until it is turned. */
Clock *virtual_clock_new(void);
/* Turns it on by `delta` microseconds and fires what falls due, in order of time then of start. */
void virtual_clock_advance(Clock *clock, int64_t delta);

/* When the next of its timers falls due; -1: there is none. */
int64_t virtual_clock_next(Clock *clock);

#endif
