/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs slow work, such as a sync of a cartridge, outside the thread that owns the device.
 *
 * `work` runs on any thread. Then `done` runs on the owner's thread, exactly once. The inline
 * executor does both before it returns, for tests, tools and crash replay.
 */
#ifndef USBTAPE_BASE_EXECUTOR_H
#define USBTAPE_BASE_EXECUTOR_H

#include <glib.h>

typedef struct Executor Executor;
typedef void (*ExecutorFunc)(void *data);

typedef struct ExecutorOps {
    void (*run)(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data);
    void (*free)(Executor *executor);
} ExecutorOps;

struct Executor {
    const ExecutorOps *ops;
};

static inline void executor_run(Executor *executor, ExecutorFunc work, ExecutorFunc done,
                                void *data)
{
    executor->ops->run(executor, work, done, data);
}

/* Static. Freeing it does nothing. */
Executor *executor_inline(void);

void executor_free(Executor *executor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Executor, executor_free)

#endif
