/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a simulated host is attached to: a whole drive in the same process, on its own virtual
 * clock, with a new cartridge. The program brings it, for scenarios know no drive.
 */
#ifndef USBTAPE_SIM_DRIVE_H
#define USBTAPE_SIM_DRIVE_H

#include "emu/base/clock.h"
#include "media/medium.h"
#include "scenarios/subjects/sim/sim-wire.h"

typedef struct SimDrive SimDrive;

typedef struct SimDriveConfig {
    const char *model;       /* NULL: the usual one */
    const char *cartridge;   /* a new file, in the native format; NULL: it is in memory */
    MediumGeometry geometry; /* of the cartridge */
    uint64_t seed;           /* of its faults */
} SimDriveConfig;

/* A rule of the fault plan. */
typedef struct SimFault {
    const char *name; /* of the fault; interned */
    uint64_t fired;
} SimFault;

typedef struct SimDriveOps {
    /* USBTAPE_ERROR_INPUT: no such model; the file cannot be made. */
    SimDrive *(*create)(const SimDriveConfig *config, GError **error);
    /* The host has hung up. */
    void (*destroy)(SimDrive *drive);
    Clock *(*clock)(SimDrive *drive);
    /* The cartridge; everything that the drive has acknowledged is on it. Borrowed. */
    TapeMedium *(*tape)(SimDrive *drive);
    /* Rules of a fault plan, from now on. Errors as fault plans have them. */
    bool (*add_faults)(SimDrive *drive, const char *rules, GError **error);
    /* Rule `index`, from 0, in the order in which they were added. False: there are fewer. */
    bool (*fault)(SimDrive *drive, unsigned index, SimFault *fault);
    /* Of text, one for each rule of the bus that the host broke, as the drive traces it, since the
     * drive was made; the first few hundred. Borrowed. */
    const GPtrArray *(*bus)(SimDrive *drive);
    /* With the drive as its data. */
    const SimWorld *world;
} SimDriveOps;

#endif
