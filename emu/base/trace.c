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

static void tee_emit(Trace *trace, TracePoint point, const char *message)
{
    TraceTee *tee = (TraceTee *)trace;
    unsigned i;

    for (i = 0; i < tee->n_sinks; i++) {
        if (!(tee->sinks[i]->muted & TRACE_BIT(point))) {
            tee->sinks[i]->emit(tee->sinks[i], point, message);
        }
    }
}

void trace_tee_init(TraceTee *tee)
{
    *tee = (TraceTee){ .base = { .emit = tee_emit, .muted = ~UINT64_C(0) } };
}

void trace_tee_add(TraceTee *tee, Trace *sink)
{
    g_assert(tee->n_sinks < TRACE_TEE_SINKS);
    tee->sinks[tee->n_sinks++] = sink;
    tee->base.muted &= sink->muted;
}

void trace_tee_remove(TraceTee *tee, const Trace *sink)
{
    unsigned i, kept = 0;

    tee->base.muted = ~UINT64_C(0);
    for (i = 0; i < tee->n_sinks; i++) {
        if (tee->sinks[i] != sink) {
            tee->sinks[kept++] = tee->sinks[i];
            tee->base.muted &= tee->sinks[i]->muted;
        }
    }
    tee->n_sinks = kept;
}
