/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/zones.h"

#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define PEWS_UNIT 1000000u

uint64_t ssc_zones_capacity(const SscDrive *drive, uint64_t capacity)
{
    return drive->model->capacity > 0 ? MIN(drive->model->capacity, capacity) : capacity;
}

/* Bytes from BOP where early warning starts; G_MAXUINT64: never. */
static uint64_t early_point(SscDrive *drive, const MediumPosition *position)
{
    uint64_t capacity = ssc_zones_capacity(drive, position->capacity);
    MediumPartition partition;

    if (drive->model->early_warning != SSC_OF_CARTRIDGE) {
        return capacity == G_MAXUINT64 ? G_MAXUINT64
                                       : capacity - MIN(capacity, drive->model->early_warning);
    }
    medium_partition(drive->cartridge.medium, position->partition, &partition);
    return MIN(partition.early_warning, capacity);
}

SscZones ssc_zones_now(SscDrive *drive)
{
    uint64_t size = (uint64_t)ssc_mode_early_warning_size(drive) * PEWS_UNIT, early;
    MediumPosition position;

    medium_position(drive->cartridge.medium, &position);
    early = early_point(drive, &position);
    if (early == G_MAXUINT64) {
        return (SscZones){ false, false };
    }
    return (SscZones){ .early = position.used >= early,
                       .programmable = size > 0 && position.used >= early - MIN(size, early) };
}

/* The medium took it: does the drive too? */
static MediumResult within(SscDrive *drive, MediumResult result, uint64_t objects)
{
    MediumPosition position;

    if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
        return result;
    }
    medium_position(drive->cartridge.medium, &position);
    if (position.used > ssc_zones_capacity(drive, position.capacity)) {
        result = medium_lose(drive->cartridge.medium, objects);
        return result == MEDIUM_OK ? MEDIUM_END_OF_PARTITION : result;
    }
    return position.used >= early_point(drive, &position) ? MEDIUM_EARLY_WARNING : MEDIUM_OK;
}

/* Without such settings the medium's answer is enough, and costs no call. */
static bool has_zones_of_its_own(const SscDrive *drive)
{
    return drive->model->capacity > 0 || drive->model->early_warning != SSC_OF_CARTRIDGE;
}

MediumResult ssc_zones_write(SscDrive *drive, const uint8_t *data, size_t size)
{
    MediumResult result = medium_write(drive->cartridge.medium, data, size);

    return has_zones_of_its_own(drive) ? within(drive, result, 1) : result;
}

/* How many of them the drive takes; one that it does not is for within() to lose. */
static uint64_t marks_that_fit(const SscDrive *drive, uint64_t count)
{
    MediumPosition position;
    uint64_t capacity;

    medium_position(drive->cartridge.medium, &position);
    capacity = ssc_zones_capacity(drive, position.capacity);
    return CLAMP((capacity - MIN(position.used, capacity)) / MEDIUM_MARK_SIZE, 1, count);
}

MediumResult ssc_zones_write_marks(SscDrive *drive, MediumMark mark, uint64_t count,
                                   uint64_t *written)
{
    MediumResult result;
    uint64_t fit;

    if (!has_zones_of_its_own(drive) || count == 0) {
        return medium_write_marks(drive->cartridge.medium, mark, count, written);
    }
    fit = marks_that_fit(drive, count);
    result = medium_write_marks(drive->cartridge.medium, mark, fit, written);
    if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
        return result;
    }
    result = within(drive, result, *written);
    if (result == MEDIUM_END_OF_PARTITION) {
        *written = 0;
    }
    return fit < count && (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING)
               ? MEDIUM_END_OF_PARTITION
               : result;
}

static Outcome warn(ScsiSenseCode code, int64_t information)
{
    Outcome outcome = ssc_check_information(code, information);

    outcome.sense.eom = true;
    return outcome;
}

static bool warns(const Outcome *outcome)
{
    return outcome->sense.code == SENSE_END_OF_MEDIUM_DETECTED && !outcome->sense.deferred;
}

static Outcome report_write(SscCommand *c, Outcome outcome, SscZones now)
{
    SscDrive *drive = c->drive;
    bool fixed = c->cdb[1] & 0x01;

    if (warns(&outcome) && !c->zones.early && ssc_mode_reports_early(drive) &&
        !ssc_mode_synchronizes_early(drive)) {
        const SscBuffer *b = &drive->buffer;

        return warn(SENSE_VOLUME_OVERFLOW,
                    (int64_t)(fixed ? ssc_buffer_objects(b) : ssc_buffer_bytes(b)));
    }
    if (ssc_outcome_is_good(&outcome) && now.programmable && !c->zones.programmable) {
        return warn(SENSE_PROGRAMMABLE_EARLY_WARNING, 0);
    }
    return outcome;
}

Outcome ssc_zones_report(SscCommand *c, Outcome outcome)
{
    SscDrive *drive = c->drive;
    SscZones now;

    if (!c->zones_watched || !drive->cartridge.loaded ||
        !(ssc_outcome_is_good(&outcome) || warns(&outcome))) {
        return outcome;
    }
    c->zones_watched = false;
    now = ssc_zones_now(drive);
    if (c->row->flags & ROW_COUNTED) {
        return report_write(c, outcome, now);
    }
    bool reads = c->row->command->direction != SCSI_NO_DATA || c->row->handler == ssc_space;
    if (reads && ssc_outcome_is_good(&outcome) && now.early && !c->zones.early &&
        ssc_mode_reports_early(drive)) {
        return warn(SENSE_END_OF_MEDIUM_DETECTED, 0);
    }
    return outcome;
}
