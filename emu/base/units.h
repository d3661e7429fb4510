/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with units, as users write them in options, fault plans and scenarios. */
#ifndef USBTAPE_BASE_UNITS_H
#define USBTAPE_BASE_UNITS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * "65536", "64KiB", "1.5GiB", "35GB": bytes. Binary units KiB MiB GiB TiB, decimal units kB KB MB
 * GB TB, B. No sign and no blanks. The value must be a whole number of bytes below 2^63. Otherwise
 * sets USBTAPE_ERROR_INPUT and returns false.
 */
bool units_parse_size(const char *text, uint64_t *bytes, GError **error);

/* "40s", "250ms", "15us", "2min", "1h": microseconds. A unit is required. Errors as above. */
bool units_parse_duration(const char *text, int64_t *microseconds, GError **error);

/* "64 KiB", "209.7 MiB", for messages. Free with g_free. */
char *units_format_size(uint64_t bytes);

#endif
