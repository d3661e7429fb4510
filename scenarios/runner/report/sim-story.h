/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of one seed of a case of the simulated host, for people. */
#ifndef USBTAPE_SCENARIOS_SIM_STORY_H
#define USBTAPE_SCENARIOS_SIM_STORY_H

#include "scenarios/runner/sim-case.h"

/* `trial` was run with keep_story, its cartridge is a file. Writes story.txt and story.html. */
bool sim_story_write(const Scenario *scenario, const CaseResult *result, const TrialConfig *config,
                     const TrialResult *trial, const char *directory, GError **error);

#endif
