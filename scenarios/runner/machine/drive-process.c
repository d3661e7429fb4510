/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/drive-process.h"

#include "emu/base/error.h"
#include "emu/base/json-build.h"
#include "emu/base/json-read.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_SOCKET "control.sock"
#define PATIENCE       SECONDS(20)

struct DriveProcess {
    char *directory;
    char *program;
    TapeConfig tape;
    bool has_faults, captures;
    bool is_device;   /* in a QEMU */
    Vm *vm;           /* …in this one; NULL: not yet, or no more */
    char *device;     /* …by this device_add */
    const char *snap; /* of a capture; NULL: all */
    uint64_t seed;
    int loaded;     /* number of the cartridge that is loaded, or was last */
    int cartridges; /* the highest number made */
    GArray *lives;  /* of int64_t: when each began, monotonic */
    Proc proc;
    bool up;          /* started, and not ended by the runner since */
    bool served;      /* it was up once */
    bool failed;      /* it ended by itself, ended badly, or did not start again */
    GPtrArray *rules; /* of DriveRule: the counts of lives that are over */
};

static void rule_free(void *data)
{
    DriveRule *rule = data;

    g_free(rule->fault);
    g_free(rule);
}

DriveProcess *drive_process_new(const char *directory, const TapeConfig *tape, const char *faults,
                                uint64_t seed)
{
    DriveProcess *self = g_new0(DriveProcess, 1);
    g_autofree char *plan = g_build_filename(directory, "faults.yaml", NULL);

    self->directory = g_strdup(directory);
    self->program = g_file_read_link("/proc/self/exe", NULL);
    self->tape = *tape;
    self->tape.model = g_strdup(tape->model);
    self->tape.format = g_strdup(tape->format);
    self->tape.settings = g_strdupv(tape->settings);
    self->has_faults = faults && g_file_set_contents(plan, faults, -1, NULL);
    self->seed = seed;
    self->loaded = 1;
    self->proc = PROC_NONE;
    self->lives = g_array_new(FALSE, FALSE, sizeof(int64_t));
    self->rules = g_ptr_array_new_with_free_func(rule_free);
    return self;
}

void drive_process_capture(DriveProcess *self, const char *snap)
{
    self->captures = true;
    self->snap = snap;
}

void drive_process_free(DriveProcess *self)
{
    if (!self) {
        return;
    }
    proc_end(&self->proc, SIGTERM, SECONDS(10));
    g_free(self->device);
    g_free(self->directory);
    g_free(self->program);
    g_free(self->tape.model);
    g_free(self->tape.format);
    g_strfreev(self->tape.settings);
    g_ptr_array_unref(self->rules);
    g_array_unref(self->lives);
    g_free(self);
}

static bool fail(GError **error, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", what);
    return false;
}

/* ---- cartridges ---- */

static char *cartridge_name(const DriveProcess *self, int number)
{
    return g_strdup_printf("cartridge-%d%s%s", number, self->tape.format ? "." : ".tape",
                           self->tape.format ? self->tape.format : "");
}

char *drive_process_cartridge(DriveProcess *self, int number, GError **error)
{
    g_autofree char *name = cartridge_name(self, number);
    g_autofree char *path = g_build_filename(self->directory, name, NULL);
    g_autofree char *capacity = g_strdup_printf("%" G_GUINT64_FORMAT, self->tape.capacity);
    g_autofree char *warning = g_strdup_printf("%" G_GUINT64_FORMAT, self->tape.early_warning);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    self->cartridges = MAX(self->cartridges, number);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        return g_steal_pointer(&path);
    }
    g_ptr_array_add(argv, self->program);
    g_ptr_array_add(argv, (void *)"media");
    g_ptr_array_add(argv, (void *)"create");
    g_ptr_array_add(argv, name);
    if (self->tape.capacity) {
        g_ptr_array_add(argv, (void *)"--capacity");
        g_ptr_array_add(argv, capacity);
    }
    if (self->tape.early_warning) {
        g_ptr_array_add(argv, (void *)"--early-warning");
        g_ptr_array_add(argv, warning);
    }
    g_ptr_array_add(argv, NULL);
    if (!proc_output((const char *const *)argv->pdata, self->directory, PATIENCE, false, NULL,
                     error)) {
        return NULL;
    }
    return g_steal_pointer(&path);
}

int drive_process_cartridges(const DriveProcess *self)
{
    return self->cartridges;
}

void drive_process_remove_cartridges(DriveProcess *self)
{
    for (; self->cartridges > 0; self->cartridges--) {
        g_autofree char *name = cartridge_name(self, self->cartridges);
        g_autofree char *path = g_build_filename(self->directory, name, NULL);

        g_unlink(path);
    }
}

/* ---- control ---- */

static bool ctl(DriveProcess *self, const char *command, const char *argument, char **out,
                GError **error)
{
    const char *const argv[] = { self->program, "ctl",   "--control", "unix:" CONTROL_SOCKET,
                                 "--json",      command, argument,    NULL };

    return proc_output(argv, self->directory, PATIENCE, false, out, error);
}

/* The rule of that number. It keeps its number when the drive starts again. */
static DriveRule *rule_numbered(DriveProcess *self, int64_t number, const char *fault)
{
    DriveRule *rule;
    guint i;

    for (i = 0; i < self->rules->len; i++) {
        rule = self->rules->pdata[i];
        if (rule->number == number && g_str_equal(rule->fault, fault)) {
            return rule;
        }
    }
    rule = g_new0(DriveRule, 1);
    rule->number = number;
    rule->fault = g_strdup(fault);
    g_ptr_array_add(self->rules, rule);
    return rule;
}

/* Adds what the rules of the running drive have fired to the counts of earlier lives. */
static void count_rules(DriveProcess *self)
{
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonArray *rules;
    guint i;

    if (!ctl(self, "fault-list", NULL, &text, NULL)) {
        return;
    }
    node = json_read(text, -1, NULL);
    rules = json_as_array(node);
    for (i = 0; rules && i < json_array_get_length(rules); i++) {
        JsonObject *rule = json_nth_object(rules, i);

        rule_numbered(self, json_number_at(rule, "rule", 0), json_text_at(rule, "name", ""))
            ->fired += json_number_at(rule, "fired", 0);
    }
}

/* ---- the process ---- */

/* `serve` prints one line when a host can connect. */
static bool wait_until_it_listens(DriveProcess *self, int fd, GError **error)
{
    int64_t end = g_get_monotonic_time() + PATIENCE;
    g_autoptr(GString) said = g_string_new(NULL);
    char bytes[512];
    ssize_t n;

    while (!strchr(said->str, '\n')) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

        if (interrupted() || g_get_monotonic_time() > end) {
            return fail(error, "usbtape serve does not listen");
        }
        if (poll(&poll_fd, 1, 100) <= 0) {
            continue;
        }
        n = read(fd, bytes, sizeof bytes);
        if (n <= 0) {
            break;
        }
        g_string_append_len(said, bytes, n);
    }
    return g_str_has_prefix(said->str, "listening on ") ||
           fail(error, "usbtape serve did not start: see serve.log");
}

/* The options of a life of the drive, as name and value, without the place where it is plugged
 * in. */
static void add_option(GPtrArray *options, const char *name, const char *value)
{
    if (value) {
        g_ptr_array_add(options, g_strdup(name));
        g_ptr_array_add(options, g_strdup(value));
    }
}

static GPtrArray *life_options(DriveProcess *self)
{
    GPtrArray *options = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *name = cartridge_name(self, self->loaded);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, self->seed);
    g_autofree char *trace = g_strdup_printf(DRIVE_TRACE, self->lives->len + 1);
    char **setting;

    add_option(options, "media", name);
    add_option(options, "control", "unix:" CONTROL_SOCKET);
    add_option(options, "trace", trace);
    add_option(options, "model", self->tape.model);
    for (setting = self->tape.settings; setting && *setting; setting++) {
        add_option(options, "set", *setting);
    }
    add_option(options, "faults", self->has_faults ? "faults.yaml" : NULL);
    add_option(options, "seed", self->has_faults ? seed : NULL);
    return options;
}

static bool start_process(DriveProcess *self, GPtrArray *options, GError **error)
{
    g_autofree char *log_path = g_build_filename(self->directory, "serve.log", NULL);
    g_autofree char *pcap = g_strdup_printf(DRIVE_PCAP, self->lives->len + 1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    int out[2], log;
    bool good;
    guint i;

    add_option(argv, self->program, "serve");
    add_option(argv, "--listen", "unix:" DRIVE_SOCKET);
    for (i = 0; i < options->len; i += 2) {
        g_ptr_array_add(argv, g_strconcat("--", options->pdata[i], NULL));
        g_ptr_array_add(argv, g_strdup(options->pdata[i + 1]));
    }
    add_option(argv, "--pcap", self->captures ? pcap : NULL);
    add_option(argv, "--pcap-snap", self->captures ? self->snap : NULL);
    g_ptr_array_add(argv, NULL);
    if (pipe2(out, O_CLOEXEC) != 0) {
        return fail(error, g_strerror(errno));
    }
    log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    good = proc_start(&self->proc, (const char *const *)argv->pdata, self->directory, out[1], log,
                      error);
    close(log);
    close(out[1]);
    good = good && wait_until_it_listens(self, out[0], error);
    close(out[0]);
    return good;
}

/* The VM plugs the device in, at once if the VM runs. */
static bool start_device(DriveProcess *self, GPtrArray *options, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *pcap = g_strdup_printf(DRIVE_USBMON, self->lives->len + 1);
    g_autofree char *settings = NULL; /* a property has one value */
    VmDrive plug;
    guint i;

    json_builder_begin_object(builder);
    json_add_text(builder, "driver", "usb-tape");
    json_add_text(builder, "id", "tape0");
    json_add_text(builder, "bus", "usb.0");
    for (i = 0; i < options->len; i += 2) {
        if (!g_str_equal(options->pdata[i], "set")) {
            json_add_text(builder, options->pdata[i], options->pdata[i + 1]);
        }
    }
    if (self->tape.settings && *self->tape.settings) {
        json_add_text(builder, "set", settings = g_strjoinv(";", self->tape.settings));
    }
    if (self->captures) {
        json_add_text(builder, "pcap", pcap);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    g_free(self->device);
    self->device = json_to_string(root, FALSE);
    plug = drive_process_plug(self);
    return !self->vm || vm_attach(self->vm, &plug, error);
}

bool drive_process_start(DriveProcess *self, GError **error)
{
    g_autofree char *path = drive_process_cartridge(self, self->loaded, error);
    g_autoptr(GPtrArray) options = life_options(self);
    int64_t now = g_get_monotonic_time();
    bool good;

    if (!path) {
        return false;
    }
    good =
        self->is_device ? start_device(self, options, error) : start_process(self, options, error);
    g_array_append_val(self->lives, now);
    self->failed |= self->served && !good;
    self->served |= good;
    self->up = good;
    return good;
}

/* ---- where it is plugged in ---- */

void drive_process_be_device(DriveProcess *self)
{
    self->is_device = true;
}

bool drive_process_is_device(const DriveProcess *self)
{
    return self->is_device;
}

void drive_process_vm(DriveProcess *self, Vm *vm)
{
    self->vm = vm;
}

VmDrive drive_process_plug(const DriveProcess *self)
{
    return self->is_device ? (VmDrive){ .device = self->device }
                           : (VmDrive){ .socket = DRIVE_SOCKET };
}

/* The device cannot be unplugged without its drive, so QEMU detaches the port instead. */
bool drive_process_unplug(DriveProcess *self, Vm *vm, GError **error)
{
    return self->is_device ? ctl(self, "unplug", NULL, NULL, error) : vm_detach(vm, error);
}

bool drive_process_replug(DriveProcess *self, Vm *vm, GError **error)
{
    VmDrive plug = drive_process_plug(self);

    return self->is_device ? ctl(self, "replug", NULL, NULL, error) : vm_attach(vm, &plug, error);
}

const GArray *drive_process_lives(const DriveProcess *self)
{
    return self->lives;
}

bool drive_process_failed(const DriveProcess *self)
{
    return self->failed;
}

pid_t drive_process_pid(const DriveProcess *self)
{
    return !self->is_device && self->proc.running ? self->proc.pid : 0;
}

bool drive_process_running(DriveProcess *self)
{
    if (self->is_device) {
        return self->up && self->vm && vm_running(self->vm);
    }
    return self->proc.running && !proc_wait(&self->proc, 0);
}

/* It ends with the VM and without a sync, as a killed process does. */
static bool stop_device(DriveProcess *self, bool kill, GError **error)
{
    if (kill) {
        return fail(error, "a drive that is part of QEMU cannot be killed alone");
    }
    if (!drive_process_running(self)) {
        return true; /* the VM's end is judged elsewhere */
    }
    if (self->has_faults) {
        count_rules(self);
    }
    self->up = false;
    return vm_detach(self->vm, error);
}

static bool stop_process(DriveProcess *self, bool kill, GError **error)
{
    bool running = drive_process_running(self);
    bool ended_by_itself = self->up && !running;
    g_autofree char *what = NULL;

    self->up = false;
    if (running && self->has_faults) {
        count_rules(self);
    }
    if (running) {
        proc_end(&self->proc, kill ? SIGKILL : SIGTERM, SECONDS(20));
    }
    if (!ended_by_itself && (!running || kill || self->proc.status == 0)) {
        return true;
    }
    self->failed = true;
    what = g_strdup_printf("usbtape serve ended%s with status %d%s: see serve.log",
                           ended_by_itself ? " by itself" : "", self->proc.status,
                           ended_by_itself ? "" : " instead of 0");
    return fail(error, what);
}

bool drive_process_stop(DriveProcess *self, bool kill, GError **error)
{
    return self->is_device ? stop_device(self, kill, error) : stop_process(self, kill, error);
}

bool drive_process_load(DriveProcess *self, int number, GError **error)
{
    g_autofree char *path = drive_process_cartridge(self, number, error);
    g_autofree char *name = cartridge_name(self, number);

    if (!path || !ctl(self, "load", name, NULL, error)) {
        return false;
    }
    self->loaded = number;
    return true;
}

bool drive_process_eject(DriveProcess *self, GError **error)
{
    return ctl(self, "eject", "force", NULL, error);
}

const GPtrArray *drive_process_rules(const DriveProcess *self)
{
    return self->rules;
}

int64_t drive_process_fired(const DriveProcess *self, const char *fault)
{
    int64_t fired = 0;
    guint i;

    for (i = 0; i < self->rules->len; i++) {
        const DriveRule *rule = self->rules->pdata[i];

        fired += g_str_equal(rule->fault, fault) ? rule->fired : 0;
    }
    return fired;
}
