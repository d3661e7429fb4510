/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for XML and HTML files, and for terminals. Output of guests and names of files are hostile,
 * so all of it passes through here.
 */
#ifndef USBTAPE_SCENARIOS_MARKUP_H
#define USBTAPE_SCENARIOS_MARKUP_H

#include <glib.h>
#include <stdbool.h>

/*
 * Appends `text` (`length` bytes; -1: to its NUL) so that it means itself in the content of an
 * element and in a quoted attribute, in XML 1.0 and in HTML alike: valid UTF-8, no control
 * characters but tab and newline (each of them shown as its control picture), nothing that changes
 * the direction of writing.
 */
void markup_text(GString *to, const char *text, gssize length);
/* The same for a terminal, as one line without escapes. Free with g_free. */
char *markup_line(const char *text);
/* ` name="value"` */
void markup_attribute(GString *to, const char *name, const char *value);
/* As g_string_append_printf, with the text of each %s escaped. It also knows %d, %u, %ld and
 * %lu. */
void markup_printf(GString *to, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
