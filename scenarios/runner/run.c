/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape run` and `usbtape selfcheck`: from a command line to KTAP and an exit status. */
#include "emu/base/error.h"
#include "emu/base/text.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/run-directory.h"
#include "scenarios/runner/run-guests.h"
#include "scenarios/runner/run-workers.h"
#include "scenarios/runner/runner.h"
#include "scenarios/runner/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

static int skip_all(Run *run, const char *why)
{
    guint i;

    for (i = 0; i < run->cases->len; i++) {
        const CaseRecord *record = run->summary->records->pdata[i];

        printf("ok %u %s # SKIP %s\n", i + 1, record->name, why);
    }
    run_summary_explain(run->summary, RECORD_SKIPPED, why);
    printf("# 0 passed, 0 failed, %u skipped\n", run->cases->len);
    return EXIT_ALL_SKIPPED;
}

/* Under selfcheck: lists the scenarios that no bad driver turned red. One that names no bad driver
 * is a failure. If all bad drivers of one were skipped, so is the whole run, unless an option
 * narrowed it. */
static void print_proofs(Run *run)
{
    const PlanOptions *plan = &run->options->plan;
    bool whole = !plan->only && !plan->shard && !plan->guest && !plan->seeds;
    g_autoptr(GHashTable) proven = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) unproven = g_hash_table_new(g_str_hash, g_str_equal);
    guint i;

    for (i = 0; i < run->summary->records->len; i++) {
        const CaseRecord *record = run->summary->records->pdata[i];

        if (record->scenario->bad && record->line.passed) {
            g_hash_table_add(proven, record->scenario->path);
        }
    }
    for (i = 0; i < run->summary->records->len; i++) {
        const Scenario *scenario = ((CaseRecord *)run->summary->records->pdata[i])->scenario;
        bool named = scenario->bad || scenario->has_bad;

        if (!g_hash_table_contains(proven, scenario->path) &&
            g_hash_table_add(unproven, scenario->path)) {
            g_autofree char *path = text_line(scenario->path);

            printf("# never seen red%s: %s\n", named ? "" : ", for it names no bad driver", path);
            run->failed += !named;
            run->unseen += named && whole;
        }
    }
    printf("# %u scenarios can turn red, %u were not seen to\n", g_hash_table_size(proven),
           g_hash_table_size(unproven));
}

static void print_table(const Run *run)
{
    const char *note = run_summary_note(run->summary->records);
    size_t i;

    for (i = 0; i < N_SUBJECTS; i++) {
        const SubjectResult *own = subjects()[i]->result;
        g_autofree char *table = own ? own->as_text(run->summary) : NULL;

        fputs(table ? table : "", stdout);
    }
    if (note) {
        printf("# %s\n", note);
    }
}

static int exit_status(Run *run)
{
    if (interrupted()) {
        run_summary_explain(run->summary, RECORD_NOT_RUN, "the run was interrupted");
        fprintf(stderr, "usbtape: interrupted\n");
        return EXIT_WORK_FAILED;
    }
    if (run->options->plan.selfcheck) {
        print_proofs(run);
    }
    print_table(run);
    printf("# %u passed, %u failed, %u skipped\n", run->passed, run->failed, run->skipped);
    if (run->failed == 0) {
        return run->passed == 0 || run->unseen > 0 ? EXIT_ALL_SKIPPED : EXIT_GOOD;
    }
    return run->failed == run->hung ? EXIT_TIMED_OUT : EXIT_WORK_FAILED;
}

static int run_all(Run *run)
{
    g_autofree char *results = g_build_filename(run->options->out, RUN_RESULTS_NAME, NULL);
    g_autoptr(GError) error = NULL;
    const char *why;
    bool good;

    if (run->cases->len == 0) {
        printf("KTAP version 1\n1..0 # SKIP no case is left by the options\n");
        return EXIT_ALL_SKIPPED;
    }
    printf("KTAP version 1\n1..%u\n", run->cases->len);
    why = run_common_hindrance(run);
    if (why) {
        return skip_all(run, why);
    }
    if (!run_directory_lock(run->out, run->options->out, &error)) {
        return usbtape_fail(error);
    }
    fflush(stdout);
    interrupts_catch();
    if (!run_prepare_guests(run, &error)) {
        progress_clear(run->progress);
        return usbtape_fail(error);
    }
    run->results = run_directory_open_results(run->out);
    if (!run->results) {
        run_fail(&error, results, errno);
        return usbtape_fail(error);
    }
    good = run_cases(run, &error);
    bool unwritten = ferror(run->results) != 0;
    unwritten = fclose(run->results) != 0 || unwritten; /* closed in any case */
    if (unwritten && good) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: could not be written", results);
        good = false;
    }
    progress_clear(run->progress);
    return good ? exit_status(run) : usbtape_fail(error);
}

/* ---- the reports of the whole run ---- */

static bool write_reports(const Run *run, GError **error)
{
    const RunOptions *o = run->options;

    return (!o->junit || run_summary_write(run->summary, &report_junit, o->junit, error)) &&
           (!o->json || run_summary_write(run->summary, &report_json, o->json, error)) &&
           (!o->table || run_summary_write(run->summary, &report_table, o->table, error)) &&
           (!o->html || run_summary_write(run->summary, &report_html, o->html, error));
}

/*
 * Each report exists from the start and says that no case has run. So a name that cannot be written
 * is reported before the first case, and an old report cannot pass for this run's.
 */
static int run_and_report(Run *run)
{
    int64_t begun = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    int status;

    /* The reports may lie in --out, which need not exist yet. */
    if (g_mkdir_with_parents(run->options->out, 0777) != 0) {
        g_autofree char *what = g_strconcat("--out ", run->options->out, NULL);

        run_fail(&error, what, errno);
        return usbtape_fail(error);
    }
    run->out = open(run->options->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->out < 0) {
        run_fail(&error, run->options->out, errno);
        return usbtape_fail(error);
    }
    if (!run_directory_claim(run->out, run->options->out, &error) || !write_reports(run, &error)) {
        return usbtape_fail(error);
    }
    status = run_all(run);
    run->summary->duration = g_get_monotonic_time() - begun;
    if (!write_reports(run, &error)) {
        usbtape_fail(error);
        return status == EXIT_GOOD || status == EXIT_ALL_SKIPPED ? EXIT_WORK_FAILED : status;
    }
    return status;
}

/* Results that could not be printed, as on a full disk, are no success. */
static int check_output(int status)
{
    g_autoptr(GError) error = NULL;

    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EXIT_GOOD) {
        return status;
    }
    g_set_error_literal(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "standard output: not all of it could be written");
    return usbtape_fail(error);
}

static int minimise(const RunOptions *o, const GPtrArray *cases)
{
    const Scenario *scenario = cases->len > 0 ? cases->pdata[0] : NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (cases->len != 1 || !subject_of(scenario)->minimise) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "--minimise: name one case of the simulated host, with --case (this is %u)",
                    cases->len);
        return usbtape_fail(error);
    }
    text = subject_of(scenario)->minimise(scenario, o->plan.checks, &error);
    if (!text) {
        return usbtape_fail(error);
    }
    fputs(text, stdout);
    return EXIT_GOOD;
}

/* Under selfcheck a scenario that names no bad driver is not well-formed. */
static int check_plan(const GPtrArray *cases, bool selfcheck)
{
    g_autoptr(GHashTable) unnamed = g_hash_table_new(g_str_hash, g_str_equal);
    guint i;

    for (i = 0; selfcheck && i < cases->len; i++) {
        const Scenario *scenario = cases->pdata[i];

        if (!scenario->bad && !scenario->has_bad && g_hash_table_add(unnamed, scenario->path)) {
            g_autofree char *path = text_line(scenario->path);

            printf("%s: it names no bad driver\n", path);
        }
    }
    if (g_hash_table_size(unnamed) > 0) {
        return EXIT_WORK_FAILED;
    }
    printf("%u cases, all well-formed\n", cases->len);
    return EXIT_GOOD;
}

/* What `git bisect run` reads (git-bisect(1)): from 128 on it ends. */
enum {
    BISECT_GOOD = 0,
    BISECT_BAD = 1,
    BISECT_SKIP = 125,
    BISECT_END = 128,
};

/* A case that shows nothing of the driver: neither good nor bad. */
static bool shows_nothing(const CaseRecord *record)
{
    const char *verdict = record->line.verdict;

    return record->state != RECORD_RAN || !verdict || g_str_equal(verdict, "env-error") ||
           g_str_equal(verdict, "inconclusive");
}

static int bisect_status(const Run *run)
{
    guint bad = 0, nothing = 0, i;

    for (i = 0; i < run->summary->records->len; i++) {
        const CaseRecord *record = run->summary->records->pdata[i];

        if (shows_nothing(record)) {
            nothing += record->state != RECORD_SKIPPED;
        } else {
            bad += !record->line.passed;
        }
    }
    if (interrupted()) {
        return BISECT_END;
    }
    if (bad > 0) {
        printf("# bisect: bad, %u cases failed\n", bad);
        return BISECT_BAD;
    }
    if (nothing > 0 || run->passed == 0) {
        printf("# bisect: skip, %u cases show nothing of the driver\n", nothing);
        return BISECT_SKIP;
    }
    printf("# bisect: good, %u cases passed\n", run->passed);
    return BISECT_GOOD;
}

/* False: no driver can be brought to one of the cases. */
static bool use_driver(const GPtrArray *cases, const struct HostModel *driver, GError **error)
{
    guint i;

    for (i = 0; driver && i < cases->len; i++) {
        Scenario *scenario = cases->pdata[i];

        if (!subject_of(scenario)->use_driver) {
            return usbtape_input_error(error, "--driver: %s is no scenario of the guest " SIM_GUEST,
                                       scenario->path);
        }
        subject_of(scenario)->use_driver(scenario, driver);
    }
    return true;
}

static int run_plan(int argc, char **argv, const PlanOptions *plan)
{
    RunOptions options = { .plan = *plan };
    g_autoptr(GError) error = NULL;
    Run run = { .options = &options };
    int status;

    if (run_options_parse(argc, argv, &options, &error)) {
        run.cases = plan_cases(&options.plan, &error);
    }
    if (run.cases && !use_driver(run.cases, options.driver, &error)) {
        g_clear_pointer(&run.cases, g_ptr_array_unref);
    }
    if (!run.cases) {
        status = usbtape_fail(error);
        status = options.bisect ? BISECT_END : status;
    } else if (options.minimise) {
        status = minimise(&options, run.cases);
    } else if (options.check) {
        status = check_plan(run.cases, options.plan.selfcheck);
    } else {
        run.progress = progress_style(options.verbose);
        run_choose_jobs(&options, run.cases);
        run.guests =
            g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)(void (*)(void))guest_free);
        run.summary = run_summary_new(run.cases, options.out, "the run did not come to it");
        run.summary->guests = run.guests;
        status = run_and_report(&run);
        status = options.bisect ? bisect_status(&run) : status;
        run_summary_free(run.summary);
        g_hash_table_unref(run.guests);
    }
    g_clear_pointer(&run.cases, g_ptr_array_unref);
    run_options_clear(&options);
    return check_output(status);
}

int run_main(int argc, char **argv, const ScenarioChecks *checks)
{
    return run_plan(argc, argv, &(PlanOptions){ .checks = checks });
}

int selfcheck_main(int argc, char **argv, const ScenarioChecks *checks)
{
    return run_plan(argc, argv, &(PlanOptions){ .checks = checks, .selfcheck = true });
}
