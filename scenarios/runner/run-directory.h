/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directories of a run: the one that --out names, and one below it for each case.
 *
 * Owns: the mark by which a directory of ours is known, the lock. Nothing that lacks the mark is
 * replaced or removed. Does not own: the files of a case.
 */
#ifndef USBTAPE_SCENARIOS_RUN_DIRECTORY_H
#define USBTAPE_SCENARIOS_RUN_DIRECTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#define RUN_RESULTS_NAME "results.jsonl"

/* Sets an error for what `path` names, by errno's `number`. Returns false. */
bool run_fail(GError **error, const char *path, int number);

/* Makes an empty directory for a case. A directory of an earlier run makes way. */
bool run_directory_make_case(const char *path, GError **error);

/* `dir` is --out, opened. Marks it as ours. It may hold other files, but no results of others. */
bool run_directory_claim(int dir, const char *path, GError **error);
/* False: another run writes there. The lock ends with the last process that has `dir` open. */
bool run_directory_lock(int dir, const char *path, GError **error);
/* A new file of results, whatever had the name before. NULL: errno. */
FILE *run_directory_open_results(int dir);

#endif
