/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many cases, in batches in processes of their own: a crash or an endless loop costs one case, and
 * the report names it.
 */
#ifndef USBTAPE_TESTS_MUTATION_BATCH_H
#define USBTAPE_TESTS_MUTATION_BATCH_H

#include "tests/mutation/mutation.h"
#include "tests/mutation/report.h"

typedef struct Batches {
    uint64_t first, end;    /* seeds */
    int jobs;               /* processes at once */
    int seconds;            /* of processor time for one step, or it is called endless */
    void (*plant)(Case *c); /* for the self-test: comes before the judges; NULL: none */
} Batches;

enum { BATCH_SECONDS = 10 };

void batches_run(const Batches *batches, GPtrArray *subjects, const char *directory, Report *r);

/* A file in memory. */
int batch_file(const char *name);

#endif
