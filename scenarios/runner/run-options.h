/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `usbtape run` and `usbtape selfcheck`. */
#ifndef USBTAPE_SCENARIOS_RUN_OPTIONS_H
#define USBTAPE_SCENARIOS_RUN_OPTIONS_H

#include "scenarios/runner/language/run-plan.h"

typedef struct RunOptions {
    PlanOptions plan;
    char *out;
    char *junit, *html, *json, *table; /* files; NULL: not written */
    char *job_count;                   /* NULL: not given */
    int jobs;                          /* 0: not chosen yet */
    gboolean cold, pcap, check, verbose, minimise, bisect, host_programs;
    char *driver_file;
    struct HostModel *driver; /* from that file; NULL: scenarios name theirs */
    char **guest_directories; /* NULL: the project's own guests alone */
    char *attach;
    GuestOptions guests;
    char *pcap_snap; /* NULL: captures are whole */
} RunOptions;

/* `options->plan` says which of the two commands it is. False: USBTAPE_ERROR_INPUT. */
bool run_options_parse(int argc, char **argv, RunOptions *options, GError **error);
void run_options_clear(RunOptions *options);

#endif
