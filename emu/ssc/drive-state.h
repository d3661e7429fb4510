/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the drive, made of the parts that the other headers declare. */
#ifndef USBTAPE_SSC_DRIVE_STATE_H
#define USBTAPE_SSC_DRIVE_STATE_H

#include "emu/scsi/attention.h"
#include "emu/ssc/buffer.h"
#include "emu/ssc/cartridge-state.h"
#include "emu/ssc/commands/cmd-buffer.h"
#include "emu/ssc/commands/cmd-diagnostic.h"
#include "emu/ssc/commands/cmd-identity.h"
#include "emu/ssc/commands/cmd-reserve.h"
#include "emu/ssc/counters.h"
#include "emu/ssc/dispatch.h"
#include "emu/ssc/models/model.h"
#include "emu/ssc/pages/pages-mode.h"
#include "emu/ssc/timing.h"

/* The drive's one port, and the group that it alone is in. */
#define SSC_TARGET_PORT       1
#define SSC_TARGET_PORT_GROUP 1

struct SscDrive {
    ScsiTarget target;
    const SscModel *model;
    Clock *clock;
    Trace *trace;
    char serial[11];

    /* REQUEST SENSE reports from these three, in this order. */
    ScsiSense sense;         /* of the last command; SENSE_NO_SENSE: none */
    ScsiAttention attention; /* pending unit attentions */
    ScsiSense deferred;      /* with its `deferred` off: none */

    /* Each of these is owned by one file, which its header names. */
    SscPipeline pipeline;
    SscClockwork clockwork;
    SscCartridge cartridge;
    SscBuffer buffer; /* written behind */
    SscCounters counters;
    SscMode mode;
    SscModeStore mode_store;
    SscReservation reservation;
    SscIdentity identity;
    SscDiagnostics diagnostics;
    SscTestMemory test_memory;
    uint8_t *reversed; /* MEDIUM_BLOCK_MAX bytes for READ REVERSE; NULL until there was one */
};

#endif
