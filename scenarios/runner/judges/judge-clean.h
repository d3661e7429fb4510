/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `clean:` the cartridges open without anything that has to be recovered. */
#ifndef USBTAPE_SCENARIOS_JUDGE_CLEAN_H
#define USBTAPE_SCENARIOS_JUDGE_CLEAN_H

#include "scenarios/runner/language/values.h"

typedef struct CleanCheck {
    bool clean; /* false: recovery is expected, or may happen */
} CleanCheck;

#endif
