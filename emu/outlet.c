/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest delay of a line for a reader that follows the file. */
#define FLUSH_US (100 * 1000)

/* Bytes of one write. More bytes do not wait for the timer. */
#define BATCH (64u * 1024)

struct Outlet {
    int fd;
    bool socket, polled; /* `polled`: the descriptor blocks, so poll before each write */
    size_t bound;
    Clock *clock;
    ClockTimer *flush; /* NULL while nothing is unwritten */
    const OutletOps *ops;
    void *data;
    GByteArray *unwritten; /* whole lines, except a first one that is partly written */
    uint64_t dropped;      /* total */
    uint64_t unreported;   /* since the last report */
    int error;
};

/* ---- writing ---- */

static ssize_t outlet_write_some(const Outlet *outlet, const uint8_t *bytes, size_t length)
{
    struct pollfd poller = { .fd = outlet->fd, .events = POLLOUT };

    if (outlet->socket) {
        return send(outlet->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (outlet->polled) {
        if (poll(&poller, 1, 0) <= 0) {
            errno = EAGAIN;
            return -1;
        }
        length = MIN(length, PIPE_BUF); /* a writable pipe accepts that much */
    }
    return write(outlet->fd, bytes, length);
}

static uint64_t count_lines(const GByteArray *bytes)
{
    uint64_t lines = 0;
    guint i;

    for (i = 0; i < bytes->len; i++) {
        lines += bytes->data[i] == '\n';
    }
    return lines;
}

static void outlet_fail(Outlet *outlet, int reason)
{
    outlet->error = reason;
    outlet->dropped += count_lines(outlet->unwritten);
    g_byte_array_set_size(outlet->unwritten, 0);
    if (outlet->ops->failed) {
        outlet->ops->failed(outlet->data, reason);
    }
}

void outlet_flush(Outlet *outlet)
{
    size_t done = 0;

    while (!outlet->error && done < outlet->unwritten->len) {
        ssize_t n = outlet_write_some(outlet, outlet->unwritten->data + done,
                                      MIN(outlet->unwritten->len - done, BATCH));
        int reason = errno;

        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && reason == EAGAIN) {
            break;
        } else if (n == 0 || reason != EINTR) {
            outlet_fail(outlet, n == 0 ? ENOSPC : reason);
            return;
        }
    }
    g_byte_array_remove_range(outlet->unwritten, 0, (guint)done);
}

static void outlet_on_flush(void *data)
{
    Outlet *outlet = data;

    outlet->flush = NULL;
    outlet_flush(outlet);
    if (outlet->unwritten->len > 0) {
        outlet->flush = clock_start(outlet->clock, FLUSH_US, outlet_on_flush, outlet);
    }
}

static bool outlet_fits(const Outlet *outlet, size_t length)
{
    return outlet->unwritten->len + length <= outlet->bound;
}

/* Puts the report in place of the missing lines. */
static bool outlet_report(Outlet *outlet)
{
    g_autofree char *line = NULL;

    if (outlet->unreported == 0) {
        return true;
    }
    line = outlet->ops->dropped(outlet->data, outlet->unreported);
    if (!outlet_fits(outlet, strlen(line))) {
        return false;
    }
    g_byte_array_append(outlet->unwritten, (const uint8_t *)line, (guint)strlen(line));
    outlet->unreported = 0;
    return true;
}

void outlet_put(Outlet *outlet, const char *line, size_t length)
{
    if (outlet->error) {
        outlet->dropped++;
        return;
    }
    if (outlet->unwritten->len >= BATCH) {
        outlet_flush(outlet);
    }
    if (outlet->error || !outlet_report(outlet) || !outlet_fits(outlet, length)) {
        outlet->dropped++;
        outlet->unreported++;
        return;
    }
    g_byte_array_append(outlet->unwritten, (const uint8_t *)line, (guint)length);
    if (!outlet->flush) {
        outlet->flush = clock_start(outlet->clock, FLUSH_US, outlet_on_flush, outlet);
    }
}

bool outlet_finish(Outlet *outlet, int64_t patience)
{
    struct pollfd poller = { .fd = outlet->fd, .events = POLLOUT };
    int64_t end = g_get_monotonic_time() + patience, left;

    for (;;) {
        outlet_flush(outlet);
        if (outlet->unwritten->len == 0 && !outlet->error && outlet->unreported > 0) {
            outlet_report(outlet);
            outlet_flush(outlet);
        }
        left = end - g_get_monotonic_time();
        if (outlet->error || outlet->unwritten->len == 0 || left <= 0) {
            break;
        }
        (void)!poll(&poller, 1, (int)(left / 1000) + 1);
    }
    return !outlet->error && outlet_dropped(outlet) == 0;
}

/* ---- opening and closing ---- */

static Outlet *outlet_make(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data)
{
    Outlet *outlet = g_new0(Outlet, 1);

    outlet->fd = fd;
    outlet->bound = bound;
    outlet->clock = clock;
    outlet->ops = ops;
    outlet->data = data;
    outlet->unwritten = g_byte_array_sized_new((guint)bound); /* so that it never grows */
    return outlet;
}

Outlet *outlet_new(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data)
{
    Outlet *outlet = outlet_make(fd, bound, clock, ops, data);

    outlet->polled = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0;
    return outlet;
}

/*
 * O_NONBLOCK belongs to the open file, which other processes may share. So a pipe or a terminal is
 * opened again. If that fails, poll() precedes each write.
 */
Outlet *outlet_new_shared(int fd, size_t bound, Clock *clock, const OutletOps *ops, void *data)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    struct stat st = { .st_mode = 0 };
    bool piped, socket;
    int own = -1;

    (void)!fstat(fd, &st);
    piped = S_ISFIFO(st.st_mode) || isatty(fd);
    socket = S_ISSOCK(st.st_mode);
    if (piped) {
        own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    piped = piped && own < 0;
    if (own < 0) {
        own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    Outlet *outlet = outlet_make(own, bound, clock, ops, data);
    outlet->socket = socket;
    outlet->polled = piped;
    return outlet;
}

void outlet_free(Outlet *outlet)
{
    if (!outlet) {
        return;
    }
    if (outlet->flush) {
        clock_cancel(outlet->clock, outlet->flush);
    }
    if (outlet->fd >= 0) {
        close(outlet->fd);
    }
    g_byte_array_unref(outlet->unwritten);
    g_free(outlet);
}

uint64_t outlet_dropped(const Outlet *outlet)
{
    return outlet->dropped + count_lines(outlet->unwritten);
}

int outlet_error(const Outlet *outlet)
{
    return outlet->error;
}
