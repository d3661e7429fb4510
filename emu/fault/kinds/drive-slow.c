/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

static void slow(AtTask *at, const FaultRule *rule, ScsiTask *task)
{
    at_task_hold(at, task, rule->duration);
}

const FaultKind fault_drive_slow = {
    .name = "drive.slow",
    .about = "the command begins only after `for`",
    .seam = FAULT_SEAM_TASK,
    .takes_duration = true,
    .needs_duration = true,
    .on_task = slow,
};
