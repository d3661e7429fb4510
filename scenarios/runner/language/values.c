/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/values.h"

#include "emu/base/text.h"

#include <errno.h>

void file_set_clear(FileSet *set)
{
    g_free(set->from);
    g_strfreev(set->names);
    g_strfreev(set->except);
}

size_t value_count(const YamlNode *node)
{
    return yaml_node_kind(node) == YAML_KIND_LIST ? yaml_node_length(node) : 1;
}

const YamlNode *value_at(const YamlNode *node, size_t i)
{
    return yaml_node_kind(node) == YAML_KIND_LIST ? yaml_node_item(node, i) : node;
}

bool value_read_texts(const YamlNode *node, void *member, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    for (i = 0; i < value_count(node); i++) {
        const char *text = yaml_node_text(value_at(node, i), error);

        if (!text) {
            return false;
        }
        g_ptr_array_add(texts, g_strdup(text));
    }
    g_ptr_array_add(texts, NULL);
    g_strfreev(*(char ***)member);
    *(char ***)member = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return true;
}

bool value_read_pattern(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_autoptr(GError) why = NULL;
    g_autoptr(GRegex) pattern = text ? g_regex_new(text, 0, 0, &why) : NULL;

    if (!pattern) {
        return text && yaml_node_refuse(node, error, "%s", why->message);
    }
    *(char **)member = g_strdup(text);
    return true;
}

bool value_read_patterns(const YamlNode *node, void *member, GError **error)
{
    char **texts;
    size_t i;

    if (!value_read_texts(node, member, error)) {
        return false;
    }
    texts = *(char ***)member;
    for (i = 0; texts[i]; i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(GRegex) pattern = g_regex_new(texts[i], 0, 0, &why);

        if (!pattern) {
            return yaml_node_refuse(value_at(node, i), error, "%s", why->message);
        }
    }
    return true;
}

bool value_read_count(const YamlNode *node, void *member, GError **error)
{
    CountRange *range = member;
    const char *text = yaml_node_text(node, error);
    const char *digits = text;
    g_autofree char *shown = NULL;
    char *end = NULL;

    if (!text) {
        return false;
    }
    errno = 0;
    *range = (CountRange){ 0, G_MAXINT64 };
    digits += text[0] == '>' || text[0] == '<' ? 2 : 0;
    if (digits != text && text[1] != '=') {
        digits = "";
    }
    if (g_ascii_isdigit(digits[0])) {
        int64_t number = g_ascii_strtoll(digits, &end, 10);

        range->min = text[0] == '<' ? 0 : number;
        range->max = text[0] == '>' ? G_MAXINT64 : number;
        if (digits == text && g_str_has_prefix(end, "..") && g_ascii_isdigit(end[2])) {
            range->max = g_ascii_strtoll(end + 2, &end, 10);
        }
    }
    if (!end || *end || errno == ERANGE || range->max < range->min) {
        shown = text_quote(text);
        return yaml_node_refuse(node, error, "%s is not a count: write 5, \">=5\", \"<=5\" or 3..5",
                                shown);
    }
    return true;
}

bool count_in_range(CountRange range, int64_t count)
{
    return count >= range.min && count <= range.max;
}

char *count_range_text(CountRange range)
{
    if (range.min == range.max) {
        return g_strdup_printf("%" G_GINT64_FORMAT, range.min);
    }
    if (range.max == G_MAXINT64) {
        return g_strdup_printf("at least %" G_GINT64_FORMAT, range.min);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, range.min, range.max);
}

bool value_match(char *const *patterns, const char *text, char **match)
{
    for (; patterns && *patterns; patterns++) {
        g_autoptr(GRegex) regex = g_regex_new(*patterns, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
        g_autoptr(GMatchInfo) info = NULL;

        if (g_regex_match(regex, text, 0, &info)) {
            *match = g_match_info_fetch(info, 0);
            return true;
        }
    }
    return false;
}
