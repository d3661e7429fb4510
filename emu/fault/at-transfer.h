/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults at SEAM 1: a UsbFunction in front of a Bulk-Only one. It follows CBW and CSW. So it knows
 * the phase of a transfer before the function receives it.
 */
#ifndef USBTAPE_FAULT_AT_TRANSFER_H
#define USBTAPE_FAULT_AT_TRANSFER_H

#include "emu/fault/plan.h"
#include "emu/usb/function.h"

typedef struct AtTransfer AtTransfer;

/* Borrows everything. fault_plan_start() must have been called. */
AtTransfer *at_transfer_new(UsbFunction *below, FaultPlan *plan);
/* No transfer may be pending. */
void at_transfer_free(AtTransfer *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AtTransfer, at_transfer_free)

UsbFunction *at_transfer_function(AtTransfer *at);
/* True if no transfer is pending and no command is under way. Then it may be taken out. */
bool at_transfer_idle(const AtTransfer *at);

/* ---- for kinds ---- */

/* The command under way, from its CBW. */
typedef struct FaultCbw {
    uint32_t tag, previous_tag;
    uint32_t length; /* dCBWDataTransferLength */
    bool in;
    int64_t time;   /* of the CBW */
    int64_t idle;   /* from the last CSW to the CBW, or 0 without one */
    uint32_t moved; /* bytes of its data phase that have ended */
} FaultCbw;

const FaultCbw *at_transfer_cbw(const AtTransfer *at);

/* On the way down. Each function decides what happens to the transfer. */
/* Delays it for `duration`, or FAULT_FOR_EVER. Afterwards it continues as usual. */
void at_transfer_postpone(AtTransfer *at, UsbTransfer *transfer, int64_t duration);
/* Halts its endpoint and completes it with STALL. */
void at_transfer_stall(AtTransfer *at, UsbTransfer *transfer);
/* Completes it with `result`, without data. */
void at_transfer_fail(AtTransfer *at, UsbTransfer *transfer, UsbResult result);
/*
 * Completes it with a transaction error after `keep` of its bytes. A host that repeats the transfer
 * receives all bytes, in one piece or several.
 */
void at_transfer_break(AtTransfer *at, UsbTransfer *transfer, size_t keep);
/* The transfer that set the rule off, or NULL. */
UsbTransfer *at_transfer_current(AtTransfer *at);
/* True if byte `at` of the data phase (from 0) belongs to this transfer. For `fits`. */
bool at_transfer_has_byte(const AtTransfer *at, const UsbTransfer *transfer, int64_t byte);
/* Completes it with these bytes (IN), or as if all were received (OUT, `bytes` NULL). */
void at_transfer_answer(AtTransfer *at, UsbTransfer *transfer, const void *bytes, size_t length);
/* Replaces the host's bytes (OUT). Takes ownership of `bytes`. */
void at_transfer_replace(AtTransfer *at, UsbTransfer *transfer, GBytes *bytes);

/* On completion. */
/* Delays the answer for `duration`, or FAULT_FOR_EVER. */
void at_transfer_delay(AtTransfer *at, UsbTransfer *transfer, int64_t duration);
/*
 * The bytes of the answer, for changes. Bytes beyond the answer are zero. Bytes beyond the host's
 * buffer cause babble.
 */
uint8_t *at_transfer_edit(AtTransfer *at, UsbTransfer *transfer, size_t size);
/* Halts the endpoint after this answer. */
void at_transfer_halt(AtTransfer *at, uint8_t endpoint);
/* Both pipes stall until Reset Recovery. */
void at_transfer_wedge(AtTransfer *at);

/*
 * Aborts the command below. The interposer sends the CSW, with this status and residue. Not from
 * on_complete.
 */
void at_transfer_abandon(AtTransfer *at, uint8_t status, uint32_t residue);
/* Sets the residue of the command's CSW. With `fail`, also sets status 1. */
void at_transfer_set_residue(AtTransfer *at, uint32_t residue, bool fail);
/* Completes an IN transfer in any phase with the CSW of at_transfer_abandon(). */
void at_transfer_answer_csw(AtTransfer *at, UsbTransfer *transfer);
/* Completes no transfer until a port reset. */
void at_transfer_die(AtTransfer *at);
/* Stalls everything but enumeration, until a port reset or a SET_CONFIGURATION. */
void at_transfer_unconfigure(AtTransfer *at);

#endif
