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
#include "emu/ssc/counters.h"
#include "emu/ssc/dispatch.h"
#include "emu/ssc/models/model.h"
#include "emu/ssc/pages/pages-mode.h"
#include "emu/ssc/timing.h"

/* The state of each initiator: the pending unit attentions, and the sense that was reported last.
 * The third place that REQUEST SENSE reads is `deferred` of the drive. */
typedef struct SscNexus {
    ScsiAttention attention;
    ScsiSense sense;
    bool registered; /* by PERSISTENT RESERVE OUT, with this key */
    uint64_t key;
} SscNexus;

/* Who has the drive: cmd-reserve.c. */
typedef struct SscReservation {
    bool reserved; /* by RESERVE, of this nexus */
    uint8_t reserved_by;
    uint8_t type;   /* of the persistent reservation; 0: none */
    uint8_t holder; /* nexus; of types for all registrants, each of them */
    uint32_t generation;
} SscReservation;

/* The drive's one port, and the group that it alone is in. */
#define SSC_TARGET_PORT       1
#define SSC_TARGET_PORT_GROUP 1

struct SscDrive {
    ScsiTarget target;
    const SscModel *model;
    Clock *clock;
    Trace *trace;
    char serial[11];

    SscNexus nexuses[SCSI_NEXUSES];
    ScsiSense deferred; /* with its `deferred` off: none */

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

/* The initiator of the current command. */
SscNexus *ssc_nexus(const SscCommand *c);
/* A unit attention for each initiator; for each but the one of the current command. */
void ssc_attention(SscDrive *drive, ScsiSenseCode code);
void ssc_attention_others(const SscCommand *c, ScsiSenseCode code);

#endif
