/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/rule.h"

#include <string.h>

#include "emu/fault/kinds.h"

/* The keys of every rule. A parameter of a kind may not have one of these names. */
static const char *const trigger_keys[] = {
    "name",  "id",   "on",    "record",   "file",      "bytes", "time",  "ctrl",
    "phase", "prob", "after", "if-state", "set-state", "every", "count", NULL,
};

/* The sum of two sizes does not overflow. */
#define SIZE_MOST (G_MAXINT64 / 2)

/* ---- values of parameters ---- */

static bool read_sense(const YamlNode *node, int64_t *sense, GError **error)
{
    const char *text = yaml_node_text(node, error);
    unsigned i;

    if (!text) {
        return false;
    }
    *sense = 0;
    for (i = 0; i < 8; i++) {
        bool slash = i == 2 || i == 5;

        if (slash ? text[i] != '/' : !g_ascii_isxdigit(text[i])) {
            break;
        }
        if (!slash) {
            *sense = *sense << 4 | g_ascii_xdigit_value(text[i]);
        }
    }
    if (i < 8 || text[8] || *sense >> 16 > 0x0f) {
        return yaml_node_refuse(node, error, "'%s' is not a sense such as 03/11/00: key, ASC, ASCQ",
                                text);
    }
    return true;
}

static bool read_in_bounds(const YamlNode *node, const FaultParam *param, int64_t value,
                           GError **error)
{
    if ((param->min != 0 || param->max != 0) && (value < param->min || value > param->max)) {
        return yaml_node_refuse(node, error,
                                "%s must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                                param->name, param->min, param->max);
    }
    return true;
}

static bool read_number(const YamlNode *node, const FaultParam *param, int64_t *value,
                        GError **error)
{
    bool bounded = param->min != 0 || param->max != 0;

    if (param->words && yaml_node_is_word(node, param->words)) {
        *value = FAULT_ALL;
        return true;
    }
    return yaml_node_integer(node, bounded ? param->min : G_MININT64,
                             bounded ? param->max : G_MAXINT64, value, error);
}

static bool read_size(const YamlNode *node, const FaultParam *param, int64_t *value, GError **error)
{
    uint64_t bytes;

    if (!yaml_node_size(node, &bytes, error)) {
        return false;
    }
    if (bytes > SIZE_MOST) {
        return yaml_node_refuse(node, error, "%s: no tape is as long as that", param->name);
    }
    *value = (int64_t)bytes;
    return read_in_bounds(node, param, *value, error);
}

static bool read_duration(const YamlNode *node, const FaultParam *param, int64_t *value,
                          GError **error)
{
    const char *text = yaml_node_text(node, error);

    if (!text) {
        return false;
    }
    if (param->min < 0 && g_str_equal(text, "forever")) {
        *value = FAULT_FOR_EVER;
        return true;
    }
    return yaml_node_duration(node, value, error);
}

static bool read_choice(const YamlNode *node, const FaultParam *param, int64_t *value,
                        GError **error)
{
    g_auto(GStrv) words = g_strsplit(param->words, " ", -1);
    int index;

    if (!yaml_node_choice(node, (const char *const *)words, &index, error)) {
        return false;
    }
    *value = index;
    return true;
}

static bool read_value(const YamlNode *node, const FaultParam *param, FaultValue *value,
                       GError **error)
{
    const char *text;
    bool truth;

    switch (param->type) {
    case FAULT_NUMBER:
        return read_number(node, param, &value->number, error);
    case FAULT_SIZE:
        return read_size(node, param, &value->number, error);
    case FAULT_DURATION:
        return read_duration(node, param, &value->number, error);
    case FAULT_BOOL:
        if (!yaml_node_bool(node, &truth, error)) {
            return false;
        }
        value->number = truth;
        return true;
    case FAULT_CHOICE:
        return read_choice(node, param, &value->number, error);
    case FAULT_SENSE:
        return read_sense(node, &value->number, error);
    case FAULT_TEXT:
        text = yaml_node_text(node, error);
        g_free(value->text);
        value->text = g_strdup(text);
        return text != NULL;
    }
    g_assert_not_reached();
}

/* Reads the default of a parameter as if the rule gave it. */
static void set_default(const FaultParam *param, FaultValue *value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(YamlFile) file =
        yaml_file_parse(param->name, param->fallback, strlen(param->fallback), &error);
    bool good = file && read_value(yaml_file_root(file), param, value, &error);

    if (!good) {
        g_error("the fallback of a fault's parameter: %s", error->message);
    }
}

static char *list_params(const FaultKind *kind)
{
    GString *text = g_string_new(NULL);
    const FaultParam *param;

    for (param = kind->params; param->name; param++) {
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", param->name);
    }
    return g_string_free(text, FALSE);
}

static bool read_params(const YamlNode *node, FaultRule *rule, GError **error)
{
    const FaultKind *kind = rule->kind;
    size_t i;
    unsigned p;

    for (i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *key_node = yaml_node_key(node, i);
        const char *key = yaml_node_key_text(node, i);

        for (p = 0; kind->params[p].name && !g_str_equal(kind->params[p].name, key); p++) {
        }
        if (!kind->params[p].name && !g_strv_contains(trigger_keys, key)) {
            g_autofree char *known = list_params(kind);

            return yaml_node_refuse(key_node, error, "%s has no parameter '%s'%s%s", kind->name,
                                    key, *known ? "; it has: " : "", known);
        }
    }
    for (p = 0; kind->params[p].name; p++) {
        const FaultParam *param = &kind->params[p];
        const YamlNode *value = yaml_node_get(node, param->name);

        if (!value && !param->fallback) {
            return yaml_node_refuse(node, error, "%s needs '%s': %s", kind->name, param->name,
                                    param->about);
        }
        if (value && !read_value(value, param, &rule->values[p], error)) {
            return false;
        }
        if (!value) {
            set_default(param, &rule->values[p]);
        }
    }
    return true;
}

/* ---- triggers ---- */

static bool read_kind(const YamlNode *node, FaultRule *rule, GError **error)
{
    const YamlNode *name_node = yaml_node_get(node, "name");
    const char *name;
    const FaultKind *const *kind;
    g_autoptr(GString) known = g_string_new(NULL);

    if (!name_node) {
        return yaml_node_refuse(node, error, "a rule needs 'name': which fault");
    }
    name = yaml_node_text(name_node, error);
    if (!name) {
        return false;
    }
    rule->kind = fault_kind(name);
    if (rule->kind) {
        return true;
    }
    for (kind = fault_kinds(); *kind; kind++) {
        /* Lists the kinds of the same family, or all families if there is none of that name. */
        const char *dot = strchr((*kind)->name, '.');

        if (strncmp((*kind)->name, name, (size_t)(dot - (*kind)->name) + 1) == 0) {
            g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*kind)->name);
        }
    }
    return yaml_node_refuse(name_node, error, "there is no fault '%s'; %s%s", name,
                            known->len ? "there are: " : "`usbtape list faults` shows all",
                            known->str);
}

/* "3", "3..7", ">=3" */
static bool read_range(const YamlNode *node, FaultRange *range, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_auto(GStrv) ends = NULL;
    bool good;

    if (!text) {
        return false;
    }
    *range = (FaultRange){ .given = true, .to = G_MAXUINT64 };
    if (g_str_has_prefix(text, ">=")) {
        good = g_ascii_string_to_unsigned(text + 2, 10, 0, G_MAXINT64, &range->from, NULL);
    } else {
        ends = g_strsplit(text, "..", 2);
        good = ends[0] &&
               g_ascii_string_to_unsigned(ends[0], 10, 0, G_MAXINT64, &range->from, NULL) &&
               g_ascii_string_to_unsigned(ends[1] ? ends[1] : ends[0], 10, 0, G_MAXINT64,
                                          &range->to, NULL) &&
               range->from <= range->to;
    }
    return good ||
           yaml_node_refuse(node, error,
                            "'%s' is not a number from 0, a range such as 3..7, or >=3", text);
}

static bool read_times(const YamlNode *node, uint64_t *times, GError **error)
{
    const char *text = yaml_node_text(node, error);
    int64_t count;

    if (!text) {
        return false;
    }
    if (g_str_equal(text, "inf")) {
        *times = FAULT_COUNT_INFINITE;
        return true;
    }
    if (!yaml_node_integer(node, 1, G_MAXINT64, &count, error)) {
        return false;
    }
    *times = (uint64_t)count;
    return true;
}

/* Splits "WHAT#N". NULL and an error. */
static char *read_numbered(const YamlNode *node, uint64_t *nth, GError **error)
{
    const char *text = yaml_node_text(node, error);
    const char *hash;

    if (!text) {
        return NULL;
    }
    hash = strchr(text, '#');
    if (hash && (!g_ascii_isdigit(hash[1]) ||
                 !g_ascii_string_to_unsigned(hash + 1, 10, 1, G_MAXINT64, nth, NULL))) {
        yaml_node_refuse(node, error, "'%s': after # comes the number of the occurrence, from 1",
                         text);
        return NULL;
    }
    return hash ? g_strndup(text, (gsize)(hash - text)) : g_strdup(text);
}

/* The commands that may set the kind off. */
static void take_commands(FaultRule *rule)
{
    const char *only = rule->kind->only;
    bool but = only && g_str_has_prefix(only, FAULT_BUT);
    g_auto(GStrv) names = g_strsplit(!only ? "" : but ? only + strlen(FAULT_BUT) : only, ", ", -1);
    char **name;

    memset(rule->takes, !only || but, sizeof rule->takes);
    for (name = names; *name; name++) {
        int opcode = fault_opcode(*name);

        g_assert(opcode >= 0);
        rule->takes[opcode] = !but;
    }
}

/* Adds the command of that name to `takes`. */
static bool take_command(const YamlNode *node, const FaultRule *rule, const char *name,
                         bool takes[256], GError **error)
{
    int opcode = fault_opcode(name);

    if (opcode < 0) {
        return yaml_node_refuse(node, error,
                                "'%s' is not a command: write a name such as WRITE(6), an opcode "
                                "such as 0Ah, or any",
                                name);
    }
    if (!rule->takes[opcode]) {
        return yaml_node_refuse(node, error, "%s can never fire at %s; only at %s",
                                rule->kind->name, name, rule->kind->only);
    }
    takes[opcode] = true;
    return true;
}

/* A list of commands counts as one: an occurrence of any of them is an occurrence of the list. */
static bool read_on_list(const YamlNode *node, FaultRule *rule, bool takes[256], GError **error)
{
    g_autoptr(GString) on = g_string_new(NULL);
    size_t i;

    if (yaml_node_length(node) == 0) {
        return yaml_node_refuse(node, error, "no command: it would never fire");
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *item = yaml_node_item(node, i);
        const char *name = yaml_node_text(item, error);

        if (!name || !take_command(item, rule, name, takes, error)) {
            return false;
        }
        g_string_append_printf(on, "%s%s", on->len ? "|" : "", name);
    }
    rule->on = g_strdup(on->str);
    return true;
}

static bool read_on(const YamlNode *node, FaultRule *rule, GError **error)
{
    bool list = yaml_node_kind(node) == YAML_KIND_LIST;
    bool takes[256] = { false };
    g_autofree char *name = list ? NULL : read_numbered(node, &rule->nth, error);

    if (list ? !read_on_list(node, rule, takes, error) : !name) {
        return false;
    }
    if (!list) {
        rule->on = g_strdup(yaml_node_text(node, error));
        if (g_str_equal(name, "any") || g_str_equal(name, "cmd")) {
            return true;
        }
        if (!take_command(node, rule, name, takes, error)) {
            return false;
        }
    }
    memcpy(rule->takes, takes, sizeof rule->takes);
    return true;
}

static bool read_ctrl(const YamlNode *node, FaultRule *rule, GError **error)
{
    g_autofree char *name = read_numbered(node, &rule->nth, error);
    g_autofree char *known = fault_requests_describe(rule->kind);

    if (!name) {
        return false;
    }
    if (!rule->kind->requests) {
        return yaml_node_refuse(node, error, "no control request sets off %s", rule->kind->name);
    }
    rule->request = fault_request(name) & rule->kind->requests;
    return rule->request || yaml_node_refuse(node, error, "'%s' does not set off %s; %s", name,
                                             rule->kind->name, known);
}

static bool read_phase(const YamlNode *node, FaultRule *rule, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_autofree char *known = fault_phases_describe(rule->kind);

    if (!text) {
        return false;
    }
    if (!rule->kind->phases) {
        return yaml_node_refuse(node, error, "%s is not bound to a phase", rule->kind->name);
    }
    rule->phase = fault_phase(text) & rule->kind->phases;
    return rule->phase ||
           yaml_node_refuse(node, error, "%s has no phase '%s'; %s", rule->kind->name, text, known);
}

static bool read_probability(const YamlNode *node, double *probability, GError **error)
{
    const char *text = yaml_node_text(node, error);
    char *end;

    if (!text) {
        return false;
    }
    *probability = g_ascii_strtod(text, &end);
    if (end == text || *end || !(*probability > 0 && *probability <= 1)) {
        return yaml_node_refuse(node, error, "'%s' is not a probability above 0, up to 1", text);
    }
    return true;
}

static bool read_text(const YamlNode *node, char **text, GError **error)
{
    *text = g_strdup(yaml_node_text(node, error));
    return *text != NULL;
}

static bool read_trigger(const char *key, const YamlNode *node, FaultRule *rule, GError **error)
{
    uint64_t bytes;

    if (g_str_equal(key, "on")) {
        return read_on(node, rule, error);
    } else if (g_str_equal(key, "ctrl")) {
        return read_ctrl(node, rule, error);
    } else if (g_str_equal(key, "record")) {
        return read_range(node, &rule->record, error);
    } else if (g_str_equal(key, "file")) {
        return read_range(node, &rule->file, error);
    } else if (g_str_equal(key, "bytes")) {
        rule->has_bytes = yaml_node_size(node, &bytes, error);
        rule->bytes = rule->has_bytes ? bytes : 0;
        return rule->has_bytes;
    } else if (g_str_equal(key, "time")) {
        return yaml_node_duration(node, &rule->time, error);
    } else if (g_str_equal(key, "phase")) {
        return read_phase(node, rule, error);
    } else if (g_str_equal(key, "prob")) {
        return read_probability(node, &rule->probability, error);
    } else if (g_str_equal(key, "every")) {
        return read_times(node, &rule->every, error);
    } else if (g_str_equal(key, "count")) {
        return read_times(node, &rule->count, error);
    } else if (g_str_equal(key, "id")) {
        return read_text(node, &rule->id, error);
    } else if (g_str_equal(key, "after")) {
        return read_text(node, &rule->after_name, error);
    } else if (g_str_equal(key, "if-state")) {
        return read_text(node, &rule->if_state, error);
    } else if (g_str_equal(key, "set-state")) {
        return read_text(node, &rule->set_state, error);
    }
    return true; /* the name */
}

/* ---- the whole rule ---- */

static FaultHook act_hook(const FaultRule *rule)
{
    bool by_command = rule->on || rule->record.given || rule->file.given || rule->has_bytes;

    if (rule->request) {
        return FAULT_HOOK_REQUEST;
    }
    if (rule->phase) {
        return FAULT_HOOK_TRANSFER;
    }
    return rule->time >= 0 && !by_command ? FAULT_HOOK_CLOCK : FAULT_HOOK_TASK;
}

static FaultHook rule_hook(const FaultRule *rule)
{
    const FaultKind *kind = rule->kind;

    return kind->on_task       ? FAULT_HOOK_TASK
           : kind->on_done     ? FAULT_HOOK_DONE
           : kind->on_transfer ? FAULT_HOOK_TRANSFER
           : kind->on_complete ? FAULT_HOOK_COMPLETE
           : kind->on_request  ? FAULT_HOOK_REQUEST
           : kind->on_reply    ? FAULT_HOOK_REPLY
           : kind->on_motion   ? FAULT_HOOK_MOTION
                               : act_hook(rule);
}

/* SEAM 2 counts, observes and traces commands, so every rule needs it. */
static unsigned rule_seams(const FaultRule *rule)
{
    unsigned seams = FAULT_SEAM_TASK | rule->kind->more_seams;

    switch (rule->hook) {
    case FAULT_HOOK_TRANSFER:
    case FAULT_HOOK_COMPLETE:
    case FAULT_HOOK_REQUEST:
    case FAULT_HOOK_REPLY:
        seams |= FAULT_SEAM_TRANSFER;
        break;
    case FAULT_HOOK_MOTION:
        seams |= FAULT_SEAM_MEDIUM;
        break;
    case FAULT_HOOK_TASK:
    case FAULT_HOOK_DONE:
    case FAULT_HOOK_CLOCK:
        break;
    }
    return seams;
}

static bool refuse_conflict(const YamlNode *node, const char *key, const char *why, GError **error)
{
    const YamlNode *value = yaml_node_get(node, key);

    return yaml_node_refuse(value ? value : node, error, "'%s' can never hold: %s", key, why);
}

/* True if a command that may set it off has data in the direction that the kind needs. */
static bool has_data_phase(const FaultRule *rule)
{
    unsigned wanted = rule->kind->data ? rule->kind->data : FAULT_DATA_IN | FAULT_DATA_OUT;
    unsigned opcode;

    for (opcode = 0; opcode < G_N_ELEMENTS(rule->takes); opcode++) {
        if (rule->takes[opcode] && (fault_opcode_data((uint8_t)opcode) & wanted)) {
            return true;
        }
    }
    return false;
}

/* Refuses triggers that exclude each other, and triggers that the kind does not have. */
static bool check_rule(const YamlNode *node, const FaultRule *rule, GError **error)
{
    static const char *const command_keys[] = { "on", "record", "file", "bytes" };
    const char *wrong;
    size_t i;

    for (i = 0; rule->request && i < G_N_ELEMENTS(command_keys); i++) {
        if (yaml_node_get(node, command_keys[i])) {
            return refuse_conflict(node, command_keys[i],
                                   "the rule is set off by a control request, outside of commands",
                                   error);
        }
    }
    if (rule->request && yaml_node_get(node, "phase")) {
        return refuse_conflict(node, "phase", "the rule is set off by a control request", error);
    }
    if (rule->record.given && rule->file.given && rule->file.from > rule->record.to) {
        return refuse_conflict(
            node, "file", "there are never more filemarks before the head than objects", error);
    }
    if (rule->phase == FAULT_PHASE_DATA && !has_data_phase(rule)) {
        return refuse_conflict(node, "on",
                               rule->kind->data == FAULT_DATA_IN    ? "it has no data to the host"
                               : rule->kind->data == FAULT_DATA_OUT ? "it has no data to the device"
                                                                    : "it has no data phase",
                               error);
    }
    wrong = rule->kind->check ? rule->kind->check(rule) : NULL;
    return !wrong || yaml_node_refuse(node, error, "%s: %s", rule->kind->name, wrong);
}

static bool read_rule(const YamlNode *node, FaultRule *rule, GError **error)
{
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error) || !read_kind(node, rule, error)) {
        return false;
    }
    rule->line = yaml_node_line(node);
    take_commands(rule);
    rule->count = rule->kind->always ? FAULT_COUNT_INFINITE : 1;
    rule->phase = rule->kind->phase;
    rule->request = rule->kind->by_request ? (unsigned)rule->kind->usual : 0;
    if (!read_params(node, rule, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        if (!read_trigger(yaml_node_key_text(node, i), yaml_node_item(node, i), rule, error)) {
            return false;
        }
    }
    if (rule->request) {
        rule->phase = 0;
    }
    if (!check_rule(node, rule, error)) {
        return false;
    }
    rule->hook = rule_hook(rule);
    rule->when = fault_rule_describe(rule);
    rule->seams = rule_seams(rule);
    return true;
}

FaultRule *fault_rule_read(const YamlNode *node, const char *source, GError **error)
{
    FaultRule *rule = g_new0(FaultRule, 1);

    *rule = (FaultRule){
        .source = g_strdup(source),
        .nth = 1,
        .time = -1,
        .probability = 1,
        .every = 1,
        .count = 1,
    };
    if (!read_rule(node, rule, error)) {
        fault_rule_free(rule);
        return NULL;
    }
    return rule;
}

void fault_rule_free(FaultRule *rule)
{
    unsigned i;

    for (i = 0; rule->kind && rule->kind->params[i].name; i++) {
        if (rule->kind->params[i].type == FAULT_TEXT) {
            g_free(rule->values[i].text);
        }
    }
    g_free(rule->source);
    g_free(rule->id);
    g_free(rule->on);
    g_free(rule->when);
    g_free(rule->after_name);
    g_free(rule->if_state);
    g_free(rule->set_state);
    g_free(rule);
}
