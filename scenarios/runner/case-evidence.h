/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is judged after the steps: the kernel's log, the faults, the tape, the bad driver.
 *
 * Owns: which of them count as evidence, and the reasons. Does not own: what a tape has to hold
 * (judges/), nor the verdict (judges/verdict.h).
 */
#ifndef USBTAPE_SCENARIOS_CASE_EVIDENCE_H
#define USBTAPE_SCENARIOS_CASE_EVIDENCE_H

#include "scenarios/runner/case-state.h"

/* Asks the guest's agent for its kernel's log, and does not wait for long: the guest may hang. */
void case_fetch_kernel_log(Case *self);
/* Which rules of the bus the host broke, as the drive traced them. */
void case_read_bus(Case *self);
/* The faults, as the drive counted them until it ended. */
void case_judge_faults(Case *self);
/* The kernel's log, the cartridges, and whether a bad driver acted. The drive has ended. */
void case_judge_remains(Case *self);

#endif
