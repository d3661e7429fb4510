/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USB device with one function: what a link drives.
 *
 * Owns: ep0 and the standard requests (USB 2.0 § 9.4, USB 3.2 § 9.4), the configuration, the
 * pipes (queue, halt and wedge of each endpoint). Does not own: the function, the socket, time.
 */
#ifndef USBTAPE_USB_DEVICE_H
#define USBTAPE_USB_DEVICE_H

#include "emu/base/trace.h"
#include "emu/usb/descriptors.h"
#include "emu/usb/function.h"
#include "emu/usb/monitor.h"
#include "emu/usb/pipe.h"

typedef struct UsbDevice UsbDevice;

/* Borrows identity (deep-copied) and function; the function must outlive the device. */
UsbDevice *usb_device_new(const UsbIdentity *identity, UsbSpeed speed, UsbFunction *function,
                          Trace *trace);
/* Cancels all pending transfers. */
void usb_device_free(UsbDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UsbDevice, usb_device_free)

/*
 * Puts an interposer in front of the function, or removes it. Transfers that the old function holds
 * stay there. Their cancellations go to the new one, which passes on those that it does not know.
 * The device attaches the new one, and the new one attaches the function behind it once more.
 */
void usb_device_set_function(UsbDevice *device, UsbFunction *function);

/* Counts of the bus traffic since the device was made. */
typedef struct UsbStats {
    uint64_t transfers;           /* that were started */
    uint64_t bytes_in, bytes_out; /* of bulk data, CBW and CSW included */
    uint64_t stalls, cancelled;   /* transfers that ended so */
    uint64_t resets;              /* of the port */
} UsbStats;

UsbStats usb_device_stats(const UsbDevice *device);

#define USB_MONITORS 2

/*
 * Reports everything on the bus to this monitor, too (borrowed), from now on; at most USB_MONITORS.
 * Each transfer reaches them in the order in which they were added. Add and remove only while no
 * transfer is pending.
 */
void usb_device_watch(UsbDevice *device, UsbMonitor *monitor);
/* Nothing if it is none of them. */
void usb_device_unwatch(UsbDevice *device, const UsbMonitor *monitor);
/* How many packets the capture among them has written; 0: none, or there is no capture. */
uint64_t usb_device_packets(const UsbDevice *device);

/*
 * Starts a transfer on the endpoint that it names. The transfer completes exactly once, perhaps
 * before this returns. A control transfer has endpoint 00h (OUT) or 80h (IN) and its setup packet.
 * An endpoint that does not exist in the present configuration completes with USB_STALL; more
 * pending transfers on one endpoint than USB_PENDING_MAX, or more bytes in them than
 * USB_PENDING_BYTES_MAX (pipe.h), with USB_IO_ERROR.
 *
 * A completion may call every function here except usb_device_free(). A transfer that it submits is
 * queued, so the stack does not grow. It should not answer USB_IO_ERROR with another submission.
 */
void usb_device_submit(UsbDevice *device, UsbTransfer *transfer);

/* Completes a transfer that is still pending with USB_CANCELLED, before this returns. */
void usb_device_cancel(UsbDevice *device, UsbTransfer *transfer);

/* Port reset: cancels pending transfers, sets configuration 0, clears halts and wedges. */
void usb_device_reset(UsbDevice *device);

/* SET_CONFIGURATION and SET_INTERFACE. False: no such configuration or setting (the request
 * stalls). A link submits the requests instead, so that a monitor sees them. */
bool usb_device_set_configuration(UsbDevice *device, uint8_t value);
uint8_t usb_device_configuration(const UsbDevice *device);
bool usb_device_set_interface(UsbDevice *device, uint8_t interface, uint8_t alternate);
/* -1: no such interface in the present configuration. */
int usb_device_interface(const UsbDevice *device, uint8_t interface);

UsbSpeed usb_device_speed(const UsbDevice *device);
/* The speed of the port. Call it before the port reset, and only while no transfer is pending. */
void usb_device_set_speed(UsbDevice *device, UsbSpeed speed);
const UsbIdentity *usb_device_identity(const UsbDevice *device);

#endif
