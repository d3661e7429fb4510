/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/json-build.h"

void json_add_text(JsonBuilder *builder, const char *name, const char *value)
{
    g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;

    json_builder_set_member_name(builder, name);
    if (valid) {
        json_builder_add_string_value(builder, valid);
    } else {
        json_builder_add_null_value(builder);
    }
}

void json_add_bool(JsonBuilder *builder, const char *name, bool value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

void json_add_number(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void json_add_count(JsonBuilder *builder, const char *name, uint64_t value)
{
    json_add_number(builder, name, (int64_t)MIN(value, (uint64_t)INT64_MAX));
}
