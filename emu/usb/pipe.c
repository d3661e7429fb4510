/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/usb/pipe.h"

#include <string.h>

void usb_pipe_init(UsbPipe *pipe, uint8_t address, void (*after)(void *data), void *after_data)
{
    *pipe = (UsbPipe){ .address = address, .after = after, .after_data = after_data };
}

/* The bytes that a transfer makes us hold. */
static size_t out_bytes(const UsbTransfer *transfer)
{
    return transfer->endpoint & 0x80 ? 0 : transfer->length;
}

bool usb_pipe_push(UsbPipe *pipe, UsbTransfer *transfer)
{
    size_t bytes = out_bytes(transfer);

    if (pipe->n_pending == USB_PENDING_MAX) {
        return false;
    }
    if (pipe->n_pending > 0 &&
        bytes > USB_PENDING_BYTES_MAX - MIN(pipe->out_bytes, USB_PENDING_BYTES_MAX)) {
        return false;
    }
    pipe->transfers++;
    pipe->out_bytes += bytes;
    pipe->pending[pipe->n_pending++] = transfer;
    return true;
}

bool usb_pipe_ready(const UsbPipe *pipe)
{
    return pipe->n_pending > 0 && !pipe->started;
}

/* Takes the transfer out of the queue and gives it back its submitter's completion. */
static void pipe_remove(UsbPipe *pipe, unsigned at)
{
    UsbTransfer *transfer = pipe->pending[at];

    if (at == 0 && pipe->started) {
        transfer->complete = pipe->complete;
        transfer->complete_data = pipe->complete_data;
        pipe->started = false;
        pipe->with_function = false;
    }
    pipe->out_bytes -= out_bytes(transfer);
    pipe->n_pending--;
    memmove(&pipe->pending[at], &pipe->pending[at + 1],
            (pipe->n_pending - at) * sizeof pipe->pending[0]);
}

/* The head's completion while it is started. */
static void pipe_completed(UsbTransfer *transfer, void *data)
{
    UsbPipe *pipe = data;
    void (*after)(void *) = pipe->after;
    void *after_data = pipe->after_data;

    g_assert(pipe->started && pipe->pending[0] == transfer);
    g_assert(transfer->actual <= transfer->length);
    pipe_remove(pipe, 0);
    pipe->bytes += transfer->actual;
    pipe->stalls += transfer->result == USB_STALL;
    usb_transfer_complete(transfer);
    after(after_data);
}

UsbTransfer *usb_pipe_next(UsbPipe *pipe)
{
    UsbTransfer *transfer = pipe->pending[0];

    g_assert(usb_pipe_ready(pipe));
    if (pipe->halt != USB_RUNNING) {
        pipe_remove(pipe, 0);
        pipe->stalls++;
        usb_transfer_fail(transfer, USB_STALL);
        return NULL;
    }
    pipe->complete = transfer->complete;
    pipe->complete_data = transfer->complete_data;
    pipe->started = true;
    transfer->complete = pipe_completed;
    transfer->complete_data = pipe;
    return transfer;
}

static bool pipe_find(const UsbPipe *pipe, const UsbTransfer *transfer, unsigned *at)
{
    for (*at = 0; *at < pipe->n_pending; (*at)++) {
        if (pipe->pending[*at] == transfer) {
            return true;
        }
    }
    return false;
}

bool usb_pipe_has(const UsbPipe *pipe, const UsbTransfer *transfer)
{
    unsigned at;

    return pipe_find(pipe, transfer, &at);
}

void usb_pipe_recall(UsbPipe *pipe, UsbTransfer *transfer, UsbFunction *function, UsbResult result)
{
    unsigned at;

    if (!pipe_find(pipe, transfer, &at)) {
        return;
    }
    if (at == 0 && pipe->with_function) {
        function->ops->cancel(function, transfer);
    }
    pipe_remove(pipe, at);
    pipe->cancelled += result == USB_CANCELLED;
    pipe->stalls += result == USB_STALL;
    transfer->phase = USB_PHASE_NONE;
    usb_transfer_fail(transfer, result);
}

void usb_pipe_recall_all(UsbPipe *pipe, UsbFunction *function, UsbResult result)
{
    unsigned n;

    for (n = pipe->n_pending; n > 0 && pipe->n_pending > 0; n--) {
        usb_pipe_recall(pipe, pipe->pending[0], function, result);
    }
}
