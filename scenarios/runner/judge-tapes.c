/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape judge`: the judges of a scenario on cartridges that came from anywhere. */
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/yaml.h"
#include "scenarios/runner/language/expect.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/runner.h"

#include <stdio.h>
#include <string.h>

typedef struct JudgeOptions {
    char *values[N_JUDGES]; /* the text of each key; NULL: not given */
    char *file;             /* with the keys of `expect:` */
    char *files;            /* the directory with the sums of files */
    gboolean verbose;
} JudgeOptions;

static void judge_options_clear(JudgeOptions *o)
{
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        g_free(o->values[i]);
    }
    g_free(o->file);
    g_free(o->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JudgeOptions, judge_options_clear)

/* Each judge of a tape is an option of its key's name. */
static void judge_entries(JudgeOptions *o, GOptionEntry *entries)
{
    size_t i;

    *entries++ = (GOptionEntry){ "expect-file",
                                 0,
                                 0,
                                 G_OPTION_ARG_FILENAME,
                                 &o->file,
                                 "A file with keys of `expect:`, as in a scenario",
                                 "FILE" };
    *entries++ =
        (GOptionEntry){ "files",   0,
                        0,         G_OPTION_ARG_FILENAME,
                        &o->files, "For tar and dump: a directory whose data.sha256 has the sums",
                        "DIR" };
    *entries++ = (GOptionEntry){ "verbose",   'v',
                                 0,           G_OPTION_ARG_NONE,
                                 &o->verbose, "Print what is on the cartridges, too",
                                 NULL };
    for (i = 0; i < N_JUDGES; i++) {
        const Judge *judge = judges()[i];

        if (judge->stage == JUDGE_TAPE) {
            *entries++ = (GOptionEntry){ judge->key,
                                         0,
                                         0,
                                         G_OPTION_ARG_STRING,
                                         &o->values[i],
                                         "As that key of `expect:` in a scenario",
                                         "YAML" };
        }
    }
}

/* The options as the text of a map. */
static char *judge_text(const JudgeOptions *o, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < N_JUDGES; i++) {
        const char *value = o->values[i];

        if (value && strchr(value, '\n')) {
            usbtape_input_error(error, "--%s: write it in one line", judges()[i]->key);
            return NULL;
        }
        if (value) {
            g_string_append_printf(text, "%s: %s\n", judges()[i]->key, value);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool judge_read(const YamlFile *file, Expectation *expect, GError **error)
{
    const YamlNode *root = yaml_file_root(file), *own = NULL;
    size_t i;

    if (yaml_node_kind(root) == YAML_KIND_MAP) {
        own = yaml_node_get(root, "expect");
    }
    root = own ? own : root;
    if (!yaml_node_is(root, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < N_JUDGES; i++) {
        const YamlNode *node = yaml_node_get(root, judges()[i]->key);

        if (node && judges()[i]->stage != JUDGE_TAPE) {
            return yaml_node_refuse(node, error, "'%s' judges a run, not a tape", judges()[i]->key);
        }
    }
    return expect_read(root, expect, error);
}

static bool judge_expectation(const JudgeOptions *o, Expectation *expect, GError **error)
{
    g_autofree char *text = judge_text(o, error);
    g_autoptr(YamlFile) file = NULL;

    if (!text) {
        return false;
    }
    if (o->file && *text) {
        return usbtape_input_error(error, "judge: give --expect-file, or single keys");
    }
    if (!o->file && !*text) {
        return usbtape_input_error(
            error, "judge: say what the tape has to be, such as --tape '[[{blocks: 5}]]'");
    }
    file = o->file ? yaml_file_load(o->file, error)
                   : yaml_file_parse("judge", text, strlen(text), error);
    return file && judge_read(file, expect, error);
}

/* The findings, a line each. False: a cartridge could not be read. */
static bool judge_cartridges(char *const *paths, const JudgeOptions *o, const Expectation *expect,
                             guint *n_findings, GError **error)
{
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) listing = g_string_new(NULL);
    Evidence evidence = { 0 };
    Judgement judgement = { .cartridges = paths,
                            .guest = o->files ? o->files : ".",
                            .listing = listing,
                            .findings = findings,
                            .evidence = &evidence,
                            .reasons = reasons };
    bool good = judges_ask(JUDGE_TAPE, expect->checks, &judgement, error);
    guint i;

    if (o->verbose) {
        fputs(listing->str, stdout);
    }
    for (i = 0; i < findings->len; i++) {
        g_autofree char *line = markup_line(findings->pdata[i]);

        puts(line);
    }
    *n_findings = findings->len;
    return good;
}

int judge_main(int argc, char **argv)
{
    g_auto(JudgeOptions) o = { .file = NULL };
    GOptionEntry entries[N_JUDGES + 4] = { { NULL } };
    g_autoptr(GOptionContext) context = g_option_context_new("CARTRIDGE…");
    Expectation expect = { 0 };
    g_autoptr(GError) error = NULL;
    guint findings = 0;
    bool good;

    judge_entries(&o, entries);
    expect_init(&expect);
    g_option_context_set_summary(context,
                                 "Judges cartridges and images by the keys of a scenario's "
                                 "`expect:`. Several are one\nset, in their order.");
    g_option_context_set_description(
        context, "Exit status: 0 as expected; 1 not so, with a line for each finding; 2 bad input."
                 "\nThe keys: scenarios/LANGUAGE.md.");
    good = options_parse(context, entries, &argc, &argv, &error);
    if (good && argc < 2) {
        good = usbtape_input_error(&error, "judge: name a cartridge");
    }
    good = good && judge_expectation(&o, &expect, &error) &&
           judge_cartridges(argv + 1, &o, &expect, &findings, &error);
    expect_clear(&expect);
    if (!good) {
        return usbtape_fail(error);
    }
    return fflush(stdout) != 0 || findings > 0 ? EXIT_WORK_FAILED : EXIT_GOOD;
}
