/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tapes in Microsoft Tape Format for tests: written by the simulated backup, kept as objects. */
#ifndef USBTAPE_TESTS_MTF_TAPE_H
#define USBTAPE_TESTS_MTF_TAPE_H

#include "media/mtf/mtf-walk.h"
#include "scenarios/subjects/mtf/writer.h"

/* The objects of a tape: GBytes, or NULL for a filemark. */
typedef GPtrArray MtfTape;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfTape, g_ptr_array_unref)

MtfTape *mtf_tape_new(void);

/* Runs a job, behind what is there; `*writer`, if wanted, must be freed. */
void mtf_tape_backup(MtfTape *tape, const MtfJob *job, MtfWriter **writer);

/* Three directories, ten files of awkward sizes, 190 KB in all. */
extern const MtfFilePlan mtf_tape_files[];
extern const size_t mtf_tape_n_files;

/* Writes the objects at the medium's head. */
void mtf_tape_put(const MtfTape *tape, TapeMedium *m);

#endif
