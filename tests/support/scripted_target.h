/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ScsiTarget for tests, below SEAM 2, that does what it is told and checks what it is told to do:
 * one task at a time, data_out only after an accepted Data-Out phase, nothing after done.
 */
#ifndef USBTAPE_TESTS_SCRIPTED_TARGET_H
#define USBTAPE_TESTS_SCRIPTED_TARGET_H

#include "emu/scsi/task.h"

typedef struct ScriptedTarget {
    ScsiTarget target; /* first */

    /* The script: what each task gets. */
    ScsiDirection direction; /* SCSI_NO_DATA: no data phase */
    uint32_t length;         /* announced */
    uint32_t filled;         /* Data-In: really there, at most `length` */
    uint32_t out_unused;
    ScsiStatus status;
    bool late_data_phase; /* waits for scripted_target_go() */
    bool late_done;       /* the same */
    unsigned luns;

    /* What happened. */
    bool in_call;   /* in submit or data_out: nothing may come back in */
    ScsiTask *task; /* with the target now */
    bool wants_out; /* …and its Data-Out phase was accepted */
    bool has_data;  /* …and its data phase is over */
    unsigned n_submit, n_data_out, n_refused, n_done, n_abort;
    GByteArray *out; /* the last task's Data-Out */
    uint8_t lun;     /* the last task's */
    uint8_t cdb[SCSI_CDB_MAX];
    uint8_t cdb_length;
    uint64_t tag;
    GArray *resets; /* of ScsiReset */
} ScriptedTarget;

void scripted_target_init(ScriptedTarget *target);
void scripted_target_clear(ScriptedTarget *target);

/* What is late happens now: the next of data phase, done. Nothing if it is the host's turn. */
void scripted_target_go(ScriptedTarget *target);

/* The bytes that Data-In sends: byte i of the command with that tag. */
uint8_t scripted_target_byte(uint64_t tag, size_t i);

#endif
