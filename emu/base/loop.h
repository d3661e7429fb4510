/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock and the executor of a program with a GLib main loop, which is the thread-default
 * context of the caller. The core links without this file.
 */
#ifndef USBTAPE_BASE_LOOP_H
#define USBTAPE_BASE_LOOP_H

#include "emu/base/clock.h"
#include "emu/base/executor.h"

#include <glib-unix.h>
#include <stdbool.h>

Clock *loop_clock_new(void);

/*
 * One worker thread. Freeing the executor waits for the work under way. Its `done` still runs on
 * the loop.
 */
Executor *loop_executor_new(void);
/*
 * Starts the thread now, for a program that cannot start one later. Otherwise the first work starts
 * it. False if the system has no thread. Then the owner's thread does the work.
 */
bool loop_executor_start(Executor *executor, GError **error);
/*
 * Waits for all work of a loop_executor_new() and calls each `done` at once, for a shutdown that
 * must not run the main loop.
 */
void loop_executor_drain(Executor *executor);

/* Calls `func(fd, condition, data)` on the thread-default context. End it with loop_unwatch(). */
GSource *loop_watch(int fd, GIOCondition condition, GUnixFDSourceFunc func, void *data);
/* Destroys a source and sets the pointer to NULL. Accepts NULL. */
void loop_unwatch(GSource **source);

#endif
