/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/subject.h"

#include "emu/base/error.h"

const Subject *const *subjects(void)
{
    static const Subject *const all[] = {
#define SUBJECT(name) &subject_##name,
#include "scenarios/runner/subjects.def"
#undef SUBJECT
    };

    return all;
}

const GuestKind *subject_kind_at(size_t n)
{
    const GuestKind *kind;
    size_t i;

    for (i = 0; i < N_SUBJECTS; i++) {
        for (kind = subjects()[i]->kinds; kind->name; kind++) {
            if (n-- == 0) {
                return kind;
            }
        }
    }
    return NULL;
}

const GuestKind *subject_kind_by_name(const char *name, GError **error)
{
    const GuestKind *kind;
    size_t i;

    for (i = 0; (kind = subject_kind_at(i)); i++) {
        if (g_str_equal(kind->name, name)) {
            return kind;
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "no guest '%s': `usbtape list guests` shows those there are", name);
    return NULL;
}

bool subject_kind_is_default(const GuestKind *kind)
{
    return kind == (kind->subject->key ? &kind->subject->kinds[0] : subject_kind_at(0));
}

const Subject *subject_of(const Scenario *scenario)
{
    return scenario->guest->subject;
}

void subject_result_clear(const Subject *subject, CaseResult *result)
{
    g_clear_pointer(&result->reasons, g_ptr_array_unref);
    if (result->detail) {
        subject->result->free(result->detail);
        result->detail = NULL;
    }
}

char *subject_expected(const Scenario *scenario)
{
    const Subject *subject = subject_of(scenario);

    return subject->expected ? subject->expected(scenario)
                             : verdicts_text(scenario->expect.outcomes);
}
