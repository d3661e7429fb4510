/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mutation/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 5 }; /* seeds of each class */

typedef struct Class {
    char *name;
    guint count;
    GString *examples;
} Class;

static void class_free(gpointer data)
{
    Class *class = data;

    g_free(class->name);
    g_string_free(class->examples, TRUE);
    g_free(class);
}

Report *report_new(void)
{
    Report *r = g_new0(Report, 1);

    r->classes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, class_free);
    r->outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return r;
}

void report_free(Report *r)
{
    g_hash_table_unref(r->classes);
    g_hash_table_unref(r->outcomes);
    g_free(r);
}

void report_violation(Report *r, uint64_t seed, const char *what, const char *name,
                      const char *detail)
{
    Class *class = g_hash_table_lookup(r->classes, name);

    if (!class) {
        class = g_new0(Class, 1);
        class->name = g_strdup(name);
        class->examples = g_string_new(NULL);
        g_hash_table_insert(r->classes, class->name, class);
    }
    if (class->count++ < SHOWN) {
        g_string_append_printf(class->examples, "    --case %" G_GUINT64_FORMAT " (%s): %s\n", seed,
                               what, detail);
    }
}

void report_outcome(Report *r, const char *mutation, const char *outcome)
{
    char *key = g_strdup_printf("%s %s", mutation, outcome);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(r->outcomes, key));

    g_hash_table_insert(r->outcomes, key, GUINT_TO_POINTER(n + 1));
    r->cases++;
    r->bad_cases += strcmp(outcome, "violation") == 0;
}

guint report_count(const Report *r, const char *name)
{
    const Class *class = g_hash_table_lookup(r->classes, name);

    return class ? class->count : 0;
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_count(gconstpointer a, gconstpointer b)
{
    const Class *x = *(const Class *const *)a, *y = *(const Class *const *)b;

    return x->count < y->count ? 1 : -(x->count > y->count);
}

static void print_outcomes(const Report *r)
{
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(r->outcomes, NULL);
    guint i, n = g_hash_table_size(r->outcomes);

    qsort(keys, n, sizeof *keys, by_text);
    for (i = 0; i < n; i++) {
        printf("# %6u  %s\n", GPOINTER_TO_UINT(g_hash_table_lookup(r->outcomes, keys[i])), keys[i]);
    }
}

void report_print(const Report *r)
{
    g_autoptr(GPtrArray) classes = g_ptr_array_new();
    GHashTableIter iter;
    gpointer class;
    guint i;

    print_outcomes(r);
    g_hash_table_iter_init(&iter, r->classes);
    while (g_hash_table_iter_next(&iter, NULL, &class)) {
        g_ptr_array_add(classes, class);
    }
    g_ptr_array_sort(classes, by_count);
    for (i = 0; i < classes->len; i++) {
        const Class *c = g_ptr_array_index(classes, i);
        g_auto(GStrv) lines = g_strsplit(c->examples->str, "\n", -1);
        char **line;

        printf("# %u cases: %s\n", c->count, c->name);
        for (line = lines; *line; line++) {
            if (**line) {
                printf("# %s\n", *line);
            }
        }
    }
    printf("# %u cases, %u of them against the law\n", r->cases, r->bad_cases);
}
