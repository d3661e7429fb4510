/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints answers as text: an object as names and values, an array of objects as a table. */
#include <stdio.h>

#include "emu/base/json-read.h"
#include "emu/base/text.h"
#include "emu/control/private.h"

static char *scalar_text(JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return g_strdup(json_node_get_string(node));
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
    case G_TYPE_INT64:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    case G_TYPE_DOUBLE:
        return g_strdup_printf("%g", json_node_get_double(node));
    default:
        return g_strdup("-"); /* null, an object or an array */
    }
}

/* Makes control characters visible. A cartridge's name may have some. */
static void print_text(const char *text, int width)
{
    g_autofree char *shown = text_line(text);

    printf("%s%*s", shown, MAX(width - (int)g_utf8_strlen(shown, -1), 0), "");
}

/* ---- tables ---- */

/* The value of a row in a column. NULL if there is none, or if the row is not an object. */
static JsonNode *cell(JsonArray *rows, guint i, const char *name)
{
    JsonObject *row = json_nth_object(rows, i);

    return row ? json_object_get_member(row, name) : NULL;
}

static int column_width(JsonArray *rows, const char *name)
{
    int width = (int)g_utf8_strlen(name, -1);
    guint i;

    for (i = 0; i < json_array_get_length(rows); i++) {
        JsonNode *node = cell(rows, i, name);
        g_autofree char *text = node ? scalar_text(node) : g_strdup("");

        width = MAX(width, (int)g_utf8_strlen(text, -1));
    }
    return width;
}

/* The first row has all columns. */
static void print_table(JsonArray *rows, int indent)
{
    g_autoptr(GList) columns = json_object_get_members(json_nth_object(rows, 0));
    GList *column;
    guint i;

    for (i = 0; i <= json_array_get_length(rows); i++) {
        printf("%*s", indent, "");
        for (column = columns; column; column = column->next) {
            JsonNode *node = i == 0 ? NULL : cell(rows, i - 1, column->data);
            g_autofree char *text = i == 0 ? g_ascii_strup(column->data, -1)
                                    : node ? scalar_text(node)
                                           : g_strdup("");

            print_text(text, column->next ? column_width(rows, column->data) + 2 : 0);
        }
        putchar('\n');
    }
}

static void print_array(JsonArray *array, int indent)
{
    guint i;

    if (json_nth_object(array, 0)) {
        print_table(array, indent);
        return;
    }
    for (i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *text = scalar_text(json_array_get_element(array, i));

        printf("%*s", indent, "");
        print_text(text, 0);
        putchar('\n');
    }
}

/* ---- names and values ---- */

static void print_object(JsonObject *object, int indent)
{
    g_autoptr(GList) names = json_object_get_members(object);
    int width = 0;
    GList *i;

    for (i = names; i; i = i->next) {
        width = MAX(width, (int)g_utf8_strlen(i->data, -1));
    }
    for (i = names; i; i = i->next) {
        JsonNode *node = json_object_get_member(object, i->data);
        JsonArray *array = json_as_array(node);

        printf("%*s", indent, "");
        if (json_as_object(node)) {
            print_text(i->data, 0);
            puts(":");
            print_object(json_as_object(node), indent + 2);
        } else if (array) {
            print_text(i->data, 0);
            puts(json_array_get_length(array) == 0 ? ": none" : ":");
            print_array(array, indent + 2);
        } else {
            g_autofree char *text = scalar_text(node);

            print_text(i->data, width + 2);
            print_text(text, 0);
            putchar('\n');
        }
    }
}

void control_print(JsonNode *answer)
{
    JsonArray *array = json_as_array(answer);

    if (json_as_object(answer)) {
        print_object(json_as_object(answer), 0);
    } else if (array) {
        if (json_array_get_length(array) == 0) {
            puts("none");
        }
        print_array(array, 0);
    } else {
        g_autofree char *text = scalar_text(answer);

        print_text(text, 0);
        putchar('\n');
    }
}

void control_print_event(JsonObject *event)
{
    JsonObject *data = json_object_at(event, "data");
    JsonObject *stamp = json_object_at(event, "timestamp");
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(json_number_at(stamp, "seconds", 0));
    g_autoptr(GDateTime) local = utc ? g_date_time_to_local(utc) : NULL;
    g_autofree char *time = local ? g_date_time_format(local, "%H:%M:%S") : g_strdup("--:--:--");
    g_autoptr(GList) names = data ? json_object_get_members(data) : NULL;
    int64_t us = json_number_at(stamp, "microseconds", 0);
    GList *i;

    printf("%s.%06" G_GINT64_FORMAT " ", time, us);
    print_text(json_text_at(event, "event", "?"), 0);
    for (i = names; i; i = i->next) {
        g_autofree char *text = scalar_text(json_object_get_member(data, i->data));

        printf(" ");
        print_text(i->data, 0);
        printf("=");
        print_text(text, 0);
    }
    putchar('\n');
    fflush(stdout);
}
