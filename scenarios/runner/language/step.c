/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/step.h"

#include "scenarios/runner/machine/host.h"

static void step_free(void *data)
{
    Step *step = data;

    g_free(step->text);
    g_clear_pointer(&step->statuses, g_array_unref);
    g_clear_pointer(&step->wrong, g_array_unref);
    g_strfreev(step->outputs);
    if (step->files) {
        file_set_clear(step->files);
        g_free(step->files);
    }
    g_free(step);
}

static const YamlField file_set_fields[] = {
    { "from", YAML_TYPE_TEXT, offsetof(FileSet, from), .required = true },
    { "names", YAML_TYPE_CUSTOM, offsetof(FileSet, names), .read = value_read_texts },
    { "except", YAML_TYPE_CUSTOM, offsetof(FileSet, except), .read = value_read_texts },
    { NULL },
};

static bool step_read_file_set(const YamlNode *node, void *member, GError **error)
{
    FileSet **set = member;

    *set = g_new0(FileSet, 1);
    return yaml_node_read(node, file_set_fields, *set, error);
}

static bool read_statuses(const YamlNode *node, void *member, GError **error)
{
    GArray **statuses = member;
    size_t i;

    g_clear_pointer(statuses, g_array_unref);
    if (yaml_node_kind(node) == YAML_KIND_SCALAR) {
        const char *text = yaml_node_text(node, error);

        if (!text) {
            return false;
        }
        if (g_str_equal(text, "any")) {
            return true;
        }
    }
    *statuses = g_array_new(FALSE, FALSE, sizeof(int));
    for (i = 0; i < value_count(node); i++) {
        int64_t number;
        int status;

        if (!yaml_node_integer(value_at(node, i), 0, 255, &number, error)) {
            return false;
        }
        status = (int)number;
        g_array_append_val(*statuses, status);
    }
    return true;
}

static bool read_wrong(const YamlNode *node, void *member, GError **error)
{
    return read_statuses(node, member, error) &&
           (*(GArray **)member || yaml_node_refuse(node, error, "write the exit statuses"));
}

typedef struct StepKeys {
    Step step;
    char *run, *host;
} StepKeys;

static const YamlField step_fields[] = {
    { "run", YAML_TYPE_TEXT, offsetof(StepKeys, run) },
    { "host", YAML_TYPE_TEXT, offsetof(StepKeys, host) },
    { "timeout", YAML_TYPE_DURATION, offsetof(StepKeys, step.timeout) },
    { "expect-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.statuses), .read = read_statuses },
    { "wrong-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.wrong), .read = read_wrong },
    { "expect-out", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.outputs),
      .read = value_read_patterns },
    { "expect-files", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.files),
      .read = step_read_file_set },
    { NULL },
};

static bool read_step(const YamlNode *node, GPtrArray *steps, GError **error)
{
    StepKeys *keys = g_new0(StepKeys, 1);
    Step *step = &keys->step; /* the first member: freeing the step frees the keys */
    g_autoptr(GError) why = NULL;
    int good = 0;

    step->statuses = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(step->statuses, good);
    step->line = yaml_node_line(node);
    g_ptr_array_add(steps, step);
    if (!yaml_node_read(node, step_fields, keys, error)) {
        g_free(keys->run);
        g_free(keys->host);
        return false;
    }
    step->kind = keys->host ? STEP_HOST : STEP_RUN;
    step->text = keys->host ? keys->host : keys->run;
    if (!keys->run == !keys->host) {
        g_free(keys->run && keys->host ? keys->run : NULL);
        return yaml_node_refuse(node, error, "a step has one of 'run' and 'host'");
    }
    if (step->kind == STEP_HOST && (step->files || step->outputs || step->wrong)) {
        return yaml_node_refuse(node, error, "only a 'run' step has output to expect");
    }
    if (step->kind == STEP_HOST && !host_check(step->text, &why)) {
        return yaml_node_refuse(yaml_node_get(node, "host"), error, "%s", why->message);
    }
    return true;
}

bool steps_read(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *steps = *(GPtrArray **)member = g_ptr_array_new_with_free_func(step_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    if (yaml_node_length(node) == 0) {
        return yaml_node_refuse(node, error, "a scenario without steps shows nothing");
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        if (!read_step(yaml_node_item(node, i), steps, error)) {
            return false;
        }
    }
    return true;
}
