/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by at-transfer.c (the seam) and at-transfer-acts.c (the acts of kinds on a transfer). */
#ifndef USBTAPE_FAULT_AT_TRANSFER_PRIVATE_H
#define USBTAPE_FAULT_AT_TRANSFER_PRIVATE_H

#include "emu/bot/wire.h"
#include "emu/fault/at-transfer.h"

/* A transfer that was submitted here and has not ended. At most one a pipe. */
typedef struct Passing {
    AtTransfer *at;
    UsbTransfer *transfer; /* NULL: none */
    void (*complete)(UsbTransfer *transfer, void *data);
    void *data;
    FaultPhase phase;
    bool below; /* submitted to the function */
    bool control, standard;
    ClockTimer *timer;
    bool answered;      /* has its answer, and is delayed */
    GByteArray *edited; /* bytes of the answer that a kind changed */
    GBytes *given;      /* bytes of a repeated answer */
    bool breaks;        /* the answer fails after `keep` bytes */
    size_t keep;
    GBytes *own_out; /* the host's bytes, while a kind has replaced them */
    size_t own_length;
} Passing;

struct AtTransfer {
    UsbFunction base;
    UsbFunction *below;
    UsbHost *host;
    UsbHost for_below; /* the UsbHost that the function below sees */
    FaultPlan *plan;
    Passing out, in, control;

    /* State of the command under way, from its CBW and CSW. */
    bool busy; /* between CBW and CSW */
    FaultCbw cbw;
    bool data_over;
    int64_t ended;  /* time of the last CSW, or -1 */
    GBytes *unsent; /* rest of the data that the host has not received. Its next request gets it. */
    bool halts_after; /* the pipe halts after that rest */

    UsbTransfer *current; /* the transfer that the rules look at */

    bool has_residue, residue_fails; /* change the CSW that follows */
    uint32_t residue;
    bool abandoned; /* the CSW that follows is made here */
    uint8_t csw[BOT_CSW_LENGTH];

    bool dead, unconfigured;
};

Passing *at_transfer_passing(AtTransfer *at, const UsbTransfer *transfer);
/* Completes the transfer to the host. */
void at_transfer_finish(Passing *passing);
/* Submits the transfer to the function below, or answers it. */
void at_transfer_serve(Passing *passing);
/* ClockFunc: the delay that a kind requested is over. */
void at_transfer_on_time(void *passing);

#endif
