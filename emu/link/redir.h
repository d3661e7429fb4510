/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One host attached over usbredir (protocol 0.7, we are the "usb-host" side): turns its packets
 * into transfers on a UsbDevice and their results into packets.
 *
 * Owns: the connection, the packets, the ids that are pending. Does not own: the device (it
 * outlives the connection), who may connect (emu/link/port.h).
 *
 * What the protocol text does not say, but QEMU needs:
 *  - Every id that is cancelled while pending is answered once, with status cancelled and length 0;
 *    an id that was answered already is not answered again. Ids are reused (they are addresses in
 *    the guest's rings), so a missing answer swallows that of a later transfer.
 *  - ep_info and interface_info precede device_connect and every successful configuration and
 *    alternate setting status; device_connect waits for the peer's hello.
 *  - 64-bit ids, 32-bit bulk lengths and maximum packet sizes are announced, else a port with
 *    SuperSpeed refuses the device. Bulk receiving is not: it is for serial adapters.
 *  - A peer that sends anything before a hello resumes a migrated or restored VM whose transfers we
 *    know nothing of: it is dropped, so that it connects anew and the guest sees a replug.
 *  - A peer that was told of an unplug is told of the next device only after it has acknowledged;
 *    whatever it sent before that is for a device that is gone.
 *  - There is no NAK and no time-out: a transfer is answered when it ends. A stopped VM neither
 *    reads nor writes for as long as it likes.
 */
#ifndef USBTAPE_LINK_REDIR_H
#define USBTAPE_LINK_REDIR_H

#include "emu/base/trace.h"
#include "emu/link/tls.h"
#include "emu/usb/device.h"

/* The most bytes that one bulk packet may carry or ask for; more is answered with an error. */
#define REDIR_BULK_MAX (64u * 1024 * 1024)

typedef struct Redir Redir;

typedef struct RedirOps {
    /* The peer said hello and was offered the device; `version` is what it calls itself. */
    void (*came)(void *data, const char *version);
    /* The peer does not want the device (a filter, or a port that cannot take its speed). */
    void (*rejected)(void *data);
    /*
     * The connection is over: everything pending was cancelled, the port was reset. Called once,
     * from the main loop, never from inside redir_new or redir_free; it may free the Redir.
     */
    void (*gone)(void *data, const char *why);
} RedirOps;

/*
 * Serves the connected, non-blocking stream socket `fd`, which it takes over, on the thread-default
 * main context; with `tls` (taken over, may be NULL) from that session's handshake on. Borrows the
 * rest.
 */
Redir *redir_new(int fd, TlsSession *tls, UsbDevice *device, const RedirOps *ops, void *data,
                 Trace *trace);
/*
 * Takes the drive off the bus, or puts it back (that is how it starts): the peer sees its device
 * leave and come. What is pending at the unplug is never answered. Not from inside a transfer.
 */
void redir_unplug(Redir *redir);
void redir_plug(Redir *redir);

/* The peer said hello: it is a host. */
bool redir_greeted(const Redir *redir);

/* Closes the connection, cancels what is pending and resets the port. */
void redir_free(Redir *redir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Redir, redir_free)

#endif
