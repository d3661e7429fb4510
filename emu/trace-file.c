/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/trace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emu/base/error.h"

/* Whoever follows the file sees a line after that time at the latest. */
#define FLUSH_US (100 * 1000)

/* By which a trace is known. */
#define LINE_BEGINS "{\"us\":"

struct TraceFile {
    Trace base;
    Clock *clock;
    ClockTimer *flush; /* NULL: nothing is unwritten */
    int64_t start;
    FILE *stream; /* NULL: no file */
    char *path;
    GHashTable *host_errors; /* messages said already */
    void (*host_error)(const char *message);
};

static void put_json_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            fprintf(stream, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(stream, "\\u%04x", (unsigned)c);
        } else {
            fputc(c, stream);
        }
    }
    fputc('"', stream);
}

static void on_flush(void *data)
{
    TraceFile *file = data;

    file->flush = NULL;
    fflush(file->stream);
}

static void trace_file_emit(Trace *trace, TracePoint point, const char *message)
{
    TraceFile *file = (TraceFile *)trace;
    g_autofree char *valid = g_utf8_make_valid(message, -1);

    if (point == TRACE_MEDIA_HOST_ERROR && !g_hash_table_contains(file->host_errors, message)) {
        g_hash_table_add(file->host_errors, g_strdup(message));
        file->host_error(valid);
    }
    if (!file->stream) {
        return;
    }
    fprintf(file->stream, LINE_BEGINS "%" G_GINT64_FORMAT ",\"point\":\"%s\",\"text\":",
            clock_now(file->clock) - file->start, trace_point_name(point));
    put_json_text(file->stream, valid);
    fputs("}\n", file->stream);
    if (!file->flush) {
        file->flush = clock_start(file->clock, FLUSH_US, on_flush, file);
    }
}

static void trace_file_free(TraceFile *file)
{
    if (file->flush) {
        clock_cancel(file->clock, file->flush);
    }
    g_hash_table_unref(file->host_errors);
    g_free(file->path);
    g_free(file);
}

/* Anything but a trace is left alone: the option may name a cartridge by mistake. */
static FILE *open_trace(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    FILE *stream = NULL;
    char first[sizeof LINE_BEGINS - 1];
    ssize_t n = fd >= 0 ? pread(fd, first, sizeof first, 0) : -1;

    if (n > 0 && (n < (ssize_t)sizeof first || memcmp(first, LINE_BEGINS, sizeof first) != 0)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "--trace %s: there is a file of another kind; name a new one", path);
        close(fd);
        return NULL;
    }
    /* What cannot be cut (a pipe, a terminal) has nothing old in it. */
    if (fd >= 0 && (ftruncate(fd, 0) == 0 || errno == EINVAL)) {
        stream = fdopen(fd, "w");
    }
    if (!stream) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "--trace %s: %s", path,
                    g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
    }
    return stream;
}

TraceFile *trace_file_new(const char *path, Clock *clock, void (*host_error)(const char *message),
                          GError **error)
{
    TraceFile *file = g_new0(TraceFile, 1);

    file->base.emit = trace_file_emit;
    file->clock = clock;
    file->start = clock_now(clock);
    file->path = g_strdup(path);
    file->host_errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    file->host_error = host_error;
    if (!path) {
        file->base.muted = ~TRACE_BIT(TRACE_MEDIA_HOST_ERROR);
        return file;
    }
    file->stream = open_trace(path, error);
    if (!file->stream) {
        trace_file_free(file);
        return NULL;
    }
    return file;
}

bool trace_file_close(TraceFile *file, GError **error)
{
    bool good = true;

    if (file->stream) {
        good = !ferror(file->stream);
        good &= fclose(file->stream) == 0;
        if (!good) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "--trace %s: lines are missing: %s", file->path, g_strerror(errno));
        }
    }
    trace_file_free(file);
    return good;
}

Trace *trace_file_sink(TraceFile *file)
{
    return &file->base;
}

bool trace_file_saw_host_error(const TraceFile *file)
{
    return g_hash_table_size(file->host_errors) > 0;
}
