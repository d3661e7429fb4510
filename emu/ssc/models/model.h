/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A drive personality is data: strings, limits, densities, pages. A new model is one file beside
 * this one and one line in models.def. Handlers never ask which model it is.
 */
#ifndef USBTAPE_SSC_MODEL_H
#define USBTAPE_SSC_MODEL_H

#include "emu/ssc/ssc.h"

/* READ BLOCK LIMITS (SSC-3 § 7.5). */
typedef struct SscBlockLimits {
    uint32_t max;
    uint16_t min;
    uint8_t granularity; /* lengths are multiples of 2 to this power */
} SscBlockLimits;

/* One density of REPORT DENSITY SUPPORT (SSC-3 § 7.8). */
typedef struct SscDensity {
    uint8_t primary, secondary;
    bool writable;
    uint32_t bits_per_mm; /* 24 bits */
    uint16_t width;       /* of the tape, in 0.1 mm */
    uint16_t tracks;
    uint32_t capacity_mb;    /* 10^6 bytes, uncompressed */
    uint8_t partition_units; /* partitions are measured in 10^n bytes; 0: in MB */
    const char *organization, *name, *description;
} SscDensity;

/*
 * One mode page of a model: default bytes from byte 2 on, and which of their bits MODE SELECT may
 * change. Behaviour behind a page code is in pages-mode.c.
 */
typedef struct SscModePage {
    uint8_t code;
    uint8_t length; /* PAGE LENGTH: bytes after byte 1 */
    const uint8_t *defaults, *changeable;
    uint8_t subpage; /* 0: a page of its own, values from byte 2 on; else from byte 4 on */
    bool savable;    /* MODE SELECT with SP keeps its values beyond resets and power-off */
} SscModePage;

/* A command of the table; a list ends with operation code 0, which every model has. */
typedef struct SscCommandId {
    uint8_t opcode;
    int8_t service_action; /* -1: all of them */
} SscCommandId;

/* No setting: the cartridge decides. It is what an omitted member is. */
#define SSC_OF_CARTRIDGE 0

/*
 * How AIT drives report the chip in the cartridge, log pages 3Dh and 3Eh: lengths of parameters,
 * how many partitions have notes in DDS emulation and native, and the LBIN and LP bits of a note.
 */
typedef struct SscMicPage {
    uint8_t word, serial, system_log, volume, element;
    uint8_t notes, native_notes;
    uint8_t note_control;
} SscMicPage;

/* Speeds. A number that is not sourced says so. */
typedef struct SscTiming {
    uint32_t rate;           /* native, bytes a second */
    uint32_t load, unload;   /* milliseconds, from insertion to ready and back */
    uint32_t search, rewind; /* milliseconds for the whole tape */
    uint32_t clean;          /* milliseconds that a cleaning cartridge runs */
} SscTiming;

struct SscModel {
    const char *name, *about;

    /* INQUIRY (SPC-3 § 6.4) */
    const char *vendor, *product, *revision;
    uint8_t version;                     /* ANSI: 2, 3, 4 (SPC-2), 5 (SPC-3) */
    uint8_t inquiry_length;              /* whole, 36 to 96 */
    const uint16_t *version_descriptors; /* ended by 0; NULL: none */
    const char *serial;                  /* default, 10 characters */
    const char *own_serial;              /* as set; NULL: not set */
    const uint8_t *vpd_pages;            /* ended by 0; page 00h is always there; NULL: 00h alone */

    /* Over what the cartridge says: bytes of each partition, and from early warning to its end. */
    uint64_t capacity;      /* 0: the cartridge's */
    uint64_t early_warning; /* SSC_OF_CARTRIDGE */
    uint64_t buffer_size;   /* bytes of write-behind buffer */
    SscBlockLimits limits;
    uint32_t block_length; /* default: 0 = variable */
    bool variable_only;    /* commands with the FIXED bit fail */
    uint32_t memory_size;  /* bytes that the chip in a cartridge holds for attributes */
    uint8_t medium_type;   /* of the mode header */
    uint8_t density;       /* that a cartridge without one has */
    const SscDensity *densities;
    unsigned n_densities;
    const SscModePage *mode_pages;
    unsigned n_mode_pages;
    const uint8_t *log_pages;      /* ended by 0; page 00h is always there */
    bool log_subpages;             /* LOG SENSE knows subpages (SPC-4) */
    bool log_settable;             /* LOG SELECT sets counters, not just all of them back */
    const SscMicPage *mic;         /* the log pages are AIT's; NULL: the standard's */
    uint8_t log_frame_parameters;  /* pages 34h, 35h: the last parameter */
    uint32_t log_compression_unit; /* page 39h: bytes that count as one */
    const SscCommandId *commands;  /* those of the table that it has; NULL: all */
    bool rejects_old_lists;        /* MODE SELECT with PF = 0: invalid field, at the block length */
    bool tells_resets_apart;       /* 29/01, 29/02, 29/03; else 29/00, as SCSI-2 had it */
    bool timed;                    /* it takes the time that it takes */
    SscTiming timing;
    bool attention_on_load; /* UA 28/00 after the LOAD command too: real drives differ */

    SscUsbIds usb;

    GStringChunk *texts; /* of a copy; NULL: built in */
};

#endif
