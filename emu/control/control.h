/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live control socket of a drive: JSON, one object a line, similar to QMP.
 *
 *     ← {"usbtape": {"version": "0.1.0", "capabilities": ["events"]}}
 *     → {"execute": "load", "arguments": {"file": "/tapes/2.tape"}, "id": 1}
 *     ← {"event": "LOAD", "data": {"file": "/tapes/2.tape", "by": "controller"},
 *        "timestamp": {"seconds": 1795000000, "microseconds": 250000}}
 *     ← {"return": {}, "id": 1}
 *     ← {"error": {"class": "GenericError", "desc": "…"}, "id": 1}
 *
 * Owns: controllers' connections, the table of commands (control-commands.c), the table of events
 * (events.def). Does not own: the drive.
 *
 * A controller's commands are executed in order, each after the answer to the one before. A
 * controller that reads slowly, stops, or sends invalid lines never delays the drive. A line has at
 * most CONTROL_LINE_MAX bytes. Every controller receives events. A controller that does not read
 * them loses them, and EVENTS_LOST reports their number.
 */
#ifndef USBTAPE_CONTROL_CONTROL_H
#define USBTAPE_CONTROL_CONTROL_H

#include "emu/base/address.h"
#include "emu/drive.h"

#define CONTROL_LINE_MAX    65536u
#define CONTROL_CLIENTS_MAX 16u

typedef struct Control Control;

/* Functions of the program around the drive. */
typedef struct ControlOps {
    const char *(*address)(void *data); /* the address for hosts */
    const char *(*host)(void *data);    /* the attached host, or NULL */
    void (*quit)(void *data);           /* ends the program, after the answer is sent */
    bool (*plugged)(void *data);
    /* Plugs in after `replug` microseconds. If that is negative, only replug() does. */
    void (*unplug)(void *data, int64_t replug);
    void (*replug)(void *data);
} ControlOps;

typedef struct ControlConfig {
    Address *address; /* ownership passes, on failure too */
    Drive *drive;     /* borrowed */
    /*
     * Cartridges are loaded only from these directories and below. Absolute, without links, copied.
     * NULL ends the list.
     */
    const char *const *directories;
    const ControlOps *ops;
    void *data;
} ControlConfig;

/* Serves on the thread-default main context. */
Control *control_new(const ControlConfig *config, GError **error);
/* Sends what the controllers accept at once, and closes. */
void control_free(Control *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Control, control_free)

typedef enum ControlEvent {
#define CONTROL_EVENT(id, about) CONTROL_##id,
#include "emu/control/events.def"
#undef CONTROL_EVENT
    N_CONTROL_EVENTS
} ControlEvent;

/*
 * Sends an event to every controller. The arguments are pairs of member name and text, with a final
 * NULL.
 */
void control_event(Control *control, ControlEvent event, ...) G_GNUC_NULL_TERMINATED;

/* A trace sink that turns faults that fire into events. */
Trace *control_trace(Control *control);

/* `usbtape ctl`: argv[0] is "ctl". */
int ctl_main(int argc, char **argv);

#endif
