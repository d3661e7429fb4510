/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEAM 1: transfers. The USB device (emu/usb/device.h) calls a function downwards. The function
 * answers upwards through the completion in each transfer and through UsbHost.
 *
 * Rules of the seam:
 *  - A transfer that was passed to `control`, `bulk_out` or `bulk_in` belongs to the function until
 *    it calls usb_transfer_complete() on it, exactly once, inside the call or at any time later.
 *  - At most one bulk-out, one bulk-in and one control transfer are with the function at a time:
 *    the device queues the others. Transfers on a halted endpoint never reach the function.
 *  - `cancel` takes back the transfer. The function drops it, and the device completes it. Data
 * of a cancelled OUT transfer must not be used afterwards unless it was consumed before.
 *  - `reset` always follows a `cancel` of each pending transfer. It brings the function to its
 * state after configuration.
 *  - The function may complete, halt and wedge from inside any call; the device tolerates re-entry.
 */
#ifndef USBTAPE_USB_FUNCTION_H
#define USBTAPE_USB_FUNCTION_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The endpoints of a Bulk-Only function (BOT 1.0 § 4.4), on this device. */
#define USB_BULK_IN  0x81
#define USB_BULK_OUT 0x02

typedef enum UsbResult {
    USB_DONE,      /* `actual` bytes were moved */
    USB_STALL,     /* STALL handshake (USB 2.0 § 8.5.3.4, § 5.8.5) */
    USB_CANCELLED, /* taken back by the host */
    USB_IO_ERROR,  /* transaction error: no or bad handshake */
    USB_BABBLE,    /* more data than the host asked for */
} UsbResult;

/* The content of a transfer, set by the function on completion, for faults, traces and captures. */
typedef enum UsbPhase {
    USB_PHASE_NONE,
    USB_PHASE_CONTROL,
    USB_PHASE_CBW,
    USB_PHASE_DATA_OUT,
    USB_PHASE_DATA_IN,
    USB_PHASE_CSW,
} UsbPhase;

typedef enum UsbReset {
    USB_RESET_BUS,           /* port reset (USB 2.0 § 7.1.7.5) */
    USB_RESET_CONFIGURATION, /* SET_CONFIGURATION or SET_INTERFACE (USB 2.0 § 9.4.7, § 9.4.10) */
} UsbReset;

/* bRequest of standard requests that links and captures name, too (USB 2.0 table 9-4). */
#define USB_GET_CONFIGURATION 8
#define USB_SET_CONFIGURATION 9
#define USB_GET_INTERFACE     10
#define USB_SET_INTERFACE     11

/* A setup packet (USB 2.0 § 9.3), fields in host order. */
typedef struct UsbSetup {
    uint8_t bmRequestType;
    uint8_t bRequest;
    uint16_t wValue;
    uint16_t wIndex;
    uint16_t wLength;
} UsbSetup;

typedef struct UsbTransfer UsbTransfer;

struct UsbTransfer {
    /* Set by the submitter, constant until the transfer completes. */
    uint64_t id;
    uint8_t endpoint; /* bEndpointAddress; bit 7 set = IN; 00h or 80h for a control transfer */
    UsbSetup setup;   /* control transfers only */
    GBytes *out;      /* OUT: the host's bytes, never NULL. To keep them, take a reference. */
    size_t length;    /* OUT: size of `out`; IN: the most that the host takes */

    /* Set by the function before it completes the transfer. */
    UsbResult result;
    UsbPhase phase;
    size_t actual;     /* bytes moved, at most `length`; also before it failed */
    const uint8_t *in; /* IN: `actual` bytes, borrowed: valid until the completion returns */
    size_t beyond;     /* IN, USB_BABBLE: so many more at `in`, for which the host has no room */

    /*
     * Called once. It may free the transfer. A layer that interposes itself stores the old pair,
     * sets its own, and restores and calls the old pair when its turn comes.
     */
    void (*complete)(UsbTransfer *transfer, void *data);
    void *complete_data;
};

static inline void usb_transfer_complete(UsbTransfer *transfer)
{
    transfer->complete(transfer, transfer->complete_data);
}

/* Completes with a result and no data. */
static inline void usb_transfer_fail(UsbTransfer *transfer, UsbResult result)
{
    transfer->result = result;
    transfer->actual = 0;
    usb_transfer_complete(transfer);
}

/* Completes an IN transfer with `length` bytes (cut to what the host takes), or an OUT one with
 * `in` NULL and `length` the bytes accepted. */
static inline void usb_transfer_done(UsbTransfer *transfer, UsbPhase phase, const void *in,
                                     size_t length)
{
    transfer->result = USB_DONE;
    transfer->phase = phase;
    transfer->in = in;
    transfer->actual = MIN(length, transfer->length);
    usb_transfer_complete(transfer);
}

/*
 * The device side as a function sees it. `endpoint` is a bEndpointAddress. A halt stalls the
 * transfers that the function does not hold yet. The function completes the one that it holds
 * itself, mostly with USB_STALL, after the halt.
 */
typedef struct UsbHost UsbHost;

typedef struct UsbHostOps {
    /* Every transfer on the endpoint stalls until CLEAR_FEATURE(ENDPOINT_HALT), USB 2.0 § 9.4.5. */
    void (*halt)(UsbHost *host, uint8_t endpoint);
    /* As halt, but CLEAR_FEATURE does not lift it (BOT 1.0 § 6.6.1: until Reset Recovery). */
    void (*wedge)(UsbHost *host, uint8_t endpoint);
    /* Wedged endpoints become merely halted: the class reset's part of Reset Recovery, § 5.3.4. */
    void (*unwedge)(UsbHost *host);
} UsbHostOps;

struct UsbHost {
    const UsbHostOps *ops;
};

typedef struct UsbFunction UsbFunction;

typedef struct UsbFunctionOps {
    /* Once, before anything else. `host` outlives the function's use. */
    void (*attach)(UsbFunction *function, UsbHost *host);
    /* A class or vendor request; not a standard one. Unknown: fail with USB_STALL. */
    void (*control)(UsbFunction *function, UsbTransfer *transfer);
    void (*bulk_out)(UsbFunction *function, UsbTransfer *transfer);
    void (*bulk_in)(UsbFunction *function, UsbTransfer *transfer);
    void (*cancel)(UsbFunction *function, UsbTransfer *transfer);
    void (*reset)(UsbFunction *function, UsbReset kind);
    /*
     * May be NULL. A standard request, before the device answers it: true if the function has
     * taken it over, and completes it. It may also put its own completion in, to see the answer.
     */
    bool (*standard)(UsbFunction *function, UsbTransfer *transfer);
} UsbFunctionOps;

struct UsbFunction {
    const UsbFunctionOps *ops;
};

#endif
