/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command stopped at a phase until somebody says go on: a UsbFunction in front of another, there
 * only while it is wanted.
 *
 * To the host the endpoint answers NAK. At the CBW the drive knows nothing of the command yet. At
 * the data phase it has not got the host's data, or has its own ready and does not give them; at
 * the CSW all is done but the status not told. A host that loses patience may cancel and ask again:
 * what is held is still held. A reset ends the command, not the hold: the next one is stopped, too.
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

/* A command is being held: its operation code. It may release, later, not from inside this call. */
typedef void (*HoldHeld)(void *data, uint8_t opcode);

/* Stops each command with that operation code (-1: any) at `phase`. Borrows `below`. */
Hold *hold_new(UsbFunction *below, HoldPhase phase, int opcode, HoldHeld held, void *data);
/* Nothing may be held; what went through and is not done yet is forgotten by it alone. */
void hold_free(Hold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hold, hold_free)

UsbFunction *hold_function(Hold *hold);
/* From now on the transfers go there; the old one keeps, and may complete, what it has. */
void hold_set_below(Hold *hold, UsbFunction *below);

HoldPhase hold_phase(const Hold *hold);
int hold_opcode(const Hold *hold); /* as asked for */
/* The operation code of the command that is held now; -1: none. */
int hold_held(const Hold *hold);
/* What is held goes on, and nothing is stopped any more. */
void hold_release(Hold *hold);
bool hold_released(const Hold *hold);
/* It was released and has nothing left to hand out: it may be taken out. */
bool hold_idle(const Hold *hold);

#endif
