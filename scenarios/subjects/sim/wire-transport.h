/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port driver's bus (transport.h) over the simulated host's usbredir connection. */
#ifndef USBTAPE_SIM_WIRE_TRANSPORT_H
#define USBTAPE_SIM_WIRE_TRANSPORT_H

#include "scenarios/subjects/sim/sim-host.h"
#include "scenarios/subjects/sim/transport.h"

typedef struct WireTransport WireTransport;

/* Borrows a host that has attached its device, and that sends nothing itself from now on. */
WireTransport *wire_transport_new(SimHost *host);
/* What is under way never ends. */
void wire_transport_free(WireTransport *transport);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WireTransport, wire_transport_free)

HostTransport *wire_transport_bus(WireTransport *transport);

/* Lets things happen, time included. False: nothing did, up to the deadline. */
bool wire_transport_turn(WireTransport *transport, int64_t deadline);

#endif
