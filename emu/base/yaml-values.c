/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed values of nodes, and maps read into structs. */
#include "emu/base/yaml-node.h"

#include "emu/base/text.h"
#include "emu/base/units.h"

#include <errno.h>
#include <string.h>

const char *yaml_node_text(const YamlNode *node, GError **error)
{
    if (!yaml_node_is(node, YAML_KIND_SCALAR, error)) {
        return NULL;
    }
    if (yaml_node_is_nothing(node)) {
        yaml_node_refuse(node, error, "a value is missing here");
        return NULL;
    }
    return node->text;
}

/* Numbers and booleans have no quotes. '5' is a text. */
static const char *plain_text(const YamlNode *node, const char *wanted, GError **error)
{
    const char *text = yaml_node_text(node, error);

    if (text && !node->plain) {
        yaml_node_refuse(node, error, "this must be %s, without quotes", wanted);
        return NULL;
    }
    return text;
}

bool yaml_node_bool(const YamlNode *node, bool *value, GError **error)
{
    const char *text = plain_text(node, "true or false", error);
    g_autofree char *shown = NULL;

    if (!text) {
        return false;
    }
    if (g_str_equal(text, "true") || g_str_equal(text, "false")) {
        *value = text[0] == 't';
        return true;
    }
    shown = text_quote(text);
    return yaml_node_refuse(node, error, "%s is not true or false", shown);
}

bool yaml_node_integer(const YamlNode *node, int64_t min, int64_t max, int64_t *value,
                       GError **error)
{
    const char *text = plain_text(node, "a whole number", error);
    const char *digits = text;
    g_autofree char *shown = NULL;
    char *end = NULL;
    unsigned base = 10;

    if (!text) {
        return false;
    }
    shown = text_quote(text);
    if (g_str_has_prefix(text, "0x")) {
        base = 16;
        digits = text + 2;
    } else if (text[0] == '-') {
        digits = text + 1;
    }
    if (!(base == 16 ? g_ascii_isxdigit(digits[0]) : g_ascii_isdigit(digits[0]))) {
        return yaml_node_refuse(node, error, "%s is not a whole number", shown);
    }
    errno = 0;
    *value = g_ascii_strtoll(base == 16 ? digits : text, &end, base);
    if (*end) {
        return yaml_node_refuse(node, error, "%s is not a whole number", shown);
    }
    if (errno == ERANGE || *value < min || *value > max) {
        return yaml_node_refuse(
            node, error, "%s is out of range: from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
            shown, min, max);
    }
    return true;
}

bool yaml_node_size(const YamlNode *node, uint64_t *bytes, GError **error)
{
    const char *text = plain_text(node, "a size", error);
    g_autoptr(GError) why = NULL;

    if (!text) {
        return false;
    }
    return units_parse_size(text, bytes, &why) || yaml_node_refuse(node, error, "%s", why->message);
}

bool yaml_node_duration(const YamlNode *node, int64_t *microseconds, GError **error)
{
    const char *text = plain_text(node, "a duration", error);
    g_autoptr(GError) why = NULL;

    if (!text) {
        return false;
    }
    return units_parse_duration(text, microseconds, &why) ||
           yaml_node_refuse(node, error, "%s", why->message);
}

bool yaml_node_choice(const YamlNode *node, const char *const *words, int *index, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_autofree char *shown = NULL;
    g_autofree char *list = NULL;
    int i;

    if (!text) {
        return false;
    }
    for (i = 0; words[i]; i++) {
        if (g_str_equal(words[i], text)) {
            *index = i;
            return true;
        }
    }
    shown = text_quote(text);
    list = g_strjoinv(", ", (char **)words);
    return yaml_node_refuse(node, error, "%s is not known here: choose from %s", shown, list);
}

static bool refuse_key(const YamlNode *key, const char *const *known, GError **error)
{
    g_autofree char *shown = text_quote(key->text);
    g_autofree char *list = g_strjoinv(", ", (char **)known);

    return yaml_node_refuse(key, error, "unknown key %s: known are %s", shown, list);
}

bool yaml_node_only(const YamlNode *map, const char *const *keys, GError **error)
{
    size_t i;

    if (!yaml_node_is(map, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < map->keys->len; i++) {
        const YamlNode *key = map->keys->pdata[i];

        if (!g_strv_contains(keys, key->text)) {
            return refuse_key(key, keys, error);
        }
    }
    return true;
}

static bool read_field(const YamlNode *node, const YamlField *field, void *member, GError **error)
{
    bool any = field->min == 0 && field->max == 0;
    const char *text;

    switch (field->type) {
    case YAML_TYPE_TEXT:
        text = yaml_node_text(node, error);
        if (!text) {
            return false;
        }
        g_free(*(char **)member);
        *(char **)member = g_strdup(text);
        return true;
    case YAML_TYPE_BOOL:
        return yaml_node_bool(node, member, error);
    case YAML_TYPE_INTEGER:
        return yaml_node_integer(node, any ? G_MININT64 : field->min, any ? G_MAXINT64 : field->max,
                                 member, error);
    case YAML_TYPE_SIZE:
        return yaml_node_size(node, member, error);
    case YAML_TYPE_DURATION:
        return yaml_node_duration(node, member, error);
    case YAML_TYPE_CHOICE:
        return yaml_node_choice(node, field->words, member, error);
    case YAML_TYPE_NODE:
        *(const YamlNode **)member = node;
        return true;
    case YAML_TYPE_CUSTOM:
        return field->read(node, member, error);
    }
    return false;
}

bool yaml_node_read(const YamlNode *map, const YamlField *fields, void *target, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    const YamlField *field;

    for (field = fields; field->key; field++) {
        g_ptr_array_add(known, (void *)field->key);
    }
    g_ptr_array_add(known, NULL);
    if (!yaml_node_only(map, (const char *const *)known->pdata, error)) {
        return false;
    }
    for (field = fields; field->key; field++) {
        const YamlNode *value = yaml_node_get(map, field->key);

        if (!value && field->required) {
            return yaml_node_refuse(map, error, "the key '%s' is missing", field->key);
        }
        if (value && !read_field(value, field, (char *)target + field->offset, error)) {
            return false;
        }
    }
    return true;
}
