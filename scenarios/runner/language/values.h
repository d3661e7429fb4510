/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds of values that several keys of a scenario have: texts, patterns, counts, sets of files.
 *
 * Owns: how these are written and read. Each reader is a YamlField.read: it takes the address of
 * the member, and fails with USBTAPE_ERROR_INPUT and the place. Does not own: the keys.
 */
#ifndef USBTAPE_SCENARIOS_VALUES_H
#define USBTAPE_SCENARIOS_VALUES_H

#include "emu/base/yaml.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* From `min` to `max`. */
typedef struct CountRange {
    int64_t min, max;
} CountRange;

bool count_in_range(CountRange range, int64_t count);
/* "3", "3 to 5", "at least 3". Free with g_free. */
char *count_range_text(CountRange range);

/* Some of the files on the guest's /data disk, under the names that they have in an archive. */
typedef struct FileSet {
    char *from; /* a pattern: the directory that names start in, such as lib/modules/?/kernel */
    char **names, **except; /* what was (not) taken from there; NULL: all (nothing) */
} FileSet;

void file_set_clear(FileSet *set);

/* The rows of a map that is, or begins with, the FileSet `member` of `type`. */
#define VALUE_FILE_SET(type, member)                                                               \
    { "from", YAML_TYPE_TEXT, offsetof(type, member.from), .required = true },                     \
        { "names", YAML_TYPE_CUSTOM, offsetof(type, member.names), .read = value_read_texts },     \
    {                                                                                              \
        "except", YAML_TYPE_CUSTOM, offsetof(type, member.except), .read = value_read_texts        \
    }

/* The row of a member `partition`, from 0. */
#define VALUE_PARTITION(type)                                                                      \
    {                                                                                              \
        "partition", YAML_TYPE_INTEGER, offsetof(type, partition), .min = 0, .max = 255            \
    }

/* The elements of a list. A single value stands for a list of one. */
size_t value_count(const YamlNode *node);
const YamlNode *value_at(const YamlNode *node, size_t i);

bool value_read_texts(const YamlNode *node, void *member, GError **error);    /* char **  */
bool value_read_pattern(const YamlNode *node, void *member, GError **error);  /* char *, a GRegex */
bool value_read_patterns(const YamlNode *node, void *member, GError **error); /* char ** */
/* CountRange: 5, ">=5", "<=5" or 3..5. */
bool value_read_count(const YamlNode *node, void *member, GError **error);

/* Sets `*match` to the first match of any pattern in some line of `text`. `patterns` may be NULL.
 * Free with g_free. */
bool value_match(char *const *patterns, const char *text, char **match);

#endif
