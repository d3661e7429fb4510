/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace points, all declared in trace-points.def. A sink is given at construction; with no sink
 * (NULL) a trace point costs one comparison and formats nothing.
 */
#ifndef USBTAPE_BASE_TRACE_H
#define USBTAPE_BASE_TRACE_H

#include <glib.h>
#include <stdint.h>

typedef enum TracePoint {
#define TRACE_POINT(id, name, text) TRACE_##id,
#include "emu/base/trace-points.def"
#undef TRACE_POINT
    N_TRACE_POINTS
} TracePoint;

typedef struct Trace Trace;

struct Trace {
    /* `message` is borrowed for the call. */
    void (*emit)(Trace *trace, TracePoint point, const char *message);
    uint64_t muted; /* TRACE_BIT of each point that this sink does not want: nothing is formatted */
};

#define TRACE_BIT(point) (UINT64_C(1) << (point))
G_STATIC_ASSERT(N_TRACE_POINTS <= 64);

void trace_emit(Trace *trace, TracePoint point, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* For what a trace line needs beyond its arguments: is the work worth it? */
static inline gboolean trace_wants(const Trace *trace, TracePoint point)
{
    return trace && !(trace->muted & TRACE_BIT(point));
}

#define TRACE(sink, point, ...)                                                                    \
    do {                                                                                           \
        if (trace_wants((sink), TRACE_##point)) {                                                  \
            trace_emit((sink), TRACE_##point, __VA_ARGS__);                                        \
        }                                                                                          \
    } while (0)

const char *trace_point_name(TracePoint point);

/* Several sinks that look like one. */
#define TRACE_TEE_SINKS 4

typedef struct TraceTee {
    Trace base;
    Trace *sinks[TRACE_TEE_SINKS];
    unsigned n_sinks;
} TraceTee;

/* A tee with no sinks wants nothing. */
void trace_tee_init(TraceTee *tee);
/* Borrows the sink, whose `muted` stays as it is. At most TRACE_TEE_SINKS. */
void trace_tee_add(TraceTee *tee, Trace *sink);
/* Nothing if it is none of them. */
void trace_tee_remove(TraceTee *tee, const Trace *sink);

#endif
