/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for deadlines that says nothing about a loaded machine. It does not count the time in
 * which the processes it watches were ready to run and had no processor: a guest that is emulated
 * beside busy neighbours gets as much time of its own as one that is alone.
 */
#ifndef USBTAPE_SCENARIOS_PATIENCE_H
#define USBTAPE_SCENARIOS_PATIENCE_H

#include "scenarios/runner/machine/proc.h"

/* It goes by at least a fifth of the time on the wall, so that every deadline comes. */
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

/* What of a file /proc/PID/task/TID/schedstat is the time waited, in microseconds; 0: nonsense. */
int64_t patience_schedstat(const char *text);

/* The time that the thread of a process that waited longest has waited; 0: it does not run. */
int64_t patience_waited(pid_t pid);

#endif
