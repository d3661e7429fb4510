/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/sim-table.h"

#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/report/story.h"
#include "scenarios/runner/sim-tally.h"
#include "scenarios/runner/subject.h"

/* The columns of a row. */
static const char *const columns[] = {
    "driver", "task",  "cases",        "found",       "of these hung",       "unreadable",
    "silent", "clean", "inconclusive", "had to fail", "the fixed one clean", NULL
};

#define LEGEND                                                                                     \
    "found: the application failed, or hung. unreadable: it did not, but the tape breaks the "     \
    "format, which its next reader reports. silent: nobody would. inconclusive: its trigger or "   \
    "fault did not come. had to fail: at least "                                                   \
    "so many; -: nothing is said, or there are too few seeds."
#define BY_TRIGGER "how many cases failed under what set them off"

typedef struct Sums {
    unsigned rows, cases;
    double seconds;
} Sums;

static const SimTally *tally_of(const CaseRecord *record)
{
    bool ours = subject_of(record->scenario) == &subject_sim;

    return ours && record->state == RECORD_RAN ? record->line.detail : NULL;
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
    numbers[6] = t->ends[TRIAL_INCONCLUSIVE];
}

/* "-": the scenario does not say; "83": at least. Free with g_free. */
static char *needed_text(const SimTally *t)
{
    return t->needed > 0 ? g_strdup_printf("%u", t->needed) : g_strdup("-");
}

/* "47/50"; "-": the trigger never came. Free with g_free. */
static char *count_text(const SimCount *count)
{
    return count->cases > 0 ? g_strdup_printf("%u/%u", count->failed, count->cases) : g_strdup("-");
}

/* Cases a minute, by the clock on the wall and by processor time. Free with g_free. */
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

/* The values of all axes but the driver and the task, which have columns. g_free. */
static char *other_axes(const CaseRecord *record)
{
    g_autoptr(GRegex) own = g_regex_new("(^|\\.)(driver|task)=[^.]*", 0, 0, NULL);
    const char *variant = record->scenario->variant;
    g_autofree char *rest =
        g_regex_replace_literal(own, variant ? variant : "", -1, 0, "", 0, NULL);

    return g_strdup(*rest == '.' ? rest + 1 : rest);
}

static void text_row(GString *to, const CaseRecord *record)
{
    const SimTally *t = tally_of(record);
    g_autofree char *axes = other_axes(record);
    g_autofree char *needed = needed_text(t);
    unsigned n[7];

    numbers_of(t, n);
    g_string_append_printf(to, "# %-10s %-13s %5u %5u %5u %10u %6u %5u %8u %6s  ", t->driver,
                           t->task, n[0], n[1], n[2], n[3], n[4], n[5], n[6], needed);
    if (t->against) {
        g_string_append_printf(to, "%u clean", t->against_clean);
    } else {
        g_string_append_c(to, '-');
    }
    g_string_append_printf(to, "%s%s%s%s\n", *axes ? "  " : "", axes,
                           t->explained ? "  nothing to see: " : "",
                           t->explained ? t->explained : "");
}

static void text_triggers(GString *to, const RunSummary *summary)
{
    guint i, trigger;

    g_string_append_printf(to, "# %s:\n# %-10s %-13s", BY_TRIGGER, "driver", "task");
    for (trigger = 0; trigger < HOST_N_TRIGGERS; trigger++) {
        g_string_append_printf(to, " %14s", host_trigger_name((HostTrigger)(1u << trigger)));
    }
    g_string_append_c(to, '\n');
    for (i = 0; i < summary->records->len; i++) {
        const SimTally *t = tally_of(summary->records->pdata[i]);

        if (!t) {
            continue;
        }
        g_string_append_printf(to, "# %-10s %-13s", t->driver, t->task);
        for (trigger = 0; trigger < HOST_N_TRIGGERS; trigger++) {
            g_autofree char *count = count_text(&t->by_trigger[trigger]);

            g_string_append_printf(to, " %14s", count);
        }
        g_string_append_c(to, '\n');
    }
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
    g_string_append_printf(to, "# %-10s %-13s %5s %5s %5s %10s %6s %5s %8s %6s  %s\n", "driver",
                           "task", "cases", "found", "hung", "unreadable", "silent", "clean",
                           "inconcl.", "had to", "fixed");
    for (i = 0; i < summary->records->len; i++) {
        const SimTally *t = tally_of(summary->records->pdata[i]);

        if (t) {
            text_row(to, summary->records->pdata[i]);
        }
    }
    text_triggers(to, summary);
    g_string_append(to, "# " LEGEND "\n");
    speed = speed_text(summary, &sums);
    g_string_append_printf(to, "# %s\n", speed);
    return g_string_free(to, FALSE);
}

static void html_row(GString *to, const CaseRecord *record)
{
    const SimTally *t = tally_of(record);
    g_autofree char *axes = other_axes(record);
    g_autofree char *needed = needed_text(t);
    unsigned n[7], j;

    numbers_of(t, n);
    markup_printf(to, "<tr><td>%s</td><td>%s</td>", t->driver, t->task);
    for (j = 0; j < G_N_ELEMENTS(n); j++) {
        markup_printf(to, "<td class=\"n\">%u</td>", n[j]);
    }
    markup_printf(to, "<td class=\"n\">%s</td>", needed);
    if (t->against) {
        markup_printf(to, "<td class=\"n %s\">%u</td>",
                      t->against_clean == t->cases ? "good" : "bad", t->against_clean);
    } else {
        g_string_append(to, "<td class=\"n\">-</td>");
    }
    markup_printf(to, "<td class=\"dim\">%s %s</td></tr>\n", axes,
                  t->explained ? t->explained : "");
}

static void html_triggers(GString *to, const RunSummary *summary)
{
    guint i, trigger;

    markup_printf(to,
                  "<div class=\"wide\"><table id=\"triggers\"><caption>The simulated host: %s"
                  "</caption>\n<thead><tr><th scope=\"col\">driver</th><th scope=\"col\">task</th>",
                  BY_TRIGGER);
    for (trigger = 0; trigger < HOST_N_TRIGGERS; trigger++) {
        markup_printf(to, "<th scope=\"col\">%s</th>",
                      host_trigger_name((HostTrigger)(1u << trigger)));
    }
    g_string_append(to, "</tr></thead>\n<tbody>\n");
    for (i = 0; i < summary->records->len; i++) {
        const SimTally *t = tally_of(summary->records->pdata[i]);

        if (!t) {
            continue;
        }
        markup_printf(to, "<tr><td>%s</td><td>%s</td>", t->driver, t->task);
        for (trigger = 0; trigger < HOST_N_TRIGGERS; trigger++) {
            g_autofree char *count = count_text(&t->by_trigger[trigger]);

            markup_printf(to, "<td class=\"n\">%s</td>", count);
        }
        g_string_append(to, "</tr>\n");
    }
    g_string_append(to, "</tbody></table></div>\n");
}

void sim_table_html(const RunSummary *summary, GString *to)
{
    Sums sums = sum_up(summary);
    g_autofree char *speed = NULL;
    const char *const *column;
    guint i;

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

        if (t) {
            html_row(to, summary->records->pdata[i]);
        }
    }
    g_string_append(to, "</tbody></table></div>\n");
    html_triggers(to, summary);
    markup_printf(to, "<p class=\"dim\">%s</p>\n", LEGEND);
    speed = speed_text(summary, &sums);
    markup_printf(to, "<p class=\"dim\">%s</p>\n", speed);
}
