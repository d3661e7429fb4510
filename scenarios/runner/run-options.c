/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/run-options.h"

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/units.h"
#include "scenarios/runner/driver-file.h"
#include "scenarios/runner/language/guest-file.h"

/* What `serve --pcap-snap` takes at least. */
#define PCAP_SNAP_MIN 256

#define JOBS_MAX 256

/* What the options mean together. */
static bool check(RunOptions *o, GError **error)
{
    uint64_t snap, jobs = 0;
    char **directory;

    for (directory = o->guest_directories; directory && *directory; directory++) {
        if (!guest_files_add(*directory, error)) {
            return false;
        }
    }
    o->guests.host_programs = o->host_programs;
    if (o->guests.modules && !o->guests.kernel) {
        return usbtape_input_error(error, "--modules: name the kernel of these modules: --kernel");
    }
    if (o->bisect && (o->check || o->minimise || o->plan.selfcheck)) {
        return usbtape_input_error(error, "--bisect: it goes with `run` alone, which runs cases");
    }
    if (o->driver_file && (o->minimise || o->plan.selfcheck)) {
        return usbtape_input_error(error, "--driver: it goes with `run` alone, which runs cases");
    }
    if (o->driver_file && !(o->driver = driver_file_load(o->driver_file, error))) {
        return false;
    }
    if (o->attach && !guest_attachment_parse(o->attach, &o->guests.attachment, error)) {
        return false;
    }
    o->out = o->out ? o->out : g_strdup("out");
    if (o->job_count && !options_number("--jobs", o->job_count, 1, JOBS_MAX, &jobs, error)) {
        return false;
    }
    o->jobs = (int)jobs;
    if (o->pcap_snap && o->guests.attachment == GUEST_QEMU_DEVICE) {
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

bool run_options_parse(int argc, char **argv, RunOptions *o, GError **error)
{
    const GOptionEntry entries[] = {
        { "guest", 'g', 0, G_OPTION_ARG_STRING, &o->plan.guest,
          "This guest for scenarios that name none; of others, only its cases", "NAME" },
        { "guests", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->guest_directories,
          "Also the guests of this directory, a file each", "DIR" },
        { "kernel", 'k', 0, G_OPTION_ARG_FILENAME, &o->guests.kernel,
          "Boot the guests with this kernel: a build tree, or an image with --modules", "PATH" },
        { "modules", 0, 0, G_OPTION_ARG_FILENAME, &o->guests.modules,
          "The modules of that image: /lib/modules/RELEASE, or what holds it", "DIR" },
        { "module", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->guests.replace,
          "Load this module instead of the kernel's own of its name", "FILE.ko" },
        { "driver", 0, 0, G_OPTION_ARG_FILENAME, &o->driver_file,
          "Simulated hosts: this port driver instead of the scenario's; its code runs as you",
          "FILE.so" },
        { "host-programs", 0, 0, G_OPTION_ARG_NONE, &o->host_programs,
          "Allow scenarios of the guest `program`: their steps run on this computer, as you",
          NULL },
        { "bisect", 0, 0, G_OPTION_ARG_NONE, &o->bisect,
          "Exit as `git bisect run` reads it: 0 good, 1 bad, 125 nothing is shown", NULL },
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
    return options_parse(context, entries, &argc, &argv, error) && check(o, error);
}

void run_options_clear(RunOptions *o)
{
    g_strfreev(o->guest_directories);
    g_free(o->guests.kernel);
    g_free(o->guests.modules);
    g_strfreev(o->guests.replace);
    g_free(o->driver_file);
    g_free(o->driver);
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
