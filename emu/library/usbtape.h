/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libusbtape: the drive as a library, for a program with a USB bus of its own, such as QEMU's
 * device model (emu/link/qemu). All calls come from one thread, or under one lock.
 *
 * Owns: the drive with its cartridge, faults, trace file and control socket, made from the texts of
 * a command line. Does not own: the bus, the program's main loop, time.
 *
 * This header includes no other header of usbtape, and the archive has no other public symbols. So
 * its names do not collide with the program's. The control socket and finished syncs are sources of
 * GLib's default main context. The program must run that context, under its lock.
 */
#ifndef USBTAPE_USBTAPE_H
#define USBTAPE_USBTAPE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct UsbTapeDrive UsbTapeDrive;

/* The end of a transfer. */
typedef enum UsbTapeResult {
    USBTAPE_DONE,
    USBTAPE_STALLED,
    USBTAPE_CANCELLED, /* by usbtape_drive_cancel() or a reset */
    USBTAPE_FAILED,    /* transaction error on the bus */
    USBTAPE_BABBLED,
} UsbTapeResult;

typedef enum UsbTapeSpeed {
    USBTAPE_FULL_SPEED,
    USBTAPE_HIGH_SPEED,
    USBTAPE_SUPER_SPEED,
    N_USBTAPE_SPEEDS,
} UsbTapeSpeed;

/* Functions of the program. `opaque` is the pointer given with them. */
typedef struct UsbTapeOps {
    /* Microseconds since an arbitrary start. See also usbtape_drive_stop_time(). */
    int64_t (*now)(void *opaque);
    /*
     * Calls `fire(data)` once, not before `delay` microseconds, and never from inside this call. A
     * timer that has fired does not exist any more.
     */
    void *(*timer_start)(void *opaque, int64_t delay, void (*fire)(void *data), void *data);
    void (*timer_cancel)(void *opaque, void *timer);
    /*
     * The transfer of `token` has ended and moved `length` bytes. Called exactly once, perhaps
     * before the submission returns. `in` has an IN transfer's bytes until this returns. The
     * function may submit, cancel and reset. It must not free the drive.
     */
    void (*completed)(void *opaque, void *token, UsbTapeResult result, const uint8_t *in,
                      size_t length);
    /* A fault or a controller unplugs the drive, or plugs it in. Never from inside a transfer. */
    void (*plug)(void *opaque, bool plugged);
    /* A line for the user about the host's files. */
    void (*notice)(void *opaque, const char *text);
    /* A trace point of the drive and its text, while usbtape_drive_trace() is on. */
    void (*trace)(void *opaque, const char *point, const char *text);
} UsbTapeOps;

/* Texts of the options of `usbtape serve`, or NULL. All are copied. */
typedef struct UsbTapeConfig {
    const char *name;  /* default serial numbers are derived from it */
    const char *media; /* file of the cartridge, or NULL */
    const char *model;
    const char *serial;
    const char *speed; /* highest speed of the bus */
    const char *faults;
    const char *seed;
    const char *control;
    const char *trace;
    const char *timing;
    const char *set; /* settings, separated by semicolons */
    bool read_only;  /* for every cartridge */
} UsbTapeConfig;

/* The drive, plugged in. NULL and one line of error, which names the option as NAME=VALUE. */
UsbTapeDrive *usbtape_drive_new(const UsbTapeConfig *config, const UsbTapeOps *ops, void *opaque,
                                GError **error);
/*
 * Waits for the work under way, syncs and closes the cartridge, and frees the drive. False if the
 * cartridge is incomplete on the host's disk, with the reason in `error`. Pending transfers are
 * cancelled. The plug does not change.
 */
bool usbtape_drive_free(UsbTapeDrive *drive, GError **error);

/*
 * Stops or continues the drive's clock, together with the program's. No timer fires meanwhile. The
 * drive's clock continues from its last time, whatever time the program's clock has then. A loaded
 * VM brings the clock of another day. Timers keep the rest of their delays. They are cancelled and
 * started again inside this call.
 */
void usbtape_drive_stop_time(UsbTapeDrive *drive, bool stopped);

/* Turns `trace` on or off. Off at first, because formatting takes time. */
void usbtape_drive_trace(UsbTapeDrive *drive, bool on);

/* ---- descriptors ---- */

typedef struct UsbTapeEndpoint {
    uint8_t bEndpointAddress, bmAttributes, bInterval, bMaxBurst;
    uint16_t wMaxPacketSize;
} UsbTapeEndpoint;

/* The drive's descriptors at one speed, as data. */
typedef struct UsbTapeConfiguration {
    uint16_t bcdUSB;
    uint8_t bMaxPacketSize0; /* of the device descriptor: an exponent at SuperSpeed */
    uint8_t bConfigurationValue, bmAttributes, bMaxPower;
    uint8_t bInterfaceNumber, bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol;
    uint8_t n_endpoints;
    UsbTapeEndpoint endpoints[4];
} UsbTapeConfiguration;

typedef struct UsbTapeDescription {
    uint16_t idVendor, idProduct, bcdDevice;
    const char *manufacturer, *product, *serial; /* string descriptors 1 to 3 */
    UsbTapeSpeed fastest;
    UsbTapeConfiguration at[N_USBTAPE_SPEEDS];
} UsbTapeDescription;

/* Borrowed from the drive. */
const UsbTapeDescription *usbtape_drive_description(const UsbTapeDrive *drive);

/* ---- the bus ---- */

/* The speed of the port from the next reset on. */
void usbtape_drive_set_speed(UsbTapeDrive *drive, UsbTapeSpeed speed);
/* Port reset. Cancels pending transfers first. */
void usbtape_drive_reset(UsbTapeDrive *drive);

/* The longest OUT transfer. No command moves more. A guest can ask for any length. */
#define USBTAPE_OUT_MAX (64u * 1024 * 1024)

/*
 * Memory for the data of one OUT transfer, USBTAPE_OUT_MAX bytes at most. usbtape_drive_bulk_out()
 * takes ownership. The memory of completed transfers is reused, because data phases are frequent.
 */
void *usbtape_drive_buffer(UsbTapeDrive *drive, size_t length);
void usbtape_drive_bulk_out(UsbTapeDrive *drive, uint8_t endpoint, void *buffer, size_t length,
                            void *token);
void usbtape_drive_bulk_in(UsbTapeDrive *drive, uint8_t endpoint, size_t length, void *token);
/*
 * A request of ep0, standard ones included (except SET_ADDRESS). `setup` has 8 bytes. `out` has the
 * wLength bytes of an OUT request, which are copied.
 */
void usbtape_drive_control(UsbTapeDrive *drive, const uint8_t *setup, const void *out, void *token);
/* Completes it as USBTAPE_CANCELLED before this returns. Nothing happens if it has ended. */
void usbtape_drive_cancel(UsbTapeDrive *drive, const void *token);

/* ---- the cartridge ---- */

/* The file of the cartridge in the drive, or NULL. */
const char *usbtape_drive_cartridge(const UsbTapeDrive *drive);
/* Loads a cartridge. The drive must be empty. */
bool usbtape_drive_load(UsbTapeDrive *drive, const char *path, GError **error);
/*
 * Ejects the cartridge, after a sync. False and an error if it cannot be ejected now. A later error
 * is a notice.
 */
bool usbtape_drive_eject(UsbTapeDrive *drive, GError **error);
/* True while an eject is under way. */
bool usbtape_drive_ejecting(const UsbTapeDrive *drive);

#endif
