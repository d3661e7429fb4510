/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/summary.h"

#include "emu/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void record_free(void *data)
{
    CaseRecord *record = data;

    g_free(record->name);
    g_free(record->directory);
    g_free(record->why);
    report_line_clear(&record->line);
    g_free(record);
}

RunSummary *run_summary_new(const GPtrArray *cases, const char *out, const char *why)
{
    RunSummary *self = g_new0(RunSummary, 1);
    guint i;

    self->started = g_get_real_time();
    self->records = g_ptr_array_new_with_free_func(record_free);
    for (i = 0; i < cases->len; i++) {
        CaseRecord *record = g_new0(CaseRecord, 1);

        record->scenario = cases->pdata[i];
        record->name = scenario_case_name(record->scenario);
        record->directory = g_build_filename(out, record->name, NULL);
        record->why = g_strdup(why);
        g_ptr_array_add(self->records, record);
    }
    return self;
}

void run_summary_free(RunSummary *self)
{
    if (self) {
        g_ptr_array_unref(self->records);
        g_free(self);
    }
}

static void explain(CaseRecord *record, RecordState state, const char *why)
{
    record->state = state;
    g_free(record->why);
    record->why = g_strdup(why);
}

void run_summary_skip(CaseRecord *record, const char *why)
{
    explain(record, RECORD_SKIPPED, why);
}

void run_summary_explain(RunSummary *self, RecordState state, const char *why)
{
    guint i;

    for (i = 0; i < self->records->len; i++) {
        CaseRecord *record = self->records->pdata[i];

        if (record->state == RECORD_NOT_RUN) {
            explain(record, state, why);
        }
    }
}

/* True if there is no file, or a report of that kind. Any other file was named by mistake. */
static bool may_replace(const ReportFormat *format, const char *path, GError **error)
{
    size_t length = strlen(format->begins);
    g_autofree char *found = g_malloc0(length + 1);
    const char *problem = NULL;
    FILE *file = NULL;

    /* Checked first: to open a pipe without a writer would block. */
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        problem = "that is no file";
    } else if (!(file = fopen(path, "re"))) {
        problem = errno == ENOENT ? NULL : g_strerror(errno);
    } else if (fread(found, 1, length, file) > 0 && strcmp(found, format->begins) != 0) {
        problem = "there is a file of another kind; name a new one";
    }
    if (file) {
        fclose(file);
    }
    if (problem) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s %s: %s", format->option, path,
                    problem);
    }
    return !problem;
}

bool run_summary_write(const RunSummary *self, const ReportFormat *format, const char *path,
                       GError **error)
{
    g_autoptr(GString) text = g_string_new(format->begins);
    g_autoptr(GError) why = NULL;

    if (!may_replace(format, path, error)) {
        return false;
    }
    format->render(self, text);
    if (g_file_set_contents(path, text->str, (gssize)text->len, &why)) {
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s %s", format->option, why->message);
    return false;
}

const char *run_summary_note(const GPtrArray *records)
{
    const char *note = NULL;
    guint i;

    for (i = 0; i < records->len && !note; i++) {
        note = scenario_note(((const CaseRecord *)records->pdata[i])->scenario);
    }
    return note;
}
