/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape run` and `usbtape selfcheck`: the runner, with the drive's own word on what a scenario
 * says of it. */
#include "emu/commands.h"
#include "emu/fault/plan.h"
#include "emu/ssc/ssc.h"
#include "scenarios/runner/commands.h"

static bool check_faults(const char *name, const char *text, size_t length, GError **error)
{
    g_autoptr(FaultPlan) plan = fault_plan_new(1);

    return fault_plan_add(plan, name, text, length, error);
}

static bool check_model(const char *name, GError **error)
{
    return ssc_model_by_name(name, error) != NULL;
}

static const ScenarioChecks checks = { check_faults, check_model };

int run_scenarios_main(int argc, char **argv)
{
    return run_main(argc, argv, &checks);
}

int selfcheck_scenarios_main(int argc, char **argv)
{
    return selfcheck_main(argc, argv, &checks);
}
