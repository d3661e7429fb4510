/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"
#include "emu/base/text.h"
#include "emu/base/yaml.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_yaml_tcase(void);

typedef struct Sample {
    char *name;
    bool loud;
    int64_t count;
    uint64_t size;
    int64_t wait;
    int colour;
    size_t steps;
    const YamlNode *rest;
} Sample;

static const char *const colours[] = { "red", "green", NULL };

static bool read_steps(const YamlNode *node, void *member, GError **error)
{
    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    *(size_t *)member = yaml_node_length(node);
    return true;
}

static const YamlField sample_fields[] = {
    { "name", YAML_TYPE_TEXT, offsetof(Sample, name), .required = true },
    { "loud", YAML_TYPE_BOOL, offsetof(Sample, loud) },
    { "count", YAML_TYPE_INTEGER, offsetof(Sample, count), .min = -1, .max = 0xff },
    { "size", YAML_TYPE_SIZE, offsetof(Sample, size) },
    { "wait", YAML_TYPE_DURATION, offsetof(Sample, wait) },
    { "colour", YAML_TYPE_CHOICE, offsetof(Sample, colour), .words = colours },
    { "steps", YAML_TYPE_CUSTOM, offsetof(Sample, steps), .read = read_steps },
    { "rest", YAML_TYPE_NODE, offsetof(Sample, rest) },
    { NULL },
};

static bool read_sample(const char *text, size_t length, Sample *sample, GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_parse("s.yaml", text, length, error);

    return file && yaml_node_read(yaml_file_root(file), sample_fields, sample, error);
}

/* The whole message, so that place and words are both held. */
static const struct {
    const char *text;
    const char *message;
} refused[] = {
    /* What YAML itself refuses. */
    { "", "s.yaml:1:1: the file is empty" },
    { "# only a comment\n", "s.yaml:1:1: the file is empty" },
    { "name: [a\n", "s.yaml:2:1: did not find expected ',' or ']'" },
    { "name: \"a", "s.yaml:1:9: found unexpected end of stream" },
    { "a: 1\n b: 2\n", "s.yaml:2:3: mapping values are not allowed in this context" },
    { "name: a\n\tloud: true\n", "s.yaml:2:1: found a tab character that violates indentation" },
    { "name: \xff\n", "s.yaml:1:7: this is not UTF-8 text" },
    { "\xff\xfen\0", "s.yaml:1:1: this is UTF-16 text: save the file as UTF-8" },
    { "\xfe\xff", "s.yaml:1:1: this is UTF-16 text: save the file as UTF-8" },
    { "\xef\xbb\xbfname: [a\n", "s.yaml:2:1: did not find expected ',' or ']'" },
    { "\xef\xbb\xbfnmae: a\n", "s.yaml:1:1: unknown key 'nmae': known are name, loud, count, size, "
                               "wait, colour, steps, rest" },
    { "\xef\xbb\xbf", "s.yaml:1:1: the file is empty" },
    { "name: a\nb\xc3: 1\n", "s.yaml:2:2: this is not UTF-8 text" },
    { "name: a\x01\n", "s.yaml:1:8: control characters are not allowed" },
    /* What the subset refuses. */
    { "name: &a b\n", "s.yaml:1:7: anchors (&name) are not allowed" },
    { "name: a\nsteps: &s [1]\n", "s.yaml:2:8: anchors (&name) are not allowed" },
    { "name: *a\n", "s.yaml:1:7: aliases (*name) are not allowed: write the value out, or quote "
                    "the text" },
    { "name: !!str b\n", "s.yaml:1:7: tags (!name) are not allowed: quote the text" },
    { "name: a\nrest: !x {b: 1}\n", "s.yaml:2:7: tags (!name) are not allowed" },
    { "<<: {a: 1}\n", "s.yaml:1:1: merge keys are not allowed: write the keys out" },
    { "%YAML 1.1\n---\nname: a\n", "s.yaml:1:1: directives (%…) are not allowed" },
    { "name: a\n---\nname: b\n", "s.yaml:2:1: only one document to a file" },
    { "name: a\n\nname: b\n", "s.yaml:3:1: duplicate key 'name': it is already on line 1" },
    { "name: a\n? \"n\\name\"\n: b\n? \"n\\name\"\n",
      "s.yaml:4:3: duplicate key 'n\\x0aame': it is already on line 2" },
    { "?\n", "s.yaml:1:2: a key is missing here: write its name before the ':'" },
    { "{? : a}\n", "s.yaml:1:4: a key is missing here: write its name before the ':'" },
    { "name: a\n~: b\n", "s.yaml:2:1: a key is missing here: write its name before the ':'" },
    { "name: a\n...\n%TAG ! b\n", "s.yaml:3:1: directives (%…) are not allowed" },
    { "# text\n\n%TAG ! b\n", "s.yaml:3:1: directives (%…) are not allowed" },
    /* libyaml reads the directives behind these, and compares each with all of them. */
    { "# text\r\n%NO ! b\n", "s.yaml:2:1: directives (%…) are not allowed" },
    { "# text\r%NO ! b\n", "s.yaml:2:1: directives (%…) are not allowed" },
    { "# text\xc2\x85%NO ! b\n", "s.yaml:2:1: directives (%…) are not allowed" },
    { "\xe2\x80\xa8\xe2\x80\xa9%NO ! b\n", "s.yaml:3:1: directives (%…) are not allowed" },
    { "name: a\n[b]: c\n", "s.yaml:2:1: a key must be text" },
    { "name: a\nrest: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n",
      "s.yaml:2:22: nested deeper than 16 levels" },
    { "name: a\nrest: \"x\\0y\"\n", "s.yaml:2:7: a text may not hold a NUL" },
    /* What the schema refuses. Messages are one line, whatever they quote. */
    { "name: a\n\"x\\ny\\e[31m\\u202e\\x9b\": b\n",
      "s.yaml:2:1: unknown key 'x\\x0ay\\x1b[31m\\u202e\\u009b': known are name, loud, count, "
      "size, "
      "wait, colour, steps, rest" },
    { "name: a\ncolour: \"a\\Lb\"\n",
      "s.yaml:2:9: 'a\\u2028b' is not known here: choose from red, green" },
    { "loud: true\n", "s.yaml:1:1: the key 'name' is missing" },
    { "- a\n", "s.yaml:1:1: this must be a map of keys, not a list" },
    { "name:\n", "s.yaml:1:6: a value is missing here" },
    { "name: ~\n", "s.yaml:1:7: a value is missing here" },
    { "name: [a]\n", "s.yaml:1:7: this must be a single value, not a list" },
    { "name: a\nnmae: b\n", "s.yaml:2:1: unknown key 'nmae': known are name, loud, count, size, "
                            "wait, colour, steps, rest" },
    { "name: a\nloud: yes\n", "s.yaml:2:7: 'yes' is not true or false" },
    { "name: a\nloud: True\n", "s.yaml:2:7: 'True' is not true or false" },
    { "name: a\nloud: \"true\"\n", "s.yaml:2:7: this must be true or false, without quotes" },
    { "name: a\ncount: 256\n", "s.yaml:2:8: '256' is out of range: from -1 to 255" },
    { "name: a\ncount: -2\n", "s.yaml:2:8: '-2' is out of range: from -1 to 255" },
    { "name: a\ncount: 99999999999999999999\n",
      "s.yaml:2:8: '99999999999999999999' is out of range: from -1 to 255" },
    { "name: a\ncount: 1.5\n", "s.yaml:2:8: '1.5' is not a whole number" },
    { "name: a\ncount: 0x\n", "s.yaml:2:8: '0x' is not a whole number" },
    { "name: a\ncount: '5'\n", "s.yaml:2:8: this must be a whole number, without quotes" },
    { "name: a\ncount: +5\n", "s.yaml:2:8: '+5' is not a whole number" },
    { "name: a\nsize: 64 KiB\n", "s.yaml:2:7: '64 KiB' is not a size: write a number and a unit, "
                                 "such as 512, 64KiB or 35GB" },
    { "name: a\nwait: 40\n", "s.yaml:2:7: '40' is not a duration: write a number and a unit, such "
                             "as 250ms, 40s or 2min" },
    { "name: a\ncolour: blue\n", "s.yaml:2:9: 'blue' is not known here: choose from red, green" },
    { "name: a\ncolour: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee\n",
      "s.yaml:2:9: 'aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd…' is not known here: choose from red, "
      "green" },
    { "name: a\nsteps: 5\n", "s.yaml:2:8: this must be a list, not a single value" },
};

START_TEST(bad_file_is_refused_with_its_place)
{
    g_autoptr(GError) error = NULL;
    Sample sample = { 0 };

    ck_assert_msg(!read_sample(refused[_i].text, strlen(refused[_i].text), &sample, &error),
                  "accepted: %s", refused[_i].text);
    ck_assert_str_eq(error->message, refused[_i].message);
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    g_free(sample.name);
}
END_TEST

START_TEST(map_is_read_into_a_struct)
{
    static const char text[] = "---\n"
                               "name: no            # text, whatever YAML 1.1 thinks\n"
                               "loud: true\n"
                               "count: 0x1f\n"
                               "size: 64KiB\n"
                               "wait: 40s\n"
                               "colour: \"green\"\n"
                               "steps: [1, {run: x}, [2]]\n";
    Sample sample = { .count = 7 };

    ck_assert(read_sample(text, strlen(text), &sample, NULL));
    ck_assert_str_eq(sample.name, "no");
    ck_assert(sample.loud);
    ck_assert_int_eq(sample.count, 31);
    ck_assert_uint_eq(sample.size, 65536);
    ck_assert_int_eq(sample.wait, 40 * 1000 * 1000);
    ck_assert_int_eq(sample.colour, 1);
    ck_assert_uint_eq(sample.steps, 3);
    ck_assert_ptr_null(sample.rest);
    g_free(sample.name);
}
END_TEST

START_TEST(absent_key_keeps_its_default)
{
    static const char text[] = "{\"name\": \"\"}";
    Sample sample = { .count = 7, .wait = 9 };

    ck_assert(read_sample(text, strlen(text), &sample, NULL));
    ck_assert_str_eq(sample.name, "");
    ck_assert_int_eq(sample.count, 7);
    ck_assert_int_eq(sample.wait, 9);
    g_free(sample.name);
}
END_TEST

START_TEST(nodes_keep_order_and_place)
{
    static const char text[] = "b: |\n  two\n  lines\na: [x, \"y z\"]\n";
    g_autoptr(YamlFile) file = yaml_file_parse("t", text, strlen(text), NULL);
    const YamlNode *root = yaml_file_root(file);
    const YamlNode *list = yaml_node_get(root, "a");
    g_autoptr(GError) error = NULL;

    ck_assert_str_eq(yaml_node_key_text(root, 0), "b");
    ck_assert(yaml_node_is_word(yaml_node_item(root, 0), "two\nlines\n"));
    ck_assert_uint_eq(yaml_node_length(list), 2);
    ck_assert(yaml_node_is_word(yaml_node_item(list, 1), "y z"));
    ck_assert_uint_eq(yaml_node_line(list), 4);
    ck_assert_ptr_null(yaml_node_get(root, "c"));
    ck_assert(!yaml_node_refuse(yaml_node_item(list, 1), &error, "bad %d", 5));
    ck_assert_str_eq(error->message, "t:4:8: bad 5");
}
END_TEST

START_TEST(printed_node_reads_back_the_same)
{
    static const char text[] = "on: \"WRITE(6)#5\"\n"
                               "list: [5, '5', 64KiB, -1, a b, \"q\\\"\\\\\\n\"]\n"
                               "empty: {}\n";
    static const char printed[] = "{on: \"WRITE(6)#5\", list: [5, \"5\", 64KiB, -1, \"a b\", "
                                  "\"q\\\"\\\\\\x0a\"], empty: {}}";
    g_autoptr(YamlFile) file = yaml_file_parse("t", text, strlen(text), NULL);
    g_autoptr(YamlFile) again = yaml_file_parse("t", printed, strlen(printed), NULL);
    g_autoptr(GString) once = g_string_new(NULL);
    g_autoptr(GString) twice = g_string_new(NULL);

    yaml_node_print(yaml_file_root(file), once);
    ck_assert_str_eq(once->str, printed);
    yaml_node_print(yaml_file_root(again), twice);
    ck_assert_str_eq(twice->str, printed);
}
END_TEST

START_TEST(sixteen_levels_are_allowed)
{
    static const char text[] = "name: a\nrest: [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]\n";
    Sample sample = { 0 };

    ck_assert(read_sample(text, strlen(text), &sample, NULL));
    g_free(sample.name);
}
END_TEST

START_TEST(long_file_is_refused)
{
    g_autofree char *text = g_malloc(YAML_FILE_MAX + 1);
    g_autoptr(GError) error = NULL;
    Sample sample = { 0 };

    memset(text, ' ', YAML_FILE_MAX + 1);
    memcpy(text, "name: a\n#", 9);
    ck_assert(read_sample(text, YAML_FILE_MAX, &sample, NULL));
    ck_assert(!read_sample(text, YAML_FILE_MAX + 1, &sample, &error));
    ck_assert_str_eq(error->message, "s.yaml:1:1: longer than 256 KiB");
    g_free(sample.name);
}
END_TEST

START_TEST(nul_byte_is_refused)
{
    g_autoptr(GError) error = NULL;
    Sample sample = { 0 };

    ck_assert(!read_sample("name: a\0b", 9, &sample, &error));
    ck_assert_str_eq(error->message, "s.yaml:1:8: this is not UTF-8 text");
}
END_TEST

START_TEST(unreadable_path_is_named)
{
    g_autoptr(GError) missing = NULL, directory = NULL;

    ck_assert_ptr_null(yaml_file_load("/nonexistent.yaml", &missing));
    ck_assert_str_eq(missing->message, "/nonexistent.yaml: No such file or directory");
    ck_assert_ptr_null(yaml_file_load("/", &directory));
    ck_assert_str_eq(directory->message, "/: Is a directory");
    ck_assert(g_error_matches(directory, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
}
END_TEST

/* A message may quote a text that a file holds, or the name of the file. */
START_TEST(message_is_one_short_line)
{
    g_autofree char *text = g_strnfill(20000, '\n');
    g_autoptr(YamlFile) file = yaml_file_parse("a\nb.yaml", "x: 1", 4, NULL);
    g_autoptr(GError) error = NULL, lone = NULL;

    yaml_node_refuse(yaml_file_root(file), &error, "no '%s'", text);
    ck_assert(g_str_has_prefix(error->message, "a\\x0ab.yaml:1:1: no '\\x0a\\x0a"));
    ck_assert(g_str_has_suffix(error->message, "…"));
    ck_assert_uint_lt(strlen(error->message), 4100);
    ck_assert_ptr_null(yaml_file_load("/nonexistent\x1b", &lone));
    ck_assert_str_eq(lone->message, "/nonexistent\\x1b: No such file or directory");
}
END_TEST

START_TEST(byte_order_mark_is_skipped)
{
    static const char text[] = "\xef\xbb\xbfname: a\nrest: b\n";
    g_autoptr(YamlFile) file = yaml_file_parse("t", text, strlen(text), NULL);
    const YamlNode *rest = file ? yaml_node_get(yaml_file_root(file), "rest") : NULL;

    ck_assert_ptr_nonnull(rest);
    ck_assert(yaml_node_is_word(rest, "b"));
    ck_assert_uint_eq(yaml_node_offset(rest), 14);
    ck_assert_uint_eq(yaml_skip_order_mark(text, strlen(text)), 3);
    ck_assert_uint_eq(yaml_skip_order_mark(text, 2), 0);
}
END_TEST

START_TEST(nothing_is_no_word)
{
    static const char text[] = "{a: ~, b: \"~\", c: [], d: }";
    g_autoptr(YamlFile) file = yaml_file_parse("t", text, strlen(text), NULL);
    const YamlNode *root = yaml_file_root(file);

    ck_assert(!yaml_node_is_word(yaml_node_get(root, "a"), "~"));
    ck_assert(yaml_node_is_word(yaml_node_get(root, "b"), "~"));
    ck_assert(!yaml_node_is_word(yaml_node_get(root, "c"), "~"));
    ck_assert(!yaml_node_is_word(yaml_node_get(root, "d"), ""));
    ck_assert_ptr_null(yaml_node_get(yaml_node_get(root, "b"), "x"));
}
END_TEST

static const struct {
    const char *text, *line, *quoted;
} shown[] = {
    { "", "", "''" },
    { "a 'b' é \\x0a", "a 'b' é \\x0a", "'a 'b' é \\x0a'" },
    { "\t\r\n\x7f", "\\x09\\x0d\\x0a\\x7f", "'\\x09\\x0d\\x0a\\x7f'" },
    { "\x1b]0;x\a", "\\x1b]0;x\\x07", "'\\x1b]0;x\\x07'" },
    { "\xff"
      "a\xc3",
      "\\xffa\\xc3", "'\\xffa\\xc3'" },
    { "\xc2\x9b\xe2\x80\xa8\xe2\x80\xae", "\\u009b\\u2028\\u202e", "'\\u009b\\u2028\\u202e'" },
    { "\xed\xa0\x80", "\\xed\\xa0\\x80", "'\\xed\\xa0\\x80'" }, /* a surrogate */
    { "0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789",
      "'0123456789012345678901234567890123456789'" },
    { "éééééééééééééééééééééééééééééééééééééééée", "éééééééééééééééééééééééééééééééééééééééée",
      "'éééééééééééééééééééééééééééééééééééééééé…'" },
};

START_TEST(hostile_text_is_shown_as_one_line)
{
    g_autofree char *line = text_line(shown[_i].text);
    g_autofree char *again = text_line(line);
    g_autofree char *quoted = text_quote(shown[_i].text);

    ck_assert_str_eq(line, shown[_i].line);
    ck_assert_str_eq(again, line);
    ck_assert_str_eq(quoted, shown[_i].quoted);
}
END_TEST

TCase *make_yaml_tcase(void)
{
    TCase *tcase = tcase_create("yaml");

    tcase_add_loop_test(tcase, bad_file_is_refused_with_its_place, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, map_is_read_into_a_struct);
    tcase_add_test(tcase, absent_key_keeps_its_default);
    tcase_add_test(tcase, nodes_keep_order_and_place);
    tcase_add_test(tcase, printed_node_reads_back_the_same);
    tcase_add_test(tcase, sixteen_levels_are_allowed);
    tcase_add_test(tcase, long_file_is_refused);
    tcase_add_test(tcase, nul_byte_is_refused);
    tcase_add_test(tcase, unreadable_path_is_named);
    tcase_add_test(tcase, message_is_one_short_line);
    tcase_add_test(tcase, byte_order_mark_is_skipped);
    tcase_add_test(tcase, nothing_is_no_word);
    tcase_add_loop_test(tcase, hostile_text_is_shown_as_one_line, 0, G_N_ELEMENTS(shown));
    return tcase;
}
