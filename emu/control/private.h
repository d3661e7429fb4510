/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/control: a command under way. */
#ifndef USBTAPE_CONTROL_PRIVATE_H
#define USBTAPE_CONTROL_PRIVATE_H

#include <json-glib/json-glib.h>

#include "emu/control/control.h"

typedef struct Call Call;

/* The parties that a command may need. */
Control *control_call_control(Call *call); /* NULL: it was ended meanwhile */
Drive *control_call_drive(Call *call);
const ControlOps *control_call_ops(Call *call, void **data);

/*
 * The absolute path of a cartridge that may be loaded: links resolved, inside the directories named
 * at start. NULL and an error else. Free with g_free.
 */
char *control_resolve(const Control *control, const char *path, GError **error);

/* Each call ends by one of these, at once or later. `value` is taken over; NULL: an empty object.
 */
void control_call_return(Call *call, JsonNode *value);
void control_call_fail(Call *call, const char *class_name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

typedef enum ControlType {
    CONTROL_FILE,   /* text: a path */
    CONTROL_TEXT,   /* text */
    CONTROL_TIME,   /* text: a number with a unit, such as 250ms */
    CONTROL_ON_OFF, /* true or false; "on" or "off" to people */
    CONTROL_FLAG,   /* true or false; may be left out; to people it is its name */
} ControlType;

typedef struct ControlArgument {
    const char *name; /* NULL ends a row's arguments */
    ControlType type;
    bool optional; /* a flag is in any case */
} ControlArgument;

#define CONTROL_ARGUMENTS_MAX 3

typedef struct ControlCommand {
    const char *name;
    const char *about;
    /* For people in this order, except flags; optional ones come last. */
    ControlArgument arguments[CONTROL_ARGUMENTS_MAX + 1];
    /* The arguments are as the row says. */
    void (*run)(Call *call, JsonObject *arguments);
} ControlCommand;

/* Ended by a row without name. */
extern const ControlCommand control_commands[];

/* Finds and starts what `request` asks for. */
void control_execute(Call *call, JsonObject *request);

/* print.c: a command's answer for people: names and values, and tables. */
void control_print(JsonNode *answer);
/* One line. */
void control_print_event(JsonObject *event);

#endif
