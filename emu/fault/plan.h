/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault plans: what to break, when. A rule is *when → do*.
 *
 * Owns: rules and their counters, the draws, what is known of the command under way. Does not own:
 * the layers; a rule acts through the interposer of its seam (at-transfer.h, at-task.h,
 * at-medium.h), which stands between two layers only while some rule needs it.
 *
 * The file is a list of rules in strict YAML. scenarios/FAULTS.md has the language and the kinds.
 *
 *   - {name: drive.hang, on: "WRITE(6)#5"}            # the fifth WRITE(6) never ends by itself
 *   - {name: drive.busy, on: "READ(6)#2", count: 3}   # the second to fourth READ(6): BUSY
 *   - {name: queue.reorder, record: ">=100", every: 7, count: inf, policy: random}
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
/* In force at once. */
#define FAULT_RULES_MAX 1000u
/* What the clock alone sets off again and again comes at most so often. */
#define FAULT_TIME_LEAST_US 1000

/* What sets a rule off, by its kind and its triggers. */
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

/* The interposers that stand between the layers now; NULL: not in place. The drive owns them. */
typedef struct FaultInterposers {
    struct AtTransfer *at_transfer;
    struct AtTask *at_task;
    struct AtMedium *at_medium;
} FaultInterposers;

typedef struct FaultRule {
    FaultPlan *plan;
    const FaultKind *kind;
    unsigned number; /* unique in its plan, from 1 */
    char *source;    /* the file it came from, or what stands for it */
    unsigned line;   /* there */
    char *id;        /* by which others name it; NULL: by its kind */
    FaultHook hook;
    unsigned seams;                      /* FaultSeam: what it needs */
    FaultValue values[FAULT_PARAMS_MAX]; /* in the order of the kind's parameters */

    /* When: all that is given must hold. */
    char *on;        /* as written; NULL: not given */
    char *when;      /* all of it, for people: "WRITE(6)#5 record 3..7" */
    bool takes[256]; /* which opcodes `on` or the kind allow */
    uint64_t nth;    /* of `on` or `ctrl`: from that occurrence on, counted from 1 */
    FaultRange record, file;
    bool has_bytes;
    uint64_t bytes; /* of the partition before the head: at or beyond */
    int64_t time;   /* microseconds after the rule was made; -1: not given */
    unsigned phase, request;
    double probability;
    char *after_name;
    struct FaultRule *after;
    char *if_state, *set_state;
    uint64_t every, count;

    /* So far */
    uint64_t seen;      /* occurrences of `on` or `ctrl` */
    uint64_t occasions; /* all else held */
    uint64_t fired;
    bool removed;
    unsigned users; /* that go on drawing from it after it was removed */
    int64_t start;
    ClockTimer *timer; /* FAULT_HOOK_CLOCK */
    Random random;
    uint64_t memory; /* for the kind */
} FaultRule;

/* What a fault may do to the world around the drive; given by whoever built the drive. */
typedef struct FaultWorld {
    /* False: there is no cartridge. */
    bool (*position)(void *data, MediumPosition *position);
    /* The drive leaves the bus, once whatever runs has returned; `replug`: and comes back after so
     * many microseconds, or never (FAULT_FOR_EVER). */
    void (*unplug)(void *data, int64_t replug);
    /* With the unplug that was asked for, all state of the drive is lost. */
    void (*cut_power)(void *data);
    /* The drive no longer sees the cartridge that is in it, or does so again. May be NULL. */
    void (*sees_cartridge)(void *data, bool sees);
} FaultWorld;

struct FaultPlan {
    uint64_t seed;      /* of whatever is drawn at random; named in each trace line */
    GPtrArray *rules;   /* of FaultRule */
    GPtrArray *removed; /* the same, no longer in force */
    GHashTable *states; /* set by rules: text */
    unsigned last_number;

    /* After fault_plan_start() */
    Clock *clock;
    Trace *trace;
    const FaultWorld *world;
    void *data;
    const FaultInterposers *in_place;

    /* The command under way, or the last one. */
    uint64_t command; /* number, from 1; 0: none yet */
    uint64_t tag;
    uint8_t cdb[FAULT_CDB_MAX];
    bool announced; /* SEAM 1 saw it: SEAM 2 must not count it again */
};

FaultPlan *fault_plan_new(uint64_t seed);
void fault_plan_free(FaultPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultPlan, fault_plan_free)

/*
 * Adds the rules of a file, all or none. Errors (USBTAPE_ERROR_INPUT) begin with FILE:LINE:COLUMN:
 * no such kind, parameter or unit, a trigger that the kind cannot have, a rule that can never fire.
 */
bool fault_plan_load(FaultPlan *plan, const char *path, GError **error);
/* The same from memory, `name` standing for the file; one rule need not be a list. */
bool fault_plan_add(FaultPlan *plan, const char *name, const char *text, size_t length,
                    GError **error);
/* Takes out the rule of that number, or all (0). False: there is none, or another could never fire
 * without it: it waits for this one, or for a state that no other sets. */
bool fault_plan_remove(FaultPlan *plan, unsigned number, GError **error);

/*
 * Borrows everything; `trace` may be NULL. From here on rules of the clock fire by themselves.
 * The caller fills `in_place` in as it puts interposers in and takes them out; NULL: none ever is.
 */
void fault_plan_start(FaultPlan *plan, Clock *clock, Trace *trace, const FaultInterposers *in_place,
                      const FaultWorld *world, void *data);
/* Nothing fires by itself any more; what start() borrowed is forgotten. */
void fault_plan_stop(FaultPlan *plan);

/* FaultSeam: the interposers that are needed now. */
unsigned fault_plan_seams(const FaultPlan *plan);

/* ---- for interposers ---- */

/* What is happening. */
typedef struct FaultEvent {
    FaultHook hook;
    unsigned phase, request, motion;
    const MediumPosition *position; /* NULL: the world is asked */
    const void *subject;            /* the transfer, task or motion: for a kind's `fits` */
} FaultEvent;

/* A command begins: counts it for each rule. */
void fault_plan_command(FaultPlan *plan, uint64_t tag, const uint8_t *cdb, size_t length);
/* The same for a control request. */
void fault_plan_request(FaultPlan *plan, unsigned request);
/* The command under way reports mode parameters. */
bool fault_plan_in_mode_sense(const FaultPlan *plan);
/*
 * The next rule that the event sets off, from `*cursor` (0 at first) on; NULL: no more. It is
 * counted and traced; the caller does what its kind says.
 */
FaultRule *fault_plan_next(FaultPlan *plan, const FaultEvent *event, unsigned *cursor);

static inline int64_t fault_number(const FaultRule *rule, unsigned param)
{
    return rule->values[param].number;
}

/* ---- for people ---- */

/* Opcode of a command's name or of 0Ah; -1: neither. */
int fault_opcode(const char *name);
/* FaultData: which ways its data may go; both for one that has no name here. */
unsigned fault_opcode_data(uint8_t opcode);

#endif
