/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What AIT drives have in common; each model file picks from it. */
#ifndef USBTAPE_SSC_MODELS_AIT_H
#define USBTAPE_SSC_MODELS_AIT_H

#include "emu/ssc/models/model.h"

/* Pages 02h 0Ah 0Fh 10h 11h 1Ch 31h, the set that the makers' manuals list. */
extern const SscModePage ait_mode_pages[];
#define AIT_N_MODE_PAGES 7

/* What the table has and the makers' command lists do not. */
extern const SscLack ait_lacks[];

/*
 * Density codes and media from the makers' manuals (AIT-1: 30h, AIT-2: 31h; 8 mm tape, one helical
 * track). Bits per mm is sourced for AIT-1; for AIT-2 it is the value that other emulators use.
 */
#define AIT_DENSITY_1(can_write)                                                                   \
    {                                                                                              \
        .primary = 0x30, .secondary = 0x30, .writable = (can_write), .bits_per_mm = 0x0011d7,      \
        .width = 80, .tracks = 1, .capacity_mb = 35000, .organization = "SONY", .name = "AIT-1",   \
        .description = "AdvIntelligentTape1"                                                       \
    }
#define AIT_DENSITY_2(can_write)                                                                   \
    {                                                                                              \
        .primary = 0x31, .secondary = 0x31, .writable = (can_write), .bits_per_mm = 0x0017d6,      \
        .width = 80, .tracks = 1, .capacity_mb = 50000, .organization = "SONY", .name = "AIT-2",   \
        .description = "AdvIntelligentTape2"                                                       \
    }

#endif
