/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by device.c and ep0.c alone. */
#ifndef USBTAPE_USB_DEVICE_PRIVATE_H
#define USBTAPE_USB_DEVICE_PRIVATE_H

#include "emu/usb/device.h"
#include "emu/usb/pipe.h"

#define USB_BULK_PIPES 2

struct UsbDevice {
    UsbHost host; /* first: what the function holds is the device */
    UsbIdentity identity;
    UsbSpeed speed;
    UsbFunction *function;
    Trace *trace;
    UsbMonitor *monitors[USB_MONITORS];
    unsigned n_monitors;

    uint8_t configuration; /* 0: not configured */
    bool u1_enabled;       /* USB 3.2 § 9.4.5; reset to false by a port reset */
    bool u2_enabled;

    UsbPipe control;
    UsbPipe bulk[USB_BULK_PIPES]; /* as the configuration's endpoints; idle while not configured */
    UsbPipe nowhere;              /* transfers for endpoints that do not exist: always halted */

    uint64_t resets;

    bool running; /* device_run() is at work further up the stack */
};

/* The pipe of an endpoint that exists in the present configuration, else NULL. */
UsbPipe *usb_device_bulk_pipe(UsbDevice *device, uint8_t endpoint);

void usb_device_set_halt(UsbDevice *device, UsbPipe *pipe, UsbHalt halt);

/* Answers a started standard request: completes it, unless what it caused has recalled it. */
void usb_ep0_standard(UsbDevice *device, UsbTransfer *transfer);

#endif
