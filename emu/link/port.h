/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port that the drive is plugged into: listens or connects, serves one host at a time and the
 * next after it has left.
 *
 * Listening: a second host is accepted and then waits, unserved, until the first has left; it sees
 * a drive that takes its time. Those after it stay in the socket's backlog. Connecting: tried again
 * until somebody listens, and again after the host has left.
 */
#ifndef USBTAPE_LINK_PORT_H
#define USBTAPE_LINK_PORT_H

#include "emu/base/address.h"
#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/usb/device.h"

typedef enum PortMode {
    PORT_LISTEN,
    PORT_CONNECT,
} PortMode;

typedef struct Port Port;

typedef struct PortOps {
    /* A line for people: a host came, left or was refused, and why. */
    void (*notice)(void *data, const char *text);
    /* The one host of a --connect fd:N has left: nobody can come any more. */
    void (*done)(void *data);
} PortOps;

/* Takes over `address` (also on failure); borrows the rest. Serves on the thread-default context.
 */
Port *port_new(Address *address, PortMode mode, UsbDevice *device, Clock *clock, Trace *trace,
               const PortOps *ops, void *data, GError **error);
/* The host, if any, sees the drive unplugged. Removes the socket file. */
void port_free(Port *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Port, port_free)

/* "unix:/run/drive.sock", with the port that was found for tcp:…:0. */
const char *port_address(const Port *port);
/* What the attached host calls itself; NULL: none. */
const char *port_host(const Port *port);

#endif
