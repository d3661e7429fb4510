/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-task.h"
#include "emu/fault/kinds.h"

/* The firmware sits on the command: nothing moves until the host takes it back (or `for` is over).
 */
static void hang(AtTask *at, const FaultRule *rule, ScsiTask *task)
{
    at_task_hold(at, task, rule->duration);
}

const FaultKind fault_drive_hang = {
    .name = "drive.hang",
    .about = "the command does not end until it is aborted or reset, or until `for` is over",
    .seam = FAULT_SEAM_TASK,
    .takes_duration = true,
    .on_task = hang,
};
