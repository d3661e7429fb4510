/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stops a command at a phase until the controller releases it. A UsbFunction in front of another,
 * present only while a hold is requested.
 *
 * The host sees NAK on the endpoint. At the CBW the drive does not know the command yet. At the
 * data phase the drive has not received the host's data, or has its own data ready and does not
 * send it. At the CSW everything is done except the report of the status. A host may cancel its
 * transfer and submit another. The command stays stopped. A reset ends the command and not the
 * hold, so the next command is stopped too.
 */
#ifndef USBTAPE_FAULT_HOLD_H
#define USBTAPE_FAULT_HOLD_H

#include "emu/usb/function.h"

typedef enum HoldPhase {
    HOLD_CBW,
    HOLD_DATA,
    HOLD_CSW,
    N_HOLD_PHASES,
} HoldPhase;

extern const char *const hold_phase_names[N_HOLD_PHASES];

typedef struct Hold Hold;

/*
 * Called when a command with this operation code is stopped. The callback may release it later,
 * never from inside this call.
 */
typedef void (*HoldStopped)(void *data, uint8_t opcode);

/* Stops each command with that operation code (-1: any) at `phase`. Borrows `below`. */
Hold *hold_new(UsbFunction *below, HoldPhase phase, int opcode, HoldStopped on_stopped, void *data);
/*
 * No command may be stopped. Transfers that were submitted and are pending lose their entry here.
 */
void hold_free(Hold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hold, hold_free)

UsbFunction *hold_function(Hold *hold);
/*
 * Submits to this function from now on. The old function keeps the transfers that it has, and may
 * complete them.
 */
void hold_set_below(Hold *hold, UsbFunction *below);

HoldPhase hold_phase(const Hold *hold);
int hold_opcode(const Hold *hold); /* as requested */
/* The operation code of the command that is stopped now, or -1. */
int hold_stopped_opcode(const Hold *hold);
/* Continues the stopped command. No further command is stopped. */
void hold_release(Hold *hold);
bool hold_released(const Hold *hold);
/* True if it was released and has no answer left. Then it may be taken out. */
bool hold_idle(const Hold *hold);

#endif
