/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults at SEAM 3: a TapeMedium in front of another.
 *
 * Owns the queue: blocks that the host believes to be on tape and that are not there yet. While the
 * queue has objects, the reported position is the place of the head after they are written. An
 * object that is missing or duplicate on tape shifts the reported object numbers (`shift`). The
 * shift lasts as long as the host goes on writing. It ends when the host positions the tape.
 */
#ifndef USBTAPE_FAULT_AT_MEDIUM_H
#define USBTAPE_FAULT_AT_MEDIUM_H

#include "emu/fault/plan.h"
#include "media/medium.h"

typedef struct AtMedium AtMedium;

/*
 * Takes ownership of `below` and borrows the plan. `*place` points to the new AtMedium. When the
 * drive frees its cartridge, the AtMedium is freed and `*place` becomes NULL.
 */
void at_medium_new(TapeMedium *below, FaultPlan *plan, AtMedium **place);
/* medium_free() on it frees the AtMedium and `below`. */
TapeMedium *at_medium_medium(AtMedium *at);
/* True if no fault is in effect and nothing is queued. Then it may be taken out. */
bool at_medium_idle(const AtMedium *at);
/* Returns `below` and frees the rest. Only while idle. */
TapeMedium *at_medium_take_out(AtMedium *at);
/* Call these before and after a reset of the drive. With `power`, the power was off. */
void at_medium_reset(AtMedium *at, bool power);
void at_medium_reset_over(AtMedium *at);

/* ---- for kinds ---- */

/* A motion that the drive requests. */
typedef struct FaultMotion {
    AtMedium *at;
    FaultMotionKind kind;
    bool reverse;            /* READ */
    MediumPosition position; /* before the motion, as the host knows it */

    uint8_t *buffer; /* READ */
    size_t capacity;
    size_t *length;
    const uint8_t *data; /* WRITE */
    size_t size;
    MediumMark mark; /* MARKS, SPACE: which mark, and how many */
    MediumSpace space;
    int64_t count;
    bool stop_at_setmarks;
    uint64_t *moved;    /* MARKS: number written. SPACE: number passed. */
    uint32_t partition; /* LOCATE */
    MediumLocate locate;
    uint64_t number;

    MediumResult result;
} FaultMotion;

/* Performs the motion below, as `motion` describes it now. Sets motion->result. */
void at_medium_below(FaultMotion *motion);
/* The type of the next object: MEDIUM_OK for a block, else as medium_read(). The head stays. */
MediumResult at_medium_peek(AtMedium *at);
/* True if the next object is a block. For a kind's `fits` on READ. */
bool at_medium_before_block(const FaultRule *rule, const void *motion);

/* Writes a block, or queues it if a queue is open. */
MediumResult at_medium_put(AtMedium *at, const uint8_t *data, size_t size);
/* Adds `delta` to the object numbers that are reported from now on. */
void at_medium_shift(AtMedium *at, int delta);
/*
 * Leaves the head this many objects before the reported place. After `duration` the head arrives
 * there. A motion before that, or FAULT_FOR_EVER, leaves it behind for good.
 */
void at_medium_start_lag(AtMedium *at, uint64_t objects, int64_t duration);
/* Limits how many objects the next power cut loses, of those that are not on tape yet. */
void at_medium_lose_at_most(AtMedium *at, uint64_t objects);
/* Removes everything after the head, as a write does. */
MediumResult at_medium_cut(AtMedium *at);
/* The next block is joined to these bytes. */
void at_medium_set_prefix(AtMedium *at, const uint8_t *data, size_t size);
/* True if a block is kept to be joined to the next one. */
bool at_medium_joins(const AtMedium *at);
/* The bytes of the last block that moved, or NULL. Borrowed until the next motion. */
GBytes *at_medium_previous(const AtMedium *at);
/* The cartridge reports write protection. With `stale`, MODE SENSE does not report it. */
void at_medium_protect(AtMedium *at, bool on, bool stale);
/*
 * The tape itself, for changes that the host does not see. The caller returns the head to its
 * place.
 */
TapeMedium *at_medium_tape(AtMedium *at);

typedef enum FaultPolicy {
    FAULT_FIFO,
    FAULT_LIFO,
    FAULT_SWAP,   /* first and last are exchanged */
    FAULT_STALE,  /* by uninitialised keys, as a driver that sorts by garbage */
    FAULT_RANDOM, /* by the rule's draws */
} FaultPolicy;

typedef struct FaultQueue {
    FaultRule *rule; /* supplies the random numbers */
    unsigned depth;  /* objects */
    FaultPolicy policy;
    bool sliding;      /* when full, the oldest object goes to tape. Else all go and it closes. */
    bool ignores_sync; /* synchronising commands and marks do not empty the queue */
    bool lose_on_power, lose_on_reset;
    int64_t duration; /* after that, all objects go to tape and the queue closes */
} FaultQueue;

/* Blocks are queued from now on. False if another queue is open. */
bool at_medium_open_queue(AtMedium *at, const FaultQueue *queue);
bool at_medium_queues(const AtMedium *at);

#endif
