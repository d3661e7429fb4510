/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/report.h"

#include "emu/base/json-build.h"
#include "emu/base/json-read.h"
#include "scenarios/runner/subject.h"

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
        json_add_text(builder, step_kind_name(step->kind), step->text);
        json_add_number(builder, "line", step->line);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return write_json(builder, directory, "case.json", true, error);
}

static void add_detail(JsonBuilder *builder, const Scenario *scenario, const CaseResult *result)
{
    const SubjectResult *own = subject_of(scenario)->result;

    if (own && result->detail) {
        json_builder_set_member_name(builder, own->key);
        json_builder_begin_object(builder);
        own->add(builder, result->detail);
        json_builder_end_object(builder);
    }
}

static void read_detail(JsonObject *object, ReportLine *line)
{
    const SubjectResult *own = line->subject->result;
    JsonObject *detail = own ? json_object_at(object, own->key) : NULL;

    line->detail = detail ? own->read(detail) : NULL;
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
        /* JSON has to be UTF-8. Output of guests need not be. */
        g_autofree char *valid = g_utf8_make_valid(result->reasons->pdata[i], -1);

        json_builder_add_string_value(builder, valid);
    }
    json_builder_end_array(builder);
    if (result->bus) {
        json_builder_set_member_name(builder, "bus");
        bus_tally_add_json(result->bus, builder);
    }
    add_detail(builder, scenario, result);
    json_builder_end_object(builder);
    return write_json(builder, directory, "verdict.json", false, error);
}

char *report_outcome(const char *verdict, bool passed, const char *expected)
{
    if (!passed) {
        return g_strdup_printf("got %s, expected %s", verdict, expected);
    }
    return g_str_equal(verdict, verdict_name(VERDICT_INTACT))
               ? g_strdup(verdict)
               : g_strdup_printf("%s as expected", verdict);
}

char *report_story(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "story.txt", NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

bool report_read(const Scenario *scenario, const char *directory, ReportLine *line)
{
    g_autofree char *path = g_build_filename(directory, "verdict.json", NULL);
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object;
    JsonArray *reasons;

    *line = (ReportLine){ .subject = subject_of(scenario) };
    if (!g_file_get_contents(path, &line->text, NULL, NULL)) {
        return false;
    }
    node = json_read(line->text, -1, NULL);
    object = json_as_object(node);
    if (!object) {
        return false;
    }
    reasons = json_array_at(object, "reasons");
    read_detail(object, line);
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
    if (line->detail) {
        line->subject->result->free(line->detail);
    }
    *line = (ReportLine){ 0 };
}
