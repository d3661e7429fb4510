/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for deadlines, on a computer that may be busy. It does not count the time in which the
 * watched processes were ready to run and had no processor. A guest beside busy neighbours gets as
 * much time as one that runs alone.
 */
#ifndef USBTAPE_SCENARIOS_PATIENCE_H
#define USBTAPE_SCENARIOS_PATIENCE_H

#include "scenarios/runner/machine/proc.h"

/* It counts at least a fifth of the time on the wall, so that every deadline comes. */
#define PATIENCE_SLOWEST 5

typedef struct Patience {
    int64_t sampled; /* monotonic; 0: never */
    int64_t waited;  /* by then */
    int64_t lost;    /* in all; it is not counted */
} Patience;

/*
 * The time at `now` (monotonic, microseconds), when the watched processes have waited `waited`
 * microseconds for a processor since they began. It may step back by a little.
 */
int64_t patience_time(Patience *patience, int64_t now, int64_t waited);

/* The time waited, in microseconds, from the text of /proc/PID/task/TID/schedstat. 0: it is
 * malformed. */
int64_t patience_schedstat(const char *text);

/* The longest time that a thread of the process has waited. 0: it does not run. */
int64_t patience_waited(pid_t pid);

#endif
