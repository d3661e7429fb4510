/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a controller. The table at the end has one row a command. */
#include <string.h>

#include "emu/base/json-build.h"
#include "emu/base/json-read.h"
#include "emu/base/units.h"
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

static void add_command(JsonBuilder *builder, const char *member, int opcode)
{
    g_autofree char *number = g_strdup_printf("%02Xh", (unsigned)opcode & 0xff);
    const char *name = opcode >= 0 ? drive_command_name((uint8_t)opcode) : NULL;

    json_add_text(builder, member, name ? name : opcode >= 0 ? number : NULL);
}

static void add_hold(JsonBuilder *builder, Drive *drive)
{
    DriveHold hold = drive_look_at_hold(drive);

    json_builder_set_member_name(builder, "hold");
    if (!hold.in_force) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    json_add_text(builder, "phase", hold.phase);
    add_command(builder, "command", hold.opcode);
    add_command(builder, "held", hold.held);
    json_builder_end_object(builder);
}

static const char *timing_name(const Drive *drive)
{
    return drive_timed(drive) ? "model" : "off";
}

static void run_status(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    Drive *drive = control_call_drive(call);
    void *data;
    const ControlOps *ops = control_call_ops(call, &data);

    json_builder_begin_object(builder);
    json_add_text(builder, "address", ops->address(data));
    json_add_bool(builder, "plugged", ops->plugged(data));
    json_add_text(builder, "host", ops->host(data));
    json_add_text(builder, "speed", usb_speed_name(usb_device_speed(drive_usb(drive))));
    json_add_bool(builder, "configured", usb_device_configuration(drive_usb(drive)) != 0);
    json_add_text(builder, "serial", usb_device_identity(drive_usb(drive))->serial);
    json_add_text(builder, "timing", timing_name(drive));
    add_hold(builder, drive);
    add_cartridge(builder, drive);
    json_builder_end_object(builder);
    control_call_return(call, node_of(builder));
}

static bool flag(JsonObject *arguments, const char *name)
{
    return json_bool_at(arguments, name, false);
}

static const char *text_or_null(JsonObject *arguments, const char *name)
{
    return json_text_at(arguments, name, NULL);
}

/* A time that control_execute() has checked, or `missing`. */
static int64_t time_or(JsonObject *arguments, const char *name, int64_t missing)
{
    const char *text = text_or_null(arguments, name);
    int64_t time = missing;

    if (text) {
        units_parse_duration(text, &time, NULL);
    }
    return time;
}

/* ---- cartridges ---- */

static void run_load(Call *call, JsonObject *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = NULL;
    g_autofree char *path = NULL;
    g_autoptr(JsonBuilder) builder = json_builder_new();

    path = control_resolve(control_call_control(call), json_text_at(arguments, "file", ""), &error);
    if (!path || !drive_load(control_call_drive(call), path, flag(arguments, "read-only"), &notice,
                             &error)) {
        control_call_fail(call, "GenericError", "%s", error->message);
        return;
    }
    control_event(control_call_control(call), CONTROL_LOAD, "file", path, "by", "controller", NULL);
    json_builder_begin_object(builder);
    if (notice) {
        json_add_text(builder, "notice", notice);
    }
    json_builder_end_object(builder);
    control_call_return(call, node_of(builder));
}

/* A cartridge that is ejected, or ejected and loaded again. */
typedef struct Move {
    Call *call;
    ControlEvent event;
    char *file;
    const char *on; /* write protection, "on" or "off". NULL: eject. */
} Move;

static Move *move_new(Call *call, ControlEvent event, const char *on)
{
    Move *move = g_new(Move, 1);

    *move = (Move){ call, event, g_strdup(drive_cartridge(control_call_drive(call))), on };
    return move;
}

static void on_moved(void *data, const GError *error)
{
    g_autofree Move *move = data;
    g_autofree char *file = move->file;

    if (error) {
        control_call_fail(move->call, "GenericError", "%s", error->message);
        return;
    }
    if (control_call_control(move->call)) {
        control_event(control_call_control(move->call), move->event, "file", file,
                      move->on ? "write-protect" : "by", move->on ? move->on : "controller", NULL);
    }
    control_call_return(move->call, NULL);
}

static void run_eject(Call *call, JsonObject *arguments)
{
    drive_eject(control_call_drive(call), flag(arguments, "force"), on_moved,
                move_new(call, CONTROL_EJECT, NULL));
}

static void run_write_protect(Call *call, JsonObject *arguments)
{
    bool on = flag(arguments, "on");

    drive_write_protect(control_call_drive(call), on, flag(arguments, "force"), on_moved,
                        move_new(call, CONTROL_WRITE_PROTECT, on ? "on" : "off"));
}

/* ---- the bus ---- */

static void run_unplug(Call *call, JsonObject *arguments)
{
    void *data;
    const ControlOps *ops = control_call_ops(call, &data);

    ops->unplug(data, time_or(arguments, "for", -1));
    control_call_return(call, NULL);
}

static void run_replug(Call *call, JsonObject *arguments)
{
    void *data;
    const ControlOps *ops = control_call_ops(call, &data);

    ops->replug(data);
    control_call_return(call, NULL);
}

/* Default time without power. A host notices a gap of this length. */
#define POWER_OFF_US (2 * G_USEC_PER_SEC)

static void run_power_cycle(Call *call, JsonObject *arguments)
{
    void *data;
    const ControlOps *ops = control_call_ops(call, &data);

    ops->unplug(data, time_or(arguments, "for", POWER_OFF_US));
    drive_power_cycle(control_call_drive(call));
    control_event(control_call_control(call), CONTROL_POWER_CYCLE, NULL);
    control_call_return(call, NULL);
}

static void run_bus_reset(Call *call, JsonObject *arguments)
{
    usb_device_reset(drive_usb(control_call_drive(call)));
    control_call_return(call, NULL);
}

/* ---- holds ---- */

static void run_hold(Call *call, JsonObject *arguments)
{
    g_autoptr(GError) error = NULL;

    if (drive_hold(control_call_drive(call), json_text_at(arguments, "phase", ""),
                   text_or_null(arguments, "command"), &error)) {
        control_call_return(call, NULL);
    } else {
        control_call_fail(call, "GenericError", "%s", error->message);
    }
}

static void run_release(Call *call, JsonObject *arguments)
{
    g_autoptr(GError) error = NULL;
    bool held = drive_look_at_hold(control_call_drive(call)).held >= 0;

    if (!drive_release(control_call_drive(call), &error)) {
        control_call_fail(call, "GenericError", "%s", error->message);
        return;
    }
    if (held) {
        control_event(control_call_control(call), CONTROL_RELEASED, NULL);
    }
    control_call_return(call, NULL);
}

/* ---- time ---- */

static void run_timing(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    const char *mode = text_or_null(arguments, "mode");
    Drive *drive = control_call_drive(call);

    if (mode && !g_str_equal(mode, "model") && !g_str_equal(mode, "off")) {
        control_call_fail(call, "GenericError", "timing: off or model, not '%s'", mode);
        return;
    }
    if (mode) {
        drive_set_timed(drive, g_str_equal(mode, "model"));
    }
    json_builder_begin_object(builder);
    json_add_text(builder, "timing", timing_name(drive));
    json_builder_end_object(builder);
    control_call_return(call, node_of(builder));
}

/* ---- numbers ---- */

static void add_commands(JsonBuilder *builder, Drive *drive)
{
    g_autofree SscStats *stats = g_new0(SscStats, 1);
    uint64_t total = 0;
    int opcode;

    drive_stats(drive, stats);
    json_builder_set_member_name(builder, "commands");
    json_builder_begin_array(builder);
    for (opcode = 0; opcode < 256; opcode++) {
        if (stats->commands[opcode] > 0) {
            json_builder_begin_object(builder);
            add_command(builder, "command", opcode);
            json_add_count(builder, "ended", stats->commands[opcode]);
            json_builder_end_object(builder);
            total += stats->commands[opcode];
        }
    }
    json_builder_end_array(builder);
    json_add_count(builder, "commands-ended", total);
    json_add_count(builder, "check-conditions", stats->checks);
}

static void add_bus(JsonBuilder *builder, Drive *drive)
{
    UsbStats stats = usb_device_stats(drive_usb(drive));

    json_builder_set_member_name(builder, "usb");
    json_builder_begin_object(builder);
    json_add_count(builder, "transfers", stats.transfers);
    json_add_count(builder, "bytes-out", stats.bytes_out);
    json_add_count(builder, "bytes-in", stats.bytes_in);
    json_add_count(builder, "stalls", stats.stalls);
    json_add_count(builder, "cancelled", stats.cancelled);
    json_add_count(builder, "port-resets", stats.resets);
    json_builder_end_object(builder);
}

static void add_rules(JsonBuilder *builder, const FaultPlan *plan);

static void run_stats(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    Drive *drive = control_call_drive(call);

    json_builder_begin_object(builder);
    add_commands(builder, drive);
    add_bus(builder, drive);
    if (drive_faults(drive)) {
        json_add_count(builder, "seed", drive_faults(drive)->seed);
    }
    json_builder_set_member_name(builder, "faults");
    add_rules(builder, drive_faults(drive));
    json_builder_end_object(builder);
    control_call_return(call, node_of(builder));
}

/* ---- faults ---- */

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

/* Removed rules stay in the list, with their counters. */
static void add_rules(JsonBuilder *builder, const FaultPlan *plan)
{
    guint i;

    json_builder_begin_array(builder);
    for (i = 0; plan && i < plan->removed->len; i++) {
        add_rule(builder, g_ptr_array_index(plan->removed, i));
    }
    for (i = 0; plan && i < plan->rules->len; i++) {
        add_rule(builder, g_ptr_array_index(plan->rules, i));
    }
    json_builder_end_array(builder);
}

static void return_numbers(Call *call, const FaultPlan *plan, unsigned after)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    unsigned number;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "rules");
    json_builder_begin_array(builder);
    for (number = after + 1; number <= plan->last_number; number++) {
        json_builder_add_int_value(builder, number);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    control_call_return(call, node_of(builder));
}

/* One rule, or a list, as in a fault plan. JSON is a subset of YAML. */
static void run_fault_add(Call *call, JsonObject *arguments)
{
    Drive *drive = control_call_drive(call);
    const FaultPlan *plan = drive_faults(drive);
    const char *text = text_or_null(arguments, "rule");
    unsigned before = plan ? plan->last_number : 0;
    g_autoptr(GError) error = NULL;

    if (drive_add_faults(drive, "rule", text, strlen(text), &error)) {
        return_numbers(call, plan, before);
    } else {
        control_call_fail(call, "GenericError", "%s", error->message);
    }
}

static void remove_fault(Call *call, unsigned number)
{
    g_autoptr(GError) error = NULL;

    if (drive_remove_fault(control_call_drive(call), number, &error)) {
        control_call_return(call, NULL);
    } else {
        control_call_fail(call, "GenericError", "%s", error->message);
    }
}

static void run_fault_remove(Call *call, JsonObject *arguments)
{
    const char *text = text_or_null(arguments, "rule");
    uint64_t number;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT, &number, NULL)) {
        control_call_fail(call, "GenericError",
                          "'%s' is not the number of a rule, as fault-list has it", text);
        return;
    }
    remove_fault(call, (unsigned)number);
}

static void run_fault_clear(Call *call, JsonObject *arguments)
{
    remove_fault(call, 0);
}

static void run_fault_list(Call *call, JsonObject *arguments)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    add_rules(builder, drive_faults(control_call_drive(call)));
    control_call_return(call, node_of(builder));
}

/* ---- others ---- */

static void run_quit(Call *call, JsonObject *arguments)
{
    void *data;
    const ControlOps *ops = control_call_ops(call, &data);

    control_call_return(call, NULL);
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
    control_call_return(call, node_of(builder));
}

const ControlCommand control_commands[] = {
    { "status", "the drive, its host and its cartridge", { { NULL } }, run_status },
    { "load",
      "load a cartridge",
      { { "file", CONTROL_FILE }, { "read-only", CONTROL_FLAG } },
      run_load },
    { "eject",
      "sync and eject the cartridge; force: even if the host locked it",
      { { "force", CONTROL_FLAG } },
      run_eject },
    { "write-protect",
      "set write protection: sync, eject and load the cartridge again",
      { { "on", CONTROL_ON_OFF }, { "force", CONTROL_FLAG } },
      run_write_protect },
    { "fault-add",
      "add a fault rule, as in a fault plan, such as {name: drive.busy, on: REWIND}",
      { { "rule", CONTROL_TEXT } },
      run_fault_add },
    { "fault-remove",
      "remove the rule of that number, if no other needs it; its counters stay listed",
      { { "rule", CONTROL_TEXT } },
      run_fault_remove },
    { "fault-clear", "remove all rules", { { NULL } }, run_fault_clear },
    { "fault-list", "the fault rules and how often each fired", { { NULL } }, run_fault_list },
    { "hold",
      "stop each command (or this one, as WRITE(6)) at its cbw, data or csw",
      { { "phase", CONTROL_TEXT }, { "command", CONTROL_TEXT, true } },
      run_hold },
    { "release",
      "continue the stopped command, and stop no further one",
      { { NULL } },
      run_release },
    { "unplug",
      "unplug the drive; plug it in after that time, or by replug",
      { { "for", CONTROL_TIME, true } },
      run_unplug },
    { "replug", "plug the drive in", { { NULL } }, run_replug },
    { "power-cycle",
      "cut the power for 2s, or that time: all state is lost",
      { { "for", CONTROL_TIME, true } },
      run_power_cycle },
    { "bus-reset", "reset the port without the host's knowledge", { { NULL } }, run_bus_reset },
    { "timing",
      "set the time of commands: as long as the model's (model), or none (off)",
      { { "mode", CONTROL_TEXT, true } },
      run_timing },
    { "stats", "show the counters of commands, transfers and faults", { { NULL } }, run_stats },
    { "commands", "this list", { { NULL } }, run_commands },
    { "quit", "sync the cartridge and end the program", { { NULL } }, run_quit },
    { NULL, NULL, { { NULL } }, NULL },
};

static const ControlArgument *find_argument(const ControlCommand *row, const char *name)
{
    const ControlArgument *argument;

    for (argument = row->arguments; argument->name; argument++) {
        if (g_str_equal(argument->name, name)) {
            return argument;
        }
    }
    return NULL;
}

static bool check_value(Call *call, const ControlArgument *argument, JsonNode *node)
{
    bool is_bool = argument->type == CONTROL_ON_OFF || argument->type == CONTROL_FLAG;
    g_autoptr(GError) error = NULL;
    int64_t time;

    if (json_node_get_value_type(node) != (is_bool ? G_TYPE_BOOLEAN : G_TYPE_STRING)) {
        control_call_fail(call, "GenericError", "the argument '%s' must be %s", argument->name,
                          is_bool ? "true or false" : "text");
        return false;
    }
    if (argument->type == CONTROL_TIME &&
        !units_parse_duration(json_node_get_string(node), &time, &error)) {
        control_call_fail(call, "GenericError", "the argument '%s': %s", argument->name,
                          error->message);
        return false;
    }
    return true;
}

static bool check_arguments(Call *call, const ControlCommand *row, JsonObject *arguments)
{
    g_autoptr(GList) names = json_object_get_members(arguments);
    const ControlArgument *argument;
    GList *i;

    for (i = names; i; i = i->next) {
        argument = find_argument(row, i->data);
        if (!argument) {
            control_call_fail(call, "GenericError", "%s takes no argument '%s'", row->name,
                              (const char *)i->data);
            return false;
        }
        if (!check_value(call, argument, json_object_get_member(arguments, i->data))) {
            return false;
        }
    }
    for (argument = row->arguments; argument->name; argument++) {
        if (!argument->optional && argument->type != CONTROL_FLAG &&
            !json_object_has_member(arguments, argument->name)) {
            control_call_fail(call, "GenericError", "%s needs the argument '%s'", row->name,
                              argument->name);
            return false;
        }
    }
    return true;
}

void control_execute(Call *call, JsonObject *request)
{
    const char *execute = json_text_at(request, "execute", NULL);
    JsonNode *given = json_object_get_member(request, "arguments");
    g_autoptr(JsonObject) arguments = NULL;
    const ControlCommand *row;

    if (!execute) {
        control_call_fail(call, "GenericError", "'execute' must name a command");
        return;
    }
    if (given && !json_as_object(given)) {
        control_call_fail(call, "GenericError", "'arguments' must be an object");
        return;
    }
    arguments = given ? json_object_ref(json_as_object(given)) : json_object_new();
    for (row = control_commands; row->name; row++) {
        if (g_str_equal(row->name, execute)) {
            if (check_arguments(call, row, arguments)) {
                row->run(call, arguments);
            }
            return;
        }
    }
    control_call_fail(call, "CommandNotFound", "there is no command '%s'; 'commands' lists them",
                      execute);
}
