/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JUnit XML, as build servers read it. There is no standard, and schemas differ. This keeps to
 * their common part and to their order. A suite has properties, then cases, then its output. A case
 * has at most one of skipped, error, failure, with its output in it.
 *
 * A verdict that was not expected is a failure. A case that shows nothing (env-error, inconclusive,
 * no verdict, not run) is an error. Neither ever looks like a pass.
 */
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/subject.h"

#include <string.h>

typedef enum Mark { MARK_PASSED, MARK_FAILURE, MARK_ERROR, MARK_SKIPPED } Mark;

static const char *const elements[] = {
    [MARK_FAILURE] = "failure", [MARK_ERROR] = "error", [MARK_SKIPPED] = "skipped"
};

static Mark mark_of(const CaseRecord *record)
{
    const char *verdict = record->line.verdict;

    if (record->state != RECORD_RAN) {
        return record->state == RECORD_SKIPPED ? MARK_SKIPPED : MARK_ERROR;
    }
    if (record->line.passed) {
        return MARK_PASSED;
    }
    return !verdict || g_str_equal(verdict, verdict_name(VERDICT_ENV_ERROR)) ||
                   g_str_equal(verdict, verdict_name(VERDICT_INCONCLUSIVE))
               ? MARK_ERROR
               : MARK_FAILURE;
}

/* The type of an element: the verdict, or the word for a case without one. */
static const char *type_of(const CaseRecord *record)
{
    switch (record->state) {
    case RECORD_NOT_RUN:
        return "not-run";
    case RECORD_SKIPPED:
        return "skipped";
    case RECORD_RAN:
        break;
    }
    return record->line.verdict ? record->line.verdict : "no-verdict";
}

/* ---- suites: the cases of a directory ---- */

typedef struct Suite {
    char *name;
    GPtrArray *records; /* borrowed */
    guint counts[G_N_ELEMENTS(elements)];
    double seconds;
} Suite;

static void suite_free(void *data)
{
    Suite *suite = data;

    g_free(suite->name);
    g_ptr_array_unref(suite->records);
    g_free(suite);
}

static Suite *suite_named(GPtrArray *suites, const char *name)
{
    Suite *suite;
    guint i;

    for (i = 0; i < suites->len; i++) {
        suite = suites->pdata[i];
        if (g_str_equal(suite->name, name)) {
            return suite;
        }
    }
    suite = g_new0(Suite, 1);
    suite->name = g_strdup(name);
    suite->records = g_ptr_array_new();
    g_ptr_array_add(suites, suite);
    return suite;
}

static GPtrArray *suites_of(const RunSummary *summary)
{
    GPtrArray *suites = g_ptr_array_new_with_free_func(suite_free);
    guint i;

    for (i = 0; i < summary->records->len; i++) {
        CaseRecord *record = summary->records->pdata[i];
        g_autofree char *path = g_canonicalize_filename(record->scenario->path, NULL);
        g_autofree char *directory = g_path_get_dirname(path);
        g_autofree char *name = g_path_get_basename(directory);
        Suite *suite = suite_named(suites, name);

        g_ptr_array_add(suite->records, record);
        suite->counts[mark_of(record)]++;
        suite->seconds += record->line.seconds;
    }
    return suites;
}

/* ---- elements ---- */

static void add_seconds(GString *to, double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(text, sizeof text, "%.3f", seconds);
    markup_attribute(to, "time", text);
}

static void add_counts(GString *to, const guint *counts, guint tests)
{
    g_string_append_printf(to, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", tests,
                           counts[MARK_FAILURE], counts[MARK_ERROR]);
}

static void add_property(GString *to, const char *name, const char *value)
{
    g_string_append(to, "      <property");
    markup_attribute(to, "name", name);
    markup_attribute(to, "value", value);
    g_string_append(to, "/>\n");
}

/* The guests, and the verdict of each case: the element of a passed case has no place for it. */
static void add_properties(GString *to, const RunSummary *summary, const Suite *suite)
{
    const char *note = run_summary_note(suite->records);
    GHashTableIter iter;
    void *kind, *data;
    guint i;

    g_string_append(to, "    <properties>\n");
    add_property(to, "usbtape", USBTAPE_VERSION);
    if (note) {
        add_property(to, "note", note);
    }
    g_hash_table_iter_init(&iter, summary->guests);
    while (g_hash_table_iter_next(&iter, &kind, &data)) {
        const Guest *guest = data;
        g_autofree char *name = g_strdup_printf("guest.%s", ((const GuestKind *)kind)->name);
        g_autofree char *value = g_strdup_printf("%s; %s; %s", guest->directory,
                                                 guest->qemu_version, guest->kvm ? "kvm" : "tcg");

        add_property(to, name, value);
    }
    for (i = 0; i < suite->records->len; i++) {
        const CaseRecord *record = suite->records->pdata[i];
        g_autofree char *verdict = g_strconcat("verdict.", record->name, NULL);

        add_property(to, verdict, type_of(record));
    }
    g_string_append(to, "    </properties>\n");
}

static char *message_of(const CaseRecord *record)
{
    g_autofree char *expected = subject_expected(record->scenario);
    g_autofree char *outcome = report_outcome(type_of(record), record->line.passed, expected);
    const char *reason = record->line.reason;

    if (record->state != RECORD_RAN) {
        return g_strdup(record->why);
    }
    return g_strdup_printf("%s%s%s", outcome, reason ? ": " : "", reason ? reason : "");
}

static void add_case(GString *to, const Suite *suite, const CaseRecord *record)
{
    Mark mark = mark_of(record);
    g_autofree char *class = g_strconcat("usbtape.", suite->name, NULL);
    g_autofree char *message = NULL;
    g_autofree char *story = NULL;

    g_string_append(to, "    <testcase");
    markup_attribute(to, "classname", class);
    markup_attribute(to, "name", record->name);
    add_seconds(to, record->line.seconds);
    if (mark == MARK_PASSED) {
        g_string_append(to, "/>\n");
        return;
    }
    message = message_of(record);
    g_string_append_printf(to, ">\n      <%s", elements[mark]);
    markup_attribute(to, "message", message);
    if (mark != MARK_SKIPPED) {
        markup_attribute(to, "type", type_of(record));
    }
    story = record->state == RECORD_RAN ? report_story(record->directory) : NULL;
    g_string_append_c(to, '>');
    markup_text(to, story ? story : message, -1);
    g_string_append_printf(to, "</%s>\n    </testcase>\n", elements[mark]);
}

static void add_suite(GString *to, const RunSummary *summary, const Suite *suite, guint id)
{
    g_autoptr(GDateTime) started = g_date_time_new_from_unix_utc(summary->started / G_USEC_PER_SEC);
    g_autofree char *timestamp = g_date_time_format(started, "%Y-%m-%dT%H:%M:%S");
    guint i;

    g_string_append(to, "  <testsuite");
    markup_attribute(to, "name", suite->name);
    g_string_append_printf(to, " id=\"%u\" package=\"usbtape\"", id);
    add_counts(to, suite->counts, suite->records->len);
    g_string_append_printf(to, " skipped=\"%u\"", suite->counts[MARK_SKIPPED]);
    add_seconds(to, suite->seconds);
    markup_attribute(to, "timestamp", timestamp);
    markup_attribute(to, "hostname", g_get_host_name());
    g_string_append(to, ">\n");
    add_properties(to, summary, suite);
    for (i = 0; i < suite->records->len; i++) {
        add_case(to, suite, suite->records->pdata[i]);
    }
    g_string_append(to, "    <system-out/>\n    <system-err/>\n  </testsuite>\n");
}

static void render(const RunSummary *summary, GString *to)
{
    g_autoptr(GPtrArray) suites = suites_of(summary);
    guint counts[G_N_ELEMENTS(elements)] = { 0 };
    guint i, mark;

    for (i = 0; i < suites->len; i++) {
        for (mark = 0; mark < G_N_ELEMENTS(counts); mark++) {
            counts[mark] += ((const Suite *)suites->pdata[i])->counts[mark];
        }
    }
    markup_attribute(to, "name", "usbtape run");
    add_counts(to, counts, summary->records->len);
    add_seconds(to, (double)summary->duration / G_USEC_PER_SEC);
    g_string_append(to, ">\n");
    for (i = 0; i < suites->len; i++) {
        add_suite(to, summary, suites->pdata[i], i);
    }
    g_string_append(to, "</testsuites>\n");
}

const ReportFormat report_junit = {
    .option = "--junit",
    .begins = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites",
    .render = render,
};
