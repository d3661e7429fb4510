/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/linux/usbfs-transport.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <sys/ioctl.h>

#define CONTROL_PATIENCE 5000 /* ms */

struct UsbfsTransport {
    HostTransport bus;
    UsbfsDevice *device;
    GQueue urbs;  /* of Link *, with the kernel */
    GQueue ended; /* of Link *, to be told at the next turn */
};

/* A transfer of the port's and its URB. */
typedef struct Link {
    UsbfsTransport *transport;
    HostTransfer *host;
    struct usbdevfs_urb urb;
} Link;

static HostEnd end_of(int status)
{
    switch (status) {
    case 0:
        return HOST_DONE;
    case -EPIPE:
        return HOST_STALLED;
    case -EOVERFLOW:
        return HOST_BABBLED;
    case -ENOENT:
    case -ECONNRESET:
        return HOST_CANCELLED;
    case -ENODEV:
    case -ESHUTDOWN:
        return HOST_GONE;
    default:
        return HOST_FAILED;
    }
}

static void end(Link *link, int status)
{
    link->host->end = end_of(status);
    link->host->actual = link->host->end == HOST_GONE ? 0 : (size_t)link->urb.actual_length;
    g_queue_push_tail(&link->transport->ended, link);
}

static void submit_urb(Link *link, uint8_t endpoint)
{
    UsbfsTransport *transport = link->transport;

    link->urb = (struct usbdevfs_urb){ .type = USBDEVFS_URB_TYPE_BULK,
                                       .endpoint = endpoint,
                                       .buffer = link->host->bytes,
                                       .buffer_length = (int)link->host->length,
                                       .usercontext = link };
    if (ioctl(transport->device->fd, USBDEVFS_SUBMITURB, &link->urb) == 0) {
        g_queue_push_tail(&transport->urbs, link);
    } else {
        end(link, -errno);
    }
}

/* BOT 1.0 § 3.1 */
static int class_reset(const UsbfsDevice *device)
{
    const uint8_t setup[8] = { 0x21, 0xff, 0, 0, (uint8_t)device->interface, 0, 0, 0 };
    long n = usbfs_control(device, setup, NULL, CONTROL_PATIENCE);

    return n < 0 ? (int)n : 0;
}

/* The kernel sets the configuration again by itself. */
static int port_reset(UsbfsDevice *device)
{
    if (ioctl(device->fd, USBDEVFS_RESET) != 0) {
        return -errno;
    }
    return usbfs_claim(device) ? 0 : -errno;
}

static void submit(HostTransport *bus, HostTransfer *transfer)
{
    UsbfsTransport *transport = (UsbfsTransport *)bus;
    UsbfsDevice *device = transport->device;
    Link *link = g_new0(Link, 1);

    link->transport = transport;
    link->host = transfer;
    transfer->link = link;
    switch (transfer->phase) {
    case HOST_BULK_OUT:
        submit_urb(link, device->out);
        break;
    case HOST_BULK_IN:
        submit_urb(link, device->in);
        break;
    case HOST_CLEAR_HALT_OUT:
        end(link, usbfs_clear_halt(device, device->out));
        break;
    case HOST_CLEAR_HALT_IN:
        end(link, usbfs_clear_halt(device, device->in));
        break;
    case HOST_CLASS_RESET:
        end(link, class_reset(device));
        break;
    case HOST_PORT_RESET:
        end(link, port_reset(device));
        break;
    }
}

/* One that has ended and was not told yet is not the kernel's any more: that fails, as it should.
 */
static void cancel(HostTransport *bus, HostTransfer *transfer)
{
    UsbfsTransport *transport = (UsbfsTransport *)bus;
    Link *link = transfer->link;

    ioctl(transport->device->fd, USBDEVFS_DISCARDURB, &link->urb);
}

static void reap(UsbfsTransport *transport)
{
    struct usbdevfs_urb *urb = NULL;

    while (ioctl(transport->device->fd, USBDEVFS_REAPURBNDELAY, &urb) == 0) {
        Link *link = urb->usercontext;

        g_queue_remove(&transport->urbs, link);
        end(link, urb->status);
    }
    if (errno == ENODEV) {
        Link *link;

        while ((link = g_queue_pop_head(&transport->urbs))) {
            end(link, -ENODEV);
        }
    }
}

void usbfs_transport_turn(UsbfsTransport *transport, int timeout)
{
    struct pollfd wait = { .fd = transport->device->fd, .events = POLLOUT };
    Link *link;

    /* poll() finds the file writable when there is something to reap. */
    if (transport->ended.length == 0 && poll(&wait, 1, timeout) > 0) {
        reap(transport);
    }
    while ((link = g_queue_pop_head(&transport->ended))) {
        HostTransfer *transfer = link->host;

        transfer->link = NULL;
        g_free(link);
        transfer->done(transfer);
    }
}

bool usbfs_transport_busy(const UsbfsTransport *transport)
{
    return transport->urbs.length > 0 || transport->ended.length > 0;
}

HostTransport *usbfs_transport_bus(UsbfsTransport *transport)
{
    return &transport->bus;
}

UsbfsTransport *usbfs_transport_new(UsbfsDevice *device)
{
    static const HostTransportOps ops = { submit, cancel };
    UsbfsTransport *transport = g_new0(UsbfsTransport, 1);

    transport->bus.ops = &ops;
    transport->device = device;
    g_queue_init(&transport->urbs);
    g_queue_init(&transport->ended);
    return transport;
}

void usbfs_transport_free(UsbfsTransport *transport)
{
    GList *item;

    if (!transport) {
        return;
    }
    for (item = transport->urbs.head; item; item = item->next) {
        struct usbdevfs_urb *urb;

        ioctl(transport->device->fd, USBDEVFS_DISCARDURB, &((Link *)item->data)->urb);
        ioctl(transport->device->fd, USBDEVFS_REAPURB, &urb);
    }
    g_queue_clear_full(&transport->urbs, g_free);
    g_queue_clear_full(&transport->ended, g_free);
    g_free(transport);
}
