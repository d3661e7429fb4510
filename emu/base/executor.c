/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/executor.h"

static void inline_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    work(data);
    done(data);
}

static void inline_free(Executor *executor)
{
}

Executor *executor_inline(void)
{
    static const ExecutorOps ops = { inline_run, inline_free };
    static Executor executor = { &ops };

    return &executor;
}

void executor_free(Executor *executor)
{
    if (executor) {
        executor->ops->free(executor);
    }
}
