/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/timeline.h"

#include "emu/base/json-read.h"
#include "scenarios/runner/judges/bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* While reading: beyond this, unimportant events are summed up, so that memory stays bounded. */
#define EVENTS_SOON_TOO_MANY 20000u
/* Longer than any line that the drive writes. */
#define LINE_MAX_BYTES (64 * 1024)
/* A command that takes longer gets a line of its own, microseconds. */
#define SLOW (1000 * 1000)

/* The pending command. */
typedef struct Pending {
    char *tag; /* NULL: there is none */
    char *name, *cdb;
    int64_t at;
} Pending;

static void pending_clear(Pending *pending)
{
    g_clear_pointer(&pending->tag, g_free);
    g_clear_pointer(&pending->name, g_free);
    g_clear_pointer(&pending->cdb, g_free);
}

/* ---- one event after the other ---- */

static bool goes_on(const StoryEvent *last, const char *name, const char *text, StoryWeight weight)
{
    return last->kind == STORY_COMMANDS && last->weight == weight &&
           g_str_equal(last->name, name) && g_str_equal(last->text, text);
}

static void sum_up(GPtrArray *events, guint most);

static void bound_events(Story *story)
{
    if (story->events->len > EVENTS_SOON_TOO_MANY) {
        sum_up(story->events, EVENTS_SOON_TOO_MANY / 4);
    }
}

static void add_command(Story *story, const Pending *command, int64_t until, const char *outcome,
                        StoryWeight weight)
{
    GPtrArray *events = story->events;
    StoryEvent *last = events->len > 0 ? events->pdata[events->len - 1] : NULL;
    g_autofree char *slow = NULL;

    story->commands++;
    if (weight == STORY_PLAIN && until - command->at > SLOW) {
        slow = g_strdup_printf("after %d ms", (int)((until - command->at) / 1000));
        outcome = slow;
        weight = STORY_NOTE;
    }
    if (last && goes_on(last, command->name, outcome, weight)) {
        last->count++;
        last->until = until;
        return;
    }
    last = story_add_event(story, STORY_COMMANDS, weight, command->at, command->name, outcome);
    last->until = until;
    bound_events(story);
}

/* The weight of a CHECK CONDITION, by its sense key. Those that are ordinary for tapes are no
 * errors. */
static StoryWeight weight_of(const char *outcome)
{
    static const char ordinary[] = "0168"; /* no sense, recovered, unit attention, blank check */

    if (g_str_has_prefix(outcome, "CHECK CONDITION ") && outcome[16] && outcome[17] == '/') {
        return strchr(ordinary, outcome[16]) ? STORY_NOTE : STORY_ERROR;
    }
    return g_str_equal(outcome, "status 00") ? STORY_PLAIN : STORY_ERROR;
}

static const char *status_text(const char *outcome)
{
    static const struct {
        const char *status, *text;
    } known[] = {
        { "status 00", "" },
        { "status 08", "BUSY" },
        { "status 18", "RESERVATION CONFLICT" },
        { "status 28", "TASK SET FULL" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(known[i].status, outcome)) {
            return known[i].text;
        }
    }
    return outcome;
}

/* The command was never answered. */
static void give_up(Story *story, Pending *command, int64_t at, const char *why)
{
    if (command->tag) {
        g_autofree char *text = g_strdup_printf("no answer: %s", why);

        add_command(story, command, at, text, STORY_ERROR);
        pending_clear(command);
    }
}

/* ---- lines: "tag 1f lun 0 WRITE(6): 0a 00", "tag 1f status 00" ---- */

static char *take_tag(const char **text)
{
    size_t length;

    if (!g_str_has_prefix(*text, "tag ")) {
        return NULL;
    }
    *text += 4;
    length = strspn(*text, "0123456789abcdef");
    *text += length;
    return length > 0 ? g_strndup(*text - length, length) : NULL;
}

static void on_command(Story *story, Pending *command, const char *text, int64_t at)
{
    g_autofree char *tag = take_tag(&text);
    const char *name = tag ? strstr(text, "lun ") : NULL;
    const char *colon;

    give_up(story, command, at, "another command came");
    name = name ? strchr(name + 4, ' ') : NULL;
    colon = name ? strrchr(name, ':') : NULL;
    if (!colon) {
        return;
    }
    command->tag = g_steal_pointer(&tag);
    command->name = g_strndup(name + 1, (gsize)(colon - name - 1));
    command->cdb = g_strchug(g_strdup(colon + 1));
    command->at = at;
}

static void on_outcome(Story *story, Pending *command, const char *text, int64_t at)
{
    g_autofree char *tag = take_tag(&text);

    if (!tag || !command->tag || !g_str_equal(tag, command->tag)) {
        return;
    }
    text += strspn(text, " ");
    add_command(story, command, at, status_text(text), weight_of(text));
    pending_clear(command);
}

static void on_fault(Story *story, const char *text, int64_t at)
{
    size_t length = strcspn(text, " ");
    g_autofree char *name = g_strndup(text, length);

    story_add_event(story, STORY_FAULT, STORY_ERROR, at, name, text + length + (text[length] != 0));
}

/* The rule, then where and why. */
static void on_violation(Story *story, const char *text, int64_t at)
{
    size_t length = strcspn(text, ":");
    unsigned rule = bus_rule_by_key(text, length);
    g_autofree char *name = g_strdup_printf("rule of the bus: %.*s", (int)length, text);
    bool advice = rule < BUS_N_RULES && bus_rule_is_advice(rule);

    text += length + (text[length] == ':');
    story_add_event(story, STORY_BUS, advice ? STORY_NOTE : STORY_ERROR, at, name,
                    text + strspn(text, " "));
    bound_events(story);
}

/* A port is reset several times as it is enumerated: one event. */
static void on_bus(Story *story, const char *text, int64_t at)
{
    GPtrArray *events = story->events;
    StoryEvent *last = events->len > 0 ? events->pdata[events->len - 1] : NULL;

    if (last && last->kind == STORY_BUS && g_str_equal(last->name, text)) {
        last->count++;
        last->until = at;
    } else {
        story_add_event(story, STORY_BUS, STORY_NOTE, at, text, "");
    }
}

static void on_line(Story *story, Pending *command, const char *point, const char *text, int64_t at)
{
    if (g_str_equal(point, "scsi.command")) {
        on_command(story, command, text, at);
    } else if (g_str_equal(point, "scsi.outcome")) {
        on_outcome(story, command, text, at);
    } else if (g_str_equal(point, "fault.fired")) {
        on_fault(story, text, at);
    } else if (g_str_equal(point, "bus.violation")) {
        on_violation(story, text, at);
    } else if (g_str_equal(point, "media.host-error")) {
        story_add_event(story, STORY_HOST_ERROR, STORY_ERROR, at, "the cartridge's file", text);
    } else if (g_str_equal(point, "usb.reset")) {
        give_up(story, command, at, "the bus was reset");
        on_bus(story, text, at);
    } else if (g_str_equal(point, "link.host")) {
        on_bus(story, text, at);
    }
}

/* Most lines are about packets and states, and are not parsed. */
static bool is_about(const char *line)
{
    static const char *const points[] = { "\"point\":\"scsi.",     "\"point\":\"fault.",
                                          "\"point\":\"media.",    "\"point\":\"usb.reset",
                                          "\"point\":\"link.host", "\"point\":\"bus." };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(points); i++) {
        if (strstr(line, points[i])) {
            return true;
        }
    }
    return false;
}

static void read_line(Story *story, Pending *command, const char *line, int64_t offset)
{
    g_autoptr(JsonNode) node = is_about(line) ? json_read(line, -1, NULL) : NULL;
    JsonObject *object = json_as_object(node);

    if (object) {
        on_line(story, command, json_text_at(object, "point", ""), json_text_at(object, "text", ""),
                offset + json_number_at(object, "us", 0));
    }
}

void timeline_add(Story *story, const char *path, int64_t offset)
{
    g_autofree char *line = g_malloc(LINE_MAX_BYTES);
    FILE *file = fopen(path, "re");
    Pending command = { 0 };
    int64_t last = offset;

    if (!file) {
        story_add_event(story, STORY_BUS, STORY_ERROR, offset, "the drive left no trace",
                        g_strerror(errno));
        return;
    }
    while (fgets(line, LINE_MAX_BYTES, file)) {
        read_line(story, &command, line, offset);
        if (story->events->len > 0) {
            last = ((StoryEvent *)story->events->pdata[story->events->len - 1])->until;
        }
    }
    give_up(story, &command, MAX(last, command.at), "the trace ends");
    fclose(file);
}

/* ---- fewer events ---- */

static void count(GHashTable *counts, const char *name, uint64_t n)
{
    size_t before = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, name));

    g_hash_table_insert(counts, g_strdup(name), GSIZE_TO_POINTER(before + (size_t)n));
}

static StoryEvent *make_mixed(StoryEvent *event)
{
    if (!event->counts) {
        event->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        count(event->counts, event->name, event->count);
        event->kind = STORY_MIXED;
    }
    return event;
}

static void merge(StoryEvent *into, const StoryEvent *event)
{
    GHashTableIter iter;
    void *name, *n;

    make_mixed(into);
    into->count += event->count;
    into->until = MAX(into->until, event->until);
    into->weight = MAX(into->weight, event->weight);
    if (!event->counts) {
        count(into->counts, event->name, event->count);
        return;
    }
    g_hash_table_iter_init(&iter, event->counts);
    while (g_hash_table_iter_next(&iter, &name, &n)) {
        count(into->counts, name, GPOINTER_TO_SIZE(n));
    }
}

/*
 * Joins neighbours none of which weighs more than `weight`, but for `edge` of them at either end:
 * what surrounds something else stays as it is.
 */
static void join(GPtrArray *events, StoryWeight weight, gsize edge)
{
    gsize n, begin = 0, end, i;
    void **all = g_ptr_array_steal(events, &n);

    while (begin < n) {
        for (end = begin; end < n && ((StoryEvent *)all[end])->weight <= weight; end++) {
        }
        for (i = begin; i < end; i++) {
            if (i > begin + edge && i + edge < end) {
                merge(events->pdata[events->len - 1], all[i]);
                story_event_free(all[i]);
            } else {
                g_ptr_array_add(events, all[i]);
            }
        }
        if (end < n) {
            g_ptr_array_add(events, all[end]);
        }
        begin = end + 1;
    }
    g_free(all);
}

static void sum_up(GPtrArray *events, guint most)
{
    if (events->len > most) {
        join(events, STORY_PLAIN, 2);
    }
    if (events->len > most) {
        join(events, STORY_NOTE, 1);
    }
    if (events->len > most) {
        join(events, STORY_ERROR, most / 2 - 1);
    }
}

static int by_time(const void *a, const void *b)
{
    const StoryEvent *x = *(StoryEvent *const *)a, *y = *(StoryEvent *const *)b;

    return (x->at > y->at) - (x->at < y->at);
}

typedef struct NameCount {
    const char *name;
    size_t count;
} NameCount;

static int by_count(const void *a, const void *b)
{
    const NameCount *x = a, *y = b;

    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : strcmp(x->name, y->name);
}

/* "WRITE(6) ×700, READ POSITION ×2"; of very many names, the rest as a number. */
static char *counts_text(GHashTable *counts)
{
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(NameCount));
    GString *text = g_string_new(NULL);
    size_t others = 0;
    GHashTableIter iter;
    void *name, *n;
    guint i;

    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, &name, &n)) {
        NameCount entry = { name, GPOINTER_TO_SIZE(n) };

        g_array_append_val(sorted, entry);
    }
    g_array_sort(sorted, by_count);
    for (i = 0; i < sorted->len; i++) {
        const NameCount *entry = &g_array_index(sorted, NameCount, i);

        if (i >= 12) {
            others += entry->count;
            continue;
        }
        g_string_append_printf(text, "%s%s ×%zu", i > 0 ? ", " : "", entry->name, entry->count);
    }
    if (others > 0) {
        g_string_append_printf(text, ", others ×%zu", others);
    }
    return g_string_free(text, FALSE);
}

void timeline_finish(Story *story)
{
    guint i;

    g_ptr_array_sort(story->events, by_time);
    sum_up(story->events, TIMELINE_EVENTS_MAX);
    for (i = 0; i < story->events->len; i++) {
        StoryEvent *event = story->events->pdata[i];

        if (event->kind == STORY_MIXED) {
            g_free(event->name);
            g_free(event->text);
            event->name = g_strdup_printf("%" G_GUINT64_FORMAT " summed up", event->count);
            event->text = counts_text(event->counts);
        }
    }
}
