/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/markup.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

/* The replacement of a character that XML 1.0 forbids or that would mislead a reader. */
static gunichar bearable(gunichar c)
{
    bool directs = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

    if (c == '\t' || c == '\n') {
        return c;
    }
    if (c < 0x20) {
        return 0x2400 + c; /* ␀ to ␟ */
    }
    if (c == 0x7f) {
        return 0x2421; /* ␡ */
    }
    return (c >= 0x80 && c < 0xa0) || directs || (c & 0xfffe) == 0xfffe ? REPLACEMENT : c;
}

static void put(GString *to, gunichar c)
{
    switch (c) {
    case '&':
        g_string_append(to, "&amp;");
        break;
    case '<':
        g_string_append(to, "&lt;");
        break;
    case '>':
        g_string_append(to, "&gt;");
        break;
    case '"':
        g_string_append(to, "&quot;");
        break;
    case '\'':
        g_string_append(to, "&#39;");
        break;
    default:
        g_string_append_unichar(to, bearable(c));
    }
}

void markup_text(GString *to, const char *text, gssize length)
{
    g_autofree char *valid = g_utf8_make_valid(text, length);
    const char *p;

    for (p = valid; *p; p = g_utf8_next_char(p)) {
        put(to, g_utf8_get_char(p));
    }
}

char *markup_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_new(NULL);
    const char *p;

    for (p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        g_string_append_unichar(line, c == '\t' || c == '\n' ? ' ' : bearable(c));
    }
    return g_string_free(line, FALSE);
}

void markup_attribute(GString *to, const char *name, const char *value)
{
    g_string_append_printf(to, " %s=\"", name);
    markup_text(to, value, -1);
    g_string_append_c(to, '"');
}

/* One conversion, at what follows the per cent sign; returns its end. */
static const char *convert(GString *to, const char *p, va_list *args)
{
    bool is_long = *p == 'l';

    p += is_long;
    switch (*p) {
    case 's':
        markup_text(to, va_arg(*args, const char *), -1);
        break;
    case 'd':
        g_string_append_printf(to, "%ld", is_long ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
        g_string_append_printf(to, "%lu",
                               is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned));
        break;
    case '%':
        g_string_append_c(to, '%');
        break;
    default:
        g_assert_not_reached();
    }
    return p + 1;
}

void markup_printf(GString *to, const char *format, ...)
{
    const char *p = format;
    va_list args;

    va_start(args, format);
    while (*p) {
        size_t plain = strcspn(p, "%");

        g_string_append_len(to, p, (gssize)plain);
        p += plain;
        if (*p) {
            p = convert(to, p + 1, &args);
        }
    }
    va_end(args);
}
