/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture of the drive's bus in a pcapng file of link type LINUX_USB_MMAPPED, which is the format
 * of Linux's usbmon. Each transfer has a packet for its submission and one for its completion.
 * Wireshark shows requests, CBW, SCSI commands, sense data and CSW.
 *
 * Owns: the file. Does not own: the bus. The capture is a UsbMonitor of the device.
 *
 * Other events become comments on the next packet: faults that fire, rules of the bus that the host
 * breaks, hosts that connect and disconnect, port resets. They arrive through usb_pcap_comment() or
 * through the trace sink.
 *
 * A packet is completely in the file when the call that reported it returns. Killing the program
 * loses no packet. If the file cannot grow, `failed` is called once. The file then ends after its
 * last whole packet, and the bus works on without a capture.
 *
 * Wireshark refuses packets of this link type beyond 256 KiB, header included. A larger transfer is
 * therefore split into several, each with submission and completion, as a Linux host does. No piece
 * is shorter than USB_PCAP_PIECE. Wireshark's dissector for mass storage reports data of less than
 * four bytes as malformed.
 */
#ifndef USBTAPE_LINK_PCAP_H
#define USBTAPE_LINK_PCAP_H

#include "emu/base/clock.h"
#include "emu/base/trace.h"
#include "emu/usb/monitor.h"

#define USB_PCAP_PIECE (120u * 1024)

/* The address of the drive in the capture. */
#define USB_PCAP_BUS    1
#define USB_PCAP_DEVICE 1

typedef struct UsbPcap UsbPcap;

typedef struct UsbPcapConfig {
    const char *path;    /* created, or replaces an older capture. Other files are refused. */
    const char *comment; /* on the whole file, such as the drive and the seed, or NULL */
    size_t snap;         /* bytes of a transfer's data that are kept, or 0 for all */
    Clock *clock;        /* borrowed */
    void (*failed)(void *data, const char *message); /* called once, with one line */
    void *data;
} UsbPcapConfig;

/* NULL and USBTAPE_ERROR_INPUT, naming --pcap, if the file cannot be a capture. */
UsbPcap *usb_pcap_open(const UsbPcapConfig *config, GError **error);
/* False if `failed` was called. The device must no longer watch it. */
bool usb_pcap_close(UsbPcap *pcap);

UsbMonitor *usb_pcap_monitor(UsbPcap *pcap);

/*
 * Attaches `text` (copied, UTF-8 or not) to the next packet. A fault fires between a transfer's
 * submission and its completion, so the comment is on the completion.
 */
void usb_pcap_comment(UsbPcap *pcap, const char *text);

/* The trace sink that turns faults, host connections and bus rule violations into comments. */
Trace *usb_pcap_trace(UsbPcap *pcap);

#endif
