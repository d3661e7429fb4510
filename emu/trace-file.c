/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/trace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/outlet.h"

/* Unread bytes that are kept for a slow reader of a pipe. */
#define UNREAD_MAX (1024 * 1024)

/* Time for that reader at the end of the drive. */
#define PATIENCE_US (G_USEC_PER_SEC / 2)

/* The beginning of every trace, by which one is recognised. */
#define LINE_BEGINS "{\"us\":"

struct TraceFile {
    Trace base;
    Clock *clock;
    int64_t start;
    Outlet *outlet; /* NULL: no file */
    char *path;
    GString *line;           /* under construction */
    GHashTable *host_errors; /* messages that were reported */
    const TraceFileOps *ops;
    void *data;
};

static void line_append_text(GString *line, const char *text)
{
    g_string_append_c(line, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            g_string_append_c(line, '\\');
            g_string_append_c(line, *text);
        } else if (c < 0x20 || c == 0x7f) {
            g_string_append_printf(line, "\\u%04x", (unsigned)c);
        } else {
            g_string_append_c(line, *text);
        }
    }
    g_string_append_c(line, '"');
}

static void trace_file_format(const TraceFile *file, GString *line, TracePoint point,
                              const char *text)
{
    g_string_printf(line, LINE_BEGINS "%" G_GINT64_FORMAT ",\"point\":\"%s\",\"text\":",
                    clock_now(file->clock) - file->start, trace_point_name(point));
    line_append_text(line, text);
    g_string_append(line, "}\n");
}

static char *trace_file_on_dropped(void *data, uint64_t lines)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " lines", lines);
    GString *line = g_string_new(NULL);

    trace_file_format(data, line, TRACE_TRACE_DROPPED, text);
    return g_string_free(line, FALSE);
}

static void trace_file_on_failed(void *data, int reason)
{
    const TraceFile *file = data;
    g_autofree char *message =
        g_strdup_printf("--trace %s: %s; nothing more is traced", file->path, g_strerror(reason));

    file->ops->failed(file->data, message);
}

static void trace_file_emit(Trace *trace, TracePoint point, const char *message)
{
    TraceFile *file = (TraceFile *)trace;
    g_autofree char *valid = g_utf8_make_valid(message, -1);

    if (point == TRACE_MEDIA_HOST_ERROR && !g_hash_table_contains(file->host_errors, message)) {
        g_hash_table_add(file->host_errors, g_strdup(message));
        file->ops->host_error(file->data, valid);
    }
    if (file->outlet) {
        trace_file_format(file, file->line, point, valid);
        outlet_put(file->outlet, file->line->str, file->line->len);
    }
}

static void trace_file_free(TraceFile *file)
{
    outlet_free(file->outlet);
    g_string_free(file->line, TRUE);
    g_hash_table_unref(file->host_errors);
    g_free(file->path);
    g_free(file);
}

/*
 * The reason not to write to a file: its type, or data that is not an older trace, such as a
 * cartridge named by mistake. NULL if it may be written.
 */
static const char *trace_file_check(int fd)
{
    char first[sizeof LINE_BEGINS - 1];
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0) {
        return g_strerror(errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return NULL; /* a pipe or a terminal has no old data */
    }
    n = pread(fd, first, sizeof first, 0);
    if (n < 0) {
        return g_strerror(errno);
    }
    if (n > 0 && (n < (ssize_t)sizeof first || memcmp(first, LINE_BEGINS, sizeof first) != 0)) {
        return "there is a file of another kind; name a new one";
    }
    return ftruncate(fd, 0) < 0 ? g_strerror(errno) : NULL;
}

static int trace_file_open(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    const char *why = trace_file_check(fd);

    if (!why) {
        return fd;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "--trace %s: %s", path, why);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

TraceFile *trace_file_new(const char *path, Clock *clock, const TraceFileOps *ops, void *data,
                          GError **error)
{
    static const OutletOps outlet_ops = { trace_file_on_dropped, trace_file_on_failed };
    TraceFile *file = g_new0(TraceFile, 1);
    int fd;

    file->base.emit = trace_file_emit;
    file->clock = clock;
    file->start = clock_now(clock);
    file->path = g_strdup(path);
    file->line = g_string_new(NULL);
    file->host_errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    file->ops = ops;
    file->data = data;
    if (!path) {
        file->base.muted = ~TRACE_BIT(TRACE_MEDIA_HOST_ERROR);
        return file;
    }
    fd = trace_file_open(path, error);
    if (fd < 0) {
        trace_file_free(file);
        return NULL;
    }
    file->outlet = outlet_new(fd, UNREAD_MAX, clock, &outlet_ops, file);
    return file;
}

bool trace_file_close(TraceFile *file, GError **error)
{
    bool good = !file->outlet || outlet_finish(file->outlet, PATIENCE_US);

    if (!good) {
        int reason = outlet_error(file->outlet);

        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "--trace %s: %" G_GUINT64_FORMAT " lines are missing: %s", file->path,
                    outlet_dropped(file->outlet),
                    reason ? g_strerror(reason) : "the reader did not keep up");
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
