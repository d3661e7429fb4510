/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trace sink of the program: every point as a line of JSON in a file, and host file errors as
 * messages for people.
 *
 *   {"us":1234,"point":"scsi.command","text":"…"}      us: microseconds since the start
 */
#ifndef USBTAPE_TRACE_FILE_H
#define USBTAPE_TRACE_FILE_H

#include <stdbool.h>

#include "emu/base/clock.h"
#include "emu/base/trace.h"

typedef struct TraceFile TraceFile;

typedef struct TraceFileOps {
    /* The cartridge's host file failed; each different message once. */
    void (*host_error)(void *data, const char *message);
    /* The trace cannot be written; it ends here. */
    void (*failed)(void *data, const char *message);
} TraceFileOps;

/*
 * `path` NULL: no file, only host file errors. A pipe whose reader does not keep up loses lines,
 * and trace.dropped says how many.
 */
TraceFile *trace_file_new(const char *path, Clock *clock, const TraceFileOps *ops, void *data,
                          GError **error);
/* USBTAPE_ERROR_WORK if lines are missing. */
bool trace_file_close(TraceFile *file, GError **error);

Trace *trace_file_sink(TraceFile *file);
bool trace_file_saw_host_error(const TraceFile *file);

#endif
