/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated backup program at work on the tape class driver: keeps as many tape buffers
 * outstanding as it may, in bursts, as a program does whose files come from a disk.
 *
 * Owns: buffers, the record of what was asked for and what came of it. Does not own: what the
 * program does and believes (mtf/application.h), the driver.
 */
#ifndef USBTAPE_SIM_WORKLOAD_H
#define USBTAPE_SIM_WORKLOAD_H

#include "scenarios/subjects/mtf/application.h"
#include "scenarios/subjects/sim/tape-class.h"

typedef struct WorkloadConfig {
    MtfTask task;         /* its depth is found out; what it points at is borrowed */
    unsigned outstanding; /* tape buffers; 0: 1 */
    unsigned gather;      /* blocks of a tape buffer; up to 1: one, of variable length */
    bool steady;          /* it never pauses, so that something always waits */
    uint64_t seed;        /* of its pauses */
} WorkloadConfig;

/* Something that the program asked for. */
typedef struct WorkloadEntry {
    MtfRequestType type;
    uint64_t object; /* WRITE, FILEMARK, READ: which it ought to be; LOCATE: where to */
    uint32_t crc;    /* CRC32C of a WRITE's data, and of what a READ got */
    size_t length;
    bool answered;
    MtfStatus status;
} WorkloadEntry;

typedef struct Workload Workload;

/* Borrows class and clock. USBTAPE_ERROR_INPUT: a job that cannot be. */
Workload *workload_new(TapeClass *tape, Clock *clock, const WorkloadConfig *config, GError **error);
/* After host_port_free(): requests that have not ended never will. */
void workload_free(Workload *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workload, workload_free)

/* Begins; the rest happens in the driver's completions and by the clock. */
void workload_start(Workload *w);
bool workload_done(const Workload *w);

/* What it believes. Borrowed. */
const MtfApplication *workload_application(const Workload *w);
/* How many filemarks were sent while other requests were outstanding. */
uint64_t workload_queued_marks(const Workload *w);
/* Of WorkloadEntry, in the order of issue. Borrowed. */
const GArray *workload_entries(const Workload *w);

#endif
