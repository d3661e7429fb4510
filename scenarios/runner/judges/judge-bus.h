/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bus:` which rules of the bus the host may break, and how often it has to. */
#ifndef USBTAPE_SCENARIOS_JUDGE_BUS_H
#define USBTAPE_SCENARIOS_JUDGE_BUS_H

#include "scenarios/runner/judges/bus.h"
#include "scenarios/runner/language/values.h"

typedef struct BusCheck {
    bool relaxed; /* a bad driver's case: nothing is expected */
    struct {
        bool named;
        CountRange times;
    } rules[BUS_N_RULES];
} BusCheck;

/*
 * Compares. Puts a text for each difference in front of `reasons`. `*broken`: a rule was broken
 * that may not be, or too often. `*missing`: one was not broken that has to be. `check` NULL:
 * nothing is expected.
 */
void bus_check_judge(const BusCheck *check, const BusTally *tally, GPtrArray *reasons, bool *broken,
                     bool *missing);

/* The verdicts that are expected, in words (taken over), and that the bus is judged, too. `check`
 * may be NULL. Free with g_free. */
char *bus_check_expected(const BusCheck *check, char *verdicts);

#endif
