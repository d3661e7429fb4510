/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the command in progress, the tasks behind it, and the work that they wait for. */
#ifndef USBTAPE_SSC_DISPATCH_H
#define USBTAPE_SSC_DISPATCH_H

#include "emu/base/bytes.h"
#include "emu/ssc/commands/cmd-buffer.h"
#include "emu/ssc/outcome.h"
#include "emu/ssc/ssc.h"
#include "emu/ssc/table.h"
#include "emu/ssc/timing.h"
#include "emu/ssc/zones.h"

/* The command being executed. There is at most one: drives like ours do not queue. */
struct SscCommand {
    SscDrive *drive;
    ScsiTask *task;  /* NULL: none */
    uint64_t number; /* counts commands: the next one may come in the same ScsiTask */
    int64_t begun;   /* of the clock; for the trace, as is the next */
    char from[32];   /* where the head was: partition and object */
    const SscRow *row;
    const uint8_t *cdb;
    ByteWriter reply;   /* over drive->pipeline.scratch: parameter data under construction */
    uint32_t announced; /* bytes that the data phase moves */
    SscHandler next;    /* called when what the command waits for has come; NULL: not waiting */
    Outcome held;       /* for handlers: an outcome found before a sync, reported after it */
    SscHandler then;    /* 16-byte forms: what to do once at the address */
    SscZones zones;     /* where the head was before */
    bool zones_watched; /* and that matters when it ends */
    SscTimed timed;     /* the state when it began, if time is modelled */
    unsigned page_at;   /* MODE SELECT: where the page that divides the tape began */
    uint32_t moved;     /* of many objects: how many until now, over all turns */
    bool warned;        /* and whether one of them met early warning */
    unsigned fetches;   /* fetches so far: SSC_FETCHES_MAX */
};

/*
 * A sync in progress. It cannot be cancelled, so it may outlive the command that asked for it
 * (abort) and even the drive.
 */
typedef struct SscSync {
    SscDrive *drive;    /* NULL: freed meanwhile */
    TapeMedium *orphan; /* to be freed when a freed drive's sync ends */
    bool waited_for;    /* the current command waits; otherwise a failure is a deferred error */
} SscSync;

/*
 * A fetch in progress: it brings data that the current command will read from the host's disk into
 * memory. It may outlive the command.
 */
typedef struct SscFetch {
    SscDrive *drive; /* NULL: no command waits for it any more */
    Outcome again;   /* what asked for it */
} SscFetch;

/* Fetched data may be evicted again. After this many fetches the command reads without another. */
#define SSC_FETCHES_MAX 4u

/* No parameter data that a drive sends is longer: READ BUFFER sends the most, with a header. */
#define SSC_REPLY_MAX (SSC_TEST_BUFFER + 4)

/* Owned by dispatch.c. */
typedef struct SscPipeline {
    SscCommand command; /* the current one */
    GQueue waiting;     /* tasks that came meanwhile */
    SscSync *sync;      /* NULL: none in progress */
    SscFetch *fetch;    /* NULL: none in progress */
    /* The current command waits to end in time, or for its next turn. NULL: it does not. */
    ClockTimer *late;
    Outcome late_outcome;
    uint8_t scratch[SSC_REPLY_MAX]; /* parameter data under construction */
} SscPipeline;

void ssc_submit(ScsiTarget *target, ScsiTask *task);
void ssc_data_out(ScsiTarget *target, ScsiTask *task);
void ssc_abort(ScsiTarget *target, ScsiTask *task);
/* The current command ends without being done. */
void ssc_forget_command(SscDrive *drive);

/* The gate "is there a loaded cartridge?", for commands that need one only sometimes. */
Outcome ssc_check_ready(const SscDrive *drive);
/* True if it has REPORT TARGET PORT GROUPS. */
bool ssc_model_has_groups(const SscModel *model);

#endif
