/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest side of a usbredir connection: packets out, answers back, any number of transfers at a
 * time.
 *
 * Owns: the socket, the protocol, which transfers are under way. Does not own: what they are for
 * (sim-host.h, wire-transport.h), time.
 */
#ifndef USBTAPE_SIM_WIRE_H
#define USBTAPE_SIM_WIRE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_BULK_IN  0x81
#define WIRE_BULK_OUT 0x02

/* Everything around the host. */
typedef struct SimWorld {
    /* A connected, non-blocking stream socket to the drive, which the host takes over; -1: nobody
     * is there. */
    int (*connect)(void *data);
    /* Lets the drive work; when it has nothing to do, time may pass, up to `deadline` (of the
     * clock). False: nothing happened and the deadline has come. */
    bool (*turn)(void *data, int64_t deadline);
} SimWorld;

typedef enum WireEnd {
    WIRE_DONE,
    WIRE_STALLED,
    WIRE_CANCELLED,
    WIRE_BABBLED,
    WIRE_FAILED, /* I/O error, or refused */
} WireEnd;

typedef struct WireTransfer WireTransfer;

struct WireTransfer {
    void *in; /* where its data goes; the submitter's until it is answered */
    size_t capacity;
    /* Called when it is answered; may start others. NULL: the submitter looks at `answered`. */
    void (*done)(WireTransfer *transfer);
    void *data;

    uint64_t id;
    bool answered;
    WireEnd end;
    size_t actual;
};

typedef struct Wire Wire;

/* `note` is told of what is not plain sailing, in a word: "stray-answer", "not-usbredir". */
Wire *wire_new(const SimWorld *world, void *world_data, void (*note)(void *data, const char *word),
               void *data);
void wire_free(Wire *wire);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wire, wire_free)

/* A socket that outlived a pulled plug is kept. False: nobody is there. */
bool wire_connect(Wire *wire);
/* Hangs up. Transfers under way are never answered. */
void wire_drop(Wire *wire);
/* The device is there. */
bool wire_there(const Wire *wire);
/* The same, as something to wait for. */
const bool *wire_connected(const Wire *wire);

/* Each starts a transfer; the device is there. */
void wire_bulk(Wire *wire, WireTransfer *transfer, uint8_t endpoint, const void *out,
               size_t length);
void wire_control(Wire *wire, WireTransfer *transfer, uint8_t type, uint8_t request, uint16_t value,
                  uint16_t index, uint16_t length);
void wire_configure(Wire *wire, WireTransfer *transfer);
/* The transfer is still answered, once. */
void wire_cancel(Wire *wire, const WireTransfer *transfer);
void wire_reset(Wire *wire);

/* Takes in what has come. */
bool wire_receive(Wire *wire);
/* Sends, receives, and if there is nothing to do lets the world turn. False: nothing happened up to
 * the deadline. */
bool wire_turn(Wire *wire, int64_t deadline);
/* Until `done` or the deadline; false: it was the deadline, or the drive is gone. */
bool wire_wait(Wire *wire, const bool *done, bool drive_is_there, int64_t deadline);

#endif
