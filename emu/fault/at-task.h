/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults at SEAM 2: a ScsiTarget in front of another. Commands are counted here too. */
#ifndef USBTAPE_FAULT_AT_TASK_H
#define USBTAPE_FAULT_AT_TASK_H

#include "emu/fault/plan.h"
#include "emu/scsi/task.h"

typedef struct AtTask AtTask;

/* Borrows everything. fault_plan_start() must have been called. */
AtTask *at_task_new(ScsiTarget *below, FaultPlan *plan);
/* No task may be pending. */
void at_task_free(AtTask *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AtTask, at_task_free)

ScsiTarget *at_task_target(AtTask *at);
/* True if no task is pending and no fault is in effect. Then it may be taken out. */
bool at_task_idle(const AtTask *at);

/* ---- for kinds: each ends the kind's work on the task ---- */

/* Submits the task to the target below. */
void at_task_pass(AtTask *at, ScsiTask *task);
/* Submits it after `duration` microseconds. FAULT_FOR_EVER: only an abort ends it. */
void at_task_delay(AtTask *at, ScsiTask *task, int64_t duration);
/* Completes the task without effect. */
void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status);

/* Sense data with its flags and INFORMATION. */
typedef struct FaultSense {
    int64_t code;  /* KKAAQQh */
    bool deferred; /* 71h */
    bool filemark, eom, ili;
    bool valid;
    int32_t information;
    int field; /* wrong byte of the parameter list, or 0 */
} FaultSense;

/*
 * Completes it without effect, with CHECK CONDITION. REQUEST SENSE then returns the same sense
 * data.
 */
void at_task_check(AtTask *at, ScsiTask *task, const FaultSense *sense);
/* Completes it with these bytes in place of the drive's answer. */
void at_task_reply(AtTask *at, ScsiTask *task, const void *bytes, size_t length);

/* In on_done: replaces the drive's sense data. */
void at_task_replace_sense(AtTask *at, ScsiTask *task, const FaultSense *sense);
/* In on_done: the drive's sense data. False on GOOD, or if it is not in the fixed format. */
bool at_task_get_sense(const ScsiTask *task, FaultSense *sense);
/* The next REQUEST SENSE returns this, whether the drive or a fault ended the command before. */
void at_task_set_next_sense(AtTask *at, const FaultSense *sense);
/* Resets the drive below, as an internal reset does. No task may be pending there. */
void at_task_reset_below(AtTask *at, ScsiReset kind);
/*
 * Replaces the sense code of the command under way, if it ends with one (0: keeps the code). With
 * `lie`, also replaces INFORMATION.
 */
void at_task_translate(AtTask *at, int64_t code, bool lie, int32_t information);
/* The n-th of the following commands ends with this sense code before it begins. */
void at_task_defer(AtTask *at, unsigned n, int64_t code);
/*
 * Runs a command that the host did not send. Returns its data, or NULL if it did not end with GOOD
 * at once. For kinds in on_task. Free with g_byte_array_unref.
 */
GByteArray *at_task_run(AtTask *at, const uint8_t *cdb, size_t length, GBytes *out);
/* No command ends until the next power cut. */
void at_task_die(AtTask *at);
/*
 * For `duration` (FAULT_FOR_EVER: until a reset) every command ends with this sense code. INQUIRY,
 * REQUEST SENSE and REPORT LUNS are exempt.
 */
void at_task_not_ready(AtTask *at, int64_t duration, int64_t sense);

#endif
