/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/step.h"

#include "scenarios/runner/machine/host-actions.h"

#include <string.h>

static void step_free(void *data)
{
    Step *step = data;

    g_free(step->text);
    g_clear_pointer(&step->copies, g_ptr_array_unref);
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

/* ---- put and get ---- */

static void copy_free(void *data)
{
    StepCopy *copy = data;

    g_free(copy->from);
    g_free(copy->to);
    g_free(copy);
}

/* {FROM: TO, …} */
static bool read_copies(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *copies = *(GPtrArray **)member = g_ptr_array_new_with_free_func(copy_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const char *to = yaml_node_text(yaml_node_item(node, i), error);
        StepCopy *copy;

        if (!to) {
            return false;
        }
        copy = g_new0(StepCopy, 1);
        copy->from = g_strdup(yaml_node_key_text(node, i));
        copy->to = g_strdup(to);
        g_ptr_array_add(copies, copy);
        if (!*copy->from || !*to || strchr(copy->from, '\n') || strchr(to, '\n')) {
            return yaml_node_refuse(yaml_node_item(node, i), error, "a file's name is one line");
        }
    }
    return copies->len > 0 || yaml_node_refuse(node, error, "no file is named");
}

/* What comes from a guest lies in the directory of the case, whatever the guest is. */
static bool read_gets(const YamlNode *node, void *member, GError **error)
{
    size_t i;

    if (!read_copies(node, member, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const StepCopy *copy = (*(GPtrArray **)member)->pdata[i];

        if (strchr(copy->to, '/') || copy->to[0] == '.') {
            return yaml_node_refuse(
                yaml_node_item(node, i), error,
                "write a plain name: it lies in the case's directory, in files/");
        }
    }
    return true;
}

static const char *const kind_names[N_STEP_KINDS] = {
    [STEP_RUN] = "run",
    [STEP_HOST] = "host",
    [STEP_PUT] = "put",
    [STEP_GET] = "get",
};

const char *step_kind_name(StepKind kind)
{
    return kind_names[kind];
}

static char *describe_copies(StepKind kind, const GPtrArray *copies)
{
    GString *text = g_string_new(step_kind_name(kind));
    guint i;

    for (i = 0; i < copies->len; i++) {
        const StepCopy *copy = copies->pdata[i];

        g_string_append_printf(text, "%s %s to %s", i > 0 ? "," : "", copy->from, copy->to);
    }
    return g_string_free(text, FALSE);
}

/* ---- a step ---- */

typedef struct StepKeys {
    Step step;
    char *run, *host;
    GPtrArray *put, *get;
} StepKeys;

static const YamlField step_fields[] = {
    { "run", YAML_TYPE_TEXT, offsetof(StepKeys, run) },
    { "host", YAML_TYPE_TEXT, offsetof(StepKeys, host) },
    { "put", YAML_TYPE_CUSTOM, offsetof(StepKeys, put), .read = read_copies },
    { "get", YAML_TYPE_CUSTOM, offsetof(StepKeys, get), .read = read_gets },
    { "timeout", YAML_TYPE_DURATION, offsetof(StepKeys, step.timeout) },
    { "expect-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.statuses), .read = read_statuses },
    { "wrong-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.wrong), .read = read_wrong },
    { "expect-out", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.outputs),
      .read = value_read_patterns },
    { "expect-files", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.files),
      .read = step_read_file_set },
    { NULL },
};

/* Moves what the keys say to the step. Returns how many of those keys there are. */
static unsigned step_take_kind(StepKeys *keys)
{
    Step *step = &keys->step;
    unsigned given = 0;

    if (keys->get) {
        step->kind = STEP_GET;
        given++;
    }
    if (keys->put) {
        step->kind = STEP_PUT;
        given++;
    }
    if (keys->host) {
        step->kind = STEP_HOST;
        given++;
    }
    if (keys->run) {
        step->kind = STEP_RUN;
        given++;
    }
    step->text = keys->run ? keys->run : keys->host;
    step->copies = keys->put ? keys->put : keys->get;
    if (!step->text && step->copies) {
        step->text = describe_copies(step->kind, step->copies);
    }
    if (keys->run) {
        g_free(keys->host);
    }
    if (keys->put && keys->get) {
        g_ptr_array_unref(keys->get);
    }
    return given;
}

static bool read_step(const YamlNode *node, GPtrArray *steps, GError **error)
{
    StepKeys *keys = g_new0(StepKeys, 1);
    Step *step = &keys->step; /* the first member: freeing the step frees the keys */
    g_autoptr(GError) why = NULL;
    int success = 0;
    unsigned given;
    bool good;

    step->statuses = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(step->statuses, success);
    step->line = yaml_node_line(node);
    g_ptr_array_add(steps, step);
    good = yaml_node_read(node, step_fields, keys, error);
    given = step_take_kind(keys);
    if (!good) {
        return false;
    }
    if (given != 1) {
        return yaml_node_refuse(node, error, "a step has one of 'run', 'host', 'put' and 'get'");
    }
    if (step->kind != STEP_RUN && (step->files || step->outputs || step->wrong)) {
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
