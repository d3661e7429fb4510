/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges the contents of a medium as Microsoft Tape Format. This oracle does not depend on a drive.
 */
#ifndef USBTAPE_MEDIA_MTF_WALK_H
#define USBTAPE_MEDIA_MTF_WALK_H

#include "media/medium.h"
#include "media/mtf/mtf-reader.h"

/* Selects whether the walk reads the contents of files, or skips them for their names alone. */
typedef enum MtfWalk { MTF_WALK_ALL, MTF_WALK_NAMES } MtfWalk;

/*
 * Pushes a partition into the reader, from BOP to its end or the first violation.
 * mtf_reader_violation() returns that violation. The head moves. False if the host file failed, or
 * for a missing partition (USBTAPE_ERROR_WORK).
 */
bool mtf_walk(TapeMedium *m, uint32_t partition, MtfWalk how, MtfReader *r, GError **error);

/*
 * Pushes the result of medium_read() for the object at `place`. `buffer` has its `length` bytes.
 * False if the walk is over.
 */
bool mtf_walk_push(MtfReader *r, const MtfPlace *place, MediumResult result, const uint8_t *buffer,
                   size_t length);

/* True if the partition begins as a tape in this format. The head moves. */
bool mtf_walk_probe(TapeMedium *m, uint32_t partition);

#endif
