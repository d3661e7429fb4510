/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judges of a case: one for each key of a scenario's `expect:`.
 *
 * A judge is one file, judge-KEY.c, with one row, `judge_KEY`, and one line in judges.def. The row
 * says how the key is read and how it is judged. The rest of the runner goes through this table.
 *
 * Owns: the table. Does not own: the verdict, which verdict.h makes of the evidence; `outcome` and
 * `complaint`, which name verdicts (language/expect.h).
 */
#ifndef USBTAPE_SCENARIOS_JUDGE_H
#define USBTAPE_SCENARIOS_JUDGE_H

#include "emu/base/yaml.h"
#include "scenarios/runner/judges/bus.h"
#include "scenarios/runner/judges/verdict.h"
#include "scenarios/runner/machine/drive-process.h"

#include <glib.h>
#include <stdbool.h>

/* When a judge is asked. */
typedef enum JudgeStage {
    JUDGE_FAULTS, /* once the drive has reported which faults fired, and has ended */
    JUDGE_LOG,    /* once the guest's kernel log was fetched, or could not be */
    JUDGE_TAPE,   /* once the drive has closed its cartridges; left out after a hang or a crash */
} JudgeStage;

/* What is judged, and what comes of it. A caller fills in what the stages need that it asks. */
typedef struct Judgement {
    /* JUDGE_FAULTS */
    DriveProcess *drive;
    bool has_faults;     /* the scenario has rules */
    const BusTally *bus; /* NULL: the drive left no trace */
    /* JUDGE_LOG */
    const char *kernel_log; /* NULL: the guest did not give it */
    /* JUDGE_TAPE */
    char *const *cartridges; /* their paths, in the order in which they were in the drive */
    const char *guest;       /* the guest's directory, with the sums of its files */
    GString *listing;        /* what is on the cartridges, for people */
    GPtrArray *findings;     /* of text: what is wrong with them */

    Evidence *evidence;
    GPtrArray *reasons; /* of text: what the evidence is */
} Judgement;

/* Adds what is wrong with a cartridge. Only the first twenty are kept. */
void judge_add_finding(GPtrArray *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);
void judge_add_reason(Judgement *judgement, const char *format, ...) G_GNUC_PRINTF(2, 3);

typedef struct Judge {
    const char *key;
    JudgeStage stage;
    size_t size; /* of the struct that the key is read into: `check` below */
    /* Sets what is not zero before the key is read. NULL: all is zero. */
    void (*init)(void *check);
    /* Judges even if the key is absent, by what `init` set. */
    bool always;
    /* The keys of the map, or a reader of the node. One of the two. */
    const YamlField *fields;
    bool (*read)(const YamlNode *node, void *check, GError **error);
    /* Frees what `check` owns, and not itself. NULL: it owns nothing. */
    void (*clear)(void *check);
    /* Drops what a case under a bad driver need not leave. `hidden`: its own faults are left out as
     * well. NULL: nothing. */
    void (*relax)(void *check, bool hidden);
    /* False and an error if a cartridge cannot be read at all. */
    bool (*judge)(const void *check, Judgement *judgement, GError **error);
} Judge;

#define JUDGE(name) extern const Judge judge_##name;
#include "scenarios/runner/judges/judges.def"
#undef JUDGE

enum {
#define JUDGE(name) JUDGE_NUMBER_##name,
#include "scenarios/runner/judges/judges.def"
#undef JUDGE
    N_JUDGES
};

/* Frees what was read of each key. `checks` are N_JUDGES, in the order of judges.def; NULL: absent.
 */
void judges_clear(void **checks);
/* For a bad driver: Judge.relax of each. */
void judges_relax(void *const *checks, bool hidden);

/* Asks the judges of one stage. False and an error: one of them could not read a cartridge. */
bool judges_ask(JudgeStage stage, void *const *checks, Judgement *judgement, GError **error);

/* All of them, N_JUDGES. */
const Judge *const *judges(void);

#endif
