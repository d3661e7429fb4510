/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libusbtape: the drive as a library, for a program that has a USB bus of its own: QEMU's device
 * model (emu/link/qemu) is one. All of it lives on one thread, or under one lock.
 *
 * Owns: the drive with its cartridge, faults, trace file and control socket, put together from
 * texts as a command line has them. Does not own: the bus, the program's main loop, time.
 *
 * This header stands alone, so that it fits among another program's names: nothing of ours is
 * included, and the archive has no other public symbols. The control socket and finished syncs
 * arrive as sources of GLib's default main context, which the program must run (under its lock).
 */
#ifndef USBTAPE_USBTAPE_H
#define USBTAPE_USBTAPE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct UsbTapeDrive UsbTapeDrive;

/* How a transfer ended. */
typedef enum UsbTapeResult {
    USBTAPE_DONE,
    USBTAPE_STALLED,
    USBTAPE_CANCELLED, /* taken back, by usbtape_drive_cancel() or by a reset */
    USBTAPE_FAILED,    /* transaction error on the bus */
    USBTAPE_BABBLED,
} UsbTapeResult;

typedef enum UsbTapeSpeed {
    USBTAPE_FULL_SPEED,
    USBTAPE_HIGH_SPEED,
    USBTAPE_SUPER_SPEED,
    N_USBTAPE_SPEEDS,
} UsbTapeSpeed;

/* What the drive needs of the program; `opaque` is the one given with it. */
typedef struct UsbTapeOps {
    /* Microseconds since an arbitrary start; see usbtape_drive_stop_time(), too. */
    int64_t (*now)(void *opaque);
    /* Calls `fire(data)` once, not before `delay` microseconds, never from inside this call. A
     * timer that has fired is gone. */
    void *(*timer_start)(void *opaque, int64_t delay, void (*fire)(void *data), void *data);
    void (*timer_cancel)(void *opaque, void *timer);
    /*
     * The transfer that was submitted with `token` has ended, `length` bytes were moved: exactly
     * once, perhaps before the submission returns. `in`: an IN transfer's bytes, until this
     * returns. It may submit, cancel and reset, not free the drive.
     */
    void (*completed)(void *opaque, void *token, UsbTapeResult result, const uint8_t *in,
                      size_t length);
    /* The plug is pulled (a fault, a controller) or put back. Never from inside a transfer. */
    void (*plug)(void *opaque, bool plugged);
    /* Lines for people: something about the host's files. */
    void (*notice)(void *opaque, const char *text);
    /* A trace point of the drive, and what it says: while usbtape_drive_trace() is on. */
    void (*trace)(void *opaque, const char *point, const char *text);
} UsbTapeOps;

/* All texts as options of `usbtape serve` take them; NULL: not given. Nothing is kept. */
typedef struct UsbTapeConfig {
    const char *name;  /* the drive's serial number follows from it unless it is given one */
    const char *media; /* the cartridge; NULL: none is in */
    const char *model;
    const char *serial;
    const char *speed; /* the highest that the bus may use */
    const char *faults;
    const char *seed;
    const char *control;
    const char *trace;
    const char *timing;
    const char *set; /* several, with semicolons between them */
    bool read_only;  /* every cartridge that is put in */
} UsbTapeConfig;

/* NULL and one line of error, which names the option as NAME=VALUE. Plugged. */
UsbTapeDrive *usbtape_drive_new(const UsbTapeConfig *config, const UsbTapeOps *ops, void *opaque,
                                GError **error);
/*
 * Waits for what is under way, syncs and closes the cartridge, frees the drive. False: the
 * cartridge is not whole on the host's disk, and `error` says why. What was still submitted is
 * cancelled. The
 * plug stays as it is.
 */
bool usbtape_drive_free(UsbTapeDrive *drive, GError **error);

/*
 * The program's clock stops (with its VM): the drive's stands still, and no timer may fire until it
 * goes on, which the drive's does from where it stood, whatever the program's shows by then: a VM
 * that is loaded brings the clock of another day. Timers keep what was left of their delays; they
 * are cancelled and started anew inside this call.
 */
void usbtape_drive_stop_time(UsbTapeDrive *drive, bool stopped);

/* Tells `trace` of all that happens, or no more: formatting it costs. Off at first. */
void usbtape_drive_trace(UsbTapeDrive *drive, bool on);

/* ---- what the drive says it is ---- */

typedef struct UsbTapeEndpoint {
    uint8_t bEndpointAddress, bmAttributes, bInterval, bMaxBurst;
    uint16_t wMaxPacketSize;
} UsbTapeEndpoint;

/* The drive's descriptors at one speed, as data. */
typedef struct UsbTapeConfiguration {
    uint16_t bcdUSB;
    uint8_t bMaxPacketSize0; /* as the device descriptor has it: an exponent at SuperSpeed */
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

/* The drive's; valid as long as it is. */
const UsbTapeDescription *usbtape_drive_description(const UsbTapeDrive *drive);

/* ---- the bus ---- */

/* What the port runs at, from the next reset on. */
void usbtape_drive_set_speed(UsbTapeDrive *drive, UsbTapeSpeed speed);
/* Port reset: what is submitted is cancelled first. */
void usbtape_drive_reset(UsbTapeDrive *drive);

/* The longest OUT transfer: no command moves more. A guest can ask for any length. */
#define USBTAPE_OUT_MAX (64u * 1024 * 1024)

/* Memory for the data of one OUT transfer, USBTAPE_OUT_MAX bytes at most; usbtape_drive_bulk_out()
 * takes it over. It comes from transfers that have ended, since data phases come and go by the
 * thousand. */
void *usbtape_drive_buffer(UsbTapeDrive *drive, size_t length);
void usbtape_drive_bulk_out(UsbTapeDrive *drive, uint8_t endpoint, void *buffer, size_t length,
                            void *token);
void usbtape_drive_bulk_in(UsbTapeDrive *drive, uint8_t endpoint, size_t length, void *token);
/* A request of ep0, standard ones too (but SET_ADDRESS). `setup`: 8 bytes; `out`: wLength bytes of
 * an OUT request, copied. */
void usbtape_drive_control(UsbTapeDrive *drive, const uint8_t *setup, const void *out, void *token);
/* Ends it as USBTAPE_CANCELLED before this returns; nothing if it has ended. */
void usbtape_drive_cancel(UsbTapeDrive *drive, const void *token);

/* ---- the cartridge ---- */

/* The file of the cartridge that is in; NULL: none. */
const char *usbtape_drive_cartridge(const UsbTapeDrive *drive);
/* Puts a cartridge in; there must be none. */
bool usbtape_drive_load(UsbTapeDrive *drive, const char *path, GError **error);
/* Presses the button. The cartridge leaves when it is synced: false says why not now, a notice what
 * went wrong later. */
bool usbtape_drive_eject(UsbTapeDrive *drive, GError **error);
/* One is on its way out. */
bool usbtape_drive_ejecting(const UsbTapeDrive *drive);

#endif
