/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam under the Windows host model: one Bulk-Only device, whose phases end some time after
 * they were asked for. The port driver's model (port-driver.h) calls it; implementers are the
 * simulated usbredir connection (wire-transport.h) and whoever has a real bus, such as usbfs.
 *
 * The rules for an implementer:
 *  - submit() starts a transfer and returns. Its `done` is called exactly once, never from inside
 *    submit() or cancel(), on the thread that calls those; `done` may submit and cancel.
 *  - Several transfers may be under way, also on one endpoint; those of one endpoint go over the
 *    bus in the order in which they were submitted.
 *  - cancel() takes back a transfer that is under way. It still ends, by `done`: with CANCELLED, or
 *    as it happened to end before.
 *  - When the device is gone, everything under way and everything submitted ends with GONE.
 *  - It has no time-outs of its own: the port cancels what takes too long.
 *
 * For usbfs (Linux): BULK_* are URBs (USBDEVFS_SUBMITURB, DISCARDURB, REAPURBNDELAY); CLEAR_HALT_*
 * is USBDEVFS_CLEAR_HALT; CLASS_RESET is a control URB 21h FFh; PORT_RESET is USBDEVFS_RESET, and
 * the interface is claimed afterwards as before. What an ioctl does at once still calls `done`
 * later. Status: 0 DONE, -EPIPE STALLED, -EOVERFLOW BABBLED, -ENOENT and -ECONNRESET CANCELLED,
 * -ENODEV and -ESHUTDOWN GONE, else FAILED.
 *
 * Owns: the words. Does not own: memory of transfers (their submitter's until `done`), time.
 */
#ifndef USBTAPE_SIM_TRANSPORT_H
#define USBTAPE_SIM_TRANSPORT_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef enum HostPhase {
    HOST_BULK_OUT,       /* `length` bytes from `bytes` */
    HOST_BULK_IN,        /* at most `length` bytes into `bytes` */
    HOST_CLEAR_HALT_OUT, /* CLEAR_FEATURE(ENDPOINT_HALT) */
    HOST_CLEAR_HALT_IN,
    HOST_CLASS_RESET, /* Bulk-Only Mass Storage Reset, BOT 1.0 § 3.1 */
    HOST_PORT_RESET,  /* and the configuration set again */
} HostPhase;

typedef enum HostEnd {
    HOST_DONE, /* a short packet ends HOST_BULK_IN so, too */
    HOST_STALLED,
    HOST_BABBLED,
    HOST_FAILED,
    HOST_CANCELLED,
    HOST_GONE,
} HostEnd;

typedef struct HostTransfer HostTransfer;

struct HostTransfer {
    HostPhase phase;
    void *bytes; /* the submitter's, until `done`; not written to if HOST_BULK_OUT */
    size_t length;
    void (*done)(HostTransfer *transfer);
    void *data; /* the submitter's */

    HostEnd end;
    size_t actual; /* bytes that moved */

    void *link; /* the transport's, from submit() to `done` */
};

typedef struct HostTransport HostTransport;

typedef struct HostTransportOps {
    void (*submit)(HostTransport *transport, HostTransfer *transfer);
    void (*cancel)(HostTransport *transport, HostTransfer *transfer);
} HostTransportOps;

/* First in the struct of each implementation. */
struct HostTransport {
    const HostTransportOps *ops;
};

static inline void host_transport_submit(HostTransport *transport, HostTransfer *transfer)
{
    transport->ops->submit(transport, transfer);
}

static inline void host_transport_cancel(HostTransport *transport, HostTransfer *transfer)
{
    transport->ops->cancel(transport, transfer);
}

#endif
