/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue: acknowledged blocks and marks that are not on tape yet. */
#include "emu/fault/at-medium-private.h"

#define QUEUE_BYTES_MAX (256u * 1024 * 1024)

void at_medium_pending_free(void *data)
{
    PendingObject *object = data;

    g_clear_pointer(&object->block, g_bytes_unref);
    g_free(object);
}

static void queue_stop_timer(AtMedium *at)
{
    if (at->queue.timer) {
        clock_cancel(at->plan->clock, at->queue.timer);
        at->queue.timer = NULL;
    }
}

void at_medium_queue_close(AtMedium *at)
{
    queue_stop_timer(at);
    if (at->queue.open) {
        at->queue.settings.rule->users--;
        at->queue.open = false;
    }
}

static size_t pending_object_size(const PendingObject *object)
{
    return object->is_mark ? MEDIUM_MARK_SIZE : g_bytes_get_size(object->block);
}

static void queue_count_out(AtMedium *at, const PendingObject *object)
{
    at->queue.bytes -= pending_object_size(object);
    if (object->is_mark) {
        at->queue.files -= object->mark == MEDIUM_MARK_FILEMARK;
        at->queue.setmarks -= object->mark == MEDIUM_MARK_SETMARK;
    }
}

static void queue_commit(AtMedium *at, guint i)
{
    PendingObject *object = g_ptr_array_steal_index(at->queue.objects, i);
    MediumResult result;
    uint64_t written;

    if (object->is_mark) {
        result = medium_write_marks(at->below, object->mark, 1, &written);
    } else {
        gsize size;
        const uint8_t *data = g_bytes_get_data(object->block, &size);

        result = medium_write(at->below, data, size);
    }
    queue_count_out(at, object);
    if (result != MEDIUM_OK && result != MEDIUM_EARLY_WARNING) {
        at->failed = result; /* the next write reports it */
        at->shift++;
    }
    at->queue.keys[object->slot] = ++at->queue.last_key;
    at->queue.slots[at->queue.n_slots++] = object->slot;
    at_medium_pending_free(object);
}

/*
 * Imitates the elevator of a driver that sorts by an uninitialised key. The slots still have the
 * keys of earlier requests.
 */
static guint queue_lowest_key(const AtMedium *at)
{
    guint i, best = 0;

    for (i = 1; i < at->queue.objects->len; i++) {
        const PendingObject *object = g_ptr_array_index(at->queue.objects, i);
        const PendingObject *lowest = g_ptr_array_index(at->queue.objects, best);

        if (at->queue.keys[object->slot] < at->queue.keys[lowest->slot]) {
            best = i;
        }
    }
    return best;
}

static void queue_swap_ends(AtMedium *at)
{
    void **ends = at->queue.objects->pdata;
    void *first = ends[0];

    ends[0] = ends[at->queue.objects->len - 1];
    ends[at->queue.objects->len - 1] = first;
}

static guint queue_next_index(AtMedium *at)
{
    switch (at->queue.settings.policy) {
    case FAULT_LIFO:
        return at->queue.objects->len - 1;
    case FAULT_STALE:
        return queue_lowest_key(at);
    case FAULT_RANDOM:
        return (guint)random_below(&at->queue.settings.rule->random, at->queue.objects->len);
    case FAULT_FIFO:
    case FAULT_SWAP:
        break;
    }
    return 0;
}

void at_medium_queue_commit_all(AtMedium *at)
{
    if (at->queue.settings.policy == FAULT_SWAP && at->queue.objects->len > 1) {
        queue_swap_ends(at);
    }
    while (at->queue.objects->len > 0) {
        queue_commit(at, queue_next_index(at));
    }
}

void at_medium_queue_flush(AtMedium *at)
{
    if (at->prefix) {
        g_autoptr(GBytes) prefix = g_steal_pointer(&at->prefix);
        gsize size;
        const uint8_t *data = g_bytes_get_data(prefix, &size);

        MediumResult result;

        at->shift--; /* the prefix is now an object of its own */
        result = at_medium_put(at, data, size);
        at->failed = result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING ? at->failed : result;
    }
    at_medium_queue_commit_all(at);
    if (at->queue.open && !at->queue.settings.sliding) {
        at_medium_queue_close(at);
    }
}

void at_medium_queue_expire(void *data)
{
    AtMedium *at = data;

    at->queue.timer = NULL;
    if (at->syncing) {
        at->queue.close_after_sync = true;
        return;
    }
    at_medium_queue_commit_all(at);
    at_medium_queue_close(at);
}

bool at_medium_open_queue(AtMedium *at, const FaultQueue *queue)
{
    if (at->queue.open) {
        return false;
    }
    at->queue.open = true;
    at->queue.settings = *queue;
    queue->rule->users++;
    if (queue->duration != FAULT_FOR_EVER) {
        at->queue.timer = clock_start(at->plan->clock, queue->duration, at_medium_queue_expire, at);
    }
    return true;
}

bool at_medium_queues(const AtMedium *at)
{
    return at->queue.open;
}

bool at_medium_queue_takes(AtMedium *at, size_t size)
{
    MediumPosition position;
    MediumPartition partition;
    MediumInfo info;

    medium_position(at->below, &position);
    medium_info(at->below, &info);
    medium_partition(at->below, position.partition, &partition);
    return !info.write_protected && !(info.geometry.worm && !position.eod) &&
           size <= info.max_block && at->queue.bytes + size <= QUEUE_BYTES_MAX &&
           position.used + at->queue.bytes + size <
               MIN(partition.early_warning, partition.capacity);
}

void at_medium_queue_add(AtMedium *at, PendingObject *object)
{
    if (!at->queue.slots_known) { /* arbitrary initial keys */
        at->queue.slots_known = true;
        for (at->queue.n_slots = 0; at->queue.n_slots < G_N_ELEMENTS(at->queue.slots);
             at->queue.n_slots++) {
            at->queue.slots[at->queue.n_slots] = at->queue.n_slots;
            at->queue.keys[at->queue.n_slots] =
                random_below(&at->queue.settings.rule->random, G_N_ELEMENTS(at->queue.slots));
        }
    }
    object->slot = at->queue.slots[--at->queue.n_slots];
    g_ptr_array_add(at->queue.objects, object);
    at->queue.bytes += pending_object_size(object);
    if (object->is_mark) {
        at->queue.files += object->mark == MEDIUM_MARK_FILEMARK;
        at->queue.setmarks += object->mark == MEDIUM_MARK_SETMARK;
    }
    if (at->queue.objects->len < at->queue.settings.depth) {
        return;
    }
    if (at->queue.settings.sliding) {
        queue_commit(at, queue_next_index(at));
    } else {
        at_medium_queue_commit_all(at);
        at_medium_queue_close(at);
    }
}

MediumResult at_medium_put(AtMedium *at, const uint8_t *data, size_t size)
{
    PendingObject *object;

    if (!at->queue.open) {
        return medium_write(at->below, data, size);
    }
    if (!at_medium_queue_takes(at, size)) {
        at_medium_queue_commit_all(at);
        return medium_write(at->below, data, size);
    }
    object = g_new0(PendingObject, 1);
    object->block = g_bytes_new(data, size);
    at_medium_queue_add(at, object);
    return MEDIUM_OK;
}

void at_medium_set_prefix(AtMedium *at, const uint8_t *data, size_t size)
{
    g_assert(!at->prefix);
    at->prefix = g_bytes_new(data, size);
    at->shift++;
}

bool at_medium_joins(const AtMedium *at)
{
    return at->prefix != NULL;
}

GBytes *at_medium_queue_joined(AtMedium *at, const uint8_t *data, size_t size)
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
        at_medium_queue_flush(at);
        return NULL;
    }
    both = g_byte_array_sized_new((guint)(before + size));
    g_byte_array_append(both, prefix, (guint)before);
    g_byte_array_append(both, data, (guint)size);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    return g_byte_array_free_to_bytes(both);
}

void at_medium_queue_drop(AtMedium *at)
{
    g_ptr_array_set_size(at->queue.objects, 0);
    g_clear_pointer(&at->prefix, g_bytes_unref);
    at->queue.bytes = at->queue.files = at->queue.setmarks = 0;
    at->queue.slots_known = false;
    at->shift = 0;
    at_medium_queue_close(at);
}

void at_medium_queue_drop_newest(AtMedium *at)
{
    PendingObject *object = g_ptr_array_steal_index(at->queue.objects, at->queue.objects->len - 1);

    queue_count_out(at, object);
    at_medium_pending_free(object);
}
