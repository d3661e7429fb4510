/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge.h"

/* How far damage is searched for a sound neighbour. */
enum { NEIGHBOURS_MAX = 4096 };

enum {
    /* With so few marks to a known place, where the one in question lies is anybody's guess. */
    GUESS_MIN = 2,
    /* Each guess is off by the root of what the one before was off by: more are of no use. */
    GUESSES = 3,
    /* With so many marks between two places, one that is near the one is far from the other. */
    FAR_APART = 10,
};

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

/* The bytes of an entry, if they are in memory. */
static const uint8_t *known_entry(Cartridge *c, uint64_t object)
{
    if (c->gather.n > 0 && object >= c->gather.first) {
        return c->gather.entries + (object - c->gather.first) * OBJECT_ENTRY;
    }
    if (c->table_valid && c->table_first == object - object % TABLE_PAGE) {
        return c->table_page + object % TABLE_PAGE * OBJECT_ENTRY;
    }
    return NULL;
}

bool cartridge_fetch_entry(Cartridge *c, uint64_t object, MediumFetched done, void *data)
{
    uint64_t first = object - object % TABLE_PAGE;

    return known_entry(c, object) ||
           store_fetch(&c->store, c->partition, STREAM_TABLE, first * OBJECT_ENTRY,
                       TABLE_PAGE * OBJECT_ENTRY, c->executor, done, data);
}

static EntryState decode(Cartridge *c, uint64_t object, const uint8_t *bytes, ObjectEntry *entry)
{
    return object_entry_decode(bytes, c->superblock.generation, c->partition, object, entry)
               ? ENTRY_GOOD
               : ENTRY_DAMAGED;
}

static EntryState cannot_read(Cartridge *c, int error)
{
    cartridge_host_error(c, error, "cannot read");
    return ENTRY_HOST_ERROR;
}

EntryState cartridge_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    const uint8_t *bytes = known_entry(c, object);

    if (!bytes) {
        int error = load_table_page(c, object);

        if (error < 0) {
            return cannot_read(c, error);
        }
        bytes = c->table_page + object % TABLE_PAGE * OBJECT_ENTRY;
    }
    return decode(c, object, bytes, entry);
}

/* The same for a look here and there: its neighbours are not wanted, so they are not read. */
static EntryState peek_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    const uint8_t *bytes = known_entry(c, object);
    uint8_t alone[OBJECT_ENTRY];

    if (!bytes) {
        int error = store_read(&c->store, c->partition, STREAM_TABLE, object * OBJECT_ENTRY, alone,
                               sizeof alone);

        if (error < 0) {
            return cannot_read(c, error);
        }
        bytes = alone;
    }
    return decode(c, object, bytes, entry);
}

/* Data may safely go there: beyond everything, or beyond what so few blocks can have taken. */
static uint64_t beyond(const Cartridge *c, const Place *place)
{
    return MIN(c->end[c->partition].bytes,
               place_count(place, COUNT_BLOCKS) * (uint64_t)MEDIUM_BLOCK_MAX);
}

/*
 * The place before an object whose entry is damaged. It is the one after the previous object if
 * that is sound. Otherwise all that is sure is where data may safely go.
 */
static MediumResult infer_place(Cartridge *c, uint64_t object, Place *place)
{
    uint64_t lowest = object > NEIGHBOURS_MAX ? object - NEIGHBOURS_MAX : 0, i;

    for (i = object; i > lowest; i--) {
        ObjectEntry entry;

        switch (cartridge_entry(c, i - 1, &entry)) {
        case ENTRY_GOOD:
            *place = object_entry_after(&entry);
            place->object = object;
            if (i < object) {
                place->bytes = MAX(place->bytes, beyond(c, place));
            }
            return MEDIUM_OK;
        case ENTRY_HOST_ERROR:
            return MEDIUM_HOST_ERROR;
        case ENTRY_DAMAGED:
        default:
            break;
        }
    }
    *place = (Place){ .object = object };
    place->bytes = beyond(c, place);
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
    switch (peek_entry(c, object, &entry)) {
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

/* A search for the first place with `count` of a kind before it. It is in [first, last]. */
typedef struct Search {
    CountKind kind;
    uint64_t count, first, last;
    uint64_t below; /* of that kind before `first`: fewer than `count` */
    Place found;    /* the place at `last` */
} Search;

/* Looks at the place before an object in [first, last). */
static MediumResult probe(Cartridge *c, Search *s, uint64_t object)
{
    Place place;

    if (s->last - s->first < TABLE_PAGE && !known_entry(c, object)) {
        load_table_page(c, object); /* what is left to look at is there; failing, that will fail */
    }
    if (cartridge_place(c, object, &place) == MEDIUM_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    if (place_count(&place, s->kind) < s->count) {
        s->first = object + 1;
        s->below = place_count(&place, s->kind);
    } else {
        s->last = object;
        s->found = place;
    }
    return MEDIUM_OK;
}

/* Marks from the first place to the one in question, and from that one to the last. */
static uint64_t marks_below(const Search *s)
{
    return s->count - s->below;
}

static uint64_t marks_above(const Search *s)
{
    return place_count(&s->found, s->kind) - s->count;
}

/* Objects from mark to mark, as far as is known. */
static double spacing(const Search *s)
{
    return (double)(s->last - s->first) / (double)(marks_below(s) + marks_above(s));
}

/* Where it would be if they lay evenly. */
static MediumResult probe_guess(Cartridge *c, Search *s)
{
    double marks = (double)marks_below(s) - 0.5;

    return probe(c, s, s->first + MIN((uint64_t)(marks * spacing(s)), s->last - s->first - 1));
}

/* It is near one end, and the other one far: as far from the near one as is likely. */
static MediumResult probe_beyond(Cartridge *c, Search *s)
{
    bool low = marks_below(s) <= marks_above(s);
    uint64_t near = low ? marks_below(s) : marks_above(s) + 1;
    uint64_t spread = G_GUINT64_CONSTANT(1) << g_bit_storage(near) / 2; /* about the root */
    uint64_t span = s->last - s->first;
    uint64_t reach = MIN((uint64_t)((double)(near + spread) * spacing(s)), span - 1);

    return probe(c, s, low ? s->first + reach : s->last - 1 - reach);
}

/* Less than half of it is left afterwards, however the marks lie. */
static MediumResult narrow(Cartridge *c, Search *s)
{
    uint64_t half = (s->last - s->first) / 2;
    MediumResult result = MEDIUM_OK;
    int guesses;

    for (guesses = 0; guesses < GUESSES && result == MEDIUM_OK && s->first < s->last &&
                      MIN(marks_below(s), marks_above(s)) > GUESS_MIN;
         guesses++) {
        result = probe_guess(c, s);
    }
    if (result == MEDIUM_OK && s->first < s->last && marks_below(s) + marks_above(s) > FAR_APART) {
        result = probe_beyond(c, s);
    }
    if (result == MEDIUM_OK && s->first < s->last && s->last - s->first > half) {
        result = probe(c, s, s->first + (s->last - s->first) / 2);
    }
    return result;
}

MediumResult cartridge_search(Cartridge *c, CountKind kind, uint64_t count, const Place *low,
                              const Place *high, Place *found)
{
    Search s = { kind, count, low->object, high->object, place_count(low, kind), *high };

    *found = *low;
    if (s.below >= count) {
        return MEDIUM_OK;
    }
    while (s.first < s.last) {
        if (narrow(c, &s) != MEDIUM_OK) {
            return MEDIUM_HOST_ERROR;
        }
    }
    *found = s.found;
    return MEDIUM_OK;
}
