/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/buffer.h"

#include "emu/ssc/drive-state.h"

/* Objects of which only the drive knows: neighbours of one kind, and of one WRITE if blocks. */
typedef struct SscHeld {
    GBytes *blocks; /* what that WRITE brought; NULL: marks */
    size_t offset;  /* in it, of the first that is left */
    uint32_t size;  /* of each block; 0: marks */
    MediumMark mark;
    uint64_t count;
} SscHeld;

static void held_free(void *data)
{
    SscHeld *held = data;

    g_clear_pointer(&held->blocks, g_bytes_unref);
    g_free(held);
}

/* ---- behind ---- */

static SscRun *run_at(SscBuffer *b, unsigned i)
{
    return &b->runs[(b->first + i) % SSC_BUFFER_RUNS];
}

/* The oldest objects are on tape: `objects` of the first run, or all of it. */
static void drain_run(SscBuffer *b, uint64_t objects)
{
    SscRun *run = run_at(b, 0);

    objects = MIN(objects, run->objects);
    run->objects -= objects;
    b->behind_objects -= objects;
    b->behind_start += objects;
    b->behind_bytes -= objects * run->size;
    if (run->objects == 0) {
        b->first = (b->first + 1) % SSC_BUFFER_RUNS;
        b->n_runs--;
    }
}

uint64_t ssc_buffer_drain(SscBuffer *b, uint64_t bytes)
{
    uint64_t before = b->behind_bytes;

    while (b->n_runs > 0) {
        uint64_t left = bytes - (before - b->behind_bytes);
        uint32_t size = run_at(b, 0)->size;

        if (size > left) {
            break;
        }
        drain_run(b, size > 0 ? left / size : G_MAXUINT64);
    }
    return before - b->behind_bytes;
}

/* Until it fits. */
static void drain(SscBuffer *b)
{
    while (b->behind_bytes > b->capacity) {
        uint64_t excess = b->behind_bytes - b->capacity;
        uint32_t size = run_at(b, 0)->size;

        drain_run(b, size > 0 ? (excess + size - 1) / size : G_MAXUINT64);
    }
}

/* The medium has taken them. */
static void add_behind(SscDrive *drive, uint64_t objects, uint32_t size)
{
    SscBuffer *b = &drive->buffer;
    SscRun *last = b->n_runs > 0 ? run_at(b, b->n_runs - 1) : NULL;

    uint64_t added = objects * size, before = b->behind_bytes + added;

    if (objects == 0) {
        return;
    }
    if (b->behind_objects == 0) {
        MediumPosition position;

        medium_position(drive->cartridge.medium, &position);
        b->behind_start = position.object - objects;
    }
    if (last && last->size == size) {
        last->objects += objects;
    } else {
        if (b->n_runs == SSC_BUFFER_RUNS) {
            drain_run(b, G_MAXUINT64);
        }
        *run_at(b, b->n_runs++) = (SscRun){ objects, size };
    }
    b->behind_objects += objects;
    b->behind_bytes += added;
    drain(b);
    ssc_timing_drained(drive, before - b->behind_bytes); /* with the run that made room above */
}

void ssc_buffer_synced(SscBuffer *b)
{
    b->n_runs = 0;
    b->behind_objects = b->behind_bytes = 0;
}

/* ---- held ---- */

static void drop_held(SscBuffer *b)
{
    g_queue_clear_full(&b->held, held_free);
    b->held_objects = b->held_bytes = b->held_files = b->held_setmarks = 0;
    b->why = (ScsiSense){ 0 };
    b->reported = false;
}

/* True if it continues at the end of that run. */
static bool continues(const SscHeld *run, const SscHeld *next)
{
    return run && run->blocks == next->blocks && run->size == next->size &&
           run->mark == next->mark && run->offset + run->count * run->size == next->offset;
}

static uint64_t *held_counter(SscBuffer *b, const SscHeld *held)
{
    if (held->blocks) {
        return &b->held_bytes;
    }
    return held->mark == MEDIUM_MARK_FILEMARK ? &b->held_files : &b->held_setmarks;
}

/* The share of so many objects of a run in the count of their kind. */
static uint64_t held_amount(const SscHeld *held, uint64_t objects)
{
    return held->blocks ? objects * held->size : objects;
}

/* Borrows the blocks. */
static void hold(SscBuffer *b, const SscHeld *objects)
{
    SscHeld *last = g_queue_peek_tail(&b->held);

    if (continues(last, objects)) {
        last->count += objects->count;
    } else {
        last = g_memdup2(objects, sizeof *objects);
        if (last->blocks) {
            g_bytes_ref(last->blocks);
        }
        g_queue_push_tail(&b->held, last);
    }
    b->held_objects += objects->count;
    *held_counter(b, objects) += held_amount(objects, objects->count);
}

static const uint8_t *first_block(const SscHeld *held)
{
    return (const uint8_t *)g_bytes_get_data(held->blocks, NULL) + held->offset;
}

/* Removes the first objects of the oldest run. */
static void let_go(SscBuffer *b, uint64_t objects)
{
    SscHeld *held = g_queue_peek_head(&b->held);

    held->count -= objects;
    held->offset += objects * held->size;
    b->held_objects -= objects;
    *held_counter(b, held) -= held_amount(held, objects);
    if (held->count == 0) {
        held_free(g_queue_pop_head(&b->held));
    }
}

/* What was refused may be held back only where a buffer is used, and only if the tape is to blame.
 */
static bool holds_back(SscDrive *drive, MediumResult result)
{
    return result == MEDIUM_WRITE_ERROR && !ssc_buffer_bypassed(drive);
}

/* Writes to the medium, and counts the bytes that the block takes on tape. */
static MediumResult write_block(SscDrive *drive, const uint8_t *data, uint32_t size)
{
    uint64_t before = ssc_drive_used(drive);
    MediumResult result = ssc_zones_write(drive, data, size);
    uint64_t after = ssc_drive_used(drive);

    ssc_counters_tape_written(&drive->counters, after - MIN(before, after));
    return result;
}

/* The first block or all the marks of a run, to the medium. */
static MediumResult write_held(SscDrive *drive, const SscHeld *held, uint64_t *written)
{
    MediumResult result;

    if (!held->blocks) {
        return ssc_zones_write_marks(drive, held->mark, held->count, written);
    }
    result = write_block(drive, first_block(held), held->size);
    *written = result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING;
    return result;
}

/* Retries the held objects. OK: none is left. */
static MediumResult retry(SscDrive *drive)
{
    SscBuffer *b = &drive->buffer;
    const SscHeld *held;

    while ((held = g_queue_peek_head(&b->held))) {
        uint64_t written = 0;
        MediumResult result = write_held(drive, held, &written);

        add_behind(drive, written, held->size);
        let_go(b, written);
        if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
            return result;
        }
    }
    b->reported = false;
    return MEDIUM_OK;
}

/* SSC-3 § 5.6: INFORMATION is what the buffer could not write, blocks or bytes. */
static Outcome deferred_error(SscCommand *c)
{
    SscBuffer *b = &c->drive->buffer;
    Outcome outcome =
        ssc_check_information(b->why.code, (int64_t)(b->fixed ? b->held_objects : b->held_bytes));

    outcome.sense.eom = b->why.eom;
    outcome.sense.deferred = true;
    b->reported = true;
    return outcome;
}

/* Good, or the deferred error. Then the objects before the one that failed are on tape. */
static Outcome flush_held(SscCommand *c)
{
    SscBuffer *b = &c->drive->buffer;

    if (b->held_objects == 0) {
        return ssc_good();
    }
    MediumResult result = retry(c->drive);
    if (result == MEDIUM_OK) {
        return ssc_good();
    }
    b->why = ssc_of_medium(c, result, ACT_WRITE, 0).sense;
    ssc_buffer_synced(b);
    return deferred_error(c);
}

/* ---- for the commands ---- */

void ssc_buffer_init(SscBuffer *buffer, uint64_t capacity)
{
    *buffer = (SscBuffer){ .capacity = capacity };
    g_queue_init(&buffer->held);
}

void ssc_buffer_clear(SscBuffer *buffer)
{
    ssc_buffer_synced(buffer);
    drop_held(buffer);
}

bool ssc_buffer_bypassed(SscDrive *drive)
{
    return drive->mode.buffered_mode == 0 ||
           (ssc_mode_synchronizes_early(drive) && ssc_zones_now(drive).early);
}

Outcome ssc_buffer_make_room(SscCommand *c, uint64_t bytes)
{
    const SscBuffer *b = &c->drive->buffer;
    bool fits = c->drive->mode.buffered_mode != 0 && b->held_bytes + bytes <= b->capacity &&
                b->held.length < SSC_HELD_MAX;

    return fits && !b->reported ? ssc_good() : flush_held(c);
}

MediumResult ssc_buffer_write(SscCommand *c, size_t offset, uint32_t size)
{
    SscDrive *drive = c->drive;
    SscBuffer *b = &drive->buffer;
    MediumResult result = MEDIUM_WRITE_ERROR;

    if (b->held_objects == 0) {
        const uint8_t *data = g_bytes_get_data(c->task->out, NULL);

        result = write_block(drive, data + offset, size);
        if (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING) {
            add_behind(drive, 1, size);
        }
    }
    if (holds_back(drive, result)) {
        hold(b, &(SscHeld){ .blocks = c->task->out, .offset = offset, .size = size, .count = 1 });
        b->fixed = c->cdb[1] & 0x01;
        result = MEDIUM_OK;
    }
    drive->cartridge.dirty = true;
    if (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING) {
        ssc_counters_block_written(&drive->counters, size);
    }
    return result;
}

MediumResult ssc_buffer_write_marks(SscCommand *c, MediumMark mark, uint64_t count,
                                    uint64_t *written)
{
    SscDrive *drive = c->drive;
    SscBuffer *b = &drive->buffer;
    bool immed = c->cdb[1] & 0x01;
    MediumResult result = MEDIUM_WRITE_ERROR;

    if (b->held_objects == 0) {
        result = ssc_zones_write_marks(drive, mark, count, written);
        add_behind(drive, *written, 0);
    }
    if (immed && holds_back(drive, result)) {
        hold(b, &(SscHeld){ .mark = mark, .count = count - *written });
        *written = count;
        result = MEDIUM_OK;
    }
    drive->cartridge.dirty = true;
    return result;
}

Outcome ssc_buffer_retry_held(SscCommand *c)
{
    SscBuffer *b = &c->drive->buffer;
    bool known = b->reported;
    Outcome outcome = flush_held(c);

    if (known && (c->row->flags & ROW_MOVES) && !(c->row->flags & ROW_COUNTED)) {
        drop_held(b);
        return ssc_good();
    }
    return outcome;
}

MediumResult ssc_buffer_recover(SscDrive *drive, uint8_t *bytes, size_t capacity, size_t *length)
{
    SscBuffer *b = &drive->buffer;
    const SscHeld *held = g_queue_peek_head(&b->held);
    MediumResult result = MEDIUM_OK;

    *length = 0;
    if (!held) {
        return MEDIUM_EOD;
    }
    if (held->blocks) {
        *length = held->size;
        memcpy(bytes, first_block(held), MIN(capacity, *length));
    } else {
        result = held->mark == MEDIUM_MARK_FILEMARK ? MEDIUM_FILEMARK : MEDIUM_SETMARK;
    }
    let_go(b, 1);
    if (b->held_objects == 0) {
        drop_held(b);
    }
    return result;
}

void ssc_buffer_discard(SscDrive *drive)
{
    SscBuffer *b = &drive->buffer;
    uint64_t objects = ssc_buffer_objects(b), bytes = ssc_buffer_bytes(b);
    MediumPosition position;

    if (objects > 0) {
        TRACE(drive->trace, SCSI_BUFFER_LOST,
              "%" G_GUINT64_FORMAT " objects of %" G_GUINT64_FORMAT " bytes that were not on tape",
              objects, bytes);
    }
    if (b->behind_objects > 0) {
        /* A fault below may have lost some before us, and more than that. */
        medium_position(drive->cartridge.medium, &position);
        if (position.eod) {
            medium_lose(drive->cartridge.medium,
                        position.object - MIN(position.object, b->behind_start));
        }
    }
    ssc_buffer_clear(b);
}
