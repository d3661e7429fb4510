/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run: its cases, its guests and its counts, for run.c, run-guests.c and run-workers.c. */
#ifndef USBTAPE_SCENARIOS_RUN_STATE_H
#define USBTAPE_SCENARIOS_RUN_STATE_H

#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/run-options.h"

#include <stdio.h>

typedef struct Worker Worker;

typedef struct Run {
    const RunOptions *options;
    GPtrArray *cases;
    RunSummary *summary; /* of the same cases, in the same order */
    GHashTable *guests;  /* GuestKind → Guest */
    Worker *workers;     /* of run-workers.c */
    ProgressStyle progress;
    int out; /* the directory of results, open as long as the run: the lock depends on it */
    FILE *results;
    guint next, done, passed, failed, hung, skipped;
    guint unseen; /* scenarios of selfcheck whose bad drivers were all skipped */
} Run;

#endif
