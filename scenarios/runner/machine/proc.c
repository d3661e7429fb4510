/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/proc.h"

#include "emu/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t interrupt_flag;

static void on_interrupt(int number)
{
    interrupt_flag = 1;
}

void interrupts_catch(void)
{
    struct sigaction action = { .sa_handler = on_interrupt };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupted(void)
{
    return interrupt_flag != 0;
}

void interrupts_forget(void)
{
    interrupt_flag = 0;
}

/* In the child, where nothing but async-signal-safe calls is allowed. */
static void G_GNUC_NORETURN become(const char *const *argv, const char *directory, int out, int err,
                                   int report)
{
    int null = open("/dev/null", O_RDWR);
    int failed;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* ^C reaches the whole group, and the runner ends its children in its own order. */
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    dup2(null, 0);
    dup2(out >= 0 ? out : null, 1);
    dup2(err >= 0 ? err : null, 2);
    if (!directory || chdir(directory) == 0) {
        execvp(argv[0], (char *const *)argv);
    }
    failed = errno;
    if (write(report, &failed, sizeof failed) < 0) {
        _exit(126);
    }
    _exit(127);
}

bool proc_start(Proc *proc, const char *const *argv, const char *directory, int out, int err,
                GError **error)
{
    int report[2];
    int failed = 0;

    *proc = PROC_NONE;
    if (pipe2(report, O_CLOEXEC) != 0) {
        failed = errno;
    } else {
        proc->pid = fork();
        if (proc->pid == 0) {
            become(argv, directory, out, err, report[1]);
        }
        failed = proc->pid < 0 ? errno : 0;
        close(report[1]);
        if (!failed && read(report[0], &failed, sizeof failed) != sizeof failed) {
            failed = 0;
        }
        close(report[0]);
    }
    if (failed) {
        if (proc->pid > 0) {
            waitpid(proc->pid, NULL, 0);
        }
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "cannot start %s: %s", argv[0],
                    g_strerror(failed));
        return false;
    }
    proc->fd = pidfd_open(proc->pid, 0);
    proc->running = true;
    return true;
}

bool proc_wait(Proc *proc, int64_t timeout)
{
    int64_t end = g_get_monotonic_time() + timeout;
    int64_t left = timeout;
    int status;

    while (proc->running) {
        struct pollfd fd = { .fd = proc->fd, .events = POLLIN };
        int n = poll(&fd, 1, (int)MIN(left / 1000 + (left > 0), G_MAXINT));

        if (n > 0 && waitpid(proc->pid, &status, 0) == proc->pid) {
            proc->running = false;
            proc->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            close(proc->fd);
            proc->fd = -1;
        } else {
            left = end - g_get_monotonic_time();
            if (left <= 0) {
                break;
            }
        }
    }
    return !proc->running;
}

void proc_end(Proc *proc, int signal, int64_t patience)
{
    if (!proc->running) {
        return;
    }
    kill(proc->pid, signal);
    if (!proc_wait(proc, patience)) {
        kill(proc->pid, SIGKILL);
        proc_wait(proc, SECONDS(10));
    }
}

static bool take(int fd, GString *text, bool echo)
{
    char bytes[4096];
    ssize_t n = read(fd, bytes, sizeof bytes);

    if (n > 0) {
        g_string_append_len(text, bytes, n);
        if (echo) {
            fwrite(bytes, 1, (size_t)n, stderr);
        }
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Reads both until they end. False: they did not in time. */
static bool collect(const int *fds, GString **texts, bool echo, int64_t end)
{
    struct pollfd polls[2] = { { .fd = fds[0], .events = POLLIN },
                               { .fd = fds[1], .events = POLLIN } };
    int i;

    while (polls[0].fd >= 0 || polls[1].fd >= 0) {
        if (interrupted() || g_get_monotonic_time() > end) {
            return false;
        }
        if (poll(polls, 2, 200) <= 0) {
            continue;
        }
        for (i = 0; i < 2; i++) {
            if (polls[i].revents && !take(polls[i].fd, texts[i], echo && i == 1)) {
                polls[i].fd = -1;
            }
        }
    }
    return true;
}

static bool program_failed(const char *const *argv, const Proc *proc, bool in_time, char *errors,
                           GError **error)
{
    char *last = strrchr(g_strchomp(errors), '\n');

    last = last ? last + 1 : errors;
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s %s: %s", argv[0],
                argv[1] ? argv[1] : "",
                !in_time ? "did not end in time"
                : *last  ? last
                         : "failed without a word");
    return false;
}

bool proc_output(const char *const *argv, const char *directory, int64_t timeout, bool echo,
                 char **out, GError **error)
{
    int64_t end = g_get_monotonic_time() + timeout;
    int out_pipe[2], err_pipe[2];
    g_autoptr(GString) printed = g_string_new(NULL);
    g_autoptr(GString) errors = g_string_new(NULL);
    GString *texts[] = { printed, errors };
    bool started, in_time = false;
    Proc proc = PROC_NONE;

    if (pipe2(out_pipe, O_CLOEXEC) != 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", g_strerror(errno));
        return false;
    }
    if (pipe2(err_pipe, O_CLOEXEC) != 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", g_strerror(errno));
        close(out_pipe[0]);
        close(out_pipe[1]);
        return false;
    }
    started = proc_start(&proc, argv, directory, out_pipe[1], err_pipe[1], error);
    close(out_pipe[1]);
    close(err_pipe[1]);
    if (started) {
        in_time = collect((int[]){ out_pipe[0], err_pipe[0] }, texts, echo, end);
        proc_end(&proc, in_time ? 0 : SIGTERM, SECONDS(5));
    }
    close(out_pipe[0]);
    close(err_pipe[0]);
    if (!started) {
        return false;
    }
    if (!in_time || proc.status != 0) {
        return program_failed(argv, &proc, in_time, errors->str, error);
    }
    if (out) {
        *out = g_string_free(g_steal_pointer(&printed), FALSE);
    }
    return true;
}
