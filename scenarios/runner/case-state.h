/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case while it runs: its parts, and the evidence that they leave.
 *
 * Owns: the struct that case.c (start and end), case-steps.c (steps, deadlines) and
 * case-evidence.c (what is judged afterwards) share, and its reasons. Does not own: the verdict
 * (judges/verdict.h).
 */
#ifndef USBTAPE_SCENARIOS_CASE_STATE_H
#define USBTAPE_SCENARIOS_CASE_STATE_H

#include "scenarios/runner/case.h"
#include "scenarios/runner/machine/patience.h"
#include "scenarios/runner/report/story.h"

#include <stdio.h>

typedef struct Case {
    const Scenario *scenario;
    const Guest *guest;
    const char *directory;
    ProgressStyle progress;
    Vm *vm;              /* NULL: not started, or ended */
    DriveProcess *drive; /* NULL: not started */
    FILE *log;           /* of the channel; NULL: none */
    int64_t begun;       /* monotonic */

    /* case-steps.c: deadlines, by case_time() */
    int64_t deadline; /* of the whole case */
    Patience patience;
    int64_t time, timed;    /* the last answer of case_time(), and its moment (monotonic) */
    int64_t message, quiet; /* when the guest's last message came: monotonic, and by case_time() */
    int64_t shown;          /* when progress was last shown, since the begin of the step */

    int64_t looked; /* when room_check() was last asked, monotonic */
    bool no_room;   /* the disk was about to be full: the case ended, and its cartridges go */

    char *exports; /* shell lines in front of each step of a program; NULL: none */

    Evidence evidence;
    GPtrArray *reasons; /* of text, the weightiest first */
    char *act;          /* the line that proves that the bad driver misbehaved; NULL: none yet */
    char *kernel_log;   /* NULL: the guest has not given it */
    BusTally *bus;      /* NULL: the drive left no trace */
    Story *story;
} Case;

void case_add_reason(Case *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Writes a file of the case's directory. */
void case_write_file(const Case *self, const char *name, const char *text);

/* The machine, or the channel to its agent, ended: a crash, unless it was an interrupt. */
void case_note_death(Case *self, const GError *error);
/* False: too little is left of the disk, and a reason says so. */
bool case_has_room(Case *self);
/* A request to the drive failed. A drive that ended is a finding; all else is the environment. */
void case_note_host_failure(Case *self);

/* The last line of `text`, not too long of it. Free with g_free. */
char *case_last_line(const char *text);

#endif
