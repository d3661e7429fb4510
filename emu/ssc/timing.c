/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/timing.h"

#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define SECOND 1000000

/* a * b / c for numbers that a product of would not fit. */
static int64_t share(uint64_t a, uint64_t b, uint64_t c)
{
    return c > 0 ? (int64_t)((double)a * (double)b / (double)c) : 0;
}

static int64_t at_rate(const SscDrive *drive, uint64_t bytes)
{
    return share(bytes, SECOND, drive->model->timing.rate);
}

/* Bytes that are the whole tape: of a cartridge without end, what the model's own would hold. */
static uint64_t whole_tape(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    return info.geometry.capacity > 0 ? info.geometry.capacity
                                      : (uint64_t)drive->model->timing.rate * 3600 * 3;
}

static int64_t travel(SscDrive *drive, uint64_t bytes, uint32_t whole_ms)
{
    return share(bytes, (uint64_t)whole_ms * 1000, whole_tape(drive));
}

/* The distance of a place along the tape. Partitions follow one after the other. */
static uint64_t along(SscDrive *drive, uint32_t partition, uint64_t used)
{
    for (uint32_t i = 0; i < partition; i++) {
        MediumPartition before;

        medium_partition(drive->cartridge.medium, i, &before);
        used += before.capacity == G_MAXUINT64 ? before.used : before.capacity;
    }
    return used;
}

static uint64_t head(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->cartridge.medium, &position);
    return along(drive, position.partition, position.used);
}

void ssc_timing_flow(SscDrive *drive)
{
    int64_t now = clock_now(drive->clock);

    if (drive->clockwork.timed && now > drive->clockwork.drained_at) {
        uint64_t bytes = (uint64_t)share((uint64_t)(now - drive->clockwork.drained_at),
                                         drive->model->timing.rate, SECOND);

        bytes = ssc_buffer_drain(&drive->buffer, bytes);
        drive->clockwork.drained_at = drive->buffer.behind_objects > 0
                                          ? drive->clockwork.drained_at + at_rate(drive, bytes)
                                          : now;
    }
}

void ssc_timing_begin(SscCommand *c)
{
    SscDrive *drive = c->drive;
    MediumPosition position;

    if (!drive->clockwork.timed) {
        return;
    }
    c->timed =
        (SscTimed){ .watched = c->row->flags & ROW_MOVES, .loaded = drive->cartridge.loaded };
    if (!drive->cartridge.loaded) {
        return;
    }
    ssc_timing_flow(drive);
    medium_position(drive->cartridge.medium, &position);
    c->timed.partition = position.partition;
    c->timed.used = position.used;
    c->timed.behind = drive->buffer.behind_bytes;
}

void ssc_timing_drained(SscDrive *drive, uint64_t bytes)
{
    if (drive->clockwork.timed) {
        drive->clockwork.drained_at =
            MAX(drive->clockwork.drained_at, clock_now(drive->clock)) + at_rate(drive, bytes);
    }
}

void ssc_timing_loads(SscDrive *drive)
{
    if (drive->clockwork.timed) {
        drive->clockwork.ready_at =
            clock_now(drive->clock) + (int64_t)drive->model->timing.load * (SECOND / 1000);
        drive->clockwork.busy_until = drive->clockwork.drained_at = 0;
    }
}

void ssc_timing_cleans(SscDrive *drive)
{
    if (drive->clockwork.timed) {
        drive->clockwork.cleaned_at =
            clock_now(drive->clock) + (int64_t)drive->model->timing.clean * (SECOND / 1000);
        drive->clockwork.busy_until = drive->clockwork.cleaned_at;
    }
}

bool ssc_timing_cleaning(const SscDrive *drive)
{
    return drive->clockwork.timed && drive->cartridge.cleaning &&
           clock_now(drive->clock) < drive->clockwork.cleaned_at;
}

void ssc_drive_set_timed(SscDrive *drive, bool timed)
{
    if (drive->clockwork.timed != timed) {
        drive->clockwork.timed = timed;
        drive->pipeline.command.timed.watched = false; /* it began by the other rule */
        drive->clockwork.ready_at = drive->clockwork.cleaned_at = 0;
        drive->clockwork.busy_until = drive->clockwork.drained_at = clock_now(drive->clock);
    }
}

bool ssc_drive_timed(const SscDrive *drive)
{
    return drive->clockwork.timed;
}

bool ssc_timing_loading(const SscDrive *drive)
{
    return drive->clockwork.timed && clock_now(drive->clock) < drive->clockwork.ready_at;
}

static bool is(const SscCommand *c, SscHandler handler)
{
    return c->row->handler == handler;
}

/* The way of the tape, if the command moved it without data. */
static int64_t way(SscCommand *c, uint64_t from, uint64_t to)
{
    const SscTiming *timing = &c->drive->model->timing;
    bool rewinds = is(c, ssc_rewind_tape) || is(c, ssc_load_unload);

    return travel(c->drive, MAX(from, to) - MIN(from, to),
                  rewinds ? timing->rewind : timing->search);
}

void ssc_timing_arrived(SscCommand *c)
{
    SscDrive *drive = c->drive;
    uint64_t from = along(drive, c->timed.partition, c->timed.used), to = head(drive);
    MediumPosition position;

    if (!c->timed.watched) {
        return;
    }
    medium_position(drive->cartridge.medium, &position);
    c->timed.gone += at_rate(drive, c->timed.behind) + way(c, from, to);
    c->timed.behind = 0; /* it was synced before the tape left */
    c->timed.partition = position.partition;
    c->timed.used = position.used;
    drive->clockwork.drained_at =
        MAX(drive->clockwork.drained_at,
            MAX(clock_now(drive->clock), drive->clockwork.busy_until) + c->timed.gone);
}

static int64_t mechanism(SscCommand *c)
{
    const SscTiming *timing = &c->drive->model->timing;

    if (!is(c, ssc_load_unload) || c->timed.loaded == c->drive->cartridge.loaded) {
        return 0;
    }
    return (int64_t)(c->drive->cartridge.loaded ? timing->load : timing->unload) * (SECOND / 1000);
}

/* The rest of the partition, for ERASE with LONG. */
static int64_t erasure(SscCommand *c)
{
    MediumPosition position;

    if (!is(c, ssc_erase_tape) || !(c->cdb[1] & 0x01)) {
        return 0;
    }
    medium_position(c->drive->cartridge.medium, &position);
    return position.capacity == G_MAXUINT64
               ? 0
               : at_rate(c->drive, position.capacity - MIN(position.used, position.capacity));
}

/* From when the tape is free until the command has done with it. */
static int64_t duration(SscCommand *c)
{
    SscDrive *drive = c->drive;
    uint64_t from = along(drive, c->timed.partition, c->timed.used), to = head(drive);
    uint64_t flushed = drive->buffer.behind_objects == 0 ? c->timed.behind : 0;
    int64_t flush = at_rate(drive, flushed);

    if (c->row->command->direction == SCSI_NO_DATA) {
        bool marks = c->row->flags & ROW_COUNTED;

        return flush + (marks ? 0 : way(c, from, to) + mechanism(c) + erasure(c));
    }
    if (c->row->flags & ROW_WRITES) { /* the buffer has it; and everything, if that is synced */
        return flushed > 0 ? flush + at_rate(drive, to - MIN(from, to)) : 0;
    }
    return flush + at_rate(drive, MAX(from, to) - MIN(from, to));
}

/* The IMMED bit of each command, in byte 1. */
static bool immediate(const SscCommand *c)
{
    static const struct {
        SscHandler handler;
        uint8_t bit;
    } rows[] = {
        { ssc_rewind_tape, 0x01 }, { ssc_locate_10, 0x01 },     { ssc_locate_16, 0x01 },
        { ssc_load_unload, 0x01 }, { ssc_format_medium, 0x01 }, { ssc_set_capacity, 0x01 },
        { ssc_erase_tape, 0x02 },  { ssc_verify_tape, 0x04 },   { ssc_write_filemarks, 0x01 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (is(c, rows[i].handler)) {
            return c->cdb[1] & rows[i].bit;
        }
    }
    return false;
}

int64_t ssc_timing_left(SscCommand *c)
{
    SscDrive *drive = c->drive;
    int64_t now, end;

    if (!c->timed.watched || !drive->cartridge.medium) {
        return 0;
    }
    c->timed.watched = false;
    now = clock_now(drive->clock);
    end = MAX(now, drive->clockwork.busy_until) + c->timed.gone + duration(c);
    if ((c->row->flags & ROW_WRITES) && c->row->command->direction == SCSI_DATA_OUT) {
        end = MAX(end, drive->clockwork.drained_at);
    }
    drive->clockwork.busy_until = end;
    return immediate(c) ? 0 : end - now;
}
