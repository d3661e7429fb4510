/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cases of a run, each in a process, as many at a time as `jobs` says; a line of KTAP for each.
 *
 * Owns: the processes, the second try, the lines. Does not own: the plan, nor the totals that
 * follow.
 */
#ifndef USBTAPE_SCENARIOS_RUN_WORKERS_H
#define USBTAPE_SCENARIOS_RUN_WORKERS_H

#include "scenarios/runner/run-state.h"

/* Runs all cases, or as many as came before an interrupt. False: a worker could not be started. */
bool run_cases(Run *run, GError **error);

#endif
