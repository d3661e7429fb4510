/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/run-workers.h"

#include "emu/base/error.h"
#include "emu/base/text.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/run-directory.h"
#include "scenarios/runner/run-guests.h"
#include "scenarios/runner/subject.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker is a process: a case that ends it badly ends no other case. */
struct Worker {
    pid_t pid; /* 0: free */
    CaseRecord *record;
    bool again; /* the second try of its case */
};

static int work(Run *run, const Scenario *scenario, const char *directory)
{
    const Guest *guest = g_hash_table_lookup(run->guests, scenario->guest);
    const CaseOptions options =
        run_case_options(run, run->options->jobs > 1 ? PROGRESS_QUIET : run->progress);
    g_autoptr(GError) error = NULL;
    CaseResult result;
    bool good;

    if (!report_case(scenario, guest, directory, &error) ||
        !subject_of(scenario)->run(scenario, guest, directory, &options, &result, &error)) {
        return usbtape_fail(error);
    }
    good = report_verdict(scenario, guest, &result, directory, &error);
    subject_result_clear(subject_of(scenario), &result);
    return good ? EXIT_GOOD : usbtape_fail(error);
}

static bool start_worker(Run *run, Worker *worker, CaseRecord *record, GError **error)
{
    pid_t parent = getpid();

    worker->record = record;
    if (!run_directory_make_case(record->directory, error)) {
        return false;
    }
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid == 0) {
        setpgid(0, 0); /* ^C reaches the parent alone, which then stops its workers */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        /* Not _exit(): leaks are looked for in exit(). */
        exit(getppid() != parent ? 1 : work(run, record->scenario, record->directory));
    }
    if (worker->pid < 0) {
        worker->pid = 0; /* kill(-1) would reach every process */
        return run_fail(error, "fork", errno);
    }
    return true;
}

/* The case in about twenty lines, on a terminal or if they were asked for. */
static void print_story(const Run *run, const CaseRecord *record)
{
    g_autofree char *story = report_story(record->directory);
    g_auto(GStrv) lines = story ? g_strsplit(g_strchomp(story), "\n", -1) : NULL;
    char **line;

    if (!run->options->verbose && !isatty(STDOUT_FILENO)) {
        return;
    }
    for (line = lines; line && *line; line++) {
        g_autofree char *shown = markup_line(*line);

        printf("# %s\n", shown);
    }
}

static void print_result(Run *run, const CaseRecord *record)
{
    const ReportLine *line = &record->line;
    g_autofree char *expected = subject_expected(record->scenario);
    g_autofree char *outcome =
        report_outcome(line->verdict ? line->verdict : "no verdict", line->passed, expected);

    progress_clear(run->progress);
    run->done++;
    run->passed += line->passed;
    run->failed += !line->passed;
    run->hung += !line->passed && g_strcmp0(line->verdict, "hang") == 0;
    printf("%s %u %s (%s, %.1f s)\n", line->passed ? "ok" : "not ok", run->done, record->name,
           outcome, line->seconds);
    if (line->reason) {
        g_autofree char *reason = markup_line(line->reason); /* it may quote a guest */

        printf("# %s\n", reason);
    }
    if (!line->passed) {
        g_autofree char *directory = text_line(record->directory);

        print_story(run, record);
        printf("# see %s\n", directory);
    }
    fflush(stdout);
    if (line->text && run->results) {
        fputs(line->text, run->results);
        fflush(run->results);
    }
}

/* A case that this computer could not run is tried once more. It never counts as passed. */
static bool try_again(Run *run, Worker *worker, const ReportLine *line)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reason = NULL;

    if (worker->again || interrupted() || g_strcmp0(line->verdict, "env-error") != 0) {
        return false;
    }
    worker->again = true;
    reason = markup_line(line->reason ? line->reason : "?");
    printf("# %s: %s: once more\n", worker->record->name, reason);
    return start_worker(run, worker, worker->record, &error);
}

static void end_worker(Run *run, Worker *worker, int status)
{
    ReportLine line;

    worker->pid = 0;
    if (!report_read(worker->record->scenario, worker->record->directory, &line)) {
        line.reason = g_strdup_printf("its worker ended with wait status %d", status);
    } else if (status != 0 && line.passed) { /* as when a sanitizer reports at its end */
        line.passed = false;
        g_free(line.reason);
        line.reason =
            g_strdup_printf("its worker ended with wait status %d after its verdict", status);
    }
    if (interrupted() || try_again(run, worker, &line)) {
        report_line_clear(&line);
        return;
    }
    worker->record->state = RECORD_RAN;
    worker->record->line = line;
    worker->again = false;
    print_result(run, worker->record);
}

static Worker *worker_of(Run *run, pid_t pid)
{
    int i;

    for (i = 0; i < run->options->jobs; i++) {
        if (run->workers[i].pid == pid) {
            return &run->workers[i];
        }
    }
    return NULL;
}

static void stop_workers(Run *run)
{
    int i;

    for (i = 0; i < run->options->jobs; i++) {
        if (run->workers[i].pid) {
            kill(run->workers[i].pid, SIGTERM);
        }
    }
}

/* The next case that can run. Prints those before it as skipped. NULL: there are no more. */
static CaseRecord *next_case(Run *run)
{
    while (run->next < run->cases->len) {
        CaseRecord *record = run->summary->records->pdata[run->next++];
        const char *why = run_hindrance(run, record->scenario);

        if (!why) {
            return record;
        }
        run->done++;
        run->skipped++;
        run_summary_skip(record, why);
        printf("ok %u %s # SKIP %s\n", run->done, record->name, why);
    }
    return NULL;
}

static bool run_workers(Run *run, GError **error)
{
    CaseRecord *record;
    bool stopped = false;
    Worker *worker;
    int status;
    pid_t pid;

    for (;;) {
        while (!interrupted() && (worker = worker_of(run, 0)) && (record = next_case(run))) {
            if (!start_worker(run, worker, record, error)) {
                worker->pid = 0;
                stop_workers(run);
                while (wait(NULL) > 0) {
                }
                return false;
            }
            if (run->options->jobs > 1) {
                progress_note(run->progress, "%u of %u cases", run->done, run->cases->len);
            }
        }
        if (interrupted() && !stopped) {
            stop_workers(run);
            stopped = true;
        }
        pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == ECHILD) {
            break;
        }
        worker = pid > 0 ? worker_of(run, pid) : NULL;
        if (worker) {
            end_worker(run, worker, status);
        }
    }
    return true;
}

bool run_cases(Run *run, GError **error)
{
    bool good;

    run->workers = g_new0(Worker, (gsize)run->options->jobs);
    good = run_workers(run, error);
    g_clear_pointer(&run->workers, g_free);
    return good;
}
