/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/plan.h"

#include <string.h>

#include "emu/base/yaml.h"
#include "emu/fault/kinds.h"

const FaultKind *const *fault_kinds(void)
{
    static const FaultKind *const kinds[] = {
#define FAULT_KIND(symbol) &symbol,
#include "emu/fault/kinds.def"
#undef FAULT_KIND
        NULL,
    };

    return kinds;
}

/* Commands that a tape drive gets, by the names of SPC-3 and SSC-3. */
static const struct {
    const char *name;
    uint8_t opcode;
} commands[] = {
    { "TEST UNIT READY", 0x00 },
    { "REWIND", 0x01 },
    { "REQUEST SENSE", 0x03 },
    { "READ BLOCK LIMITS", 0x05 },
    { "READ(6)", 0x08 },
    { "WRITE(6)", 0x0a },
    { "READ REVERSE(6)", 0x0f },
    { "WRITE FILEMARKS(6)", 0x10 },
    { "SPACE(6)", 0x11 },
    { "INQUIRY", 0x12 },
    { "VERIFY(6)", 0x13 },
    { "MODE SELECT(6)", 0x15 },
    { "RESERVE(6)", 0x16 },
    { "RELEASE(6)", 0x17 },
    { "ERASE(6)", 0x19 },
    { "MODE SENSE(6)", 0x1a },
    { "LOAD UNLOAD", 0x1b },
    { "SEND DIAGNOSTIC", 0x1d },
    { "PREVENT ALLOW MEDIUM REMOVAL", 0x1e },
    { "LOCATE(10)", 0x2b },
    { "READ POSITION", 0x34 },
    { "LOG SELECT", 0x4c },
    { "LOG SENSE", 0x4d },
    { "MODE SELECT(10)", 0x55 },
    { "MODE SENSE(10)", 0x5a },
    { "SPACE(16)", 0x91 },
    { "LOCATE(16)", 0x92 },
    { "REPORT LUNS", 0xa0 },
};

static int opcode_of(const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(name, commands[i].name)) {
            return commands[i].opcode;
        }
    }
    if (strlen(name) == 3 && g_ascii_isxdigit(name[0]) && g_ascii_isxdigit(name[1]) &&
        name[2] == 'h') {
        return g_ascii_xdigit_value(name[0]) << 4 | g_ascii_xdigit_value(name[1]);
    }
    return -1;
}

static bool read_name(const YamlNode *node, void *member, GError **error)
{
    const char *name = yaml_node_text(node, error);
    g_autoptr(GString) known = g_string_new(NULL);
    const FaultKind *const *kind;

    if (!name) {
        return false;
    }
    for (kind = fault_kinds(); *kind; kind++) {
        if (g_str_equal(name, (*kind)->name)) {
            *(const FaultKind **)member = *kind;
            return true;
        }
        g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*kind)->name);
    }
    return yaml_node_refuse(node, error, "there is no fault '%s'; there are: %s", name, known->str);
}

static bool read_count(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);
    int64_t count;

    if (!text) {
        return false;
    }
    if (g_str_equal(text, "inf")) {
        *(uint64_t *)member = FAULT_COUNT_INFINITE;
        return true;
    }
    if (!yaml_node_integer(node, 1, G_MAXINT64, &count, error)) {
        return false;
    }
    *(uint64_t *)member = (uint64_t)count;
    return true;
}

static bool read_on(const YamlNode *node, FaultRule *rule, GError **error)
{
    g_auto(GStrv) parts = NULL;

    rule->opcode = -1;
    rule->nth = 1;
    parts = g_strsplit(rule->on, "#", 2);
    if (parts[0] && parts[1] &&
        (!g_ascii_isdigit(parts[1][0]) ||
         !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT64, &rule->nth, NULL))) {
        return yaml_node_refuse(
            node, error, "'%s': after # comes the number of the occurrence, from 1", rule->on);
    }
    if (parts[0] && g_str_equal(parts[0], "any")) {
        return true;
    }
    rule->opcode = opcode_of(parts[0] ? parts[0] : "");
    if (rule->opcode < 0) {
        return yaml_node_refuse(node, error,
                                "'%s' is not a command: write a name such as WRITE(6), an opcode "
                                "such as 0Ah, or any",
                                rule->on);
    }
    return true;
}

static bool read_rule(const YamlNode *node, FaultRule *rule, GError **error)
{
    static const YamlField fields[] = {
        { .key = "name",
          .type = YAML_TYPE_CUSTOM,
          .offset = G_STRUCT_OFFSET(FaultRule, kind),
          .required = true,
          .read = read_name },
        { .key = "on", .type = YAML_TYPE_TEXT, .offset = G_STRUCT_OFFSET(FaultRule, on) },
        { .key = "count",
          .type = YAML_TYPE_CUSTOM,
          .offset = G_STRUCT_OFFSET(FaultRule, count),
          .read = read_count },
        { .key = "for",
          .type = YAML_TYPE_DURATION,
          .offset = G_STRUCT_OFFSET(FaultRule, duration) },
        { .key = NULL },
    };
    const YamlNode *on, *duration;

    *rule = (FaultRule){ .on = g_strdup("any"), .count = 1, .duration = FAULT_FOR_EVER };
    if (!yaml_node_is(node, YAML_KIND_MAP, error) || !yaml_node_read(node, fields, rule, error)) {
        return false;
    }
    rule->line = yaml_node_line(node);
    on = yaml_node_get(node, "on");
    duration = yaml_node_get(node, "for");
    if (duration && !rule->kind->takes_duration) {
        return yaml_node_refuse(duration, error, "%s has no parameter 'for'", rule->kind->name);
    }
    if (!duration && rule->kind->needs_duration) {
        return yaml_node_refuse(node, error, "%s needs 'for', such as for: 30s", rule->kind->name);
    }
    return read_on(on ? on : node, rule, error);
}

static FaultPlan *plan_of(YamlFile *file, const char *name, uint64_t seed, GError **error)
{
    const YamlNode *root = yaml_file_root(file);
    g_autoptr(FaultPlan) plan = g_new0(FaultPlan, 1);
    size_t i;

    plan->path = g_strdup(name);
    plan->seed = seed;
    if (!yaml_node_is(root, YAML_KIND_LIST, error)) {
        return NULL;
    }
    plan->rules = g_new0(FaultRule, yaml_node_length(root) + 1);
    for (i = 0; i < yaml_node_length(root); i++) {
        plan->n_rules = i + 1;
        if (!read_rule(yaml_node_item(root, i), &plan->rules[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&plan);
}

FaultPlan *fault_plan_load(const char *path, uint64_t seed, GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_load(path, error);

    return file ? plan_of(file, path, seed, error) : NULL;
}

FaultPlan *fault_plan_parse(const char *name, const char *text, size_t length, uint64_t seed,
                            GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_parse(name, text, length, error);

    return file ? plan_of(file, name, seed, error) : NULL;
}

void fault_plan_free(FaultPlan *plan)
{
    size_t i;

    if (!plan) {
        return;
    }
    for (i = 0; i < plan->n_rules; i++) {
        g_free(plan->rules[i].on);
    }
    g_free(plan->rules);
    g_free(plan->path);
    g_free(plan);
}

bool fault_plan_needs(const FaultPlan *plan, FaultSeam seam)
{
    size_t i;

    for (i = 0; i < plan->n_rules; i++) {
        if (plan->rules[i].kind->seam == seam) {
            return true;
        }
    }
    return false;
}

FaultRule *fault_plan_command(FaultPlan *plan, uint8_t opcode)
{
    FaultRule *first = NULL;
    size_t i;

    for (i = 0; i < plan->n_rules; i++) {
        FaultRule *rule = &plan->rules[i];

        if (rule->opcode >= 0 && rule->opcode != opcode) {
            continue;
        }
        rule->seen++;
        if (!first && rule->seen >= rule->nth && rule->fired < rule->count) {
            first = rule;
        }
    }
    if (first) {
        first->fired++;
    }
    return first;
}
