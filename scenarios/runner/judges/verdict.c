/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/verdict.h"

static const char *const names[] = {
    [VERDICT_INTACT] = "intact",
    [VERDICT_RECOVERED] = "recovered",
    [VERDICT_DETECTED] = "detected",
    [VERDICT_SILENT_CORRUPTION] = "silent-corruption",
    [VERDICT_FALSE_ALARM] = "false-alarm",
    [VERDICT_HANG] = "hang",
    [VERDICT_NO_DRIVE] = "no-drive",
    [VERDICT_CRASH] = "crash",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
    [VERDICT_ENV_ERROR] = "env-error",
    [N_VERDICTS] = NULL,
};

const char *verdict_name(Verdict verdict)
{
    return names[verdict];
}

/* For people and for style sheets, by verdict. */
static const struct {
    const char *about, *tone;
} explained[N_VERDICTS] = {
    [VERDICT_INTACT] = { "the data is right, and no program reported an error", "sound" },
    [VERDICT_RECOVERED] = { "the data is right; the kernel logged an error and recovered",
                            "sound" },
    [VERDICT_DETECTED] = { "something broke, and a program reported it", "noticed" },
    [VERDICT_SILENT_CORRUPTION] = { "no program reported an error, but the data on the tape, or "
                                    "restored from it, is wrong",
                                    "silent" },
    [VERDICT_FALSE_ALARM] = { "a program reported an error, but nothing was broken", "broken" },
    [VERDICT_HANG] = { "a step did not end in its time, or the guest fell silent", "broken" },
    [VERDICT_NO_DRIVE] = { "the guest found no tape drive on its bus", "broken" },
    [VERDICT_CRASH] = { "the guest's kernel, QEMU or the drive ended", "broken" },
    [VERDICT_INCONCLUSIVE] = { "the planned fault or message did not come, so the case shows "
                               "nothing",
                               "nothing" },
    [VERDICT_ENV_ERROR] = { "this computer could not run the case, so it shows nothing",
                            "nothing" },
};

static Verdict verdict_by_name(const char *name)
{
    unsigned i;

    for (i = 0; i < N_VERDICTS && !g_str_equal(names[i], name); i++) {
    }
    return (Verdict)i;
}

const char *verdict_about(const char *name)
{
    Verdict verdict = verdict_by_name(name);

    return verdict < N_VERDICTS ? explained[verdict].about : "the case ended without a verdict";
}

const char *verdict_tone(const char *name)
{
    Verdict verdict = verdict_by_name(name);

    return verdict < N_VERDICTS ? explained[verdict].tone : "nothing";
}

const char *const *verdict_names(void)
{
    return names;
}

char *verdicts_text(unsigned verdicts)
{
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < N_VERDICTS; i++) {
        if (verdicts & 1u << i) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? " or " : "", names[i]);
        }
    }
    return g_string_free(text, FALSE);
}

Verdict verdict_of(const Evidence *e)
{
    /* From what makes the rest meaningless to what the rest means. */
    if (e->environment_failed) {
        return VERDICT_ENV_ERROR;
    }
    if (e->crashed) {
        return e->idle ? VERDICT_INCONCLUSIVE : VERDICT_CRASH;
    }
    if (e->hung) {
        return e->unfired || e->idle || e->unnamed ? VERDICT_INCONCLUSIVE : VERDICT_HANG;
    }
    if (e->log_unread) {
        return VERDICT_ENV_ERROR;
    }
    if (e->no_drive) {
        return e->idle ? VERDICT_INCONCLUSIVE : VERDICT_NO_DRIVE;
    }
    if (e->unfired || e->idle) {
        return VERDICT_INCONCLUSIVE;
    }
    if (e->wrong && !e->complained) {
        return VERDICT_SILENT_CORRUPTION;
    }
    if (e->wrong || (e->complained && e->fault_fired)) {
        return e->unnamed ? VERDICT_INCONCLUSIVE : VERDICT_DETECTED;
    }
    if (e->complained) {
        return VERDICT_FALSE_ALARM;
    }
    if (e->log_lost) {
        return VERDICT_INCONCLUSIVE;
    }
    return e->kernel_noted ? VERDICT_RECOVERED : VERDICT_INTACT;
}
