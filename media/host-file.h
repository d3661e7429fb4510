/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's file beneath a cartridge: positioned reads and writes, and nothing else, so that a
 * test can put a failing, full or suddenly powerless disk in its place.
 *
 * Calls return 0 or a negative errno. Short transfers are completed here.
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
     * The disk keeps room for these bytes, which stay what they are (zeroes beyond the end of the
     * file, which grows). -EOPNOTSUPP: this file system cannot say.
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

/* Takes the descriptor over. */
HostFile *host_file_new(int fd);
void host_file_free(HostFile *file);
/* Forgets the file that host_file_new made, leaving its descriptor open. */
void host_file_release(HostFile *file);

/* Reads exactly `length` bytes; what lies beyond the end of the file is zeroes. */
int host_file_read(HostFile *file, void *buffer, size_t length, uint64_t offset);
/*
 * The first byte from there on that is not known to be in a hole, whose bytes are zeroes;
 * G_MAXUINT64: there is none.
 */
uint64_t host_file_next_data(HostFile *file, uint64_t offset);
/* Towards the beginning: where the last such byte of [start, end) ends; `start`: there is none. */
uint64_t host_file_last_data(HostFile *file, uint64_t start, uint64_t end);
/*
 * Would reading these bytes go without waiting for the disk, as far as can be seen? False: they are
 * read into the host's memory by the executor, and `done` is called once, whatever became of it,
 * even if the file was closed meanwhile.
 */
bool host_file_fetch(HostFile *file, Executor *executor, uint64_t offset, uint64_t length,
                     ExecutorFunc done, void *data);
/* Writes all of `iov` (at most 8 pieces) or fails. */
int host_file_writev(HostFile *file, const struct iovec *iov, int n, uint64_t offset);
int host_file_write(HostFile *file, const void *data, size_t length, uint64_t offset);

#endif
