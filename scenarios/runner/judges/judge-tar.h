/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tar:` the archive on the cartridges holds exactly these files of /data. */
#ifndef USBTAPE_SCENARIOS_JUDGE_TAR_H
#define USBTAPE_SCENARIOS_JUDGE_TAR_H

#include "scenarios/runner/language/values.h"

typedef struct TarCheck {
    FileSet files;
    int64_t partition;  /* of each cartridge */
    int64_t file;       /* on the first cartridge; on further ones it goes on in file 0 */
    int64_t cartridges; /* how many it spans */
} TarCheck;

#endif
