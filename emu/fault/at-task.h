/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults at SEAM 2: a ScsiTarget in front of another. Also where commands are counted. */
#ifndef USBTAPE_FAULT_AT_TASK_H
#define USBTAPE_FAULT_AT_TASK_H

#include "emu/fault/plan.h"
#include "emu/scsi/task.h"

typedef struct AtTask AtTask;

/* Borrows everything. The plan was started. */
AtTask *at_task_new(ScsiTarget *below, FaultPlan *plan);
/* No task may be pending. */
void at_task_free(AtTask *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AtTask, at_task_free)

ScsiTarget *at_task_target(AtTask *at);
/* No task came this way that has not ended: it may be taken out. */
bool at_task_idle(const AtTask *at);

/* ---- for kinds: each ends the kind's work on the task ---- */

/* Passes the task on to the target below, now. */
void at_task_pass(AtTask *at, ScsiTask *task);
/* Passes it on after `duration` microseconds, or FAULT_FOR_EVER: the host has to take it back. */
void at_task_hold(AtTask *at, ScsiTask *task, int64_t duration);
/* Ends it without effect. */
void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status);

/* Flags and INFORMATION that go with a sense. */
typedef struct FaultSense {
    int64_t code;  /* KKAAQQh */
    bool deferred; /* 71h */
    bool filemark, eom, ili;
    bool valid;
    int32_t information;
    int field; /* byte of the parameter list that is wrong; 0: not said */
} FaultSense;

/* Ends it without effect, with CHECK CONDITION; REQUEST SENSE then tells the same. */
void at_task_check(AtTask *at, ScsiTask *task, const FaultSense *sense);
/* Answers it with these bytes instead of the drive. */
void at_task_reply(AtTask *at, ScsiTask *task, const void *bytes, size_t length);

/* In on_done: replaces what the drive said. */
void at_task_replace_sense(AtTask *at, ScsiTask *task, const FaultSense *sense);
/* In on_done: the sense of the task as the drive gave it; false: GOOD, or not the fixed format. */
bool at_task_get_sense(const ScsiTask *task, FaultSense *sense);
/* The next REQUEST SENSE tells this, whoever ended the command before it. */
void at_task_set_next_sense(AtTask *at, const FaultSense *sense);
/* The drive below is reset, as from inside. Nothing may be with it. */
void at_task_reset_below(AtTask *at, ScsiReset kind);
/* If the command under way ends with a sense, it is to be this one (0: as it is); `lie`: with this
 * INFORMATION. */
void at_task_translate(AtTask *at, int64_t code, bool lie, int32_t information);
/* The `n`-th command from the next on ends with this sense before it begins. */
void at_task_defer(AtTask *at, unsigned n, int64_t code);
/* Runs a command of our own: what came in, or NULL if it did not end well at once. For kinds in
 * on_task; free with g_byte_array_unref. */
GByteArray *at_task_run(AtTask *at, const uint8_t *cdb, size_t length, GBytes *out);
/* No command ends any more until the power is cut. */
void at_task_die(AtTask *at);
/* Until then (FAULT_FOR_EVER: until a reset) every command but INQUIRY, REQUEST SENSE and REPORT
 * LUNS ends so. */
void at_task_not_ready(AtTask *at, int64_t duration, int64_t sense);

#endif
