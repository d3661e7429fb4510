/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing streams of bytes in one sparse file. Each partition has one stream of object entries and
 * one of data. A stream consists of equal chunks. The chunk map in the system area records the
 * owner of each chunk.
 *
 * Calls return 0 or a negative errno.
 */
#ifndef USBTAPE_MEDIA_CARTRIDGE_STORE_H
#define USBTAPE_MEDIA_CARTRIDGE_STORE_H

#include "media/cartridge/cartridge-layout.h"
#include "media/host-file.h"

typedef struct Store {
    HostFile *file; /* borrowed */
    uint32_t chunk_shift;
    Binding binding;
    uint32_t newest;    /* newest generation in the map */
    uint64_t file_size; /* cached, because asking the host costs a system call */
    GArray *used;       /* of uint8_t, by map record */
    guint first_free;   /* no free record before it */
    uint32_t slots;     /* in all streams together */
    GArray *streams[MEDIUM_PARTITIONS_MAX][2]; /* of uint32_t: map record + 1, 0 = no chunk */
} Store;

/*
 * Reads the chunk map. Records that are damaged or of another generation count as free. A bound
 * cartridge has two copies of each record, and one good copy is enough. Records on which both
 * copies agree come first. `unread` collects the pages that cannot be read, which then count as
 * damaged. If it is NULL, such a page is an error.
 */
int store_open(Store *store, HostFile *file, uint32_t chunk_shift, const Binding *binding,
               GString *unread);
void store_close(Store *store);
/* Drops all streams and continues under another generation. */
void store_reset(Store *store, uint32_t generation);

/*
 * Adds a chunk that is not in the map, for salvage. The chunk is record `record` of the map. False
 * if the stream has that chunk already, or the record is impossible.
 */
bool store_adopt(Store *store, const ChunkRecord *chunk, uint32_t record);
void store_disown(Store *store, const ChunkRecord *chunk, uint32_t record);
bool store_is_free(const Store *store, uint32_t record);
/* The record of chunk `index` of a stream plus one, or 0 if the stream lacks that chunk. */
uint32_t store_chunk(Store *store, uint32_t partition, StreamKind kind, uint64_t index);
bool store_has(Store *store, uint32_t partition, StreamKind kind, uint64_t index);

/*
 * The range around an offset that no chunk holds. hole_start is its beginning before the offset.
 * hole_end is its end after the offset, or G_MAXUINT64. Both return the offset itself if a chunk
 * holds it.
 */
uint64_t store_hole_start(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
uint64_t store_hole_end(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/*
 * As above, and a hole of the file counts as missing too. next_written is the first byte from an
 * offset on that is in the file, or G_MAXUINT64. last_written is the end of the last such byte
 * before the offset.
 */
uint64_t store_next_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
uint64_t store_last_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/* How many chunks are missing from the first `length` bytes of a stream. */
uint64_t store_missing(Store *store, uint32_t partition, StreamKind kind, uint64_t length);
/* No stream of this file can have a chunk of this index. */
uint32_t store_index_limit(const Store *store);
/* How many records the map has room for. */
uint32_t store_records_max(const Store *store);
/* The file offset of a chunk, and the number of chunks that the file can hold. */
uint64_t store_record_offset(const Store *store, uint32_t record);
uint32_t store_records(const Store *store);

/* Bytes that were never written read as zeroes. */
int store_read(Store *store, uint32_t partition, StreamKind kind, uint64_t offset, void *buffer,
               size_t length);
/*
 * host_file_fetch() of the first of these bytes that are not in memory. If false, `done` is called.
 */
bool store_fetch(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                 uint64_t length, Executor *executor, ExecutorFunc done, void *data);
/* Writes all pieces (at most 4) in order and takes chunks as needed. -EFBIG if the map is full. */
int store_write(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                const struct iovec *iov, int n);
/*
 * Reserves disk space for these bytes of a stream, where the file system supports it. Takes chunks
 * as needed.
 */
int store_reserve(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                  uint64_t length);
/* Discards the bytes of the stream from `offset` on. */
int store_forget(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/* How many bytes the chunks of a stream could hold. */
uint64_t store_extent(Store *store, uint32_t partition, StreamKind kind);

#endif
