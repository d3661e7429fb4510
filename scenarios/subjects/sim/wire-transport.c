/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/wire-transport.h"

struct WireTransport {
    HostTransport bus;
    Wire *wire;
    GQueue under_way; /* of Link *, in the order of submission */
};

/* A transfer of the port's and what stands for it on the wire. */
typedef struct Link {
    WireTransport *transport;
    HostTransfer *host;
    WireTransfer wire;
} Link;

static void end_link(Link *link, HostEnd end)
{
    HostTransfer *transfer = link->host;

    g_queue_remove(&link->transport->under_way, link);
    transfer->end = end;
    transfer->actual = end == HOST_GONE ? 0 : link->wire.actual;
    transfer->link = NULL;
    g_free(link);
    transfer->done(transfer);
}

static void on_answer(WireTransfer *wire)
{
    static const HostEnd ends[] = { [WIRE_DONE] = HOST_DONE,
                                    [WIRE_STALLED] = HOST_STALLED,
                                    [WIRE_CANCELLED] = HOST_CANCELLED,
                                    [WIRE_BABBLED] = HOST_BABBLED,
                                    [WIRE_FAILED] = HOST_FAILED };

    end_link(wire->data, ends[wire->end]);
}

static void submit(HostTransport *bus, HostTransfer *transfer)
{
    WireTransport *transport = (WireTransport *)bus;
    Link *link = g_new0(Link, 1);
    bool in = transfer->phase == HOST_BULK_IN;

    link->transport = transport;
    link->host = transfer;
    link->wire = (WireTransfer){ .in = in ? transfer->bytes : NULL,
                                 .capacity = in ? transfer->length : 0,
                                 .done = on_answer,
                                 .data = link };
    transfer->link = link;
    g_queue_push_tail(&transport->under_way, link);
    if (!wire_there(transport->wire)) {
        return; /* the next turn ends it */
    }
    switch (transfer->phase) {
    case HOST_BULK_OUT:
        wire_bulk(transport->wire, &link->wire, WIRE_BULK_OUT, transfer->bytes, transfer->length);
        break;
    case HOST_BULK_IN:
        wire_bulk(transport->wire, &link->wire, WIRE_BULK_IN, NULL, transfer->length);
        break;
    case HOST_CLEAR_HALT_OUT:
        wire_control(transport->wire, &link->wire, 0x02, 1, 0, WIRE_BULK_OUT, 0);
        break;
    case HOST_CLEAR_HALT_IN:
        wire_control(transport->wire, &link->wire, 0x02, 1, 0, WIRE_BULK_IN, 0);
        break;
    case HOST_CLASS_RESET:
        wire_control(transport->wire, &link->wire, 0x21, 0xff, 0, 0, 0);
        break;
    case HOST_PORT_RESET:
        wire_reset(transport->wire);
        wire_configure(transport->wire, &link->wire);
        break;
    }
}

static void cancel(HostTransport *bus, HostTransfer *transfer)
{
    WireTransport *transport = (WireTransport *)bus;

    if (wire_there(transport->wire)) {
        wire_cancel(transport->wire, &((Link *)transfer->link)->wire);
    }
}

HostTransport *wire_transport_bus(WireTransport *transport)
{
    return &transport->bus;
}

bool wire_transport_turn(WireTransport *transport, int64_t deadline)
{
    bool moved = wire_turn(transport->wire, deadline);

    if (!wire_there(transport->wire) && transport->under_way.length > 0) {
        wire_drop(transport->wire); /* no answer can come for what is ended here */
        while (transport->under_way.length > 0) {
            end_link(g_queue_peek_head(&transport->under_way), HOST_GONE);
        }
        return true;
    }
    return moved;
}

WireTransport *wire_transport_new(SimHost *host)
{
    static const HostTransportOps ops = { submit, cancel };
    WireTransport *transport = g_new0(WireTransport, 1);

    transport->bus.ops = &ops;
    transport->wire = sim_host_wire(host);
    g_queue_init(&transport->under_way);
    return transport;
}

void wire_transport_free(WireTransport *transport)
{
    if (transport) {
        wire_drop(transport->wire);
        g_queue_clear_full(&transport->under_way, g_free);
        g_free(transport);
    }
}
