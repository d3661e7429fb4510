/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/linux/usbfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool read_word(const char *directory, const char *name, char *word, size_t size)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s/%s", directory, name);
    file = fopen(path, "re");
    if (!file || !fgets(word, (int)size, file)) {
        word[0] = '\0';
    }
    if (file) {
        fclose(file);
    }
    word[strcspn(word, "\n")] = '\0';
    return word[0] != '\0';
}

/* The interface directory of the first such device, such as "1-1:1.0". */
static bool find_interface(char *found, size_t size)
{
    DIR *devices = opendir("/sys/bus/usb/devices");
    struct dirent *entry;
    char word[16];
    bool good = false;

    while (devices && !good && (entry = readdir(devices))) {
        good = read_word(entry->d_name, "bInterfaceClass", word, sizeof word) &&
               strcmp(word, "08") == 0 &&
               read_word(entry->d_name, "bInterfaceProtocol", word, sizeof word) &&
               strcmp(word, "50") == 0;
        if (good) {
            snprintf(found, size, "%s", entry->d_name);
        }
    }
    if (devices) {
        closedir(devices);
    }
    return good;
}

/* The descriptors, as usbfs hands them out, name the two bulk endpoints. */
static bool find_endpoints(UsbfsDevice *device)
{
    uint8_t buffer[4096];
    ssize_t n = read(device->fd, buffer, sizeof buffer), at;

    for (at = 0; at + 2 <= n && buffer[at] >= 2 && at + buffer[at] <= n; at += buffer[at]) {
        const uint8_t *d = buffer + at;

        if (d[1] == USB_DT_ENDPOINT && d[0] >= 7 && (d[3] & 3) == USB_ENDPOINT_XFER_BULK) {
            *(d[2] & USB_DIR_IN ? &device->in : &device->out) = d[2];
        }
    }
    return device->in && device->out;
}

static bool driver(UsbfsDevice *device, bool connect)
{
    struct usbdevfs_ioctl command = { .ifno = (int)device->interface,
                                      .ioctl_code = connect ? (int)USBDEVFS_CONNECT
                                                            : (int)USBDEVFS_DISCONNECT };

    return ioctl(device->fd, USBDEVFS_IOCTL, &command) >= 0;
}

bool usbfs_claim(UsbfsDevice *device)
{
    return ioctl(device->fd, USBDEVFS_CLAIMINTERFACE, &device->interface) == 0;
}

bool usbfs_take(UsbfsDevice *device, const char *program)
{
    char interface[256], parent[256], bus[16], number[16], path[64];

    if (!find_interface(interface, sizeof interface)) {
        fprintf(stderr, "%s: no Bulk-Only Mass Storage device on the bus\n", program);
        return false;
    }
    snprintf(parent, sizeof parent, "%.*s", (int)strcspn(interface, ":"), interface);
    if (!read_word(parent, "busnum", bus, sizeof bus) ||
        !read_word(parent, "devnum", number, sizeof number)) {
        return false;
    }
    snprintf(path, sizeof path, "/dev/bus/usb/%03d/%03d", atoi(bus), atoi(number));
    device->fd = open(path, O_RDWR | O_CLOEXEC);
    if (device->fd < 0 || !find_endpoints(device) || !driver(device, false) ||
        !usbfs_claim(device)) {
        fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
        return false;
    }
    return true;
}

void usbfs_give_back(UsbfsDevice *device)
{
    ioctl(device->fd, USBDEVFS_RELEASEINTERFACE, &device->interface);
    driver(device, true);
    close(device->fd);
}

long usbfs_control(const UsbfsDevice *device, const uint8_t *setup, uint8_t *bytes,
                   unsigned timeout)
{
    struct usbdevfs_ctrltransfer transfer = { .bRequestType = setup[0],
                                              .bRequest = setup[1],
                                              .wValue = (uint16_t)(setup[2] | setup[3] << 8),
                                              .wIndex = (uint16_t)(setup[4] | setup[5] << 8),
                                              .wLength = (uint16_t)(setup[6] | setup[7] << 8),
                                              .timeout = timeout,
                                              .data = bytes };
    int n = ioctl(device->fd, USBDEVFS_CONTROL, &transfer);

    return n < 0 ? -errno : n;
}

int usbfs_clear_halt(const UsbfsDevice *device, uint8_t endpoint)
{
    unsigned number = endpoint;

    return ioctl(device->fd, USBDEVFS_CLEAR_HALT, &number) == 0 ? 0 : -errno;
}
