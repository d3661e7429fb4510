/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/bus.h"

#include "emu/base/json-build.h"
#include "emu/base/json-read.h"

#include <stdio.h>
#include <string.h>

/* Longer than any line that the drive writes. */
#define LINE_MAX_BYTES (64 * 1024)

static const struct {
    const char *key;
    bool advice;
} rules[] = {
#define VIOLATION                               false
#define ADVICE                                  true
#define BOT_RULE(id, key, level, clause, about) { key, level },
#include "emu/bot/judge-rules.def"
#undef BOT_RULE
#undef VIOLATION
#undef ADVICE
};

const char *bus_rule_key(unsigned rule)
{
    return rules[rule].key;
}

bool bus_rule_is_advice(unsigned rule)
{
    return rules[rule].advice;
}

unsigned bus_rule_by_key(const char *key, size_t length)
{
    unsigned rule;

    for (rule = 0; rule < BUS_N_RULES; rule++) {
        if (strlen(rules[rule].key) == length && memcmp(rules[rule].key, key, length) == 0) {
            break;
        }
    }
    return rule;
}

BusTally *bus_tally_new(void)
{
    return g_new0(BusTally, 1);
}

void bus_tally_free(BusTally *tally)
{
    unsigned rule;

    for (rule = 0; tally && rule < BUS_N_RULES; rule++) {
        g_free(tally->rules[rule].first);
    }
    g_free(tally);
}

/* "cbw-before-csw: transfer 57, …" */
void bus_tally_add(BusTally *tally, const char *text, const char *place)
{
    size_t length = strcspn(text, ":");
    unsigned rule = bus_rule_by_key(text, length);
    BusCount *count = &tally->rules[rule % BUS_N_RULES];

    if (rule == BUS_N_RULES) {
        return;
    }
    count->times++;
    if (!count->first) {
        text += length + (text[length] == ':');
        text += strspn(text, " ");
        count->first = g_strconcat(place ? place : "", place ? ": " : "", text, NULL);
    }
}

bool bus_tally_add_trace(BusTally *tally, const char *path, const char *place)
{
    g_autofree char *line = g_malloc(LINE_MAX_BYTES);
    FILE *file = fopen(path, "re");

    if (!file) {
        return false;
    }
    while (fgets(line, LINE_MAX_BYTES, file)) {
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object;

        if (!strstr(line, "\"point\":\"bus.violation\"")) {
            continue;
        }
        node = json_read(line, -1, NULL);
        object = json_as_object(node);
        if (object && g_str_equal(json_text_at(object, "point", ""), "bus.violation")) {
            bus_tally_add(tally, json_text_at(object, "text", ""), place);
        }
    }
    fclose(file);
    return true;
}

char *bus_tally_text(const BusTally *tally, unsigned rule)
{
    const BusCount *count = &tally->rules[rule];

    if (count->times == 0) {
        return NULL;
    }
    if (count->times == 1) {
        return g_strdup_printf("%s: %s", rules[rule].key, count->first);
    }
    return g_strdup_printf("%s, %" G_GINT64_FORMAT " times; the first: %s", rules[rule].key,
                           count->times, count->first);
}

void bus_tally_add_json(const BusTally *tally, JsonBuilder *builder)
{
    unsigned rule;

    json_builder_begin_array(builder);
    for (rule = 0; rule < BUS_N_RULES; rule++) {
        const BusCount *count = &tally->rules[rule];

        if (count->times > 0) {
            json_builder_begin_object(builder);
            json_add_text(builder, "rule", rules[rule].key);
            json_add_text(builder, "level", rules[rule].advice ? "advice" : "violation");
            json_add_number(builder, "times", count->times);
            json_add_text(builder, "first", count->first);
            json_builder_end_object(builder);
        }
    }
    json_builder_end_array(builder);
}
