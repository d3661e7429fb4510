/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a backup of so many blocks is of: the same files each time. So whoever knows the number (a
 * program that appends or restores, the judge) knows the whole tape, object by object.
 */
#ifndef USBTAPE_SCENARIOS_MTF_PLAN_H
#define USBTAPE_SCENARIOS_MTF_PLAN_H

#include "scenarios/subjects/mtf/writer.h"

enum {
    MTF_PLAN_FILES = 4,
    MTF_PLAN_BLOCKS = 64, /* if nobody says otherwise */
    MTF_PLAN_BLOCKS_MAX = 100000,
};

/* Files of about so many tape blocks together. Names are static. */
void mtf_plan_files(unsigned blocks, MtfFilePlan files[MTF_PLAN_FILES]);

/* An object of a tape as it was to be. */
typedef struct MtfObject {
    bool mark;
    uint32_t length, crc; /* of a block: bytes, CRC32C */
} MtfObject;

/*
 * The objects of a tape on which these runs (of uint64_t) were backed up, one set each, all of the
 * same files. Of MtfObject; free with g_array_unref.
 */
GArray *mtf_plan_tape(const GArray *runs, unsigned blocks);

#endif
