/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tape drive: SSC-3 and SPC-3 commands over a TapeMedium. Implements SEAM 2, calls SEAM 3.
 *
 * Owns: the command table and its gates, drive state (mode parameters, prevention, reservations,
 * pending unit attentions, sense), the loaded medium. Does not own: the bus, cartridge files.
 */
#ifndef USBTAPE_SSC_SSC_H
#define USBTAPE_SSC_SSC_H

#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/scsi/task.h"
#include "media/medium.h"

typedef struct SscDrive SscDrive;

/* A drive personality: data, never branches. Rows live in emu/ssc/models/, named in models.def. */
typedef struct SscModel SscModel;

/* NULL and an error that lists the models if there is none of that name. NULL name: the default. */
const SscModel *ssc_model_by_name(const char *name, GError **error);
const SscModel *const *ssc_models(void); /* NULL-terminated */
const char *ssc_model_name(const SscModel *model);
const char *ssc_model_about(const SscModel *model);

/* A copy of a model, for ssc_model_set(). Free with ssc_model_free. */
SscModel *ssc_model_copy(const SscModel *model);
void ssc_model_free(SscModel *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SscModel, ssc_model_free)
/* "inquiry.vendor=ACME". USBTAPE_ERROR_INPUT: no such setting, or not a value for it. */
bool ssc_model_set(SscModel *copy, const char *assignment, GError **error);
/* After the last setting: are they consistent? */
bool ssc_model_check(const SscModel *model, GError **error);

typedef struct SscSetting {
    const char *name, *value, *about; /* `value`: what it takes, for people */
} SscSetting;

/* From 0 on; NULL beyond the last. */
const SscSetting *ssc_setting(unsigned index);

/* The USB identity of a model. No source documents the USB ids of such tape drives, so they are
 * invented, and `list` says so. */
typedef struct SscUsbIds {
    uint16_t vendor, product, release; /* idVendor, idProduct, bcdDevice */
    bool invented;
    const char *manufacturer_text, *product_text; /* string descriptors */
} SscUsbIds;

const SscUsbIds *ssc_model_usb_ids(const SscModel *model);
/* The INQUIRY strings, without padding. */
const char *ssc_model_vendor(const SscModel *model);
const char *ssc_model_product(const SscModel *model);
const char *ssc_model_revision(const SscModel *model);
/* The unit serial number (VPD 80h) of a drive that was given none. */
const char *ssc_model_serial(const SscModel *model);
/* The one that was set; NULL: none. */
const char *ssc_model_own_serial(const SscModel *model);
/* The density code of a new cartridge. */
uint8_t ssc_model_density(const SscModel *model);
/* Bytes of a new cartridge; 0: unlimited. */
uint64_t ssc_model_capacity(const SscModel *model);

/* Borrows clock and trace. `serial`: 10 characters for VPD 80h, copied; NULL: the model's default.
 */
SscDrive *ssc_drive_new(const SscModel *model, const char *serial, Clock *clock, Trace *trace);
/* Frees the loaded medium too. No task may be pending. */
void ssc_drive_free(SscDrive *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SscDrive, ssc_drive_free)

ScsiTarget *ssc_drive_target(SscDrive *drive);

/* Whether commands take as long as the model's would, or no time. The default is the model's. */
void ssc_drive_set_timed(SscDrive *drive, bool timed);
bool ssc_drive_timed(const SscDrive *drive);

/* Counters since the drive was made. */
typedef struct SscStats {
    uint64_t commands[256]; /* that ended, by operation code */
    uint64_t checks;        /* of them with CHECK CONDITION */
} SscStats;

void ssc_drive_stats(const SscDrive *drive, SscStats *stats);
/* The name of the first command in the table with that operation code; NULL: there is none. */
const char *ssc_command_name(uint8_t opcode);

typedef enum SscEject {
    SSC_EJECTED,
    SSC_EJECT_EMPTY,     /* nothing was loaded */
    SSC_EJECT_PREVENTED, /* the host locked it (PREVENT ALLOW MEDIUM REMOVAL) and `force` is off */
    SSC_EJECT_BUSY,      /* a command is using it, or it is cleaning: try again later */
} SscEject;

/*
 * Puts a cartridge in, loads it and raises UA 28/00. A cleaning cartridge cleans and is not loaded.
 * Takes ownership of the medium. False: there is one already (the medium stays the caller's).
 */
bool ssc_drive_insert(SscDrive *drive, TapeMedium *medium);
/* Takes the cartridge out, as the button on the drive does; `*medium` is then the caller's. */
SscEject ssc_drive_eject(SscDrive *drive, bool force, TapeMedium **medium);
/* The cartridge in the drive, loaded or not (after LOAD UNLOAD it stays in until taken). NULL:
 * none. Borrowed. */
TapeMedium *ssc_drive_medium(SscDrive *drive);
/* Replaces the medium of the cartridge in the drive by another one for the same cartridge (an
 * interposer). Must not be called from inside a call of either. */
void ssc_drive_replace_medium(SscDrive *drive, TapeMedium *medium);
/* Loaded = the host can reach it. */
bool ssc_drive_loaded(const SscDrive *drive);
/* Called after each change; `by_host`: a command caused it. It must not call the drive. */
typedef void (*SscLoadNotice)(void *data, bool loaded, bool by_host);
void ssc_drive_on_load(SscDrive *drive, SscLoadNotice notice, void *data);

#endif
