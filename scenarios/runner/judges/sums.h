/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sums of the files that a guest has under /data, against those of files that came back.
 *
 * Owns: which files are in a set, and what is missing. Does not own: how an archive is read.
 */
#ifndef USBTAPE_SCENARIOS_SUMS_H
#define USBTAPE_SCENARIOS_SUMS_H

#include "scenarios/runner/language/values.h"

typedef struct SumsCheck {
    GPtrArray *findings;  /* set these two before sums_begin() */
    const char *what;     /* was compared: "the archive on the tape" */
    GHashTable *expected; /* files that have not been seen yet */
} SumsCheck;

/* False, and a finding: the guest's directory has no list of sums. Else sums_end() follows. */
bool sums_begin(SumsCheck *check, const FileSet *set, const char *guest);
/* One file, of the name that it has in an archive: its SHA-256 in hex. `data` is the SumsCheck. */
void sums_check(void *data, const char *name, const char *sha256);
void sums_end(SumsCheck *check);

/* Compares the output of sha256sum with the files of a set. Names are as printed, without a leading
 * "./". */
void sums_compare(const FileSet *set, const char *guest, const char *sums, GPtrArray *findings);

#endif
