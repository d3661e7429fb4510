/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing streams of bytes in one sparse file: each partition has one of object entries and one of
 * data. A stream is made of equal chunks; the chunk map in the system area says whose each is.
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
    uint32_t newest;                           /* generation that the map tells of */
    uint64_t file_size;                        /* as far as we know: asking the host costs a call */
    GArray *used;                              /* of uint8_t, by map record */
    guint first_free;                          /* no free record before it */
    uint32_t slots;                            /* in all streams together */
    GArray *streams[MEDIUM_PARTITIONS_MAX][2]; /* of uint32_t: map record + 1, 0 = no chunk */
} Store;

/*
 * Reads the chunk map. Records that are damaged or of another generation count as free; of bound
 * cartridges there are two of each, and one will do, but what both say alike comes first. `unread`:
 * pages of it that cannot be read count as damaged; NULL: they are an error.
 */
int store_open(Store *store, HostFile *file, uint32_t chunk_shift, const Binding *binding,
               GString *unread);
void store_close(Store *store);
/* Forgets all streams and goes on under another generation. */
void store_reset(Store *store, uint32_t generation);

/*
 * For those who know a chunk that the map does not tell of. The chunk is record `record` of the
 * map; false: the stream has that one already, or it cannot be.
 */
bool store_adopt(Store *store, const ChunkRecord *chunk, uint32_t record);
void store_disown(Store *store, const ChunkRecord *chunk, uint32_t record);
bool store_is_free(const Store *store, uint32_t record);
/* The record of chunk `index` of a stream, and one; 0: it has none. */
uint32_t store_chunk(Store *store, uint32_t partition, StreamKind kind, uint64_t index);
bool store_has(Store *store, uint32_t partition, StreamKind kind, uint64_t index);

/*
 * The bytes around an offset that no chunk holds: where they begin before it, where they end from
 * it on (G_MAXUINT64: never); the offset itself, if there are none.
 */
uint64_t store_hole_start(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
uint64_t store_hole_end(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/*
 * The same for who takes zeroes for nothing: what lies in a hole of the file is passed, too. From
 * an offset on, the first byte that is in the file (G_MAXUINT64: none); or the end of the last one
 * before.
 */
uint64_t store_next_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
uint64_t store_last_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/* How many chunks are missing from the first `length` bytes of a stream. */
uint64_t store_missing(Store *store, uint32_t partition, StreamKind kind, uint64_t length);
/* No stream of this file can have a chunk of this index. */
uint32_t store_index_limit(const Store *store);
/* How many records the map has room for. */
uint32_t store_records_max(const Store *store);
/* Where a chunk lies, and how many of them the file can hold. */
uint64_t store_record_offset(const Store *store, uint32_t record);
uint32_t store_records(const Store *store);

/* What was never written reads as zeroes. */
int store_read(Store *store, uint32_t partition, StreamKind kind, uint64_t offset, void *buffer,
               size_t length);
/* host_file_fetch() of the first of these bytes that are not near; false: `done` is called. */
bool store_fetch(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                 uint64_t length, Executor *executor, ExecutorFunc done, void *data);
/* Writes all pieces (at most 4), one after the other; takes chunks as needed. -EFBIG: map full. */
int store_write(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                const struct iovec *iov, int n);
/*
 * Sees that the disk has room for these bytes of a stream, as far as the file system can say; takes
 * chunks as needed.
 */
int store_reserve(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                  uint64_t length);
/* Makes the stream forget its bytes from `offset` on. */
int store_forget(Store *store, uint32_t partition, StreamKind kind, uint64_t offset);
/* How many bytes the chunks of a stream could hold. */
uint64_t store_extent(Store *store, uint32_t partition, StreamKind kind);

#endif
