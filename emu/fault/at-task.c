/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each task carries the operations of AtTask while the target below has it. So AtTask sees its end.
 * REQUEST SENSE must return the sense data that a fault reported. `next_sense` keeps it until the
 * next command.
 */
#include "emu/fault/at-task.h"

#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-medium.h"
#include "emu/scsi/commands.h"
#include "emu/scsi/sense.h"

#define MEDIUM_NOT_PRESENT 0x023a00

struct AtTask {
    ScsiTarget base;
    ScsiTaskOps task_ops; /* the operations of a passing task, which lead back to the AtTask */
    ScsiTarget *below;
    FaultPlan *plan;
    GHashTable *passing; /* Passing by task */
    uint64_t last_serial;

    bool has_next_sense;
    uint8_t next_sense[SCSI_SENSE_FIXED_LENGTH];

    ClockTimer *ready_again;
    int64_t not_ready; /* sense code, or 0 if the drive is ready */

    int64_t translation; /* sense code for the command under way, or 0 */
    bool lies;
    int32_t lie;
    unsigned deferred_by; /* commands until the deferred error, or 0 */
    int64_t deferred;
    bool dead;
};

/* A task that was submitted here and has not ended. */
typedef struct Passing {
    AtTask *at;
    ScsiTask *task;
    uint64_t serial;
    const ScsiTaskOps *ops; /* the transport's */
    bool below;             /* submitted to the target below */
    ClockTimer *timer;      /* of a delayed task. NULL: no time limit. */
} Passing;

static void passing_free(void *data)
{
    Passing *passing = data;

    if (passing->timer) {
        clock_cancel(passing->at->plan->clock, passing->timer);
    }
    g_free(passing);
}

static Passing *passing_of(AtTask *at, ScsiTask *task)
{
    Passing *passing = g_hash_table_lookup(at->passing, task);

    g_assert(passing);
    return passing;
}

/* Restores the task's own operations and removes the entry. */
static void passing_remove(AtTask *at, ScsiTask *task)
{
    task->ops = passing_of(at, task)->ops;
    g_hash_table_remove(at->passing, task);
}

static bool task_is_command(const ScsiTask *task, ScsiCommandId command)
{
    return task->cdb[0] == scsi_commands[command].opcode;
}

/* ---- sense ---- */

static void sense_render(const FaultSense *sense, uint8_t bytes[SCSI_SENSE_FIXED_LENGTH])
{
    scsi_fixed_sense_write(
        &(ScsiFixedSense){
            .key = sense->code >> 16 & 0x0f,
            .asc = (uint8_t)(sense->code >> 8),
            .ascq = (uint8_t)sense->code,
            .deferred = sense->deferred,
            .stream =
                (uint8_t)((sense->filemark ? SCSI_SENSE_FILEMARK : 0) |
                          (sense->eom ? SCSI_SENSE_EOM : 0) | (sense->ili ? SCSI_SENSE_ILI : 0)),
            .valid = sense->valid,
            .information = (uint32_t)sense->information,
            .field = { .valid = sense->field != 0, .bit = -1, .byte = (uint16_t)sense->field },
        },
        bytes);
}

void at_task_set_next_sense(AtTask *at, const FaultSense *sense)
{
    at->has_next_sense = true;
    sense_render(sense, at->next_sense);
}

void at_task_replace_sense(AtTask *at, ScsiTask *task, const FaultSense *sense)
{
    task->status = SCSI_CHECK_CONDITION;
    sense_render(sense, task->sense);
    task->sense_length = SCSI_SENSE_FIXED_LENGTH;
    at_task_set_next_sense(at, sense);
}

bool at_task_get_sense(const ScsiTask *task, FaultSense *sense)
{
    ScsiFixedSense fixed;

    *sense = (FaultSense){ 0 };
    if (task->status != SCSI_CHECK_CONDITION ||
        !scsi_fixed_sense_read(task->sense, task->sense_length, &fixed)) {
        return false;
    }
    *sense = (FaultSense){
        .code = fixed.key << 16 | fixed.asc << 8 | fixed.ascq,
        .deferred = fixed.deferred,
        .filemark = fixed.stream & SCSI_SENSE_FILEMARK,
        .eom = fixed.stream & SCSI_SENSE_EOM,
        .ili = fixed.stream & SCSI_SENSE_ILI,
        .valid = fixed.valid,
        .information = (int32_t)fixed.information,
    };
    return true;
}

/* ---- what kinds do ---- */

static void task_on_delay_over(void *data)
{
    Passing *passing = data;

    passing->timer = NULL;
    at_task_pass(passing->at, passing->task);
}

void at_task_pass(AtTask *at, ScsiTask *task)
{
    Passing *passing = passing_of(at, task);

    passing->below = true;
    at->below->ops->submit(at->below, task);
}

void at_task_delay(AtTask *at, ScsiTask *task, int64_t duration)
{
    Passing *passing = passing_of(at, task);

    if (duration != FAULT_FOR_EVER) {
        passing->timer = clock_start(at->plan->clock, duration, task_on_delay_over, passing);
    }
}

void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status)
{
    task->status = status;
    task->sense_length = 0;
    task->out_unused = 0;
    passing_remove(at, task);
    task->ops->done(task);
}

void at_task_check(AtTask *at, ScsiTask *task, const FaultSense *sense)
{
    at_task_replace_sense(at, task, sense);
    task->out_unused = 0;
    passing_remove(at, task);
    task->ops->done(task);
}

void at_task_reply(AtTask *at, ScsiTask *task, const void *bytes, size_t length)
{
    passing_remove(at, task);
    task->status = SCSI_GOOD;
    task->sense_length = 0;
    task->out_unused = 0;
    g_byte_array_set_size(task->in, 0);
    if (length > 0) {
        if (!task->ops->data_phase(task, SCSI_DATA_IN, (uint32_t)length)) {
            return;
        }
        memcpy(scsi_task_in(task, length), bytes, length);
    }
    task->ops->done(task);
}

void at_task_reset_below(AtTask *at, ScsiReset kind)
{
    AtMedium *medium = kind == SCSI_RESET_TRANSPORT ? NULL : at->plan->in_place->at_medium;

    if (medium) {
        at_medium_reset(medium, kind == SCSI_RESET_POWER_ON);
    }
    at->below->ops->reset(at->below, kind);
    if (medium) {
        at_medium_reset_over(medium);
    }
}

static void at_task_set_not_ready(AtTask *at, int64_t sense)
{
    const FaultWorld *world = at->plan->world;
    bool saw = at->not_ready != MEDIUM_NOT_PRESENT, sees = sense != MEDIUM_NOT_PRESENT;

    at->not_ready = sense;
    if (saw != sees && world && world->sees_cartridge) {
        world->sees_cartridge(at->plan->data, sees);
    }
}

static void at_task_on_ready(void *data)
{
    AtTask *at = data;

    at->ready_again = NULL;
    at_task_set_not_ready(at, 0);
}

static void at_task_stop_timer(AtTask *at)
{
    if (at->ready_again) {
        clock_cancel(at->plan->clock, at->ready_again);
        at->ready_again = NULL;
    }
}

static void at_task_make_ready(AtTask *at)
{
    at_task_stop_timer(at);
    at_task_set_not_ready(at, 0);
}

void at_task_not_ready(AtTask *at, int64_t duration, int64_t sense)
{
    at_task_stop_timer(at);
    at_task_set_not_ready(at, sense);
    if (duration != FAULT_FOR_EVER) {
        at->ready_again = clock_start(at->plan->clock, duration, at_task_on_ready, at);
    }
}

void at_task_translate(AtTask *at, int64_t code, bool lie, int32_t information)
{
    at->translation = code;
    at->lies = lie;
    at->lie = information;
}

void at_task_defer(AtTask *at, unsigned n, int64_t code)
{
    at->deferred_by = n;
    at->deferred = code;
}

void at_task_die(AtTask *at)
{
    at->dead = true;
}

/* ---- a command of our own ---- */

typedef struct OwnTask {
    ScsiTask task;
    bool wants_data, done;
} OwnTask;

static bool own_task_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    OwnTask *own = (OwnTask *)task;

    if (direction == SCSI_DATA_IN) {
        return true;
    }
    own->wants_data = task->out && g_bytes_get_size(task->out) == length;
    return own->wants_data;
}

static void own_task_done(ScsiTask *task)
{
    ((OwnTask *)task)->done = true;
}

GByteArray *at_task_run(AtTask *at, const uint8_t *cdb, size_t length, GBytes *out)
{
    static const ScsiTaskOps ops = { own_task_data_phase, own_task_done };
    OwnTask own = { .task = { .ops = &ops, .cdb_length = (uint8_t)length, .out = out } };

    memcpy(own.task.cdb, cdb, length);
    own.task.in = g_byte_array_new();
    at->below->ops->submit(at->below, &own.task);
    if (own.wants_data && !own.done) {
        at->below->ops->data_out(at->below, &own.task);
    }
    if (!own.done) {
        at->below->ops->abort(at->below, &own.task);
    }
    if (!own.done || own.task.status != SCSI_GOOD) {
        g_byte_array_unref(own.task.in);
        return NULL;
    }
    return own.task.in;
}

/* ---- the way up ---- */

static AtTask *task_at(const ScsiTask *task)
{
    return (AtTask *)(void *)((char *)task->ops - G_STRUCT_OFFSET(AtTask, task_ops));
}

static bool passing_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    AtTask *at = task_at(task);
    Passing *passing = passing_of(at, task);
    uint64_t serial = passing->serial;
    bool agreed = passing->ops->data_phase(task, direction, length);

    /*
     * The task may have ended inside the call, and a new one may have begun in the same ScsiTask.
     */
    passing = g_hash_table_lookup(at->passing, task);
    if (!agreed && passing && passing->serial == serial) {
        passing_remove(at, task);
    }
    return agreed;
}

static void at_task_translate_sense(AtTask *at, ScsiTask *task)
{
    FaultSense sense;

    if ((at->translation || at->lies) && at_task_get_sense(task, &sense)) {
        sense.code = at->translation ? at->translation : sense.code;
        sense.information = at->lies ? at->lie : sense.information;
        at_task_replace_sense(at, task, &sense);
    }
    at->translation = 0;
    at->lies = false;
}

static void passing_done(ScsiTask *task)
{
    AtTask *at = task_at(task);
    FaultEvent event = { .hook = FAULT_HOOK_DONE, .subject = task };
    unsigned cursor = 0;
    FaultRule *rule;

    at_task_translate_sense(at, task);
    while ((rule = fault_plan_next(at->plan, &event, &cursor))) {
        rule->kind->on_done(at, rule, task);
    }
    passing_remove(at, task);
    task->ops->done(task);
}

/* ---- the way down ---- */

static bool task_is_exempt(const ScsiTask *task)
{
    return task_is_command(task, SCSI_REQUEST_SENSE) || task_is_command(task, SCSI_INQUIRY) ||
           task_is_command(task, SCSI_REPORT_LUNS);
}

/* Answers REQUEST SENSE with the sense data that a fault reported. True if the task ended. */
static bool at_task_reply_next_sense(AtTask *at, ScsiTask *task)
{
    if (!task_is_command(task, SCSI_REQUEST_SENSE) || !at->has_next_sense) {
        at->has_next_sense = false;
        return false;
    }
    at->has_next_sense = false;
    at_task_reply(at, task, at->next_sense, MIN(task->cdb[4], SCSI_SENSE_FIXED_LENGTH));
    return true;
}

static void passing_add(AtTask *at, ScsiTask *task)
{
    /* A task whose data phase was just refused may still have these operations. */
    const Passing *old = g_hash_table_lookup(at->passing, task);
    Passing *passing = g_new(Passing, 1);

    *passing = (Passing){
        .at = at, .task = task, .serial = ++at->last_serial, .ops = old ? old->ops : task->ops
    };
    g_hash_table_insert(at->passing, task, passing);
    task->ops = &at->task_ops;
}

static void at_task_submit(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;
    FaultPlan *plan = at->plan;
    FaultEvent event = { .hook = FAULT_HOOK_TASK, .subject = task };
    unsigned cursor = 0;
    FaultRule *rule;

    passing_add(at, task);
    if (!plan->announced) {
        fault_plan_command(plan, task->tag, task->cdb, task->cdb_length);
    }
    plan->announced = false;
    while ((rule = fault_plan_next(plan, &event, &cursor))) {
        if (rule->kind->act) {
            if (rule->kind->act(plan, rule)) {
                return; /* pending until the host aborts it */
            }
        } else if (rule->kind->on_task(at, rule, task)) {
            return;
        }
    }
    if (at_task_reply_next_sense(at, task)) {
        return;
    }
    if (at->deferred_by > 0 && --at->deferred_by == 0) {
        at_task_check(at, task, &(FaultSense){ .code = at->deferred, .deferred = true });
    } else if (at->not_ready && !task_is_exempt(task)) {
        at_task_check(at, task, &(FaultSense){ .code = at->not_ready });
    } else if (!at->dead) {
        at_task_pass(at, task);
    }
}

static void at_task_data_out(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;

    at->below->ops->data_out(at->below, task);
}

static void at_task_abort(ScsiTarget *target, ScsiTask *task)
{
    AtTask *at = (AtTask *)target;
    Passing *passing = g_hash_table_lookup(at->passing, task);
    bool below = !passing || passing->below; /* the task may be older than this interposer */

    if (passing) {
        passing_remove(at, task);
    }
    if (below) {
        at->below->ops->abort(at->below, task);
    }
}

static void at_task_reset(ScsiTarget *target, ScsiReset kind)
{
    AtTask *at = (AtTask *)target;

    at->plan->announced = false;
    if (kind != SCSI_RESET_TRANSPORT) {
        at->has_next_sense = false;
        at->deferred_by = 0;
        if (!at->ready_again) {
            at_task_make_ready(at); /* a state with a duration survives the reset */
        }
    }
    if (kind == SCSI_RESET_POWER_ON) {
        at->dead = false;
    }
    at_task_reset_below(at, kind);
}

static unsigned at_task_lun_count(ScsiTarget *target)
{
    AtTask *at = (AtTask *)target;

    return at->below->ops->lun_count(at->below);
}

AtTask *at_task_new(ScsiTarget *below, FaultPlan *plan)
{
    static const ScsiTargetOps ops = { at_task_submit, at_task_data_out, at_task_abort,
                                       at_task_reset, at_task_lun_count };
    AtTask *at = g_new0(AtTask, 1);

    *at = (AtTask){ .base.ops = &ops,
                    .task_ops = { passing_data_phase, passing_done },
                    .below = below,
                    .plan = plan };
    at->passing = g_hash_table_new_full(NULL, NULL, NULL, passing_free);
    return at;
}

void at_task_free(AtTask *at)
{
    if (!at) {
        return;
    }
    g_assert(g_hash_table_size(at->passing) == 0);
    at_task_stop_timer(at);
    g_hash_table_unref(at->passing);
    g_free(at);
}

ScsiTarget *at_task_target(AtTask *at)
{
    return &at->base;
}

bool at_task_idle(const AtTask *at)
{
    return g_hash_table_size(at->passing) == 0 && !at->has_next_sense && !at->not_ready &&
           !at->dead && at->deferred_by == 0;
}
