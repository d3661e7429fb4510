/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guests that scenarios name: built once, probed once, booted once, and from then on restored
 * from that moment in a fraction of a second. All of it lies in the cache (guest-cache.h), under
 * names that are hashes of the inputs: an outdated build is never used again, and is removed later.
 */
#ifndef USBTAPE_SCENARIOS_GUEST_H
#define USBTAPE_SCENARIOS_GUEST_H

#include "scenarios/runner/machine/vm.h"
#include "scenarios/runner/report/progress.h"

/* A value of `guest:`, as its file says (language/guest-file.h). */
typedef struct GuestKind {
    char *name;
    char *about;
    const struct Subject *subject; /* what drives the tape in it (subject.h) */
    /* A program that, given the name, prints the guest's directory. NULL: nothing is built. */
    char *builder;
    /* A program that prints the directory of the same guest with another kernel. NULL: its kernel
     * cannot be replaced. */
    char *own_kernel;
    char *needs; /* a program that its builder cannot do without; NULL: none but QEMU */
    bool is_model;
    const char *note; /* what each report has to state of it. Static; NULL: nothing */
} GuestKind;

/* Where the drive is: beside QEMU, or in it. */
typedef enum GuestAttachment {
    GUEST_USBREDIR,    /* `usbtape serve`, plugged into any QEMU: -device usb-redir */
    GUEST_QEMU_DEVICE, /* the QEMU that emu/link/qemu/build made: -device usb-tape */
    N_GUEST_ATTACHMENTS,
} GuestAttachment;

/* What the command line asks of the guests of a run. */
typedef struct GuestOptions {
    GuestAttachment attachment;
    char *kernel;       /* a kernel's build tree, or its image; NULL: each guest's own */
    char *modules;      /* the directory of its modules, if `kernel` is an image */
    char **replace;     /* files that replace modules of the kernel; NULL: none */
    bool host_programs; /* scenarios may run programs on this computer */
} GuestOptions;

/* Does the run bring a kernel, or a part of one? */
bool guest_options_own_kernel(const GuestOptions *options);

/* False: USBTAPE_ERROR_INPUT. The names are "usbredir" and "qemu-device". */
bool guest_attachment_parse(const char *text, GuestAttachment *attachment, GError **error);
const char *guest_attachment_name(GuestAttachment attachment);

typedef struct Guest {
    const GuestKind *kind;
    GuestAttachment attachment;
    char *directory;
    char *qemu; /* the program; NULL: no machine, the directory has an agent for this computer */
    char *qemu_version; /* for reports */
    bool kvm;
    int in_use;           /* of guest_cache_use(), so that no run removes its directory; or -1 */
    int64_t saved_memory; /* MiB: of the state that was last asked for; 0: none was */
} Guest;

/* The directory of the scenarios: $USBTAPE_SCENARIOS, or where this program was built from. */
const char *scenarios_directory(void);

/* Builds the guest unless it is in the cache, and finds out whether guests run under KVM here.
 * QEMU has to be installed. */
Guest *guest_prepare(const GuestKind *kind, const GuestOptions *options, ProgressStyle progress,
                     GError **error);
/* The same without a machine: what its builder makes is an agent that runs on this computer. */
Guest *guest_prepare_program(const GuestKind *kind, const GuestOptions *options,
                             ProgressStyle progress, GError **error);
/* One that needs nothing built. */
Guest *guest_new(const GuestKind *kind, GuestAttachment attachment);
void guest_free(Guest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

/*
 * The file with the guest's saved state. It is made if it is missing or damaged, or if `rebuild`.
 * Free with g_free.
 */
char *guest_snapshot(const Guest *guest, unsigned memory, bool rebuild, ProgressStyle progress,
                     GError **error);

/*
 * A running guest whose agent answers: restored, or booted if `cold`. It runs in `directory`, with
 * `drive` plugged in. A program has to connect to the drive itself.
 */
Vm *guest_start(const Guest *guest, const char *directory, unsigned memory, bool cold,
                const VmDrive *drive, FILE *log, GError **error);

#endif
