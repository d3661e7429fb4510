/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/guest.h"

#include "emu/base/error.h"
#include "scenarios/runner/machine/guest-cache.h"
#include "scenarios/runner/machine/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <isa-l/crc.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utime.h>

/* A guest that needs longer than this under KVM does not run under it: a nested or broken KVM opens
 * and hangs. */
#define KVM_PATIENCE   SECONDS(8)
#define BOOT_PATIENCE  SECONDS(300) /* ten seconds, unless the host has much else to do */
#define BUILD_PATIENCE SECONDS(1200)

const char *scenarios_directory(void)
{
    const char *given = g_getenv("USBTAPE_SCENARIOS");

    return given && *given ? given : USBTAPE_SCENARIOS_DIR;
}

Guest *guest_new(const GuestKind *kind, GuestAttachment attachment)
{
    Guest *guest = g_new0(Guest, 1);

    guest->kind = kind;
    guest->attachment = attachment;
    guest->in_use = -1;
    return guest;
}

void guest_free(Guest *guest)
{
    if (guest) {
        g_free(guest->directory);
        g_free(guest->qemu);
        g_free(guest->qemu_version);
        if (guest->in_use >= 0) {
            close(guest->in_use);
        }
        g_free(guest);
    }
}

static bool fail(GError **error, const char *what, const char *detail)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s", what, detail);
    return false;
}

/* ---- the probe ---- */

static bool boots_under_kvm(const Guest *guest)
{
    g_autofree char *directory = guest_cache_scratch("probe", NULL);
    VmConfig config = { .qemu = guest->qemu,
                        .guest = guest->directory,
                        .directory = directory,
                        .memory = 256,
                        .kvm = true };
    g_autoptr(Vm) vm = directory ? vm_start(&config, NULL) : NULL;
    bool good = vm && vm_wait_ready(vm, KVM_PATIENCE, NULL);

    g_clear_pointer(&vm, vm_free);
    if (directory) {
        tree_remove(directory);
    }
    return good;
}

/* The answer holds until the host boots again or QEMU changes, and for all kinds of guest. */
static void probe_kvm(Guest *guest, ProgressStyle progress)
{
    g_autofree char *cache = guest_cache_directory();
    g_autofree char *path = g_build_filename(cache, "snapshots", "kvm-works", NULL);
    g_autofree char *boot = NULL;
    g_autofree char *known = NULL;
    g_autofree char *question = NULL;
    g_autofree char *answer = NULL;
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    guest->kvm = false;
    if (fd < 0) {
        return;
    }
    close(fd);
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL)) {
        boot = g_strdup("?");
    }
    question = g_strdup_printf("%s %s", g_strchomp(boot), guest->qemu_version);
    if (g_file_get_contents(path, &known, NULL, NULL) && g_str_has_prefix(known, question)) {
        guest->kvm = g_str_has_suffix(known, " yes\n");
        return;
    }
    progress_note(progress, "trying whether a guest really runs under KVM here (at most %d s)",
                  (int)(KVM_PATIENCE / G_USEC_PER_SEC));
    guest->kvm = boots_under_kvm(guest);
    if (interrupted()) {
        return;
    }
    answer = g_strdup_printf("%s %s\n", question, guest->kvm ? "yes" : "no");
    g_file_set_contents(path, answer, -1, NULL);
    progress_note(progress, guest->kvm ? "KVM works" : "no usable KVM: QEMU emulates the CPU");
}

static const char *const attachments[] = {
    [GUEST_USBREDIR] = "usbredir",
    [GUEST_QEMU_DEVICE] = "qemu-device",
};

bool guest_attachment_parse(const char *text, GuestAttachment *attachment, GError **error)
{
    for (*attachment = 0; *attachment < N_GUEST_ATTACHMENTS; (*attachment)++) {
        if (g_str_equal(text, attachments[*attachment])) {
            return true;
        }
    }
    return usbtape_input_error(error, "--attach %s: usbredir or qemu-device", text);
}

bool guest_options_own_kernel(const GuestOptions *options)
{
    return options->kernel || options->replace;
}

const char *guest_attachment_name(GuestAttachment attachment)
{
    return attachments[attachment];
}

/* The QEMU with the drive in it, brought up to date. NULL: it is not built, and the error says
 * how to build it. */
static char *find_qemu(GuestAttachment attachment, ProgressStyle progress, GError **error)
{
    g_autofree char *builder =
        g_build_filename(scenarios_directory(), "..", "emu", "link", "qemu", "build", NULL);
    const char *const update[] = { builder, "--update", NULL };
    g_autofree char *directory = NULL;

    if (attachment == GUEST_USBREDIR) {
        return g_strdup(VM_QEMU);
    }
    if (!proc_output(update, NULL, BUILD_PATIENCE, progress != PROGRESS_QUIET, &directory, error)) {
        return NULL;
    }
    return g_build_filename(g_strchomp(directory), VM_QEMU, NULL);
}

/* The output of a builder: the directory of the guest. */
static char *run_builder(const char *const *argv, ProgressStyle progress, GError **error)
{
    char *directory = NULL;

    return proc_output(argv, NULL, BUILD_PATIENCE, progress != PROGRESS_QUIET, &directory, error)
               ? g_strchomp(directory)
               : NULL;
}

/* The guest with its own kernel, and then with the one that the options name. */
static char *build(const GuestKind *kind, const GuestOptions *options, ProgressStyle progress,
                   GError **error)
{
    const char *const builder[] = { kind->builder, kind->name, NULL };
    g_autofree char *directory = run_builder(builder, progress, error);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    char **file;

    if (!directory || !guest_options_own_kernel(options)) {
        return g_steal_pointer(&directory);
    }
    g_ptr_array_add(argv, kind->own_kernel);
    g_ptr_array_add(argv, directory);
    if (options->kernel) {
        g_ptr_array_add(argv, (void *)"--kernel");
        g_ptr_array_add(argv, options->kernel);
    }
    if (options->modules) {
        g_ptr_array_add(argv, (void *)"--modules");
        g_ptr_array_add(argv, options->modules);
    }
    for (file = options->replace; file && *file; file++) {
        g_ptr_array_add(argv, (void *)"--module");
        g_ptr_array_add(argv, *file);
    }
    g_ptr_array_add(argv, NULL);
    return run_builder((const char *const *)argv->pdata, progress, error);
}

Guest *guest_prepare(const GuestKind *kind, const GuestOptions *options, ProgressStyle progress,
                     GError **error)
{
    g_autoptr(Guest) guest = guest_new(kind, options->attachment);
    const char *version[] = { NULL, "--version", NULL };
    g_autofree char *cache = guest_cache_directory();
    int lock;

    guest->qemu = find_qemu(options->attachment, progress, error);
    version[0] = guest->qemu;
    if (!guest->qemu ||
        !proc_output(version, NULL, SECONDS(30), false, &guest->qemu_version, error)) {
        return NULL;
    }
    guest->qemu_version[strcspn(guest->qemu_version, "\n")] = '\0';
    progress_note(progress, "guest %s: building, unless it is in the cache", kind->name);
    guest->directory = build(kind, options, progress, error);
    if (!guest->directory) {
        return NULL;
    }
    guest->in_use = guest_cache_use(guest->directory);
    guest_cache_prune(cache, kind->name, g_get_real_time() / G_USEC_PER_SEC);
    lock = guest_cache_lock(error);
    if (lock < 0) {
        return NULL;
    }
    probe_kvm(guest, progress);
    close(lock);
    return g_steal_pointer(&guest);
}

Guest *guest_prepare_program(const GuestKind *kind, const GuestOptions *options,
                             ProgressStyle progress, GError **error)
{
    g_autoptr(Guest) guest = guest_new(kind, options->attachment);

    guest->directory = build(kind, options, progress, error);
    guest->qemu_version = g_strdup("no machine");
    return guest->directory ? g_steal_pointer(&guest) : NULL;
}

/* ---- the saved state ---- */

/* The key has QEMU's version and not its path: a QEMU with the drive in it has a new path after
 * every change of the drive. */
static char *snapshot_path(const Guest *guest, unsigned memory)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    VmConfig config = { .guest = guest->directory, .memory = memory, .kvm = guest->kvm };
    g_auto(GStrv) argv = vm_arguments(&config);
    g_autofree char *cache = guest_cache_directory();
    g_autofree char *cpu = NULL;
    g_autofree char *name = NULL;
    size_t i;

    g_checksum_update(sum, (const guchar *)guest->qemu_version, -1);
    /* A state saved on one CPU need not load on another, and a home directory may be shared by
     * both. */
    if (guest->kvm && g_file_get_contents("/proc/cpuinfo", &cpu, NULL, NULL)) {
        char *flags = strstr(cpu, "flags");

        g_checksum_update(sum, (const guchar *)(flags ? flags : cpu),
                          (gssize)strcspn(flags ? flags : cpu, "\n"));
    }
    for (i = 0; argv[i]; i++) {
        g_checksum_update(sum, (const guchar *)argv[i], (gssize)strlen(argv[i]) + 1);
    }
    name = g_strdup_printf("%s-%.16s.state", guest->kind->name, g_checksum_get_string(sum));
    return g_build_filename(cache, "snapshots", name, NULL);
}

/* Length and CRC of a saved state, as text; NULL if it cannot be read. */
static char *describe(const char *path, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    if (!file) {
        return NULL;
    }
    return g_strdup_printf("%zu %08x\n", g_mapped_file_get_length(file),
                           crc32_gzip_refl(0, (const uint8_t *)g_mapped_file_get_contents(file),
                                           g_mapped_file_get_length(file)));
}

static bool is_whole(const char *path)
{
    g_autofree char *sum_path = g_strconcat(path, ".sum", NULL);
    g_autofree char *noted = NULL;
    g_autofree char *found = describe(path, NULL);

    return found && g_file_get_contents(sum_path, &noted, NULL, NULL) && g_str_equal(noted, found);
}

static bool save_into(const Guest *guest, unsigned memory, const char *directory, const char *path,
                      GError **error)
{
    g_autofree char *fresh = g_build_filename(directory, "state", NULL);
    g_autofree char *sum_path = g_strconcat(path, ".sum", NULL);
    g_autofree char *sum = NULL;
    VmConfig config = { .qemu = guest->qemu,
                        .guest = guest->directory,
                        .directory = directory,
                        .memory = memory,
                        .kvm = guest->kvm };
    g_autoptr(Vm) vm = vm_start(&config, error);

    if (!vm || !vm_wait_ready(vm, BOOT_PATIENCE, error) || !vm_save(vm, "state", error)) {
        return false;
    }
    g_clear_pointer(&vm, vm_free);
    sum = describe(fresh, error);
    if (!sum || !g_file_set_contents(sum_path, sum, -1, error)) {
        return false;
    }
    return g_rename(fresh, path) == 0 || fail(error, path, g_strerror(errno));
}

char *guest_snapshot(const Guest *guest, unsigned memory, bool rebuild, ProgressStyle progress,
                     GError **error)
{
    g_autofree char *path = snapshot_path(guest, memory);
    g_autofree char *directory = NULL;
    bool good;
    int lock = guest_cache_lock(error);

    if (lock < 0) {
        return NULL;
    }
    good = !rebuild && is_whole(path);
    if (!good) {
        progress_note(progress, "guest %s: booting it once, to restore it from then on",
                      guest->kind->name);
        directory = guest_cache_scratch("boot", error);
        good = directory && save_into(guest, memory, directory, path, error);
        if (directory) {
            tree_remove(directory);
        }
        guest_cache_prune_states(path, g_get_real_time() / G_USEC_PER_SEC);
    } else {
        g_utime(path, NULL);
    }
    close(lock);
    return good ? g_steal_pointer(&path) : NULL;
}

/* ---- running ---- */

static Vm *restore(const Guest *guest, const char *directory, unsigned memory, bool rebuild,
                   FILE *log, GError **error)
{
    g_autofree char *state = guest_snapshot(guest, memory, rebuild, PROGRESS_QUIET, error);
    VmConfig config = { .qemu = guest->qemu,
                        .guest = guest->directory,
                        .directory = directory,
                        .memory = memory,
                        .kvm = guest->kvm,
                        .incoming = state };
    g_autoptr(Vm) vm = state ? vm_start(&config, error) : NULL;

    if (!vm) {
        return NULL;
    }
    vm_set_log(vm, log);
    return vm_wait_ready(vm, SECONDS(20), error) ? g_steal_pointer(&vm) : NULL;
}

static Vm *boot(const Guest *guest, const char *directory, unsigned memory, const VmDrive *drive,
                FILE *log, GError **error)
{
    VmConfig config = { .qemu = guest->qemu,
                        .guest = guest->directory,
                        .directory = directory,
                        .memory = memory,
                        .kvm = guest->kvm,
                        .drive = *drive };
    g_autoptr(Vm) vm = vm_start(&config, error);

    if (!vm) {
        return NULL;
    }
    vm_set_log(vm, log);
    return vm_wait_ready(vm, BOOT_PATIENCE, error) ? g_steal_pointer(&vm) : NULL;
}

static Vm *start_program(const Guest *guest, const char *directory, FILE *log, GError **error)
{
    g_autofree char *agent = g_build_filename(guest->directory, "agent", NULL);
    VmConfig config = { .agent = agent, .directory = directory };
    g_autoptr(Vm) vm = vm_start(&config, error);

    if (!vm) {
        return NULL;
    }
    vm_set_log(vm, log);
    return vm_wait_ready(vm, SECONDS(20), error) ? g_steal_pointer(&vm) : NULL;
}

Vm *guest_start(const Guest *guest, const char *directory, unsigned memory, bool cold,
                const VmDrive *drive, FILE *log, GError **error)
{
    g_autoptr(GError) first = NULL;
    g_autoptr(Vm) vm = NULL;

    if (!guest->qemu) {
        return start_program(guest, directory, log, error);
    }
    if (cold) {
        return boot(guest, directory, memory, drive, log, error);
    }
    vm = restore(guest, directory, memory, false, log, &first);
    if (!vm && !interrupted()) {
        /* The state is whole and does not run, as after another build of the same QEMU version.
         * Make it again. */
        vm = restore(guest, directory, memory, true, log, error);
    } else if (!vm) {
        g_propagate_error(error, g_steal_pointer(&first));
    }
    if (!vm || !vm_attach(vm, drive, error)) {
        return NULL;
    }
    return g_steal_pointer(&vm);
}
