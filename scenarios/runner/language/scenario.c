/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/scenario.h"

#include "scenarios/runner/language/bad-driver.h"
#include "scenarios/runner/subject.h"

void scenario_free(Scenario *s)
{
    if (!s) {
        return;
    }
    g_free(s->path);
    g_free(s->name);
    g_free(s->about);
    g_free(s->variant);
    g_free(s->bad);
    acted_free(s->acted);
    g_clear_pointer(&s->unsaid, g_ptr_array_unref);
    g_free(s->tape.model);
    g_free(s->tape.format);
    g_strfreev(s->tape.settings);
    g_free(s->faults);
    g_clear_pointer(&s->steps, g_ptr_array_unref);
    expect_clear(&s->expect);
    if (s->plan) {
        subject_of(s)->plan_free(s->plan);
    }
    g_free(s);
}

const char *scenario_note(const Scenario *s)
{
    const Subject *subject = s->guest ? subject_of(s) : NULL;

    return subject && subject->note ? subject->note(s) : NULL;
}

char *scenario_case_name(const Scenario *s)
{
    GString *name = g_string_new(s->name);

    if (*s->variant) {
        g_string_append_printf(name, ".%s", s->variant);
    }
    if (!subject_kind_is_default(s->guest)) {
        g_string_append_printf(name, ".%s", s->guest->name);
    }
    if (s->seed != 1 && !subject_of(s)->take_seeds) {
        g_string_append_printf(name, ".seed=%" G_GUINT64_FORMAT, s->seed);
    }
    if (s->bad) {
        g_string_append_printf(name, ".bad=%s", s->bad);
    }
    /* It names a directory, too. */
    return g_strcanon(g_string_free(name, FALSE),
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.=_+-", '_');
}

char *scenario_case_id(const Scenario *s)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head =
        g_strdup_printf("%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s\n", s->name, s->variant,
                        s->guest->name, s->seed, s->bad ? s->bad : "");
    g_autofree char *text = NULL;
    size_t length = 0;

    g_checksum_update(sum, (const guchar *)head, -1);
    if (g_file_get_contents(s->path, &text, &length, NULL)) {
        g_checksum_update(sum, (const guchar *)text, (gssize)length);
    }
    return g_strdup(g_checksum_get_string(sum));
}
