/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-transfer-private.h"

#include <string.h>

void at_transfer_postpone(AtTransfer *at, UsbTransfer *transfer, int64_t duration)
{
    Passing *passing = at_transfer_passing(at, transfer);

    if (duration != FAULT_FOR_EVER) {
        passing->timer = clock_start(at->plan->clock, duration, at_transfer_on_time, passing);
    }
}

void at_transfer_fail(AtTransfer *at, UsbTransfer *transfer, UsbResult result)
{
    transfer->result = result;
    transfer->actual = 0;
    at_transfer_finish(at_transfer_passing(at, transfer));
}

void at_transfer_break(AtTransfer *at, UsbTransfer *transfer, size_t keep)
{
    Passing *passing = at_transfer_passing(at, transfer);

    if (keep == 0) {
        at_transfer_fail(at, transfer, USB_IO_ERROR);
        return;
    }
    if (passing == &at->in) {
        passing->breaks = true;
        passing->keep = keep;
        at_transfer_serve(passing);
        return;
    }
    transfer->result = USB_IO_ERROR;
    transfer->actual = MIN(keep, transfer->length);
    at_transfer_finish(passing);
}

UsbTransfer *at_transfer_current(AtTransfer *at)
{
    return at->current;
}

bool at_transfer_has_byte(const AtTransfer *at, const UsbTransfer *transfer, int64_t byte)
{
    return byte >= at->cbw.moved && byte < at->cbw.moved + (int64_t)transfer->length;
}

void at_transfer_stall(AtTransfer *at, UsbTransfer *transfer)
{
    if (transfer->endpoint & 0x0f) {
        at->host->ops->halt(at->host, transfer->endpoint);
    }
    at_transfer_fail(at, transfer, USB_STALL);
}

static UsbPhase usb_phase(const Passing *passing)
{
    return passing->control                     ? USB_PHASE_CONTROL
           : passing->phase == FAULT_PHASE_CBW  ? USB_PHASE_CBW
           : passing->phase == FAULT_PHASE_CSW  ? USB_PHASE_CSW
           : passing->transfer->endpoint & 0x80 ? USB_PHASE_DATA_IN
                                                : USB_PHASE_DATA_OUT;
}

void at_transfer_answer(AtTransfer *at, UsbTransfer *transfer, const void *bytes, size_t length)
{
    Passing *passing = at_transfer_passing(at, transfer);

    transfer->phase = usb_phase(passing);
    transfer->result = length > transfer->length ? USB_BABBLE : USB_DONE;
    transfer->in = bytes;
    transfer->actual = bytes ? MIN(length, transfer->length) : transfer->length;
    transfer->beyond = bytes ? length - transfer->actual : 0;
    at_transfer_finish(passing);
}

void at_transfer_answer_csw(AtTransfer *at, UsbTransfer *transfer)
{
    at->abandoned = false;
    at_transfer_passing(at, transfer)->phase = FAULT_PHASE_CSW;
    at_transfer_answer(at, transfer, at->csw, BOT_CSW_LENGTH);
}

void at_transfer_replace(AtTransfer *at, UsbTransfer *transfer, GBytes *bytes)
{
    Passing *passing = at_transfer_passing(at, transfer);

    if (passing->own_out) { /* another kind did so before */
        g_bytes_unref(transfer->out);
    } else {
        passing->own_out = transfer->out;
        passing->own_length = transfer->length;
    }
    transfer->out = bytes;
    transfer->length = g_bytes_get_size(bytes);
}

uint8_t *at_transfer_edit(AtTransfer *at, UsbTransfer *transfer, size_t size)
{
    Passing *passing = at_transfer_passing(at, transfer);
    GByteArray *edited = g_byte_array_sized_new((guint)size + 1);

    g_byte_array_set_size(edited, (guint)size);
    memset(edited->data, 0, size);
    if (transfer->actual > 0) {
        memcpy(edited->data, transfer->in, MIN(size, transfer->actual));
    }
    if (passing->edited) {
        g_byte_array_unref(passing->edited);
    }
    passing->edited = edited;
    transfer->in = edited->data;
    transfer->actual = MIN(size, transfer->length);
    transfer->beyond = size - transfer->actual;
    if (transfer->beyond > 0) {
        transfer->result = USB_BABBLE;
    }
    return edited->data;
}

void at_transfer_delay(AtTransfer *at, UsbTransfer *transfer, int64_t duration)
{
    Passing *passing = at_transfer_passing(at, transfer);

    if (transfer->in && transfer->actual > 0 && !passing->edited) {
        at_transfer_edit(at, transfer,
                         transfer->actual); /* makes a copy that outlives the answer */
    }
    passing->answered = true;
    at_transfer_postpone(at, transfer, duration);
}

void at_transfer_halt(AtTransfer *at, uint8_t endpoint)
{
    at->host->ops->halt(at->host, endpoint);
}

void at_transfer_wedge(AtTransfer *at)
{
    at->host->ops->wedge(at->host, USB_BULK_IN);
    at->host->ops->wedge(at->host, USB_BULK_OUT);
}

void at_transfer_abandon(AtTransfer *at, uint8_t status, uint32_t residue)
{
    Passing *both[] = { &at->out, &at->in };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(both); i++) {
        if (both[i]->transfer && both[i]->below) {
            at->below->ops->cancel(at->below, both[i]->transfer);
            both[i]->below = false;
        }
    }
    at->below->ops->reset(at->below, USB_RESET_CONFIGURATION);
    bot_csw_build(at->csw, at->cbw.tag, residue, (BotStatus)status);
    at->abandoned = true;
    at->data_over = true;
    at->has_residue = false;
}

void at_transfer_set_residue(AtTransfer *at, uint32_t residue, bool fail)
{
    at->has_residue = true;
    at->residue = residue;
    at->residue_fails = fail;
}

void at_transfer_die(AtTransfer *at)
{
    at->dead = true;
}

void at_transfer_unconfigure(AtTransfer *at)
{
    at->unconfigured = true;
}
