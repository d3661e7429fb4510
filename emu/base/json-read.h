/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of a peer, a guest or a file. The parser of json-glib recurses without bound, and its
 * accessors assume that a member has the requested type. The functions here check both. All other
 * code uses these functions (tests/meta/check.py).
 */
#ifndef USBTAPE_BASE_JSON_READ_H
#define USBTAPE_BASE_JSON_READ_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 32u

/*
 * Parses `length` bytes (-1: up to the NUL). NULL and USBTAPE_ERROR_INPUT if the text is empty, is
 * not UTF-8, is not JSON, has \u0000, or is nested deeper than JSON_DEPTH_MAX. The message begins
 * with a verb ("is not JSON: ..."), and the caller puts the name of the text before it. Free with
 * json_node_unref.
 */
JsonNode *json_read(const char *text, gssize length, GError **error);

/* NULL if the node is NULL or of another type. Borrowed. */
JsonObject *json_as_object(JsonNode *node);
JsonArray *json_as_array(JsonNode *node);
/* The fallback if the node is NULL or not a text. */
const char *json_as_text(JsonNode *node, const char *fallback);

/* An element of an array, or NULL if it is not an object. */
JsonObject *json_nth_object(JsonArray *array, unsigned i);

/*
 * Members of an object. Returns the fallback (NULL for objects and arrays) if the object is NULL,
 * lacks the member, or has a member of another type. Borrowed.
 */
const char *json_text_at(JsonObject *object, const char *name, const char *fallback);
int64_t json_number_at(JsonObject *object, const char *name, int64_t fallback);
double json_real_at(JsonObject *object, const char *name, double fallback);
bool json_bool_at(JsonObject *object, const char *name, bool fallback);
JsonObject *json_object_at(JsonObject *object, const char *name);
JsonArray *json_array_at(JsonObject *object, const char *name);

#endif
