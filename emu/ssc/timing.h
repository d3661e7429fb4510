/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a real drive would take (`--timing model`, off by default). A command does its work at
 * once, and its task ends when a real drive's would. A timer of the clock ends it. No code sleeps.
 *
 *   WRITE            when there is room in the buffer, which goes to tape at the native rate
 *   READ, VERIFY     when that much of the tape has passed
 *   what synchronises, when the buffer has gone to tape; then, if it moves the tape, the way
 *   REWIND           its share of the time for the whole tape; LOCATE, SPACE and the way to the
 *                    address of a 16-byte form at search speed
 *   LOAD, UNLOAD     the mechanism, and the way to the beginning; a cartridge put in is ready later
 *   cleaning         the cartridge can leave (UNLOAD, the button) when it has run
 *   ERASE (long)     the rest of the partition at the native rate
 *
 * With IMMED the command ends at once, and the next one that needs the tape waits.
 */
#ifndef USBTAPE_SSC_TIMING_H
#define USBTAPE_SSC_TIMING_H

#include "emu/ssc/outcome.h"

typedef struct SscDrive SscDrive;

/* The state when the command began, to compute how far it moved the tape. */
typedef struct SscTimed {
    bool watched, loaded;
    uint32_t partition;
    uint64_t used;   /* bytes on the tape before the head */
    uint64_t behind; /* in the buffer */
    int64_t gone;    /* microseconds until the tape was where the command wanted to begin */
} SscTimed;

/* Owned by timing.c: microseconds of the drive's clock. */
typedef struct SscClockwork {
    bool timed;                               /* time is modelled; the rest counts only then */
    int64_t ready_at, busy_until, drained_at; /* cartridge ready, tape free, buffer drained */
    int64_t cleaned_at;                       /* the cleaning cartridge can leave */
} SscClockwork;

/* The command begins. */
void ssc_timing_begin(SscCommand *c);
/* The tape reached the address that the command names. The command's work begins here. */
void ssc_timing_arrived(SscCommand *c);
/* Microseconds until the command may end, now that it has done its work. */
int64_t ssc_timing_left(SscCommand *c);
/* `bytes` more have to go to tape before there is room again. */
void ssc_timing_drained(SscDrive *drive, uint64_t bytes);
/* Writes to tape the part of the buffer that there was time for. */
void ssc_timing_flow(SscDrive *drive);
/* A cartridge was put in, or the drive switched on with one. */
void ssc_timing_loads(SscDrive *drive);
/* A cleaning cartridge was put in, and runs. */
void ssc_timing_cleans(SscDrive *drive);
bool ssc_timing_cleaning(const SscDrive *drive);
/* It is being loaded. */
bool ssc_timing_loading(const SscDrive *drive);

#endif
