/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case of the simulated host: every seed of it run, and summed up in one verdict and one row of a
 * table. All of this is done by models; what Usbstor.sys had wrong is not known.
 */
#ifndef USBTAPE_SCENARIOS_SIM_CASE_H
#define USBTAPE_SCENARIOS_SIM_CASE_H

#include "scenarios/runner/case.h"
#include "scenarios/subjects/sim/drive.h"

typedef struct SimCount {
    unsigned cases, failed;
} SimCount;

/* One row: what came of a driver's cases. */
typedef struct SimTally {
    char *driver, *task, *against; /* against: NULL if with none */
    char *explained;               /* why nothing can show; NULL: it can */
    unsigned ends[TRIAL_N_ENDS];
    unsigned cases;
    unsigned needed;                      /* of them had to go wrong; 0: that was not said */
    SimCount by_trigger[HOST_N_TRIGGERS]; /* in the order of their bits */
    unsigned against_clean;
    double seconds; /* of processor time */
} SimTally;

void sim_tally_free(SimTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimTally, sim_tally_free)

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
