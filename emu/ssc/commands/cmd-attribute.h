/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the cartridge's memory, beyond READ and WRITE ATTRIBUTE. */
#ifndef USBTAPE_SSC_CMD_ATTRIBUTE_H
#define USBTAPE_SSC_CMD_ATTRIBUTE_H

#include "emu/ssc/ssc.h"

/* Device vendor-specific: how an AIT drive formatted the cartridge, as byte 2 of mode page 31h. */
#define SSC_ATTRIBUTE_AIT 0x0c00
/* The notes of log page 3Eh: one of the cartridge, one of each partition. */
#define SSC_ATTRIBUTE_VOLUME_NOTE    0x0c01
#define SSC_ATTRIBUTE_PARTITION_NOTE 0x0c02
/* MEDIUM SERIAL NUMBER (SPC-3 § 7.3.2.3) */
#define SSC_ATTRIBUTE_MEDIUM_SERIAL 0x0401

/* The cartridge, just loaded, notes which drive it is in now, and what the load before moved. */
void ssc_attribute_note_load(SscDrive *drive);
/* Bytes that this load and the one before have moved, as they lie on the tape. */
typedef struct SscMoved {
    uint64_t written, read;
} SscMoved;
void ssc_attribute_loads(SscDrive *drive, SscMoved *now, SscMoved *before);

/* Bytes that are left in the chip of the cartridge. */
uint64_t ssc_memory_left(SscDrive *drive);
/* Is there room for an attribute of `size` bytes in place of one of `old`? 0: none. */
bool ssc_memory_fits(SscDrive *drive, size_t old, size_t size);
/* The usage that the cartridge counts in its life. `loads` 0: its format counts none. */
MediumUsage ssc_medium_usage(SscDrive *drive);

#endif
