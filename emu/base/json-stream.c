/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/json-stream.h"

#include <glib.h>
#include <string.h>

#include "emu/base/text.h"

JsonStream json_stream(FILE *to)
{
    return (JsonStream){ .to = to };
}

static void put(JsonStream *s, const char *text)
{
    fputs_unlocked(text, s->to);
}

static void put_text(JsonStream *s, const char *text)
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

/* What comes before a value. */
static void begin(JsonStream *s, const char *name)
{
    unsigned i;

    if (s->depth > 0) {
        bool row = s->levels[s->depth - 1].row;

        if (s->levels[s->depth - 1].filled) {
            put(s, row ? ", " : ",");
        }
        s->levels[s->depth - 1].filled = true;
        if (!row) {
            putc_unlocked('\n', s->to);
        }
        for (i = 0; i < s->depth && !row; i++) {
            put(s, "  ");
        }
    }
    if (name) { /* ours: nothing in it has to be escaped */
        putc_unlocked('"', s->to);
        put(s, name);
        put(s, "\" : ");
    }
}

static void open_level(JsonStream *s, const char *name, bool array, bool row)
{
    begin(s, name);
    g_assert(s->depth < JSON_STREAM_DEPTH);
    row = row || (s->depth > 0 && s->levels[s->depth - 1].row);
    s->levels[s->depth].array = array;
    s->levels[s->depth].row = row;
    s->levels[s->depth++].filled = false;
    putc_unlocked(array ? '[' : '{', s->to);
}

void json_stream_object(JsonStream *s, const char *name)
{
    open_level(s, name, false, false);
}

void json_stream_row(JsonStream *s, const char *name)
{
    open_level(s, name, false, true);
}

void json_stream_array(JsonStream *s, const char *name)
{
    open_level(s, name, true, false);
}

void json_stream_end(JsonStream *s)
{
    unsigned i;

    g_assert(s->depth > 0);
    s->depth--;
    if (s->levels[s->depth].filled && !s->levels[s->depth].row) {
        putc_unlocked('\n', s->to);
        for (i = 0; i < s->depth; i++) {
            put(s, "  ");
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
    begin(s, name);
    put_text(s, value);
}

void json_stream_bool(JsonStream *s, const char *name, bool value)
{
    begin(s, name);
    put(s, value ? "true" : "false");
}

void json_stream_null(JsonStream *s, const char *name)
{
    begin(s, name);
    put(s, "null");
}

void json_stream_count(JsonStream *s, const char *name, uint64_t value)
{
    char digits[24], *at = digits + sizeof digits - 1;

    begin(s, name);
    value = MIN(value, (uint64_t)INT64_MAX);
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(s, at);
}
