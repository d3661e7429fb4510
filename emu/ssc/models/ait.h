/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data that AIT drives share. Each model file picks from it. */
#ifndef USBTAPE_SSC_MODELS_AIT_H
#define USBTAPE_SSC_MODELS_AIT_H

#include "emu/ssc/models/model.h"

/* Pages 02h 0Ah 0Fh 10h 11h 1Ch 31h 32h 33h, the set that the makers' manuals list. */
extern const SscModePage ssc_ait_mode_pages[];
#define AIT_N_MODE_PAGES 9
/* Native where the others emulate DDS by default; without 32h and 33h, which the manuals
 * of the later drives call obsolete or not supported. */
extern const SscModePage ssc_ait_native_mode_pages[];
#define AIT_N_NATIVE_MODE_PAGES 7

/*
 * The makers' list is 02h 03h 07h 2Eh 30h 31h 33h 34h 35h 39h 3Ch 3Dh 3Eh. Left out are 07h, whose
 * entries are not sourced, and 30h and 3Ch, which count over the life of a cartridge.
 */
extern const uint8_t ssc_ait_log_pages[];
extern const uint8_t ssc_ait_4_log_pages[]; /* from AIT-4 on: their page 30h is not sourced */
/* The chip's log pages, as the manuals of SDX-700C and of SDX-1100V have them. */
extern const SscMicPage ssc_ait_mic, ssc_ait_later_mic;

/* The MIC is a chip of 64 Kbit. */
#define AIT_MEMORY_SIZE 8192

/* The commands that the makers' manuals list; ATAPI drives have none whose CDB takes 16 bytes. */
extern const SscCommandId ssc_ait_commands[], ssc_ait_atapi_commands[];

/* As documented for SDX-400V, an AIT-1 drive. Not sourced for the others. */
#define AIT_BUFFER_SIZE (12 << 20)

/*
 * Native rates are sourced. For the rest there is the makers' data of AIT-1 with its longest
 * tape: 105 s to rewind all of it, 40 s to somewhere on average. Load, unload and cleaning are not
 * sourced.
 */
#define AIT_TIMING(megabytes_per_second)                                                           \
    {                                                                                              \
        .rate = (megabytes_per_second)*1000000, .load = 10000, .unload = 10000, .search = 80000,   \
        .rewind = 105000, .clean = 30000                                                           \
    }

/*
 * Density codes and capacities from the makers' manuals; 8 mm tape, one helical track. Bits per mm
 * are sourced for AIT-1 and AIT-3; for the others they are the value that other emulators use.
 */
#define AIT_DENSITY(code, can_write, bits, megabytes, short_name, long_name)                       \
    AIT_DENSITY_IN(0, code, can_write, bits, megabytes, short_name, long_name)
#define AIT_DENSITY_IN(units, code, can_write, bits, megabytes, short_name, long_name)             \
    {                                                                                              \
        .partition_units = (units), .primary = (code), .secondary = (code),                        \
        .writable = (can_write), .bits_per_mm = (bits), .width = 80, .tracks = 1,                  \
        .capacity_mb = (megabytes), .organization = "SONY", .name = (short_name),                  \
        .description = (long_name)                                                                 \
    }
#define AIT_DENSITY_1(can_write)                                                                   \
    AIT_DENSITY(0x30, can_write, 0x0011d7, 35000, "AIT-1", "AdvIntelligentTape1")
#define AIT_DENSITY_2(can_write)                                                                   \
    AIT_DENSITY(0x31, can_write, 0x0017d6, 50000, "AIT-2", "AdvIntelligentTape2")
#define AIT_DENSITY_3(can_write)                                                                   \
    AIT_DENSITY(0x32, can_write, 0x00179f, 100000, "AIT-3", "AdvIntelligentTape3")
#define AIT_DENSITY_4(can_write)                                                                   \
    AIT_DENSITY(0x33, can_write, 0x0017d6, 200000, "AIT-4", "AdvIntelligentTape4")
#define AIT_DENSITY_5(can_write)                                                                   \
    AIT_DENSITY(0x34, can_write, 0x0017d6, 400000, "AIT-5", "AdvIntelligentTape5")
#define AIT_DENSITY_1_TURBO(can_write)                                                             \
    AIT_DENSITY(0x39, can_write, 0x0017d6, 40000, "AIT-1T", "AdvIntelligentTape1T")
/* Its partitions are measured in 10 MB (SDX-550V manual § 6.7.8), those of the others in MB. */
#define AIT_DENSITY_2_TURBO(can_write)                                                             \
    AIT_DENSITY_IN(7, 0x3a, can_write, 0x0017d6, 80000, "AIT-2T", "AdvIntelligentTape2T")

#endif
