/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors, as data (USB 2.0 § 9.6, USB 3.2 § 9.6), and the facts that follow from them.
 *
 * Links render this table as they need: bytes for usbredir and USB/IP, USBDesc for QEMU.
 */
#ifndef USBTAPE_USB_DESCRIPTORS_H
#define USBTAPE_USB_DESCRIPTORS_H

#include "emu/usb/function.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum UsbSpeed {
    USB_SPEED_FULL,
    USB_SPEED_HIGH,
    USB_SPEED_SUPER,
} UsbSpeed;

bool usb_speed_parse(const char *text, UsbSpeed *speed, GError **error); /* full, high, super */
const char *usb_speed_name(UsbSpeed speed);

/* The identity of the device. A model supplies it. The command line may override each field. */
typedef struct UsbIdentity {
    uint16_t idVendor;
    uint16_t idProduct;
    uint16_t bcdDevice;
    char manufacturer[64]; /* ASCII, NUL-terminated */
    char product[64];
    /*
     * At least 12 characters of 0-9A-F, the last 12 unique to the device (BOT 1.0 § 4.1.1,
     * § 4.1.2).
     */
    char serial[64];
} UsbIdentity;

/* False and an input error that names the field, its value and what is allowed. */
bool usb_identity_check(const UsbIdentity *identity, GError **error);

typedef struct UsbEndpoint {
    uint8_t bEndpointAddress;
    uint8_t bmAttributes; /* 2 = bulk */
    uint16_t wMaxPacketSize;
    uint8_t bInterval;
    uint8_t bMaxBurst; /* SuperSpeed companion; 0 otherwise */
} UsbEndpoint;

typedef struct UsbInterface {
    uint8_t bInterfaceNumber;
    uint8_t bInterfaceClass;
    uint8_t bInterfaceSubClass;
    uint8_t bInterfaceProtocol;
    uint8_t n_endpoints;
    const UsbEndpoint *endpoints;
} UsbInterface;

typedef struct UsbConfiguration {
    uint8_t bConfigurationValue;
    uint8_t bmAttributes;
    uint8_t max_power_2ma; /* units of 2 mA (8 mA at SuperSpeed) */
    const UsbInterface *interface;
} UsbConfiguration;

/* The one configuration of the drive at that speed: interface 08h/06h/50h, bulk IN and OUT. */
const UsbConfiguration *usb_configuration(UsbSpeed speed);

/* The endpoint of that bEndpointAddress; NULL if the configuration has none. */
const UsbEndpoint *usb_configuration_endpoint(const UsbConfiguration *configuration,
                                              uint8_t address);

/* bcdUSB and the bytes of bMaxPacketSize0 that a speed means (USB 3.2 § 9.6.1: 9 means 2^9). */
uint16_t usb_bcd(UsbSpeed speed);
uint16_t usb_control_packet_size(UsbSpeed speed);

/* Descriptor types (USB 2.0 table 9-5, USB 3.2 table 9-6). */
enum {
    USB_DESCRIPTOR_DEVICE = 1,
    USB_DESCRIPTOR_CONFIGURATION = 2,
    USB_DESCRIPTOR_STRING = 3,
    USB_DESCRIPTOR_INTERFACE = 4,
    USB_DESCRIPTOR_ENDPOINT = 5,
    USB_DESCRIPTOR_DEVICE_QUALIFIER = 6,
    USB_DESCRIPTOR_OTHER_SPEED_CONFIGURATION = 7,
    USB_DESCRIPTOR_BOS = 15,
    USB_DESCRIPTOR_DEVICE_CAPABILITY = 16,
    USB_DESCRIPTOR_SS_ENDPOINT_COMPANION = 48,
};

#define USB_LANGUAGE_ENGLISH 0x0409

/*
 * Renders what GET_DESCRIPTOR(`type`, `index`, `language`) returns at `speed`. NULL: no such
 * descriptor (the request stalls). The caller cuts it to wLength.
 */
GBytes *usb_descriptor(const UsbIdentity *identity, UsbSpeed speed, uint8_t type, uint8_t index,
                       uint16_t language);

#endif
