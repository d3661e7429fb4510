/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of a tape class driver: turns tape operations into SCSI commands for the port driver.
 *
 * What exceeds the adapter's maximum is split, and all parts are sent at once, as Microsoft
 * documents it for class drivers (storage/splittransferrequest); the operation ends when all have.
 * With blocks of fixed length that is invisible on tape. With variable length every part is a
 * block: so a program keeps its blocks below the maximum.
 *
 * What met a unit attention or a drive that is becoming ready was not executed, and is retried
 * after a short wait. What a reset of the device has ended may have been: READ POSITION tells, past
 * the frozen queue, and it is then retried or not. (That a driver has to look is our judgement;
 * what Microsoft's does is not published.) Everything else is the application's to know.
 *
 * Owns: what requests mean, retries. Does not own: their order on the wire (port-driver.h).
 */
#ifndef USBTAPE_SIM_TAPE_CLASS_H
#define USBTAPE_SIM_TAPE_CLASS_H

#include "scenarios/subjects/sim/port-driver.h"

/* The largest transfer of an adapter, if nobody says otherwise: ReactOS has that value for USB. */
#define TAPE_CLASS_MAXIMUM (64u * 1024)

typedef enum TapeOperation {
    TAPE_WRITE,
    TAPE_READ,
    TAPE_FILEMARK,
    TAPE_REWIND,
    TAPE_LOCATE,
    TAPE_SPACE_EOD,
    TAPE_POSITION,
    TAPE_READY,
    TAPE_BLOCK_LENGTH, /* tells the drive what fixed blocks have: `block_length` bytes */
} TapeOperation;

typedef enum TapeResult {
    TAPE_GOOD,
    TAPE_EARLY_WARNING, /* good, and near the end of the tape */
    TAPE_AT_FILEMARK,
    TAPE_END_OF_DATA,
    TAPE_END_OF_MEDIA,
    TAPE_ERROR, /* `error` */
} TapeResult;

typedef struct TapeRequest TapeRequest;

struct TapeRequest {
    TapeOperation operation;
    void *bytes; /* WRITE, READ: the submitter's until `done`; not written to by WRITE */
    size_t length;
    size_t block_length; /* WRITE, READ: in blocks of so many bytes; 0: one block, or part of one */
    uint64_t object;     /* WRITE, READ, FILEMARK: where the tape should stand; LOCATE: where to */
    /* Never called from inside tape_class_send(); may send. */
    void (*done)(TapeRequest *request);
    void *data;

    TapeResult result;
    size_t moved;      /* bytes */
    uint64_t position; /* POSITION: number of the next object */
    char error[64];    /* ERROR: in words */

    GPtrArray *parts; /* the class driver's */
    unsigned waiting; /* … parts that have not ended */
};

typedef struct TapeClass TapeClass;

/* Borrows both. `maximum`: bytes of a transfer; 0: TAPE_CLASS_MAXIMUM. */
TapeClass *tape_class_new(HostPort *port, Clock *clock, size_t maximum);
/* Requests that have not ended never will. After host_port_free(). */
void tape_class_free(TapeClass *tape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TapeClass, tape_class_free)

/* From now on QueueSortKey is not set to zero, but is what the memory held: draws from `seed`. */
void tape_class_leave_keys(TapeClass *tape, uint64_t seed);

/* Borrows the request until `done`. */
void tape_class_send(TapeClass *tape, TapeRequest *request);

/* How many requests it made of what it was sent: HostRequest.number counts them, from 1. */
uint64_t tape_class_requests(const TapeClass *tape);
/* How many of them ended with early warning, and how many went out with a key that nobody set. */
uint64_t tape_class_early_warnings(const TapeClass *tape);
uint64_t tape_class_stale_keys(const TapeClass *tape);

#endif
