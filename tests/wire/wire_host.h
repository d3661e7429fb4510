/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest side of a usbredir connection, as QEMU's usb-redir plays it, for tests: it says what it
 * is told to and writes down what it hears.
 */
#ifndef USBTAPE_TESTS_WIRE_HOST_H
#define USBTAPE_TESTS_WIRE_HOST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <usbredirparser.h>

/* What QEMU 7.2 announces: everything there is. */
#define WIRE_QEMU_CAPS 0xffu

typedef struct WireHost {
    struct usbredirparser *parser; /* send with usbredirparser_send_*(), then wire_pump() */
    int fd;
    size_t chunk;     /* send at most that many bytes at a time; 0: all */
    bool deaf;        /* does not read */
    bool closed;      /* the device closed the connection */
    GString *heard;   /* one line a packet, see wire_host.c */
    GByteArray *data; /* payload of the last packet that had any */
    GByteArray *outgoing;
    size_t sent;           /* of `outgoing` */
    uint64_t bulk_replies; /* counted also when `quiet` */
    bool quiet;            /* do not write bulk replies down */
} WireHost;

/* Takes over `fd`, a stream socket. `caps` 0: does not send a hello. */
WireHost *wire_host_new(int fd, uint32_t caps);
void wire_host_free(WireHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WireHost, wire_host_free)

/* Sends bytes as they are. */
void wire_send_raw(WireHost *host, const void *bytes, size_t length);

/* Runs the default main context and both directions of the connection until nothing moves. */
void wire_pump(WireHost *host);

/* Asserts what was heard since last time, each packet ended by "; ". */
#define wire_expect(host, text)                                                                    \
    do {                                                                                           \
        wire_pump(host);                                                                           \
        ck_assert_str_eq((host)->heard->str, text);                                                \
        g_string_truncate((host)->heard, 0);                                                       \
    } while (0)

/* Single packets, queued. */
void wire_control(WireHost *host, uint64_t id, uint8_t type, uint8_t request, uint16_t value,
                  uint16_t index, uint16_t length);
void wire_out(WireHost *host, uint64_t id, uint8_t endpoint, const void *data, size_t length);
void wire_in(WireHost *host, uint64_t id, uint8_t endpoint, size_t length);
void wire_configure(WireHost *host, uint64_t id, uint8_t value);

/* A socket pair of which one end becomes a host; the other is for the device. */
WireHost *wire_host_pair(uint32_t caps, int *device_fd);

#endif
