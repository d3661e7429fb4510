/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated backup program: a backup to a fresh tape, with or without a verify pass; one more
 * set appended; chosen files restored. It asks for tape operations and is told how they ended, and
 * does no input or output of its own: whoever plays the host performs them, several at a time, and
 * may answer in any order. As with overlapped I/O, the program uses its buffers in the order in
 * which it asked for them.
 *
 * Owns: what a backup program believes, and tells its user. Does not own: the drive, the queue, the
 * truth; mtf_application_differences() is what it could not know.
 */
#ifndef USBTAPE_SCENARIOS_MTF_APPLICATION_H
#define USBTAPE_SCENARIOS_MTF_APPLICATION_H

#include "scenarios/subjects/mtf/verifier.h"

typedef enum MtfTaskType {
    MTF_TASK_BACKUP,  /* overwrites the tape */
    MTF_TASK_APPEND,  /* finds the end of the last set, and goes on there */
    MTF_TASK_RESTORE, /* goes to each chosen file by the catalog */
} MtfTaskType;

typedef struct MtfTask {
    MtfTaskType type;
    MtfJob job;                /* BACKUP, APPEND: set, first_object and last_eset are found out */
    bool verify;               /* … then read it back and compare */
    unsigned depth;            /* reads or writes outstanding; 0: 1. Motions always wait */
    bool wait_at_marks;        /* a filemark waits for the writes before it, and is waited for */
    const GPtrArray *catalog;  /* RESTORE: of MtfCatalogEntry *, borrowed */
    const char *const *chosen; /* … paths, NULL-terminated; NULL: all */
    uint64_t run;              /* … of that backup */
} MtfTask;

typedef enum MtfRequestType {
    MTF_REQUEST_WRITE,
    MTF_REQUEST_FILEMARK,
    MTF_REQUEST_READ,
    MTF_REQUEST_REWIND,
    MTF_REQUEST_LOCATE,
    MTF_REQUEST_SPACE_EOD,
    MTF_REQUEST_POSITION,
} MtfRequestType;

typedef struct MtfRequest {
    MtfRequestType type;
    uint64_t ticket; /* 0, 1, 2… in the order of asking */
    uint64_t object; /* LOCATE: where to; WRITE, FILEMARK, READ: which it ought to be */
    GBytes *data;    /* WRITE: the receiver's reference */
    size_t length;   /* READ: at most */
} MtfRequest;

void mtf_request_clear(MtfRequest *request);

typedef enum MtfStatus {
    MTF_STATUS_GOOD, /* also with early warning */
    MTF_STATUS_FILEMARK,
    MTF_STATUS_END_OF_DATA,
    MTF_STATUS_END_OF_MEDIA,
    MTF_STATUS_ERROR,
} MtfStatus;

typedef struct MtfCompletion {
    MtfStatus status;
    const uint8_t *data; /* READ, GOOD: borrowed during the call */
    size_t length;
    uint64_t object;   /* POSITION: number of the next object */
    const char *error; /* ERROR: in words; may be NULL */
} MtfCompletion;

typedef enum MtfNext {
    MTF_NEXT_REQUEST, /* perform `request` */
    MTF_NEXT_WAIT,    /* first complete something */
    MTF_NEXT_DONE,    /* nothing is outstanding, and nothing more will come */
} MtfNext;

/* What the program tells its user. */
typedef enum MtfOutcome {
    MTF_OUTCOME_SUCCESS,
    MTF_OUTCOME_INCONSISTENT, /* the article's message (our mapping): the tape reads not as MTF */
    MTF_OUTCOME_DIFFERENT,    /* the verify pass found other contents */
    MTF_OUTCOME_DEVICE_ERROR, /* an operation failed */
} MtfOutcome;

typedef struct MtfApplication MtfApplication;

/* USBTAPE_ERROR_INPUT: a job that cannot be. */
MtfApplication *mtf_application_new(const MtfTask *task, GError **error);
void mtf_application_free(MtfApplication *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfApplication, mtf_application_free)

/* `request` is filled for REQUEST alone, and must then be cleared. */
MtfNext mtf_application_next(MtfApplication *a, MtfRequest *request);

/* A request has ended; in any order, each ticket once. */
void mtf_application_complete(MtfApplication *a, uint64_t ticket, const MtfCompletion *completion);

/* When done: the outcome; what the user reads, and what is behind it. Borrowed, never NULL. */
MtfOutcome mtf_application_outcome(const MtfApplication *a);
const char *mtf_application_message(const MtfApplication *a);
const char *mtf_application_detail(const MtfApplication *a);
/* "success", "inconsistent", "different", "device error". Static. */
const char *mtf_outcome_name(MtfOutcome outcome);

/* Files read back that are not what was backed up: the truth. Borrowed; valid when done. */
const GPtrArray *mtf_application_differences(const MtfApplication *a);
/* How many files were read back as they had been. */
size_t mtf_application_files_good(const MtfApplication *a);
/* After a backup: what to restore by. NULL if nothing was written. Borrowed. */
const GPtrArray *mtf_application_catalog(const MtfApplication *a);

#endif
