/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside emu/ssc: what the cartridge has been through, as it counts it in its life.
 *
 * Owns: the attribute that keeps the usage of the last two loads. Does not own: the counters of the
 * drive, the attributes and log pages that report usage.
 */
#ifndef USBTAPE_SSC_CARTRIDGE_USAGE_H
#define USBTAPE_SSC_CARTRIDGE_USAGE_H

#include "emu/ssc/ssc.h"

/* Bytes that were moved, as they lie on the tape. */
typedef struct SscMoved {
    uint64_t written, read;
} SscMoved;

/* The usage that the cartridge counts. `loads` 0: its format counts none. */
MediumUsage ssc_medium_usage(SscDrive *drive);
/* Other image formats count none of it. Its attributes are then absent, not zero. */
bool ssc_usage_is_counted(SscDrive *drive);
/* Bytes that this load and the previous load have moved. */
void ssc_usage_loads(SscDrive *drive, SscMoved *now, SscMoved *before);
/* The cartridge, just loaded, notes what the load before this one moved. */
void ssc_usage_note_load(SscDrive *drive);

#endif
