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

/*
 * `listens` and `connects` are the options of serve, at most one of them. Without both the address
 * of the examples is used. `id` NULL is tape0. USBTAPE_ERROR_INPUT. Messages name the option, or
 * else `command`.
 */
bool qemu_target_parse(QemuTarget *target, const char *command, const char *listens,
                       const char *connects, const char *id, GError **error);
/*
 * The credentials of serve, at most one of them. QEMU reads its own from the same place.
 * USBTAPE_ERROR_INPUT.
 */
bool qemu_target_tls(QemuTarget *target, const char *command, const char *psk, const char *creds,
                     GError **error);
void qemu_target_clear(QemuTarget *target);

#endif
