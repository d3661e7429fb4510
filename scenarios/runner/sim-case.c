/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/sim-case.h"

#include "emu/base/error.h"
#include "scenarios/runner/sim-story.h"

#include <string.h>
#include <time.h>

#define REASONS_MAX 6u

void sim_tally_free(SimTally *tally)
{
    if (tally) {
        g_free(tally->driver);
        g_free(tally->task);
        g_free(tally->against);
        g_free(tally->explained);
        g_free(tally);
    }
}

typedef struct SimCase {
    const Scenario *scenario;
    const SimDriveOps *ops;
    CaseResult *result;
    Verdict worst;
    bool against_failed;
    uint64_t shown; /* the seed that is worth telling */
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

static Verdict verdict_of_end(TrialEnd end)
{
    static const Verdict verdicts[] = {
        [TRIAL_CLEAN] = VERDICT_INTACT,
        [TRIAL_REPORTED] = VERDICT_DETECTED,
        [TRIAL_FALSE_ALARM] = VERDICT_FALSE_ALARM,
        [TRIAL_UNREADABLE] = VERDICT_SILENT_CORRUPTION,
        [TRIAL_SILENT] = VERDICT_SILENT_CORRUPTION,
        [TRIAL_HUNG] = VERDICT_HANG,
        [TRIAL_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
    };

    return verdicts[end];
}

/* One bad seed among a hundred is what counts. */
static bool is_worse(Verdict a, Verdict than)
{
    static const int weights[N_VERDICTS] = {
        [VERDICT_INCONCLUSIVE] = 1, [VERDICT_FALSE_ALARM] = 2,       [VERDICT_HANG] = 3,
        [VERDICT_DETECTED] = 4,     [VERDICT_SILENT_CORRUPTION] = 5, [VERDICT_ENV_ERROR] = 6
    };

    return weights[a] > weights[than];
}

/* In a line: what the application said, and what was found. */
static char *trial_text(const char *driver, uint64_t seed, const TrialResult *t)
{
    const char *found = t->findings->len > 0 ? t->findings->pdata[0]
                        : t->violation       ? t->violation
                                             : t->detail;

    return g_strdup_printf("%s, seed %" G_GUINT64_FORMAT ": %s; the application: \"%s\"%s%s",
                           driver, seed, trial_end_name(t->end), t->message, *found ? "; " : "",
                           found);
}

static bool run_one(SimCase *self, const HostModel *driver, uint64_t seed, TrialResult *t)
{
    TrialConfig config = sim_plan_trial(self->scenario->sim, driver, seed);
    g_autoptr(GError) error = NULL;

    if (trial_run(&config, self->ops, t, &error)) {
        return true;
    }
    trial_result_clear(t);
    self->worst = VERDICT_ENV_ERROR;
    give_reason(self->result, "%s", error->message);
    return false;
}

static bool run_driver(SimCase *self, uint64_t seed)
{
    const HostModel *driver = self->scenario->sim->driver;
    SimTally *tally = self->result->tally;
    TrialResult t;
    Verdict verdict;

    if (!run_one(self, driver, seed, &t)) {
        return false;
    }
    verdict = verdict_of_end(t.end);
    tally->ends[t.end]++;
    tally->cases++;
    if (is_worse(verdict, self->worst)) {
        self->worst = verdict;
        self->shown = seed;
    }
    if (t.end != TRIAL_CLEAN && self->result->reasons->len < REASONS_MAX) {
        g_ptr_array_add(self->result->reasons, trial_text(driver->name, seed, &t));
    }
    trial_result_clear(&t);
    return true;
}

static bool run_against(SimCase *self, uint64_t seed)
{
    const HostModel *against = self->scenario->sim->against;
    TrialResult t;

    if (!against) {
        return true;
    }
    if (!run_one(self, against, seed, &t)) {
        return false;
    }
    self->result->tally->against_clean += t.end == TRIAL_CLEAN;
    if (t.end != TRIAL_CLEAN && !self->against_failed) {
        self->against_failed = true;
        g_ptr_array_insert(self->result->reasons, 0, trial_text(against->name, seed, &t));
    }
    trial_result_clear(&t);
    return true;
}

/* What is expected of a driver that cannot show anything is that it does not. */
static bool is_expected(const SimCase *self)
{
    const SimTally *tally = self->result->tally;

    if (self->against_failed) {
        return false;
    }
    return tally->explained ? self->worst == VERDICT_INTACT
                            : (self->scenario->expect.outcomes & 1u << self->worst) != 0;
}

static void conclude(SimCase *self)
{
    CaseResult *result = self->result;
    const SimTally *tally = result->tally;

    result->verdict = self->worst;
    result->passed = is_expected(self);
    if (tally->explained) {
        give_reason(result, "%s shows nothing in this task: %s", tally->driver, tally->explained);
    } else if (!result->passed && self->worst == VERDICT_INTACT) {
        give_reason(result, "%s: none of %u cases went wrong", tally->driver, tally->cases);
    }
}

/* A result without the evidence that was to come with it is none. */
static void tell_story(SimCase *self, const char *directory)
{
    const SimPlan *plan = self->scenario->sim;
    g_autofree char *cartridge = g_build_filename(directory, "cartridge-1.tape", NULL);
    TrialConfig config = sim_plan_trial(plan, plan->driver, self->shown);
    g_autoptr(GError) error = NULL;
    TrialResult t;

    config.keep_story = true;
    config.cartridge = cartridge;
    if (!trial_run(&config, self->ops, &t, &error) ||
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
    const SimPlan *plan = scenario->sim;
    int64_t begun = g_get_monotonic_time();
    clock_t used = clock();
    SimCase self = { .scenario = scenario, .ops = ops, .result = result, .worst = VERDICT_INTACT };
    guint i;

    *result = (CaseResult){ .reasons = g_ptr_array_new_with_free_func(g_free),
                            .tally = g_new0(SimTally, 1) };
    result->tally->driver = g_strdup(plan->driver->name);
    result->tally->task = g_strdup(trial_task_names()[plan->task]);
    result->tally->against = plan->against ? g_strdup(plan->against->name) : NULL;
    result->tally->explained = g_strdup(sim_plan_explains(plan));
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
    result->tally->seconds = (double)(clock() - used) / CLOCKS_PER_SEC;
    conclude(&self);
    if (self.worst != VERDICT_ENV_ERROR) {
        tell_story(&self, directory);
    }
}

/* ---- the smallest ---- */

static bool is_bad(TrialEnd end)
{
    return end != TRIAL_CLEAN && end != TRIAL_INCONCLUSIVE;
}

/* Does it fail, and does the right driver not? The end, the trigger taken. */
static bool fails(const TrialConfig *config, const SimDriveOps *ops, TrialEnd *end,
                  HostTrigger *trigger, unsigned *at)
{
    TrialConfig right = *config;
    TrialResult t;
    bool bad;

    if (!trial_run(config, ops, &t, NULL)) {
        trial_result_clear(&t);
        return false;
    }
    *end = t.end;
    *trigger = t.trigger;
    *at = t.at;
    bad = is_bad(t.end);
    trial_result_clear(&t);
    if (!bad) {
        return false;
    }
    right.model = host_models();
    bad = trial_run(&right, ops, &t, NULL) && t.end == TRIAL_CLEAN;
    trial_result_clear(&t);
    return bad || config->model == host_models();
}

typedef struct Smallest {
    TrialConfig config;
    TrialEnd end;
    HostTrigger trigger;
    unsigned at;
} Smallest;

/* Fewest outstanding, then fewest blocks, then the earliest place, none worse than it was. */
static void shrink(Smallest *s, const SimDriveOps *ops)
{
    TrialConfig try = s->config;
    unsigned outstanding, blocks, at, most = s->config.blocks;

    try.triggers = s->trigger;
    for (outstanding = 1; outstanding <= s->config.outstanding; outstanding++) {
        for (blocks = 1; blocks <= most; blocks++) {
            for (at = 1; at <= (s->trigger == HOST_TRIGGER_STALE_KEYS ? 1 : blocks); at++) {
                try.outstanding = outstanding;
                try.blocks = blocks;
                try.at = at;
                if (fails(&try, ops, &s->end, &s->trigger, &s->at)) {
                    s->config = try;
                    return;
                }
            }
        }
    }
}

static char *print_smallest(const Scenario *scenario, const Smallest *s)
{
    const TrialConfig *c = &s->config;
    g_autofree char *path = g_path_get_basename(scenario->path);

    return g_strdup_printf("# The smallest case found in which %s still fails, of %s.\n"
                           "# %s: %s.\n"
                           "# " SIM_DISCLAIMER "\n"
                           "name: minimal-%s-%s\n"
                           "about: \"%s: %s\"\n"
                           "guest: " SIM_GUEST "\n"
                           "seed: %" G_GUINT64_FORMAT "\n"
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
                           "expect: {outcome: %s}\n",
                           c->model->name, path, c->model->name, c->model->about, c->model->name,
                           trial_task_names()[c->task], c->model->name, c->model->about, c->seed,
                           trial_task_names()[c->task], c->model->name,
                           host_trigger_name(s->trigger), c->outstanding, c->blocks, s->at,
                           c->gather * (MTF_WRITER_BLOCK_SIZE / 1024), c->maximum / 1024,
                           verdict_name(verdict_of_end(s->end)));
}

char *sim_case_minimise(const Scenario *scenario, const SimDriveOps *ops, GError **error)
{
    const SimPlan *plan = scenario->sim;
    guint i;

    for (i = 0; i < plan->seeds->len; i++) {
        uint64_t seed = (uint64_t)g_array_index(plan->seeds, int64_t, i);
        Smallest s = { .config = sim_plan_trial(plan, plan->driver, seed) };

        if (fails(&s.config, ops, &s.end, &s.trigger, &s.at)) {
            shrink(&s, ops);
            return print_smallest(scenario, &s);
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "--minimise: none of the %u seeds fails, so there is nothing to make smaller",
                plan->seeds->len);
    return NULL;
}
