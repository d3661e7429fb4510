/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole drive at the mercy of its host: the input is what comes after the hello. The first byte
 * chooses the size of the pieces in which the rest arrives.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/drive.h"
#include "emu/link/redir.h"
#include "media/formats/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_came(void *data, const char *version)
{
}

static void on_rejected(void *data)
{
}

static void on_gone(void *data, const char *why)
{
    *(bool *)data = true;
}

/* Type 0, length 68, a 32-bit id; the version; all capabilities. */
static const uint8_t hello[12 + 64 + 4] = { [4] = 68, [12] = 'f', [76] = 0xff };

static void turn(int fd)
{
    uint8_t drain[65536];

    while (g_main_context_iteration(NULL, FALSE) ||
           recv(fd, drain, sizeof drain, MSG_DONTWAIT) > 0) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const RedirOps ops = { on_came, on_rejected, on_gone };
    MediumGeometry geometry = { .capacity = 4 << 20, .early_warning = 1 << 20, .partitions = 1 };
    g_autoptr(Clock) clock = virtual_clock_new();
    DriveConfig config = {
        .model = ssc_model_by_name(NULL, NULL),
        .speed = USB_SPEED_HIGH,
        .clock = clock,
        .executor = executor_inline(),
    };
    g_autoptr(Drive) drive = NULL;
    g_autoptr(Redir) redir = NULL;
    size_t piece, at;
    bool gone = false;
    int fds[2];
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);

    g_assert(result == 0);
    if (size == 0) {
        size = 1;
        data = (const uint8_t *)"";
    }
    drive_default_identity(config.model, "fuzz", &config.identity);
    drive = drive_new(&config, NULL);
    g_assert(drive);
    ssc_drive_insert(drive_ssc(drive), medium_ram_new(&geometry));
    redir = redir_new(fds[1], NULL, drive_usb(drive), &ops, &gone, NULL);
    send(fds[0], hello, sizeof hello, MSG_NOSIGNAL);
    turn(fds[0]);
    piece = data[0] ? (size_t)data[0] * 16 : size;
    for (at = 1; at < size && !gone;) {
        ssize_t n = send(fds[0], data + at, MIN(piece, size - at), MSG_NOSIGNAL | MSG_DONTWAIT);

        at += n > 0 ? (size_t)n : 0;
        turn(fds[0]);
    }
    virtual_clock_advance(clock, INT64_C(3600) * G_USEC_PER_SEC);
    turn(fds[0]);
    shutdown(fds[0], SHUT_RDWR);
    turn(fds[0]);
    close(fds[0]);
    g_assert(gone);
    g_assert(usb_device_configuration(drive_usb(drive)) == 0);
    return 0;
}
