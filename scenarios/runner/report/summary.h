/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole run, case by case. Every report is made of it.
 *
 * Owns: the record of each case, the files that --junit and --html name. Does not own: the contents
 * of such a file (report-junit.c, report-html.c), nor the directory of a case.
 */
#ifndef USBTAPE_SCENARIOS_SUMMARY_H
#define USBTAPE_SCENARIOS_SUMMARY_H

#include "scenarios/runner/report/report.h"

typedef enum RecordState {
    RECORD_NOT_RUN, /* `why` is the reason */
    RECORD_SKIPPED, /* `why` is what this computer lacks */
    RECORD_RAN,
} RecordState;

typedef struct CaseRecord {
    char *name;
    const Scenario *scenario; /* borrowed */
    char *directory;
    RecordState state;
    char *why;
    ReportLine line; /* of RECORD_RAN; without a verdict, its worker ended before it */
} CaseRecord;

typedef struct RunSummary {
    GPtrArray *records; /* of CaseRecord, in the order of the plan */
    int64_t started;    /* microseconds since 1970 */
    int64_t duration;   /* microseconds; 0: it is not over */
    GHashTable *guests; /* GuestKind → Guest, borrowed; may be empty */
} RunSummary;

/* Of all cases (of Scenario). None has run yet, for the reason `why`. Their directories are
 * below `out`. */
RunSummary *run_summary_new(const GPtrArray *cases, const char *out, const char *why);
void run_summary_free(RunSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunSummary, run_summary_free)

/* The case does not run, for the reason `why`. */
void run_summary_skip(CaseRecord *record, const char *why);
/* Sets the state and the reason of every case that has not run. */
void run_summary_explain(RunSummary *summary, RecordState state, const char *why);

/* The note that a report of these cases (of CaseRecord) has to have: see scenario_note(). NULL:
 * none. */
const char *run_summary_note(const GPtrArray *records);

/* One format of a report. */
typedef struct ReportFormat {
    const char *option; /* "--junit" */
    const char *begins; /* how every such file begins; no other file is replaced */
    void (*render)(const RunSummary *summary, GString *to);
} ReportFormat;

extern const ReportFormat report_junit, report_html, report_json, report_table;

/*
 * Replaces the file at `path` as a whole, or leaves it as it is. USBTAPE_ERROR_INPUT, naming the
 * option: it cannot be written, or what is there is no report.
 */
bool run_summary_write(const RunSummary *summary, const ReportFormat *format, const char *path,
                       GError **error);

#endif
