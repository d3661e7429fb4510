/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/indexed.h"

#include "emu/base/error.h"
#include "media/walk.h"

#include <errno.h>
#include <string.h>

/* 24 bytes each: what we are ready to keep in memory for a file that may be hostile. */
enum { OBJECTS_MAX = 8 * 1024 * 1024 };

G_STATIC_ASSERT(sizeof(IndexedObject) == 24);

static IndexedObject *object_at(const IndexedMedium *s, uint64_t i)
{
    return &g_array_index(s->objects, IndexedObject, (guint)i);
}

static uint64_t end_of(const IndexedMedium *s)
{
    return s->objects->len - 1;
}

const IndexedObject *indexed_before_head(const IndexedMedium *s)
{
    return s->head > 0 ? object_at(s, s->head - 1) : NULL;
}

static MediumResult host_error(IndexedMedium *s, int error, const char *doing)
{
    if (s->failed) {
        return MEDIUM_HOST_ERROR; /* the first reason stays */
    }
    g_clear_error(&s->error);
    g_set_error(&s->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s: %s", s->path, doing,
                g_strerror(-error));
    return MEDIUM_HOST_ERROR;
}

static MediumResult corrupt(IndexedMedium *s, const IndexedObject *object)
{
    if (!s->failed) {
        g_clear_error(&s->error);
        g_set_error(&s->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: the record at byte %" G_GUINT64_FORMAT " is damaged", s->path,
                    object->offset);
    }
    return MEDIUM_CORRUPT;
}

/* ── motions ── */

static WalkType type_at(const void *medium, uint64_t i)
{
    return object_at(medium, i)->type == INDEXED_MARK ? WALK_FILEMARK : WALK_BLOCK;
}

static Walk walk_from_head(IndexedMedium *s)
{
    return (Walk){ type_at, s, end_of(s), s->head };
}

static MediumResult indexed_space(TapeMedium *m, MediumSpace what, int64_t count,
                                  bool stop_at_setmarks, uint64_t *moved)
{
    IndexedMedium *s = indexed(m);
    Walk walk = walk_from_head(s);
    MediumResult result = walk_space(&walk, what, count, stop_at_setmarks, moved);

    s->head = walk.head;
    return result;
}

static MediumResult indexed_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                                   uint64_t number)
{
    IndexedMedium *s = indexed(m);
    Walk walk = walk_from_head(s);
    MediumResult result;

    if (partition != 0) {
        return MEDIUM_INVALID;
    }
    result = walk_locate(&walk, what, number);
    s->head = walk.head;
    return result;
}

/* What reading the object gives; the head is not moved. */
static MediumResult read_object(IndexedMedium *s, const IndexedObject *object, uint8_t *buffer,
                                size_t capacity, size_t *length)
{
    size_t true_length = 0;
    int error;

    if (object->type == INDEXED_MARK) {
        return MEDIUM_FILEMARK;
    }
    if (object->type == INDEXED_BAD) {
        return MEDIUM_READ_ERROR;
    }
    error = s->format->read(s, object, buffer, capacity, &true_length);
    if (error == -EBADMSG) {
        return corrupt(s, object);
    }
    if (error < 0) {
        return host_error(s, error, "cannot read");
    }
    *length = true_length;
    return MEDIUM_OK;
}

static MediumResult indexed_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    IndexedMedium *s = indexed(m);
    MediumResult result;

    if (s->head == end_of(s)) {
        return MEDIUM_EOD;
    }
    result = read_object(s, object_at(s, s->head), buffer, capacity, length);
    s->head += result != MEDIUM_HOST_ERROR;
    return result;
}

static MediumResult indexed_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                         size_t *length)
{
    IndexedMedium *s = indexed(m);
    MediumResult result;

    if (s->head == 0) {
        return MEDIUM_BOP;
    }
    result = read_object(s, object_at(s, s->head - 1), buffer, capacity, length);
    s->head -= result != MEDIUM_HOST_ERROR;
    return result;
}

/* ── writing ── */

static bool protected(const IndexedMedium *s)
{
    return s->read_only || s->write_protected;
}

/* Ends the file after the end of data at `offset`. Without room for that, at `offset`. */
static int end_file(IndexedMedium *s, uint64_t offset)
{
    uint64_t end = offset;
    int error;

    if (s->format->write_end && s->format->write_end(s, offset) == 0) {
        end += s->format->end_length;
    }
    error = s->size == end ? 0 : s->file->ops->truncate(s->file, end);
    s->dirty = true;
    if (error == 0) {
        s->size = end;
    }
    return error;
}

/* Makes the head EOD. */
static int truncate_here(IndexedMedium *s)
{
    IndexedObject end = *object_at(s, s->head);
    int error = end_file(s, end.offset);

    if (error == 0) {
        end.type = INDEXED_END;
        end.length = 0;
        g_array_set_size(s->objects, (guint)s->head);
        g_array_append_val(s->objects, end);
    }
    return error;
}

/*
 * Nothing may lie behind what is going to be written, or a kill or a power cut would leave an old
 * object where a new one ends. Makes the head the end, for good, if it is not.
 */
static MediumResult begin_append(IndexedMedium *s)
{
    bool last = s->head == end_of(s);
    int error = 0;

    if (last && s->size <= object_at(s, s->head)->offset + s->format->end_length) {
        return MEDIUM_OK;
    }
    error = truncate_here(s);
    if (error < 0) {
        return host_error(s, error, "cannot truncate");
    }
    error = s->file->ops->sync(s->file);
    if (error < 0) {
        host_error(s, error, "cannot sync, so nothing more is written");
        s->failed = true;
        return MEDIUM_HOST_ERROR;
    }
    return MEDIUM_OK;
}

/* May `count` objects be appended? */
static MediumResult writable(IndexedMedium *s, uint64_t count)
{
    if (protected(s)) {
        return MEDIUM_PROTECTED;
    }
    if (s->failed) {
        return MEDIUM_HOST_ERROR;
    }
    return s->head + count > OBJECTS_MAX ? host_error(s, -EFBIG, "too many records for this format")
                                         : MEDIUM_OK;
}

/*
 * After a format has written up to `end` and the end of data behind it, or failed to: ends the file
 * there, and takes `count` objects of `length` bytes each into the index.
 */
static MediumResult finish_append(IndexedMedium *s, int error, IndexedType type, size_t length,
                                  uint64_t count, uint64_t end)
{
    uint64_t file_end = end + s->format->end_length;
    IndexedObject object = *object_at(s, s->head);
    uint64_t each = (end - object.offset) / count, i;

    s->dirty = true;
    s->size = MAX(s->size, file_end); /* at most, if it failed */
    if (error == 0 && s->size > file_end) {
        error = s->file->ops->truncate(s->file, file_end);
        s->size = error == 0 ? file_end : s->size;
    }
    if (error < 0) {
        truncate_here(s);
        return host_error(s, error, "cannot write");
    }
    g_array_set_size(s->objects, (guint)s->head);
    for (i = 0; i < count; i++) {
        object.type = type;
        object.length = (uint32_t)length & MEDIUM_BLOCK_MAX;
        g_array_append_val(s->objects, object);
        object.offset += each;
        object.used += type == INDEXED_MARK ? MEDIUM_MARK_SIZE : length;
        object.files += type == INDEXED_MARK;
    }
    object.type = INDEXED_END;
    object.length = 0;
    g_array_append_val(s->objects, object);
    s->head += count;
    return MEDIUM_OK;
}

static MediumResult indexed_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    IndexedMedium *s = indexed(m);
    MediumResult result = writable(s, 1);
    uint64_t end = object_at(s, s->head)->offset;
    int error;

    if (result == MEDIUM_OK) {
        result = begin_append(s);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    error = s->format->write_block(s, end, data, length, &end);
    return finish_append(s, error, INDEXED_BLOCK, length, 1, end);
}

static MediumResult indexed_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                        uint64_t *written)
{
    IndexedMedium *s = indexed(m);
    MediumResult result = MEDIUM_OK;

    if (mark != MEDIUM_MARK_FILEMARK) {
        return MEDIUM_UNSUPPORTED;
    }
    while (result == MEDIUM_OK && *written < count) {
        uint64_t part = MIN(count - *written, (uint64_t)INDEXED_MARKS_MAX);
        uint64_t end = object_at(s, s->head)->offset;

        result = writable(s, part);
        if (result == MEDIUM_OK) {
            result = begin_append(s);
        }
        if (result == MEDIUM_OK) {
            int error = s->format->write_marks(s, end, part, &end);

            result = finish_append(s, error, INDEXED_MARK, 0, part, end);
        }
        *written += result == MEDIUM_OK ? part : 0;
    }
    return result;
}

static MediumResult indexed_erase(TapeMedium *m, bool to_end_of_partition)
{
    IndexedMedium *s = indexed(m);
    MediumResult result = writable(s, 0);
    int error = result == MEDIUM_OK ? truncate_here(s) : 0;

    return error < 0 ? host_error(s, error, "cannot truncate") : result;
}

/* ── what these formats do not have ── */

static MediumResult indexed_format_partitions(TapeMedium *m, uint32_t count,
                                              const uint64_t *capacities)
{
    return protected(indexed(m)) ? MEDIUM_PROTECTED : MEDIUM_UNSUPPORTED;
}

static MediumResult indexed_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                          MediumAttribute *attribute)
{
    return MEDIUM_UNSUPPORTED;
}

static MediumResult indexed_set_attribute(TapeMedium *m, uint32_t partition,
                                          const MediumAttribute *attribute)
{
    return MEDIUM_UNSUPPORTED;
}

static void indexed_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
}

static void indexed_set_compression(TapeMedium *m, bool on)
{
}

/* ── the rest ── */

static MediumResult indexed_set_write_protect(TapeMedium *m, bool on)
{
    if (indexed(m)->read_only && !on) {
        return MEDIUM_PROTECTED;
    }
    indexed(m)->write_protected = on;
    return MEDIUM_OK;
}

static void sync_work(void *data)
{
    IndexedMedium *s = data;

    s->sync_error = s->file->ops->sync(s->file);
}

static void sync_finished(void *data)
{
    IndexedMedium *s = data;
    MediumResult result = MEDIUM_OK;

    if (s->sync_error < 0) {
        result = host_error(s, s->sync_error, "cannot sync, so nothing more is written");
        s->failed = true;
    } else {
        s->dirty = false;
    }
    s->sync_done(s->sync_data, result);
}

static void indexed_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    IndexedMedium *s = indexed(m);

    if (s->failed || !s->dirty) {
        done(data, s->failed ? MEDIUM_HOST_ERROR : MEDIUM_OK);
        return;
    }
    s->sync_done = done;
    s->sync_data = data;
    executor_run(s->executor, sync_work, sync_finished, s);
}

static void indexed_position(TapeMedium *m, MediumPosition *position)
{
    IndexedMedium *s = indexed(m);
    const IndexedObject *object = object_at(s, s->head);

    *position = (MediumPosition){
        .object = s->head,
        .files = object->files,
        .bop = s->head == 0,
        .eod = s->head == end_of(s),
        .used = object->used,
        .capacity = G_MAXUINT64,
    };
}

/* Is what ends the tape still where it was? Another process may have written to the file. */
static bool unchanged(IndexedMedium *s)
{
    const IndexedObject *last = end_of(s) > 0 ? object_at(s, end_of(s) - 1) : NULL;
    int64_t size = s->file->ops->size(s->file);
    IndexedObject now;
    uint64_t next;
    bool same;
    int error;

    if (size < 0 || (uint64_t)size < object_at(s, end_of(s))->offset) {
        return false;
    }
    if (!last || s->damaged) {
        return true;
    }
    now = *last;
    next = now.offset;
    s->again = true;
    same = s->format->scan(s, &now, &next, &error) == INDEXED_FOUND && now.type == last->type &&
           now.length == last->length && next == object_at(s, end_of(s))->offset;
    s->again = false;
    return same;
}

static void indexed_info(TapeMedium *m, MediumInfo *info)
{
    IndexedMedium *s = indexed(m);

    *info = (MediumInfo){
        .geometry = { .partitions = 1 },
        .format = s->format->name,
        .write_protected = protected(s),
        .tab = s->write_protected,
        .damaged = s->damaged,
        .overwritten = s->read_only && !unchanged(s),
        .max_block = MEDIUM_BLOCK_MAX,
        .file_size = s->size,
    };
}

static void indexed_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    IndexedMedium *s = indexed(m);
    const IndexedObject *end = object_at(s, end_of(s));

    *partition = (MediumPartition){
        .capacity = G_MAXUINT64,
        .used = end->used,
        .objects = end_of(s),
        .files = end->files,
        .early_warning = G_MAXUINT64,
    };
}

static const GError *indexed_host_error(TapeMedium *m)
{
    return indexed(m)->error;
}

static bool indexed_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data)
{
    IndexedMedium *s = indexed(m);

    return s->head == end_of(s) ||
           host_file_fetch(s->file, s->executor, object_at(s, s->head)->offset, bytes, done, data);
}

static void indexed_free(TapeMedium *m)
{
    IndexedMedium *s = indexed(m);

    host_file_free(s->file);
    g_array_unref(s->objects);
    g_byte_array_unref(s->scratch);
    g_clear_error(&s->error);
    g_free(s->path);
    g_free(s);
}

/* ── opening ── */

/*
 * A tape whose only blocks are damaged is none, or one that lost what it held: some other file that
 * happens to begin like a tape, and that writing would destroy.
 */
static bool holds_a_block(const IndexedMedium *s)
{
    guint i;

    for (i = 0; i < s->objects->len; i++) {
        if (object_at(s, i)->type != INDEXED_MARK) {
            return true;
        }
    }
    return false;
}

/* Adds what lies at `at`, the place of EOD so far, to the index and moves `at` beyond it. */
static IndexedScan scan_one(IndexedMedium *s, IndexedObject *at, int *error)
{
    uint64_t next = at->offset;
    IndexedScan result = s->format->scan(s, at, &next, error);

    if (result == INDEXED_FOUND) {
        g_array_append_val(s->objects, *at);
        at->used += at->type == INDEXED_MARK ? MEDIUM_MARK_SIZE : at->length;
        at->files += at->type == INDEXED_MARK;
    }
    g_assert(next > at->offset || (result != INDEXED_FOUND && result != INDEXED_NOTHING));
    at->offset = next;
    return result;
}

static bool scan(IndexedMedium *s, char **notice, GError **error)
{
    IndexedObject at = { 0 };
    IndexedScan result;
    int failure = 0;

    do {
        result = scan_one(s, &at, &failure);
    } while ((result == INDEXED_FOUND || result == INDEXED_NOTHING) &&
             s->objects->len <= OBJECTS_MAX);
    if (result == INDEXED_FAILED) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: cannot read: %s", s->path,
                    g_strerror(-failure));
        return false;
    }
    if (s->objects->len > OBJECTS_MAX) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: more than %u records and tape marks: split it", s->path,
                    (unsigned)OBJECTS_MAX);
        return false;
    }
    s->damaged = result == INDEXED_DAMAGE;
    if (s->damaged && !holds_a_block(s)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: is not a tape: the first record, at byte %" G_GUINT64_FORMAT
                    ", is not whole",
                    s->path, at.offset);
        return false;
    }
    if (s->damaged && notice) {
        *notice = g_strdup_printf("%s: no whole record at byte %" G_GUINT64_FORMAT
                                  ": the tape ends there, after %u objects",
                                  s->path, at.offset, s->objects->len);
    }
    at.type = INDEXED_END;
    at.length = 0;
    g_array_append_val(s->objects, at);
    return true;
}

TapeMedium *indexed_open(const IndexedFormat *format, int fd, const char *path, bool read_only,
                         Executor *executor, char **notice, GError **error)
{
    static const MediumOps ops = {
        .read = indexed_read,
        .read_reverse = indexed_read_reverse,
        .write = indexed_write,
        .write_marks = indexed_write_marks,
        .space = indexed_space,
        .locate = indexed_locate,
        .erase = indexed_erase,
        .format_partitions = indexed_format_partitions,
        .redivide = indexed_format_partitions,
        .get_attribute = indexed_get_attribute,
        .set_attribute = indexed_set_attribute,
        .list_attributes = indexed_list_attributes,
        .set_write_protect = indexed_set_write_protect,
        .set_compression = indexed_set_compression,
        .sync = indexed_sync,
        .position = indexed_position,
        .info = indexed_info,
        .partition = indexed_partition,
        .host_error = indexed_host_error,
        .free = indexed_free,
        .fetch = indexed_fetch,
    };
    IndexedMedium *s = g_new0(IndexedMedium, 1);
    int64_t size;

    s->base.ops = &ops;
    s->format = format;
    s->file = host_file_new(fd);
    s->path = g_strdup(path);
    s->executor = executor;
    s->read_only = read_only;
    s->objects = g_array_new(FALSE, FALSE, sizeof(IndexedObject));
    s->scratch = g_byte_array_new();
    size = s->file->ops->size(s->file);
    s->size = (uint64_t)MAX(size, 0);
    s->dirty = !read_only; /* what a killed process left in the page cache is synced with ours */
    if (!scan(s, notice, error)) {
        host_file_release(s->file); /* the descriptor stays the caller's */
        s->file = NULL;
        indexed_free(&s->base);
        return NULL;
    }
    return &s->base;
}

bool indexed_create(const IndexedFormat *format, int fd, const char *path,
                    const MediumGeometry *geometry, GError **error)
{
    IndexedMedium s = { .format = format, .file = host_file_new(fd) };
    int failure;

    if (geometry->capacity || geometry->early_warning || geometry->partitions != 1 ||
        geometry->worm || geometry->compression || geometry->density || geometry->cleanings ||
        geometry->barcode[0]) {
        host_file_release(s.file);
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: a %s file holds no capacity, partitions, WORM, compression, density, "
                    "cleanings or bar code: leave these options out, or make a .tape",
                    path, format->suffix);
        return false;
    }
    failure = end_file(&s, 0);
    if (failure == 0 && s.size < format->end_length) {
        failure = -ENOSPC; /* no room for so much as the marker */
    }
    if (failure == 0) {
        failure = s.file->ops->sync(s.file);
    }
    host_file_release(s.file);
    if (failure < 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot write: %s", path,
                    g_strerror(-failure));
    }
    return failure == 0;
}
