/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One simulated case, whole: application → tape class driver → port driver → usbredir → the drive →
 * a cartridge in memory, on a virtual clock; then judged from the cartridge. The same configuration
 * gives the same case, byte by byte.
 *
 * Owns: what a seed stands for, the judgement of one case. Does not own: the drive
 * (sim-drive-ops.h), the driver (port-driver.h), many cases at a time (runner/sim-case.h).
 */
#ifndef USBTAPE_SIM_TRIAL_H
#define USBTAPE_SIM_TRIAL_H

#include "scenarios/subjects/sim/sim-drive-ops.h"
#include "scenarios/subjects/sim/workload.h"

typedef enum TrialTask {
    TRIAL_BACKUP,
    TRIAL_BACKUP_VERIFY,
    TRIAL_RESTORE, /* of a tape that was written right */
    TRIAL_APPEND,  /* to such a tape */
    TRIAL_N_TASKS,
} TrialTask;

/* "backup", "backup-verify", "restore", "append"; NULL-terminated. */
const char *const *trial_task_names(void);

typedef struct TrialConfig {
    TrialTask task;
    const HostModel *model; /* of the port driver */
    unsigned triggers; /* of HostTrigger: the seed takes one that means something to the task */
    uint64_t seed;
    unsigned outstanding; /* tape buffers */
    unsigned blocks;      /* of 16 KiB: how much data, about */
    unsigned gather;      /* blocks of a tape buffer; 1: one, of variable length */
    size_t maximum;       /* of a transfer, bytes; 0: TAPE_CLASS_MAXIMUM */
    unsigned at;          /* the trigger comes at that read or write, from 1; 0: the seed says */
    bool marks_at_once; /* filemarks are sent while writes are outstanding, whatever the trigger */
    const char *faults; /* of the drive besides the trigger, as a fault plan; NULL: none */
    bool keep_story;    /* events and order, for people */
    const char *cartridge; /* a new file for it; NULL: it is in memory */
} TrialConfig;

typedef enum TrialEnd {
    TRIAL_CLEAN,
    TRIAL_REPORTED,    /* the application told its user */
    TRIAL_FALSE_ALARM, /* it did, and nothing was wrong: neither on the tape nor in what was read */
    TRIAL_UNREADABLE,  /* it did not; but the tape violates the format: the next reader tells */
    TRIAL_SILENT,      /* nobody ever would: the tape reads well, and holds something else */
    TRIAL_HUNG,        /* the application waits for what nobody will answer */
    TRIAL_INCONCLUSIVE, /* the trigger did not come about */
    TRIAL_N_ENDS,
} TrialEnd;

/* "clean", … Static. */
const char *trial_end_name(TrialEnd end);

/* A block on the tape (or one that was read), and its place in the order of issue, from 0. */
typedef struct TrialRecord {
    int64_t issued; /* -1: nobody issued it */
    int64_t object;
} TrialRecord;

typedef struct TrialEvent {
    int64_t at; /* microseconds since the task began */
    HostEvent event;
    uint8_t opcode;  /* of its command; only if `number` */
    uint64_t number; /* of the request; 0: it is about none */
} TrialEvent;

typedef struct TrialResult {
    TrialEnd end;
    HostTrigger trigger; /* the one taken; 0: none */
    unsigned at;         /* the read or write that it was to come at; 0: it is no matter of that */
    GArray *faults;      /* of SimFault: the rules of TrialConfig.faults */
    char *rules;         /* how the drive was told; "" if it was not */
    MtfOutcome outcome;
    char *message, *detail; /* the application's; message: what its user reads */
    bool wrong;             /* the tape, or what was read, is not as it should be */
    bool misread;           /* a read got what is not there; looked at only if something is amiss */
    GPtrArray *findings;    /* of text: "object 17 holds write 18", the weightiest first; bounded */
    char *violation;        /* the walker's: the first of the format; NULL: none */
    uint64_t requests;      /* of the class driver's */
    uint64_t objects;       /* on the tape */
    uint64_t issued;        /* reads or writes of the task */
    uint64_t overlaps;      /* CBWs that came while another command was on the wire */
    GPtrArray *bus; /* of text: the rules of the bus that the host broke (sim-drive-ops.h) */
    GArray *order;  /* of TrialRecord; NULL unless the story was kept */
    GArray *events; /* of TrialEvent; the same */
    uint64_t events_left_out;
    int64_t duration; /* microseconds, virtual */
} TrialResult;

/* False: the drive cannot be had, does not answer to anybody, or its tape cannot be judged
 * (`error`). */
bool trial_run(const TrialConfig *config, const SimDriveOps *ops, TrialResult *result,
               GError **error);
void trial_result_clear(TrialResult *result);

/* Does the task write? Otherwise it only reads. */
bool trial_writes(TrialTask task);
/* The rules of the drive's fault plan that make the trigger come at that read or write. `draw` (0
 * or 1) chooses where there are two of a kind. "": it takes none. Free with g_free. */
char *trial_rules(TrialTask task, HostTrigger trigger, unsigned at, uint64_t draw);
/* Which triggers mean something to a task, of those given. */
unsigned trial_triggers(TrialTask task, unsigned triggers);

#endif
