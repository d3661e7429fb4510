/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a partition as the drive reports it (SSC-3 § 4.2.5): early warning, the programmable
 * early warning before it, and the end itself. The cartridge defines where they are. Settings of
 * the model override the cartridge.
 *
 *   command                      in the zone                   when it comes into the zone
 *   WRITE, WRITE FILEMARKS       early warning: each one       REW without SEW: VOLUME OVERFLOW
 *                                ends in 00/02 with EOM; SEW:  programmable: 00/07 with EOM
 *                                all is on tape by then
 *   READ, VERIFY, SPACE forward  EOM beside end of data        REW: 00/02 with EOM
 */
#ifndef USBTAPE_SSC_ZONES_H
#define USBTAPE_SSC_ZONES_H

#include "emu/ssc/outcome.h"

typedef struct SscDrive SscDrive;

typedef struct SscZones {
    bool early;        /* at or beyond early warning */
    bool programmable; /* at or beyond programmable early warning */
} SscZones;

/* Where the head is. A cartridge must be loaded. */
SscZones ssc_zones_now(SscDrive *drive);

/* Bytes that a partition has for the host. */
uint64_t ssc_zones_capacity(const SscDrive *drive, uint64_t capacity);

/* As medium_write() and medium_write_marks(), with the end and the early warning of the settings.
 */
MediumResult ssc_zones_write(SscDrive *drive, const uint8_t *data, size_t size);
MediumResult ssc_zones_write_marks(SscDrive *drive, MediumMark mark, uint64_t count,
                                   uint64_t *written);

/* The outcome of a command that moved the tape, with the early warning that it has to report. */
Outcome ssc_zones_report(SscCommand *c, Outcome outcome);

#endif
