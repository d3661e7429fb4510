/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that succeed and return a wrong answer. */
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-medium.h"
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

static bool task_is_good(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;

    return task->status == SCSI_GOOD && task->in->len > 0;
}

/* ---- READ POSITION ---- */

#define POSITION "READ POSITION"

static bool task_is_short_form(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;

    return task->status == SCSI_GOOD && task->in->len == 20;
}

static void lose_position(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    memset(task->in->data + 4, 0, 16);
    task->in->data[0] = 0x04; /* LOLU */
}

const FaultKind fault_drive_position_lost = {
    .name = "drive.position-lost",
    .about = "READ POSITION says that the position is not known",
    .right = "write nothing until the tape is rewound",
    .evidence = "Linux st: EIO until a rewind",
    .example = "{name: drive.position-lost, on: \"READ POSITION\"}",
    .class_ = FAULT_REPORTED,
    .only = POSITION,
    .fits = task_is_short_form,
    .on_done = lose_position,
};

enum { DELTA };

static void lie_position(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    uint8_t *data = task->in->data;
    int64_t delta = fault_number(rule, DELTA);
    unsigned i;

    for (i = 4; i <= 8; i += 4) { /* first and last logical object */
        put_be32(data + i, (uint32_t)MAX((int64_t)get_be32(data + i) + delta, 0));
    }
}

const FaultKind fault_drive_read_position_lie = {
    .name = "drive.read-position-lie",
    .about = "READ POSITION is off by `delta` objects",
    .right = "compare with what was written; never trust one number alone",
    .evidence = "tgt's tape",
    .example = "{name: drive.read-position-lie, on: \"READ POSITION\", delta: -1}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "delta", "objects", FAULT_NUMBER, "1", -1000000, 1000000 } },
    .only = POSITION,
    .fits = task_is_short_form,
    .on_done = lie_position,
};

/* ---- LOG SENSE ---- */

enum { FLAG, HOW };
enum { HOW_LOG, HOW_SENSE };

#define LOG_SENSE          0x4d
#define CLEANING_REQUESTED 0x010017 /* RECOVERED ERROR: the command was done (SPC-3 annex D) */

static bool reports_alert(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;

    if (fault_number(rule, HOW) == HOW_SENSE) {
        return task->status == SCSI_GOOD;
    }
    return task_is_good(rule, subject) && task->cdb[0] == LOG_SENSE &&
           (task->cdb[2] & 0x3f) == 0x2e;
}

static const char *check_alert(const FaultRule *rule)
{
    return fault_number(rule, HOW) == HOW_LOG && !rule->takes[LOG_SENSE]
               ? "only LOG SENSE reports the log page; or write how: sense"
               : NULL;
}

static void raise_alert(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    uint8_t *data = task->in->data;
    size_t i, length = task->in->len;

    if (fault_number(rule, HOW) == HOW_SENSE) {
        at_task_replace_sense(at, task, &(FaultSense){ .code = CLEANING_REQUESTED });
        return;
    }
    for (i = 4; i + 5 <= length; i += 4 + (size_t)data[i + 3]) {
        if (get_be16(data + i) == fault_number(rule, FLAG)) {
            data[i + 4] |= 1;
        }
    }
}

const FaultKind fault_drive_tape_alert = {
    .name = "drive.tape-alert",
    .about = "the TapeAlert log page has a flag set (3 hard error, 20 clean now, …), or the sense "
             "of a command that was done says: cleaning requested",
    .right = "report it to the operator; the command has done its work",
    .evidence = "LOG SENSE page 2Eh, SSC-3 annex A; 01/00/17 sets Linux st's cleaning_req",
    .example = "{name: drive.tape-alert, on: \"LOG SENSE\", flag: 3}",
    .class_ = FAULT_REPORTED,
    .params = { { "flag", "which, of the log page", FAULT_NUMBER, "20", 1, 64 },
                { "how", "log: at LOG SENSE of that page; sense: at any command", FAULT_CHOICE,
                  "log", .words = "log sense" } },
    .only = FAULT_BUT "INQUIRY, REQUEST SENSE, REPORT LUNS",
    .check = check_alert,
    .fits = reports_alert,
    .on_done = raise_alert,
};

/* ---- INQUIRY ---- */

enum { INQUIRY_HOW };
enum { HOW_SHORT, HOW_VERSION_0, HOW_BAD_VPD };

static bool has_page(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;
    bool vpd = task->cdb[1] & 1;

    return task_is_good(rule, subject) && vpd == (fault_number(rule, INQUIRY_HOW) == HOW_BAD_VPD);
}

static void change_inquiry(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    switch (fault_number(rule, INQUIRY_HOW)) {
    case HOW_SHORT:
        scsi_task_in(task, MIN(task->in->len, 5));
        break;
    case HOW_VERSION_0:
        if (task->in->len > 2) {
            task->in->data[2] = 0;
        }
        break;
    default:
        if (task->in->len > 3) { /* the page code and length of another page */
            task->in->data[1] ^= 0xff;
            task->in->data[3] = 0xff;
        }
        break;
    }
}

const FaultKind fault_drive_inquiry = {
    .name = "drive.inquiry",
    .about = "INQUIRY data is cut to 5 bytes, says version 0, or a VPD page is garbage",
    .right = "use what is there, do without what is not; never read beyond it",
    .evidence = "Linux unusual_devs.h FIX_INQUIRY, 24 devices",
    .example = "{name: drive.inquiry, how: version-0}",
    .class_ = FAULT_TRANSPARENT,
    .always = true,
    .params = { { "how", "what is wrong", FAULT_CHOICE, "short",
                  .words = "short version-0 bad-vpd" } },
    .only = "INQUIRY",
    .fits = has_page,
    .on_done = change_inquiry,
};

/* ---- READ, SPACE ---- */

static bool read_is_good(const FaultRule *rule, const void *subject)
{
    return ((const ScsiTask *)subject)->status == SCSI_GOOD;
}

static void recovered(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_replace_sense(at, task, &(FaultSense){ .code = fault_number(rule, 0) });
}

const FaultKind fault_medium_read_recovered = {
    .name = "medium.read-recovered",
    .about = "the block is right, and the sense says that it took retries",
    .right = "use the data; note it",
    .evidence = "01/17/01, worn tapes",
    .example = "{name: medium.read-recovered, on: \"READ(6)\", record: 12}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "sense", "what it says", FAULT_SENSE, "01/17/01" } },
    .only = FAULT_READS,
    .fits = read_is_good,
    .on_done = recovered,
};

enum { EOD_HOW };
enum { EOD_NO_RESIDUAL, EOD_NO_KEY, EOD_GOOD };

static bool reached_eod(const FaultRule *rule, const void *subject)
{
    FaultSense sense;

    return at_task_get_sense(subject, &sense) && sense.code == 0x080005;
}

static void report_no_eod(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    FaultSense sense;

    at_task_get_sense(task, &sense);
    switch (fault_number(rule, EOD_HOW)) {
    case EOD_NO_RESIDUAL:
        sense.valid = false;
        at_task_replace_sense(at, task, &sense);
        break;
    case EOD_NO_KEY:
        at_task_replace_sense(at, task, &(FaultSense){ .code = 0x000005 });
        break;
    default:
        task->status = SCSI_GOOD;
        task->sense_length = 0;
        break;
    }
}

const FaultKind fault_medium_eod_lie = {
    .name = "medium.eod-lie",
    .about = "at end of data SPACE does not say how much was left, has no sense key, or is GOOD",
    .right = "do not count what was not passed; look at the position",
    .evidence = "tgt's tape: st then believes to be in file 8388607",
    .example = "{name: medium.eod-lie, on: \"SPACE(6)\", how: no-key}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "how", "it lies", FAULT_CHOICE, "no-residual",
                  .words = "no-residual no-key good" } },
    .only = "SPACE(6), SPACE(16)",
    .fits = reached_eod,
    .on_done = report_no_eod,
};

/* ---- LOAD UNLOAD ---- */

enum { OBJECTS };

static bool load_is_good(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;
    AtMedium *at = rule->plan->in_place->at_medium;
    MediumPosition position;
    MediumPartition partition;

    if (task->status != SCSI_GOOD || !(task->cdb[4] & 0x01) || !at) {
        return false;
    }
    medium_position(at_medium_tape(at), &position);
    medium_partition(at_medium_tape(at), position.partition, &partition);
    return position.object + (uint64_t)fault_number(rule, OBJECTS) <= partition.objects;
}

static void drift(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    TapeMedium *tape = at_medium_tape(rule->plan->in_place->at_medium);
    MediumPosition position;

    medium_position(tape, &position);
    medium_locate(tape, position.partition, MEDIUM_LOCATE_OBJECT,
                  position.object + (uint64_t)fault_number(rule, OBJECTS));
}

const FaultKind fault_drive_not_at_bot_after_load = {
    .name = "drive.not-at-bot-after-load",
    .about = "after LOAD the tape is not at its beginning",
    .right = "rewind, or read the position, before the first read or write",
    .evidence = "mhvtl #123",
    .example = "{name: drive.not-at-bot-after-load, on: \"LOAD UNLOAD\", objects: 2}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "objects", "how far", FAULT_NUMBER, "1", 1, 1000000 } },
    .only = "LOAD UNLOAD",
    .more_seams = FAULT_SEAM_MEDIUM,
    .fits = load_is_good,
    .on_done = drift,
};
