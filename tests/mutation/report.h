/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of many cases: counted by the kind of damage, and by the kind of breach of the law. */
#ifndef USBTAPE_TESTS_MUTATION_REPORT_H
#define USBTAPE_TESTS_MUTATION_REPORT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Report {
    guint cases, bad_cases;
    GHashTable *classes;  /* name to how often, and examples */
    GHashTable *outcomes; /* "MUTATION OUTCOME" to count */
} Report;

Report *report_new(void);
void report_free(Report *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* `what`: the subject and what was done to it. */
void report_violation(Report *r, uint64_t seed, const char *what, const char *name,
                      const char *detail);
void report_outcome(Report *r, const char *mutation, const char *outcome);
/* In how many cases; 0: in none. */
guint report_count(const Report *r, const char *name);
/* Lines of TAP's diagnostics. */
void report_print(const Report *r);

#endif
