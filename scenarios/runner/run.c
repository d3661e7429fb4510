/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape run`: from a command line to KTAP and an exit status. */
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/text.h"
#include "emu/base/units.h"
#include "scenarios/runner/commands.h"
#include "scenarios/runner/language/plan.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/report.h"
#include "scenarios/runner/report/summary.h"
#include "scenarios/runner/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What `serve --pcap-snap` takes at least. */
#define PCAP_SNAP_MIN 256

#define JOBS_MAX 256

#define RESULTS_NAME "results.jsonl"

typedef struct Options {
    PlanOptions plan;
    char *out;
    char *junit, *html; /* NULL: none */
    char *job_count;    /* NULL: not given */
    int jobs;
    char *json, *table; /* the same */
    gboolean cold, pcap, check, verbose, minimise;
    char *attach;
    GuestAttachment attachment;
    char *pcap_snap; /* NULL: captures are whole */
} Options;

/* A worker is a process of its own: a case that takes its runner down takes nothing else. */
typedef struct Worker {
    pid_t pid; /* 0: free */
    CaseRecord *record;
    bool again; /* its second try */
} Worker;

typedef struct Run {
    const Options *options;
    GPtrArray *cases;
    RunSummary *summary; /* of the same cases, in the same order */
    GHashTable *guests;  /* GuestKind → Guest */
    Worker *workers;
    ProgressStyle progress;
    int out; /* the directory of results, held open: it holds the lock */
    FILE *results;
    guint next, done, passed, failed, hung, skipped;
    guint unseen; /* scenarios of selfcheck whose bad drivers were all skipped */
} Run;

static bool fail(GError **error, const char *path, int number)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: %s", path, g_strerror(number));
    return false;
}

/* ---- directories ---- */

static void remove_tree(const char *path)
{
    GStatBuf status;

    if (g_lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *entry = g_build_filename(path, name, NULL);

            remove_tree(entry);
        }
        if (dir) {
            g_dir_close(dir);
        }
    }
    g_remove(path);
}

/*
 * A file of this name and text says that `usbtape run` made the directory that holds it. Nothing in
 * a directory without it is replaced or removed: a name alone, such as case.json, says nothing.
 */
#define MARK_NAME ".usbtape-run"
#define MARK_TEXT "made by usbtape run"

typedef enum Mark {
    MARK_NONE,
    MARK_OURS,
    MARK_FOREIGN, /* something of that name that says something else */
} Mark;

static Mark read_mark(int dir)
{
    int fd = openat(dir, MARK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[sizeof MARK_TEXT];
    struct stat status;
    bool ours;

    if (fd < 0) {
        return errno == ENOENT ? MARK_NONE : MARK_FOREIGN;
    }
    ours = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
           read(fd, text, sizeof MARK_TEXT - 1) == sizeof MARK_TEXT - 1 &&
           memcmp(text, MARK_TEXT, sizeof MARK_TEXT - 1) == 0;
    close(fd);
    return ours ? MARK_OURS : MARK_FOREIGN;
}

static bool write_mark(int dir, const char *path, GError **error)
{
    static const char text[] = MARK_TEXT ", version " USBTAPE_VERSION "\n";
    int fd = openat(dir, MARK_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool good;
    int number;

    if (fd < 0) {
        return fail(error, path, errno);
    }
    good = write(fd, text, sizeof text - 1) == sizeof text - 1;
    number = errno;
    close(fd);
    return good || fail(error, path, number);
}

static bool refuse_foreign(const char *path, const char *what, GError **error)
{
    return usbtape_input_error(error,
                               "%s: %s was not made by `usbtape run`: move it away, or give "
                               "another directory with --out",
                               path, what);
}

/* An earlier run of the same case makes way; anything else that is there does not. */
static bool make_case_directory(const char *path, GError **error)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool good;

    if (dir >= 0) {
        good = read_mark(dir) == MARK_OURS;
        close(dir);
        if (!good) {
            return refuse_foreign(path, "it", error);
        }
        remove_tree(path);
    } else if (errno != ENOENT) {
        return errno == ELOOP || errno == ENOTDIR ? refuse_foreign(path, "it", error)
                                                  : fail(error, path, errno);
    }
    if (g_mkdir(path, 0777) != 0) {
        return fail(error, path, errno);
    }
    dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) {
        return fail(error, path, errno);
    }
    good = write_mark(dir, path, error);
    close(dir);
    return good;
}

/* The directory of all: other files may lie there, but no results of others. */
static bool claim_out(int dir, const char *path, GError **error)
{
    struct stat status;

    switch (read_mark(dir)) {
    case MARK_OURS:
        return true;
    case MARK_FOREIGN:
        return refuse_foreign(path, MARK_NAME, error);
    case MARK_NONE:
        break;
    }
    return fstatat(dir, RESULTS_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0
               ? refuse_foreign(path, RESULTS_NAME, error)
               : write_mark(dir, path, error);
}

/* A file of its own, whatever had the name: what links lead to stays as it is. NULL: errno. */
static FILE *open_results(int dir)
{
    int fd;

    if (unlinkat(dir, RESULTS_NAME, 0) != 0 && errno != ENOENT) {
        return NULL;
    }
    fd = openat(dir, RESULTS_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd >= 0 ? fdopen(fd, "w") : NULL;
}

/* ---- workers ---- */

static CaseOptions case_options(const Run *run, ProgressStyle progress)
{
    return (CaseOptions){
        .cold = run->options->cold,
        .pcap = run->options->pcap || run->options->pcap_snap,
        .pcap_snap = run->options->pcap_snap,
        .progress = progress,
        .checks = run->options->plan.checks,
    };
}

static int work(Run *run, const Scenario *scenario, const char *directory)
{
    const Guest *guest = g_hash_table_lookup(run->guests, scenario->guest);
    const CaseOptions options =
        case_options(run, run->options->jobs > 1 ? PROGRESS_QUIET : run->progress);
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
    if (!make_case_directory(record->directory, error)) {
        return false;
    }
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid == 0) {
        setpgid(0, 0); /* ^C reaches the parent alone, which tells us in its own time */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        /* Not _exit(): what looks for leaks when a program ends looks here, too. */
        exit(getppid() != parent ? 1 : work(run, record->scenario, record->directory));
    }
    if (worker->pid < 0) {
        worker->pid = 0; /* -1 is everybody, to kill() */
        return fail(error, "fork", errno);
    }
    return true;
}

/* The case in about twenty lines, for who is looking on. */
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

    progress_clear(run->progress);
    run->done++;
    run->passed += line->passed;
    run->failed += !line->passed;
    run->hung += !line->passed && g_strcmp0(line->verdict, "hang") == 0;
    printf("%s %u %s (%s, %.1f s)\n", line->passed ? "ok" : "not ok", run->done, record->name,
           line->verdict ? line->verdict : "no verdict", line->seconds);
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

/* Something that is not the drive's doing is tried once more, and never counted as good. */
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
    } else if (status != 0 && line.passed) { /* a sanitizer's complaint, say, at its very end */
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

/* Why a case cannot be run here, or with the drive where it is; NULL: it can. Interned. */
static const char *hindrance(const Run *run, const Scenario *scenario)
{
    const Subject *subject = subject_of(scenario);

    return subject->hindrance ? subject->hindrance(scenario, run->options->attachment) : NULL;
}

/* The next one that can be run; the others before it are told. NULL: no more. */
static CaseRecord *next_case(Run *run)
{
    while (run->next < run->cases->len) {
        CaseRecord *record = run->summary->records->pdata[run->next++];
        const char *why = hindrance(run, record->scenario);

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

static bool run_cases(Run *run, GError **error)
{
    CaseRecord *record;
    bool told = false;
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
        if (interrupted() && !told) {
            stop_workers(run);
            told = true;
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

/* ---- guests ---- */

/* As many at a time as the processors allow the case that needs most. */
static void choose_jobs(Options *o, const GPtrArray *cases)
{
    unsigned most = 1;
    guint i;

    for (i = 0; i < cases->len; i++) {
        most = MAX(most, subject_of(cases->pdata[i])->processors);
    }
    if (o->jobs == 0) {
        o->jobs = MAX(1, (int)(g_get_num_processors() / most));
    }
}

/* The guest of a kind, made at the first call. NULL: it could not be made. */
static Guest *guest_of(Run *run, const GuestKind *kind, GError **error)
{
    GuestAttachment attachment = run->options->attachment;
    Guest *guest = g_hash_table_lookup(run->guests, kind);

    if (guest) {
        return guest;
    }
    guest = kind->subject->prepare ? kind->subject->prepare(kind, attachment, run->progress, error)
                                   : guest_new(kind, attachment);
    if (guest) {
        g_hash_table_insert(run->guests, (void *)kind, guest);
    }
    return guest;
}

/* Before the first case, so that no case pays for it and no two make the same. */
static bool prepare_guests(Run *run, GError **error)
{
    const CaseOptions options = case_options(run, run->progress);
    guint i;

    for (i = 0; i < run->cases->len; i++) {
        const Scenario *scenario = run->cases->pdata[i];
        const Subject *subject = subject_of(scenario);
        Guest *guest;

        if (hindrance(run, scenario)) {
            continue;
        }
        guest = guest_of(run, scenario->guest, error);
        if (!guest ||
            (subject->prepare_case && !subject->prepare_case(guest, scenario, &options, error))) {
            return false;
        }
    }
    return true;
}

/* Why no case at all can be run here, if there is one reason for all. NULL: there is none. */
static const char *common_hindrance(const Run *run)
{
    const char *why = hindrance(run, run->cases->pdata[0]);
    guint i;

    for (i = 1; why && i < run->cases->len; i++) {
        why = g_strcmp0(why, hindrance(run, run->cases->pdata[i])) == 0 ? why : NULL;
    }
    return why;
}

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

/* Under selfcheck: which scenarios are shown to be able to fail. Those that name no bad driver are
 * counted as failures: nothing can show it of them. Those whose bad drivers were all skipped make
 * the whole skipped, unless that was asked for. */
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

/* Two runs would remove each other's directories. The workers share the lock, to their end. */
static bool lock_out(int dir, const char *out, GError **error)
{
    return flock(dir, LOCK_EX | LOCK_NB) == 0 ||
           usbtape_input_error(
               error, "%s: another `usbtape run` writes there: give this one its own with --out",
               out);
}

static int run_all(Run *run)
{
    g_autofree char *results = g_build_filename(run->options->out, RESULTS_NAME, NULL);
    g_autoptr(GError) error = NULL;
    const char *why;
    bool good;

    if (run->cases->len == 0) {
        printf("KTAP version 1\n1..0 # SKIP no case is left by the options\n");
        return EXIT_ALL_SKIPPED;
    }
    printf("KTAP version 1\n1..%u\n", run->cases->len);
    why = common_hindrance(run);
    if (why) {
        return skip_all(run, why);
    }
    if (!lock_out(run->out, run->options->out, &error)) {
        return usbtape_fail(error);
    }
    fflush(stdout);
    interrupts_catch();
    if (!prepare_guests(run, &error)) {
        progress_clear(run->progress);
        return usbtape_fail(error);
    }
    run->results = open_results(run->out);
    if (!run->results) {
        fail(&error, results, errno);
        return usbtape_fail(error);
    }
    run->workers = g_new0(Worker, (gsize)run->options->jobs);
    good = run_cases(run, &error);
    g_free(run->workers);
    bool unwritten = ferror(run->results) != 0;
    unwritten = fclose(run->results) != 0 || unwritten; /* closed whatever was wrong before */
    if (unwritten && good) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: could not be written", results);
        good = false;
    }
    progress_clear(run->progress);
    return good ? exit_status(run) : usbtape_fail(error);
}

/* ---- files that tell of the whole run ---- */

static bool write_reports(const Run *run, GError **error)
{
    const Options *o = run->options;

    return (!o->junit || run_summary_write(run->summary, &report_junit, o->junit, error)) &&
           (!o->json || run_summary_write(run->summary, &report_json, o->json, error)) &&
           (!o->table || run_summary_write(run->summary, &report_table, o->table, error)) &&
           (!o->html || run_summary_write(run->summary, &report_html, o->html, error));
}

/*
 * A report is there from the start, saying that nothing has run: so a name that cannot be written
 * is told before the first case, and an old report is never taken for this run's.
 */
static int run_and_report(Run *run)
{
    int64_t begun = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    int status;

    /* They may lie in the directory of results, which need not be there yet. */
    if (g_mkdir_with_parents(run->options->out, 0777) != 0) {
        g_autofree char *what = g_strconcat("--out ", run->options->out, NULL);

        fail(&error, what, errno);
        return usbtape_fail(error);
    }
    run->out = open(run->options->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->out < 0) {
        fail(&error, run->options->out, errno);
        return usbtape_fail(error);
    }
    if (!claim_out(run->out, run->options->out, &error) || !write_reports(run, &error)) {
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

/* ---- the command line ---- */

static bool parse(int argc, char **argv, Options *o, GError **error)
{
    const GOptionEntry entries[] = {
        { "guest", 'g', 0, G_OPTION_ARG_STRING, &o->plan.guest, "Only cases for this guest",
          "NAME" },
        { "seed", 's', 0, G_OPTION_ARG_STRING, &o->plan.seeds,
          "These seeds instead of the scenario's", "N[..M]" },
        { "case", 'c', 0, G_OPTION_ARG_STRING, &o->plan.only, "Only the case of this name",
          "NAME" },
        { "shard", 0, 0, G_OPTION_ARG_STRING, &o->plan.shard,
          "Only every nth case, from the ith on", "i/n" },
        { "jobs", 'j', 0, G_OPTION_ARG_STRING, &o->job_count,
          "So many cases at a time, from 1 to 256 (default: one for two CPUs; simulated ones: for "
          "each)",
          "N" },
        { "out", 'o', 0, G_OPTION_ARG_FILENAME, &o->out,
          "Where each case gets its directory (default: out)", "DIR" },
        { "junit", 0, 0, G_OPTION_ARG_FILENAME, &o->junit, "Write the results as JUnit XML, too",
          "FILE" },
        { "html", 0, 0, G_OPTION_ARG_FILENAME, &o->html,
          "Write them as a page for people, too: one file, with pictures", "FILE" },
        { "attach", 0, 0, G_OPTION_ARG_STRING, &o->attach,
          "How the drive comes to the guest: usbredir (the default), or qemu-device, the QEMU that "
          "emu/link/qemu/build made",
          "HOW" },
        { "json", 0, 0, G_OPTION_ARG_FILENAME, &o->json,
          "Write them as one JSON object, too: for programs", "FILE" },
        { "table", 0, 0, G_OPTION_ARG_FILENAME, &o->table,
          "Write them as a table, too, by test, model and kernel: a page of Markdown", "FILE.md" },
        { "minimise", 0, 0, G_OPTION_ARG_NONE, &o->minimise,
          "Of one case of the simulated host: print the smallest scenario that still fails", NULL },
        { "cold", 0, 0, G_OPTION_ARG_NONE, &o->cold, "Boot each guest instead of restoring it",
          NULL },
        { "pcap", 0, 0, G_OPTION_ARG_NONE, &o->pcap,
          "Capture the drive's bus, for Wireshark: bus-N.pcapng in each case's directory", NULL },
        { "pcap-snap", 0, 0, G_OPTION_ARG_STRING, &o->pcap_snap,
          "Capture it, but keep only that much of each transfer, such as 4KiB", "SIZE" },
        { "check", 0, 0, G_OPTION_ARG_NONE, &o->check, "Only read the scenarios", NULL },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o->verbose,
          "Say what is going on, on standard error", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->plan.paths, NULL,
          "[FILE|DIR…]" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    uint64_t snap, jobs = 0;

    g_option_context_set_summary(
        context, o->plan.selfcheck
                     ? "Tests the tests: runs scenarios as they are, which has to end well, and\n"
                       "under each bad driver that they name, which has to turn them red."
                     : "Runs scenarios: boots a guest with the drive attached, does what "
                       "the steps say, and judges from the tape.");
    g_option_context_set_description(
        context, "Exit status: 0 as expected; 1 not so; 2 bad input; 4 all skipped (selfcheck: "
                 "all bad\ndrivers of a scenario); 124 timed out.\n"
                 "The language of scenarios: scenarios/LANGUAGE.md.");
    if (!options_parse(context, entries, &argc, &argv, error)) {
        return false;
    }
    if (o->attach && !guest_attachment_parse(o->attach, &o->attachment, error)) {
        return false;
    }
    o->out = o->out ? o->out : g_strdup("out");
    if (o->job_count && !options_number("--jobs", o->job_count, 1, JOBS_MAX, &jobs, error)) {
        return false;
    }
    o->jobs = (int)jobs;
    if (o->pcap_snap && o->attachment == GUEST_QEMU_DEVICE) {
        return usbtape_input_error(error,
                                   "--pcap-snap: QEMU's own captures are not cut; say --pcap");
    }
    if (o->pcap_snap && !units_parse_size(o->pcap_snap, &snap, error)) {
        g_prefix_error(error, "--pcap-snap: ");
        return false;
    }
    if (o->pcap_snap && snap < PCAP_SNAP_MIN) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "--pcap-snap %s: give at least %d bytes", o->pcap_snap, PCAP_SNAP_MIN);
        return false;
    }
    return true;
}

static void options_clear(Options *o)
{
    g_free(o->attach);
    g_free(o->job_count);
    g_free(o->out);
    g_free(o->junit);
    g_free(o->html);
    g_free(o->json);
    g_free(o->table);
    g_free(o->pcap_snap);
    g_free(o->plan.guest);
    g_free(o->plan.seeds);
    g_free(o->plan.only);
    g_free(o->plan.shard);
    g_strfreev(o->plan.paths);
}

/* Results that could not be printed, for a full disk say, are no results. */
static int all_said(int status)
{
    g_autoptr(GError) error = NULL;

    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EXIT_GOOD) {
        return status;
    }
    g_set_error_literal(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "standard output: not all of it could be written");
    return usbtape_fail(error);
}

static int minimise(const Options *o, const GPtrArray *cases)
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

/* Under selfcheck those that name no bad driver are not well enough. */
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

static int run_plan(int argc, char **argv, const PlanOptions *plan)
{
    Options options = { .plan = *plan };
    g_autoptr(GError) error = NULL;
    Run run = { .options = &options };
    int status;

    if (parse(argc, argv, &options, &error)) {
        run.cases = plan_cases(&options.plan, &error);
    }
    if (!run.cases) {
        status = usbtape_fail(error);
    } else if (options.minimise) {
        status = minimise(&options, run.cases);
    } else if (options.check) {
        status = check_plan(run.cases, options.plan.selfcheck);
    } else {
        run.progress = progress_style(options.verbose);
        choose_jobs(&options, run.cases);
        run.guests =
            g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)(void (*)(void))guest_free);
        run.summary = run_summary_new(run.cases, options.out, "the run did not come to it");
        run.summary->guests = run.guests;
        status = run_and_report(&run);
        run_summary_free(run.summary);
        g_hash_table_unref(run.guests);
    }
    g_clear_pointer(&run.cases, g_ptr_array_unref);
    options_clear(&options);
    return all_said(status);
}

int run_main(int argc, char **argv, const ScenarioChecks *checks)
{
    return run_plan(argc, argv, &(PlanOptions){ .checks = checks });
}

int selfcheck_main(int argc, char **argv, const ScenarioChecks *checks)
{
    return run_plan(argc, argv, &(PlanOptions){ .checks = checks, .selfcheck = true });
}
