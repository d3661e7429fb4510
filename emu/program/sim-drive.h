/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drive in one process with a simulated host. Implements
 * scenarios/subjects/sim/sim-drive-ops.h. */
#ifndef USBTAPE_SIM_DRIVE_OPS_H
#define USBTAPE_SIM_DRIVE_OPS_H

#include "scenarios/subjects/sim/sim-drive-ops.h"

/* Uses the thread-default main context, which must belong to this thread alone. */
const SimDriveOps *sim_drive_ops(void);

#endif
