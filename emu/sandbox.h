/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a serving drive gives up before its first host: a host that takes over the process through a
 * fault of ours cannot start programs, connect anywhere, or open files beyond the cartridges.
 *
 * Owns: the list of system calls that a drive makes once it listens (seccomp), the directories that
 * it may open files in (Landlock), core dumps. Does not own: when; serve.c says when.
 *
 * A call that is refused returns EPERM (Landlock: EACCES) instead of killing the process, because
 * libraries try calls that they can do without, and a killed drive loses unsynced data. The
 * kernel's audit log has each refused call. Files that are open already (cartridge, trace, capture)
 * are not affected.
 *
 * A build with AddressSanitizer permits more: what the leak check at the end needs (a process of
 * its own, ptrace, reading /proc).
 */
#ifndef USBTAPE_SANDBOX_H
#define USBTAPE_SANDBOX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SandboxConfig {
    const char *const *cartridges; /* directories to open cartridges in and below; NULL: none */
    bool read_only;                /* …for reading alone */
    const char *const *sockets; /* directories of socket files to remove at the end; NULL: none */
    int connects;               /* address family that it connects to again and again; 0: none */
    uint16_t port;              /* …if that is TCP */
} SandboxConfig;

/* No core dumps, which would hold guest data, and no other process of this user looks inside. */
void sandbox_no_dumps(void);

/*
 * Restricts files and TCP. Before there is a second thread, which would stay free. False: this
 * kernel cannot, or not all of it; `error` says what, and a caller may go on.
 */
bool sandbox_limit_files(const SandboxConfig *config, GError **error);

/* Restricts system calls, of all threads; none can be started after it. False: as above. */
bool sandbox_limit_calls(const SandboxConfig *config, GError **error);

#endif
