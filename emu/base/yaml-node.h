/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node of a tree, for yaml.c and yaml-values.c alone. */
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
    char *text;            /* scalars; else NULL */
    GPtrArray *keys;       /* of YamlNode; maps, else NULL */
    GPtrArray *items;      /* of YamlNode; lists and maps, else NULL */
    GTree *places;         /* maps: the text of a key → its place among the keys, from 1 */
};

/* Plain nothing, as after `key:`. */
bool yaml_node_is_nothing(const YamlNode *node);

#endif
