/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/control: a command under way. */
#ifndef USBTAPE_CONTROL_PRIVATE_H
#define USBTAPE_CONTROL_PRIVATE_H

#include <json-glib/json-glib.h>

#include "emu/control/control.h"

typedef struct Call Call;

/* The parties that a command may need. */
Drive *call_drive(Call *call);
const ControlOps *call_ops(Call *call, void **data);

/* Each call ends by one of these, at once or later. `value` is taken over; NULL: an empty object.
 */
void call_return(Call *call, JsonNode *value);
void call_fail(Call *call, const char *class_name, const char *format, ...) G_GNUC_PRINTF(3, 4);

typedef struct ControlCommand {
    const char *name;
    const char *arguments; /* for people: "FILE [read-only]" */
    const char *about;
    /* Arguments that are taken, ended by NULL: "file!" a string that must be there, "force?" a
     * boolean. */
    const char *const *takes;
    void (*run)(Call *call, JsonObject *arguments);
} ControlCommand;

/* Ended by a row without name. */
extern const ControlCommand control_commands[];

/* Finds and starts what `request` asks for. */
void control_execute(Call *call, JsonObject *request);

#endif
