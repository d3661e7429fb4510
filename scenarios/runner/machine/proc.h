/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes that never outlive the runner, and waiting with a deadline.
 */
#ifndef USBTAPE_SCENARIOS_PROC_H
#define USBTAPE_SCENARIOS_PROC_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Proc {
    pid_t pid;
    int fd; /* a pidfd: readable when the process has ended; -1 if there is none */
    bool running;
    int status; /* exit status, or 128 + signal; when it no longer runs */
} Proc;

#define PROC_NONE ((Proc){ .fd = -1 })

/*
 * Starts argv[0] in `directory` (NULL: here), standard input /dev/null, output and errors to the
 * two descriptors (borrowed; -1: /dev/null). It is killed when the caller dies.
 */
bool proc_start(Proc *proc, const char *const *argv, const char *directory, int out, int err,
                GError **error);
/* True if it ends within `timeout` microseconds. */
bool proc_wait(Proc *proc, int64_t timeout);
/* Sends `signal`, waits for `patience` microseconds, then kills. Does nothing if it does not
 * run. */
void proc_end(Proc *proc, int signal, int64_t patience);

/*
 * Runs a program to its end, or to that of `timeout`. `out` (may be NULL) gets what it printed;
 * free with g_free. `echo`: its errors are shown, too. False if it could not be run or did not exit
 * with 0; the error then holds the last line of its errors.
 */
bool proc_output(const char *const *argv, const char *directory, int64_t timeout, bool echo,
                 char **out, GError **error);

/* From now on ^C and SIGTERM only set a flag, and end any waiting. */
void interrupts_catch(void);
bool interrupted(void);
/* In a forked worker: the flag starts as not set. */
void interrupts_forget(void);

#define SECONDS(n) ((int64_t)(n)*G_USEC_PER_SEC)

#endif
