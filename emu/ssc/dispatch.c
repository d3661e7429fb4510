/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a task: it waits in the queue, passes the gates, and runs its handler. run() then acts
 * on each outcome until the task is done.
 */
#include "emu/ssc/dispatch.h"
#include "emu/ssc/drive-state.h"

static void pump(SscDrive *drive);
static void run(SscDrive *drive, Outcome outcome);

bool ssc_model_has(const SscModel *model, const SscRow *row)
{
    const SscCommandId *id = model->commands;

    if (!id || row->command->opcode == 0x00) {
        return true;
    }
    while (id->opcode &&
           (id->opcode != row->command->opcode ||
            (id->service_action >= 0 && id->service_action != row->command->service_action))) {
        id++;
    }
    return id->opcode != 0;
}

bool ssc_model_has_groups(const SscModel *model)
{
    static const uint8_t cdb[] = { 0xa3, 0x0a };

    return ssc_model_has(model, ssc_table_find(cdb));
}

/* True if the model has this operation code, with any service action. */
static bool has_opcode(const SscModel *model, uint8_t opcode)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        if (rows[i].command->opcode == opcode && ssc_model_has(model, &rows[i])) {
            return true;
        }
    }
    return false;
}

Outcome ssc_check_ready(const SscDrive *drive)
{
    if (!drive->cartridge.medium) {
        return ssc_check(SENSE_MEDIUM_NOT_PRESENT);
    }
    if (drive->cartridge.cleaning) {
        return ssc_check(SENSE_CLEANING_CARTRIDGE);
    }
    if (ssc_timing_loading(drive)) {
        return ssc_check(SENSE_BECOMING_READY);
    }
    if (!drive->cartridge.loaded) {
        return ssc_check(SENSE_INITIALIZING_COMMAND_REQUIRED);
    }
    return drive->cartridge.format == FORMAT_ALIEN ? ssc_check(SENSE_INCOMPATIBLE_MEDIUM)
                                                   : ssc_good();
}

/* A count of zero writes nothing, so a write-protected cartridge need not refuse it. */
static bool asks_for_nothing(const SscCommand *c)
{
    const uint8_t *count = c->cdb + (c->row->command->length == 6 ? 2 : 12);

    return (c->row->flags & ROW_COUNTED) && get_be24(count) == 0;
}

static bool write_protected(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    return info.write_protected;
}

static Outcome report_attention(const SscCommand *c)
{
    return ssc_check(scsi_attention_take(&c->drive->attention));
}

static Outcome report_deferred(SscDrive *drive)
{
    Outcome outcome = ssc_check(drive->deferred.code);

    outcome.sense = drive->deferred;
    drive->deferred = (ScsiSense){ 0 };
    return outcome;
}

/* Written data is on tape before the tape moves or is read (SSC-3 § 4.2.10). */
static Outcome start(SscCommand *c)
{
    bool moves = (c->row->flags & ROW_MOVES) && !(c->row->flags & ROW_COUNTED);
    Outcome settled = moves ? ssc_buffer_retry_held(c) : ssc_good();

    if (!ssc_outcome_is_good(&settled)) {
        return settled;
    }
    ssc_timing_begin(c);
    if ((c->row->flags & ROW_MOVES) && c->drive->cartridge.loaded) {
        c->zones = ssc_zones_now(c->drive);
        c->zones_watched = true;
        ssc_counters_motion(&c->drive->counters);
    }
    /* Moves the tape and bytes, and does not write: READ, READ REVERSE, VERIFY. */
    bool reads = moves && c->row->command->direction != SCSI_NO_DATA;
    return reads && ssc_buffer_objects(&c->drive->buffer) > 0 ? ssc_after_sync(c->row->handler)
                                                              : c->row->handler(c);
}

/* Every check that may end a command before its handler, in order. */
static Outcome pass_gates(SscCommand *c)
{
    SscDrive *drive = c->drive;
    const ScsiTask *task = c->task;
    ScsiField bad;

    c->row = ssc_table_find(c->cdb);
    unsigned flags = c->row ? c->row->flags : 0;

    /* Sense is kept until the next command that does not ask for it (SPC-3 § 6.27). */
    if (!(flags & ROW_KEEPS_SENSE)) {
        c->drive->sense = (ScsiSense){ 0 };
    }
    /* Logical unit: only INQUIRY and REQUEST SENSE answer for one that is not there (SPC-3 § 4.2).
     */
    if (task->lun != 0 && !(flags & ROW_ANY_LUN)) {
        return ssc_check(SENSE_LUN_NOT_SUPPORTED);
    }
    /* Operation code and service action (SPC-3 § 4.3.4). */
    if (!c->row || !ssc_model_has(drive->model, c->row)) {
        return has_opcode(drive->model, c->cdb[0]) ? ssc_illegal_field(1, 4)
                                                   : ssc_check(SENSE_INVALID_OPCODE);
    }
    /* CDB: long enough, no reserved bit set (SPC-3 § 4.3.1). */
    if (task->cdb_length < c->row->command->length) {
        return ssc_illegal_field(task->cdb_length, -1);
    }
    if (!scsi_cdb_check(c->cdb, c->row->mask, c->row->command->length, &bad)) {
        return ssc_illegal_field(bad.byte, bad.bit);
    }
    /* Unit attention: reported once, and the command is not performed (SAM-3 § 5.9.7). */
    if (!(flags & ROW_UA_EXEMPT) && scsi_attention_pending(&c->drive->attention)) {
        return report_attention(c);
    }
    /* Deferred error: reported once, by the next command (SPC-3 § 4.5.7). */
    if (!(flags & ROW_UA_EXEMPT) && drive->deferred.deferred) {
        return report_deferred(drive);
    }
    /* Not ready: no cartridge, or one that was unloaded and waits for LOAD (SSC-3 § 4.2.2). */
    Outcome ready = ssc_check_ready(drive);
    bool needs_cartridge =
        (flags & ROW_MEDIUM) || ((flags & ROW_MEMORY) && !drive->cartridge.at_hold);
    if (needs_cartridge && !ssc_outcome_is_good(&ready)) {
        return ready;
    }
    /* Write protection (SSC-3 § 4.2.14). */
    if ((flags & ROW_WRITES) && !asks_for_nothing(c) && write_protected(drive)) {
        ssc_counters_alert(&drive->counters, ALERT_WRITE_PROTECT);
        return ssc_check(SENSE_WRITE_PROTECTED);
    }
    if ((flags & ROW_WRITES) && !asks_for_nothing(c) &&
        drive->cartridge.format == FORMAT_READ_ONLY) {
        return ssc_check(SENSE_READ_ONLY_FORMAT);
    }
    return start(c);
}

/* Where the head is, for the trace: "0/1044", or "-" where it is not in a tape. */
static void say_position(SscDrive *drive, char text[32])
{
    MediumPosition position;

    if (!drive->cartridge.loaded) {
        g_strlcpy(text, "-", 32);
        return;
    }
    position = ssc_drive_position(drive);
    g_snprintf(text, 32, "%u/%" G_GUINT64_FORMAT, position.partition, position.object);
}

/* "WRITE(6): 0a 00 04 00 00 00". Free with g_free. */
static char *describe_command(const ScsiTask *task)
{
    const SscRow *row = ssc_table_find(task->cdb);
    char hex[3 * SCSI_CDB_MAX + 1] = "";

    for (unsigned i = 0; i < MIN(task->cdb_length, SCSI_CDB_MAX); i++) {
        g_snprintf(hex + 3 * i, 4, " %02x", task->cdb[i]);
    }
    return g_strdup_printf("%s:%s", row ? row->command->name : "unknown", hex);
}

static void trace_command(SscCommand *c)
{
    Trace *trace = c->drive->trace;

    if (trace_wants(trace, TRACE_SCSI_COMMAND)) {
        g_autofree char *command = describe_command(c->task);

        TRACE(trace, SCSI_COMMAND, "tag %" G_GINT64_MODIFIER "x lun %u %s", c->task->tag,
              c->task->lun, command);
    }
    if (trace_wants(trace, TRACE_SCSI_DONE)) {
        c->begun = clock_now(c->drive->clock);
        say_position(c->drive, c->from);
    }
}

/* The outcome as text. Free with g_free. */
static char *describe_outcome(const ScsiTask *task, const ScsiSense *sense)
{
    if (task->status != SCSI_CHECK_CONDITION) {
        return g_strdup_printf("status %02x", (unsigned)task->status);
    }
    return g_strdup_printf("CHECK CONDITION %x/%02x/%02x %s%s%s%s%s", scsi_sense_key(sense->code),
                           scsi_sense_asc(sense->code), scsi_sense_ascq(sense->code),
                           scsi_sense_text(sense->code), sense->deferred ? ", deferred" : "",
                           sense->filemark ? ", FILEMARK" : "", sense->eom ? ", EOM" : "",
                           sense->ili ? ", ILI" : "");
}

static void trace_done(SscCommand *c, const char *outcome)
{
    SscDrive *drive = c->drive;

    if (trace_wants(drive->trace, TRACE_SCSI_DONE)) {
        g_autofree char *command = describe_command(c->task);
        char to[32];

        say_position(drive, to);
        TRACE(drive->trace, SCSI_DONE,
              "tag %" G_GINT64_MODIFIER "x %s, %" G_GINT64_FORMAT " us, %s to %s, %s", c->task->tag,
              command, clock_now(drive->clock) - c->begun, c->from, to, outcome);
    }
}

static void trace_outcome(SscCommand *c, const ScsiSense *sense)
{
    Trace *trace = c->drive->trace;

    if (trace_wants(trace, TRACE_SCSI_OUTCOME) || trace_wants(trace, TRACE_SCSI_DONE)) {
        g_autofree char *outcome = describe_outcome(c->task, sense);

        TRACE(trace, SCSI_OUTCOME, "tag %" G_GINT64_MODIFIER "x %s", c->task->tag, outcome);
        trace_done(c, outcome);
    }
}

/* Hands the task back, the last thing that is done with it. */
static void finish(SscDrive *drive, const Outcome *outcome)
{
    ScsiTask *task = drive->pipeline.command.task;

    ssc_counters_command(&drive->counters, task->cdb[0], outcome->status == SCSI_CHECK_CONDITION);
    task->status = outcome->status;
    task->sense_length = 0;
    if (outcome->status != SCSI_GOOD) { /* a bus without status has only REQUEST SENSE */
        drive->sense = outcome->sense;
    }
    if (outcome->status == SCSI_CHECK_CONDITION) {
        task->sense_length = (uint8_t)scsi_sense_fixed(&outcome->sense, task->sense);
    }
    trace_outcome(&drive->pipeline.command, &outcome->sense);
    drive->pipeline.command.task = NULL;
    drive->pipeline.command.next = NULL;
    task->ops->done(task);
    pump(drive);
}

static void on_late(void *data)
{
    SscDrive *drive = data;
    Outcome outcome = drive->pipeline.late_outcome;

    drive->pipeline.late = NULL;
    finish(drive, &outcome);
}

/* Now, or when a drive like this would have done it. */
static void finish_in_time(SscDrive *drive, const Outcome *outcome)
{
    int64_t left = ssc_timing_left(&drive->pipeline.command);

    if (left <= 0) {
        finish(drive, outcome);
        return;
    }
    drive->pipeline.late_outcome = *outcome;
    drive->pipeline.late = clock_start(drive->clock, left, on_late, drive);
}

static Outcome call_next(SscCommand *c)
{
    SscHandler next = c->next;

    c->next = NULL;
    return next(c);
}

static void on_turn(void *data)
{
    SscDrive *drive = data;

    drive->pipeline.late = NULL;
    run(drive, call_next(&drive->pipeline.command));
}

static void sync_done(void *data, MediumResult result)
{
    g_autofree SscSync *sync = data;
    SscDrive *drive = sync->drive;

    if (!drive) {
        if (sync->orphan) {
            medium_free(sync->orphan);
        }
        return;
    }
    SscCommand *c = &drive->pipeline.command;

    drive->pipeline.sync = NULL;
    if (result == MEDIUM_OK) {
        ssc_drive_clean(drive);
    }
    if (drive->cartridge.reload_after_sync) {
        ssc_drive_load(drive);
    }
    if (sync->waited_for) {
        run(drive, result == MEDIUM_OK ? call_next(c) : ssc_of_medium(c, result, ACT_OTHER, 0));
        return;
    }
    if (result != MEDIUM_OK) { /* its command has ended already */
        ssc_defer(drive, ssc_of_medium(c, result, ACT_OTHER, 0));
    }
    pump(drive);
}

/* The medium may call back before this returns: touch nothing afterwards. */
static void start_sync(SscDrive *drive, bool waited_for)
{
    g_assert(!drive->pipeline.sync);
    drive->pipeline.sync = g_new0(SscSync, 1);
    drive->pipeline.sync->drive = drive;
    drive->pipeline.sync->waited_for = waited_for;
    medium_sync(drive->cartridge.medium, sync_done, drive->pipeline.sync);
}

static void on_fetched(void *data)
{
    g_autofree SscFetch *fetch = data;
    SscDrive *drive = fetch->drive;

    if (drive) {
        drive->pipeline.fetch = NULL;
        run(drive, fetch->again);
    }
}

/* True: go on with c->next now. */
static bool is_near(SscDrive *drive, const Outcome *outcome)
{
    SscCommand *c = &drive->pipeline.command;
    SscFetch *fetch;

    c->next = outcome->next;
    if (c->fetches == SSC_FETCHES_MAX) {
        return true;
    }
    c->fetches++; /* until it is known that there was no need */
    fetch = g_new(SscFetch, 1);
    *fetch = (SscFetch){ drive, *outcome };
    drive->pipeline.fetch =
        fetch; /* `done` may come before this returns: touch nothing afterwards */
    if (!medium_fetch(drive->cartridge.medium, outcome->length, on_fetched, fetch)) {
        return false;
    }
    c->fetches--;
    g_free(g_steal_pointer(&drive->pipeline.fetch));
    return true;
}

/* Asks the transport. True: go on with c->next now. */
static bool enter_data_phase(SscDrive *drive, const Outcome *outcome)
{
    SscCommand *c = &drive->pipeline.command;
    ScsiTask *task = c->task;
    ScsiDirection direction = c->row->command->direction;

    g_assert(direction != SCSI_NO_DATA && outcome->length <= SCSI_DATA_MAX);
    c->announced = outcome->length;
    c->next = outcome->next;
    uint64_t number = c->number;
    bool agreed = task->ops->data_phase(task, direction, outcome->length);
    if (!c->task || c->number != number) { /* it ended inside the call: data came, or a reset */
        return false;
    }
    if (!agreed) {
        trace_done(c, "refused by the transport");
        ssc_forget_command(drive);
        pump(drive);
        return false;
    }
    return direction == SCSI_DATA_IN;
}

/* Acts on what a handler answered, until the command is done or has to wait. */
static void run(SscDrive *drive, Outcome outcome)
{
    for (;;) {
        switch (outcome.kind) {
        case OUTCOME_DONE:
            outcome = ssc_zones_report(&drive->pipeline.command, outcome);
            if (outcome.kind == OUTCOME_DONE) {
                finish_in_time(drive, &outcome);
                return;
            }
            break;
        case OUTCOME_SYNC:
            drive->pipeline.command.next = outcome.next;
            start_sync(drive, true);
            return;
        case OUTCOME_GOOD_THEN_SYNC:
            ssc_buffer_synced(&drive->buffer); /* on its way, and the tape is elsewhere */
            start_sync(drive, false);
            outcome = ssc_good();
            finish_in_time(drive, &outcome);
            return;
        case OUTCOME_FETCH:
            if (!is_near(drive, &outcome)) {
                return;
            }
            outcome = call_next(&drive->pipeline.command);
            break;
        case OUTCOME_TURN:
            drive->pipeline.command.next = outcome.next;
            drive->pipeline.late = clock_start(drive->clock, 0, on_turn, drive);
            return;
        case OUTCOME_DATA:
            if (!enter_data_phase(drive, &outcome)) {
                return;
            }
            outcome = call_next(&drive->pipeline.command);
            break;
        }
    }
}

static void begin(SscDrive *drive, ScsiTask *task)
{
    SscCommand *c = &drive->pipeline.command;

    *c = (SscCommand){ .drive = drive, .task = task, .number = c->number + 1, .cdb = task->cdb };
    c->reply = BYTE_WRITER(drive->pipeline.scratch, sizeof drive->pipeline.scratch);
    task->out_unused = 0;
    if (task->in) { /* no byte of an earlier task is sent */
        g_byte_array_set_size(task->in, 0);
    }
    trace_command(c);
    run(drive, pass_gates(c));
}

/* While a sync runs behind a command that has ended, only those go on that ask for no state. */
static bool may_begin(const SscDrive *drive, const ScsiTask *task)
{
    const SscRow *row = ssc_table_find(task->cdb);

    return !drive->pipeline.sync || (row && (row->flags & ROW_UA_EXEMPT));
}

static void pump(SscDrive *drive)
{
    ScsiTask *task;

    while (!drive->pipeline.command.task && (task = g_queue_peek_head(&drive->pipeline.waiting)) &&
           may_begin(drive, task)) {
        begin(drive, g_queue_pop_head(&drive->pipeline.waiting));
    }
}

static SscDrive *drive_of(ScsiTarget *target)
{
    G_STATIC_ASSERT(G_STRUCT_OFFSET(SscDrive, target) == 0);
    return (SscDrive *)target;
}

void ssc_submit(ScsiTarget *target, ScsiTask *task)
{
    SscDrive *drive = drive_of(target);

    g_queue_push_tail(&drive->pipeline.waiting, task);
    pump(drive);
}

void ssc_data_out(ScsiTarget *target, ScsiTask *task)
{
    SscDrive *drive = drive_of(target);
    SscCommand *c = &drive->pipeline.command;

    g_return_if_fail(c->task == task && c->next && !drive->pipeline.sync);
    g_return_if_fail(task->out && g_bytes_get_size(task->out) >= c->announced);
    run(drive, call_next(c));
}

void ssc_abort(ScsiTarget *target, ScsiTask *task)
{
    SscDrive *drive = drive_of(target);

    /* One that waits first: the current one, refused a moment ago, may use the same ScsiTask. */
    if (!g_queue_remove(&drive->pipeline.waiting, task) && drive->pipeline.command.task == task) {
        trace_done(&drive->pipeline.command, "aborted");
        ssc_forget_command(drive);
        pump(drive);
    }
}

void ssc_forget_command(SscDrive *drive)
{
    if (drive->pipeline.late) {
        clock_cancel(drive->clock, drive->pipeline.late);
        drive->pipeline.late = NULL;
    }
    drive->pipeline.command.task = NULL;
    drive->pipeline.command.next = NULL;
    if (drive->pipeline.fetch) {
        drive->pipeline.fetch->drive = NULL;
        drive->pipeline.fetch = NULL;
    }
    if (drive->pipeline.sync) { /* continues, and a failure becomes a deferred error */
        drive->pipeline.sync->waited_for = false;
    }
}
