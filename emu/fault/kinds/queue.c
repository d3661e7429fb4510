/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues that fail between GOOD and the tape. In buffered mode the drive acknowledges a WRITE when
 * its data has arrived. A failure after that is visible only when the tape is read. A driver that
 * sorts writes by a wrong key produces the same tape.
 */
#include <string.h>

#include "emu/fault/at-medium.h"
#include "emu/fault/kinds.h"

static bool no_queue_is_open(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return !at_medium_queues(motion->at);
}

static bool open_queue(FaultMotion *motion, const FaultQueue *queue)
{
    at_medium_open_queue(motion->at, queue);
    at_medium_below(motion);
    return true;
}

/* ---- reorder ---- */

enum { REORDER_WINDOW, REORDER_POLICY, REORDER_ACROSS };

static bool reorder(FaultRule *rule, FaultMotion *motion)
{
    static const FaultPolicy policies[] = { FAULT_LIFO, FAULT_FIFO, FAULT_SWAP, FAULT_STALE,
                                            FAULT_RANDOM };

    return open_queue(motion, &(FaultQueue){
                                  .rule = rule,
                                  .depth = (unsigned)fault_number(rule, REORDER_WINDOW),
                                  .policy = policies[fault_number(rule, REORDER_POLICY)],
                                  .ignores_sync = fault_number(rule, REORDER_ACROSS),
                                  .duration = FAULT_FOR_EVER,
                              });
}

const FaultKind fault_queue_reorder = {
    .name = "queue.reorder",
    .about = "GOOD early, then up to `window` blocks go to tape in another order",
    .right = "nothing shows it but a comparison of the contents: verify after writing",
    .evidence = "KB 817765, KB 150302; a posted-write mutant of usb-storage leaves the same tape",
    .example = "{name: queue.reorder, on: \"WRITE(6)#20\", window: 4, policy: swap}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "window", "blocks that are delayed", FAULT_NUMBER, "2", 2, 128 },
                { "policy", "the order in which they are written", FAULT_CHOICE, "lifo",
                  .words = "lifo fifo swap stale-key random" },
                { "across-sync", "filemarks and synchronising commands do not empty the queue",
                  FAULT_BOOL, "false" } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = no_queue_is_open,
    .on_motion = reorder,
};

/* ---- hold ---- */

enum { HOLD_RECORDS, HOLD_FOR };

static bool hold(FaultRule *rule, FaultMotion *motion)
{
    return open_queue(motion, &(FaultQueue){
                                  .rule = rule,
                                  .depth = (unsigned)fault_number(rule, HOLD_RECORDS) + 1,
                                  .policy = FAULT_FIFO,
                                  .sliding = true,
                                  .duration = fault_number(rule, HOLD_FOR),
                              });
}

const FaultKind fault_queue_hold = {
    .name = "queue.hold",
    .about = "up to `records` acknowledged blocks stay off the tape until synced or `for` is over",
    .right = "nothing to do: that is buffered mode",
    .evidence = "buffered mode, SSC-3; blocks that queue faults need",
    .example = "{name: queue.hold, on: \"WRITE(6)#20\", records: 16, for: 30s}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "records", "blocks that are delayed", FAULT_NUMBER, "8", 1, 127 },
                { "for", "how long", FAULT_DURATION, "forever", -1 } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = no_queue_is_open,
    .on_motion = hold,
};

/* ---- early-good ---- */

enum { EARLY_DEPTH, EARLY_LOSE, EARLY_ACROSS };

static bool early_good(FaultRule *rule, FaultMotion *motion)
{
    int64_t lose = fault_number(rule, EARLY_LOSE);

    return open_queue(motion, &(FaultQueue){
                                  .rule = rule,
                                  .depth = (unsigned)fault_number(rule, EARLY_DEPTH) + 1,
                                  .policy = FAULT_FIFO,
                                  .sliding = true,
                                  .ignores_sync = fault_number(rule, EARLY_ACROSS),
                                  .lose_on_power = lose != 2,
                                  .lose_on_reset = lose == 1,
                                  .duration = FAULT_FOR_EVER,
                              });
}

const FaultKind fault_queue_early_good = {
    .name = "queue.early-good",
    .about = "GOOD for up to `depth` objects that are not on tape, and that a power cut or reset "
             "discards",
    .right = "after a reset or power cut, read the position and write again from what is there",
    .evidence = "buffered mode that lies: GOOD to WRITE FILEMARKS with nothing synced",
    .example = "{name: queue.early-good, on: \"WRITE(6)#20\", depth: 32, lose-on: reset}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "depth", "objects that are delayed", FAULT_NUMBER, "16", 1, 127 },
                { "lose-on", "what takes them; reset: a port reset too", FAULT_CHOICE, "power-cut",
                  .words = "power-cut reset never" },
                { "across-sync", "filemarks and synchronising commands do not empty the queue",
                  FAULT_BOOL, "true" } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = no_queue_is_open,
    .on_motion = early_good,
};

/* ---- single blocks ---- */

static bool drop(FaultRule *rule, FaultMotion *motion)
{
    motion->result = at_medium_cut(motion->at);
    if (motion->result == MEDIUM_OK) {
        at_medium_shift(motion->at, 1);
    }
    return true;
}

const FaultKind fault_queue_drop = {
    .name = "queue.drop",
    .about = "GOOD for a block that never reaches the tape",
    .right = "nothing shows it but the number of blocks read back: verify after writing",
    .evidence = "a mutant of usb-storage that drops one write: tar -c ends well, tar -d does not",
    .example = "{name: queue.drop, record: 12}",
    .class_ = FAULT_DESTRUCTIVE,
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .on_motion = drop,
};

static bool duplicate(FaultRule *rule, FaultMotion *motion)
{
    at_medium_below(motion);
    if (motion->result == MEDIUM_OK) {
        motion->result = at_medium_put(motion->at, motion->data, motion->size);
        at_medium_shift(motion->at, -1);
    }
    return true;
}

const FaultKind fault_queue_duplicate = {
    .name = "queue.duplicate",
    .about = "a block is written twice",
    .right = "nothing shows it but a comparison of the contents",
    .evidence = "a retry without a look at the position",
    .example = "{name: queue.duplicate, record: 12}",
    .class_ = FAULT_DESTRUCTIVE,
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .on_motion = duplicate,
};

enum { TORN_KEEP, TORN_REST };
enum { REST_CUT, REST_ZERO, REST_STALE };

static bool longer_than_kept(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->size > (size_t)fault_number(rule, TORN_KEEP);
}

static bool tear(FaultRule *rule, FaultMotion *motion)
{
    size_t keep = (size_t)fault_number(rule, TORN_KEEP);
    GBytes *previous = at_medium_previous(motion->at);
    g_autofree uint8_t *torn = g_malloc0(motion->size);
    const uint8_t *whole = motion->data;
    gsize stale = 0;
    const uint8_t *rest = previous ? g_bytes_get_data(previous, &stale) : NULL;

    if (fault_number(rule, TORN_REST) == REST_STALE && rest) {
        memcpy(torn, rest, MIN(stale, motion->size));
    }
    memcpy(torn, whole, keep);
    motion->data = torn;
    motion->size = fault_number(rule, TORN_REST) == REST_CUT ? keep : motion->size;
    at_medium_below(motion);
    motion->data = whole;
    return true;
}

const FaultKind fault_queue_torn_record = {
    .name = "queue.torn-record",
    .about = "only the first `keep` bytes of a block are its own",
    .right = "nothing shows it but a comparison of the contents, or of the lengths (rest: cut)",
    .evidence = "a transfer that ends early and is committed all the same",
    .example = "{name: queue.torn-record, record: 12, keep: 4KiB, rest: stale}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "keep", "bytes that are right", FAULT_SIZE, "512", 1, MEDIUM_BLOCK_MAX },
                { "rest", "what follows them; stale: the block before", FAULT_CHOICE, "zero",
                  .words = "cut zero stale" } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .wants_previous = true,
    .fits = longer_than_kept,
    .on_motion = tear,
};

static bool merge(FaultRule *rule, FaultMotion *motion)
{
    motion->result = at_medium_cut(motion->at);
    if (motion->result == MEDIUM_OK) {
        at_medium_set_prefix(motion->at, motion->data, motion->size);
    }
    return true;
}

static bool nothing_is_joined(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return !at_medium_joins(motion->at);
}

const FaultKind fault_queue_merge = {
    .name = "queue.merge",
    .about = "a block and the next one become one",
    .right = "reading shows a longer block: a variable-block host must notice the length",
    .evidence = "fixed and variable block mode mixed up",
    .example = "{name: queue.merge, record: 12}",
    .class_ = FAULT_DESTRUCTIVE,
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = nothing_is_joined,
    .on_motion = merge,
};

enum { SPLIT_AT };

static bool longer_than_split(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    return motion->size > (size_t)fault_number(rule, SPLIT_AT);
}

static bool split(FaultRule *rule, FaultMotion *motion)
{
    size_t at = (size_t)fault_number(rule, SPLIT_AT), size = motion->size;

    motion->size = at;
    at_medium_below(motion);
    motion->size = size;
    if (motion->result == MEDIUM_OK) {
        motion->result = at_medium_put(motion->at, motion->data + at, size - at);
        at_medium_shift(motion->at, -1);
    }
    return true;
}

const FaultKind fault_queue_split = {
    .name = "queue.split",
    .about = "a block becomes two, the first of `at` bytes",
    .right = "reading shows a shorter block: a variable-block host must notice the length",
    .evidence = "fixed and variable block mode mixed up",
    .example = "{name: queue.split, record: 12, at: 4KiB}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "at", "length of the first part", FAULT_SIZE, "512", 1, MEDIUM_BLOCK_MAX } },
    .only = FAULT_WRITES,
    .motions = FAULT_MOTION_WRITE,
    .fits = longer_than_split,
    .on_motion = split,
};

/* ---- the wrong buffer ---- */

enum { STALE_SOURCE };
enum { SOURCE_PREVIOUS, SOURCE_NEXT };

static bool has_source(const FaultRule *rule, const void *subject)
{
    const FaultMotion *motion = subject;

    if (motion->kind == FAULT_MOTION_READ) {
        return at_medium_before_block(rule, motion) &&
               (fault_number(rule, STALE_SOURCE) == SOURCE_NEXT || at_medium_previous(motion->at));
    }
    return fault_number(rule, STALE_SOURCE) == SOURCE_PREVIOUS && at_medium_previous(motion->at);
}

static void write_stale(FaultMotion *motion)
{
    gsize stale;
    const uint8_t *bytes = g_bytes_get_data(at_medium_previous(motion->at), &stale);
    g_autofree uint8_t *mixed = g_memdup2(motion->data, motion->size);
    const uint8_t *own = motion->data;

    memcpy(mixed, bytes, MIN(stale, motion->size));
    motion->data = mixed;
    at_medium_below(motion);
    motion->data = own;
}

/* Replaces this block by the next one. The head ends after this block, as usual. */
static void read_next(FaultMotion *motion)
{
    TapeMedium *tape = at_medium_tape(motion->at);
    g_autofree uint8_t *next = g_malloc(motion->capacity + 1);
    MediumPosition position;
    size_t length;

    at_medium_below(motion);
    medium_position(tape, &position);
    if (medium_read(tape, next, motion->capacity, &length) == MEDIUM_OK) {
        memcpy(motion->buffer, next, MIN(motion->capacity, length));
        *motion->length = length;
    }
    medium_locate(tape, position.partition, MEDIUM_LOCATE_OBJECT, position.object);
}

static void read_stale(FaultMotion *motion)
{
    gsize stale;
    const uint8_t *bytes = g_bytes_get_data(at_medium_previous(motion->at), &stale);

    at_medium_below(motion);
    memcpy(motion->buffer, bytes, MIN(stale, MIN(motion->capacity, *motion->length)));
}

static bool stale_buffer(FaultRule *rule, FaultMotion *motion)
{
    if (motion->kind == FAULT_MOTION_WRITE) {
        write_stale(motion);
    } else if (fault_number(rule, STALE_SOURCE) == SOURCE_NEXT) {
        read_next(motion);
    } else {
        read_stale(motion);
    }
    return true;
}

const FaultKind fault_queue_stale_buffer = {
    .name = "queue.stale-buffer",
    .about = "a block is moved with the bytes of another: the one before, or the next (reading)",
    .right = "nothing shows it but a comparison of the contents",
    .evidence = "\"device might leave CSW in buffer\" (Linux usb-storage); buffers used again "
                "too early",
    .example = "{name: queue.stale-buffer, on: \"WRITE(6)#20\", source: previous}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "source", "whose bytes", FAULT_CHOICE, "previous", .words = "previous next" } },
    .only = FAULT_WRITES ", " FAULT_READS,
    .motions = FAULT_MOTION_WRITE | FAULT_MOTION_READ,
    .wants_previous = true,
    .fits = has_source,
    .on_motion = stale_buffer,
};
