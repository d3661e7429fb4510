/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hooks of a driver from a shared object (driver-plugin.h), asked for the port driver. */
#ifndef USBTAPE_SIM_PORT_PLUGIN_H
#define USBTAPE_SIM_PORT_PLUGIN_H

#include "scenarios/subjects/sim/driver-plugin.h"
#include "scenarios/subjects/sim/port-driver.h"

/* Each of them may be called for any model: one that is not from an object does what its row says.
 */
void port_plugin_begin(const HostModel *model);
/* Inserts as device_queue_insert() does. Sets `*passed` if it came before another. */
bool port_plugin_insert(const HostModel *model, DeviceQueue *queue, HostRequest *request,
                        bool retried, bool *passed);
/* NULL: the queue is empty. */
DeviceQueueEntry *port_plugin_take(const HostModel *model, DeviceQueue *queue, bool released);
bool port_plugin_freezes(const HostModel *model, const HostRequest *request);
bool port_plugin_loses(const HostModel *model, const HostRequest *request, bool frozen,
                       const DeviceQueue *queue);
UsbtapeDriverReset port_plugin_after_reset(const HostModel *model, const HostRequest *request);

#endif
