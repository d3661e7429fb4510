/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events at the drive, from its trace (`usbtape serve --trace`), summed up for a reader.
 *
 * Owns: parsing traces, summing up. Does not own: the trace's format (emu/trace-file.c). A line
 * that it does not know is left out.
 */
#ifndef USBTAPE_SCENARIOS_TIMELINE_H
#define USBTAPE_SCENARIOS_TIMELINE_H

#include "scenarios/runner/report/story.h"

/* timeline_finish() leaves at most so many events. */
#define TIMELINE_EVENTS_MAX 240u

/*
 * Appends the events of the trace at `path`, which began `offset` microseconds after the case. A
 * file that cannot be read becomes an event, so that it does not look like an idle drive.
 */
void timeline_add(Story *story, const char *path, int64_t offset);

/* Sorts all events, and sums them up until few enough are left. Each event is counted. */
void timeline_finish(Story *story);

#endif
