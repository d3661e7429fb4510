/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * End of data: three conventions are in the wild, and all are understood: the end of the file
 * (SIMH), the end-of-medium marker FFFFFFFFh (SIMH, ZuluSCSI, the QEMU proposals), and a private
 * marker of class 7 (SCSI2Pi). We write the end-of-medium marker, after every write, and let the
 * file end there: so each of those programs finds it, and a file cut off by a crash ends well too.
 *
 * The format has no checksums, no capacity, no setmarks, no partitions, no attributes, and no write
 * protect tab: that one lasts as long as the cartridge is open. A record with the error flag is a
 * read error. The objects are found by walking the file once, when it is opened.
 */
#include "media/format-simh.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/host-file.h"
#include "media/walk.h"

#include <errno.h>
#include <string.h>

#define SIMH_TAPE_MARK     0x00000000u
#define SIMH_END_OF_MEDIUM 0xffffffffu
#define SIMH_GAP           0xfffffffeu
#define SIMH_HALF_GAP      0xfffeffffu /* read forward: the second half of a gap begins here */
#define SIMH_ERROR_FLAG    0x80000000u
#define SIMH_LENGTH        0x0fffffffu
#define SIMH_S2P_EOD       0x73533250u
#define SIMH_S2P_EOD_OLD   0x70000003u

enum {
    CLASS_DATA = 0,
    CLASS_PRIVATE_MARKER = 7,
    CLASS_BAD_DATA = 8,
    CLASS_MARKER = 15,
    /* 24 bytes each: what we are ready to keep in memory for a file that may be hostile. */
    OBJECTS_MAX = 8 * 1024 * 1024,
    MARKS_AT_ONCE = 4096,
};

typedef struct SimhObject {
    uint64_t offset; /* of its header in the file */
    uint64_t used;   /* bytes of blocks before it, and MEDIUM_MARK_SIZE for each mark */
    uint32_t header; /* SIMH_TAPE_MARK, or length and perhaps the error flag */
    uint32_t files;  /* tape marks before it */
} SimhObject;

typedef struct SimhMedium {
    TapeMedium base;
    HostFile *file;
    char *path;
    Executor *executor;
    bool read_only, write_protected, dirty;
    bool damaged; /* there is something after the last whole record */
    bool failed;  /* a sync failed: nothing more is written */
    GError *error;

    GArray *objects; /* of SimhObject; the last one is EOD: header SIMH_END_OF_MEDIUM */
    uint64_t head;
    uint64_t size; /* of the file */

    MediumSyncDone sync_done;
    void *sync_data;
    int sync_error;
} SimhMedium;

static SimhMedium *simh(TapeMedium *m)
{
    return (SimhMedium *)m;
}

static SimhObject *object_at(const SimhMedium *s, uint64_t i)
{
    return &g_array_index(s->objects, SimhObject, (guint)i);
}

static uint64_t end_of(const SimhMedium *s)
{
    return s->objects->len - 1;
}

static uint32_t class_of(uint32_t header)
{
    return header >> 28;
}

static uint32_t length_of(const SimhObject *object)
{
    return object->header & SIMH_LENGTH;
}

static uint64_t used_by(uint32_t header)
{
    return header == SIMH_TAPE_MARK ? MEDIUM_MARK_SIZE : header & SIMH_LENGTH;
}

/* Header, data, padding, trailer. */
static uint64_t record_size(uint32_t length)
{
    return 8 + (uint64_t)length + (length & 1);
}

static MediumResult host_error(SimhMedium *s, int error, const char *doing)
{
    if (s->failed) {
        return MEDIUM_HOST_ERROR; /* the first reason stays */
    }
    g_clear_error(&s->error);
    g_set_error(&s->error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: %s: %s", s->path, doing,
                g_strerror(-error));
    return MEDIUM_HOST_ERROR;
}

/* ── motions ── */

static WalkType type_at(const void *medium, uint64_t i)
{
    return object_at(medium, i)->header == SIMH_TAPE_MARK ? WALK_FILEMARK : WALK_BLOCK;
}

static Walk walk_from_head(SimhMedium *s)
{
    return (Walk){ type_at, s, end_of(s), s->head };
}

static MediumResult simh_space(TapeMedium *m, MediumSpace what, int64_t count,
                               bool stop_at_setmarks, uint64_t *moved)
{
    SimhMedium *s = simh(m);
    Walk walk = walk_from_head(s);
    MediumResult result = walk_space(&walk, what, count, stop_at_setmarks, moved);

    s->head = walk.head;
    return result;
}

static MediumResult simh_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                                uint64_t number)
{
    SimhMedium *s = simh(m);
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
static MediumResult read_object(SimhMedium *s, const SimhObject *object, uint8_t *buffer,
                                size_t capacity, size_t *length)
{
    size_t part = MIN(capacity, length_of(object));
    int error;

    if (object->header == SIMH_TAPE_MARK) {
        return MEDIUM_FILEMARK;
    }
    if (object->header & SIMH_ERROR_FLAG) {
        return MEDIUM_READ_ERROR;
    }
    error = part > 0 ? host_file_read(s->file, buffer, part, object->offset + 4) : 0;
    if (error < 0) {
        return host_error(s, error, "cannot read");
    }
    *length = length_of(object);
    return MEDIUM_OK;
}

static MediumResult simh_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length)
{
    SimhMedium *s = simh(m);
    MediumResult result;

    if (s->head == end_of(s)) {
        return MEDIUM_EOD;
    }
    result = read_object(s, object_at(s, s->head), buffer, capacity, length);
    s->head += result != MEDIUM_HOST_ERROR;
    return result;
}

static MediumResult simh_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                      size_t *length)
{
    SimhMedium *s = simh(m);
    MediumResult result;

    if (s->head == 0) {
        return MEDIUM_BOP;
    }
    result = read_object(s, object_at(s, s->head - 1), buffer, capacity, length);
    s->head -= result != MEDIUM_HOST_ERROR;
    return result;
}

/* ── writing ── */

static bool protected(const SimhMedium *s)
{
    return s->read_only || s->write_protected;
}

/* Ends the file after an end-of-medium marker at `offset`. Without room for one, at `offset`. */
static int end_file(SimhMedium *s, uint64_t offset)
{
    static const uint8_t marker[4] = { 0xff, 0xff, 0xff, 0xff };
    uint64_t end =
        host_file_write(s->file, marker, sizeof marker, offset) == 0 ? offset + 4 : offset;
    int error = s->size == end ? 0 : s->file->ops->truncate(s->file, end);

    s->dirty = true;
    if (error == 0) {
        s->size = end;
    }
    return error;
}

/* The index after a record or mark with this header has been written at the head. */
static void note_written(SimhMedium *s, uint32_t header)
{
    SimhObject *object = object_at(s, s->head), end = *object;

    object->header = header;
    end.header = SIMH_END_OF_MEDIUM;
    end.offset += header == SIMH_TAPE_MARK ? 4 : record_size(length_of(object));
    end.used += used_by(header);
    end.files += header == SIMH_TAPE_MARK;
    s->head++;
    g_array_set_size(s->objects, (guint)s->head);
    g_array_append_val(s->objects, end);
}

/* Makes the head EOD. */
static int truncate_here(SimhMedium *s)
{
    SimhObject end = *object_at(s, s->head);
    int error = end_file(s, end.offset);

    if (error == 0) {
        end.header = SIMH_END_OF_MEDIUM;
        g_array_set_size(s->objects, (guint)s->head);
        g_array_append_val(s->objects, end);
    }
    return error;
}

/*
 * Writes the pieces, which are `count` records or marks with this header, and an end-of-medium
 * marker at the head, and ends the file there.
 */
static MediumResult append(SimhMedium *s, struct iovec *iov, int n, uint32_t header, uint64_t count)
{
    static const uint8_t marker[4] = { 0xff, 0xff, 0xff, 0xff };
    uint64_t offset = object_at(s, s->head)->offset, length = 0;
    int error, i;

    if (s->failed) {
        return MEDIUM_HOST_ERROR;
    }
    if (s->head + count > OBJECTS_MAX) {
        return host_error(s, -EFBIG, "too many records for a .tap file");
    }
    iov[n] = (struct iovec){ (void *)marker, sizeof marker };
    for (i = 0; i <= n; i++) {
        length += iov[i].iov_len;
    }
    error = host_file_writev(s->file, iov, n + 1, offset);
    s->dirty = true;
    if (error < 0) {
        s->size = MAX(s->size, offset + length); /* at most */
        truncate_here(s);
        return host_error(s, error, "cannot write");
    }
    s->size = MAX(s->size, offset + length);
    if (s->size > offset + length) {
        error = s->file->ops->truncate(s->file, offset + length);
        if (error < 0) {
            truncate_here(s);
            return host_error(s, error, "cannot truncate");
        }
        s->size = offset + length;
    }
    while (count-- > 0) {
        note_written(s, header);
    }
    return MEDIUM_OK;
}

static MediumResult simh_write(TapeMedium *m, const uint8_t *data, size_t length)
{
    SimhMedium *s = simh(m);
    uint8_t ends[4], pad = 0;
    struct iovec iov[5] = {
        { ends, 4 }, { (void *)data, length }, { &pad, length & 1 }, { ends, 4 }
    };

    put_le32(ends, (uint32_t)length);
    return protected(s) ? MEDIUM_PROTECTED : append(s, iov, 4, (uint32_t)length, 1);
}

static MediumResult simh_write_marks(TapeMedium *m, MediumMark mark, uint64_t count,
                                     uint64_t *written)
{
    SimhMedium *s = simh(m);
    static const uint8_t zeroes[MARKS_AT_ONCE * 4];
    MediumResult result = MEDIUM_OK;

    if (mark != MEDIUM_MARK_FILEMARK) {
        return MEDIUM_UNSUPPORTED;
    }
    if (protected(s)) {
        return MEDIUM_PROTECTED;
    }
    while (result == MEDIUM_OK && *written < count) {
        uint64_t part = MIN(count - *written, (uint64_t)MARKS_AT_ONCE);
        struct iovec iov[2] = { { (void *)zeroes, part * 4 } };

        result = append(s, iov, 1, SIMH_TAPE_MARK, part);
        *written += result == MEDIUM_OK ? part : 0;
    }
    return result;
}

static MediumResult simh_erase(TapeMedium *m, bool to_end_of_partition)
{
    SimhMedium *s = simh(m);
    int error;

    if (protected(s)) {
        return MEDIUM_PROTECTED;
    }
    error = s->failed ? -EIO : truncate_here(s);
    return error < 0 ? host_error(s, error, "cannot truncate") : MEDIUM_OK;
}

/* ── what the format does not have ── */

static MediumResult simh_format_partitions(TapeMedium *m, uint32_t count,
                                           const uint64_t *capacities)
{
    return protected(simh(m)) ? MEDIUM_PROTECTED : MEDIUM_UNSUPPORTED;
}

static MediumResult simh_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                       MediumAttribute *attribute)
{
    return MEDIUM_UNSUPPORTED;
}

static MediumResult simh_set_attribute(TapeMedium *m, uint32_t partition,
                                       const MediumAttribute *attribute)
{
    return MEDIUM_UNSUPPORTED;
}

static void simh_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids)
{
}

static void simh_set_compression(TapeMedium *m, bool on)
{
}

/* ── the rest ── */

static MediumResult simh_set_write_protect(TapeMedium *m, bool on)
{
    if (simh(m)->read_only && !on) {
        return MEDIUM_PROTECTED;
    }
    simh(m)->write_protected = on;
    return MEDIUM_OK;
}

static void sync_work(void *data)
{
    SimhMedium *s = data;

    s->sync_error = s->file->ops->sync(s->file);
}

static void sync_finished(void *data)
{
    SimhMedium *s = data;
    MediumResult result = MEDIUM_OK;

    if (s->sync_error < 0) {
        result = host_error(s, s->sync_error, "cannot sync, so nothing more is written");
        s->failed = true;
    } else {
        s->dirty = false;
    }
    s->sync_done(s->sync_data, result);
}

static void simh_sync(TapeMedium *m, MediumSyncDone done, void *data)
{
    SimhMedium *s = simh(m);

    if (s->failed || !s->dirty) {
        done(data, s->failed ? MEDIUM_HOST_ERROR : MEDIUM_OK);
        return;
    }
    s->sync_done = done;
    s->sync_data = data;
    executor_run(s->executor, sync_work, sync_finished, s);
}

static void simh_position(TapeMedium *m, MediumPosition *position)
{
    SimhMedium *s = simh(m);
    const SimhObject *object = object_at(s, s->head);

    *position = (MediumPosition){
        .object = s->head,
        .files = object->files,
        .bop = s->head == 0,
        .eod = s->head == end_of(s),
        .used = object->used,
        .capacity = G_MAXUINT64,
    };
}

static void simh_info(TapeMedium *m, MediumInfo *info)
{
    SimhMedium *s = simh(m);

    *info = (MediumInfo){
        .geometry = { .partitions = 1 },
        .format = simh_format.name,
        .write_protected = protected(s),
        .tab = s->write_protected,
        .damaged = s->damaged,
        .max_block = MEDIUM_BLOCK_MAX,
        .file_size = s->size,
    };
}

static void simh_partition(TapeMedium *m, uint32_t number, MediumPartition *partition)
{
    SimhMedium *s = simh(m);
    const SimhObject *end = object_at(s, end_of(s));

    *partition = (MediumPartition){
        .capacity = G_MAXUINT64,
        .used = end->used,
        .objects = end_of(s),
        .files = end->files,
        .early_warning = G_MAXUINT64,
    };
}

static const GError *simh_host_error(TapeMedium *m)
{
    return simh(m)->error;
}

static void simh_free(TapeMedium *m)
{
    SimhMedium *s = simh(m);

    host_file_free(s->file);
    g_array_unref(s->objects);
    g_clear_error(&s->error);
    g_free(s->path);
    g_free(s);
}

/* ── opening ── */

static bool is_end(uint32_t header)
{
    return header == SIMH_END_OF_MEDIUM || header == SIMH_S2P_EOD || header == SIMH_S2P_EOD_OLD;
}

/* Markers, four bytes long, that stand for nothing on tape. */
static bool is_skipped_marker(uint32_t header)
{
    return class_of(header) == CLASS_PRIVATE_MARKER ||
           (class_of(header) == CLASS_MARKER && header != SIMH_END_OF_MEDIUM);
}

/* A record of the user's data, as against private and reserved ones, which are passed over. */
static bool is_data(uint32_t header)
{
    return class_of(header) == CLASS_DATA || class_of(header) == CLASS_BAD_DATA;
}

static int read_u32(SimhMedium *s, uint64_t offset, uint32_t *value)
{
    uint8_t bytes[4];
    int error = host_file_read(s->file, bytes, sizeof bytes, offset);

    *value = get_le32(bytes);
    return error;
}

typedef enum ScanResult {
    SCAN_GOES_ON,
    SCAN_END,
    SCAN_DAMAGE,
    SCAN_TOO_MANY,
    SCAN_FAILED
} ScanResult;

/*
 * A tape whose only blocks are damaged is none, or one that lost what it held: some other file that
 * happens to begin like a tape, and that writing would destroy.
 */
static bool holds_a_block(const SimhMedium *s)
{
    guint i;

    for (i = 0; i < s->objects->len; i++) {
        if (object_at(s, i)->header != SIMH_TAPE_MARK) {
            return true;
        }
    }
    return false;
}

/* Adds what lies at `at`, the place of EOD so far, to the index and moves `at` beyond it. */
static ScanResult scan_one(SimhMedium *s, SimhObject *at, int *error)
{
    uint32_t trailer, length;

    if (at->offset + 4 > s->size) {
        return at->offset == s->size ? SCAN_END : SCAN_DAMAGE;
    }
    *error = read_u32(s, at->offset, &at->header);
    if (*error < 0) {
        return SCAN_FAILED;
    }
    if (is_end(at->header)) {
        return SCAN_END;
    }
    if (is_skipped_marker(at->header)) {
        /* a half gap is two bytes short of a marker: what follows is aligned again */
        at->offset += at->header == SIMH_HALF_GAP ? 2 : 4;
        return SCAN_GOES_ON;
    }
    length = length_of(at);
    if (at->header != SIMH_TAPE_MARK) {
        if (at->offset + record_size(length) > s->size ||
            (is_data(at->header) && length > MEDIUM_BLOCK_MAX)) {
            return SCAN_DAMAGE;
        }
        *error = read_u32(s, at->offset + record_size(length) - 4, &trailer);
        if (*error < 0) {
            return SCAN_FAILED;
        }
        if (trailer != at->header) {
            return SCAN_DAMAGE;
        }
    }
    if (at->header == SIMH_TAPE_MARK || is_data(at->header)) {
        if (s->objects->len >= OBJECTS_MAX) {
            return SCAN_TOO_MANY;
        }
        g_array_append_val(s->objects, *at);
        at->used += used_by(at->header);
        at->files += at->header == SIMH_TAPE_MARK;
    }
    at->offset += at->header == SIMH_TAPE_MARK ? 4 : record_size(length);
    return SCAN_GOES_ON;
}

static bool scan(SimhMedium *s, char **notice, GError **error)
{
    SimhObject at = { 0 };
    ScanResult result;
    int failure = 0;

    do {
        result = scan_one(s, &at, &failure);
    } while (result == SCAN_GOES_ON);
    if (result == SCAN_FAILED) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: cannot read: %s", s->path,
                    g_strerror(-failure));
        return false;
    }
    if (result == SCAN_TOO_MANY) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: more than %u records and tape marks: split it", s->path,
                    (unsigned)OBJECTS_MAX);
        return false;
    }
    s->damaged = result == SCAN_DAMAGE;
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
    at.header = SIMH_END_OF_MEDIUM;
    g_array_append_val(s->objects, at);
    return true;
}

static TapeMedium *simh_open(int fd, const char *path, bool read_only, Executor *executor,
                             char **notice, GError **error)
{
    static const MediumOps ops = {
        .read = simh_read,
        .read_reverse = simh_read_reverse,
        .write = simh_write,
        .write_marks = simh_write_marks,
        .space = simh_space,
        .locate = simh_locate,
        .erase = simh_erase,
        .format_partitions = simh_format_partitions,
        .get_attribute = simh_get_attribute,
        .set_attribute = simh_set_attribute,
        .list_attributes = simh_list_attributes,
        .set_write_protect = simh_set_write_protect,
        .set_compression = simh_set_compression,
        .sync = simh_sync,
        .position = simh_position,
        .info = simh_info,
        .partition = simh_partition,
        .host_error = simh_host_error,
        .free = simh_free,
    };
    SimhMedium *s = g_new0(SimhMedium, 1);
    int64_t size;

    s->base.ops = &ops;
    s->file = host_file_new(fd);
    s->path = g_strdup(path);
    s->executor = executor;
    s->read_only = read_only;
    s->objects = g_array_new(FALSE, FALSE, sizeof(SimhObject));
    size = s->file->ops->size(s->file);
    s->size = (uint64_t)MAX(size, 0);
    s->dirty = !read_only; /* what a killed process left in the page cache is synced with ours */
    if (!scan(s, notice, error)) {
        host_file_release(s->file); /* the descriptor stays the caller's */
        s->file = NULL;
        simh_free(&s->base);
        return NULL;
    }
    return &s->base;
}

static bool simh_create(int fd, const char *path, const MediumGeometry *geometry, GError **error)
{
    SimhMedium s = { .file = host_file_new(fd) };
    int failure;

    if (geometry->capacity || geometry->early_warning || geometry->partitions != 1 ||
        geometry->worm || geometry->density || geometry->barcode[0]) {
        host_file_release(s.file);
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "%s: a .tap file holds no capacity, partitions, WORM, density or bar code: "
                    "leave these options out, or make a .tape",
                    path);
        return false;
    }
    failure = end_file(&s, 0);
    if (failure == 0 && s.size == 0) {
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

/*
 * There is no magic. The first record decides: a length of at most 24 bits whose trailer, if we see
 * that far, agrees. Nothing else that is common begins so: a text has no zero in its fourth byte.
 */
static int simh_probe(const uint8_t *head, size_t length, uint64_t file_size)
{
    size_t at = 0;

    while (at + 4 <= length) {
        uint32_t header = get_le32(head + at);
        uint64_t trailer = at + record_size(header & SIMH_LENGTH) - 4;

        if (is_end(header)) {
            return 10;
        }
        if (header == SIMH_TAPE_MARK || header == SIMH_GAP) {
            at += 4;
            continue;
        }
        if (!is_data(header) || (header & SIMH_LENGTH) > MEDIUM_BLOCK_MAX ||
            trailer + 4 > file_size) {
            return 0;
        }
        return trailer + 4 > length ? 5 : get_le32(head + trailer) == header ? 10 : 0;
    }
    /* nothing but tape marks; more of them than we see here are some other file's zeroes */
    return length >= 4 && length == file_size ? 1 : 0;
}

const MediumFormat simh_format = {
    .name = "simh",
    .suffixes = ".tap",
    .about = "SIMH magnetic tape image, as SIMH, SCSI2Pi and ZuluSCSI read it",
    .empty_is_blank = true,
    .probe = simh_probe,
    .open = simh_open,
    .create = simh_create,
};
