/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs as long as their parser allows, of the shapes that cost most. A parser answers each of
 * them in n log n steps; one that compares every pair of items takes minutes for some of them. The
 * bound is processor time of this process. It lies ten times above what sanitizers need, since
 * neighbours on one machine make each step slower.
 */
#include "emu/base/yaml.h"
#include "emu/fault/plan.h"
#include "scenarios/runner/language/scenario.h"
#include "tests/support/suite.h"

#include <string.h>
#include <time.h>

TCase *make_limits_tcase(void);

#define SECONDS_MOST 30.0

typedef bool (*Parse)(const char *text, size_t length, GError **error);

static bool parse_yaml(const char *text, size_t length, GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_parse("f", text, length, error);

    return file != NULL;
}

static bool parse_faults(const char *text, size_t length, GError **error)
{
    g_autoptr(FaultPlan) plan = fault_plan_new(1);

    return fault_plan_add(plan, "f", text, length, error);
}

static bool parse_scenario(const char *text, size_t length, GError **error)
{
    const ScenarioOptions options = { .selfcheck = true };
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, length, &options, error);

    return cases != NULL;
}

#define HEAD  "name: n\nabout: a\n"
#define STEPS "steps: [{run: \"true\"}]\n"
#define SIM   "guest: sim\nsim: {task: backup, driver: F1}\n"
#define BAD   "expect: {outcome: intact}\nselfcheck:\n"

/*
 * The text is `before`, as many of `unit` as fit into `most` bytes, and `after`. In a unit, @ is
 * the number of the unit, and $ one of 2^14 texts that have the same hash in GLib.
 */
static const struct {
    const char *about;
    Parse parse;
    const char *before, *unit, *after;
    size_t most;
    bool good;
} inputs[] = {
    { "keys in braces", parse_yaml, "{", "@,", "}", YAML_FILE_MAX, true },
    { "keys on lines", parse_yaml, "", "@: 1\n", "", YAML_FILE_MAX, true },
    { "keys of one hash", parse_yaml, "{", "$,", "}", YAML_FILE_MAX, true },
    { "a duplicate key at the end", parse_yaml, "{a,", "@,", "a}", YAML_FILE_MAX, false },
    { "items in brackets", parse_yaml, "[", "@,", "]", YAML_FILE_MAX, true },
    { "items on lines", parse_yaml, "", "- @\n", "", YAML_FILE_MAX, true },
    { "maps in a list", parse_yaml, "[", "{@: 1},", "]", YAML_FILE_MAX, true },
    { "pairs in a list", parse_yaml, "[", "@: 1,", "]", YAML_FILE_MAX, true },
    { "explicit keys", parse_yaml, "", "? @\n", "", YAML_FILE_MAX, true },
    { "quoted keys", parse_yaml, "{", "\"@\": '@',", "}", YAML_FILE_MAX, true },
    { "lists of fifteen levels", parse_yaml, "[", "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]],", "]",
      YAML_FILE_MAX, true },
    { "brackets", parse_yaml, "", "[", "", YAML_FILE_MAX, false },
    { "braces", parse_yaml, "", "{", "", YAML_FILE_MAX, false },
    { "dashes", parse_yaml, "", "- ", "", YAML_FILE_MAX, false },
    { "question marks", parse_yaml, "", "? ", "", YAML_FILE_MAX, false },
    { "colons", parse_yaml, "", ": ", "", YAML_FILE_MAX, false },
    { "commas", parse_yaml, "[", ",", "", YAML_FILE_MAX, false },
    { "one word", parse_yaml, "", "a", "", YAML_FILE_MAX, true },
    { "words on lines", parse_yaml, "", "a\n", "", YAML_FILE_MAX, true },
    { "a quoted text of escapes", parse_yaml, "\"", "\\x41", "\"", YAML_FILE_MAX, true },
    { "a quoted text of line breaks", parse_yaml, "\"", "\n", "\"", YAML_FILE_MAX, true },
    { "an open quote", parse_yaml, "\"", "a ", "", YAML_FILE_MAX, false },
    { "a block text", parse_yaml, "|\n", " a\n", "", YAML_FILE_MAX, true },
    { "line breaks", parse_yaml, "", "\n", "", YAML_FILE_MAX, false },
    { "blanks", parse_yaml, "", " ", "", YAML_FILE_MAX, false },
    { "comments", parse_yaml, "", "#\n", "", YAML_FILE_MAX, false },
    { "directives", parse_yaml, "", "%TAG !@! a\n", "--- a\n", YAML_FILE_MAX, false },
    { "directives after a document", parse_yaml, "a\n...\n", "%TAG !@! a\n", "--- a\n",
      YAML_FILE_MAX, false },
    { "documents", parse_yaml, "", "---\n", "", YAML_FILE_MAX, false },
    { "rules", parse_faults, "", "- {name: drive.busy}\n", "", YAML_FILE_MAX, false },
    { "as many rules as may be", parse_faults, "",
      "- {name: drive.busy, id: a@, on: [WRITE(6), READ(6)]}\n", "", 55000, true },
    { "rules that wait for the next one", parse_faults, "",
      "- {name: drive.busy, if-state: a@, set-state: a+}\n",
      "- {name: drive.busy, set-state: a0}\n", 50000, true },
    { "keys of one rule", parse_faults, "{name: drive.busy,", "a@: 1,", "}", YAML_FILE_MAX, false },
    { "commands of one rule", parse_faults, "{name: drive.busy, on: [", "WRITE(6),", "]}",
      YAML_FILE_MAX, true },
    { "an axis on lines", parse_scenario, HEAD STEPS "vary:\n  a:\n", "  - @\n", "", 12000, true },
    { "an axis on one line", parse_scenario, HEAD STEPS "vary:\n  a: [", "@,", "]\n", 45000, true },
    { "an axis of too many values", parse_scenario, HEAD STEPS "vary:\n  a:\n", "  - @\n", "",
      YAML_FILE_MAX, false },
    { "an axis in braces", parse_scenario, "{name: n, about: a, steps: [{run: x}], vary: {a: [",
      "@,", "]}}", 60000, false },
    { "two axes", parse_scenario, HEAD STEPS "vary: {a: [1,2,3,4,5,6,7,8,9], b: [", "@,", "]}\n",
      YAML_FILE_MAX, false },
    { "an axis for each letter", parse_scenario,
      HEAD STEPS "vary: {a: [0, 1, 2], b: [0, 1, 2], c: [0, 1, 2], d: [0, 1, 2], e: [0, 1, 2], f: "
                 "[0, 1, 2], g: [0, 1, 2], h: [0, 1, 2]}\n",
      "# <a>\n", "", YAML_FILE_MAX, false },
    { "places for a long value", parse_scenario,
      HEAD "vary: {a: [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", b]}\n"
           "steps: [",
      "{run: <a>},", "]\n", YAML_FILE_MAX, false },
    { "a long value of a long axis", parse_scenario,
      HEAD STEPS "vary:\n  a: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]\n  b: [\"", "a",
      "\"]\n", YAML_FILE_MAX, true },
    { "long values of an axis", parse_scenario, HEAD STEPS "vary:\n  b: [c, d]\n  a: [",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,", "]\n", YAML_FILE_MAX,
      true },
    { "keys of a scenario", parse_scenario, "", "a@: 1\n", "", YAML_FILE_MAX, false },
    { "keys of a scenario in braces", parse_scenario, "{", "a@: 1,", "}", YAML_FILE_MAX, false },
    { "keys before an axis", parse_scenario, HEAD STEPS, "a@: 1\n", "vary: {a: [1, 2]}\n",
      YAML_FILE_MAX, false },
    { "directives behind other line breaks", parse_yaml, "#\xc2\x85", "%TAG !@! a\xc2\x85",
      "--- {}\n", YAML_FILE_MAX, false },
    { "steps", parse_scenario, HEAD "steps:\n", "- {run: \"true\"}\n", "", YAML_FILE_MAX, true },
    { "steps of many cases", parse_scenario, HEAD "seed: {from: 1, count: 10000}\nsteps:\n",
      "- {run: \"true\"}\n", "", YAML_FILE_MAX, false },
    { "guests", parse_scenario, HEAD STEPS "guest: [", "linux,", "]\n", YAML_FILE_MAX, false },
    { "seeds", parse_scenario, HEAD STEPS "seed: [", "@,", "]\n", YAML_FILE_MAX, false },
    { "seeds of a simulated host", parse_scenario, HEAD SIM "seed: [", "@,", "]\n", YAML_FILE_MAX,
      true },
    { "bad drivers", parse_scenario, HEAD STEPS BAD,
      "- {bad: b@, faults: [{name: drive.busy}], outcome: hang}\n", "", YAML_FILE_MAX, false },
    { "patterns", parse_scenario, HEAD "steps: [{run: a, expect-out: [", "a@,", "]}]\n",
      YAML_FILE_MAX, true },
    { "files on tape", parse_scenario, HEAD STEPS "expect: {tape: [[", "{blocks: 1},", "]]}\n",
      YAML_FILE_MAX, true },
    { "settings", parse_scenario, HEAD STEPS "tape: {set: {", "a@: 1,", "}}\n", YAML_FILE_MAX,
      true },
    { "faults", parse_scenario, HEAD STEPS "faults: [", "{name: drive.busy},", "]\n", YAML_FILE_MAX,
      true },
    { "complaints", parse_scenario, HEAD STEPS "expect: {outcome: hang, complaint: [",
      "{text: a@},", "]}\n", YAML_FILE_MAX, true },
};

static void append_unit(GString *text, const char *unit, unsigned number)
{
    int bit;

    for (; *unit; unit++) {
        if (*unit == '@') {
            g_string_append_printf(text, "%u", number);
        } else if (*unit == '+') {
            g_string_append_printf(text, "%u", number + 1);
        } else if (*unit == '$') {
            for (bit = 0; bit < 14; bit++) {
                g_string_append(text, number >> bit & 1 ? "Ab" : "BA");
            }
        } else {
            g_string_append_c(text, *unit);
        }
    }
}

static char *make_input(int i)
{
    GString *text = g_string_new(inputs[i].before);
    size_t most = inputs[i].most - strlen(inputs[i].after), fits = text->len;
    unsigned number;

    for (number = 0; text->len <= most; number++) {
        fits = text->len;
        append_unit(text, inputs[i].unit, number);
    }
    g_string_truncate(text, fits);
    g_string_append(text, inputs[i].after);
    return g_string_free(text, FALSE);
}

START_TEST(input_at_its_limit_is_answered_at_once)
{
    g_autofree char *text = make_input(_i);
    g_autoptr(GError) error = NULL;
    clock_t begun = clock();
    bool good = inputs[_i].parse(text, strlen(text), &error);
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;

    ck_assert_msg(good == inputs[_i].good, "%s: %s", inputs[_i].about,
                  error ? error->message : "accepted");
    ck_assert_msg(seconds < SECONDS_MOST, "%s: %.1f s of processor time", inputs[_i].about,
                  seconds);
}
END_TEST

TCase *make_limits_tcase(void)
{
    TCase *tcase = tcase_create("limits");

    tcase_add_loop_test(tcase, input_at_its_limit_is_answered_at_once, 0, G_N_ELEMENTS(inputs));
    tcase_set_timeout(tcase, 300);
    return tcase;
}
