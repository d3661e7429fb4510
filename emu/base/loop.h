/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock and the executor of a program with a GLib main loop (the thread-default context of the
 * caller). The core links without this file.
 */
#ifndef USBTAPE_BASE_LOOP_H
#define USBTAPE_BASE_LOOP_H

#include "emu/base/clock.h"
#include "emu/base/executor.h"

Clock *loop_clock_new(void);

/* One worker thread. Freeing it waits for the work under way; its `done` still runs on the loop. */
Executor *loop_executor_new(void);

#endif
