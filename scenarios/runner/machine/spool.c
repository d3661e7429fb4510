/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/spool.h"

#include <errno.h>
#include <unistd.h>

struct Spool {
    int fd;
    uint64_t most, kept, total;
    int error;
    GString *text; /* all that is kept, or, with a file, what was read of it so far */
};

Spool *spool_new(int fd, uint64_t most)
{
    Spool *self = g_new0(Spool, 1);

    self->fd = fd;
    self->most = most;
    self->text = g_string_new(NULL);
    return self;
}

void spool_free(Spool *self)
{
    if (self) {
        if (self->fd >= 0) {
            close(self->fd);
        }
        g_string_free(self->text, TRUE);
        g_free(self);
    }
}

static void write_out(Spool *self, const char *bytes, size_t length)
{
    while (length > 0 && self->error == 0) {
        ssize_t n = pwrite(self->fd, bytes, length, (off_t)self->kept);

        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
            self->kept += (uint64_t)n;
        } else if (n == 0 || errno != EINTR) {
            self->error = n == 0 ? EIO : errno;
        }
    }
}

void spool_add(Spool *self, const void *bytes, size_t length)
{
    size_t fits = (size_t)MIN(length, self->most - self->kept);

    self->total += length;
    if (self->fd >= 0) {
        write_out(self, bytes, fits);
    } else {
        g_string_append_len(self->text, bytes, (gssize)fits);
        self->kept += fits;
    }
}

const char *spool_text(Spool *self)
{
    size_t have = self->text->len;

    if (have == self->kept) {
        return self->text->str;
    }
    g_string_set_size(self->text, self->kept);
    while (have < self->kept) {
        ssize_t n = pread(self->fd, self->text->str + have, self->kept - have, (off_t)have);

        if (n > 0) {
            have += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            self->error = n == 0 ? EIO : errno;
            self->kept = have;
        }
    }
    g_string_set_size(self->text, have);
    return self->text->str;
}

uint64_t spool_total(const Spool *self)
{
    return self->total;
}

bool spool_is_cut(const Spool *self)
{
    return self->kept < self->total;
}

int spool_error(const Spool *self)
{
    return self->error;
}
