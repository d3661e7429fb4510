/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks and marks: READ, WRITE, WRITE FILEMARKS, ERASE, VERIFY, READ BLOCK LIMITS. */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

/* SSC-3 § 7.5 */
Outcome read_block_limits(SscCommand *c)
{
    SscBlockLimits limits = ssc_drive_limits(c->drive);

    byte_writer_u8(&c->reply, limits.granularity);
    byte_writer_be24(&c->reply, limits.max);
    byte_writer_be16(&c->reply, limits.min);
    return reply(c, (uint32_t)c->reply.length);
}

/*
 * The byte count behind FIXED and TRANSFER LENGTH (SSC-3 § 4.2.9). Not good: FIXED without a block
 * length, or more than one command may move.
 */
static Outcome transfer_length(SscCommand *c, uint32_t *bytes)
{
    uint64_t length = get_be24(c->cdb + 2);

    if (c->cdb[1] & 0x01) { /* FIXED */
        if (c->drive->model->variable_only) {
            return check(SENSE_COMMAND_SEQUENCE_ERROR);
        }
        if (c->drive->mode.block_length == 0) {
            return illegal_field(1, 0);
        }
        length *= c->drive->mode.block_length;
    }
    if (length > SCSI_DATA_MAX) {
        return illegal_field(2, -1);
    }
    *bytes = (uint32_t)length;
    return good();
}

/* The next block; setmarks are read over unless the host wants to hear of them (RSMK). */
static MediumResult read_block(SscCommand *c, uint8_t *buffer, size_t capacity, size_t *length)
{
    MediumResult result;

    do {
        result = medium_read(c->drive->medium, buffer, capacity, length);
    } while (result == MEDIUM_SETMARK && !ssc_mode_reports_setmarks(c->drive));
    return result;
}

static Outcome incorrect_length(int64_t residual)
{
    Outcome outcome = check_information(SENSE_NO_SENSE, residual);

    outcome.sense.ili = true;
    return outcome;
}

/* One block of any length: what was asked for less what it has is the residual, either sign. */
static Outcome read_variable(SscCommand *c)
{
    uint32_t wanted = c->announced;
    bool sili = c->cdb[1] & 0x02;
    size_t length;
    MediumResult result = read_block(c, scsi_task_in(c->task, wanted), wanted, &length);

    scsi_task_in(c->task, result == MEDIUM_OK ? MIN(length, wanted) : 0);
    c->drive->bytes_read += c->task->in->len;
    if (result != MEDIUM_OK) {
        return of_medium(c, result, ACT_READ, wanted);
    }
    if (length == wanted) {
        return good();
    }
    /* SILI hides a short block; a long one only if the block length is 0 (SSC-3 § 5.3). */
    if (sili && (length < wanted || c->drive->mode.block_length == 0)) {
        return good();
    }
    return incorrect_length((int64_t)wanted - (int64_t)length);
}

/* Blocks of one length; the residual counts blocks, a block of another length is not counted. */
static Outcome read_fixed(SscCommand *c)
{
    uint32_t size = c->drive->mode.block_length;
    uint32_t count = c->announced / size;
    uint8_t *buffer = scsi_task_in(c->task, c->announced);
    uint32_t done;

    for (done = 0; done < count; done++) {
        size_t length;
        MediumResult result = read_block(c, buffer + (size_t)done * size, size, &length);

        if (result != MEDIUM_OK || length != size) {
            scsi_task_in(c->task, (size_t)done * size);
            c->drive->bytes_read += c->task->in->len;
            return result == MEDIUM_OK ? incorrect_length((int64_t)count - done)
                                       : of_medium(c, result, ACT_READ, count - done);
        }
    }
    c->drive->bytes_read += c->announced;
    return good();
}

/* SSC-3 § 5.3 */
Outcome read_6(SscCommand *c)
{
    bool fixed = c->cdb[1] & 0x01, sili = c->cdb[1] & 0x02;
    uint32_t bytes = 0;
    Outcome outcome = transfer_length(c, &bytes);

    if (!outcome_is_good(&outcome)) {
        return outcome;
    }
    if (fixed && sili) {
        return illegal_field(1, 1);
    }
    return move_data(bytes, fixed ? read_fixed : read_variable);
}

static void tell_compression(SscDrive *drive)
{
    if (!drive->compression_told) {
        medium_set_compression(drive->medium, ssc_mode_compresses(drive));
        drive->compression_told = true;
    }
}

static Outcome write_blocks(SscCommand *c)
{
    SscDrive *drive = c->drive;
    const uint8_t *data = g_bytes_get_data(c->task->out, NULL);
    bool fixed = c->cdb[1] & 0x01;
    uint32_t size = fixed ? drive->mode.block_length : c->announced;
    uint32_t count = c->announced / size, done;
    bool warned = false;
    MediumResult result = MEDIUM_OK;

    tell_compression(drive);
    for (done = 0; done < count; done++) {
        result = medium_write(drive->medium, data + (size_t)done * size, size);
        warned = warned || result == MEDIUM_EARLY_WARNING;
        if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
            break;
        }
    }
    ssc_drive_buffer(drive, done, (uint64_t)done * size);
    c->task->out_unused = c->announced - done * size;

    /* Early warning is told once everything is written (SSC-3 § 5.6), so nothing is left. */
    Outcome outcome = done == count
                          ? of_medium(c, warned ? MEDIUM_EARLY_WARNING : MEDIUM_OK, ACT_WRITE, 0)
                          : of_medium(c, result, ACT_WRITE, fixed ? count - done : c->announced);
    return drive->mode.buffered_mode == 0 ? hold_until_synced(c, outcome) : outcome;
}

/* SSC-3 § 5.6 */
Outcome write_6(SscCommand *c)
{
    SscBlockLimits limits = ssc_drive_limits(c->drive);
    bool fixed = c->cdb[1] & 0x01;
    uint32_t bytes = 0;
    Outcome outcome = transfer_length(c, &bytes);

    if (!outcome_is_good(&outcome)) {
        return outcome;
    }
    uint32_t size = fixed ? c->drive->mode.block_length : bytes;
    if (bytes > 0 &&
        (size < limits.min || size > limits.max || size % (1u << limits.granularity) != 0)) {
        return illegal_field(2, -1);
    }
    return move_data(bytes, write_blocks);
}

/* SSC-3 § 5.7. Without IMMED everything written before is safe when it ends, count 0 included. */
Outcome write_filemarks_6(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool immed = c->cdb[1] & 0x01;
    MediumMark mark = c->cdb[1] & 0x02 ? MEDIUM_MARK_SETMARK : MEDIUM_MARK_FILEMARK;
    uint32_t count = get_be24(c->cdb + 2);
    uint64_t written = 0;
    Outcome outcome = good();

    if (immed && drive->mode.buffered_mode == 0) {
        return illegal_field(1, 0);
    }
    if (count > 0) {
        MediumResult result = medium_write_marks(drive->medium, mark, count, &written);

        ssc_drive_buffer(drive, written, 0);
        outcome = of_medium(c, result, ACT_WRITE, count - written);
    }
    return immed ? outcome : hold_until_synced(c, outcome);
}

/* SSC-3 § 5.2. LONG or not, everything from here on is gone: what follows a gap is lost. */
Outcome erase_6(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool immed = c->cdb[1] & 0x02, whole = c->cdb[1] & 0x01;
    Outcome outcome = of_medium(c, medium_erase(drive->medium, whole), ACT_OTHER, 0);

    drive->dirty = true;
    return immed ? good_but_dirty(c, outcome) : hold_until_synced(c, outcome);
}

/* One block of VERIFY: read, and compared if the host sent bytes for it. */
static Outcome verify_block(SscCommand *c, uint8_t *buffer, uint32_t size, const uint8_t *expected,
                            int64_t residual, bool fixed)
{
    size_t length;
    MediumResult result = read_block(c, buffer, size, &length);

    if (result != MEDIUM_OK) {
        return of_medium(c, result, ACT_READ, (uint64_t)residual);
    }
    if (length != size) {
        return incorrect_length(fixed ? residual : (int64_t)size - (int64_t)length);
    }
    return expected && memcmp(buffer, expected, size) != 0 ? check(SENSE_MISCOMPARE) : good();
}

static Outcome verify_blocks(SscCommand *c)
{
    bool fixed = c->cdb[1] & 0x01, compare = c->cdb[1] & 0x02;
    uint32_t length = get_be24(c->cdb + 2);
    uint32_t size = fixed ? c->drive->mode.block_length : length;
    uint32_t count = fixed ? length : 1;
    const uint8_t *expected = compare ? g_bytes_get_data(c->task->out, NULL) : NULL;
    g_autofree uint8_t *buffer = g_malloc(size);
    Outcome outcome = good();

    for (uint32_t i = 0; i < count && outcome_is_good(&outcome); i++) {
        outcome = verify_block(c, buffer, size, expected ? expected + (size_t)i * size : NULL,
                               fixed ? (int64_t)count - i : length, fixed);
    }
    return outcome;
}

/* SSC-3 § 7.16. Without BYTCMP the drive looks for itself whether blocks can be read. */
Outcome verify_6(SscCommand *c)
{
    uint32_t bytes = 0;
    Outcome outcome = transfer_length(c, &bytes);

    if (!outcome_is_good(&outcome) || bytes == 0) {
        return outcome;
    }
    return c->cdb[1] & 0x02 ? move_data(bytes, verify_blocks) : verify_blocks(c);
}
