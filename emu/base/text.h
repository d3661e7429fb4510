/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of a file, a guest or a socket, made safe for a message or a terminal. Such text is hostile.
 * It may have line breaks, terminal escape sequences, or bytes that are not UTF-8.
 */
#ifndef USBTAPE_BASE_TEXT_H
#define USBTAPE_BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>

/*
 * `text` as one line of valid UTF-8. Writes as \xNN or \uNNNN each byte that is not UTF-8, each
 * control character, each line separator, and each character that changes the direction of writing.
 * Applying it again changes nothing. Free with g_free.
 */
char *text_line(const char *text);

/* The same in single quotes. After 40 characters the rest is replaced by "…". */
char *text_quote(const char *text);

/* True if the character is shown unchanged. */
bool text_is_plain(gunichar c);

#endif
