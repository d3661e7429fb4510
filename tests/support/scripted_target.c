/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/scripted_target.h"

#include <check.h>
#include <string.h>

uint8_t scripted_target_byte(uint64_t tag, size_t i)
{
    return (uint8_t)(tag * 31 + i * 7 + (i >> 8));
}

static void target_finish(ScriptedTarget *t)
{
    ScsiTask *task = t->task;

    if (t->direction == SCSI_DATA_IN) {
        uint8_t *bytes = scsi_task_in(task, t->filled);
        size_t i;

        for (i = 0; i < t->filled; i++) {
            bytes[i] = scripted_target_byte(task->tag, i);
        }
    }
    task->status = t->status;
    task->out_unused = t->out_unused;
    t->task = NULL;
    t->n_done++;
    task->ops->done(task);
}

static void target_execute(ScriptedTarget *t)
{
    t->has_data = true;
    if (!t->late_done) {
        target_finish(t);
    }
}

static void target_data_phase(ScriptedTarget *t)
{
    ScsiTask *task = t->task;

    if (t->direction == SCSI_NO_DATA) {
        target_execute(t);
    } else if (t->direction == SCSI_DATA_OUT) {
        t->wants_out = true; /* before the call: data_out may come inside it */
        if (!task->ops->data_phase(task, SCSI_DATA_OUT, t->length)) {
            t->wants_out = false;
            t->task = NULL;
            t->n_refused++;
        }
    } else if (task->ops->data_phase(task, SCSI_DATA_IN, t->length)) {
        target_execute(t);
    } else {
        t->task = NULL;
        t->n_refused++;
    }
}

static void target_submit(ScsiTarget *target, ScsiTask *task)
{
    ScriptedTarget *t = (ScriptedTarget *)target;

    ck_assert_ptr_null(t->task);
    ck_assert(!t->in_call);
    ck_assert_uint_eq(task->in->len, 0);
    t->task = task;
    t->wants_out = false;
    t->has_data = false;
    t->n_submit++;
    t->lun = task->lun;
    t->tag = task->tag;
    t->cdb_length = task->cdb_length;
    memcpy(t->cdb, task->cdb, sizeof t->cdb);
    g_byte_array_set_size(t->out, 0);
    t->in_call = true;
    if (!t->late_data_phase) {
        target_data_phase(t);
    }
    t->in_call = false;
}

static void target_data_out(ScsiTarget *target, ScsiTask *task)
{
    ScriptedTarget *t = (ScriptedTarget *)target;
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(task->out, &length);

    ck_assert_ptr_eq(t->task, task);
    ck_assert(t->wants_out && !t->has_data && !t->in_call);
    ck_assert_uint_eq(length, t->length);
    t->n_data_out++;
    if (length > 0) {
        g_byte_array_append(t->out, bytes, (guint)length);
    }
    t->in_call = true;
    target_execute(t);
    t->in_call = false;
}

static void target_abort(ScsiTarget *target, ScsiTask *task)
{
    ScriptedTarget *t = (ScriptedTarget *)target;

    ck_assert_ptr_eq(t->task, task);
    t->task = NULL;
    t->n_abort++;
}

static void target_reset(ScsiTarget *target, ScsiReset kind)
{
    ScriptedTarget *t = (ScriptedTarget *)target;

    ck_assert_ptr_null(t->task); /* the transport aborts first */
    ck_assert(!t->in_call);
    g_array_append_val(t->resets, kind);
}

static unsigned target_lun_count(ScsiTarget *target)
{
    return ((ScriptedTarget *)target)->luns;
}

static const ScsiTargetOps target_ops = {
    .submit = target_submit,
    .data_out = target_data_out,
    .abort = target_abort,
    .reset = target_reset,
    .lun_count = target_lun_count,
};

void scripted_target_init(ScriptedTarget *target)
{
    *target = (ScriptedTarget){
        .target.ops = &target_ops,
        .luns = 1,
        .out = g_byte_array_new(),
        .resets = g_array_new(FALSE, FALSE, sizeof(ScsiReset)),
    };
}

void scripted_target_clear(ScriptedTarget *target)
{
    g_byte_array_unref(target->out);
    g_array_unref(target->resets);
}

void scripted_target_go(ScriptedTarget *target)
{
    ck_assert_ptr_nonnull(target->task);
    if (target->has_data) {
        target_finish(target);
    } else if (!target->wants_out) {
        target_data_phase(target);
    }
}
