/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's file beneath a cartridge, with positioned reads and writes alone. A test can replace
 * it with a failing, full or powerless disk.
 *
 * Calls return 0 or a negative errno. These functions complete short transfers.
 */
#ifndef USBTAPE_MEDIA_HOST_FILE_H
#define USBTAPE_MEDIA_HOST_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "emu/base/executor.h"

typedef struct HostFile HostFile;

typedef struct HostFileOps {
    /* Bytes read (fewer at the end of the file only) or -errno. */
    ssize_t (*read)(HostFile *file, void *buffer, size_t length, uint64_t offset);
    /* Bytes written, perhaps not all, or -errno. */
    ssize_t (*write)(HostFile *file, const struct iovec *iov, int n, uint64_t offset);
    /* May run on another thread than the rest, and on two at once. Once failed, it stays so. */
    int (*sync)(HostFile *file);
    int (*truncate)(HostFile *file, uint64_t size);
    int (*punch)(HostFile *file, uint64_t offset, uint64_t length); /* bytes become zeroes */
    /*
     * Reserves disk space and keeps the bytes. Beyond the end of the file they are zeroes, and the
     * file grows. -EOPNOTSUPP if the file system has no such call.
     */
    int (*reserve)(HostFile *file, uint64_t offset, uint64_t length);
    int64_t (*size)(HostFile *file);
    void (*free)(HostFile *file);
    /* As host_file_fetch(). NULL: true. */
    bool (*fetch)(HostFile *file, Executor *executor, uint64_t offset, uint64_t length,
                  ExecutorFunc done, void *data);
    /* As host_file_next_data(). NULL: the offset itself. */
    uint64_t (*next_data)(HostFile *file, uint64_t offset);
    /* As host_file_last_data(). NULL: `end`. */
    uint64_t (*last_data)(HostFile *file, uint64_t start, uint64_t end);
} HostFileOps;

struct HostFile {
    const HostFileOps *ops;
};

/* Takes ownership of the descriptor. */
HostFile *host_file_new(int fd);
void host_file_free(HostFile *file);
/* Forgets the file that host_file_new made, leaving its descriptor open. */
void host_file_release(HostFile *file);

/* Reads exactly `length` bytes. Bytes beyond the end of the file are zeroes. */
int host_file_read(HostFile *file, void *buffer, size_t length, uint64_t offset);
/*
 * The first byte from `offset` on that may lie outside a hole, or G_MAXUINT64. Bytes in a hole are
 * zeroes.
 */
uint64_t host_file_next_data(HostFile *file, uint64_t offset);
/* The end of the last such byte in [start, end), or `start` if there is none. */
uint64_t host_file_last_data(HostFile *file, uint64_t start, uint64_t end);
/*
 * True if a read of these bytes probably needs no wait for the disk. If false, the executor reads
 * them into the host's memory and calls `done` once. The call comes even after an error, or after
 * the file was closed.
 */
bool host_file_fetch(HostFile *file, Executor *executor, uint64_t offset, uint64_t length,
                     ExecutorFunc done, void *data);
/* Writes all of `iov` (at most 8 pieces) or fails. */
int host_file_writev(HostFile *file, const struct iovec *iov, int n, uint64_t offset);
int host_file_write(HostFile *file, const void *data, size_t length, uint64_t offset);

#endif
