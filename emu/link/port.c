/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/link/port.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/base/loop.h"
#include "emu/link/redir.h"

#define RETRY_US (200 * 1000)

/*
 * A host sends its hello as soon as it connects. After this time without one, it is dropped if
 * another waits.
 */
#define HELLO_US (2 * G_USEC_PER_SEC)

/*
 * One data phase of a common block size fits, so that a reply takes one system call. The system may
 * reduce it.
 */
#define SOCKET_BUFFER (1024 * 1024)

struct Port {
    Address *address;
    TlsCreds *tls; /* or NULL */
    PortMode mode;
    UsbDevice *device;
    Clock *clock;
    Trace *trace;
    const PortOps *ops;
    void *data;

    Redir *redir; /* the host that is served, or NULL */
    char *host;   /* its name, after its hello */
    bool refused; /* the host refused the drive */

    bool unplugged;
    ClockTimer *replug; /* NULL: no replug is scheduled */
    ClockTimer *hello;  /* runs while a second host waits for a first one without hello */

    int listening;   /* PORT_LISTEN: the socket */
    GSource *accept; /* NULL while a second host waits */
    int waiting;     /* a second host, -1 if none */

    int connecting;     /* PORT_CONNECT: the connection under way, or -1 */
    GSource *connected; /* fires when the connection is made or has failed */
    ClockTimer *retry;
};

static void port_wait_for_host(Port *port);

static void port_notice(Port *port, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void port_notice(Port *port, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    TRACE(port->trace, LINK_HOST, "%s", text);
    port->ops->notice(port->data, text);
}

static void port_event(Port *port, PortEvent event, const char *text)
{
    if (port->ops->event) {
        port->ops->event(port->data, event, text);
    }
}

static void port_stop_timer(Port *port, ClockTimer **timer)
{
    if (*timer) {
        clock_cancel(port->clock, *timer);
        *timer = NULL;
    }
}

static void port_on_came(void *data, const char *version)
{
    Port *port = data;

    g_free(port->host);
    port->host = g_strdup(version);
    port->refused = false;
    port_stop_timer(port, &port->hello);
    port_notice(port, "host attached: %s", version);
    port_event(port, PORT_HOST_ATTACHED, version);
}

static void port_on_rejected(void *data)
{
    Port *port = data;

    port->refused = true;
    port_notice(port,
                "THE HOST REFUSES THE DRIVE (%s speed): its device filter denies it, or its USB "
                "controller cannot take that speed; use a qemu-xhci controller, check the filter",
                usb_speed_name(usb_device_speed(port->device)));
    port_event(port, PORT_HOST_REFUSED, "a device filter, or a port that cannot take its speed");
}

static void port_on_gone(void *data, const char *why)
{
    Port *port = data;

    port_stop_timer(port, &port->hello);
    if (port->host) {
        port_notice(port, "host left: %s", why);
        port_event(port, PORT_HOST_LEFT, why);
    } else {
        port_notice(port, "host dropped: %s", why);
    }
    g_clear_pointer(&port->host, g_free);
    g_clear_pointer(&port->redir, redir_free);
    port_wait_for_host(port);
}

/* When connecting, the server's certificate must be for the host of the address. */
static TlsSession *port_session(const Port *port, int fd)
{
    g_autofree char *host = port->mode == PORT_CONNECT ? address_host(port->address) : NULL;

    return port->tls ? tls_session_new(port->tls, fd, host) : NULL;
}

static void port_serve(Port *port, int fd)
{
    static const RedirOps ops = { port_on_came, port_on_rejected, port_on_gone };
    int size = SOCKET_BUFFER;

    (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    port->redir = redir_new(fd, port_session(port, fd), port->device, &ops, port, port->trace);
    if (port->unplugged) {
        redir_unplug(port->redir);
    }
}

/* ---- listening ---- */

/* A port scanner, or a resumed VM that sends nothing, would otherwise block the drive for ever. */
static void port_on_no_hello(void *data)
{
    Port *port = data;

    port->hello = NULL;
    g_clear_pointer(&port->redir, redir_free);
    port_on_gone(port, "it says no hello, and another host waits");
}

/* Gives the current host a time limit for its hello. */
static void port_expect_hello(Port *port)
{
    if (port->waiting >= 0 && port->redir && !redir_greeted(port->redir) && !port->hello) {
        port->hello = clock_start(port->clock, HELLO_US, port_on_no_hello, port);
    }
}

static gboolean port_on_acceptable(int fd, GIOCondition condition, void *data)
{
    Port *port = data;
    int host = address_accept(port->address, fd);

    if (host < 0) {
        if (errno == EMFILE || errno == ENFILE) {
            port_notice(port, "a host was turned away: %s", g_strerror(errno));
        }
        return G_SOURCE_CONTINUE; /* or the second host has left */
    }
    if (!port->redir) {
        port_serve(port, host);
        return G_SOURCE_CONTINUE;
    }
    port_notice(port, "another host is waiting until this one leaves");
    port->waiting = host;
    port_expect_hello(port);
    loop_unwatch(&port->accept);
    return G_SOURCE_REMOVE;
}

static void port_accept(Port *port)
{
    if (!port->accept) {
        port->accept = loop_watch(port->listening, G_IO_IN, port_on_acceptable, port);
    }
}

/* ---- connecting ---- */

static void port_connect(Port *port);

static void port_on_retry(void *data)
{
    Port *port = data;

    port->retry = NULL;
    port_connect(port);
}

static gboolean port_on_connected(int fd, GIOCondition condition, void *data)
{
    Port *port = data;
    g_autoptr(GError) error = NULL;

    port->connecting = -1;
    loop_unwatch(&port->connected);
    if (address_connected(port->address, fd, &error)) {
        port_serve(port, fd);
    } else {
        close(fd);
        port->retry = clock_start(port->clock, RETRY_US, port_on_retry, port);
    }
    return G_SOURCE_REMOVE;
}

/* A missing peer is not an error, because the VM may be started later. */
static void port_connect(Port *port)
{
    g_autoptr(GError) error = NULL;
    bool pending;
    int fd = address_connect(port->address, &pending, &error);

    if (fd < 0) {
        port->retry = clock_start(port->clock, RETRY_US, port_on_retry, port);
    } else if (pending) {
        port->connecting = fd;
        port->connected = loop_watch(fd, G_IO_OUT, port_on_connected, port);
    } else {
        port_serve(port, fd);
    }
}

static void port_wait_for_host(Port *port)
{
    if (port->mode == PORT_CONNECT) {
        if (address_kind(port->address) == ADDRESS_FD) {
            port->ops->done(port->data);
        } else {
            /* A delay, so that a host that always disconnects does not cause a busy loop. */
            port->retry = clock_start(port->clock, RETRY_US, port_on_retry, port);
        }
        return;
    }
    if (port->waiting >= 0) {
        int fd = port->waiting;

        port->waiting = -1;
        port_serve(port, fd);
    }
    port_accept(port);
}

static bool port_open(Port *port, GError **error)
{
    bool pending;
    int fd;

    if (port->mode == PORT_LISTEN) {
        port->listening = address_listen(port->address, error);
        if (port->listening >= 0) {
            port_accept(port);
        }
        return port->listening >= 0;
    }
    if (address_kind(port->address) == ADDRESS_FD) {
        fd = address_connect(port->address, &pending, error);
        if (fd >= 0) {
            port_serve(port, fd);
        }
        return fd >= 0;
    }
    port_connect(port);
    return true;
}

/* ---- the plug ---- */

static void port_on_replug(void *data)
{
    Port *port = data;

    port->replug = NULL;
    port_replug(port);
}

void port_unplug(Port *port, int64_t replug)
{
    port_stop_timer(port, &port->replug);
    if (!port->unplugged) {
        port->unplugged = true;
        if (port->redir) {
            redir_unplug(port->redir);
        }
        port_notice(port, "unplugged");
        port_event(port, PORT_UNPLUGGED, "");
    }
    if (replug >= 0) {
        port->replug = clock_start(port->clock, replug, port_on_replug, port);
    }
}

void port_replug(Port *port)
{
    port_stop_timer(port, &port->replug);
    if (port->unplugged) {
        port->unplugged = false;
        if (port->redir) {
            redir_plug(port->redir);
        }
        port_notice(port, "plugged in again");
        port_event(port, PORT_PLUGGED, "");
    }
}

bool port_plugged(const Port *port)
{
    return !port->unplugged;
}

Port *port_new(Address *address, PortMode mode, TlsCreds *tls, UsbDevice *device, Clock *clock,
               Trace *trace, const PortOps *ops, void *data, GError **error)
{
    g_autoptr(Port) port = g_new0(Port, 1);

    *port = (Port){
        .address = address,
        .mode = mode,
        .tls = tls,
        .device = device,
        .clock = clock,
        .trace = trace,
        .ops = ops,
        .data = data,
        .listening = -1,
        .waiting = -1,
        .connecting = -1,
    };
    return port_open(port, error) ? g_steal_pointer(&port) : NULL;
}

static void port_close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void port_free(Port *port)
{
    if (!port) {
        return;
    }
    loop_unwatch(&port->accept);
    loop_unwatch(&port->connected);
    port_stop_timer(port, &port->retry);
    port_stop_timer(port, &port->replug);
    port_stop_timer(port, &port->hello);
    redir_free(port->redir);
    port_close_fd(port->waiting);
    port_close_fd(port->connecting);
    port_close_fd(port->listening);
    address_remove(port->address);
    address_free(port->address);
    g_free(port->host);
    g_free(port);
}

const char *port_address(const Port *port)
{
    return address_text(port->address);
}

int port_family(const Port *port, uint16_t *number)
{
    *number = address_port(port->address);
    return address_family(port->address);
}

const char *port_host(const Port *port)
{
    return port->refused ? NULL : port->host;
}
