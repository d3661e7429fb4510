/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of a command handler, made by the functions below. dispatch.c alone acts on it.
 *
 *     ssc_good()                        done, GOOD
 *     ssc_check(SENSE_X)                done, CHECK CONDITION
 *     ssc_illegal_field(byte, bit)      05/24/00 with a pointer into the CDB
 *     ssc_illegal_parameter(byte, bit)  05/26/00 with a pointer into the parameter list
 *     ssc_reservation_conflict()        done, RESERVATION CONFLICT
 *     ssc_reply(c, allocation length)   send c->reply, cut to the allocation length
 *     ssc_move_data(length, next)       ask the transport for a data phase, then call `next`
 *     ssc_after_sync(next)              sync the medium, then call `next` (see c->held)
 *     ssc_good_then_sync()              GOOD at once (IMMED), the medium syncs in the background
 *     ssc_when_fetched(bytes, next)     bring data into the host's memory, then call `next`
 *     ssc_in_turns(next)                yield to others, then call `next` (see SSC_TURN)
 *     ssc_of_medium(...)                the meaning of a MediumResult
 */
#ifndef USBTAPE_SSC_OUTCOME_H
#define USBTAPE_SSC_OUTCOME_H

#include "emu/scsi/sense.h"
#include "emu/scsi/task.h"
#include "media/medium.h"

typedef struct SscCommand SscCommand;
typedef struct SscDrive SscDrive;
typedef struct Outcome Outcome;
typedef Outcome (*SscHandler)(SscCommand *c);

typedef enum OutcomeKind {
    OUTCOME_DONE,           /* status and sense are set */
    OUTCOME_DATA,           /* wants `length` bytes moved the way its table row says, then `next` */
    OUTCOME_SYNC,           /* wants the medium synced, then `next` */
    OUTCOME_GOOD_THEN_SYNC, /* done, but the medium syncs in the background */
    OUTCOME_FETCH, /* wants `length` bytes from the head on near (medium_fetch), then `next` */
    OUTCOME_TURN,  /* not done: wants `next` called again, once others had a turn */
} OutcomeKind;

struct Outcome {
    OutcomeKind kind;
    ScsiStatus status;
    ScsiSense sense;
    uint32_t length;
    SscHandler next;
};

Outcome ssc_good(void);
Outcome ssc_check(ScsiSenseCode code);
/* With INFORMATION. */
Outcome ssc_check_information(ScsiSenseCode code, int64_t information);
/* `bit`: the left-most bit of the field, -1 for a field of whole bytes. */
Outcome ssc_illegal_field(unsigned byte, int bit);
Outcome ssc_illegal_parameter(unsigned byte, int bit);
Outcome ssc_reservation_conflict(void);
Outcome ssc_reply(SscCommand *c, uint32_t allocation_length);
Outcome ssc_move_data(uint32_t length, SscHandler next);
Outcome ssc_after_sync(SscHandler next);
Outcome ssc_good_then_sync(void);
Outcome ssc_when_fetched(uint32_t bytes, SscHandler next);
Outcome ssc_in_turns(SscHandler next);

/*
 * One command may name 16 million objects, and moving them takes minutes. A reset, the control
 * socket and the end of the program must not wait so long. After this many objects the command
 * yields to them. See c->moved.
 */
#define SSC_TURN 32768u

static inline bool ssc_outcome_is_good(const Outcome *outcome)
{
    return outcome->kind == OUTCOME_DONE && outcome->status == SCSI_GOOD;
}

/* The operation on the medium: one MediumResult means different sense for each. */
typedef enum MediumAct {
    ACT_READ,
    ACT_RECOVER, /* from the drive's buffer */
    ACT_WRITE,   /* blocks or marks */
    ACT_SPACE,
    ACT_LOCATE,
    ACT_OTHER, /* rewind, erase, format, sync… */
} MediumAct;

/*
 * The only place where a MediumResult becomes status and sense. `residual`: blocks, bytes or marks
 * asked for and not moved. It is reported where the standard demands it.
 */
Outcome ssc_of_medium(SscCommand *c, MediumResult result, MediumAct act, uint64_t residual);

/* The buffer goes to tape before the tape moves away (SSC-3 § 4.2.10): calls `next` after a sync if
 * the tape needs one, else now. */
Outcome ssc_when_synced(SscCommand *c, SscHandler next);
/* Reports the outcome after a sync that ends well. */
Outcome ssc_report_when_synced(SscCommand *c, Outcome outcome);
/* With IMMED: reports the outcome now, and the sync that it needs goes on in the background. */
Outcome ssc_report_before_sync(SscCommand *c, Outcome outcome);
/* GOOD now. The next command that may report a deferred error reports this one. */
Outcome ssc_defer(SscDrive *drive, Outcome outcome);
/* Hands out what `ssc_reply` announced; a handler that must act then calls it last. */
Outcome ssc_send_reply(SscCommand *c);

#endif
