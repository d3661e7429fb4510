/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QEMU with one agent in it: start, restore, talk, attach the drive, end. Or an agent alone,
 * which runs programs on this computer.
 *
 * Owns: the process, its monitor, the channel, the requests under way. Everything it makes lies in
 * the directory it was given. Does not own: what the guest is asked to do.
 */
#ifndef USBTAPE_SCENARIOS_VM_H
#define USBTAPE_SCENARIOS_VM_H

#include "scenarios/runner/machine/proc.h"
#include "scenarios/runner/machine/spool.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#define VM_QEMU "qemu-system-x86_64"

/* How the drive comes to the guest; at most one of them is not NULL. */
typedef struct VmDrive {
    const char *socket; /* usbredir: where it listens, relative to the directory */
    const char *device; /* a device of QEMU itself, as device_add takes it: a JSON object */
} VmDrive;

typedef struct VmConfig {
    const char *agent; /* this program on this computer, and no QEMU; NULL: a machine */
    const char *qemu;  /* NULL: VM_QEMU, as the shell finds it */
    const char
        *guest; /* directory with vmlinuz, initrd.gz, data.img, scratch.img, perhaps tools.img */
    const char *directory; /* where it runs: sockets, console.log, qemu.log */
    unsigned memory;       /* MiB */
    bool kvm;
    const char *incoming; /* a saved state to restore; NULL: boot */
    VmDrive drive;        /* to plug in from the start (boot only) */
} VmConfig;

/* The answer to one request. */
typedef struct VmReply {
    unsigned id;
    bool done;
    int rc; /* exit status; or -errno when the agent could not do it */
    Spool *out;
    Spool *err;
} VmReply;

void vm_reply_free(VmReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmReply, vm_reply_free)

/* A program in the guest that waits for an answer. */
typedef struct VmQuestion {
    unsigned id;
    char *text;
} VmQuestion;

void vm_question_free(VmQuestion *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmQuestion, vm_question_free)

typedef struct Vm Vm;

/* The arguments of QEMU, in order; the same for the same guest, so a saved state fits. strv. */
char **vm_arguments(const VmConfig *config);

Vm *vm_start(const VmConfig *config, GError **error);
/* Ends it at once. */
void vm_free(Vm *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vm, vm_free)

/* Waits until the agent answers. */
bool vm_wait_ready(Vm *vm, int64_t timeout, GError **error);

/*
 * Handles what comes in, for `timeout` microseconds or until something came. False: QEMU has ended,
 * or what came makes no sense. An interrupt ends the waiting only.
 */
bool vm_pump(Vm *vm, int64_t timeout, GError **error);
bool vm_running(Vm *vm);
/* When the guest's last message came, monotonic. */
int64_t vm_last_message(Vm *vm);
pid_t vm_pid(const Vm *vm);

/* A request under way; freed by vm_reply_free after it was forgotten or done. */
/* Its output goes to the two files, which are taken over (-1: it is kept in memory). */
VmReply *vm_run(Vm *vm, const char *command, int out, int err, GError **error);
VmReply *vm_put(Vm *vm, unsigned mode, const char *path, GBytes *body, GError **error);
/* `out`: as in vm_run(). */
VmReply *vm_get(Vm *vm, const char *path, int out, GError **error);
VmReply *vm_kernel_log(Vm *vm, GError **error);
bool vm_ping(Vm *vm, GError **error);
bool vm_kill(Vm *vm, const VmReply *reply, GError **error);
/* No more of it, please: late answers are dropped. */
void vm_forget(Vm *vm, VmReply *reply);
/* Pumps until it is done; false on timeout, too. */
bool vm_finish(Vm *vm, VmReply *reply, int64_t timeout, GError **error);

/* The oldest question not answered yet, taken out of the queue; NULL if none. */
VmQuestion *vm_next_question(Vm *vm);
bool vm_answer(Vm *vm, unsigned id, const char *text, GError **error);

/* Plugs the drive in, or out. A device of QEMU's own ends with that, its cartridge closed. Where
 * there is no machine, the programs connect to the drive themselves: the first does nothing, and
 * the others fail. */
bool vm_attach(Vm *vm, const VmDrive *drive, GError **error);
bool vm_detach(Vm *vm, GError **error);
bool vm_stop(Vm *vm, GError **error);
bool vm_continue(Vm *vm, GError **error);
/* Stops the guest and saves it into the file `name`, a plain word, of its directory. */
bool vm_save(Vm *vm, const char *name, GError **error);
/* A word for reports: "running", "paused", "guest-panicked"; NULL if the monitor does not answer.
 */
char *vm_status(Vm *vm);
/* Where frames are written down, as text; borrowed, NULL: nowhere. */
void vm_set_log(Vm *vm, FILE *log);

#endif
