/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of a file, a guest or a socket, as a message or a terminal may show it. Such text is
 * hostile: it may hold line breaks, the escape sequences of a terminal, or bytes that are no UTF-8.
 */
#ifndef USBTAPE_BASE_TEXT_H
#define USBTAPE_BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>

/*
 * `text` as one line of valid UTF-8. Control characters, line separators and characters that change
 * the direction of writing are written as \xNN or \uNNNN, and so are bytes that are no UTF-8. The
 * result of this function passes through it unchanged. Free with g_free.
 */
char *text_line(const char *text);

/* The same in single quotes; more than 40 characters are cut, with "…" in their place. */
char *text_quote(const char *text);

/* May the character be shown as it is? */
bool text_is_plain(gunichar c);

#endif
