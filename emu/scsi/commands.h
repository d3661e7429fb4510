/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a tape drive as data (commands.def). emu/ssc implements them. */
#ifndef USBTAPE_SCSI_COMMANDS_H
#define USBTAPE_SCSI_COMMANDS_H

#include "emu/scsi/task.h"

#define SCSI_NO_SERVICE_ACTION (-1)

typedef struct ScsiCommand {
    uint8_t opcode;
    int8_t service_action; /* bits 4-0 of byte 1, or SCSI_NO_SERVICE_ACTION */
    const char *name;      /* the standard's; of a service action: "NAME (action)" */
    uint8_t length;        /* of the CDB */
    ScsiDirection direction;
} ScsiCommand;

typedef enum ScsiCommandId {
#define SCSI_COMMAND(symbol, opcode, service_action, name, length, direction) SCSI_##symbol,
#define SCSI_OPERATION(opcode, name)
#include "emu/scsi/commands.def"
#undef SCSI_COMMAND
#undef SCSI_OPERATION
    SCSI_N_COMMANDS,
} ScsiCommandId;

/* Indexed by ScsiCommandId. */
extern const ScsiCommand scsi_commands[SCSI_N_COMMANDS];

/*
 * The operation code that a name means: of a command, or of all service actions of one ("READ
 * ATTRIBUTE", "MAINTENANCE IN"). -1: no such name.
 */
int scsi_opcode(const char *name);

/* The first command of that operation code; NULL: none. */
const ScsiCommand *scsi_command_of(uint8_t opcode);

#endif
