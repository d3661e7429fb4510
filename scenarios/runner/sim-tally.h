/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counts of a case of the simulated host, by the result of its seeds. A row of a table. */
#ifndef USBTAPE_SCENARIOS_SIM_TALLY_H
#define USBTAPE_SCENARIOS_SIM_TALLY_H

#include "scenarios/subjects/sim/trial.h"

#include <json-glib/json-glib.h>

typedef struct SimCount {
    unsigned cases, failed;
} SimCount;

/* One row: the results of a driver's cases. */
typedef struct SimTally {
    char *driver, *task, *against; /* against: NULL if with none */
    char *explained;               /* why nothing can show; NULL: it can */
    unsigned ends[TRIAL_N_ENDS];
    unsigned cases;
    unsigned needed;                      /* of them had to fail; 0: the scenario does not say */
    SimCount by_trigger[HOST_N_TRIGGERS]; /* in the order of their bits */
    unsigned against_clean;
    double seconds; /* of processor time */
} SimTally;

/* As the members of an object of JSON, and back. */
void sim_tally_add(JsonBuilder *builder, const void *detail);
void *sim_tally_read(JsonObject *object);
void sim_tally_free(void *detail);

#endif
