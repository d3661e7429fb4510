/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subject of a real operating system: a machine that QEMU runs, and steps for the agent in it.
 */
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/subject.h"

#include <string.h>

static bool kills_drive(const Scenario *scenario)
{
    guint i;

    for (i = 0; i < scenario->steps->len; i++) {
        if (strstr(((const Step *)scenario->steps->pdata[i])->text, "drive-kill")) {
            return true;
        }
    }
    return false;
}

static const char *hindrance(const Scenario *scenario, const GuestOptions *options)
{
    const char *needs = scenario->guest->needs;
    g_autofree char *qemu = g_find_program_in_path(VM_QEMU);
    g_autofree char *found = needs ? g_find_program_in_path(needs) : NULL;

    if (!qemu) {
        return VM_QEMU " is not installed (Debian: qemu-system-x86)";
    }
    if (needs && !found) {
        g_autofree char *why = g_strdup_printf("its guest is built with %s, which is not installed "
                                               "(Debian: %s)",
                                               needs, needs);

        return g_intern_string(why);
    }
    if (guest_options_own_kernel(options) && !scenario->guest->own_kernel) {
        return "the kernel of its guest cannot be replaced";
    }
    return options->attachment == GUEST_QEMU_DEVICE && kills_drive(scenario)
               ? "it kills the drive, which is part of QEMU here"
               : NULL;
}

static bool prepare_case(Guest *guest, const Scenario *scenario, const CaseOptions *options,
                         GError **error)
{
    g_autofree char *state = NULL;

    if (options->cold || scenario->start == START_COLD || scenario->memory == guest->saved_memory) {
        return true;
    }
    state = guest_snapshot(guest, (unsigned)scenario->memory, false, options->progress, error);
    guest->saved_memory = scenario->memory;
    return state != NULL;
}

static bool run(const Scenario *scenario, const Guest *guest, const char *directory,
                const CaseOptions *options, CaseResult *result, GError **error)
{
    case_run(scenario, guest, directory, options, result);
    return true;
}

/* `winhost`, a program of the guests, is a model of a driver. The guest's own driver does not
 * matter. */
static const char *note(const Scenario *scenario)
{
    guint i;

    for (i = 0; i < scenario->steps->len; i++) {
        if (strstr(((const Step *)scenario->steps->pdata[i])->text, "winhost ")) {
            return SIM_DISCLAIMER;
        }
    }
    return scenario->guest->note;
}

/* Of the kernel's package. */
static char *version(const Guest *guest)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint i;

    if (guest && guest->directory) {
        path = g_build_filename(guest->directory, "packages", NULL);
        g_file_get_contents(path, &text, NULL, NULL);
    }
    lines = g_strsplit(text ? text : "", "\n", -1);
    for (i = 0; lines[i]; i++) {
        const char *found = strchr(lines[i], '=');

        if (found && g_str_has_prefix(lines[i], "linux-image-")) {
            return g_strdup(found + 1);
        }
    }
    return NULL;
}

const Subject subject_guest = {
    .name = "machine",
    .usual_guest = GUEST_DEFAULT,
    .processors = 2,
    .hindrance = hindrance,
    .prepare = guest_prepare,
    .prepare_case = prepare_case,
    .run = run,
    .note = note,
    .version = version,
};
