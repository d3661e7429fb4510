/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case of the simulated host: all its seeds, summed up in one verdict and one row of a table. The
 * drivers are models. What Usbstor.sys had wrong is not known.
 */
#ifndef USBTAPE_SCENARIOS_SIM_CASE_H
#define USBTAPE_SCENARIOS_SIM_CASE_H

#include "scenarios/runner/case.h"
#include "scenarios/runner/sim-tally.h"
#include "scenarios/subjects/sim/sim-drive-ops.h"

/* The expected result, in words: "intact", "unreadable or silent, in 80 of 100". g_free. */
char *sim_case_expected(const Scenario *scenario);

/* `directory` exists and is empty. It gets the story of one seed, the first that failed. */
void sim_case_run(const Scenario *scenario, const SimDriveOps *ops, const char *directory,
                  CaseResult *result);

/*
 * The smallest case that still fails, as a scenario: fewest outstanding requests, then fewest
 * blocks, then the earliest trigger. NULL: none of its seeds fails (USBTAPE_ERROR_WORK). Free with
 * g_free.
 */
char *sim_case_minimise(const Scenario *scenario, const SimDriveOps *ops, GError **error);

#endif
