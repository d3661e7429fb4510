/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the cartridge in the drive. */
#ifndef USBTAPE_SSC_CARTRIDGE_STATE_H
#define USBTAPE_SSC_CARTRIDGE_STATE_H

#include "emu/ssc/models/model.h"
#include "emu/ssc/ssc.h"
#include "media/medium.h"

/* How the drive can use the loaded cartridge's density. */
typedef enum SscFormat {
    FORMAT_WRITABLE,
    FORMAT_READ_ONLY, /* of an older generation */
    FORMAT_ALIEN,     /* of another one altogether */
} SscFormat;

/* An observer of loads, for state that depends on the cartridge. A function may be NULL. */
typedef struct SscLoadObserver {
    void (*threading)(SscDrive *drive); /* the tape is about to be threaded */
    void (*loaded)(SscDrive *drive);    /* at BOP of partition 0, also if it was loaded before */
} SscLoadObserver;

/* Owned by cartridge-state.c. */
typedef struct SscCartridge {
    TapeMedium *medium; /* NULL: no cartridge in the drive */
    bool loaded;
    bool at_hold;           /* in and not threaded (HOLD): only its memory can be reached */
    bool cleaning;          /* a cleaning cartridge: at HOLD, never loaded */
    bool reload_after_sync; /* switched on again while a sync was in progress */
    bool dirty;             /* some changes of the medium are not durable yet */
    bool compression_set;   /* the medium has the compression mode */
    bool prevented;         /* PREVENT ALLOW MEDIUM REMOVAL */
    SscFormat format;
    const SscLoadObserver *observers; /* called in order, `n_observers` of them */
    unsigned n_observers;
    SscLoadNotice notice; /* NULL: none */
    void *notice_data;
} SscCartridge;

/* Makes a cartridge that is in the drive reachable, at BOP of partition 0. */
void ssc_drive_load(SscDrive *drive);
void ssc_drive_unload(SscDrive *drive);
/* The block limits of the loaded cartridge: the model's, bounded by the image's format. */
SscBlockLimits ssc_drive_limits(SscDrive *drive);
/* The density code of the loaded cartridge; of the mode parameters if it does not say. */
uint8_t ssc_drive_density(SscDrive *drive);
/* The position of the host, after the objects that are still buffered. */
MediumPosition ssc_drive_position(SscDrive *drive);
/* Bytes on the tape before the head. */
uint64_t ssc_drive_used(SscDrive *drive);
/* All that the medium has is safe. */
void ssc_drive_clean(SscDrive *drive);

/* The tab, or a density that the drive only reads. */
bool ssc_drive_protected(SscDrive *drive);

/* Takes part in a power-on: the buffer's contents are lost, and the cartridge is loaded again. */
void ssc_drive_power_on(SscDrive *drive);

#endif
