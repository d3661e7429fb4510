/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition root, the only file that knows every layer. It builds USB device → Bulk-Only →
 * SSC → medium, and puts fault interposers between them while rules need them.
 */
#ifndef USBTAPE_DRIVE_H
#define USBTAPE_DRIVE_H

#include "emu/base/clock.h"
#include "emu/base/executor.h"
#include "emu/base/trace.h"
#include "emu/fault/plan.h"
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
    FaultPlan *faults;  /* borrowed. NULL: no faults, now or later. */
    bool read_only;     /* opens every cartridge read-only */
} DriveConfig;

/*
 * The model's USB identity with a serial number derived from `seed_text`, such as a cartridge's
 * path. The same text gives the same serial number.
 */
void drive_default_identity(const SscModel *model, const char *seed_text, UsbIdentity *identity);

/* USBTAPE_ERROR_INPUT if Bulk-Only does not allow the identity. */
Drive *drive_new(const DriveConfig *config, GError **error);
/* The drive must be unplugged, with no eject under way. A loaded cartridge is not synced. */
void drive_free(Drive *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

UsbDevice *drive_usb(Drive *drive);
SscDrive *drive_ssc(Drive *drive);

/*
 * Starts to judge the host by the rules of the bus (emu/bot/judge.h). Each violation is a trace.
 * Call it once, before other monitors are added. Then a capture has the comment on the right
 * packet.
 */
void drive_judge_bus(Drive *drive);

/* ---- faults ---- */

/* NULL without a fault plan. */
const FaultPlan *drive_faults(const Drive *drive);
/*
 * As fault_plan_add() and fault_plan_remove(), on a running drive. Needed interposers are inserted.
 * The others are removed as soon as they are idle.
 */
bool drive_add_faults(Drive *drive, const char *name, const char *text, size_t length,
                      GError **error);
bool drive_remove_fault(Drive *drive, unsigned number, GError **error);

/* The plug, for the drive's faults. `data` is the pointer given with it. */
typedef struct DrivePlug {
    /* Unplugs at once. Plugs in again after `replug` microseconds, or never (FAULT_FOR_EVER). */
    void (*unplug)(void *data, int64_t replug);
} DrivePlug;

/*
 * NULL: there is no plug, and faults that unplug only leave their command pending. A power cut that
 * is due happens at once.
 */
void drive_set_plug(Drive *drive, const DrivePlug *plug, void *data);

/* ---- live control ---- */

/*
 * Stops each command at `phase`: "cbw", "data" or "csw" (emu/fault/hold.h). `command` is a name or
 * 0Ah, as in fault rules, or NULL for any. USBTAPE_ERROR_INPUT if the phase or command does not
 * exist. USBTAPE_ERROR_WORK if a hold is in force.
 */
bool drive_hold(Drive *drive, const char *phase, const char *command, GError **error);
/* Continues the stopped command. No further command is stopped. */
bool drive_release(Drive *drive, GError **error);

typedef struct DriveHold {
    bool in_force;
    const char *phase;
    int opcode; /* of the commands to stop, or -1 for any */
    int held;   /* operation code of the stopped command, or -1 */
} DriveHold;

DriveHold drive_look_at_hold(const Drive *drive);
/* Calls `held` with the operation code of each stopped command. It must not call the drive. */
void drive_on_held(Drive *drive, void (*held)(void *data, uint8_t opcode), void *data);

/* Sets whether commands take as long as in the model (--timing model). */
void drive_set_timed(Drive *drive, bool timed);
bool drive_timed(const Drive *drive);

/* Counters since the drive was made. */
void drive_stats(const Drive *drive, SscStats *stats);
/* The name of a command, or NULL if the drive does not have that operation code. */
const char *drive_command_name(uint8_t opcode);

/*
 * Cuts the power and restores it. All state is lost. The cartridge stays in and is loaded. The
 * drive should be unplugged meanwhile. Not from inside a transfer.
 */
void drive_power_cycle(Drive *drive);

/*
 * Opens and inserts a cartridge file. `read_only` concerns this cartridge alone. `notice` as in
 * medium_open().
 */
bool drive_load(Drive *drive, const char *path, bool read_only, char **notice, GError **error);
/* The same with a format that the user named. NULL: detects the format. */
bool drive_load_as(Drive *drive, const char *path, const char *format, bool read_only,
                   char **notice, GError **error);
/* Inserts a medium that is not a file, with ownership. False if there is a cartridge. */
bool drive_insert(Drive *drive, TapeMedium *medium);
/* The file of the cartridge in the drive, or NULL. Borrowed. */
const char *drive_cartridge(const Drive *drive);

/*
 * The state of the cartridge and its head, and whether the host can reach it. False without a
 * cartridge.
 */
bool drive_look(Drive *drive, MediumInfo *info, MediumPosition *position, bool *loaded);

/*
 * Calls `moved` when the host gains or loses the cartridge by other means than drive_load(),
 * drive_eject() and the like. `by` is "host" (LOAD UNLOAD), "fault" (the drive does not see its
 * cartridge) or "drive" (at power on). It must not call the drive.
 */
void drive_on_moved(Drive *drive, void (*moved)(void *data, bool loaded, const char *by),
                    void *data);

/* The end of an eject. `error` is NULL on success. */
typedef void (*DriveEjected)(void *data, const GError *error);

/*
 * Ejects the cartridge when the command under way has ended, as the button on the front does. A
 * lock by the host refuses it, unless `force`. Then syncs and closes the cartridge. Calls `done`
 * once, perhaps before this returns. Errors are USBTAPE_ERROR_WORK. One eject at a time.
 */
void drive_eject(Drive *drive, bool force, DriveEjected done, void *data);
bool drive_ejecting(const Drive *drive);

/*
 * Sets the write protection of the cartridge. The cartridge is ejected, as by drive_eject(), and
 * loaded again. Without a change nothing happens. The setting stays with the cartridge.
 */
void drive_write_protect(Drive *drive, bool on, bool force, DriveEjected done, void *data);

#endif
