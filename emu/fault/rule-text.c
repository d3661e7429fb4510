/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/rule.h"

static void append_range(GString *text, const char *name, const FaultRange *range)
{
    if (!range->given) {
        return;
    }
    g_string_append_printf(text, " %s ", name);
    if (range->to == G_MAXUINT64) {
        g_string_append_printf(text, ">=%" G_GUINT64_FORMAT, range->from);
    } else if (range->to == range->from) {
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, range->from);
    } else {
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, range->from,
                               range->to);
    }
}

char *fault_rule_describe(const FaultRule *rule)
{
    GString *text = g_string_new(rule->on ? rule->on : "");

    if (rule->request) {
        g_string_append_printf(text, " %s", fault_request_name(rule->request));
        if (rule->nth > 1) {
            g_string_append_printf(text, "#%" G_GUINT64_FORMAT, rule->nth);
        }
    }
    append_range(text, "record", &rule->record);
    append_range(text, "file", &rule->file);
    if (rule->has_bytes) {
        g_string_append_printf(text, " bytes %" G_GUINT64_FORMAT, rule->bytes);
    }
    if (rule->time >= 0) {
        g_string_append_printf(text, " time %" G_GINT64_FORMAT "us", rule->time);
    }
    if (rule->phase) {
        g_string_append_printf(text, " %s", fault_phase_name(rule->phase));
    }
    if (rule->after_name) {
        g_string_append_printf(text, " after %s", rule->after_name);
    }
    if (rule->if_state) {
        g_string_append_printf(text, " in state %s", rule->if_state);
    }
    if (rule->probability < 1) {
        g_string_append_printf(text, " probability %g", rule->probability);
    }
    if (rule->every > 1) {
        g_string_append_printf(text, " every %" G_GUINT64_FORMAT, rule->every);
    }
    if (text->len == 0) {
        g_string_append(text, "any");
    }
    if (text->str[0] == ' ') {
        g_string_erase(text, 0, 1);
    }
    return g_string_free(text, FALSE);
}
