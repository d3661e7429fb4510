/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/host-actions.h"

#include "emu/base/error.h"
#include "emu/base/units.h"

#include <string.h>

typedef enum Takes { NOTHING, NUMBER, DURATION } Takes;

typedef struct HostCall {
    Vm *vm;
    DriveProcess *drive;
    int number;
    int64_t duration;
} HostCall;

typedef struct HostRow {
    HostAction action;
    Takes takes;
    bool (*run)(const HostCall *call, GError **error);
} HostRow;

static bool swap_tape(const HostCall *call, GError **error)
{
    return drive_process_eject(call->drive, error) &&
           drive_process_load(call->drive, call->number, error);
}

static bool eject(const HostCall *call, GError **error)
{
    return drive_process_eject(call->drive, error);
}

static bool load(const HostCall *call, GError **error)
{
    return drive_process_load(call->drive, call->number, error);
}

static bool drive_stop(const HostCall *call, GError **error)
{
    return drive_process_stop(call->drive, false, error);
}

static bool drive_kill(const HostCall *call, GError **error)
{
    return drive_process_stop(call->drive, true, error);
}

static bool drive_start(const HostCall *call, GError **error)
{
    return drive_process_start(call->drive, error);
}

static bool unplug(const HostCall *call, GError **error)
{
    return drive_process_unplug(call->drive, call->vm, error);
}

static bool plug(const HostCall *call, GError **error)
{
    return drive_process_replug(call->drive, call->vm, error);
}

static bool wait(const HostCall *call, GError **error)
{
    g_usleep((gulong)call->duration);
    return true;
}

static bool stop_vm(const HostCall *call, GError **error)
{
    return vm_stop(call->vm, error);
}

static bool continue_vm(const HostCall *call, GError **error)
{
    return vm_continue(call->vm, error);
}

static bool pause_vm(const HostCall *call, GError **error)
{
    return vm_stop(call->vm, error) && wait(call, error) && vm_continue(call->vm, error);
}

static const HostRow rows[] = {
    { { "swap-tape N", "take the cartridge out and put cartridge N in (made if it is new)" },
      NUMBER,
      swap_tape },
    { { "eject", "take the cartridge out" }, NOTHING, eject },
    { { "load N", "put cartridge N in" }, NUMBER, load },
    { { "drive-stop", "end `usbtape serve` by SIGTERM; it must exit with 0" },
      NOTHING,
      drive_stop },
    { { "drive-kill", "end `usbtape serve` by SIGKILL" }, NOTHING, drive_kill },
    { { "drive-start", "start `usbtape serve` again, with the same cartridge" },
      NOTHING,
      drive_start },
    { { "unplug", "take the drive off the USB bus" }, NOTHING, unplug },
    { { "plug", "put it back" }, NOTHING, plug },
    { { "vm-pause T", "stop the machine for a time, and let it go on" }, DURATION, pause_vm },
    { { "vm-stop", "stop the machine" }, NOTHING, stop_vm },
    { { "vm-cont", "let it go on" }, NOTHING, continue_vm },
    { { "wait T", "do nothing for a time" }, DURATION, wait },
};

const HostAction *host_action(size_t i)
{
    return i < G_N_ELEMENTS(rows) ? &rows[i].action : NULL;
}

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, what);
    return false;
}

static bool parse_argument(const HostRow *row, const char *text, HostCall *call, GError **error)
{
    char *end = NULL;

    switch (row->takes) {
    case NOTHING:
        return !*text || refuse(error, "'%s' takes nothing, not '%s'", row->action.usage, text);
    case NUMBER:
        call->number = (int)g_ascii_strtoll(text, &end, 10);
        return (g_ascii_isdigit(*text) && !*end && call->number >= 1 && call->number <= 99) ||
               refuse(error, "'%s': N is a cartridge from 1 to 99, not '%s'", row->action.usage,
                      text);
    case DURATION:
        return units_parse_duration(text, &call->duration, error) &&
               (call->duration <= SECONDS(600) ||
                refuse(error, "'%s': at most 10min", row->action.usage));
    }
    return false;
}

static const HostRow *find(const char *text, HostCall *call, GError **error)
{
    size_t length = strcspn(text, " ");
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *usage = rows[i].action.usage;

        if (strcspn(usage, " ") == length && strncmp(usage, text, length) == 0) {
            const char *argument = text + length + strspn(text + length, " ");

            return parse_argument(&rows[i], argument, call, error) ? &rows[i] : NULL;
        }
    }
    refuse(error, "no action '%.*s': scenarios/LANGUAGE.md lists them", (int)MIN(length, 40), text);
    return NULL;
}

bool host_check(const char *text, GError **error)
{
    HostCall call = { 0 };

    return find(text, &call, error) != NULL;
}

bool host_do(const char *text, Vm *vm, DriveProcess *drive, GError **error)
{
    HostCall call = { .vm = vm, .drive = drive };
    const HostRow *row = find(text, &call, error);

    return row && row->run(&call, error);
}
