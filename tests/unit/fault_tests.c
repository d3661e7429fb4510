/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "emu/base/error.h"
#include "emu/fault/at-task.h"
#include "tests/support/suite.h"

TCase *make_fault_tcase(void);

static FaultPlan *parse(const char *text, GError **error)
{
    return fault_plan_parse("plan.yaml", text, strlen(text), 42, error);
}

START_TEST(rules_are_read)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan = parse("# comment\n"
                                      "- {name: drive.hang, on: \"WRITE(6)#5\", for: 250ms}\n"
                                      "- {name: drive.busy, count: inf}\n"
                                      "- {name: drive.slow, on: 0Ah, for: 3s, count: 7}\n",
                                      &error);

    g_assert_no_error(error);
    ck_assert_uint_eq(plan->n_rules, 3);
    ck_assert_uint_eq(plan->seed, 42);
    ck_assert_str_eq(plan->rules[0].kind->name, "drive.hang");
    ck_assert_int_eq(plan->rules[0].opcode, 0x0a);
    ck_assert_uint_eq(plan->rules[0].nth, 5);
    ck_assert_uint_eq(plan->rules[0].count, 1);
    ck_assert_int_eq(plan->rules[0].duration, 250000);
    ck_assert_uint_eq(plan->rules[0].line, 2);
    ck_assert_int_eq(plan->rules[1].opcode, -1);
    ck_assert_uint_eq(plan->rules[1].count, FAULT_COUNT_INFINITE);
    ck_assert_int_eq(plan->rules[1].duration, FAULT_FOR_EVER);
    ck_assert_int_eq(plan->rules[2].opcode, 0x0a);
    ck_assert_uint_eq(plan->rules[2].count, 7);
    ck_assert(fault_plan_needs(plan, FAULT_SEAM_TASK));
}
END_TEST

START_TEST(bad_plans_name_the_place)
{
    static const struct {
        const char *text, *place, *what;
    } rows[] = {
        { "", "plan.yaml:1:1", "" },
        { "name: drive.hang\n", "plan.yaml:1:1", "" },
        { "- drive.hang\n", "plan.yaml:1:3", "" },
        { "- {on: any}\n", "plan.yaml:1:3", "name" },
        { "- {name: drive.explode}\n", "plan.yaml:1:10", "drive.busy, drive.hang, drive.slow" },
        { "- {name: drive.hang, often: 3}\n", "plan.yaml:1:22", "often" },
        { "- {name: drive.hang, on: WROTE}\n", "plan.yaml:1:26", "not a command" },
        { "- {name: drive.hang, on: \"READ(6)#0\"}\n", "plan.yaml:1:26", "from 1" },
        { "- {name: drive.hang, on: \"READ(6)#\"}\n", "plan.yaml:1:26", "from 1" },
        { "- {name: drive.hang, on: \"\"}\n", "plan.yaml:1:26", "not a command" },
        { "- name: drive.hang\n  count: 0\n", "plan.yaml:2:10", "" },
        { "- name: drive.busy\n  for: 3s\n", "plan.yaml:2:8", "no parameter 'for'" },
        { "- name: drive.slow\n", "plan.yaml:1:3", "needs 'for'" },
        { "- {name: drive.slow, for: 3}\n", "plan.yaml:1:27", "duration" },
    };
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(parse(rows[_i].text, &error));
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_msg(g_str_has_prefix(error->message, rows[_i].place), "%s", error->message);
    ck_assert_msg(strstr(error->message, rows[_i].what) != NULL, "%s", error->message);
}
END_TEST

START_TEST(rule_fires_from_its_occurrence_on_as_often_as_it_says)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FaultPlan) plan =
        parse("- {name: drive.busy, on: \"WRITE(6)#3\", count: 2}\n", &error);
    g_autoptr(GString) fired = g_string_new(NULL);
    int i;

    g_assert_no_error(error);
    for (i = 0; i < 6; i++) {
        ck_assert_ptr_null(fault_plan_command(plan, 0x08));
        g_string_append_c(fired, fault_plan_command(plan, 0x0a) ? 'x' : '.');
    }
    ck_assert_str_eq(fired->str, "..xx..");
    ck_assert_uint_eq(plan->rules[0].seen, 6);
    ck_assert_uint_eq(plan->rules[0].fired, 2);
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
    ck_assert_ptr_nonnull(strstr(message, "seed 42"));
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
    stage->at = at_task_new(&stage->below.base, stage->plan, stage->clock, &stage->trace);
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
    stage_clear(&stage);
}
END_TEST

TCase *make_fault_tcase(void)
{
    TCase *tcase = tcase_create("fault");

    tcase_add_test(tcase, rules_are_read);
    tcase_add_loop_test(tcase, bad_plans_name_the_place, 0, 14);
    tcase_add_test(tcase, rule_fires_from_its_occurrence_on_as_often_as_it_says);
    tcase_add_test(tcase, hang_lasts_until_the_host_takes_the_task_back);
    tcase_add_test(tcase, held_task_goes_on_when_its_time_is_over);
    tcase_add_test(tcase, timer_of_an_aborted_task_does_not_fire);
    tcase_add_test(tcase, busy_ends_the_task_without_effect);
    return tcase;
}
