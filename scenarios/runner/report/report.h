/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of JSON that a case leaves, and its result in words. */
#ifndef USBTAPE_SCENARIOS_REPORT_H
#define USBTAPE_SCENARIOS_REPORT_H

#include "scenarios/runner/case.h"

/* case.json is the case as it will run. verdict.json is its result, and a line of results.jsonl. */
bool report_case(const Scenario *scenario, const Guest *guest, const char *directory,
                 GError **error);
bool report_verdict(const Scenario *scenario, const Guest *guest, const CaseResult *result,
                    const char *directory, GError **error);

/* A verdict.json, read back. */
typedef struct ReportLine {
    char *text; /* the file as one line, NULL if there is none */
    char *verdict;
    char *reason; /* the first, or NULL */
    bool passed;
    double seconds;
    const struct Subject *subject;
    void *detail; /* what its subject adds (SubjectResult); NULL: nothing */
} ReportLine;

/* "intact", "detected as expected", "got intact, expected detected". Free with g_free. */
char *report_outcome(const char *verdict, bool passed, const char *expected);

/* story.txt: the case in about twenty lines. NULL: there is none. Free with g_free. */
char *report_story(const char *directory);

/* False: there is no verdict.json, or it is none. The case ended before it was written. */
bool report_read(const Scenario *scenario, const char *directory, ReportLine *line);
void report_line_clear(ReportLine *line);

#endif
