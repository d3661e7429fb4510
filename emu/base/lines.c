/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define SLICE_MS 100

struct Lines {
    int fd;
    size_t most;
    bool (*stop)(void);
    GString *input;
    size_t searched; /* bytes that were searched and have no line end */
};

Lines *lines_new(int fd, size_t most, bool (*stop)(void))
{
    Lines *self = g_new0(Lines, 1);

    self->fd = fd;
    self->most = most;
    self->stop = stop;
    self->input = g_string_new(NULL);
    return self;
}

void lines_free(Lines *self)
{
    if (self) {
        g_string_free(self->input, TRUE);
        g_free(self);
    }
}

/* Waits until the socket is ready or has failed (LINES_GOOD). */
static LinesResult lines_wait(const Lines *self, short events, int64_t end)
{
    struct pollfd fd = { .fd = self->fd, .events = events };
    int64_t now;
    int n;

    for (;;) {
        if (self->stop && self->stop()) {
            return LINES_INTERRUPTED;
        }
        now = g_get_monotonic_time();
        if (now >= end) {
            return LINES_LATE;
        }
        n = poll(&fd, 1, (int)MIN((end - now) / 1000 + 1, SLICE_MS));
        if (n > 0) {
            return LINES_GOOD;
        }
        if (n < 0 && errno != EINTR) {
            return LINES_FAILED;
        }
    }
}

static bool errno_is_transient(int number)
{
    return number == EINTR || number == EAGAIN || number == EWOULDBLOCK;
}

/* Removes the first whole line from the input. False if there is none. */
static bool lines_take(Lines *self, char **line)
{
    const char *begin = self->input->str;
    const char *end = memchr(begin + self->searched, '\n', self->input->len - self->searched);

    if (!end) {
        self->searched = self->input->len;
        return false;
    }
    *line = g_strndup(begin, (gsize)(end - begin));
    g_string_erase(self->input, 0, end - begin + 1);
    self->searched = 0;
    return true;
}

LinesResult lines_read(Lines *self, int64_t end, char **line)
{
    char bytes[4096];
    LinesResult result;
    ssize_t n;

    *line = NULL;
    while (!lines_take(self, line)) {
        if (self->input->len > self->most) {
            return LINES_LONG;
        }
        result = lines_wait(self, POLLIN, end);
        if (result != LINES_GOOD) {
            return result;
        }
        n = recv(self->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno_is_transient(errno)) {
            continue;
        }
        if (n <= 0) {
            return n == 0 || errno == ECONNRESET ? LINES_CLOSED : LINES_FAILED;
        }
        g_string_append_len(self->input, bytes, n);
    }
    return LINES_GOOD;
}

LinesResult lines_write(Lines *self, int64_t end, const char *text)
{
    size_t left = strlen(text);
    LinesResult result;
    ssize_t n;

    while (left > 0) {
        result = lines_wait(self, POLLOUT, end);
        if (result != LINES_GOOD) {
            return result;
        }
        n = send(self->fd, text, left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && !errno_is_transient(errno)) {
            return errno == EPIPE || errno == ECONNRESET ? LINES_CLOSED : LINES_FAILED;
        }
        text += MAX(n, 0);
        left -= (size_t)MAX(n, 0);
    }
    return LINES_GOOD;
}
