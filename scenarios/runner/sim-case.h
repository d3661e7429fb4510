/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case of the simulated host: every seed of it run, and summed up in one verdict and one row of a
 * table. All of this is done by models; what Usbstor.sys had wrong is not known.
 */
#ifndef USBTAPE_SCENARIOS_SIM_CASE_H
#define USBTAPE_SCENARIOS_SIM_CASE_H

#include "scenarios/runner/case.h"
#include "scenarios/subjects/sim/drive.h"

/* What every report of it says. */
#define SIM_DISCLAIMER                                                                             \
    "These are models of a driver's queue: Microsoft published no root cause of KB 817765."

/* One row: what came of a driver's cases. */
typedef struct SimTally {
    char *driver, *task, *against; /* against: NULL if with none */
    char *explained;               /* why nothing can show; NULL: it can */
    unsigned ends[TRIAL_N_ENDS];
    unsigned cases;
    unsigned against_clean;
    double seconds; /* of processor time */
} SimTally;

void sim_tally_free(SimTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimTally, sim_tally_free)

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
