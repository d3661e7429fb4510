/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults at SEAM 3: a TapeMedium in front of another.
 *
 * Here is the queue: blocks that the host believes to be on tape and that are not there yet. While
 * it holds any, the position is where the head would be if it held none. Objects that are on tape
 * twice or not at all shift the numbers that the host is told (`shift`), until the tape is
 * positioned anew: the lie is kept up for as long as the host goes on writing.
 */
#ifndef USBTAPE_FAULT_AT_MEDIUM_H
#define USBTAPE_FAULT_AT_MEDIUM_H

#include "emu/fault/plan.h"
#include "media/medium.h"

typedef struct AtMedium AtMedium;

/*
 * Takes `below` over, borrows the plan. `*place` is this one until it is freed, which the drive
 * above does with its cartridge; then it is NULL.
 */
void at_medium_new(TapeMedium *below, FaultPlan *plan, AtMedium **place);
/* To be freed, and `below` with it, by medium_free(). */
TapeMedium *at_medium_medium(AtMedium *at);
/* It tells no lie and holds nothing: it may be taken out. */
bool at_medium_idle(const AtMedium *at);
/* Takes it out: gives `below` back and frees the rest. It must be idle. */
TapeMedium *at_medium_take_out(AtMedium *at);
/* The drive is about to be reset; `power`: the power was gone. And: it has been. */
void at_medium_reset(AtMedium *at, bool power);
void at_medium_reset_over(AtMedium *at);

/* ---- for kinds ---- */

/* What the medium is asked to do. */
typedef struct FaultMotion {
    AtMedium *at;
    FaultMotionKind kind;
    bool reverse;            /* READ */
    MediumPosition position; /* before it, as the host knows it */

    uint8_t *buffer; /* READ */
    size_t capacity;
    size_t *length;
    const uint8_t *data; /* WRITE */
    size_t size;
    MediumMark mark; /* MARKS, SPACE: what, how many */
    MediumSpace space;
    int64_t count;
    bool stop_at_setmarks;
    uint64_t *moved;    /* MARKS: written; SPACE: moved */
    uint32_t partition; /* LOCATE */
    MediumLocate locate;
    uint64_t number;

    MediumResult result;
} FaultMotion;

/* Does it after all, as it stands in `motion` now; sets motion->result. */
void at_medium_below(FaultMotion *motion);
/* What the next object is: OK a block, else as medium_read(). The head stays. */
MediumResult at_medium_peek(AtMedium *at);
/* True: it is a block. For a kind's `fits` on READ. */
bool at_medium_before_block(const FaultRule *rule, const void *motion);

/* Writes a block, or queues it if a queue is open. */
MediumResult at_medium_put(AtMedium *at, const uint8_t *data, size_t size);
/* The host is told `delta` more objects from now on. */
void at_medium_shift(AtMedium *at, int delta);
/* The head is short of where the host believes it to be, by so many objects; after `duration`, or
 * FAULT_FOR_EVER, it gets there. Any motion before that makes it stay behind. */
void at_medium_lag(AtMedium *at, uint64_t objects, int64_t duration);
/* When the power goes next, at most so many objects are lost, of those that are not on tape yet. */
void at_medium_lose_at_most(AtMedium *at, uint64_t objects);
/* What follows the head is gone, as after a write. */
MediumResult at_medium_cut(AtMedium *at);
/* The next block is joined to this one. */
void at_medium_hold_prefix(AtMedium *at, const uint8_t *data, size_t size);
/* One waits for that already. */
bool at_medium_joins(const AtMedium *at);
/* The block before, written or read: as much as was moved; NULL: none. Borrowed until the next. */
GBytes *at_medium_previous(const AtMedium *at);
/* The tab looks broken out; `stale`: but not to MODE SENSE. */
void at_medium_protect(AtMedium *at, bool on, bool stale);
/* Works on the tape itself, behind the host's back; the head comes back to where it was. */
TapeMedium *at_medium_tape(AtMedium *at);

typedef enum FaultPolicy {
    FAULT_FIFO,
    FAULT_LIFO,
    FAULT_SWAP,   /* first and last change places */
    FAULT_STALE,  /* by keys that earlier users left in the slots, as a driver sorts by garbage */
    FAULT_RANDOM, /* by the rule's draws */
} FaultPolicy;

typedef struct FaultQueue {
    FaultRule *rule; /* whose draws */
    unsigned depth;  /* objects */
    FaultPolicy policy;
    bool sliding;      /* full: the oldest goes to tape. Else: all go, and the queue closes */
    bool ignores_sync; /* synchronising commands and marks do not empty it */
    bool lose_on_power, lose_on_reset;
    int64_t duration; /* then all goes to tape, and the queue closes; FAULT_FOR_EVER */
} FaultQueue;

/* From now on blocks queue. False: another queue is open. */
bool at_medium_open_queue(AtMedium *at, const FaultQueue *queue);
bool at_medium_queues(const AtMedium *at);

#endif
