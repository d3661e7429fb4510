/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/drive-state.h"

#include "emu/ssc/commands/cmd-attribute.h"
#include "emu/ssc/pages/pages-log.h"

static unsigned lun_count(ScsiTarget *target)
{
    return 1;
}

static ScsiSenseCode attention_after(const SscModel *model, ScsiReset kind)
{
    static const ScsiSenseCode codes[] = {
        [SCSI_RESET_POWER_ON] = SENSE_POWER_ON,
        [SCSI_RESET_BUS] = SENSE_BUS_RESET,
        [SCSI_RESET_DEVICE] = SENSE_DEVICE_RESET,
    };

    return model->tells_resets_apart ? codes[kind] : SENSE_POWER_ON_OR_RESET;
}

/* SPC-3 § 5.6: the state that each kind of reset discards. The transport aborted its tasks before.
 */
static void reset(ScsiTarget *target, ScsiReset kind)
{
    SscDrive *drive = (SscDrive *)target;

    /* A task that is still here was refused its data phase. */
    ssc_forget_command(drive);
    g_queue_clear(&drive->pipeline.waiting);
    if (kind == SCSI_RESET_TRANSPORT) {
        return;
    }
    if (kind == SCSI_RESET_POWER_ON) {
        drive->attention = (ScsiAttention){ 0 };
        drive->deferred = (ScsiSense){ 0 };
        drive->reservation = (SscReservation){ 0 };
        drive->diagnostics.powered_since = clock_now(drive->clock);
        ssc_identity_power_on(&drive->identity, clock_now(drive->clock));
        ssc_test_memory_power_on(&drive->test_memory);
        ssc_counters_power_on(&drive->counters);
        ssc_drive_power_on(drive);
    }
    drive->sense = (ScsiSense){ 0 };
    drive->cartridge.prevented = false;
    drive->reservation.reserved = false; /* the registration outlives it */
    ssc_mode_reset(drive);
    scsi_attention_raise(&drive->attention, attention_after(drive->model, kind));
}

static const ScsiTargetOps target_ops = {
    .submit = ssc_submit,
    .data_out = ssc_data_out,
    .abort = ssc_abort,
    .reset = reset,
    .lun_count = lun_count,
};

static void count_threading(SscDrive *drive)
{
    ssc_counters_threading(&drive->counters, clock_now(drive->clock));
}

static void count_loaded(SscDrive *drive)
{
    ssc_counters_loaded(&drive->counters);
}

/* In order: the cartridge's notes and the log pages read the counters of the load before. */
static const SscLoadObserver load_observers[] = {
    { .threading = ssc_attribute_note_load, .loaded = ssc_log_loaded },
    { .threading = count_threading, .loaded = count_loaded },
    { .loaded = ssc_mode_cartridge_loaded },
};

SscDrive *ssc_drive_new(const SscModel *model, const char *serial, Clock *clock, Trace *trace)
{
    SscDrive *drive = g_new0(SscDrive, 1);

    ssc_table_check();
    drive->target.ops = &target_ops;
    drive->model = model;
    drive->clock = clock;
    drive->clockwork.timed = model->timed;
    drive->trace = trace;
    drive->pipeline.command.drive = drive;
    g_strlcpy(drive->serial, serial ? serial : model->serial, sizeof drive->serial);
    g_queue_init(&drive->pipeline.waiting);
    ssc_counters_init(&drive->counters, clock_now(clock));
    drive->cartridge.observers = load_observers;
    drive->cartridge.n_observers = G_N_ELEMENTS(load_observers);
    ssc_buffer_init(&drive->buffer, model->buffer_size);
    ssc_mode_init(drive);
    reset(&drive->target, SCSI_RESET_POWER_ON);
    return drive;
}

void ssc_drive_free(SscDrive *drive)
{
    if (!drive) {
        return;
    }
    g_return_if_fail(!drive->pipeline.command.task && g_queue_is_empty(&drive->pipeline.waiting));
    if (drive->pipeline.sync) { /* it still uses the medium */
        drive->pipeline.sync->drive = NULL;
        drive->pipeline.sync->orphan = drive->cartridge.medium;
    } else if (drive->cartridge.medium) {
        medium_free(drive->cartridge.medium);
    }
    ssc_buffer_clear(&drive->buffer);
    g_free(drive->reversed);
    ssc_counters_clear(&drive->counters);
    g_free(drive);
}

ScsiTarget *ssc_drive_target(SscDrive *drive)
{
    return &drive->target;
}

void ssc_drive_stats(const SscDrive *drive, SscStats *stats)
{
    memcpy(stats->commands, drive->counters.commands, sizeof stats->commands);
    stats->checks = drive->counters.checks;
}
