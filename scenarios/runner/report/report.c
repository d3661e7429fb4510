/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/report.h"

#include "emu/base/json-build.h"
#include "emu/base/json-read.h"
#include "scenarios/runner/sim-case.h"

static void add_case(JsonBuilder *builder, const Scenario *scenario, const Guest *guest)
{
    g_autofree char *name = scenario_case_name(scenario);
    g_autofree char *id = scenario_case_id(scenario);

    json_add_text(builder, "case", name);
    json_add_text(builder, "id", id);
    json_add_text(builder, "scenario", scenario->path);
    json_add_text(builder, "variant", scenario->variant);
    json_add_text(builder, "guest", scenario->guest->name);
    json_add_text(builder, "attachment", guest_attachment_name(guest->attachment));
    json_add_text(builder, "guest-directory", guest->directory);
    json_add_text(builder, "qemu", guest->qemu_version);
    json_add_text(builder, "accelerator", guest->kvm ? "kvm" : "tcg");
    json_add_text(builder, "usbtape", USBTAPE_VERSION);
    json_add_number(builder, "seed", (int64_t)scenario->seed);
}

static bool write_json(JsonBuilder *builder, const char *directory, const char *name, bool pretty,
                       GError **error)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, pretty);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);

    return g_file_set_contents(path, line, -1, error);
}

bool report_case(const Scenario *scenario, const Guest *guest, const char *directory,
                 GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint i;

    json_builder_begin_object(builder);
    add_case(builder, scenario, guest);
    json_add_text(builder, "about", scenario->about);
    json_add_text(builder, "model", scenario->tape.model);
    if (scenario->tape.settings) {
        g_autofree char *settings = g_strjoinv("\n", scenario->tape.settings);

        json_add_text(builder, "set", settings);
    }
    json_add_text(builder, "faults", scenario->faults);
    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    for (i = 0; scenario->steps && i < scenario->steps->len; i++) {
        const Step *step = scenario->steps->pdata[i];

        json_builder_begin_object(builder);
        json_add_text(builder, step->kind == STEP_RUN ? "run" : "host", step->text);
        json_add_number(builder, "line", step->line);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return write_json(builder, directory, "case.json", true, error);
}

static void add_triggers(JsonBuilder *builder, const SimTally *tally)
{
    unsigned i;

    json_builder_set_member_name(builder, "triggers");
    json_builder_begin_object(builder);
    for (i = 0; i < HOST_N_TRIGGERS; i++) {
        if (tally->by_trigger[i].cases > 0) {
            json_builder_set_member_name(builder, host_trigger_name((HostTrigger)(1u << i)));
            json_builder_begin_object(builder);
            json_add_number(builder, "cases", tally->by_trigger[i].cases);
            json_add_number(builder, "failed", tally->by_trigger[i].failed);
            json_builder_end_object(builder);
        }
    }
    json_builder_end_object(builder);
}

static unsigned read_number(JsonObject *object, const char *name)
{
    return (unsigned)json_number_at(object, name, 0);
}

static void read_triggers(JsonObject *object, SimTally *tally)
{
    JsonObject *triggers = json_object_at(object, "triggers");
    unsigned i;

    for (i = 0; triggers && i < HOST_N_TRIGGERS; i++) {
        JsonObject *one = json_object_at(triggers, host_trigger_name((HostTrigger)(1u << i)));

        if (one) {
            tally->by_trigger[i] =
                (SimCount){ read_number(one, "cases"), read_number(one, "failed") };
        }
    }
}

static void add_tally(JsonBuilder *builder, const SimTally *tally)
{
    unsigned end;

    if (!tally) {
        return;
    }
    json_builder_set_member_name(builder, "model");
    json_builder_begin_object(builder);
    json_add_text(builder, "driver", tally->driver);
    json_add_text(builder, "task", tally->task);
    json_add_text(builder, "explained", tally->explained);
    json_add_number(builder, "cases", tally->cases);
    for (end = 0; end < TRIAL_N_ENDS; end++) {
        json_add_number(builder, trial_end_name((TrialEnd)end), tally->ends[end]);
    }
    json_add_number(builder, "needed", tally->needed);
    add_triggers(builder, tally);
    json_add_text(builder, "against", tally->against);
    json_add_number(builder, "against-clean", tally->against_clean);
    json_builder_set_member_name(builder, "seconds");
    json_builder_add_double_value(builder, tally->seconds);
    json_builder_end_object(builder);
}

static SimTally *read_tally(JsonObject *object)
{
    SimTally *tally = g_new0(SimTally, 1);
    unsigned end;

    tally->driver = g_strdup(json_text_at(object, "driver", ""));
    tally->task = g_strdup(json_text_at(object, "task", ""));
    tally->explained = g_strdup(json_text_at(object, "explained", NULL));
    tally->against = g_strdup(json_text_at(object, "against", NULL));
    tally->cases = read_number(object, "cases");
    tally->needed = read_number(object, "needed");
    tally->against_clean = read_number(object, "against-clean");
    read_triggers(object, tally);
    tally->seconds = json_real_at(object, "seconds", 0);
    for (end = 0; end < TRIAL_N_ENDS; end++) {
        tally->ends[end] = read_number(object, trial_end_name((TrialEnd)end));
    }
    return tally;
}

bool report_verdict(const Scenario *scenario, const Guest *guest, const CaseResult *result,
                    const char *directory, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint i;

    json_builder_begin_object(builder);
    add_case(builder, scenario, guest);
    json_add_text(builder, "note", scenario_note(scenario));
    json_add_text(builder, "verdict", verdict_name(result->verdict));
    json_add_bool(builder, "passed", result->passed);
    json_builder_set_member_name(builder, "seconds");
    json_builder_add_double_value(builder, (double)(result->duration / 1000) / 1000);
    json_builder_set_member_name(builder, "reasons");
    json_builder_begin_array(builder);
    for (i = 0; i < result->reasons->len; i++) {
        /* What a guest printed need not be UTF-8, and JSON has to be. */
        g_autofree char *valid = g_utf8_make_valid(result->reasons->pdata[i], -1);

        json_builder_add_string_value(builder, valid);
    }
    json_builder_end_array(builder);
    add_tally(builder, result->tally);
    json_builder_end_object(builder);
    return write_json(builder, directory, "verdict.json", false, error);
}

char *report_story(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "story.txt", NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

bool report_read(const char *directory, ReportLine *line)
{
    g_autofree char *path = g_build_filename(directory, "verdict.json", NULL);
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object;
    JsonArray *reasons;

    *line = (ReportLine){ 0 };
    if (!g_file_get_contents(path, &line->text, NULL, NULL)) {
        return false;
    }
    node = json_read(line->text, -1, NULL);
    object = json_as_object(node);
    if (!object) {
        return false;
    }
    reasons = json_array_at(object, "reasons");
    if (json_object_at(object, "model")) {
        line->tally = read_tally(json_object_at(object, "model"));
    }
    line->verdict = g_strdup(json_text_at(object, "verdict", ""));
    line->passed = json_bool_at(object, "passed", false);
    line->seconds = json_real_at(object, "seconds", 0);
    if (reasons && json_array_get_length(reasons) > 0) {
        line->reason = g_strdup(json_as_text(json_array_get_element(reasons, 0), NULL));
    }
    return true;
}

void report_line_clear(ReportLine *line)
{
    g_free(line->text);
    g_free(line->verdict);
    g_free(line->reason);
    g_clear_pointer(&line->tally, sim_tally_free);
    *line = (ReportLine){ 0 };
}
