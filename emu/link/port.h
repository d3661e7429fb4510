/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port that the drive is plugged into: listens or connects, serves one host at a time and the
 * next after it has left.
 *
 * Listening: a second host is accepted and then waits, unserved, until the first has left; it sees
 * a drive that takes its time. Those after it stay in the socket's backlog. A first one that is no
 * host, for it says no hello, is dropped when it keeps another one waiting. Connecting: tried again
 * until somebody listens, and again after the host has left.
 */
#ifndef USBTAPE_LINK_PORT_H
#define USBTAPE_LINK_PORT_H

#include "emu/base/address.h"
#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/link/tls.h"
#include "emu/usb/device.h"

typedef enum PortMode {
    PORT_LISTEN,
    PORT_CONNECT,
} PortMode;

typedef struct Port Port;

/* What happens at the port, for those who follow it. */
typedef enum PortEvent {
    PORT_HOST_ATTACHED, /* text: what it calls itself */
    PORT_HOST_REFUSED,  /* it does not want the drive; text: why */
    PORT_HOST_LEFT,     /* text: why */
    PORT_UNPLUGGED,     /* text: "" */
    PORT_PLUGGED,       /* text: "" */
} PortEvent;

typedef struct PortOps {
    /* A line for people: a host came, left or was refused, and why. */
    void (*notice)(void *data, const char *text);
    /* The one host of a --connect fd:N has left: nobody can come any more. */
    void (*done)(void *data);
    /* NULL: nobody follows. */
    void (*event)(void *data, PortEvent event, const char *text);
} PortOps;

/*
 * Takes over `address` (also on failure); borrows the rest. With `tls` (may be NULL) every host
 * must speak TLS and prove that it may. Serves on the thread-default context.
 */
Port *port_new(Address *address, PortMode mode, TlsCreds *tls, UsbDevice *device, Clock *clock,
               Trace *trace, const PortOps *ops, void *data, GError **error);
/* The host, if any, sees the drive unplugged. Removes the socket file. */
void port_free(Port *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Port, port_free)

/*
 * Pulls the drive's plug: the host, and any that comes, sees no drive. It comes back after `replug`
 * microseconds (again: from now on), or by port_replug() if that is negative. What was pending is
 * lost to the host. Not from inside a transfer.
 */
void port_unplug(Port *port, int64_t replug);
void port_replug(Port *port);
bool port_plugged(const Port *port);

/* "unix:/run/drive.sock", with the port that was found for tcp:…:0. */
const char *port_address(const Port *port);
/* The address family that it connects to, and the TCP port of that (0: it is none). */
int port_family(const Port *port, uint16_t *number);
/* What the attached host calls itself; NULL: none. */
const char *port_host(const Port *port);

#endif
