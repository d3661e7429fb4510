/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One host that is attached over usbredir (protocol 0.7, this side is the "usb-host"). Turns its
 * packets into transfers on a UsbDevice, and their results into packets.
 *
 * Owns: the connection, the packets, the pending ids. Does not own: the device, which outlives the
 * connection, and the choice of the host (emu/link/port.h).
 *
 * QEMU needs more than the text of the protocol says:
 *  - An id that is cancelled while pending is answered once, with status cancelled and length 0. An
 *    id that was answered before is not answered again. Ids are addresses in the guest's rings and
 *    are reused. A missing answer would swallow that of a later transfer.
 *  - ep_info and interface_info precede device_connect and every successful configuration and
 *    alternate setting status. device_connect waits for the peer's hello.
 *  - 64-bit ids, 32-bit bulk lengths and maximum packet sizes are announced. Without them a port
 *    with SuperSpeed refuses the device. Bulk receiving is for serial adapters and is not
 *    announced.
 *  - A peer that sends a packet before its hello resumes a migrated or restored VM, whose transfers
 *    are unknown here. It is dropped. When it connects again, the guest sees a replug.
 *  - After an unplug the next device is announced only when the peer has acknowledged the
 *    disconnect. Packets before that are for the old device.
 *  - The protocol has no NAK and no time-out. A transfer is answered when it ends. A stopped VM can
 *    stop reading and writing for any time.
 */
#ifndef USBTAPE_LINK_REDIR_H
#define USBTAPE_LINK_REDIR_H

#include "emu/base/trace.h"
#include "emu/link/tls.h"
#include "emu/usb/device.h"

/* The most bytes of one bulk packet. A larger one is answered with an error. */
#define REDIR_BULK_MAX (64u * 1024 * 1024)

typedef struct Redir Redir;

typedef struct RedirOps {
    /* The peer sent its hello and was offered the device. `version` is its name for itself. */
    void (*came)(void *data, const char *version);
    /* The peer refuses the device, because of a filter or because its port lacks the speed. */
    void (*rejected)(void *data);
    /*
     * The connection has ended. All pending transfers were cancelled, and the port was reset.
     * Called once, from the main loop, never from inside redir_new or redir_free. May free the
     * Redir.
     */
    void (*gone)(void *data, const char *why);
} RedirOps;

/*
 * Serves the connected, non-blocking stream socket `fd` on the thread-default main context. Takes
 * ownership of `fd` and of `tls` (may be NULL), whose handshake comes first. Borrows the rest.
 */
Redir *redir_new(int fd, TlsSession *tls, UsbDevice *device, const RedirOps *ops, void *data,
                 Trace *trace);
/*
 * Unplugs the drive, or plugs it in (the initial state). The peer sees its device leave and come
 * back. Transfers that are pending at the unplug are never answered. Not from inside a transfer.
 */
void redir_unplug(Redir *redir);
void redir_plug(Redir *redir);

/* True after the peer's hello. */
bool redir_greeted(const Redir *redir);

/* Closes the connection, cancels pending transfers and resets the port. */
void redir_free(Redir *redir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Redir, redir_free)

#endif
