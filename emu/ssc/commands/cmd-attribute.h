/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the cartridge's memory, beyond READ and WRITE ATTRIBUTE. */
#ifndef USBTAPE_SSC_CMD_ATTRIBUTE_H
#define USBTAPE_SSC_CMD_ATTRIBUTE_H

#include "emu/ssc/ssc.h"

/* Device vendor-specific: how an AIT drive formatted the cartridge, as byte 2 of mode page 31h. */
#define SSC_ATTRIBUTE_AIT 0x0c00
/* Formats of attributes (SPC-3 § 7.3.1). */
enum { SSC_ATTRIBUTE_BINARY, SSC_ATTRIBUTE_ASCII, SSC_ATTRIBUTE_TEXT, SSC_ATTRIBUTE_FORMATS };

/* The notes of log page 3Eh: one of the cartridge, one of each partition. */
#define SSC_ATTRIBUTE_VOLUME_NOTE    0x0c01
#define SSC_ATTRIBUTE_PARTITION_NOTE 0x0c02
/* MEDIUM SERIAL NUMBER (SPC-3 § 7.3.2.3) */
#define SSC_ATTRIBUTE_MEDIUM_SERIAL 0x0401

/* The cartridge, just loaded, notes which drive it is in now, and what the load before moved. */
void ssc_attribute_note_load(SscDrive *drive);
/* Puts a read-only attribute into the cartridge's memory. A format that keeps none ignores it. */
void ssc_attribute_keep(SscDrive *drive, uint16_t id, uint8_t format, GBytes *value);

/* Bytes that are left in the chip of the cartridge. */
uint64_t ssc_memory_left(SscDrive *drive);
/* Is there room for an attribute of `size` bytes in place of one of `old`? 0: none. */
bool ssc_memory_fits(SscDrive *drive, size_t old, size_t size);
#endif
