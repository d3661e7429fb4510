/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"

#include <stdio.h>

#include "emu/base/text.h"

G_DEFINE_QUARK(usbtape - error - quark, usbtape_error)

bool usbtape_input_error(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = text_line(text);
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, line);
    return false;
}

int usbtape_fail(const GError *error)
{
    g_autofree char *line = text_line(error->message);

    fprintf(stderr, "usbtape: %s\n", line);
    if (g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_TIMED_OUT)) {
        return EXIT_TIMED_OUT;
    }
    return g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK) ? EXIT_WORK_FAILED
                                                                     : EXIT_BAD_INPUT;
}
