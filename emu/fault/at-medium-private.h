/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the interposer at SEAM 3 share:
 *
 *   at-medium.c        the vtable: what a motion becomes when a rule takes it over
 *   at-medium-queue.c  objects that were acknowledged and are not on tape (MediumQueue)
 *   at-medium-power.c  what a reset or a power cut takes (MediumPower)
 *
 * Each of the two structures is written to by its own file alone.
 */
#ifndef USBTAPE_FAULT_AT_MEDIUM_PRIVATE_H
#define USBTAPE_FAULT_AT_MEDIUM_PRIVATE_H

#include "emu/fault/at-medium.h"

enum { QUEUE_SLOTS = 256 };

typedef struct PendingObject {
    bool is_mark;
    MediumMark mark;
    GBytes *block;
    unsigned slot;
} PendingObject;

typedef struct MediumQueue {
    bool open;
    FaultQueue settings;
    ClockTimer *timer;
    GPtrArray *objects; /* of PendingObject, oldest first */
    uint64_t bytes, files, setmarks;
    uint64_t keys[QUEUE_SLOTS];  /* FAULT_STALE: what the last user of each slot left there */
    unsigned slots[QUEUE_SLOTS]; /* free ones, last freed first */
    unsigned n_slots;            /* how many of them */
    bool slots_known;
    uint64_t last_key;     /* of the object that went to tape last */
    bool close_after_sync; /* its time was over during a sync */
} MediumQueue;

typedef struct MediumPower {
    bool off;
    uint64_t lose_at_most; /* objects */
    uint64_t tape_end;     /* before anything was lost */
    bool cut_pending;      /* the tape seems to end at the head until the power is back, … */
    uint32_t cut_partition;
    uint64_t cut_object; /* … and ends here from then on */
} MediumPower;

struct AtMedium {
    TapeMedium base;
    TapeMedium *below;
    FaultPlan *plan;
    AtMedium **place; /* of the owner; NULL there once this one is freed */

    MediumQueue queue;
    MediumPower power;
    MediumResult failed; /* a queued object could not be written: the next write reports it */

    int64_t shift;    /* objects that the host counts and the tape does not have */
    GBytes *prefix;   /* waits for the next block, to be one with it */
    GBytes *previous; /* the block that was moved last */

    uint64_t lag;     /* objects that the head is behind and will catch up with; 0: none */
    int64_t lag_over; /* when */

    bool protect, protect_stale;
    bool syncing;
    MediumSyncDone sync_done;
    void *sync_data;
};

static inline AtMedium *at_medium_of(TapeMedium *m)
{
    return (AtMedium *)m;
}

/* The head arrives where it lags behind, if its time has come. Any motion ends the lag. */
void at_medium_end_lag(AtMedium *at);

/* ── at-medium-queue.c ── */

void at_medium_pending_free(void *object);
/* Would the tape below take so many bytes now, without a warning? Else they must not be queued. */
bool at_medium_queue_takes(AtMedium *at, size_t size);
/* Takes the object over. A queue that it fills goes to tape. */
void at_medium_queue_add(AtMedium *at, PendingObject *object);
/* Everything goes to tape, in the order of the policy. */
void at_medium_queue_commit_all(AtMedium *at);
/* Before any motion that needs the tape as it is: the same, with the prefix. */
void at_medium_queue_flush(AtMedium *at);
/* The time of the queue is over. */
void at_medium_queue_expire(void *at);
/* No more objects are queued; those that are stay. */
void at_medium_queue_close(AtMedium *at);
/* Loses everything; or the object that came last. */
void at_medium_queue_drop(AtMedium *at);
void at_medium_queue_drop_newest(AtMedium *at);
/* The block with the prefix before it; NULL: there is none, or both do not fit in one. */
GBytes *at_medium_queue_joined(AtMedium *at, const uint8_t *data, size_t size);

/* ── at-medium-power.c: MediumOps ── */

MediumResult at_medium_power_cut(TapeMedium *m);
/* Without power, LOCATE: objects from `number` on are lost, the queued ones first. */
MediumResult at_medium_power_lose_from(AtMedium *at, uint32_t partition, uint64_t number);

#endif
