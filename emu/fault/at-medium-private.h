/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the interposer at SEAM 3.
 *
 *     at-medium.c        the vtable: a motion, and the rule that replaces it
 *     at-medium-queue.c  objects that are acknowledged and not on tape (MediumQueue)
 *     at-medium-power.c  objects that a reset or a power cut removes (MediumPower)
 *
 * Each of the two structures is written by its own file alone.
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
    uint64_t keys[QUEUE_SLOTS];  /* FAULT_STALE: left by the last user of each slot */
    unsigned slots[QUEUE_SLOTS]; /* free slots, last freed first */
    unsigned n_slots;            /* number of free slots */
    bool slots_known;
    uint64_t last_key;     /* of the object that went to tape last */
    bool close_after_sync; /* the duration ended during a sync */
} MediumQueue;

typedef struct MediumPower {
    bool off;
    uint64_t lose_at_most; /* objects */
    uint64_t tape_end;     /* number of objects before the power cut */
    bool cut_pending;      /* until the power is back, the tape seems to end at the head */
    uint32_t cut_partition;
    uint64_t cut_object; /* the real end of the tape after that */
} MediumPower;

struct AtMedium {
    TapeMedium base;
    TapeMedium *below;
    FaultPlan *plan;
    AtMedium **place; /* the owner's pointer, set to NULL when this AtMedium is freed */

    MediumQueue queue;
    MediumPower power;
    MediumResult failed; /* of a queued object that the tape refused. The next write reports it. */

    int64_t shift;    /* objects that the host counts and the tape does not have */
    GBytes *prefix;   /* will be joined to the next block */
    GBytes *previous; /* the block that was read or written last */

    uint64_t lag_objects; /* objects between the head and the place that the host expects, or 0 */
    int64_t lag_ends_at;  /* time at which the head arrives */

    bool protect, protect_stale;
    bool syncing;
    MediumSyncDone sync_done;
    void *sync_data;
};

static inline AtMedium *at_medium_of(TapeMedium *m)
{
    return (AtMedium *)m;
}

/*
 * Moves the head to the place that the host expects, if its time has come. Any motion ends the lag.
 */
void at_medium_end_lag(AtMedium *at);

/* ── at-medium-queue.c ── */

void at_medium_pending_free(void *object);
/*
 * False if the tape below would refuse these bytes or warn of its end. Such data must not be
 * queued.
 */
bool at_medium_queue_takes(AtMedium *at, size_t size);
/* Takes ownership. A queue that becomes full is written to tape. */
void at_medium_queue_add(AtMedium *at, PendingObject *object);
/* Writes all queued objects to tape, in the order of the policy. */
void at_medium_queue_commit_all(AtMedium *at);
/* Writes the queue and the prefix to tape. Call it before a motion that depends on the tape. */
void at_medium_queue_flush(AtMedium *at);
/* ClockFunc: the duration of the queue has ended. */
void at_medium_queue_expire(void *at);
/* Stops queueing. Queued objects stay in the queue. */
void at_medium_queue_close(AtMedium *at);
/* Discards all queued objects, or the newest one. */
void at_medium_queue_drop(AtMedium *at);
void at_medium_queue_drop_newest(AtMedium *at);
/* The prefix and the block as one block. NULL if there is no prefix, or if the sum is too large. */
GBytes *at_medium_queue_joined(AtMedium *at, const uint8_t *data, size_t size);

/* ── at-medium-power.c: MediumOps ── */

MediumResult at_medium_power_cut(TapeMedium *m);
/* LOCATE while the power is off. Loses all objects from `number` on, queued ones first. */
MediumResult at_medium_power_lose_from(AtMedium *at, uint32_t partition, uint64_t number);

#endif
