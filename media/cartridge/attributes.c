/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/attributes.h"

#include "emu/base/bytes.h"

/* In a file: partition u16, id u16, format u8, flags u8 (bit 0 read-only), length u16, value. */
enum { PACKED_HEADER = 8 };

typedef struct Attribute {
    uint32_t key; /* partition << 16 | id */
    uint8_t format;
    bool read_only;
    GBytes *value;
} Attribute;

struct AttributeSet {
    GArray *sorted; /* of Attribute, by key */
    size_t bytes;   /* packed */
};

static void attribute_clear(gpointer data)
{
    Attribute *attribute = data;

    g_bytes_unref(attribute->value);
}

AttributeSet *attribute_set_new(void)
{
    AttributeSet *set = g_new0(AttributeSet, 1);

    set->sorted = g_array_new(FALSE, FALSE, sizeof(Attribute));
    g_array_set_clear_func(set->sorted, attribute_clear);
    return set;
}

void attribute_set_free(AttributeSet *set)
{
    if (set) {
        g_array_unref(set->sorted);
        g_free(set);
    }
}

static Attribute *attribute_at(AttributeSet *set, guint i)
{
    return &g_array_index(set->sorted, Attribute, i);
}

/* The first with a key not below `key`. */
static guint attribute_lower_bound(AttributeSet *set, uint32_t key)
{
    guint low = 0, high = set->sorted->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (attribute_at(set, middle)->key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t attribute_key(uint32_t partition, uint16_t id)
{
    return partition << 16 | id;
}

MediumResult attribute_set_get(AttributeSet *set, uint32_t partition, uint16_t id,
                               MediumAttribute *attribute)
{
    uint32_t key = attribute_key(partition, id);
    guint i = attribute_lower_bound(set, key);
    const Attribute *found;

    if (i == set->sorted->len || attribute_at(set, i)->key != key) {
        return MEDIUM_INVALID;
    }
    found = attribute_at(set, i);
    *attribute = (MediumAttribute){ .id = id,
                                    .format = found->format,
                                    .read_only = found->read_only,
                                    .value = g_bytes_ref(found->value) };
    return MEDIUM_OK;
}

MediumResult attribute_set_put(AttributeSet *set, uint32_t partition,
                               const MediumAttribute *attribute)
{
    uint32_t key = attribute_key(partition, attribute->id);
    guint i = attribute_lower_bound(set, key);
    bool found = i < set->sorted->len && attribute_at(set, i)->key == key;
    size_t size = g_bytes_get_size(attribute->value);
    size_t old = found ? PACKED_HEADER + g_bytes_get_size(attribute_at(set, i)->value) : 0;
    Attribute fresh = { key, attribute->format, attribute->read_only, attribute->value };

    if (size > 0 && set->bytes - old + PACKED_HEADER + size > ATTRIBUTES_BYTES_MAX) {
        return MEDIUM_UNSUPPORTED;
    }
    if (size > 0) {
        g_bytes_ref(
            attribute->value); /* before the old value is freed, because both may be the same */
    }
    if (found) {
        g_array_remove_index(set->sorted, i);
        set->bytes -= old;
    }
    if (size > 0) {
        g_array_insert_val(set->sorted, i, fresh);
        set->bytes += PACKED_HEADER + size;
    }
    return MEDIUM_OK;
}

void attribute_set_list(AttributeSet *set, uint32_t partition, GArray *ids)
{
    guint i;

    for (i = attribute_lower_bound(set, attribute_key(partition, 0)); i < set->sorted->len; i++) {
        uint16_t id = (uint16_t)attribute_at(set, i)->key;

        if (attribute_at(set, i)->key >> 16 != partition) {
            break;
        }
        g_array_append_val(ids, id);
    }
}

void attribute_set_drop_partitions(AttributeSet *set, uint32_t first)
{
    guint i = attribute_lower_bound(set, attribute_key(first, 0)), j;

    for (j = i; j < set->sorted->len; j++) {
        set->bytes -= PACKED_HEADER + g_bytes_get_size(attribute_at(set, j)->value);
    }
    g_array_set_size(set->sorted, i);
}

size_t attribute_set_size_with(const AttributeSet *set, const MediumAttribute *attribute)
{
    return MIN(set->bytes + PACKED_HEADER + g_bytes_get_size(attribute->value),
               ATTRIBUTES_BYTES_MAX);
}

GBytes *attribute_set_pack(AttributeSet *set)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)set->bytes);
    guint i;

    for (i = 0; i < set->sorted->len; i++) {
        const Attribute *attribute = attribute_at(set, i);
        uint8_t header[PACKED_HEADER];
        gsize size;
        const uint8_t *value = g_bytes_get_data(attribute->value, &size);

        put_le16(header, (uint16_t)(attribute->key >> 16));
        put_le16(header + 2, (uint16_t)attribute->key);
        header[4] = attribute->format;
        header[5] = attribute->read_only;
        put_le16(header + 6, (uint16_t)size);
        g_byte_array_append(bytes, header, sizeof header);
        g_byte_array_append(bytes, value, (guint)size);
    }
    return g_byte_array_free_to_bytes(bytes);
}

bool attribute_set_unpack(AttributeSet *set, const uint8_t *data, size_t length)
{
    ByteReader reader = BYTE_READER(data, length);

    while (reader.position < length) {
        const uint8_t *header = byte_reader_take(&reader, PACKED_HEADER);
        const uint8_t *value = header ? byte_reader_take(&reader, get_le16(header + 6)) : NULL;
        g_autoptr(GBytes) bytes = NULL;
        MediumAttribute attribute;

        if (!value || get_le16(header + 6) == 0 || get_le16(header) >= MEDIUM_PARTITIONS_MAX) {
            return false;
        }
        bytes = g_bytes_new(value, get_le16(header + 6));
        attribute = (MediumAttribute){
            .id = get_le16(header + 2), .format = header[4], .read_only = header[5] & 1, bytes
        };
        if (attribute_set_put(set, get_le16(header), &attribute) != MEDIUM_OK) {
            return false;
        }
    }
    return true;
}
