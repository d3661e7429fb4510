/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge.h"
#include "media/cartridge/superblock-epochs.h"

#include <string.h>

enum {
    /* With so few marks to a known place, a guess is no better than chance. */
    GUESS_MIN = 2,
    /*
     * The error of each guess is about the square root of the one before, so more guesses do not
     * help.
     */
    GUESSES = 3,
    /* With so many marks between two places, one that is near the one is far from the other. */
    FAR_APART = 10,
};

void cartridge_forget_table(Cartridge *c)
{
    c->table->valid = false;
    c->run.valid = false;
}

/* Entries from here on are not in the file, or do not count. */
static uint64_t table_limit(Cartridge *c)
{
    if (c->recovering) {
        return store_extent(&c->store, c->partition, STREAM_TABLE) / OBJECT_ENTRY;
    }
    return c->gather.n > 0 ? c->gather.first : c->end[c->partition].object;
}

/*
 * Marks an entry of the page as bad, and its consistent neighbours on that side, up to an entry
 * whose epoch is at least `sound`.
 */
static void table_mark_bad(Cartridge *c, const bool *whole, int i, int step, uint32_t sound)
{
    TablePage *page = c->table;

    while (true) {
        int next = i + step;

        page->good[i] = false;
        if (next < 0 || next >= TABLE_WINDOW || !whole[next] ||
            !object_entry_follows(&page->entries[MAX(i, next)], &page->entries[MIN(i, next)],
                                  cartridge_binding(c)->bound) ||
            (step > 0 && page->entries[next].epoch >= sound)) {
            return;
        }
        i = next;
    }
}

/*
 * Of two adjacent whole entries the second must follow the first. Otherwise one of them is a
 * remain. Epochs never fall, so the entry of the lower epoch is bad, with its consistent
 * neighbours. If the epochs are equal, both are bad.
 */
static void compare_neighbours(Cartridge *c)
{
    TablePage *page = c->table;
    bool whole[TABLE_WINDOW];
    int i;

    memcpy(whole, page->good, sizeof whole);
    for (i = 1; i < TABLE_WINDOW; i++) {
        const ObjectEntry *left = &page->entries[i - 1], *right = &page->entries[i];

        if (!whole[i - 1] || !whole[i] ||
            object_entry_follows(right, left, cartridge_binding(c)->bound)) {
            continue;
        }
        if (left->epoch <= right->epoch) {
            table_mark_bad(c, whole, i - 1, -1, 0);
        }
        if (right->epoch <= left->epoch) {
            table_mark_bad(c, whole, i, 1, MAX(left->epoch, right->epoch + 1));
        }
    }
}

static bool table_epoch_matches(const Cartridge *c, const ObjectEntry *entry)
{
    return c->recovering ||
           superblock_has_epoch(&c->superblock, c->partition, entry->before.object, entry->epoch);
}

/*
 * True if the entry before the durable place ends there and is the one that the superblock names.
 */
static bool table_end_matches(const Cartridge *c, const ObjectEntry *entry)
{
    const PartitionRecord *record = &c->superblock.partitions[c->partition];
    Place after = object_entry_after(entry);

    return c->recovering || after.object != record->durable.object ||
           (memcmp(&after, &record->durable, sizeof after) == 0 &&
            (!cartridge_binding(c)->bound || entry->crc == record->link));
}

static bool table_decode(Cartridge *c, uint64_t object, const uint8_t *bytes, ObjectEntry *entry)
{
    return object_entry_decode(bytes, cartridge_binding(c), c->partition, object, entry) &&
           table_epoch_matches(c, entry) && table_end_matches(c, entry);
}

static uint8_t *table_page_bytes(TablePage *page, uint64_t object)
{
    return page->bytes + (object + 1 - page->first) * OBJECT_ENTRY;
}

static int table_read_entries(Cartridge *c, uint64_t from, uint64_t to)
{
    return store_read(&c->store, c->partition, STREAM_TABLE, from * OBJECT_ENTRY,
                      table_page_bytes(c->table, from), (to - from) * OBJECT_ENTRY);
}

static int table_load_page(Cartridge *c, uint64_t object)
{
    TablePage *page = c->table;
    uint64_t first = object - object % TABLE_PAGE, limit = table_limit(c), i;
    uint64_t end = MIN(first + TABLE_PAGE, limit);
    uint64_t from = first - MIN(first, 1), to = MIN(first + TABLE_PAGE + 1, limit);
    int error;

    if (page->valid && page->first == first) {
        return 0;
    }
    page->valid = false;
    page->first = first;
    error = table_read_entries(c, from, to);
    if (error < 0 && (from < first || to > end)) {
        from = first; /* perhaps only the neighbours cannot be read */
        to = end;
        error = table_read_entries(c, from, to);
    }
    if (error < 0) {
        return error;
    }
    memset(page->good, 0, sizeof page->good);
    for (i = from; i < to; i++) {
        uint64_t at = i + 1 - first;

        page->good[at] = table_decode(c, i, table_page_bytes(page, i), &page->entries[at]);
    }
    if (!c->recovering) {
        compare_neighbours(c);
    }
    page->valid = true;
    return 0;
}

static bool table_is_gathered(const Cartridge *c, uint64_t object)
{
    return c->gather.n > 0 && object >= c->gather.first;
}

static bool table_is_in_page(const Cartridge *c, uint64_t object)
{
    return c->table->valid && c->table->first == object - object % TABLE_PAGE;
}

bool cartridge_fetch_entry(Cartridge *c, uint64_t object, MediumFetched done, void *data)
{
    uint64_t first = object - object % TABLE_PAGE, from = first - MIN(first, 1);
    uint64_t to = MIN(first + TABLE_PAGE + 1, table_limit(c));

    return table_is_gathered(c, object) || table_is_in_page(c, object) ||
           store_fetch(&c->store, c->partition, STREAM_TABLE, from * OBJECT_ENTRY,
                       (to - from) * OBJECT_ENTRY, c->executor, done, data);
}

static EntryState table_cannot_read(Cartridge *c, int error)
{
    cartridge_host_error(c, error, "cannot read");
    return ENTRY_HOST_ERROR;
}

static EntryState table_gathered_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    const uint8_t *bytes = c->gather.entries + (object - c->gather.first) * OBJECT_ENTRY;

    return table_decode(c, object, bytes, entry) ? ENTRY_GOOD : ENTRY_DAMAGED;
}

EntryState cartridge_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    uint64_t at = object % TABLE_PAGE + 1;
    int error;

    if (table_is_gathered(c, object)) {
        return table_gathered_entry(c, object, entry);
    }
    error = table_load_page(c, object);
    if (error < 0) {
        return table_cannot_read(c, error);
    }
    *entry = c->table->entries[at];
    return c->table->good[at] ? ENTRY_GOOD : ENTRY_DAMAGED;
}

EntryState cartridge_link(Cartridge *c, uint64_t object, uint32_t *link)
{
    int error;

    *link = 0;
    if (object == 0 || !cartridge_binding(c)->bound) {
        return ENTRY_GOOD;
    }
    if (table_is_gathered(c, object - 1)) {
        *link = object_entry_crc(c->gather.entries + (object - 1 - c->gather.first) * OBJECT_ENTRY);
        return ENTRY_GOOD;
    }
    error = table_load_page(c, object - 1);
    if (error < 0) {
        return table_cannot_read(c, error);
    }
    *link = object_entry_crc(table_page_bytes(c->table, object - 1));
    return ENTRY_GOOD;
}

/* As cartridge_entry() for a single entry, without a check of its neighbours. */
static EntryState table_peek_entry(Cartridge *c, uint64_t object, ObjectEntry *entry)
{
    uint8_t bytes[OBJECT_ENTRY];
    int error;

    if (table_is_gathered(c, object) || table_is_in_page(c, object)) {
        return cartridge_entry(c, object, entry);
    }
    error = store_read(&c->store, c->partition, STREAM_TABLE, object * OBJECT_ENTRY, bytes,
                       sizeof bytes);
    if (error < 0) {
        return table_cannot_read(c, error);
    }
    return table_decode(c, object, bytes, entry) ? ENTRY_GOOD : ENTRY_DAMAGED;
}

/* ── damage ── */

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

uint64_t cartridge_after_lost(Cartridge *c, uint64_t object)
{
    uint64_t limit = table_limit(c), offset;

    if (object >= limit) {
        return object;
    }
    offset = store_hole_end(&c->store, c->partition, STREAM_TABLE, object * OBJECT_ENTRY);
    return MIN(MAX(offset / OBJECT_ENTRY, cartridge_next_written(c, object)), limit);
}

/* Holes of a file are whole pages, so one query at the first entry of a page is enough. */
uint64_t cartridge_next_written(Cartridge *c, uint64_t object)
{
    return object % TABLE_PAGE == 0
               ? store_next_written(&c->store, c->partition, STREAM_TABLE, object * OBJECT_ENTRY) /
                     OBJECT_ENTRY
               : object;
}

/* Where a run of damaged entries begins that ends before `object`. */
static EntryState table_find_low(Cartridge *c, uint64_t object, Place *low)
{
    ObjectEntry entry;
    EntryState state;

    *low = (Place){ 0 };
    while (object > 0) {
        uint64_t offset = object * OBJECT_ENTRY, written = offset;

        if (!table_is_gathered(c, object - 1)) {
            written = object % TABLE_PAGE == 0
                          ? store_last_written(&c->store, c->partition, STREAM_TABLE, offset)
                          : store_hole_start(&c->store, c->partition, STREAM_TABLE, offset);
        }
        written =
            (written + OBJECT_ENTRY - 1) / OBJECT_ENTRY; /* the file may end within an entry */
        if (written < object) {
            object = written;
            continue;
        }
        state = cartridge_entry(c, object - 1, &entry);
        if (state != ENTRY_DAMAGED) {
            *low = object_entry_after(&entry);
            return state;
        }
        object--;
    }
    return ENTRY_GOOD;
}

/* Where one ends that includes what is before `object`. */
static EntryState table_find_high(Cartridge *c, uint64_t object, Place *high)
{
    const Place *end = cartridge_end(c);
    ObjectEntry entry;
    EntryState state;

    *high = *end;
    for (object = cartridge_after_lost(c, object); object < end->object;
         object = cartridge_after_lost(c, object + 1)) {
        state = cartridge_entry(c, object, &entry);
        if (state != ENTRY_DAMAGED) {
            *high = entry.before;
            return state;
        }
    }
    return ENTRY_GOOD;
}

/* Sets `c->run` to the run of the object's damaged entry. */
static MediumResult table_find_run(Cartridge *c, uint64_t object)
{
    DamagedRun *run = &c->run;

    if (run->valid && object >= run->low.object && object < run->high.object) {
        return MEDIUM_OK;
    }
    run->valid = table_find_low(c, object, &run->low) != ENTRY_HOST_ERROR &&
                 table_find_high(c, object + 1, &run->high) != ENTRY_HOST_ERROR;
    return run->valid ? MEDIUM_OK : MEDIUM_HOST_ERROR;
}

/*
 * Number of marks of a kind in a run. It exceeds the number of objects if the ends contradict each
 * other.
 */
static uint64_t detour_run_count(const Place *low, const Place *high, CountKind kind)
{
    uint64_t before = place_count(low, kind), after = place_count(high, kind);

    return after < before ? G_MAXUINT64 : after - before;
}

/* True if a run holds only objects of this kind. */
static bool detour_run_is_all(const Place *low, const Place *high, CountKind kind)
{
    return detour_run_count(low, high, kind) == high->object - low->object;
}

/* The place before an object within a run. CORRUPT if it is an estimate. */
static MediumResult table_place_within(const Place *low, const Place *high, uint64_t object,
                                       Place *place)
{
    uint64_t n = object - low->object;
    bool files = detour_run_is_all(low, high, COUNT_FILEMARKS);
    bool setmarks = detour_run_is_all(low, high, COUNT_SETMARKS);
    uint64_t room;

    *place = *low;
    if (n == 0) {
        return MEDIUM_OK;
    }
    place->object += n;
    place->files += files ? n : 0;
    place->setmarks += setmarks ? n : 0;
    /* data may go beyond all that it holds, or beyond what so few blocks can have taken */
    room = place_count(place, COUNT_BLOCKS) * (uint64_t)MEDIUM_BLOCK_MAX;
    place->bytes = MAX(place->bytes, MIN(high->bytes, room));
    return files || setmarks || detour_run_is_all(low, high, COUNT_BLOCKS) ? MEDIUM_OK
                                                                           : MEDIUM_CORRUPT;
}

MediumResult cartridge_place(Cartridge *c, uint64_t object, Place *place)
{
    ObjectEntry entry;

    if (object == cartridge_end(c)->object) {
        *place = *cartridge_end(c);
        return MEDIUM_OK;
    }
    *place = (Place){ 0 };
    if (object == 0) {
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
        return table_find_run(c, object) == MEDIUM_OK
                   ? table_place_within(&c->run.low, &c->run.high, object, place)
                   : MEDIUM_HOST_ERROR;
    }
}

/* ── searching ── */

/* A search for the first place with `count` of a kind before it. It is in [first, last]. */
typedef struct Search {
    CountKind kind;
    uint64_t count, first, last;
    uint64_t below; /* of that kind before `first`: fewer than `count` */
    Place found;    /* the place at `last` */
} Search;

/* Examines the place before an object in [first, last). CORRUPT if damage hides it. */
static MediumResult search_probe(Cartridge *c, Search *s, uint64_t object)
{
    ObjectEntry entry;

    if (s->last - s->first < TABLE_PAGE && !table_is_gathered(c, object)) {
        table_load_page(
            c,
            object); /* the remaining entries are in the file, and reading one reports a failure */
    }
    switch (table_peek_entry(c, object, &entry)) {
    case ENTRY_HOST_ERROR:
        return MEDIUM_HOST_ERROR;
    case ENTRY_DAMAGED:
        return MEDIUM_CORRUPT;
    case ENTRY_GOOD:
    default:
        break;
    }
    if (place_count(&entry.before, s->kind) < s->count) {
        s->first = object + 1;
        s->below = place_count(&entry.before, s->kind);
    } else {
        s->last = object;
        s->found = entry.before;
    }
    return MEDIUM_OK;
}

/* Marks from the first place to the one in question, and from that one to the last. */
static uint64_t search_marks_below(const Search *s)
{
    return s->count - s->below;
}

static uint64_t search_marks_above(const Search *s)
{
    return place_count(&s->found, s->kind) - s->count;
}

/* Objects from mark to mark, as far as is known. */
static double spacing(const Search *s)
{
    return (double)(s->last - s->first) / (double)(search_marks_below(s) + search_marks_above(s));
}

/* The place of the mark for evenly spaced marks. */
static MediumResult search_probe_guess(Cartridge *c, Search *s)
{
    double marks = (double)search_marks_below(s) - 0.5;

    return search_probe(c, s,
                        s->first + MIN((uint64_t)(marks * spacing(s)), s->last - s->first - 1));
}

/*
 * The mark is near one end and far from the other. Probes at the likely distance from the near end.
 */
static MediumResult search_probe_beyond(Cartridge *c, Search *s)
{
    bool low = search_marks_below(s) <= search_marks_above(s);
    uint64_t near = low ? search_marks_below(s) : search_marks_above(s) + 1;
    uint64_t spread = G_GUINT64_CONSTANT(1) << g_bit_storage(near) / 2; /* about the root */
    uint64_t span = s->last - s->first;
    uint64_t reach = MIN((uint64_t)((double)(near + spread) * spacing(s)), span - 1);

    return search_probe(c, s, low ? s->first + reach : s->last - 1 - reach);
}

/* Leaves less than half of the range, for any distribution of marks. */
static MediumResult search_narrow(Cartridge *c, Search *s)
{
    uint64_t half = (s->last - s->first) / 2;
    MediumResult result = MEDIUM_OK;
    int guesses;

    for (guesses = 0; guesses < GUESSES && result == MEDIUM_OK && s->first < s->last &&
                      MIN(search_marks_below(s), search_marks_above(s)) > GUESS_MIN;
         guesses++) {
        result = search_probe_guess(c, s);
    }
    if (result == MEDIUM_OK && s->first < s->last &&
        search_marks_below(s) + search_marks_above(s) > FAR_APART) {
        result = search_probe_beyond(c, s);
    }
    if (result == MEDIUM_OK && s->first < s->last && s->last - s->first > half) {
        result = search_probe(c, s, s->first + (s->last - s->first) / 2);
    }
    return result;
}

/* True if the object before the place is sound and is the target of the search. */
static MediumResult table_verify(Cartridge *c, const Search *s)
{
    ObjectEntry entry;
    Place after;

    switch (cartridge_entry(c, s->found.object - 1, &entry)) {
    case ENTRY_HOST_ERROR:
        return MEDIUM_HOST_ERROR;
    case ENTRY_DAMAGED:
        return MEDIUM_CORRUPT;
    case ENTRY_GOOD:
    default:
        break;
    }
    after = object_entry_after(&entry);
    return memcmp(&after, &s->found, sizeof after) == 0 &&
                   place_count(&after, s->kind) == s->count &&
                   place_count(&entry.before, s->kind) == s->count - 1
               ? MEDIUM_OK
               : MEDIUM_CORRUPT;
}

/* The same search around damage, by sound places alone. */
typedef struct Detour {
    CountKind kind;
    uint64_t count;
    Place low, high; /* before `low` there are fewer, before `high` enough */
    bool ended;
} Detour;

/* The run between two known places, which are those of `c->run` or nearer. */
static MediumResult detour_pass_run(Cartridge *c, Detour *d)
{
    Place a = c->run.low.object > d->low.object ? c->run.low : d->low;
    Place b = c->run.high.object < d->high.object ? c->run.high : d->high;

    if (place_count(&a, d->kind) >= d->count) {
        d->high = a;
        return MEDIUM_OK;
    }
    if (place_count(&b, d->kind) < d->count) {
        d->low = b;
        return MEDIUM_OK;
    }
    d->ended = true;
    if (!detour_run_is_all(&a, &b, d->kind)) {
        return MEDIUM_CORRUPT;
    }
    return table_place_within(&a, &b, a.object + (d->count - place_count(&a, d->kind)), &d->high);
}

static MediumResult detour_run(Cartridge *c, Detour *d)
{
    while (!d->ended && d->high.object > d->low.object + 1) {
        uint64_t middle = d->low.object + (d->high.object - d->low.object) / 2;
        MediumResult result = MEDIUM_OK;
        ObjectEntry entry;

        switch (cartridge_entry(c, middle, &entry)) {
        case ENTRY_HOST_ERROR:
            return MEDIUM_HOST_ERROR;
        case ENTRY_DAMAGED:
            result = table_find_run(c, middle);
            result = result == MEDIUM_OK ? detour_pass_run(c, d) : result;
            break;
        case ENTRY_GOOD:
        default:
            *(place_count(&entry.before, d->kind) < d->count ? &d->low : &d->high) = entry.before;
            break;
        }
        if (result != MEDIUM_OK) {
            return result;
        }
    }
    if (!d->ended && !detour_run_is_all(&d->low, &d->high, d->kind)) {
        c->run = (DamagedRun){ true, d->low, d->high }; /* its neighbours contradict it */
        return MEDIUM_CORRUPT;
    }
    return MEDIUM_OK;
}

MediumResult cartridge_search(Cartridge *c, CountKind kind, uint64_t count, const Place *low,
                              const Place *high, Place *found)
{
    Search s = { kind, count, low->object, high->object, place_count(low, kind), *high };
    Detour d = { kind, count, *low, *high, false };
    MediumResult result = MEDIUM_OK;

    *found = *low;
    if (s.below >= count) {
        return MEDIUM_OK;
    }
    while (s.first < s.last && result == MEDIUM_OK) {
        result = search_narrow(c, &s);
    }
    if (result == MEDIUM_OK) {
        result = table_verify(c, &s);
    }
    if (result == MEDIUM_CORRUPT) {
        result = detour_run(c, &d);
        s.found = d.high;
    }
    *found = s.found;
    return result;
}
