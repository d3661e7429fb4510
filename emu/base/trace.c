/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/trace.h"

void trace_emit(Trace *trace, TracePoint point, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    trace->emit(trace, point, message);
}

const char *trace_point_name(TracePoint point)
{
    static const char *const names[] = {
#define TRACE_POINT(id, name, text) name,
#include "emu/base/trace-points.def"
#undef TRACE_POINT
    };

    g_assert(point < N_TRACE_POINTS);
    return names[point];
}
