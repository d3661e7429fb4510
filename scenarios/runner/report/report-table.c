/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run as a page of Markdown: a table of test and model by kernel, with the versions it is of.
 */
#include "scenarios/runner/judges/verdict.h"
#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/subject.h"

#include <string.h>

#define BEGINS "<!-- usbtape run --table -->\n"

/* A column: the cases of all guests with that kernel. */
typedef struct Column {
    const char *kernel; /* the key; borrowed from the table's `kernels` */
    GHashTable *cells;  /* row → GString */
} Column;

/* A row is "TEST | MODEL". A cell has the verdicts of its cases. */
typedef struct Table {
    const RunSummary *summary;
    GHashTable *kernels;  /* GuestKind → version of its kernel's package */
    GPtrArray *columns;   /* of Column, in the order of the run */
    GPtrArray *rows;      /* of text, in the order of the run; keys of the cells */
    GString *unexpected;  /* list items, one for each case that did not pass */
    unsigned passed, all; /* cases that ran */
} Table;

static void column_free(void *data)
{
    Column *column = data;

    g_hash_table_unref(column->cells);
    g_free(column);
}

static void string_free(void *data)
{
    g_string_free(data, TRUE);
}

/* Appends one line, with nothing in it that is markup in Markdown or HTML. */
static void add_plain(GString *to, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    const char *c;

    for (c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);

        if (u < 0x20 || u == 0x7f || !g_unichar_isprint(u)) {
            g_string_append_c(to, ' ');
        } else if (u < 0x80 && strchr("\\`*[]<>|~&", (int)u)) {
            g_string_append_printf(to, "&#%u;", u);
        } else {
            g_string_append_unichar(to, u);
        }
    }
}

/* What the subject sorts by: the version of the guest's kernel. Free with g_free. */
static char *kernel_of(const RunSummary *summary, const GuestKind *kind)
{
    const Guest *guest = summary->guests ? g_hash_table_lookup(summary->guests, kind) : NULL;
    char *version = kind->subject->version ? kind->subject->version(guest) : NULL;

    return version ? version : g_strdup(kind->name);
}

static Column *column_of(Table *table, const GuestKind *kind)
{
    const char *kernel = g_hash_table_lookup(table->kernels, kind);
    Column *column;
    guint i;

    if (!kernel) {
        char *found = kernel_of(table->summary, kind);

        g_hash_table_insert(table->kernels, (void *)kind, found);
        kernel = found;
    }
    for (i = 0; i < table->columns->len; i++) {
        column = table->columns->pdata[i];
        if (g_str_equal(column->kernel, kernel)) {
            return column;
        }
    }
    column = g_new0(Column, 1);
    column->kernel = kernel;
    column->cells = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, string_free);
    g_ptr_array_add(table->columns, column);
    return column;
}

/* "`tar` record=64KiB | generic": the model, which has a column of its own, is left out. */
static const char *row_of(Table *table, const Scenario *scenario)
{
    const char *model = scenario->tape.model ? scenario->tape.model : "generic";
    g_autofree char *varied = g_strdup_printf(".model=%s.", model);
    g_autofree char *variant = g_strdup_printf(".%s.", scenario->variant ? scenario->variant : "");
    g_autoptr(GString) row = g_string_new(NULL);
    char *there = strstr(variant, varied);
    guint i;

    if (there) {
        memmove(there, there + strlen(varied) - 1, strlen(there + strlen(varied) - 1) + 1);
    }
    variant[MAX(strlen(variant), 1) - 1] = '\0'; /* the last dot */
    add_plain(row, scenario->name);
    if (strlen(variant) > 1) {
        g_string_append_c(row, ' ');
        add_plain(row, variant + 1);
    }
    if (scenario->bad) {
        g_string_append(row, " bad=");
        add_plain(row, scenario->bad);
    }
    g_string_append(row, " | ");
    add_plain(row, model);
    for (i = 0; i < table->rows->len; i++) {
        if (g_str_equal(table->rows->pdata[i], row->str)) {
            return table->rows->pdata[i];
        }
    }
    g_ptr_array_add(table->rows, g_strdup(row->str));
    return table->rows->pdata[table->rows->len - 1];
}

static const char *word_of(const CaseRecord *record)
{
    return record->state == RECORD_SKIPPED   ? "skipped"
           : record->state == RECORD_NOT_RUN ? "not run"
           : record->line.verdict            ? record->line.verdict
                                             : "no verdict";
}

static void add_case(Table *table, const CaseRecord *record)
{
    bool ran = record->state == RECORD_RAN, passed = ran && record->line.passed;
    Column *column = column_of(table, record->scenario->guest);
    const char *row = row_of(table, record->scenario);
    const char *why = ran ? record->line.reason : record->why;
    GString *cell = g_hash_table_lookup(column->cells, row);
    g_autofree char *expected = subject_expected(record->scenario);
    g_autofree char *word =
        passed || !ran ? g_strdup(word_of(record))
                       : g_strdup_printf("**%s** (expected %s)", word_of(record), expected);

    table->all += ran;
    table->passed += passed;
    if (!cell) {
        cell = g_string_new(word);
        g_hash_table_insert(column->cells, (void *)row, cell);
    } else if (!strstr(cell->str, word)) { /* seeds of one verdict share a word */
        g_string_append_printf(cell, ", %s", word);
    }
    if (!passed) {
        g_string_append(table->unexpected, "- ");
        add_plain(table->unexpected, record->name);
        g_string_append_printf(table->unexpected, ": %s%s", word_of(record), why ? ": " : "");
        add_plain(table->unexpected, why ? why : "");
        g_string_append_c(table->unexpected, '\n');
    }
}

static void add_heading(const Table *table, GString *to)
{
    guint i;

    g_string_append(to, "| test | model |");
    for (i = 0; i < table->columns->len; i++) {
        g_string_append_c(to, ' ');
        add_plain(to, ((const Column *)table->columns->pdata[i])->kernel);
        g_string_append(to, " |");
    }
    g_string_append(to, "\n|---|---|");
    for (i = 0; i < table->columns->len; i++) {
        g_string_append(to, "---|");
    }
    g_string_append_c(to, '\n');
}

static void add_rows(const Table *table, GString *to)
{
    guint row, i;

    for (row = 0; row < table->rows->len; row++) {
        g_string_append_printf(to, "| %s |", (const char *)table->rows->pdata[row]);
        for (i = 0; i < table->columns->len; i++) {
            const Column *column = table->columns->pdata[i];
            const GString *cell = g_hash_table_lookup(column->cells, table->rows->pdata[row]);

            g_string_append_printf(to, " %s |", cell ? cell->str : "–");
        }
        g_string_append_c(to, '\n');
    }
}

/* The day, the versions of this program and of QEMU, and how the drive was attached. */
static void add_versions(const RunSummary *summary, GString *to)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(summary->started / G_USEC_PER_SEC);
    g_autofree char *day = when ? g_date_time_format(when, "%Y-%m-%d") : g_strdup("?");
    GHashTableIter iter;
    void *value;

    g_string_append_printf(to, "Run on %s (UTC) by usbtape " USBTAPE_VERSION, day);
    if (summary->guests) {
        g_hash_table_iter_init(&iter, summary->guests);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            const Guest *guest = value;

            if (guest && guest->qemu_version) {
                g_string_append(to, ", ");
                add_plain(to, guest->qemu_version);
                g_string_append_printf(to, " (%s), the drive by %s", guest->kvm ? "KVM" : "TCG",
                                       guest_attachment_name(guest->attachment));
                break; /* a run has one QEMU */
            }
        }
    }
    g_string_append(to, ".\n\n");
}

static void render(const RunSummary *summary, GString *to)
{
    Table table = {
        .summary = summary,
        .kernels = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .columns = g_ptr_array_new_with_free_func(column_free),
        .rows = g_ptr_array_new_with_free_func(g_free),
        .unexpected = g_string_new(NULL),
    };
    const char *note = run_summary_note(summary->records);
    guint i;

    for (i = 0; i < summary->records->len; i++) {
        add_case(&table, summary->records->pdata[i]);
    }
    g_string_append(to,
                    "# Results by test, model and kernel\n\n"
                    "`usbtape run --table FILE [FILE|DIR…]` writes this page and replaces it as a "
                    "whole: do not edit it.\n"
                    "A column is a kernel, by the version of its Debian package. A cell is the "
                    "verdict, as scenarios/REPORTS.md\n"
                    "defines it; a bold one was not expected, and – is a case that no scenario "
                    "has.\n\n");
    add_versions(summary, to);
    if (note) {
        g_string_append_printf(to, "%s\n\n", note);
    }
    add_heading(&table, to);
    add_rows(&table, to);
    g_string_append_printf(to, "\n%u of %u cases came to the expected verdict.\n", table.passed,
                           table.all);
    if (table.unexpected->len > 0) {
        g_string_append_printf(to, "\n%s", table.unexpected->str);
    }
    g_string_free(table.unexpected, TRUE);
    g_ptr_array_unref(table.rows);
    g_ptr_array_unref(table.columns);
    g_hash_table_unref(table.kernels);
}

const ReportFormat report_table = {
    .option = "--table",
    .begins = BEGINS,
    .render = render,
};
