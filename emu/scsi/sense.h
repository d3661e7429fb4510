/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sense data (SPC-3 § 4.5): named codes with their text, and the two formats. Codes are named,
 * never written as numbers, outside sense-codes.def.
 */
#ifndef USBTAPE_SCSI_SENSE_H
#define USBTAPE_SCSI_SENSE_H

#include "emu/scsi/cdb.h"

#include <stddef.h>

typedef enum ScsiSenseCode {
#define SENSE(id, key, asc, ascq, text) SENSE_##id,
#include "emu/scsi/sense-codes.def"
#undef SENSE
    N_SENSE_CODES
} ScsiSenseCode;

/* SPC-3 table 27 */
typedef enum ScsiSenseKey {
    SENSE_KEY_NO_SENSE = 0x0,
    SENSE_KEY_NOT_READY = 0x2,
    SENSE_KEY_MEDIUM_ERROR = 0x3,
    SENSE_KEY_HARDWARE_ERROR = 0x4,
    SENSE_KEY_ILLEGAL_REQUEST = 0x5,
    SENSE_KEY_UNIT_ATTENTION = 0x6,
    SENSE_KEY_DATA_PROTECT = 0x7,
    SENSE_KEY_BLANK_CHECK = 0x8,
    SENSE_KEY_VOLUME_OVERFLOW = 0xd,
    SENSE_KEY_MISCOMPARE = 0xe,
} ScsiSenseKey;

/* One report. All zero = nothing to report. */
typedef struct ScsiSense {
    ScsiSenseCode code;
    bool deferred; /* 71h: about an earlier command (SPC-3 § 4.5.7) */
    bool filemark; /* met a filemark or a setmark */
    bool eom;      /* at BOP, at or beyond early warning, or at EOP */
    bool ili;      /* a block of another length than asked for */
    bool valid;    /* `information` means something */
    int64_t information;
    ScsiField field;
} ScsiSense;

ScsiSenseKey scsi_sense_key(ScsiSenseCode code);
uint8_t scsi_sense_asc(ScsiSenseCode code);
uint8_t scsi_sense_ascq(ScsiSenseCode code);
const char *scsi_sense_text(ScsiSenseCode code);

#define SCSI_SENSE_FIXED_LENGTH 18

/* The fixed format, field by field: also what no drive of ours would report. */
typedef struct ScsiFixedSense {
    uint8_t key, asc, ascq;
    bool deferred;  /* 71h */
    uint8_t stream; /* FILEMARK, EOM, ILI: bits 7 to 5 of byte 2 */
    bool valid;     /* `information` counts */
    uint32_t information;
    ScsiField field;
} ScsiFixedSense;

/* Writes it: 18 bytes (SPC-3 § 4.5.3). Returns the length. */
unsigned scsi_fixed_sense_write(const ScsiFixedSense *sense,
                                uint8_t bytes[SCSI_SENSE_FIXED_LENGTH]);
/* False: it is too short, or not in the fixed format. The field pointer is not read. */
bool scsi_fixed_sense_read(const uint8_t *bytes, size_t length, ScsiFixedSense *sense);

#define SCSI_SENSE_FILEMARK 0x80
#define SCSI_SENSE_EOM      0x40
#define SCSI_SENSE_ILI      0x20

/*
 * Renders a report in the fixed format. INFORMATION that does not fit 32 bits, signed
 * or unsigned, is dropped with its VALID bit. Returns the length.
 */
unsigned scsi_sense_fixed(const ScsiSense *sense, uint8_t bytes[SCSI_SENSE_FIXED_LENGTH]);

/* Most bytes that the descriptor format takes: header, information, key specific, stream. */
#define SCSI_SENSE_DESCRIPTOR_LENGTH (8 + 12 + 8 + 4)

/* Renders the descriptor format (SPC-3 § 4.5.2). Returns the length. */
unsigned scsi_sense_descriptor(const ScsiSense *sense, uint8_t bytes[SCSI_SENSE_DESCRIPTOR_LENGTH]);

#endif
