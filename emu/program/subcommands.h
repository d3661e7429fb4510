/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands beside main.c. Each receives its name as argv[0] and returns the exit status. */
#ifndef USBTAPE_COMMANDS_H
#define USBTAPE_COMMANDS_H

int media_cartridges_main(int argc, char **argv);
int serve_main(int argc, char **argv);
int qemu_args_main(int argc, char **argv);
int attach_main(int argc, char **argv);
int detach_main(int argc, char **argv);

/*
 * scenarios/runner/runner.h has the others. These add faults and models, which only the drive
 * knows.
 */
int list_all_main(int argc, char **argv);
int run_scenarios_main(int argc, char **argv);
int selfcheck_scenarios_main(int argc, char **argv);

#endif
