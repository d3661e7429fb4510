/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture of the drive's bus: every transfer as it starts and as it ends, in a pcapng file of
 * link type LINUX_USB_MMAPPED, as Linux's usbmon writes it, so that Wireshark shows requests, CBW,
 * SCSI commands, sense data and CSW.
 *
 * Owns: the file. Does not own: the bus (it is a UsbMonitor of the device) and what happens beside
 * it: faults that fire, rules of the bus that the host breaks, hosts that come and leave, port
 * resets are comments on the packet that follows. Comments come over usb_pcap_comment(), or by
 * themselves through the trace sink.
 *
 * Each packet is in the file, whole, when the call that brought it returns: who kills the program
 * loses nothing. When the file cannot grow, `failed` is told once, the file ends after its last
 * whole packet, and the bus goes on unwatched.
 *
 * Wireshark takes no packet of this link type beyond 256 KiB, header included. A larger transfer is
 * therefore shown as several, one after the other, each with submission and completion, as a Linux
 * host splits one. None is shorter than USB_PCAP_PIECE: Wireshark's dissector for mass storage
 * calls data of less than four bytes malformed.
 */
#ifndef USBTAPE_LINK_PCAP_H
#define USBTAPE_LINK_PCAP_H

#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/usb/monitor.h"

#define USB_PCAP_PIECE (120u * 1024)

/* Where the drive is on the bus that is shown. */
#define USB_PCAP_BUS    1
#define USB_PCAP_DEVICE 1

typedef struct UsbPcap UsbPcap;

typedef struct UsbPcapConfig {
    const char *path;    /* made, or an older capture that is replaced; other files are refused */
    const char *comment; /* of the whole file: which drive, which seed; NULL: none */
    size_t snap;         /* keep that many bytes of each transfer's data; 0: all */
    Clock *clock;        /* borrowed */
    void (*failed)(void *data, const char *message); /* once, one line */
    void *data;
} UsbPcapConfig;

/* NULL and USBTAPE_ERROR_INPUT, naming --pcap, if the file cannot be a capture. */
UsbPcap *usb_pcap_open(const UsbPcapConfig *config, GError **error);
/* False: `failed` was called. The device must not be watching any more. */
bool usb_pcap_close(UsbPcap *pcap);

UsbMonitor *usb_pcap_monitor(UsbPcap *pcap);

/*
 * Says `text` (UTF-8 or not, copied) about the packet that is written next: about what is under
 * way, for a fault fires between a transfer's submission and its completion.
 */
void usb_pcap_comment(UsbPcap *pcap, const char *text);

/* Makes comments of faults that fire, of hosts that come and leave, of rules of the bus that the
 * host breaks. */
Trace *usb_pcap_trace(UsbPcap *pcap);

#endif
