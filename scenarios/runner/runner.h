/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape run` and `usbtape list`, for the table of subcommands. */
#ifndef USBTAPE_SCENARIOS_COMMANDS_H
#define USBTAPE_SCENARIOS_COMMANDS_H

#include "scenarios/runner/language/scenario.h"

/*
 * argv[0] is the subcommand's name. Returns the exit status (emu/base/error.h). `checks` judges a
 * scenario's faults and model, since the runner itself knows no drive.
 */
int run_main(int argc, char **argv, const ScenarioChecks *checks);
int selfcheck_main(int argc, char **argv, const ScenarioChecks *checks);
int compare_main(int argc, char **argv);
int judge_main(int argc, char **argv);
int kernel_config_main(int argc, char **argv);

/* What `list` shows besides scenarios and guests. The emulator has these tables: the runner may
 * not include it. */
typedef struct ListEntry {
    char *name;
    char *about;  /* one line */
    char **cells; /* of the table's columns; NULL: it has none */
} ListEntry;

typedef struct ListTable {
    const char *name;           /* "faults", "models" */
    const char *const *columns; /* beyond name and about, for --json and --markdown; NULL: none */
    /* Appends its entries. */
    void (*fill)(GArray *entries);
    const char *note; /* a line that people get with it; NULL: none */
    bool headings;    /* --markdown: a heading for each entry, as the last column a line to paste */
} ListTable;

/* `tables` ends with a row whose name is NULL. */
int list_main(int argc, char **argv, const ListTable *tables);

#endif
