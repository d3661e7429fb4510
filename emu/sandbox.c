/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/error.h"

#if defined(__SANITIZE_ADDRESS__) /* gcc */
#define SANITIZED true
#elif defined(__has_feature) /* clang */
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

static bool sandbox_fail(GError **error, const char *what, int reason)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s", what, g_strerror(reason));
    return false;
}

void sandbox_no_dumps(void)
{
    struct rlimit none = { 0, 0 };

    (void)!setrlimit(RLIMIT_CORE, &none);
    if (!SANITIZED) { /* the leak check attaches to this process */
        prctl(PR_SET_DUMPABLE, 0);
    }
}

/* ---- Landlock: files and TCP ---- */

/*
 * The kernel's interface (linux/landlock.h) in numbers, because build hosts may have older headers.
 * The version says which of these a kernel has.
 */
#define SYS_CREATE_RULESET 444
#define SYS_ADD_RULE       445
#define SYS_RESTRICT_SELF  446

#define CREATE_RULESET_VERSION 1u

enum { RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };

typedef struct Ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* since version 4 */
    uint64_t scoped;             /* since version 6 */
} Ruleset;

typedef struct PathBeneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed)) PathBeneath;

typedef struct NetPort {
    uint64_t allowed_access;
    uint64_t port;
} NetPort;

#define FS_WRITE_FILE  (UINT64_C(1) << 1)
#define FS_READ_FILE   (UINT64_C(1) << 2)
#define FS_READ_DIR    (UINT64_C(1) << 3)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_TRUNCATE    (UINT64_C(1) << 14)

#define NET_CONNECT_TCP (UINT64_C(1) << 1)

/* The access rights of a version. */
static uint64_t known_file_rights(long version)
{
    static const int bits[] = { 0, 13, 14, 15, 15, 16 };

    return (UINT64_C(1) << bits[MIN(version, 5)]) - 1;
}

static size_t ruleset_size(long version)
{
    return version < 4   ? offsetof(Ruleset, handled_access_net)
           : version < 6 ? offsetof(Ruleset, scoped)
                         : sizeof(Ruleset);
}

static bool ruleset_allow_path(int ruleset, const char *path, uint64_t access, GError **error)
{
    PathBeneath rule = { .allowed_access = access };
    bool good;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return errno == ENOENT ||
               sandbox_fail(error, path, errno); /* a missing file needs no right */
    }
    good = syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    if (!good) {
        sandbox_fail(error, path, errno);
    }
    close(rule.parent_fd);
    return good;
}

static bool ruleset_allow_paths(int ruleset, const char *const *paths, uint64_t access,
                                GError **error)
{
    for (; paths && *paths; paths++) {
        if (!ruleset_allow_path(ruleset, *paths, access, error)) {
            return false;
        }
    }
    return true;
}

static bool ruleset_add_rules(int ruleset, long version, const SandboxConfig *config,
                              GError **error)
{
    uint64_t cartridge = FS_READ_FILE | (config->read_only ? 0 : FS_WRITE_FILE | FS_TRUNCATE);
    NetPort port = { NET_CONNECT_TCP, config->port };

    if (version >= 4 && config->connects != 0 && config->port != 0 &&
        syscall(SYS_ADD_RULE, ruleset, RULE_NET_PORT, &port, 0) != 0) {
        return sandbox_fail(error, "Landlock", errno);
    }
    return ruleset_allow_paths(ruleset, config->cartridges, cartridge & known_file_rights(version),
                               error) &&
           ruleset_allow_paths(ruleset, config->sockets, FS_REMOVE_FILE, error) &&
           /* The rejection of a host needs a free descriptor (address.c). */
           ruleset_allow_path(ruleset, "/dev/null", FS_READ_FILE, error) &&
           /* It names the process that has a cartridge open. */
           ruleset_allow_path(ruleset, "/proc/locks", FS_READ_FILE, error) &&
           (!SANITIZED || ruleset_allow_path(ruleset, "/proc", FS_READ_FILE | FS_READ_DIR, error));
}

bool sandbox_limit_files(const SandboxConfig *config, GError **error)
{
    long version = syscall(SYS_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    Ruleset rules = { .handled_access_fs = known_file_rights(
                          MAX(version, 0)), /* denies all rights except those added below */
                      .handled_access_net = 3,
                      .scoped = 3 };
    int ruleset;
    bool good;

    if (version < 1) {
        return sandbox_fail(error, "Landlock", errno);
    }
    ruleset = (int)syscall(SYS_CREATE_RULESET, &rules, ruleset_size(version), 0);
    if (ruleset < 0) {
        return sandbox_fail(error, "Landlock", errno);
    }
    good = ruleset_add_rules(ruleset, version, config, error);
    if (good && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                 syscall(SYS_RESTRICT_SELF, ruleset, 0) != 0)) {
        good = sandbox_fail(error, "Landlock", errno);
    }
    close(ruleset);
    return good;
}

/* ---- seccomp: system calls ---- */

/* System calls of a drive that listens, with any arguments. */
static const int calls[] = {
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* the main loop and its threads */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(membarrier),
    /* signals, and an end by abort() */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* descriptors */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(lseek),
    /* the open sockets of hosts and controllers */
    SCMP_SYS(accept4),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    /* cartridges. Landlock limits the files. */
    SCMP_SYS(openat),
    SCMP_SYS(open),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(preadv2),
    SCMP_SYS(pwritev2),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(flock),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    /* the end */
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
};

/* Additional calls of AddressSanitizer's leak check. */
static const int sanitizer_calls[] = {
    SCMP_SYS(clone),      SCMP_SYS(wait4),
    SCMP_SYS(ptrace),     SCMP_SYS(prctl),
    SCMP_SYS(getdents64), SCMP_SYS(getdents),
    SCMP_SYS(getppid),    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),  SCMP_SYS(process_vm_readv),
    SCMP_SYS(pipe2),      SCMP_SYS(pipe),
};

static int filter_add_calls(scmp_filter_ctx filter, const int *list, size_t n)
{
    int result = 0;
    size_t i;

    for (i = 0; i < n && result == 0; i++) {
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0);
    }
    return result;
}

/* Allows a call if one argument, masked, has this value. */
static int filter_add_call(scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask,
                           uint64_t is)
{
    const struct scmp_arg_cmp compare = { argument, SCMP_CMP_MASKED_EQ, mask, is };

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &compare);
}

/* Memory cannot become executable. */
static int filter_add_memory(scmp_filter_ctx filter)
{
    int result = filter_add_call(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0);

    return result ? result : filter_add_call(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
}

/*
 * A send has no address, so it goes to the peer of the socket. A thread may set its name. The
 * process may signal only itself. Terminals are recognised.
 */
static int filter_add_bound_calls(scmp_filter_ctx filter)
{
    int result = filter_add_call(filter, SCMP_SYS(sendto), 4, UINT64_MAX, 0);

    if (result == 0 && !SANITIZED) { /* a sanitizer may call prctl() with any argument */
        result = filter_add_call(filter, SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_NAME);
    }
    if (result == 0) {
        result = filter_add_call(filter, SCMP_SYS(tgkill), 0, UINT64_MAX, (uint64_t)getpid());
    }
    return result ? result : filter_add_call(filter, SCMP_SYS(ioctl), 1, UINT64_MAX, TCGETS);
}

/* For --connect: sockets of that address family. */
static int filter_add_connect(scmp_filter_ctx filter, int family)
{
    int result =
        family ? filter_add_call(filter, SCMP_SYS(socket), 0, UINT64_MAX, (uint64_t)family) : 0;

    return result || !family ? result
                             : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
}

static int filter_load(scmp_filter_ctx filter, const SandboxConfig *config)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    (void)!seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1); /* older kernels do not have it */
    (void)!seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    result = result ? result : filter_add_calls(filter, calls, G_N_ELEMENTS(calls));
    result = result ? result : filter_add_memory(filter);
    result = result ? result : filter_add_connect(filter, config->connects);
    if (SANITIZED) {
        result = result ? result
                        : filter_add_calls(filter, sanitizer_calls, G_N_ELEMENTS(sanitizer_calls));
    }
    result = result ? result : filter_add_bound_calls(filter);
    return result ? result : seccomp_load(filter);
}

bool sandbox_limit_calls(const SandboxConfig *config, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter ? filter_load(filter, config) : -ENOMEM;

    if (filter) {
        seccomp_release(filter);
    }
    return result == 0 || sandbox_fail(error, "seccomp", -result);
}
