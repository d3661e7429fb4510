/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of a case that was run, from what it left behind. */
#ifndef USBTAPE_SCENARIOS_CASE_STORY_H
#define USBTAPE_SCENARIOS_CASE_STORY_H

#include "scenarios/runner/case.h"
#include "scenarios/runner/report/story.h"

typedef struct CaseRemains {
    const Scenario *scenario;
    const Guest *guest;
    const char *directory;
    const CaseResult *result;
    DriveProcess *drive;    /* ended; its traces and cartridges are there */
    const char *kernel_log; /* NULL: it could not be had */
    int64_t begun;          /* of the case, monotonic */
} CaseRemains;

/* Its first steps and actions are in `story` already; the rest is filled in. */
void case_story_fill(Story *story, const CaseRemains *remains);

void case_story_step_ends(StoryStep *step, int64_t at, int status, bool complained);
/* Keeps the end of a step's errors, or of its output. The files have all of it. */
void case_story_step_said(StoryStep *step, const char *out, const char *err);

#endif
