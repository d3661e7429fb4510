/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

static void busy(AtTask *at, const FaultRule *rule, ScsiTask *task)
{
    at_task_end(at, task, SCSI_BUSY);
}

const FaultKind fault_drive_busy = {
    .name = "drive.busy",
    .about = "the command ends with status BUSY (08h) and has no effect",
    .seam = FAULT_SEAM_TASK,
    .on_task = busy,
};
