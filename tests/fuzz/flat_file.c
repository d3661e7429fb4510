/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/flat_file.h"

#include <errno.h>
#include <string.h>

/* A file may grow up to here; there the disk is full. */
enum { ROOM = 1024 * 1024 };

static struct {
    uint64_t size, dirty; /* bytes of the file; bytes that may not be zeroes */
    uint8_t bytes[ROOM];
} flat;

static void grow(uint64_t size)
{
    if (size <= flat.size) {
        return;
    }
    if (flat.dirty > flat.size) {
        memset(flat.bytes + flat.size, 0, flat.dirty - flat.size);
    }
    flat.size = flat.dirty = size;
}

/* What was the file's stays dirty. */
static void cut(uint64_t size)
{
    flat.dirty = MAX(flat.dirty, flat.size);
    flat.size = size;
}

static ssize_t flat_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    if (offset >= flat.size) {
        return 0;
    }
    length = MIN(length, flat.size - offset);
    memcpy(buffer, flat.bytes + offset, length);
    return (ssize_t)length;
}

static ssize_t flat_write(HostFile *file, const struct iovec *iov, int n, uint64_t offset)
{
    size_t done = 0;
    int i;

    for (i = 0; i < n; i++) {
        size_t part = offset < ROOM ? MIN(iov[i].iov_len, ROOM - offset) : 0;

        if (part > 0) {
            grow(offset + part);
            memcpy(flat.bytes + offset, iov[i].iov_base, part);
        }
        done += part;
        offset += part;
        if (part < iov[i].iov_len) {
            return done > 0 ? (ssize_t)done : -ENOSPC;
        }
    }
    return (ssize_t)done;
}

static int flat_sync(HostFile *file)
{
    return 0;
}

static int flat_truncate(HostFile *file, uint64_t size)
{
    if (size > ROOM) {
        return -EFBIG;
    }
    grow(size);
    cut(size);
    return 0;
}

static int flat_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    if (offset < flat.size) {
        memset(flat.bytes + offset, 0, MIN(length, flat.size - offset));
    }
    return 0;
}

static int flat_reserve(HostFile *file, uint64_t offset, uint64_t length)
{
    if (offset > ROOM || length > ROOM - offset) {
        return -ENOSPC;
    }
    grow(offset + length);
    return 0;
}

static int64_t flat_size(HostFile *file)
{
    return (int64_t)flat.size;
}

bool flat_file_set(const uint8_t *bytes, size_t length)
{
    if (length > ROOM) {
        return false;
    }
    cut(0);
    grow(length);
    if (length > 0) {
        memcpy(flat.bytes, bytes, length);
    }
    return true;
}

HostFile *flat_file_open(void)
{
    static const HostFileOps ops = {
        flat_read,  flat_write,   flat_sync, flat_truncate,
        flat_punch, flat_reserve, flat_size, host_file_release,
    };
    HostFile *file = g_new0(HostFile, 1);

    file->ops = &ops;
    return file;
}
