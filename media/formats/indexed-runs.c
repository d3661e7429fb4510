/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index of an image, which holds its objects as runs of objects that are alike. */
#include "media/formats/indexed.h"

IndexedRun *indexed_run_at(const IndexedMedium *s, guint i)
{
    return &g_array_index(s->runs, IndexedRun, i);
}

/* The first object beyond a run. */
static uint64_t indexed_run_end(const IndexedMedium *s, guint i)
{
    return i + 1 < s->runs->len ? indexed_run_at(s, i + 1)->object : s->objects;
}

/* The run that object `n`, which exists, lies in. */
guint indexed_find_run(IndexedMedium *s, uint64_t n)
{
    guint low = 0, high = s->runs->len;

    if (s->hint < high && n >= indexed_run_at(s, s->hint)->object &&
        n < indexed_run_end(s, s->hint)) {
        return s->hint;
    }
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;

        if (indexed_run_at(s, middle)->object <= n) {
            low = middle;
        } else {
            high = middle;
        }
    }
    s->hint = low;
    return low;
}

/* What one object adds to the bytes used. */
static uint64_t indexed_run_size(IndexedType type, uint32_t length)
{
    return type == INDEXED_MARK ? MEDIUM_MARK_SIZE : length;
}

/* The one after the last is the end of the tape. */
IndexedObject indexed_object_at(IndexedMedium *s, uint64_t n)
{
    const IndexedRun *run;
    uint64_t i;

    if (n == s->objects) {
        return s->end;
    }
    run = indexed_run_at(s, indexed_find_run(s, n));
    i = n - run->object;
    return (IndexedObject){ .offset = run->offset + i * run->stride,
                            .used = run->used + i * indexed_run_size(run->type, run->length),
                            .files = run->files + (run->type == INDEXED_MARK ? (uint32_t)i : 0),
                            .type = run->type,
                            .length = run->length };
}

/* Adds `count` objects at the end of the tape, each of which takes `stride` bytes of the file. */
void indexed_add_objects(IndexedMedium *s, IndexedType type, uint32_t length, uint64_t count,
                         uint64_t stride)
{
    IndexedRun *run = s->runs->len > 0 ? indexed_run_at(s, s->runs->len - 1) : NULL;

    if (!run || run->type != type || run->length != length || run->stride != stride ||
        type == INDEXED_LOST ||
        run->offset + (s->objects - run->object) * run->stride != s->end.offset) {
        const IndexedRun new = { .offset = s->end.offset,
                                 .used = s->end.used,
                                 .object = (uint32_t)s->objects,
                                 .files = s->end.files,
                                 .stride = type == INDEXED_LOST ? 0 : (uint32_t)stride,
                                 .type = (uint32_t)type & 0xff,
                                 .length = length & MEDIUM_BLOCK_MAX };

        g_array_append_val(s->runs, new);
    }
    if (type == INDEXED_LOST) {
        s->first_lost = MIN(s->first_lost, s->objects);
    }
    s->objects += count;
    s->end.offset += count * stride;
    s->end.used += count * indexed_run_size(type, length);
    s->end.files += type == INDEXED_MARK ? (uint32_t)count : 0;
}

/* Drops object `n` and all behind it. */
void indexed_drop_from(IndexedMedium *s, uint64_t n)
{
    IndexedObject object = indexed_object_at(s, n);
    guint run;

    if (n < s->objects) {
        run = indexed_find_run(s, n);
        g_array_set_size(s->runs, indexed_run_at(s, run)->object == n ? run : run + 1);
        s->objects = n;
        s->end = object;
        s->end.type = INDEXED_END;
        s->end.length = 0;
    }
}

bool indexed_before_head(IndexedMedium *s, IndexedObject *object)
{
    if (s->head > 0) {
        *object = indexed_object_at(s, s->head - 1);
    }
    return s->head > 0;
}
