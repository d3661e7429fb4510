/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `stamps:` records that state who they are (subjects/linux/stamp.h), one after the other. */
#ifndef USBTAPE_SCENARIOS_JUDGE_STAMPS_H
#define USBTAPE_SCENARIOS_JUDGE_STAMPS_H

#include "scenarios/runner/language/values.h"

/* Records that say who they are (subjects/linux/stamp.h), one after the other. */
typedef struct StampRange {
    int64_t cartridge;       /* from 1 */
    int64_t partition, file; /* from 0 */
    int64_t run, first;
    CountRange records;
} StampRange;

typedef struct StampsCheck {
    GPtrArray *ranges; /* of StampRange */
} StampsCheck;

#endif
