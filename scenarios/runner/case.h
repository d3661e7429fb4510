/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one case from its empty directory to its verdict, and leaves there all that explains it.
 */
#ifndef USBTAPE_SCENARIOS_CASE_H
#define USBTAPE_SCENARIOS_CASE_H

#include "scenarios/runner/language/scenario.h"

typedef struct CaseResult {
    Verdict verdict;
    bool passed;
    GPtrArray *reasons; /* of text, the weightiest first */
    int64_t duration;   /* microseconds */
    void *detail;       /* what its subject adds (SubjectResult); NULL: nothing */
    BusTally *bus;      /* which rules of the bus the host broke; NULL: not known */
} CaseResult;

typedef struct CaseOptions {
    bool cold;             /* boot the guest, even if the scenario restores it */
    bool pcap;             /* capture the drive's bus */
    const char *pcap_snap; /* how much of each transfer, as `serve` reads it; NULL: all */
    ProgressStyle progress;
    const ScenarioChecks *checks; /* NULL: none */
} CaseOptions;

/* `directory` exists and is empty. Nothing the case starts is left running. */
void case_run(const Scenario *scenario, const Guest *guest, const char *directory,
              const CaseOptions *options, CaseResult *result);

#endif
