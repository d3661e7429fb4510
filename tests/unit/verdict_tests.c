/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/verdict.h"
#include "tests/support/suite.h"

#include <glib.h>

TCase *make_verdict_tcase(void);

static const struct {
    Evidence evidence;
    Verdict verdict;
} table[] = {
    { { 0 }, VERDICT_INTACT },
    { { .fault_fired = true }, VERDICT_INTACT },
    { { .kernel_noted = true }, VERDICT_RECOVERED },
    { { .kernel_noted = true, .fault_fired = true }, VERDICT_RECOVERED },
    { { .complained = true }, VERDICT_FALSE_ALARM },
    { { .complained = true, .fault_fired = true }, VERDICT_DETECTED },
    { { .wrong = true }, VERDICT_SILENT_CORRUPTION },
    { { .wrong = true, .kernel_noted = true }, VERDICT_SILENT_CORRUPTION },
    { { .wrong = true, .complained = true }, VERDICT_DETECTED },
    { { .wrong = true, .unfired = true }, VERDICT_INCONCLUSIVE },
    { { .unfired = true }, VERDICT_INCONCLUSIVE },
    { { .log_lost = true }, VERDICT_INCONCLUSIVE },
    { { .log_lost = true, .kernel_noted = true }, VERDICT_INCONCLUSIVE },
    { { .log_lost = true, .wrong = true }, VERDICT_SILENT_CORRUPTION },
    { { .log_lost = true, .complained = true }, VERDICT_FALSE_ALARM },
    { { .log_lost = true, .crashed = true }, VERDICT_CRASH },
    { { .hung = true, .unfired = true, .complained = true }, VERDICT_INCONCLUSIVE },
    { { .hung = true, .unfired = true, .log_unread = true }, VERDICT_INCONCLUSIVE },
    { { .hung = true, .fault_fired = true, .complained = true }, VERDICT_HANG },
    { { .crashed = true, .unfired = true }, VERDICT_CRASH },
    /* A case is red by its bad driver, or it shows nothing: whatever else came. */
    { { .idle = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .wrong = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .wrong = true, .complained = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .hung = true, .log_unread = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .crashed = true, .log_unread = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .no_drive = true }, VERDICT_INCONCLUSIVE },
    { { .idle = true, .log_unread = true }, VERDICT_ENV_ERROR },
    { { .crashed = true, .hung = true }, VERDICT_CRASH },
    { { .hung = true, .unnamed = true }, VERDICT_INCONCLUSIVE },
    { { .hung = true, .log_unread = true }, VERDICT_HANG },
    { { .crashed = true, .log_unread = true }, VERDICT_CRASH },
    { { .log_unread = true }, VERDICT_ENV_ERROR },
    { { .log_unread = true, .wrong = true }, VERDICT_ENV_ERROR },
    { { .no_drive = true }, VERDICT_NO_DRIVE },
    { { .no_drive = true, .unfired = true }, VERDICT_NO_DRIVE },
    { { .no_drive = true, .log_unread = true }, VERDICT_ENV_ERROR },
    { { .complained = true, .unnamed = true, .fault_fired = true }, VERDICT_INCONCLUSIVE },
    { { .complained = true, .unnamed = true, .wrong = true }, VERDICT_INCONCLUSIVE },
    { { .complained = true, .unnamed = true }, VERDICT_FALSE_ALARM },
    { { .environment_failed = true, .crashed = true, .wrong = true }, VERDICT_ENV_ERROR },
};

START_TEST(evidence_gives_the_verdict)
{
    Verdict verdict = verdict_of(&table[_i].evidence);

    ck_assert_msg(verdict == table[_i].verdict, "row %d: %s, not %s", _i, verdict_name(verdict),
                  verdict_name(table[_i].verdict));
}
END_TEST

TCase *make_verdict_tcase(void)
{
    TCase *tcase = tcase_create("verdict");

    tcase_add_loop_test(tcase, evidence_gives_the_verdict, 0, G_N_ELEMENTS(table));
    return tcase;
}
