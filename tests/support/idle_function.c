/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/idle_function.h"

#include "tests/support/suite.h"

static const uint8_t zeroes[65536];

static void complete(UsbTransfer *transfer, UsbResult result)
{
    MUST(transfer->length <= sizeof zeroes);
    if (result == USB_DONE) {
        usb_transfer_done(transfer, USB_PHASE_NONE, transfer->endpoint & 0x80 ? zeroes : NULL,
                          transfer->length);
    } else {
        usb_transfer_fail(transfer, result);
    }
}

static void take(IdleFunction *f, UsbTransfer **slot, UsbTransfer *transfer)
{
    f->depth++;
    f->max_depth = MAX(f->max_depth, f->depth);
    MUST(*slot == NULL); /* one at a time */
    if (f->at_once) {
        complete(transfer, USB_DONE);
    } else {
        *slot = transfer;
    }
    f->depth--;
}

static void function_attach(UsbFunction *function, UsbHost *host)
{
    ((IdleFunction *)function)->host = host;
}

static void function_control(UsbFunction *function, UsbTransfer *transfer)
{
    IdleFunction *f = (IdleFunction *)function;

    MUST((transfer->setup.bmRequestType & 0x60) != 0);
    f->n_control++;
    take(f, &f->control, transfer);
}

static void function_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    IdleFunction *f = (IdleFunction *)function;

    MUST(transfer->endpoint == USB_BULK_OUT && transfer->out);
    f->n_out++;
    take(f, &f->out, transfer);
}

static void function_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    IdleFunction *f = (IdleFunction *)function;

    MUST(transfer->endpoint == USB_BULK_IN);
    f->n_in++;
    take(f, &f->in, transfer);
}

static void function_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    IdleFunction *f = (IdleFunction *)function;
    UsbTransfer **slots[] = { &f->control, &f->out, &f->in };
    size_t i;

    f->n_cancel++;
    for (i = 0; i < G_N_ELEMENTS(slots); i++) {
        if (*slots[i] == transfer) {
            *slots[i] = NULL;
            return;
        }
    }
    MUST(!"cancel of a transfer that the function does not hold");
}

static void function_reset(UsbFunction *function, UsbReset kind)
{
    IdleFunction *f = (IdleFunction *)function;

    MUST(!f->out && !f->in); /* always preceded by cancel */
    f->n_reset[kind]++;
}

static const UsbFunctionOps function_ops = {
    .attach = function_attach,
    .control = function_control,
    .bulk_out = function_bulk_out,
    .bulk_in = function_bulk_in,
    .cancel = function_cancel,
    .reset = function_reset,
};

void idle_function_init(IdleFunction *function)
{
    *function = (IdleFunction){ .function.ops = &function_ops };
}

void idle_function_finish(IdleFunction *function, uint8_t endpoint, UsbResult result)
{
    UsbTransfer **slot = endpoint == USB_BULK_IN    ? &function->in
                         : endpoint == USB_BULK_OUT ? &function->out
                                                    : &function->control;
    UsbTransfer *transfer = g_steal_pointer(slot);

    MUST(transfer != NULL);
    complete(transfer, result);
}
