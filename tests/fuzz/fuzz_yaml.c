/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a file: it is refused with a place, or every node of it can be read as anything. */
#include "emu/base/yaml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_anything(const YamlNode *node)
{
    static const char *const words[] = { "a", "true", NULL };
    int64_t number;
    uint64_t bytes;
    bool truth;
    int index;
    size_t i;

    yaml_node_bool(node, &truth, NULL);
    yaml_node_integer(node, -5, G_MAXINT64, &number, NULL);
    yaml_node_size(node, &bytes, NULL);
    yaml_node_duration(node, &number, NULL);
    yaml_node_choice(node, words, &index, NULL);
    yaml_node_only(node, words, NULL);
    for (i = 0; i < yaml_node_length(node); i++) {
        read_as_anything(yaml_node_item(node, i));
        if (yaml_node_kind(node) == YAML_KIND_MAP) {
            const char *key = yaml_node_key_text(node, i);

            g_assert(yaml_node_get(node, key) == yaml_node_item(node, i));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(YamlFile) file = yaml_file_parse("f", (const char *)data, size, &error);

    g_assert((file == NULL) == (error != NULL));
    if (error) {
        g_assert(g_str_has_prefix(error->message, "f:"));
        g_assert(!strpbrk(error->message, "\n\r\033"));
    } else {
        read_as_anything(yaml_file_root(file));
    }
    return 0;
}
