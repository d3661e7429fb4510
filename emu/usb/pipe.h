/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One endpoint's pipe: a bounded FIFO of transfers, and whether the endpoint is halted.
 *
 * Owns: the order of the transfers, the halt, and the law that each transfer completes exactly
 * once. Does not own: the transfers (their submitters do), when to start the next one (device_run()
 * in device.c does).
 *
 * The function holds only the head. Meanwhile the transfer carries the pipe's completion. The pipe
 * restores the submitter's completion before it calls it.
 */
#ifndef USBTAPE_USB_PIPE_H
#define USBTAPE_USB_PIPE_H

#include "emu/usb/function.h"

#define USB_PENDING_MAX 64
/* A guest can point many transfers at one page of its own, so this bounds our copies. */
#define USB_PENDING_BYTES_MAX (64u * 1024 * 1024)

typedef enum UsbHalt {
    USB_RUNNING,
    USB_HALTED, /* until CLEAR_FEATURE(ENDPOINT_HALT) or anything stronger */
    USB_WEDGED, /* until unwedged, reconfigured or reset; CLEAR_FEATURE has no effect */
} UsbHalt;

typedef struct UsbPipe {
    uint8_t address; /* bEndpointAddress */
    UsbHalt halt;
    UsbTransfer *pending[USB_PENDING_MAX]; /* in order of arrival */
    unsigned n_pending;
    size_t out_bytes; /* that they carry */

    bool started;       /* the head was handed out by usb_pipe_next() */
    bool with_function; /* …and went on to the function, which must give it back on cancel */
    void (*complete)(UsbTransfer *transfer, void *data); /* the submitter's, of a started head */
    void *complete_data;

    /* So far */
    uint64_t transfers, bytes, stalls, cancelled;

    void (*after)(void *data); /* after each completion by the function: start the next */
    void *after_data;
} UsbPipe;

void usb_pipe_init(UsbPipe *pipe, uint8_t address, void (*after)(void *data), void *after_data);

/*
 * False: full, by number or by bytes (a first transfer of any size fits); the transfer
 * was not taken.
 */
bool usb_pipe_push(UsbPipe *pipe, UsbTransfer *transfer);

/* True if usb_pipe_next() has something to do. */
bool usb_pipe_ready(const UsbPipe *pipe);

/*
 * Starts the head and returns it. The caller completes it, or sets `with_function` and passes it to
 * the function. On a halted pipe it completes the head with USB_STALL and returns NULL.
 */
UsbTransfer *usb_pipe_next(UsbPipe *pipe);

/* Still pending here? Compares pointers only, so a stale one is no danger. */
bool usb_pipe_has(const UsbPipe *pipe, const UsbTransfer *transfer);

/* Takes the transfer back (from the function too, by its `cancel`) and completes it. */
void usb_pipe_recall(UsbPipe *pipe, UsbTransfer *transfer, UsbFunction *function, UsbResult result);

/* Recalls all that are pending now, not what completions submit meanwhile. */
void usb_pipe_recall_all(UsbPipe *pipe, UsbFunction *function, UsbResult result);

#endif
