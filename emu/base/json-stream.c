/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/json-stream.h"

#include <glib.h>
#include <string.h>

#include "emu/base/text.h"

JsonStream json_stream(FILE *to)
{
    return (JsonStream){ .to = to };
}

static void stream_put(JsonStream *s, const char *text)
{
    fputs_unlocked(text, s->to);
}

static void stream_put_text(JsonStream *s, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    const char *c;

    putc_unlocked('"', s->to);
    for (c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);

        if (u == '"' || u == '\\') {
            putc_unlocked('\\', s->to);
        }
        if (text_is_plain(u)) {
            fwrite_unlocked(c, 1, (size_t)(g_utf8_next_char(c) - c), s->to);
        } else {
            fprintf(s->to, "\\u%04x", u);
        }
    }
    putc_unlocked('"', s->to);
}

/* Writes the separator and the name before a value. */
static void stream_begin_value(JsonStream *s, const char *name)
{
    unsigned i;

    if (s->depth > 0) {
        bool row = s->levels[s->depth - 1].row;

        if (s->levels[s->depth - 1].filled) {
            stream_put(s, row ? ", " : ",");
        }
        s->levels[s->depth - 1].filled = true;
        if (!row) {
            putc_unlocked('\n', s->to);
        }
        for (i = 0; i < s->depth && !row; i++) {
            stream_put(s, "  ");
        }
    }
    if (name) { /* a name in the code, which needs no escaping */
        putc_unlocked('"', s->to);
        stream_put(s, name);
        stream_put(s, "\" : ");
    }
}

static void stream_open_level(JsonStream *s, const char *name, bool array, bool row)
{
    stream_begin_value(s, name);
    g_assert(s->depth < JSON_STREAM_DEPTH);
    row = row || (s->depth > 0 && s->levels[s->depth - 1].row);
    s->levels[s->depth].array = array;
    s->levels[s->depth].row = row;
    s->levels[s->depth++].filled = false;
    putc_unlocked(array ? '[' : '{', s->to);
}

void json_stream_object(JsonStream *s, const char *name)
{
    stream_open_level(s, name, false, false);
}

void json_stream_row(JsonStream *s, const char *name)
{
    stream_open_level(s, name, false, true);
}

void json_stream_array(JsonStream *s, const char *name)
{
    stream_open_level(s, name, true, false);
}

void json_stream_end(JsonStream *s)
{
    unsigned i;

    g_assert(s->depth > 0);
    s->depth--;
    if (s->levels[s->depth].filled && !s->levels[s->depth].row) {
        putc_unlocked('\n', s->to);
        for (i = 0; i < s->depth; i++) {
            stream_put(s, "  ");
        }
    }
    putc_unlocked(s->levels[s->depth].array ? ']' : '}', s->to);
    if (s->depth == 0) {
        putc_unlocked('\n', s->to);
    }
}

void json_stream_end_to(JsonStream *s, unsigned depth)
{
    while (s->depth > depth) {
        json_stream_end(s);
    }
}

void json_stream_text(JsonStream *s, const char *name, const char *value)
{
    stream_begin_value(s, name);
    stream_put_text(s, value);
}

void json_stream_bool(JsonStream *s, const char *name, bool value)
{
    stream_begin_value(s, name);
    stream_put(s, value ? "true" : "false");
}

void json_stream_null(JsonStream *s, const char *name)
{
    stream_begin_value(s, name);
    stream_put(s, "null");
}

void json_stream_count(JsonStream *s, const char *name, uint64_t value)
{
    char digits[24], *at = digits + sizeof digits - 1;

    stream_begin_value(s, name);
    value = MIN(value, (uint64_t)INT64_MAX);
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    stream_put(s, at);
}
