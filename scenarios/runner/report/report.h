/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of the cases: KTAP on standard output, JSON in files. */
#ifndef USBTAPE_SCENARIOS_REPORT_H
#define USBTAPE_SCENARIOS_REPORT_H

#include "scenarios/runner/case.h"

/* case.json: what is going to be run. verdict.json: what came of it; one line of results.jsonl. */
bool report_case(const Scenario *scenario, const Guest *guest, const char *directory,
                 GError **error);
bool report_verdict(const Scenario *scenario, const Guest *guest, const CaseResult *result,
                    const char *directory, GError **error);

/* A verdict.json, read back. False: it is not there, or is none; the case ended before it. */
typedef struct ReportLine {
    char *text; /* the file as one line, NULL if there is none */
    char *verdict;
    char *reason; /* the first, or NULL */
    bool passed;
    double seconds;
    struct SimTally *tally; /* of the simulated host (sim-case.h); NULL: of a guest */
} ReportLine;

/* story.txt: the case in about twenty lines. NULL: there is none. Free with g_free. */
char *report_story(const char *directory);

bool report_read(const char *directory, ReportLine *line);
void report_line_clear(ReportLine *line);

#endif
