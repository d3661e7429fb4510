/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the agent: its connection to the runner (agent-port.c), `say` and `ask`
 * (agent-local.c), and what the runner asks it to do (agent.c). */
#ifndef USBTAPE_SUBJECTS_AGENT_H
#define USBTAPE_SUBJECTS_AGENT_H

#include <sys/un.h>

/* Says what failed, with errno. */
void agent_complain(const char *what);

/* The port of the runner; -1: it is not there (yet). */
int agent_open_port(void);
int agent_open_serial(void);
/* Waits for the runner on the socket `path`. */
int agent_open_host(const char *path);

/* The socket of `say` and `ask`; another one in a case of a program. */
int agent_local_socket(void);
struct sockaddr_un agent_local_address(void);
/* `say` (kind S) and `ask` (A); the exit status. */
int agent_local_client(char kind, int argc, char **argv);

#endif
