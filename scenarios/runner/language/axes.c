/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/axes.h"

#include "scenarios/runner/language/values.h"

#include <string.h>

void axes_clear(Axis *axes)
{
    size_t i;

    for (i = 0; i < AXES_MAX; i++) {
        g_clear_pointer(&axes[i].values, g_ptr_array_unref);
    }
}

void axes_values(const Axis *axes, const size_t *at, size_t n, const char **values)
{
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = axes[i].values->pdata[at[i]];
    }
}

/* The axis whose name in angle brackets begins the text; n: none. */
static size_t axis_at(const char *text, const Axis *axes, size_t n)
{
    size_t i, length;

    for (i = 0; i < n; i++) {
        length = strlen(axes[i].name);
        if (text[0] == '<' && strncmp(text + 1, axes[i].name, length) == 0 &&
            text[1 + length] == '>') {
            return i;
        }
    }
    return n;
}

char *axes_substitute(const char *text, const Axis *axes, const char *const *values, size_t n)
{
    GString *result = g_string_new(NULL);

    while (*text && result->len <= YAML_FILE_MAX) {
        size_t plain = *text == '<' ? 0 : strcspn(text, "<");
        size_t axis = axis_at(text, axes, n);

        if (axis < n) {
            g_string_append(result, values[axis]);
            text += strlen(axes[axis].name) + 2;
        } else {
            plain = MAX(plain, 1);
            g_string_append_len(result, text, (gssize)plain);
            text += plain;
        }
    }
    return g_string_free(result, FALSE);
}

char *axes_variant(const Axis *axes, const char *const *values, size_t n)
{
    GString *name = g_string_new(NULL);
    size_t i;

    for (i = 0; i < n; i++) {
        g_string_append_printf(name, "%s%s=%s", i > 0 ? "." : "", axes[i].name, values[i]);
    }
    return g_string_free(name, FALSE);
}

bool axes_read(const YamlNode *vary, Axis *axes, size_t *n, GError **error)
{
    size_t i, j;

    *n = 0;
    if (!vary) {
        return true;
    }
    if (!yaml_node_is(vary, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(vary); i++) {
        const YamlNode *values = yaml_node_item(vary, i);
        Axis *axis = &axes[*n];

        if (*n == AXES_MAX) {
            return yaml_node_refuse(values, error, "more than %d axes", AXES_MAX);
        }
        if (value_count(values) == 0) {
            return yaml_node_refuse(values, error, "an axis without values");
        }
        *axis = (Axis){ yaml_node_key_text(vary, i), g_ptr_array_new() };
        (*n)++;
        for (j = 0; j < value_count(values); j++) {
            const char *text = yaml_node_text(value_at(values, j), error);

            if (!text) {
                return false;
            }
            g_ptr_array_add(axis->values, (void *)text);
        }
    }
    return true;
}

bool axes_next(const Axis *axes, size_t *at, size_t n)
{
    while (n-- > 0) {
        if (++at[n] < axes[n].values->len) {
            return true;
        }
        at[n] = 0;
    }
    return false;
}

char *axes_cut(const YamlNode *root, const char *text)
{
    const char *end = text + strlen(text), *c;
    GString *rest;
    const char *first = NULL;
    size_t key;

    for (key = 0; key < yaml_node_length(root); key++) {
        if (first || g_str_equal(yaml_node_key_text(root, key), "vary")) {
            /* It is searched for from the start: for two keys, not for each. */
            c = g_utf8_offset_to_pointer(text, (glong)yaml_node_offset(yaml_node_key(root, key)));
            /* A key of a map in blocks begins a line, unless it is written "? key". */
            if (yaml_node_in_flow(root) || (c > text && c[-1] != '\n')) {
                return NULL;
            }
            if (first) {
                end = c;
                break;
            }
            first = c;
        }
    }
    if (!first) {
        return NULL;
    }
    rest = g_string_new_len(text, first - text);
    for (c = first; c < end; c++) {
        if (*c == '\n') {
            g_string_append_c(rest, '\n');
        }
    }
    g_string_append(rest, end);
    return g_string_free(rest, FALSE);
}
