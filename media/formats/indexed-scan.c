/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/formats/indexed.h"

#include <string.h>

enum {
    WINDOW_MIN = 512,
    WINDOW_MAX = 256 * 1024,
    NEAR = 4096, /* how far beyond a window a read still counts as sequential */
    PROBE_BLOCKS = 64,
    PROBE_ITEMS = 4 * 1024 * 1024,
    SURE_BLOCKS = 3, /* this many records are a tape, whatever follows */
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

static bool window_holds(const IndexedWindow *w, uint64_t offset, size_t length)
{
    return offset >= w->at && offset + length <= w->at + w->length;
}

static bool window_follows(const IndexedWindow *w, uint64_t offset)
{
    return offset >= w->at && offset <= w->at + w->length + NEAR;
}

static int window_fill(IndexedScanner *s, IndexedWindow *w, uint64_t offset, size_t length)
{
    bool sequential = w->length > 0 && window_follows(w, offset);
    int error;

    if (!w->bytes) {
        w->bytes = g_malloc(MIN((uint64_t)WINDOW_MAX, s->size));
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
    if (!window_holds(w, offset, length)) {
        IndexedWindow *other = &s->windows[!s->last];

        if (window_holds(other, offset, length) || (!window_follows(w, offset) && s->reads > 0)) {
            w = other;
        }
        if (!window_holds(w, offset, length)) {
            error = window_fill(s, w, offset, length);
        }
        s->last = w == &s->windows[1];
    }
    if (error == 0) {
        memcpy(bytes, w->bytes + (offset - w->at), length);
    }
    return error;
}

/* ── beyond damage ── */

/* True if a block is here, followed by another block or the end of the tape. */
static bool probe_records_begin(const IndexedFormat *format, IndexedScanner *s, uint64_t offset,
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

        found = probe_records_begin(format, s, *next, &error);
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

/* ── probing ── */

typedef struct Probe {
    IndexedScanner scanner;
    uint64_t at; /* where the scanner stopped */
    unsigned blocks, marks;
    int error;
} Probe;

/* Scans the first records and returns the result that stopped the scanner. */
static IndexedScan probe_scan(const IndexedFormat *format, Probe *p)
{
    IndexedScan result = INDEXED_NOTHING;
    IndexedObject object = { 0 };
    unsigned items;

    for (items = 0; items < PROBE_ITEMS && p->blocks < PROBE_BLOCKS; items++) {
        p->at = object.offset;
        result = format->scan(&p->scanner, &object, &object.offset, &p->error);
        if (result != INDEXED_FOUND && result != INDEXED_NOTHING) {
            break;
        }
        p->blocks += result == INDEXED_FOUND && object.type != INDEXED_MARK;
        p->marks += result == INDEXED_FOUND && object.type == INDEXED_MARK;
    }
    return result;
}

/* True if the records identify a tape whatever the name of the file. */
static bool probe_is_sure(const IndexedFormat *format, const Probe *p, IndexedScan result)
{
    bool blank = format->end_length > 0 && p->at + format->end_length == p->scanner.size;

    if (p->scanner.odd_previous > (p->blocks + p->marks) / 2) {
        return false;
    }
    switch (result) {
    case INDEXED_FOUND:
    case INDEXED_NOTHING: /* as far as we looked */
        return p->blocks > 0;
    case INDEXED_AT_END:
        return p->blocks > 0 || blank || (format->marks_tell && p->marks > 0);
    case INDEXED_TORN:
    case INDEXED_DAMAGE:
        return p->blocks >= SURE_BLOCKS;
    case INDEXED_FAILED:
    default:
        return false;
    }
}

int indexed_probe(const IndexedFormat *format, HostFile *file, uint64_t size, bool named)
{
    Probe p = { .scanner = indexed_scanner(file, size) };
    IndexedScan result = probe_scan(format, &p);
    uint64_t effort = INDEXED_EFFORT, next;
    bool is_ours = probe_is_sure(format, &p, result);

    if (!is_ours && named) {
        is_ours = p.blocks + p.marks > 0 || result == INDEXED_AT_END || result == INDEXED_TORN ||
                  (result == INDEXED_DAMAGE &&
                   indexed_resume(format, &p.scanner, p.at, &effort, &next) == 0 && next < size);
    }
    indexed_scanner_clear(&p.scanner);
    return is_ours ? format->score : 0;
}
