/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/units.h"
#include "scenarios/runner/judges/verdict.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/page.h"
#include "scenarios/runner/report/story.h"

#include <string.h>

/* The rows of a long list. Those beyond are counted in words. */
#define ROWS_MAX 120u
/* The reasons above the first picture. The others are folded. */
#define REASONS_SHOWN 5u

static void begin_table(GString *to, const char *caption, const char *const *columns)
{
    markup_printf(to, "<div class=\"wide\"><table><caption>%s</caption>\n<thead><tr>", caption);
    for (; *columns; columns++) {
        markup_printf(to, "<th scope=\"col\">%s</th>", *columns);
    }
    g_string_append(to, "</tr></thead>\n<tbody>\n");
}

static void end_table(GString *to, guint left_out)
{
    g_string_append(to, "</tbody></table></div>\n");
    if (left_out > 0) {
        markup_printf(to, "<p class=\"dim\">and %u more</p>\n", left_out);
    }
}

/* ---- the verdict ---- */

static void add_reasons(GString *to, const Story *story, guint from, guint end)
{
    guint i;

    if (from == end) {
        return;
    }
    g_string_append(to, "<ul>\n");
    for (i = from; i < MIN(end, from + ROWS_MAX); i++) {
        markup_printf(to, "<li>%s</li>\n", (const char *)story->reasons->pdata[i]);
    }
    g_string_append(to, "</ul>\n");
    if (i < end) {
        markup_printf(to, "<p class=\"dim\">and %u more</p>\n", end - i);
    }
}

static void add_summary(GString *to, const Story *story)
{
    g_autofree char *took = story_seconds(story->duration);

    markup_printf(to, "<p>%s</p>\n", story->about);
    if (story->note) {
        markup_printf(to, "<p>%s</p>\n", story->note);
    }
    g_string_append(to, "<p>");
    page_verdict(to, story->verdict);
    g_string_append(to, " (");
    page_expectation(to, story->passed, story->expected);
    markup_printf(to, ") – %s.</p>\n", verdict_about(story->verdict));
    add_reasons(to, story, 0, MIN(story->reasons->len, REASONS_SHOWN));
    if (story->reasons->len > REASONS_SHOWN) {
        markup_printf(to, "<details><summary>and %u more reasons</summary>\n",
                      story->reasons->len - REASONS_SHOWN);
        add_reasons(to, story, REASONS_SHOWN, story->reasons->len);
        g_string_append(to, "</details>\n");
    }
    markup_printf(to, "<p class=\"dim\">%s, seed %lu, guest %s on %s; %s</p>\n", story->scenario,
                  (unsigned long)story->seed, story->guest, story->machine, took);
}

static void add_repeat(GString *to, const Story *story)
{
    markup_printf(to, "<h3>To see it again</h3>\n<pre><code>%s</code></pre>\n", story->again);
}

/* ---- the tape ---- */

static const char *object_text(StoryObjectKind kind)
{
    switch (kind) {
    case STORY_BLOCK:
        return "block";
    case STORY_FILEMARK:
        return "filemark";
    case STORY_SETMARK:
        return "setmark";
    case STORY_DAMAGED:
        return "damaged block";
    }
    return "";
}

static void add_objects(GString *to, const StoryTape *tape)
{
    static const char *const columns[] = { "object", "file", "what", "records", NULL };
    guint i, shown = MIN(tape->objects->len, ROWS_MAX);

    begin_table(to, "Neighbours that are alike share a line", columns);
    for (i = 0; i < shown; i++) {
        const StoryObjects *o = &g_array_index(tape->objects, StoryObjects, i);
        g_autofree char *size = units_format_size(o->size);

        markup_printf(to, "<tr><td>%ld</td><td>%ld</td><td>%ld %s%s", (long)o->object,
                      (long)o->file, (long)o->count, object_text(o->kind),
                      o->count == 1 ? "" : "s");
        if (o->kind == STORY_BLOCK) {
            markup_printf(to, " of %s", size);
        }
        g_string_append(to, "</td><td>");
        if (o->stamped) {
            markup_printf(to, "run %lu: %lu to %lu", (unsigned long)o->run,
                          (unsigned long)o->sequence,
                          (unsigned long)(o->sequence + (uint64_t)o->count - 1));
        }
        g_string_append(to, "</td></tr>\n");
    }
    end_table(to, tape->objects->len - shown + (guint)MIN(tape->more, G_MAXINT));
}

static void add_tape(GString *to, const Story *story, const StoryTape *tape)
{
    g_autofree char *used = units_format_size(tape->bytes);
    g_autofree char *capacity = units_format_size(tape->capacity);

    markup_printf(to, "<h3>Cartridge %d</h3>\n", tape->cartridge);
    if (tape->note) {
        markup_printf(to, "<p class=\"bad\">%s</p>\n", tape->note);
    }
    if (!tape->format) {
        return;
    }
    markup_printf(to,
                  "<p>%ld blocks (%s), %ld filemarks, %ld setmarks, %ld damaged; capacity %s; "
                  "format: %s</p>\n",
                  (long)tape->blocks, used, (long)tape->filemarks, (long)tape->setmarks,
                  (long)tape->damaged, tape->capacity ? capacity : "unlimited", tape->format);
    if (tape->blocks + tape->filemarks + tape->setmarks + tape->damaged == 0) {
        g_string_append(to, "<p>It is empty.</p>\n");
        return;
    }
    story_svg_tape(story, tape, to);
    g_string_append(to, "<details><summary>As a table</summary>\n");
    add_objects(to, tape);
    g_string_append(to, "</details>\n");
}

static const char *record_text(const StoryRecord *record)
{
    return record->object < 0  ? "lost"
           : record->repeated  ? "repeated"
           : record->displaced ? "displaced"
                               : "";
}

static void add_order(GString *to, const Story *story, guint number)
{
    static const char *const columns[] = { "issued as", "object on tape", "", NULL };
    const StoryOrder *order = story->orders->pdata[number];
    bool wrong = order->displaced + order->lost + order->repeated > 0;
    guint i;

    markup_printf(to, "<h3>Issue order against tape order: %s</h3>\n", order->title);
    if (!wrong) {
        markup_printf(to, "<p class=\"good\">✓ %ld records, all in the order of their issue</p>\n",
                      (long)order->records);
    } else {
        markup_printf(to,
                      "<p class=\"bad\">✗ %ld records on the tape: %ld displaced, %ld lost, %ld "
                      "repeated</p>\n",
                      (long)order->records, (long)order->displaced, (long)order->lost,
                      (long)order->repeated);
    }
    if (order->shown->len == 0) {
        return;
    }
    story_svg_order(story, number, to);
    g_string_append(to, "<p class=\"dim\">Above, the order of issue; below, the order on the "
                        "tape. Thick red lines and ▲ mark what is out of order.</p>\n");
    if (order->left_out > 0) {
        markup_printf(to, "<p class=\"bad\">%ld more are wrong, and not drawn</p>\n",
                      (long)order->left_out);
    }
    if (!wrong) {
        return;
    }
    g_string_append(to, "<details><summary>As a table</summary>\n");
    begin_table(to, "What is wrong, and what is around it", columns);
    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *record = &g_array_index(order->shown, StoryRecord, i);
        g_autofree char *object = record->object < 0
                                      ? g_strdup("none")
                                      : g_strdup_printf("%" G_GINT64_FORMAT, record->object);

        markup_printf(to, "<tr><td>%ld</td><td>%s</td><td class=\"bad\">%s</td></tr>\n",
                      (long)record->issued, object, record_text(record));
    }
    end_table(to, 0);
    g_string_append(to, "</details>\n");
}

/* ---- what happened ---- */

static void add_steps(GString *to, const Story *story)
{
    static const char *const columns[] = {
        "step", "at", "took", "what", "outcome", "it said", NULL
    };
    guint i, shown = MIN(story->steps->len, ROWS_MAX);

    g_string_append(to, "<h3>What the application did, and believed</h3>\n");
    begin_table(to, "Exit status 0 is success as the program saw it", columns);
    for (i = 0; i < shown; i++) {
        const StoryStep *step = story->steps->pdata[i];
        bool over = step->ended != STORY_NOT_OVER;
        g_autofree char *at = story_seconds(step->begun);
        g_autofree char *took = over ? story_seconds(step->ended - step->begun) : g_strdup("");
        g_autofree char *outcome = !over           ? g_strdup("did not end")
                                   : step->on_host ? g_strdup("done")
                                                   : g_strdup_printf("status %d", step->status);

        markup_printf(to,
                      "<tr><td>%u</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                      "<td><pre>%s%s</pre></td><td class=\"%s\">%s</td>"
                      "<td><pre>%s</pre></td></tr>\n",
                      i + 1, at, took, step->on_host ? "host: " : "", step->text,
                      step->complained || !over ? "bad" : "", outcome, step->said);
    }
    end_table(to, story->steps->len - shown);
    if (story->steps_planned > story->steps->len) {
        markup_printf(to, "<p class=\"bad\">%u more steps were not come to</p>\n",
                      story->steps_planned - story->steps->len);
    }
}

static const char *event_class(const StoryEvent *event)
{
    return event->weight == STORY_ERROR ? "bad" : event->weight == STORY_NOTE ? "" : "dim";
}

static void add_events(GString *to, const Story *story)
{
    static const char *const columns[] = { "at", "took", "what", "outcome", NULL };
    guint i;

    g_string_append(to, "<h3>What the drive saw</h3>\n");
    story_svg_timeline(story, to);
    g_string_append(to, story->passed ? "<details>" : "<details open>");
    g_string_append(to, "<summary>As a table</summary>\n");
    begin_table(to, "Commands that are alike share a line; none is left out", columns);
    for (i = 0; i < story->events->len; i++) {
        const StoryEvent *event = story->events->pdata[i];
        g_autofree char *title = story_event_title(event);
        g_autofree char *at = story_seconds(event->at);
        g_autofree char *took = story_seconds(event->until - event->at);

        g_string_append_printf(to, "<tr class=\"%s\">", event_class(event));
        markup_printf(
            to, "<td class=\"n\">%s</td><td class=\"n\">%s</td><td>%s%s</td><td>%s</td></tr>\n", at,
            event->until > event->at ? took : "", event->kind == STORY_FAULT ? "⚡ fault " : "",
            title, event->text);
    }
    end_table(to, 0);
    g_string_append(to, "</details>\n");
}

static void add_faults(GString *to, const Story *story)
{
    static const char *const columns[] = { "fault", "fired", "expected", NULL };
    guint i;

    if (story->faults->len == 0) {
        return;
    }
    g_string_append(to, "<h3>Faults that were injected</h3>\n");
    begin_table(to, "A case whose faults did not fire shows nothing", columns);
    for (i = 0; i < story->faults->len; i++) {
        const StoryFault *fault = story->faults->pdata[i];

        markup_printf(to, "<tr><td>%s</td><td>%ld</td><td>%s</td></tr>\n", fault->name,
                      (long)fault->fired, fault->expected ? fault->expected : "at least 1");
    }
    end_table(to, 0);
}

static void add_lines(GString *to, const GPtrArray *lines)
{
    guint i;

    g_string_append(to, "<pre>");
    for (i = 0; i < lines->len; i++) {
        const StoryLine *line = lines->pdata[i];

        g_string_append(to, line->bad ? "<span class=\"bad\">✗ " : "<span>");
        markup_printf(to, "%s</span>\n", line->text);
    }
    g_string_append(to, "</pre>\n");
}

/* Only if there is something to say: most hosts keep the rules. */
static void add_bus(GString *to, const Story *story)
{
    if (story->bus->len > 0) {
        g_string_append(to, "<h3>Rules of the bus that the host broke</h3>\n");
        add_lines(to, story->bus);
    }
}

static void add_kernel(GString *to, const Story *story)
{
    if (!story->has_kernel) {
        return;
    }
    g_string_append(to, "<h3>What the guest's kernel said of it</h3>\n");
    if (story->kernel->len == 0) {
        g_string_append(to, "<p>Nothing.</p>\n");
        return;
    }
    add_lines(to, story->kernel);
    if (story->kernel_more > 0) {
        markup_printf(to, "<p class=\"dim\">and %u more lines of the kind</p>\n",
                      story->kernel_more);
    }
}

void story_as_html(const Story *story, GString *to)
{
    guint i;

    markup_printf(to, "<section id=\"case-%s\">", story->name);
    g_string_append(to, PAGE_CASE_OPEN);
    markup_printf(to, "<summary><h2>%s</h2> ", story->name);
    page_verdict(to, story->verdict);
    g_string_append_c(to, ' ');
    page_expectation(to, story->passed, story->expected);
    g_string_append(to, "</summary>\n");
    add_summary(to, story);
    for (i = 0; i < story->orders->len; i++) {
        add_order(to, story, i);
    }
    for (i = 0; i < story->tapes->len; i++) {
        add_tape(to, story, story->tapes->pdata[i]);
    }
    add_steps(to, story);
    add_events(to, story);
    add_faults(to, story);
    add_bus(to, story);
    add_kernel(to, story);
    add_repeat(to, story);
    g_string_append(to, "</details></section>\n");
}
