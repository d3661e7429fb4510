/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/keys.h"

#include "emu/base/text.h"
#include "emu/base/units.h"
#include "media/formats/formats.h"

#include <string.h>

static const YamlField deadline_fields[] = {
    { "scenario", YAML_TYPE_DURATION, offsetof(Deadlines, scenario) },
    { "step", YAML_TYPE_DURATION, offsetof(Deadlines, step) },
    { "silence", YAML_TYPE_DURATION, offsetof(Deadlines, silence) },
    { NULL },
};

static bool read_deadline(const YamlNode *node, void *member, GError **error)
{
    return yaml_node_read(node, deadline_fields, member, error);
}

/* NAME: VALUE, as the drive takes NAME=VALUE. */
static bool read_settings(const YamlNode *node, void *member, GError **error)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const char *value = yaml_node_text(yaml_node_item(node, i), error);

        if (!value) {
            return false;
        }
        g_ptr_array_add(settings, g_strdup_printf("%s=%s", yaml_node_key_text(node, i), value));
    }
    g_ptr_array_add(settings, NULL);
    *(char ***)member = (char **)g_ptr_array_free(g_steal_pointer(&settings), FALSE);
    return true;
}

static const YamlField tape_config_fields[] = {
    { "model", YAML_TYPE_TEXT, offsetof(TapeConfig, model) },
    { "set", YAML_TYPE_CUSTOM, offsetof(TapeConfig, settings), .read = read_settings },
    { "format", YAML_TYPE_TEXT, offsetof(TapeConfig, format) },
    { "capacity", YAML_TYPE_SIZE, offsetof(TapeConfig, capacity) },
    { "early-warning", YAML_TYPE_SIZE, offsetof(TapeConfig, early_warning) },
    { NULL },
};

/* The suffix decides: with one that no format has, the cartridge would quietly be a native one. */
static bool is_suffix(const char *format)
{
    const MediumFormat *const *f;

    for (f = medium_formats(); *f; f++) {
        g_auto(GStrv) suffixes = g_strsplit((*f)->suffixes ? (*f)->suffixes : "", " ", -1);
        char **suffix;

        for (suffix = suffixes; *suffix; suffix++) {
            if (**suffix == '.' && g_str_equal(*suffix + 1, format)) {
                return true;
            }
        }
    }
    return false;
}

static bool read_tape_config(const YamlNode *node, void *member, GError **error)
{
    const TapeConfig *tape = member;
    g_autofree char *shown = NULL;

    if (!yaml_node_read(node, tape_config_fields, member, error)) {
        return false;
    }
    if (!tape->format || is_suffix(tape->format)) {
        return true;
    }
    shown = text_quote(tape->format);
    return yaml_node_refuse(yaml_node_get(node, "format"), error,
                            "no image format has the suffix %s", shown);
}

bool scenario_read_faults(const YamlNode *node, void *member, GError **error)
{
    GString *text;
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    text = g_string_new(NULL);
    for (i = 0; i < yaml_node_length(node); i++) {
        g_string_append(text, "- ");
        yaml_node_print(yaml_node_item(node, i), text);
        g_string_append_c(text, '\n');
    }
    *(char **)member = g_string_free(text, text->len == 0);
    return true;
}

/* The axes are read before the rest, by expand(). */
static bool read_elsewhere(const YamlNode *node, void *member, GError **error)
{
    return true;
}

bool scenario_read_name(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);

    if (!text) {
        return false;
    }
    if (!g_ascii_isalnum(text[0]) || strlen(text) > 60) {
        return yaml_node_refuse(node, error,
                                "a name begins with a letter or digit and has at most 60");
    }
    g_free(*(char **)member);
    *(char **)member = g_strdup(text);
    return true;
}

static const char *const starts[] = { "restored", "cold", NULL };

static const YamlField scenario_fields[] = {
    { "name", YAML_TYPE_CUSTOM, offsetof(Scenario, name), .required = true,
      .read = scenario_read_name },
    { "about", YAML_TYPE_TEXT, offsetof(Scenario, about), .required = true },
    { "guest", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "seed", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "vary", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "memory", YAML_TYPE_INTEGER, offsetof(Scenario, memory), .min = 128, .max = 65536 },
    { "start", YAML_TYPE_CHOICE, offsetof(Scenario, start), .words = starts },
    { "tape", YAML_TYPE_CUSTOM, offsetof(Scenario, tape), .read = read_tape_config },
    { "faults", YAML_TYPE_CUSTOM, offsetof(Scenario, faults), .read = scenario_read_faults },
    { "steps", YAML_TYPE_CUSTOM, offsetof(Scenario, steps), .read = steps_read },
    { "expect", YAML_TYPE_CUSTOM, offsetof(Scenario, expect), .read = expect_read },
    { "deadline", YAML_TYPE_CUSTOM, offsetof(Scenario, deadline), .read = read_deadline },
    { "selfcheck", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { NULL },
};

Scenario *scenario_new(const char *path)
{
    Scenario *s = g_new0(Scenario, 1);

    s->path = g_strdup(path);
    s->memory = 256;
    s->seed = 1;
    expect_init(&s->expect);
    s->deadline = (Deadlines){ SECONDS(300), SECONDS(60), SECONDS(20) };
    return s;
}

bool scenario_read(const YamlNode *root, Scenario *scenario, GError **error)
{
    YamlField fields[G_N_ELEMENTS(scenario_fields) + N_SUBJECTS];
    size_t i, n = G_N_ELEMENTS(scenario_fields) - 1;

    memcpy(fields, scenario_fields, sizeof scenario_fields);
    for (i = 0; i < N_SUBJECTS; i++) {
        const Subject *subject = subjects()[i];

        if (subject->key) {
            fields[n++] = (YamlField){ subject->key, YAML_TYPE_CUSTOM, offsetof(Scenario, plan),
                                       .read = subject == subject_of(scenario) ? subject->read
                                                                               : read_elsewhere };
        }
    }
    fields[n] = (YamlField){ NULL };
    return yaml_node_read(root, fields, scenario, error);
}

const Subject *scenario_other_subject(const YamlNode *root, const Scenario *scenario)
{
    size_t i;

    for (i = 0; i < N_SUBJECTS; i++) {
        const Subject *subject = subjects()[i];

        if (subject != subject_of(scenario) && subject->key && yaml_node_get(root, subject->key)) {
            return subject;
        }
    }
    return NULL;
}

bool scenario_check_subject(const YamlNode *root, const Scenario *scenario, GError **error)
{
    const Subject *subject = subject_of(scenario);
    const Subject *other = scenario_other_subject(root, scenario);
    const YamlNode *expect = yaml_node_get(root, "expect");
    bool complete = subject->key ? scenario->plan != NULL : scenario->steps != NULL;

    return (!subject->keys || yaml_node_only(root, subject->keys, error)) &&
           (!other || yaml_node_refuse(yaml_node_get(root, other->key), error,
                                       "the guest '%s' is no %s: write guest: %s",
                                       scenario->guest->name, other->name, other->usual_guest)) &&
           (!expect || !subject->expect_keys ||
            yaml_node_only(expect, subject->expect_keys, error)) &&
           (complete || yaml_node_refuse(root, error, "the key '%s' is missing",
                                         subject->key ? subject->key : "steps")) &&
           (!subject->check || subject->check(scenario, root, error));
}

/* ---- what only the drive can judge ---- */

/* The plan was printed a rule a line, those of `more` last: its error's line is the rule's number.
 */
static const YamlNode *rule_at(const YamlNode *faults, const YamlNode *more, size_t line)
{
    size_t n = faults ? yaml_node_length(faults) : 0;

    if (line >= 1 && line <= n) {
        return yaml_node_item(faults, line - 1);
    }
    if (more && line > n && line <= n + yaml_node_length(more)) {
        return yaml_node_item(more, line - n - 1);
    }
    return more ? more : faults;
}

bool scenario_check_faults(const YamlNode *faults, const YamlNode *more, const char *plan,
                           const ScenarioChecks *checks, GError **error)
{
    static const char name[] = "faults:";
    g_autoptr(GError) why = NULL;
    const char *words;
    size_t line = 0;

    if (checks->faults("faults", plan, strlen(plan), &why)) {
        return true;
    }
    words = why->message;
    if (g_str_has_prefix(words, name)) {
        line = (size_t)g_ascii_strtoull(words + strlen(name), NULL, 10);
        words = strstr(words, ": ") ? strstr(words, ": ") + 2 : words;
    }
    return yaml_node_refuse(rule_at(faults, more, line), error, "%s", words);
}

bool scenario_check_drive(const YamlNode *root, const Scenario *scenario,
                          const ScenarioOptions *options, GError **error)
{
    const ScenarioChecks *checks = options ? options->checks : NULL;
    const YamlNode *tape = yaml_node_get(root, "tape");
    g_autoptr(GError) why = NULL;
    int wrong = -1;

    if (checks && (scenario->tape.model || scenario->tape.settings) &&
        !checks->model(scenario->tape.model, scenario->tape.settings, &wrong, &why)) {
        const YamlNode *set = yaml_node_get(tape, "set");
        const YamlNode *model = yaml_node_get(tape, "model");

        return yaml_node_refuse(wrong >= 0 ? yaml_node_item(set, (size_t)wrong)
                                           : (model ? model : set),
                                error, "%s", why->message);
    }
    return !checks || !scenario->faults ||
           scenario_check_faults(yaml_node_get(root, "faults"), NULL, scenario->faults, checks,
                                 error);
}
