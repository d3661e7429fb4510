/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "emu/base/error.h"
#include "emu/fault/at-task.h"
#include "tests/support/suite.h"

TCase *make_fault_tcase(void);

static FaultPlan *parse(const char *text, GError **error)
{
    g_autoptr(FaultPlan) plan = fault_plan_new(42);

    return fault_plan_add(plan, "plan.yaml", text, strlen(text), error) ? g_steal_pointer(&plan)
                                                                        : NULL;
}

static FaultRule *rule_of(const FaultPlan *plan, guint i)
{
    return g_ptr_array_index(plan->rules, i);
}

START_TEST(rules_are_read)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan =
        parse("# comment\n"
              "- {name: drive.hang, on: \"WRITE(6)#5\", for: 250ms}\n"
              "- {name: drive.busy, count: inf}\n"
              "- {name: drive.slow, on: 0Ah, for: 3s, count: 7, every: 2, prob: 0.25}\n"
              "- {name: queue.reorder, record: 3..7, file: \">=1\", bytes: 64KiB, time: 2s,\n"
              "   id: mix, after: drive.busy, window: 4, policy: stale-key}\n",
              &error);

    g_assert_no_error(error);
    ck_assert_uint_eq(plan->rules->len, 4);
    ck_assert_uint_eq(plan->seed, 42);
    ck_assert_str_eq(rule_of(plan, 0)->kind->name, "drive.hang");
    ck_assert(rule_of(plan, 0)->takes[0x0a] && !rule_of(plan, 0)->takes[0x08]);
    ck_assert_uint_eq(rule_of(plan, 0)->nth, 5);
    ck_assert_uint_eq(rule_of(plan, 0)->count, 1);
    ck_assert_int_eq(fault_number(rule_of(plan, 0), 0), 250000);
    ck_assert_uint_eq(rule_of(plan, 0)->line, 2);
    ck_assert(rule_of(plan, 1)->takes[0x00] && rule_of(plan, 1)->takes[0xff]);
    ck_assert_uint_eq(rule_of(plan, 1)->count, FAULT_COUNT_INFINITE);
    ck_assert_uint_eq(rule_of(plan, 2)->count, 7);
    ck_assert_uint_eq(rule_of(plan, 2)->every, 2);
    ck_assert(rule_of(plan, 2)->probability == 0.25);
    ck_assert_uint_eq(rule_of(plan, 3)->record.from, 3);
    ck_assert_uint_eq(rule_of(plan, 3)->record.to, 7);
    ck_assert_uint_eq(rule_of(plan, 3)->file.to, G_MAXUINT64);
    ck_assert_uint_eq(rule_of(plan, 3)->bytes, 65536);
    ck_assert_int_eq(rule_of(plan, 3)->time, 2 * G_USEC_PER_SEC);
    ck_assert_ptr_eq(rule_of(plan, 3)->after, rule_of(plan, 1));
    ck_assert_int_eq(fault_number(rule_of(plan, 3), 0), 4);
    ck_assert_int_eq(fault_number(rule_of(plan, 3), 1), 3);
    ck_assert_uint_eq(fault_plan_seams(plan), FAULT_SEAM_TASK | FAULT_SEAM_MEDIUM);
}
END_TEST

/* Every parameter says the same everywhere, and none hides a trigger. */
START_TEST(kinds_are_declared_well)
{
    static const char *const families[] = { "usb", "queue", "medium", "drive", NULL };
    const FaultKind *const *kind;
    unsigned i;

    for (kind = fault_kinds(); *kind; kind++) {
        const FaultKind *k = *kind;
        g_auto(GStrv) parts = g_strsplit(k->name, ".", 2);
        unsigned does = !!k->on_task + !!k->on_done + !!k->on_transfer + !!k->on_complete +
                        !!k->on_request + !!k->on_reply + !!k->on_motion + !!k->act;

        ck_assert_msg(g_strv_contains(families, parts[0]), "%s", k->name);
        ck_assert_msg(k->about && k->right && k->evidence && k->example, "%s", k->name);
        ck_assert_msg(does == 1, "%s does %u things", k->name, does);
        ck_assert_msg(fault_kind(k->name) == k, "%s is there twice", k->name);
        ck_assert_msg(!k->on_motion == !k->motions, "%s", k->name);
        ck_assert_msg(!(k->on_transfer || k->on_complete) || k->phase, "%s", k->name);
        ck_assert_msg(!k->phase || !k->phases || (k->phase & k->phases), "%s", k->name);
        ck_assert_msg(!k->by_request || (k->usual & k->requests), "%s", k->name);
        for (i = 0; k->params[i].name; i++) {
            g_autofree char *text = g_strdup_printf("{name: %s, %s: ]", k->name, k->params[i].name);
            g_autofree char *told = fault_param_describe(&k->params[i]);
            static const char *const taken[] = { "name",      "id",    "on",    "record",
                                                 "file",      "bytes", "time",  "ctrl",
                                                 "phase",     "prob",  "after", "if-state",
                                                 "set-state", "every", "count", NULL };

            ck_assert_msg(!g_strv_contains(taken, k->params[i].name), "%s", text);
            ck_assert_msg(k->params[i].about && told, "%s", text);
        }
        ck_assert_uint_le(i, FAULT_PARAMS_MAX);
    }
}
END_TEST

/* The line of FAULTS.md that people paste is one rule of that kind, alone in a plan. */
START_TEST(examples_are_good)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strdup_printf("- %s\n", (*kind)->example);
        g_autofree char *begin = g_strdup_printf("- {name: %s, ", (*kind)->name);
        g_autoptr(FaultPlan) plan = parse(text, &error);

        ck_assert_msg(plan, "%s: %s", text, error->message);
        ck_assert_msg(g_str_has_prefix(text, begin), "%s: sets nothing of its own", text);
        ck_assert_uint_eq(plan->rules->len, 1);
        ck_assert_ptr_eq(rule_of(plan, 0)->kind, *kind);
    }
}
END_TEST

/* With every parameter that must be given left out, or all at their fallbacks. */
START_TEST(fallbacks_are_good)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strdup_printf("{name: %s}", (*kind)->name);
        g_autoptr(FaultPlan) plan = parse(text, &error);
        static const char *const one_of[] = { "usb.identity-change", "drive.unsupported", NULL };
        bool must = g_strv_contains(one_of, (*kind)->name); /* its check() wants to be told */
        unsigned i;

        for (i = 0; (*kind)->params[i].name; i++) {
            must |= !(*kind)->params[i].fallback;
        }
        if (must) {
            ck_assert_ptr_null(plan);
            ck_assert_msg(g_str_has_prefix(error->message, "plan.yaml:1:1: "), "%s",
                          error->message);
        } else {
            g_assert_no_error(error);
        }
    }
}
END_TEST

START_TEST(bad_plans_name_the_place)
{
    static const struct {
        const char *text, *place, *what;
    } rows[] = {
        { "", "plan.yaml:1:1", "" },
        { "drive.hang\n", "plan.yaml:1:1", "list of rules" },
        { "- drive.hang\n", "plan.yaml:1:3", "" },
        { "- {on: any}\n", "plan.yaml:1:3", "name" },
        { "- {name: drive.explode}\n", "plan.yaml:1:10", "drive.busy, drive.hang, drive.slow" },
        { "- {name: explode}\n", "plan.yaml:1:10", "usbtape list faults" },
        { "- {name: drive.hang, often: 3}\n", "plan.yaml:1:22",
          "no parameter 'often'; it has: for" },
        { "- {name: drive.hang, on: WROTE}\n", "plan.yaml:1:26", "not a command" },
        { "- {name: drive.hang, on: []}\n", "plan.yaml:1:26", "never fire" },
        { "- {name: drive.hang, on: [READ(6), WROTE]}\n", "plan.yaml:1:36", "not a command" },
        { "- {name: queue.drop, on: [WRITE(6), READ(6)]}\n", "plan.yaml:1:37",
          "never fire at READ(6)" },
        { "- {name: drive.ua-mode, on: INQUIRY}\n", "plan.yaml:1:29",
          "any but INQUIRY, REQUEST SENSE" },
        { "- {name: drive.hang, on: \"READ(6)#0\"}\n", "plan.yaml:1:26", "from 1" },
        { "- {name: drive.hang, on: \"READ(6)#\"}\n", "plan.yaml:1:26", "from 1" },
        { "- {name: drive.hang, on: \"\"}\n", "plan.yaml:1:26", "not a command" },
        { "- name: drive.hang\n  count: 0\n", "plan.yaml:2:10", "" },
        { "- name: drive.hang\n  every: -1\n", "plan.yaml:2:10", "" },
        { "- name: drive.busy\n  for: 3s\n", "plan.yaml:2:3", "no parameter 'for'" },
        { "- name: drive.slow\n", "plan.yaml:1:3", "needs 'for'" },
        { "- {name: drive.slow, for: 3}\n", "plan.yaml:1:27", "duration" },
        { "- {name: drive.slow, for: 3 parsecs}\n", "plan.yaml:1:27", "duration" },
        { "- {name: queue.drop, record: -1}\n", "plan.yaml:1:30", "number from 0" },
        { "- {name: queue.drop, record: 7..3}\n", "plan.yaml:1:30", "range" },
        { "- {name: queue.drop, record: 2, file: 3}\n", "plan.yaml:1:39", "never hold" },
        { "- {name: queue.drop, on: READ(6)}\n", "plan.yaml:1:26", "never fire at READ(6)" },
        { "- {name: queue.drop, phase: csw}\n", "plan.yaml:1:29", "not bound to a phase" },
        { "- {name: queue.drop, ctrl: bot-reset}\n", "plan.yaml:1:28", "no control request" },
        { "- {name: queue.drop, prob: 0}\n", "plan.yaml:1:28", "probability" },
        { "- {name: queue.drop, prob: 1.5}\n", "plan.yaml:1:28", "probability" },
        { "- {name: queue.drop, prob: nan}\n", "plan.yaml:1:28", "probability" },
        { "- {name: queue.drop, after: queue.drop}\n", "plan.yaml:1:29", "no other rule" },
        { "- {name: queue.drop, if-state: warm}\n", "plan.yaml:1:32", "never fire" },
        { "- {name: queue.drop, id: a, after: b}\n- {name: drive.busy, id: b, after: a}\n",
          "plan.yaml:1:36", "wait for each other" },
        { "- {name: drive.slow, for: 9223372036854775807us}\n", "plan.yaml:1:27", "duration" },
        { "- {name: queue.drop, time: 99999999999999999999s}\n", "plan.yaml:1:28", "duration" },
        { "- {name: queue.drop, record: 99999999999999999999}\n", "plan.yaml:1:30", "number" },
        { "- {name: queue.drop, count: 99999999999999999999}\n", "plan.yaml:1:29", "" },
        { "- {name: queue.drop, on: \"WRITE(6)#99999999999999999999\"}\n", "plan.yaml:1:26",
          "occurrence" },
        { "- {name: queue.hold, records: 100000}\n", "plan.yaml:1:31", "" },
        { "- {name: medium.early-warning, at: 5000000TiB}\n", "plan.yaml:1:36", "no tape" },
        { "- {name: usb.stall-data-in, at: 1YiB}\n", "plan.yaml:1:33", "size" },
        { "- {name: usb.stall-data-in, on: WRITE(6)}\n", "plan.yaml:1:33", "no data to the host" },
        { "- {name: usb.packet-dup, on: [READ(6), INQUIRY]}\n", "plan.yaml:1:30",
          "no data to the device" },
        { "- {name: usb.unplug, on: REWIND, phase: data}\n", "plan.yaml:1:26", "no data phase" },
        { "- {name: drive.busy, if-state: a, set-state: a}\n", "plan.yaml:1:32", "never fire" },
        { "- {name: drive.busy, if-state: a, set-state: b}\n"
          "- {name: drive.hang, if-state: b, set-state: a}\n",
          "plan.yaml:1:32", "never fire" },
        { "- {name: drive.busy, if-state: a}\n"
          "- {name: drive.hang, if-state: b, set-state: a}\n",
          "plan.yaml:1:32", "never fire" },
        { "- {name: drive.busy, id: x, if-state: a}\n"
          "- {name: drive.hang, after: x, set-state: a}\n",
          "plan.yaml:1:39", "never fire" },
        { "- {name: usb.xact-error, at: 512, phase: csw}\n", "plan.yaml:1:3", "phase: data" },
        { "- {name: usb.unplug, offset: 512}\n", "plan.yaml:1:3", "phase: data" },
        { "- {name: usb.unplug, offset: 2TiB, phase: data}\n", "plan.yaml:1:30", "must be from" },
        { "- {name: drive.tape-alert, on: WRITE(6)}\n", "plan.yaml:1:3", "how: sense" },
        { "- {name: medium.power-cut, lose: some}\n", "plan.yaml:1:34", "" },
        { "- {name: medium.power-cut, lose: -1}\n", "plan.yaml:1:34", "" },
        { "- {name: queue.reorder, window: 1}\n", "plan.yaml:1:33", "" },
        { "- {name: queue.reorder, policy: best}\n", "plan.yaml:1:33", "" },
        { "- {name: queue.reorder, across-sync: yes}\n", "plan.yaml:1:38", "" },
    };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FaultPlan) plan = parse(rows[i].text, &error);

        ck_assert_msg(!plan, "%s", rows[i].text);
        ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
        ck_assert_msg(g_str_has_prefix(error->message, rows[i].place), "%s", error->message);
        ck_assert_msg(strstr(error->message, rows[i].what) != NULL, "%s", error->message);
    }
}
END_TEST

/* One command after the other, each `r` or `w`; x: the task event sets the rule off. */
static char *run_commands(FaultPlan *plan, const char *commands)
{
    GString *fired = g_string_new(NULL);
    FaultEvent event = { .hook = FAULT_HOOK_TASK };
    unsigned cursor;

    for (; *commands; commands++) {
        uint8_t opcode = *commands == 'w' ? 0x0a : 0x08;

        cursor = 0;
        fault_plan_command(plan, 1, &opcode, 1);
        g_string_append_c(fired, fault_plan_next(plan, &event, &cursor) ? 'x' : '.');
    }
    return g_string_free(fired, FALSE);
}

START_TEST(triggers_hold_when_they_say)
{
    static const struct {
        const char *rule, *commands, *fired;
    } rows[] = {
        { "{name: drive.busy}", "rw", "x." },
        { "{name: drive.busy, on: \"WRITE(6)#3\", count: 2}", "rwrwrwrwrwrw", ".....x.x...." },
        { "{name: drive.busy, on: WRITE(6), count: inf}", "wrrw", "x..x" },
        { "{name: drive.busy, on: \"cmd#3\", count: inf}", "wrrw", "..xx" },
        { "{name: drive.busy, on: WRITE(6), count: inf, every: 3}", "wwrwwwwr", "x...x..." },
        { "{name: drive.busy, on: \"WRITE(6)#2\", count: 2, every: 2}", "wwwwwwww", ".x.x...." },
        { "{name: drive.busy, on: [WRITE(6), 08h], count: 3, every: 2}", "rwrrwrw", "x.x.x.." },
        { "{name: drive.busy, on: [WRITE(6)], count: 2}", "rwrrwrw", ".x..x.." },
        { "[{name: drive.busy, on: WRITE(6), set-state: hot},"
          " {name: drive.hang, on: READ(6), if-state: hot, count: inf}]",
          "rwrr", ".xxx" },
        { "[{name: drive.busy, on: \"WRITE(6)#2\"},"
          " {name: drive.hang, on: READ(6), after: drive.busy, count: inf}]",
          "rwrwr", "...xx" },
    };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FaultPlan) plan = parse(rows[i].rule, &error);
        g_autofree char *fired = NULL;

        g_assert_no_error(error);
        fired = run_commands(plan, rows[i].commands);
        ck_assert_msg(g_str_equal(fired, rows[i].fired), "%s: %s", rows[i].rule, fired);
    }
}
END_TEST

START_TEST(draws_repeat_from_the_seed)
{
    const char *rule = "{name: drive.busy, prob: 0.3, count: inf}";
    g_autofree char *commands = g_strnfill(200, 'w');
    g_autoptr(FaultPlan) first = parse(rule, NULL), again = parse(rule, NULL);
    g_autoptr(FaultPlan) other = fault_plan_new(43);
    g_autofree char *a = NULL, *b = NULL, *c = NULL;

    ck_assert(fault_plan_add(other, "plan.yaml", rule, strlen(rule), NULL));
    a = run_commands(first, commands);
    b = run_commands(again, commands);
    c = run_commands(other, commands);
    ck_assert_str_eq(a, b);
    ck_assert_str_ne(a, c);
    ck_assert_uint_ge(rule_of(first, 0)->fired, 30);
    ck_assert_uint_le(rule_of(first, 0)->fired, 90);
}
END_TEST

START_TEST(position_and_time_are_conditions)
{
    g_autoptr(FaultPlan) plan =
        parse("{name: drive.busy, record: 5..6, file: 1, bytes: 512, time: 3s, count: inf}", NULL);
    g_autoptr(Clock) clock = virtual_clock_new();
    MediumPosition position = { .object = 4, .files = 1, .used = 600 };
    FaultEvent event = { .hook = FAULT_HOOK_TASK, .position = &position };
    uint8_t opcode = 0x0a;
    unsigned cursor;

#define FIRES() (cursor = 0, fault_plan_next(plan, &event, &cursor) != NULL)
    fault_plan_start(plan, clock, NULL, NULL, NULL, NULL);
    fault_plan_command(plan, 1, &opcode, 1);
    position.object = 5;
    ck_assert(!FIRES());
    virtual_clock_advance(clock, 3 * G_USEC_PER_SEC);
    ck_assert(FIRES());
    position.object = 7;
    ck_assert(!FIRES());
    position.object = 6;
    ck_assert(FIRES());
    position.files = 2;
    ck_assert(!FIRES());
    position.files = 1;
    position.used = 511;
    ck_assert(!FIRES());
    position.used = 512;
    ck_assert(FIRES());
    fault_plan_stop(plan);
#undef FIRES
}
END_TEST

START_TEST(rules_come_and_go)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan =
        parse("[{name: drive.busy}, {name: drive.hang, after: drive.busy}]", &error);
    g_autofree char *fired = NULL;

    g_assert_no_error(error);
    ck_assert(!fault_plan_remove(plan, 3, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "no rule 3"));
    g_clear_error(&error);
    ck_assert(!fault_plan_remove(plan, 1, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "rule 2 could never fire without rule 1"));
    g_clear_error(&error);
    fired = run_commands(plan, "w");
    ck_assert(fault_plan_remove(plan, 1, &error)); /* it has fired: nobody waits any more */
    ck_assert_uint_eq(plan->removed->len, 1);
    ck_assert_uint_eq(plan->rules->len, 1);
    /* All or none. */
    ck_assert(!fault_plan_add(plan, "more", "[{name: drive.busy}, {name: drive.sad}]", 39, NULL));
    ck_assert_uint_eq(plan->rules->len, 1);
    ck_assert(fault_plan_remove(plan, 0, &error));
    ck_assert_uint_eq(plan->rules->len, 0);
    ck_assert_uint_eq(fault_plan_seams(plan), 0);
}
END_TEST

/* A rule goes only if those that are left can all fire. */
START_TEST(no_rule_is_left_waiting)
{
    static const struct {
        const char *rules;
        unsigned remove, waits; /* 0: nobody does */
    } rows[] = {
        { "[{name: drive.busy, set-state: a}, {name: drive.hang, if-state: a}]", 1, 2 },
        { "[{name: drive.busy, set-state: a}, {name: drive.hang, if-state: a}]", 2, 0 },
        /* Another sets it too, or it sets what nobody waits for. */
        { "[{name: drive.busy, set-state: a}, {name: drive.hang, if-state: a},"
          " {name: drive.slow, for: 1s, set-state: a}]",
          1, 0 },
        { "[{name: drive.busy, set-state: b}, {name: drive.hang}]", 1, 0 },
        /* The other that sets it waits for it. */
        { "[{name: drive.busy, set-state: a}, {name: drive.hang, if-state: a, set-state: a}]", 1,
          2 },
        { "[{name: drive.busy, set-state: a}, {name: drive.slow, for: 1s, if-state: a,"
          " set-state: b}, {name: drive.hang, if-state: b}]",
          1, 2 },
        { "[{name: drive.busy, set-state: a}, {name: drive.slow, for: 1s, if-state: a,"
          " set-state: b}, {name: drive.hang, if-state: b}]",
          2, 3 },
        /* By way of one that fires after it. */
        { "[{name: drive.busy}, {name: drive.slow, for: 1s, after: drive.busy, set-state: b},"
          " {name: drive.hang, if-state: b}]",
          1, 2 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FaultPlan) plan = parse(rows[i].rules, &error);
        g_autofree char *refusal =
            g_strdup_printf("rule %u could never fire without rule %u: remove it first",
                            rows[i].waits, rows[i].remove);

        g_assert_no_error(error);
        ck_assert_msg(fault_plan_remove(plan, rows[i].remove, &error) == (rows[i].waits == 0),
                      "row %zu", i);
        if (error) {
            ck_assert_str_eq(error->message, refusal);
        }
    }
}
END_TEST

/* A state that is set stays so, whoever set it. */
START_TEST(a_state_outlives_its_rule)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan = parse(
        "[{name: drive.busy, set-state: a}, {name: drive.hang, if-state: a, on: READ(6)}]", &error);
    g_autofree char *fired = NULL, *later = NULL;

    g_assert_no_error(error);
    fired = run_commands(plan, "w");
    ck_assert(fault_plan_remove(plan, 1, &error));
    later = run_commands(plan, "r");
    ck_assert_uint_eq(rule_of(plan, 0)->fired, 1);
}
END_TEST

/* Neither a file nor a controller that adds and removes for days makes the plan grow for ever. */
START_TEST(rules_are_bounded)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan = parse("{name: drive.busy, id: first}", &error);
    g_autoptr(GString) many = g_string_new(NULL);
    static const char one[] = "{name: drive.busy}";
    static const char waits[] = "{name: drive.hang, after: first, count: inf}";
    g_autofree char *fired = run_commands(plan, "w");
    unsigned i;

    ck_assert(fault_plan_add(plan, "live", waits, strlen(waits), &error));
    ck_assert(fault_plan_remove(plan, 1, &error));
    for (i = 0; i < FAULT_RULES_MAX - 1; i++) {
        g_string_append_printf(many, "- %s\n", one);
    }
    ck_assert(fault_plan_add(plan, "live", many->str, many->len, &error));
    ck_assert_uint_eq(plan->rules->len, FAULT_RULES_MAX);
    ck_assert(!fault_plan_add(plan, "live", one, strlen(one), &error));
    ck_assert_str_eq(error->message, "live:1:1: there may be 1000 rules at once, and no more");
    for (i = 0; i < 2 * FAULT_RULES_MAX; i++) {
        ck_assert(fault_plan_remove(plan, plan->last_number, NULL));
        ck_assert(fault_plan_add(plan, "live", one, strlen(one), NULL));
    }
    ck_assert_uint_le(plan->removed->len, FAULT_RULES_MAX);
    ck_assert_uint_eq(rule_of(plan, 0)->number, 2);
    ck_assert_str_eq(rule_of(plan, 0)->after->id, "first"); /* still there, for it is waited for */
    g_string_append_printf(many, "- %s\n- %s\n", one, one);
    fault_plan_remove(plan, 0, NULL);
    g_clear_error(&error);
    ck_assert(!fault_plan_add(plan, "f", many->str, many->len, &error));
    ck_assert_str_eq(error->message, "f:1001:3: there may be 1000 rules at once, and no more");
}
END_TEST

/* However short its time is, a rule of the clock lets others have theirs. */
START_TEST(the_clock_sets_off_at_most_so_often)
{
    g_autoptr(Clock) clock = virtual_clock_new();
    g_autoptr(FaultPlan) plan =
        parse("{name: medium.write-protect-flip, time: 1us, count: inf}", NULL);

    fault_plan_start(plan, clock, NULL, NULL, NULL, NULL);
    virtual_clock_advance(clock, G_USEC_PER_SEC);
    ck_assert_uint_ge(rule_of(plan, 0)->fired, 100);
    ck_assert_uint_le(rule_of(plan, 0)->fired, 1000);
    fault_plan_stop(plan);
}
END_TEST

/* A target that notes what reaches it and ends nothing. */
typedef struct Below {
    ScsiTarget base;
    GString *log;
} Below;

static void below_submit(ScsiTarget *target, ScsiTask *task)
{
    g_string_append(((Below *)target)->log, "submit ");
}

static void below_data_out(ScsiTarget *target, ScsiTask *task)
{
    g_string_append(((Below *)target)->log, "data ");
}

static void below_abort(ScsiTarget *target, ScsiTask *task)
{
    g_string_append(((Below *)target)->log, "abort ");
}

static void below_reset(ScsiTarget *target, ScsiReset kind)
{
    g_string_append(((Below *)target)->log, "reset ");
}

static unsigned below_luns(ScsiTarget *target)
{
    return 3;
}

static const ScsiTargetOps below_ops = { below_submit, below_data_out, below_abort, below_reset,
                                         below_luns };

typedef struct Stage {
    Below below;
    Clock *clock;
    FaultPlan *plan;
    AtTask *at;
    FaultInterposers in_place;
    ScsiTask task;
    Trace trace;
} Stage;

static unsigned n_done;
static unsigned n_traced;

static void on_done(ScsiTask *task)
{
    n_done++;
}

static bool on_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    return true;
}

static void on_trace(Trace *trace, TracePoint point, const char *message)
{
    ck_assert_int_eq(point, TRACE_FAULT_FIRED);
    ck_assert_ptr_nonnull(strstr(message, "plan.yaml:1"));
    ck_assert_ptr_nonnull(strstr(message, "seed=42"));
    n_traced++;
}

static ScsiTarget *stage_set(Stage *stage, const char *text)
{
    static const ScsiTaskOps ops = { on_data_phase, on_done };
    g_autoptr(GError) error = NULL;

    *stage = (Stage){ .below = { { &below_ops }, g_string_new(NULL) }, .trace = { on_trace } };
    stage->clock = virtual_clock_new();
    stage->plan = parse(text, &error);
    g_assert_no_error(error);
    fault_plan_start(stage->plan, stage->clock, &stage->trace, &stage->in_place, NULL, NULL);
    stage->at = at_task_new(&stage->below.base, stage->plan);
    stage->in_place.at_task = stage->at;
    stage->task = (ScsiTask){ .ops = &ops, .cdb = { 0x0a }, .cdb_length = 6, .status = SCSI_GOOD };
    n_done = n_traced = 0;
    return at_task_target(stage->at);
}

static void stage_clear(Stage *stage)
{
    at_task_free(stage->at);
    fault_plan_free(stage->plan);
    clock_free(stage->clock);
    g_string_free(stage->below.log, TRUE);
}

START_TEST(hang_lasts_until_the_host_takes_the_task_back)
{
    Stage stage;
    ScsiTarget *target = stage_set(&stage, "- {name: drive.hang, on: \"WRITE(6)#1\"}\n");

    target->ops->submit(target, &stage.task);
    virtual_clock_advance(stage.clock, INT64_C(3600) * G_USEC_PER_SEC);
    ck_assert_str_eq(stage.below.log->str, "");
    target->ops->abort(target, &stage.task);
    ck_assert_str_eq(stage.below.log->str, ""); /* it never saw the task */
    target->ops->reset(target, SCSI_RESET_BUS);
    target->ops->submit(target, &stage.task);
    target->ops->data_out(target, &stage.task);
    target->ops->abort(target, &stage.task);
    ck_assert(at_task_idle(stage.at));
    ck_assert_str_eq(stage.below.log->str, "reset submit data abort ");
    ck_assert_uint_eq(target->ops->lun_count(target), 3);
    ck_assert_uint_eq(n_done, 0);
    ck_assert_uint_eq(n_traced, 1);
    stage_clear(&stage);
}
END_TEST

START_TEST(held_task_goes_on_when_its_time_is_over)
{
    Stage stage;
    ScsiTarget *target = stage_set(&stage, "- {name: drive.slow, on: any, for: 2s}\n");

    target->ops->submit(target, &stage.task);
    virtual_clock_advance(stage.clock, 2 * G_USEC_PER_SEC - 1);
    ck_assert_str_eq(stage.below.log->str, "");
    virtual_clock_advance(stage.clock, 1);
    ck_assert_str_eq(stage.below.log->str, "submit ");
    target->ops->abort(target, &stage.task);
    ck_assert_str_eq(stage.below.log->str, "submit abort ");
    stage_clear(&stage);
}
END_TEST

START_TEST(timer_of_an_aborted_task_does_not_fire)
{
    Stage stage;
    ScsiTarget *target = stage_set(&stage, "- {name: drive.hang, for: 2s}\n");

    target->ops->submit(target, &stage.task);
    target->ops->abort(target, &stage.task);
    virtual_clock_advance(stage.clock, 10 * G_USEC_PER_SEC);
    ck_assert_str_eq(stage.below.log->str, "");
    stage_clear(&stage);
}
END_TEST

START_TEST(busy_ends_the_task_without_effect)
{
    Stage stage;
    ScsiTarget *target = stage_set(&stage, "- {name: drive.busy, on: 0Ah, count: 2}\n");

    target->ops->submit(target, &stage.task);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_int_eq(stage.task.status, SCSI_BUSY);
    target->ops->submit(target, &stage.task);
    ck_assert_str_eq(stage.below.log->str, "");
    target->ops->submit(target, &stage.task);
    ck_assert_str_eq(stage.below.log->str, "submit ");
    ck_assert_uint_eq(n_done, 2);
    target->ops->abort(target, &stage.task);
    stage_clear(&stage);
}
END_TEST

TCase *make_fault_tcase(void)
{
    TCase *tcase = tcase_create("fault");

    tcase_add_test(tcase, rules_are_read);
    tcase_add_test(tcase, kinds_are_declared_well);
    tcase_add_test(tcase, examples_are_good);
    tcase_add_test(tcase, fallbacks_are_good);
    tcase_add_test(tcase, bad_plans_name_the_place);
    tcase_add_test(tcase, triggers_hold_when_they_say);
    tcase_add_test(tcase, draws_repeat_from_the_seed);
    tcase_add_test(tcase, position_and_time_are_conditions);
    tcase_add_test(tcase, rules_come_and_go);
    tcase_add_test(tcase, no_rule_is_left_waiting);
    tcase_add_test(tcase, a_state_outlives_its_rule);
    tcase_add_test(tcase, rules_are_bounded);
    tcase_add_test(tcase, the_clock_sets_off_at_most_so_often);
    tcase_add_test(tcase, hang_lasts_until_the_host_takes_the_task_back);
    tcase_add_test(tcase, held_task_goes_on_when_its_time_is_over);
    tcase_add_test(tcase, timer_of_an_aborted_task_does_not_fire);
    tcase_add_test(tcase, busy_ends_the_task_without_effect);
    return tcase;
}
