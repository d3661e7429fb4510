/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace points, declared in trace-points.def. An object receives its sink at construction. Without
 * a sink (NULL) a trace point costs one comparison and formats nothing.
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
    /* Borrows `message` for the call. */
    void (*emit)(Trace *trace, TracePoint point, const char *message);
    uint64_t muted; /* TRACE_BIT of each point that the sink ignores, which is then not formatted */
};

#define TRACE_BIT(point) (UINT64_C(1) << (point))
G_STATIC_ASSERT(N_TRACE_POINTS <= 64);

void trace_emit(Trace *trace, TracePoint point, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* True if a sink wants the point. Saves the preparation of a trace line. */
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

/* Combines several sinks into one. */
#define TRACE_TEE_SINKS 4

typedef struct TraceTee {
    Trace base;
    Trace *sinks[TRACE_TEE_SINKS];
    unsigned n_sinks;
} TraceTee;

/* A tee without sinks mutes every point. */
void trace_tee_init(TraceTee *tee);
/* Borrows the sink, whose `muted` must not change. At most TRACE_TEE_SINKS. */
void trace_tee_add(TraceTee *tee, Trace *sink);
/* Does nothing if the sink is not in the tee. */
void trace_tee_remove(TraceTee *tee, const Trace *sink);

#endif
