/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/json-read.h"

#include <string.h>

#include "emu/base/error.h"

/* Strings end at a NUL here. A text with an embedded NUL would compare as a shorter one. */
static bool has_nul(const char *text, const char *end)
{
    const char *c;

    for (c = text; c < end; c++) {
        if (*c != '\\') {
            continue;
        }
        if (end - c >= 6 && memcmp(c, "\\u0000", 6) == 0) {
            return true;
        }
        c++;
    }
    return false;
}

static bool too_deep(const char *c, const char *end)
{
    unsigned depth = 0;
    bool quoted = false;

    for (; c < end; c++) {
        if (quoted) {
            if (*c == '\\') {
                c++;
            } else if (*c == '"') {
                quoted = false;
            }
        } else if (*c == '"') {
            quoted = true;
        } else if (*c == '{' || *c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((*c == '}' || *c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* True if something follows the object or array that the text begins with. json-glib accepts that,
 * and then loses the memory of all values but the last. */
static bool json_goes_on(const char *c, const char *end)
{
    unsigned depth = 0;
    bool quoted = false, ended = false;

    for (; c < end; c++) {
        if (g_ascii_isspace(*c)) {
            continue;
        }
        if (ended) {
            return true;
        }
        if (quoted) {
            if (*c == '\\') {
                c++;
            } else if (*c == '"') {
                quoted = false;
            }
        } else if (*c == '"') {
            quoted = true;
        } else if (*c == '{' || *c == '[') {
            depth++;
        } else if ((*c == '}' || *c == ']') && depth > 0) {
            ended = --depth == 0;
        }
    }
    return false;
}

JsonNode *json_read(const char *text, gssize length, GError **error)
{
    g_autoptr(JsonParser) parser = NULL;
    g_autoptr(GError) why = NULL;
    const char *end;

    length = length < 0 ? (gssize)strlen(text) : length;
    end = text + length;
    if (!g_utf8_validate(text, length, NULL)) { /* refuses a NUL too */
        usbtape_input_error(error, "is not UTF-8 text");
        return NULL;
    }
    if (has_nul(text, end)) {
        usbtape_input_error(error, "holds \\u0000, which no text here can");
        return NULL;
    }
    if (too_deep(text, end)) {
        usbtape_input_error(error, "is nested more than %u deep", JSON_DEPTH_MAX);
        return NULL;
    }
    if (json_goes_on(text, end)) {
        usbtape_input_error(error, "is not JSON: more than one value");
        return NULL;
    }
    parser = json_parser_new();
    if (!json_parser_load_from_data(parser, text, length, &why)) {
        usbtape_input_error(error, "is not JSON: %s", why->message);
        return NULL;
    }
    if (!json_parser_get_root(parser)) {
        usbtape_input_error(error, "is not JSON: it is empty");
        return NULL;
    }
    return json_parser_steal_root(parser);
}

JsonObject *json_as_object(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *json_as_array(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

JsonObject *json_nth_object(JsonArray *array, unsigned i)
{
    return array && i < json_array_get_length(array)
               ? json_as_object(json_array_get_element(array, i))
               : NULL;
}

/* True if the node is a value of that type. The node may be NULL. */
static bool is_value(JsonNode *node, GType type)
{
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

const char *json_as_text(JsonNode *node, const char *fallback)
{
    return is_value(node, G_TYPE_STRING) ? json_node_get_string(node) : fallback;
}

static JsonNode *member(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : NULL;
}

const char *json_text_at(JsonObject *object, const char *name, const char *fallback)
{
    return json_as_text(member(object, name), fallback);
}

int64_t json_number_at(JsonObject *object, const char *name, int64_t fallback)
{
    JsonNode *node = member(object, name);

    return is_value(node, G_TYPE_INT64) ? json_node_get_int(node) : fallback;
}

double json_real_at(JsonObject *object, const char *name, double fallback)
{
    JsonNode *node = member(object, name);

    return is_value(node, G_TYPE_DOUBLE)  ? json_node_get_double(node)
           : is_value(node, G_TYPE_INT64) ? (double)json_node_get_int(node)
                                          : fallback;
}

bool json_bool_at(JsonObject *object, const char *name, bool fallback)
{
    JsonNode *node = member(object, name);

    return is_value(node, G_TYPE_BOOLEAN) ? json_node_get_boolean(node) : fallback;
}

JsonObject *json_object_at(JsonObject *object, const char *name)
{
    return json_as_object(member(object, name));
}

JsonArray *json_array_at(JsonObject *object, const char *name)
{
    return json_as_array(member(object, name));
}
