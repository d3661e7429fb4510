/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `say` and `ask`: programs that send a text to the agent beside them. */
#include "scenarios/subjects/linux/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKET_PATH "/run/agent.sock"
#define SOCKET_KEY  "USBTAPE_AGENT" /* the environment names another one */

void agent_complain(const char *what)
{
    fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
}

int agent_local_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

struct sockaddr_un agent_local_address(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = getenv(SOCKET_KEY);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path ? path : SOCKET_PATH);
    return address;
}

int agent_local_client(char kind, int argc, char **argv)
{
    const struct sockaddr_un address = agent_local_address();
    char text[4096] = { kind };
    size_t n = 1;
    int fd = agent_local_socket();
    ssize_t got;
    int i;

    for (i = 1; i < argc; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 1 ? " " : "", argv[i]);
        if (n >= sizeof text) {
            n = sizeof text - 1;
        }
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        send(fd, text, n, 0) < 0) {
        agent_complain(address.sun_path);
        return 1;
    }
    if (kind == 'S') {
        return 0;
    }
    got = recv(fd, text, sizeof text - 1, 0);
    if (got <= 0) {
        fprintf(stderr, "ask: no answer\n");
        return 1;
    }
    text[got] = '\0';
    puts(text);
    return 0;
}
