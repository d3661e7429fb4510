/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What at-transfer.c (the seam) and at-transfer-acts.c (what kinds do to a transfer) share. */
#ifndef USBTAPE_FAULT_AT_TRANSFER_PRIVATE_H
#define USBTAPE_FAULT_AT_TRANSFER_PRIVATE_H

#include "emu/bot/wire.h"
#include "emu/fault/at-transfer.h"

/* A transfer that came by and has not ended: at most one a pipe. */
typedef struct Passing {
    AtTransfer *at;
    UsbTransfer *transfer; /* NULL: none */
    void (*complete)(UsbTransfer *transfer, void *data);
    void *data;
    FaultPhase phase;
    bool below; /* the function has it */
    bool control, standard;
    ClockTimer *timer;
    bool answered;      /* it waits for its time with its answer */
    GByteArray *edited; /* bytes of the answer that a kind has changed */
    GBytes *given;      /* bytes of an answer that is given again */
    bool breaks;        /* its answer fails after `keep` bytes */
    size_t keep;
    GBytes *own_out; /* the host's bytes, while others stand in for them */
    size_t own_length;
} Passing;

struct AtTransfer {
    UsbFunction base;
    UsbFunction *below;
    UsbHost *host;
    UsbHost for_below; /* what the function below takes for the host */
    FaultPlan *plan;
    Passing out, in, control;

    /* The wrappers as they went by. */
    bool busy; /* a CBW came whose CSW has not gone */
    FaultCbw cbw;
    bool data_over;
    int64_t ended; /* when the last CSW went; -1: none did */
    GBytes *again; /* data that the host has not got whole: what it asks for next */
    bool halts;    /* …and the pipe is to be halted once it has */

    UsbTransfer *current; /* with the rules */

    bool has_residue, residue_fails; /* the CSW to come is to have… */
    uint32_t residue;
    bool abandoned; /* the CSW to come is ours */
    uint8_t csw[BOT_CSW_LENGTH];

    bool dead, unconfigured;
};

Passing *at_transfer_passing(AtTransfer *at, const UsbTransfer *transfer);
/* Completes the transfer towards the host. */
void at_transfer_finish(Passing *passing);
/* Gives the transfer to the function below, or answers it. */
void at_transfer_serve(Passing *passing);
/* ClockFunc: the time that a kind asked for is over. */
void at_transfer_on_time(void *passing);

#endif
