/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case of the simulated host: every seed of it run, and summed up in one verdict and one row of a
 * table. All of this is done by models; what Usbstor.sys had wrong is not known.
 */
#ifndef USBTAPE_SCENARIOS_SIM_CASE_H
#define USBTAPE_SCENARIOS_SIM_CASE_H

#include "scenarios/runner/case.h"
#include "scenarios/runner/sim-tally.h"
#include "scenarios/subjects/sim/drive.h"

/* What it has to come to, in words: "intact", "unreadable or silent, in 80 of 100". g_free. */
char *sim_case_expected(const Scenario *scenario);

/* `directory` exists and is empty, and gets the story of one seed: the first that went wrong. */
void sim_case_run(const Scenario *scenario, const SimDriveOps *ops, const char *directory,
                  CaseResult *result);

/*
 * The smallest case that still fails, as a scenario: fewest outstanding requests, then fewest
 * blocks, then the earliest trigger. NULL: none of its seeds fails (USBTAPE_ERROR_WORK). Free with
 * g_free.
 */
char *sim_case_minimise(const Scenario *scenario, const SimDriveOps *ops, GError **error);

#endif
