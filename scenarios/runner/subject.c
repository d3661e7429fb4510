/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/subject.h"

#include "scenarios/runner/judges/judge-bus.h"

#include "emu/base/error.h"
#include "scenarios/runner/language/guest-file.h"

const Subject *const *subjects(void)
{
    static const Subject *const all[] = {
#define SUBJECT(name) &subject_##name,
#include "scenarios/runner/subjects.def"
#undef SUBJECT
    };

    return all;
}

const GuestKind *subject_kind_by_name(const char *name, GError **error)
{
    const GPtrArray *kinds = guest_kinds(error);
    guint i;

    for (i = 0; kinds && i < kinds->len; i++) {
        if (g_str_equal(((const GuestKind *)kinds->pdata[i])->name, name)) {
            return kinds->pdata[i];
        }
    }
    if (kinds) {
        usbtape_input_error(error, "no guest '%s': `usbtape list guests` shows those there are",
                            name);
    }
    return NULL;
}

bool subject_kind_is_default(const GuestKind *kind)
{
    return g_str_equal(kind->name, kind->subject->usual_guest);
}

const Subject *subject_of(const Scenario *scenario)
{
    return scenario->guest->subject;
}

void subject_result_clear(const Subject *subject, CaseResult *result)
{
    g_clear_pointer(&result->reasons, g_ptr_array_unref);
    g_clear_pointer(&result->bus, bus_tally_free);
    if (result->detail) {
        subject->result->free(result->detail);
        result->detail = NULL;
    }
}

char *subject_expected(const Scenario *scenario)
{
    const Subject *subject = subject_of(scenario);

    return bus_check_expected(EXPECT_CHECK(&scenario->expect, bus),
                              subject->expected ? subject->expected(scenario)
                                                : verdicts_text(scenario->expect.outcomes));
}
