/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-sample DIRECTORY: a run that never was, with a case of every verdict and hostile text
 * wherever a guest, a file's name or a scenario can put some, as every kind of report there is.
 */
#include "emu/base/error.h"
#include "scenarios/runner/judges/order.h"
#include "scenarios/runner/report/story.h"
#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/subject.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* What breaks XML, HTML, a script, a terminal, a reader's eyes; and what is no UTF-8 at all. */
static const char hostile[] =
    "</failure></p></svg></script><script>alert(1)</script>\"'&amp;<!-- ]]> "
    "\x01\x02\x1b[31m\x7f\r\xff\xfe\xc3 \xe2\x80\xae \xef\xbf\xbf https://example.org/ %s%n";

static void fill(CaseRecord *record, unsigned verdict)
{
    record->state = RECORD_RAN;
    record->line = (ReportLine){
        .verdict = verdict < N_VERDICTS ? g_strdup(verdict_name(verdict)) : NULL,
        .reason = verdict == VERDICT_INTACT ? NULL : g_strdup(hostile),
        .passed = verdict == VERDICT_INTACT || verdict == VERDICT_RECOVERED,
        .seconds = 1.25,
    };
}

/* ---- a story with something of everything, or (`grim` false) with next to nothing ---- */

static void tell_steps(Story *story)
{
    StoryStep *step = story_add_step(story, hostile, 3, 1000);

    step->ended = 500000;
    step->status = 7;
    step->complained = true;
    g_free(step->said);
    step->said = g_strdup(hostile);
    step = story_add_step(story, "unplug", 4, 600000);
    step->on_host = true;
    story->steps_planned = 5;
}

static void tell_events(Story *story)
{
    StoryEvent *event = story_add_event(story, STORY_COMMANDS, STORY_PLAIN, 2000, "WRITE(6)", "");
    StoryEventKind kind;

    event->count = 700;
    event->until = 400000;
    for (kind = STORY_COMMANDS; kind <= STORY_HOST_ERROR; kind++) {
        story_add_event(story, kind, STORY_ERROR, 410000 + 1000 * (int64_t)kind, hostile, hostile);
    }
    story->commands = 701;
}

static void tell_tape(Story *story)
{
    const StoryObjects objects[] = {
        { STORY_BLOCK, 0, 0, 10, 65536, true, 1, 0 }, { STORY_BLOCK, 10, 0, 1, 17, false, 0, 0 },
        { STORY_FILEMARK, 11, 0, 1, 0, false, 0, 0 }, { STORY_SETMARK, 12, 1, 1, 0, false, 0, 0 },
        { STORY_DAMAGED, 13, 1, 1, 0, false, 0, 0 },  { STORY_BLOCK, 14, 1, 3, 32768, true, 1, 10 },
    };
    static const OrderRecord records[] = { { 0, 0 }, { 2, 1 }, { 1, 2 }, { 3, 3 }, { 3, 4 } };
    StoryTape *tape = story_add_tape(story, 1);

    g_array_append_vals(tape->objects, objects, G_N_ELEMENTS(objects));
    tape->format = g_strdup("usbtape");
    tape->bytes = 10 * 65536 + 17 + 3 * 32768;
    tape->blocks = 14;
    tape->filemarks = tape->setmarks = tape->damaged = 1;
    tape->more = 3;
    tape->note = g_strdup(hostile);
    story_add_tape(story, 2)->note = g_strdup("no such file");
    story_add_tape(story, 3)->format = g_strdup("simh");
    order_compare(records, G_N_ELEMENTS(records), 0, 6, story_add_order(story, 1, hostile));
}

static Story *tell(const char *name, const ReportLine *line, bool grim)
{
    Story *story = story_new();
    StoryLine *kernel = g_new(StoryLine, 1);

    story->name = g_strdup(name);
    story->about = g_strdup(grim ? hostile : "all is well");
    story->scenario = g_strdup(grim ? hostile : "a.yaml");
    story->variant = g_strdup("");
    story->guest = g_strdup("linux");
    story->has_kernel = true;
    story->machine = g_strdup(grim ? hostile : "QEMU");
    story->verdict = g_strdup(line->verdict);
    story->expected = g_strdup("intact");
    story->passed = line->passed;
    story->duration = 1250000;
    story->again = g_strdup(grim ? hostile : "usbtape run");
    *kernel = (StoryLine){ g_strdup(grim ? hostile : "st0: hello"), grim };
    g_ptr_array_add(story->kernel, kernel);
    if (grim) {
        g_ptr_array_add(story->reasons, g_strdup(hostile));
        story_add_fault(story, hostile, 2, hostile);
        tell_steps(story);
        tell_events(story);
        tell_tape(story);
    }
    return story;
}

static bool write_story(const CaseRecord *record, bool grim)
{
    g_autoptr(Story) story = tell(record->name, &record->line, grim);
    g_autoptr(GError) error = NULL;

    g_mkdir(record->directory, 0777);
    return story_write(story, record->directory, &error) || usbtape_fail(error) == EXIT_GOOD;
}

/* ---- the run ---- */

/* One for each verdict, one that ended without, one skipped, one not run. */
static GPtrArray *make_cases(const char *directory)
{
    GPtrArray *cases =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))scenario_free);
    unsigned i;

    for (i = 0; i < N_VERDICTS + 3; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s/<&\">.yaml", directory, i % 2 ? "a<&" : "b");
        g_autofree char *text = g_strdup_printf("name: case-%u\nabout: |-\n  <b>&\"'\n"
                                                "steps: [{run: x}]\n",
                                                i);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) parsed = scenario_parse(path, text, strlen(text), NULL, &error);

        g_assert_no_error(error);
        g_ptr_array_add(cases, g_ptr_array_steal_index(parsed, 0));
    }
    return cases;
}

static bool write_report(const RunSummary *summary, const ReportFormat *format,
                         const char *directory)
{
    g_autofree char *path = g_build_filename(directory, format->option + 2, NULL);
    g_autoptr(GError) error = NULL;

    return run_summary_write(summary, format, path, &error) || usbtape_fail(error) == EXIT_GOOD;
}

/* A guest's directory that says which kernel it has. */
static char *make_guest(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "guest", NULL);
    g_autofree char *packages = g_build_filename(path, "packages", NULL);

    g_mkdir(path, 0777);
    g_file_set_contents(packages, "bash=5\nlinux-image-6.12.0-amd64=6.12|1<b>\n", -1, NULL);
    return g_steal_pointer(&path);
}

int main(int argc, char **argv)
{
    g_autoptr(GHashTable) guests = g_hash_table_new(NULL, NULL);
    Guest guest = { .qemu_version = (char *)hostile };
    g_autofree char *directory = NULL;
    g_autoptr(GPtrArray) cases = NULL;
    g_autoptr(RunSummary) summary = NULL;
    unsigned i;

    if (argc != 2) {
        fprintf(stderr, "usage: report-sample DIRECTORY\n");
        return EXIT_BAD_INPUT;
    }
    cases = make_cases(argv[1]);
    summary = run_summary_new(cases, argv[1], hostile);
    guest.directory = directory = make_guest(argv[1]);
    g_hash_table_insert(guests, (void *)subject_kind_by_name("linux", NULL), &guest);
    summary->guests = guests;
    for (i = 0; i <= N_VERDICTS; i++) {
        fill(summary->records->pdata[i], i);
    }
    ((CaseRecord *)summary->records->pdata[i])->state = RECORD_SKIPPED;
    for (i = 0; i < N_VERDICTS; i++) {
        if (!write_story(summary->records->pdata[i], i > 0)) {
            return EXIT_WORK_FAILED;
        }
    }
    return write_report(summary, &report_table, argv[1]) &&
                   write_report(summary, &report_junit, argv[1]) &&
                   write_report(summary, &report_html, argv[1])
               ? EXIT_GOOD
               : EXIT_WORK_FAILED;
}
