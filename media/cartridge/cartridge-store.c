/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cartridge/cartridge-store.h"

#include <errno.h>
#include <string.h>

enum {
    PIECES_MAX = 4,
    MAP_PAGE = 4096, /* of the map, read at once */
    /* A damaged or hostile map must not reserve memory for chunks that do not exist. */
    GAP_MAX = 64,
    SLOTS_MAX = 2 * CHUNK_RECORDS_MAX,
};

static uint32_t store_first_chunk(const Store *store)
{
    return MAX(1, (uint32_t)SYSTEM_AREA >> store->chunk_shift);
}

static uint64_t store_chunk_size(const Store *store)
{
    return G_GUINT64_CONSTANT(1) << store->chunk_shift;
}

uint64_t store_record_offset(const Store *store, uint32_t record)
{
    return (uint64_t)(store_first_chunk(store) + record) << store->chunk_shift;
}

static GArray *store_stream(Store *store, uint32_t partition, StreamKind kind)
{
    return store->streams[partition][kind == STREAM_DATA];
}

/*
 * Makes `record` chunk `index` of a stream. False if the stream has that chunk, or if the gap is
 * absurd.
 */
static bool store_set_chunk(Store *store, uint32_t partition, StreamKind kind, uint32_t index,
                            uint32_t record)
{
    GArray *stream = store_stream(store, partition, kind);

    if (index < stream->len && g_array_index(stream, uint32_t, index) != 0) {
        return false;
    }
    if (index >= stream->len) {
        if (index > store->used->len + GAP_MAX || index - stream->len >= SLOTS_MAX - store->slots) {
            return false;
        }
        store->slots += index + 1 - stream->len;
        g_array_set_size(stream, index + 1);
    }
    g_array_index(stream, uint32_t, index) = record + 1;
    if (record >= store->used->len) {
        g_array_set_size(store->used, record + 1);
    }
    g_array_index(store->used, uint8_t, record) = 1;
    return true;
}

bool store_adopt(Store *store, const ChunkRecord *chunk, uint32_t record)
{
    return store_set_chunk(store, chunk->partition, (StreamKind)chunk->kind, chunk->index, record);
}

void store_disown(Store *store, const ChunkRecord *chunk, uint32_t record)
{
    GArray *stream = store_stream(store, chunk->partition, (StreamKind)chunk->kind);

    g_array_index(stream, uint32_t, chunk->index) = 0;
    g_array_index(store->used, uint8_t, record) = 0;
    store->first_free = MIN(store->first_free, record);
}

bool store_is_free(const Store *store, uint32_t record)
{
    return record >= store->used->len || !g_array_index(store->used, uint8_t, record);
}

uint32_t store_records_max(const Store *store)
{
    return store->binding.bound ? CHUNK_RECORDS_MAX / 2 : CHUNK_RECORDS_MAX;
}

/* Where the record is, and where its copy. */
static uint64_t store_map_offset(uint32_t record, int copy)
{
    return (copy ? CHUNK_MAP_COPY : CHUNK_MAP) + (uint64_t)record * CHUNK_RECORD;
}

static void store_take_record(Store *store, const uint8_t *bytes, uint32_t i)
{
    ChunkRecord record;

    if (!chunk_record_decode(bytes, store->binding.id, &record) ||
        record.partition >= MEDIUM_PARTITIONS_MAX) {
        return;
    }
    store->newest = MAX(store->newest, record.generation);
    if (record.generation == store->binding.generation && store_is_free(store, i)) {
        store_set_chunk(store, record.partition, (StreamKind)record.kind, record.index, i);
    }
}

/* One copy of the map into memory. */
static int store_load_copy(Store *store, int copy, uint8_t *map, GString *unread)
{
    uint32_t n = store_records(store), i;

    for (i = 0; i < n; i += MAP_PAGE / CHUNK_RECORD) {
        uint8_t *page = map + (size_t)i * CHUNK_RECORD;
        int error = host_file_read(store->file, page, MAP_PAGE, store_map_offset(i, copy));

        if (error < 0 && !unread) {
            return error;
        }
        if (error < 0) {
            memset(page, 0, MAP_PAGE);
            g_string_append_printf(unread, "%sthe chunk map at %" G_GUINT64_FORMAT " (%s)",
                                   unread->len > 0 ? ", " : "", store_map_offset(i, copy),
                                   g_strerror(-error));
        }
    }
    return 0;
}

/* If `other` is not NULL, only records that are the same in both copies count. */
static void store_take_records(Store *store, const uint8_t *map, const uint8_t *other)
{
    uint32_t n = store_records(store), i;

    for (i = 0; i < n; i++) {
        size_t at = (size_t)i * CHUNK_RECORD;

        if (!other || memcmp(map + at, other + at, CHUNK_RECORD) == 0) {
            store_take_record(store, map + at, i);
        }
    }
}

/*
 * Records on which both copies agree come first. A misplaced write leaves a whole record in one
 * copy only, which claims the place of another record.
 */
static int store_read_map(Store *store, GString *unread)
{
    size_t pages = (size_t)store_records(store) * CHUNK_RECORD / MAP_PAGE + 1;
    g_autofree uint8_t *map = g_malloc0(pages * MAP_PAGE), *copy = NULL;
    int error = store_load_copy(store, 0, map, unread);

    if (error == 0 && store->binding.bound) {
        copy = g_malloc0(pages * MAP_PAGE);
        error = store_load_copy(store, 1, copy, unread);
    }
    if (error < 0) {
        return error;
    }
    if (copy) {
        store_take_records(store, map, copy);
    }
    store_take_records(store, map, NULL);
    if (copy) {
        store_take_records(store, copy, NULL);
    }
    return 0;
}

int store_open(Store *store, HostFile *file, uint32_t chunk_shift, const Binding *binding,
               GString *unread)
{
    int64_t size = file->ops->size(file);
    int i;

    *store = (Store){ .file = file, .chunk_shift = chunk_shift, .binding = *binding };
    store->used = g_array_new(FALSE, TRUE, 1);
    for (i = 0; i < (int)MEDIUM_PARTITIONS_MAX; i++) {
        store->streams[i][0] = g_array_new(FALSE, TRUE, sizeof(uint32_t));
        store->streams[i][1] = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    }
    store->file_size = (uint64_t)MAX(size, 0);
    return size < 0 ? (int)size : store_read_map(store, unread);
}

void store_close(Store *store)
{
    int i;

    for (i = 0; i < (int)MEDIUM_PARTITIONS_MAX && store->used; i++) {
        g_array_unref(store->streams[i][0]);
        g_array_unref(store->streams[i][1]);
    }
    g_clear_pointer(&store->used, g_array_unref);
}

void store_reset(Store *store, uint32_t generation)
{
    int i;

    for (i = 0; i < (int)MEDIUM_PARTITIONS_MAX; i++) {
        g_array_set_size(store->streams[i][0], 0);
        g_array_set_size(store->streams[i][1], 0);
    }
    g_array_set_size(store->used, 0);
    store->slots = 0;
    store->first_free = 0;
    store->binding.generation = generation;
}

/* Gives a stream the first free chunk of the file. */
static int store_take_chunk(Store *store, uint32_t partition, StreamKind kind, uint32_t index)
{
    ChunkRecord record = { store->binding.generation, (uint16_t)partition, (uint8_t)kind, index };
    uint8_t bytes[CHUNK_RECORD];
    guint i = store->first_free;
    int error;

    while (i < store->used->len && g_array_index(store->used, uint8_t, i)) {
        i++;
    }
    store->first_free = i;
    if (i >= store_records_max(store)) {
        return -EFBIG;
    }
    chunk_record_encode(&record, store->binding.id, bytes);
    error = host_file_write(store->file, bytes, sizeof bytes, store_map_offset(i, 0));
    if (error == 0 && store->binding.bound) {
        error = host_file_write(store->file, bytes, sizeof bytes, store_map_offset(i, 1));
    }
    if (error == 0 && !store_set_chunk(store, partition, kind, index, i)) {
        return -EFBIG;
    }
    return error;
}

static uint32_t store_chunk_at(GArray *stream, uint64_t index)
{
    return index < stream->len ? g_array_index(stream, uint32_t, index) : 0;
}

uint32_t store_chunk(Store *store, uint32_t partition, StreamKind kind, uint64_t index)
{
    return store_chunk_at(store_stream(store, partition, kind), index);
}

bool store_has(Store *store, uint32_t partition, StreamKind kind, uint64_t index)
{
    return store_chunk_at(store_stream(store, partition, kind), index) != 0;
}

uint64_t store_hole_start(Store *store, uint32_t partition, StreamKind kind, uint64_t offset)
{
    GArray *stream = store_stream(store, partition, kind);
    uint64_t index, start = offset;

    while (start > 0) {
        index = (start - 1) >> store->chunk_shift;
        index = MIN(index, stream->len); /* nothing is beyond */
        if (store_chunk_at(stream, index) != 0) {
            break;
        }
        start = index << store->chunk_shift;
    }
    return start;
}

uint64_t store_hole_end(Store *store, uint32_t partition, StreamKind kind, uint64_t offset)
{
    GArray *stream = store_stream(store, partition, kind);
    uint64_t index = offset >> store->chunk_shift, start = index;

    while (index < stream->len && store_chunk_at(stream, index) == 0) {
        index++;
    }
    if (index >= stream->len) {
        return G_MAXUINT64;
    }
    return index == start ? offset : index << store->chunk_shift;
}

uint64_t store_next_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset)
{
    GArray *stream = store_stream(store, partition, kind);

    while ((offset = store_hole_end(store, partition, kind, offset)) != G_MAXUINT64) {
        uint64_t index = offset >> store->chunk_shift,
                 within = offset & (store_chunk_size(store) - 1);
        uint64_t at = store_record_offset(store, store_chunk_at(stream, index) - 1) + within;
        uint64_t data = host_file_next_data(store->file, at);

        if (data < at - within + store_chunk_size(store)) {
            return offset + (data - at);
        }
        offset = (index + 1) << store->chunk_shift;
    }
    return G_MAXUINT64;
}

uint64_t store_last_written(Store *store, uint32_t partition, StreamKind kind, uint64_t offset)
{
    GArray *stream = store_stream(store, partition, kind);

    while ((offset = store_hole_start(store, partition, kind, offset)) > 0) {
        uint64_t index = (offset - 1) >> store->chunk_shift;
        uint64_t start = store_record_offset(store, store_chunk_at(stream, index) - 1);
        uint64_t at = start + offset - (index << store->chunk_shift);
        uint64_t last = host_file_last_data(store->file, start, at);

        if (last > start) {
            return offset - (at - last);
        }
        offset = index << store->chunk_shift;
    }
    return 0;
}

uint64_t store_missing(Store *store, uint32_t partition, StreamKind kind, uint64_t length)
{
    GArray *stream = store_stream(store, partition, kind);
    uint64_t chunks =
        (length >> store->chunk_shift) + ((length & (store_chunk_size(store) - 1)) != 0);
    uint64_t missing = chunks - MIN(chunks, stream->len), index;

    for (index = 0; index < MIN(chunks, stream->len); index++) {
        missing += store_chunk_at(stream, index) == 0;
    }
    return missing;
}

uint32_t store_records(const Store *store)
{
    uint64_t chunks = (store->file_size + store_chunk_size(store) - 1) >> store->chunk_shift;

    /* a chunk that begins beyond the end of the file was never written */
    return (uint32_t)MIN(chunks - MIN(chunks, store_first_chunk(store)),
                         (uint64_t)store_records_max(store));
}

uint32_t store_index_limit(const Store *store)
{
    return MIN(store_records(store) + GAP_MAX + 1, (uint32_t)CHUNK_RECORDS_MAX);
}

/* A run of contiguous bytes of the file. `at` is 0 if no chunk holds them. */
typedef struct Run {
    uint64_t at;
    uint64_t length;
} Run;

static Run store_run_at(Store *store, GArray *stream, uint64_t offset, uint64_t length)
{
    uint64_t index = offset >> store->chunk_shift;
    uint64_t within = offset & (store_chunk_size(store) - 1);
    uint32_t chunk = store_chunk_at(stream, index), next = chunk;
    Run run = { chunk ? store_record_offset(store, chunk - 1) + within : 0,
                store_chunk_size(store) - within };

    while (run.length < length) {
        next = chunk ? next + 1 : 0;
        if (store_chunk_at(stream, ++index) != next) {
            break;
        }
        run.length += store_chunk_size(store);
    }
    run.length = MIN(run.length, length);
    return run;
}

int store_read(Store *store, uint32_t partition, StreamKind kind, uint64_t offset, void *buffer,
               size_t length)
{
    GArray *stream = store_stream(store, partition, kind);
    uint8_t *to = buffer;

    while (length > 0) {
        Run run = store_run_at(store, stream, offset, length);
        int error = 0;

        if (run.at) {
            error = host_file_read(store->file, to, run.length, run.at);
        } else {
            memset(to, 0, run.length);
        }
        if (error < 0) {
            return error;
        }
        to += run.length;
        offset += run.length;
        length -= run.length;
    }
    return 0;
}

bool store_fetch(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                 uint64_t length, Executor *executor, ExecutorFunc done, void *data)
{
    GArray *stream = store_stream(store, partition, kind);

    while (length > 0) {
        Run run = store_run_at(store, stream, offset, length);

        if (run.at && !host_file_fetch(store->file, executor, run.at, run.length, done, data)) {
            return false;
        }
        offset += run.length;
        length -= run.length;
    }
    return true;
}

static int store_take_chunks(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                             uint64_t length)
{
    GArray *stream = store_stream(store, partition, kind);
    uint64_t index = offset >> store->chunk_shift;
    uint64_t last = (offset + length - 1) >> store->chunk_shift;

    if (last >= CHUNK_RECORDS_MAX) {
        return -EFBIG;
    }
    for (; index <= last; index++) {
        int error = store_chunk_at(stream, index) == 0
                        ? store_take_chunk(store, partition, kind, (uint32_t)index)
                        : 0;

        if (error < 0) {
            return error;
        }
    }
    return 0;
}

/* The next `length` bytes of the pieces, which it moves on. */
static int store_slice(struct iovec *iov, int n, size_t length, struct iovec *out)
{
    int pieces = 0, i;

    for (i = 0; i < n && length > 0; i++) {
        size_t part = MIN(iov[i].iov_len, length);

        if (part > 0) {
            out[pieces++] = (struct iovec){ iov[i].iov_base, part };
        }
        iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        length -= part;
    }
    return pieces;
}

int store_write(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                const struct iovec *iov, int n)
{
    struct iovec rest[PIECES_MAX], now[PIECES_MAX];
    uint64_t length = 0;
    int error, i;

    g_assert(n <= PIECES_MAX);
    for (i = 0; i < n; i++) {
        rest[i] = iov[i];
        length += iov[i].iov_len;
    }
    error = length > 0 ? store_take_chunks(store, partition, kind, offset, length) : 0;
    while (length > 0 && error == 0) {
        Run run = store_run_at(store, store_stream(store, partition, kind), offset, length);
        int pieces = store_slice(rest, n, run.length, now);

        error = host_file_writev(store->file, now, pieces, run.at);
        store->file_size = MAX(store->file_size, run.at + run.length);
        offset += run.length;
        length -= run.length;
    }
    return error;
}

int store_reserve(Store *store, uint32_t partition, StreamKind kind, uint64_t offset,
                  uint64_t length)
{
    int error = length > 0 ? store_take_chunks(store, partition, kind, offset, length) : 0;

    while (length > 0 && error == 0) {
        Run run = store_run_at(store, store_stream(store, partition, kind), offset, length);

        error = store->file->ops->reserve(store->file, run.at, run.length);
        if (error == -EOPNOTSUPP || error == -ENOSYS) {
            return 0;
        }
        if (error == 0) {
            store->file_size = MAX(store->file_size, run.at + run.length);
        }
        offset += run.length;
        length -= run.length;
    }
    return error;
}

/* Where the file system cannot punch holes, the bytes are overwritten. */
static int store_zero(HostFile *file, uint64_t offset, uint64_t length)
{
    static const uint8_t zeroes[65536];
    int64_t size = file->ops->size(file);
    int error = size < 0 ? (int)size : 0;

    while (error == 0 && length > 0 && offset < (uint64_t)size) {
        uint64_t part = MIN(MIN(length, sizeof zeroes), (uint64_t)size - offset);

        error = host_file_write(file, zeroes, part, offset);
        offset += part;
        length -= part;
    }
    return error;
}

int store_forget(Store *store, uint32_t partition, StreamKind kind, uint64_t offset)
{
    GArray *stream = store_stream(store, partition, kind);
    uint64_t end = store_extent(store, partition, kind);
    int error = 0;

    while (error == 0 && offset < end) {
        Run run = store_run_at(store, stream, offset, end - offset);

        if (run.at) {
            error = store->file->ops->punch(store->file, run.at, run.length);
            if (error == -EOPNOTSUPP || error == -ENOSYS) {
                error = store_zero(store->file, run.at, run.length);
            }
        }
        offset += run.length;
    }
    return error;
}

uint64_t store_extent(Store *store, uint32_t partition, StreamKind kind)
{
    return (uint64_t)store_stream(store, partition, kind)->len << store->chunk_shift;
}
