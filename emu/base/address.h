/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address to listen on or to connect to, as users write it: unix:PATH, tcp:HOST:PORT, fd:N.
 *
 * Sockets made here are non-blocking and close-on-exec. TCP sockets send without delay
 * (TCP_NODELAY).
 */
#ifndef USBTAPE_BASE_ADDRESS_H
#define USBTAPE_BASE_ADDRESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum AddressKind {
    ADDRESS_UNIX,
    ADDRESS_TCP,
    ADDRESS_FD,
} AddressKind;

typedef struct Address Address;

/*
 * Messages name `option` ("--listen"). HOST is a numeric address or localhost. An IPv6 address
 * needs brackets. An address beyond loopback is refused (USBTAPE_ERROR_INPUT) unless
 * `allow_remote`.
 */
Address *address_parse(const char *option, const char *text, bool allow_remote, GError **error);
void address_free(Address *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Address, address_free)

AddressKind address_kind(const Address *address);
/* As parsed. After address_listen() on port 0 it has the chosen port. Borrowed. */
const char *address_text(const Address *address);
/* The host of TCP, without brackets, or NULL. Free with g_free. */
char *address_host(const Address *address);
/* The port of TCP, or 0. */
uint16_t address_port(const Address *address);
/* AF_UNIX, AF_INET, AF_INET6, or 0 for fd:N. */
int address_family(const Address *address);

/*
 * A listening socket, or -1 and an error. A unix socket gets mode 0600. A stale socket file,
 * without listener, is replaced. A file in use or of another kind is refused. fd:N must be
 * listening.
 */
int address_listen(Address *address, GError **error);

/*
 * A socket that is connected or still connecting. With `*pending` it becomes writable at the end of
 * the attempt. Then call address_connected(). Returns -1 and a G_IO_ERROR if no peer listens now.
 * If fd:N is not a connected socket, the error is USBTAPE_ERROR_INPUT.
 */
int address_connect(Address *address, bool *pending, GError **error);
bool address_connected(const Address *address, int fd, GError **error);

/* A connected, blocking socket, or -1 and USBTAPE_ERROR_INPUT. */
int address_dial(Address *address, GError **error);

/*
 * The next connection of a listening socket, or -1 with errno. After EMFILE or ENFILE the
 * connection was closed for lack of a descriptor, and the next call may succeed.
 */
int address_accept(Address *address, int listening);

/* Removes the socket file of address_listen(), unless another file has replaced it. */
void address_remove(Address *address);

#endif
