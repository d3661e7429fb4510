/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/commands.h"

#include <glib.h>
#include <string.h>

const ScsiCommand scsi_commands[SCSI_N_COMMANDS] = {
#define SCSI_COMMAND(symbol, opcode, service_action, name, length, direction)                      \
    { opcode, service_action, name, length, direction },
#define SCSI_OPERATION(opcode, name)
#include "emu/scsi/commands.def"
#undef SCSI_COMMAND
#undef SCSI_OPERATION
};

static const struct {
    uint8_t opcode;
    const char *name;
} operations[] = {
#define SCSI_COMMAND(symbol, opcode, service_action, name, length, direction)
#define SCSI_OPERATION(opcode, name) { opcode, name },
#include "emu/scsi/commands.def"
#undef SCSI_COMMAND
#undef SCSI_OPERATION
};

/* True if this is the command's name without the service action in parentheses. */
static bool names_operation(const ScsiCommand *command, const char *name)
{
    const char *action = strstr(command->name, " (");
    size_t length = action ? (size_t)(action - command->name) : strlen(command->name);

    return strlen(name) == length && memcmp(command->name, name, length) == 0;
}

int scsi_opcode(const char *name)
{
    size_t i, o;

    for (o = 0; o < G_N_ELEMENTS(operations); o++) {
        if (g_str_equal(operations[o].name, name)) {
            return operations[o].opcode;
        }
    }
    for (i = 0; i < G_N_ELEMENTS(scsi_commands); i++) {
        if (names_operation(&scsi_commands[i], name)) {
            for (o = 0; o < G_N_ELEMENTS(operations); o++) {
                if (operations[o].opcode == scsi_commands[i].opcode) {
                    return -1; /* the name of one service action among others */
                }
            }
            return scsi_commands[i].opcode;
        }
    }
    return -1;
}

const ScsiCommand *scsi_command_of(uint8_t opcode)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(scsi_commands); i++) {
        if (scsi_commands[i].opcode == opcode) {
            return &scsi_commands[i];
        }
    }
    return NULL;
}
