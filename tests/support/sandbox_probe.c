/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a drive, it tries from inside what a sandboxed drive may not do: when the first
 * host is accepted, and in the thread that syncs. ./probe gets a line each: name and errno.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int out = -1;

__attribute__((constructor)) static void probe_open(void)
{
    out = open("probe", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void report(const char *name, long result)
{
    dprintf(out, "%s %d\n", name, result < 0 ? errno : 0);
}

static void try_open(const char *name, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    report(name, fd);
    if (fd >= 0) {
        close(fd);
    }
}

static void probe_process(void)
{
    void *page;

    report("execve", syscall(SYS_execve, "/nonexistent", NULL, NULL));
    report("clone3", syscall(SYS_clone3, NULL, 0));
    report("kill", syscall(SYS_kill, getpid(), 0));
    report("setuid", syscall(SYS_setuid, getuid()));
    report("bpf", syscall(SYS_bpf, 0, NULL, 0));
    /* cppcheck-suppress invalidFunctionArg ; -1 is what MAP_ANONYMOUS wants */
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    report("mmap-exec", page == MAP_FAILED ? -1 : 0);
}

static void probe_network(void)
{
    report("socket-unix", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    report("socket-inet", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    report("connect", syscall(SYS_connect, -1, NULL, 0));
    report("bind", syscall(SYS_bind, -1, NULL, 0));
    report("listen", syscall(SYS_listen, -1, 1));
}

static void probe_files(void)
{
    try_open("open-elsewhere", "/etc/passwd", O_RDONLY);
    try_open("open-directory", "/", O_RDONLY | O_DIRECTORY);
    try_open("open-cartridge", "media/other.tape", O_RDWR);
    try_open("create", "media/new", O_RDWR | O_CREAT);
    try_open("open-trace", "t.jsonl", O_WRONLY);
    report("unlink-elsewhere", unlink(getenv("PROBE_PRECIOUS")));
    report("rename", rename("media/other.tape", "media/moved.tape"));
    report("chmod", syscall(SYS_chmod, "media/other.tape", 0600));
}

int accept4(int fd, struct sockaddr *name, socklen_t *length, int flags)
{
    static bool done;

    if (!done) {
        done = true;
        probe_process();
        probe_network();
        probe_files();
    }
    return (int)syscall(SYS_accept4, fd, name, length, flags);
}

int fdatasync(int fd)
{
    if (syscall(SYS_gettid) != getpid()) {
        try_open("thread-open-elsewhere", "/etc/passwd", O_RDONLY);
        report("thread-execve", syscall(SYS_execve, "/nonexistent", NULL, NULL));
    }
    return (int)syscall(SYS_fdatasync, fd);
}
