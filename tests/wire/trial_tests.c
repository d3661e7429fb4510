/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated Windows hosts, right and wrong, on the whole drive: what a seed gives. */
#include <string.h>

#include "emu/program/sim-drive.h"
#include "scenarios/subjects/sim/trial.h"
#include "tests/support/suite.h"

#define SEEDS 6

TCase *make_trial_tcase(void);

static TrialConfig config_of(const HostModel *model, TrialTask task, unsigned triggers,
                             uint64_t seed)
{
    return (TrialConfig){ .task = task,
                          .model = model,
                          .triggers = triggers,
                          .seed = seed,
                          .outstanding = 8,
                          .blocks = 16,
                          .gather = 1 };
}

static TrialEnd run(const TrialConfig *config, TrialResult *result)
{
    g_autoptr(GError) error = NULL;

    ck_assert_msg(trial_run(config, sim_drive_ops(), result, &error), "%s",
                  error ? error->message : "");
    return result->end;
}

static unsigned all_triggers(void)
{
    return HOST_TRIGGERS;
}

static unsigned count_models(void)
{
    unsigned n = 0;

    while (host_models()[n].name) {
        n++;
    }
    return n;
}

/* The right driver keeps each rule of the bus; a model breaks those alone that its fault is about.
 */
static void check_bus(const HostModel *model, const TrialResult *result)
{
    const char *rule = g_str_equal(model->name, "F4-overlap") ? "cbw-before-csw: "
                       : g_str_equal(model->name, "F6")       ? "sense-missing: "
                                                              : NULL;
    guint i;

    for (i = 0; i < result->bus->len; i++) {
        const char *text = result->bus->pdata[i];

        ck_assert_msg(rule && g_str_has_prefix(text, rule), "%s: %s", model->name, text);
    }
}

/* What the right driver makes of each model's cases, and the model itself. */
START_TEST(models_fail_and_the_right_one_does_not)
{
    const HostModel *model = &host_models()[_i];
    unsigned triggers = model->triggers ? model->triggers : all_triggers();
    unsigned wrong = 0, task;
    uint64_t seed;

    for (task = 0; task < TRIAL_N_TASKS; task++) {
        for (seed = 1; seed <= SEEDS; seed++) {
            TrialConfig config = config_of(model, task, triggers, seed);
            TrialResult result;
            TrialEnd end = run(&config, &result);

            ck_assert_msg(end != TRIAL_INCONCLUSIVE, "%s: the trigger did not come: %s",
                          model->name, result.rules);
            wrong += end != TRIAL_CLEAN;
            check_bus(model, &result);
            trial_result_clear(&result);
            config.model = host_models();
            end = run(&config, &result);
            ck_assert_msg(end == TRIAL_CLEAN, "%s, %s, seed %u: %s: %s: %s", model->name,
                          trial_task_names()[task], (unsigned)seed, trial_end_name(end),
                          result.rules, result.detail);
            check_bus(host_models(), &result);
            trial_result_clear(&result);
        }
    }
    ck_assert_msg(model == host_models() ? wrong == 0 : wrong > 0, "%s: %u of %d cases went wrong",
                  model->name, wrong, TRIAL_N_TASKS * SEEDS);
}
END_TEST

/* Buffers of 128 KiB, which the class driver splits in two. */
START_TEST(split_buffers_reach_the_tape_as_well)
{
    const unsigned triggers[] = { HOST_TRIGGER_STALE_KEYS,     HOST_TRIGGER_EARLY_WARNING,
                                  HOST_TRIGGER_UNIT_ATTENTION, HOST_TRIGGER_BUSY,
                                  HOST_TRIGGER_STALL,          HOST_TRIGGER_QUEUED_MARK,
                                  HOST_TRIGGER_STALL_CBW,      HOST_TRIGGER_NAK_FOREVER,
                                  HOST_TRIGGER_CSW_LOST };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(triggers); i++) {
        TrialConfig config = config_of(host_models(), TRIAL_BACKUP_VERIFY, triggers[i], 3);
        TrialResult result;

        config.gather = 8;
        config.blocks = 64;
        ck_assert_msg(run(&config, &result) == TRIAL_CLEAN, "%s: %s: %s",
                      trial_end_name(result.end), result.rules, result.detail);
        trial_result_clear(&result);
    }
}
END_TEST

START_TEST(overlapped_commands_are_on_the_wire)
{
    TrialConfig config = config_of(host_model_by_name("F4-overlap", NULL), TRIAL_BACKUP,
                                   HOST_TRIGGER_UNIT_ATTENTION, 1);
    TrialResult result;

    run(&config, &result);
    ck_assert_uint_gt(result.overlaps, 0);
    ck_assert_uint_eq(result.bus->len, result.overlaps);
    trial_result_clear(&result);
    config.model = host_models();
    run(&config, &result);
    ck_assert_uint_eq(result.overlaps, 0);
    ck_assert_uint_eq(result.bus->len, 0);
    trial_result_clear(&result);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_case)
{
    TrialConfig config =
        config_of(host_model_by_name("F4-lifo", NULL), TRIAL_BACKUP_VERIFY, all_triggers(), 5);
    TrialResult first, second;

    config.keep_story = true;
    run(&config, &first);
    run(&config, &second);
    ck_assert_int_eq(first.end, second.end);
    ck_assert_str_eq(first.detail, second.detail);
    ck_assert_int_eq(first.duration, second.duration);
    ck_assert_uint_eq(first.events->len, second.events->len);
    ck_assert_int_eq(
        memcmp(first.events->data, second.events->data, first.events->len * sizeof(TrialEvent)), 0);
    ck_assert_uint_gt(first.order->len, 16);
    trial_result_clear(&first);
    trial_result_clear(&second);
}
END_TEST

TCase *make_trial_tcase(void)
{
    TCase *tcase = tcase_create("trial");

    tcase_add_loop_test(tcase, models_fail_and_the_right_one_does_not, 0, (int)count_models());
    tcase_add_test(tcase, split_buffers_reach_the_tape_as_well);
    tcase_add_test(tcase, overlapped_commands_are_on_the_wire);
    tcase_add_test(tcase, the_same_seed_gives_the_same_case);
    return tcase;
}
