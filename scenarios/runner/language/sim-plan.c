/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/sim-plan.h"

#include "emu/base/text.h"

#define BLOCK ((uint64_t)MTF_WRITER_BLOCK_SIZE)

void sim_plan_free(SimPlan *plan)
{
    if (plan) {
        g_clear_pointer(&plan->shows, g_array_unref);
        g_clear_pointer(&plan->seeds, g_array_unref);
        g_free(plan);
    }
}

bool sim_plan_read_driver(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_autoptr(GError) why = NULL;
    const HostModel *model = text ? host_model_by_name(text, &why) : NULL;

    if (!model) {
        return text && yaml_node_refuse(node, error, "%s", why->message);
    }
    *(const HostModel **)member = model;
    return true;
}

static bool read_trigger(const YamlNode *node, unsigned *triggers, GError **error)
{
    const char *text = yaml_node_text(node, error);
    unsigned bit = text ? host_trigger_by_name(text) : 0;

    if (text && !bit) {
        g_autofree char *shown = text_quote(text);

        return yaml_node_refuse(node, error,
                                "no trigger %s: write needed, none, or some of stale-keys, "
                                "early-warning, unit-attention, busy, stall, queued-mark, "
                                "stall-cbw, nak-forever, csw-lost",
                                shown);
    }
    *triggers |= bit;
    return text != NULL;
}

/* "needed", "none", a name, a list of names. */
static bool read_triggers(const YamlNode *node, void *member, GError **error)
{
    SimPlan *plan = (SimPlan *)(void *)((char *)member - G_STRUCT_OFFSET(SimPlan, triggers));
    size_t i;

    plan->needed = false;
    plan->triggers = 0;
    if (yaml_node_kind(node) == YAML_KIND_LIST) {
        if (yaml_node_length(node) == 0) {
            return yaml_node_refuse(node, error, "an empty list: write none");
        }
        for (i = 0; i < yaml_node_length(node); i++) {
            if (!read_trigger(yaml_node_item(node, i), &plan->triggers, error)) {
                return false;
            }
        }
        return true;
    }
    if (yaml_node_is_word(node, "needed")) {
        plan->needed = true;
        return true;
    }
    return yaml_node_is_word(node, "none") || read_trigger(node, &plan->triggers, error);
}

static bool read_task(const YamlNode *node, void *member, GError **error)
{
    return yaml_node_choice(node, trial_task_names(), member, error);
}

static bool read_buffer(const YamlNode *node, void *member, GError **error)
{
    uint64_t *buffer = member;

    if (!yaml_node_size(node, buffer, error)) {
        return false;
    }
    return (*buffer >= BLOCK && *buffer % BLOCK == 0 && *buffer <= 64 * BLOCK) ||
           yaml_node_refuse(node, error, "a tape buffer holds 1 to 64 blocks of 16KiB");
}

static bool read_maximum(const YamlNode *node, void *member, GError **error)
{
    uint64_t *maximum = member;

    if (!yaml_node_size(node, maximum, error)) {
        return false;
    }
    return (*maximum >= BLOCK && *maximum % BLOCK == 0 && *maximum <= 1024 * BLOCK) ||
           yaml_node_refuse(node, error,
                            "an adapter's maximum is some blocks of 16KiB, up to 16MiB");
}

/* ---- how drivers have to fail ---- */

/* Sets the bit of each item's place among `words`: of one, or of a list. */
static bool read_bits(const YamlNode *node, const char *const *words, unsigned *bits,
                      GError **error)
{
    bool list = yaml_node_kind(node) == YAML_KIND_LIST;
    size_t i, n = list ? yaml_node_length(node) : 1;
    int index;

    *bits = 0;
    for (i = 0; i < n; i++) {
        if (!yaml_node_choice(list ? yaml_node_item(node, i) : node, words, &index, error)) {
            return false;
        }
        *bits |= 1u << index;
    }
    return n > 0 || yaml_node_refuse(node, error, "an empty list");
}

static bool read_drivers(const YamlNode *node, void *member, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const HostModel *model;

    for (model = host_models(); model->name; model++) {
        g_ptr_array_add(names, (void *)model->name);
    }
    g_ptr_array_add(names, NULL);
    return read_bits(node, (const char *const *)names->pdata, member, error);
}

static bool read_tasks(const YamlNode *node, void *member, GError **error)
{
    return read_bits(node, trial_task_names(), member, error);
}

static bool read_ends(const YamlNode *node, void *member, GError **error)
{
    const unsigned shows_nothing =
        1u << TRIAL_CLEAN | 1u << TRIAL_INCONCLUSIVE | 1u << TRIAL_FALSE_ALARM;
    const char *names[TRIAL_N_ENDS + 1] = { NULL };
    unsigned *ends = member;
    int end;

    for (end = 0; end < TRIAL_N_ENDS; end++) {
        names[end] = trial_end_name((TrialEnd)end);
    }
    return read_bits(node, names, ends, error) &&
           (!(*ends & shows_nothing) ||
            yaml_node_refuse(node, error,
                             "a driver fails by reported, unreadable, silent or hang"));
}

static const YamlField shows_fields[] = {
    { "driver", YAML_TYPE_CUSTOM, offsetof(SimShows, drivers), .read = read_drivers },
    { "task", YAML_TYPE_CUSTOM, offsetof(SimShows, tasks), .read = read_tasks },
    { "ends", YAML_TYPE_CUSTOM, offsetof(SimShows, ends), .required = true, .read = read_ends },
    { "least", YAML_TYPE_INTEGER, offsetof(SimShows, least), .required = true, .min = 1,
      .max = 100 },
    { NULL },
};

static bool read_shows(const YamlNode *node, void *member, GError **error)
{
    GArray **rows = member;
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    g_clear_pointer(rows, g_array_unref);
    *rows = g_array_new(FALSE, FALSE, sizeof(SimShows));
    for (i = 0; i < yaml_node_length(node); i++) {
        SimShows row = { .drivers = G_MAXUINT, .tasks = G_MAXUINT };

        if (!yaml_node_read(yaml_node_item(node, i), shows_fields, &row, error)) {
            return false;
        }
        g_array_append_val(*rows, row);
    }
    return true;
}

/* ---- the whole ---- */

static const YamlField fields[] = {
    { "task", YAML_TYPE_CUSTOM, offsetof(SimPlan, task), .required = true, .read = read_task },
    { "driver", YAML_TYPE_CUSTOM, offsetof(SimPlan, driver), .required = true,
      .read = sim_plan_read_driver },
    { "against", YAML_TYPE_CUSTOM, offsetof(SimPlan, against), .read = sim_plan_read_driver },
    { "trigger", YAML_TYPE_CUSTOM, offsetof(SimPlan, triggers), .read = read_triggers },
    { "outstanding", YAML_TYPE_INTEGER, offsetof(SimPlan, outstanding), .min = 1, .max = 64 },
    { "blocks", YAML_TYPE_INTEGER, offsetof(SimPlan, blocks), .min = 1, .max = 4096 },
    { "at", YAML_TYPE_INTEGER, offsetof(SimPlan, at), .min = 1, .max = 4096 },
    { "buffer", YAML_TYPE_CUSTOM, offsetof(SimPlan, buffer), .read = read_buffer },
    { "maximum-transfer", YAML_TYPE_CUSTOM, offsetof(SimPlan, maximum), .read = read_maximum },
    { "wait-at-marks", YAML_TYPE_BOOL, offsetof(SimPlan, waits_at_marks) },
    { "shows", YAML_TYPE_CUSTOM, offsetof(SimPlan, shows), .read = read_shows },
    { NULL },
};

bool sim_plan_read(const YamlNode *node, void *member, GError **error)
{
    SimPlan **plan = member;

    g_clear_pointer(plan, sim_plan_free);
    *plan = g_new0(SimPlan, 1);
    **plan = (SimPlan){ .needed = true,
                        .outstanding = 8,
                        .blocks = 24,
                        .waits_at_marks = true,
                        .buffer = BLOCK,
                        .maximum = TAPE_CLASS_MAXIMUM };
    return yaml_node_read(node, fields, *plan, error);
}

static unsigned triggers_of(const SimPlan *plan)
{
    if (!plan->needed) {
        return plan->triggers;
    }
    return plan->driver->triggers                     ? plan->driver->triggers
           : plan->against && plan->against->triggers ? plan->against->triggers
                                                      : HOST_TRIGGERS;
}

TrialConfig sim_plan_trial(const SimPlan *plan, const HostModel *driver, uint64_t seed)
{
    return (TrialConfig){ .task = (TrialTask)plan->task,
                          .model = driver,
                          .triggers = triggers_of(plan),
                          .seed = seed,
                          .outstanding = (unsigned)plan->outstanding,
                          .blocks = (unsigned)plan->blocks,
                          .gather = (unsigned)(plan->buffer / BLOCK),
                          .maximum = plan->maximum,
                          .at = (unsigned)plan->at,
                          .marks_at_once = !plan->waits_at_marks };
}

const char *sim_plan_explains(const SimPlan *plan)
{
    const HostModel *driver = plan->driver;
    g_auto(GStrv) tasks = g_strsplit(driver->silent_in ? driver->silent_in : "", " ", -1);

    return g_strv_contains((const char *const *)tasks, trial_task_names()[plan->task])
               ? driver->silent_because
               : NULL;
}

const SimShows *sim_plan_shows(const SimPlan *plan)
{
    guint i;

    for (i = 0; plan->shows && i < plan->shows->len; i++) {
        const SimShows *row = &g_array_index(plan->shows, SimShows, i);

        if (row->drivers & 1u << (plan->driver - host_models()) && row->tasks & 1u << plan->task) {
            return row;
        }
    }
    return NULL;
}

unsigned sim_shows_needed(const SimShows *shows, unsigned cases)
{
    /* So few cases may all be luck. */
    if (shows->least * cases < 100 * SIM_SHOWS_FEWEST) {
        return 0;
    }
    return (unsigned)((shows->least * cases + 99) / 100);
}

char *sim_shows_text(const SimShows *shows)
{
    GString *text = g_string_new(NULL);
    int end;

    for (end = 0; end < TRIAL_N_ENDS; end++) {
        if (shows->ends & 1u << end) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? " or " : "",
                                   trial_end_name((TrialEnd)end));
        }
    }
    return g_string_free(text, FALSE);
}

Verdict sim_verdict_of_end(TrialEnd end)
{
    static const Verdict verdicts[] = {
        [TRIAL_CLEAN] = VERDICT_INTACT,
        [TRIAL_REPORTED] = VERDICT_DETECTED,
        [TRIAL_FALSE_ALARM] = VERDICT_FALSE_ALARM,
        [TRIAL_UNREADABLE] = VERDICT_SILENT_CORRUPTION,
        [TRIAL_SILENT] = VERDICT_SILENT_CORRUPTION,
        [TRIAL_HUNG] = VERDICT_HANG,
        [TRIAL_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
    };

    return verdicts[end];
}

/* `node` is the row. */
static bool check_row(const SimShows *row, unsigned outcomes, const YamlNode *node, GError **error)
{
    int end;

    for (end = 0; end < TRIAL_N_ENDS; end++) {
        Verdict verdict = sim_verdict_of_end((TrialEnd)end);

        if (row->ends & 1u << end && !(outcomes & 1u << verdict)) {
            return yaml_node_refuse(yaml_node_get(node, "ends"), error,
                                    "%s is %s, which 'expect: outcome' does not have",
                                    trial_end_name((TrialEnd)end), verdict_name(verdict));
        }
    }
    return true;
}

bool sim_plan_check(const SimPlan *plan, unsigned outcomes, const YamlNode *node, GError **error)
{
    const YamlNode *shows = yaml_node_get(yaml_node_get(node, "sim"), "shows");
    guint i;

    for (i = 0; plan->shows && i < plan->shows->len; i++) {
        if (!check_row(&g_array_index(plan->shows, SimShows, i), outcomes, yaml_node_item(shows, i),
                       error)) {
            return false;
        }
    }
    return !plan->shows || sim_plan_shows(plan) || sim_plan_explains(plan) ||
           yaml_node_refuse(shows, error, "'shows' says nothing of %s in %s", plan->driver->name,
                            trial_task_names()[plan->task]);
}
