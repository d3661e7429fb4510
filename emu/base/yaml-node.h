/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node of a tree, private to yaml.c and yaml-values.c. */
#ifndef USBTAPE_BASE_YAML_NODE_H
#define USBTAPE_BASE_YAML_NODE_H

#include "emu/base/yaml.h"

struct YamlNode {
    const YamlFile *file;
    YamlKind kind;
    bool plain;            /* a scalar without quotes or block indicator */
    bool flow;             /* a list or map in brackets or braces */
    unsigned line, column; /* from 1 */
    size_t offset;         /* characters before it */
    char *text;            /* of a scalar, or NULL */
    GPtrArray *keys;       /* of YamlNode, of a map, or NULL */
    GPtrArray *items;      /* of YamlNode, of a list or map, or NULL */
    GTree *places;         /* of a map: the text of a key → its index among the keys, from 1 */
};

/* True for an empty plain scalar, as after `key:`. */
bool yaml_node_is_nothing(const YamlNode *node);

#endif
