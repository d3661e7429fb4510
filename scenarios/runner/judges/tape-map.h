/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies on a cartridge, as a map for people: neighbours that are alike are one entry, and
 * records that say who they are are set against the order of their issue.
 *
 * Owns: reading the cartridge. Does not own: judging it (oracle.h).
 */
#ifndef USBTAPE_SCENARIOS_TAPE_MAP_H
#define USBTAPE_SCENARIOS_TAPE_MAP_H

#include "scenarios/runner/judges/judge-stamps.h"
#include "scenarios/runner/report/story.h"

/* So many entries at most; what is beyond them is counted. */
#define TAPE_MAP_OBJECTS_MAX 2000u

/*
 * Appends the cartridge at `path` (the `number`th, from 1) to the story. `stamps` (of StampRange;
 * may be NULL): which records were issued, as far as the scenario says.
 */
void tape_map_add(Story *story, int number, const char *path, const GPtrArray *stamps);

#endif
