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

/* `path` NULL: no file, only host file errors. `host_error` gets each different message once. */
TraceFile *trace_file_new(const char *path, Clock *clock, void (*host_error)(const char *message),
                          GError **error);
/* USBTAPE_ERROR_WORK if the file could not be written to its end. */
bool trace_file_close(TraceFile *file, GError **error);

Trace *trace_file_sink(TraceFile *file);
bool trace_file_saw_host_error(const TraceFile *file);

#endif
