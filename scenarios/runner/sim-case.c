/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/sim-case.h"

#include "emu/base/error.h"
#include "scenarios/runner/judges/judge-bus.h"
#include "scenarios/runner/judges/judge-faults-fired.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/report/sim-story.h"

#include <string.h>
#include <time.h>

#define REASONS_MAX 6u

typedef struct SimCase {
    const Scenario *scenario;
    const SimPlan *plan; /* the scenario's */
    const SimDriveOps *ops;
    CaseResult *result;
    SimTally *tally;       /* the result's */
    const SimShows *shows; /* how the driver has to fail; NULL: any way will do, once */
    Verdict worst;
    bool against_failed;
    bool strayed;   /* a case came to what the driver does not lead to */
    uint64_t shown; /* the seed whose story is kept */
} SimCase;

static void G_GNUC_PRINTF(2, 3) give_reason(CaseResult *result, const char *format, ...)
{
    va_list args;

    if (result->reasons->len < REASONS_MAX) {
        va_start(args, format);
        g_ptr_array_add(result->reasons, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

static bool is_bad(TrialEnd end)
{
    return end != TRIAL_CLEAN && end != TRIAL_INCONCLUSIVE;
}

/* The worst seed sets the verdict. */
static bool is_worse(Verdict a, Verdict than)
{
    static const int weights[N_VERDICTS] = {
        [VERDICT_INCONCLUSIVE] = 1, [VERDICT_FALSE_ALARM] = 2,       [VERDICT_HANG] = 3,
        [VERDICT_DETECTED] = 4,     [VERDICT_SILENT_CORRUPTION] = 5, [VERDICT_ENV_ERROR] = 6
    };

    return weights[a] > weights[than];
}

/* One line: the application's message, and the finding. */
static char *trial_text(const char *driver, uint64_t seed, const TrialResult *t)
{
    const char *found = t->findings->len > 0 ? t->findings->pdata[0]
                        : t->violation       ? t->violation
                                             : t->detail;

    return g_strdup_printf("%s, seed %" G_GUINT64_FORMAT ": %s; the application: \"%s\"%s%s",
                           driver, seed, trial_end_name(t->end), t->message, *found ? "; " : "",
                           found);
}

/* Runs of all rules of that fault. */
static int64_t fired_of(const GArray *faults, const char *name)
{
    int64_t fired = 0;
    guint i;

    for (i = 0; i < faults->len; i++) {
        const SimFault *fault = &g_array_index(faults, SimFault, i);

        fired += g_str_equal(fault->name, name) ? (int64_t)fault->fired : 0;
    }
    return fired;
}

/* A rule that did not fire as `faults-fired` says, in words. g_free. NULL: there is none. */
static char *unfired_of(const Scenario *scenario, const GArray *faults)
{
    const FaultsFiredCheck *check = EXPECT_CHECK(&scenario->expect, faults_fired);
    guint i;

    for (i = 0; i < faults->len; i++) {
        const SimFault *fault = &g_array_index(faults, SimFault, i);

        if (fault->fired == 0 && !faults_fired_of(check, fault->name)) {
            return g_strdup_printf("fault %s never fired (rule %u)", fault->name, i + 1);
        }
    }
    for (i = 0; i < check->faults->len; i++) {
        const FaultCheck *one = check->faults->pdata[i];
        int64_t fired = fired_of(faults, one->name);
        g_autofree char *expected = count_range_text(one->fired);

        if (!count_in_range(one->fired, fired)) {
            return g_strdup_printf("fault %s fired %" G_GINT64_FORMAT " times, not %s", one->name,
                                   fired, expected);
        }
    }
    return NULL;
}

/* As trial_run(), with the scenario's faults. A case whose faults did not fire shows nothing. */
static bool run_trial(const Scenario *scenario, TrialConfig *config, const SimDriveOps *ops,
                      TrialResult *t, GError **error)
{
    char *unfired;

    config->faults = scenario->faults;
    if (!trial_run(config, ops, t, error)) {
        return false;
    }
    unfired = unfired_of(scenario, t->faults);
    if (unfired) {
        t->end = TRIAL_INCONCLUSIVE;
        g_ptr_array_insert(t->findings, 0, unfired);
    }
    return true;
}

static bool run_one(SimCase *self, const HostModel *driver, uint64_t seed, TrialResult *t)
{
    TrialConfig config = sim_plan_trial(self->plan, driver, seed);
    g_autoptr(GError) error = NULL;

    if (run_trial(self->scenario, &config, self->ops, t, &error)) {
        return true;
    }
    trial_result_clear(t);
    self->worst = VERDICT_ENV_ERROR;
    give_reason(self->result, "%s", error->message);
    return false;
}

static void count(SimTally *tally, const TrialResult *t)
{
    unsigned i;

    tally->ends[t->end]++;
    tally->cases++;
    for (i = 0; i < HOST_N_TRIGGERS; i++) {
        if (t->trigger & 1u << i) {
            tally->by_trigger[i].cases++;
            tally->by_trigger[i].failed += is_bad(t->end);
        }
    }
}

static void count_bus(BusTally *bus, uint64_t seed, const TrialResult *t)
{
    g_autofree char *place = g_strdup_printf("seed %" G_GUINT64_FORMAT, seed);
    guint i;

    for (i = 0; i < t->bus->len; i++) {
        bus_tally_add(bus, t->bus->pdata[i], place);
    }
}

/* Of a case that is not clean. */
static void explain(SimCase *self, uint64_t seed, const TrialResult *t)
{
    GPtrArray *reasons = self->result->reasons;
    g_autofree char *text = trial_text(self->plan->driver->name, seed, t);

    if (self->shows && !(self->shows->ends & 1u << t->end) && !self->strayed) {
        g_autofree char *may = sim_shows_text(self->shows);

        self->strayed = true;
        g_ptr_array_insert(reasons, 0,
                           g_strdup_printf("%s, where it can only come to %s", text, may));
    } else if (reasons->len < REASONS_MAX) {
        g_ptr_array_add(reasons, g_steal_pointer(&text));
    }
}

static bool run_driver(SimCase *self, uint64_t seed)
{
    TrialResult t;
    Verdict verdict;

    if (!run_one(self, self->plan->driver, seed, &t)) {
        return false;
    }
    verdict = sim_verdict_of_end(t.end);
    count(self->tally, &t);
    count_bus(self->result->bus, seed, &t);
    if (is_worse(verdict, self->worst)) {
        self->worst = verdict;
        self->shown = seed;
    }
    if (t.end != TRIAL_CLEAN) {
        explain(self, seed, &t);
    }
    trial_result_clear(&t);
    return true;
}

static bool run_against(SimCase *self, uint64_t seed)
{
    const HostModel *against = self->plan->against;
    TrialResult t;

    if (!against) {
        return true;
    }
    if (!run_one(self, against, seed, &t)) {
        return false;
    }
    self->tally->against_clean += t.end == TRIAL_CLEAN;
    if (t.end != TRIAL_CLEAN && !self->against_failed) {
        self->against_failed = true;
        g_ptr_array_insert(self->result->reasons, 0, trial_text(against->name, seed, &t));
    }
    trial_result_clear(&t);
    return true;
}

static unsigned failed_of(const SimTally *tally)
{
    return tally->cases - tally->ends[TRIAL_CLEAN] - tally->ends[TRIAL_INCONCLUSIVE];
}

/* A driver that cannot fail in this task is expected not to fail. */
static bool is_expected(const SimCase *self)
{
    const SimTally *tally = self->tally;

    if (self->against_failed || self->strayed || self->worst == VERDICT_ENV_ERROR) {
        return false;
    }
    if (tally->explained) {
        return self->worst == VERDICT_INTACT;
    }
    return self->shows ? failed_of(tally) >= tally->needed
                       : (self->scenario->expect.outcomes & 1u << self->worst) != 0;
}

static void conclude(SimCase *self)
{
    CaseResult *result = self->result;
    const SimTally *tally = self->tally;
    unsigned failed = failed_of(tally);

    result->verdict = self->worst;
    result->passed = is_expected(self);
    if (tally->explained) {
        give_reason(result, "%s shows nothing in this task: %s", tally->driver, tally->explained);
    } else if (!result->passed && self->worst == VERDICT_INTACT) {
        give_reason(result, "%s: none of %u cases went wrong", tally->driver, tally->cases);
    } else if (failed < tally->needed && self->worst != VERDICT_ENV_ERROR) {
        g_ptr_array_insert(
            result->reasons, self->strayed || self->against_failed,
            g_strdup_printf("%s: %u of %u cases went wrong, where at least %u had to",
                            tally->driver, failed, tally->cases, tally->needed));
    }
}

/* Rules of the bus that the scenario has an opinion on. They change no verdict. */
static void judge_bus_rules(SimCase *self)
{
    const BusCheck *check = EXPECT_CHECK(&self->scenario->expect, bus);
    bool broken = false, missing = false;

    bus_check_judge(check, self->result->bus, self->result->reasons, &broken, &missing);
    self->result->passed &= !broken && !missing;
}

static const SimShows *shows_of(const Scenario *scenario)
{
    /* For a bad driver, `outcome` of the scenario is expected. */
    return scenario->bad ? NULL : sim_plan_shows(scenario->plan);
}

char *sim_case_expected(const Scenario *scenario)
{
    const SimPlan *plan = scenario->plan;
    const SimShows *shows = shows_of(scenario);
    unsigned seeds = plan->seeds->len;
    g_autofree char *ends = shows ? sim_shows_text(shows) : NULL;

    if (sim_plan_explains(plan)) {
        return g_strdup(verdict_name(VERDICT_INTACT));
    }
    if (ends && sim_shows_needed(shows, seeds) == 0) {
        return g_strdup_printf("%s or clean: %u seeds are too few to count", ends, seeds);
    }
    return ends ? g_strdup_printf("%s, in at least %u of %u", ends, sim_shows_needed(shows, seeds),
                                  seeds)
                : verdicts_text(scenario->expect.outcomes);
}

/* A result whose evidence cannot be written is an env-error. */
static void tell_story(SimCase *self, const char *directory)
{
    const SimPlan *plan = self->plan;
    g_autofree char *cartridge = g_build_filename(directory, "cartridge-1.tape", NULL);
    TrialConfig config = sim_plan_trial(plan, plan->driver, self->shown);
    g_autoptr(GError) error = NULL;
    TrialResult t;

    config.keep_story = true;
    config.cartridge = cartridge;
    if (!run_trial(self->scenario, &config, self->ops, &t, &error) ||
        !sim_story_write(self->scenario, self->result, &config, &t, directory, &error)) {
        self->result->verdict = VERDICT_ENV_ERROR;
        self->result->passed = false;
        g_ptr_array_insert(self->result->reasons, 0, g_strdup(error->message));
    }
    trial_result_clear(&t);
}

void sim_case_run(const Scenario *scenario, const SimDriveOps *ops, const char *directory,
                  CaseResult *result)
{
    const SimPlan *plan = scenario->plan;
    int64_t begun = g_get_monotonic_time();
    clock_t used = clock();
    SimTally *tally = g_new0(SimTally, 1);
    SimCase self = { .scenario = scenario,
                     .plan = plan,
                     .ops = ops,
                     .result = result,
                     .tally = tally,
                     .worst = VERDICT_INTACT };
    guint i;

    *result = (CaseResult){ .reasons = g_ptr_array_new_with_free_func(g_free),
                            .detail = tally,
                            .bus = bus_tally_new() };
    tally->driver = g_strdup(plan->driver->name);
    tally->task = g_strdup(trial_task_names()[plan->task]);
    tally->against = plan->against ? g_strdup(plan->against->name) : NULL;
    tally->explained = g_strdup(sim_plan_explains(plan));
    self.shows = shows_of(scenario);
    tally->needed = self.shows ? sim_shows_needed(self.shows, plan->seeds->len) : 0;
    self.shown = (uint64_t)g_array_index(plan->seeds, int64_t, 0);
    for (i = 0; i < plan->seeds->len; i++) {
        uint64_t seed = (uint64_t)g_array_index(plan->seeds, int64_t, i);

        if (interrupted()) {
            self.worst = VERDICT_ENV_ERROR;
            give_reason(result, "interrupted");
        }
        if (self.worst == VERDICT_ENV_ERROR || !run_driver(&self, seed) ||
            !run_against(&self, seed)) {
            break;
        }
    }
    result->duration = g_get_monotonic_time() - begun;
    tally->seconds = (double)(clock() - used) / CLOCKS_PER_SEC;
    conclude(&self);
    judge_bus_rules(&self);
    if (self.worst != VERDICT_ENV_ERROR) {
        tell_story(&self, directory);
    }
}

/* ---- the smallest ---- */

/* Blocks on tape that hold no data: TAPE, ESET, and what is begun before and after the files. */
#define AROUND 4u

/* A case that fails, with the trigger that made it fail and the place of that trigger. */
typedef struct Failure {
    TrialConfig config;
    TrialEnd end;
} Failure;

static bool right_driver_is_clean(const Scenario *scenario, const TrialConfig *config,
                                  const SimDriveOps *ops)
{
    TrialConfig right = *config;
    TrialResult t;
    bool clean;

    right.model = host_models();
    clean = run_trial(scenario, &right, ops, &t, NULL) && t.end == TRIAL_CLEAN;
    trial_result_clear(&t);
    return clean;
}

/* True if it fails and the right driver does not. `failure` is then the case, with its trigger
 * pinned. */
static bool fails(const Scenario *scenario, const TrialConfig *config, const SimDriveOps *ops,
                  Failure *failure)
{
    Failure found = { .config = *config };
    TrialResult t;
    bool bad = run_trial(scenario, &found.config, ops, &t, NULL) && is_bad(t.end);

    found.config.triggers = t.trigger;
    found.config.at = t.at;
    found.end = t.end;
    trial_result_clear(&t);
    if (!bad || (config->model != host_models() && !right_driver_is_clean(scenario, config, ops))) {
        return false;
    }
    *failure = found;
    return true;
}

/* Finds the first place at which the trigger makes a case of that size fail. For stale keys the
 * seed is the place. */
static bool fails_somewhere(const Scenario *scenario, TrialConfig try, const SimDriveOps *ops,
                            Failure *failure)
{
    const GArray *seeds = ((const SimPlan *)scenario->plan)->seeds;
    bool by_seed = try.triggers == HOST_TRIGGER_STALE_KEYS;
    unsigned i, places = by_seed ? seeds->len : try.blocks + AROUND;

    for (i = 0; i < places; i++) {
        if (by_seed) {
            try.at = 1;
            try.seed = (uint64_t)g_array_index(seeds, int64_t, i);
        } else {
            try.at = i + 1;
        }
        if (fails(scenario, &try, ops, failure)) {
            return true;
        }
    }
    return false;
}

/* Fewest outstanding requests, then fewest blocks, then the earliest place. No number grows. */
static void shrink(const Scenario *scenario, Failure *failure, const SimDriveOps *ops)
{
    TrialConfig try = failure->config;
    const unsigned outstanding = try.outstanding, blocks = try.blocks;

    for (try.outstanding = 1; try.outstanding <= outstanding; try.outstanding++) {
        for (try.blocks = 1; try.blocks <= blocks; try.blocks++) {
            if (fails_somewhere(scenario, try, ops, failure)) {
                return;
            }
        }
    }
}

static char *print_smallest(const Scenario *scenario, const Failure *failure)
{
    const TrialConfig *c = &failure->config;
    g_autofree char *path = g_path_get_basename(scenario->path);

    return g_strdup_printf(
        "# The smallest case found in which %s still fails, of %s.\n"
        "# %s: %s.\n"
        "# " SIM_DISCLAIMER "\n"
        "name: minimal-%s-%s\n"
        "about: \"%s: %s\"\n"
        "guest: " SIM_GUEST "\n"
        "seed: %" G_GUINT64_FORMAT "\n"
        "%s%s"
        "sim:\n"
        "  task: %s\n"
        "  driver: %s\n"
        "  against: post-fix\n"
        "  trigger: %s\n"
        "  outstanding: %u\n"
        "  blocks: %u\n"
        "  at: %u\n"
        "  buffer: %uKiB\n"
        "  maximum-transfer: %zuKiB\n"
        "  wait-at-marks: %s\n"
        "expect: {outcome: %s}\n",
        c->model->name, path, c->model->name, c->model->about, c->model->name,
        trial_task_names()[c->task], c->model->name, c->model->about, c->seed,
        c->faults ? "faults:\n" : "", c->faults ? c->faults : "", trial_task_names()[c->task],
        c->model->name, host_trigger_name((HostTrigger)c->triggers), c->outstanding, c->blocks,
        c->at, c->gather * (MTF_WRITER_BLOCK_SIZE / 1024), c->maximum / 1024,
        c->marks_at_once ? "false" : "true", verdict_name(sim_verdict_of_end(failure->end)));
}

char *sim_case_minimise(const Scenario *scenario, const SimDriveOps *ops, GError **error)
{
    const SimPlan *plan = scenario->plan;
    guint i;

    for (i = 0; i < plan->seeds->len; i++) {
        uint64_t seed = (uint64_t)g_array_index(plan->seeds, int64_t, i);
        TrialConfig config = sim_plan_trial(plan, plan->driver, seed);
        Failure failure;

        /* Twice: it has to fail with its trigger pinned, too. */
        if (fails(scenario, &config, ops, &failure) &&
            fails(scenario, &failure.config, ops, &failure)) {
            shrink(scenario, &failure, ops);
            return print_smallest(scenario, &failure);
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "--minimise: none of the %u seeds fails, so there is nothing to make smaller",
                plan->seeds->len);
    return NULL;
}
