/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault plans: what to break, when. A rule is *when → do*.
 *
 * Owns: rules and their counters. Does not own: the layers; a rule acts through the interposer of
 * its seam (at-task.h), which stands between two layers only when some rule needs it.
 *
 * The file is a list of rules in strict YAML:
 *
 *   - {name: drive.hang, on: "WRITE(6)#5"}            # the fifth WRITE(6) never ends by itself
 *   - {name: drive.busy, on: "READ(6)#2", count: 3}   # the second to fourth READ(6): BUSY
 *   - {name: drive.slow, on: REWIND, count: inf, for: 30s}
 *
 * `on` is a command's name or opcode (0Ah), with #N from its Nth occurrence on; `any` is every
 * command. `count` is how often the rule fires: 1 if it is not said.
 */
#ifndef USBTAPE_FAULT_PLAN_H
#define USBTAPE_FAULT_PLAN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/fault/kind.h"

#define FAULT_COUNT_INFINITE G_MAXUINT64
#define FAULT_FOR_EVER       (-1)

typedef struct FaultRule {
    const FaultKind *kind;
    unsigned line; /* in the plan's file */
    char *on;      /* as written */
    int opcode;    /* -1: any */
    uint64_t nth;  /* fires from that occurrence on, counted from 1 */
    uint64_t count;
    int64_t duration; /* `for`, microseconds, or FAULT_FOR_EVER */
    uint64_t seen;    /* occurrences of `on` so far */
    uint64_t fired;
} FaultRule;

typedef struct FaultPlan {
    char *path;
    uint64_t seed; /* of whatever is drawn at random; named in each trace line */
    FaultRule *rules;
    size_t n_rules;
} FaultPlan;

/* Errors (USBTAPE_ERROR_INPUT) begin with FILE:LINE:COLUMN. */
FaultPlan *fault_plan_load(const char *path, uint64_t seed, GError **error);
/* The same from memory, `name` standing for the file. */
FaultPlan *fault_plan_parse(const char *name, const char *text, size_t length, uint64_t seed,
                            GError **error);
void fault_plan_free(FaultPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultPlan, fault_plan_free)

bool fault_plan_needs(const FaultPlan *plan, FaultSeam seam);

/*
 * Counts a command and says which rule, if any, it sets off: the first in the order of the file.
 * The firing is counted.
 */
FaultRule *fault_plan_command(FaultPlan *plan, uint8_t opcode);

#endif
