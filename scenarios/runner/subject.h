/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drives the tape in a case: a machine with a real operating system, a simulated host, ...
 *
 * A subject is one table of functions, in subject-NAME.c, and one line in subjects.def. All code
 * that reads, prepares, runs and reports scenarios asks this table: no other file knows a subject
 * by its name.
 *
 * Owns: the table of subjects. Does not own: the guests that `guest:` names
 * (language/guest-file.h), how a machine is built and started (machine/guest.h), how a case is
 * judged (case.h).
 */
#ifndef USBTAPE_SCENARIOS_SUBJECT_H
#define USBTAPE_SCENARIOS_SUBJECT_H

#include "scenarios/runner/case.h"
#include "scenarios/runner/language/scenario.h"

#include <json-glib/json-glib.h>

struct HostModel;
struct RunSummary;

/* Results that only cases of this subject have: an object in verdict.json. */
typedef struct SubjectResult {
    const char *key; /* of the object */
    void (*add)(JsonBuilder *builder, const void *detail);
    void *(*read)(JsonObject *object);
    void (*free)(void *detail);
    /* What a run has to say of all such cases. Nothing, if it has none. */
    char *(*as_text)(const struct RunSummary *summary); /* g_free */
    void (*as_html)(const struct RunSummary *summary, GString *to);
} SubjectResult;

typedef struct Subject {
    const char *name; /* in messages, and in the files of guests: "simulated host" */
    /* The guest that a scenario of this subject has if it is not worth naming. */
    const char *usual_guest;

    /* ---- its scenarios ---- */

    /* The key that says what the subject does, and its reader: it sets Scenario.plan, which
     * `plan_free` frees. NULL: the scenario has `steps`. */
    const char *key;
    bool (*read)(const YamlNode *node, void *member, GError **error);
    void (*plan_free)(void *plan);
    /* The keys of a scenario, and those of its `expect`. NULL: all but those of other subjects. */
    const char *const *keys, *const *expect_keys;
    /* Checks a scenario that was read. NULL: nothing to check. */
    bool (*check)(const Scenario *scenario, const YamlNode *root, GError **error);
    /* Gives one case all seeds (of int64_t). NULL: each seed is a case of its own. */
    void (*take_seeds)(Scenario *scenario, const GArray *seeds);
    /* Makes the case one of this driver, which a user brought. NULL: there is none to bring. */
    void (*use_driver)(Scenario *scenario, const struct HostModel *driver);
    /* The scenario names the driver. A bad driver is another value of an axis, and proves by
     * itself that it acted. */
    bool names_driver;

    /* ---- a run ---- */

    unsigned processors; /* that a case keeps busy */
    /* Why the case cannot run on this computer, or with the drive attached so. Interned; NULL: it
     * can. The whole may be NULL. */
    const char *(*hindrance)(const Scenario *scenario, const GuestOptions *options);
    /* Makes the guest, once for each kind in a run. NULL: there is nothing to make. */
    Guest *(*prepare)(const GuestKind *kind, const GuestOptions *options, ProgressStyle progress,
                      GError **error);
    /* Makes what a case of that guest needs, before the first case runs. NULL: nothing. */
    bool (*prepare_case)(Guest *guest, const Scenario *scenario, const CaseOptions *options,
                         GError **error);
    /* Runs a case in its empty directory and leaves its story there. False: it has no verdict. */
    bool (*run)(const Scenario *scenario, const Guest *guest, const char *directory,
                const CaseOptions *options, CaseResult *result, GError **error);
    /* The smallest scenario that still fails, as text. g_free. NULL: it cannot. */
    char *(*minimise)(const Scenario *scenario, const ScenarioChecks *checks, GError **error);

    /* ---- reports ---- */

    /* What each report of the case has to state, such as that a driver is a model. Static; NULL:
     * nothing. The whole may be NULL. */
    const char *(*note)(const Scenario *scenario);
    /* The verdict that is expected, in words. g_free. NULL: by `outcome` alone. */
    char *(*expected)(const Scenario *scenario);
    /* The version that results are sorted by, such as that of the guest's kernel. `guest` is NULL
     * if none was made. g_free. NULL result, or the whole: the name of the kind. */
    char *(*version)(const Guest *guest);
    const SubjectResult *result; /* NULL: it has none of its own */
} Subject;

/* Each of them, by its name. */
#define SUBJECT(name) extern const Subject subject_##name;
#include "scenarios/runner/subjects.def"
#undef SUBJECT

/* How many there are: for arrays. */
enum {
#define SUBJECT(name) SUBJECT_NUMBER_##name,
#include "scenarios/runner/subjects.def"
#undef SUBJECT
    N_SUBJECTS
};

/* In the order of subjects.def, N_SUBJECTS of them. */
const Subject *const *subjects(void);

/* NULL and an error (USBTAPE_ERROR_INPUT) if there is none of that name. */
const GuestKind *subject_kind_by_name(const char *name, GError **error);
/* A scenario that names no guest gets this one, or can only have this one: its case's name leaves
 * it out. */
bool subject_kind_is_default(const GuestKind *kind);

const Subject *subject_of(const Scenario *scenario);
void subject_result_clear(const Subject *subject, CaseResult *result);
/* What the case is expected to come to, in words: "intact or recovered". Free with g_free. */
char *subject_expected(const Scenario *scenario);

#endif
