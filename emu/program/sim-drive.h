/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drive in one process with a simulated host, as scenarios/subjects/sim/drive.h wants it. */
#ifndef USBTAPE_SIM_DRIVE_OPS_H
#define USBTAPE_SIM_DRIVE_OPS_H

#include "scenarios/subjects/sim/drive.h"

/* Works on the thread-default main context, which has to be this thread's own. */
const SimDriveOps *sim_drive_ops(void);

#endif
