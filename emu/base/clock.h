/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock that an object receives at construction.
 *
 * The core never sleeps and never asks the system for the time. A program binds the clock to its
 * main loop (emu/base/loop.h). A test advances a virtual clock. QEMU supplies its own.
 */
#ifndef USBTAPE_BASE_CLOCK_H
#define USBTAPE_BASE_CLOCK_H

#include <glib.h>
#include <stdint.h>

typedef struct Clock Clock;
typedef struct ClockTimer ClockTimer;
typedef void (*ClockFunc)(void *data);

typedef struct ClockOps {
    /* Microseconds since an arbitrary start. Never decreases. */
    int64_t (*now)(Clock *clock);
    /* Calls `func(data)` once, not before `delay` microseconds, and never from inside this call. */
    ClockTimer *(*start)(Clock *clock, int64_t delay, ClockFunc func, void *data);
    /* Cancels a timer that has not fired. A timer that has fired does not exist any more. */
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

/* A clock that stands still until virtual_clock_advance(). */
Clock *virtual_clock_new(void);
/* Advances the clock by `delta` microseconds. Fires due timers in order of time, then of start. */
void virtual_clock_advance(Clock *clock, int64_t delta);

/* The time of its next timer, or -1. */
int64_t virtual_clock_next(Clock *clock);

#endif
