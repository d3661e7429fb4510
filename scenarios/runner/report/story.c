/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/story.h"

#include <string.h>

#define STEP_TEXT_MAX 2000

static void step_free(void *data)
{
    StoryStep *step = data;

    g_free(step->text);
    g_free(step->said);
    g_free(step);
}

void story_event_free(void *data)
{
    StoryEvent *event = data;

    g_free(event->name);
    g_free(event->text);
    g_clear_pointer(&event->counts, g_hash_table_unref);
    g_free(event);
}

static void tape_free(void *data)
{
    StoryTape *tape = data;

    g_free(tape->format);
    g_free(tape->note);
    g_array_unref(tape->objects);
    g_free(tape);
}

static void order_free(void *data)
{
    StoryOrder *order = data;

    g_free(order->title);
    g_array_unref(order->shown);
    g_free(order);
}

static void fault_free(void *data)
{
    StoryFault *fault = data;

    g_free(fault->name);
    g_free(fault->expected);
    g_free(fault);
}

static void line_free(void *data)
{
    StoryLine *line = data;

    g_free(line->text);
    g_free(line);
}

Story *story_new(void)
{
    Story *story = g_new0(Story, 1);

    story->reasons = g_ptr_array_new_with_free_func(g_free);
    story->steps = g_ptr_array_new_with_free_func(step_free);
    story->events = g_ptr_array_new_with_free_func(story_event_free);
    story->tapes = g_ptr_array_new_with_free_func(tape_free);
    story->orders = g_ptr_array_new_with_free_func(order_free);
    story->faults = g_ptr_array_new_with_free_func(fault_free);
    story->bus = g_ptr_array_new_with_free_func(line_free);
    story->kernel = g_ptr_array_new_with_free_func(line_free);
    return story;
}

void story_free(Story *story)
{
    if (!story) {
        return;
    }
    g_free(story->name);
    g_free(story->about);
    g_free(story->scenario);
    g_free(story->variant);
    g_free(story->guest);
    g_free(story->machine);
    g_free(story->note);
    g_free(story->verdict);
    g_free(story->expected);
    g_free(story->again);
    g_ptr_array_unref(story->reasons);
    g_ptr_array_unref(story->steps);
    g_ptr_array_unref(story->events);
    g_ptr_array_unref(story->tapes);
    g_ptr_array_unref(story->orders);
    g_ptr_array_unref(story->faults);
    g_ptr_array_unref(story->bus);
    g_ptr_array_unref(story->kernel);
    g_free(story);
}

StoryStep *story_add_step(Story *story, const char *text, unsigned line, int64_t begun)
{
    StoryStep *step = g_new0(StoryStep, 1);

    step->text = strlen(text) <= STEP_TEXT_MAX
                     ? g_strdup(text)
                     : g_strdup_printf("%.*s\n(and %zu bytes more)", STEP_TEXT_MAX, text,
                                       strlen(text) - STEP_TEXT_MAX);
    step->line = line;
    step->begun = begun;
    step->ended = STORY_NOT_OVER;
    step->said = g_strdup("");
    g_ptr_array_add(story->steps, step);
    return step;
}

StoryEvent *story_add_event(Story *story, StoryEventKind kind, StoryWeight weight, int64_t at,
                            const char *name, const char *text)
{
    StoryEvent *event = g_new0(StoryEvent, 1);

    event->kind = kind;
    event->weight = weight;
    event->at = event->until = at;
    event->count = 1;
    event->name = g_strdup(name);
    event->text = g_strdup(text);
    g_ptr_array_add(story->events, event);
    return event;
}

StoryTape *story_add_tape(Story *story, int cartridge)
{
    StoryTape *tape = g_new0(StoryTape, 1);

    tape->cartridge = cartridge;
    tape->objects = g_array_new(FALSE, FALSE, sizeof(StoryObjects));
    g_ptr_array_add(story->tapes, tape);
    return tape;
}

void story_add_fault(Story *story, const char *name, int64_t fired, const char *expected)
{
    StoryFault *fault = g_new0(StoryFault, 1);

    fault->name = g_strdup(name);
    fault->fired = fired;
    fault->expected = g_strdup(expected);
    g_ptr_array_add(story->faults, fault);
}

void story_add_bus(Story *story, const BusTally *tally)
{
    unsigned rule;

    for (rule = 0; tally && rule < BUS_N_RULES; rule++) {
        char *text = bus_tally_text(tally, rule);
        StoryLine *line = text ? g_new(StoryLine, 1) : NULL;

        if (line) {
            *line = (StoryLine){ text, !bus_rule_is_advice(rule) };
            g_ptr_array_add(story->bus, line);
        }
    }
}

StoryOrder *story_add_order(Story *story, int cartridge, const char *title)
{
    StoryOrder *order = g_new0(StoryOrder, 1);

    order->title = g_strdup(title);
    order->cartridge = cartridge;
    order->shown = g_array_new(FALSE, FALSE, sizeof(StoryRecord));
    g_ptr_array_add(story->orders, order);
    return order;
}

char *story_tail(const char *text, size_t length)
{
    size_t whole = strlen(text);
    const char *from = text + whole - MIN(length, whole);
    const char *line = from > text ? strchr(from, '\n') : NULL;

    return g_strchomp(g_strdup(line && line[1] ? line + 1 : from));
}

char *story_event_title(const StoryEvent *event)
{
    return event->count > 1 && event->kind != STORY_MIXED
               ? g_strdup_printf("%s ×%" G_GUINT64_FORMAT, event->name, event->count)
               : g_strdup(event->name);
}

char *story_seconds(int64_t microseconds)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(number, sizeof number, microseconds < G_USEC_PER_SEC ? "%.3f" : "%.1f",
                    (double)microseconds / G_USEC_PER_SEC);
    return g_strconcat(number, " s", NULL);
}
