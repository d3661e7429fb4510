/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run as one JSON object, for programs: each case as its verdict.json has it. */
#include "emu/base/json-build.h"
#include "emu/base/json-read.h"
#include "scenarios/runner/report/summary.h"

#include <string.h>

#define BEGINS "{\"usbtape-run\":"

static const char *state_of(const CaseRecord *record)
{
    return record->state == RECORD_RAN       ? "ran"
           : record->state == RECORD_SKIPPED ? "skipped"
                                             : "not-run";
}

static void add_record(JsonBuilder *builder, const CaseRecord *record)
{
    g_autoptr(JsonNode) verdict = record->line.text ? json_read(record->line.text, -1, NULL) : NULL;

    json_builder_begin_object(builder);
    json_add_text(builder, "case", record->name);
    json_add_text(builder, "state", state_of(record));
    json_add_text(builder, "why", record->state == RECORD_RAN ? NULL : record->why);
    if (verdict) {
        json_builder_set_member_name(builder, "result");
        json_builder_add_value(builder, g_steal_pointer(&verdict));
    }
    json_builder_end_object(builder);
}

static void render(const RunSummary *summary, GString *to)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;
    guint i;

    json_builder_begin_object(builder);
    json_add_text(builder, "version", USBTAPE_VERSION);
    json_add_text(builder, "note", run_summary_note(summary->records));
    json_builder_set_member_name(builder, "seconds");
    json_builder_add_double_value(builder, (double)(summary->duration / 1000) / 1000);
    json_builder_set_member_name(builder, "cases");
    json_builder_begin_array(builder);
    for (i = 0; i < summary->records->len; i++) {
        add_record(builder, summary->records->pdata[i]);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, false);
    g_string_append_printf(to, "%s}\n", text); /* `begins` opened it */
}

const ReportFormat report_json = {
    .option = "--json",
    .begins = BEGINS,
    .render = render,
};
