/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    IOV_PIECES = 8,
    /* The kernel reads and forgets so much at once, or more. */
    NEAR_STEP = 64 * 1024,
};

typedef struct FdFile {
    HostFile base;
    int fd;
    GMutex syncing;
    int sync_error; /* of the first sync that failed */
    bool blind;     /* the file system cannot report cached ranges */
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

    /*
     * The kernel reports a failed write to one fdatasync() only, so all later ones fail here too.
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

static uint64_t fd_next_data(HostFile *file, uint64_t offset)
{
    off_t found = lseek(fd_of(file), (off_t)offset, SEEK_DATA);

    if (found < 0) {
        return errno == ENXIO ? G_MAXUINT64 : offset;
    }
    return (uint64_t)found;
}

static uint64_t fd_last_data(HostFile *file, uint64_t start, uint64_t end)
{
    uint64_t last = start, data = fd_next_data(file, start);

    while (data < end) {
        off_t hole = lseek(fd_of(file), (off_t)data, SEEK_HOLE);

        if (hole < 0 || (uint64_t)hole >= end) {
            return end;
        }
        last = (uint64_t)hole;
        data = fd_next_data(file, last);
    }
    return last;
}

/*
 * Tests the last byte of each step. The kernel reads ahead, so earlier bytes are usually cached
 * too.
 */
static bool fd_is_near(FdFile *self, uint64_t offset, uint64_t length)
{
    uint64_t end = offset + length;
    ssize_t n = 1;

    while (n > 0 && offset < end && !self->blind) {
        char byte;
        struct iovec iov = { &byte, 1 };

        offset = MIN(offset + NEAR_STEP, end);
        n = preadv2(self->fd, &iov, 1, (off_t)offset - 1, RWF_NOWAIT);
        if (n < 0 && errno == EAGAIN) {
            return false;
        }
        self->blind = n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
    }
    return true;
}

/* It has a descriptor of its own. */
typedef struct Fetch {
    int fd;
    uint64_t offset, length;
    ExecutorFunc done;
    void *data;
} Fetch;

static void fd_fetch_work(void *data)
{
    Fetch *fetch = data;
    g_autofree char *away = g_malloc(NEAR_STEP);

    while (fetch->length > 0) {
        size_t part = MIN(fetch->length, (uint64_t)NEAR_STEP);
        ssize_t n = pread(fetch->fd, away, part, (off_t)fetch->offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        fetch->offset += (uint64_t)n;
        fetch->length -= (uint64_t)n;
    }
}

static void fd_fetch_done(void *data)
{
    g_autofree Fetch *fetch = data;

    close(fetch->fd);
    fetch->done(fetch->data);
}

static bool fd_fetch(HostFile *file, Executor *executor, uint64_t offset, uint64_t length,
                     ExecutorFunc done, void *data)
{
    Fetch *fetch;
    int fd;

    if (fd_is_near((FdFile *)file, offset, length)) {
        return true;
    }
    fd = fcntl(fd_of(file), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return true;
    }
    fetch = g_new(Fetch, 1);
    *fetch = (Fetch){ fd, offset, length, done, data };
    executor_run(executor, fd_fetch_work, fd_fetch_done, fetch);
    return false;
}

static void fd_free(HostFile *file)
{
    close(fd_of(file));
    g_free(file);
}

HostFile *host_file_new(int fd)
{
    static const HostFileOps ops = { fd_read,  fd_write,     fd_sync,     fd_truncate,
                                     fd_punch, fd_reserve,   fd_size,     fd_free,
                                     fd_fetch, fd_next_data, fd_last_data };
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

uint64_t host_file_next_data(HostFile *file, uint64_t offset)
{
    return file->ops->next_data ? file->ops->next_data(file, offset) : offset;
}

uint64_t host_file_last_data(HostFile *file, uint64_t start, uint64_t end)
{
    return file->ops->last_data ? file->ops->last_data(file, start, end) : end;
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

bool host_file_fetch(HostFile *file, Executor *executor, uint64_t offset, uint64_t length,
                     ExecutorFunc done, void *data)
{
    return !file->ops->fetch || file->ops->fetch(file, executor, offset, length, done, data);
}

/* Drops the first `done` bytes of the pieces; returns how many pieces are left. */
static int iov_advance(struct iovec *iov, int n, size_t done)
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
    n = iov_advance(rest, n, 0);
    while (n > 0) {
        ssize_t written = file->ops->write(file, rest, n, offset);

        if (written == -EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? (int)written : -EIO;
        }
        n = iov_advance(rest, n, (size_t)written);
        offset += (uint64_t)written;
    }
    return 0;
}

int host_file_write(HostFile *file, const void *data, size_t length, uint64_t offset)
{
    struct iovec iov = { (void *)data, length };

    return host_file_writev(file, &iov, 1, offset);
}
