/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one case from its empty directory to its verdict, and leaves there all that explains it.
 */
#ifndef USBTAPE_SCENARIOS_CASE_H
#define USBTAPE_SCENARIOS_CASE_H

#include "scenarios/runner/scenario.h"

typedef struct CaseResult {
    Verdict verdict;
    bool passed;
    GPtrArray *reasons; /* of text, the weightiest first */
    int64_t duration;   /* microseconds */
} CaseResult;

void case_result_clear(CaseResult *result);

/*
 * `directory` exists and is empty. `cold`: boot the guest, whatever the scenario says. Nothing it
 * starts is left running.
 */
void case_run(const Scenario *scenario, const Guest *guest, const char *directory, bool cold,
              ProgressStyle progress, CaseResult *result);

#endif
