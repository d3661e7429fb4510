/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device queue, with the semantics that Microsoft documents for KDEVICE_QUEUE
 * (windows-driver-docs-ddi: KeInsertDeviceQueue, KeInsertByKeyDeviceQueue, KeRemoveDeviceQueue,
 * KeRemoveByKeyDeviceQueue, KeRemoveEntryDeviceQueue):
 *
 *  - it is busy or not; what is inserted while it is not busy is not queued: the caller has it
 *    started, and the queue is busy from then on;
 *  - inserted by key, an entry comes after all whose key is not greater: equal keys stay in the
 *    order of insertion;
 *  - removed by key, the first entry goes whose key is not less than the one given; if there is
 *    none, the first of all (C-SCAN: the scan begins anew at the low end);
 *  - removing from an empty queue says that there is nothing, and the queue is not busy any more.
 *
 * So with equal keys the order is that of insertion: sorting alone reorders nothing.
 *
 * To that comes what Microsoft documents of RetryRequest, insertion at the head, and what no right
 * driver does, removal from the tail.
 *
 * Owns: the order. Does not own: the entries, which are members of what is queued.
 */
#ifndef USBTAPE_SIM_DEVICE_QUEUE_H
#define USBTAPE_SIM_DEVICE_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct DeviceQueueEntry {
    GList node; /* the queue's while it is in there */
    uint32_t sort_key;
    bool inserted;
} DeviceQueueEntry;

typedef struct DeviceQueue {
    GQueue entries;
    bool busy;
} DeviceQueue;

void device_queue_init(DeviceQueue *queue);
bool device_queue_is_empty(const DeviceQueue *queue);
unsigned device_queue_length(const DeviceQueue *queue);

/* False: it was not busy, and is now; the entry is not in it, but the caller's to start. */
bool device_queue_insert(DeviceQueue *queue, DeviceQueueEntry *entry);
bool device_queue_insert_by_key(DeviceQueue *queue, DeviceQueueEntry *entry, uint32_t key);
bool device_queue_insert_at_head(DeviceQueue *queue, DeviceQueueEntry *entry);

/* Before `sibling`, which is in there. */
bool device_queue_insert_before(DeviceQueue *queue, DeviceQueueEntry *sibling,
                                DeviceQueueEntry *entry);

/* NULL: it was empty, and is not busy any more. */
DeviceQueueEntry *device_queue_remove(DeviceQueue *queue);
DeviceQueueEntry *device_queue_remove_by_key(DeviceQueue *queue, uint32_t key);
DeviceQueueEntry *device_queue_remove_newest(DeviceQueue *queue);
/* The entry at that place, from 0. NULL: there is none, and it is not busy any more. */
DeviceQueueEntry *device_queue_remove_at(DeviceQueue *queue, unsigned place);
/* False: it is not in there. */
bool device_queue_remove_entry(DeviceQueue *queue, DeviceQueueEntry *entry);

#endif
