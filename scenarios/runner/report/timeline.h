/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drive saw, out of its trace (`usbtape serve --trace`), few enough lines to be read.
 *
 * Owns: taking traces apart, summing up. Does not own: the trace's format (emu/trace-file.c), of
 * which a line that is not understood is left out.
 */
#ifndef USBTAPE_SCENARIOS_TIMELINE_H
#define USBTAPE_SCENARIOS_TIMELINE_H

#include "scenarios/runner/report/story.h"

/* So many events at most are left by timeline_finish. */
#define TIMELINE_EVENTS_MAX 240u

/*
 * Appends the events of the trace at `path`, which began `offset` microseconds after the case.
 * A file that cannot be read is told as an event: its absence must not look like silence.
 */
void timeline_add(Story *story, const char *path, int64_t offset);

/* Puts all events in order and sums up until few enough are left; nothing is dropped uncounted. */
void timeline_finish(Story *story);

#endif
