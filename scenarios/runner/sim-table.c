/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/sim-table.h"

#include "scenarios/runner/markup.h"
#include "scenarios/runner/sim-case.h"
#include "scenarios/runner/story.h"

/* Found: the application says so, or waits for ever; the walker of the tape says so. */
static const char *const columns[] = { "driver", "task",          "cases",
                                       "found",  "of these hung", "unreadable",
                                       "silent", "clean",         "the fixed one clean",
                                       NULL };

#define LEGEND                                                                                     \
    "found: the application failed, or hung. unreadable: it did not, but the tape breaks the "     \
    "format, which its next reader reports. silent: nobody would."

typedef struct Sums {
    unsigned rows, cases;
    double seconds;
} Sums;

static const SimTally *tally_of(const CaseRecord *record)
{
    return record->state == RECORD_RAN ? record->line.tally : NULL;
}

static Sums sum_up(const RunSummary *summary)
{
    Sums sums = { 0 };
    guint i;

    for (i = 0; i < summary->records->len; i++) {
        const SimTally *tally = tally_of(summary->records->pdata[i]);

        if (tally) {
            sums.rows++;
            sums.cases += tally->cases * (tally->against ? 2 : 1);
            sums.seconds += tally->seconds;
        }
    }
    return sums;
}

/* The numbers of a row, in the order of the columns from the third on. */
static void numbers_of(const SimTally *t, unsigned *numbers)
{
    numbers[0] = t->cases;
    numbers[1] = t->ends[TRIAL_REPORTED] + t->ends[TRIAL_HUNG];
    numbers[2] = t->ends[TRIAL_HUNG];
    numbers[3] = t->ends[TRIAL_UNREADABLE];
    numbers[4] = t->ends[TRIAL_SILENT];
    numbers[5] = t->ends[TRIAL_CLEAN];
}

/* How quick it was: by the clock on the wall, and of each processor. Free with g_free. */
static char *speed_text(const RunSummary *summary, const Sums *sums)
{
    int64_t wall = summary->duration > 0 ? summary->duration : g_get_real_time() - summary->started;
    g_autofree char *took = story_seconds(wall);
    g_autofree char *used = story_seconds((int64_t)(sums->seconds * G_USEC_PER_SEC));

    return g_strdup_printf(
        "%u simulated cases in %s, %.0f a minute; processor time %s, %.0f a minute", sums->cases,
        took, sums->cases * 60.0 * G_USEC_PER_SEC / (double)MAX(wall, 1), used,
        sums->cases * 60 / MAX(sums->seconds, 0.001));
}

char *sim_table_text(const RunSummary *summary)
{
    GString *to = g_string_new(NULL);
    Sums sums = sum_up(summary);
    g_autofree char *speed = NULL;
    guint i;

    if (sums.rows == 0) {
        return g_string_free(to, FALSE);
    }
    g_string_append_printf(to, "# %-10s %-13s %5s %5s %5s %10s %6s %5s  %s\n", "driver", "task",
                           "cases", "found", "hung", "unreadable", "silent", "clean", "fixed");
    for (i = 0; i < summary->records->len; i++) {
        const SimTally *t = tally_of(summary->records->pdata[i]);
        unsigned n[6];

        if (!t) {
            continue;
        }
        numbers_of(t, n);
        g_string_append_printf(to, "# %-10s %-13s %5u %5u %5u %10u %6u %5u  ", t->driver, t->task,
                               n[0], n[1], n[2], n[3], n[4], n[5]);
        if (t->against) {
            g_string_append_printf(to, "%u clean", t->against_clean);
        } else {
            g_string_append_c(to, '-');
        }
        g_string_append_printf(to, "%s%s\n", t->explained ? "  nothing to see: " : "",
                               t->explained ? t->explained : "");
    }
    g_string_append(to, "# " LEGEND "\n# " SIM_DISCLAIMER "\n");
    speed = speed_text(summary, &sums);
    g_string_append_printf(to, "# %s\n", speed);
    return g_string_free(to, FALSE);
}

void sim_table_html(const RunSummary *summary, GString *to)
{
    Sums sums = sum_up(summary);
    g_autofree char *speed = NULL;
    const char *const *column;
    guint i, j;

    if (sums.rows == 0) {
        return;
    }
    g_string_append(to,
                    "<div class=\"wide\"><table id=\"models\"><caption>The simulated host: what "
                    "each driver came to</caption>\n<thead><tr>");
    for (column = columns; *column; column++) {
        markup_printf(to, "<th scope=\"col\">%s</th>", *column);
    }
    g_string_append(to, "<th scope=\"col\"></th></tr></thead>\n<tbody>\n");
    for (i = 0; i < summary->records->len; i++) {
        const SimTally *t = tally_of(summary->records->pdata[i]);
        unsigned n[6];

        if (!t) {
            continue;
        }
        numbers_of(t, n);
        markup_printf(to, "<tr><td>%s</td><td>%s</td>", t->driver, t->task);
        for (j = 0; j < G_N_ELEMENTS(n); j++) {
            markup_printf(to, "<td class=\"n\">%u</td>", n[j]);
        }
        if (t->against) {
            markup_printf(to, "<td class=\"n %s\">%u</td>",
                          t->against_clean == t->cases ? "good" : "bad", t->against_clean);
        } else {
            g_string_append(to, "<td class=\"n\">–</td>");
        }
        markup_printf(to, "<td class=\"dim\">%s</td></tr>\n", t->explained ? t->explained : "");
    }
    g_string_append(to, "</tbody></table></div>\n");
    markup_printf(to, "<p class=\"dim\">%s %s</p>\n", LEGEND, SIM_DISCLAIMER);
    speed = speed_text(summary, &sums);
    markup_printf(to, "<p class=\"dim\">%s</p>\n", speed);
}
