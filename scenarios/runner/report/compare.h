/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two runs side by side: what got worse, what got better. Cases belong together by their names.
 *
 * Owns: the classes, and their reports. Does not own: the results (results.h).
 */
#ifndef USBTAPE_SCENARIOS_COMPARE_H
#define USBTAPE_SCENARIOS_COMPARE_H

#include "scenarios/runner/report/results.h"

/* In the order of reports. */
typedef enum CompareClass {
    COMPARE_REGRESSION, /* it passed, and fails */
    COMPARE_REPAIR,     /* it failed, and passes */
    COMPARE_CHANGED,    /* the same of both, with another verdict */
    COMPARE_NEW,        /* only the new run has it */
    COMPARE_GONE,       /* only the old run has it */
    COMPARE_NOTHING,    /* one of the two says nothing of the driver */
    COMPARE_SAME,
    N_COMPARE_CLASSES,
} CompareClass;

/* "regression". Static. */
const char *compare_class_name(CompareClass class);

typedef struct ComparedCase {
    CompareClass class;
    const Result *before, *after; /* NULL: that run does not have it */
} ComparedCase;

typedef struct Comparison {
    const Results *before, *after; /* borrowed */
    GArray *cases;                 /* of ComparedCase, by class, then in the order of the files */
    guint counts[N_COMPARE_CLASSES];
} Comparison;

Comparison *comparison_new(const Results *before, const Results *after);
void comparison_free(Comparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)

/* "1 regression, 2 repairs, …" */
char *comparison_summary(const Comparison *comparison);

/* Each appends a whole report. */
void comparison_text(const Comparison *comparison, GString *to);
void comparison_junit(const Comparison *comparison, GString *to);
void comparison_html(const Comparison *comparison, GString *to);
void comparison_json(const Comparison *comparison, GString *to);

#endif
