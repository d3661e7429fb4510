/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that take too long or are postponed. */
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

enum { FOR };

static bool hold(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    at_task_delay(at, task, fault_number(rule, FOR));
    return true;
}

const FaultKind fault_drive_hang = {
    .name = "drive.hang",
    .about = "the command does not end until it is aborted or reset, or until `for` is over",
    .right = "time out, reset, report an I/O error; the position is lost until a rewind",
    .evidence = "Sony KB 6495 (write timeout raised to 15 min); Linux: reset, Error 30000",
    .example = "{name: drive.hang, on: \"WRITE(6)#5\", for: 40s}",
    .class_ = FAULT_REPORTED,
    .params = { { "for", "how long", FAULT_DURATION, "forever", -1 } },
    .on_task = hold,
};

const FaultKind fault_drive_slow = {
    .name = "drive.slow",
    .about = "the command begins only after `for`",
    .right = "wait: a rewind of two minutes must not time out",
    .evidence = "long rewinds and locates",
    .example = "{name: drive.slow, on: REWIND, for: 30s}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "for", "how long", FAULT_DURATION } },
    .on_task = hold,
};

enum { BUSY_AS };

static bool busy(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    if (fault_number(rule, BUSY_AS) == 0) {
        at_task_end(at, task, SCSI_BUSY);
    } else {
        at_task_check(at, task, &(FaultSense){ .code = 0x020407 });
    }
    return true;
}

const FaultKind fault_drive_busy = {
    .name = "drive.busy",
    .about = "the command ends with status BUSY (08h), or 02/04/07, and has no effect",
    .right = "send it again, in its old place among the others",
    .evidence = "what makes a driver put a write back at the wrong end of its queue (KB 817765)",
    .example = "{name: drive.busy, on: \"WRITE(6)#5\", count: 3}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "as", "what it says", FAULT_CHOICE, "status", .words = "status sense" } },
    .on_task = busy,
};
