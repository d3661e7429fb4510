/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-faults-fired.h"

#include "scenarios/runner/judges/judges.h"

static void fault_check_free(void *data)
{
    FaultCheck *check = data;

    g_free(check->name);
    g_free(check);
}

static void faults_fired_init(void *check)
{
    ((FaultsFiredCheck *)check)->faults = g_ptr_array_new_with_free_func(fault_check_free);
}

static bool faults_fired_read(const YamlNode *node, void *check, GError **error)
{
    GPtrArray *faults = ((FaultsFiredCheck *)check)->faults;
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        FaultCheck *fault = g_new0(FaultCheck, 1);

        g_ptr_array_add(faults, fault);
        fault->name = g_strdup(yaml_node_key_text(node, i));
        if (!value_read_count(yaml_node_item(node, i), &fault->fired, error)) {
            return false;
        }
    }
    return true;
}

static void faults_fired_clear(void *check)
{
    g_clear_pointer(&((FaultsFiredCheck *)check)->faults, g_ptr_array_unref);
}

static void faults_fired_relax(void *check, bool hidden)
{
    if (hidden) {
        g_ptr_array_set_size(((FaultsFiredCheck *)check)->faults, 0);
    }
}

const FaultCheck *faults_fired_of(const FaultsFiredCheck *check, const char *fault)
{
    guint i;

    for (i = 0; i < check->faults->len; i++) {
        const FaultCheck *candidate = check->faults->pdata[i];

        if (g_str_equal(candidate->name, fault)) {
            return candidate;
        }
    }
    return NULL;
}

static void faults_fired_judge_rules(const FaultsFiredCheck *check, Judgement *judgement)
{
    const GPtrArray *rules = drive_process_rules(judgement->drive);
    guint i;

    if (judgement->has_faults && rules->len == 0) {
        judgement->evidence->unfired = true;
        judge_add_reason(judgement, "the drive did not report which faults fired");
    }
    for (i = 0; i < rules->len; i++) {
        const DriveRule *rule = rules->pdata[i];

        judgement->evidence->fault_fired |= rule->fired > 0;
        if (rule->fired == 0 && !faults_fired_of(check, rule->fault)) {
            judgement->evidence->unfired = true;
            judge_add_reason(judgement, "fault %s never fired (rule %" G_GINT64_FORMAT ")",
                             rule->fault, rule->number);
        }
    }
}

static bool faults_fired_judge(const void *check, Judgement *judgement, GError **error)
{
    const GPtrArray *faults = ((const FaultsFiredCheck *)check)->faults;
    guint i;

    faults_fired_judge_rules(check, judgement);
    for (i = 0; i < faults->len; i++) {
        const FaultCheck *fault = faults->pdata[i];
        int64_t fired = drive_process_fired(judgement->drive, fault->name);
        g_autofree char *expected = count_range_text(fault->fired);

        if (!count_in_range(fault->fired, fired)) {
            judgement->evidence->unfired = true;
            judge_add_reason(judgement, "fault %s fired %" G_GINT64_FORMAT " times, not %s",
                             fault->name, fired, expected);
        }
    }
    return true;
}

const Judge judge_faults_fired = {
    .key = "faults-fired",
    .stage = JUDGE_FAULTS,
    .size = sizeof(FaultsFiredCheck),
    .init = faults_fired_init,
    .always = true,
    .read = faults_fired_read,
    .clear = faults_fired_clear,
    .relax = faults_fired_relax,
    .judge = faults_fired_judge,
};
