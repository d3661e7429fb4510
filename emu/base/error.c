/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"

#include <stdio.h>

G_DEFINE_QUARK(usbtape - error - quark, usbtape_error)

bool usbtape_input_error(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, text);
    return false;
}

int usbtape_fail(const GError *error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    const char *c;

    for (c = error->message; *c; c++) {
        if (g_ascii_iscntrl(*c)) {
            g_string_append_printf(line, "\\x%02x", (unsigned)(unsigned char)*c);
        } else {
            g_string_append_c(line, *c);
        }
    }
    fprintf(stderr, "usbtape: %s\n", line->str);
    if (g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_TIMED_OUT)) {
        return EXIT_TIMED_OUT;
    }
    return g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK) ? EXIT_WORK_FAILED
                                                                     : EXIT_BAD_INPUT;
}
