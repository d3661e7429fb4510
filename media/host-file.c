/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IOV_PIECES = 8 };

typedef struct FdFile {
    HostFile base;
    int fd;
    GMutex syncing;
    int sync_error; /* of the first sync that failed */
} FdFile;

static int fd_of(HostFile *file)
{
    return ((FdFile *)file)->fd;
}

static ssize_t fd_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    ssize_t n = pread(fd_of(file), buffer, length, (off_t)offset);

    return n < 0 ? -errno : n;
}

static ssize_t fd_write(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    ssize_t written = pwritev(fd_of(file), iov, n, (off_t)offset);

    return written < 0 ? -errno : written;
}

static int fd_sync(HostFile *file)
{
    FdFile *self = (FdFile *)file;
    int error;

    /* The kernel tells a failed write to one fdatasync() only: it is all the others' failure too.
     */
    g_mutex_lock(&self->syncing);
    if (self->sync_error == 0 && fdatasync(self->fd) < 0) {
        self->sync_error = -errno;
    }
    error = self->sync_error;
    g_mutex_unlock(&self->syncing);
    return error;
}

static int fd_truncate(HostFile *file, uint64_t size)
{
    return ftruncate(fd_of(file), (off_t)size) < 0 ? -errno : 0;
}

static int fd_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

    return fallocate(fd_of(file), mode, (off_t)offset, (off_t)length) < 0 ? -errno : 0;
}

static int fd_reserve(HostFile *file, uint64_t offset, uint64_t length)
{
    int result;

    do {
        result = fallocate(fd_of(file), 0, (off_t)offset, (off_t)length);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

static int64_t fd_size(HostFile *file)
{
    struct stat st;

    return fstat(fd_of(file), &st) < 0 ? -errno : st.st_size;
}

static void fd_free(HostFile *file)
{
    close(fd_of(file));
    g_free(file);
}

HostFile *host_file_new(int fd)
{
    static const HostFileOps ops = { fd_read,  fd_write,   fd_sync, fd_truncate,
                                     fd_punch, fd_reserve, fd_size, fd_free };
    FdFile *file = g_new0(FdFile, 1);

    file->base.ops = &ops;
    file->fd = fd;
    g_mutex_init(&file->syncing);
    return &file->base;
}

void host_file_free(HostFile *file)
{
    if (file) {
        file->ops->free(file);
    }
}

void host_file_release(HostFile *file)
{
    g_free(file);
}

int host_file_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    uint8_t *to = buffer;

    while (length > 0) {
        ssize_t n = file->ops->read(file, to, length, offset);

        if (n == -EINTR) {
            continue;
        }
        if (n < 0) {
            return (int)n;
        }
        if (n == 0) {
            memset(to, 0, length);
            return 0;
        }
        to += n;
        offset += (uint64_t)n;
        length -= (size_t)n;
    }
    return 0;
}

/* Drops the first `done` bytes of the pieces; returns how many pieces are left. */
static int advance(struct iovec *iov, int n, size_t done)
{
    int i = 0;

    while (i < n && done >= iov[i].iov_len) {
        done -= iov[i++].iov_len;
    }
    memmove(iov, iov + i, sizeof *iov * (size_t)(n - i));
    if (i < n) {
        iov[0].iov_base = (uint8_t *)iov[0].iov_base + done;
        iov[0].iov_len -= done;
    }
    return n - i;
}

int host_file_writev(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    struct iovec rest[IOV_PIECES];

    g_assert(n <= IOV_PIECES);
    memcpy(rest, iov, sizeof *iov * (size_t)n);
    n = advance(rest, n, 0);
    while (n > 0) {
        ssize_t written = file->ops->write(file, rest, n, offset);

        if (written == -EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? (int)written : -EIO;
        }
        n = advance(rest, n, (size_t)written);
        offset += (uint64_t)written;
    }
    return 0;
}

int host_file_write(HostFile *file, const void *data, size_t length, uint64_t offset)
{
    struct iovec iov = { (void *)data, length };

    return host_file_writev(file, &iov, 1, offset);
}
