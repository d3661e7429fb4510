/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tape:` which files of which blocks lie on each cartridge. It also lists what is there. */
#ifndef USBTAPE_SCENARIOS_JUDGE_TAPE_H
#define USBTAPE_SCENARIOS_JUDGE_TAPE_H

#include "scenarios/runner/language/values.h"

/* What lies between two filemarks of a cartridge. */
typedef struct TapeFile {
    int64_t partition; /* from 0 */
    CountRange blocks;
    uint64_t size;   /* of each block, bytes; 0: any */
    bool short_last; /* the last one may be shorter */
} TapeFile;

typedef struct TapeCheck {
    GPtrArray *cartridges; /* of GArray of TapeFile, one a cartridge; NULL: not looked at */
} TapeCheck;

#endif
