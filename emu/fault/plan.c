/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/plan.h"

#include <string.h>

#include "emu/base/error.h"
#include "emu/fault/rule.h"
#include "emu/scsi/commands.h"

static const FaultInterposers no_interposers;

static void rule_free(void *rule)
{
    fault_rule_free(rule);
}

FaultPlan *fault_plan_new(uint64_t seed)
{
    FaultPlan *plan = g_new0(FaultPlan, 1);

    plan->seed = seed;
    plan->in_place = &no_interposers;
    plan->rules = g_ptr_array_new_with_free_func(rule_free);
    plan->removed = g_ptr_array_new_with_free_func(rule_free);
    plan->states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return plan;
}

void fault_plan_free(FaultPlan *plan)
{
    if (!plan) {
        return;
    }
    fault_plan_stop(plan);
    g_ptr_array_unref(plan->rules);
    g_ptr_array_unref(plan->removed);
    g_hash_table_unref(plan->states);
    g_free(plan);
}

/* ---- adding and removing rules ---- */

static FaultRule *plan_nth_rule(const GPtrArray *rules, guint i)
{
    return g_ptr_array_index(rules, i);
}

static bool rule_is_called(const FaultRule *rule, const char *name)
{
    return rule->id ? g_str_equal(rule->id, name) : g_str_equal(rule->kind->name, name);
}

/* The rule that `name` refers to. New rules take precedence over those in force. */
static FaultRule *plan_find_rule(const FaultPlan *plan, const GPtrArray *fresh, const char *name,
                                 const FaultRule *not_this)
{
    const GPtrArray *both[] = { fresh, plan->rules };
    size_t b;
    guint i;

    for (b = 0; b < G_N_ELEMENTS(both); b++) {
        for (i = 0; i < both[b]->len; i++) {
            FaultRule *rule = plan_nth_rule(both[b], i);

            if (rule != not_this && rule_is_called(rule, name)) {
                return rule;
            }
        }
    }
    return NULL;
}

/* The rules that can fire, given that rules wait for each other. */
typedef struct Reach {
    GHashTable *rules;  /* rules that can fire */
    GHashTable *states; /* states that these rules set */
} Reach;

static void reach_init(Reach *reach)
{
    reach->rules = g_hash_table_new(NULL, NULL);
    reach->states = g_hash_table_new(g_str_hash, g_str_equal);
}

static void reach_clear(Reach *reach)
{
    g_hash_table_unref(reach->rules);
    g_hash_table_unref(reach->states);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reach, reach_clear)

static void reach_add(Reach *reach, FaultRule *rule)
{
    g_hash_table_add(reach->rules, rule);
    if (rule->set_state) {
        g_hash_table_add(reach->states, rule->set_state);
    }
}

static bool rule_waits_for_none(const FaultPlan *plan, const Reach *reach, const FaultRule *rule)
{
    return (!rule->after || rule->after->fired > 0 ||
            g_hash_table_contains(reach->rules, rule->after)) &&
           (!rule->if_state || g_hash_table_contains(plan->states, rule->if_state) ||
            g_hash_table_contains(reach->states, rule->if_state));
}

/*
 * Adds the rules that can fire: first those that wait for no other rule, then those that wait for
 * an added one, and so on. `except` is left out, or NULL.
 */
static void reach_all(Reach *reach, const FaultPlan *plan, const GPtrArray *rules,
                      const FaultRule *except)
{
    guint i, before;

    do {
        before = g_hash_table_size(reach->rules);
        for (i = 0; i < rules->len; i++) {
            if (plan_nth_rule(rules, i) != except &&
                rule_waits_for_none(plan, reach, plan_nth_rule(rules, i))) {
                reach_add(reach, plan_nth_rule(rules, i));
            }
        }
    } while (g_hash_table_size(reach->rules) > before);
}

/* Resolves the references of the rule to other rules. */
static bool rule_connect(const FaultPlan *plan, const GPtrArray *fresh, FaultRule *rule,
                         const YamlNode *node, GError **error)
{
    if (rule->after_name) {
        rule->after = plan_find_rule(plan, fresh, rule->after_name, rule);
        if (!rule->after) {
            return yaml_node_refuse(yaml_node_get(node, "after"), error,
                                    "there is no other rule '%s' (its id, else its name)",
                                    rule->after_name);
        }
    }
    return true;
}

static bool rule_check_waiting(const FaultPlan *plan, const GPtrArray *fresh, const YamlNode *root,
                               GError **error)
{
    bool list = yaml_node_kind(root) == YAML_KIND_LIST;
    g_auto(Reach) reach;
    guint i;

    reach_init(&reach);
    reach_all(&reach, plan, plan->rules, NULL);
    reach_all(&reach, plan, fresh, NULL);
    for (i = 0; i < fresh->len; i++) {
        const YamlNode *node = list ? yaml_node_item(root, i) : root;
        const FaultRule *rule = plan_nth_rule(fresh, i);

        if (g_hash_table_contains(reach.rules, rule)) {
            continue;
        }
        if (rule->after && !g_hash_table_contains(reach.rules, rule->after)) {
            return yaml_node_refuse(yaml_node_get(node, "after"), error,
                                    "the rules wait for each other: they can never fire");
        }
        return yaml_node_refuse(yaml_node_get(node, "if-state"), error,
                                "no other rule that can fire sets the state '%s': this one can "
                                "never fire",
                                rule->if_state);
    }
    return true;
}

static void rule_on_clock(void *data);

static void rule_start(FaultPlan *plan, FaultRule *rule)
{
    rule->start = clock_now(plan->clock);
    if (rule->hook == FAULT_HOOK_CLOCK) {
        rule->timer = clock_start(plan->clock, rule->time, rule_on_clock, rule);
    }
}

static void rule_stop(FaultPlan *plan, FaultRule *rule)
{
    if (rule->timer) {
        clock_cancel(plan->clock, rule->timer);
        rule->timer = NULL;
    }
}

static void plan_adopt_rule(FaultPlan *plan, FaultRule *rule)
{
    rule->plan = plan;
    rule->number = ++plan->last_number;
    rule->random = random_new(plan->seed, rule->number);
    g_ptr_array_add(plan->rules, rule);
    if (plan->clock) {
        rule_start(plan, rule);
    }
}

static bool plan_read_rules(FaultPlan *plan, YamlFile *file, const char *source, GError **error)
{
    const YamlNode *root = yaml_file_root(file);
    bool list = yaml_node_kind(root) == YAML_KIND_LIST;
    size_t i, n = list ? yaml_node_length(root) : 1;
    g_autoptr(GPtrArray) fresh = g_ptr_array_new_with_free_func(rule_free);

    if (!list && yaml_node_kind(root) != YAML_KIND_MAP) {
        return yaml_node_refuse(root, error, "a fault plan is a list of rules");
    }
    if (n > FAULT_RULES_MAX - MIN(plan->rules->len, FAULT_RULES_MAX)) {
        return yaml_node_refuse(
            list && n > FAULT_RULES_MAX ? yaml_node_item(root, FAULT_RULES_MAX) : root, error,
            "there may be %u rules at once, and no more", FAULT_RULES_MAX);
    }
    for (i = 0; i < n; i++) {
        FaultRule *rule = fault_rule_read(list ? yaml_node_item(root, i) : root, source, error);

        if (!rule) {
            return false;
        }
        g_ptr_array_add(fresh, rule);
    }
    for (i = 0; i < n; i++) {
        if (!rule_connect(plan, fresh, plan_nth_rule(fresh, (guint)i),
                          list ? yaml_node_item(root, i) : root, error)) {
            return false;
        }
    }
    if (!rule_check_waiting(plan, fresh, root, error)) {
        return false;
    }
    while (fresh->len > 0) {
        plan_adopt_rule(plan, g_ptr_array_steal_index(fresh, 0));
    }
    return true;
}

bool fault_plan_load(FaultPlan *plan, const char *path, GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_load(path, error);

    return file && plan_read_rules(plan, file, path, error);
}

bool fault_plan_add(FaultPlan *plan, const char *name, const char *text, size_t length,
                    GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_parse(name, text, length, error);

    return file && plan_read_rules(plan, file, name, error);
}

static bool rule_is_waited_for(const GPtrArray *rules, const FaultRule *rule)
{
    guint i;

    for (i = 0; i < rules->len; i++) {
        if (plan_nth_rule(rules, i)->after == rule) {
            return true;
        }
    }
    return false;
}

/* Bounds the memory of a controller that adds and removes rules for days. */
static void plan_free_oldest_removed(FaultPlan *plan)
{
    guint i;

    for (i = 0; plan->removed->len > FAULT_RULES_MAX && i < plan->removed->len; i++) {
        const FaultRule *rule = plan_nth_rule(plan->removed, i);

        if (!rule_is_waited_for(plan->rules, rule) && !rule_is_waited_for(plan->removed, rule) &&
            rule->users == 0) {
            g_ptr_array_remove_index(plan->removed, i);
            return;
        }
    }
}

/* The counters of a removed rule stay, and pointers to it remain valid. */
static void plan_move_to_removed(FaultPlan *plan, guint i)
{
    FaultRule *rule = plan_nth_rule(plan->rules, i);

    rule_stop(plan, rule);
    rule->removed = true;
    g_ptr_array_add(plan->removed, g_ptr_array_steal_index(plan->rules, i));
    plan_free_oldest_removed(plan);
}

/* The first rule that could never fire without that one, or NULL. */
static const FaultRule *plan_rule_that_needs(const FaultPlan *plan, const FaultRule *rule)
{
    g_auto(Reach) reach;
    guint i;

    reach_init(&reach);
    reach_all(&reach, plan, plan->rules, rule);
    for (i = 0; i < plan->rules->len; i++) {
        const FaultRule *other = plan_nth_rule(plan->rules, i);

        if (other != rule && !g_hash_table_contains(reach.rules, other)) {
            return other;
        }
    }
    return NULL;
}

bool fault_plan_remove(FaultPlan *plan, unsigned number, GError **error)
{
    const FaultRule *waiting;
    guint i;

    if (number == 0) {
        while (plan->rules->len > 0) {
            plan_move_to_removed(plan, 0);
        }
        return true;
    }
    for (i = 0; i < plan->rules->len; i++) {
        if (plan_nth_rule(plan->rules, i)->number != number) {
            continue;
        }
        waiting = plan_rule_that_needs(plan, plan_nth_rule(plan->rules, i));
        if (waiting) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "rule %u could never fire without rule %u: remove it first",
                        waiting->number, number);
            return false;
        }
        plan_move_to_removed(plan, i);
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "there is no rule %u", number);
    return false;
}

void fault_plan_start(FaultPlan *plan, Clock *clock, Trace *trace, const FaultInterposers *in_place,
                      const FaultWorld *world, void *data)
{
    guint i;

    plan->clock = clock;
    plan->trace = trace;
    plan->in_place = in_place ? in_place : &no_interposers;
    plan->world = world;
    plan->data = data;
    for (i = 0; i < plan->rules->len; i++) {
        rule_start(plan, plan_nth_rule(plan->rules, i));
    }
}

void fault_plan_stop(FaultPlan *plan)
{
    guint i;

    for (i = 0; plan->clock && i < plan->rules->len; i++) {
        rule_stop(plan, plan_nth_rule(plan->rules, i));
    }
    plan->clock = NULL;
    plan->trace = NULL;
    plan->in_place = &no_interposers;
    plan->world = NULL;
}

unsigned fault_plan_seams(const FaultPlan *plan)
{
    unsigned seams = 0;
    guint i;

    for (i = 0; i < plan->rules->len; i++) {
        seams |= plan_nth_rule(plan->rules, i)->seams;
    }
    return seams;
}

/* ---- events ---- */

void fault_plan_command(FaultPlan *plan, uint64_t tag, const uint8_t *cdb, size_t length)
{
    guint i;

    plan->command++;
    plan->tag = tag;
    memset(plan->cdb, 0, sizeof plan->cdb);
    memcpy(plan->cdb, cdb, MIN(length, sizeof plan->cdb));
    for (i = 0; i < plan->rules->len; i++) {
        FaultRule *rule = plan_nth_rule(plan->rules, i);

        rule->seen += !rule->request && rule->takes[plan->cdb[0]];
    }
}

bool fault_plan_in_mode_sense(const FaultPlan *plan)
{
    return plan->command > 0 && (plan->cdb[0] == scsi_commands[SCSI_MODE_SENSE_6].opcode ||
                                 plan->cdb[0] == scsi_commands[SCSI_MODE_SENSE_10].opcode);
}

void fault_plan_request(FaultPlan *plan, unsigned request)
{
    guint i;

    for (i = 0; i < plan->rules->len; i++) {
        FaultRule *rule = plan_nth_rule(plan->rules, i);

        rule->seen += (rule->request & request) != 0;
    }
}

static bool in_range(const FaultRange *range, uint64_t value)
{
    return !range->given || (value >= range->from && value <= range->to);
}

/* The position comes from the event, or else from the world. */
static bool rule_position_holds(const FaultRule *rule, const FaultEvent *event)
{
    const FaultPlan *plan = rule->plan;
    MediumPosition position;

    if (!rule->record.given && !rule->file.given && !rule->has_bytes) {
        return true;
    }
    if (event->position) {
        position = *event->position;
    } else if (!plan->world || !plan->world->position ||
               !plan->world->position(plan->data, &position)) {
        return false;
    }
    return in_range(&rule->record, position.object) && in_range(&rule->file, position.files) &&
           (!rule->has_bytes || position.used >= rule->bytes);
}

static bool rule_command_holds(const FaultRule *rule)
{
    return rule->plan->command > 0 && rule->seen >= rule->nth && rule->takes[rule->plan->cdb[0]];
}

static bool rule_event_holds(const FaultRule *rule, const FaultEvent *event)
{
    if (rule->hook != event->hook || rule->fired >= rule->count) {
        return false;
    }
    switch (rule->hook) {
    case FAULT_HOOK_REQUEST:
    case FAULT_HOOK_REPLY:
        return (rule->request & event->request) && rule->seen >= rule->nth;
    case FAULT_HOOK_TRANSFER:
    case FAULT_HOOK_COMPLETE:
        return rule->phase == event->phase && rule_command_holds(rule);
    case FAULT_HOOK_MOTION:
        return (rule->kind->motions & event->motion) && rule_command_holds(rule);
    case FAULT_HOOK_TASK:
    case FAULT_HOOK_DONE:
        return rule_command_holds(rule);
    case FAULT_HOOK_CLOCK:
        return true;
    }
    g_assert_not_reached();
}

static bool rule_times_hold(const FaultRule *rule)
{
    const FaultPlan *plan = rule->plan;

    return (rule->time < 0 || rule->hook == FAULT_HOOK_CLOCK ||
            clock_now(plan->clock) - rule->start >= rule->time) &&
           (!rule->after || rule->after->fired > 0) &&
           (!rule->if_state || g_hash_table_contains(plan->states, rule->if_state));
}

static void rule_fire(FaultRule *rule, const FaultEvent *event)
{
    FaultPlan *plan = rule->plan;
    char cdb[2 * FAULT_CDB_MAX + 1];
    g_autofree char *source = NULL;
    MediumPosition position = { 0 };
    unsigned i;

    rule->fired++;
    if (rule->set_state) {
        g_hash_table_add(plan->states, g_strdup(rule->set_state));
    }
    if (!trace_wants(plan->trace, TRACE_FAULT_FIRED)) {
        return;
    }
    for (i = 0; i < FAULT_CDB_MAX; i++) {
        g_snprintf(cdb + 2 * i, 3, "%02x", plan->cdb[i]);
    }
    if (event->position) {
        position = *event->position;
    } else if (plan->world && plan->world->position) {
        plan->world->position(plan->data, &position);
    }
    /* A blank separates words, so a path must not contain one. */
    source = g_uri_escape_string(rule->source, "/:~+,=@!$&'()*;", TRUE);
    TRACE(plan->trace, FAULT_FIRED,
          "%s rule=%u at=%s:%u seed=%" G_GUINT64_FORMAT " firing=%" G_GUINT64_FORMAT
          " command=%" G_GUINT64_FORMAT " tag=%" G_GINT64_MODIFIER
          "x cdb=%s object=%u/%" G_GUINT64_FORMAT " phase=%s",
          rule->kind->name, rule->number, source, rule->line, plan->seed, rule->fired,
          plan->command, plan->tag, cdb, position.partition, position.object,
          event->phase     ? fault_phase_name(event->phase)
          : event->request ? fault_request_name(event->request)
                           : "command");
}

/* The tests run from cheap to expensive. Random draws come last, so that a seed repeats. */
static bool rule_set_off(FaultRule *rule, const FaultEvent *event)
{
    if (!rule_event_holds(rule, event) || !rule_times_hold(rule) ||
        !rule_position_holds(rule, event) ||
        (rule->kind->fits && !rule->kind->fits(rule, event->subject))) {
        return false;
    }
    if (rule->occasions++ % rule->every != 0) {
        return false;
    }
    return rule->probability >= 1 || random_fraction(&rule->random) < rule->probability;
}

FaultRule *fault_plan_next(FaultPlan *plan, const FaultEvent *event, unsigned *cursor)
{
    while (*cursor < plan->rules->len) {
        FaultRule *rule = plan_nth_rule(plan->rules, (*cursor)++);

        if (rule_set_off(rule, event)) {
            rule_fire(rule, event);
            return rule;
        }
    }
    return NULL;
}

static void rule_on_clock(void *data)
{
    static const FaultEvent event = { .hook = FAULT_HOOK_CLOCK };
    FaultRule *rule = data;

    rule->timer = NULL;
    if (rule_set_off(rule, &event)) {
        rule_fire(rule, &event);
        rule->kind->act(rule->plan, rule);
    }
    /* A rule without a time would fire for ever. */
    if (rule->fired < rule->count && rule->time > 0) {
        rule->timer = clock_start(rule->plan->clock, MAX(rule->time, FAULT_TIME_LEAST_US),
                                  rule_on_clock, rule);
    }
}
