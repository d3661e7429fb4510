/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as its file says it, and the cases it stands for: scenarios/LANGUAGE.md is the
 * language.
 *
 * Owns: reading, checking, the matrix. Does not own: running anything.
 */
#ifndef USBTAPE_SCENARIOS_SCENARIO_H
#define USBTAPE_SCENARIOS_SCENARIO_H

#include "emu/base/yaml.h"
#include "scenarios/runner/language/expect.h"
#include "scenarios/runner/language/step.h"
#include "scenarios/runner/machine/drive-process.h"
#include "scenarios/runner/machine/guest.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How a bad driver says that it did what it does wrong: a pattern for a line of what a step said,
 * or of the kernel's log. */
typedef struct Acted {
    int64_t step; /* from 1; 0: whichever */
    char *text;   /* NULL: not said in a step */
    char *dmesg;  /* NULL: not said in the log */
} Acted;

typedef enum ScenarioStart {
    START_RESTORED, /* a guest that was booted before; the drive is plugged in */
    START_COLD,     /* a boot with the drive in the machine */
} ScenarioStart;

typedef struct Deadlines {
    int64_t scenario, step, silence; /* microseconds */
} Deadlines;

typedef struct Scenario {
    char *path;
    char *name;
    char *about;
    /* The case's own place in the matrix. */
    const GuestKind *guest;
    uint64_t seed;
    char *variant; /* "record=64KiB"; "" if nothing varies */
    char *bad;     /* the bad driver that has to turn it red; NULL: the scenario as it stands */
    Acted *acted;  /* how it is known of that one that it did; NULL: by the drive's faults alone */
    bool has_bad;  /* the file names one */
    /* Of Acted: what the file's bad drivers say, and this one may not. Under selfcheck, of a
     * scenario as it stands; else NULL. */
    GPtrArray *unsaid;

    int64_t memory; /* of the guest, MiB */
    int start;      /* ScenarioStart */
    TapeConfig tape;
    char *faults;     /* a fault plan's text; NULL: none */
    GPtrArray *steps; /* of Step; NULL: the subject has a key of its own */
    Expectation expect;
    Deadlines deadline;
    void *plan; /* what the key of its subject says (subject.h); NULL: it has steps */
} Scenario;

void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

/* What only the drive can judge, which the runner knows nothing of: the program brings it. */
typedef struct ScenarioChecks {
    /* A fault plan? Errors begin with NAME:LINE:COLUMN, `name` being the one given. */
    bool (*faults)(const char *name, const char *text, size_t length, GError **error);
    /* A model (NULL: the default) with these settings (NULL: none)? `wrong`: which of them it is
     * that is not, from 0; -1: it is the model, or they do not go together. */
    bool (*model)(const char *name, char *const *settings, int *wrong, GError **error);
    /* The drive for a simulated host; NULL: there is none, and no such case can run. */
    const struct SimDriveOps *sim;
} ScenarioChecks;

typedef struct SeedRange {
    uint64_t from, to; /* both of them, too */
} SeedRange;

typedef struct ScenarioOptions {
    const ScenarioChecks *checks; /* NULL: the drive will complain when it is started */
    const char *guest;            /* of a file that names none; NULL: GUEST_DEFAULT */
    const SeedRange *seeds;       /* instead of those in the file; NULL: as it says */
    bool selfcheck;               /* also the scenario under each bad driver that it names */
} ScenarioOptions;

/* The cases of a file, in the order of its axes. `options` may be NULL. Errors
 * (USBTAPE_ERROR_INPUT) name FILE:LINE:COL. */
GPtrArray *scenario_load(const char *path, const ScenarioOptions *options, GError **error);
GPtrArray *scenario_parse(const char *path, const char *text, size_t length,
                          const ScenarioOptions *options, GError **error);

/* Only one seed, or a range of them, whatever the file says. NULL: no such numbers. */
bool scenario_parse_seeds(const char *text, SeedRange *seeds, GError **error);

/* What every report of it has to say: that its driver is a model. NULL: it is none. Static. */
const char *scenario_note(const Scenario *scenario);

/* What a case is called in reports: "tar.record=64KiB.seed=2". Free with g_free. */
char *scenario_case_name(const Scenario *scenario);
/* SHA-256 of everything that makes this case what it is, in hex. Free with g_free. */
char *scenario_case_id(const Scenario *scenario);

#endif
