/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cases a command line stands for. */
#ifndef USBTAPE_SCENARIOS_PLAN_H
#define USBTAPE_SCENARIOS_PLAN_H

#include "scenarios/runner/language/scenario.h"

typedef struct PlanOptions {
    char **paths; /* files and directories; NULL: all that there are */
    char *guest;  /* of files that name none, and of others only its cases; NULL: any */
    char *seeds;  /* instead of those in the files: "5", "1..20"; NULL: as they say */
    char *only;   /* only the case of this name; NULL: all */
    char *shard;  /* "i/n": every nth case from the ith on, so that n runs share them; NULL: all */
    const ScenarioChecks *checks; /* NULL: none */
    bool selfcheck;               /* each scenario also under the bad drivers that it names */
} PlanOptions;

/* The *.yaml files below the paths, in order, each once. Free with g_ptr_array_unref. */
GPtrArray *plan_files(char **paths, GError **error);

/* Of Scenario, in the order of the files. Two cases of one name are an error: both would write to
 * one directory. */
GPtrArray *plan_cases(const PlanOptions *options, GError **error);

#endif
