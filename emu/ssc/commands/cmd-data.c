/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Onto the tape: WRITE, WRITE FILEMARKS, ERASE; and READ BLOCK LIMITS. */
#include "emu/ssc/commands/cmd-data.h"
#include "emu/ssc/commands/cmd-position.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* SSC-3 § 7.5 */
Outcome ssc_read_block_limits(SscCommand *c)
{
    SscBlockLimits limits = ssc_drive_limits(c->drive);

    byte_writer_u8(&c->reply, limits.granularity);
    byte_writer_be24(&c->reply, limits.max);
    byte_writer_be16(&c->reply, limits.min);
    return ssc_reply(c, (uint32_t)c->reply.length);
}

/* TRANSFER LENGTH, or a number of marks: where each form of a command has it. */
static unsigned count_byte(const SscCommand *c)
{
    return c->row->command->length == 6 ? 2 : 12;
}

Outcome ssc_transfer_length(SscCommand *c, uint32_t *bytes)
{
    uint64_t length = get_be24(c->cdb + count_byte(c));

    if (c->cdb[1] & 0x01) { /* FIXED */
        if (c->drive->model->variable_only) {
            return ssc_check(SENSE_COMMAND_SEQUENCE_ERROR);
        }
        if (c->drive->mode.block_length == 0) {
            return ssc_illegal_field(1, 0);
        }
        length *= c->drive->mode.block_length;
    }
    if (length > SCSI_DATA_MAX) {
        return ssc_illegal_field(count_byte(c), -1);
    }
    *bytes = (uint32_t)length;
    return ssc_check_address(c);
}

static void tell_compression(SscDrive *drive)
{
    if (!drive->cartridge.compression_set) {
        medium_set_compression(drive->cartridge.medium, ssc_mode_compresses(drive));
        drive->cartridge.compression_set = true;
    }
}

static Outcome write_blocks(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool fixed = c->cdb[1] & 0x01;
    uint32_t size = fixed ? drive->mode.block_length : c->announced;
    uint32_t count = c->announced / size, turn = MIN(count - c->moved, SSC_TURN);
    MediumResult result = MEDIUM_OK;

    Outcome room = c->moved > 0 ? ssc_good() : ssc_buffer_make_room(c, c->announced);
    if (!ssc_outcome_is_good(&room)) {
        c->task->out_unused = c->announced;
        return room;
    }
    tell_compression(drive);
    for (; turn > 0; turn--, c->moved++) {
        result = ssc_buffer_write(c, (size_t)c->moved * size, size);
        c->warned = c->warned || result == MEDIUM_EARLY_WARNING;
        if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
            break;
        }
    }
    if (turn == 0 && c->moved < count) {
        return ssc_in_turns(write_blocks);
    }
    c->task->out_unused = c->announced - c->moved * size;

    /* Early warning is reported after the whole write (SSC-3 § 5.6), so the residue is 0. */
    uint32_t left = count - c->moved;
    Outcome outcome =
        left == 0 ? ssc_of_medium(c, c->warned ? MEDIUM_EARLY_WARNING : MEDIUM_OK, ACT_WRITE, 0)
                  : ssc_of_medium(c, result, ACT_WRITE, fixed ? left : c->announced);
    return ssc_buffer_bypassed(drive) ? ssc_report_when_synced(c, outcome) : outcome;
}

static Outcome write_there(SscCommand *c)
{
    return ssc_at_address(c, write_blocks);
}

/*
 * SSC-3 § 5.6. FCS and LCS bracket a sequence of commands that may be queued: here there is
 * one at a time, and nothing to do for them.
 */
Outcome ssc_write_tape(SscCommand *c)
{
    SscBlockLimits limits = ssc_drive_limits(c->drive);
    bool fixed = c->cdb[1] & 0x01;
    uint32_t bytes = 0;
    Outcome outcome = ssc_transfer_length(c, &bytes);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    uint32_t size = fixed ? c->drive->mode.block_length : bytes;
    if (bytes > 0 &&
        (size < limits.min || size > limits.max || size % (1u << limits.granularity) != 0)) {
        return ssc_illegal_field(count_byte(c), -1);
    }
    return ssc_move_data(bytes, write_there);
}

static Outcome write_marks(SscCommand *c)
{
    bool immed = c->cdb[1] & 0x01;
    MediumMark mark = c->cdb[1] & 0x02 ? MEDIUM_MARK_SETMARK : MEDIUM_MARK_FILEMARK;
    uint32_t count = get_be24(c->cdb + count_byte(c)), turn = MIN(count - c->moved, SSC_TURN);
    uint64_t written = 0;
    Outcome outcome = ssc_good();

    if (c->moved == 0) {
        outcome = immed ? ssc_buffer_make_room(c, 0) : ssc_buffer_retry_held(c);
    }
    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    if (count > 0) {
        MediumResult result = ssc_buffer_write_marks(c, mark, turn, &written);

        c->moved += (uint32_t)written;
        c->warned = c->warned || result == MEDIUM_EARLY_WARNING;
        if (written == turn && c->moved < count) {
            return ssc_in_turns(write_marks);
        }
        result = c->warned && written == turn ? MEDIUM_EARLY_WARNING : result;
        outcome = ssc_of_medium(c, result, ACT_WRITE, count - c->moved);
    }
    return immed && !ssc_buffer_bypassed(c->drive) ? outcome : ssc_report_when_synced(c, outcome);
}

/* SSC-3 § 5.7. Without IMMED everything written before is safe when it ends, count 0 included.
 */
Outcome ssc_write_filemarks(SscCommand *c)
{
    bool immed = c->cdb[1] & 0x01;
    Outcome outcome = ssc_check_address(c);

    if (immed && c->drive->mode.buffered_mode == 0) {
        return ssc_illegal_field(1, 0);
    }
    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    return get_be24(c->cdb + count_byte(c)) > 0 ? ssc_at_address(c, write_marks) : write_marks(c);
}

static Outcome erase_here(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool immed = c->cdb[1] & 0x02, whole = c->cdb[1] & 0x01;
    Outcome outcome = ssc_of_medium(c, medium_erase(drive->cartridge.medium, whole), ACT_OTHER, 0);

    drive->cartridge.dirty = true;
    return immed ? ssc_report_before_sync(c, outcome) : ssc_report_when_synced(c, outcome);
}

/* SSC-3 § 5.2. With LONG or without, all data from here on is lost: data behind a gap is
 * unreachable. */
Outcome ssc_erase_tape(SscCommand *c)
{
    Outcome outcome = ssc_check_address(c);

    return ssc_outcome_is_good(&outcome) ? ssc_at_address(c, erase_here) : outcome;
}
