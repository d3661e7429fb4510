/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drive of a case: its cartridges, its process, its control socket. The runner uses `usbtape
 * media create`, `usbtape serve` and `usbtape ctl` as a user does.
 *
 * The drive is a `usbtape serve` of its own, or a device in the guest's QEMU. A device begins and
 * ends with QEMU, and cannot be killed apart from it.
 */
#ifndef USBTAPE_SCENARIOS_DRIVE_H
#define USBTAPE_SCENARIOS_DRIVE_H

#include "scenarios/runner/machine/vm.h"
#include <stdint.h>

/* In the case's directory. */
#define DRIVE_SOCKET "drive.sock"
#define DRIVE_TRACE  "trace-%u.jsonl" /* of the Nth life */
#define DRIVE_PCAP   "bus-%u.pcapng"  /* the same, if it is asked for */
#define DRIVE_USBMON "bus-%u.pcap"    /* the same, of a QEMU device: QEMU's own capture */

/* The tape of a scenario, as its file says it. */
typedef struct TapeConfig {
    char *model;                      /* NULL: the drive's default */
    char **settings;                  /* "NAME=VALUE", each a --set of the drive; NULL: none */
    char *format;                     /* the suffix of the cartridge's file; NULL: the native one */
    uint64_t capacity, early_warning; /* bytes; 0: the default */
} TapeConfig;

typedef struct DriveProcess DriveProcess;

/* `directory` gets cartridge-N.tape, serve.log, traces, the sockets. Copies what it needs. Not
 * running yet.
 */
DriveProcess *drive_process_new(const char *directory, const TapeConfig *tape, const char *faults,
                                uint64_t seed);
/* Makes it a device in the QEMU of a guest, before the first start. Its first life begins with
 * the VM, or when it is attached to one. drive_process_vm() sets that VM. */
void drive_process_be_device(DriveProcess *drive);
bool drive_process_is_device(const DriveProcess *drive);
/* Borrowed until it is stopped for good; NULL: the VM is gone. */
void drive_process_vm(DriveProcess *drive, Vm *vm);
/* How QEMU attaches the drive, while it runs. */
VmDrive drive_process_plug(const DriveProcess *drive);
/* Unplugs it from the guest's bus, and plugs it in again. Its life goes on. */
bool drive_process_unplug(DriveProcess *drive, Vm *vm, GError **error);
bool drive_process_replug(DriveProcess *drive, Vm *vm, GError **error);
/* Captures the bus from the next start on, and of each transfer only `snap`, as `serve` reads it
 * (borrowed; NULL: all). */
void drive_process_capture(DriveProcess *drive, const char *snap);
/* Ends it first. */
void drive_process_free(DriveProcess *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriveProcess, drive_process_free)

/* The file of cartridge `number` (from 1), made if it is not there. Free with g_free. */
char *drive_process_cartridge(DriveProcess *drive, int number, GError **error);
/* Removes all their files. The drive has ended. */
void drive_process_remove_cartridges(DriveProcess *drive);
/* Starts serving, with the cartridge last loaded (at first: number 1). */
bool drive_process_start(DriveProcess *drive, GError **error);
/* Ends it with SIGTERM, after which it has to end cleanly, or with SIGKILL. Does nothing if it
 * is stopped already. An error if it ended by itself. */
bool drive_process_stop(DriveProcess *drive, bool kill, GError **error);
/* True if it ever ended by itself or badly, or did not start again. */
bool drive_process_failed(const DriveProcess *drive);
bool drive_process_running(DriveProcess *drive);
/* 0: it does not run, or is part of QEMU. */
pid_t drive_process_pid(const DriveProcess *drive);
bool drive_process_load(DriveProcess *drive, int number, GError **error);
bool drive_process_eject(DriveProcess *drive, GError **error);

/* A rule of the drive's fault plan. */
typedef struct DriveRule {
    int64_t number; /* in the plan, from 1 */
    char *fault;
    int64_t fired; /* in lives that did not end by themselves */
} DriveRule;

/* Of DriveRule, in the order of the plan: two rules of one fault do not answer for one another.
 * Borrowed. */
const GPtrArray *drive_process_rules(const DriveProcess *drive);
/* How often the rules of `fault` fired, all together. */
int64_t drive_process_fired(const DriveProcess *drive, const char *fault);
/* How many cartridges there are. */
int drive_process_cartridges(const DriveProcess *drive);
/* Of int64_t: when it was started, each time (monotonic). Each life leaves a DRIVE_TRACE. */
const GArray *drive_process_lives(const DriveProcess *drive);

#endif
