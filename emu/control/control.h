/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live control socket of a drive: JSON, one object a line, in the manner of QMP.
 *
 *   ← {"usbtape": {"version": "0.1.0"}}
 *   → {"execute": "load", "arguments": {"file": "/tapes/2.tape"}, "id": 1}
 *   ← {"return": {}, "id": 1}
 *   ← {"error": {"class": "GenericError", "desc": "…"}, "id": 1}
 *
 * Owns: controllers' connections, the table of commands (commands.c). Does not own: the drive. A
 * controller's commands are carried out in order, each after the answer to the one before; one that
 * reads slowly, stops, or sends nonsense never holds up the drive. A line has at most
 * CONTROL_LINE_MAX bytes.
 */
#ifndef USBTAPE_CONTROL_CONTROL_H
#define USBTAPE_CONTROL_CONTROL_H

#include "emu/base/address.h"
#include "emu/drive.h"

#define CONTROL_LINE_MAX    65536u
#define CONTROL_DEPTH_MAX   32u
#define CONTROL_CLIENTS_MAX 16u

typedef struct Control Control;

/* What the program around the drive knows and does. */
typedef struct ControlOps {
    const char *(*address)(void *data); /* where hosts find the drive */
    const char *(*host)(void *data);    /* the host that is attached; NULL: none */
    void (*quit)(void *data);           /* end the program; the answer is sent before */
} ControlOps;

/* Takes over `address` (also on failure); borrows the drive. On the thread-default main context. */
Control *control_new(Address *address, Drive *drive, const ControlOps *ops, void *data,
                     GError **error);
/* Sends what a controller takes at once; closes. */
void control_free(Control *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Control, control_free)

/* `usbtape ctl`: argv[0] is "ctl". */
int ctl_main(int argc, char **argv);

#endif
