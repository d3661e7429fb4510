/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attributes of a cartridge in memory, by partition and id, and their bytes in a file. Those of
 * partition 0 belong to the cartridge as a whole.
 */
#ifndef USBTAPE_MEDIA_ATTRIBUTES_H
#define USBTAPE_MEDIA_ATTRIBUTES_H

#include "media/medium.h"

/* Limit of all attributes of a cartridge as bytes, more than any memory chip held. */
#define ATTRIBUTES_BYTES_MAX (1024u * 1024u)

typedef struct AttributeSet AttributeSet;

AttributeSet *attribute_set_new(void);
void attribute_set_free(AttributeSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AttributeSet, attribute_set_free)

MediumResult attribute_set_get(AttributeSet *set, uint32_t partition, uint16_t id,
                               MediumAttribute *attribute);
/* An empty value deletes. UNSUPPORTED if the attributes would exceed ATTRIBUTES_BYTES_MAX. */
MediumResult attribute_set_put(AttributeSet *set, uint32_t partition,
                               const MediumAttribute *attribute);
void attribute_set_list(AttributeSet *set, uint32_t partition, GArray *ids);
/* Deletes the attributes of partitions `first` and up. */
void attribute_set_drop_partitions(AttributeSet *set, uint32_t first);

/* The largest encoded size of the set after this attribute has been added. */
size_t attribute_set_size_with(const AttributeSet *set, const MediumAttribute *attribute);
/* The bytes of media/FORMAT.md, "Attributes". */
GBytes *attribute_set_pack(AttributeSet *set);
/* False for invalid bytes. The attributes before them stay in the set. */
bool attribute_set_unpack(AttributeSet *set, const uint8_t *data, size_t length);

#endif
