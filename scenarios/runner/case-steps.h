/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a case, one after the other, and the waiting for each.
 *
 * Owns: a step's files, its deadline, what its exit status and output are evidence of. Does not
 * own: what is on the tape, nor the kernel's log (case-evidence.h).
 */
#ifndef USBTAPE_SCENARIOS_CASE_STEPS_H
#define USBTAPE_SCENARIOS_CASE_STEPS_H

#include "scenarios/runner/case-state.h"

/* The clock of deadlines (patience.h): it stops while the guest and the drive have no processor. */
int64_t case_time(Case *self);

/* Up to the first step after which no other makes sense. */
void case_run_steps(Case *self);

#endif
