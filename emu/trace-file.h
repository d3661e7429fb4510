/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program's trace sink. Writes every point as a line of JSON to a file, and reports host file
 * errors as messages.
 *
 *     {"us":1234,"point":"scsi.command","text":"…"}      us: microseconds since the start
 */
#ifndef USBTAPE_TRACE_FILE_H
#define USBTAPE_TRACE_FILE_H

#include <stdbool.h>

#include "emu/base/clock.h"
#include "emu/base/trace.h"

typedef struct TraceFile TraceFile;

typedef struct TraceFileOps {
    /* The cartridge's host file failed. Called once for each different message. */
    void (*host_error)(void *data, const char *message);
    /* The trace cannot be written and ends here. */
    void (*failed)(void *data, const char *message);
} TraceFileOps;

/*
 * `path` NULL: no file, and only host file errors are reported. A pipe whose reader is too slow
 * loses lines. trace.dropped has their number.
 */
TraceFile *trace_file_new(const char *path, Clock *clock, const TraceFileOps *ops, void *data,
                          GError **error);
/* USBTAPE_ERROR_WORK if lines are missing. */
bool trace_file_close(TraceFile *file, GError **error);

Trace *trace_file_sink(TraceFile *file);
bool trace_file_saw_host_error(const TraceFile *file);

#endif
