/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulated backup program does with the files that it reads back: the verify pass, and
 * the restore of chosen files. It hangs on an MtfReader, which judges the format; here, contents
 * are compared with what was backed up.
 */
#ifndef USBTAPE_SCENARIOS_MTF_VERIFIER_H
#define USBTAPE_SCENARIOS_MTF_VERIFIER_H

#include "scenarios/subjects/mtf/writer.h"

typedef struct MtfVerifier MtfVerifier;

/*
 * Expects the files of a catalog (the writer's, borrowed), or those of them whose paths are in
 * `chosen` (NULL-terminated; NULL: all). `run`: that of the backup.
 */
MtfVerifier *mtf_verifier_new(uint64_t run, const GPtrArray *catalog, const char *const *chosen);
void mtf_verifier_free(MtfVerifier *v);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfVerifier, mtf_verifier_free)

/* For mtf_reader_new(), with the verifier as its data. */
const MtfReaderOps *mtf_verifier_ops(void);

/* Has every expected file been read to its end? A restore may stop then. */
bool mtf_verifier_done(const MtfVerifier *v);
/* Files read whole and as they were backed up. */
size_t mtf_verifier_good(const MtfVerifier *v);
/*
 * At the end, also counting files that never came: what is wrong with the contents, one text a
 * file, the first difference of each ("C:\DATA\F1.BIN: byte 4096: …"). Borrowed.
 */
const GPtrArray *mtf_verifier_finish(MtfVerifier *v);

#endif
