/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port that the drive is plugged into. It listens or connects. It serves one host at a time,
 * and the next one after that host has left.
 *
 * A listening port accepts a second host, which waits until the first has left. It sees a slow
 * drive. Further hosts stay in the socket's backlog. A first connection without a hello is dropped
 * when another one waits. A connecting port retries until a peer listens, and again after the host
 * has left.
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

/* Events at the port, for observers. */
typedef enum PortEvent {
    PORT_HOST_ATTACHED, /* text: the host's name */
    PORT_HOST_REFUSED,  /* the host refuses the drive; the text is the reason */
    PORT_HOST_LEFT,     /* text: the reason */
    PORT_UNPLUGGED,     /* text is empty */
    PORT_PLUGGED,       /* text is empty */
} PortEvent;

typedef struct PortOps {
    /* A line for the user with the reason why a host connected, left or was refused. */
    void (*notice)(void *data, const char *text);
    /* The host of --connect fd:N has left, so no further host can connect. */
    void (*done)(void *data);
    /* NULL: no observer. */
    void (*event)(void *data, PortEvent event, const char *text);
} PortOps;

/*
 * Takes ownership of `address`, on failure too. Borrows the rest. With `tls` (may be NULL) every
 * host must speak TLS and authenticate. Serves on the thread-default context.
 */
Port *port_new(Address *address, PortMode mode, TlsCreds *tls, UsbDevice *device, Clock *clock,
               Trace *trace, const PortOps *ops, void *data, GError **error);
/* The host sees an unplug. Removes the socket file. */
void port_free(Port *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Port, port_free)

/*
 * Unplugs the drive, so that no host sees it. It is plugged in after `replug` microseconds from
 * now, or by port_replug() if that is negative. Pending transfers get no answer. Not from inside a
 * transfer.
 */
void port_unplug(Port *port, int64_t replug);
void port_replug(Port *port);
bool port_plugged(const Port *port);

/* "unix:/run/drive.sock". For tcp:HOST:0 it has the port that the system chose. */
const char *port_address(const Port *port);
/* The address family that it connects to, and its TCP port (0 without one). */
int port_family(const Port *port, uint16_t *number);
/* The name of the attached host, or NULL. */
const char *port_host(const Port *port);

#endif
