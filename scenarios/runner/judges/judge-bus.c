/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-bus.h"

#include "scenarios/runner/judges/judges.h"

#include <string.h>

static bool name_rule(const YamlNode *node, const char *key, CountRange times, BusCheck *check,
                      GError **error)
{
    unsigned rule = bus_rule_by_key(key, strlen(key));

    if (rule == BUS_N_RULES) {
        return yaml_node_refuse(
            node, error, "there is no rule '%s' of the bus: see `usbtape list bus-rules`", key);
    }
    check->rules[rule].named = true;
    check->rules[rule].times = times;
    return true;
}

static bool read_map(const YamlNode *node, BusCheck *check, GError **error)
{
    size_t i;

    for (i = 0; i < yaml_node_length(node); i++) {
        CountRange times;

        if (!value_read_count(yaml_node_item(node, i), &times, error) ||
            !name_rule(yaml_node_key(node, i), yaml_node_key_text(node, i), times, check, error)) {
            return false;
        }
    }
    return true;
}

/* `clean`, a rule, or a list of rules, each of which has to be broken. */
static bool bus_read(const YamlNode *node, void *check, GError **error)
{
    const CountRange some = { 1, G_MAXINT64 };
    size_t i;

    if (yaml_node_kind(node) == YAML_KIND_MAP) {
        return read_map(node, check, error);
    }
    if (yaml_node_is_word(node, "clean")) {
        return true;
    }
    for (i = 0; i < value_count(node); i++) {
        const char *key = yaml_node_text(value_at(node, i), error);

        if (!key || !name_rule(value_at(node, i), key, some, check, error)) {
            return false;
        }
    }
    return value_count(node) > 0 ||
           yaml_node_refuse(node, error, "write `clean`, or the rules that are to be broken");
}

/* The driver is wrong on purpose, and its case may end early. */
static void bus_relax(void *check, bool hidden)
{
    ((BusCheck *)check)->relaxed = true;
}

void bus_check_judge(const BusCheck *check, const BusTally *tally, GPtrArray *reasons, bool *broken,
                     bool *missing)
{
    unsigned rule, reason = 0;

    for (rule = 0; check && !check->relaxed && rule < BUS_N_RULES; rule++) {
        int64_t times = tally->rules[rule].times;
        bool named = check->rules[rule].named;
        g_autofree char *text = bus_tally_text(tally, rule);
        g_autofree char *range = named ? count_range_text(check->rules[rule].times) : NULL;

        if (named ? count_in_range(check->rules[rule].times, times)
                  : times == 0 || bus_rule_is_advice(rule)) {
            continue;
        }
        if (named && times < check->rules[rule].times.min) {
            *missing = true;
        } else {
            *broken = true;
        }
        if (named) {
            g_ptr_array_insert(reasons, reason++,
                               g_strdup_printf("the host broke a rule of the bus %" G_GINT64_FORMAT
                                               " times, not %s: %s",
                                               times, range, text ? text : bus_rule_key(rule)));
        } else {
            g_ptr_array_insert(reasons, reason++,
                               g_strdup_printf("the host broke a rule of the bus: %s", text));
        }
    }
}

char *bus_check_expected(const BusCheck *check, char *verdicts)
{
    g_autofree char *taken = verdicts;

    return check && !check->relaxed ? g_strconcat(taken, ", with the bus as `bus:` says", NULL)
                                    : g_steal_pointer(&taken);
}

static bool bus_judge(const void *check, Judgement *judgement, GError **error)
{
    if (!judgement->bus) {
        judgement->evidence->unfired = true;
        judge_add_reason(judgement, "the drive left no trace, so the bus was not judged");
        return true;
    }
    bus_check_judge(check, judgement->bus, judgement->reasons, &judgement->evidence->bus_broken,
                    &judgement->evidence->unfired);
    return true;
}

const Judge judge_bus = {
    .key = "bus",
    .stage = JUDGE_FAULTS,
    .size = sizeof(BusCheck),
    .read = bus_read,
    .relax = bus_relax,
    .judge = bus_judge,
};
