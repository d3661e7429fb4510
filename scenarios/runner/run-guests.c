/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/run-guests.h"

#include "scenarios/runner/subject.h"

CaseOptions run_case_options(const Run *run, ProgressStyle progress)
{
    return (CaseOptions){
        .cold = run->options->cold,
        .pcap = run->options->pcap || run->options->pcap_snap,
        .pcap_snap = run->options->pcap_snap,
        .progress = progress,
        .checks = run->options->plan.checks,
    };
}

const char *run_hindrance(const Run *run, const Scenario *scenario)
{
    const Subject *subject = subject_of(scenario);

    return subject->hindrance ? subject->hindrance(scenario, &run->options->guests) : NULL;
}

/* The case that needs most processors sets the number. */
void run_choose_jobs(RunOptions *o, const GPtrArray *cases)
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
    const GuestOptions *options = &run->options->guests;
    Guest *guest = g_hash_table_lookup(run->guests, kind);

    if (guest) {
        return guest;
    }
    guest = kind->subject->prepare ? kind->subject->prepare(kind, options, run->progress, error)
                                   : guest_new(kind, options->attachment);
    if (guest) {
        g_hash_table_insert(run->guests, (void *)kind, guest);
    }
    return guest;
}

bool run_prepare_guests(Run *run, GError **error)
{
    const CaseOptions options = run_case_options(run, run->progress);
    guint i;

    for (i = 0; i < run->cases->len; i++) {
        const Scenario *scenario = run->cases->pdata[i];
        const Subject *subject = subject_of(scenario);
        Guest *guest;

        if (run_hindrance(run, scenario)) {
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

const char *run_common_hindrance(const Run *run)
{
    const char *why = run_hindrance(run, run->cases->pdata[0]);
    guint i;

    for (i = 1; why && i < run->cases->len; i++) {
        why = g_strcmp0(why, run_hindrance(run, run->cases->pdata[i])) == 0 ? why : NULL;
    }
    return why;
}
