/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program itself, as it was built: its options, messages, statuses and signals. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tests/wire/wire_host.h"

static const char *program; /* argv[1] */

typedef struct Run {
    int status;
    char *out, *err;
} Run;

/* Runs to the end in `dir`; the words follow the program's name. */
static Run run(const char *dir, const char *const *words)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    Run result = { -1, NULL, NULL };

    g_ptr_array_add(argv, (void *)program);
    for (; *words; words++) {
        g_ptr_array_add(argv, (void *)*words);
    }
    g_ptr_array_add(argv, NULL);
    g_subprocess_launcher_set_cwd(launcher, dir);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(process, NULL, NULL, &result.out, &result.err, &error);
    g_assert_no_error(error);
    result.status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
                                                        : 1000 + g_subprocess_get_term_sig(process);
    return result;
}

static void run_clear(Run *result)
{
    g_free(result->out);
    g_free(result->err);
}

static void expect_good(const char *dir, const char *const *words)
{
    Run r = run(dir, words);

    ck_assert_msg(r.status == 0, "%s: %d, %s", words[0], r.status, r.err);
    run_clear(&r);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static char *room_new(void)
{
    char *dir = suite_temp_dir();

    g_assert(dir);
    return dir;
}

static void room_free(char *dir)
{
    g_autoptr(GDir) names = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(names))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_remove(path);
    }
    g_rmdir(dir);
    g_free(dir);
}

static void put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    bool good = g_file_set_contents(path, text, -1, NULL);

    g_assert(good);
}

/* A pipe that nobody is at the other end of. */
static void make_pipe(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    int made = mkfifo(path, 0600);

    g_assert(made == 0);
}

START_TEST(bad_input_is_one_line_and_status_2)
{
    static const struct {
        const char *words[8];
        const char *named; /* what the line must name */
    } rows[] = {
        { { NULL }, "usbtape help" },
        { { "explode" }, "'explode'" },
        { { "serve" }, "--listen" },
        { { "serve", "--nope" }, "--nope" },
        { { "serve", "--listen", "unix:s", "--read-only=3" }, "--read-only takes no value" },
        { { "run", "--check=yes", "case.yaml" }, "--check takes no value" },
        { { "media", "info", "--json=1", "x.tape" }, "--json takes no value" },
        { { "media", "cat", "x.tape", "--file", "" }, "--file ''" },
        { { "media", "cat", "x.tape", "--file=010" }, "--file '010'" },
        { { "media", "cat", "x.tape", "--file", "0x1" }, "--file '0x1'" },
        { { "media", "cat", "x.tape", "--file", "99999999999999999999" }, "99999999999999999999" },
        { { "media", "create", "x.tape", "--partitions= 2" }, "--partitions ' 2'" },
        { { "media", "create", "x.tape", "--partitions", "-" }, "--partitions '-'" },
        { { "serve", "-lpipe:s" }, "pipe:s" },
        { { "serve", "-z" }, "-z" },
        { { "serve", "-l" }, "-l" },
        { { "serve", "--listen", "unix:s", "extra" }, "'extra'" },
        { { "serve", "--listen", "unix:s", "--connect", "unix:t" }, "--connect" },
        { { "serve", "--listen", "pipe:s" }, "pipe:s" },
        { { "serve", "--listen", "tcp:10.0.0.1:1" }, "--allow-remote" },
        { { "serve", "--listen", "unix:missing/s" }, "missing/s" },
        { { "serve", "--listen", "unix:foreign" }, "foreign" },
        { { "serve", "--listen", "unix:s", "--media", "missing.tape" }, "missing.tape" },
        { { "serve", "--listen", "unix:s", "--media", "." }, "." },
        { { "serve", "--listen", "unix:s", "--media", "foreign" }, "foreign" },
        { { "serve", "--listen", "unix:s", "--media", "empty" }, "empty" },
        { { "serve", "--listen", "unix:s", "--media", "foreign", "--format=vhs" }, "vhs" },
        { { "serve", "--listen", "unix:s", "--media", "foreign", "--format=simh" }, "foreign" },
        { { "serve", "--listen", "unix:s", "--format=simh" }, "--media" },
        { { "serve", "--listen", "unix:s", "--model", "pdp-11" }, "--model: " },
        { { "serve", "--listen", "unix:s", "--speed", "warp" }, "--speed: " },
        { { "serve", "--listen", "unix:s", "--seed", "-1" }, "--seed -1" },
        { { "serve", "--listen", "unix:s", "--seed", "x" }, "--seed x" },
        { { "serve", "--listen", "unix:s", "--serial", "x" }, "serial" },
        { { "serve", "--listen", "unix:s", "--vendor-id", "12345" }, "--vendor-id" },
        { { "serve", "--listen", "unix:s", "--product-id", "xyz" }, "--product-id" },
        { { "serve", "--listen", "unix:s", "--faults", "missing.yaml" }, "missing.yaml" },
        { { "serve", "--listen", "unix:s", "--faults", "bad.yaml" }, "bad.yaml:2:10" },
        { { "serve", "--listen", "unix:s", "--faults", "." }, "." },
        { { "serve", "--listen", "unix:s", "--trace", "missing/t" }, "missing/t" },
        { { "serve", "--listen", "unix:s", "--trace", "foreign" }, "--trace foreign" },
        { { "serve", "--listen", "unix:s", "--trace", "other.json" }, "--trace other.json" },
        { { "serve", "--listen", "unix:s", "--trace", "x", "--pcap", "./x" }, "--pcap ./x" },
        { { "serve", "--listen", "unix:s", "--pcap", "missing/p" }, "missing/p" },
        { { "serve", "--listen", "unix:s", "--pcap", "foreign" }, "--pcap foreign" },
        { { "serve", "--listen", "unix:s", "--pcap", "." }, "--pcap ." },
        { { "serve", "--listen", "unix:s", "--pcap", "p", "--pcap-snap", "1" }, "--pcap-snap 1" },
        { { "serve", "--listen", "unix:s", "--pcap", "p", "--pcap-snap", "x" }, "--pcap-snap" },
        { { "serve", "--listen", "unix:s", "--pcap-snap", "4KiB" }, "--pcap" },
        { { "serve", "--listen", "unix:s", "--control", "unix:missing/c" }, "missing/c" },
        { { "serve", "--listen", "unix:s", "--control", "unix:s" }, "unix:s" },
        { { "ctl", "status" }, "--control" },
        { { "ctl", "--control", "unix:nobody", "status" }, "unix:nobody" },
        { { "ctl", "--control", "unix:nobody", "explode" }, "'explode'" },
        { { "ctl", "--control", "unix:nobody", "fault", "explode" }, "'fault'" },
        { { "ctl", "--control", "unix:nobody", "fault", "add" }, "fault-add: rule is missing" },
        { { "ctl", "--control", "unix:nobody", "fault", "add", "x" }, "unix:nobody" },
        { { "ctl", "--control", "unix:nobody", "fault", "list" }, "unix:nobody" },
        { { "ctl", "--control", "unix:nobody" }, "COMMAND" },
        { { "ctl", "--control", "unix:nobody", "load" }, "file" },
        { { "ctl", "--control", "unix:nobody", "status", "x" }, "'x'" },
        { { "ctl", "--control", "unix:nobody", "unplug", "xx" }, "unplug: 'xx'" },
        { { "ctl", "--control", "unix:nobody", "power-cycle", "2" }, "power-cycle: '2'" },
        { { "ctl", "--control", "unix:nobody", "--timeout", "soon", "status" },
          "--timeout: 'soon'" },
        { { "ctl", "--control", "unix:nobody", "--timeout", "0s", "status" }, "--timeout" },
        { { "list", "--json", "--markdown", "models" }, "--json and --markdown" },
        { { "qemu-args", "extra" }, "'extra'" },
        { { "qemu-args", "--id", "1x" }, "--id 1x" },
        { { "qemu-args", "--listen", "fd:0" }, "fd:0" },
        { { "qemu-args", "--tls-psk", "other" }, "keys.psk" },
        { { "qemu-args", "--tls-psk", "keys.psk", "--libvirt" }, "--tls-creds" },
        { { "attach" }, "--qmp" },
        { { "attach", "--qmp", "unix:nobody" }, "unix:nobody" },
        { { "attach", "--qmp", "unix:nobody", "--listen", "fd:0" }, "fd:0" },
        { { "attach", "--qmp", "unix:nobody", "extra" }, "'extra'" },
        { { "detach" }, "--qmp" },
        { { "detach", "--qmp", "unix:nobody", "--bus", "usb.0" }, "--bus" },
        { { "detach", "--qmp", "unix:nobody", "--id", "1x" }, "--id 1x" },
        { { "media", "info", "foreign" }, "foreign" },
        { { "media", "explode" }, "explode" },
        { { "list", "dragons" }, "dragons" },
        { { "run", "--nope" }, "--nope" },
        { { "run", "--check", "--shard", "0/2", "case.yaml" }, "--shard '0/2'" },
        { { "run", "--check", "--shard", "3/2", "case.yaml" }, "--shard '3/2'" },
        { { "run", "--check", "--shard", "1", "case.yaml" }, "--shard '1'" },
        { { "run", "--check", "--shard", "1/2x", "case.yaml" }, "--shard '1/2x'" },
        { { "run", "--check", "--case", "nobody", "good.yaml" }, "--case nobody" },
        { { "run", "--check", "--pcap-snap", "255", "good.yaml" }, "--pcap-snap 255" },
        { { "run", "good.yaml", "--junit", "pipe" }, "--junit pipe" },
        { { "run", "good.yaml", "--html", "pipe" }, "--html pipe" },
        { { "run", "missing.yaml" }, "missing.yaml" },
        { { "run", "--check", "bad.yaml" }, "bad.yaml:" },
        { { "run", "--check", "foreign" }, "foreign" },
    };
    g_autofree char *dir = NULL;
    size_t i;

    dir = room_new();
    put(dir, "foreign", "This is a letter to my aunt.\n");
    put(dir, "empty", "");
    put(dir, "other.json", "{\"precious\": true}\n");
    put(dir, "good.yaml", "name: good\nabout: it is read alone\nsteps: [{run: \"true\"}]\n");
    make_pipe(dir, "pipe");
    put(dir, "bad.yaml", "# rules\n- {name: drive.explode}\n");
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        Run r = run(dir, rows[i].words);
        g_autofree char *what = g_strjoinv(" ", (char **)rows[i].words);
        size_t length = strlen(r.err);

        ck_assert_msg(r.status == 2, "%s: status %d, %s", what, r.status, r.err);
        ck_assert_msg(length > 0 && strchr(r.err, '\n') == r.err + length - 1, "%s: %s", what,
                      r.err);
        ck_assert_msg(strstr(r.err, rows[i].named) != NULL, "%s: %s", what, r.err);
        ck_assert_msg(r.out[0] == '\0', "%s: %s", what, r.out);
        run_clear(&r);
    }
    room_free(g_steal_pointer(&dir));
}
END_TEST

START_TEST(help_and_version_are_printed)
{
    static const char *const rows[][3] = {
        { "--help", NULL, "serve" },       { "help", NULL, "media" },
        { "--version", NULL, "usbtape " }, { "serve", "--help", "--media" },
        { "ctl", "--help", "fault-list" }, { "qemu-args", "--help", "--libvirt" },
        { "attach", "--help", "--bus" },   { "detach", "--help", "--qmp" },
        { "media", "--help", "create" },   { "run", "--help", "--check" },
        { "list", "--help", "scenarios" }, { "list", "faults", "drive.hang" },
        { "list", "models", "sdx-500c" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        Run r = run("/", WORDS(rows[i][0], rows[i][1]));

        ck_assert_msg(r.status == 0, "%s: %d %s", rows[i][0], r.status, r.err);
        ck_assert_msg(strstr(r.out, rows[i][2]) != NULL, "%s: %s", rows[i][0], r.out);
        run_clear(&r);
    }
}
END_TEST

START_TEST(qemu_arguments_are_exact)
{
    static const struct {
        const char *words[6];
        const char *out;
    } rows[] = {
        { { "qemu-args", "--listen", "unix:/run/a,b.sock" },
          "-device qemu-xhci,id=tape0-usb -chardev "
          "socket,id=tape0-link,path=/run/a,,b.sock,reconnect=1 "
          "-device usb-redir,id=tape0,chardev=tape0-link,bus=tape0-usb.0\n" },
        { { "qemu-args", "--listen", "tcp:10.0.0.1:7000", "--tls-psk", "/etc/tape,1/keys.psk" },
          "-object tls-creds-psk,id=tape0-tls,dir=/etc/tape,,1,endpoint=client "
          "-device qemu-xhci,id=tape0-usb -chardev "
          "socket,id=tape0-link,host=10.0.0.1,port=7000,nodelay=on,reconnect=1,tls-creds=tape0-tls "
          "-device usb-redir,id=tape0,chardev=tape0-link,bus=tape0-usb.0\n" },
        { { "qemu-args", "--connect", "tcp:[::1]:7000", "--id", "t" },
          "-device qemu-xhci,id=t-usb -chardev "
          "socket,id=t-link,host=::1,port=7000,nodelay=on,server=on,wait=off "
          "-device usb-redir,id=t,chardev=t-link,bus=t-usb.0\n" },
        { { "qemu-args", "--listen", "unix:/run/<a>.sock", "--libvirt" },
          "<controller type='usb' model='qemu-xhci'/>\n"
          "<redirdev bus='usb' type='unix'>\n"
          "  <source mode='connect' path='/run/&lt;a&gt;.sock'>"
          "<reconnect enabled='yes' timeout='1'/></source>\n"
          "  <alias name='ua-tape0'/>\n"
          "</redirdev>\n" },
    };
    Run r = run("/", rows[_i].words);

    ck_assert_int_eq(r.status, 0);
    ck_assert_str_eq(r.out, rows[_i].out);
    run_clear(&r);
}
END_TEST

/* ---- serving ---- */

typedef struct Serving {
    char *dir;
    GSubprocess *process;
    GDataInputStream *out;
    WireHost *host;
    uint32_t tag;
} Serving;

static rlim_t file_limit;

static void limit_files(void *data)
{
    struct rlimit limit = { file_limit, file_limit };

    setrlimit(RLIMIT_FSIZE, &limit);
}

static void serving_start(Serving *s, const char *const *more)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *line = NULL;

    g_ptr_array_add(argv, (void *)program);
    g_ptr_array_add(argv, (void *)"serve");
    g_ptr_array_add(argv, (void *)"--listen");
    g_ptr_array_add(argv, (void *)"unix:drive.sock");
    for (; *more; more++) {
        g_ptr_array_add(argv, (void *)*more);
    }
    g_ptr_array_add(argv, NULL);
    g_subprocess_launcher_set_cwd(launcher, s->dir);
    if (file_limit) {
        g_subprocess_launcher_set_child_setup(launcher, limit_files, NULL, NULL);
    }
    s->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    s->out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(s->process));
    line = g_data_input_stream_read_line(s->out, NULL, NULL, &error);
    g_assert_no_error(error);
    ck_assert_str_eq(line, "listening on unix:drive.sock");
}

/* Waits for that many bulk replies, or for the connection to end. */
static void serving_wait(Serving *s, uint64_t replies)
{
    int patience;

    for (patience = 0; patience < 3000 && !s->host->closed; patience++) {
        struct pollfd poller = { .fd = s->host->fd, .events = POLLIN };

        wire_pump(s->host);
        if (s->host->bulk_replies >= replies) {
            return;
        }
        (void)!poll(&poller, 1, 10);
    }
}

static void serving_plug(Serving *s)
{
    g_autofree char *path = g_build_filename(s->dir, "drive.sock", NULL);
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int i;

    g_strlcpy(name.sun_path, path, sizeof name.sun_path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    s->host = wire_host_new(fd, WIRE_QEMU_CAPS);
    for (i = 0; i < 3000 && !strstr(s->host->heard->str, "connect speed"); i++) {
        struct pollfd poller = { .fd = fd, .events = POLLIN };

        wire_pump(s->host);
        (void)!poll(&poller, 1, 10);
    }
    wire_configure(s->host, 1, 1);
    s->host->bulk_replies = 0;
}

/* bCSWStatus; -1: none came. */
static int serving_command(Serving *s, const uint8_t cdb[6], const void *out, uint32_t length)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };
    uint64_t replies = s->host->bulk_replies;
    bool stalled;

    s->tag++;
    memcpy(cbw + 4, &s->tag, 4);
    memcpy(cbw + 8, &length, 4);
    cbw[14] = 6;
    memcpy(cbw + 15, cdb, 6);
    g_string_truncate(s->host->heard, 0);
    wire_out(s->host, 1, 0x02, cbw, sizeof cbw);
    serving_wait(s, ++replies);
    if (length) {
        wire_out(s->host, 2, 0x02, out, length);
        serving_wait(s, ++replies);
        stalled = strstr(s->host->heard->str, "ep 02 status 4") != NULL;
        if (stalled) {
            wire_control(s->host, 3, 0x02, 1, 0, 0x02, 0);
        }
    }
    g_byte_array_set_size(s->host->data, 0);
    wire_in(s->host, 4, 0x81, 13);
    serving_wait(s, ++replies);
    return s->host->data->len == 13 ? s->host->data->data[12] : -1;
}

static int serving_write(Serving *s, unsigned number, uint32_t length)
{
    uint8_t cdb[6] = { 0x0a, 0, (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length };
    g_autofree uint8_t *block = g_malloc(length);
    uint32_t i;

    for (i = 0; i < length; i++) {
        block[i] = (uint8_t)((i ^ number) * 2654435761u >> 11);
    }
    return serving_command(s, cdb, block, length);
}

static void serving_ready(Serving *s)
{
    static const uint8_t test_unit_ready[6] = { 0 };
    int i;

    for (i = 0; i < 3 && serving_command(s, test_unit_ready, NULL, 0) != 0; i++) {
    }
    ck_assert_int_lt(i, 3);
}

static int serving_filemark(Serving *s)
{
    static const uint8_t cdb[6] = { 0x10, 0, 0, 0, 1 };

    return serving_command(s, cdb, NULL, 0);
}

/* Ends it with a signal; returns the status and what it said on standard error. */
static int serving_stop(Serving *s, int sig, char **err)
{
    g_autoptr(GError) error = NULL;

    if (sig) {
        g_subprocess_send_signal(s->process, sig);
    }
    g_subprocess_communicate_utf8(s->process, NULL, NULL, NULL, err, &error);
    g_assert_no_error(error);
    g_clear_pointer(&s->host, wire_host_free);
    g_clear_object(&s->out);
    return g_subprocess_get_if_exited(s->process) ? g_subprocess_get_exit_status(s->process)
                                                  : 1000 + g_subprocess_get_term_sig(s->process);
}

static void serving_clear(Serving *s)
{
    g_clear_object(&s->process);
    room_free(s->dir);
    file_limit = 0;
}

/* Blocks and marks up to end of data. Asserts that the file opens without recovery. */
static unsigned count_objects(const char *dir, const char *cartridge)
{
    Run r = run(dir, WORDS("media", "info", "--json", cartridge));
    const char *found;
    unsigned objects;

    ck_assert_msg(r.status == 0 && r.err[0] == '\0', "%s", r.err);
    found = strstr(r.out, "\"objects\"");
    ck_assert_msg(found != NULL, "%s", r.out);
    objects = (unsigned)g_ascii_strtoull(
        strchr(found, ':') + 1 + strspn(strchr(found, ':') + 1, " "), NULL, 10);
    run_clear(&r);
    return objects;
}

START_TEST(sigterm_during_a_backup_leaves_a_clean_cartridge)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    unsigned i;
    int status;

    signal(SIGHUP, SIG_DFL); /* whatever started the tests may ignore it; the program would, too */
    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    serving_start(&s, WORDS("--media", "t.tape", "--trace", "t.jsonl"));
    serving_plug(&s);
    serving_ready(&s);
    for (i = 0; i < 40; i++) {
        ck_assert_int_eq(serving_write(&s, i, 65536), 0);
    }
    status = serving_stop(&s, signals[_i], &err);
    ck_assert_msg(status == 0, "%d: %s", status, err);
    ck_assert_msg(strstr(err, "usbtape: host attached: wire test\n"), "%s", err);
    expect_good(s.dir, WORDS("media", "check", "t.tape"));
    ck_assert_uint_eq(count_objects(s.dir, "t.tape"), 40);
    serving_clear(&s);
}
END_TEST

/* What the cartridge has been through stays with it, from one process to the next. */
START_TEST(a_cartridge_counts_its_life)
{
    static const uint8_t unload[6] = { 0x1b }, load[6] = { 0x1b, 0, 0, 0, 1 };
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };

    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    for (unsigned i = 0; i < 2; i++) {
        serving_start(&s, WORDS("--media", "t.tape"));
        serving_plug(&s);
        serving_ready(&s);
        ck_assert_int_eq(serving_write(&s, i, 3 << 20), 0);
        ck_assert_int_eq(serving_filemark(&s), 0);
        ck_assert_int_eq(serving_command(&s, unload, NULL, 0), 0);
        if (i == 1) {
            ck_assert_int_eq(serving_command(&s, load, NULL, 0), 0);
        }
        ck_assert_int_eq(serving_stop(&s, SIGTERM, &err), 0);
        g_clear_object(&s.process);
        g_clear_pointer(&err, g_free);
    }
    Run r = run(s.dir, WORDS("media", "info", "--json", "t.tape"));
    ck_assert_msg(strstr(r.out, "\"loads\" : 3") != NULL, "%s", r.out);
    ck_assert_msg(strstr(r.out, "\"bytes_written\" : 6291456") != NULL, "%s", r.out);
    ck_assert_msg(strstr(r.out, "\"bytes_read\" : 0") != NULL, "%s", r.out);
    run_clear(&r);
    serving_clear(&s);
}
END_TEST

/* Each case is in one shard; the largest seed there is ends a range, too. */
/* Three records, the trailer of the second of which is wrong, in a file that no suffix names. */
START_TEST(a_damaged_image_is_served_write_protected)
{
    static const uint8_t image[] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 2, 0, 0, 0, 2, 2, 2,
                                     0, 9, 0, 2, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t to_the_end[6] = { 0x11, 3 };
    Serving s = { .dir = room_new() };
    g_autofree char *path = g_build_filename(s.dir, "image", NULL), *after = NULL, *said = NULL;
    gsize length;

    ck_assert(g_file_set_contents(path, (const char *)image, sizeof image, NULL));
    serving_start(&s, WORDS("--media", "image", "--format", "simh"));
    serving_plug(&s);
    serving_ready(&s);
    ck_assert_int_eq(serving_write(&s, 0, 512), 1);
    ck_assert_int_eq(serving_filemark(&s), 1);
    ck_assert_int_eq(serving_command(&s, to_the_end, NULL, 0), 0);
    ck_assert_int_eq(serving_write(&s, 0, 512), 1);
    ck_assert_int_eq(serving_stop(&s, SIGTERM, &said), 0);
    ck_assert_msg(strstr(said, "image: no whole record at byte 10: 10 bytes are lost: damaged, so "
                               "held write-protected"),
                  "%s", said);
    ck_assert(g_file_get_contents(path, &after, &length, NULL));
    ck_assert_uint_eq(length, sizeof image);
    ck_assert_mem_eq(after, image, sizeof image);
    serving_clear(&s);
}
END_TEST

START_TEST(shards_share_the_cases)
{
    static const struct {
        const char *seeds, *shard, *out;
    } rows[] = {
        { "1..5", "1/1", "5 cases" },
        { "1..5", "1/2", "3 cases" },
        { "1..5", "2/2", "2 cases" },
        { "18446744073709551614..18446744073709551615", "1/1", "2 cases" },
    };
    char *dir = room_new();
    size_t i;

    put(dir, "case.yaml", "name: n\nabout: a\nsteps: [{run: true}]\n");
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        Run r = run(dir, WORDS("run", "--check", "--seed", rows[i].seeds, "--shard", rows[i].shard,
                               "case.yaml"));

        ck_assert_msg(r.status == 0, "%d: %s", r.status, r.err);
        ck_assert_msg(g_str_has_prefix(r.out, rows[i].out), "%s", r.out);
        run_clear(&r);
    }
    room_free(dir);
}
END_TEST

START_TEST(signals_while_it_syncs_change_nothing)
{
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    unsigned i;
    int status;

    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    serving_start(&s, WORDS("--media", "t.tape"));
    serving_plug(&s);
    serving_ready(&s);
    for (i = 0; i < 200; i++) {
        ck_assert_int_eq(serving_write(&s, i, 256 * 1024), 0);
    }
    for (i = 0; i < 100; i++) {
        g_subprocess_send_signal(s.process, i % 2 ? SIGINT : SIGTERM);
        poll(NULL, 0, 1);
    }
    status = serving_stop(&s, SIGTERM, &err);
    ck_assert_msg(status == 0, "%d: %s", status, err);
    ck_assert_uint_eq(count_objects(s.dir, "t.tape"), 200);
    serving_clear(&s);
}
END_TEST

/* Killed in the middle: the capture is whole, and says which drive and which seed. */
START_TEST(killed_drive_leaves_its_capture)
{
    g_autofree char *err = NULL;
    g_autofree char *capture = NULL;
    g_autofree char *path = NULL;
    Serving s = { .dir = room_new() };
    size_t length;
    int i;

    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    serving_start(&s, WORDS("--media", "t.tape", "--model", "sdx-500c", "--pcap", "t.pcapng",
                            "--seed", "4711"));
    serving_plug(&s);
    serving_ready(&s);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(serving_write(&s, (unsigned)i, 65536), 0);
    }
    ck_assert_int_eq(serving_stop(&s, SIGKILL, &err), 1000 + SIGKILL);
    path = g_build_filename(s.dir, "t.pcapng", NULL);
    ck_assert(g_file_get_contents(path, &capture, &length, NULL));
    ck_assert_uint_gt(length, 3 * 65536);
    ck_assert_mem_eq(capture, "\x0a\x0d\x0d\x0a", 4);
    ck_assert_ptr_nonnull(memmem(capture, 512, "seed 4711", 9));
    ck_assert_ptr_nonnull(memmem(capture, 512, "drive sdx-500c, high speed", 26));
    ck_assert_ptr_nonnull(memmem(capture, 512, "cartridge t.tape", 16));
    serving_clear(&s);
}
END_TEST

/* SEW: between early warning and the end each write is on tape when it ends. */
START_TEST(killed_in_early_warning_loses_nothing)
{
    static const uint8_t immediate_filemark[6] = { 0x10, 1, 0, 0, 1 };
    Serving s = { .dir = room_new() };
    g_autofree char *err = NULL;
    unsigned blocks = 0, i;

    expect_good(s.dir, WORDS("media", "create", "t.tape", "--capacity", "16MiB", "--early-warning",
                             "14MiB"));
    serving_start(&s, WORDS("--media", "t.tape"));
    serving_plug(&s);
    serving_ready(&s);
    while (serving_write(&s, blocks++, 65536) == 0) { /* into the zone */
        ck_assert_uint_lt(blocks, 40);
    }
    for (i = 0; i < 32; i++) {
        ck_assert_int_eq(serving_write(&s, blocks++, i % 2 ? 512 : 65536), 1);
    }
    ck_assert_int_eq(serving_command(&s, immediate_filemark, NULL, 0), 1);
    ck_assert_int_eq(serving_stop(&s, SIGKILL, &err), 1000 + SIGKILL);
    ck_assert_uint_eq(count_objects(s.dir, "t.tape"), blocks + 1);
    serving_clear(&s);
}
END_TEST

START_TEST(full_disk_fails_the_work_and_keeps_what_was_synced)
{
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    unsigned synced = 0, i;
    const char *line;
    int status;
    Run r;

    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    file_limit = 40 * 1024 * 1024;
    serving_start(&s, WORDS("--media", "t.tape"));
    serving_plug(&s);
    serving_ready(&s);
    for (i = 0; i < 1000; i++) {
        if (serving_write(&s, i, 65536) != 0) {
            break;
        }
        if (i % 50 == 49) {
            if (serving_filemark(&s) != 0) {
                break;
            }
            synced = i + 1;
        }
    }
    ck_assert_uint_lt(i, 1000);
    ck_assert_uint_gt(synced, 50);
    for (i = 0; i < 5; i++) { /* it goes on failing, and says so once */
        ck_assert_int_eq(serving_write(&s, i, 65536), 1);
    }
    status = serving_stop(&s, SIGTERM, &err);
    ck_assert_msg(status == 1, "%d: %s", status, err);
    line = strstr(err, "t.tape");
    ck_assert_msg(line != NULL && !strstr(strchr(line, '\n'), "cannot write"), "%s", err);
    file_limit = 0;
    r = run(s.dir, WORDS("media", "check", "t.tape"));
    ck_assert_msg(r.status == 0, "%s %s", r.out, r.err);
    run_clear(&r);
    ck_assert_uint_ge(count_objects(s.dir, "t.tape"), synced + synced / 50);
    serving_clear(&s);
}
END_TEST

/*
 * Small blocks that wait in memory, from a host that never asked for a sync; then the disk breaks
 * its promise.
 */
START_TEST(what_cannot_be_written_at_the_end_fails_the_work)
{
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    struct rlimit none = { 1024, 1024 };
    const char *line;
    unsigned i;
    int status;

    expect_good(s.dir, WORDS("media", "create", "t.tape"));
    serving_start(&s, WORDS("--media", "t.tape"));
    serving_plug(&s);
    serving_ready(&s);
    for (i = 0; i < 20; i++) {
        ck_assert_int_eq(serving_write(&s, i, 512), 0);
    }
    ck_assert_int_eq(
        prlimit((pid_t)atoi(g_subprocess_get_identifier(s.process)), RLIMIT_FSIZE, &none, NULL), 0);
    status = serving_stop(&s, SIGTERM, &err);
    ck_assert_msg(status == 1, "%d: %s", status, err);
    line = strstr(err, "usbtape: t.tape: not synced: ");
    ck_assert_msg(line && strstr(line, g_strerror(EFBIG)), "%s", err);
    ck_assert_msg(strchr(line, '\n')[1] == '\0', "%s", err); /* one line, and the last */
    expect_good(s.dir, WORDS("media", "check", "t.tape"));
    serving_clear(&s);
}
END_TEST

START_TEST(socket_in_use_is_named_and_left_alone)
{
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    Run r;

    serving_start(&s, WORDS("--control", "unix:ctl.sock"));
    r = run(s.dir, WORDS("serve", "--listen", "unix:drive.sock"));
    ck_assert_int_eq(r.status, 2);
    ck_assert_ptr_nonnull(strstr(r.err, "drive.sock"));
    run_clear(&r);
    r = run(s.dir, WORDS("serve", "--listen", "unix:other.sock", "--control", "unix:ctl.sock"));
    ck_assert_int_eq(r.status, 2);
    ck_assert_ptr_nonnull(strstr(r.err, "ctl.sock"));
    run_clear(&r);
    serving_plug(&s); /* the first is still there */
    ck_assert_int_eq(serving_stop(&s, SIGTERM, &err), 0);
    serving_clear(&s);
}
END_TEST

START_TEST(controller_swaps_and_quits)
{
    g_autofree char *err = NULL;
    Serving s = { .dir = room_new() };
    Run r;

    expect_good(s.dir, WORDS("media", "create", "1.tape", "--barcode", "VOL001"));
    expect_good(s.dir, WORDS("media", "create", "2.tap"));
    serving_start(&s, WORDS("--media", "1.tape", "--control", "unix:ctl.sock"));
    r = run(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "status"));
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.out, "VOL001") != NULL, "%s", r.out);
    run_clear(&r);
    r = run(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "load", "2.tap"));
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "eject it first") != NULL, "%s", r.err);
    run_clear(&r);
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "eject"));
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "load", "2.tap", "read-only"));
    r = run(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "status"));
    ck_assert_msg(strstr(r.out, "  write-protected  yes\n") != NULL, "%s", r.out);
    run_clear(&r);
    r = run(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "--json", "status"));
    ck_assert_msg(strstr(r.out, "\"write-protected\" : true") != NULL, "%s", r.out);
    run_clear(&r);
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "quit"));
    ck_assert_int_eq(serving_stop(&s, 0, &err), 0);
    serving_clear(&s);
}
END_TEST

/* A socket that is not a drive's, or whose drive is stopped. */
START_TEST(ctl_gives_up_on_what_does_not_answer)
{
    static const struct {
        const char *greeting, *words;
        int status;
    } rows[] = {
        { "", "no answer", 124 },
        { "\x10 something else's", "no answer", 124 }, /* no line */
        { "{\"QMP\":{}}\n", "not a usbtape control socket", 1 },
        { "220 smtp\n", "not a usbtape control socket", 1 },
        { "{\"usbtape\":{}}\n", "no answer", 124 }, /* stopped after its greeting */
    };
    char *dir = room_new();
    g_autofree char *path = g_build_filename(dir, "x.sock", NULL);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    g_autoptr(GError) error = NULL;

    g_socket_listener_add_address(listener, address, G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GSubprocessLauncher) launcher =
            g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GSubprocess) ctl = NULL;
        g_autoptr(GSocketConnection) connection = NULL;
        g_autofree char *err = NULL;

        g_subprocess_launcher_set_cwd(launcher, dir);
        ctl = g_subprocess_launcher_spawn(launcher, &error, program, "ctl", "--control",
                                          "unix:x.sock", "--timeout", "20ms", "status", NULL);
        g_assert_no_error(error);
        connection = g_socket_listener_accept(listener, NULL, NULL, &error);
        g_assert_no_error(error);
        g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)),
                                  rows[i].greeting, strlen(rows[i].greeting), NULL, NULL, NULL);
        g_subprocess_communicate_utf8(ctl, NULL, NULL, NULL, &err, &error);
        g_assert_no_error(error);
        ck_assert_msg(strstr(err, rows[i].words) != NULL, "%zu: %s", i, err);
        ck_assert_int_eq(g_subprocess_get_exit_status(ctl), rows[i].status);
    }
    g_remove(path);
    room_free(dir);
}
END_TEST

/* One follows, another acts; the end of the drive is the end of the story. */
START_TEST(controller_follows)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_autoptr(GSubprocess) follower = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL, *first = NULL;
    g_autoptr(GDataInputStream) lines = NULL;
    Serving s = { .dir = room_new() };

    expect_good(s.dir, WORDS("media", "create", "1.tape"));
    serving_start(&s, WORDS("--control", "unix:ctl.sock"));
    g_subprocess_launcher_set_cwd(launcher, s.dir);
    follower =
        g_subprocess_launcher_spawn(launcher, &error, program, "ctl", "--control", "unix:ctl.sock",
                                    "--json", "--follow", "fault-list", NULL);
    g_assert_no_error(error);
    lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(follower));
    first = g_data_input_stream_read_line(lines, NULL, NULL, &error);
    ck_assert_str_eq(first, "[]"); /* the command's answer: from here on it follows */
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "load", "1.tape"));
    serving_plug(&s);
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "unplug"));
    expect_good(s.dir, WORDS("ctl", "--control", "unix:ctl.sock", "quit"));
    g_free(first);
    first = g_data_input_stream_read_line(lines, NULL, NULL, &error);
    ck_assert_msg(g_str_has_prefix(first, "{\"event\":\"LOAD\",\"data\":{\"file\":\"/"), "%s",
                  first);
    g_free(first);
    first = g_data_input_stream_read_line(lines, NULL, NULL, &error);
    ck_assert_msg(g_str_has_prefix(first, "{\"event\":\"HOST_ATTACHED\",\"data\":{\"host\":\"wire"),
                  "%s", first);
    g_free(first);
    first = g_data_input_stream_read_line(lines, NULL, NULL, &error);
    ck_assert_msg(g_str_has_prefix(first, "{\"event\":\"UNPLUGGED\""), "%s", first);
    ck_assert(g_subprocess_wait_check(follower, NULL, NULL)); /* a good end: status 0 */
    ck_assert_int_eq(serving_stop(&s, 0, &err), 0);
    serving_clear(&s);
}
END_TEST

static TCase *make_program_tcase(void)
{
    TCase *tcase = tcase_create("program");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, bad_input_is_one_line_and_status_2);
    tcase_add_test(tcase, help_and_version_are_printed);
    tcase_add_loop_test(tcase, qemu_arguments_are_exact, 0, 4);
    tcase_add_test(tcase, a_cartridge_counts_its_life);
    tcase_add_test(tcase, a_damaged_image_is_served_write_protected);
    tcase_add_test(tcase, shards_share_the_cases);
    tcase_add_loop_test(tcase, sigterm_during_a_backup_leaves_a_clean_cartridge, 0, 3);
    tcase_add_test(tcase, signals_while_it_syncs_change_nothing);
    tcase_add_test(tcase, killed_drive_leaves_its_capture);
    tcase_add_test(tcase, killed_in_early_warning_loses_nothing);
    tcase_add_test(tcase, full_disk_fails_the_work_and_keeps_what_was_synced);
    tcase_add_test(tcase, what_cannot_be_written_at_the_end_fails_the_work);
    tcase_add_test(tcase, socket_in_use_is_named_and_left_alone);
    tcase_add_test(tcase, controller_swaps_and_quits);
    tcase_add_test(tcase, ctl_gives_up_on_what_does_not_answer);
    tcase_add_test(tcase, controller_follows);
    return tcase;
}

int main(int argc, char **argv)
{
    static const MakeTCase make[] = { make_program_tcase };
    g_autofree char *path = NULL;

    g_assert(argc == 2);
    path = g_canonicalize_filename(argv[1], NULL); /* it is run in other directories */
    program = path;
    return suite_run("program", make, G_N_ELEMENTS(make));
}
