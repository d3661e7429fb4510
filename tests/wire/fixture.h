/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real USB device with a function that the test plays, plugged into a port whose other end is a
 * WireHost.
 */
#ifndef USBTAPE_TESTS_WIRE_FIXTURE_H
#define USBTAPE_TESTS_WIRE_FIXTURE_H

#include "emu/base/clock.h"
#include "emu/link/port.h"
#include "tests/wire/wire_host.h"

/* Accepts what it is sent and sends it back, unless told to hold transfers. */
typedef struct EchoFunction {
    UsbFunction base;
    bool hold_out, hold_in;
    UsbTransfer *held_out, *held_in;
    GBytes *last;    /* what came last */
    size_t accept;   /* bytes of an OUT transfer to accept; 0: all */
    unsigned resets; /* bus resets */
    unsigned cancels;
    unsigned ins;   /* IN transfers seen */
    size_t largest; /* OUT transfer seen */
} EchoFunction;

typedef struct Fixture {
    EchoFunction echo;
    UsbDevice *device;
    Clock *clock;
    Port *port;
    WireHost *host;
    GString *notices; /* of the port, one line each */
    GString *events;  /* of the port: "attached wire test; " */
    bool done;        /* the port said so */
} Fixture;

extern const PortOps fixture_port_ops; /* data: the Fixture */

/* Device and clock, no port. */
void fixture_init(Fixture *f, UsbSpeed speed);
/* The same with a host plugged in by socket pair; nothing was pumped yet. */
void fixture_plug(Fixture *f, uint32_t caps);
/* Plugged in, hello exchanged, configuration 1 set; the log is empty. */
void fixture_ready(Fixture *f);
void fixture_clear(Fixture *f);

#endif
