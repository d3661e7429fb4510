/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `usbtape run` and `usbtape selfcheck`: the runner. The drive checks the parts of a scenario that
 * concern it.
 */
#include "emu/fault/plan.h"
#include "emu/program/sim-drive.h"
#include "emu/program/subcommands.h"
#include "emu/setup.h"
#include "scenarios/runner/runner.h"

static bool check_faults(const char *name, const char *text, size_t length, GError **error)
{
    g_autoptr(FaultPlan) plan = fault_plan_new(1);

    return fault_plan_add(plan, name, text, length, error);
}

static bool check_model(const char *name, char *const *settings, int *wrong, GError **error)
{
    g_autoptr(SscModel) model = setup_model(name, settings, wrong, error);

    return model != NULL;
}

static int with_drive(int (*main_function)(int, char **, const ScenarioChecks *), int argc,
                      char **argv)
{
    const ScenarioChecks checks = { check_faults, check_model, sim_drive_ops() };

    return main_function(argc, argv, &checks);
}

int run_scenarios_main(int argc, char **argv)
{
    return with_drive(run_main, argc, argv);
}

int selfcheck_scenarios_main(int argc, char **argv)
{
    return with_drive(selfcheck_main, argc, argv);
}
