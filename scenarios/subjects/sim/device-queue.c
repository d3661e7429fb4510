/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/device-queue.h"

void device_queue_init(DeviceQueue *queue)
{
    g_queue_init(&queue->entries);
    queue->busy = false;
}

bool device_queue_is_empty(const DeviceQueue *queue)
{
    return queue->entries.length == 0;
}

unsigned device_queue_length(const DeviceQueue *queue)
{
    return queue->entries.length;
}

static void insert_before(DeviceQueue *queue, GList *sibling, DeviceQueueEntry *entry)
{
    g_assert(!entry->inserted);
    entry->inserted = true;
    entry->node = (GList){ .data = entry };
    g_queue_insert_before_link(&queue->entries, sibling, &entry->node);
}

/* Was it busy? It is now. */
static bool make_busy(DeviceQueue *queue)
{
    bool was = queue->busy;

    queue->busy = true;
    return was;
}

bool device_queue_insert(DeviceQueue *queue, DeviceQueueEntry *entry)
{
    if (!make_busy(queue)) {
        return false;
    }
    insert_before(queue, NULL, entry);
    return true;
}

bool device_queue_insert_by_key(DeviceQueue *queue, DeviceQueueEntry *entry, uint32_t key)
{
    GList *at;

    entry->sort_key = key;
    if (!make_busy(queue)) {
        return false;
    }
    for (at = queue->entries.head; at; at = at->next) {
        if (((DeviceQueueEntry *)at->data)->sort_key > key) {
            break;
        }
    }
    insert_before(queue, at, entry);
    return true;
}

bool device_queue_insert_at_head(DeviceQueue *queue, DeviceQueueEntry *entry)
{
    if (!make_busy(queue)) {
        return false;
    }
    insert_before(queue, queue->entries.head, entry);
    return true;
}

bool device_queue_insert_before(DeviceQueue *queue, DeviceQueueEntry *sibling,
                                DeviceQueueEntry *entry)
{
    if (!make_busy(queue)) {
        return false;
    }
    insert_before(queue, &sibling->node, entry);
    return true;
}

static DeviceQueueEntry *take(DeviceQueue *queue, GList *at)
{
    DeviceQueueEntry *entry;

    if (!at) {
        queue->busy = false;
        return NULL;
    }
    entry = at->data;
    g_queue_unlink(&queue->entries, at);
    entry->inserted = false;
    return entry;
}

DeviceQueueEntry *device_queue_remove(DeviceQueue *queue)
{
    return take(queue, queue->entries.head);
}

DeviceQueueEntry *device_queue_remove_by_key(DeviceQueue *queue, uint32_t key)
{
    GList *at = queue->entries.head;

    while (at && ((DeviceQueueEntry *)at->data)->sort_key < key) {
        at = at->next;
    }
    return take(queue, at ? at : queue->entries.head);
}

DeviceQueueEntry *device_queue_remove_newest(DeviceQueue *queue)
{
    return take(queue, queue->entries.tail);
}

DeviceQueueEntry *device_queue_remove_at(DeviceQueue *queue, unsigned place)
{
    return take(queue, g_queue_peek_nth_link(&queue->entries, place));
}

bool device_queue_remove_entry(DeviceQueue *queue, DeviceQueueEntry *entry)
{
    if (!entry->inserted) {
        return false;
    }
    take(queue, &entry->node);
    return true;
}
