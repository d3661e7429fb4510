/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a controller sends to the live control socket, over a real connection. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/control/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_address(void *data)
{
    return "";
}

static const char *no_host(void *data)
{
    return NULL;
}

static void on_quit(void *data)
{
}

static bool is_plugged(void *data)
{
    return true;
}

static void on_unplug(void *data, int64_t replug)
{
}

static void on_replug(void *data)
{
}

static void turn(int fd)
{
    char drain[4096];

    while (g_main_context_iteration(NULL, FALSE) ||
           recv(fd, drain, sizeof drain, MSG_DONTWAIT) > 0) {
    }
}

/* A listening socket in the abstract namespace: no file to clean up. */
static int listen_somewhere(struct sockaddr_un *name, socklen_t *length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    *name = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *length = sizeof(sa_family_t);
    if (bind(fd, (struct sockaddr *)name, *length) < 0 || listen(fd, 1) < 0) {
        g_error("cannot listen");
    }
    *length = sizeof *name;
    getsockname(fd, (struct sockaddr *)name, length);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ControlOps ops = {
        no_address, no_host, on_quit, is_plugged, on_unplug, on_replug
    };
    static const char *const directories[] = { "/nowhere", NULL };
    ControlConfig control_config = { .directories = directories, .ops = &ops };
    g_autoptr(Clock) clock = virtual_clock_new();
    DriveConfig config = {
        .model = ssc_model_by_name(NULL, NULL),
        .clock = clock,
        .executor = executor_inline(),
    };
    g_autoptr(Drive) drive = NULL;
    g_autoptr(Control) control = NULL;
    g_autofree char *text = NULL;
    struct sockaddr_un name;
    socklen_t length;
    size_t at;
    int listening = listen_somewhere(&name, &length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    drive_default_identity(config.model, "fuzz", &config.identity);
    drive = drive_new(&config, NULL);
    text = g_strdup_printf("fd:%d", listening);
    control_config.address = address_parse("--control", text, false, NULL);
    control_config.drive = drive;
    control = control_new(&control_config, NULL);
    g_assert(control);
    if (connect(fd, (struct sockaddr *)&name, length) < 0) {
        g_error("cannot connect");
    }
    turn(fd);
    for (at = 0; at < size;) {
        ssize_t n = send(fd, data + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        turn(fd);
        if (n <= 0) {
            break;
        }
        at += (size_t)n;
    }
    close(fd);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    return 0;
}
