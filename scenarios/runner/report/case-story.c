/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/case-story.h"

#include "scenarios/runner/judges/judge-dmesg.h"
#include "scenarios/runner/judges/judge-faults-fired.h"
#include "scenarios/runner/judges/judge-stamps.h"
#include "scenarios/runner/judges/tape-map.h"
#include "scenarios/runner/report/timeline.h"
#include "scenarios/runner/subject.h"

#include <string.h>

#define TEXT_MAX         2000u /* bytes of a step's script, and of what it said */
#define KERNEL_LINES_MAX 60u

void case_story_step_ends(StoryStep *step, int64_t at, int status, bool complained)
{
    step->ended = at;
    step->status = status;
    step->complained = complained;
}

void case_story_step_said(StoryStep *step, const char *out, const char *err)
{
    g_free(step->said);
    step->said = story_tail(*err ? err : out, TEXT_MAX);
}

/* ---- who, and what came of it ---- */

static char *repeat_command(const Scenario *scenario)
{
    g_autofree char *path = g_canonicalize_filename(scenario->path, NULL);
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *name = scenario_case_name(scenario);

    return g_strdup_printf("usbtape %s %s --case '%s' --seed %" G_GUINT64_FORMAT,
                           scenario->bad ? "selfcheck" : "run", quoted, name, scenario->seed);
}

static void fill_head(Story *story, const CaseRemains *r)
{
    const Scenario *scenario = r->scenario;
    guint i;

    story->name = scenario_case_name(scenario);
    story->about = g_strdup(scenario->about);
    story->scenario = g_strdup(scenario->path);
    story->variant = g_strdup(scenario->variant);
    story->guest = g_strdup(scenario->guest->name);
    story->machine = r->guest->qemu ? g_strdup_printf("%s (%s)", r->guest->qemu_version,
                                                      r->guest->kvm ? "KVM" : "emulated")
                                    : g_strdup(r->guest->qemu_version);
    story->note = g_strdup(scenario_note(scenario));
    story->seed = scenario->seed;
    story->verdict = g_strdup(verdict_name(r->result->verdict));
    story->expected = subject_expected(scenario);
    story->passed = r->result->passed;
    story->duration = r->result->duration;
    story->again = repeat_command(scenario);
    story->steps_planned = scenario->steps->len;
    story->has_kernel = true;
    for (i = 0; i < r->result->reasons->len; i++) {
        g_ptr_array_add(story->reasons, g_strdup(r->result->reasons->pdata[i]));
    }
}

static void fill_faults(Story *story, const CaseRemains *r)
{
    const GPtrArray *rules = drive_process_rules(r->drive);
    g_autoptr(GHashTable) named = g_hash_table_new(g_str_hash, g_str_equal);
    guint i;

    for (i = 0; i < rules->len; i++) {
        const char *name = ((const DriveRule *)rules->pdata[i])->fault;
        const FaultCheck *check =
            faults_fired_of(EXPECT_CHECK(&r->scenario->expect, faults_fired), name);
        g_autofree char *expected = check ? count_range_text(check->fired) : NULL;

        if (g_hash_table_add(named, (void *)name)) {
            story_add_fault(story, name, drive_process_fired(r->drive, name), expected);
        }
    }
}

/* ---- what was seen ---- */

static void fill_events(Story *story, const CaseRemains *r)
{
    const GArray *lives = drive_process_lives(r->drive);
    guint i;

    for (i = 0; i < lives->len; i++) {
        g_autofree char *name = g_strdup_printf(DRIVE_TRACE, i + 1);
        g_autofree char *path = g_build_filename(r->directory, name, NULL);

        timeline_add(story, path, g_array_index(lives, int64_t, i) - r->begun);
    }
    timeline_finish(story);
}

static void fill_tapes(Story *story, const CaseRemains *r)
{
    const StampsCheck *stamps = EXPECT_CHECK(&r->scenario->expect, stamps);
    int i;

    for (i = 1; i <= drive_process_cartridges(r->drive); i++) {
        g_autofree char *path = drive_process_cartridge(r->drive, i, NULL);

        if (path) {
            tape_map_add(story, i, path, stamps ? stamps->ranges : NULL);
        }
    }
}

static bool matches(char *const *patterns, const char *line)
{
    for (; patterns && *patterns; patterns++) {
        if (g_regex_match_simple(*patterns, line, G_REGEX_RAW, 0)) {
            return true;
        }
    }
    return false;
}

static void fill_kernel(Story *story, const CaseRemains *r)
{
    const DmesgCheck *dmesg = EXPECT_CHECK(&r->scenario->expect, dmesg);
    char *const act[] = { r->scenario->acted ? r->scenario->acted->dmesg : NULL, NULL };
    g_auto(GStrv) lines = r->kernel_log ? g_strsplit(r->kernel_log, "\n", -1) : NULL;
    char **line;

    for (line = lines; line && *line; line++) {
        bool bad = matches(dmesg->none_of, *line);
        StoryLine *kernel;

        if (!bad && !matches(dmesg->some_of, *line) && !matches(act, *line) &&
            !g_regex_match_simple(dmesg_errors, *line, G_REGEX_RAW, 0)) {
            continue;
        }
        if (story->kernel->len == KERNEL_LINES_MAX) {
            story->kernel_more++;
            continue;
        }
        kernel = g_new(StoryLine, 1);
        *kernel = (StoryLine){ g_strndup(*line, TEXT_MAX), bad };
        g_ptr_array_add(story->kernel, kernel);
    }
}

void case_story_fill(Story *story, const CaseRemains *r)
{
    fill_head(story, r);
    fill_faults(story, r);
    story_add_bus(story, r->result->bus);
    fill_events(story, r);
    fill_tapes(story, r);
    fill_kernel(story, r);
}
