/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first and only process that a Linux guest starts: mounts what programs expect, loads the
 * drivers, finds its virtio-serial port by name, and then does what the runner says over it. The
 * words of that channel are in scenarios/GUESTS.md; the console carries none of them.
 *
 * Called as `agent --host SOCKET` on an ordinary system, it mounts and loads nothing. It listens on
 * SOCKET for the runner, and ends with that connection.
 *
 * Called as `say TEXT…` it sends TEXT to the runner; as `ask TEXT…` it also waits for the answer
 * and prints it.
 */
#include "scenarios/subjects/linux/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK      (64u * 1024)
#define BODY_MAX   (16u * 1024 * 1024)
#define ASKERS_MAX 16

enum { OUT, ERR, N_STREAMS };

typedef struct Job {
    bool active;
    unsigned id;
    pid_t pid;
    int stream[N_STREAMS];
} Job;

static bool on_host; /* not the first process of a guest */
static int port = -1;
static int listener = -1;
static Job job = { .stream = { -1, -1 } };
static struct {
    unsigned id;
    int fd;
} askers[ASKERS_MAX];
static unsigned last_ask;

/* ---- small things ---- */

static uint32_t crc32(const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    uint32_t crc = 0xffffffffu;
    size_t i;
    int bit;

    for (i = 0; i < length; i++) {
        crc ^= p[i];
        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

/* While nobody holds the other end, the port is not there: wait, for there is nothing else to do.
 */
static void pause_a_little(void)
{
    poll(NULL, 0, 10);
}

static void leave(void);

static void send_bytes(const void *bytes, size_t length)
{
    const char *p = bytes;

    while (length > 0) {
        ssize_t n = write(port, p, length);

        if (n > 0) {
            p += n;
            length -= (size_t)n;
        } else if (on_host && errno != EINTR) {
            leave();
        } else {
            pause_a_little();
        }
    }
}

static void send_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void send_line(const char *format, ...)
{
    char line[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (n < 0 || n > (int)sizeof line - 2) {
        n = (int)sizeof line - 2;
    }
    line[n++] = '\n';
    send_bytes(line, (size_t)n);
}

static void send_data(unsigned id, int stream, const void *bytes, size_t length)
{
    send_line("DAT %u %d %zu %08x", id, stream, length, crc32(bytes, length));
    send_bytes(bytes, length);
}

/* ---- reading the port ---- */

static char input[CHUNK];
static size_t input_length, input_at;

static int port_byte(void)
{
    while (input_at == input_length) {
        ssize_t n = read(port, input, sizeof input);

        if (n > 0) {
            input_length = (size_t)n;
            input_at = 0;
        } else if (on_host && (n == 0 || errno != EINTR)) {
            leave();
        } else {
            pause_a_little();
        }
    }
    return (unsigned char)input[input_at++];
}

static void port_line(char *line, size_t size)
{
    size_t n = 0;
    int c;

    while ((c = port_byte()) != '\n') {
        if (n + 1 < size) {
            line[n++] = (char)c;
        }
    }
    line[n] = '\0';
}

/* The body of a frame, NUL-terminated, or NULL (and an answer) when it is not what was announced.
 */
static char *port_body(unsigned id, size_t length, uint32_t crc)
{
    char *body = length <= BODY_MAX ? malloc(length + 1) : NULL;
    size_t i;

    for (i = 0; i < length; i++) {
        int c = port_byte();

        if (body) {
            body[i] = (char)c;
        }
    }
    if (body) {
        body[length] = '\0';
    }
    if (!body || crc32(body, length) != crc) {
        send_line("ERR %u %d body of %zu bytes is damaged or too long", id, EBADMSG, length);
        free(body);
        return NULL;
    }
    return body;
}

/* ---- RUN ---- */

static void job_close(int stream)
{
    if (job.stream[stream] >= 0) {
        close(job.stream[stream]);
        job.stream[stream] = -1;
    }
}

/* Passes on what a stream holds now; false when it has ended. */
static bool job_pass(int stream)
{
    static char bytes[CHUNK];
    ssize_t n = read(job.stream[stream], bytes, sizeof bytes);

    if (n > 0) {
        send_data(job.id, stream + 1, bytes, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    job_close(stream);
    return false;
}

static void job_start(unsigned id, const char *command)
{
    int pipes[N_STREAMS][2];
    int i;

    if (job.active) {
        send_line("ERR %u %d a command is running", id, EBUSY);
        return;
    }
    if (pipe2(pipes[OUT], O_CLOEXEC) != 0 || pipe2(pipes[ERR], O_CLOEXEC) != 0) {
        send_line("ERR %u %d pipe", id, errno);
        return;
    }
    job = (Job){ .active = true, .id = id, .pid = fork() };
    if (job.pid == 0) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        setsid();
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(pipes[OUT][1], 1);
        dup2(pipes[ERR][1], 2);
        execl("/bin/bash", "bash", "-c", command, (char *)NULL);
        _exit(127);
    }
    for (i = 0; i < N_STREAMS; i++) {
        close(pipes[i][1]);
        job.stream[i] = pipes[i][0];
        fcntl(job.stream[i], F_SETFL, O_NONBLOCK);
    }
    if (job.pid < 0) {
        send_line("ERR %u %d fork", id, errno);
        job_close(OUT);
        job_close(ERR);
        job.active = false;
    }
}

static void job_end(int status)
{
    int i;

    /* A process left in the background may hold the pipe open: what is there now is what counts. */
    for (i = 0; i < N_STREAMS; i++) {
        while (job.stream[i] >= 0 && job_pass(i)) {
        }
        job_close(i);
    }
    job.active = false;
    send_line("RC %u %d", job.id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (job.active && pid == job.pid) {
            job_end(status);
        }
    }
}

/* ---- GET, PUT, LOG ---- */

static void get_file(unsigned id, const char *path)
{
    static char bytes[CHUNK];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0) {
        send_line("ERR %u %d %s", id, errno, strerror(errno));
        return;
    }
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        send_data(id, 1, bytes, (size_t)n);
    }
    if (n < 0) {
        send_line("ERR %u %d %s", id, errno, strerror(errno));
    } else {
        send_line("RC %u 0", id);
    }
    close(fd);
}

static void put_file(unsigned id, unsigned mode, const char *path, const char *body, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    size_t done = 0;
    ssize_t n = 1;

    while (fd >= 0 && done < length && n > 0) {
        n = write(fd, body + done, length - done);
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n < 0 || fchmod(fd, mode) != 0) {
        send_line("ERR %u %d %s", id, errno, strerror(errno));
    } else {
        send_line("RC %u 0", id);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Each line comes with its level and time before it, so that it takes more room than in the kernel.
 */
static void send_kernel_log(unsigned id)
{
    /* The log of an ordinary system says nothing of the programs of a case. */
    int size = on_host ? 0 : 4 * klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
    char *log = size > 0 ? malloc((size_t)size) : NULL;
    int n = log ? klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, size) : 0;
    int at;

    for (at = 0; at < n; at += (int)CHUNK) {
        send_data(id, 1, log + at, (size_t)(n - at) < CHUNK ? (size_t)(n - at) : CHUNK);
    }
    free(log);
    send_line("RC %u 0", id);
}

/* ---- say and ask ---- */

static void local_accept(void)
{
    static char text[4096];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t n = fd >= 0 ? recv(fd, text, sizeof text, 0) : -1;
    int i = ASKERS_MAX;

    if (n > 0 && text[0] == 'S') {
        send_line("EVT %zu %08x", (size_t)n - 1, crc32(text + 1, (size_t)n - 1));
        send_bytes(text + 1, (size_t)n - 1);
    } else if (n > 0 && text[0] == 'A') {
        for (i = 0; i < ASKERS_MAX && askers[i].fd >= 0; i++) {
        }
        if (i < ASKERS_MAX) {
            askers[i].fd = fd;
            askers[i].id = ++last_ask;
            send_line("ASK %u %zu %08x", last_ask, (size_t)n - 1, crc32(text + 1, (size_t)n - 1));
            send_bytes(text + 1, (size_t)n - 1);
        }
    }
    if (i == ASKERS_MAX && fd >= 0) {
        close(fd);
    }
}

static void answer(unsigned id, const char *text)
{
    int i;

    for (i = 0; i < ASKERS_MAX; i++) {
        if (askers[i].fd >= 0 && askers[i].id == id) {
            send(askers[i].fd, text, strlen(text) + 1, MSG_NOSIGNAL);
            close(askers[i].fd);
            askers[i].fd = -1;
        }
    }
}

/* ---- the channel ---- */

static void leave(void)
{
    if (on_host) {
        if (job.active) {
            kill(-job.pid, SIGKILL);
        }
        exit(0);
    }
    sync();
    reboot(RB_POWER_OFF);
    pause();
}

static void handle_line(const char *line)
{
    unsigned id = 0, mode = 0, crc = 0;
    size_t length = 0;
    int at = 0;
    char *body;

    if (sscanf(line, "RUN %u %zu %x", &id, &length, &crc) == 3) {
        body = port_body(id, length, crc);
        if (body) {
            job_start(id, body);
            free(body);
        }
    } else if (sscanf(line, "PUT %u %o %zu %x %n", &id, &mode, &length, &crc, &at) == 4 && at) {
        body = port_body(id, length, crc);
        if (body) {
            put_file(id, mode, line + at, body, length);
            free(body);
        }
    } else if (sscanf(line, "GET %u %n", &id, &at) == 1 && at) {
        get_file(id, line + at);
    } else if (sscanf(line, "ANS %u %n", &id, &at) == 1 && at) {
        answer(id, line + at);
    } else if (sscanf(line, "LOG %u", &id) == 1) {
        send_kernel_log(id);
    } else if (sscanf(line, "KILL %u", &id) == 1) {
        if (job.active && job.id == id) {
            kill(-job.pid, SIGKILL);
        }
    } else if (sscanf(line, "PING %u", &id) == 1) {
        send_line("PONG %u", id);
    } else if (strcmp(line, "QUIT") == 0) {
        leave();
    } else {
        send_line("ERR 0 %d not a command: %.60s", EINVAL, line);
    }
}

static void serve(int signals)
{
    char line[4096];

    for (;;) {
        struct pollfd fds[] = {
            { .fd = port, .events = POLLIN },
            { .fd = signals, .events = POLLIN },
            { .fd = listener, .events = POLLIN },
            { .fd = job.stream[OUT], .events = POLLIN },
            { .fd = job.stream[ERR], .events = POLLIN },
        };
        struct signalfd_siginfo info;
        int i;

        poll(fds, sizeof fds / sizeof fds[0], input_at < input_length ? 0 : -1);
        if (fds[0].revents & POLLHUP && !(fds[0].revents & POLLIN)) {
            if (on_host) {
                leave();
            }
            pause_a_little();
        }
        for (i = 0; i < N_STREAMS; i++) {
            if (fds[3 + i].revents && job.stream[i] >= 0) {
                job_pass(i);
            }
        }
        if (fds[1].revents && read(signals, &info, sizeof info) > 0) {
            if (info.ssi_signo == SIGTERM) {
                leave();
            }
            reap();
        }
        if (fds[2].revents) {
            local_accept();
        }
        if (fds[0].revents & POLLIN || input_at < input_length) {
            port_line(line, sizeof line);
            handle_line(line);
        }
    }
}

/* ---- being init ---- */

static void mount_all(void)
{
    static const struct {
        const char *what, *where, *type, *options;
    } mounts[] = {
        { "proc", "/proc", "proc", NULL },
        { "sysfs", "/sys", "sysfs", NULL },
        { "devtmpfs", "/dev", "devtmpfs", NULL },
        { "tmpfs", "/run", "tmpfs", NULL },
        { "tmpfs", "/tmp", "tmpfs", NULL },
        { "debugfs", "/sys/kernel/debug", "debugfs", NULL },
    };
    size_t i;

    for (i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        mkdir(mounts[i].where, 0755);
        if (mount(mounts[i].what, mounts[i].where, mounts[i].type, 0, mounts[i].options) != 0) {
            agent_complain(mounts[i].where);
        }
    }
    symlink("/proc/self/fd", "/dev/fd");
    symlink("/proc/mounts", "/etc/mtab");
}

/* /etc/modules.load: a path a line, then the module's arguments; dependencies come first. */
static void load_modules(void)
{
    FILE *list = fopen("/etc/modules.load", "re");
    char line[512];

    while (list && fgets(line, sizeof line, list)) {
        char *arguments;
        int fd;

        line[strcspn(line, "\n")] = '\0';
        arguments = strchr(line, ' ');
        if (arguments) {
            *arguments++ = '\0';
        }
        fd = open(line, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, arguments ? arguments : "", 0) != 0 &&
                       errno != EEXIST)) {
            agent_complain(line);
        }
        close(fd);
    }
    if (list) {
        fclose(list);
    }
}

/* ---- the start ---- */

static void become_init(void)
{
    mount_all();
    load_modules();
    setenv("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/tmp", 1);
    setenv("LC_ALL", "C", 1);
    setenv("TAPE", "/dev/nst0", 1);
    chdir("/tmp");
}

static void listen_locally(void)
{
    const struct sockaddr_un address = agent_local_address();
    int i;

    for (i = 0; i < ASKERS_MAX; i++) {
        askers[i].fd = -1;
    }
    listener = agent_local_socket();
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0) {
        agent_complain(address.sun_path);
    }
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    struct utsname kernel;
    sigset_t signals;

    if (strcmp(name, "say") == 0 || strcmp(name, "ask") == 0) {
        return agent_local_client(name[0] == 's' ? 'S' : 'A', argc, argv);
    }
    on_host = argc == 3 && strcmp(argv[1], "--host") == 0;
    if (!on_host && getpid() != 1) {
        fprintf(stderr, "agent: this is the first process of a guest, not for you to run\n");
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    if (on_host) {
        sigaddset(&signals, SIGTERM);
    }
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (on_host) {
        port = agent_open_host(argv[2]);
        if (port < 0) {
            return 1;
        }
        listen_locally();
    } else {
        become_init();
        listen_locally();
        while ((port = agent_open_port()) < 0 && (port = agent_open_serial()) < 0) {
            pause_a_little();
        }
        mount("/dev/vda", "/data", "ext4", MS_RDONLY | MS_NOATIME, "noload");
        mount("/dev/vdc", "/usr", "ext4", MS_RDONLY | MS_NOATIME, "noload"); /* if there is one */
    }
    uname(&kernel);
    send_line("HELLO usbtape-agent 1 linux %s", kernel.release);
    serve(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    return 0;
}
