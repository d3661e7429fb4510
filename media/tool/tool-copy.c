/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool/tool.h"

#include "emu/base/error.h"
#include "emu/base/text.h"
#include "emu/base/units.h"
#include "media/mtf/mtf-walk.h"

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

static bool copy_host_error(TapeMedium *m, const char *path, GError **error)
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

static void copy_note_sync(void *data, MediumResult result)
{
    *(MediumResult *)data = result;
}

/* The executor is the inline one, so the result is there on return. */
static bool copy_sync(TapeMedium *m, const char *path, GError **error)
{
    MediumResult result = MEDIUM_HOST_ERROR;

    medium_sync(m, copy_note_sync, &result);
    return result == MEDIUM_OK || copy_host_error(m, path, error);
}

/* ── damaged objects, those in a row in one line ── */

typedef struct Damage {
    char *path;            /* as a terminal may show it */
    const char *what;      /* became of them: "damaged" */
    MediumPosition first;  /* of the row that is not printed yet */
    uint64_t row, objects; /* in that row, and in all */
    JsonStream *json;      /* NULL for text output */
} Damage;

static void damage_clear(Damage *damage)
{
    g_free(damage->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Damage, damage_clear)

static void damage_flush(Damage *damage)
{
    if (damage->row == 1) {
        printf("%s: partition %u, object %" G_GUINT64_FORMAT " (file %" G_GUINT64_FORMAT "): %s\n",
               damage->path, damage->first.partition, damage->first.object, damage->first.files,
               damage->what);
    } else if (damage->row > 1) {
        printf("%s: partition %u, objects %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
               " (file %" G_GUINT64_FORMAT " and on): %s\n",
               damage->path, damage->first.partition, damage->first.object,
               damage->first.object + damage->row - 1, damage->first.files, damage->what);
    }
    damage->row = 0;
}

/* Adds `n` damaged objects from that place on. */
static void damage_add(Damage *damage, const MediumPosition *at, uint64_t n)
{
    damage->objects += n;
    if (damage->json) {
        json_stream_row(damage->json, NULL);
        json_stream_count(damage->json, "partition", at->partition);
        json_stream_count(damage->json, "object", at->object);
        json_stream_count(damage->json, "file", at->files);
        if (n > 1) {
            json_stream_count(damage->json, "last", at->object + n - 1);
        }
        json_stream_end(damage->json);
        return;
    }
    if (damage->row > 0 && (at->partition != damage->first.partition ||
                            at->object != damage->first.object + damage->row)) {
        damage_flush(damage);
    }
    if (damage->row == 0) {
        damage->first = *at;
    }
    damage->row += n;
}

static bool copy_is_damage(MediumResult result)
{
    return result == MEDIUM_READ_ERROR || result == MEDIUM_CORRUPT;
}

/* ── copying ── */

typedef struct Copy {
    TapeMedium *from, *to;
    const char *from_path, *to_path;
    uint8_t *buffer;
    Progress progress;
    Damage damage;
    uint64_t objects; /* seen */
} Copy;

/* The result of a write, or the reason why the copy ends here. */
static bool copy_written(Copy *copy, MediumResult result, GError **error)
{
    MediumPosition position;

    medium_position(copy->from, &position);
    if (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING) {
        return true;
    }
    if (result == MEDIUM_HOST_ERROR) {
        return copy_host_error(copy->to, copy->to_path, error);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                result == MEDIUM_END_OF_PARTITION
                    ? "%s: full before object %" G_GUINT64_FORMAT " of %s"
                    : "%s: this format cannot hold object %" G_GUINT64_FORMAT " of %s",
                copy->to_path, position.object - 1, copy->from_path);
    return false;
}

static bool copy_partition(Copy *copy, GError **error)
{
    while (true) {
        MediumPosition position;
        MediumResult result;
        uint64_t n;
        size_t length;

        medium_position(copy->from, &position);
        result = medium_read(copy->from, copy->buffer, MEDIUM_BLOCK_MAX, &length);
        copy->objects += result != MEDIUM_EOD && result != MEDIUM_HOST_ERROR;
        if (result == MEDIUM_EOD) {
            return true;
        }
        if (result == MEDIUM_HOST_ERROR) {
            return copy_host_error(copy->from, copy->from_path, error);
        }
        if (copy_is_damage(result)) {
            n = medium_skip_lost(copy->from);
            copy->objects += n;
            damage_add(&copy->damage, &position, 1 + n);
            continue;
        }
        if (result == MEDIUM_OK) {
            progress_add(&copy->progress, length);
            result = medium_write(copy->to, copy->buffer, length);
        } else {
            MediumMark mark =
                result == MEDIUM_FILEMARK ? MEDIUM_MARK_FILEMARK : MEDIUM_MARK_SETMARK;

            result = medium_write_marks(copy->to, mark, 1, &n);
        }
        if (!copy_written(copy, result, error)) {
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
            return copy_host_error(copy->to, copy->to_path, error);
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
            return copy_host_error(copy->from, copy->from_path, error);
        }
        if (medium_locate(copy->to, i, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            return copy_host_error(copy->to, copy->to_path, error);
        }
        if (!copy_attributes(copy, i, error) || !copy_partition(copy, error)) {
            return false;
        }
    }
    return copy_sync(copy->to, copy->to_path, error);
}

bool tool_copy(TapeMedium *from, const char *from_path, TapeMedium *to, const char *to_path,
               CopyTotals *totals, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    Copy copy = { from, to, from_path, to_path, buffer, { 0 }, { 0 }, 0 };
    bool good;

    copy.damage = (Damage){ .path = text_line(from_path), .what = "damaged, left out" };
    progress_begin(&copy.progress, from, "copying");
    medium_set_compression(to, true); /* if it was made for that */
    good = copy_all(&copy, error);
    progress_end(&copy.progress);
    damage_flush(&copy.damage);
    *totals = (CopyTotals){ .objects = copy.objects, .lost = copy.damage.objects };
    damage_clear(&copy.damage);
    return good;
}

/* ── checking ── */

typedef struct Check {
    TapeMedium *m;
    const char *path;
    uint8_t *buffer;
    MtfReader *mtf; /* NULL without --mtf */
    JsonStream json;
    Progress progress;
    Damage damage;
    uint64_t objects;
} Check;

/* Reads a partition to its end. Counts and prints the damaged objects. */
static bool copy_check_partition(Check *check, uint32_t partition, GError **error)
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
            return copy_host_error(check->m, check->path, error);
        }
        if (copy_is_damage(result)) {
            damage_add(&check->damage, &position, 1 + medium_skip_lost(check->m));
        }
    }
}

static bool copy_check_partitions(Check *check, GError **error)
{
    MediumInfo info;
    uint32_t i;

    medium_info(check->m, &info);
    for (i = 0; i < info.geometry.partitions; i++) {
        MediumPartition partition;

        medium_partition(check->m, i, &partition);
        check->objects += partition.objects;
        if (medium_locate(check->m, i, MEDIUM_LOCATE_OBJECT, 0) != MEDIUM_OK) {
            return copy_host_error(check->m, check->path, error);
        }
        if (!copy_check_partition(check, i, error)) {
            return false;
        }
    }
    return true;
}

static void copy_print_check(Check *check, const MediumInfo *info)
{
    g_autofree char *size = units_format_size(check->progress.done);
    bool good = check->damage.objects == 0 && !info->damaged;

    if (check->damage.json) {
        json_stream_end(&check->json);
        json_stream_count(&check->json, "objects", check->objects);
        json_stream_count(&check->json, "bytes", check->progress.done);
        json_stream_bool(&check->json, "file_damaged", info->damaged);
        json_stream_bool(&check->json, "good", good);
        json_stream_end(&check->json);
    } else if (good) {
        printf("%s: good: %" G_GUINT64_FORMAT " blocks and marks, %s\n", check->damage.path,
               check->objects, size);
    }
}

/* The result of a check of the whole medium. */
static bool copy_check_verdict(Check *check, GError **error)
{
    MediumInfo info;

    medium_info(check->m, &info);
    copy_print_check(check, &info);
    if (check->damage.objects > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                    " blocks and marks are damaged",
                    check->path, check->damage.objects, check->objects);
        return false;
    }
    if (info.damaged) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: the file is damaged; the %" G_GUINT64_FORMAT
                    " blocks and marks that were found are whole, and may not be all",
                    check->path, check->objects);
        return false;
    }
    return !check->mtf || tool_mtf_verdict(check->path, check->mtf, error);
}

bool tool_check(TapeMedium *m, const char *path, bool mtf, bool json, GError **error)
{
    g_autoptr(MtfReader) reader = mtf ? mtf_reader_new(&(MtfReaderOps){ 0 }, NULL) : NULL;
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    Check check = { .m = m, .path = path, .buffer = buffer, .mtf = reader };
    bool good;

    check.json = json_stream(stdout);
    check.damage =
        (Damage){ .path = text_line(path), .what = "damaged", .json = json ? &check.json : NULL };
    if (json) {
        json_stream_object(&check.json, NULL);
        json_stream_text(&check.json, "path", path);
        json_stream_array(&check.json, "damaged");
    }
    progress_begin(&check.progress, m, "checking");
    good = copy_check_partitions(&check, error);
    progress_end(&check.progress);
    damage_flush(&check.damage);
    if (good) {
        good = copy_check_verdict(&check, error);
    } else if (json) {
        json_stream_end_to(&check.json, 1);
        json_stream_bool(&check.json, "incomplete", true);
        json_stream_end(&check.json);
    }
    damage_clear(&check.damage);
    return good;
}

/* ── one file ── */

static bool copy_write_out(const uint8_t *data, size_t length, GError **error)
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

typedef struct Cat {
    TapeMedium *m;
    const char *path;
    uint32_t partition;
    uint64_t number;
    uint64_t damaged;      /* objects before the file */
    uint64_t first_damage; /* the first of them */
} Cat;

static bool copy_no_such_file(const Cat *cat, GError **error)
{
    if (cat->damaged > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: there is no file %" G_GUINT64_FORMAT " any more: %" G_GUINT64_FORMAT
                    " objects of partition %u are damaged, the first of them object "
                    "%" G_GUINT64_FORMAT,
                    cat->path, cat->number, cat->damaged, cat->partition, cat->first_damage);
        return false;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "%s: there is no file %" G_GUINT64_FORMAT ": see `usbtape media ls`", cat->path,
                cat->number);
    return false;
}

/* Visits each object on the way without its bytes. A search would not see damage on the way. */
static bool copy_locate_file(Cat *cat, GError **error)
{
    MediumResult result = medium_locate(cat->m, cat->partition, MEDIUM_LOCATE_OBJECT, 0);
    MediumPosition position;

    if (result == MEDIUM_INVALID) {
        return usbtape_input_error(error, "%s: there is no partition %u", cat->path,
                                   cat->partition);
    }
    if (result != MEDIUM_OK) {
        return copy_host_error(cat->m, cat->path, error);
    }
    for (medium_position(cat->m, &position); position.files < cat->number;
         medium_position(cat->m, &position)) {
        size_t length;

        result = medium_read(cat->m, NULL, 0, &length);
        if (result == MEDIUM_HOST_ERROR) {
            return copy_host_error(cat->m, cat->path, error);
        }
        if (copy_is_damage(result)) {
            cat->first_damage = cat->damaged == 0 ? position.object : cat->first_damage;
            cat->damaged += 1 + medium_skip_lost(cat->m);
        }
        if (result == MEDIUM_EOD) {
            break;
        }
    }
    return position.files == cat->number && !position.eod ? true : copy_no_such_file(cat, error);
}

/* Up to the file's end, or to the first object that is damaged. */
static bool copy_write_file(const Cat *cat, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    uint64_t bytes = 0;

    while (true) {
        MediumPosition position;
        MediumResult result;
        size_t length;

        medium_position(cat->m, &position);
        result = medium_read(cat->m, buffer, MEDIUM_BLOCK_MAX, &length);
        if (result == MEDIUM_FILEMARK || result == MEDIUM_EOD) {
            return true;
        }
        if (result == MEDIUM_HOST_ERROR) {
            return copy_host_error(cat->m, cat->path, error);
        }
        if (copy_is_damage(result)) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "%s: object %" G_GUINT64_FORMAT " of partition %u is damaged: file "
                        "%" G_GUINT64_FORMAT " was written up to there, %" G_GUINT64_FORMAT
                        " bytes",
                        cat->path, position.object, cat->partition, cat->number, bytes);
            return false;
        }
        if (result == MEDIUM_OK && !copy_write_out(buffer, length, error)) {
            return false;
        }
        bytes += length;
    }
}

bool tool_cat(TapeMedium *m, const char *path, uint32_t partition, uint64_t number, GError **error)
{
    Cat cat = { .m = m, .path = path, .partition = partition, .number = number };
    MediumInfo info;

    if (!copy_locate_file(&cat, error) || !copy_write_file(&cat, error)) {
        return false;
    }
    medium_info(m, &info);
    if (cat.damaged > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: file %" G_GUINT64_FORMAT " was written, but before it %" G_GUINT64_FORMAT
                    " objects of partition %u are damaged, the first of them object "
                    "%" G_GUINT64_FORMAT,
                    path, number, cat.damaged, partition, cat.first_damage);
    } else if (info.damaged && !info.damage_read) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: file %" G_GUINT64_FORMAT " was written, but the file is damaged, so that "
                    "this may not be all of it",
                    path, number);
    }
    return cat.damaged == 0 && !(info.damaged && !info.damage_read);
}
