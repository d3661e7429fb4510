/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, for every report and answer alike. */
#ifndef USBTAPE_BASE_JSON_BUILD_H
#define USBTAPE_BASE_JSON_BUILD_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL is null. JSON is UTF-8, and paths may be anything: what is not UTF-8 is replaced. */
void json_add_text(JsonBuilder *builder, const char *name, const char *value);
void json_add_bool(JsonBuilder *builder, const char *name, bool value);
void json_add_number(JsonBuilder *builder, const char *name, int64_t value);
/* A count beyond what JSON readers take (2^63 - 1) is cut to that. */
void json_add_count(JsonBuilder *builder, const char *name, uint64_t value);

#endif
