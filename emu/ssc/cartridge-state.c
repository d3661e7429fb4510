/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/cartridge-state.h"

#include "emu/ssc/drive-state.h"

static SscFormat cartridge_format(SscDrive *drive)
{
    const SscModel *model = drive->model;
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    for (unsigned i = 0; i < model->n_densities; i++) {
        const SscDensity *density = &model->densities[i];

        /* 00h: the drive takes any; a cartridge that names none is the drive's own. */
        if (density->primary == 0 || density->primary == info.geometry.density) {
            return density->writable ? FORMAT_WRITABLE : FORMAT_READ_ONLY;
        }
    }
    return info.geometry.density == 0 ? FORMAT_WRITABLE : FORMAT_ALIEN;
}

static void cartridge_set_loaded(SscDrive *drive, bool loaded)
{
    bool changes = drive->cartridge.loaded != loaded;

    drive->cartridge.loaded = loaded;
    if (changes && drive->cartridge.notice) {
        drive->cartridge.notice(drive->cartridge.notice_data, loaded,
                                drive->pipeline.command.task != NULL);
    }
}

void ssc_drive_on_load(SscDrive *drive, SscLoadNotice notice, void *data)
{
    drive->cartridge.notice = notice;
    drive->cartridge.notice_data = data;
}

bool ssc_drive_protected(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    return info.write_protected || drive->cartridge.format == FORMAT_READ_ONLY;
}

static void cartridge_report_threading(SscDrive *drive)
{
    for (unsigned i = 0; i < drive->cartridge.n_observers; i++) {
        if (drive->cartridge.observers[i].threading) {
            drive->cartridge.observers[i].threading(drive);
        }
    }
}

static void cartridge_report_loaded(SscDrive *drive)
{
    for (unsigned i = 0; i < drive->cartridge.n_observers; i++) {
        if (drive->cartridge.observers[i].loaded) {
            drive->cartridge.observers[i].loaded(drive);
        }
    }
}

/* A sync in progress must end first: sync_done() in dispatch.c calls this again. */
void ssc_drive_load(SscDrive *drive)
{
    SscCartridge *cartridge = &drive->cartridge;

    if (drive->pipeline.sync) {
        cartridge->reload_after_sync = true;
        return;
    }
    cartridge->reload_after_sync = false;
    if (cartridge->cleaning) {
        return;
    }
    if (!cartridge->loaded) {
        medium_count_load(cartridge->medium);
        cartridge_report_threading(drive);
    }
    cartridge_set_loaded(drive, true);
    cartridge->at_hold = false;
    cartridge->compression_set = false;
    medium_locate(cartridge->medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    cartridge_report_loaded(drive);
    cartridge->format = cartridge_format(drive);
    if (cartridge->format == FORMAT_ALIEN) {
        ssc_counters_alert(&drive->counters, ALERT_UNSUPPORTED_FORMAT);
    }
}

static void cartridge_unthread(SscDrive *drive)
{
    if (drive->cartridge.loaded) {
        ssc_counters_unthread(&drive->counters, clock_now(drive->clock));
    }
    drive->cartridge.at_hold = false;
    cartridge_set_loaded(drive, false);
}

void ssc_drive_unload(SscDrive *drive)
{
    medium_locate(drive->cartridge.medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    cartridge_unthread(drive);
}

void ssc_drive_power_on(SscDrive *drive)
{
    if (!drive->cartridge.medium) {
        return;
    }
    if (!drive->pipeline.sync) { /* one in progress goes on: its objects were on the way to tape */
        ssc_timing_flow(drive);
        ssc_buffer_discard(drive);
    }
    ssc_buffer_clear(&drive->buffer);
    ssc_drive_load(drive);
    ssc_timing_loads(drive);
}

static bool is_cleaning_cartridge(TapeMedium *medium)
{
    MediumInfo info;

    medium_info(medium, &info);
    return info.geometry.cleanings > 0;
}

/* A cleaning cartridge was put in: it cleans the heads, unless it is used up. It is never loaded.
 */
static void cartridge_clean_heads(SscDrive *drive)
{
    drive->cartridge.at_hold = true;
    ssc_counters_alert(&drive->counters, ALERT_CLEANING_MEDIA);
    if (!medium_use_cleaning(drive->cartridge.medium)) {
        ssc_counters_alert(&drive->counters, ALERT_EXPIRED_CLEANING_MEDIA);
        return;
    }
    drive->cartridge.dirty = true; /* its memory */
    ssc_counters_heads_cleaned(&drive->counters);
    ssc_timing_cleans(drive);
}

bool ssc_drive_insert(SscDrive *drive, TapeMedium *medium)
{
    if (drive->cartridge.medium) {
        return false;
    }
    drive->cartridge.medium = medium;
    drive->cartridge.cleaning = is_cleaning_cartridge(medium);
    ssc_drive_clean(drive);
    if (drive->cartridge.cleaning) { /* the drive does not become ready: no unit attention */
        cartridge_clean_heads(drive);
        return true;
    }
    ssc_drive_load(drive);
    ssc_timing_loads(drive);
    scsi_attention_raise(&drive->attention, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    return true;
}

SscEject ssc_drive_eject(SscDrive *drive, bool force, TapeMedium **medium)
{
    *medium = NULL;
    if (!drive->cartridge.medium) {
        return SSC_EJECT_EMPTY;
    }
    if (drive->pipeline.sync || drive->pipeline.command.task || ssc_timing_cleaning(drive)) {
        return SSC_EJECT_BUSY;
    }
    if (drive->cartridge.prevented && !force) {
        return SSC_EJECT_PREVENTED;
    }
    *medium = g_steal_pointer(&drive->cartridge.medium);
    drive->cartridge.cleaning = false;
    cartridge_unthread(drive);
    ssc_counters_clear_alerts(&drive->counters); /* they were about that cartridge */
    drive->cartridge.dirty = false;
    ssc_buffer_clear(&drive->buffer);
    return SSC_EJECTED;
}

TapeMedium *ssc_drive_medium(SscDrive *drive)
{
    return drive->cartridge.medium;
}

void ssc_drive_replace_medium(SscDrive *drive, TapeMedium *medium)
{
    g_return_if_fail(drive->cartridge.medium);
    drive->cartridge.medium = medium;
}

bool ssc_drive_loaded(const SscDrive *drive)
{
    return drive->cartridge.loaded;
}

SscBlockLimits ssc_drive_limits(SscDrive *drive)
{
    SscBlockLimits limits = drive->model->limits;
    MediumInfo info;

    if (drive->cartridge.loaded) {
        medium_info(drive->cartridge.medium, &info);
        limits.max = MIN(limits.max, info.max_block);
    }
    return limits;
}

uint8_t ssc_drive_density(SscDrive *drive)
{
    MediumInfo info;

    if (drive->cartridge.loaded) {
        medium_info(drive->cartridge.medium, &info);
        if (info.geometry.density != 0) {
            return info.geometry.density;
        }
    }
    return drive->mode.density;
}

MediumPosition ssc_drive_position(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->cartridge.medium, &position);
    position.object += drive->buffer.held_objects;
    position.files += drive->buffer.held_files;
    position.setmarks += drive->buffer.held_setmarks;
    position.bop = position.object == 0;
    return position;
}

uint64_t ssc_drive_used(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->cartridge.medium, &position);
    return position.used;
}

void ssc_drive_clean(SscDrive *drive)
{
    drive->cartridge.dirty = false;
    ssc_buffer_synced(&drive->buffer);
}
