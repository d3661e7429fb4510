/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dump:` what dump(8) wrote, of a file system that held exactly these files of /data. */
#ifndef USBTAPE_SCENARIOS_JUDGE_DUMP_H
#define USBTAPE_SCENARIOS_JUDGE_DUMP_H

#include "scenarios/runner/language/values.h"

typedef struct DumpCheck {
    FileSet files;
    int64_t cartridge;       /* from 1 */
    int64_t partition, file; /* from 0 */
} DumpCheck;

#endif
