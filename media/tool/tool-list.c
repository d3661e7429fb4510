/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool/recognize.h"
#include "media/tool/tool.h"

#include "emu/base/error.h"
#include "emu/base/text.h"
#include "emu/base/units.h"

#include <stdio.h>

enum {
    RUNS_MAX = 4,     /* runs of equal blocks that a line of text lists */
    EMPTY_LINES = 16, /* more empty files than that in a row share a line of text */
};

/* What lies between two filemarks, BOP or EOD. */
typedef struct TapeFile {
    uint64_t first; /* object number */
    uint64_t blocks, bytes, setmarks, damaged;
    size_t shortest, longest;
    struct {
        size_t length;
        uint64_t count;
    } runs[RUNS_MAX];
    int n_runs;        /* RUNS_MAX + 1 if there were more */
    const char *holds; /* format of its first block, or NULL if unknown */
} TapeFile;

static void file_add_block(TapeFile *file, size_t length)
{
    int last = file->n_runs - 1;

    file->shortest = file->blocks == 0 ? length : MIN(file->shortest, length);
    file->longest = MAX(file->longest, length);
    file->blocks++;
    file->bytes += length;
    if (last >= 0 && last < RUNS_MAX && file->runs[last].length == length) {
        file->runs[last].count++;
    } else if (file->n_runs < RUNS_MAX) {
        file->runs[file->n_runs].length = length;
        file->runs[file->n_runs++].count = 1;
    } else {
        file->n_runs = RUNS_MAX + 1;
    }
}

/* "3210 × 64 KiB, 1 × 12 KiB" */
static char *list_describe_blocks(const TapeFile *file)
{
    GString *text = g_string_new(NULL);
    int i;

    if (file->blocks == 0) {
        g_string_append(text, "empty");
    } else if (file->n_runs > RUNS_MAX) {
        g_autofree char *shortest = units_format_size(file->shortest);
        g_autofree char *longest = units_format_size(file->longest);

        g_string_append_printf(text, "%" G_GUINT64_FORMAT " blocks of %s to %s", file->blocks,
                               shortest, longest);
    }
    for (i = 0; i < file->n_runs && file->n_runs <= RUNS_MAX; i++) {
        g_autofree char *size = units_format_size(file->runs[i].length);

        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " × %s", i > 0 ? ", " : "",
                               file->runs[i].count, size);
    }
    if (file->setmarks > 0) {
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " setmarks", file->setmarks);
    }
    if (file->damaged > 0) {
        g_string_append_printf(text, ", %" G_GUINT64_FORMAT " DAMAGED", file->damaged);
    }
    return g_string_free(text, FALSE);
}

/* Reads up to the next filemark or EOD, which `*result` names. False on a host error. */
static bool list_next_file(TapeMedium *m, TapeFile *file, MediumResult *result, GError **error)
{
    uint8_t head[RECOGNIZE_LENGTH];
    MediumPosition position;
    size_t length;

    medium_position(m, &position);
    *file = (TapeFile){ .first = position.object };
    while (true) {
        bool first = file->blocks == 0;

        *result = medium_read(m, first ? head : NULL, first ? sizeof head : 0, &length);
        if (*result == MEDIUM_FILEMARK || *result == MEDIUM_EOD) {
            return true;
        }
        if (*result == MEDIUM_HOST_ERROR) {
            const GError *why = medium_host_error(m);

            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s",
                        why ? why->message : "cannot read");
            return false;
        }
        if (*result == MEDIUM_OK) {
            if (first) {
                file->holds = medium_recognize(head, MIN(length, sizeof head));
            }
            file_add_block(file, length);
        } else if (*result == MEDIUM_SETMARK) {
            file->setmarks++;
        } else {
            file->damaged += 1 + medium_skip_lost(m);
        }
    }
}

/* ── as text ── */

static char *list_describe_size(uint64_t bytes)
{
    return bytes == G_MAXUINT64 || bytes == 0 ? g_strdup("unlimited") : units_format_size(bytes);
}

static void list_print_summary(TapeMedium *m, const char *path)
{
    g_autofree char *capacity = NULL, *shown = text_line(path);
    MediumInfo info;

    medium_info(m, &info);
    if (info.geometry.cleanings > 0) { /* no data, so none of the rest */
        printf("%s: %s cleaning cartridge, %u of %u cleanings left%s", shown, info.format,
               medium_cleanings_left(m), info.geometry.cleanings,
               info.tab ? ", write-protected" : "");
    } else {
        capacity = list_describe_size(info.geometry.capacity);
        printf("%s: %s cartridge, capacity %s, %u partition%s%s%s%s", shown, info.format, capacity,
               info.geometry.partitions, info.geometry.partitions == 1 ? "" : "s",
               info.geometry.worm ? ", WORM" : "", info.geometry.compression ? ", compression" : "",
               info.tab ? ", write-protected" : "");
    }
    if (info.geometry.density) {
        printf(", density %02Xh", info.geometry.density);
    }
    if (info.geometry.barcode[0]) {
        g_autofree char *barcode = text_line(info.geometry.barcode);

        printf(", bar code %s", barcode);
    }
    if (info.damaged) {
        fputs(", DAMAGED", stdout);
    }
    if (info.usage.loads > 0) {
        g_autofree char *written = units_format_size(info.usage.written);
        g_autofree char *read = units_format_size(info.usage.read);

        printf(", loaded %" G_GUINT64_FORMAT " time%s, %s written and %s read in its life",
               info.usage.loads, info.usage.loads == 1 ? "" : "s", written, read);
    }
    putchar('\n');
}

static bool list_is_for_cleaning(TapeMedium *m)
{
    MediumInfo info;

    medium_info(m, &info);
    return info.geometry.cleanings > 0;
}

static void list_print_partition(TapeMedium *m, uint32_t number)
{
    g_autofree char *used = NULL, *capacity = NULL, *warning = NULL;
    MediumPartition partition;

    if (list_is_for_cleaning(m)) {
        puts("no data: the tape cleans");
        return;
    }
    medium_partition(m, number, &partition);
    used = units_format_size(partition.used);
    capacity = list_describe_size(partition.capacity);
    printf("partition %u: %s of %s used, %" G_GUINT64_FORMAT " blocks and marks, %" G_GUINT64_FORMAT
           " filemarks",
           number, used, capacity, partition.objects, partition.files);
    if (partition.early_warning != G_MAXUINT64) {
        warning = units_format_size(partition.early_warning);
        printf(", early warning at %s", warning);
    }
    putchar('\n');
}

static void list_print_file(uint64_t number, const TapeFile *file, bool marked)
{
    g_autofree char *blocks = list_describe_blocks(file);
    g_autofree char *bytes = units_format_size(file->bytes);

    printf("  file %-5" G_GUINT64_FORMAT " at %-8" G_GUINT64_FORMAT " %10s  %s%s%s%s\n", number,
           file->first, bytes, blocks, marked ? ", filemark" : "", file->holds ? ": " : "",
           file->holds ? file->holds : "");
}

static bool list_is_empty(const TapeFile *file)
{
    return file->blocks + file->setmarks + file->damaged == 0;
}

/* Prints consecutive empty files, one line each or one line for many. */
static void list_print_empty(uint64_t number, uint64_t first, uint64_t count)
{
    uint64_t i;

    if (count > EMPTY_LINES) {
        printf("  files %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT
               " and on: %" G_GUINT64_FORMAT " empty files, each a filemark\n",
               number, number + count - 1, first, count);
        return;
    }
    for (i = 0; i < count; i++) {
        list_print_file(number + i, &(TapeFile){ .first = first + i }, true);
    }
}

static bool list_partition_text(TapeMedium *m, uint32_t number, uint64_t *damaged, GError **error)
{
    uint64_t files = 0, empty = 0; /* printed files, and empty files not printed yet */
    MediumPosition position;
    MediumResult result;

    list_print_partition(m, number);
    do {
        TapeFile file;

        if (!list_next_file(m, &file, &result, error)) {
            return false;
        }
        *damaged += file.damaged;
        if (list_is_empty(&file) && result == MEDIUM_FILEMARK) {
            empty++;
            continue;
        }
        list_print_empty(files, file.first - empty, empty);
        files += empty;
        empty = 0;
        if (!list_is_empty(&file)) {
            list_print_file(files++, &file, result == MEDIUM_FILEMARK);
        }
    } while (result == MEDIUM_FILEMARK && !ferror(stdout));
    medium_position(m, &position);
    printf("  EOD at %" G_GUINT64_FORMAT "\n", position.object);
    return tool_mtf_list(m, number, NULL, error);
}

/* ── as JSON ── */

/* Unlimited is null. */
static void json_limit(JsonStream *b, const char *name, uint64_t value)
{
    if (value == G_MAXUINT64) {
        json_stream_null(b, name);
    } else {
        json_stream_count(b, name, value);
    }
}

static void json_begin_cartridge(JsonStream *b, TapeMedium *m, const char *path)
{
    MediumInfo info;

    medium_info(m, &info);
    json_stream_object(b, NULL);
    json_stream_text(b, "path", path);
    json_stream_text(b, "format", info.format);
    json_limit(b, "capacity",
               info.geometry.capacity || list_is_for_cleaning(m) ? info.geometry.capacity
                                                                 : G_MAXUINT64);
    json_stream_count(b, "early_warning", info.geometry.early_warning);
    json_stream_count(b, "density", info.geometry.density);
    json_stream_bool(b, "worm", info.geometry.worm);
    json_stream_count(b, "cleanings", info.geometry.cleanings);
    json_stream_count(b, "cleanings_left", medium_cleanings_left(m));
    json_stream_bool(b, "compression", info.geometry.compression);
    json_stream_bool(b, "write_protected", info.tab);
    json_stream_text(b, "barcode", info.geometry.barcode);
    json_stream_count(b, "loads", info.usage.loads);
    json_stream_count(b, "bytes_written", info.usage.written);
    json_stream_count(b, "bytes_read", info.usage.read);
    json_stream_count(b, "file_size", info.file_size);
    json_stream_bool(b, "file_damaged", info.damaged);
    json_stream_array(b, "partitions");
}

static void json_begin_partition(JsonStream *b, TapeMedium *m, uint32_t number)
{
    MediumPartition partition;

    medium_partition(m, number, &partition);
    json_stream_object(b, NULL);
    json_stream_count(b, "partition", number);
    json_limit(b, "capacity", list_is_for_cleaning(m) ? 0 : partition.capacity);
    json_stream_count(b, "used", partition.used);
    json_stream_count(b, "objects", partition.objects);
    json_stream_count(b, "filemarks", partition.files);
    json_limit(b, "early_warning", partition.early_warning);
}

static void json_add_file(JsonStream *b, uint64_t number, const TapeFile *file, bool marked)
{
    int i;

    json_stream_row(b, NULL);
    json_stream_count(b, "file", number);
    json_stream_count(b, "first_object", file->first);
    json_stream_count(b, "blocks", file->blocks);
    json_stream_count(b, "bytes", file->bytes);
    json_stream_count(b, "shortest_block", file->shortest);
    json_stream_count(b, "longest_block", file->longest);
    json_stream_count(b, "setmarks", file->setmarks);
    json_stream_count(b, "damaged", file->damaged);
    json_stream_bool(b, "filemark", marked);
    if (file->holds) {
        json_stream_text(b, "holds", file->holds);
    }
    json_stream_array(b, "runs");
    for (i = 0; i < file->n_runs && file->n_runs <= RUNS_MAX; i++) {
        json_stream_object(b, NULL);
        json_stream_count(b, "length", file->runs[i].length);
        json_stream_count(b, "count", file->runs[i].count);
        json_stream_end(b);
    }
    json_stream_end(b);
    json_stream_end(b);
}

static bool list_partition_json(TapeMedium *m, uint32_t number, JsonStream *b, uint64_t *damaged,
                                GError **error)
{
    MediumResult result;
    uint64_t files = 0;

    json_begin_partition(b, m, number);
    json_stream_array(b, "files");
    do {
        TapeFile file;

        if (!list_next_file(m, &file, &result, error)) {
            return false;
        }
        *damaged += file.damaged;
        if (result == MEDIUM_FILEMARK || file.blocks + file.setmarks + file.damaged > 0) {
            json_add_file(b, files++, &file, result == MEDIUM_FILEMARK);
        }
    } while (result == MEDIUM_FILEMARK && !ferror(stdout));
    json_stream_end(b);
    if (!tool_mtf_list(m, number, b, error)) {
        return false;
    }
    json_stream_end(b);
    return true;
}

/* ── both ── */

bool tool_info(TapeMedium *m, const char *path, bool json, GError **error)
{
    JsonStream b = json_stream(stdout);
    MediumInfo info;
    uint32_t i;

    medium_info(m, &info);
    if (json) {
        json_begin_cartridge(&b, m, path);
    } else {
        list_print_summary(m, path);
    }
    for (i = 0; i < info.geometry.partitions; i++) {
        if (json) {
            json_begin_partition(&b, m, i);
            json_stream_end(&b);
        } else {
            list_print_partition(m, i);
        }
    }
    json_stream_end_to(&b, 0);
    if (info.damaged) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: the file is damaged: run `usbtape media check`", path);
    }
    return !info.damaged;
}

static bool list_partitions(TapeMedium *m, JsonStream *b, uint64_t *damaged, GError **error)
{
    MediumInfo info;
    uint32_t i;

    medium_info(m, &info);
    for (i = 0; i < info.geometry.partitions && !ferror(stdout); i++) {
        if (medium_locate(m, i, MEDIUM_LOCATE_OBJECT, 0) == MEDIUM_HOST_ERROR) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s",
                        medium_host_error(m)->message);
            return false;
        }
        if (!(b ? list_partition_json(m, i, b, damaged, error)
                : list_partition_text(m, i, damaged, error))) {
            return false;
        }
    }
    return true;
}

bool tool_list(TapeMedium *m, const char *path, bool json, GError **error)
{
    JsonStream b = json_stream(stdout);
    uint64_t damaged = 0;
    MediumInfo info;
    bool whole;

    medium_info(m, &info);
    if (json) {
        json_begin_cartridge(&b, m, path);
    } else {
        list_print_summary(m, path);
    }
    whole = list_partitions(m, json ? &b : NULL, &damaged, error);
    if (json) {
        json_stream_end_to(&b, 1);
        if (!whole) {
            json_stream_bool(&b, "incomplete", true);
        }
        json_stream_end(&b);
    }
    if (whole && damaged > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: %" G_GUINT64_FORMAT " blocks or marks are damaged: run `usbtape media "
                    "check`",
                    path, damaged);
    } else if (whole && info.damaged) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: the file is damaged, so this may not be all that was on it: run `usbtape "
                    "media check`",
                    path);
    }
    return whole && damaged == 0 && !info.damaged;
}
