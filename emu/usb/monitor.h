/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who watches the bus between a link and a UsbDevice: a capture. A device without one pays
 * a comparison a transfer.
 *
 * Owns: the words that watcher and device share. Does not own: anything; the watcher only looks.
 */
#ifndef USBTAPE_USB_MONITOR_H
#define USBTAPE_USB_MONITOR_H

#include "emu/usb/function.h"

typedef struct UsbMonitor UsbMonitor;

typedef struct UsbMonitorOps {
    /*
     * The host starts a transfer; the device has not seen it yet. The transfer is borrowed for the
     * call. Returns a number of the monitor's choice, which it gets back at the end.
     */
    uint64_t (*submitted)(UsbMonitor *monitor, const UsbTransfer *transfer);
    /* The transfer ends, whichever way: result, actual and `in` are set. The link hears next. */
    void (*completed)(UsbMonitor *monitor, uint64_t number, const UsbTransfer *transfer);
    /* A port reset is about to happen; what it cancels completes afterwards. */
    void (*reset)(UsbMonitor *monitor);
} UsbMonitorOps;

struct UsbMonitor {
    const UsbMonitorOps *ops;
};

#endif
