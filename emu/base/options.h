/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines. Refuses input that GOption silently accepts. */
#ifndef USBTAPE_BASE_OPTIONS_H
#define USBTAPE_BASE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Adds the entries and parses. Removes recognised words from `argv`, except argv[0].
 * USBTAPE_ERROR_INPUT for a value of an option without one (--read-only=3), and for an integer that
 * is not decimal. Other errors are GOption's. A value may be attached to the letter of its option
 * (-j4, -vj4).
 */
bool options_parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv,
                   GError **error);

/* The same for a NULL-terminated vector. Frees the strings that it removes. */
bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error);

/*
 * The value of option `name`: decimal digits, from `min` to `max`. GOption's own numbers are not
 * used. They read "" as 0 and 010 as 8.
 */
bool options_number(const char *name, const char *text, uint64_t min, uint64_t max,
                    uint64_t *number, GError **error);

#endif
