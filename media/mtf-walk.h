/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges what lies on a medium as Microsoft Tape Format: the oracle, which trusts no drive. */
#ifndef USBTAPE_MEDIA_MTF_WALK_H
#define USBTAPE_MEDIA_MTF_WALK_H

#include "media/medium.h"
#include "media/mtf-reader.h"

/*
 * Pushes a partition into the reader, from BOP up to its end or to the first violation, which the
 * reader then tells. The head is moved. False: the host file failed, or there is no such partition
 * (USBTAPE_ERROR_WORK).
 */
bool mtf_walk(TapeMedium *m, uint32_t partition, MtfReader *r, GError **error);

/* Does the partition begin as a tape in this format does? The head is moved. */
bool mtf_walk_probe(TapeMedium *m, uint32_t partition);

#endif
