/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port driver's bus (sim/transport.h) over usbfs: a real host controller, the kernel's usbcore,
 * and several URBs under way at once.
 */
#ifndef USBTAPE_SCENARIOS_USBFS_TRANSPORT_H
#define USBTAPE_SCENARIOS_USBFS_TRANSPORT_H

#include "scenarios/subjects/linux/usbfs.h"
#include "scenarios/subjects/sim/transport.h"

typedef struct UsbfsTransport UsbfsTransport;

/* Borrows a device that has been taken. */
UsbfsTransport *usbfs_transport_new(UsbfsDevice *device);
/* What is under way is cancelled, and never ends. */
void usbfs_transport_free(UsbfsTransport *transport);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UsbfsTransport, usbfs_transport_free)

HostTransport *usbfs_transport_bus(UsbfsTransport *transport);

/* Ends what has ended, waiting for something to if nothing has; at most `timeout` ms, -1: for ever.
 */
void usbfs_transport_turn(UsbfsTransport *transport, int timeout);
/* Is something under way, or about to be told? */
bool usbfs_transport_busy(const UsbfsTransport *transport);

#endif
