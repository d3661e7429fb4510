/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-task.h"

struct AtTask {
    ScsiTarget base;
    ScsiTarget *below;
    FaultPlan *plan;
    Clock *clock;
    Trace *trace;
    GHashTable *held; /* Held by task */
};

typedef struct Held {
    AtTask *at;
    ScsiTask *task;
    ClockTimer *timer; /* NULL: for ever */
} Held;

static void held_free(void *data)
{
    Held *held = data;

    if (held->timer) {
        clock_cancel(held->at->clock, held->timer);
    }
    g_free(held);
}

static void on_hold_over(void *data)
{
    Held *held = data;
    AtTask *at = held->at;
    ScsiTask *task = held->task;

    held->timer = NULL;
    g_hash_table_remove(at->held, task);
    at_task_pass(at, task);
}

void at_task_pass(AtTask *at, ScsiTask *task)
{
    at->below->ops->submit(at->below, task);
}

void at_task_hold(AtTask *at, ScsiTask *task, int64_t duration)
{
    Held *held = g_new(Held, 1);

    *held = (Held){ .at = at, .task = task };
    if (duration != FAULT_FOR_EVER) {
        held->timer = clock_start(at->clock, duration, on_hold_over, held);
    }
    g_hash_table_insert(at->held, task, held);
}

void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status)
{
    task->status = status;
    task->sense_length = 0;
    task->out_unused = 0;
    task->ops->done(task);
}

static void at_task_submit(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;
    FaultRule *rule = fault_plan_command(at->plan, task->cdb[0]);

    if (!rule) {
        at_task_pass(at, task);
        return;
    }
    TRACE(at->trace, FAULT_FIRED,
          "%s (%s:%u) seed %" G_GUINT64_FORMAT " tag %" G_GUINT64_FORMAT
          " command %02Xh, occurrence %" G_GUINT64_FORMAT ", firing %" G_GUINT64_FORMAT,
          rule->kind->name, at->plan->path, rule->line, at->plan->seed, task->tag, task->cdb[0],
          rule->seen, rule->fired);
    rule->kind->on_task(at, rule, task);
}

static void at_task_data_out(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;

    at->below->ops->data_out(at->below, task);
}

static void at_task_abort(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;

    if (!g_hash_table_remove(at->held, task)) {
        at->below->ops->abort(at->below, task);
    }
}

static void at_task_reset(ScsiTarget *target, ScsiReset kind)
{
    AtTask *at = (AtTask *)target;

    at->below->ops->reset(at->below, kind);
}

static unsigned at_task_lun_count(ScsiTarget *target)
{
    AtTask *at = (AtTask *)target;

    return at->below->ops->lun_count(at->below);
}

AtTask *at_task_new(ScsiTarget *below, FaultPlan *plan, Clock *clock, Trace *trace)
{
    static const ScsiTargetOps ops = { at_task_submit, at_task_data_out, at_task_abort,
                                       at_task_reset, at_task_lun_count };
    AtTask *at = g_new0(AtTask, 1);

    *at =
        (AtTask){ .base.ops = &ops, .below = below, .plan = plan, .clock = clock, .trace = trace };
    at->held = g_hash_table_new_full(NULL, NULL, NULL, held_free);
    return at;
}

void at_task_free(AtTask *at)
{
    if (!at) {
        return;
    }
    g_assert(g_hash_table_size(at->held) == 0);
    g_hash_table_unref(at->held);
    g_free(at);
}

ScsiTarget *at_task_target(AtTask *at)
{
    return &at->base;
}
