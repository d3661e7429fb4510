/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault plans: which faults, and when. A rule is *when → do*.
 *
 * Owns: rules and their counters, random draws, the state of the command under way. Does not own:
 * the layers. A rule acts through the interposer of its seam (at-transfer.h, at-task.h,
 * at-medium.h). An interposer stands between two layers only while a rule needs it.
 *
 * The file is a list of rules in strict YAML. scenarios/FAULTS.md has the language and the kinds.
 *
 *     - {name: drive.hang, on: "WRITE(6)#5"}            # the fifth WRITE(6) never ends by itself
 *     - {name: drive.busy, on: "READ(6)#2", count: 3}   # the second to fourth READ(6): BUSY
 *     - {name: queue.reorder, record: ">=100", every: 7, count: inf, policy: random}
 */
#ifndef USBTAPE_FAULT_PLAN_H
#define USBTAPE_FAULT_PLAN_H

#include "emu/base/clock.h"
#include "emu/base/random.h"
#include "emu/base/trace.h"
#include "emu/fault/kind.h"
#include "media/medium.h"

#define FAULT_COUNT_INFINITE G_MAXUINT64
#define FAULT_CDB_MAX        16
/* Rules in force at the same time. */
#define FAULT_RULES_MAX 1000u
/* The shortest interval of a rule that the clock alone sets off repeatedly. */
#define FAULT_TIME_LEAST_US 1000

/* The event that sets a rule off, by its kind and its triggers. */
typedef enum FaultHook {
    FAULT_HOOK_TASK,
    FAULT_HOOK_DONE,
    FAULT_HOOK_TRANSFER,
    FAULT_HOOK_COMPLETE,
    FAULT_HOOK_REQUEST,
    FAULT_HOOK_REPLY,
    FAULT_HOOK_MOTION,
    FAULT_HOOK_CLOCK,
} FaultHook;

typedef struct FaultRange {
    bool given;
    uint64_t from, to;
} FaultRange;

typedef struct FaultPlan FaultPlan;

/* The interposers that are in place now, or NULL. The drive owns them. */
typedef struct FaultInterposers {
    struct AtTransfer *at_transfer;
    struct AtTask *at_task;
    struct AtMedium *at_medium;
} FaultInterposers;

typedef struct FaultRule {
    FaultPlan *plan;
    const FaultKind *kind;
    unsigned number; /* unique in its plan, from 1 */
    char *source;    /* name of the file, or of another source */
    unsigned line;   /* in the source */
    char *id;        /* the name that other rules use. NULL: the name of the kind. */
    FaultHook hook;
    unsigned seams;                      /* FaultSeam: seams that it needs */
    FaultValue values[FAULT_PARAMS_MAX]; /* in the order of the kind's parameters */

    /* Triggers. All that are given must hold. */
    char *on;        /* as written, or NULL */
    char *when;      /* all triggers, for users: "WRITE(6)#5 record 3..7" */
    bool takes[256]; /* operation codes that `on` and the kind allow */
    uint64_t nth;    /* of `on` or `ctrl`: the first occurrence that counts, from 1 */
    FaultRange record, file;
    bool has_bytes;
    uint64_t bytes; /* least number of bytes between the beginning of the partition and the head */
    int64_t time;   /* microseconds after the rule was made, or -1 */
    unsigned phase, request;
    double probability;
    char *after_name;
    struct FaultRule *after;
    char *if_state, *set_state;
    uint64_t every, count;

    /* Counters. */
    uint64_t seen;      /* occurrences of `on` or `ctrl` */
    uint64_t occasions; /* events for which all other triggers held */
    uint64_t fired;
    bool removed;
    unsigned users; /* queues that still draw random numbers after its removal */
    int64_t start;
    ClockTimer *timer; /* FAULT_HOOK_CLOCK */
    Random random;
    uint64_t memory; /* private to the kind */
} FaultRule;

/* Access to the drive's environment. The creator of the drive supplies it. */
typedef struct FaultWorld {
    /* False if there is no cartridge. */
    bool (*position)(void *data, MediumPosition *position);
    /*
     * Unplugs the drive, after the current call has returned. The drive is plugged in again after
     * `replug` microseconds, or never (FAULT_FOR_EVER).
     */
    void (*unplug)(void *data, int64_t replug);
    /* The requested unplug also cuts the power. All state of the drive is lost. */
    void (*cut_power)(void *data);
    /* Sets whether the drive sees its cartridge. May be NULL. */
    void (*sees_cartridge)(void *data, bool sees);
} FaultWorld;

struct FaultPlan {
    uint64_t seed;      /* of all random draws, stated in each trace line */
    GPtrArray *rules;   /* of FaultRule */
    GPtrArray *removed; /* of FaultRule, no longer in force */
    GHashTable *states; /* set by rules: text */
    unsigned last_number;

    /* Set by fault_plan_start(). */
    Clock *clock;
    Trace *trace;
    const FaultWorld *world;
    void *data;
    const FaultInterposers *in_place;

    /* The command under way, or the last one. */
    uint64_t command; /* number, from 1, or 0 before the first command */
    uint64_t tag;
    uint8_t cdb[FAULT_CDB_MAX];
    bool announced; /* SEAM 1 counted it, so SEAM 2 must not count it again */
};

FaultPlan *fault_plan_new(uint64_t seed);
void fault_plan_free(FaultPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultPlan, fault_plan_free)

/*
 * Adds the rules of a file, all or none. Errors (USBTAPE_ERROR_INPUT) begin with FILE:LINE:COLUMN.
 * They report an unknown kind, parameter or unit, a trigger that the kind does not allow, and a
 * rule that can never fire.
 */
bool fault_plan_load(FaultPlan *plan, const char *path, GError **error);
/*
 * The same from memory. `name` is used in place of the file name. A single rule need not be a list.
 */
bool fault_plan_add(FaultPlan *plan, const char *name, const char *text, size_t length,
                    GError **error);
/*
 * Removes the rule of that number, or all (0). False if there is none, or if another rule could
 * never fire without it.
 */
bool fault_plan_remove(FaultPlan *plan, unsigned number, GError **error);

/*
 * Borrows everything. `trace` may be NULL. From now on rules of the clock fire by themselves. The
 * caller keeps `in_place` up to date (NULL: there are no interposers).
 */
void fault_plan_start(FaultPlan *plan, Clock *clock, Trace *trace, const FaultInterposers *in_place,
                      const FaultWorld *world, void *data);
/* Stops the rules of the clock and drops the pointers that start() borrowed. */
void fault_plan_stop(FaultPlan *plan);

/* FaultSeam: interposers that the rules need now. */
unsigned fault_plan_seams(const FaultPlan *plan);

/* ---- for interposers ---- */

typedef struct FaultEvent {
    FaultHook hook;
    unsigned phase, request, motion;
    const MediumPosition *position; /* NULL: the world supplies it */
    const void *subject;            /* the transfer, task or motion, for a kind's `fits` */
} FaultEvent;

/* Counts the command that begins, for each rule. */
void fault_plan_command(FaultPlan *plan, uint64_t tag, const uint8_t *cdb, size_t length);
/* Counts a control request. */
void fault_plan_request(FaultPlan *plan, unsigned request);
/* True if the command under way reports mode parameters. */
bool fault_plan_in_mode_sense(const FaultPlan *plan);
/*
 * The next rule that the event sets off, or NULL. `*cursor` is 0 at first. The rule is counted and
 * traced. The caller executes its kind.
 */
FaultRule *fault_plan_next(FaultPlan *plan, const FaultEvent *event, unsigned *cursor);

static inline int64_t fault_number(const FaultRule *rule, unsigned param)
{
    return rule->values[param].number;
}

/* ---- names ---- */

/* Operation code of a command's name, or of "0Ah". -1 if it is neither. */
int fault_opcode(const char *name);
/* FaultData: directions that its data may have. Both for an operation code without a name. */
unsigned fault_opcode_data(uint8_t opcode);

#endif
