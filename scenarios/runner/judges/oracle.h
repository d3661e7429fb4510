/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What really is on the cartridges, against what the scenario put there. It asks nobody who was
 * involved: not the guest, not its tools, not the drive.
 */
#ifndef USBTAPE_SCENARIOS_ORACLE_H
#define USBTAPE_SCENARIOS_ORACLE_H

#include "scenarios/runner/language/scenario.h"

/*
 * Reads the cartridges (paths, from the first on) and appends what is wrong, one line each, to
 * `findings`. `listing`: what is on them, for people. False: a file could not be read at all.
 */
bool oracle_judge(const Expectation *expect, const char *guest, char *const *cartridges,
                  GPtrArray *findings, GString *listing, GError **error);

/*
 * The same for a cartridge that the simulated backup program wrote: each object that is not what
 * was written there (with `runs`; without, each block whose records were meant for another place),
 * and the first thing that violates the format.
 */
bool oracle_judge_mtf(const MtfCheck *check, const char *cartridge, GPtrArray *findings,
                      GError **error);

/*
 * Compares the output of sha256sum with the files of a set; appends what differs. Names are as
 * printed, without a leading "./".
 */
void oracle_compare_sums(const FileSet *set, const char *guest, const char *sums,
                         GPtrArray *findings);

#endif
