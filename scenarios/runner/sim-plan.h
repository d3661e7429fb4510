/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario for the guest "sim", the simulated Windows host, says under `sim:`. */
#ifndef USBTAPE_SCENARIOS_SIM_PLAN_H
#define USBTAPE_SCENARIOS_SIM_PLAN_H

#include "emu/base/yaml.h"
#include "scenarios/subjects/sim/trial.h"

/* The guest's name: no machine is started for it. */
#define SIM_GUEST "sim"

typedef struct SimPlan {
    int task;                /* TrialTask */
    const HostModel *driver; /* of the port driver */
    const HostModel
        *against;      /* the same cases with that one, all of which must be clean; or NULL */
    bool needed;       /* triggers: what the driver needs, or the one it is compared with */
    unsigned triggers; /* … else these, of HostTrigger */
    int64_t outstanding, blocks, at;
    uint64_t buffer, maximum; /* bytes */
    GArray *seeds; /* of int64_t: a case each, summed up in one; NULL until they are read */
} SimPlan;

SimPlan *sim_plan_copy(const SimPlan *plan);
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

#endif
