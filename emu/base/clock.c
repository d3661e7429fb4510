/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/clock.h"

struct ClockTimer {
    int64_t due;
    ClockFunc func;
    void *data;
};

typedef struct VirtualClock {
    Clock base;
    int64_t now;
    GQueue timers; /* of ClockTimer, by due time. Equal times stay in the order of start. */
} VirtualClock;

void clock_free(Clock *clock)
{
    if (clock) {
        clock->ops->free(clock);
    }
}

static int64_t virtual_now(Clock *clock)
{
    return ((VirtualClock *)clock)->now;
}

static int by_due_time(const void *a, const void *b, void *unused)
{
    const ClockTimer *first = a, *second = b;

    return first->due < second->due ? -1 : first->due > second->due;
}

static ClockTimer *virtual_start(Clock *clock, int64_t delay, ClockFunc func, void *data)
{
    VirtualClock *self = (VirtualClock *)clock;
    ClockTimer *timer = g_new(ClockTimer, 1);
    GList *after;

    *timer = (ClockTimer){ .due = self->now + MAX(delay, 0), .func = func, .data = data };
    for (after = self->timers.tail; after; after = after->prev) {
        if (by_due_time(after->data, timer, NULL) <= 0) {
            break;
        }
    }
    if (after) {
        g_queue_insert_after(&self->timers, after, timer);
    } else {
        g_queue_push_head(&self->timers, timer);
    }
    return timer;
}

static void virtual_cancel(Clock *clock, ClockTimer *timer)
{
    VirtualClock *self = (VirtualClock *)clock;
    gboolean found = g_queue_remove(&self->timers, timer);

    g_assert(found);
    g_free(timer);
}

static void virtual_free(Clock *clock)
{
    VirtualClock *self = (VirtualClock *)clock;

    g_queue_clear_full(&self->timers, g_free);
    g_free(self);
}

Clock *virtual_clock_new(void)
{
    static const ClockOps ops = { virtual_now, virtual_start, virtual_cancel, virtual_free };
    VirtualClock *self = g_new0(VirtualClock, 1);

    self->base.ops = &ops;
    g_queue_init(&self->timers);
    return &self->base;
}

void virtual_clock_advance(Clock *clock, int64_t delta)
{
    VirtualClock *self = (VirtualClock *)clock;
    int64_t end = self->now + delta;
    ClockTimer *timer;

    while ((timer = g_queue_peek_head(&self->timers)) && timer->due <= end) {
        g_queue_pop_head(&self->timers);
        self->now = timer->due;
        timer->func(timer->data);
        g_free(timer);
    }
    self->now = end;
}

int64_t virtual_clock_next(Clock *clock)
{
    const ClockTimer *timer = g_queue_peek_head(&((VirtualClock *)clock)->timers);

    return timer ? timer->due : -1;
}
