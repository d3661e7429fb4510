/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A drive's address in QEMU's form, for `qemu-args`, `attach` and `detach`. */
#ifndef USBTAPE_QEMU_TARGET_H
#define USBTAPE_QEMU_TARGET_H

#include <glib.h>
#include <stdbool.h>

typedef struct QemuTarget {
    char *path; /* of a unix socket. NULL: TCP. */
    char *host, *port;
    bool qemu_listens;
    char *id;        /* of the device. Its chardev is ID-link, a new controller is ID-usb. */
    const char *tls; /* type of QEMU's tls-creds object ID-tls: "psk" or "x509". NULL: no TLS. */
    char *tls_directory;
} QemuTarget;

/* The options that name the drive, as given to serve. Each is NULL if it is not given. */
typedef struct QemuTargetOptions {
    char *listen, *connect, *tls_psk, *tls_creds, *id;
} QemuTargetOptions;

/* Their rows for a command line, of GOptionEntry, and a row of zeroes at the end: the caller may
 * add rows. `address`: all of them, otherwise --id alone. Free with g_array_unref. */
GArray *qemu_target_entries(QemuTargetOptions *options, bool address);
void qemu_target_options_clear(QemuTargetOptions *options);

/*
 * At most one of `listen` and `connect`, and one of the credentials, is allowed. Without an address
 * that of the examples is used. `id` NULL is tape0. QEMU reads its own credentials from the place
 * of those of serve. USBTAPE_ERROR_INPUT. Messages name the option, or else `command`.
 */
bool qemu_target_parse(QemuTarget *target, const char *command, const QemuTargetOptions *options,
                       GError **error);
void qemu_target_clear(QemuTarget *target);

#endif
