/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges what lies on a medium as Microsoft Tape Format: the oracle, which trusts no drive. */
#ifndef USBTAPE_MEDIA_MTF_WALK_H
#define USBTAPE_MEDIA_MTF_WALK_H

#include "media/medium.h"
#include "media/mtf/mtf-reader.h"

/* Does it look at files' contents, or only pass over them to get at their names? */
typedef enum MtfWalk { MTF_WALK_ALL, MTF_WALK_NAMES } MtfWalk;

/*
 * Pushes a partition into the reader, from BOP up to its end or to the first violation, which the
 * reader then tells. The head is moved. False: the host file failed, or there is no such partition
 * (USBTAPE_ERROR_WORK).
 */
bool mtf_walk(TapeMedium *m, uint32_t partition, MtfWalk how, MtfReader *r, GError **error);

/*
 * What medium_read() gave for the object at `place`, `length` bytes of which are in `buffer`.
 * False: there is nothing more to push in, for better or worse.
 */
bool mtf_walk_push(MtfReader *r, const MtfPlace *place, MediumResult result, const uint8_t *buffer,
                   size_t length);

/* Does the partition begin as a tape in this format does? The head is moved. */
bool mtf_walk_probe(TapeMedium *m, uint32_t partition);

#endif
