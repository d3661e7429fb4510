/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pictures of a story. Colour alone carries no meaning, and a description says what each
 * picture shows. The story is bounded, and so is the number of shapes.
 */
#include "emu/base/units.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/story.h"

#include <string.h>

#define WIDTH 960.0

/* As %.1f, with a point in every locale. */
static void put_number(GString *to, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(to, g_ascii_formatd(text, sizeof text, "%.1f", number));
}

static void put_attribute(GString *to, const char *name, double number)
{
    g_string_append_printf(to, " %s=\"", name);
    put_number(to, number);
    g_string_append_c(to, '"');
}

static void begin(GString *to, const char *id, double width, double height, const char *title,
                  const char *description)
{
    g_string_append(to, "<div class=\"picture\" tabindex=\"0\" role=\"group\"");
    markup_attribute(to, "aria-label", title);
    g_string_append_printf(to,
                           "><svg class=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
                           "viewBox=\"0 0 ",
                           width > WIDTH - 1 && width < WIDTH + 1 ? "fit" : "");
    put_number(to, width);
    g_string_append_c(to, ' ');
    put_number(to, height);
    g_string_append_c(to, '"');
    put_attribute(to, "width", width);
    put_attribute(to, "height", height);
    markup_printf(to, " aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">%s</title>", id, id, id,
                  title);
    markup_printf(to, "<desc id=\"%s-d\">%s</desc>\n", id, description);
}

static void end(GString *to)
{
    g_string_append(to, "</svg></div>\n");
}

/* `hint`, if there is one, is the text under a resting pointer. */
static void rectangle(GString *to, const char *class, double x, double y, double width,
                      double height, const char *hint)
{
    g_string_append_printf(to, "<rect class=\"%s\"", class);
    put_attribute(to, "x", x);
    put_attribute(to, "y", y);
    put_attribute(to, "width", width);
    put_attribute(to, "height", height);
    if (hint) {
        markup_printf(to, "><title>%s</title></rect>\n", hint);
    } else {
        g_string_append(to, "/>\n");
    }
}

static void line(GString *to, const char *class, double x1, double y1, double x2, double y2)
{
    g_string_append_printf(to, "<line class=\"%s\"", class);
    put_attribute(to, "x1", x1);
    put_attribute(to, "y1", y1);
    put_attribute(to, "x2", x2);
    put_attribute(to, "y2", y2);
    g_string_append(to, "/>\n");
}

static void label(GString *to, const char *class, double x, double y, const char *text)
{
    g_string_append_printf(to, "<text class=\"%s\"", class);
    put_attribute(to, "x", x);
    put_attribute(to, "y", y);
    markup_printf(to, ">%s</text>\n", text);
}

/* Points down at (x, y). */
static void arrow(GString *to, double x, double y, const char *hint)
{
    g_string_append(to, "<path class=\"wrong\" d=\"M");
    put_number(to, x);
    g_string_append_c(to, ' ');
    put_number(to, y);
    g_string_append(to, "l-5 -9h10z\">");
    markup_printf(to, "<title>%s</title></path>\n", hint);
}

/* ---- the tape ---- */

enum { TAPE_TOP = 26, TAPE_HEIGHT = 34, TAPE_BOTTOM = TAPE_TOP + TAPE_HEIGHT };

static double x_of(const StoryTape *tape, uint64_t bytes)
{
    return tape->bytes > 0 ? WIDTH * (double)bytes / (double)tape->bytes : 0;
}

static void draw_blocks(GString *to, const StoryTape *tape, const StoryObjects *o, uint64_t before)
{
    double x = x_of(tape, before), width = x_of(tape, o->size * (uint64_t)o->count);
    g_autofree char *size = units_format_size(o->size);
    g_autofree char *stamp =
        o->stamped ? g_strdup_printf(": run %" G_GUINT64_FORMAT ", from record %" G_GUINT64_FORMAT,
                                     o->run, o->sequence)
                   : g_strdup("");
    g_autofree char *hint = g_strdup_printf(
        "file %" G_GINT64_FORMAT ", object %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " %s of %s%s",
        o->file, o->object, o->count, o->count == 1 ? "block" : "blocks", size, stamp);
    int64_t i;

    rectangle(to, o->file % 2 ? "file odd" : "file", x, TAPE_TOP, MAX(width, 0.5), TAPE_HEIGHT,
              hint);
    for (i = 1; i < o->count && width / (double)o->count >= 4; i++) {
        double at = x + width * (double)i / (double)o->count;

        line(to, "block", at, TAPE_TOP + 4, at, TAPE_BOTTOM - 4);
    }
}

static void draw_object(GString *to, const StoryTape *tape, const StoryObjects *o, uint64_t before)
{
    double x = MIN(x_of(tape, before), WIDTH - 1.5);
    g_autofree char *hint = NULL;

    switch (o->kind) {
    case STORY_BLOCK:
        draw_blocks(to, tape, o, before);
        break;
    case STORY_FILEMARK:
    case STORY_SETMARK:
        hint = g_strdup_printf("object %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " %s", o->object,
                               o->count, o->kind == STORY_FILEMARK ? "filemark" : "setmark");
        rectangle(to, o->kind == STORY_FILEMARK ? "filemark" : "setmark", x, TAPE_TOP - 6, 1.5,
                  TAPE_HEIGHT + 12, hint);
        break;
    case STORY_DAMAGED:
        hint = g_strdup_printf("object %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " damaged",
                               o->object, o->count);
        arrow(to, x, TAPE_TOP - 2, hint);
        break;
    }
}

/* Where an object begins; false: it is not among those listed. */
static bool find_object(const StoryTape *tape, int64_t object, uint64_t *before)
{
    guint i;

    *before = 0;
    for (i = 0; i < tape->objects->len; i++) {
        const StoryObjects *o = &g_array_index(tape->objects, StoryObjects, i);

        if (object < o->object + o->count) {
            *before += o->size * (uint64_t)(object - o->object);
            return object >= o->object;
        }
        *before += o->size * (uint64_t)o->count;
    }
    return false;
}

/* Records that are not where they belong, on the tape as a whole. */
static guint draw_displaced(GString *to, const Story *story, const StoryTape *tape)
{
    guint i, k, drawn = 0;

    for (i = 0; i < story->orders->len; i++) {
        const StoryOrder *order = story->orders->pdata[i];

        for (k = 0; order->cartridge == tape->cartridge && k < order->shown->len; k++) {
            const StoryRecord *record = &g_array_index(order->shown, StoryRecord, k);
            uint64_t before;

            if ((record->displaced || record->repeated) &&
                find_object(tape, record->object, &before)) {
                g_autofree char *hint = g_strdup_printf(
                    "object %" G_GINT64_FORMAT " holds record %" G_GINT64_FORMAT ": %s",
                    record->object, record->issued, record->repeated ? "repeated" : "displaced");

                arrow(to, x_of(tape, before), TAPE_TOP - 2, hint);
                drawn++;
            }
        }
    }
    return drawn;
}

static char *describe_tape(const StoryTape *tape)
{
    g_autofree char *size = units_format_size(tape->bytes);

    return g_strdup_printf("%" G_GINT64_FORMAT " blocks, together %s; %" G_GINT64_FORMAT
                           " filemarks, %" G_GINT64_FORMAT " setmarks, %" G_GINT64_FORMAT
                           " damaged. Blocks are drawn as wide as they are long; tall lines are "
                           "marks. The table below says the same.",
                           tape->blocks, size, tape->filemarks, tape->setmarks, tape->damaged);
}

static void draw_scale(GString *to, const StoryTape *tape)
{
    int i;

    for (i = 0; i <= 4; i++) {
        double x = WIDTH * i / 4;
        g_autofree char *size = units_format_size(tape->bytes / 4 * (uint64_t)i);

        line(to, "axis", x, TAPE_BOTTOM + 8, x, TAPE_BOTTOM + 13);
        label(to,
              i == 0   ? "small"
              : i == 4 ? "small end"
                       : "small middle",
              x, TAPE_BOTTOM + 26, i == 0 ? "0" : size);
    }
    line(to, "axis", 0, TAPE_BOTTOM + 8, WIDTH, TAPE_BOTTOM + 8);
}

void story_svg_tape(const Story *story, const StoryTape *tape, GString *to)
{
    g_autofree char *id = g_strdup_printf("%s-tape-%d", story->name, tape->cartridge);
    g_autofree char *title = g_strdup_printf("What is on cartridge %d", tape->cartridge);
    g_autofree char *description = describe_tape(tape);
    uint64_t before = 0;
    int pass;
    guint i;

    begin(to, id, WIDTH, TAPE_BOTTOM + 32, title, description);
    rectangle(to, "blank", 0, TAPE_TOP, WIDTH, TAPE_HEIGHT, NULL);
    /* Marks lie over the blocks beside them. */
    for (pass = 0; pass < 2; pass++) {
        before = 0;
        for (i = 0; i < tape->objects->len; i++) {
            const StoryObjects *o = &g_array_index(tape->objects, StoryObjects, i);

            if ((o->kind == STORY_BLOCK) == (pass == 0)) {
                draw_object(to, tape, o, before);
            }
            before += o->size * (uint64_t)o->count;
        }
    }
    draw_displaced(to, story, tape);
    if (tape->more > 0) {
        label(to, "small", MIN(x_of(tape, before) + 4, WIDTH - 200), TAPE_TOP + 20,
              "more than can be drawn");
    }
    draw_scale(to, tape);
    end(to);
}

/* ---- issue order against tape order ---- */

enum { ISSUE_Y = 24, TAPE_Y = 110, CELL_HEIGHT = 24, GAP = 22, LEFT = 64 };

typedef struct Column {
    const StoryRecord *record;
    double issue_x, tape_x; /* left edges; tape_x < 0: it is not on the tape */
    bool issue_gap;         /* those issued before it are not shown */
} Column;

static int by_issue(const void *a, const void *b)
{
    const Column *x = *(Column *const *)a, *y = *(Column *const *)b;

    return (x->record->issued > y->record->issued) - (x->record->issued < y->record->issued);
}

static double cell_width(const StoryOrder *order)
{
    int64_t greatest = 0;
    int digits = 1;
    guint i;

    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *record = &g_array_index(order->shown, StoryRecord, i);

        greatest = MAX(greatest, MAX(record->issued, record->object));
    }
    for (; greatest >= 10; greatest /= 10) {
        digits++;
    }
    return MAX(30, 14 + 8.0 * digits);
}

/* The place of each record in both rows, and the width of the picture. */
static double place(const StoryOrder *order, Column *columns, double cell)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    double x = LEFT, widest;
    const StoryRecord *last = NULL;
    guint i;

    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *record = &g_array_index(order->shown, StoryRecord, i);

        columns[i] = (Column){ record, -1, -1, false };
        g_ptr_array_add(sorted, &columns[i]);
        if (record->object >= 0) {
            x += record->after_gap ? GAP : 0;
            columns[i].tape_x = x;
            x += cell + 4;
        }
    }
    widest = x;
    g_ptr_array_sort(sorted, by_issue);
    x = LEFT;
    for (i = 0; i < sorted->len; i++) {
        Column *column = sorted->pdata[i];
        bool same = last && last->issued == column->record->issued;

        column->issue_gap = column->record->issued > (last ? last->issued + 1 : 0);
        x += column->issue_gap ? GAP : 0;
        x -= same ? cell + 4 : 0; /* a repeated one was issued once */
        column->issue_x = x;
        x += cell + 4;
        last = column->record;
    }
    return MAX(widest, x) + 8;
}

static void draw_cell(GString *to, const char *class, double x, double y, double width,
                      int64_t number, const char *hint)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

    rectangle(to, class, x, y, width, CELL_HEIGHT, hint);
    label(to, "middle", x + width / 2, y + 17, text);
}

static void draw_record(GString *to, const Column *column, double cell)
{
    const StoryRecord *r = column->record;
    bool wrong = r->displaced || r->repeated;
    const char *word = r->object < 0 ? "lost" : r->repeated ? "repeated" : "displaced";
    g_autofree char *where = r->object < 0 ? g_strdup("it is not on the tape")
                                           : g_strdup_printf("object %" G_GINT64_FORMAT, r->object);
    g_autofree char *hint =
        g_strdup_printf("record %" G_GINT64_FORMAT ": %s%s%s", r->issued, where,
                        wrong || r->object < 0 ? ", " : "", wrong || r->object < 0 ? word : "");
    double middle = cell / 2;

    draw_cell(to, r->object < 0 ? "cell lost" : "cell", column->issue_x, ISSUE_Y, cell, r->issued,
              hint);
    if (r->object < 0) {
        label(to, "bad middle", column->issue_x + middle, ISSUE_Y + CELL_HEIGHT + 14, "lost");
        return;
    }
    line(to, wrong ? "thread wrong" : "thread", column->issue_x + middle, ISSUE_Y + CELL_HEIGHT,
         column->tape_x + middle, TAPE_Y);
    draw_cell(to, wrong ? "cell displaced" : "cell", column->tape_x, TAPE_Y, cell, r->issued, hint);
    if (wrong) {
        label(to, "bad middle", column->tape_x + middle, TAPE_Y + CELL_HEIGHT + 34,
              r->repeated ? "again" : "▲");
    }
}

static char *describe_order(const StoryOrder *order)
{
    GString *text = g_string_new(NULL);
    guint i, named = 0;

    g_string_printf(text,
                    "%" G_GINT64_FORMAT " records on the tape: %" G_GINT64_FORMAT
                    " displaced, %" G_GINT64_FORMAT " lost, %" G_GINT64_FORMAT " repeated.",
                    order->records, order->displaced, order->lost, order->repeated);
    for (i = 0; i < order->shown->len && named < 8; i++) {
        const StoryRecord *r = &g_array_index(order->shown, StoryRecord, i);

        if (r->displaced || r->repeated) {
            g_string_append_printf(
                text, " Object %" G_GINT64_FORMAT " holds record %" G_GINT64_FORMAT ".", r->object,
                r->issued);
            named++;
        }
    }
    return g_string_free(text, FALSE);
}

void story_svg_order(const Story *story, guint number, GString *to)
{
    const StoryOrder *order = story->orders->pdata[number];
    g_autofree char *id = g_strdup_printf("%s-order-%u", story->name, number);
    g_autofree char *title = g_strdup_printf("Issue order against tape order: %s", order->title);
    g_autofree char *description = describe_order(order);
    g_autofree Column *columns = g_new0(Column, order->shown->len + 1u);
    double cell = cell_width(order);
    double width = place(order, columns, cell);
    guint i;

    begin(to, id, MAX(width, 320), TAPE_Y + CELL_HEIGHT + 44, title, description);
    label(to, "small", 0, ISSUE_Y + 16, "issued");
    label(to, "small", 0, TAPE_Y + 16, "on tape");
    label(to, "small", 0, TAPE_Y + CELL_HEIGHT + 16, "object");
    for (i = 0; i < order->shown->len; i++) {
        const Column *column = &columns[i];

        draw_record(to, column, cell);
        if (column->issue_gap) {
            label(to, "small middle", column->issue_x - GAP / 2 - 2, ISSUE_Y + 16, "…");
        }
        if (column->tape_x >= 0) {
            g_autofree char *object = g_strdup_printf("%" G_GINT64_FORMAT, column->record->object);

            label(to, "small middle", column->tape_x + cell / 2, TAPE_Y + CELL_HEIGHT + 16, object);
            if (column->record->after_gap) {
                label(to, "small middle", column->tape_x - GAP / 2 - 2, TAPE_Y + 16, "…");
            }
        }
    }
    end(to);
}

/* ---- the timeline ---- */

enum { LANE_HEIGHT = 22, LANE_TOP = 8, LANE_LEFT = 84 };

typedef enum Lane { LANE_STEPS, LANE_WRITES, LANE_READS, LANE_OTHERS, LANE_TROUBLE, N_LANES } Lane;

static const char *const lane_names[] = { "steps", "writes", "reads", "other", "trouble" };

static double lane_y(Lane lane)
{
    return LANE_TOP + (double)lane * (LANE_HEIGHT + 6);
}

static double time_x(const Story *story, int64_t at)
{
    double part = (double)at / (double)MAX(story->duration, 1);

    return LANE_LEFT + (WIDTH - LANE_LEFT - 8) * CLAMP(part, 0, 1);
}

static Lane lane_of(const StoryEvent *event)
{
    if (event->kind != STORY_COMMANDS && event->kind != STORY_MIXED) {
        return LANE_TROUBLE;
    }
    return g_str_has_prefix(event->name, "WRITE(")  ? LANE_WRITES
           : g_str_has_prefix(event->name, "READ(") ? LANE_READS
                                                    : LANE_OTHERS;
}

static void draw_event(GString *to, const Story *story, const StoryEvent *event)
{
    Lane lane = lane_of(event);
    double x = time_x(story, event->at);
    double width = MAX(time_x(story, event->until) - x, 1.5);
    g_autofree char *name = story_event_title(event);
    g_autofree char *when = story_seconds(event->at);
    g_autofree char *hint =
        g_strdup_printf("%s: %s%s%s", when, name, *event->text ? ", " : "", event->text);

    if (event->kind == STORY_COMMANDS || event->kind == STORY_MIXED) {
        rectangle(to, event->weight == STORY_ERROR ? "bar bad" : "bar", x, lane_y(lane), width,
                  LANE_HEIGHT, hint);
    }
    if (event->weight == STORY_ERROR) {
        arrow(to, x, lane_y(LANE_TROUBLE) + 14, hint);
    } else if (lane == LANE_TROUBLE) {
        rectangle(to, "note", x, lane_y(lane) + 4, MAX(width, 3), LANE_HEIGHT - 8, hint);
    }
}

static void draw_step(GString *to, const Story *story, guint number)
{
    const StoryStep *step = story->steps->pdata[number];
    int64_t ended = step->ended == STORY_NOT_OVER ? story->duration : step->ended;
    double x = time_x(story, step->begun);
    double width = MAX(time_x(story, ended) - x, 2);
    bool wrong = step->complained || step->ended == STORY_NOT_OVER;
    g_autofree char *text = g_strdup_printf("%u", number + 1);
    g_autofree char *begin_text = g_strndup(step->text, strcspn(step->text, "\n"));
    g_autofree char *hint = g_strdup_printf("step %u: %s", number + 1, begin_text);

    rectangle(to, wrong ? "bar bad" : "bar step", x, lane_y(LANE_STEPS), width, LANE_HEIGHT, hint);
    if (width >= 18) {
        label(to, wrong ? "inside middle" : "middle", x + width / 2, lane_y(LANE_STEPS) + 16, text);
    }
}

/* At 1, 2 or 5 times a power of ten, so that there are at most ten. */
static void draw_axis(GString *to, const Story *story)
{
    static const int64_t steps[] = { 2, 5, 10 };
    int64_t unit = 1000, every = unit, at;
    double y = lane_y(N_LANES);
    size_t i = 0;

    while (story->duration / every > 10) {
        every = unit * steps[i++];
        if (i == G_N_ELEMENTS(steps)) {
            unit *= 10;
            i = 0;
        }
    }
    line(to, "axis", LANE_LEFT, y, WIDTH - 8, y);
    for (at = 0; at <= story->duration; at += every) {
        g_autofree char *text = story_seconds(at);

        line(to, "axis", time_x(story, at), y, time_x(story, at), y + 5);
        label(to, "small middle", time_x(story, at), y + 18, text);
    }
}

void story_svg_timeline(const Story *story, GString *to)
{
    g_autofree char *id = g_strdup_printf("%s-time", story->name);
    g_autofree char *took = story_seconds(story->duration);
    g_autofree char *description = NULL;
    guint i, errors = 0, faults = 0;
    int lane;

    for (i = 0; i < story->events->len; i++) {
        const StoryEvent *event = story->events->pdata[i];

        errors += event->weight == STORY_ERROR;
        faults += event->kind == STORY_FAULT;
    }
    description = g_strdup_printf("%u %s and %" G_GUINT64_FORMAT
                                  " commands in %s; %u entries are errors, %u of them injected "
                                  "faults. The table below says which.",
                                  story->steps->len, story->steps->len == 1 ? "step" : "steps",
                                  story->commands, took, errors, faults);
    begin(to, id, WIDTH, lane_y(N_LANES) + 26, "What happened when", description);
    for (lane = 0; lane < N_LANES; lane++) {
        label(to, "small", 0, lane_y((Lane)lane) + 16, lane_names[lane]);
        rectangle(to, "lane", LANE_LEFT, lane_y((Lane)lane), WIDTH - LANE_LEFT - 8, LANE_HEIGHT,
                  NULL);
    }
    for (i = 0; i < story->steps->len; i++) {
        draw_step(to, story, i);
    }
    for (i = 0; i < story->events->len; i++) {
        draw_event(to, story, story->events->pdata[i]);
    }
    draw_axis(to, story);
    end(to);
}
