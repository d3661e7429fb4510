/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-sample DIRECTORY: a run that never was, with a case of every verdict and hostile text
 * wherever a guest, a file's name or a scenario can put some, as every kind of report there is.
 */
#include "emu/base/error.h"
#include "scenarios/runner/summary.h"

#include <stdio.h>
#include <string.h>

/* What breaks XML, HTML, a script, a terminal, a reader's eyes; and what is no UTF-8 at all. */
static const char hostile[] =
    "</failure></p></svg></script><script>alert(1)</script>\"'&amp;<!-- ]]> "
    "\x01\x02\x1b[31m\x7f\r\xff\xfe\xc3 \xe2\x80\xae \xef\xbf\xbf https://example.org/ %s%n";

static void fill(CaseRecord *record, unsigned verdict)
{
    record->state = RECORD_RAN;
    record->line = (ReportLine){
        .verdict = verdict < N_VERDICTS ? g_strdup(verdict_name(verdict)) : NULL,
        .reason = verdict == VERDICT_INTACT ? NULL : g_strdup(hostile),
        .passed = verdict == VERDICT_INTACT || verdict == VERDICT_RECOVERED,
        .seconds = 1.25,
    };
}

/* One for each verdict, one that ended without, one skipped, one not run. */
static GPtrArray *make_cases(const char *directory)
{
    GPtrArray *cases =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))scenario_free);
    unsigned i;

    for (i = 0; i < N_VERDICTS + 3; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s/<&\">.yaml", directory, i % 2 ? "a<&" : "b");
        g_autofree char *text = g_strdup_printf("name: case-%u\nabout: |-\n  <b>&\"'\n"
                                                "steps: [{run: x}]\n",
                                                i);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) parsed = scenario_parse(path, text, strlen(text), &error);

        g_assert_no_error(error);
        g_ptr_array_add(cases, g_ptr_array_steal_index(parsed, 0));
    }
    return cases;
}

static bool write_report(const RunSummary *summary, const ReportFormat *format,
                         const char *directory)
{
    g_autofree char *path = g_build_filename(directory, format->option + 2, NULL);
    g_autoptr(GError) error = NULL;

    return run_summary_write(summary, format, path, &error) || usbtape_fail(error) == EXIT_GOOD;
}

int main(int argc, char **argv)
{
    g_autoptr(GHashTable) guests = g_hash_table_new(NULL, NULL);
    Guest guest = { .directory = (char *)hostile, .qemu_version = (char *)hostile };
    g_autoptr(GPtrArray) cases = NULL;
    g_autoptr(RunSummary) summary = NULL;
    unsigned i;

    if (argc != 2) {
        fprintf(stderr, "usage: report-sample DIRECTORY\n");
        return EXIT_BAD_INPUT;
    }
    cases = make_cases(argv[1]);
    summary = run_summary_new(cases, argv[1], hostile);
    g_hash_table_insert(guests, (void *)guest_kinds(), &guest);
    summary->guests = guests;
    for (i = 0; i <= N_VERDICTS; i++) {
        fill(summary->records->pdata[i], i);
    }
    ((CaseRecord *)summary->records->pdata[i])->state = RECORD_SKIPPED;
    return write_report(summary, &report_junit, argv[1]) ? EXIT_GOOD : EXIT_WORK_FAILED;
}
