/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict subset of YAML, for the files people write by hand: fault plans and scenarios.
 *
 * UTF-8 (a byte order mark in front is skipped), at most 256 KiB, at most 16 levels deep, one
 * document; no anchors, aliases, tags, merge keys or directives; a key is text and stands once in
 * its map. JSON is accepted by the same code. Reading takes n log n time in the length of the file.
 * A value has no type of its own: the reader asks for one, so `no` is text and never a boolean.
 *
 * Owns: the tree of nodes, all of it, until yaml_file_free(). Every error is USBTAPE_ERROR_INPUT
 * and begins with FILE:LINE:COLUMN.
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

/* Reads `path`. A file that is not there, a directory, or too long is an input error, too. */
YamlFile *yaml_file_load(const char *path, GError **error);
/* The same from memory; `name` stands for the file in messages. Both are only read here. */
YamlFile *yaml_file_parse(const char *name, const char *text, size_t length, GError **error);
/* Bytes of a byte order mark in front of `text`: what callers that read the text too skip. */
size_t yaml_skip_order_mark(const char *text, size_t length);
void yaml_file_free(YamlFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlFile, yaml_file_free)

/* Never NULL: an empty file is refused. */
const YamlNode *yaml_file_root(const YamlFile *file);

typedef enum YamlKind {
    YAML_KIND_SCALAR,
    YAML_KIND_LIST,
    YAML_KIND_MAP,
} YamlKind;

YamlKind yaml_node_kind(const YamlNode *node);
unsigned yaml_node_line(const YamlNode *node); /* from 1 */
/* Characters, not bytes, between the beginning of the text (after a byte order mark) and the node.
 */
size_t yaml_node_offset(const YamlNode *node);
/* A list or map that is written in brackets or braces. */
bool yaml_node_in_flow(const YamlNode *node);

/* Elements of a list or pairs of a map; 0 for a scalar. */
size_t yaml_node_length(const YamlNode *node);
/* The i-th element of a list, or the i-th value of a map. */
const YamlNode *yaml_node_item(const YamlNode *node, size_t i);
/* The i-th key of a map. */
const YamlNode *yaml_node_key(const YamlNode *map, size_t i);
/* Its text; never NULL. */
const char *yaml_node_key_text(const YamlNode *map, size_t i);
/* NULL if the map has no such key. */
const YamlNode *yaml_node_get(const YamlNode *map, const char *key);

/* Is the node the text `word`? For readers that look for a word before they read something else. */
bool yaml_node_is_word(const YamlNode *node, const char *word);

/*
 * Sets an error that begins with the node's place, one line of at most 4,000 characters or so;
 * returns false, so that it can end a reader.
 */
bool yaml_node_refuse(const YamlNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * Appends the node as one line that reads back as the same tree: words and numbers as they are, all
 * other text in double quotes, keys in the order of the file.
 */
void yaml_node_print(const YamlNode *node, GString *text);

/*
 * Readers: false and an error that names the place when the node is something else.
 * The text of any scalar, borrowed from the file; NULL on error. Plain nothing (`key:`) is refused,
 * "" is not.
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
/* One of a NULL-terminated list of words; its index. */
bool yaml_node_choice(const YamlNode *node, const char *const *words, int *index, GError **error);
/* Every key of the map is one of a NULL-terminated list. */
bool yaml_node_only(const YamlNode *map, const char *const *keys, GError **error);
/* Is of that kind. */
bool yaml_node_is(const YamlNode *node, YamlKind kind, GError **error);

/*
 * A map read into a struct, one row a key. An absent key leaves its member as it was; a key that no
 * row names is an error that lists those that do.
 */
typedef enum YamlType {
    YAML_TYPE_TEXT,     /* char *: freed and replaced; g_free it */
    YAML_TYPE_BOOL,     /* bool */
    YAML_TYPE_INTEGER,  /* int64_t, from `min` to `max` (both 0: any) */
    YAML_TYPE_SIZE,     /* uint64_t, bytes */
    YAML_TYPE_DURATION, /* int64_t, microseconds */
    YAML_TYPE_CHOICE,   /* int: index into `words` */
    YAML_TYPE_NODE,     /* const YamlNode *: as it stands, for the caller to read */
    YAML_TYPE_CUSTOM,   /* whatever `read` makes of it */
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
