/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape run` and `usbtape list`, for the table of subcommands. */
#ifndef USBTAPE_SCENARIOS_COMMANDS_H
#define USBTAPE_SCENARIOS_COMMANDS_H

#include "scenarios/runner/language/scenario.h"

/*
 * All: argv[0] is the subcommand's own name; the result is the exit status (emu/base/error.h).
 * `checks`: how a scenario's faults and model are looked at; the runner itself knows no drive.
 */
int run_main(int argc, char **argv, const ScenarioChecks *checks);
int selfcheck_main(int argc, char **argv, const ScenarioChecks *checks);

/* What `list` shows besides scenarios and guests; the emulator knows these, the runner may not. */
typedef struct ListEntry {
    char *name;
    char *about;  /* one line */
    char **cells; /* what the table's columns say; NULL: it has none */
} ListEntry;

typedef struct ListTable {
    const char *name;           /* "faults", "models" */
    const char *const *columns; /* beyond name and about, for --json and --markdown; NULL: none */
    /* Appends its entries. */
    void (*fill)(GArray *entries);
    const char *note; /* what has to be said with it, to people; NULL: nothing */
    bool headings;    /* --markdown: a heading for each entry, as the last column a line to paste */
} ListTable;

/* `tables` ends with a row whose name is NULL. */
int list_main(int argc, char **argv, const ListTable *tables);

#endif
