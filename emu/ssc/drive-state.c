/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/drive-state.h"

static unsigned lun_count(ScsiTarget *target)
{
    return 1;
}

static SscFormat meet_density(SscDrive *drive)
{
    const SscModel *model = drive->model;
    MediumInfo info;

    medium_info(drive->medium, &info);
    for (unsigned i = 0; i < model->n_densities; i++) {
        const SscDensity *density = &model->densities[i];

        /* 00h: the drive takes any; a cartridge that names none is the drive's own. */
        if (density->primary == 0 || density->primary == info.geometry.density) {
            return density->writable ? FORMAT_WRITABLE : FORMAT_READ_ONLY;
        }
    }
    return info.geometry.density == 0 ? FORMAT_WRITABLE : FORMAT_ALIEN;
}

static void set_loaded(SscDrive *drive, bool loaded)
{
    bool changes = drive->loaded != loaded;

    drive->loaded = loaded;
    if (changes && drive->load_notice) {
        drive->load_notice(drive->load_data, loaded, drive->command.task != NULL);
    }
}

void ssc_drive_on_load(SscDrive *drive, SscLoadNotice notice, void *data)
{
    drive->load_notice = notice;
    drive->load_data = data;
}

bool ssc_drive_protected(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->medium, &info);
    return info.write_protected || drive->format == FORMAT_READ_ONLY;
}

/*
 * The cartridge as it is after the drive was switched on: threaded, at BOP. A sync that was under
 * way must end first (sync_done comes back here).
 */
void ssc_drive_load(SscDrive *drive)
{
    if (drive->sync) {
        drive->reload_after_sync = true;
        return;
    }
    drive->reload_after_sync = false;
    if (drive->cleaning) {
        return;
    }
    if (!drive->loaded) {
        medium_count_load(drive->medium);
        ssc_note_load(drive);
        drive->load_count++;
        drive->drum_since = clock_now(drive->clock);
    }
    set_loaded(drive, true);
    drive->held = false;
    ssc_log_loaded(drive);
    drive->written_before = drive->tape_written;
    drive->read_before = drive->tape_read;
    drive->compression_set = false;
    medium_locate(drive->medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    ssc_mode_meet_cartridge(drive);
    drive->format = meet_density(drive);
    if (drive->format == FORMAT_ALIEN) {
        ssc_drive_alert(drive, ALERT_UNSUPPORTED_FORMAT);
    }
}

/* The drum stops. */
static void unthread(SscDrive *drive)
{
    if (drive->loaded) {
        drive->drum_time += clock_now(drive->clock) - drive->drum_since;
    }
    drive->held = false;
    set_loaded(drive, false);
}

/* Everything that is counted since power-on. */
static void clear_counts(SscDrive *drive)
{
    drive->tape_alerts = drive->bytes_written = drive->bytes_read = 0;
    drive->records_written = drive->records_read = 0;
    drive->tape_written = drive->tape_read = 0;
    drive->write_errors = drive->read_errors = 0;
    g_hash_table_remove_all(drive->log_bases);
}

void ssc_drive_unload(SscDrive *drive)
{
    medium_locate(drive->medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    unthread(drive);
}

/* A sync in progress goes on: its objects were on the way to the tape. */
static void power_off(SscDrive *drive)
{
    if (!drive->sync) {
        ssc_timing_flow(drive);
        ssc_buffer_lose(drive);
    }
    ssc_buffer_clear(&drive->buffer);
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

SscNexus *ssc_nexus(const SscCommand *c)
{
    return &c->drive->nexuses[c->task->nexus];
}

void ssc_attention(SscDrive *drive, ScsiSenseCode code)
{
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        scsi_attention_raise(&drive->nexuses[i].attention, code);
    }
}

void ssc_attention_others(const SscCommand *c, ScsiSenseCode code)
{
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (i != c->task->nexus) {
            scsi_attention_raise(&c->drive->nexuses[i].attention, code);
        }
    }
}

/* SPC-3 § 5.6: the state that each kind of reset discards. The transport aborted its tasks before.
 */
static void reset(ScsiTarget *target, ScsiReset kind)
{
    SscDrive *drive = (SscDrive *)target;

    /* A task that is still here was refused its data phase. */
    ssc_forget_command(drive);
    g_queue_clear(&drive->waiting);
    if (kind == SCSI_RESET_TRANSPORT) {
        return;
    }
    if (kind == SCSI_RESET_POWER_ON) {
        memset(drive->nexuses, 0, sizeof drive->nexuses);
        drive->deferred = (ScsiSense){ 0 };
        drive->reservation = (SscReservation){ 0 };
        drive->timestamp = 0;
        drive->powered_since = drive->timestamp_since = clock_now(drive->clock);
        drive->timestamp_set = false;
        memset(drive->test_buffer, 0, sizeof drive->test_buffer);
        drive->echo_length = 0;
        clear_counts(drive);
        if (drive->medium) {
            power_off(drive);
            ssc_drive_load(drive);
            ssc_timing_loads(drive);
        }
    }
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        drive->nexuses[i].sense = (ScsiSense){ 0 };
    }
    drive->prevented = 0;
    drive->reservation.reserved = false; /* registrations outlive it */
    ssc_mode_reset(drive);
    ssc_attention(drive, attention_after(drive->model, kind));
}

static const ScsiTargetOps target_ops = {
    .submit = ssc_submit,
    .data_out = ssc_data_out,
    .abort = ssc_abort,
    .reset = reset,
    .lun_count = lun_count,
};

SscDrive *ssc_drive_new(const SscModel *model, const char *serial, Clock *clock, Trace *trace)
{
    SscDrive *drive = g_new0(SscDrive, 1);

    ssc_table_check();
    drive->target.ops = &target_ops;
    drive->model = model;
    drive->clock = clock;
    drive->timed = model->timed;
    drive->made = clock_now(clock);
    drive->trace = trace;
    drive->command.drive = drive;
    g_strlcpy(drive->serial, serial ? serial : model->serial, sizeof drive->serial);
    g_queue_init(&drive->waiting);
    drive->log_bases = g_hash_table_new_full(NULL, NULL, NULL, g_free);
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
    g_return_if_fail(!drive->command.task && g_queue_is_empty(&drive->waiting));
    if (drive->sync) { /* it still uses the medium */
        drive->sync->drive = NULL;
        drive->sync->orphan = drive->medium;
    } else if (drive->medium) {
        medium_free(drive->medium);
    }
    ssc_buffer_clear(&drive->buffer);
    g_free(drive->reversed);
    g_hash_table_unref(drive->log_bases);
    g_free(drive);
}

ScsiTarget *ssc_drive_target(SscDrive *drive)
{
    return &drive->target;
}

static bool is_cleaning_cartridge(TapeMedium *medium)
{
    MediumInfo info;

    medium_info(medium, &info);
    return info.geometry.cleanings > 0;
}

/* A cleaning cartridge was put in: it cleans the heads, unless it is used up. It is never loaded.
 */
static void clean_heads(SscDrive *drive)
{
    drive->held = true;
    ssc_drive_alert(drive, ALERT_CLEANING_MEDIA);
    if (!medium_use_cleaning(drive->medium)) {
        ssc_drive_alert(drive, ALERT_EXPIRED_CLEANING_MEDIA);
        return;
    }
    drive->dirty = true; /* its memory */
    drive->drum_cleaned = drive->drum_time;
    ssc_timing_cleans(drive);
}

bool ssc_drive_insert(SscDrive *drive, TapeMedium *medium)
{
    if (drive->medium) {
        return false;
    }
    drive->medium = medium;
    drive->cleaning = is_cleaning_cartridge(medium);
    ssc_drive_clean(drive);
    if (drive->cleaning) { /* the drive does not become ready: no unit attention */
        clean_heads(drive);
        return true;
    }
    ssc_drive_load(drive);
    ssc_timing_loads(drive);
    ssc_attention(drive, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    return true;
}

SscEject ssc_drive_eject(SscDrive *drive, bool force, TapeMedium **medium)
{
    *medium = NULL;
    if (!drive->medium) {
        return SSC_EJECT_EMPTY;
    }
    if (drive->sync || drive->command.task || ssc_timing_cleaning(drive)) {
        return SSC_EJECT_BUSY;
    }
    if (drive->prevented && !force) {
        return SSC_EJECT_PREVENTED;
    }
    *medium = g_steal_pointer(&drive->medium);
    drive->cleaning = false;
    unthread(drive);
    drive->tape_alerts = 0; /* they were about that cartridge */
    drive->dirty = false;
    ssc_buffer_clear(&drive->buffer);
    return SSC_EJECTED;
}

TapeMedium *ssc_drive_medium(SscDrive *drive)
{
    return drive->medium;
}

void ssc_drive_replace_medium(SscDrive *drive, TapeMedium *medium)
{
    g_return_if_fail(drive->medium);
    drive->medium = medium;
}

bool ssc_drive_loaded(const SscDrive *drive)
{
    return drive->loaded;
}

SscBlockLimits ssc_drive_limits(SscDrive *drive)
{
    SscBlockLimits limits = drive->model->limits;
    MediumInfo info;

    if (drive->loaded) {
        medium_info(drive->medium, &info);
        limits.max = MIN(limits.max, info.max_block);
    }
    return limits;
}

uint8_t ssc_drive_density(SscDrive *drive)
{
    MediumInfo info;

    if (drive->loaded) {
        medium_info(drive->medium, &info);
        if (info.geometry.density != 0) {
            return info.geometry.density;
        }
    }
    return drive->mode.density;
}

MediumPosition ssc_drive_position(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->medium, &position);
    position.object += drive->buffer.held_objects;
    position.files += drive->buffer.held_files;
    position.setmarks += drive->buffer.held_setmarks;
    position.bop = position.object == 0;
    return position;
}

uint64_t ssc_drive_used(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->medium, &position);
    return position.used;
}

void ssc_drive_clean(SscDrive *drive)
{
    drive->dirty = false;
    ssc_buffer_synced(&drive->buffer);
}

void ssc_drive_alert(SscDrive *drive, SscAlert alert)
{
    drive->tape_alerts |= (uint64_t)1 << (alert - 1);
}

void ssc_drive_stats(const SscDrive *drive, SscStats *stats)
{
    memcpy(stats->commands, drive->commands, sizeof stats->commands);
    stats->checks = drive->checks;
}
