/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict subset of YAML for hand-written files: fault plans and scenarios.
 *
 * The text is UTF-8 (a byte order mark is skipped) of at most 256 KiB, one document, at most 16
 * levels deep. Anchors, aliases, tags, merge keys and directives are refused. A key is a text and
 * occurs once in its map. JSON is accepted too. Reading takes n log n time in the length of the
 * file. A value has no type of its own. The reader asks for one, so `no` is a text and never a
 * boolean.
 *
 * Owns: all nodes, until yaml_file_free(). Every error is USBTAPE_ERROR_INPUT and begins with
 * FILE:LINE:COLUMN.
 */
#ifndef USBTAPE_BASE_YAML_H
#define USBTAPE_BASE_YAML_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_FILE_MAX  (256u * 1024)
#define YAML_DEPTH_MAX 16u

typedef struct YamlFile YamlFile;
typedef struct YamlNode YamlNode;

/*
 * Reads `path`. USBTAPE_ERROR_INPUT for a missing file, a directory and a file that is too long,
 * too.
 */
YamlFile *yaml_file_load(const char *path, GError **error);
/*
 * The same from memory. Messages have `name` in place of the file. Both are read only during the
 * call.
 */
YamlFile *yaml_file_parse(const char *name, const char *text, size_t length, GError **error);
/* The length of a byte order mark at the start of `text`, or 0. */
size_t yaml_skip_order_mark(const char *text, size_t length);
void yaml_file_free(YamlFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlFile, yaml_file_free)

/* Never NULL, because an empty file is refused. */
const YamlNode *yaml_file_root(const YamlFile *file);

typedef enum YamlKind {
    YAML_KIND_SCALAR,
    YAML_KIND_LIST,
    YAML_KIND_MAP,
} YamlKind;

YamlKind yaml_node_kind(const YamlNode *node);
unsigned yaml_node_line(const YamlNode *node); /* from 1 */
/* Characters, not bytes, between the start of the text (after a byte order mark) and the node. */
size_t yaml_node_offset(const YamlNode *node);
/* True for a list or map in brackets or braces. */
bool yaml_node_in_flow(const YamlNode *node);

/* Elements of a list or pairs of a map. 0 for a scalar. */
size_t yaml_node_length(const YamlNode *node);
/* The i-th element of a list, or the i-th value of a map. */
const YamlNode *yaml_node_item(const YamlNode *node, size_t i);
/* The i-th key of a map. */
const YamlNode *yaml_node_key(const YamlNode *map, size_t i);
/* Its text; never NULL. */
const char *yaml_node_key_text(const YamlNode *map, size_t i);
/* NULL if the map has no such key. */
const YamlNode *yaml_node_get(const YamlNode *map, const char *key);

/* True if the node is the text `word`. For readers that accept a word in place of another type. */
bool yaml_node_is_word(const YamlNode *node, const char *word);

/*
 * Sets an error that begins with the node's place: one line of at most about 4,000 characters.
 * Returns false, so that a check is one statement.
 */
bool yaml_node_refuse(const YamlNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * Appends the node as one line that reads back as the same tree. Words and numbers are unquoted,
 * all other text is in double quotes, keys keep the order of the file.
 */
void yaml_node_print(const YamlNode *node, GString *text);

/*
 * Readers return false, or NULL, and an error with the place if the node has another type.
 *
 * The text of any scalar, borrowed from the file. An empty plain scalar (`key:`) is refused, "" is
 * not.
 */
const char *yaml_node_text(const YamlNode *node, GError **error);
/* Plain `true` or `false`. */
bool yaml_node_bool(const YamlNode *node, bool *value, GError **error);
/* A plain decimal or 0x integer from `min` to `max`. */
bool yaml_node_integer(const YamlNode *node, int64_t min, int64_t max, int64_t *value,
                       GError **error);
/* emu/base/units.h: 64KiB; 40s. */
bool yaml_node_size(const YamlNode *node, uint64_t *bytes, GError **error);
bool yaml_node_duration(const YamlNode *node, int64_t *microseconds, GError **error);
/* The index in a NULL-terminated list of words. */
bool yaml_node_choice(const YamlNode *node, const char *const *words, int *index, GError **error);
/* Checks that every key of the map is in a NULL-terminated list. */
bool yaml_node_only(const YamlNode *map, const char *const *keys, GError **error);
/* Checks the kind of the node. */
bool yaml_node_is(const YamlNode *node, YamlKind kind, GError **error);

/*
 * Reads a map into a struct, one row a key. An absent key leaves its member unchanged. An unknown
 * key is an error that lists the known ones.
 */
typedef enum YamlType {
    YAML_TYPE_TEXT,     /* char *: freed and replaced. Free with g_free. */
    YAML_TYPE_BOOL,     /* bool */
    YAML_TYPE_INTEGER,  /* int64_t, from `min` to `max` (both 0: no bounds) */
    YAML_TYPE_SIZE,     /* uint64_t, bytes */
    YAML_TYPE_DURATION, /* int64_t, microseconds */
    YAML_TYPE_CHOICE,   /* int: index into `words` */
    YAML_TYPE_NODE,     /* const YamlNode *, for the caller to read */
    YAML_TYPE_CUSTOM,   /* read by the function `read` */
} YamlType;

typedef struct YamlField {
    const char *key;
    YamlType type;
    size_t offset; /* of the member in the struct */
    bool required;
    int64_t min, max;
    const char *const *words;
    bool (*read)(const YamlNode *node, void *member, GError **error);
} YamlField;

/* `fields` ends with a row whose key is NULL. */
bool yaml_node_read(const YamlNode *map, const YamlField *fields, void *target, GError **error);

#endif
