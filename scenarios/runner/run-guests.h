/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cases need before the first one runs: guests, and as much of this computer as they may use.
 *
 * Owns: the guest of each kind, the reasons to skip a case. Does not own: how a guest is made
 * (subject.h).
 */
#ifndef USBTAPE_SCENARIOS_RUN_GUESTS_H
#define USBTAPE_SCENARIOS_RUN_GUESTS_H

#include "scenarios/runner/run-state.h"

/* Why a case cannot run on this computer, or with the drive attached so. Interned; NULL: it can. */
const char *run_hindrance(const Run *run, const Scenario *scenario);
/* The reason that all cases of the run share. NULL: there is none. */
const char *run_common_hindrance(const Run *run);

/* Sets `options->jobs`, unless it was given, by the processors that the cases keep busy. */
void run_choose_jobs(RunOptions *options, const GPtrArray *cases);

/* Makes the guests of all cases that can run. No case has to wait for one, no two make the same. */
bool run_prepare_guests(Run *run, GError **error);

CaseOptions run_case_options(const Run *run, ProgressStyle progress);

#endif
