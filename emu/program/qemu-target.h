/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A drive's address as QEMU needs it, for `qemu-args`, `attach` and `detach`. */
#ifndef USBTAPE_QEMU_TARGET_H
#define USBTAPE_QEMU_TARGET_H

#include <glib.h>
#include <stdbool.h>

typedef struct QemuTarget {
    char *path; /* of a unix socket; NULL: TCP */
    char *host, *port;
    bool qemu_listens;
    char *id;        /* of the device; its chardev is ID-link, a controller made for it ID-usb */
    const char *tls; /* kind of QEMU's tls-creds object ID-tls: "psk", "x509"; NULL: no TLS */
    char *tls_directory;
} QemuTarget;

/*
 * `listens` and `connects` are what serve was given, at most one of them; neither: the place that
 * examples use. `id` NULL: tape0. USBTAPE_ERROR_INPUT; `command` is named where no option is.
 */
bool qemu_target_parse(QemuTarget *target, const char *command, const char *listens,
                       const char *connects, const char *id, GError **error);
/* The credentials that serve was given, at most one of them: QEMU reads its own from the same
 * place. USBTAPE_ERROR_INPUT. */
bool qemu_target_tls(QemuTarget *target, const char *command, const char *psk, const char *creds,
                     GError **error);
void qemu_target_clear(QemuTarget *target);

#endif
