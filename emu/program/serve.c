/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape serve`: a drive, plugged into a socket, until a signal or a controller ends it. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/base/loop.h"
#include "emu/base/options.h"
#include "emu/base/text.h"
#include "emu/base/units.h"
#include "emu/link/pcap.h"
#include "emu/link/port.h"
#include "emu/outlet.h"
#include "emu/program/subcommands.h"
#include "emu/sandbox.h"
#include "emu/setup.h"

typedef struct Options {
    char *media, *format, *model, *listen, *connect, *speed, *faults, *control, *trace;
    char *vendor_id, *product_id, *manufacturer, *product, *serial;
    char *seed, *pcap, *pcap_snap;
    char *tls_psk, *tls_creds;
    char **media_dirs;
    char **set, *timing;
    gboolean allow_remote, read_only, no_sandbox;
} Options;

typedef struct Server {
    Options options;
    GMainLoop *loop;
    Clock *clock;
    Outlet *notices; /* standard error */
    Setup setup;
    UsbPcap *pcap; /* or NULL */
    TlsCreds *tls; /* NULL: no TLS */
    Port *port;
    int signal_fd;
    GSource *signals;
    bool failed; /* the work failed: exit status 1 */
} Server;

/* ---- notices ---- */

/* Unread bytes that are kept for a slow reader of standard error. */
#define NOTICES_MAX (64 * 1024)

/* Time for that reader at the end. The last lines report the result of the work. */
#define NOTICES_PATIENCE (G_USEC_PER_SEC / 2)

static char *server_on_notices_dropped(void *data, uint64_t lines)
{
    return g_strdup_printf(
        "usbtape: %" G_GUINT64_FORMAT " lines were dropped: standard error was not read\n", lines);
}

static void server_open_notices(Server *s)
{
    static const OutletOps ops = { server_on_notices_dropped, NULL };

    s->notices = outlet_new_shared(STDERR_FILENO, NOTICES_MAX, s->clock, &ops, s);
}

static void server_print(Server *s, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void server_print(Server *s, const char *format, ...)
{
    g_autofree char *text = NULL, *clean = NULL, *line = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    clean = text_line(text);
    line = g_strdup_printf("usbtape: %s\n", clean);
    outlet_put(s->notices, line, strlen(line));
    outlet_flush(s->notices);
}

static void server_on_notice(void *data, const char *message)
{
    server_print(data, "%s", message);
}

static void server_on_trace_failed(void *data, const char *message)
{
    Server *s = data;

    s->failed = true;
    server_print(s, "%s", message);
}

/* ---- options ---- */

static char *describe_settings(void)
{
    GString *text = g_string_new("Settings (--set):\n");
    const SscSetting *setting;
    unsigned i;

    for (i = 0; (setting = ssc_setting(i)); i++) {
        g_autofree char *left = g_strdup_printf("%s=%s", setting->name, setting->value);

        g_string_append_printf(text, "  %-27s %s\n", left, setting->about);
    }
    return g_string_free(text, FALSE);
}

static bool parse_options(Options *o, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "media", 'm', 0, G_OPTION_ARG_FILENAME, &o->media, "The cartridge in the drive", "FILE" },
        { "format", 0, 0, G_OPTION_ARG_STRING, &o->format,
          "Format of that file (default: detected)", "usbtape|simh|aws" },
        { "model", 0, 0, G_OPTION_ARG_STRING, &o->model,
          "The model of the drive (`usbtape list models`)", "NAME" },
        { "timing", 0, 0, G_OPTION_ARG_STRING, &o->timing,
          "How long commands take: off (the default), or as long as the model does", "off|model" },
        { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->set,
          "Change the model: inquiry.vendor=ACME and so on; again for more", "NAME=VALUE" },
        { "listen", 'l', 0, G_OPTION_ARG_STRING, &o->listen,
          "Where the VM finds the drive: unix:PATH, tcp:127.0.0.1:PORT, fd:N", "ADDRESS" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &o->connect,
          "Connect to a VM that listens there; retries until it does", "ADDRESS" },
        { "allow-remote", 0, 0, G_OPTION_ARG_NONE, &o->allow_remote,
          "Allow TCP addresses beyond this machine without TLS: any host may use the drive", NULL },
        { "tls-psk", 0, 0, G_OPTION_ARG_FILENAME, &o->tls_psk,
          "Hosts speak TLS, with a key of this file (psktool makes it)", "KEYS.psk" },
        { "tls-creds", 0, 0, G_OPTION_ARG_FILENAME, &o->tls_creds,
          "Hosts speak TLS, with certificates; files as for QEMU's tls-creds-x509", "DIR" },
        { "speed", 0, 0, G_OPTION_ARG_STRING, &o->speed,
          "USB speed: high (the default), full, or super for xHCI alone", "SPEED" },
        { "read-only", 'r', 0, G_OPTION_ARG_NONE, &o->read_only,
          "Each cartridge is write-protected and its file is not changed", NULL },
        { "faults", 0, 0, G_OPTION_ARG_FILENAME, &o->faults, "Inject the faults of these rules",
          "FILE.yaml" },
        { "seed", 0, 0, G_OPTION_ARG_STRING, &o->seed, "Seed of the random numbers of faults",
          "N" },
        { "control", 0, 0, G_OPTION_ARG_STRING, &o->control,
          "Accept commands of `usbtape ctl` there", "unix:PATH" },
        { "media-dir", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->media_dirs,
          "Controllers may load cartridges from there (default: the directory of --media)", "DIR" },
        { "trace", 0, 0, G_OPTION_ARG_FILENAME, &o->trace,
          "Write each trace point as a line of JSON", "FILE.jsonl" },
        { "pcap", 0, 0, G_OPTION_ARG_FILENAME, &o->pcap,
          "Capture everything on the bus, for Wireshark", "FILE.pcapng" },
        { "pcap-snap", 0, 0, G_OPTION_ARG_STRING, &o->pcap_snap,
          "Keep this many bytes of each transfer, such as 4KiB (default: all)", "SIZE" },
        { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &o->no_sandbox,
          "For debuggers: keep all system calls, files and core dumps", NULL },
        { "vendor-id", 0, 0, G_OPTION_ARG_STRING, &o->vendor_id, "idVendor, in hex", "XXXX" },
        { "product-id", 0, 0, G_OPTION_ARG_STRING, &o->product_id, "idProduct, in hex", "XXXX" },
        { "manufacturer", 0, 0, G_OPTION_ARG_STRING, &o->manufacturer,
          "The manufacturer string of the USB device", "TEXT" },
        { "product", 0, 0, G_OPTION_ARG_STRING, &o->product, "The product string of the USB device",
          "TEXT" },
        { "serial", 0, 0, G_OPTION_ARG_STRING, &o->serial,
          "The serial number: 12 or more of 0-9A-F (default: derived from the address)", "TEXT" },
        { NULL },
    };
    g_autofree char *described = describe_settings();
    g_autoptr(GOptionContext) context = g_option_context_new("--media FILE --listen unix:PATH");

    g_option_context_set_description(context, described);
    g_option_context_set_summary(
        context,
        "Plays a USB tape drive for a virtual machine, with FILE as its cartridge.\n"
        "Prints one line when the VM can use it; SIGINT, SIGTERM or SIGHUP ends it, synced.\n"
        "`usbtape qemu-args` prints what to give QEMU.");
    if (!options_parse(context, entries, argc, argv, error)) {
        return false;
    }
    if (*argc > 1) {
        return usbtape_input_error(error, "serve: unexpected argument '%s'", (*argv)[1]);
    }
    if (!o->listen == !o->connect) {
        return usbtape_input_error(error,
                                   "serve: give one of --listen and --connect, such as --listen "
                                   "unix:/tmp/drive.sock");
    }
    if (o->tls_psk && o->tls_creds) {
        return usbtape_input_error(error, "serve: give one of --tls-psk and --tls-creds");
    }
    return true;
}

static void options_clear(Options *o)
{
    char **texts[] = { &o->media,      &o->format,    &o->model,        &o->listen,   &o->connect,
                       &o->speed,      &o->faults,    &o->control,      &o->trace,    &o->vendor_id,
                       &o->product_id, &o->product,   &o->manufacturer, &o->serial,   &o->seed,
                       &o->pcap,       &o->pcap_snap, &o->tls_psk,      &o->tls_creds };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(*texts[i]);
    }
    g_strfreev(o->media_dirs);
    g_strfreev(o->set);
    g_free(o->timing);
}

/* ---- the parts ---- */

static void server_unplug_by_fault(void *data, int64_t replug)
{
    Server *s = data;

    if (s->port) {
        port_unplug(s->port, replug);
    }
}

static void server_describe(Server *s, SetupConfig *config)
{
    static const DrivePlug plug = { server_unplug_by_fault };
    static const TraceFileOps ops = { server_on_notice, server_on_trace_failed };
    const Options *o = &s->options;

    *config = (SetupConfig){
        .model = o->model,
        .timing = o->timing,
        .settings = o->set,
        .faults = o->faults,
        .seed = o->seed,
        .media = o->media,
        .format = o->format,
        .speed = o->speed,
        .vendor_id = o->vendor_id,
        .product_id = o->product_id,
        .manufacturer = o->manufacturer,
        .product = o->product,
        .serial = o->serial,
        .trace = o->trace,
        .captured = o->pcap != NULL,
        .control = o->control,
        .media_dirs = o->media_dirs,
        .name = o->listen ? o->listen : o->connect,
        .read_only = o->read_only,
        .allow_remote = o->allow_remote,
        .clock = s->clock,
        .plug = &plug,
        .trace_ops = &ops,
        .notice = server_on_notice,
        .data = s,
    };
}

/* True if both names mean one file. The second file need not exist. */
static bool same_file(const char *a, const char *b)
{
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* A smaller value would cut descriptors. */
#define PCAP_SNAP_MIN 256

static bool server_open_pcap(Server *s, GError **error)
{
    const Options *o = &s->options;
    g_autofree char *comment = NULL;
    UsbPcapConfig config = {
        .path = o->pcap, .clock = s->clock, .failed = server_on_notice, .data = s
    };
    uint64_t snap = 0;

    if (o->pcap && o->trace && same_file(o->pcap, o->trace)) {
        return usbtape_input_error(
            error, "--pcap %s: the trace is written there; name another file", o->pcap);
    }
    if (!o->pcap) {
        return !o->pcap_snap || usbtape_input_error(error, "--pcap-snap: give --pcap, too");
    }
    if (o->pcap_snap && !units_parse_size(o->pcap_snap, &snap, error)) {
        g_prefix_error(error, "--pcap-snap: ");
        return false;
    }
    if (o->pcap_snap && snap < PCAP_SNAP_MIN) {
        return usbtape_input_error(error, "--pcap-snap %s: give at least %d bytes", o->pcap_snap,
                                   PCAP_SNAP_MIN);
    }
    comment = g_strdup_printf("drive %s, %s speed, serial number %s, at %s; seed %" G_GUINT64_FORMAT
                              "; cartridge %s; faults %s",
                              ssc_model_name(ssc_model_by_name(o->model, NULL)),
                              usb_speed_name(usb_device_speed(drive_usb(s->setup.drive))),
                              usb_device_identity(drive_usb(s->setup.drive))->serial,
                              o->listen ? o->listen : o->connect, s->setup.seed,
                              o->media ? o->media : "none", o->faults ? o->faults : "none");
    config.comment = comment;
    config.snap = (size_t)MIN(snap, SIZE_MAX);
    s->pcap = usb_pcap_open(&config, error);
    if (!s->pcap) {
        return false;
    }
    usb_device_watch(drive_usb(s->setup.drive), usb_pcap_monitor(s->pcap));
    trace_tee_add(&s->setup.trace_tee, usb_pcap_trace(s->pcap));
    return true;
}

static void server_on_port_done(void *data)
{
    Server *s = data;

    g_main_loop_quit(s->loop);
}

static void server_on_port_event(void *data, PortEvent event, const char *text)
{
    static const struct {
        ControlEvent event;
        const char *member; /* the member that the text belongs to */
    } rows[] = {
        [PORT_HOST_ATTACHED] = { CONTROL_HOST_ATTACHED, "host" },
        [PORT_HOST_REFUSED] = { CONTROL_HOST_REFUSED, "why" },
        [PORT_HOST_LEFT] = { CONTROL_HOST_LEFT, "why" },
        [PORT_UNPLUGGED] = { CONTROL_UNPLUGGED, NULL },
        [PORT_PLUGGED] = { CONTROL_PLUGGED, NULL },
    };
    Server *s = data;

    if (s->setup.control) {
        control_event(s->setup.control, rows[event].event, rows[event].member, text, NULL);
    }
}

static bool server_open_tls(Server *s, GError **error)
{
    const Options *o = &s->options;
    bool server = o->listen != NULL;

    if (o->tls_psk) {
        s->tls = tls_creds_psk(o->tls_psk, server, error);
    } else if (o->tls_creds) {
        s->tls = tls_creds_x509(o->tls_creds, server, error);
    }
    return s->tls || (!o->tls_psk && !o->tls_creds);
}

static bool server_open_port(Server *s, GError **error)
{
    static const PortOps ops = { server_on_notice, server_on_port_done, server_on_port_event };
    bool listens = s->options.listen != NULL;
    Address *address = address_parse(listens ? "--listen" : "--connect",
                                     listens ? s->options.listen : s->options.connect,
                                     s->options.allow_remote || s->tls, error);

    if (address) {
        s->port =
            port_new(address, listens ? PORT_LISTEN : PORT_CONNECT, s->tls,
                     drive_usb(s->setup.drive), s->clock, &s->setup.trace_tee.base, &ops, s, error);
    }
    return s->port != NULL;
}

static const char *server_control_address(void *data)
{
    return port_address(((Server *)data)->port);
}

static const char *server_control_host(void *data)
{
    return port_host(((Server *)data)->port);
}

static void server_control_quit(void *data)
{
    g_main_loop_quit(((Server *)data)->loop);
}

static bool server_control_plugged(void *data)
{
    return port_plugged(((Server *)data)->port);
}

static void server_control_unplug(void *data, int64_t replug)
{
    port_unplug(((Server *)data)->port, replug);
}

static void server_control_replug(void *data)
{
    port_replug(((Server *)data)->port);
}

static bool server_start(Server *s, GError **error)
{
    static const ControlOps ops = { server_control_address, server_control_host,
                                    server_control_quit,    server_control_plugged,
                                    server_control_unplug,  server_control_replug };
    SetupConfig config;

    server_describe(s, &config);
    if (!setup_open(&s->setup, &config, error)) {
        return false;
    }
    return server_open_pcap(s, error) && server_open_tls(s, error) && server_open_port(s, error) &&
           setup_open_control(&s->setup, &config, &ops, s, error);
}

/* ---- the end ---- */

static void server_on_ejected(void *data, const GError *error)
{
    Server *s = data;

    if (error) {
        server_print(s, "%s", error->message);
        s->failed = true;
    }
}

static void server_report_rules(Server *s, const GPtrArray *rules)
{
    guint i;

    for (i = 0; i < rules->len; i++) {
        const FaultRule *rule = g_ptr_array_index(rules, i);

        server_print(s, "fault %s (%s:%u) fired %" G_GUINT64_FORMAT " times", rule->kind->name,
                     rule->source, rule->line, rule->fired);
    }
}

/* Reports rules that did not fire, too. */
static void server_report_faults(Server *s)
{
    if (s->setup.faults) {
        server_report_rules(s, s->setup.faults->removed);
        server_report_rules(s, s->setup.faults->rules);
    }
}

/*
 * Removes the host first, so that nothing new is written. Then syncs and closes the cartridge.
 * Waits for a controller's eject under way.
 */
static void server_stop(Server *s)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&s->port, port_free);
    g_clear_pointer(&s->tls, tls_creds_free);
    setup_close_control(&s->setup);
    while (s->setup.drive && drive_ejecting(s->setup.drive)) {
        g_main_context_iteration(NULL, TRUE);
    }
    if (s->setup.drive && drive_cartridge(s->setup.drive)) {
        drive_eject(s->setup.drive, true, server_on_ejected, s);
        /* A second signal would quit a main loop. The drive must outlive its eject. */
        while (drive_ejecting(s->setup.drive)) {
            g_main_context_iteration(NULL, TRUE);
        }
    }
    g_clear_pointer(&s->setup.drive, drive_free);
    if (s->pcap && !usb_pcap_close(s->pcap)) {
        s->failed = true;
    }
    server_report_faults(s);
    setup_clear(&s->setup);
    while (g_main_context_iteration(NULL, FALSE)) {
        /* work that completed after the last iteration */
    }
    if (s->setup.trace) {
        s->failed |= trace_file_saw_host_error(s->setup.trace);
        if (!trace_file_close(s->setup.trace, &error)) {
            server_print(s, "%s", error->message);
            s->failed = true;
        }
    }
    (void)!outlet_finish(s->notices, NOTICES_PATIENCE);
    outlet_free(s->notices);
    clock_free(s->clock);
}

/* ---- the sandbox ---- */

/* Directories of files that the program opens while it serves, or removes at the end. */
typedef struct Reach {
    GPtrArray *cartridges, *sockets;
} Reach;

static void reach_clear(Reach *reach)
{
    g_clear_pointer(&reach->cartridges, g_ptr_array_unref);
    g_clear_pointer(&reach->sockets, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reach, reach_clear)

static void reach_add_directory(GPtrArray *directories, const char *path)
{
    char *resolved = realpath(path, NULL);

    if (resolved) {
        g_ptr_array_add(directories, g_path_get_dirname(resolved));
    }
    free(resolved);
}

static void reach_add_socket(GPtrArray *directories, const char *address)
{
    if (address && g_str_has_prefix(address, "unix:")) {
        reach_add_directory(directories, address + strlen("unix:"));
    }
}

static void server_reach(const Server *s, Reach *reach)
{
    const Options *o = &s->options;
    char **directory = s->setup.directories;

    reach->cartridges = g_ptr_array_new_with_free_func(g_free);
    reach->sockets = g_ptr_array_new_with_free_func(g_free);
    for (; directory && *directory; directory++) {
        g_ptr_array_add(reach->cartridges, g_strdup(*directory));
    }
    if (o->media && s->setup.control) { /* it may be loaded again, and may be a link */
        reach_add_directory(reach->cartridges, o->media);
    }
    reach_add_socket(reach->sockets, o->listen);
    reach_add_socket(reach->sockets, o->control);
    g_ptr_array_add(reach->cartridges, NULL);
    g_ptr_array_add(reach->sockets, NULL);
}

/* The drive works without the restrictions that the kernel lacks, and prints a notice. */
static void server_report_no_sandbox(Server *s, const GError *error)
{
    if (error) {
        server_print(s, "the sandbox is not complete: %s; --no-sandbox turns it off",
                     error->message);
    }
}

/* The thread for syncs. No thread can start inside the sandbox. */
static bool server_start_worker(Server *s, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!loop_executor_start(s->setup.executor, &why)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "serve: %s; raise the limits on processes and memory (ulimit -u, -v)",
                    why->message);
        return false;
    }
    return true;
}

/* From here on the process has only the rights that a drive needs. */
static bool server_enter_sandbox(Server *s, GError **error)
{
    g_auto(Reach) reach = { NULL, NULL };
    g_autoptr(GError) files = NULL, calls = NULL;
    SandboxConfig config = { .read_only = s->options.read_only };

    if (geteuid() == 0) {
        server_print(s, "running as root, which a drive does not need: start it as another user");
    }
    if (s->options.no_sandbox) {
        return server_start_worker(s, error);
    }
    server_reach(s, &reach);
    config.cartridges = (const char *const *)reach.cartridges->pdata;
    config.sockets = (const char *const *)reach.sockets->pdata;
    if (s->options.connect) {
        config.connects = port_family(s->port, &config.port);
    }
    sandbox_no_dumps();
    sandbox_limit_files(&config, &files);
    if (!server_start_worker(s, error)) {
        return false;
    }
    sandbox_limit_calls(&config, &calls);
    server_report_no_sandbox(s, files);
    server_report_no_sandbox(s, calls);
    return true;
}

/* ---- signals ---- */

static gboolean server_on_signal(int fd, GIOCondition condition, void *data)
{
    struct signalfd_siginfo signal;

    while (read(fd, &signal, sizeof signal) > 0) {
        g_main_loop_quit(((Server *)data)->loop);
    }
    return G_SOURCE_CONTINUE;
}

/*
 * A second signal changes nothing, during the sync of the cartridge or later. A closed terminal
 * ends the program as SIGTERM does, unless SIGHUP was ignored at the start (nohup). GLib's signal
 * sources need a thread, and abort if none can start. So a signalfd is used.
 */
static bool server_watch_signals(Server *s, GError **error)
{
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGHUP);
    }
    s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->signal_fd < 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "serve: signals: %s",
                    g_strerror(errno));
        return false;
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    s->signals = loop_watch(s->signal_fd, G_IO_IN, server_on_signal, s);
    return true;
}

static void serve(Server *s)
{
    printf("%s %s\n", s->options.listen ? "listening on" : "connecting to", port_address(s->port));
    fflush(stdout);
    g_main_loop_run(s->loop);
}

int serve_main(int argc, char **argv)
{
    Server s = { .signal_fd = -1 };
    g_autoptr(GError) error = NULL;
    int status;

    /* Data phases are frequent. malloc() keeps their memory instead of mapping it again. */
    mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
    signal(SIGPIPE, SIG_IGN); /* the reader of the notices may close its end */
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit on file sizes fails as on a full disk */
    s.loop = g_main_loop_new(NULL, FALSE);
    s.clock = loop_clock_new();
    server_open_notices(&s);
    setup_init(&s.setup);
    if (!parse_options(&s.options, &argc, &argv, &error) || !server_start(&s, &error) ||
        !server_watch_signals(&s, &error) || !server_enter_sandbox(&s, &error)) {
        server_stop(&s);
        status = usbtape_fail(error);
    } else {
        serve(&s);
        server_stop(&s);
        status = s.failed ? EXIT_WORK_FAILED : EXIT_GOOD;
    }
    loop_unwatch(&s.signals);
    if (s.signal_fd >= 0) {
        close(s.signal_fd);
    }
    options_clear(&s.options);
    g_main_loop_unref(s.loop);
    return status;
}
