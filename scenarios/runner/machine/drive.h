/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drive of a case: cartridges made by `usbtape media create`, what plays them, and what
 * `usbtape ctl` can ask of it. The runner uses the program as anybody would.
 *
 * What plays them is a `usbtape serve` of its own, or a device in the guest's QEMU; then the
 * drive's life begins and ends with that device, and it cannot be killed apart from QEMU.
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
/* It is to live in the QEMU of a guest. Its first life begins with the VM, or when it is attached
 * to one: drive_process_vm() says where its device was plugged in. Before the first start. */
void drive_process_be_device(DriveProcess *drive);
bool drive_process_is_device(const DriveProcess *drive);
/* Borrowed until it is stopped for good; NULL: the VM is gone. */
void drive_process_vm(DriveProcess *drive, Vm *vm);
/* How a VM gets the drive, while it runs. */
VmDrive drive_process_plug(const DriveProcess *drive);
/* Takes it off the guest's bus, and puts it back; its life goes on. */
bool drive_process_unplug(DriveProcess *drive, Vm *vm, GError **error);
bool drive_process_replug(DriveProcess *drive, Vm *vm, GError **error);
/* From the next start on everything on the bus is captured, too; of each transfer only `snap`, as
 * `serve` reads it (borrowed), unless that is NULL. */
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
/* SIGTERM, and it has to end cleanly; or SIGKILL. Nothing if it is stopped already; an error if it
 * ended by itself. */
bool drive_process_stop(DriveProcess *drive, bool kill, GError **error);
/* Has it ever ended by itself or badly, or not come back when it was started again? */
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
