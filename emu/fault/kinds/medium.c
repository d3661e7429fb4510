/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tapes that cannot be read or written, or whose content is wrong. */
#include <string.h>

#include "emu/fault/at-medium.h"
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

enum { SENSE };

/* ---- errors ---- */

#define UNRECOVERED_READ 0x031100
#define WRITE_ERROR      0x030c00
#define VOLUME_OVERFLOW  0x0d0002

/* Replaces 03/11/00 or 03/0C/00 of the drive, if the rule names another sense code. */
static void replace_sense(const FaultRule *rule, int64_t usual)
{
    if (fault_number(rule, SENSE) != usual) {
        at_task_translate(rule->plan->in_place->at_task, fault_number(rule, SENSE), false, 0);
    }
}

static bool read_error(FaultRule *rule, FaultMotion *motion)
{
    replace_sense(rule, UNRECOVERED_READ);
    motion->capacity = 0;
    at_medium_below(motion);
    *motion->length = 0;
    motion->result = MEDIUM_READ_ERROR;
    return true;
}

const FaultKind fault_medium_read_error = {
    .name = "medium.read-error",
    .about = "the block cannot be read",
    .right = "report it; it is not the end of the data",
    .evidence = "bareos #137, #138, #1034: a read error taken for the end, silently",
    .example = "{name: medium.read-error, on: \"READ(6)\", record: 12}",
    .class_ = FAULT_REPORTED,
    .params = { { "sense", "what it says", FAULT_SENSE, "03/11/00" } },
    .only = FAULT_READS,
    .motions = FAULT_MOTION_READ,
    .fits = at_medium_before_block,
    .on_motion = read_error,
};

/* True if a filemark is just before the head. */
static bool after_filemark(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;
    TapeMedium *tape = at_medium_tape(motion->at);
    MediumPosition position;
    MediumResult result;
    size_t length;

    medium_position(tape, &position);
    if (position.bop || !at_medium_before_block(rule, subject)) {
        return false;
    }
    result = medium_read_reverse(tape, NULL, 0, &length);
    medium_locate(tape, position.partition, MEDIUM_LOCATE_OBJECT, position.object);
    return result == MEDIUM_FILEMARK;
}

const FaultKind fault_medium_read_error_after_filemark = {
    .name = "medium.read-error-after-filemark",
    .about = "the first block of a file (not the tape's first) cannot be read",
    .right = "report it; it is not the end of the tape",
    .evidence = "bareos #138",
    .example = "{name: medium.read-error-after-filemark, on: \"READ(6)\", file: 1}",
    .class_ = FAULT_REPORTED,
    .params = { { "sense", "what it says", FAULT_SENSE, "03/11/00" } },
    .only = FAULT_READS,
    .motions = FAULT_MOTION_READ,
    .fits = after_filemark,
    .on_motion = read_error,
};

static bool write_error(FaultRule *rule, FaultMotion *motion)
{
    replace_sense(rule, WRITE_ERROR);
    if (motion->kind == FAULT_MOTION_MARKS) {
        *motion->moved = 0;
    }
    motion->result = MEDIUM_WRITE_ERROR;
    return true;
}

const FaultKind fault_medium_write_error = {
    .name = "medium.write-error",
    .about = "the block or mark cannot be written",
    .right = "report it, end the job; what was acknowledged before is on tape after a sync",
    .evidence = "mhvtl #99 (software then locks the drive)",
    .example = "{name: medium.write-error, on: \"WRITE(6)#20\"}",
    .class_ = FAULT_REPORTED,
    .params = { { "sense", "what it says", FAULT_SENSE, "03/0c/00" } },
    .motions = FAULT_MOTION_WRITE | FAULT_MOTION_MARKS,
    .on_motion = write_error,
};

enum { DEFERRED_SENSE, DEFERRED_BY };

static bool deferred_error(FaultRule *rule, FaultMotion *motion)
{
    motion->result = at_medium_cut(motion->at);
    if (motion->result == MEDIUM_OK) {
        at_medium_shift(motion->at, 1);
        at_task_defer(rule->plan->in_place->at_task, (unsigned)fault_number(rule, DEFERRED_BY),
                      fault_number(rule, DEFERRED_SENSE));
    }
    return true;
}

const FaultKind fault_medium_deferred_error = {
    .name = "medium.deferred-error",
    .about = "GOOD for a block that is lost; a deferred error says so `by` commands later",
    .right = "report it as an error of an earlier write; the job's data is not whole",
    .evidence = "SPC-3 § 4.5.7; buffered mode",
    .example = "{name: medium.deferred-error, on: \"WRITE(6)#20\", sense: 03/0c/00, by: 3}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "sense", "what it says (71h)", FAULT_SENSE, "03/0c/00" },
                { "by", "commands until then", FAULT_NUMBER, "2", 1, 1000 } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .on_motion = deferred_error,
};

/* ---- the end of the tape ---- */

enum { EARLY_AT, EARLY_GAP };

static bool beyond(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->position.used + motion->size >= (uint64_t)fault_number(rule, 0);
}

static bool end_here(FaultMotion *motion)
{
    motion->result = at_medium_cut(motion->at);
    motion->result = motion->result == MEDIUM_OK ? MEDIUM_END_OF_PARTITION : motion->result;
    return true;
}

static bool early_warning(FaultRule *rule, FaultMotion *motion)
{
    int64_t gap = fault_number(rule, EARLY_GAP);

    if (gap > 0 &&
        motion->position.used + motion->size > (uint64_t)(fault_number(rule, EARLY_AT) + gap)) {
        return end_here(motion);
    }
    at_medium_below(motion);
    motion->result = motion->result == MEDIUM_OK ? MEDIUM_EARLY_WARNING : motion->result;
    return true;
}

const FaultKind fault_medium_early_warning = {
    .name = "medium.early-warning",
    .about = "early warning from `at` on, and the end of the tape `gap` bytes later",
    .right = "end the volume: what was written with the warning is on tape",
    .evidence = "Linux st: ENOSPC; LTFS #331 (a gap of 30 MiB)",
    .example = "{name: medium.early-warning, at: 8MiB, gap: 1MiB}",
    .class_ = FAULT_TRANSPARENT,
    .always = true,
    .params = { { "at", "bytes from the beginning", FAULT_SIZE },
                { "gap", "bytes to the end; 0: the cartridge's", FAULT_SIZE, "0" } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = beyond,
    .on_motion = early_warning,
};

enum { UNWARNED_SENSE, UNWARNED_AT };

/* The place of the end: that of the cartridge, or `at`. */
static uint64_t unwarned_end(const FaultRule *rule, const MediumPartition *partition)
{
    int64_t at = fault_number(rule, UNWARNED_AT);

    return at > 0 ? MIN((uint64_t)at, partition->capacity) : partition->capacity;
}

static bool warned_of(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;
    MediumPartition partition;
    uint64_t end = motion->position.used + motion->size;

    medium_partition(at_medium_tape(motion->at), motion->position.partition, &partition);
    return end >= partition.early_warning || end > unwarned_end(rule, &partition);
}

static bool no_warning(FaultRule *rule, FaultMotion *motion)
{
    MediumPartition partition;

    medium_partition(at_medium_tape(motion->at), motion->position.partition, &partition);
    if (motion->position.used + motion->size > unwarned_end(rule, &partition)) {
        replace_sense(rule, VOLUME_OVERFLOW);
        if (motion->kind == FAULT_MOTION_MARKS) {
            *motion->moved = 0;
        }
        return end_here(motion);
    }
    at_medium_below(motion);
    motion->result = motion->result == MEDIUM_EARLY_WARNING ? MEDIUM_OK : motion->result;
    return true;
}

const FaultKind fault_medium_no_early_warning = {
    .name = "medium.no-early-warning",
    .about = "the end of the tape comes without a warning before it, perhaps already at `at`",
    .right = "take the volume overflow for the end: the last block is not on tape",
    .evidence = "tgt's tape; amtapetype fails",
    .example = "{name: medium.no-early-warning, at: 8MiB}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "sense", "what it says there", FAULT_SENSE, "0d/00/02" },
                { "at", "bytes from the beginning; 0: the cartridge's end", FAULT_SIZE, "0" } },
    .only = FAULT_WRITES ", " FAULT_MARKS,
    .motions = FAULT_MOTION_WRITE | FAULT_MOTION_MARKS,
    .fits = warned_of,
    .on_motion = no_warning,
};

enum { OVERFLOW_AT, OVERFLOW_RESIDUAL };

static bool overflow(FaultRule *rule, FaultMotion *motion)
{
    if (fault_number(rule, OVERFLOW_RESIDUAL)) {
        at_task_translate(rule->plan->in_place->at_task, 0, true, 0);
    }
    return end_here(motion);
}

static bool end_early(FaultRule *rule, FaultMotion *motion)
{
    return end_here(motion);
}

const FaultKind fault_medium_volume_overflow = {
    .name = "medium.volume-overflow",
    .about = "the tape ends at `at`: VOLUME OVERFLOW, and the block is not written",
    .right = "write that block again, on the next volume",
    .evidence = "bareos #2002 (last blocks announced, not on tape)",
    .example = "{name: medium.volume-overflow, at: 8MiB}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "at", "bytes from the beginning", FAULT_SIZE },
                { "residual", "what INFORMATION says was not written; lie: nothing", FAULT_CHOICE,
                  "true", .words = "true lie" } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = beyond,
    .on_motion = overflow,
};

enum { PERCENT };

static bool beyond_percent(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->position.capacity != G_MAXUINT64 &&
           motion->position.used + motion->size >
               motion->position.capacity / 100 * (uint64_t)fault_number(rule, PERCENT);
}

const FaultKind fault_medium_eom_early = {
    .name = "medium.eom-early",
    .about = "the tape ends after `percent` of its capacity",
    .right = "go on with the next volume",
    .evidence = "mt-st #22 (650 GB of 6 TB)",
    .example = "{name: medium.eom-early, percent: 50}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "percent", "of the partition", FAULT_NUMBER, "10", 0, 99 } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = beyond_percent,
    .on_motion = end_early,
};

/* ---- what reading finds ---- */

static bool at_end(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return !motion->reverse && motion->capacity > 0 && at_medium_peek(motion->at) == MEDIUM_EOD &&
           at_medium_previous(motion->at);
}

static bool old_data(FaultRule *rule, FaultMotion *motion)
{
    gsize size;
    const uint8_t *old = g_bytes_get_data(at_medium_previous(motion->at), &size);

    size = MIN(size, motion->capacity);
    memcpy(motion->buffer, old, size);
    *motion->length = size;
    at_medium_shift(motion->at, 1);
    motion->result = MEDIUM_OK;
    return true;
}

const FaultKind fault_medium_blank_check_missing = {
    .name = "medium.blank-check-missing",
    .about = "beyond the end of data there is old data instead of a blank check",
    .right = "know by its contents that it does not belong to the job",
    .evidence = "drives that do not write an end-of-data mark after a power cut",
    .example = "{name: medium.blank-check-missing, on: \"READ(6)\"}",
    .class_ = FAULT_DESTRUCTIVE,
    .only = FAULT_READS,
    .motions = FAULT_MOTION_READ,
    .wants_previous = true,
    .fits = at_end,
    .on_motion = old_data,
};

enum { ILI_LENGTH, ILI_BY, ILI_INFORMATION };
enum { ILI_SHORT, ILI_OVER };

static bool wrong_length(FaultRule *rule, FaultMotion *motion)
{
    size_t by = (size_t)fault_number(rule, ILI_BY), length;

    at_medium_below(motion);
    length = *motion->length;
    if (fault_number(rule, ILI_LENGTH) == ILI_SHORT) {
        *motion->length = length > by ? length - by : 1;
    } else {
        *motion->length = MIN(length + by, MEDIUM_BLOCK_MAX);
    }
    if (fault_number(rule, ILI_INFORMATION)) {
        at_task_translate(rule->plan->in_place->at_task, 0, true, 0);
    }
    return true;
}

const FaultKind fault_medium_ili = {
    .name = "medium.ili",
    .about = "a block is shorter or longer than it was written: ILI; `lie`: INFORMATION is 0",
    .right = "report a short block as short, a longer one as an error (ENOMEM)",
    .evidence = "bareos #1496",
    .example = "{name: medium.ili, on: \"READ(6)\", record: 12, length: over}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "length", "it is too…", FAULT_CHOICE, "short", .words = "short over" },
                { "by", "bytes", FAULT_SIZE, "512", 1, MEDIUM_BLOCK_MAX },
                { "lie", "INFORMATION does not say how much", FAULT_BOOL, "false" } },
    .only = FAULT_READS,
    .motions = FAULT_MOTION_READ,
    .fits = at_medium_before_block,
    .on_motion = wrong_length,
};

enum { MARK_HOW };
enum { MARK_LOST, MARK_EXTRA };

static bool mark_fits(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->kind == FAULT_MOTION_MARKS || fault_number(rule, MARK_HOW) == MARK_EXTRA;
}

static bool lose_mark(FaultMotion *motion)
{
    motion->result = at_medium_cut(motion->at);
    if (motion->result == MEDIUM_OK) {
        *motion->moved = (uint64_t)motion->count;
        at_medium_shift(motion->at, (int)MIN(motion->count, G_MAXINT));
    }
    return true;
}

static bool add_mark(FaultMotion *motion)
{
    uint64_t written;

    if (medium_write_marks(at_medium_tape(motion->at), MEDIUM_MARK_FILEMARK, 1, &written) ==
        MEDIUM_OK) {
        at_medium_shift(motion->at, -1);
    }
    at_medium_below(motion);
    return true;
}

static bool mark(FaultRule *rule, FaultMotion *motion)
{
    return fault_number(rule, MARK_HOW) == MARK_LOST ? lose_mark(motion) : add_mark(motion);
}

const FaultKind fault_medium_filemark = {
    .name = "medium.filemark",
    .about = "a filemark is lost, or one too many is written before the block or mark",
    .right = "notice that files are not where the catalogue says",
    .evidence = "bareos #2001",
    .example = "{name: medium.filemark, on: \"WRITE FILEMARKS(6)\", how: extra}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "how", "lost or extra", FAULT_CHOICE, "lost", .words = "lost extra" } },
    .only = FAULT_MARKS ", " FAULT_WRITES,
    .motions = FAULT_MOTION_MARKS | FAULT_MOTION_WRITE,
    .fits = mark_fits,
    .on_motion = mark,
};

enum { ROT_BITS };

static void flip_bits(FaultRule *rule, uint8_t *bytes, size_t size)
{
    int64_t i;

    for (i = 0; i < fault_number(rule, ROT_BITS); i++) {
        uint64_t bit = random_below(&rule->random, 8 * size);

        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
}

static bool bit_rot(FaultRule *rule, FaultMotion *motion)
{
    const uint8_t *own = motion->data;
    g_autofree uint8_t *rotten = NULL;

    if (motion->kind == FAULT_MOTION_WRITE) {
        rotten = g_memdup2(own, motion->size);
        flip_bits(rule, rotten, motion->size);
        motion->data = rotten;
        at_medium_below(motion);
        motion->data = own;
        return true;
    }
    at_medium_below(motion);
    if (MIN(*motion->length, motion->capacity) > 0) {
        flip_bits(rule, motion->buffer, MIN(*motion->length, motion->capacity));
    }
    return true;
}

static bool has_bytes(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->kind == FAULT_MOTION_WRITE ||
           (motion->capacity > 0 && at_medium_before_block(rule, subject));
}

const FaultKind fault_medium_bit_rot = {
    .name = "medium.bit-rot",
    .about = "bits of a block are flipped, as it is written or as it is read",
    .right = "only a comparison of the contents, or a checksum of one's own, sees it",
    .evidence = "what checksums in backup formats are for",
    .example = "{name: medium.bit-rot, on: \"READ(6)\", record: 12, bits: 3}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "bits", "how many", FAULT_NUMBER, "1", 1, 10000 } },
    .only = FAULT_READS ", " FAULT_WRITES,
    .motions = FAULT_MOTION_READ | FAULT_MOTION_WRITE,
    .fits = has_bytes,
    .on_motion = bit_rot,
};

enum { SWAP_A, SWAP_B };

static bool is_swapped(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;
    uint64_t at = motion->position.object;

    return (at == (uint64_t)fault_number(rule, SWAP_A) ||
            at == (uint64_t)fault_number(rule, SWAP_B)) &&
           at_medium_before_block(rule, subject);
}

static bool swap(FaultRule *rule, FaultMotion *motion)
{
    TapeMedium *tape = at_medium_tape(motion->at);
    uint64_t a = (uint64_t)fault_number(rule, SWAP_A), b = (uint64_t)fault_number(rule, SWAP_B);
    g_autofree uint8_t *other = g_malloc(motion->capacity + 1);
    MediumPosition after;
    size_t length;

    at_medium_below(motion);
    medium_position(tape, &after);
    if (medium_locate(tape, after.partition, MEDIUM_LOCATE_OBJECT,
                      motion->position.object == a ? b : a) == MEDIUM_OK &&
        medium_read(tape, other, motion->capacity, &length) == MEDIUM_OK) {
        memcpy(motion->buffer, other, MIN(length, motion->capacity));
        *motion->length = length;
    }
    medium_locate(tape, after.partition, MEDIUM_LOCATE_OBJECT, after.object);
    return true;
}

static const char *check_swap(const FaultRule *rule)
{
    return fault_number(rule, SWAP_A) == fault_number(rule, SWAP_B)
               ? "'a' and 'b' are the same object"
               : NULL;
}

const FaultKind fault_medium_swap_records = {
    .name = "medium.swap-records",
    .about = "two blocks of the tape have changed places",
    .right = "nothing shows it but a comparison of the contents",
    .evidence = "the twin of queue.reorder, at rest",
    .example = "{name: medium.swap-records, a: 3, b: 4}",
    .class_ = FAULT_DESTRUCTIVE,
    .always = true,
    .params = { { "a", "object number", FAULT_NUMBER, NULL, 0, 1ll << 48 },
                { "b", "object number", FAULT_NUMBER, NULL, 0, 1ll << 48 } },
    .only = FAULT_READS,
    .motions = FAULT_MOTION_READ,
    .check = check_swap,
    .fits = is_swapped,
    .on_motion = swap,
};

/* ---- the head is elsewhere ---- */

enum { LAG, LAG_FOR };

static bool moves_far_enough(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    if (motion->kind == FAULT_MOTION_LOCATE) {
        return motion->locate == MEDIUM_LOCATE_OBJECT &&
               motion->number >= (uint64_t)fault_number(rule, LAG) &&
               motion->partition == motion->position.partition;
    }
    return motion->count > 0 && motion->space != MEDIUM_SPACE_EOD;
}

static bool lag(FaultRule *rule, FaultMotion *motion)
{
    TapeMedium *tape = at_medium_tape(motion->at);
    uint64_t records = (uint64_t)fault_number(rule, LAG);
    MediumPosition position;

    at_medium_below(motion);
    medium_position(tape, &position);
    if (motion->result != MEDIUM_OK || position.object < records) {
        return true;
    }
    medium_locate(tape, position.partition, MEDIUM_LOCATE_OBJECT, position.object - records);
    at_medium_start_lag(motion->at, records, fault_number(rule, LAG_FOR));
    return true;
}

const FaultKind fault_drive_locate_lag = {
    .name = "drive.locate-lag",
    .about = "LOCATE or SPACE forward ends `records` objects short with GOOD; after `for` the tape "
             "is there",
    .right = "know by the contents that the next block is from elsewhere",
    .evidence = "bareos #2001: the next READ is from the previous file",
    .example = "{name: drive.locate-lag, on: \"LOCATE(10)\", records: 2, for: 5s}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "records", "objects", FAULT_NUMBER, "1", 1, 1000 },
                { "for", "how long, if nothing moves the tape meanwhile", FAULT_DURATION, "forever",
                  -1 } },
    .only = "LOCATE(10), LOCATE(16), SPACE(6), SPACE(16)",
    .motions = FAULT_MOTION_LOCATE | FAULT_MOTION_SPACE,
    .fits = moves_far_enough,
    .on_motion = lag,
};

/* ---- the cartridge ---- */

enum { PROTECT_STALE };

static bool flip_protect(FaultPlan *plan, FaultRule *rule)
{
    if (plan->in_place->at_medium) {
        at_medium_protect(plan->in_place->at_medium, true, fault_number(rule, PROTECT_STALE));
    }
    return false;
}

const FaultKind fault_medium_write_protect_flip = {
    .name = "medium.write-protect-flip",
    .about = "the cartridge is write-protected from now on; `stale`: MODE SENSE does not say so",
    .right = "end the job with an error; what was written before stays",
    .evidence = "07/27/00 in the middle of a job",
    .example = "{name: medium.write-protect-flip, on: \"WRITE(6)#20\", stale: true}",
    .class_ = FAULT_REPORTED,
    .params = { { "stale", "MODE SENSE still says that it is not", FAULT_BOOL, "false" } },
    .more_seams = FAULT_SEAM_MEDIUM,
    .act = flip_protect,
};

enum { CUT_REPLUG, CUT_LOSE };

static bool power_cut(FaultPlan *plan, FaultRule *rule)
{
    if (plan->in_place->at_medium) {
        at_medium_lose_at_most(plan->in_place->at_medium, (uint64_t)fault_number(rule, CUT_LOSE));
    }
    plan->world->unplug(plan->data, fault_number(rule, CUT_REPLUG));
    plan->world->cut_power(plan->data);
    return true;
}

const FaultKind fault_medium_power_cut = {
    .name = "medium.power-cut",
    .about = "the drive loses its power, and the contents of its buffer or queue",
    .right = "a drive that comes back is a new one; write again from the last sync",
    .evidence = "the last writes before a filemark or rewind are gone",
    .example = "{name: medium.power-cut, on: \"WRITE(6)#20\", phase: data, replug: 5s, lose: 4}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "replug", "until it is back", FAULT_DURATION, "2s", -1 },
                { "lose",
                  "objects at most, of those that were not synced; the others had got to "
                  "the tape",
                  FAULT_NUMBER, "all", 0, 1ll << 48, "all" } },
    .phases = FAULT_PHASE_CBW | FAULT_PHASE_DATA | FAULT_PHASE_CSW,
    .more_seams = FAULT_SEAM_MEDIUM,
    .act = power_cut,
};
