/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Off the tape: READ, READ REVERSE, VERIFY; and what never came there: RECOVER BUFFERED DATA. */
#include "emu/ssc/commands/cmd-data.h"
#include "emu/ssc/commands/cmd-position.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define FIXED  0x01
#define SILI   0x02 /* READ, READ REVERSE */
#define BYTCMP 0x02 /* VERIFY */
#define BYTORD 0x04 /* READ REVERSE */
#define IMMED  0x04 /* VERIFY */

/*
 * The next block towards BOP. With BYTORD off its last byte comes first, so that what a short
 * buffer gets is the end of the block (SSC-3 § 5.4).
 */
static MediumResult read_backwards(SscCommand *c, uint8_t *buffer, size_t capacity, size_t *length)
{
    TapeMedium *medium = c->drive->cartridge.medium;
    uint8_t *whole;

    if (c->cdb[1] & BYTORD) {
        return medium_read_reverse(medium, buffer, capacity, length);
    }
    whole = c->drive->reversed;
    MediumResult result = medium_read_reverse(medium, whole, MEDIUM_BLOCK_MAX, length);
    for (size_t i = 0; i < MIN(*length, capacity); i++) {
        buffer[i] = whole[*length - 1 - i];
    }
    return result;
}

/* The next object from where the command takes them. */
static MediumResult read_object(SscCommand *c, uint8_t *buffer, size_t capacity, size_t *length)
{
    if (c->row->flags & ROW_RECOVERS) {
        return ssc_buffer_recover(c->drive, buffer, capacity, length);
    }
    return c->row->flags & ROW_REVERSE
               ? read_backwards(c, buffer, capacity, length)
               : medium_read(c->drive->cartridge.medium, buffer, capacity, length);
}

/* The next block. Setmarks are skipped unless mode page 10h reports them (RSMK). */
static MediumResult read_block(SscCommand *c, uint8_t *buffer, size_t capacity, size_t *length)
{
    uint64_t before = ssc_drive_used(c->drive), after;
    MediumResult result;

    do {
        result = read_object(c, buffer, capacity, length);
    } while (result == MEDIUM_SETMARK && !ssc_mode_reports_setmarks(c->drive));
    after = ssc_drive_used(c->drive);
    ssc_counters_tape_read(&c->drive->counters, MAX(before, after) - MIN(before, after),
                           result == MEDIUM_OK);
    return result;
}

static Outcome incorrect_length(int64_t residual)
{
    Outcome outcome = ssc_check_information(SENSE_NO_SENSE, residual);

    outcome.sense.ili = true;
    return outcome;
}

/* The reason why it stopped. The buffer's end is no end of data on the tape (SSC-3 § 7.10). */
static Outcome stopped(SscCommand *c, MediumResult result, uint64_t residual)
{
    bool recovers = c->row->flags & ROW_RECOVERS;

    return ssc_of_medium(c, result, recovers ? ACT_RECOVER : ACT_READ, residual);
}

/* One block of any length: requested length less actual length is the residual, of either sign. */
static Outcome read_variable(SscCommand *c)
{
    uint32_t wanted = c->announced;
    bool sili = c->cdb[1] & SILI;
    size_t length;
    MediumResult result = read_block(c, scsi_task_in(c->task, wanted), wanted, &length);

    scsi_task_in(c->task, result == MEDIUM_OK ? MIN(length, wanted) : 0);
    ssc_counters_bytes_read(&c->drive->counters, c->task->in->len);
    if (result != MEDIUM_OK) {
        return stopped(c, result, wanted);
    }
    if (length == wanted) {
        return ssc_good();
    }
    /* SILI hides a short block; a long one only if the block length is 0 (SSC-3 § 5.3). */
    if (sili && (length < wanted || c->drive->mode.block_length == 0)) {
        return ssc_good();
    }
    return incorrect_length((int64_t)wanted - (int64_t)length);
}

static Outcome read_here(SscCommand *c);

/* Blocks of one length; the residual counts blocks, a block of another length is not counted. */
static Outcome read_fixed(SscCommand *c)
{
    uint32_t size = c->drive->mode.block_length;
    uint32_t count = c->announced / size, turn = MIN(count - c->moved, SSC_TURN);
    uint8_t *buffer = scsi_task_in(c->task, c->announced);

    for (; turn > 0; turn--, c->moved++) {
        size_t length;
        MediumResult result = read_block(c, buffer + (size_t)c->moved * size, size, &length);

        if (result != MEDIUM_OK || length != size) {
            scsi_task_in(c->task, (size_t)c->moved * size);
            ssc_counters_bytes_read(&c->drive->counters, c->task->in->len);
            return result == MEDIUM_OK ? incorrect_length((int64_t)count - c->moved)
                                       : stopped(c, result, count - c->moved);
        }
    }
    if (c->moved < count) {
        return ssc_in_turns(read_here);
    }
    ssc_counters_bytes_read(&c->drive->counters, c->announced);
    return ssc_good();
}

static Outcome read_now(SscCommand *c)
{
    return c->cdb[1] & FIXED ? read_fixed(c) : read_variable(c);
}

/* Backwards the host's page cache has most of it, and the buffer needs no disk. */
static Outcome read_here(SscCommand *c)
{
    uint32_t left = c->announced - c->moved * c->drive->mode.block_length;

    return c->row->flags & (ROW_RECOVERS | ROW_REVERSE) ? read_now(c)
                                                        : ssc_when_fetched(left, read_now);
}

static Outcome read_there(SscCommand *c)
{
    return ssc_at_address(c, read_here);
}

/* Going backwards leaves the place where the buffer belongs: it is written out first. */
static Outcome read_from_tape(SscCommand *c)
{
    return c->row->flags & ROW_REVERSE ? ssc_when_synced(c, read_there) : read_there(c);
}

/* SSC-3 § 5.3, 5.4, 7.10 */
Outcome ssc_read_tape(SscCommand *c)
{
    uint32_t bytes = 0;
    Outcome outcome = ssc_transfer_length(c, &bytes);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    if ((c->cdb[1] & FIXED) && (c->cdb[1] & SILI)) {
        return ssc_illegal_field(1, 1);
    }
    if (c->row->flags & ROW_REVERSE && !c->drive->reversed &&
        !(c->drive->reversed = g_try_malloc(MEDIUM_BLOCK_MAX))) {
        return ssc_check(SENSE_INSUFFICIENT_RESOURCES);
    }
    return ssc_move_data(bytes, read_from_tape);
}

/* One block of VERIFY: read, and compared if the host sent bytes for it. */
static Outcome verify_block(SscCommand *c, uint8_t *buffer, uint32_t size, const uint8_t *expected,
                            int64_t residual, bool fixed)
{
    size_t length;
    MediumResult result = read_block(c, buffer, size, &length);

    if (result != MEDIUM_OK) {
        return ssc_of_medium(c, result, ACT_READ, (uint64_t)residual);
    }
    if (length != size) {
        return incorrect_length(fixed ? residual : (int64_t)size - (int64_t)length);
    }
    if (!expected || memcmp(buffer, expected, size) == 0) {
        return ssc_good();
    }
    return fixed ? ssc_check_information(SENSE_MISCOMPARE, residual) : ssc_check(SENSE_MISCOMPARE);
}

static Outcome verify_here(SscCommand *c);

static Outcome compare_blocks(SscCommand *c)
{
    bool fixed = c->cdb[1] & FIXED, compare = c->cdb[1] & BYTCMP;
    uint32_t length = get_be24(c->cdb + (c->row->command->length == 6 ? 2 : 12));
    uint32_t size = fixed ? c->drive->mode.block_length : length;
    uint32_t count = fixed ? length : 1;
    const uint8_t *expected = compare ? g_bytes_get_data(c->task->out, NULL) : NULL;
    g_autofree uint8_t *buffer = g_try_malloc(size);
    Outcome outcome = buffer || size == 0 ? ssc_good() : ssc_check(SENSE_INSUFFICIENT_RESOURCES);

    for (uint32_t turn = SSC_TURN; c->moved < count && ssc_outcome_is_good(&outcome); c->moved++) {
        if (turn-- == 0) {
            return ssc_in_turns(verify_here);
        }
        outcome =
            verify_block(c, buffer, size, expected ? expected + (size_t)c->moved * size : NULL,
                         fixed ? (int64_t)count - c->moved : length, fixed);
    }
    return outcome;
}

/* With IMMED the host has its GOOD before the tape moves, so a deferred error reports the result.
 */
static Outcome verify_here(SscCommand *c)
{
    Outcome outcome = compare_blocks(c);

    return outcome.kind == OUTCOME_DONE && (c->cdb[1] & IMMED) ? ssc_defer(c->drive, outcome)
                                                               : outcome;
}

static Outcome verify_there(SscCommand *c)
{
    return ssc_at_address(c, verify_here);
}

/* SSC-3 § 5.5. Without BYTCMP the drive looks for itself whether blocks can be read. */
Outcome ssc_verify_tape(SscCommand *c)
{
    uint32_t bytes = 0;
    Outcome outcome = ssc_transfer_length(c, &bytes);

    if (!ssc_outcome_is_good(&outcome) || bytes == 0) {
        return outcome;
    }
    return c->cdb[1] & BYTCMP ? ssc_move_data(bytes, verify_there) : verify_there(c);
}
