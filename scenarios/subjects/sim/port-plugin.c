/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/port-plugin.h"

#define WRITE_FILEMARKS 0x10 /* operation code */

static UsbtapeDriverRequest view(const HostRequest *request)
{
    return (UsbtapeDriverRequest){ .cdb = request->cdb,
                                   .cdb_length = request->cdb_length,
                                   .in = request->in,
                                   .length = request->length,
                                   .key = request->sort_key,
                                   .number = request->number };
}

static const HostRequest *request_at(const GList *node)
{
    return (const HostRequest *)(const void *)((const char *)node->data -
                                               G_STRUCT_OFFSET(HostRequest, entry));
}

void port_plugin_begin(const HostModel *model)
{
    if (model->plugin && model->plugin->begin) {
        model->plugin->begin();
    }
}

static bool is_sorted(const HostModel *model, const HostRequest *request)
{
    return (model->keys == HOST_KEYS_OF_WRITES && !request->in) ||
           (model->keys == HOST_KEYS_OF_READS && request->in);
}

/* A model that is built in. */
static bool insert_by_row(const HostModel *model, DeviceQueue *queue, HostRequest *request,
                          bool at_head, bool *passed)
{
    DeviceQueueEntry *entry = &request->entry;
    bool first = !at_head && model->marks_first && request->cdb[0] == WRITE_FILEMARKS;
    bool queued;

    if (at_head || first) {
        queued = device_queue_insert_at_head(queue, entry);
        *passed = first && queued && entry->node.next;
    } else if (is_sorted(model, request)) {
        queued = device_queue_insert_by_key(queue, entry, request->sort_key);
        *passed = queued && entry->node.next;
    } else {
        queued = device_queue_insert(queue, entry);
    }
    return queued;
}

bool port_plugin_insert(const HostModel *model, DeviceQueue *queue, HostRequest *request,
                        bool retried, bool *passed)
{
    UsbtapeDriverRequest seen = view(request);
    const GList *node;

    *passed = false;
    if (!model->plugin) {
        return insert_by_row(model, queue, request, retried, passed);
    }
    if (!model->plugin->before) {
        return retried ? device_queue_insert_at_head(queue, &request->entry)
                       : device_queue_insert(queue, &request->entry);
    }
    for (node = queue->entries.head; node; node = node->next) {
        UsbtapeDriverRequest queued = view(request_at(node));

        if (model->plugin->before(&seen, retried, &queued)) {
            *passed = !retried;
            return device_queue_insert_before(queue, node->data, &request->entry);
        }
    }
    return device_queue_insert(queue, &request->entry);
}

DeviceQueueEntry *port_plugin_take(const HostModel *model, DeviceQueue *queue, bool released)
{
    unsigned waiting = device_queue_length(queue), at = 0;

    if (waiting > 1 && model->plugin->next) {
        at = MIN(model->plugin->next(waiting, released), waiting - 1);
    }
    return device_queue_remove_at(queue, at);
}

bool port_plugin_freezes(const HostModel *model, const HostRequest *request)
{
    UsbtapeDriverRequest seen = view(request);

    return model->plugin && model->plugin->freezes ? model->plugin->freezes(&seen)
                                                   : !model->runs_on;
}

bool port_plugin_loses(const HostModel *model, const HostRequest *request, bool frozen,
                       const DeviceQueue *queue)
{
    UsbtapeDriverRequest seen = view(request);

    return model->plugin && model->plugin->loses
               ? model->plugin->loses(&seen, frozen, device_queue_length(queue))
               : model->forgets && frozen && device_queue_is_empty(queue);
}

UsbtapeDriverReset port_plugin_after_reset(const HostModel *model, const HostRequest *request)
{
    UsbtapeDriverRequest seen = view(request);

    if (model->plugin && model->plugin->after_reset) {
        return model->plugin->after_reset(&seen);
    }
    return model->repeats       ? USBTAPE_DRIVER_RESEND
           : model->takes_reset ? USBTAPE_DRIVER_DONE
                                : USBTAPE_DRIVER_UNKNOWN;
}
