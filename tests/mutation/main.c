/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: mutation [--cases N] [--seed N] [--jobs N] [--subject NAME]   cases, each of its own seed
 *        mutation --case SEED [--subject NAME]     one of them, step by step, in this process
 *        mutation --self-test                      shows that it can fail
 */
#include "tests/mutation/batch.h"

#include <ftw.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:detect_leaks=1";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}

typedef struct Options {
    gint64 cases, seed, one;
    int jobs;
    gboolean self_test;
    char *subject;
} Options;

/* For every case, and until the end. */
static GPtrArray *subjects;

static bool parse(int argc, char **argv, Options *o)
{
    const GOptionEntry entries[] = {
        { "cases", 0, 0, G_OPTION_ARG_INT64, &o->cases, "how many (default: 6000)", "N" },
        { "seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "of the first (default: 1)", "N" },
        { "jobs", 0, 0, G_OPTION_ARG_INT, &o->jobs, "processes at once (default: a core each)",
          "N" },
        { "case", 0, 0, G_OPTION_ARG_INT64, &o->one, "this one alone, step by step", "SEED" },
        { "subject", 0, 0, G_OPTION_ARG_STRING, &o->subject, "damage this one alone", "NAME" },
        { "self-test", 0, 0, G_OPTION_ARG_NONE, &o->self_test, "plants faults that it has to find",
          NULL },
        { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context, "Damages cartridges and compares what is left of them "
                                          "with what was written.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "mutation: %s\n", error->message);
        return false;
    }
    return true;
}

static char *make_directory(void)
{
    char *name = g_strdup(g_access("/dev/shm", W_OK) == 0 ? "/dev/shm/usbtape-mutation-XXXXXX"
                                                          : "/tmp/usbtape-mutation-XXXXXX");

    g_assert(g_mkdtemp(name));
    return name;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    return remove(path);
}

/* Subcommands print to files while `run` runs. */
static void printing_aside(void (*run)(void *data), void *data)
{
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), aside[2];

    fflush(stdout);
    aside[0] = batch_file("out");
    aside[1] = batch_file("err");
    dup2(aside[0], STDOUT_FILENO);
    dup2(aside[1], STDERR_FILENO);
    run(data);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    close(aside[0]);
    close(aside[1]);
}

static void make_baselines(void *data)
{
    baselines_make(subjects);
}

static void run_case(void *data)
{
    case_run(data);
}

static int run_one(uint64_t seed)
{
    g_autoptr(Case) c = case_new(subjects, seed);
    int status;
    guint i;

    c->log = fdopen(dup(STDERR_FILENO), "w");
    setvbuf(c->log, NULL, _IOLBF, 0);
    note(c, "%s: %s%s\n", c->subject->name, c->mutation->text->str,
         c->mutation->whole ? " (nothing changed)" : "");
    printing_aside(run_case, c);
    for (i = 0; i < c->violations->len; i++) {
        note(c, "against the law: %s\n", (char *)g_ptr_array_index(c->violations, i));
    }
    status = c->violations->len > 0;
    fclose(c->log);
    return status;
}

static int run_many(const Options *o, const char *directory)
{
    const Batches batches = { .first = (uint64_t)o->seed,
                              .end = (uint64_t)(o->seed + o->cases),
                              .jobs = o->jobs,
                              .seconds = BATCH_SECONDS };
    g_autoptr(Report) r = report_new();

    printf("1..1\n");
    batches_run(&batches, subjects, directory, r);
    report_print(r);
    printf("%s 1 - %u mutated cartridges and images\n", r->bad_cases > 0 ? "not ok" : "ok",
           r->cases);
    return r->bad_cases > 0;
}

static int no_subject(const Options *o)
{
    fprintf(stderr, "mutation: --subject: there is no '%s': see subject.c\n", o->subject);
    return 2;
}

int main(int argc, char **argv)
{
    Options o = { .cases = 6000, .seed = 1, .one = -1, .jobs = (int)g_get_num_processors() };
    g_autofree char *directory = NULL;
    int status;

    if (!parse(argc, argv, &o)) {
        return 2;
    }
    directory = make_directory();
    g_assert(chdir(directory) == 0);
    subjects = subjects_new(directory, o.subject);
    printing_aside(make_baselines, NULL);
    status = subjects->len == 0 ? no_subject(&o)
             : o.self_test      ? self_test(subjects, directory, printing_aside)
             : o.one >= 0       ? run_one((uint64_t)o.one)
                                : run_many(&o, directory);
    g_assert(chdir("/") == 0);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    g_free(o.subject);
    return status;
}
