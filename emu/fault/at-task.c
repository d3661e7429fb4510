/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each task that comes by gets our own operations while it is below, so that its end is seen too.
 * What we say in the drive's place, REQUEST SENSE must tell as well: `owed`, until the next
 * command.
 */
#include "emu/fault/at-task.h"

#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-medium.h"

#define SENSE_LENGTH       18
#define MEDIUM_NOT_PRESENT 0x023a00

enum {
    REQUEST_SENSE = 0x03,
    INQUIRY = 0x12,
    REPORT_LUNS = 0xa0,
};

struct AtTask {
    ScsiTarget base;
    ScsiTaskOps task_ops; /* ours: by them a task finds back to us */
    ScsiTarget *below;
    FaultPlan *plan;
    GHashTable *passing; /* Passing by task */
    uint64_t last_serial;

    bool owes;
    uint8_t owed[SENSE_LENGTH];

    ClockTimer *ready_again;
    int64_t not_ready; /* sense; 0: it is ready */

    int64_t translation; /* of the command under way: 0: none */
    bool lies;
    int32_t lie;
    unsigned deferred_by; /* commands until the deferred error; 0: there is none */
    int64_t deferred;
    bool dead;
};

/* A task that came by and has not ended. */
typedef struct Passing {
    AtTask *at;
    ScsiTask *task;
    uint64_t serial;
    const ScsiTaskOps *ops; /* the transport's */
    bool below;             /* submitted there */
    ClockTimer *timer;      /* of a held task; NULL: for ever */
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

/* Gives the task back its transport and forgets it. */
static void forget(AtTask *at, ScsiTask *task)
{
    task->ops = passing_of(at, task)->ops;
    g_hash_table_remove(at->passing, task);
}

/* ---- sense ---- */

static void render(const FaultSense *sense, uint8_t bytes[SENSE_LENGTH])
{
    memset(bytes, 0, SENSE_LENGTH);
    bytes[0] = (uint8_t)((sense->deferred ? 0x71 : 0x70) | (sense->valid ? 0x80 : 0));
    bytes[2] = (uint8_t)((sense->code >> 16 & 0x0f) | (sense->filemark ? 0x80 : 0) |
                         (sense->eom ? 0x40 : 0) | (sense->ili ? 0x20 : 0));
    if (sense->valid) {
        put_be32(bytes + 3, (uint32_t)sense->information);
    }
    bytes[7] = SENSE_LENGTH - 8;
    bytes[12] = (uint8_t)(sense->code >> 8);
    bytes[13] = (uint8_t)sense->code;
    if (sense->field) { /* SKSV, a field of the parameter list (SPC-3 § 4.5.2.4.2) */
        bytes[15] = 0x80;
        put_be16(bytes + 16, (uint16_t)sense->field);
    }
}

void at_task_set_next_sense(AtTask *at, const FaultSense *sense)
{
    at->owes = true;
    render(sense, at->owed);
}

void at_task_replace_sense(AtTask *at, ScsiTask *task, const FaultSense *sense)
{
    task->status = SCSI_CHECK_CONDITION;
    render(sense, task->sense);
    task->sense_length = SENSE_LENGTH;
    at_task_set_next_sense(at, sense);
}

bool at_task_get_sense(const ScsiTask *task, FaultSense *sense)
{
    const uint8_t *bytes = task->sense;

    *sense = (FaultSense){ 0 };
    if (task->status != SCSI_CHECK_CONDITION || task->sense_length < SENSE_LENGTH ||
        (bytes[0] & 0x7e) != 0x70) {
        return false;
    }
    *sense = (FaultSense){
        .code = (bytes[2] & 0x0f) << 16 | bytes[12] << 8 | bytes[13],
        .deferred = bytes[0] & 1,
        .filemark = bytes[2] & 0x80,
        .eom = bytes[2] & 0x40,
        .ili = bytes[2] & 0x20,
        .valid = bytes[0] & 0x80,
        .information = (int32_t)get_be32(bytes + 3),
    };
    return true;
}

/* ---- what kinds do ---- */

static void on_hold_over(void *data)
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

void at_task_hold(AtTask *at, ScsiTask *task, int64_t duration)
{
    Passing *passing = passing_of(at, task);

    if (duration != FAULT_FOR_EVER) {
        passing->timer = clock_start(at->plan->clock, duration, on_hold_over, passing);
    }
}

void at_task_end(AtTask *at, ScsiTask *task, ScsiStatus status)
{
    task->status = status;
    task->sense_length = 0;
    task->out_unused = 0;
    forget(at, task);
    task->ops->done(task);
}

void at_task_check(AtTask *at, ScsiTask *task, const FaultSense *sense)
{
    at_task_replace_sense(at, task, sense);
    task->out_unused = 0;
    forget(at, task);
    task->ops->done(task);
}

void at_task_reply(AtTask *at, ScsiTask *task, const void *bytes, size_t length)
{
    forget(at, task);
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

static void set_not_ready(AtTask *at, int64_t sense)
{
    const FaultWorld *world = at->plan->world;
    bool saw = at->not_ready != MEDIUM_NOT_PRESENT, sees = sense != MEDIUM_NOT_PRESENT;

    at->not_ready = sense;
    if (saw != sees && world && world->sees_cartridge) {
        world->sees_cartridge(at->plan->data, sees);
    }
}

static void on_ready(void *data)
{
    AtTask *at = data;

    at->ready_again = NULL;
    set_not_ready(at, 0);
}

static void stop_waiting(AtTask *at)
{
    if (at->ready_again) {
        clock_cancel(at->plan->clock, at->ready_again);
        at->ready_again = NULL;
    }
}

static void make_ready(AtTask *at)
{
    stop_waiting(at);
    set_not_ready(at, 0);
}

void at_task_not_ready(AtTask *at, int64_t duration, int64_t sense)
{
    stop_waiting(at);
    set_not_ready(at, sense);
    if (duration != FAULT_FOR_EVER) {
        at->ready_again = clock_start(at->plan->clock, duration, on_ready, at);
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

static bool own_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    OwnTask *own = (OwnTask *)task;

    if (direction == SCSI_DATA_IN) {
        return true;
    }
    own->wants_data = task->out && g_bytes_get_size(task->out) == length;
    return own->wants_data;
}

static void own_done(ScsiTask *task)
{
    ((OwnTask *)task)->done = true;
}

GByteArray *at_task_run(AtTask *at, const uint8_t *cdb, size_t length, GBytes *out)
{
    static const ScsiTaskOps ops = { own_data_phase, own_done };
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

static bool our_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    AtTask *at = task_at(task);
    Passing *passing = passing_of(at, task);
    uint64_t serial = passing->serial;
    bool agreed = passing->ops->data_phase(task, direction, length);

    /* It may have ended inside the call, and the next one begun in the same ScsiTask. */
    passing = g_hash_table_lookup(at->passing, task);
    if (!agreed && passing && passing->serial == serial) {
        forget(at, task);
    }
    return agreed;
}

static void translate(AtTask *at, ScsiTask *task)
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

static void our_done(ScsiTask *task)
{
    AtTask *at = task_at(task);
    FaultEvent event = { .hook = FAULT_HOOK_DONE, .subject = task };
    unsigned cursor = 0;
    FaultRule *rule;

    translate(at, task);
    while ((rule = fault_plan_next(at->plan, &event, &cursor))) {
        rule->kind->on_done(at, rule, task);
    }
    forget(at, task);
    task->ops->done(task);
}

/* ---- the way down ---- */

static bool exempt(const ScsiTask *task)
{
    return task->cdb[0] == REQUEST_SENSE || task->cdb[0] == INQUIRY || task->cdb[0] == REPORT_LUNS;
}

/* What we owe for a command that we ended ourselves. True: told. */
static bool tell_owed(AtTask *at, ScsiTask *task)
{
    if (task->cdb[0] != REQUEST_SENSE || !at->owes) {
        at->owes = false;
        return false;
    }
    at->owes = false;
    at_task_reply(at, task, at->owed, MIN(task->cdb[4], SENSE_LENGTH));
    return true;
}

static void meet(AtTask *at, ScsiTask *task)
{
    /* One that was refused its data phase a moment ago may still have our operations. */
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

    meet(at, task);
    if (!plan->announced) {
        fault_plan_command(plan, task->tag, task->cdb, task->cdb_length);
    }
    plan->announced = false;
    while ((rule = fault_plan_next(plan, &event, &cursor))) {
        if (rule->kind->act) {
            if (rule->kind->act(plan, rule)) {
                return; /* hangs until it is taken back */
            }
        } else if (rule->kind->on_task(at, rule, task)) {
            return;
        }
    }
    if (tell_owed(at, task)) {
        return;
    }
    if (at->deferred_by > 0 && --at->deferred_by == 0) {
        at_task_check(at, task, &(FaultSense){ .code = at->deferred, .deferred = true });
    } else if (at->not_ready && !exempt(task)) {
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
    bool below = !passing || passing->below; /* it may be older than we are here */

    if (passing) {
        forget(at, task);
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
        at->owes = false;
        at->deferred_by = 0;
        if (!at->ready_again) {
            make_ready(at); /* what lasts a while goes on */
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

    *at = (AtTask){
        .base.ops = &ops, .task_ops = { our_data_phase, our_done }, .below = below, .plan = plan
    };
    at->passing = g_hash_table_new_full(NULL, NULL, NULL, passing_free);
    return at;
}

void at_task_free(AtTask *at)
{
    if (!at) {
        return;
    }
    g_assert(g_hash_table_size(at->passing) == 0);
    stop_waiting(at);
    g_hash_table_unref(at->passing);
    g_free(at);
}

ScsiTarget *at_task_target(AtTask *at)
{
    return &at->base;
}

bool at_task_idle(const AtTask *at)
{
    return g_hash_table_size(at->passing) == 0 && !at->owes && !at->not_ready && !at->dead &&
           at->deferred_by == 0;
}
