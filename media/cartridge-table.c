/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge.h"

/* How far damage is searched for a sound neighbour. */
enum { NEIGHBOURS_MAX = 4096 };

static int load_table_page(Cartridge *c, uint64_t object)
{
    uint64_t first = object - object % TABLE_PAGE;
    int error;

    if (c->table_valid && c->table_first == first) {
        return 0;
    }
    c->table_valid = false;
    error = store_read(&c->store, c->partition, STREAM_TABLE, first * OBJECT_ENTRY, c->table_page,
                       TABLE_PAGE * OBJECT_ENTRY);
    c->table_first = first;
    c->table_valid = error == 0;
    return error;
}

EntryState cartridge_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    const uint8_t *bytes;

    if (c->gather.n > 0 && object >= c->gather.first) {
        bytes = c->gather.entries + (object - c->gather.first) * OBJECT_ENTRY;
    } else {
        int error = load_table_page(c, object);

        if (error < 0) {
            cartridge_host_error(c, error, "cannot read");
            return ENTRY_HOST_ERROR;
        }
        bytes = c->table_page + object % TABLE_PAGE * OBJECT_ENTRY;
    }
    return object_entry_decode(bytes, c->superblock.generation, c->partition, object, entry)
               ? ENTRY_GOOD
               : ENTRY_DAMAGED;
}

/*
 * The place before an object whose entry is damaged. It is the one after the previous object if
 * that is sound. Otherwise all that is sure is where data may safely go: beyond everything.
 */
static MediumResult infer_place(Cartridge *c, uint64_t object, Place *place)
{
    uint64_t lowest = object > NEIGHBOURS_MAX ? object - NEIGHBOURS_MAX : 0, i;
    const Place *end = cartridge_end(c);

    for (i = object; i > lowest; i--) {
        ObjectEntry entry;

        switch (cartridge_entry(c, i - 1, &entry)) {
        case ENTRY_GOOD:
            *place = object_entry_after(&entry);
            if (i < object) {
                place->bytes = MAX(place->bytes, end->bytes);
            }
            place->object = object;
            return MEDIUM_OK;
        case ENTRY_HOST_ERROR:
            return MEDIUM_HOST_ERROR;
        case ENTRY_DAMAGED:
        default:
            break;
        }
    }
    *place = (Place){ .object = object, .bytes = object == 0 ? 0 : end->bytes };
    return MEDIUM_OK;
}

MediumResult cartridge_place(Cartridge *c, uint64_t object, Place *place)
{
    ObjectEntry entry;

    if (object == cartridge_end(c)->object) {
        *place = *cartridge_end(c);
        return MEDIUM_OK;
    }
    if (object == 0) {
        *place = (Place){ 0 };
        return MEDIUM_OK;
    }
    switch (cartridge_entry(c, object, &entry)) {
    case ENTRY_GOOD:
        *place = entry.before;
        return MEDIUM_OK;
    case ENTRY_HOST_ERROR:
        return MEDIUM_HOST_ERROR;
    case ENTRY_DAMAGED:
    default:
        return infer_place(c, object, place);
    }
}

uint64_t place_count(const Place *place, CountKind kind)
{
    switch (kind) {
    case COUNT_FILEMARKS:
        return place->files;
    case COUNT_SETMARKS:
        return place->setmarks;
    case COUNT_BLOCKS:
    default:
        return place->object - place->files - place->setmarks;
    }
}

MediumResult cartridge_search(Cartridge *c, CountKind kind, uint64_t count, const Place *low,
                              const Place *high, Place *found)
{
    uint64_t first = low->object, last = high->object;

    *found = *high;
    if (place_count(low, kind) >= count) {
        *found = *low;
        return MEDIUM_OK;
    }
    while (first < last) { /* the answer is in [first, last]; *found is the place at last */
        uint64_t middle = first + (last - first) / 2;
        Place place;

        if (cartridge_place(c, middle, &place) == MEDIUM_HOST_ERROR) {
            return MEDIUM_HOST_ERROR;
        }
        if (place_count(&place, kind) < count) {
            first = middle + 1;
        } else {
            last = middle;
            *found = place;
        }
    }
    return MEDIUM_OK;
}
