/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition root: the only file that knows every layer. It builds
 * USB device → Bulk-Only → SSC → medium, and puts fault interposers between them when asked to.
 */
#ifndef USBTAPE_DRIVE_H
#define USBTAPE_DRIVE_H

#include "emu/base/clock.h"
#include "emu/base/executor.h"
#include "emu/base/trace.h"
#include "emu/ssc/ssc.h"
#include "emu/usb/device.h"

typedef struct Drive Drive;

typedef struct DriveConfig {
    const SscModel *model;
    UsbSpeed speed;
    UsbIdentity identity;
    Clock *clock;       /* borrowed */
    Executor *executor; /* borrowed */
    Trace *trace;       /* borrowed, may be NULL */
} DriveConfig;

/* The model's USB identity with a serial number derived from `seed_text` (a cartridge path, say).
 */
void drive_default_identity(const SscModel *model, const char *seed_text, UsbIdentity *identity);

Drive *drive_new(const DriveConfig *config, GError **error);
void drive_free(Drive *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

UsbDevice *drive_usb(Drive *drive);
SscDrive *drive_ssc(Drive *drive);

/* Opens and inserts a cartridge file. `notice` as in medium_open. */
bool drive_load(Drive *drive, const char *path, bool read_only, char **notice, GError **error);
/* Takes the cartridge out, syncs and closes it. */
bool drive_eject(Drive *drive, bool force, GError **error);

#endif
