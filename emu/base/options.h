/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, with what GOption lets pass refused. */
#ifndef USBTAPE_BASE_OPTIONS_H
#define USBTAPE_BASE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Adds the entries and parses, taking out of `argv` what was understood; argv[0] stays. A value for
 * an option that takes none (--read-only=3) is USBTAPE_ERROR_INPUT, and so is a
 * value of an integer that is not decimal; other errors are GOption's. A value may be glued to the
 * letter of its option (-j4, -vj4).
 */
bool options_parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv,
                   GError **error);

/* The same with a NULL-terminated vector whose strings are freed when they are taken out. */
bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error);

/*
 * The value of option `name`: decimal digits, from `min` to `max`. GOption's own numbers are not
 * used: they take "" for 0 and 010 for 8.
 */
bool options_number(const char *name, const char *text, uint64_t min, uint64_t max,
                    uint64_t *number, GError **error);

#endif
