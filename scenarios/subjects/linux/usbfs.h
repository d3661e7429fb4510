/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first Bulk-Only Mass Storage device on the guest's bus, taken from the kernel's driver: for
 * initiators that drive it themselves, through usbfs.
 *
 * Owns: finding, taking and giving back. Does not own: transfers.
 */
#ifndef USBTAPE_SCENARIOS_USBFS_H
#define USBTAPE_SCENARIOS_USBFS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct UsbfsDevice {
    int fd;
    unsigned interface;
    uint8_t in, out; /* endpoint addresses */
} UsbfsDevice;

/* False: there is none, or it is not to be had (told on standard error as `program`). */
bool usbfs_take(UsbfsDevice *device, const char *program);
/* For the kernel's driver to go on with. */
void usbfs_give_back(UsbfsDevice *device);
/* After a port reset, which loses the claim: takes the interface again. */
bool usbfs_claim(UsbfsDevice *device);

/* Both synchronous. `setup`: the eight bytes of a setup packet. Bytes moved, or -errno. */
long usbfs_control(const UsbfsDevice *device, const uint8_t *setup, uint8_t *bytes,
                   unsigned timeout);
/* 0 or -errno. */
int usbfs_clear_halt(const UsbfsDevice *device, uint8_t endpoint);

#endif
