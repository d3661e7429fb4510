/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/text.h"

#include <string.h>

#define QUOTE_MAX 40

bool text_is_plain(gunichar c)
{
    bool separates = c == 0x2028 || c == 0x2029;
    bool directs = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
                   c == 0x200f || c == 0x061c;

    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !separates && !directs;
}

/* Appends at most `max` characters. False if there were more. */
static bool append(GString *line, const char *text, size_t max)
{
    const char *end = text + strlen(text);
    size_t n;

    for (n = 0; text < end && n < max; n++) {
        gunichar c = g_utf8_get_char_validated(text, end - text);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(line, "\\x%02x", (unsigned)(unsigned char)*text++);
            continue;
        }
        if (text_is_plain(c)) {
            g_string_append_unichar(line, c);
        } else {
            g_string_append_printf(line, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
        }
        text = g_utf8_next_char(text);
    }
    return text == end;
}

char *text_line(const char *text)
{
    GString *line = g_string_new(NULL);

    append(line, text, G_MAXSIZE);
    return g_string_free(line, FALSE);
}

char *text_quote(const char *text)
{
    GString *line = g_string_new("'");

    g_string_append(line, append(line, text, QUOTE_MAX) ? "'" : "…'");
    return g_string_free(line, FALSE);
}
