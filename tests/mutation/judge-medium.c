/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything on a damaged cartridge, read by tape motions. */
#include "tests/mutation/mutation.h"

#include <string.h>

enum { BEYOND = 8 }; /* objects that are looked at beyond the true end */

typedef struct Walk {
    Case *c;
    TapeMedium *m;
    uint32_t partition;
    uint8_t *buffer;
    size_t room;
} Walk;

static bool kind_of(MediumResult result, ObjectKind *kind)
{
    switch (result) {
    case MEDIUM_OK:
        *kind = BLOCK;
        return true;
    case MEDIUM_FILEMARK:
        *kind = FILEMARK;
        return true;
    case MEDIUM_SETMARK:
        *kind = SETMARK;
        return true;
    case MEDIUM_EOD:
    case MEDIUM_BOP:
    case MEDIUM_EARLY_WARNING:
    case MEDIUM_END_OF_PARTITION:
    case MEDIUM_READ_ERROR:
    case MEDIUM_WRITE_ERROR:
    case MEDIUM_PROTECTED:
    case MEDIUM_WORM:
    case MEDIUM_INVALID:
    case MEDIUM_UNSUPPORTED:
    case MEDIUM_HOST_ERROR:
    case MEDIUM_CORRUPT:
        break;
    }
    return false;
}

/* What reading object `number` gave; true: it is there, as it was written. */
static bool judge_object(Walk *w, const char *way, uint64_t number, MediumResult result,
                         size_t length)
{
    ObjectKind kind;

    if (result == MEDIUM_READ_ERROR || result == MEDIUM_CORRUPT) {
        return false;
    }
    if (!kind_of(result, &kind)) {
        violation(w->c, "medium: a result that no damage explains",
                  "%s %u/%" G_GUINT64_FORMAT ": result %d", way, w->partition, number, (int)result);
        return false;
    }
    if (length > w->room ||
        !allowed_at(w->c, w->partition, number, kind, w->buffer, MIN(length, w->room))) {
        violation(w->c, "medium: wrong object", "%s %u/%" G_GUINT64_FORMAT ": kind %d, %zu bytes",
                  way, w->partition, number, (int)kind, length);
        return false;
    }
    return true;
}

static void read_forwards(Walk *w)
{
    Case *c = w->c;
    GArray *readable = c->readable[w->partition];
    const Tape *tape = c->tape;
    guint end = w->partition < tape->partitions ? tape->objects[w->partition]->len : 0;
    uint64_t i;

    for (i = 0; i < end + BEYOND; i++) {
        MediumPosition position;
        size_t length;

        step("medium: read");
        MediumResult result = medium_read(w->m, w->buffer, w->room, &length);
        bool good;

        if (result == MEDIUM_EOD) {
            break;
        }
        good = judge_object(w, "read", i, result, length);
        g_array_append_val(readable, good);
        medium_position(w->m, &position);
        if (good && !c->mutation->superblock && !c->mutation->forged &&
            c->subject->format == FORMAT_TAPE &&
            position.files != tape_marks_before(tape, w->partition, i + 1)) {
            violation(c, "medium: wrong file number", "after %u/%" G_GUINT64_FORMAT, w->partition,
                      i);
        }
    }
    c->equal =
        c->equal && readable->len <= end && may_end_at(c, w->partition, readable->len) && c->sound;
    for (i = 0; i < readable->len; i++) {
        c->equal = c->equal && g_array_index(readable, bool, i);
    }
    if (i < end && !may_end_at(c, w->partition, i)) {
        violation(c, "medium: damage is the end of data",
                  "partition %u ends at %" G_GUINT64_FORMAT " of %u", w->partition, i, end);
    }
}

/* It has to give what reading forwards gave. */
static void read_backwards(Walk *w)
{
    GArray *readable = w->c->readable[w->partition];
    uint64_t i;

    if (medium_locate(w->m, w->partition, MEDIUM_LOCATE_OBJECT, readable->len) != MEDIUM_OK) {
        return;
    }
    for (i = readable->len; i > 0; i--) {
        size_t length;

        step("medium: read backwards");
        MediumResult result = medium_read_reverse(w->m, w->buffer, w->room, &length);
        bool good = judge_object(w, "read backwards", i - 1, result, length);

        if (good != g_array_index(readable, bool, i - 1)) {
            violation(w->c, "medium: readable in one direction only", "%u/%" G_GUINT64_FORMAT,
                      w->partition, i - 1);
        }
    }
}

static bool same_attribute(TapeMedium *a, TapeMedium *b, uint16_t id)
{
    MediumAttribute x, y;
    MediumResult result = medium_get_attribute(a, 0, id, &x);
    bool same;

    if (medium_get_attribute(b, 0, id, &y) != MEDIUM_OK) {
        g_assert_not_reached();
    }
    same = result == MEDIUM_OK && x.format == y.format && g_bytes_equal(x.value, y.value);
    g_clear_pointer(&x.value, g_bytes_unref);
    g_bytes_unref(y.value);
    return same;
}

/* A cartridge that is not said to be damaged has all its attributes. */
static void judge_attributes(Walk *w)
{
    Case *c = w->c;
    const char *path = "whole.tape";
    g_autoptr(TapeMedium) whole = NULL;
    guint i;

    if (c->subject->attributes->len == 0 || c->damaged || c->mutation->superblock) {
        return;
    }
    image_save(c->subject->image, path);
    whole = medium_open(path, true, executor_inline(), NULL, NULL);
    for (i = 0; i < c->subject->attributes->len; i++) {
        uint16_t id = g_array_index(c->subject->attributes, uint16_t, i);

        if (!same_attribute(w->m, whole, id)) {
            violation(c, "medium: an attribute is gone or wrong, and nothing is said", "%04x", id);
        }
    }
}

/* One character an object. */
static void print_map(const Case *c)
{
    uint32_t p;
    guint i;

    for (p = 0; p < SUBJECT_PARTITIONS && c->readable[p]->len > 0; p++) {
        for (i = 0; i < c->readable[p]->len; i++) {
            note(c, "%c", g_array_index(c->readable[p], bool, i) ? '.' : 'x');
        }
        note(c, "\n");
    }
}

void judge_medium(Case *c)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;
    g_autoptr(TapeMedium) m = NULL;
    g_autofree uint8_t *buffer = g_malloc(ROOM(c));
    Walk walk = { .c = c, .buffer = buffer, .room = ROOM(c) };
    MediumInfo info;

    step("medium: open");
    walk.m = m = medium_open(c->path, true, executor_inline(), &notice, &error);
    c->opens = m != NULL;
    if (!m) {
        return;
    }
    medium_info(m, &info);
    c->damaged = info.damaged;
    c->equal = info.geometry.partitions == c->tape->partitions;
    note(c, "opened: %s, %s, %u partitions\n", notice ? notice : "no notice",
         c->damaged ? "damaged" : "not damaged", info.geometry.partitions);
    for (; walk.partition < MIN(info.geometry.partitions, SUBJECT_PARTITIONS); walk.partition++) {
        if (medium_locate(m, walk.partition, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            violation(c, "medium: cannot go to BOP", "partition %u", walk.partition);
            continue;
        }
        read_forwards(&walk);
        read_backwards(&walk);
    }
    judge_attributes(&walk);
    print_map(c);
}
