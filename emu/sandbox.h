/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rights that a serving drive gives up before its first host. If a host takes over the process
 * through a bug, it cannot start programs, connect to other addresses, or open files except
 * cartridges.
 *
 * Owns: the list of system calls of a listening drive (seccomp), the directories in which it may
 * open files (Landlock), core dumps. Does not own: the time of these calls, which serve.c chooses.
 *
 * A refused call returns EPERM (Landlock: EACCES) and does not kill the process. Libraries try
 * calls that they can do without, and a killed drive loses unsynced data. The kernel's audit log
 * has each refused call. Open files (cartridge, trace, capture) are not affected.
 *
 * A build with AddressSanitizer permits more, for its leak check at the end: a process, ptrace, and
 * reading /proc.
 */
#ifndef USBTAPE_SANDBOX_H
#define USBTAPE_SANDBOX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SandboxConfig {
    const char *const *cartridges; /* directories of cartridges, subdirectories included, or NULL */
    bool read_only;                /* …for reading only */
    const char *const *sockets;    /* directories of socket files to remove at the end, or NULL */
    int connects;                  /* address family that it connects to repeatedly, or 0 */
    uint16_t port;                 /* port of TCP */
} SandboxConfig;

/*
 * Disables core dumps, which would contain guest data, and the access of other processes of this
 * user.
 */
void sandbox_no_dumps(void);

/*
 * Restricts files and TCP. Call it before the program starts a second thread, which would stay
 * unrestricted. False and `error` if the kernel lacks it, or a part of it. The caller may continue.
 */
bool sandbox_limit_files(const SandboxConfig *config, GError **error);

/* Restricts the system calls of all threads. No thread can start after it. False as above. */
bool sandbox_limit_calls(const SandboxConfig *config, GError **error);

#endif
