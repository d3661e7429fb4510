/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-medium.h"

#include <string.h>

#define QUEUE_BYTES_MAX (256u * 1024 * 1024)
#define MARKS_HELD_MAX  16u /* of one command; more are written at once */

typedef struct Held {
    bool is_mark;
    MediumMark mark;
    GBytes *block;
    unsigned slot;
} Held;

struct AtMedium {
    TapeMedium base;
    TapeMedium *below;
    FaultPlan *plan;

    bool open;
    FaultQueue queue;
    ClockTimer *timer; /* of the queue */
    GPtrArray *held;   /* of Held, oldest first */
    uint64_t held_bytes, held_files, held_setmarks;
    uint64_t keys[256];  /* FAULT_STALE: what each slot's last user left there */
    unsigned slots[256]; /* free ones, last freed first */
    unsigned n_slots;    /* how many of them */
    bool slots_known;
    uint64_t last_key;   /* of the object that went to tape last */
    MediumResult failed; /* a queued object could not be written; not told yet */

    int64_t shift;  /* objects that the host counts and the tape does not have */
    GBytes *prefix; /* waits for the next block, to be one with it */
    GBytes *previous;

    uint64_t lag;     /* objects; 0: none that will be made up for */
    int64_t lag_over; /* when */

    bool protect, protect_stale;
    bool power_off;    /* what is queued is being lost */
    uint64_t lose;     /* objects at most */
    uint64_t tape_end; /* before anything was lost */
    bool cut_later;    /* the tape seems to end at the head, until the power is back… */
    uint32_t cut_partition;
    uint64_t cut_object; /* …and ends there */
    bool syncing, close_after_sync;
    MediumSyncDone sync_done;
    void *sync_data;
};

static AtMedium *at_of(TapeMedium *m)
{
    return (AtMedium *)m;
}

static void held_free(void *data)
{
    Held *held = data;

    g_clear_pointer(&held->block, g_bytes_unref);
    g_free(held);
}

/* ---- where the host believes to be ---- */

static void at_position(TapeMedium *m, MediumPosition *position)
{
    AtMedium *at = at_of(m);
    MediumPartition partition;
    uint64_t marks;

    medium_position(at->below, position);
    if (at->held->len > 0) {
        medium_partition(at->below, position->partition, &partition);
        position->object += at->held->len;
        position->files += at->held_files;
        position->setmarks += at->held_setmarks;
        position->used += at->held_bytes;
        position->eod = true;
        position->early_warning |= position->used >= partition.early_warning;
    }
    if (at->shift < 0) {
        marks = position->files + position->setmarks;
        position->object -= MIN(position->object - marks, (uint64_t)-at->shift);
    } else {
        position->object += (uint64_t)at->shift;
    }
    position->bop = position->object == 0;
    position->eod |= at->cut_later;
}

void at_medium_shift(AtMedium *at, int delta)
{
    at->shift += delta;
}

/* ---- the queue ---- */

static void stop_timer(AtMedium *at)
{
    if (at->timer) {
        clock_cancel(at->plan->clock, at->timer);
        at->timer = NULL;
    }
}

static void close_queue(AtMedium *at)
{
    stop_timer(at);
    at->open = false;
}

/* What it takes of the tape. */
static size_t held_size(const Held *held)
{
    return held->is_mark ? MEDIUM_MARK_SIZE : g_bytes_get_size(held->block);
}

static void note_left(AtMedium *at, const Held *held)
{
    at->held_bytes -= held_size(held);
    if (held->is_mark) {
        at->held_files -= held->mark == MEDIUM_MARK_FILEMARK;
        at->held_setmarks -= held->mark == MEDIUM_MARK_SETMARK;
    }
}

/* One object goes from the queue to tape. */
static void commit(AtMedium *at, guint i)
{
    Held *held = g_ptr_array_steal_index(at->held, i);
    MediumResult result;
    uint64_t written;

    if (held->is_mark) {
        result = medium_write_marks(at->below, held->mark, 1, &written);
    } else {
        gsize size;
        const uint8_t *data = g_bytes_get_data(held->block, &size);

        result = medium_write(at->below, data, size);
    }
    note_left(at, held);
    if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
        at->failed = result; /* somebody will have to hear of it */
        at->shift++;
    }
    at->keys[held->slot] = ++at->last_key;
    at->slots[at->n_slots++] = held->slot;
    held_free(held);
}

/* A driver's elevator that sorts by memory that it never set: it goes upwards through what earlier
 * requests left there. */
static guint lowest_key(const AtMedium *at)
{
    guint i, best = 0;

    for (i = 1; i < at->held->len; i++) {
        const Held *held = g_ptr_array_index(at->held, i);
        const Held *lowest = g_ptr_array_index(at->held, best);

        if (at->keys[held->slot] < at->keys[lowest->slot]) {
            best = i;
        }
    }
    return best;
}

static void swap_ends(AtMedium *at)
{
    void **ends = at->held->pdata;
    void *first = ends[0];

    ends[0] = ends[at->held->len - 1];
    ends[at->held->len - 1] = first;
}

static guint next_by_policy(AtMedium *at)
{
    switch (at->queue.policy) {
    case FAULT_LIFO:
        return at->held->len - 1;
    case FAULT_STALE:
        return lowest_key(at);
    case FAULT_RANDOM:
        return (guint)random_below(&at->queue.rule->random, at->held->len);
    case FAULT_FIFO:
    case FAULT_SWAP:
        break;
    }
    return 0;
}

/* Everything goes to tape, in the order of the policy. */
static void commit_all(AtMedium *at)
{
    if (at->queue.policy == FAULT_SWAP && at->held->len > 1) {
        swap_ends(at);
    }
    while (at->held->len > 0) {
        commit(at, next_by_policy(at));
    }
}

/* Before anything that needs the tape as it is. */
static void settle(AtMedium *at)
{
    if (at->prefix) {
        g_autoptr(GBytes) prefix = g_steal_pointer(&at->prefix);
        gsize size;
        const uint8_t *data = g_bytes_get_data(prefix, &size);

        MediumResult result;

        at->shift--; /* it stands for itself now */
        result = at_medium_put(at, data, size);
        at->failed = result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING ? at->failed : result;
    }
    commit_all(at);
    if (at->open && !at->queue.sliding) {
        close_queue(at);
    }
}

static void on_time(void *data)
{
    AtMedium *at = data;

    at->timer = NULL;
    if (at->syncing) {
        at->close_after_sync = true;
        return;
    }
    commit_all(at);
    close_queue(at);
}

bool at_medium_open_queue(AtMedium *at, const FaultQueue *queue)
{
    if (at->open) {
        return false;
    }
    at->open = true;
    at->queue = *queue;
    if (queue->duration != FAULT_FOR_EVER) {
        at->timer = clock_start(at->plan->clock, queue->duration, on_time, at);
    }
    return true;
}

bool at_medium_queues(const AtMedium *at)
{
    return at->open;
}

bool at_medium_draws_by(const AtMedium *at, const FaultRule *rule)
{
    return at->open && at->queue.rule == rule;
}

/* Would the tape below take it now, and without a warning? Else it must not be promised. */
static bool can_promise(AtMedium *at, size_t size)
{
    MediumPosition position;
    MediumPartition partition;
    MediumInfo info;

    medium_position(at->below, &position);
    medium_info(at->below, &info);
    medium_partition(at->below, position.partition, &partition);
    return !info.write_protected && !(info.geometry.worm && !position.eod) &&
           size <= info.max_block && at->held_bytes + size <= QUEUE_BYTES_MAX &&
           position.used + at->held_bytes + size < MIN(partition.early_warning, partition.capacity);
}

static void enqueue(AtMedium *at, Held *held)
{
    if (!at->slots_known) { /* memory as it happens to be */
        at->slots_known = true;
        for (at->n_slots = 0; at->n_slots < G_N_ELEMENTS(at->slots); at->n_slots++) {
            at->slots[at->n_slots] = at->n_slots;
            at->keys[at->n_slots] = random_below(&at->queue.rule->random, G_N_ELEMENTS(at->slots));
        }
    }
    held->slot = at->slots[--at->n_slots];
    g_ptr_array_add(at->held, held);
    at->held_bytes += held_size(held);
    if (held->is_mark) {
        at->held_files += held->mark == MEDIUM_MARK_FILEMARK;
        at->held_setmarks += held->mark == MEDIUM_MARK_SETMARK;
    }
    if (at->held->len < at->queue.depth) {
        return;
    }
    if (at->queue.sliding) {
        commit(at, next_by_policy(at));
    } else {
        commit_all(at);
        close_queue(at);
    }
}

MediumResult at_medium_put(AtMedium *at, const uint8_t *data, size_t size)
{
    Held *held;

    if (!at->open) {
        return medium_write(at->below, data, size);
    }
    if (!can_promise(at, size)) {
        commit_all(at);
        return medium_write(at->below, data, size);
    }
    held = g_new0(Held, 1);
    held->block = g_bytes_new(data, size);
    enqueue(at, held);
    return MEDIUM_OK;
}

void at_medium_hold_prefix(AtMedium *at, const uint8_t *data, size_t size)
{
    g_assert(!at->prefix);
    at->prefix = g_bytes_new(data, size);
    at->shift++;
}

bool at_medium_joins(const AtMedium *at)
{
    return at->prefix != NULL;
}

/* The block with what waits for it before it; NULL: nothing waits, or both do not fit in one. */
static GBytes *with_prefix(AtMedium *at, const uint8_t *data, size_t size)
{
    MediumInfo info;
    GByteArray *both;
    gsize before;
    const uint8_t *prefix;

    if (!at->prefix) {
        return NULL;
    }
    medium_info(at->below, &info);
    prefix = g_bytes_get_data(at->prefix, &before);
    if (before + size > info.max_block) {
        settle(at);
        return NULL;
    }
    both = g_byte_array_sized_new((guint)(before + size));
    g_byte_array_append(both, prefix, (guint)before);
    g_byte_array_append(both, data, (guint)size);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    return g_byte_array_free_to_bytes(both);
}

/* ---- motions ---- */

static bool wants_previous(const AtMedium *at)
{
    guint i;

    for (i = 0; i < at->plan->rules->len; i++) {
        const FaultRule *rule = g_ptr_array_index(at->plan->rules, i);

        if (rule->kind->wants_previous) {
            return true;
        }
    }
    return false;
}

/* Keeps what was moved, for those who mix it up with the next. */
static void remember(AtMedium *at, const void *data, size_t size)
{
    if (wants_previous(at)) {
        g_clear_pointer(&at->previous, g_bytes_unref);
        at->previous = g_bytes_new(data, size);
    }
}

GBytes *at_medium_previous(const AtMedium *at)
{
    return at->previous;
}

static void do_read(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    settle(at);
    *motion->length = 0;
    motion->result =
        motion->reverse
            ? medium_read_reverse(at->below, motion->buffer, motion->capacity, motion->length)
            : medium_read(at->below, motion->buffer, motion->capacity, motion->length);
}

static void do_write(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    g_autoptr(GBytes) both = with_prefix(at, motion->data, motion->size);
    gsize size;
    const uint8_t *data = both ? g_bytes_get_data(both, &size) : motion->data;

    motion->result = at_medium_put(at, data, both ? size : motion->size);
}

static void do_marks(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    uint64_t left = (uint64_t)motion->count, written;

    /* The queue may be full, and closed, before all of them are in it. */
    while (left > 0 && left <= MARKS_HELD_MAX && at->open && at->queue.lie &&
           can_promise(at, MEDIUM_MARK_SIZE)) {
        Held *held = g_new0(Held, 1);

        held->is_mark = true;
        held->mark = motion->mark;
        enqueue(at, held);
        left--;
    }
    *motion->moved = (uint64_t)motion->count - left;
    motion->result = MEDIUM_OK;
    if (left > 0 || motion->count == 0) {
        settle(at);
        motion->result = medium_write_marks(at->below, motion->mark, left, &written);
        *motion->moved += written;
    }
}

/* Going back, the tape's own numbers are what counts; the lie must not let it seem to go on. */
static void settle_shift(AtMedium *at, const MediumPosition *before)
{
    MediumPosition after;

    medium_position(at->below, &after);
    at->shift = after.object > before->object ? (int64_t)(before->object - after.object) : 0;
}

static void do_space(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    settle(at);
    *motion->moved = 0;
    motion->result = medium_space(at->below, motion->space, motion->count, motion->stop_at_setmarks,
                                  motion->moved);
    if (motion->count < 0 && motion->space != MEDIUM_SPACE_EOD) {
        settle_shift(at, &motion->position);
    }
}

static void do_locate(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    settle(at);
    motion->result = medium_locate(at->below, motion->partition, motion->locate, motion->number);
    if (motion->result != MEDIUM_INVALID) {
        at->shift = 0;
    }
}

void at_medium_below(FaultMotion *motion)
{
    switch (motion->kind) {
    case FAULT_MOTION_READ:
        do_read(motion);
        return;
    case FAULT_MOTION_WRITE:
        do_write(motion);
        return;
    case FAULT_MOTION_MARKS:
        do_marks(motion);
        return;
    case FAULT_MOTION_SPACE:
        do_space(motion);
        return;
    case FAULT_MOTION_LOCATE:
        do_locate(motion);
        return;
    case FAULT_MOTION_SYNC:
        break;
    }
    g_assert_not_reached();
}

void at_medium_lag(AtMedium *at, uint64_t objects, int64_t duration)
{
    at_medium_shift(at, (int)objects);
    at->lag = duration == FAULT_FOR_EVER ? 0 : objects;
    at->lag_over = clock_now(at->plan->clock) + duration;
}

/* The head has got to where it was sent, or is sent elsewhere. */
static void make_up_lag(AtMedium *at)
{
    uint64_t objects = at->lag;
    MediumPosition position;

    at->lag = 0;
    if (objects > 0 && clock_now(at->plan->clock) >= at->lag_over) {
        medium_position(at->below, &position);
        medium_locate(at->below, position.partition, MEDIUM_LOCATE_OBJECT,
                      position.object + objects);
        at->shift -= (int64_t)objects;
    }
}

/* Lets the rules have it, then does it unless one of them took it over. */
static MediumResult run(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    FaultEvent event = { .hook = FAULT_HOOK_MOTION,
                         .motion = motion->kind,
                         .position = &motion->position,
                         .subject = motion };
    unsigned cursor = 0;
    FaultRule *rule;

    make_up_lag(at);
    medium_position(&at->base, &motion->position);
    while ((rule = fault_plan_next(at->plan, &event, &cursor))) {
        if (rule->kind->on_motion(rule, motion)) {
            return motion->result;
        }
    }
    at_medium_below(motion);
    return motion->result;
}

/* A queued object could not be written: the next to write is told, as drives do. */
static bool tell_failure(AtMedium *at, MediumResult *result)
{
    *result = at->failed;
    at->failed = MEDIUM_OK;
    return *result != MEDIUM_OK;
}

static MediumResult at_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    FaultMotion motion = { .at = at_of(m),
                           .kind = FAULT_MOTION_READ,
                           .buffer = buffer,
                           .capacity = capacity,
                           .length = length };
    MediumResult result = run(&motion);

    if (result == MEDIUM_OK) {
        remember(motion.at, buffer, MIN(capacity, *length));
    }
    return result;
}

static MediumResult at_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    FaultMotion motion = { .at = at_of(m),
                           .kind = FAULT_MOTION_READ,
                           .reverse = true,
                           .buffer = buffer,
                           .capacity = capacity,
                           .length = length };

    return run(&motion);
}

static MediumResult at_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    FaultMotion motion = {
        .at = at_of(m), .kind = FAULT_MOTION_WRITE, .data = data, .size = length
    };
    MediumResult result;

    if (tell_failure(motion.at, &result)) {
        return result;
    }
    result = run(&motion);
    remember(motion.at, data, length);
    return result;
}

static MediumResult at_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                   uint64_t *written)
{
    FaultMotion motion = { .at = at_of(m),
                           .kind = FAULT_MOTION_MARKS,
                           .mark = mark,
                           .count = (int64_t)MIN(count, G_MAXINT64),
                           .moved = written };
    MediumResult result;

    return tell_failure(motion.at, &result) ? result : run(&motion);
}

static MediumResult at_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                             uint64_t *moved)
{
    FaultMotion motion = { .at = at_of(m),
                           .kind = FAULT_MOTION_SPACE,
                           .space = what,
                           .count = count,
                           .stop_at_setmarks = stop_at_setmarks,
                           .moved = moved };

    return run(&motion);
}

static MediumResult lose_from(AtMedium *at, uint32_t partition, uint64_t number);

static MediumResult at_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number)
{
    FaultMotion motion = { .at = at_of(m),
                           .kind = FAULT_MOTION_LOCATE,
                           .partition = partition,
                           .locate = what,
                           .number = number };

    return motion.at->power_off ? lose_from(motion.at, partition, number) : run(&motion);
}

static MediumResult at_erase(TapeMedium *m, bool to_end_of_partition)
{
    settle(at_of(m));
    return medium_erase(at_of(m)->below, to_end_of_partition);
}

static MediumResult at_format(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    AtMedium *at = at_of(m);
    MediumResult result;

    settle(at);
    result = medium_format_partitions(at->below, count, capacities);
    at->shift = result == MEDIUM_OK ? 0 : at->shift;
    return result;
}

static MediumResult at_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    settle(at_of(m));
    return medium_redivide(at_of(m)->below, count, capacities);
}

static void on_synced(void *data, MediumResult result)
{
    AtMedium *at = data;

    at->syncing = false;
    if (at->close_after_sync) {
        at->close_after_sync = false;
        on_time(at);
    }
    at->sync_done(at->sync_data, result); /* may free us */
}

static void at_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    AtMedium *at = at_of(m);

    if (!at->open || !at->queue.lie) {
        settle(at);
    }
    g_assert(!at->syncing);
    at->syncing = true;
    at->sync_done = done;
    at->sync_data = data;
    medium_sync(at->below, on_synced, at);
}

/* ---- for kinds ---- */

TapeMedium *at_medium_tape(AtMedium *at)
{
    settle(at);
    return at->below;
}

MediumResult at_medium_peek(AtMedium *at)
{
    MediumPosition position;
    MediumResult result;
    size_t length;

    settle(at);
    medium_position(at->below, &position);
    result = medium_read(at->below, NULL, 0, &length);
    if (result != MEDIUM_EOD && result != MEDIUM_HOST_ERROR) {
        medium_locate(at->below, position.partition, MEDIUM_LOCATE_OBJECT, position.object);
    }
    return result;
}

bool at_medium_before_block(const FaultRule *rule, const void *motion)
{
    const FaultMotion *m = motion;

    return !m->reverse && at_medium_peek(m->at) == MEDIUM_OK;
}

MediumResult at_medium_cut(AtMedium *at)
{
    MediumPosition position;

    medium_position(&at->base, &position);
    return position.eod ? MEDIUM_OK : medium_erase(at->below, false);
}

void at_medium_protect(AtMedium *at, bool on, bool stale)
{
    at->protect = on;
    at->protect_stale = stale;
}

static void drop_queue(AtMedium *at)
{
    g_ptr_array_set_size(at->held, 0);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    at->held_bytes = at->held_files = at->held_setmarks = 0;
    at->slots_known = false;
    at->shift = 0;
    close_queue(at);
}

void at_medium_lose_at_most(AtMedium *at, uint64_t objects)
{
    at->lose = objects == FAULT_ALL ? G_MAXUINT64 : objects;
}

static void drop_last(AtMedium *at)
{
    Held *held = g_ptr_array_steal_index(at->held, at->held->len - 1);

    note_left(at, held);
    held_free(held);
}

/* The power goes: the last ones of the queue are lost, the others had got to the tape. */
static void lose_last(AtMedium *at)
{
    while (at->lose > 0 && at->held->len > 0) {
        drop_last(at);
        at->lose--;
    }
    commit_all(at);
}

void at_medium_reset(AtMedium *at, bool power)
{
    MediumPosition position;

    make_up_lag(at);
    if (!power && at->open && at->queue.lose_on_reset) {
        drop_queue(at);
    } else if (power && at->open && !at->queue.lose_on_power) {
        settle(at);
    } else if (power && at->lose != G_MAXUINT64) {
        lose_last(at);
    }
    at->power_off = power;
    medium_position(at->below, &position);
    at->tape_end = position.object;
}

/* The tape ends at this object of the partition of the head, also a WORM one: what is beyond it was
 * never there. The head stays if it is not beyond it. */
static MediumResult end_tape_at(AtMedium *at, uint64_t object)
{
    MediumPosition head, end;
    MediumResult result;

    medium_position(at->below, &head);
    medium_locate(at->below, head.partition, MEDIUM_LOCATE_EOD, 0);
    medium_position(at->below, &end);
    result = medium_lose(at->below, end.object - MIN(object, end.object));
    if (head.object < object) {
        medium_locate(at->below, head.partition, MEDIUM_LOCATE_OBJECT, head.object);
    }
    return result;
}

/* What the drive took for lost, and was not. */
static void cut_late(AtMedium *at)
{
    MediumPosition head;

    at->cut_later = false;
    medium_position(at->below, &head);
    medium_locate(at->below, at->cut_partition, MEDIUM_LOCATE_OBJECT, 0);
    end_tape_at(at, at->cut_object);
    medium_locate(at->below, head.partition, MEDIUM_LOCATE_OBJECT, head.object);
}

void at_medium_reset_over(AtMedium *at)
{
    if (at->power_off) {
        at->power_off = false;
        at->lose = G_MAXUINT64;
        drop_queue(at);
    }
    if (at->cut_later) {
        cut_late(at);
    }
}

/* The power goes: objects from `number` on are nowhere, those in the queue first. */
static MediumResult lose_from(AtMedium *at, uint32_t partition, uint64_t number)
{
    MediumPosition believed, real;
    uint64_t lost, queued = at->held->len;

    medium_position(&at->base, &believed);
    lost = believed.object > number ? believed.object - number : 0;
    while (at->held->len > 0 && queued - at->held->len < lost) {
        drop_last(at);
    }
    lost -= queued - at->held->len;
    at->shift = number == 0 ? 0 : at->shift;
    medium_position(at->below, &real);
    return medium_locate(at->below, partition, MEDIUM_LOCATE_OBJECT,
                         number == 0 ? 0 : real.object - MIN(lost, real.object));
}

static MediumResult at_cut(TapeMedium *m)
{
    AtMedium *at = at_of(m);
    MediumPosition position;

    medium_position(at->below, &position);
    if (at->power_off && at->tape_end - MIN(at->lose, at->tape_end) > position.object) {
        at->cut_later = true;
        at->cut_partition = position.partition;
        at->cut_object = at->tape_end - at->lose;
        return MEDIUM_OK;
    }
    return end_tape_at(at, position.object);
}

/* ---- what passes ---- */

static MediumResult at_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                     MediumAttribute *attribute)
{
    return medium_get_attribute(at_of(m)->below, partition, id, attribute);
}

static MediumResult at_set_attribute(TapeMedium *m, uint32_t partition,
                                     const MediumAttribute *attribute)
{
    return medium_set_attribute(at_of(m)->below, partition, attribute);
}

static void at_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
    medium_list_attributes(at_of(m)->below, partition, ids);
}

static MediumResult at_set_write_protect(TapeMedium *m, bool on)
{
    settle(at_of(m));
    return medium_set_write_protect(at_of(m)->below, on);
}

static void at_set_compression(TapeMedium *m, bool on)
{
    settle(at_of(m));
    medium_set_compression(at_of(m)->below, on);
}

static void at_count_load(TapeMedium *m)
{
    medium_count_load(at_of(m)->below);
}

static void at_info(TapeMedium *m, MediumInfo *info)
{
    AtMedium *at = at_of(m);
    bool mode_sense = at->plan->cdb[0] == 0x1a || at->plan->cdb[0] == 0x5a;

    medium_info(at->below, info);
    info->write_protected |= at->protect && !(at->protect_stale && mode_sense);
}

static void at_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    medium_partition(at_of(m)->below, number, partition);
}

static const GError *at_host_error(TapeMedium *m)
{
    return medium_host_error(at_of(m)->below);
}

static void shell_free(AtMedium *at)
{
    close_queue(at);
    if (at->plan->at_medium == at) {
        at->plan->at_medium = NULL;
    }
    g_ptr_array_unref(at->held);
    g_clear_pointer(&at->previous, g_bytes_unref);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    g_free(at);
}

static bool at_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    return medium_fetch(at_of(m)->below, bytes, done, data);
}

static void at_free(TapeMedium *m)
{
    AtMedium *at = at_of(m);
    TapeMedium *below = at->below;

    settle(at);
    shell_free(at);
    medium_free(below);
}

AtMedium *at_medium_new(TapeMedium *below, FaultPlan *plan)
{
    static const MediumOps ops = {
        .read = at_read,
        .read_reverse = at_read_reverse,
        .write = at_write,
        .write_marks = at_write_marks,
        .space = at_space,
        .locate = at_locate,
        .erase = at_erase,
        .format_partitions = at_format,
        .redivide = at_redivide,
        .get_attribute = at_get_attribute,
        .set_attribute = at_set_attribute,
        .list_attributes = at_list_attributes,
        .set_write_protect = at_set_write_protect,
        .set_compression = at_set_compression,
        .sync = at_sync,
        .position = at_position,
        .info = at_info,
        .partition = at_partition,
        .host_error = at_host_error,
        .free = at_free,
        .cut = at_cut,
        .count_load = at_count_load,
        .fetch = at_fetch,
    };
    AtMedium *at = g_new0(AtMedium, 1);

    at->base.ops = &ops;
    at->below = below;
    at->plan = plan;
    at->lose = G_MAXUINT64;
    at->held = g_ptr_array_new_with_free_func(held_free);
    plan->at_medium = at;
    return at;
}

TapeMedium *at_medium_medium(AtMedium *at)
{
    return &at->base;
}

bool at_medium_idle(const AtMedium *at)
{
    return !at->open && at->held->len == 0 && !at->prefix && at->shift == 0 && !at->syncing &&
           !at->protect && at->failed == MEDIUM_OK && at->lose == G_MAXUINT64;
}

TapeMedium *at_medium_take_out(AtMedium *at)
{
    TapeMedium *below = at->below;

    g_assert(at_medium_idle(at));
    shell_free(at);
    return below;
}
