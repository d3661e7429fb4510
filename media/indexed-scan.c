/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/indexed.h"

#include <string.h>

enum {
    WINDOW_MIN = 512,
    WINDOW_MAX = 256 * 1024,
    NEAR = 4096, /* how far beyond a window a read still counts as sequential */
    PROBE_BLOCKS = 64,
    PROBE_ITEMS = 4 * 1024 * 1024,
    SURE_BLOCKS = 3, /* so many are a tape, whatever follows */
    CHAIN = 16,      /* things that are looked at beyond damage to find two blocks */
    READ_EFFORT = 64,
};

/* ── reading ── */

IndexedScanner indexed_scanner(HostFile *file, uint64_t size)
{
    return (IndexedScanner){ .file = file, .size = size, .previous = -1 };
}

void indexed_scanner_clear(IndexedScanner *s)
{
    g_clear_pointer(&s->windows[0].bytes, g_free);
    g_clear_pointer(&s->windows[1].bytes, g_free);
}

static bool is_in(const IndexedWindow *w, uint64_t offset, size_t length)
{
    return offset >= w->at && offset + length <= w->at + w->length;
}

static bool follows(const IndexedWindow *w, uint64_t offset)
{
    return offset >= w->at && offset <= w->at + w->length + NEAR;
}

static int fill(IndexedScanner *s, IndexedWindow *w, uint64_t offset, size_t length)
{
    bool sequential = w->length > 0 && follows(w, offset);
    int error;

    if (!w->bytes) {
        w->bytes = g_malloc(WINDOW_MAX);
    }
    w->room = sequential ? MIN(w->room * 4, (size_t)WINDOW_MAX) : WINDOW_MIN;
    w->at = offset;
    w->length = (size_t)MIN(MAX(w->room, length), s->size - offset);
    error = host_file_read(s->file, w->bytes, w->length, offset);
    if (error < 0) {
        w->length = 0;
    }
    s->reads++;
    return error;
}

int indexed_peek(IndexedScanner *s, void *bytes, size_t length, uint64_t offset)
{
    IndexedWindow *w = &s->windows[s->last];
    int error = 0;

    g_assert(length <= WINDOW_MIN && offset + length <= s->size);
    if (!is_in(w, offset, length)) {
        IndexedWindow *other = &s->windows[!s->last];

        if (is_in(other, offset, length) || (!follows(w, offset) && s->reads > 0)) {
            w = other;
        }
        if (!is_in(w, offset, length)) {
            error = fill(s, w, offset, length);
        }
        s->last = w == &s->windows[1];
    }
    if (error == 0) {
        memcpy(bytes, w->bytes + (offset - w->at), length);
    }
    return error;
}

/* ── probing ── */

int indexed_probe(const IndexedFormat *format, HostFile *file, uint64_t size)
{
    g_auto(IndexedScanner) s = indexed_scanner(file, size);
    IndexedScan result = INDEXED_NOTHING;
    IndexedObject object = { 0 };
    unsigned blocks = 0, marks = 0, items;
    int error;

    for (items = 0; items < PROBE_ITEMS && blocks < PROBE_BLOCKS; items++) {
        uint64_t next = object.offset;

        result = format->scan(&s, &object, &next, &error);
        if (result != INDEXED_FOUND && result != INDEXED_NOTHING) {
            break;
        }
        blocks += result == INDEXED_FOUND && object.type != INDEXED_MARK;
        marks += result == INDEXED_FOUND && object.type == INDEXED_MARK;
        object.offset = next;
    }
    if (result == INDEXED_FAILED || s.odd_previous > (blocks + marks) / 2) {
        return 0;
    }
    if (result == INDEXED_FOUND || result == INDEXED_NOTHING) { /* to where we looked */
        return blocks > 0 ? format->score : marks > 0 ? MEDIUM_PROBE_NAMED : 0;
    }
    if (result == INDEXED_AT_END) {
        bool blank = format->end_length > 0 && object.offset + format->end_length == size;

        if (blocks > 0 || blank || (format->marks_tell && marks > 0)) {
            return format->score;
        }
        return MEDIUM_PROBE_NAMED;
    }
    if (blocks >= SURE_BLOCKS) {
        return format->score;
    }
    return blocks + marks > 0 || result == INDEXED_TORN ? MEDIUM_PROBE_NAMED : 0;
}

/* ── beyond damage ── */

/* Is there a block, and behind it another, or the end of the tape? */
static bool records_begin(const IndexedFormat *format, IndexedScanner *s, uint64_t offset,
                          int *error)
{
    IndexedObject object = { .offset = offset };
    int blocks = 0, i;

    s->previous = -1;
    for (i = 0; i < CHAIN && blocks < 2; i++) {
        uint64_t next = object.offset;
        IndexedScan result = format->scan(s, &object, &next, error);

        if (result == INDEXED_AT_END) {
            return blocks > 0;
        }
        if ((result != INDEXED_FOUND && result != INDEXED_NOTHING) ||
            (i == 0 && (result == INDEXED_NOTHING || object.type == INDEXED_MARK))) {
            return false;
        }
        blocks += result == INDEXED_FOUND && object.type != INDEXED_MARK;
        object.offset = next;
    }
    return blocks == 2;
}

int indexed_resume(const IndexedFormat *format, IndexedScanner *s, uint64_t from, uint64_t *effort,
                   uint64_t *next)
{
    const IndexedScanner before = *s;
    bool found = false;
    int error = 0;

    s->strict = true;
    for (*next = from + 1; *next<s->size && * effort> 0 && !found && error == 0; ++*next) {
        uint64_t reads = s->reads;

        found = records_begin(format, s, *next, &error);
        *effort -= MIN(*effort, 1 + (s->reads - reads) * READ_EFFORT);
    }
    *next = found ? *next - 1 : s->size;
    s->strict = before.strict;
    s->odd_previous = before.odd_previous;
    s->zeroes = before.zeroes;
    s->padded = before.padded;
    s->unpadded = before.unpadded;
    s->previous = -1;
    return error;
}
