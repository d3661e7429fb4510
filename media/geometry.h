/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values derived from a MediumGeometry, the same for every format. */
#ifndef USBTAPE_MEDIA_GEOMETRY_H
#define USBTAPE_MEDIA_GEOMETRY_H

#include "media/medium.h"

/* USBTAPE_ERROR_INPUT for no partitions, too many, or less than a byte for each. */
bool geometry_check(const MediumGeometry *geometry, GError **error);

/*
 * Bytes of partition `number`. Each gets an equal share and partition 0 the rest. G_MAXUINT64 if
 * unlimited.
 */
uint64_t geometry_share(const MediumGeometry *geometry, uint32_t number);

/*
 * Bytes from BOP where early warning starts in a partition of `capacity`, or G_MAXUINT64 for never.
 */
uint64_t geometry_early_warning_point(uint64_t capacity, uint64_t early_warning);

/* True if no partition is empty and all together fit in the cartridge. */
bool geometry_divisible(const MediumGeometry *geometry, uint32_t count, const uint64_t *capacities);

/*
 * The result that medium_redivide() has to give for the data on the cartridge, which is OK, INVALID
 * or WORM.
 */
MediumResult geometry_redivisible(TapeMedium *m, uint32_t count, const uint64_t *capacities);

#endif
