/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scenario expects: verdicts, complaints, and a check for each judge.
 *
 * Owns: `expect:`; the keys `outcome` and `complaint`. Does not own: the other keys, which are
 * those of the judges (judges/judges.h).
 */
#ifndef USBTAPE_SCENARIOS_EXPECT_H
#define USBTAPE_SCENARIOS_EXPECT_H

#include "scenarios/runner/judges/judges.h"

/* How what was broken has to be noticed. */
typedef struct Complaint {
    int64_t step; /* from 1; 0: whichever */
    char *text;   /* a pattern, which a line of what the step said has to match; NULL: any */
} Complaint;

typedef struct Expectation {
    unsigned outcomes;      /* bits of Verdict */
    GPtrArray *complaints;  /* of Complaint: those that count; NULL: any does */
    void *checks[N_JUDGES]; /* in the order of judges.def; NULL: the key is absent */
} Expectation;

/* The struct that a key was read into, as judge-NAME.h declares it. NULL: the key is absent. */
#define EXPECT_CHECK(expect, name) ((expect)->checks[JUDGE_NUMBER_##name])

/* Sets what holds without any key. */
void expect_init(Expectation *expect);
/* YamlField.read of the map, after expect_init(). */
bool expect_read(const YamlNode *node, void *member, GError **error);
void expect_clear(Expectation *expect);

/* YamlField.read: bits of Verdict. */
bool expect_read_outcomes(const YamlNode *node, void *member, GError **error);
/* YamlField.read: a GPtrArray of Complaint. */
bool expect_read_complaints(const YamlNode *node, void *member, GError **error);
/* Can there be such complaints, of a scenario with so many steps? `parent`: the map with their key.
 */
bool expect_check_complaints(const YamlNode *parent, const Expectation *expect, unsigned steps,
                             GError **error);

#endif
