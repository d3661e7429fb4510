/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape kernel-config`: what a kernel of one's own needs to be a guest. */
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "scenarios/runner/machine/guest.h"
#include "scenarios/runner/runner.h"

#include <stdio.h>

int kernel_config_main(int argc, char **argv)
{
    const GOptionEntry entries[] = { { NULL } };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *path =
        g_build_filename(scenarios_directory(), "subjects", "linux", "kernel.config", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context,
                                 "Prints the options of a Linux kernel that `usbtape run --kernel` "
                                 "needs, as a\nfragment for scripts/kconfig/merge_config.sh.");
    if (!options_parse(context, entries, &argc, &argv, &error)) {
        return usbtape_fail(error);
    }
    if (argc != 1) {
        usbtape_input_error(&error, "kernel-config: it takes no argument, and there is '%s'",
                            argv[1]);
        return usbtape_fail(error);
    }
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        return usbtape_fail(error);
    }
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_GOOD : EXIT_WORK_FAILED;
}
