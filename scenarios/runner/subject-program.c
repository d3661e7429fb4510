/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subject that a user brings: programs on this computer, which connect to the drive's usbredir
 * socket themselves. The steps run as in a machine, through the same agent. */
#include "scenarios/runner/subject.h"

#define PROGRAM_GUEST "program"

static bool check(const Scenario *scenario, const YamlNode *root, GError **error)
{
    const YamlNode *expect = yaml_node_get(root, "expect");
    const YamlNode *dmesg = expect ? yaml_node_get(expect, "dmesg") : NULL;

    return !dmesg || yaml_node_refuse(dmesg, error, "a program has no kernel log");
}

static const char *hindrance(const Scenario *scenario, const GuestOptions *options)
{
    if (!options->host_programs) {
        return "it runs programs on this computer: --host-programs allows that";
    }
    if (guest_options_own_kernel(options)) {
        return "it has no kernel to replace";
    }
    return options->attachment == GUEST_QEMU_DEVICE ? "it has no QEMU that could hold the drive"
                                                    : NULL;
}

static bool run(const Scenario *scenario, const Guest *guest, const char *directory,
                const CaseOptions *options, CaseResult *result, GError **error)
{
    case_run(scenario, guest, directory, options, result);
    return true;
}

const Subject subject_program = {
    .name = "program",
    .usual_guest = PROGRAM_GUEST,
    .check = check,
    .processors = 1,
    .hindrance = hindrance,
    .prepare = guest_prepare_program,
    .run = run,
};
