/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page for a whole run: a table of the cases, then the story of each, from the directory of the
 * case. If not all stories fit, those of failed cases come first.
 */
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/page.h"
#include "scenarios/runner/report/story.h"
#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/subject.h"

#include <string.h>

/* Bounds of the stories, for a page that a phone can open. The table always has every case. */
#define STORIES_MAX_BYTES (16u * 1024 * 1024)
#define STORY_MAX_BYTES   (2u * 1024 * 1024)

/* The part of story.html between the marks. NULL: there is none. */
static char *story_of(const CaseRecord *record)
{
    g_autofree char *path = g_build_filename(record->directory, "story.html", NULL);
    g_autofree char *page = NULL;
    const char *from, *to;
    size_t length;

    if (record->state != RECORD_RAN || !g_file_get_contents(path, &page, &length, NULL)) {
        return NULL;
    }
    from = strstr(page, PAGE_CASE_BEGINS);
    to = from ? strstr(from, PAGE_CASE_ENDS) : NULL;
    return to && to - from < STORY_MAX_BYTES ? g_strndup(from, (gsize)(to - from)) : NULL;
}

/* By case, in the order of the plan; NULL where there is none or no room. */
static GPtrArray *gather(const RunSummary *summary)
{
    GPtrArray *stories = g_ptr_array_new_with_free_func(g_free);
    size_t room = STORIES_MAX_BYTES;
    int passed;
    guint i;

    g_ptr_array_set_size(stories, (gint)summary->records->len);
    for (passed = 0; passed < 2; passed++) {
        for (i = 0; i < summary->records->len; i++) {
            const CaseRecord *record = summary->records->pdata[i];
            char *story = record->line.passed == (passed == 1) ? story_of(record) : NULL;

            if (story && strlen(story) <= room) {
                room -= strlen(story);
                stories->pdata[i] = story;
            } else {
                g_free(story);
            }
        }
    }
    return stories;
}

/* What happened, in one word. */
static const char *result_of(const CaseRecord *record)
{
    return record->state == RECORD_SKIPPED   ? "skipped"
           : record->state == RECORD_NOT_RUN ? "not run"
           : record->line.verdict            ? record->line.verdict
                                             : "no verdict";
}

static void add_row(GString *to, const CaseRecord *record, bool has_story)
{
    const ReportLine *line = &record->line;
    g_autofree char *took = story_seconds((int64_t)(line->seconds * G_USEC_PER_SEC));
    bool ran = record->state == RECORD_RAN;

    g_string_append(to, "<tr><td>");
    if (has_story) {
        markup_printf(to, "<a href=\"#case-%s\">%s</a>", record->name, record->name);
    } else {
        markup_printf(to, "%s", record->name);
    }
    g_string_append(to, "</td><td>");
    page_verdict(to, result_of(record));
    g_string_append(to, "</td><td>");
    if (record->state != RECORD_SKIPPED) {
        g_autofree char *expected = subject_expected(record->scenario);

        page_expectation(to, ran && line->passed, expected);
    }
    markup_printf(to, "</td><td class=\"n\">%s</td><td>", ran ? took : "");
    if (!ran) {
        markup_printf(to, "%s", record->why);
    } else if (line->reason) {
        markup_printf(to, "%s", line->reason);
    }
    if (ran && !has_story) {
        markup_printf(to, " <span class=\"dim\">(see %s)</span>", record->directory);
    }
    g_string_append(to, "</td></tr>\n");
}

static void add_counts(GString *to, const RunSummary *summary)
{
    g_autoptr(GDateTime) started = g_date_time_new_from_unix_utc(summary->started / G_USEC_PER_SEC);
    g_autofree char *when = g_date_time_format(started, "%Y-%m-%d %H:%M:%S UTC");
    g_autofree char *took = story_seconds(summary->duration);
    guint passed = 0, failed = 0, skipped = 0, i;

    for (i = 0; i < summary->records->len; i++) {
        const CaseRecord *record = summary->records->pdata[i];

        passed += record->line.passed;
        skipped += record->state == RECORD_SKIPPED;
    }
    failed = summary->records->len - passed - skipped;
    markup_printf(to, "<p><span class=\"%s\">%u as expected, %u not as expected</span>, %u skipped",
                  failed > 0 ? "bad" : "", passed, failed, skipped);
    markup_printf(to, " <span class=\"dim\">%s, %s</span></p>\n", when,
                  summary->duration > 0 ? took : "it is not over, or was ended by force");
}

/* How many cases had which result, each result in its own colour. */
static void add_results(GString *to, const RunSummary *summary)
{
    g_autoptr(GPtrArray) results = g_ptr_array_new();
    guint i, j, count;

    for (i = 0; i < summary->records->len; i++) {
        const char *result = result_of(summary->records->pdata[i]);

        if (!g_ptr_array_find_with_equal_func(results, result, g_str_equal, NULL)) {
            g_ptr_array_add(results, (void *)result);
        }
    }
    g_string_append(to, "<p>What happened: ");
    for (i = 0; i < results->len; i++) {
        for (j = count = 0; j < summary->records->len; j++) {
            count += g_str_equal(result_of(summary->records->pdata[j]), results->pdata[i]);
        }
        markup_printf(to, "%s%u ", i == 0 ? "" : ", ", count);
        page_verdict(to, results->pdata[i]);
    }
    g_string_append(to, "</p>\n");
}

static void add_story(GString *to, const char *story, const CaseRecord *record, bool fold)
{
    const char *open = record->line.passed && fold ? strstr(story, PAGE_CASE_OPEN) : NULL;

    if (open) {
        g_string_append_len(to, story, open - story);
        g_string_append(to, PAGE_CASE_FOLDED);
        story = open + strlen(PAGE_CASE_OPEN);
    }
    g_string_append(to, story);
}

static void render(const RunSummary *summary, GString *to)
{
    g_autoptr(GPtrArray) stories = gather(summary);
    const char *note = run_summary_note(summary->records);
    guint i;

    page_begin(to, "usbtape run");
    add_counts(to, summary);
    add_results(to, summary);
    if (note) {
        markup_printf(to, "<p>%s</p>\n", note);
    }
    g_string_append(to, "<div class=\"wide\"><table><caption>The cases</caption>\n<thead><tr>"
                        "<th scope=\"col\">case</th>"
                        "<th scope=\"col\">what happened</th><th scope=\"col\">expected?</th>"
                        "<th scope=\"col\">took</th><th scope=\"col\">why</th>"
                        "</tr></thead>\n<tbody>\n");
    for (i = 0; i < summary->records->len; i++) {
        add_row(to, summary->records->pdata[i], stories->pdata[i] != NULL);
    }
    g_string_append(to, "</tbody></table></div>\n");
    for (i = 0; i < N_SUBJECTS; i++) {
        if (subjects()[i]->result) {
            subjects()[i]->result->as_html(summary, to);
        }
    }
    for (i = 0; i < stories->len; i++) {
        if (stories->pdata[i]) {
            add_story(to, stories->pdata[i], summary->records->pdata[i], stories->len > 1);
        }
    }
    page_end(to);
}

const ReportFormat report_html = {
    .option = "--html",
    .begins = PAGE_BEGINS,
    .render = render,
};
