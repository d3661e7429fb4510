/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subject of models: a simulated Windows host in this process, and all seeds in one case. */
#include "emu/base/error.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/report/sim-table.h"
#include "scenarios/runner/sim-case.h"
#include "scenarios/runner/subject.h"

static const char *const keys[] = { "name",   "about", "guest",  "seed",      "vary",
                                    "faults", "sim",   "expect", "selfcheck", NULL };
static const char *const expect_keys[] = { "outcome", "bus", "faults-fired", NULL };

static void plan_free(void *plan)
{
    sim_plan_free(plan);
}

static bool check(const Scenario *scenario, const YamlNode *root, GError **error)
{
    SimPlan *plan = scenario->plan;

    /* What the scenario's faults do is not to be mixed up with a trigger that it does not name. */
    if (scenario->faults && !yaml_node_get(yaml_node_get(root, "sim"), "trigger")) {
        plan->needed = false;
    }
    return sim_plan_check(plan, scenario->expect.outcomes, root, error);
}

static void take_seeds(Scenario *scenario, const GArray *seeds)
{
    ((SimPlan *)scenario->plan)->seeds = g_array_copy((GArray *)seeds);
}

/* `shows` is about drivers that the scenario names. */
static void use_driver(Scenario *scenario, const struct HostModel *driver)
{
    SimPlan *plan = scenario->plan;

    plan->driver = driver;
    g_clear_pointer(&plan->shows, g_array_unref);
}

static const SimDriveOps *drive_of(const ScenarioChecks *checks, GError **error)
{
    if (!checks || !checks->sim) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "there is no drive to simulate");
        return NULL;
    }
    return checks->sim;
}

static bool run(const Scenario *scenario, const Guest *guest, const char *directory,
                const CaseOptions *options, CaseResult *result, GError **error)
{
    const SimDriveOps *ops = drive_of(options->checks, error);

    if (ops) {
        sim_case_run(scenario, ops, directory, result);
    }
    return ops != NULL;
}

static char *minimise(const Scenario *scenario, const ScenarioChecks *checks, GError **error)
{
    const SimDriveOps *ops = drive_of(checks, error);

    return ops ? sim_case_minimise(scenario, ops, error) : NULL;
}

static const char *note(const Scenario *scenario)
{
    return scenario->guest->note;
}

static char *version(const Guest *guest)
{
    return g_strdup("simulated");
}

static const SubjectResult result = {
    .key = "model",
    .add = sim_tally_add,
    .read = sim_tally_read,
    .free = sim_tally_free,
    .as_text = sim_table_text,
    .as_html = sim_table_html,
};

const Subject subject_sim = {
    .name = "simulated host",
    .usual_guest = SIM_GUEST,
    .key = "sim",
    .read = sim_plan_read,
    .plan_free = plan_free,
    .keys = keys,
    .expect_keys = expect_keys,
    .check = check,
    .take_seeds = take_seeds,
    .use_driver = use_driver,
    .names_driver = true,
    .processors = 1,
    .run = run,
    .minimise = minimise,
    .note = note,
    .expected = sim_case_expected,
    .version = version,
    .result = &result,
};
