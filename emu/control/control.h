/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live control socket of a drive: JSON, one object a line, in the manner of QMP.
 *
 *   ← {"usbtape": {"version": "0.1.0", "capabilities": ["events"]}}
 *   → {"execute": "load", "arguments": {"file": "/tapes/2.tape"}, "id": 1}
 *   ← {"event": "LOAD", "data": {"file": "/tapes/2.tape", "by": "controller"},
 *      "timestamp": {"seconds": 1795000000, "microseconds": 250000}}
 *   ← {"return": {}, "id": 1}
 *   ← {"error": {"class": "GenericError", "desc": "…"}, "id": 1}
 *
 * Owns: controllers' connections, the table of commands (commands.c), the table of events
 * (events.def). Does not own: the drive. A controller's commands are carried out in order, each
 * after the answer to the one before; one that reads slowly, stops, or sends nonsense never holds
 * up the drive. A line has at most CONTROL_LINE_MAX bytes. Events go to every controller; one that
 * does not read them loses them, and is told how many (EVENTS_LOST).
 */
#ifndef USBTAPE_CONTROL_CONTROL_H
#define USBTAPE_CONTROL_CONTROL_H

#include "emu/base/address.h"
#include "emu/drive.h"

#define CONTROL_LINE_MAX    65536u
#define CONTROL_CLIENTS_MAX 16u

typedef struct Control Control;

/* What the program around the drive knows and does. */
typedef struct ControlOps {
    const char *(*address)(void *data); /* where hosts find the drive */
    const char *(*host)(void *data);    /* the host that is attached; NULL: none */
    void (*quit)(void *data);           /* end the program; the answer is sent before */
    bool (*plugged)(void *data);
    /* Comes back after `replug` microseconds, or by replug() alone if that is negative. */
    void (*unplug)(void *data, int64_t replug);
    void (*replug)(void *data);
} ControlOps;

typedef struct ControlConfig {
    Address *address; /* taken over, also on failure */
    Drive *drive;     /* borrowed */
    /* Cartridges are loaded from these, and below them, alone: absolute, without links; copied,
     * ended by NULL. */
    const char *const *directories;
    const ControlOps *ops;
    void *data;
} ControlConfig;

/* On the thread-default main context. */
Control *control_new(const ControlConfig *config, GError **error);
/* Sends what a controller takes at once; closes. */
void control_free(Control *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Control, control_free)

typedef enum ControlEvent {
#define CONTROL_EVENT(id, about) CONTROL_##id,
#include "emu/control/events.def"
#undef CONTROL_EVENT
    N_CONTROL_EVENTS
} ControlEvent;

/* Tells every controller, with pairs of member name and text, ended by NULL. */
void control_event(Control *control, ControlEvent event, ...) G_GNUC_NULL_TERMINATED;

/* A trace sink that makes events of the faults that fire. */
Trace *control_trace(Control *control);

/* `usbtape ctl`: argv[0] is "ctl". */
int ctl_main(int argc, char **argv);

#endif
