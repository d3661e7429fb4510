/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bad drivers of a scenario: what has to turn it red.
 *
 * Owns: the elements of `selfcheck:`. Does not own: their place in the matrix (matrix.c).
 */
#ifndef USBTAPE_SCENARIOS_BAD_DRIVER_H
#define USBTAPE_SCENARIOS_BAD_DRIVER_H

#include "scenarios/runner/language/scenario.h"

/* What must turn the scenario red: more faults, another guest, other values of its axes, or that
 * nothing is seen of the scenario's own faults. */
typedef struct BadDriver {
    char *name;
    char *faults;         /* NULL: none */
    char *guest;          /* NULL: the scenario's own */
    const YamlNode *vary; /* NULL: the first value of each axis */
    bool hides;           /* it is as if the scenario had no faults */
    Acted *acted;         /* NULL: it does not say that it did */
    unsigned outcomes;
    GPtrArray *complaints; /* of Complaint; NULL: any counts */
} BadDriver;

/* The rows of an element of `selfcheck:`, read into a BadDriver. */
extern const YamlField bad_driver_fields[];
void bad_driver_clear(BadDriver *bad);

void acted_free(void *acted);
/* How it is known of each bad driver of `list` that it acted: a GPtrArray of Acted. NULL: an error.
 */
GPtrArray *bad_drivers_read_acts(const YamlNode *list, GError **error);

/* Makes a scenario, which stands for the good driver, one for the bad. `root` is its file, and
 * `node` the element of `selfcheck:` that `bad` was read from. */
bool bad_driver_apply(Scenario *scenario, const YamlNode *root, const YamlNode *node,
                      BadDriver *bad, const ScenarioOptions *options, GError **error);

#endif
