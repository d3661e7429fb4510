/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, for all reports and answers. */
#ifndef USBTAPE_BASE_JSON_BUILD_H
#define USBTAPE_BASE_JSON_BUILD_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL becomes null. Bytes that are not UTF-8 are replaced, because a path may have any bytes. */
void json_add_text(JsonBuilder *builder, const char *name, const char *value);
void json_add_bool(JsonBuilder *builder, const char *name, bool value);
void json_add_number(JsonBuilder *builder, const char *name, int64_t value);
/* A count above 2^63 - 1, the limit of JSON readers, becomes that limit. */
void json_add_count(JsonBuilder *builder, const char *name, uint64_t value);

#endif
