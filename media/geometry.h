/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from a MediumGeometry; the same for every format. */
#ifndef USBTAPE_MEDIA_GEOMETRY_H
#define USBTAPE_MEDIA_GEOMETRY_H

#include "media/medium.h"

/* USBTAPE_ERROR_INPUT: no partitions or too many, less than a byte for each. */
bool geometry_check(const MediumGeometry *geometry, GError **error);

/* Bytes of partition `number`: an equal share, the rest goes to 0. G_MAXUINT64: unlimited. */
uint64_t geometry_share(const MediumGeometry *geometry, uint32_t number);

/* Bytes from BOP where early warning starts in a partition of `capacity`; G_MAXUINT64: never. */
uint64_t geometry_early_warning_point(uint64_t capacity, uint64_t early_warning);

/* May the cartridge be divided so? Together no more than the cartridge holds, none empty. */
bool geometry_divisible(const MediumGeometry *geometry, uint32_t count, const uint64_t *capacities);

/* May medium_redivide() do that to what is on the cartridge now? OK, INVALID, WORM. */
MediumResult geometry_redivisible(TapeMedium *m, uint32_t count, const uint64_t *capacities);

#endif
