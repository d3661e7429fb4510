/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock and the executor of a program with a GLib main loop (the thread-default context of the
 * caller). The core links without this file.
 */
#ifndef USBTAPE_BASE_LOOP_H
#define USBTAPE_BASE_LOOP_H

#include "emu/base/clock.h"
#include "emu/base/executor.h"

#include <glib-unix.h>
#include <stdbool.h>

Clock *loop_clock_new(void);

/* One worker thread. Freeing it waits for the work under way; its `done` still runs on the loop. */
Executor *loop_executor_new(void);
/*
 * Starts its thread now, for a program that may start none later; else the first work starts it.
 * False: the system has no thread to give. Work is then done by the owner's thread, which waits for
 * it.
 */
bool loop_executor_start(Executor *executor, GError **error);
/* Waits for all that a loop_executor_new() was given and calls each `done` here and now: for an end
 * that must not run the main loop. */
void loop_executor_drain(Executor *executor);

/* Calls `func(fd, condition, data)` on the thread-default context; end it with loop_unwatch. */
GSource *loop_watch(int fd, GIOCondition condition, GUnixFDSourceFunc func, void *data);
/* Ends and forgets a source; none (NULL) is fine. */
void loop_unwatch(GSource **source);

#endif
