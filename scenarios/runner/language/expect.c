/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/expect.h"

#include "scenarios/runner/language/values.h"

bool expect_read_outcomes(const YamlNode *node, void *member, GError **error)
{
    static const unsigned not_silent =
        1u << VERDICT_INTACT | 1u << VERDICT_RECOVERED | 1u << VERDICT_DETECTED;
    unsigned *outcomes = member;
    size_t i;
    int index;

    *outcomes = 0;
    if (value_count(node) == 0) {
        return yaml_node_refuse(node, error, "no verdict at all cannot be expected");
    }
    for (i = 0; i < value_count(node); i++) {
        const YamlNode *item = value_at(node, i);
        const char *text = yaml_node_text(item, error);

        if (!text) {
            return false;
        }
        if (g_str_equal(text, "not-silent")) {
            *outcomes |= not_silent;
        } else if (yaml_node_choice(item, verdict_names(), &index, error)) {
            *outcomes |= 1u << index;
        } else {
            return false;
        }
        if (*outcomes & 1u << VERDICT_ENV_ERROR || *outcomes & 1u << VERDICT_INCONCLUSIVE) {
            return yaml_node_refuse(item, error, "'%s' shows nothing, so it cannot be expected",
                                    text);
        }
    }
    return true;
}

static void complaint_free(void *data)
{
    Complaint *complaint = data;

    g_free(complaint->text);
    g_free(complaint);
}

static const YamlField complaint_fields[] = {
    { "step", YAML_TYPE_INTEGER, offsetof(Complaint, step), .min = 1, .max = 100000 },
    { "text", YAML_TYPE_CUSTOM, offsetof(Complaint, text), .read = value_read_pattern },
    { NULL },
};

bool expect_read_complaints(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *complaints = *(GPtrArray **)member = g_ptr_array_new_with_free_func(complaint_free);
    size_t i;

    if (value_count(node) == 0) {
        return yaml_node_refuse(node, error, "no complaint at all cannot be expected");
    }
    for (i = 0; i < value_count(node); i++) {
        const YamlNode *item = value_at(node, i);
        Complaint *complaint = g_new0(Complaint, 1);

        g_ptr_array_add(complaints, complaint);
        if (!yaml_node_read(item, complaint_fields, complaint, error)) {
            return false;
        }
        if (!complaint->step && !complaint->text) {
            return yaml_node_refuse(item, error, "a complaint has a 'step', a 'text', or both");
        }
    }
    return true;
}

bool expect_check_complaints(const YamlNode *parent, const Expectation *expect, unsigned steps,
                             GError **error)
{
    const GPtrArray *complaints = expect->complaints;
    const YamlNode *node = complaints ? yaml_node_get(parent, "complaint") : NULL;
    guint i;

    if (complaints && !(expect->outcomes & (1u << VERDICT_DETECTED | 1u << VERDICT_HANG))) {
        return yaml_node_refuse(node, error,
                                "only where the outcome is 'detected' or 'hang' is there one");
    }
    for (i = 0; complaints && i < complaints->len; i++) {
        const Complaint *complaint = complaints->pdata[i];

        if (complaint->step > steps) {
            return yaml_node_refuse(yaml_node_get(value_at(node, i), "step"), error,
                                    "there are %u steps", steps);
        }
    }
    return true;
}

static void *check_new(const Judge *judge)
{
    void *check = g_malloc0(judge->size);

    if (judge->init) {
        judge->init(check);
    }
    return check;
}

void expect_init(Expectation *expect)
{
    size_t i;

    expect->outcomes = 1u << VERDICT_INTACT;
    for (i = 0; i < N_JUDGES; i++) {
        if (judges()[i]->always) {
            expect->checks[i] = check_new(judges()[i]);
        }
    }
}

static bool read_checks(const YamlNode *const *nodes, Expectation *expect, GError **error)
{
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        const Judge *judge = judges()[i];

        if (!nodes[i]) {
            continue;
        }
        if (!expect->checks[i]) {
            expect->checks[i] = check_new(judge);
        }
        if (!(judge->fields ? yaml_node_read(nodes[i], judge->fields, expect->checks[i], error)
                            : judge->read(nodes[i], expect->checks[i], error))) {
            return false;
        }
    }
    return true;
}

typedef struct ExpectKeys {
    unsigned outcomes;
    GPtrArray *complaints;
    const YamlNode *checks[N_JUDGES];
} ExpectKeys;

bool expect_read(const YamlNode *node, void *member, GError **error)
{
    Expectation *expect = member;
    ExpectKeys keys = { .outcomes = expect->outcomes };
    YamlField fields[N_JUDGES + 3] = {
        { "outcome", YAML_TYPE_CUSTOM, offsetof(ExpectKeys, outcomes),
          .read = expect_read_outcomes },
        { "complaint", YAML_TYPE_CUSTOM, offsetof(ExpectKeys, complaints),
          .read = expect_read_complaints },
    };
    size_t i;
    bool fine;

    for (i = 0; i < N_JUDGES; i++) {
        fields[2 + i] = (YamlField){ judges()[i]->key, YAML_TYPE_NODE,
                                     offsetof(ExpectKeys, checks) + i * sizeof keys.checks[0] };
    }
    fine = yaml_node_read(node, fields, &keys, error);
    expect->outcomes = keys.outcomes;
    expect->complaints = keys.complaints;
    return fine && read_checks(keys.checks, expect, error);
}

void expect_clear(Expectation *expect)
{
    g_clear_pointer(&expect->complaints, g_ptr_array_unref);
    judges_clear(expect->checks);
}
