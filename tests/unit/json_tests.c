/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/json-read.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_json_tcase(void);

static const struct {
    const char *text;
    gssize length; /* -1: to the NUL */
    const char *why;
} refused[] = {
    { "", -1, "is not JSON: it is empty" },
    { " \n", -1, "is not JSON: it is empty" },
    { "{", -1, "is not JSON: " },
    { "{\"a\":1}}", -1, "is not JSON: " },
    { "\xff", -1, "is not UTF-8 text" },
    { "{\"a\":\0}", 7, "is not UTF-8 text" },
    { "{}{}", -1, "is not JSON: more than one value" },
    { "[] 1", -1, "is not JSON: more than one value" },
    { "{\"a\":\"}\\\"\"}\n{}", -1, "is not JSON: more than one value" },
    { "\"\\u0000\"", -1, "holds \\u0000" },
    { "\"\\\\\\u0000\"", -1, "holds \\u0000" },
};

START_TEST(what_is_no_json_is_refused)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(json_read(refused[_i].text, refused[_i].length, &error));
    ck_assert_msg(g_str_has_prefix(error->message, refused[_i].why), "%s", error->message);
}
END_TEST

/* As deep as may be; one more; and so many that a parser that recurses runs out of its stack. */
START_TEST(depth_is_bounded)
{
    static const unsigned depths[] = { JSON_DEPTH_MAX, JSON_DEPTH_MAX + 1, 1000000 };
    static const char *const ends[][2] = { { "[", "]" }, { "{\"[\\\"\":", "}" } };
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) error = NULL;
    unsigned i, depth = depths[_i / 2];

    for (i = 0; i < depth; i++) {
        g_string_append(text, ends[_i % 2][0]);
    }
    g_string_append_c(text, '1');
    for (i = 0; i < depth; i++) {
        g_string_append(text, ends[_i % 2][1]);
    }
    node = json_read(text->str, -1, &error);
    ck_assert_msg(!node == (depth > JSON_DEPTH_MAX), "%s", error ? error->message : "accepted");
    if (!node) {
        ck_assert_str_eq(error->message, "is nested more than 32 deep");
    }
}
END_TEST

START_TEST(members_have_the_type_that_is_asked_for)
{
    g_autoptr(JsonNode) node =
        json_read("{\"t\":\"x\",\"n\":5,\"r\":1.5,\"b\":true,\"o\":{\"i\":1},\"a\":[{},2],"
                  "\"null\":null,\"u\":\"\\\\u0000\"}",
                  -1, NULL);
    static const char *const names[] = { "t", "n", "r", "b", "o", "a", "null", "none" };
    JsonObject *object = json_as_object(node);
    size_t i;

    ck_assert_ptr_nonnull(object);
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *name = names[i];

        ck_assert_str_eq(json_text_at(object, name, "-"), name[0] == 't' ? "x" : "-");
        ck_assert_int_eq(json_number_at(object, name, 7), g_str_equal(name, "n") ? 5 : 7);
        ck_assert(json_bool_at(object, name, false) == (name[0] == 'b'));
        ck_assert(!json_object_at(object, name) == (name[0] != 'o'));
        ck_assert(!json_array_at(object, name) == (name[0] != 'a'));
        ck_assert(json_real_at(object, name, 9.0) == (name[0] == 'r'           ? 1.5
                                                      : g_str_equal(name, "n") ? 5.0
                                                                               : 9.0));
    }
    ck_assert_str_eq(json_text_at(object, "u", ""), "\\u0000");
    ck_assert_ptr_nonnull(json_nth_object(json_array_at(object, "a"), 0));
    ck_assert_ptr_null(json_nth_object(json_array_at(object, "a"), 1));
    ck_assert_ptr_null(json_nth_object(json_array_at(object, "a"), 2));
    ck_assert_ptr_null(json_nth_object(NULL, 0));
    ck_assert_str_eq(json_text_at(NULL, "t", "-"), "-");
    ck_assert_ptr_null(json_as_object(NULL));
    ck_assert_ptr_null(json_as_array(node));
    ck_assert_ptr_null(json_as_text(node, NULL));
}
END_TEST

TCase *make_json_tcase(void)
{
    TCase *tcase = tcase_create("json");

    tcase_add_loop_test(tcase, what_is_no_json_is_refused, 0, G_N_ELEMENTS(refused));
    tcase_add_loop_test(tcase, depth_is_bounded, 0, 6);
    tcase_add_test(tcase, members_have_the_type_that_is_asked_for);
    return tcase;
}
