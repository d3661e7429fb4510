/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An observer of the bus between a link and a UsbDevice, for captures and judges. A device without
 * a monitor pays one comparison a transfer.
 *
 * Owns: the interface. Does not own: the transfers. A monitor only reads them.
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
    /* The transfer ended with any result: result, actual and `in` are set. The link's completion
     * runs next. */
    void (*completed)(UsbMonitor *monitor, uint64_t number, const UsbTransfer *transfer);
    /* A port reset is about to happen. The transfers that it cancels complete afterwards. */
    void (*reset)(UsbMonitor *monitor);
    /* How many packets of a capture are written so far. NULL: the monitor writes none. */
    uint64_t (*packets)(const UsbMonitor *monitor);
} UsbMonitorOps;

struct UsbMonitor {
    const UsbMonitorOps *ops;
};

#endif
