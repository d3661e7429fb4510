/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table: every property of a command that its gates need. */
#ifndef USBTAPE_SSC_TABLE_H
#define USBTAPE_SSC_TABLE_H

#include "emu/scsi/commands.h"
#include "emu/ssc/outcome.h"
#include "emu/ssc/ssc.h"

typedef enum SscRowFlags {
    ROW_ANY_LUN = 1 << 0,     /* answers for logical units that do not exist too */
    ROW_UA_EXEMPT = 1 << 1,   /* neither reports nor consumes unit attentions and deferred errors */
    ROW_KEEPS_SENSE = 1 << 2, /* keeps the sense data of the last command */
    ROW_MEDIUM = 1 << 3,      /* needs a loaded cartridge */
    ROW_MOVES = 1 << 4,       /* changes the logical position */
    ROW_WRITES = 1 << 5,      /* refused on a write-protected cartridge */
    ROW_COUNTED = 1 << 6,     /* has a 24-bit count; zero does nothing */
    ROW_REVERSE = 1 << 7,     /* reads towards BOP */
    ROW_RECOVERS = 1 << 8,    /* reads what the drive could not write */
    ROW_MEMORY = 1 << 9, /* needs a cartridge whose memory can be reached: loaded, or at HOLD */
    ROW_SLOW = 1 << 10,  /* may take minutes on a real drive (timeouts descriptor) */
} SscRowFlags;

typedef struct SscRow {
    const ScsiCommand *command;
    unsigned flags;
    SscHandler handler;
    uint8_t mask[SCSI_CDB_MAX]; /* bits that the host may set; byte 0 is the operation code */
} SscRow;

/* Ascending by operation code, then service action. */
const SscRow *ssc_table(unsigned *n_rows);

/* The row for a CDB, by operation code and service action. NULL: none. */
const SscRow *ssc_table_find(const uint8_t *cdb);

/* True if the model has this row. */
bool ssc_model_has(const SscModel *model, const SscRow *row);

/* Asserts that the rows ascend (so none is there twice) and that lengths and masks make sense. */
void ssc_table_check(void);

#endif
