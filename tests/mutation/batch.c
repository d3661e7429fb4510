/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mutation/batch.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BATCH = 20,
    HANG_SECONDS = 600, /* a step that sleeps */
    JOBS_MAX = 64,
    ERRORS_SHOWN = 1500,
};

/* Shared with the process that reports. */
typedef struct Progress {
    uint64_t seed;
    int seconds;
    char step[64];
} Progress;

typedef struct Worker {
    pid_t pid; /* 0: none */
    uint64_t next, end;
    int report, out, err; /* files */
    Progress *progress;
    char *directory;
} Worker;

/* Of this process, if it runs a batch. */
static Progress *progress;

/* Processor time, so that a loaded machine does not matter. */
void step(const char *name)
{
    if (progress) {
        const struct itimerval limit = { .it_value = { .tv_sec = progress->seconds } };

        g_strlcpy(progress->step, name, sizeof progress->step);
        setitimer(ITIMER_PROF, &limit, NULL);
        alarm(HANG_SECONDS);
    }
}

static void stop_watch(void)
{
    const struct itimerval none = { 0 };

    setitimer(ITIMER_PROF, &none, NULL);
    alarm(0);
}

int batch_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    g_assert(fd >= 0);
    return fd;
}

static char *take_file(int fd)
{
    off_t length = lseek(fd, 0, SEEK_END);
    char *text = g_malloc0((gsize)length + 1);

    g_assert(pread(fd, text, (size_t)length, 0) == length);
    g_assert(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    return text;
}

/* ── in a process of its own ── */

static void write_case(FILE *report, const Case *c)
{
    guint i;

    fprintf(report, "case %" G_GUINT64_FORMAT " %s %s\n", c->seed, mutation_name(c->mutation->kind),
            c->violations->len > 0 ? "violation"
            : c->mutation->whole   ? "untouched"
            : !c->reported         ? "unharmed"
            : c->opens             ? "reported"
                                   : "refused");
    for (i = 0; i < c->violations->len; i++) {
        fprintf(report, "violation %" G_GUINT64_FORMAT " %s: %s\t%s\n", c->seed, c->subject->name,
                c->mutation->text->str, (char *)g_ptr_array_index(c->violations, i));
    }
    fflush(report);
}

static void run_batch(const Batches *b, Worker *w, GPtrArray *subjects)
{
    FILE *report = fdopen(dup(w->report), "w");
    uint64_t seed;

    g_assert(chdir(w->directory) == 0);
    g_assert(dup2(w->out, STDOUT_FILENO) >= 0 && dup2(w->err, STDERR_FILENO) >= 0);
    progress = w->progress;
    progress->seconds = b->seconds;
    for (seed = w->next; seed < w->end; seed++) {
        g_autoptr(Case) c = case_new(subjects, seed);

        progress->seed = seed;
        if (b->plant) {
            step("planted");
            b->plant(c);
        }
        case_run(c);
        stop_watch();
        write_case(report, c);
    }
    fclose(report);
    exit(0);
}

/* ── in the process that reports ── */

/* Takes what a worker wrote; returns the first seed that it did not finish. */
static uint64_t read_report(Report *r, Worker *w)
{
    g_autofree char *text = take_file(w->report);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    uint64_t next = w->next;
    char **line;

    for (line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "case ")) {
            g_auto(GStrv) words = g_strsplit(*line, " ", -1);

            next = g_ascii_strtoull(words[1], NULL, 10) + 1;
            report_outcome(r, words[2], words[3]);
        } else if (g_str_has_prefix(*line, "violation ")) {
            g_auto(GStrv) parts = g_strsplit(*line, "\t", 3);
            char *what;
            uint64_t seed = g_ascii_strtoull(parts[0] + strlen("violation "), &what, 10);

            report_violation(r, seed, what + 1, parts[1], parts[2]);
        }
    }
    return next;
}

static bool is_time_out(int status)
{
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM);
}

/* The batch ended within a case. */
static void report_death(Report *r, Worker *w, GPtrArray *subjects, int status)
{
    g_autofree char *errors = take_file(w->err);
    g_autofree char *detail = g_strndup(errors, ERRORS_SHOWN);
    g_autofree char *class = NULL;
    g_autoptr(Case) c = case_new(subjects, w->progress->seed);
    g_autofree char *what = g_strdup_printf("%s: %s", c->subject->name, c->mutation->text->str);

    if (is_time_out(status)) {
        class = g_strdup_printf("%s: no end", w->progress->step);
    } else if (WIFSIGNALED(status)) {
        class = g_strdup_printf("%s: killed by signal %d", w->progress->step, WTERMSIG(status));
    } else {
        class = g_strdup_printf("%s: ended with status %d", w->progress->step, WEXITSTATUS(status));
    }
    report_violation(r, w->progress->seed, what, class, detail);
    report_outcome(r, mutation_name(c->mutation->kind), "violation");
}

/* A batch has ended; true: there is more for this worker. */
static bool worker_ended(Worker *w, Report *r, GPtrArray *subjects, int status)
{
    w->pid = 0;
    w->next = read_report(r, w);
    if (status != 0 && w->next < w->end) {
        report_death(r, w, subjects, status);
        w->next = w->progress->seed + 1;
    } else if (status != 0) { /* the sanitizer looks for leaks at the very end */
        g_autofree char *errors = take_file(w->err);
        g_autofree char *detail = g_strndup(errors, ERRORS_SHOWN);

        report_violation(r, w->end - 1, "or one of the cases before it", "at the end: leak",
                         detail);
        r->bad_cases++;
    }
    return w->next < w->end;
}

static void worker_start(const Batches *b, Worker *w, GPtrArray *subjects)
{
    g_free(take_file(w->out));
    g_free(take_file(w->err));
    fflush(stdout);
    w->pid = fork();
    g_assert(w->pid >= 0);
    if (w->pid == 0) {
        run_batch(b, w, subjects);
    }
}

static void worker_prepare(Worker *w, const char *directory, int number)
{
    w->report = batch_file("report");
    w->out = batch_file("out");
    w->err = batch_file("err");
    w->directory = g_strdup_printf("%s/%d", directory, number);
    w->progress =
        /* cppcheck-suppress invalidFunctionArg ; -1 is what MAP_ANONYMOUS takes */
        mmap(NULL, sizeof *w->progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert(w->progress != MAP_FAILED);
    g_assert(g_mkdir_with_parents(w->directory, 0700) == 0);
}

static void worker_clear(Worker *w)
{
    close(w->report);
    close(w->out);
    close(w->err);
    munmap(w->progress, sizeof *w->progress);
    g_free(w->directory);
}

void batches_run(const Batches *b, GPtrArray *subjects, const char *directory, Report *r)
{
    uint64_t next = b->first;
    Worker workers[JOBS_MAX] = { { 0 } };
    int i, jobs = CLAMP(b->jobs, 1, JOBS_MAX), running = 0, status;

    for (i = 0; i < jobs; i++) {
        worker_prepare(&workers[i], directory, i);
    }
    while (next < b->end || running > 0) {
        pid_t pid;

        for (i = 0; i < jobs && next < b->end; i++) {
            if (workers[i].pid == 0) {
                workers[i].next = next;
                workers[i].end = next = MIN(next + BATCH, b->end);
                worker_start(b, &workers[i], subjects);
                running++;
            }
        }
        pid = wait(&status);
        g_assert(pid > 0);
        for (i = 0; i < jobs; i++) {
            if (workers[i].pid == pid) {
                running--;
                if (worker_ended(&workers[i], r, subjects, status)) {
                    worker_start(b, &workers[i], subjects);
                    running++;
                }
            }
        }
    }
    for (i = 0; i < jobs; i++) {
        worker_clear(&workers[i]);
    }
}
