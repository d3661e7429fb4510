/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults at SEAM 1: a UsbFunction in front of a Bulk-Only one. It follows the wrappers as they go
 * by, so that it knows which phase a transfer belongs to before the function has it.
 */
#ifndef USBTAPE_FAULT_AT_TRANSFER_H
#define USBTAPE_FAULT_AT_TRANSFER_H

#include "emu/fault/plan.h"
#include "emu/usb/function.h"

typedef struct AtTransfer AtTransfer;

/* Borrows everything. The plan was started. */
AtTransfer *at_transfer_new(UsbFunction *below, FaultPlan *plan);
/* No transfer may be pending. */
void at_transfer_free(AtTransfer *at);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AtTransfer, at_transfer_free)

UsbFunction *at_transfer_function(AtTransfer *at);
/* No transfer came this way that has not ended, no command is under way: it may be taken out. */
bool at_transfer_idle(const AtTransfer *at);

/* ---- for kinds ---- */

/* The command under way, as its CBW says. */
typedef struct FaultCbw {
    uint32_t tag, previous_tag;
    uint32_t length; /* dCBWDataTransferLength */
    bool in;
    int64_t time;   /* when it came */
    int64_t idle;   /* since the CSW before it; 0: there was none */
    uint32_t moved; /* bytes of its data phase that are over */
} FaultCbw;

const FaultCbw *at_transfer_cbw(const AtTransfer *at);

/* On the way down: each deals with the transfer. */
/* Keeps it for `duration`, or FAULT_FOR_EVER; then it goes on as if nothing had been. */
void at_transfer_hold(AtTransfer *at, UsbTransfer *transfer, int64_t duration);
/* Halts its endpoint and stalls it. */
void at_transfer_stall(AtTransfer *at, UsbTransfer *transfer);
/* Ends it so, without data. */
void at_transfer_fail(AtTransfer *at, UsbTransfer *transfer, UsbResult result);
/* Ends it with a transaction error after `keep` of its bytes. A host that begins it anew finds all
 * of it, in one piece or several: what it has not got whole, the function has not got rid of. */
void at_transfer_break(AtTransfer *at, UsbTransfer *transfer, size_t keep);
/* The transfer that has set a rule off and is being dealt with; NULL: none. */
UsbTransfer *at_transfer_current(AtTransfer *at);
/* Is byte `at` of the data phase (counted from 0) one of this transfer? For `fits`. */
bool at_transfer_has_byte(const AtTransfer *at, const UsbTransfer *transfer, int64_t byte);
/* Ends it with these bytes (IN), or having taken all (OUT, `bytes` NULL). */
void at_transfer_answer(AtTransfer *at, UsbTransfer *transfer, const void *bytes, size_t length);
/* Gives the function other bytes (OUT) than the host sent. Takes `bytes` over. */
void at_transfer_replace(AtTransfer *at, UsbTransfer *transfer, GBytes *bytes);

/* As it completes. */
/* Keeps the answer back for `duration`, or FAULT_FOR_EVER. */
void at_transfer_delay(AtTransfer *at, UsbTransfer *transfer, int64_t duration);
/* Bytes of the answer that may be changed, `size` of them: more than were there are zero, more than
 * the host takes babble. */
uint8_t *at_transfer_edit(AtTransfer *at, UsbTransfer *transfer, size_t size);
/* After this answer the endpoint is halted. */
void at_transfer_halt(AtTransfer *at, uint8_t endpoint);
/* Both pipes stall until Reset Recovery. */
void at_transfer_wedge(AtTransfer *at);

/*
 * The command under way is dropped below; its CSW, which we then send, has this status and residue.
 * Not from on_complete.
 */
void at_transfer_abandon(AtTransfer *at, uint8_t status, uint32_t residue);
/* The CSW of the command under way will have this residue; with `fail`, status 1. */
void at_transfer_set_residue(AtTransfer *at, uint32_t residue, bool fail);
/* Ends an IN transfer with the CSW that at_transfer_abandon() made, wherever it stands. */
void at_transfer_answer_csw(AtTransfer *at, UsbTransfer *transfer);
/* Nothing is answered any more until a port reset. */
void at_transfer_die(AtTransfer *at);
/* Everything but setting it up again stalls until a port reset or a configuration. */
void at_transfer_unconfigure(AtTransfer *at);

#endif
