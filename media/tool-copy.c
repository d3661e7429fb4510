/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool.h"

#include "emu/base/error.h"
#include "emu/base/json-build.h"
#include "emu/base/units.h"
#include "media/mtf-walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ── progress: a bar on a terminal, nothing in a pipe ── */

typedef struct Progress {
    const char *what;
    uint64_t total, done;
    int percent;
    bool shown;
} Progress;

static void progress_begin(Progress *progress, TapeMedium *m, const char *what)
{
    MediumInfo info;
    uint32_t i;

    *progress = (Progress){ .what = what, .percent = -1, .shown = isatty(STDERR_FILENO) };
    medium_info(m, &info);
    for (i = 0; i < info.geometry.partitions; i++) {
        MediumPartition partition;

        medium_partition(m, i, &partition);
        progress->total += partition.used;
    }
}

static void progress_add(Progress *progress, uint64_t bytes)
{
    static const char bar[] = "########################################";
    g_autofree char *size = NULL;
    int percent, filled;

    progress->done += bytes;
    if (!progress->shown || progress->total == 0) {
        return;
    }
    percent = (int)MIN((double)progress->done * 100 / (double)progress->total, 100);
    if (percent == progress->percent) {
        return;
    }
    progress->percent = percent;
    filled = percent * (int)strlen(bar) / 100;
    size = units_format_size(progress->done);
    fprintf(stderr, "\r%s [%.*s%*s] %3d%% %s   ", progress->what, filled, bar,
            (int)strlen(bar) - filled, "", percent, size);
}

static void progress_end(Progress *progress)
{
    if (progress->percent >= 0) {
        fputc('\n', stderr);
    }
}

/* ── errors ── */

static bool host_error(TapeMedium *m, const char *path, GError **error)
{
    const GError *why = medium_host_error(m);

    if (why) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", why->message);
    } else {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot be read or written",
                    path);
    }
    return false;
}

static void note_sync(void *data, MediumResult result)
{
    *(MediumResult *)data = result;
}

/* The executor is the inline one: the result is there on return. */
static bool sync_medium(TapeMedium *m, const char *path, GError **error)
{
    MediumResult result = MEDIUM_HOST_ERROR;

    medium_sync(m, note_sync, &result);
    return result == MEDIUM_OK || host_error(m, path, error);
}

/* ── copying ── */

typedef struct Copy {
    TapeMedium *from, *to;
    const char *from_path, *to_path;
    uint8_t *buffer;
    Progress progress;
    bool salvage;           /* go on beyond what is damaged */
    uint64_t objects, lost; /* seen; left out */
} Copy;

/* What writing gave: fine, or why the copy ends here. */
static bool written(Copy *copy, MediumResult result, GError **error)
{
    MediumPosition position;

    medium_position(copy->from, &position);
    if (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING) {
        return true;
    }
    if (result == MEDIUM_HOST_ERROR) {
        return host_error(copy->to, copy->to_path, error);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                result == MEDIUM_END_OF_PARTITION
                    ? "%s: full before object %" G_GUINT64_FORMAT " of %s"
                    : "%s: this format cannot hold object %" G_GUINT64_FORMAT " of %s",
                copy->to_path, position.object - 1, copy->from_path);
    return false;
}

/* The object before the head cannot be read. */
static void leave_out(Copy *copy)
{
    MediumPosition position;

    medium_position(copy->from, &position);
    copy->lost++;
    printf("%s: partition %u, object %" G_GUINT64_FORMAT " (file %" G_GUINT64_FORMAT
           "): damaged, left out\n",
           copy->from_path, position.partition, position.object - 1, position.files);
}

static bool copy_partition(Copy *copy, GError **error)
{
    while (true) {
        MediumResult result;
        MediumPosition position;
        uint64_t n;
        size_t length;

        result = medium_read(copy->from, copy->buffer, MEDIUM_BLOCK_MAX, &length);
        copy->objects += result != MEDIUM_EOD && result != MEDIUM_HOST_ERROR;
        if (result == MEDIUM_OK) {
            progress_add(&copy->progress, length);
            result = medium_write(copy->to, copy->buffer, length);
        } else if (result == MEDIUM_FILEMARK || result == MEDIUM_SETMARK) {
            MediumMark mark =
                result == MEDIUM_FILEMARK ? MEDIUM_MARK_FILEMARK : MEDIUM_MARK_SETMARK;

            result = medium_write_marks(copy->to, mark, 1, &n);
        } else if (result == MEDIUM_EOD) {
            return true;
        } else if (result == MEDIUM_HOST_ERROR) {
            return host_error(copy->from, copy->from_path, error);
        } else if (copy->salvage) {
            leave_out(copy);
            continue;
        } else {
            medium_position(copy->from, &position);
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "%s: object %" G_GUINT64_FORMAT " of partition %u is damaged",
                        copy->from_path, position.object - 1, position.partition);
            return false;
        }
        if (!written(copy, result, error)) {
            return false;
        }
    }
}

static bool copy_attributes(Copy *copy, uint32_t partition, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    MediumInfo info;
    guint i;

    medium_info(copy->to, &info);
    if (!info.attributes) {
        return true;
    }
    medium_list_attributes(copy->from, partition, ids);
    for (i = 0; i < ids->len; i++) {
        MediumAttribute attribute;
        MediumResult result;

        if (medium_get_attribute(copy->from, partition, g_array_index(ids, uint16_t, i),
                                 &attribute) != MEDIUM_OK) {
            continue;
        }
        result = medium_set_attribute(copy->to, partition, &attribute);
        g_bytes_unref(attribute.value);
        if (result != MEDIUM_OK) {
            return host_error(copy->to, copy->to_path, error);
        }
    }
    return true;
}

static bool copy_all(Copy *copy, GError **error)
{
    MediumInfo info;
    uint32_t i;

    medium_info(copy->from, &info);
    for (i = 0; i < info.geometry.partitions; i++) {
        if (medium_locate(copy->from, i, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            return host_error(copy->from, copy->from_path, error);
        }
        if (medium_locate(copy->to, i, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            return host_error(copy->to, copy->to_path, error);
        }
        if (!copy_attributes(copy, i, error) || !copy_partition(copy, error)) {
            return false;
        }
    }
    return sync_medium(copy->to, copy->to_path, error);
}

bool tool_copy(TapeMedium *from, const char *from_path, TapeMedium *to, const char *to_path,
               uint64_t *lost, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    Copy copy = { from, to, from_path, to_path, buffer, { 0 }, .salvage = lost != NULL };
    bool good;

    progress_begin(&copy.progress, from, "copying");
    medium_set_compression(to, true); /* if it was made for that */
    good = copy_all(&copy, error);
    progress_end(&copy.progress);
    if (good && lost) {
        *lost = copy.lost;
        printf("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
               " blocks and marks of %s salvaged\n",
               to_path, copy.objects - copy.lost, copy.objects, from_path);
    }
    return good;
}

/* ── checking ── */

typedef struct Check {
    TapeMedium *m;
    const char *path;
    uint8_t *buffer;
    MtfReader *mtf;    /* NULL: not asked for */
    JsonBuilder *json; /* NULL: in words */
    Progress progress;
    uint64_t objects, damaged;
} Check;

static void report_damage(Check *check, const MediumPosition *at)
{
    check->damaged++;
    if (!check->json) {
        printf("%s: partition %u, object %" G_GUINT64_FORMAT " (file %" G_GUINT64_FORMAT
               "): damaged\n",
               check->path, at->partition, at->object, at->files);
        return;
    }
    json_builder_begin_object(check->json);
    json_add_count(check->json, "partition", at->partition);
    json_add_count(check->json, "object", at->object);
    json_add_count(check->json, "file", at->files);
    json_builder_end_object(check->json);
}

/* Reads a partition to its end; counts and prints what is damaged. */
static bool check_partition(Check *check, uint32_t partition, GError **error)
{
    while (true) {
        MediumPosition position;
        MediumResult result;
        size_t length;

        medium_position(check->m, &position);
        result = medium_read(check->m, check->buffer, MEDIUM_BLOCK_MAX, &length);
        progress_add(&check->progress, length);
        if (check->mtf && partition == 0) {
            mtf_walk_push(check->mtf,
                          &(MtfPlace){ .partition = partition,
                                       .object = position.object,
                                       .file = position.files },
                          result, check->buffer, length);
        }
        if (result == MEDIUM_EOD) {
            return true;
        }
        if (result == MEDIUM_HOST_ERROR) {
            return host_error(check->m, check->path, error);
        }
        if (result == MEDIUM_READ_ERROR || result == MEDIUM_CORRUPT) {
            report_damage(check, &position);
        }
    }
}

static bool check_partitions(Check *check, GError **error)
{
    MediumInfo info;
    uint32_t i;

    medium_info(check->m, &info);
    for (i = 0; i < info.geometry.partitions; i++) {
        MediumPartition partition;

        medium_partition(check->m, i, &partition);
        check->objects += partition.objects;
        if (medium_locate(check->m, i, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            return host_error(check->m, check->path, error);
        }
        if (!check_partition(check, i, error)) {
            return false;
        }
    }
    return true;
}

static void print_check(Check *check)
{
    g_autofree char *size = units_format_size(check->progress.done);
    MediumInfo info;

    medium_info(check->m, &info);
    if (check->json) {
        json_builder_end_array(check->json);
        json_add_count(check->json, "objects", check->objects);
        json_add_count(check->json, "bytes", check->progress.done);
        json_add_bool(check->json, "file_damaged", info.damaged);
        json_add_bool(check->json, "good", check->damaged == 0 && !info.damaged);
        json_builder_end_object(check->json);
        tool_print_json(check->json);
    } else if (check->damaged == 0) {
        printf("%s: good: %" G_GUINT64_FORMAT " blocks and marks, %s\n", check->path,
               check->objects, size);
    }
}

bool tool_check(TapeMedium *m, const char *path, bool mtf, bool json, GError **error)
{
    g_autoptr(MtfReader) reader = mtf ? mtf_reader_new(&(MtfReaderOps){ 0 }, NULL) : NULL;
    g_autoptr(JsonBuilder) builder = json ? json_builder_new() : NULL;
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    Check check = { .m = m, .path = path, .buffer = buffer, .mtf = reader, .json = builder };
    bool read;

    if (json) {
        json_builder_begin_object(builder);
        json_add_text(builder, "path", path);
        json_builder_set_member_name(builder, "damaged");
        json_builder_begin_array(builder);
    }
    progress_begin(&check.progress, m, "checking");
    read = check_partitions(&check, error);
    progress_end(&check.progress);
    if (!read) {
        return false;
    }
    print_check(&check);
    if (check.damaged > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                    " blocks and marks are damaged",
                    path, check.damaged, check.objects);
        return false;
    }
    return !reader || tool_mtf_verdict(path, reader, error);
}

/* ── one file ── */

static bool write_out(const uint8_t *data, size_t length, GError **error)
{
    while (length > 0) {
        ssize_t n = write(STDOUT_FILENO, data, length);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "standard output: %s",
                        g_strerror(errno));
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

static bool no_such_file(const char *path, uint64_t number, GError **error)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "%s: there is no file %" G_GUINT64_FORMAT ": see `usbtape media ls`", path, number);
    return false;
}

bool tool_cat(TapeMedium *m, const char *path, uint32_t partition, uint64_t number, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    MediumResult result = medium_locate(m, partition, MEDIUM_LOCATE_FILE, number);
    MediumPosition position;

    if (result == MEDIUM_INVALID) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "%s: there is no partition %u", path,
                    partition);
        return false;
    }
    medium_position(m, &position);
    if (result == MEDIUM_EOD || (result == MEDIUM_OK && position.eod)) {
        return no_such_file(path, number, error);
    }
    while (result != MEDIUM_HOST_ERROR) {
        size_t length;

        medium_position(m, &position);
        result = medium_read(m, buffer, MEDIUM_BLOCK_MAX, &length);
        if (result == MEDIUM_OK && !write_out(buffer, length, error)) {
            return false;
        }
        if (result == MEDIUM_FILEMARK || result == MEDIUM_EOD) {
            return true;
        }
        if (result == MEDIUM_READ_ERROR || result == MEDIUM_CORRUPT) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "%s: object %" G_GUINT64_FORMAT " of partition %u is damaged", path,
                        position.object, partition);
            return false;
        }
    }
    return host_error(m, path, error);
}
