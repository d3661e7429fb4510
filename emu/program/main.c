/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape`: the table of subcommands. */
#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "emu/base/error.h"
#include "emu/control/control.h"
#include "emu/program/subcommands.h"
#include "scenarios/runner/runner.h"

typedef struct Subcommand {
    const char *name;
    const char *about;
    int (*run)(int argc, char **argv);
} Subcommand;

static int help_main(int argc, char **argv);

static const Subcommand subcommands[] = {
    { "serve", "play a USB tape drive for a virtual machine", serve_main },
    { "media", "make, list, check, import and export cartridges", media_cartridges_main },
    { "ctl", "control a running drive: swap its cartridge, show its state", ctl_main },
    { "qemu-args", "print what to give QEMU or libvirt to attach a drive", qemu_args_main },
    { "attach", "plug a drive into a VM that runs", attach_main },
    { "detach", "unplug a drive from a VM that runs", detach_main },
    { "run", "run scenarios: boot a guest, use the drive, judge from the tape",
      run_scenarios_main },
    { "selfcheck", "run scenarios under bad drivers, too, which have to turn them red",
      selfcheck_scenarios_main },
    { "compare", "compare two runs: what got worse, what got better", compare_main },
    { "judge", "judge cartridges by what a scenario expects of its tape", judge_main },
    { "kernel-config", "print what a kernel needs for `run --kernel`", kernel_config_main },
    { "list", "scenarios, guests, faults, drive models, opcodes and pages", list_all_main },
    { "help", "this list", help_main },
};

static int help_main(int argc, char **argv)
{
    size_t i;

    printf("usbtape " USBTAPE_VERSION ": a virtual USB tape drive\n\n"
           "  usbtape COMMAND [OPTION]…     COMMAND --help says more\n\n");
    for (i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        printf("  %-13s %s\n", subcommands[i].name, subcommands[i].about);
    }
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    g_autoptr(GError) error = NULL;
    size_t i;

    setlocale(LC_ALL, "");
    if (name && g_str_equal(name, "--version")) {
        printf("usbtape " USBTAPE_VERSION "\n");
        return EXIT_GOOD;
    }
    if (name && (g_str_equal(name, "--help") || g_str_equal(name, "-h"))) {
        return help_main(argc, argv);
    }
    for (i = 0; name && i < G_N_ELEMENTS(subcommands); i++) {
        if (g_str_equal(name, subcommands[i].name)) {
            g_autofree char *program = g_strconcat("usbtape ", name, NULL);

            g_set_prgname(program);
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    if (name) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "there is no command '%s'; `usbtape help` lists them", name);
    } else {
        g_set_error_literal(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                            "which command? `usbtape help` lists them");
    }
    return usbtape_fail(error);
}
