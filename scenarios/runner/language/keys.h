/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a scenario's file, read into a Scenario and checked.
 *
 * Owns: the table of keys; what the drive and the subject have to say of them. Does not own: the
 * matrix of cases (matrix.c), `selfcheck:` (bad-driver.h).
 */
#ifndef USBTAPE_SCENARIOS_KEYS_H
#define USBTAPE_SCENARIOS_KEYS_H

#include "scenarios/runner/language/scenario.h"
#include "scenarios/runner/subject.h"

/* One with the defaults of every key. */
Scenario *scenario_new(const char *path);

/* Reads a file into a scenario that has its guest. The key of its subject is read into `plan`;
 * those of other subjects are left to scenario_check_subject(). */
bool scenario_read(const YamlNode *root, Scenario *scenario, GError **error);
/* The subject whose key is in the file, although the scenario is for another. NULL: none. */
const Subject *scenario_other_subject(const YamlNode *root, const Scenario *scenario);
/* Are the keys in the file those of its subject? */
bool scenario_check_subject(const YamlNode *root, const Scenario *scenario, GError **error);
/* Does the drive take the model, its settings and the faults? */
bool scenario_check_drive(const YamlNode *root, const Scenario *scenario,
                          const ScenarioOptions *options, GError **error);
/* Does the drive take `plan`, the text of `faults` and then of `more`? Either may be NULL. */
bool scenario_check_faults(const YamlNode *faults, const YamlNode *more, const char *plan,
                           const ScenarioChecks *checks, GError **error);

/* YamlField.read: a name that can be that of a directory; the text of a fault plan. */
bool scenario_read_name(const YamlNode *node, void *member, GError **error);
bool scenario_read_faults(const YamlNode *node, void *member, GError **error);

#endif
