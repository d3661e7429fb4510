/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/sim-story.h"

#include "scenarios/runner/judges/order.h"
#include "scenarios/runner/judges/tape-map.h"
#include "scenarios/runner/report/story.h"
#include "scenarios/runner/subject.h"

#include <stdlib.h>

/* More events than this help no reader. */
#define EVENTS_MAX 250u

static void fill_head(Story *story, const Scenario *scenario, const CaseResult *result,
                      const TrialConfig *config)
{
    g_autofree char *path = g_canonicalize_filename(scenario->path, NULL);
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *file = config->model->file ? g_shell_quote(config->model->file) : NULL;
    g_autofree char *driver = g_strconcat(file ? file : "", file ? " " : "", NULL);

    story->name = scenario_case_name(scenario);
    story->about = g_strdup(scenario->about);
    story->scenario = g_strdup(scenario->path);
    story->variant = g_strdup(scenario->variant);
    story->guest = g_strdup(scenario->guest->name);
    story->machine = g_strdup_printf("a simulated Windows host, driver %s", config->model->name);
    story->note = g_strdup(scenario_note(scenario));
    story->seed = config->seed;
    story->verdict = g_strdup(verdict_name(result->verdict));
    story->expected = subject_expected(scenario);
    story->passed = result->passed;
    story->steps_planned = 1;
    story->again =
        g_strdup_printf("usbtape %s %s%s%s --case '%s' --seed %" G_GUINT64_FORMAT,
                        scenario->bad ? "selfcheck" : "run", config->model->file ? "--driver " : "",
                        driver, quoted, story->name, config->seed);
}

static void G_GNUC_PRINTF(2, 3) give_reason(Story *story, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(story->reasons, g_strdup_vprintf(format, args));
    va_end(args);
}

static void fill_reasons(Story *story, const CaseResult *result, const TrialConfig *config,
                         const TrialResult *trial)
{
    const SimTally *tally = result->detail;
    guint i;

    if (trial->outcome == MTF_OUTCOME_SUCCESS) {
        give_reason(story, "the application's user reads: %s", trial->message);
    } else {
        give_reason(story, "the application's user reads: \"Error: %s\"", trial->message);
    }
    give_reason(story, "driver %s, a model: %s", config->model->name, config->model->about);
    for (i = 0; i < MIN(trial->findings->len, 1); i++) {
        give_reason(story, "%s", (const char *)trial->findings->pdata[i]);
    }
    if (trial->outcome == MTF_OUTCOME_INCONSISTENT) {
        give_reason(story, "why (that it leads to the article's words is our mapping): %s",
                    trial->detail);
    } else if (*trial->detail) {
        give_reason(story, "%s", trial->detail);
    } else if (trial->violation) {
        give_reason(story,
                    "a reader of this tape would say \"" MTF_APPLICATION_MESSAGE
                    "\" (our mapping): %s",
                    trial->violation);
    }
    for (i = 1; i < trial->findings->len; i++) {
        give_reason(story, "%s", (const char *)trial->findings->pdata[i]);
    }
    if (tally->cases > 1) {
        give_reason(story, "seed %" G_GUINT64_FORMAT " of %u; with %s: %s", config->seed,
                    tally->cases, config->model->name, config->model->signature);
    }
}

static void fill_steps(Story *story, const TrialConfig *config, const TrialResult *trial)
{
    g_autofree char *text = g_strdup_printf("%s, %u blocks of 16 KiB, %u outstanding, driver %s",
                                            trial_task_names()[config->task], config->blocks,
                                            config->outstanding, config->model->name);
    StoryStep *step = story_add_step(story, text, 0, 0);

    step->ended = trial->end == TRIAL_HUNG ? STORY_NOT_OVER : trial->duration;
    step->status = trial->outcome != MTF_OUTCOME_SUCCESS;
    step->complained = trial->outcome != MTF_OUTCOME_SUCCESS;
    g_free(step->said);
    step->said = g_strdup(trial->message);
}

/* "- {name: drive.busy, on: REWIND}", a line each, as a line without the signs of YAML. */
static char *rules_line(const char *rules)
{
    g_auto(GStrv) lines = g_strsplit(rules, "\n", -1);
    GString *text = g_string_new(NULL);
    char **line;

    for (line = lines; *line; line++) {
        const char *rule = g_str_has_prefix(*line, "- ") ? *line + 2 : *line;

        if (*rule) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", rule);
        }
    }
    return g_strdelimit(g_string_free(text, FALSE), "{}", ' ');
}

static void fill_faults(Story *story, const TrialResult *trial)
{
    g_autofree char *rules = rules_line(trial->rules);
    g_autofree char *name = NULL;
    guint i;

    for (i = 0; i < trial->faults->len; i++) {
        const SimFault *fault = &g_array_index(trial->faults, SimFault, i);

        story_add_fault(story, fault->name, (int64_t)fault->fired, NULL);
    }
    if (trial->trigger) {
        name = g_strdup_printf("%s (%s)", host_trigger_name(trial->trigger),
                               *rules                                         ? g_strstrip(rules)
                               : trial->trigger == HOST_TRIGGER_EARLY_WARNING ? "a short tape"
                               : trial->trigger == HOST_TRIGGER_QUEUED_MARK
                                   ? "the application does not wait at filemarks"
                                   : "nobody sets QueueSortKey");
        story_add_fault(story, name, trial->end != TRIAL_INCONCLUSIVE, NULL);
    }
}

/* ---- events ---- */

static const char *command_name(uint8_t opcode)
{
    static const struct {
        uint8_t opcode;
        const char *name;
    } names[] = {
#define SCSI_COMMAND(symbol, opcode, service_action, name, length, direction) { opcode, name },
#define SCSI_OPERATION(opcode, name)
#include "emu/scsi/commands.def"
#undef SCSI_COMMAND
#undef SCSI_OPERATION
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].opcode == opcode) {
            return names[i].name;
        }
    }
    return "a command";
}

/* An event that a right driver never causes is an error. */
static StoryWeight weight_of(HostEvent event)
{
    switch (event) {
    case HOST_EVENT_OVERLAP:
    case HOST_EVENT_LOST:
    case HOST_EVENT_REPEATED:
    case HOST_EVENT_OVERTOOK:
    case HOST_EVENT_ASSUMED:
    case HOST_EVENT_RESORTED:
    case HOST_EVENT_TIMEOUT:
    case HOST_EVENT_RECOVERY:
    case HOST_EVENT_FAILED:
        return STORY_ERROR;
    case HOST_EVENT_CBW:
    case HOST_EVENT_CSW:
    case HOST_EVENT_SENSE:
    case HOST_EVENT_FROZEN:
    case HOST_EVENT_RETRIED:
    case HOST_EVENT_RELEASED:
    default:
        return STORY_NOTE;
    }
}

static bool joins(const StoryEvent *last, const char *name, const TrialEvent *event)
{
    return last && event->event == HOST_EVENT_CSW && last->kind == STORY_COMMANDS &&
           last->weight == STORY_PLAIN && g_str_equal(last->name, name);
}

static void add_event(Story *story, const TrialEvent *event)
{
    StoryEvent *last = story->events->len > 0 ? story->events->pdata[story->events->len - 1] : NULL;
    const char *name = command_name(event->opcode);
    g_autofree char *text = NULL;

    if (event->event == HOST_EVENT_CBW) {
        return; /* its end has the result */
    }
    story->commands += event->event == HOST_EVENT_CSW || event->event == HOST_EVENT_FAILED;
    if (joins(last, name, event)) {
        last->count++;
        last->until = event->at;
    } else if (event->event == HOST_EVENT_CSW) {
        story_add_event(story, STORY_COMMANDS, STORY_PLAIN, event->at, name, "");
    } else if (event->number == 0) {
        story_add_event(story, STORY_BUS, weight_of(event->event), event->at,
                        host_event_name(event->event), "");
    } else {
        text = g_strdup_printf("%s, request %" G_GUINT64_FORMAT, name, event->number);
        story_add_event(story,
                        weight_of(event->event) == STORY_ERROR && event->event != HOST_EVENT_FAILED
                            ? STORY_FAULT
                            : STORY_BUS,
                        weight_of(event->event), event->at, host_event_name(event->event), text);
    }
}

/* The host sees an injected trigger as the first command of its kind that fails. */
static bool is_trigger(const TrialConfig *config, const TrialResult *trial, const TrialEvent *event)
{
    bool injected = *trial->rules != '\0';

    return injected && (event->event == HOST_EVENT_FAILED || event->event == HOST_EVENT_RECOVERY) &&
           (event->number == 0 || event->opcode == (config->task == TRIAL_RESTORE ? 0x08 : 0x0a));
}

static void add_trigger(Story *story, const TrialResult *trial, const TrialEvent *event)
{
    g_autofree char *rules = rules_line(trial->rules);

    story_add_event(story, STORY_FAULT, STORY_ERROR, event->at, host_trigger_name(trial->trigger),
                    g_strstrip(rules));
}

static void fill_events(Story *story, const TrialConfig *config, const TrialResult *trial)
{
    bool triggered = false;
    uint64_t left_out = trial->events_left_out;
    g_autofree char *more = NULL;
    guint i;

    for (i = 0; i < trial->events->len; i++) {
        const TrialEvent *event = &g_array_index(trial->events, TrialEvent, i);

        if (!triggered && is_trigger(config, trial, event)) {
            add_trigger(story, trial, event);
            triggered = true;
        }
        if (story->events->len < EVENTS_MAX) {
            add_event(story, event);
        } else {
            left_out++;
        }
    }
    if (left_out > 0) {
        more = g_strdup_printf("and %" G_GUINT64_FORMAT " more", left_out);
        story_add_event(story, STORY_BUS, STORY_NOTE, trial->duration, more, "");
    }
}

/* ---- order ---- */

/* A record for each object that was to be read. A wrong read of it replaces a right one. */
static GArray *reads_by_object(const TrialResult *trial)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    GArray *records = g_array_new(FALSE, FALSE, sizeof(OrderRecord));
    guint i;

    for (i = 0; i < trial->order->len; i++) {
        const TrialRecord *record = &g_array_index(trial->order, TrialRecord, i);
        OrderRecord next = { record->issued, record->object };
        void *key = GSIZE_TO_POINTER(record->issued), *at;

        if (record->object < 0) {
            continue;
        }
        if (!g_hash_table_lookup_extended(seen, key, NULL, &at)) {
            g_hash_table_insert(seen, key, GUINT_TO_POINTER(records->len));
            g_array_append_val(records, next);
        } else if (record->object != record->issued) {
            g_array_index(records, OrderRecord, GPOINTER_TO_UINT(at)) = next;
        }
    }
    return records;
}

static int by_object(const void *a, const void *b)
{
    const OrderRecord *x = a, *y = b;

    return (x->object > y->object) - (x->object < y->object);
}

/* In a restore the tape is sound, so the order is that of the reads. */
static void fill_reads(Story *story, const TrialConfig *config, const TrialResult *trial)
{
    g_autoptr(GArray) records = reads_by_object(trial);

    if (config->task != TRIAL_RESTORE) {
        return;
    }
    qsort(records->data, records->len, sizeof(OrderRecord), by_object);
    order_compare((const OrderRecord *)(void *)records->data, records->len, 0, -1,
                  story_add_order(story, 1, "reads, by the object that each was for"));
}

bool sim_story_write(const Scenario *scenario, const CaseResult *result, const TrialConfig *config,
                     const TrialResult *trial, const char *directory, GError **error)
{
    g_autoptr(Story) story = story_new();

    fill_head(story, scenario, result, config);
    story->duration =
        trial->duration; /* on the clock of the simulation, as all times of the story */
    fill_reasons(story, result, config, trial);
    fill_steps(story, config, trial);
    fill_faults(story, trial);
    story_add_bus(story, result->bus);
    fill_events(story, config, trial);
    fill_reads(story, config, trial);
    tape_map_add(story, 1, config->cartridge, NULL);
    return story_write(story, directory, error);
}
