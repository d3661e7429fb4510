/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/bad-driver.h"

#include "scenarios/runner/language/keys.h"
#include "scenarios/runner/subject.h"

void acted_free(void *data)
{
    Acted *acted = data;

    if (acted) {
        g_free(acted->text);
        g_free(acted->dmesg);
        g_free(acted);
    }
}

static bool bad_driver_read_node(const YamlNode *node, void *out, GError **error)
{
    *(const YamlNode **)out = node;
    return yaml_node_is(node, YAML_KIND_MAP, error);
}

static const YamlField acted_fields[] = {
    { "step", YAML_TYPE_INTEGER, offsetof(Acted, step), .min = 1, .max = 100000 },
    { "text", YAML_TYPE_CUSTOM, offsetof(Acted, text), .read = value_read_pattern },
    { "dmesg", YAML_TYPE_CUSTOM, offsetof(Acted, dmesg), .read = value_read_pattern },
    { NULL },
};

static bool read_acted(const YamlNode *node, void *member, GError **error)
{
    Acted *acted = *(Acted **)member = g_new0(Acted, 1);

    if (!yaml_node_read(node, acted_fields, acted, error)) {
        return false;
    }
    return (!acted->text == !acted->dmesg || (acted->step && !acted->text))
               ? yaml_node_refuse(node, error,
                                  "it is known by a 'text' of some step, or from 'dmesg'")
               : true;
}

const YamlField bad_driver_fields[] = {
    { "bad", YAML_TYPE_CUSTOM, offsetof(BadDriver, name), .required = true,
      .read = scenario_read_name },
    { "faults", YAML_TYPE_CUSTOM, offsetof(BadDriver, faults), .read = scenario_read_faults },
    { "guest", YAML_TYPE_TEXT, offsetof(BadDriver, guest) },
    { "vary", YAML_TYPE_CUSTOM, offsetof(BadDriver, vary), .read = bad_driver_read_node },
    { "hides-faults", YAML_TYPE_BOOL, offsetof(BadDriver, hides) },
    { "acted", YAML_TYPE_CUSTOM, offsetof(BadDriver, acted), .read = read_acted },
    { "outcome", YAML_TYPE_CUSTOM, offsetof(BadDriver, outcomes), .required = true,
      .read = expect_read_outcomes },
    { "complaint", YAML_TYPE_CUSTOM, offsetof(BadDriver, complaints),
      .read = expect_read_complaints },
    { NULL },
};

void bad_driver_clear(BadDriver *bad)
{
    g_free(bad->name);
    g_free(bad->faults);
    g_free(bad->guest);
    g_clear_pointer(&bad->acted, acted_free);
    g_clear_pointer(&bad->complaints, g_ptr_array_unref);
}

GPtrArray *bad_drivers_read_acts(const YamlNode *list, GError **error)
{
    g_autoptr(GPtrArray) acts = g_ptr_array_new_with_free_func(acted_free);
    size_t i;

    if (!yaml_node_is(list, YAML_KIND_LIST, error)) {
        return NULL;
    }
    for (i = 0; i < yaml_node_length(list); i++) {
        const YamlNode *node = yaml_node_get(yaml_node_item(list, i), "acted");
        Acted *acted = NULL;

        if (node) {
            bool fine = read_acted(node, &acted, error);

            g_ptr_array_add(acts, acted);
            if (!fine) {
                return NULL;
            }
        }
    }
    return g_steal_pointer(&acts);
}

/* The runner cannot see what a `vary` value did inside the guest, so its output has to say so. */
static bool check_acted(const YamlNode *node, const Scenario *scenario, const BadDriver *bad,
                        GError **error)
{
    if (!subject_of(scenario)->names_driver && bad->vary && !bad->acted) {
        return yaml_node_refuse(yaml_node_get(node, "vary"), error,
                                "say in 'acted' by what it is known that it did something");
    }
    if (bad->acted && bad->acted->step > scenario->steps->len) {
        return yaml_node_refuse(yaml_node_get(yaml_node_get(node, "acted"), "step"), error,
                                "there are %u steps", scenario->steps->len);
    }
    if (bad->acted && bad->acted->step > 0 &&
        ((const Step *)scenario->steps->pdata[bad->acted->step - 1])->kind != STEP_RUN) {
        return yaml_node_refuse(yaml_node_get(yaml_node_get(node, "acted"), "step"), error,
                                "step %" G_GINT64_FORMAT " is done from outside, and says nothing",
                                bad->acted->step);
    }
    return true;
}

bool bad_driver_apply(Scenario *scenario, const YamlNode *root, const YamlNode *node,
                      BadDriver *bad, const ScenarioOptions *options, GError **error)
{
    const ScenarioChecks *checks = options ? options->checks : NULL;
    const YamlNode *own = bad->hides ? NULL : yaml_node_get(root, "faults");
    char *about = g_strdup_printf("red under %s: %s", bad->name, scenario->about);
    g_autoptr(GError) why = NULL;
    const GuestKind *kind;

    g_free(scenario->about);
    scenario->about = about;
    scenario->bad = g_strdup(bad->name);
    if (!bad->faults && !bad->guest && !bad->vary && !bad->hides) {
        return yaml_node_refuse(node, error,
                                "a bad driver is made by 'faults', by a 'guest', by 'vary', or by "
                                "'hides-faults'");
    }
    if (bad->hides && !scenario->faults) {
        return yaml_node_refuse(yaml_node_get(node, "hides-faults"), error,
                                "the scenario has no faults");
    }
    if (bad->hides) {
        g_clear_pointer(&scenario->faults, g_free);
    }
    if (bad->faults) {
        char *faults = g_strconcat(scenario->faults ? scenario->faults : "", bad->faults, NULL);

        g_free(scenario->faults);
        scenario->faults = faults;
    }
    if (subject_of(scenario)->names_driver && (bad->guest || bad->acted || bad->complaints)) {
        return yaml_node_refuse(node, error,
                                "a %s's bad driver is made by 'vary' and 'faults' alone",
                                subject_of(scenario)->name);
    }
    if (!check_acted(node, scenario, bad, error)) {
        return false;
    }
    if (bad->outcomes & scenario->expect.outcomes) {
        return yaml_node_refuse(yaml_node_get(node, "outcome"), error,
                                "the good driver may come to this, so it proves nothing");
    }
    scenario->acted = g_steal_pointer(&bad->acted);
    scenario->expect.outcomes = bad->outcomes;
    judges_relax(scenario->expect.checks, bad->hides);
    g_clear_pointer(&scenario->expect.complaints, g_ptr_array_unref);
    scenario->expect.complaints = g_steal_pointer(&bad->complaints);
    if (!expect_check_complaints(node, &scenario->expect,
                                 scenario->steps ? scenario->steps->len : 0, error)) {
        return false;
    }
    kind = bad->guest ? subject_kind_by_name(bad->guest, &why) : scenario->guest;
    if (!kind) {
        return yaml_node_refuse(yaml_node_get(node, "guest"), error, "%s", why->message);
    }
    if (kind->subject->key != subject_of(scenario)->key) {
        return yaml_node_refuse(yaml_node_get(node, "guest"), error, "a %s has no %s to do",
                                kind->subject->name,
                                scenario->plan ? subject_of(scenario)->key : "steps");
    }
    scenario->guest = kind;
    return !checks || !bad->faults ||
           scenario_check_faults(own, yaml_node_get(node, "faults"), scenario->faults, checks,
                                 error);
}
