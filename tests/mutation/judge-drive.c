/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A damaged cartridge in a drive: reading, spacing, locating, and serving it to a host that writes.
 */
#include "tests/mutation/host.h"
#include "tests/mutation/mutation.h"

#include <string.h>

enum {
    BEYOND = 8, /* objects that are read beyond the true end */
    MOTIONS = 12,
    SPACE_BLOCKS = 0,
    SPACE_FILEMARKS = 1,
    SPACE_END = 3,
    TO_OBJECT = 0,
    TO_FILE = 1,
    TO_END = 3,
    NEW_LENGTH = 700,
    NEW_BLOCKS = 3,
};

typedef struct Ride {
    Case *c;
    Host *host;
    uint32_t partition;
} Ride;

static bool exact(const Case *c)
{
    return !c->mutation->superblock && !c->mutation->forged && c->sound;
}

static guint count_of(const Case *c, uint32_t partition)
{
    const Tape *tape = c->tape;

    return partition < tape->partitions ? tape->objects[partition]->len : 0;
}

/* ── reading ── */

/* One READ at `*at`, which goes on. False: no more of it. */
static bool read_one(Ride *r, uint64_t *at)
{
    bool good = host_read(r->host, ROOM(r->c)), filemark, setmark, damage, end;
    g_autofree uint8_t *bytes = g_memdup2(r->host->in->data, r->host->in->len);
    size_t length = r->host->in->len;
    HostPosition position;

    filemark = host_sense(r->host, SENSE_FILEMARK_DETECTED);
    setmark = host_sense(r->host, SENSE_SETMARK_DETECTED);
    damage = host_sense_key(r->host) == SENSE_KEY_MEDIUM_ERROR;
    end = host_sense(r->host, SENSE_END_OF_DATA);
    if (!good && !filemark && !setmark && !damage && !end) {
        violation(r->c, "drive: an answer that no damage explains",
                  "READ at %u/%" G_GUINT64_FORMAT ": %s", r->partition, *at, host_answer(r->host));
        return false;
    }
    if (!host_position(r->host, &position) || position.partition != r->partition) {
        violation(r->c, "drive: READ POSITION fails", "%s", host_answer(r->host));
        return false;
    }
    if (end) {
        if (!may_end_at(r->c, r->partition, position.object)) {
            violation(r->c, "drive: damage is the end of data", "%u/%" G_GUINT64_FORMAT " of %u",
                      r->partition, position.object, count_of(r->c, r->partition));
        }
        return false;
    }
    if (position.object != *at + 1) {
        violation(r->c, "drive: READ does not go on by one object", "%u/%" G_GUINT64_FORMAT ": %s",
                  r->partition, *at, host_answer(r->host));
        return false;
    }
    if ((good && !allowed_at(r->c, r->partition, position.object - 1, BLOCK, bytes, length)) ||
        (filemark && !allowed_at(r->c, r->partition, position.object - 1, FILEMARK, NULL, 0)) ||
        (setmark && !allowed_at(r->c, r->partition, position.object - 1, SETMARK, NULL, 0))) {
        violation(r->c, "drive: wrong object", "%s at %u/%" G_GUINT64_FORMAT,
                  good       ? "a block"
                  : filemark ? "a filemark"
                             : "a setmark",
                  r->partition, position.object - 1);
    }
    if ((good || filemark || setmark) && exact(r->c) && position.marks_known &&
        position.files != tape_marks_before(r->c->tape, r->partition, position.object)) {
        violation(r->c, "drive: wrong file number", "after reading %u/%" G_GUINT64_FORMAT,
                  r->partition, position.object - 1);
    }
    *at = position.object;
    return true;
}

static void read_partition(Ride *r)
{
    uint64_t at = 0;

    do {
        step("drive: read");
    } while (at < count_of(r->c, r->partition) + BEYOND && read_one(r, &at));
}

/* ── moving ── */

/* Where SPACE over blocks gets to; `*good`: it passes all of them. */
static uint64_t space_blocks_from(const Tape *tape, uint32_t partition, uint64_t at, int32_t count,
                                  bool *good)
{
    *good = true;
    while (count != 0) {
        bool back = count < 0;
        const Object *object;

        if (back ? at == 0 : at >= tape->objects[partition]->len) {
            *good = false;
            return at;
        }
        object = tape_object(tape, partition, (guint)(back ? at - 1 : at));
        at = back ? at - 1 : at + 1;
        if (object->kind != BLOCK) {
            *good = false;
            return at;
        }
        count += back ? 1 : -1;
    }
    return at;
}

/* The place beyond the `count`th filemark in that direction; with `stop`, setmarks end it. */
static uint64_t space_files_from(const Tape *tape, uint32_t partition, uint64_t at, int32_t count,
                                 bool stop, bool *good)
{
    *good = true;
    while (count != 0) {
        bool back = count < 0;
        const Object *object;

        if (back ? at == 0 : at >= tape->objects[partition]->len) {
            *good = false;
            return at;
        }
        object = tape_object(tape, partition, (guint)(back ? at - 1 : at));
        at = back ? at - 1 : at + 1;
        if (object->kind == SETMARK && stop) {
            *good = false;
            return at;
        }
        count += object->kind == FILEMARK ? (back ? 1 : -1) : 0;
    }
    return at;
}

/* Where the drive says that it is, when the truth is `truth`. */
static void judge_place(Ride *r, const char *what, uint64_t truth)
{
    const Tape *tape = r->c->tape;
    HostPosition position;

    if (!host_position(r->host, &position)) {
        violation(r->c, "drive: READ POSITION fails", "%s", host_answer(r->host));
    } else if (position.partition != r->partition || position.object != truth) {
        violation(r->c, "drive: GOOD at a wrong place",
                  "%s in partition %u: at %u/%" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, what,
                  r->partition, position.partition, position.object, truth);
    } else if (position.marks_known &&
               position.files != tape_marks_before(tape, r->partition, truth)) {
        violation(r->c, "drive: wrong file number", "%s: at %u/%" G_GUINT64_FORMAT, what,
                  r->partition, truth);
    }
}

/* The drive says EOD. */
static void judge_end(Ride *r, const char *what)
{
    HostPosition position;

    if (host_position(r->host, &position) && !may_end_at(r->c, r->partition, position.object)) {
        violation(r->c, "drive: damage is the end of data", "%s: %u/%" G_GUINT64_FORMAT, what,
                  r->partition, position.object);
    }
}

static void judge_space(Ride *r, unsigned code, uint64_t from, int32_t count)
{
    const Tape *tape = r->c->tape;
    g_autofree char *what = g_strdup_printf("SPACE %d %s from %" G_GUINT64_FORMAT, count,
                                            code == SPACE_BLOCKS ? "blocks" : "filemarks", from);
    bool passes;
    uint64_t truth = code == SPACE_BLOCKS
                         ? space_blocks_from(tape, r->partition, from, count, &passes)
                         : space_files_from(tape, r->partition, from, count, true, &passes);
    step("drive: space");
    bool good = host_space(r->host, code, count);
    bool mark =
        host_sense(r->host, SENSE_FILEMARK_DETECTED) || host_sense(r->host, SENSE_SETMARK_DETECTED);

    if (host_sense_key(r->host) == SENSE_KEY_MEDIUM_ERROR) {
        return;
    }
    if (host_sense(r->host, SENSE_END_OF_DATA)) {
        judge_end(r, what);
    } else if (good == passes && (good || mark || count < 0)) {
        judge_place(r, what, truth);
    } else {
        violation(r->c, "drive: SPACE ends otherwise than it should", "%s in partition %u: %s",
                  what, r->partition, host_answer(r->host));
    }
}

/* True: the drive went there. */
static bool judge_locate(Ride *r, unsigned type, uint64_t number)
{
    const Tape *tape = r->c->tape;
    g_autofree char *what = g_strdup_printf("LOCATE %s %" G_GUINT64_FORMAT,
                                            type == TO_OBJECT ? "object" : "file", number);
    uint64_t truth = number;
    bool there = true;

    if (type == TO_FILE) {
        truth = space_files_from(tape, r->partition, 0, (int32_t)number, false, &there);
    }
    step("drive: locate");
    if (host_locate(r->host, r->partition, type, number)) {
        judge_place(r, what, truth);
        return true;
    }
    if (host_sense(r->host, SENSE_END_OF_DATA)) {
        judge_end(r, what);
    } else if (host_sense_key(r->host) != SENSE_KEY_MEDIUM_ERROR) {
        violation(r->c, "drive: an answer that no damage explains", "%s: %s", what,
                  host_answer(r->host));
    }
    return false;
}

static void move_about(Ride *r)
{
    int32_t n = (int32_t)count_of(r->c, r->partition), i;
    int32_t files = (int32_t)tape_marks_before(r->c->tape, r->partition, (uint64_t)n);

    for (i = 0; i < MOTIONS && n > 0; i++) {
        uint64_t from = (uint64_t)g_rand_int_range(r->c->rand, 0, n);

        if (judge_locate(r, TO_OBJECT, from)) {
            judge_space(r, SPACE_BLOCKS, from, g_rand_int_range(r->c->rand, -n, n + 1));
        }
        judge_locate(r, TO_FILE, (uint64_t)g_rand_int_range(r->c->rand, 0, files + 1));
        if (judge_locate(r, TO_OBJECT, from)) {
            judge_space(r, SPACE_FILEMARKS, from, g_rand_int_range(r->c->rand, -files, files + 1));
        }
    }
    if (host_locate(r->host, r->partition, TO_OBJECT, 0) && host_space(r->host, SPACE_END, 0)) {
        judge_end(r, "SPACE to EOD");
    }
}

void judge_drive(Case *c)
{
    TapeMedium *m = c->opens ? medium_open(c->path, true, executor_inline(), NULL, NULL) : NULL;
    g_autoptr(Host) host = NULL;
    Ride ride = { .c = c };
    MediumInfo info;

    step("drive: load");
    if (!m) {
        return;
    }
    medium_info(m, &info);
    host = ride.host = host_new(m);
    if (host->task.status != SCSI_GOOD) {
        note(c, "the drive does not take it: %s\n", host_answer(host));
        return;
    }
    for (; ride.partition < MIN(info.geometry.partitions, SUBJECT_PARTITIONS); ride.partition++) {
        step("drive: locate BOP");
        if (!host_locate(host, ride.partition, TO_OBJECT, 0)) {
            violation(c, "drive: cannot go to BOP", "partition %u: %s", ride.partition,
                      host_answer(host));
            continue;
        }
        read_partition(&ride);
        if (exact(c) && ride.partition < c->tape->partitions) {
            move_about(&ride);
        }
    }
}

/* ── serving ── */

static void fill_new(uint8_t *bytes, unsigned number)
{
    memset(bytes, 0xa0 + (int)number, NEW_LENGTH);
    memcpy(bytes, "NEW", 3);
}

/* No command that writes may do anything. */
static void try_to_write(Case *c, Host *host)
{
    uint8_t bytes[NEW_LENGTH];
    HostPosition position;
    unsigned i;

    fill_new(bytes, 0);
    for (i = 0; i < 2; i++) {
        if (!host_locate(host, 0, i == 0 ? TO_OBJECT : TO_END, 0) ||
            !host_position(host, &position)) {
            continue;
        }
        if (host_write(host, bytes, sizeof bytes) ||
            host_sense_key(host) != SENSE_KEY_DATA_PROTECT) {
            violation(c, "serve: a damaged cartridge is written to",
                      "WRITE at %" G_GUINT64_FORMAT ": %s", position.object, host_answer(host));
        }
        if (host_filemark(host) || host_sense_key(host) != SENSE_KEY_DATA_PROTECT) {
            violation(c, "serve: a damaged cartridge is written to",
                      "WRITE FILEMARKS at %" G_GUINT64_FORMAT ": %s", position.object,
                      host_answer(host));
        }
    }
}

static void judge_untouched(Case *c, const char *path, const char *why)
{
    g_autoptr(Image) now = image_load(path);

    if (!image_equal(now, c->mutation->image)) {
        violation(c, "serve: a damaged file was changed", "%s", why);
    }
}

/* Was it readable, and is it no longer? */
static bool is_lost(const Case *c, uint32_t partition, uint64_t number, MediumResult result)
{
    if (number >= c->readable[partition]->len ||
        !g_array_index(c->readable[partition], bool, number)) {
        return false;
    }
    return result == MEDIUM_EOD || result == MEDIUM_HOST_ERROR || result == MEDIUM_READ_ERROR ||
           result == MEDIUM_CORRUPT;
}

/* What is on the tape now: what was readable, and from `at` on in `partition` what was written. */
static void judge_after(Case *c, const char *path, uint32_t partition, uint64_t at)
{
    g_autoptr(TapeMedium) m = medium_open(path, true, executor_inline(), NULL, NULL);
    g_autofree uint8_t *buffer = g_malloc(ROOM(c));
    uint8_t new[NEW_LENGTH];
    uint32_t p;

    if (!m) {
        violation(c, "serve: what was served does not open any more", "%s", path);
        return;
    }
    for (p = 0; p < SUBJECT_PARTITIONS && c->readable[p]->len > 0; p++) {
        uint64_t end = p == partition ? at : c->readable[p]->len, i;

        medium_locate(m, p, MEDIUM_LOCATE_OBJECT, 0);
        for (i = 0; i < end + (p == partition ? NEW_BLOCKS + 1 : 0); i++) {
            size_t length;
            MediumResult result = medium_read(m, buffer, ROOM(c), &length);

            fill_new(new, (unsigned)(i - end));
            if (i >= end && i < end + NEW_BLOCKS ? result != MEDIUM_OK || length != NEW_LENGTH ||
                                                       memcmp(buffer, new, NEW_LENGTH) != 0
                                                 : i >= end && result != MEDIUM_FILEMARK) {
                violation(c, "serve: acknowledged objects are gone",
                          "%u/%" G_GUINT64_FORMAT ": result %d", p, i, (int)result);
            }
            if (i < end && (is_lost(c, p, i, result) ||
                            (result == MEDIUM_OK && !allowed_at(c, p, i, BLOCK, buffer, length)))) {
                violation(c, "serve: what was readable is lost",
                          "%u/%" G_GUINT64_FORMAT ": result %d", p, i, (int)result);
            }
        }
    }
}

/* Writes at the end, or over the middle, of a cartridge that is not known to be damaged. */
static void write_some(Case *c, Host **host, const char *path, bool append)
{
    uint32_t partition = (uint32_t)g_rand_int_range(c->rand, 0, (gint32)c->tape->partitions);
    uint8_t bytes[NEW_LENGTH];
    HostPosition position;
    unsigned i;

    uint64_t middle = c->readable[partition]->len / 2;

    if (!host_locate(*host, partition, append ? TO_END : TO_OBJECT, append ? 0 : middle) ||
        !host_position(*host, &position)) {
        return;
    }
    if (append && !may_end_at(c, partition, position.object) && !c->mutation->forged) {
        violation(c, "serve: appends within the data", "%u/%" G_GUINT64_FORMAT, partition,
                  position.object);
        return;
    }
    for (i = 0; i < NEW_BLOCKS; i++) {
        fill_new(bytes, i);
        if (!host_write(*host, bytes, NEW_LENGTH)) {
            break;
        }
    }
    if (i < NEW_BLOCKS || !host_filemark(*host)) {
        if (host_sense_key(*host) != SENSE_KEY_DATA_PROTECT &&
            host_sense_key(*host) != SENSE_KEY_MEDIUM_ERROR &&
            host_sense_key(*host) != SENSE_KEY_VOLUME_OVERFLOW &&
            !host_sense(*host, SENSE_END_OF_MEDIUM_DETECTED)) {
            violation(c, "serve: an answer that no damage explains", "WRITE: %s",
                      host_answer(*host));
        }
        return;
    }
    if (!append && c->subject->worm && !c->mutation->forged) {
        violation(c, "serve: WORM is overwritten", "%u/%" G_GUINT64_FORMAT, partition,
                  position.object);
    }
    g_clear_pointer(host, host_free);
    judge_after(c, path, partition, position.object);
}

static void serve_once(Case *c, bool append)
{
    static const char *const names[] = { "serve.tape", "serve.tap", "serve.aws" };
    const char *path = names[c->subject->format];
    g_autoptr(Host) host = NULL;
    TapeMedium *m;
    MediumInfo info;

    image_save(c->mutation->image, path);
    m = medium_open(path, false, executor_inline(), NULL, NULL);
    if (!m) {
        judge_untouched(c, path, "it cannot be opened");
        return;
    }
    medium_info(m, &info);
    host = host_new(m);
    if (host->task.status != SCSI_GOOD) {
        return;
    }
    if (info.damaged && !info.write_protected && !c->mutation->attributes &&
        !c->mutation->superblock) {
        violation(c, "serve: known to be damaged, and not write-protected", "%s", path);
    }
    if (info.damaged && info.write_protected) {
        try_to_write(c, host);
        g_clear_pointer(&host, host_free);
        if (!info.tab) { /* with the tab set it is served as if it were whole, and that is counted
                          */
            judge_untouched(c, path, "it is known to be damaged");
        }
        return;
    }
    if (info.geometry.partitions == c->tape->partitions) {
        write_some(c, &host, path, append);
    }
}

void judge_serving(Case *c)
{
    step("serve: append");
    serve_once(c, true);
    step("serve: overwrite");
    serve_once(c, false);
}
