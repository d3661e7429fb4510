/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario for the guest "sim", the simulated Windows host, says under `sim:`. */
#ifndef USBTAPE_SCENARIOS_SIM_PLAN_H
#define USBTAPE_SCENARIOS_SIM_PLAN_H

#include "emu/base/yaml.h"
#include "scenarios/runner/judges/verdict.h"
#include "scenarios/subjects/sim/trial.h"

/* The guest's name: no machine is started for it. */
#define SIM_GUEST "sim"

/* What every report of a model says. */
#define SIM_DISCLAIMER                                                                             \
    "These are models of a driver's queue: Microsoft published no root cause of KB 817765."

/* How some drivers have to fail in some tasks, if a scenario says so. */
typedef struct SimShows {
    unsigned drivers; /* bits: places in host_models() */
    unsigned tasks;   /* of TrialTask */
    unsigned ends;    /* of TrialEnd: what a case that is not clean may come to */
    int64_t least;    /* percent of the cases that are not clean, at least */
} SimShows;

typedef struct SimPlan {
    int task;                /* TrialTask */
    const HostModel *driver; /* of the port driver */
    const HostModel
        *against;      /* the same cases with that one, all of which must be clean; or NULL */
    bool needed;       /* triggers: what the driver needs, or the one it is compared with */
    unsigned triggers; /* … else these, of HostTrigger */
    int64_t outstanding, blocks, at;
    bool waits_at_marks;      /* the application does, unless the trigger is that it does not */
    uint64_t buffer, maximum; /* bytes */
    GArray *shows;            /* of SimShows; NULL: nothing is said, so one bad seed will do */
    GArray *seeds; /* of int64_t: a case each, summed up in one; NULL until they are read */
} SimPlan;

void sim_plan_free(SimPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimPlan, sim_plan_free)

/* For a table of YamlField: makes the `SimPlan *` that `member` points at. */
bool sim_plan_read(const YamlNode *node, void *member, GError **error);
/* One model's name. For a `const HostModel *`. */
bool sim_plan_read_driver(const YamlNode *node, void *member, GError **error);

/* What one seed of it stands for, with this driver. */
TrialConfig sim_plan_trial(const SimPlan *plan, const HostModel *driver, uint64_t seed);

/* Why the driver cannot show anything in that task; NULL: it can. Static. */
const char *sim_plan_explains(const SimPlan *plan);

/* How its driver has to fail in its task: the first row of `shows` for it. NULL: there is none. */
const SimShows *sim_plan_shows(const SimPlan *plan);
/* A share of the cases is judged only if it is at least so many of them. */
#define SIM_SHOWS_FEWEST 2
/* How many of so many cases that are, rounded up. 0: there are too few to judge. */
unsigned sim_shows_needed(const SimShows *shows, unsigned cases);
/* "unreadable or silent". Free with g_free. */
char *sim_shows_text(const SimShows *shows);

/* What a case that ends so is counted as. */
Verdict sim_verdict_of_end(TrialEnd end);

/* Does `shows`, if it is there, say something of a driver that can fail, and of all of them only
 * what `outcomes` (bits of Verdict) has, too? For a whole scenario; `node` is its root. */
bool sim_plan_check(const SimPlan *plan, unsigned outcomes, const YamlNode *node, GError **error);

#endif
