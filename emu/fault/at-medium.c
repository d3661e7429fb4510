/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-medium-private.h"

#define MARKS_QUEUED_MAX 16u /* of one command. A longer run of marks is written at once. */

static void at_position(TapeMedium *m, MediumPosition *position)
{
    AtMedium *at = at_medium_of(m);
    MediumPartition partition;
    uint64_t marks;

    medium_position(at->below, position);
    if (at->queue.objects->len > 0) {
        medium_partition(at->below, position->partition, &partition);
        position->object += at->queue.objects->len;
        position->files += at->queue.files;
        position->setmarks += at->queue.setmarks;
        position->used += at->queue.bytes;
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
    position->eod |= at->power.cut_pending;
}

void at_medium_shift(AtMedium *at, int delta)
{
    at->shift += delta;
}

static bool at_wants_previous(const AtMedium *at)
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

/* Keeps the block for kinds that mix it up with the next one. */
static void at_keep_previous(AtMedium *at, const void *data, size_t size)
{
    if (at_wants_previous(at)) {
        g_clear_pointer(&at->previous, g_bytes_unref);
        at->previous = g_bytes_new(data, size);
    }
}

GBytes *at_medium_previous(const AtMedium *at)
{
    return at->previous;
}

static void at_do_read(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    at_medium_queue_flush(at);
    *motion->length = 0;
    motion->result =
        motion->reverse
            ? medium_read_reverse(at->below, motion->buffer, motion->capacity, motion->length)
            : medium_read(at->below, motion->buffer, motion->capacity, motion->length);
}

static void at_do_write(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    g_autoptr(GBytes) both = at_medium_queue_joined(at, motion->data, motion->size);
    gsize size;
    const uint8_t *data = both ? g_bytes_get_data(both, &size) : motion->data;

    motion->result = at_medium_put(at, data, both ? size : motion->size);
}

static void at_do_marks(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    uint64_t left = (uint64_t)motion->count, written;

    /* The queue can become full and close before it has all marks. */
    while (left > 0 && left <= MARKS_QUEUED_MAX && at->queue.open &&
           at->queue.settings.ignores_sync && at_medium_queue_takes(at, MEDIUM_MARK_SIZE)) {
        PendingObject *object = g_new0(PendingObject, 1);

        object->is_mark = true;
        object->mark = motion->mark;
        at_medium_queue_add(at, object);
        left--;
    }
    *motion->moved = (uint64_t)motion->count - left;
    motion->result = MEDIUM_OK;
    if (left > 0 || motion->count == 0) {
        at_medium_queue_flush(at);
        motion->result = medium_write_marks(at->below, motion->mark, left, &written);
        *motion->moved += written;
    }
}

/* Moving backwards ends the faked position. From here on the real object numbers are reported. */
static void at_end_shift(AtMedium *at, const MediumPosition *before)
{
    MediumPosition after;

    medium_position(at->below, &after);
    at->shift = after.object > before->object ? (int64_t)(before->object - after.object) : 0;
}

static void at_do_space(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    at_medium_queue_flush(at);
    *motion->moved = 0;
    motion->result = medium_space(at->below, motion->space, motion->count, motion->stop_at_setmarks,
                                  motion->moved);
    if (motion->count < 0 && motion->space != MEDIUM_SPACE_EOD) {
        at_end_shift(at, &motion->position);
    }
}

static void at_do_locate(FaultMotion *motion)
{
    AtMedium *at = motion->at;

    at_medium_queue_flush(at);
    motion->result = medium_locate(at->below, motion->partition, motion->locate, motion->number);
    if (motion->result != MEDIUM_INVALID) {
        at->shift = 0;
    }
}

void at_medium_below(FaultMotion *motion)
{
    switch (motion->kind) {
    case FAULT_MOTION_READ:
        at_do_read(motion);
        return;
    case FAULT_MOTION_WRITE:
        at_do_write(motion);
        return;
    case FAULT_MOTION_MARKS:
        at_do_marks(motion);
        return;
    case FAULT_MOTION_SPACE:
        at_do_space(motion);
        return;
    case FAULT_MOTION_LOCATE:
        at_do_locate(motion);
        return;
    case FAULT_MOTION_SYNC:
        break;
    }
    g_assert_not_reached();
}

void at_medium_start_lag(AtMedium *at, uint64_t objects, int64_t duration)
{
    at_medium_shift(at, (int)objects);
    at->lag_objects = duration == FAULT_FOR_EVER ? 0 : objects;
    at->lag_ends_at = clock_now(at->plan->clock) + duration;
}

void at_medium_end_lag(AtMedium *at)
{
    uint64_t objects = at->lag_objects;
    MediumPosition position;

    at->lag_objects = 0;
    if (objects > 0 && clock_now(at->plan->clock) >= at->lag_ends_at) {
        medium_position(at->below, &position);
        medium_locate(at->below, position.partition, MEDIUM_LOCATE_OBJECT,
                      position.object + objects);
        at->shift -= (int64_t)objects;
    }
}

/* Performs the motion below, unless a rule replaces it. */
static MediumResult at_run_motion(FaultMotion *motion)
{
    AtMedium *at = motion->at;
    FaultEvent event = { .hook = FAULT_HOOK_MOTION,
                         .motion = motion->kind,
                         .position = &motion->position,
                         .subject = motion };
    unsigned cursor = 0;
    FaultRule *rule;

    at_medium_end_lag(at);
    medium_position(&at->base, &motion->position);
    while ((rule = fault_plan_next(at->plan, &event, &cursor))) {
        if (rule->kind->on_motion(rule, motion)) {
            return motion->result;
        }
    }
    at_medium_below(motion);
    return motion->result;
}

/* The next write reports the failure of a queued object, as real drives do. */
static bool at_take_queue_failure(AtMedium *at, MediumResult *result)
{
    *result = at->failed;
    at->failed = MEDIUM_OK;
    return *result != MEDIUM_OK;
}

static MediumResult at_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    FaultMotion motion = { .at = at_medium_of(m),
                           .kind = FAULT_MOTION_READ,
                           .buffer = buffer,
                           .capacity = capacity,
                           .length = length };
    MediumResult result = at_run_motion(&motion);

    if (result == MEDIUM_OK) {
        at_keep_previous(motion.at, buffer, MIN(capacity, *length));
    }
    return result;
}

static MediumResult at_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    FaultMotion motion = { .at = at_medium_of(m),
                           .kind = FAULT_MOTION_READ,
                           .reverse = true,
                           .buffer = buffer,
                           .capacity = capacity,
                           .length = length };

    return at_run_motion(&motion);
}

static MediumResult at_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    FaultMotion motion = {
        .at = at_medium_of(m), .kind = FAULT_MOTION_WRITE, .data = data, .size = length
    };
    MediumResult result;

    if (at_take_queue_failure(motion.at, &result)) {
        return result;
    }
    result = at_run_motion(&motion);
    at_keep_previous(motion.at, data, length);
    return result;
}

static MediumResult at_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                   uint64_t *written)
{
    FaultMotion motion = { .at = at_medium_of(m),
                           .kind = FAULT_MOTION_MARKS,
                           .mark = mark,
                           .count = (int64_t)MIN(count, G_MAXINT64),
                           .moved = written };
    MediumResult result;

    return at_take_queue_failure(motion.at, &result) ? result : at_run_motion(&motion);
}

static MediumResult at_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                             uint64_t *moved)
{
    FaultMotion motion = { .at = at_medium_of(m),
                           .kind = FAULT_MOTION_SPACE,
                           .space = what,
                           .count = count,
                           .stop_at_setmarks = stop_at_setmarks,
                           .moved = moved };

    return at_run_motion(&motion);
}

static MediumResult at_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number)
{
    FaultMotion motion = { .at = at_medium_of(m),
                           .kind = FAULT_MOTION_LOCATE,
                           .partition = partition,
                           .locate = what,
                           .number = number };

    return motion.at->power.off ? at_medium_power_lose_from(motion.at, partition, number)
                                : at_run_motion(&motion);
}

static MediumResult at_erase(TapeMedium *m, bool to_end_of_partition)
{
    at_medium_queue_flush(at_medium_of(m));
    return medium_erase(at_medium_of(m)->below, to_end_of_partition);
}

static MediumResult at_format(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    AtMedium *at = at_medium_of(m);
    MediumResult result;

    at_medium_queue_flush(at);
    result = medium_format_partitions(at->below, count, capacities);
    at->shift = result == MEDIUM_OK ? 0 : at->shift;
    return result;
}

static MediumResult at_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities)
{
    at_medium_queue_flush(at_medium_of(m));
    return medium_redivide(at_medium_of(m)->below, count, capacities);
}

static void at_on_synced(void *data, MediumResult result)
{
    AtMedium *at = data;

    at->syncing = false;
    if (at->queue.close_after_sync) {
        at->queue.close_after_sync = false;
        at_medium_queue_expire(at);
    }
    at->sync_done(at->sync_data, result); /* may free `at` */
}

static void at_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    AtMedium *at = at_medium_of(m);

    if (!at->queue.open || !at->queue.settings.ignores_sync) {
        at_medium_queue_flush(at);
    }
    g_assert(!at->syncing);
    at->syncing = true;
    at->sync_done = done;
    at->sync_data = data;
    medium_sync(at->below, at_on_synced, at);
}

TapeMedium *at_medium_tape(AtMedium *at)
{
    at_medium_queue_flush(at);
    return at->below;
}

MediumResult at_medium_peek(AtMedium *at)
{
    MediumPosition position;
    MediumResult result;
    size_t length;

    at_medium_queue_flush(at);
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

static MediumResult at_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                     MediumAttribute *attribute)
{
    return medium_get_attribute(at_medium_of(m)->below, partition, id, attribute);
}

static MediumResult at_set_attribute(TapeMedium *m, uint32_t partition,
                                     const MediumAttribute *attribute)
{
    return medium_set_attribute(at_medium_of(m)->below, partition, attribute);
}

static void at_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
    medium_list_attributes(at_medium_of(m)->below, partition, ids);
}

static MediumResult at_set_write_protect(TapeMedium *m, bool on)
{
    at_medium_queue_flush(at_medium_of(m));
    return medium_set_write_protect(at_medium_of(m)->below, on);
}

static void at_set_compression(TapeMedium *m, bool on)
{
    at_medium_queue_flush(at_medium_of(m));
    medium_set_compression(at_medium_of(m)->below, on);
}

static void at_count_load(TapeMedium *m)
{
    medium_count_load(at_medium_of(m)->below);
}

static void at_info(TapeMedium *m, MediumInfo *info)
{
    AtMedium *at = at_medium_of(m);
    medium_info(at->below, info);
    info->write_protected |=
        at->protect && !(at->protect_stale && fault_plan_in_mode_sense(at->plan));
}

static void at_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    medium_partition(at_medium_of(m)->below, number, partition);
}

static const GError *at_host_error(TapeMedium *m)
{
    return medium_host_error(at_medium_of(m)->below);
}

static void at_shell_free(AtMedium *at)
{
    at_medium_queue_close(at);
    *at->place = NULL;
    g_ptr_array_unref(at->queue.objects);
    g_clear_pointer(&at->previous, g_bytes_unref);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    g_free(at);
}

static bool at_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    return medium_fetch(at_medium_of(m)->below, bytes, done, data);
}

static void at_free(TapeMedium *m)
{
    AtMedium *at = at_medium_of(m);
    TapeMedium *below = at->below;

    at_medium_queue_flush(at);
    at_shell_free(at);
    medium_free(below);
}

void at_medium_new(TapeMedium *below, FaultPlan *plan, AtMedium **place)
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
        .cut = at_medium_power_cut,
        .count_load = at_count_load,
        .fetch = at_fetch,
    };
    AtMedium *at = g_new0(AtMedium, 1);

    at->base.ops = &ops;
    at->below = below;
    at->plan = plan;
    at->power.lose_at_most = G_MAXUINT64;
    at->queue.objects = g_ptr_array_new_with_free_func(at_medium_pending_free);
    at->place = place;
    *place = at;
}

TapeMedium *at_medium_medium(AtMedium *at)
{
    return &at->base;
}

bool at_medium_idle(const AtMedium *at)
{
    return !at->queue.open && at->queue.objects->len == 0 && !at->prefix && at->shift == 0 &&
           !at->syncing && !at->protect && at->failed == MEDIUM_OK &&
           at->power.lose_at_most == G_MAXUINT64;
}

TapeMedium *at_medium_take_out(AtMedium *at)
{
    TapeMedium *below = at->below;

    g_assert(at_medium_idle(at));
    at_shell_free(at);
    return below;
}
