/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults at SEAM 2: a ScsiTarget in front of another. */
#ifndef USBTAPE_FAULT_AT_TASK_H
#define USBTAPE_FAULT_AT_TASK_H

#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/fault/plan.h"
#include "emu/scsi/task.h"

typedef struct AtTask AtTask;

/* Borrows everything. */
AtTask *at_task_new(ScsiTarget *below, FaultPlan *plan, Clock *clock, Trace *trace);
/* No task may be pending. */
void at_task_free(AtTask *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AtTask, at_task_free)

ScsiTarget *at_task_target(AtTask *at);

/* For kinds. Passes the task on to the target below, now. */
void at_task_pass(AtTask *at, ScsiTask *task);
/* Passes it on after `duration` microseconds, or FAULT_FOR_EVER: the host has to take it back. */
void at_task_hold(AtTask *at, ScsiTask *task, int64_t duration);
/* Ends it without effect. */
void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status);

#endif
