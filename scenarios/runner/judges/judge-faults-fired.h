/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `faults-fired:` how often each fault fired. A rule of a fault that is not named fires at least
 * once. */
#ifndef USBTAPE_SCENARIOS_JUDGE_FAULTS_FIRED_H
#define USBTAPE_SCENARIOS_JUDGE_FAULTS_FIRED_H

#include "scenarios/runner/language/values.h"

typedef struct FaultCheck {
    char *name;
    CountRange fired;
} FaultCheck;

typedef struct FaultsFiredCheck {
    GPtrArray *faults; /* of FaultCheck */
} FaultsFiredCheck;

/* NULL: the fault is not named. */
const FaultCheck *faults_fired_of(const FaultsFiredCheck *check, const char *fault);

#endif
