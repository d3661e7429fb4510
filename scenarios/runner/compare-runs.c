/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape compare`: what got worse between two runs. */
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "scenarios/runner/report/compare.h"
#include "scenarios/runner/runner.h"

#include <stdio.h>

typedef void (*CompareReport)(const Comparison *comparison, GString *to);

static bool compare_write(const Comparison *comparison, CompareReport report, const char *path,
                          GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!path) {
        return true;
    }
    report(comparison, text);
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

int compare_main(int argc, char **argv)
{
    g_autofree char *junit = NULL, *html = NULL, *json = NULL;
    const GOptionEntry entries[] = {
        { "junit", 0, 0, G_OPTION_ARG_FILENAME, &junit, "Write it as JUnit XML, too", "FILE" },
        { "html", 0, 0, G_OPTION_ARG_FILENAME, &html, "Write it as a page for people, too",
          "FILE" },
        { "json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write it as JSON, too", "FILE" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OLD NEW");
    g_autoptr(Results) before = NULL, after = NULL;
    g_autoptr(Comparison) comparison = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context,
                                 "Compares two runs. Each is a directory of `run --out`, its "
                                 "results.jsonl, or a file of\n`run --json`.");
    g_option_context_set_description(
        context, "Exit status: 0 nothing got worse; 1 a case that passed fails; 2 bad input.");
    if (!options_parse(context, entries, &argc, &argv, &error)) {
        return usbtape_fail(error);
    }
    if (argc != 3) {
        usbtape_input_error(&error, "compare: name two runs, the old one first");
        return usbtape_fail(error);
    }
    before = results_load(argv[1], &error);
    after = before ? results_load(argv[2], &error) : NULL;
    if (!after) {
        return usbtape_fail(error);
    }
    comparison = comparison_new(before, after);
    comparison_text(comparison, text);
    fputs(text->str, stdout);
    if (!compare_write(comparison, comparison_junit, junit, &error) ||
        !compare_write(comparison, comparison_html, html, &error) ||
        !compare_write(comparison, comparison_json, json, &error)) {
        return usbtape_fail(error);
    }
    return fflush(stdout) != 0 || comparison->counts[COMPARE_REGRESSION] > 0 ? EXIT_WORK_FAILED
                                                                             : EXIT_GOOD;
}
