/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a scenario: what is done in the guest, and to the drive or the machine.
 *
 * Owns: `steps:` and its keys. Does not own: doing them (case-steps.c).
 */
#ifndef USBTAPE_SCENARIOS_STEP_H
#define USBTAPE_SCENARIOS_STEP_H

#include "scenarios/runner/language/values.h"

typedef enum StepKind {
    STEP_RUN,  /* a bash script in the guest */
    STEP_HOST, /* something done to the drive or the machine: host.h */
    STEP_PUT,  /* files of the scenario's directory, into the guest */
    STEP_GET,  /* files of the guest, into the directory of the case */
    N_STEP_KINDS,
} StepKind;

/* The key of it: "run". Static. */
const char *step_kind_name(StepKind kind);

/* A file that a step copies. */
typedef struct StepCopy {
    char *from, *to;
} StepCopy;

typedef struct Step {
    StepKind kind;
    char *text;        /* for STEP_PUT and STEP_GET, what reports call it */
    GPtrArray *copies; /* of StepCopy, for STEP_PUT and STEP_GET; else NULL */
    unsigned line;
    int64_t timeout;  /* microseconds; 0: the scenario's */
    GArray *statuses; /* of int: the exit statuses that are no complaint; NULL: any is evidence */
    char **outputs;   /* patterns, each of which some line of output must match */
    GArray *wrong;    /* of int: those that say that what came back is wrong; NULL: none does */
    FileSet *files;   /* the output is a list of sums, of exactly these files; NULL: it is not */
} Step;

/* YamlField.read of a list of steps: a GPtrArray of Step. */
bool steps_read(const YamlNode *node, void *member, GError **error);

#endif
