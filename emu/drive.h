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
    FaultPlan *faults;  /* borrowed, may be NULL: none can come later either */
    bool read_only;     /* every cartridge is opened so */
} DriveConfig;

/*
 * The model's USB identity with a serial number derived from `seed_text` (a cartridge's path, say):
 * the same text gives the same drive.
 */
void drive_default_identity(const SscModel *model, const char *seed_text, UsbIdentity *identity);

/* USBTAPE_ERROR_INPUT if the identity is not one that Bulk-Only allows. */
Drive *drive_new(const DriveConfig *config, GError **error);
/* Nothing may be plugged into it, no eject under way. A cartridge still in it is not synced. */
void drive_free(Drive *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

UsbDevice *drive_usb(Drive *drive);
SscDrive *drive_ssc(Drive *drive);

/*
 * Judges from now on whether its host keeps the rules of the bus (emu/bot/judge.h). What breaks one
 * is a trace. Once, before other monitors of the device: a capture then has the comment where it
 * belongs.
 */
void drive_judge_bus(Drive *drive);

/* ---- faults ---- */

/* NULL: it was given none. */
const FaultPlan *drive_faults(const Drive *drive);
/*
 * As fault_plan_add() and fault_plan_remove(), on a running drive: the interposers that are needed
 * are put between the layers, those that are not are taken out as soon as they can be.
 */
bool drive_add_faults(Drive *drive, const char *name, const char *text, size_t length,
                      GError **error);
bool drive_remove_fault(Drive *drive, unsigned number, GError **error);

/* What the drive's faults may do to its plug; `data` is the one given with it. */
typedef struct DrivePlug {
    /* Leaves the bus at once; comes back after `replug` microseconds, or never (FAULT_FOR_EVER). */
    void (*unplug)(void *data, int64_t replug);
} DrivePlug;

/* NULL: it cannot be pulled; faults that would do it then only hang. What is due of one, its power
 * cut, is then done at once. */
void drive_set_plug(Drive *drive, const DrivePlug *plug, void *data);

/* ---- live control ---- */

/*
 * Stops each command (`command`: its name or 0Ah, as in fault rules; NULL: any) at `phase`: "cbw",
 * "data" or "csw" (emu/fault/hold.h). USBTAPE_ERROR_INPUT if there is no such phase or command,
 * USBTAPE_ERROR_WORK if a hold is in force.
 */
bool drive_hold(Drive *drive, const char *phase, const char *command, GError **error);
/* What is held goes on, and nothing is stopped any more. */
bool drive_release(Drive *drive, GError **error);

typedef struct DriveHold {
    bool in_force;
    const char *phase;
    int opcode; /* that it waits for; -1: any */
    int held;   /* operation code of the command that it holds; -1: none yet */
} DriveHold;

DriveHold drive_look_at_hold(const Drive *drive);
/* `held` is called with the operation code when a command is stopped; it only takes notice. */
void drive_on_held(Drive *drive, void (*held)(void *data, uint8_t opcode), void *data);

/* Do commands take as long as the model's would (--timing model)? */
void drive_set_timed(Drive *drive, bool timed);
bool drive_timed(const Drive *drive);

/* What it has done since it was made. */
void drive_stats(const Drive *drive, SscStats *stats);
/* The name of a command, for people; NULL: the drive has none of that operation code. */
const char *drive_command_name(uint8_t opcode);

/* The power goes and comes back: all state is lost, the cartridge stays in and is loaded. It should
 * be unplugged meanwhile, as it would be. Not from inside a transfer. */
void drive_power_cycle(Drive *drive);

/* Opens and inserts a cartridge file; `read_only`: this one, whatever the drive's others are.
 * `notice` as in medium_open. */
bool drive_load(Drive *drive, const char *path, bool read_only, char **notice, GError **error);
/* The same of a file whose format the user has named; NULL: goes by what it holds. */
bool drive_load_as(Drive *drive, const char *path, const char *format, bool read_only,
                   char **notice, GError **error);
/* Puts a medium in that is no file; takes it over. False: there is a cartridge. */
bool drive_insert(Drive *drive, TapeMedium *medium);
/* The file of the cartridge that is in the drive; NULL: none. Borrowed. */
const char *drive_cartridge(const Drive *drive);

/* What the cartridge is, where its head stands, can the host reach it; false: there is none. */
bool drive_look(Drive *drive, MediumInfo *info, MediumPosition *position, bool *loaded);

/*
 * `moved` is called when the cartridge comes within the host's reach or leaves it other than by
 * drive_load(), drive_eject() and the like: `by` is "host" (LOAD UNLOAD), "fault" (the drive does
 * not see what is in it) or "drive" (it was switched on). It only takes notice.
 */
void drive_on_moved(Drive *drive, void (*moved)(void *data, bool loaded, const char *by),
                    void *data);

/* How an eject ended; `error` NULL: well. */
typedef void (*DriveEjected)(void *data, const GError *error);

/*
 * Takes the cartridge out, as the button on the front does: when the command under way has ended,
 * unless the host has locked it and not `force`. Then syncs and closes it. `done` is called once,
 * perhaps before this returns; errors are USBTAPE_ERROR_WORK. One eject at a time.
 */
void drive_eject(Drive *drive, bool force, DriveEjected done, void *data);
bool drive_ejecting(const Drive *drive);

/*
 * Moves the tab of the cartridge, as one does it: it is taken out, as by drive_eject, and put in
 * again. Nothing happens if it is as it should be. The tab stays with the cartridge.
 */
void drive_write_protect(Drive *drive, bool on, bool force, DriveEjected done, void *data);

#endif
