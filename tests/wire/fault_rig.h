/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated host and a whole drive in one process, on one virtual clock, with a socket between
 * them: what each fault does, on the wire and on the cartridge.
 */
#ifndef USBTAPE_TESTS_FAULT_RIG_H
#define USBTAPE_TESTS_FAULT_RIG_H

#include "emu/drive.h"
#include "emu/link/port.h"
#include "scenarios/subjects/sim/script.h"

typedef struct FaultRig {
    Clock *clock;
    Trace trace; /* collects firings, and which rules of the bus the host broke */
    GString *firings;
    GString *violations;
    FaultPlan *plan;
    Drive *drive;
    Port *port;
    TapeMedium *tape; /* in memory; borrowed, for it is the drive's */
    SimHost *host;
    SimApplication application;
} FaultRig;

/* A drive with these rules and an empty cartridge of 64 KiB, its early warning 16 KiB before the
 * end; a host that has attached it and taken the first unit attentions. */
void fault_rig_init(FaultRig *rig, const char *rules, uint64_t seed);
/* The same with a WORM cartridge. */
void fault_rig_init_worm(FaultRig *rig, const char *rules, uint64_t seed);
void fault_rig_clear(FaultRig *rig);

/* Results of the steps, then " | " and what was special on the wire. Free with g_free. */
char *fault_rig_run(FaultRig *rig, const char *steps);
/* What is on the cartridge; the queues of the drive are let go first. Free with g_free. */
char *fault_rig_tape(FaultRig *rig);

/* One fault, as a row of a table. */
typedef struct FaultRow {
    const char *rules, *steps;
    const char *results; /* as above */
    const char *tape;
    bool worm; /* the cartridge is one */
} FaultRow;

/* The tables, each ended by a row without rules. */
extern const FaultRow fault_usb_rows[], fault_queue_rows[], fault_medium_rows[], fault_drive_rows[];

/* Runs it and asserts all of it, and that every rule fired. */
void fault_row_check(const FaultRow *row);

#endif
