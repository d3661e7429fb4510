/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judges.h"

/* More of them would hide the first. */
#define FINDINGS_MAX 20u

const Judge *const *judges(void)
{
    static const Judge *const all[] = {
#define JUDGE(name) &judge_##name,
#include "scenarios/runner/judges/judges.def"
#undef JUDGE
    };

    return all;
}

void judge_add_finding(GPtrArray *findings, const char *format, ...)
{
    va_list args;

    if (findings->len < FINDINGS_MAX) {
        va_start(args, format);
        g_ptr_array_add(findings, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

void judge_add_reason(Judgement *judgement, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(judgement->reasons, g_strdup_vprintf(format, args));
    va_end(args);
}

void judges_clear(void **checks)
{
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        if (checks[i] && judges()[i]->clear) {
            judges()[i]->clear(checks[i]);
        }
        g_clear_pointer(&checks[i], g_free);
    }
}

void judges_relax(void *const *checks, bool hidden)
{
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        if (checks[i] && judges()[i]->relax) {
            judges()[i]->relax(checks[i], hidden);
        }
    }
}

bool judges_ask(JudgeStage stage, void *const *checks, Judgement *judgement, GError **error)
{
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        const Judge *judge = judges()[i];

        if (judge->stage == stage && checks[i] && !judge->judge(checks[i], judgement, error)) {
            return false;
        }
    }
    return true;
}
