/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole drive behind a port, and Bulk-Only commands from a WireHost to it. */
#ifndef USBTAPE_TESTS_WIRE_TAPE_H
#define USBTAPE_TESTS_WIRE_TAPE_H

#include "emu/drive.h"
#include "emu/link/port.h"
#include "tests/wire/wire_host.h"

typedef struct Tape {
    Clock *clock;
    TraceTee trace; /* what the drive and its port trace; no sinks at first */
    FaultPlan *faults;
    Drive *drive;
    Port *port;
    WireHost *host;
    uint64_t next_id; /* of packets; wraps at `ids` as a ring in the guest does */
    uint64_t ids;
    uint32_t tag;
    uint32_t residue; /* of the last CSW */
} Tape;

/* A drive without cartridge and host. `faults` NULL: none. */
void tape_init(Tape *tape, const char *faults);
/* A new cartridge in memory, without end. */
void tape_load_ram(Tape *tape);
/* Plugs a new host in, enumerates, configures. */
void tape_plug(Tape *tape);
/* The host goes away as if killed. */
void tape_unplug(Tape *tape);
void tape_clear(Tape *tape);

/*
 * One command: CBW, data, CSW. Returns bCSWStatus, or -1 if no CSW came (it hangs, or the endpoint
 * stalled: see `host->heard`). IN data is in host->data before the CSW, so it is copied to `in`.
 */
int tape_command(Tape *tape, const uint8_t *cdb, size_t cdb_length, const void *out,
                 size_t out_length, void *in, size_t in_length);

/* Asserts GOOD; after a unit attention tries again, as hosts do. */
void tape_ready(Tape *tape);
int tape_write(Tape *tape, const void *block, size_t length);
/* bCSWStatus; the bytes that came in `*length`. */
int tape_read(Tape *tape, void *block, size_t capacity, size_t *length);
int tape_filemark(Tape *tape);
int tape_rewind(Tape *tape);
/* Sense key << 16 | ASC << 8 | ASCQ. */
unsigned tape_sense(Tape *tape);

#endif
