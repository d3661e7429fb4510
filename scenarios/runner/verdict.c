/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/verdict.h"

#include <stddef.h>

static const char *const names[] = {
    [VERDICT_INTACT] = "intact",
    [VERDICT_RECOVERED] = "recovered",
    [VERDICT_DETECTED] = "detected",
    [VERDICT_SILENT_CORRUPTION] = "silent-corruption",
    [VERDICT_FALSE_ALARM] = "false-alarm",
    [VERDICT_HANG] = "hang",
    [VERDICT_CRASH] = "crash",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
    [VERDICT_ENV_ERROR] = "env-error",
    [N_VERDICTS] = NULL,
};

const char *verdict_name(Verdict verdict)
{
    return names[verdict];
}

const char *const *verdict_names(void)
{
    return names;
}

Verdict verdict_of(const Evidence *e)
{
    /* From what makes the rest meaningless to what the rest means. */
    if (e->environment_failed) {
        return VERDICT_ENV_ERROR;
    }
    if (e->crashed) {
        return VERDICT_CRASH;
    }
    if (e->hung) {
        return VERDICT_HANG;
    }
    if (e->unfired) {
        return VERDICT_INCONCLUSIVE;
    }
    if (e->wrong) {
        return e->complained ? VERDICT_DETECTED : VERDICT_SILENT_CORRUPTION;
    }
    if (e->complained) {
        return e->fault_fired ? VERDICT_DETECTED : VERDICT_FALSE_ALARM;
    }
    return e->kernel_noted ? VERDICT_RECOVERED : VERDICT_INTACT;
}
