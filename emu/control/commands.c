/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a controller can ask for: one row a command in the table at the end. */
#include <string.h>

#include "emu/base/json-build.h"
#include "emu/control/private.h"

static JsonNode *node_of(JsonBuilder *builder)
{
    return json_builder_get_root(builder);
}

static void add_cartridge(JsonBuilder *builder, Drive *drive)
{
    MediumPosition position;
    MediumInfo info;
    bool loaded;

    json_builder_set_member_name(builder, "cartridge");
    if (!drive_look(drive, &info, &position, &loaded)) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    json_add_text(builder, "file", drive_cartridge(drive));
    json_add_text(builder, "format", info.format);
    json_add_text(builder, "barcode", info.geometry.barcode);
    json_add_bool(builder, "write-protected", info.write_protected);
    json_add_bool(builder, "loaded", loaded);
    json_add_count(builder, "partition", position.partition);
    json_add_count(builder, "object", position.object);
    json_add_count(builder, "files", position.files);
    json_add_bool(builder, "bop", position.bop);
    json_add_bool(builder, "eod", position.eod);
    json_add_bool(builder, "early-warning", position.early_warning);
    json_builder_end_object(builder);
}

static void run_status(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    Drive *drive = call_drive(call);
    void *data;
    const ControlOps *ops = call_ops(call, &data);

    json_builder_begin_object(builder);
    json_add_text(builder, "address", ops->address(data));
    json_add_text(builder, "host", ops->host(data));
    json_add_text(builder, "speed", usb_speed_name(usb_device_speed(drive_usb(drive))));
    json_add_bool(builder, "configured", usb_device_configuration(drive_usb(drive)) != 0);
    json_add_text(builder, "serial", usb_device_identity(drive_usb(drive))->serial);
    add_cartridge(builder, drive);
    json_builder_end_object(builder);
    call_return(call, node_of(builder));
}

static void run_load(Call *call, JsonObject *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;
    g_autoptr(JsonBuilder) builder = json_builder_new();

    if (!drive_load(call_drive(call), json_object_get_string_member(arguments, "file"),
                    json_object_get_boolean_member_with_default(arguments, "read-only", FALSE),
                    &notice, &error)) {
        call_fail(call, "GenericError", "%s", error->message);
        return;
    }
    json_builder_begin_object(builder);
    if (notice) {
        json_add_text(builder, "notice", notice);
    }
    json_builder_end_object(builder);
    call_return(call, node_of(builder));
}

static void on_ejected(void *data, const GError *error)
{
    if (error) {
        call_fail(data, "GenericError", "%s", error->message);
    } else {
        call_return(data, NULL);
    }
}

static void run_eject(Call *call, JsonObject *arguments)
{
    drive_eject(call_drive(call),
                json_object_get_boolean_member_with_default(arguments, "force", FALSE), on_ejected,
                call);
}

static void add_rule(JsonBuilder *builder, const FaultRule *rule)
{
    json_builder_begin_object(builder);
    json_add_count(builder, "rule", rule->number);
    json_add_text(builder, "name", rule->kind->name);
    json_add_text(builder, "class", fault_class_name(rule->kind->class_));
    json_add_text(builder, "file", rule->source);
    json_add_count(builder, "line", rule->line);
    json_add_text(builder, "on", rule->when);
    json_add_count(builder, "seen", rule->seen);
    json_add_count(builder, "fired", rule->fired);
    json_add_bool(builder, "removed", rule->removed);
    json_builder_end_object(builder);
}

/* Rules that were taken out stay listed: what they did is part of what happened. */
static void run_fault_list(Call *call, JsonObject *arguments)
{
    const FaultPlan *plan = drive_faults(call_drive(call));
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint i;

    json_builder_begin_array(builder);
    for (i = 0; plan && i < plan->removed->len; i++) {
        add_rule(builder, g_ptr_array_index(plan->removed, i));
    }
    for (i = 0; plan && i < plan->rules->len; i++) {
        add_rule(builder, g_ptr_array_index(plan->rules, i));
    }
    json_builder_end_array(builder);
    call_return(call, node_of(builder));
}

static void run_quit(Call *call, JsonObject *arguments)
{
    void *data;
    const ControlOps *ops = call_ops(call, &data);

    call_return(call, NULL);
    ops->quit(data);
}

static void run_commands(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    const ControlCommand *row;

    json_builder_begin_array(builder);
    for (row = control_commands; row->name; row++) {
        json_builder_begin_object(builder);
        json_add_text(builder, "name", row->name);
        json_add_text(builder, "about", row->about);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    call_return(call, node_of(builder));
}

static const char *const takes_nothing[] = { NULL };
static const char *const takes_load[] = { "file!", "read-only?", NULL };
static const char *const takes_eject[] = { "force?", NULL };

const ControlCommand control_commands[] = {
    { "status", "", "the drive, its host and its cartridge", takes_nothing, run_status },
    { "load", "FILE [read-only]", "put a cartridge in", takes_load, run_load },
    { "eject", "[force]", "take the cartridge out, synced; force: even if the host locked it",
      takes_eject, run_eject },
    { "fault-list", "", "the fault rules and how often each fired", takes_nothing, run_fault_list },
    { "commands", "", "this list", takes_nothing, run_commands },
    { "quit", "", "sync the cartridge and end the program", takes_nothing, run_quit },
    { NULL, NULL, NULL, NULL, NULL },
};

/* The rule in `takes` for an argument of that name; 0: there is none. */
static char argument_kind(const ControlCommand *row, const char *name)
{
    size_t length = strlen(name);
    const char *const *t;

    for (t = row->takes; *t; t++) {
        if (strlen(*t) == length + 1 && memcmp(*t, name, length) == 0) {
            return (*t)[length];
        }
    }
    return 0;
}

static bool check_arguments(Call *call, const ControlCommand *row, JsonObject *arguments)
{
    g_autoptr(GList) names = json_object_get_members(arguments);
    const char *const *t;
    GList *i;

    for (i = names; i; i = i->next) {
        char kind = argument_kind(row, i->data);
        GType type = json_node_get_value_type(json_object_get_member(arguments, i->data));

        if (!kind) {
            call_fail(call, "GenericError", "%s takes no argument '%s'", row->name,
                      (const char *)i->data);
            return false;
        }
        if (type != (kind == '!' ? G_TYPE_STRING : G_TYPE_BOOLEAN)) {
            call_fail(call, "GenericError", "the argument '%s' must be %s", (const char *)i->data,
                      kind == '!' ? "text" : "true or false");
            return false;
        }
    }
    for (t = row->takes; *t; t++) {
        g_autofree char *name = g_strndup(*t, strlen(*t) - 1);

        if (g_str_has_suffix(*t, "!") && !json_object_has_member(arguments, name)) {
            call_fail(call, "GenericError", "%s needs the argument '%s'", row->name, name);
            return false;
        }
    }
    return true;
}

void control_execute(Call *call, JsonObject *request)
{
    JsonNode *execute = json_object_get_member(request, "execute");
    JsonNode *given = json_object_get_member(request, "arguments");
    g_autoptr(JsonObject) arguments = NULL;
    const ControlCommand *row;

    if (!execute || json_node_get_value_type(execute) != G_TYPE_STRING) {
        call_fail(call, "GenericError", "'execute' must name a command");
        return;
    }
    if (given && !JSON_NODE_HOLDS_OBJECT(given)) {
        call_fail(call, "GenericError", "'arguments' must be an object");
        return;
    }
    arguments = given ? json_object_ref(json_node_get_object(given)) : json_object_new();
    for (row = control_commands; row->name; row++) {
        if (g_str_equal(row->name, json_node_get_string(execute))) {
            if (check_arguments(call, row, arguments)) {
                row->run(call, arguments);
            }
            return;
        }
    }
    call_fail(call, "CommandNotFound", "there is no command '%s'; 'commands' lists them",
              json_node_get_string(execute));
}
