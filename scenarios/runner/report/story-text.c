/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story in about twenty lines. Longer lists are cut, and the lines say by how much. */
#include "emu/base/units.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/page.h"
#include "scenarios/runner/report/report.h"
#include "scenarios/runner/report/story.h"

#include <string.h>

#define WIDTH 110

/* One line under a heading, which stands only before the first. No more than WIDTH of it. */
static void add(GString *to, const char *heading, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void add(GString *to, const char *heading, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *clean = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    clean = markup_line(text);
    if (g_utf8_strlen(clean, -1) > WIDTH) {
        *g_utf8_offset_to_pointer(clean, WIDTH - 1) = '\0';
        g_string_append_printf(to, "  %-8s%s…\n", heading, clean);
    } else {
        g_string_append_printf(to, "  %-8s%s\n", heading, clean);
    }
}

static void add_reasons(GString *to, const Story *story)
{
    guint i;

    for (i = 0; i < MIN(story->reasons->len, 4); i++) {
        add(to, i == 0 ? "why" : "", "%s", (const char *)story->reasons->pdata[i]);
    }
    if (i < story->reasons->len) {
        add(to, "", "and %u more reasons", story->reasons->len - i);
    }
}

static void add_faults(GString *to, const Story *story)
{
    guint i;

    for (i = 0; i < MIN(story->faults->len, 3); i++) {
        const StoryFault *fault = story->faults->pdata[i];

        add(to, i == 0 ? "faults" : "", "%s fired %" G_GINT64_FORMAT " %s, expected %s",
            fault->name, fault->fired, fault->fired == 1 ? "time" : "times",
            fault->expected ? fault->expected : "at least 1");
    }
    if (i < story->faults->len) {
        add(to, "", "and %u more", story->faults->len - i);
    }
}

/* ---- steps: the last ones, since the case ended with them ---- */

static void add_steps(GString *to, const Story *story)
{
    guint first = story->steps->len > 4 ? story->steps->len - 4 : 0;
    guint i;

    for (i = first; i < story->steps->len; i++) {
        const StoryStep *step = story->steps->pdata[i];
        g_autofree char *said = story_tail(step->said, 60);
        g_autofree char *outcome = step->ended == STORY_NOT_OVER ? g_strdup("did not end")
                                   : step->on_host               ? g_strdup("done")
                                                   : g_strdup_printf("status %d", step->status);
        bool more = i == first && first > 0;

        add(to, i == first ? "steps" : "", "%s%u: %s%s%s: %.60s", more ? "… " : "", i + 1, outcome,
            *said ? ", " : "", said, step->text);
    }
    if (story->steps_planned > story->steps->len) {
        add(to, "", "%u more were not come to", story->steps_planned - story->steps->len);
    }
}

/* ---- events: errors first of all ---- */

static void add_events(GString *to, const Story *story)
{
    guint i, shown = 0, left = 0;

    for (i = 0; i < story->events->len; i++) {
        const StoryEvent *event = story->events->pdata[i];
        g_autofree char *title = story_event_title(event);
        g_autofree char *at = story_seconds(event->at);

        if (event->weight != STORY_ERROR) {
            continue;
        }
        if (shown == 4) {
            left++;
            continue;
        }
        add(to, shown++ == 0 ? "drive" : "", "%9s %s%s%s%s", at,
            event->kind == STORY_FAULT ? "FAULT " : "", title, *event->text ? ": " : "",
            event->text);
    }
    if (left > 0) {
        add(to, "", "and %u more errors", left);
    }
    if (shown == 0) {
        add(to, "drive", "%" G_GUINT64_FORMAT " commands, no error", story->commands);
    }
}

static void add_bus(GString *to, const Story *story)
{
    guint i;

    for (i = 0; i < MIN(story->bus->len, 3); i++) {
        add(to, i == 0 ? "bus" : "", "%s", ((const StoryLine *)story->bus->pdata[i])->text);
    }
    if (i < story->bus->len) {
        add(to, "", "and %u more rules", story->bus->len - i);
    }
}

/* ---- the tape ---- */

static void add_tapes(GString *to, const Story *story)
{
    guint i;

    for (i = 0; i < MIN(story->tapes->len, 3); i++) {
        const StoryTape *tape = story->tapes->pdata[i];
        g_autofree char *size = units_format_size(tape->bytes);

        add(to, i == 0 ? "tape" : "",
            "cartridge %d: %" G_GINT64_FORMAT " blocks, %s, %" G_GINT64_FORMAT " filemarks%s%s%s",
            tape->cartridge, tape->blocks, size, tape->filemarks,
            tape->damaged > 0 ? ", some damaged" : "", tape->note ? "; " : "",
            tape->note ? tape->note : "");
    }
    if (i < story->tapes->len) {
        add(to, "", "and %u more cartridges", story->tapes->len - i);
    }
}

static void add_order(GString *to, const StoryOrder *order, bool first)
{
    g_autoptr(GString) wrong = g_string_new(NULL);
    guint i, named = 0;

    for (i = 0; i < order->shown->len && named < 3; i++) {
        const StoryRecord *r = &g_array_index(order->shown, StoryRecord, i);

        if (r->object < 0) {
            g_string_append_printf(wrong, "; %" G_GINT64_FORMAT " is not there", r->issued);
            named++;
        } else if (r->displaced || r->repeated) {
            g_string_append_printf(
                wrong, "; object %" G_GINT64_FORMAT " holds record %" G_GINT64_FORMAT "%s",
                r->object, r->issued, r->repeated ? " again" : "");
            named++;
        }
    }
    if (named == 0) {
        add(to, first ? "order" : "", "%s: %" G_GINT64_FORMAT " records, as they were issued",
            order->title, order->records);
        return;
    }
    add(to, first ? "order" : "",
        "%s: %" G_GINT64_FORMAT " displaced, %" G_GINT64_FORMAT " lost, %" G_GINT64_FORMAT
        " repeated of %" G_GINT64_FORMAT "%s",
        order->title, order->displaced, order->lost, order->repeated, order->records, wrong->str);
}

/* ---- the order as a picture: what stands where, so much of it as a line has room for ---- */

/* One record in three rows, columns below each other. */
static void draw_record(GString *const rows[3], const StoryRecord *record)
{
    bool wrong = record->displaced || record->repeated;
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, record->issued);
    g_autofree char *object =
        record->object < 0 ? g_strdup("-") : g_strdup_printf("%" G_GINT64_FORMAT, record->object);
    g_autofree char *holds = record->object < 0 ? g_strdup("lost") : g_strdup(number);
    int width = (int)MAX(strlen(holds), strlen(object)) + 1;

    g_string_append_printf(rows[0], "%s%*s ", record->after_gap ? " …" : "", width, object);
    g_string_append_printf(rows[1], "%s%*s ", record->after_gap ? " …" : "", width, holds);
    g_string_append_printf(rows[2], "%s%*s ", record->after_gap ? "  " : "", width,
                           record->object < 0 ? number
                           : wrong            ? "^^"
                                              : "");
}

/* False: nothing is wrong with it. */
static bool add_picture(GString *to, const StoryOrder *order)
{
    GString *rows[3] = { g_string_new("object "), g_string_new("holds  "),
                         g_string_new("       ") };
    static const char *const headings[3] = { "picture", "", "" };
    guint i, k, from = 0;
    bool wrong;

    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *record = &g_array_index(order->shown, StoryRecord, i);

        if (record->displaced || record->repeated || record->object < 0) {
            break;
        }
        from = i + 1 > 2 ? i - 1 : 0;
    }
    wrong = i < order->shown->len;
    if (wrong) {
        for (i = from; i < order->shown->len && g_utf8_strlen(rows[0]->str, -1) < WIDTH - 14; i++) {
            draw_record(rows, &g_array_index(order->shown, StoryRecord, i));
        }
        if (i < order->shown->len) {
            g_string_append(rows[1], " …");
        }
        for (k = 0; k < 3; k++) {
            add(to, headings[k], "%s", g_strchomp(rows[k]->str));
        }
    }
    for (k = 0; k < 3; k++) {
        g_string_free(rows[k], TRUE);
    }
    return wrong;
}

static void add_kernel(GString *to, const Story *story)
{
    guint i, shown = MIN(story->kernel->len, 3);

    for (i = 0; i < shown; i++) {
        add(to, i == 0 ? "kernel" : "", "%s", ((const StoryLine *)story->kernel->pdata[i])->text);
    }
    if (story->kernel->len - shown + story->kernel_more > 0) {
        add(to, "", "and %u more lines", story->kernel->len - shown + story->kernel_more);
    }
}

char *story_as_text(const Story *story)
{
    GString *to = g_string_new(NULL);
    g_autofree char *took = story_seconds(story->duration);
    g_autofree char *outcome = report_outcome(story->verdict, story->passed, story->expected);
    g_autofree char *again = markup_line(story->again); /* not cut: a reader copies it */
    guint i;

    g_string_append_printf(to, "%s: %s (%s, seed %" G_GUINT64_FORMAT ")\n", story->name, outcome,
                           took, story->seed);
    add(to, "about", "%s", story->about);
    if (story->note) {
        add(to, "note", "%s", story->note);
    }
    add_reasons(to, story);
    add_faults(to, story);
    add_steps(to, story);
    add_events(to, story);
    add_bus(to, story);
    add_tapes(to, story);
    for (i = 0; i < MIN(story->orders->len, 3); i++) {
        add_order(to, story->orders->pdata[i], i == 0);
    }
    for (i = 0; i < story->orders->len && !add_picture(to, story->orders->pdata[i]); i++) {
    }
    add_kernel(to, story);
    g_string_append_printf(to, "  again   %s\n", again);
    return g_string_free(to, FALSE);
}

bool story_write(const Story *story, const char *directory, GError **error)
{
    g_autofree char *text_path = g_build_filename(directory, "story.txt", NULL);
    g_autofree char *page_path = g_build_filename(directory, "story.html", NULL);
    g_autofree char *text = story_as_text(story);
    g_autofree char *title = g_strconcat("usbtape run: ", story->name, NULL);
    g_autoptr(GString) page = g_string_new(PAGE_BEGINS);

    page_begin(page, title);
    g_string_append(page, PAGE_CASE_BEGINS);
    story_as_html(story, page);
    g_string_append(page, PAGE_CASE_ENDS);
    page_end(page);
    return g_file_set_contents(text_path, text, -1, error) &&
           g_file_set_contents(page_path, page->str, (gssize)page->len, error);
}
