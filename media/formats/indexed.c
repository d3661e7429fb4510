/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/formats/indexed.h"

#include "emu/base/error.h"
#include "media/walk.h"

#include <errno.h>
#include <string.h>

/* Limits of the memory and the work for a file that may be hostile. */
enum { RUNS_MAX = 8 * 1024 * 1024, OBJECTS_MAX = 64 * 1024 * 1024 };

static MediumResult indexed_set_host_error(IndexedMedium *s, int error, const char *doing)
{
    if (s->failed) {
        return MEDIUM_HOST_ERROR; /* the first reason stays */
    }
    g_clear_error(&s->error);
    g_set_error(&s->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s: %s", s->path, doing,
                g_strerror(-error));
    return MEDIUM_HOST_ERROR;
}

static MediumResult indexed_corrupt(IndexedMedium *s, const IndexedObject *object)
{
    if (!s->failed) {
        g_clear_error(&s->error);
        g_set_error(&s->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    object->type == INDEXED_LOST ? "%s: no whole record at byte %" G_GUINT64_FORMAT
                                                 : "%s: the record at byte %" G_GUINT64_FORMAT
                                                   " is damaged",
                    s->path, object->offset);
    }
    return MEDIUM_CORRUPT;
}

/* ── motions ── */

static WalkType indexed_type_at(void *medium, uint64_t n)
{
    IndexedMedium *s = medium;

    switch ((IndexedType)indexed_run_at(s, indexed_find_run(s, n))->type) {
    case INDEXED_MARK:
        return WALK_FILEMARK;
    case INDEXED_LOST:
        return WALK_LOST;
    case INDEXED_BLOCK:
    case INDEXED_BAD:
    case INDEXED_END:
    default:
        return WALK_BLOCK;
    }
}

static Walk indexed_walk_from_head(IndexedMedium *s)
{
    return (Walk){ indexed_type_at, s, s->objects, s->head, s->first_lost };
}

static MediumResult indexed_space(TapeMedium *m, MediumSpace what, int64_t count,
                                  bool stop_at_setmarks, uint64_t *moved)
{
    IndexedMedium *s = indexed(m);
    Walk walk = indexed_walk_from_head(s);
    MediumResult result = walk_space(&walk, what, count, stop_at_setmarks, moved);

    s->head = walk.head;
    return result;
}

static MediumResult indexed_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                                   uint64_t number)
{
    IndexedMedium *s = indexed(m);
    Walk walk = indexed_walk_from_head(s);
    MediumResult result;

    if (partition != 0) {
        return MEDIUM_INVALID;
    }
    result = walk_locate(&walk, what, number);
    s->head = walk.head;
    return result;
}

/* The result of reading the object, without a move of the head. */
static MediumResult indexed_read_object(IndexedMedium *s, const IndexedObject *object,
                                        uint8_t *buffer, size_t capacity, size_t *length)
{
    size_t true_length = 0;
    int error;

    if (object->type == INDEXED_MARK) {
        return MEDIUM_FILEMARK;
    }
    if (object->type == INDEXED_BAD) {
        return MEDIUM_READ_ERROR;
    }
    if (object->type == INDEXED_LOST) {
        return indexed_corrupt(s, object);
    }
    error = s->format->read(s, object, buffer, capacity, &true_length);
    if (error == -EBADMSG) {
        return indexed_corrupt(s, object);
    }
    if (error < 0) {
        return indexed_set_host_error(s, error, "cannot read");
    }
    *length = true_length;
    return MEDIUM_OK;
}

static MediumResult indexed_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    IndexedMedium *s = indexed(m);
    IndexedObject object = indexed_object_at(s, s->head);
    MediumResult result;

    if (object.type == INDEXED_END) {
        return MEDIUM_EOD;
    }
    result = indexed_read_object(s, &object, buffer, capacity, length);
    s->head += result != MEDIUM_HOST_ERROR;
    return result;
}

static MediumResult indexed_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                         size_t *length)
{
    IndexedMedium *s = indexed(m);
    IndexedObject object;
    MediumResult result;

    if (!indexed_before_head(s, &object)) {
        return MEDIUM_BOP;
    }
    result = indexed_read_object(s, &object, buffer, capacity, length);
    s->head -= result != MEDIUM_HOST_ERROR;
    return result;
}

/* ── writing ── */

static bool indexed_protected(const IndexedMedium *s)
{
    return s->read_only || s->write_protected || s->damaged;
}

/* Ends the file after the end of data at `offset`. Without room for that, at `offset`. */
static int indexed_end_file(IndexedMedium *s, uint64_t offset)
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
static int indexed_truncate(IndexedMedium *s)
{
    int error = indexed_end_file(s, indexed_object_at(s, s->head).offset);

    if (error == 0) {
        indexed_drop_from(s, s->head);
    }
    return error;
}

/*
 * Makes the head the permanent end before a write. Otherwise a kill or a power cut could leave an
 * old object at the end of a new one.
 */
static MediumResult indexed_begin_append(IndexedMedium *s)
{
    bool last = s->head == s->objects;
    int error = 0;

    if (last && s->size <= s->end.offset + s->format->end_length) {
        return MEDIUM_OK;
    }
    error = indexed_truncate(s);
    if (error < 0) {
        return indexed_set_host_error(s, error, "cannot truncate");
    }
    error = s->file->ops->sync(s->file);
    if (error < 0) {
        indexed_set_host_error(s, error, "cannot sync, so nothing more is written");
        s->failed = true;
        return MEDIUM_HOST_ERROR;
    }
    return MEDIUM_OK;
}

/* Checks that `count` objects may be appended. */
static MediumResult indexed_writable(IndexedMedium *s, uint64_t count)
{
    if (indexed_protected(s)) {
        return MEDIUM_PROTECTED;
    }
    if (s->failed) {
        return MEDIUM_HOST_ERROR;
    }
    return s->head + count > OBJECTS_MAX || s->runs->len >= RUNS_MAX
               ? indexed_set_host_error(s, -EFBIG, "too many records for this format")
               : MEDIUM_OK;
}

/*
 * Ends the file after a write and adds the objects to the index. The format wrote `count` objects
 * of `length` bytes each at the head, up to `end`, and the end of data. Or the write failed.
 */
static MediumResult indexed_finish_append(IndexedMedium *s, int error, IndexedType type,
                                          size_t length, uint64_t count, uint64_t end)
{
    uint64_t file_end = end + s->format->end_length;

    s->dirty = true;
    s->size = MAX(s->size, file_end); /* at most, if it failed */
    if (error == 0 && s->size > file_end) {
        error = s->file->ops->truncate(s->file, file_end);
        s->size = error == 0 ? file_end : s->size;
    }
    if (error < 0) {
        indexed_truncate(s);
        return indexed_set_host_error(s, error, "cannot write");
    }
    indexed_add_objects(s, type, (uint32_t)length, count, (end - s->end.offset) / count);
    s->head += count;
    return MEDIUM_OK;
}

static MediumResult indexed_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    IndexedMedium *s = indexed(m);
    MediumResult result = indexed_writable(s, 1);
    uint64_t end;
    int error;

    if (result == MEDIUM_OK) {
        result = indexed_begin_append(s);
    }
    if (result != MEDIUM_OK) {
        return result;
    }
    error = s->format->write_block(s, s->end.offset, data, length, &end);
    return indexed_finish_append(s, error, INDEXED_BLOCK, length, 1, end);
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
        uint64_t part = MIN(count - *written, (uint64_t)INDEXED_MARKS_MAX), end;

        result = indexed_writable(s, part);
        if (result == MEDIUM_OK) {
            result = indexed_begin_append(s);
        }
        if (result == MEDIUM_OK) {
            int error = s->format->write_marks(s, s->end.offset, part, &end);

            result = indexed_finish_append(s, error, INDEXED_MARK, 0, part, end);
        }
        *written += result == MEDIUM_OK ? part : 0;
    }
    return result;
}

static MediumResult indexed_erase(TapeMedium *m, bool to_end_of_partition)
{
    IndexedMedium *s = indexed(m);
    MediumResult result = indexed_writable(s, 0);
    int error = result == MEDIUM_OK ? indexed_truncate(s) : 0;

    return error < 0 ? indexed_set_host_error(s, error, "cannot truncate") : result;
}

/* ── what these formats do not have ── */

static MediumResult indexed_format_partitions(TapeMedium *m, uint32_t count,
                                              const uint64_t *capacities)
{
    return indexed_protected(indexed(m)) ? MEDIUM_PROTECTED : MEDIUM_UNSUPPORTED;
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
    if ((indexed(m)->read_only || indexed(m)->damaged) && !on) {
        return MEDIUM_PROTECTED;
    }
    indexed(m)->write_protected = on;
    return MEDIUM_OK;
}

static void indexed_sync_work(void *data)
{
    IndexedMedium *s = data;

    s->sync_error = s->file->ops->sync(s->file);
}

static void indexed_sync_finished(void *data)
{
    IndexedMedium *s = data;
    MediumResult result = MEDIUM_OK;

    if (s->sync_error < 0) {
        result =
            indexed_set_host_error(s, s->sync_error, "cannot sync, so nothing more is written");
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
    executor_run(s->executor, indexed_sync_work, indexed_sync_finished, s);
}

static void indexed_position(TapeMedium *m, MediumPosition *position)
{
    IndexedMedium *s = indexed(m);
    IndexedObject object = indexed_object_at(s, s->head);

    *position = (MediumPosition){
        .object = s->head,
        .files = object.files,
        .bop = s->head == 0,
        .eod = s->head == s->objects,
        .used = object.used,
        .capacity = G_MAXUINT64,
    };
}

/* True if the end of the tape is unchanged. Another process may have written to the file. */
static bool indexed_unchanged(IndexedMedium *s)
{
    int64_t size = s->file->ops->size(s->file);
    g_auto(IndexedScanner) scanner = indexed_scanner(s->file, (uint64_t)MAX(size, 0));
    IndexedObject last, now;
    uint64_t next;
    int error;

    if (size < 0 || (uint64_t)size < s->end.offset) {
        return false;
    }
    if (s->objects == 0 || s->damaged) {
        return true;
    }
    last = now = indexed_object_at(s, s->objects - 1);
    next = now.offset;
    return s->format->scan(&scanner, &now, &next, &error) == INDEXED_FOUND &&
           now.type == last.type && now.length == last.length && next <= s->end.offset;
}

static void indexed_info(TapeMedium *m, MediumInfo *info)
{
    IndexedMedium *s = indexed(m);

    *info = (MediumInfo){
        .geometry = { .partitions = 1 },
        .format = s->format->name,
        .write_protected = indexed_protected(s),
        .tab = s->write_protected,
        .damaged = s->damaged,
        .damage_read = s->damaged,
        .overwritten = s->read_only && !indexed_unchanged(s),
        .max_block = MEDIUM_BLOCK_MAX,
        .file_size = s->size,
    };
}

static void indexed_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    IndexedMedium *s = indexed(m);

    *partition = (MediumPartition){
        .capacity = G_MAXUINT64,
        .used = s->end.used,
        .objects = s->objects,
        .files = s->end.files,
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

    return s->head == s->objects ||
           host_file_fetch(s->file, s->executor, indexed_object_at(s, s->head).offset, bytes, done,
                           data);
}

static void indexed_free(TapeMedium *m)
{
    IndexedMedium *s = indexed(m);

    host_file_free(s->file);
    g_array_unref(s->runs);
    g_byte_array_unref(s->scratch);
    g_clear_error(&s->error);
    g_free(s->path);
    g_free(s);
}

/* ── opening ── */

typedef struct Opening {
    IndexedScanner scanner;
    uint64_t effort;        /* left for looking for records beyond damage */
    uint64_t lost, blocks;  /* bytes that are no record; blocks that are */
    uint64_t first_lost_at; /* byte */
    unsigned places;        /* where bytes were lost */
    bool torn;              /* the only damage is that the last record is cut short */
    int error;
} Opening;

/* Handles bytes at the current end that are no whole record. False if reading fails. */
static bool indexed_scan_damage(IndexedMedium *s, Opening *o, bool torn)
{
    uint64_t from = s->end.offset, start = from, next;
    const IndexedRun *run;

    o->error = indexed_resume(s->format, &o->scanner, from, &o->effort, &next);
    if (o->error < 0) {
        return false;
    }
    if (s->format->zeroed_start) {
        start = s->format->zeroed_start(&o->scanner, from, next);
    }
    run = s->runs->len > 0 ? indexed_run_at(s, s->runs->len - 1) : NULL;
    if (start < from && run && run->type == INDEXED_MARK && run->offset <= start &&
        (start - run->offset) % run->stride == 0) {
        indexed_drop_from(s, run->object + (start - run->offset) / run->stride);
    }
    o->first_lost_at = o->places == 0 ? s->end.offset : o->first_lost_at;
    o->torn = torn && o->places == 0 && next == o->scanner.size;
    o->places++;
    o->lost += next - s->end.offset;
    s->damaged = true;
    indexed_add_objects(s, INDEXED_LOST, 0, 1, next - s->end.offset);
    return true;
}

/* Adds the record at the current end to the index. False if there is none. */
static bool indexed_scan_one(IndexedMedium *s, Opening *o)
{
    IndexedObject at = s->end;
    uint64_t next = at.offset;
    IndexedScan result = s->format->scan(&o->scanner, &at, &next, &o->error);

    if (result == INDEXED_DAMAGE || result == INDEXED_TORN) {
        return indexed_scan_damage(s, o, result == INDEXED_TORN);
    }
    g_assert(next > at.offset || (result != INDEXED_FOUND && result != INDEXED_NOTHING));
    if (result == INDEXED_NOTHING) {
        s->end.offset = next;
    } else if (result == INDEXED_FOUND) {
        o->blocks += at.type != INDEXED_MARK;
        indexed_add_objects(s, at.type, at.length, 1, next - at.offset);
    }
    return result == INDEXED_FOUND || result == INDEXED_NOTHING;
}

/* One line about oddities of the file, or NULL. */
static char *indexed_describe_oddities(const IndexedMedium *s, const Opening *o)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (s->damaged) {
        g_string_append_printf(text,
                               "no whole record at byte %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT
                               " bytes%s are lost: damaged, so held write-protected; `usbtape "
                               "media check --repair` copies the rest",
                               o->first_lost_at, o->lost,
                               o->places > 1 ? ", there and elsewhere," : "");
    }
    if (o->scanner.odd_previous > 0) {
        g_string_append_printf(text,
                               "%s%" G_GUINT64_FORMAT " headers name a wrong length of the chunk "
                               "before: passed over",
                               text->len > 0 ? "; " : "", o->scanner.odd_previous);
    }
    if (o->scanner.zeroes > 0) {
        g_string_append_printf(
            text, "%s%" G_GUINT64_FORMAT " bytes of zero after the last record: passed over",
            text->len > 0 ? "; " : "", o->scanner.zeroes);
    }
    return text->len > 0 ? g_strdup_printf("%s: %s", s->path, text->str) : NULL;
}

static bool indexed_scan_all(IndexedMedium *s, Opening *o, GError **error)
{
    while (indexed_scan_one(s, o) && s->objects <= OBJECTS_MAX && s->runs->len <= RUNS_MAX) {
    }
    if (o->error < 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot read: %s", s->path,
                    g_strerror(-o->error));
        return false;
    }
    if (s->objects > OBJECTS_MAX || s->runs->len > RUNS_MAX) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: more than %u records and tape marks, or %u in which they differ: split it",
                    s->path, (unsigned)OBJECTS_MAX, (unsigned)RUNS_MAX);
        return false;
    }
    if (s->damaged && o->blocks == 0 && !o->torn) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: is not a tape: the first record, at byte %" G_GUINT64_FORMAT
                    ", is not whole",
                    s->path, o->first_lost_at);
        return false;
    }
    return true;
}

static bool indexed_scan(IndexedMedium *s, char **notice, GError **error)
{
    Opening o = { .scanner = indexed_scanner(s->file, s->size), .effort = INDEXED_EFFORT };
    bool good = indexed_scan_all(s, &o, error);

    if (good) {
        s->end.type = INDEXED_END;
        s->unpadded = o.scanner.unpadded && !o.scanner.padded;
        if (notice) {
            *notice = indexed_describe_oddities(s, &o);
        }
    }
    indexed_scanner_clear(&o.scanner);
    return good;
}

TapeMedium *indexed_open_file(const IndexedFormat *format, HostFile *file, const char *path,
                              bool read_only, Executor *executor, char **notice, GError **error)
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
    s->file = file;
    s->path = g_strdup(path);
    s->executor = executor;
    s->read_only = read_only;
    s->first_lost = G_MAXUINT64;
    s->runs = g_array_new(FALSE, FALSE, sizeof(IndexedRun));
    s->scratch = g_byte_array_new();
    size = s->file->ops->size(s->file);
    s->size = (uint64_t)MAX(size, 0);
    s->dirty =
        !read_only; /* the sync also covers data that a killed process left in the page cache */
    if (!indexed_scan(s, notice, error)) {
        s->file = NULL; /* the caller keeps the file */
        indexed_free(&s->base);
        return NULL;
    }
    return &s->base;
}

TapeMedium *indexed_open(const IndexedFormat *format, int fd, const char *path, bool read_only,
                         Executor *executor, char **notice, GError **error)
{
    HostFile *file = host_file_new(fd);
    TapeMedium *m = indexed_open_file(format, file, path, read_only, executor, notice, error);

    if (!m) {
        host_file_release(file); /* the caller keeps the descriptor */
    }
    return m;
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
    failure = indexed_end_file(&s, 0);
    if (failure == 0 && s.size < format->end_length) {
        failure = -ENOSPC; /* no room even for the marker */
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
