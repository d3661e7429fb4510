/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/vm.h"

#include "emu/base/error.h"
#include "emu/base/qmp.h"
#include "scenarios/runner/machine/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define QMP_SOCKET     "qmp.sock"
#define CHANNEL_SOCKET "channel.sock"

/* A program that asks waits for its answer, so more questions than this are not pending at once. */
#define QUESTIONS_MAX 64u

/* Bytes of frames that the log gets. A guest may send any number of small frames. */
#define LOG_MOST (16 * 1024 * 1024)

struct Vm {
    char *directory;
    const char *name;     /* of the process, in messages */
    const char *log_name; /* of the file with its output */
    Proc qemu;            /* or the agent, where there is no machine */
    Qmp *qmp;             /* NULL: there is no machine */
    int channel_fd;
    Channel *channel;
    GHashTable *replies; /* id → VmReply, borrowed: those under way */
    GQueue questions;    /* of VmQuestion */
    bool questions_lost; /* there were more than QUESTIONS_MAX */
    unsigned last_id;
    unsigned pong; /* the id of the last PONG */
    bool ready;
    int64_t last_message; /* when it came, monotonic */
    int64_t started;
    FILE *log;
    bool log_full;
};

void vm_reply_free(VmReply *reply)
{
    if (reply) {
        spool_free(reply->out);
        spool_free(reply->err);
        g_free(reply);
    }
}

void vm_question_free(VmQuestion *question)
{
    if (question) {
        g_free(question->text);
        g_free(question);
    }
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", what);
    return false;
}

/* ---- the command line ---- */

static void add(GPtrArray *argv, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void add(GPtrArray *argv, const char *option, const char *format, ...)
{
    va_list args;

    g_ptr_array_add(argv, g_strdup(option));
    if (format) {
        va_start(args, format);
        g_ptr_array_add(argv, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

/* QEMU reads a comma in a value as the end of it, unless it is doubled. */
static char *escaped(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ",", -1);

    return g_strjoinv(",,", parts);
}

/* The file `channel` of a guest says "serial" if its kernel has no virtio-serial. */
static bool uses_serial(const char *guest)
{
    g_autofree char *path = g_build_filename(guest, "channel", NULL);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && g_str_has_prefix(text, "serial");
}

static void add_channel(GPtrArray *argv, bool by_serial)
{
    add(argv, "-chardev", "socket,id=agent,path=" CHANNEL_SOCKET ",server=on,wait=off");
    if (by_serial) {
        add(argv, "-serial", "chardev:agent"); /* the second: ttyS1 */
        return;
    }
    /* Not 31 ports, each with two eventfds that QEMU polls at every turn of its main loop. */
    add(argv, "-device", "virtio-serial,max_ports=2,ioeventfd=off");
    add(argv, "-device", "virtserialport,chardev=agent,name=org.usbtape.agent");
}

char **vm_arguments(const VmConfig *config)
{
    GPtrArray *argv = g_ptr_array_new();
    g_autofree char *guest = escaped(config->guest);
    g_autofree char *tools = g_build_filename(config->guest, "tools.img", NULL);
    bool by_serial = uses_serial(config->guest);

    add(argv, config->qemu ? config->qemu : VM_QEMU, NULL);
    add(argv, "-machine", "q35,usb=off");
    add(argv, "-accel", config->kvm ? "kvm" : "tcg");
    add(argv, "-m", "%u", config->memory);
    add(argv, "-nodefaults", NULL);
    add(argv, "-no-user-config", NULL);
    add(argv, "-no-reboot", NULL);
    add(argv, "-display", "none");
    add(argv, "-kernel", "%s/vmlinuz", config->guest);
    add(argv, "-initrd", "%s/initrd.gz", config->guest);
    /* no_timer_check: on a busy host the emulated timer is slow, and the kernel would reject it. */
    add(argv, "-append",
        "no_timer_check console=ttyS0 quiet panic=-1 random.trust_cpu=on log_buf_len=1M%s",
        by_serial ? " usbtape.agent=ttyS1" : "");
    add(argv, "-serial", "file:console.log");
    add(argv, "-qmp", "unix:" QMP_SOCKET ",server=on,wait=off");
    add(argv, "-device", "qemu-xhci,id=usb");
    add_channel(argv, by_serial);
    add(argv, "-drive", "file=%s/data.img,if=none,id=data,format=raw,readonly=on", guest);
    add(argv, "-device", "virtio-blk,drive=data");
    add(argv, "-drive",
        "file=%s/scratch.img,if=none,id=scratch,format=raw,snapshot=on,cache=unsafe", guest);
    add(argv, "-device", "virtio-blk,drive=scratch");
    if (g_file_test(tools, G_FILE_TEST_EXISTS)) {
        add(argv, "-drive", "file=%s/tools.img,if=none,id=tools,format=raw,readonly=on", guest);
        add(argv, "-device", "virtio-blk,drive=tools");
    }
    if (config->drive.socket) {
        g_autofree char *drive = escaped(config->drive.socket);

        add(argv, "-chardev", "socket,id=tape,path=%s,reconnect=1", drive);
        add(argv, "-device", "usb-redir,id=tape0,chardev=tape,bus=usb.0");
    }
    if (config->drive.device) {
        add(argv, "-device", "%s", config->drive.device);
    }
    if (config->incoming) {
        g_autofree char *quoted = g_shell_quote(config->incoming);

        add(argv, "-incoming", "exec:cat %s", quoted);
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}

/* ---- start and end ---- */

/* The path of a socket has to be short. A directory's descriptor makes any path short. */
static int connect_in(const char *directory, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed;

    g_snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name);
    failed = connect(fd, (const struct sockaddr *)&address, sizeof address);
    close(folder);
    if (failed) {
        close(fd);
        return -1;
    }
    return fd;
}

static char *last_words(const Vm *self)
{
    g_autofree char *path = g_build_filename(self->directory, self->log_name, NULL);
    g_autofree char *text = NULL;
    char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !*g_strchomp(text)) {
        return g_strdup("it said nothing");
    }
    line = strrchr(text, '\n');
    return g_strdup(line ? line + 1 : text);
}

static bool gone(Vm *self, GError **error)
{
    g_autofree char *words = last_words(self);

    return fail(error, "%s ended with status %d: %s", self->name, self->qemu.status, words);
}

static int connect_when_there(Vm *self, const char *name, GError **error)
{
    int64_t end = g_get_monotonic_time() + SECONDS(20);

    while (g_get_monotonic_time() < end && !interrupted()) {
        int fd = connect_in(self->directory, name);

        if (fd >= 0) {
            return fd;
        }
        if (proc_wait(&self->qemu, 5000)) {
            gone(self, error);
            return -1;
        }
    }
    fail(error, "%s does not open its %s", self->name, name);
    return -1;
}

static void on_message(void *data, const ChannelMessage *m);

static bool spawn(Vm *self, const VmConfig *config, GError **error)
{
    const char *const agent[] = { config->agent, "--host", CHANNEL_SOCKET, NULL };
    g_auto(GStrv) argv = config->agent ? g_strdupv((char **)agent) : vm_arguments(config);
    g_autofree char *log_path = g_build_filename(config->directory, self->log_name, NULL);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    bool good;

    good = proc_start(&self->qemu, (const char *const *)argv, config->directory, log, log, error);
    if (log >= 0) {
        close(log);
    }
    return good;
}

static bool take_over(Vm *self, GError **error);

Vm *vm_start(const VmConfig *config, GError **error)
{
    static const char *const leftovers[] = { QMP_SOCKET, CHANNEL_SOCKET };
    g_autoptr(Vm) self = g_new0(Vm, 1);
    size_t i;
    int fd;

    self->directory = g_strdup(config->directory);
    self->name = config->agent ? "the agent" : "QEMU";
    self->log_name = config->agent ? "agent.log" : "qemu.log";
    self->qemu = PROC_NONE;
    self->channel_fd = -1;
    self->channel = channel_new(on_message, self);
    self->replies = g_hash_table_new(NULL, NULL);
    self->started = self->last_message = g_get_monotonic_time();
    for (i = 0; i < G_N_ELEMENTS(leftovers); i++) {
        g_autofree char *path = g_build_filename(config->directory, leftovers[i], NULL);

        unlink(path);
    }
    if (!spawn(self, config, error)) {
        return NULL;
    }
    if (!config->agent) {
        fd = connect_when_there(self, QMP_SOCKET, error);
        self->qmp = fd >= 0 ? qmp_new(fd, G_MAXINT64, interrupted, error) : NULL;
        if (!self->qmp) {
            return NULL;
        }
    }
    self->channel_fd = connect_when_there(self, CHANNEL_SOCKET, error);
    if (self->channel_fd < 0 || (config->incoming && !take_over(self, error))) {
        return NULL;
    }
    fcntl(self->channel_fd, F_SETFL, O_NONBLOCK);
    return g_steal_pointer(&self);
}

void vm_free(Vm *self)
{
    if (!self) {
        return;
    }
    proc_end(&self->qemu, SIGTERM, SECONDS(3));
    g_clear_pointer(&self->qmp, qmp_free);
    if (self->channel_fd >= 0) {
        close(self->channel_fd);
    }
    channel_free(self->channel);
    g_hash_table_unref(self->replies);
    g_queue_clear_full(&self->questions, (GDestroyNotify)(void (*)(void))vm_question_free);
    g_free(self->directory);
    g_free(self);
}

void vm_set_log(Vm *self, FILE *log)
{
    self->log = log;
}

/* ---- the channel ---- */

static void write_down(Vm *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void write_down(Vm *self, const char *format, ...)
{
    va_list args;

    if (self->log && !self->log_full) {
        fprintf(self->log, "%9.3f ", (double)(g_get_monotonic_time() - self->started) / 1e6);
        va_start(args, format);
        vfprintf(self->log, format, args);
        va_end(args);
        fputc('\n', self->log);
        self->log_full = ftello(self->log) > LOG_MOST;
        fputs(self->log_full ? "more than this is not written down\n" : "", self->log);
        fflush(self->log);
    }
}

static void end_reply(Vm *self, unsigned id, int rc)
{
    VmReply *reply = g_hash_table_lookup(self->replies, GUINT_TO_POINTER(id));

    if (reply) {
        reply->rc = rc;
        reply->done = true;
        g_hash_table_remove(self->replies, GUINT_TO_POINTER(id));
    }
}

static void on_message(void *data, const ChannelMessage *m)
{
    Vm *self = data;
    VmReply *reply = g_hash_table_lookup(self->replies, GUINT_TO_POINTER(m->id));
    VmQuestion *question;

    switch (m->kind) {
    case CHANNEL_HELLO:
        write_down(self, "< HELLO %s", m->text);
        self->ready = true;
        break;
    case CHANNEL_PONG:
        self->pong = m->id;
        self->ready = true;
        break;
    case CHANNEL_DATA:
        write_down(self, "< DAT %u %d %zu", m->id, m->stream, m->length);
        if (reply) {
            spool_add(m->stream == 2 ? reply->err : reply->out, m->body, m->length);
        }
        break;
    case CHANNEL_RC:
        write_down(self, "< RC %u %d", m->id, m->number);
        end_reply(self, m->id, m->number);
        break;
    case CHANNEL_ERROR:
        write_down(self, "< ERR %u %d %s", m->id, m->number, m->text);
        if (reply) {
            spool_add(reply->err, m->text, strlen(m->text));
        }
        end_reply(self, m->id, -MAX(m->number, 1));
        break;
    case CHANNEL_EVENT:
        write_down(self, "< EVT %s", (const char *)m->body);
        break;
    case CHANNEL_ASK:
        write_down(self, "< ASK %u %s", m->id, (const char *)m->body);
        if (g_queue_get_length(&self->questions) == QUESTIONS_MAX) {
            self->questions_lost = true;
            break;
        }
        question = g_new(VmQuestion, 1);
        *question = (VmQuestion){ m->id, g_strndup((const char *)m->body, m->length) };
        g_queue_push_tail(&self->questions, question);
        break;
    }
}

bool vm_running(Vm *self)
{
    return !proc_wait(&self->qemu, 0);
}

int64_t vm_last_message(Vm *self)
{
    return self->last_message;
}

pid_t vm_pid(const Vm *self)
{
    return self->qemu.pid;
}

bool vm_pump(Vm *self, int64_t timeout, GError **error)
{
    static uint8_t bytes[64 * 1024];
    struct pollfd fds[] = {
        { .fd = self->channel_fd, .events = POLLIN },
        { .fd = self->qemu.fd, .events = POLLIN },
    };
    ssize_t n;

    if (!vm_running(self)) {
        return gone(self, error);
    }
    if (poll(fds, G_N_ELEMENTS(fds), (int)CLAMP(timeout / 1000, 0, 60 * 1000)) <= 0) {
        return true;
    }
    n = fds[0].revents ? read(self->channel_fd, bytes, sizeof bytes) : 1;
    if (fds[0].revents && n > 0) {
        self->last_message = g_get_monotonic_time();
        return channel_feed(self->channel, bytes, (size_t)n, error) &&
               (!self->questions_lost ||
                fail(error, "the guest asks for more than %u things at once", QUESTIONS_MAX));
    }
    if (n == 0 || !vm_running(self)) {
        return proc_wait(&self->qemu, SECONDS(2))
                   ? gone(self, error)
                   : fail(error, "%s closed the channel", self->name);
    }
    return true;
}

static bool send_frame(Vm *self, GBytes *frame, GError **error)
{
    int64_t end = g_get_monotonic_time() + SECONDS(20);
    size_t length, done = 0;
    const char *bytes = g_bytes_get_data(frame, &length);

    write_down(self, "> %.*s", (int)strcspn(bytes, "\n"), bytes);
    while (done < length) {
        ssize_t n = send(self->channel_fd, bytes + done, length - done, MSG_NOSIGNAL);

        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            return vm_running(self) ? fail(error, "the agent's channel: %s", g_strerror(errno))
                                    : gone(self, error);
        } else if (interrupted() || g_get_monotonic_time() > end) {
            return fail(error, "the guest does not take what it is sent");
        } else if (!vm_pump(self, 1000, error)) {
            return false;
        }
    }
    return true;
}

static VmReply *request(Vm *self, GBytes *frame, int out, int err, GError **error)
{
    g_autoptr(GBytes) owned = frame;
    VmReply *reply = g_new0(VmReply, 1);

    reply->id = self->last_id;
    reply->out = spool_new(out, SPOOL_MOST);
    reply->err = spool_new(err, SPOOL_MOST);
    g_hash_table_insert(self->replies, GUINT_TO_POINTER(reply->id), reply);
    if (!send_frame(self, frame, error)) {
        vm_forget(self, reply);
        vm_reply_free(reply);
        return NULL;
    }
    return reply;
}

VmReply *vm_run(Vm *self, const char *command, int out, int err, GError **error)
{
    return request(self, channel_run(++self->last_id, command), out, err, error);
}

VmReply *vm_put(Vm *self, unsigned mode, const char *path, GBytes *body, GError **error)
{
    return request(self, channel_put(++self->last_id, mode, path, body), -1, -1, error);
}

VmReply *vm_get(Vm *self, const char *path, int out, GError **error)
{
    return request(self, channel_line("GET %u %s", ++self->last_id, path), out, -1, error);
}

VmReply *vm_kernel_log(Vm *self, GError **error)
{
    return request(self, channel_line("LOG %u", ++self->last_id), -1, -1, error);
}

bool vm_ping(Vm *self, GError **error)
{
    g_autoptr(GBytes) line = channel_line("PING %u", ++self->last_id);

    return send_frame(self, line, error);
}

bool vm_kill(Vm *self, const VmReply *reply, GError **error)
{
    g_autoptr(GBytes) line = channel_line("KILL %u", reply->id);

    return send_frame(self, line, error);
}

void vm_forget(Vm *self, VmReply *reply)
{
    g_hash_table_remove(self->replies, GUINT_TO_POINTER(reply->id));
}

bool vm_finish(Vm *self, VmReply *reply, int64_t timeout, GError **error)
{
    int64_t end = g_get_monotonic_time() + timeout;

    while (!reply->done) {
        int64_t left = end - g_get_monotonic_time();

        if (left <= 0 || interrupted()) {
            return fail(error, "the guest does not answer");
        }
        if (!vm_pump(self, MIN(left, SECONDS(1)), error)) {
            return false;
        }
    }
    return true;
}

bool vm_wait_ready(Vm *self, int64_t timeout, GError **error)
{
    int64_t end = g_get_monotonic_time() + timeout;

    while (!self->ready) {
        if (g_get_monotonic_time() > end || interrupted()) {
            return fail(error, "the guest's agent did not answer within %d s",
                        (int)(timeout / G_USEC_PER_SEC));
        }
        if (!vm_pump(self, SECONDS(1) / 2, error)) {
            return false;
        }
    }
    return true;
}

VmQuestion *vm_next_question(Vm *self)
{
    return g_queue_pop_head(&self->questions);
}

bool vm_answer(Vm *self, unsigned id, const char *text, GError **error)
{
    g_autoptr(GBytes) line = channel_line("ANS %u %s", id, text);

    return send_frame(self, line, error);
}

/* ---- the monitor ---- */

static bool attach_socket(Vm *self, const char *socket, GError **error)
{
    g_autofree char *chardev = g_strdup_printf(
        "{\"id\":\"tape\",\"backend\":{\"type\":\"socket\",\"data\":{\"addr\":{\"type\":\"unix\","
        "\"data\":{\"path\":\"%s\"}},\"server\":false,\"reconnect\":1}}}",
        socket);
    int64_t end = g_get_monotonic_time() + SECONDS(5);

    /* QEMU takes a moment to release an unplugged device and its chardev. */
    while (!qmp_execute(self->qmp, "chardev-add", chardev, NULL, error)) {
        if (g_get_monotonic_time() > end || !vm_running(self)) {
            return false;
        }
        g_clear_error(error);
        g_usleep(50 * 1000);
    }
    return qmp_execute(self->qmp, "device_add",
                       "{\"driver\":\"usb-redir\",\"id\":\"tape0\",\"chardev\":\"tape\","
                       "\"bus\":\"usb.0\"}",
                       NULL, error);
}

/* False: there is no machine, and nothing to do it to. */
static bool has_machine(const Vm *self, GError **error)
{
    return self->qmp || fail(error, "the guest is a program: there is no machine to do that to");
}

bool vm_attach(Vm *self, const VmDrive *drive, GError **error)
{
    if (!self->qmp) {
        return true;
    }
    return drive->device ? qmp_execute(self->qmp, "device_add", drive->device, NULL, error)
                         : attach_socket(self, drive->socket, error);
}

bool vm_detach(Vm *self, GError **error)
{
    return has_machine(self, error) &&
           qmp_execute(self->qmp, "device_del", "{\"id\":\"tape0\"}", NULL, error);
}

bool vm_stop(Vm *self, GError **error)
{
    return has_machine(self, error) && qmp_execute(self->qmp, "stop", NULL, NULL, error);
}

bool vm_continue(Vm *self, GError **error)
{
    return has_machine(self, error) && qmp_execute(self->qmp, "cont", NULL, NULL, error);
}

char *vm_status(Vm *self)
{
    if (!self->qmp) {
        return vm_running(self) ? g_strdup("a program") : NULL;
    }
    return vm_running(self) ? qmp_query(self->qmp, "query-status", "status", NULL) : NULL;
}

bool vm_save(Vm *self, const char *name, GError **error)
{
    g_autofree char *arguments = g_strdup_printf("{\"uri\":\"exec:cat >%s\"}", name);
    int64_t end = g_get_monotonic_time() + SECONDS(60);

    if (!vm_stop(self, error) || !qmp_execute(self->qmp, "migrate", arguments, NULL, error)) {
        return false;
    }
    while (g_get_monotonic_time() < end && !interrupted()) {
        g_autofree char *status = qmp_query(self->qmp, "query-migrate", "status", error);

        if (!status) {
            return false;
        }
        if (g_str_equal(status, "completed")) {
            return true;
        }
        if (g_str_equal(status, "failed")) {
            return fail(error, "QEMU could not save the guest to %s", name);
        }
        g_usleep(10 * 1000);
    }
    return fail(error, "QEMU did not save the guest to %s in time", name);
}

/* After -incoming: the guest was saved while it was stopped, so it has to be continued. */
static bool take_over(Vm *self, GError **error)
{
    int64_t end = g_get_monotonic_time() + SECONDS(30);

    for (;;) {
        g_autofree char *status = qmp_query(self->qmp, "query-status", "status", error);

        if (!status) {
            return false;
        }
        if (!g_str_equal(status, "inmigrate")) {
            break;
        }
        if (g_get_monotonic_time() > end || interrupted()) {
            return fail(error, "the saved guest did not load in time");
        }
        if (proc_wait(&self->qemu, 5000)) {
            return gone(self, error);
        }
    }
    return vm_continue(self, error) && vm_ping(self, error);
}
