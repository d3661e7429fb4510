/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated host: the guest side of usbredir, a Bulk-Only class driver that does everything
 * right, and time that is given.
 *
 * Owns: enumeration, BOT with its error recovery (Reset Recovery, BOT 1.0 § 5.3.4;
 * port reset when that fails), time-outs, autosense. Does not own: the drive at the other end, what
 * is to be done with a tape (script.h). It does what the Linux driver does where the standard
 * leaves a choice.
 */
#ifndef USBTAPE_SIM_HOST_H
#define USBTAPE_SIM_HOST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/base/clock.h"
#include "scenarios/subjects/sim/sim-wire.h"

typedef struct SimHost SimHost;

SimHost *sim_host_new(Clock *clock, const SimWorld *world, void *data);
void sim_host_free(SimHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimHost, sim_host_free)

/* What the device said of itself. */
typedef struct SimDevice {
    uint16_t idVendor, idProduct;
    uint8_t bInterfaceSubClass, bInterfaceProtocol;
    uint8_t max_lun;
    char serial[64];
} SimDevice;

/* Connects, waits for the device, enumerates and configures it. False: see the log. */
bool sim_host_attach(SimHost *host);
bool sim_host_attached(SimHost *host);
const SimDevice *sim_host_device(const SimHost *host);
/* What it is attached by, for who has a driver of their own (wire-transport.h). */
Wire *sim_host_wire(const SimHost *host);
/* The settings of its interface, as its configuration has them: "06/50:2 06/62:4", by subclass,
 * protocol and endpoints. Free with g_free; NULL: it does not say. */
char *sim_host_settings(SimHost *host);
/* Pulls the plug. */
void sim_host_detach(SimHost *host);
/* Port reset and configuration, as the user of a hub would. */
bool sim_host_reset(SimHost *host);

typedef enum SimEnd {
    SIM_GOOD,
    SIM_CHECK, /* CHECK CONDITION: `sense` */
    SIM_RESET, /* no valid answer: the device was reset, what the command did is not known */
    SIM_GONE,  /* the device is no longer there */
} SimEnd;

typedef struct SimResult {
    SimEnd end;
    uint8_t sense[18];
    unsigned sense_length; /* 0: there was none to get */
    size_t moved;          /* data bytes, as the device accounted for them */
} SimResult;

/* Data goes one way: `out` or `in`, the other has length 0. */
SimResult sim_host_command(SimHost *host, const uint8_t *cdb, size_t cdb_length, const void *out,
                           size_t out_length, void *in, size_t in_length);
/* How long a phase may take, microseconds; 30 s at first. */
void sim_host_set_timeout(SimHost *host, int64_t timeout);
/* Bulk transfers of data are at most so long; 0 (at first): as long as the data. */
void sim_host_set_transfer_max(SimHost *host, size_t bytes);
/* How often a bulk transfer that ends with a transaction error is begun anew, as host controllers'
 * drivers do; 0 at first. */
void sim_host_set_retries(SimHost *host, unsigned retries);
/* Waits between a CBW and its data, for drives that need it; 0 at first. */
void sim_host_set_data_delay(SimHost *host, int64_t delay);
/* Sends GET_STATUS, as some hosts do after a stall. */
bool sim_host_get_status(SimHost *host);

/*
 * Everything on the wire that is not plain sailing, as words separated by blanks since the last
 * sim_host_clear_log(): stall-in clear-in timeout-out bot-reset port-reset zero-csw csw-tag …
 * After a transfer that failed amid its data or overflowed, the bytes that came: error-in:512.
 * again: one was begun anew.
 */
const char *sim_host_log(const SimHost *host);
void sim_host_clear_log(SimHost *host);

#endif
