/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's connection to the runner: a virtio-serial port, a serial port, or a socket. */
#include "scenarios/subjects/linux/agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define PORT_NAME  "org.usbtape.agent"
#define SOCKET_KEY "USBTAPE_AGENT"

/* The names under /dev/virtio-ports are udev's work; the kernel keeps them in sysfs. */
int agent_open_port(void)
{
    DIR *ports = opendir("/sys/class/virtio-ports");
    struct dirent *entry;
    int fd = -1;

    while (ports && fd < 0 && (entry = readdir(ports))) {
        char path[300], name[64] = "";
        FILE *file;

        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        file = fopen(path, "re");
        if (file) {
            if (fgets(name, sizeof name, file) &&
                strncmp(name, PORT_NAME, strlen(PORT_NAME)) == 0) {
                snprintf(path, sizeof path, "/dev/%s", entry->d_name);
                fd = open(path, O_RDWR | O_CLOEXEC);
            }
            fclose(file);
        }
    }
    if (ports) {
        closedir(ports);
    }
    return fd;
}

/* usbtape.agent=ttyS1 on the kernel's command line: a serial port, for a kernel without
 * virtio-serial. */
int agent_open_serial(void)
{
    static const char key[] = "usbtape.agent=";
    char line[4096] = "", path[64];
    FILE *file = fopen("/proc/cmdline", "re");
    struct termios mode;
    char *word;
    int fd;

    if (!file) {
        return -1;
    }
    word = fgets(line, sizeof line, file) ? strstr(line, key) : NULL;
    fclose(file);
    if (!word) {
        return -1;
    }
    word += strlen(key);
    word[strcspn(word, " \n")] = '\0';
    snprintf(path, sizeof path, "/dev/%s", word);
    fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && tcgetattr(fd, &mode) == 0) {
        cfmakeraw(&mode);
        cfsetspeed(&mode, B115200);
        mode.c_cflag |= CLOCAL;
        tcsetattr(fd, TCSANOW, &mode);
    }
    return fd;
}

/* ---- on an ordinary system ---- */

/* `say` and `ask` lie beside the agent. */
static void add_to_path(void)
{
    char program[4096], path[8192];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    if (n > 0) {
        program[n] = '\0';
        *strrchr(program, '/') = '\0';
        snprintf(path, sizeof path, "%s:%s", program,
                 getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
        setenv("PATH", path, 1);
    }
}

/* The connection of the runner, or -1. The socket for `say` and `ask` lies in the same directory.
 */
int agent_open_host(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    char directory[4096], local[4200];

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (bind(waiting, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(waiting, 1) != 0 || !getcwd(directory, sizeof directory)) {
        agent_complain(path);
        close(waiting);
        return -1;
    }
    snprintf(local, sizeof local, "%s/agent.sock", directory);
    unlink(local);
    setenv(SOCKET_KEY, local, 1);
    signal(SIGPIPE, SIG_IGN);
    add_to_path();
    fd = accept4(waiting, NULL, NULL, SOCK_CLOEXEC);
    close(waiting);
    chdir("work"); /* where the steps begin, too */
    return fd;
}
