/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that end without effect, with the sense code of a rule. */
#include "emu/base/bytes.h"
#include "emu/fault/at-medium.h"
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

#define ALL_BUT_INQUIRY FAULT_BUT "INQUIRY, REQUEST SENSE, REPORT LUNS"

enum { SENSE };

static bool check(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_check(at, task, &(FaultSense){ .code = fault_number(rule, SENSE) });
    return true;
}

#define SENSE_PARAM(code)                                                                          \
    {                                                                                              \
        "sense", "what it says", FAULT_SENSE, code                                                 \
    }

const FaultKind fault_drive_ua_power_on = {
    .name = "drive.ua-power-on",
    .about = "the command ends with a unit attention: power on or reset",
    .right = "send it again; after a reset the position is not known: look before writing on",
    .evidence = "Linux st pos_unknown (9604eea5bd3a, 98b37881b749); mhvtl #127, #140",
    .example = "{name: drive.ua-power-on, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("06/29/00") },
    .only = ALL_BUT_INQUIRY,
    .on_task = check,
};

const FaultKind fault_drive_ua_medium = {
    .name = "drive.ua-medium",
    .about = "the command ends with a unit attention: the medium may have changed",
    .right = "discard all knowledge of the cartridge and its position",
    .evidence = "mhvtl #4 (stale status after a swap)",
    .example = "{name: drive.ua-medium, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("06/28/00") },
    .only = ALL_BUT_INQUIRY,
    .on_task = check,
};

const FaultKind fault_drive_ua_mode = {
    .name = "drive.ua-mode",
    .about = "the command ends with a unit attention: mode parameters changed",
    .right = "read the mode parameters again, send the command again",
    .evidence = "SPC-3; drives with two initiators",
    .example = "{name: drive.ua-mode, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_TRANSPARENT,
    .params = { SENSE_PARAM("06/2a/01") },
    .only = ALL_BUT_INQUIRY,
    .on_task = check,
};

const FaultKind fault_medium_incompatible = {
    .name = "medium.incompatible",
    .about = "the drive says that it cannot read or write this cartridge",
    .right = "report it, ask for another cartridge",
    .evidence = "freebsd-scsi, 1999",
    .example = "{name: medium.incompatible, on: \"READ(6)\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("05/30/00") },
    .only = FAULT_READS ", " FAULT_WRITES ", " FAULT_MARKS,
    .on_task = check,
};

const FaultKind fault_medium_entity_not_found = {
    .name = "medium.entity-not-found",
    .about = "a motion does not find what it looks for",
    .right = "report it; the position is not known",
    .evidence = "bareos #2534",
    .example = "{name: medium.entity-not-found, on: \"SPACE(6)\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("03/14/00") },
    .only = "SPACE(6), SPACE(16), LOCATE(10), LOCATE(16)",
    .on_task = check,
};

const FaultKind fault_medium_position_error = {
    .name = "medium.position-error",
    .about = "a filemark cannot be written: sequential positioning error",
    .right = "report it; what was buffered may not be on tape",
    .evidence = "FreeBSD 2003 (\"tape is now frozen\")",
    .example = "{name: medium.position-error, on: \"WRITE FILEMARKS(6)\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("03/3b/00") },
    .only = FAULT_MARKS,
    .on_task = check,
};

static bool is_unload(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;

    return !(task->cdb[4] & 0x01);
}

const FaultKind fault_drive_eject_refused = {
    .name = "drive.eject-refused",
    .about = "the cartridge does not come out, as if it were locked",
    .right = "report it; do not take the cartridge for gone",
    .evidence = "05/53/02, drives whose lock outlives the host that set it",
    .example = "{name: drive.eject-refused, on: \"LOAD UNLOAD\"}",
    .class_ = FAULT_REPORTED,
    .params = { SENSE_PARAM("05/53/02") },
    .only = "LOAD UNLOAD",
    .fits = is_unload,
    .on_task = check,
};

const FaultKind fault_drive_not_lockable = {
    .name = "drive.not-lockable",
    .about = "PREVENT ALLOW MEDIUM REMOVAL is refused",
    .right = "go on without the lock",
    .evidence = "Linux unusual_devs.h NOT_LOCKABLE, 15 devices",
    .example = "{name: drive.not-lockable, sense: 05/24/00}",
    .class_ = FAULT_TRANSPARENT,
    .always = true,
    .params = { SENSE_PARAM("05/24/00") },
    .only = "PREVENT ALLOW MEDIUM REMOVAL",
    .on_task = check,
};

static const char *needs_on(const FaultRule *rule)
{
    return rule->on ? NULL : "say with 'on' which command there is not";
}

const FaultKind fault_drive_unsupported = {
    .name = "drive.unsupported",
    .about = "there is no such command",
    .right = "do without, or say that it cannot be done",
    .evidence = "OpenBSD STT3401A; tgt's tape",
    .example = "{name: drive.unsupported, on: \"LOCATE(10)\"}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { SENSE_PARAM("05/20/00") },
    .check = needs_on,
    .on_task = check,
};

enum { OFFSET };

static bool reject(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_check(at, task,
                  &(FaultSense){ .code = 0x052600, .field = (int)fault_number(rule, OFFSET) });
    return true;
}

const FaultKind fault_drive_mode_select_reject = {
    .name = "drive.mode-select-reject",
    .about = "MODE SELECT is refused: invalid field in parameter list, at `offset`",
    .right = "report it; the parameters are as before",
    .evidence = "NetBSD kern/37403 (a USB AIT-1: offset 9)",
    .example = "{name: drive.mode-select-reject, on: \"MODE SELECT(6)\", offset: 9}",
    .class_ = FAULT_REPORTED,
    .params = { { "offset", "the byte that it points to", FAULT_NUMBER, "9", 1, 0xffff } },
    .only = "MODE SELECT(6), MODE SELECT(10)",
    .on_task = reject,
};

/* ---- not ready ---- */

enum { FOR };

static bool becoming_ready(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_not_ready(at, fault_number(rule, FOR), 0x020401);
    return false;
}

const FaultKind fault_drive_becoming_ready = {
    .name = "drive.becoming-ready",
    .about = "not ready, in process of becoming so, for some time",
    .right = "wait and ask again",
    .evidence = "02/04/01, every drive after a cartridge came in",
    .example = "{name: drive.becoming-ready, on: \"TEST UNIT READY\", for: 10s}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "for", "how long", FAULT_DURATION } },
    .on_task = becoming_ready,
};

static bool no_medium(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_not_ready(at, fault_number(rule, FOR), 0x023a00);
    return false;
}

const FaultKind fault_drive_no_medium = {
    .name = "drive.no-medium",
    .about = "the drive no longer sees its cartridge (forever: until a reset)",
    .right = "end the job with an error; what was not synced may be lost",
    .evidence = "02/3A/00 in the middle of a job",
    .example = "{name: drive.no-medium, on: \"READ(6)#5\", for: 10s}",
    .class_ = FAULT_REPORTED,
    .params = { { "for", "how long", FAULT_DURATION, "forever", -1 } },
    .on_task = no_medium,
};

static bool conflict(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_set_next_sense(at, &(FaultSense){ .code = 0x052c09 }); /* as the drive reports it */
    at_task_end(at, task, SCSI_RESERVATION_CONFLICT);
    return true;
}

const FaultKind fault_drive_reservation_conflict = {
    .name = "drive.reservation-conflict",
    .about = "the command ends with status RESERVATION CONFLICT (18h)",
    .right = "report it; Bulk-Only shows a failed CSW, and REQUEST SENSE 05/2C/09",
    .evidence = "SAM-3; tape libraries with several hosts",
    .example = "{name: drive.reservation-conflict, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .on_task = conflict,
};

/* ---- resets and deaths ---- */

static bool firmware_reset(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_reset_below(at, SCSI_RESET_POWER_ON);
    if (fault_number(rule, FOR) > 0) {
        at_task_not_ready(at, fault_number(rule, FOR), 0x020401);
    }
    return false;
}

const FaultKind fault_drive_firmware_reset = {
    .name = "drive.firmware-reset",
    .about = "the drive starts anew: unit attention, tape at its beginning, mode parameters and "
             "block length as delivered",
    .right = "take the position for lost, set the parameters again",
    .evidence = "drives that crash; block size back to its default",
    .example = "{name: drive.firmware-reset, on: \"WRITE(6)#20\", for: 5s}",
    .class_ = FAULT_REPORTED,
    .params = { { "for", "not ready meanwhile", FAULT_DURATION, "0s" } },
    .on_task = firmware_reset,
};

static bool race(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_die(at);
    return false;
}

const FaultKind fault_drive_load_unload_race = {
    .name = "drive.load-unload-race",
    .about = "after LOAD UNLOAD no command ends any more, until the power is cut",
    .right = "time out, reset, give the drive up and say so",
    .evidence = "mhvtl #14 (dead until restarted)",
    .example = "{name: drive.load-unload-race, on: \"LOAD UNLOAD\"}",
    .class_ = FAULT_REPORTED,
    .only = "LOAD UNLOAD",
    .on_task = race,
};

/* ---- compression ---- */

enum { ON };

/* Uses mode page 0Fh, as another host would. */
static bool change_compression(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    static const uint8_t sense[6] = { 0x1a, 0x08, 0x0f, 0, 20 };
    static const uint8_t select[6] = { 0x15, 0x10, 0, 0, 20 };
    GByteArray *list = at_task_run(at, sense, sizeof sense, NULL), *done;
    g_autoptr(GBytes) bytes = NULL;

    if (!list) {
        return false;
    }
    if (list->len != 20) {
        g_byte_array_unref(list);
        return false;
    }
    list->data[0] = 0;
    list->data[2] &= 0x7f;
    list->data[4] &= 0x3f;
    list->data[6] = (uint8_t)((list->data[6] & 0x7f) | (fault_number(rule, ON) ? 0x80 : 0));
    bytes = g_byte_array_free_to_bytes(list);
    done = at_task_run(at, select, sizeof select, bytes);
    if (done) {
        g_byte_array_unref(done);
    }
    at_task_check(at, task, &(FaultSense){ .code = 0x062a01 });
    return true;
}

const FaultKind fault_drive_compression_change = {
    .name = "drive.compression-change",
    .about = "compression is switched, and a unit attention says that mode parameters changed",
    .right = "read the mode parameters again; the capacity is another",
    .evidence = "mode page 0Fh, SSC-3 § 8.3.2",
    .example = "{name: drive.compression-change, on: \"WRITE(6)#5\", compress: true}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "compress", "what it is from now on", FAULT_BOOL, "false" } },
    .only = ALL_BUT_INQUIRY,
    .on_task = change_compression,
};

/* ---- REQUEST SENSE itself ---- */

enum { SENSE_HOW };
enum { HOW_EMPTY, HOW_LOST, HOW_LONG };

static bool would_break(const FaultRule *rule, const void *subject)
{
    const ScsiTask *task = subject;

    return fault_number(rule, SENSE_HOW) != HOW_LONG || task->cdb[4] > 18;
}

static bool break_sense(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    uint8_t nothing[18] = { 0x70, [7] = 10 };

    switch (fault_number(rule, SENSE_HOW)) {
    case HOW_EMPTY:
        at_task_reply(at, task, nothing, MIN(task->cdb[4], sizeof nothing));
        break;
    case HOW_LOST:
        at_task_end(at, task, SCSI_CHECK_CONDITION);
        break;
    default:
        at_task_check(at, task, &(FaultSense){ .code = 0x052400 });
        break;
    }
    return true;
}

const FaultKind fault_drive_sense = {
    .name = "drive.sense",
    .about = "REQUEST SENSE reports no sense, fails, or fails for more than 18 bytes",
    .right = "take the command for failed all the same",
    .evidence = "Linux unusual_devs.h SANE_SENSE 7, BAD_SENSE 4 devices",
    .example = "{name: drive.sense, on: \"REQUEST SENSE\", how: lost}",
    .class_ = FAULT_REPORTED,
    .params = { { "how", "empty: no sense; lost: it fails; long: beyond 18 bytes", FAULT_CHOICE,
                  "empty", .words = "empty lost long" } },
    .only = "REQUEST SENSE",
    .fits = would_break,
    .on_task = break_sense,
};
