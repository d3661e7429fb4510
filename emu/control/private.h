/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to emu/control: a command under way. */
#ifndef USBTAPE_CONTROL_PRIVATE_H
#define USBTAPE_CONTROL_PRIVATE_H

#include <json-glib/json-glib.h>

#include "emu/control/control.h"

typedef struct Call Call;

/* The objects that a command may need. */
Control *control_call_control(Call *call); /* NULL: the control socket was closed meanwhile */
Drive *control_call_drive(Call *call);
const ControlOps *control_call_ops(Call *call, void **data);

/*
 * The absolute path of a cartridge that may be loaded. Resolves links, and refuses a path outside
 * the directories named at start with NULL and an error. Free with g_free.
 */
char *control_resolve(const Control *control, const char *path, GError **error);

/*
 * Each call ends with one of these, at once or later. Takes ownership of `value` (NULL: an empty
 * object).
 */
void control_call_return(Call *call, JsonNode *value);
void control_call_fail(Call *call, const char *class_name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

typedef enum ControlType {
    CONTROL_FILE,   /* text, a path */
    CONTROL_TEXT,   /* text */
    CONTROL_TIME,   /* text, a number with a unit such as 250ms */
    CONTROL_ON_OFF, /* true or false, written "on" or "off" in `usbtape ctl` */
    CONTROL_FLAG,   /* true or false, optional, written as its name in `usbtape ctl` */
} ControlType;

typedef struct ControlArgument {
    const char *name; /* NULL ends a row's arguments */
    ControlType type;
    bool optional; /* a flag is always optional */
} ControlArgument;

#define CONTROL_ARGUMENTS_MAX 3

typedef struct ControlCommand {
    const char *name;
    const char *about;
    /* In the order of `usbtape ctl`, except flags. Optional ones come last. */
    ControlArgument arguments[CONTROL_ARGUMENTS_MAX + 1];
    /* The arguments match the row. */
    void (*run)(Call *call, JsonObject *arguments);
} ControlCommand;

/* Ends with a row without name. */
extern const ControlCommand control_commands[];

/* Finds and starts the command of `request`. */
void control_execute(Call *call, JsonObject *request);

/* print.c: prints a command's answer as names and values, or as a table. */
void control_print(JsonNode *answer);
/* One line. */
void control_print_event(JsonObject *event);

#endif
