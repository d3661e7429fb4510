/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results of a run, read back from its files.
 *
 * Owns: which files are results, and what is refused in them. Does not own: writing them
 * (report.h).
 */
#ifndef USBTAPE_SCENARIOS_RESULTS_H
#define USBTAPE_SCENARIOS_RESULTS_H

#include <glib.h>
#include <stdbool.h>

/* The result of a case. */
typedef struct Result {
    char *name;
    char *verdict; /* NULL: it has none; it was skipped, or did not run */
    char *reason;  /* the first, in one line; NULL: none */
    char *guest;
    char *directory; /* of the case; NULL: not known */
    bool passed;
} Result;

typedef struct Results {
    char *path;
    GPtrArray *all;     /* of Result, in the order of the file */
    GHashTable *byname; /* name → Result, borrowed */
} Results;

/* A case that says nothing of the driver: skipped, env-error, inconclusive. */
bool result_says_nothing(const Result *result);

/*
 * `path` is a directory that `run --out` wrote, its results.jsonl, or a file of `run --json`. NULL:
 * USBTAPE_ERROR_INPUT, with file and line.
 */
Results *results_load(const char *path, GError **error);
/* The same from memory. `path` stands for the file in messages; `directory` has the cases, or is
 * NULL. */
Results *results_parse(const char *path, const char *text, size_t length, const char *directory,
                       GError **error);
void results_free(Results *results);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Results, results_free)

#endif
