/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a program listens or connects, as people write it: unix:PATH, tcp:HOST:PORT, fd:N.
 *
 * Sockets made here are non-blocking and close-on-exec; TCP ones send without delay (TCP_NODELAY).
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
 * `option` is named in messages ("--listen"). HOST is a numeric address or localhost, an IPv6 one
 * in brackets; beyond loopback it is refused (USBTAPE_ERROR_INPUT) unless `allow_remote`.
 */
Address *address_parse(const char *option, const char *text, bool allow_remote, GError **error);
void address_free(Address *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Address, address_free)

AddressKind address_kind(const Address *address);
/* As parsed; after address_listen on port 0 with the port that was found. Borrowed. */
const char *address_text(const Address *address);
/* The host of TCP, without brackets; else NULL. Free it. */
char *address_host(const Address *address);
/* Of TCP; else 0. */
uint16_t address_port(const Address *address);
/* AF_UNIX, AF_INET, AF_INET6; 0 for fd:N. */
int address_family(const Address *address);

/*
 * A listening socket, or -1 and an error. A unix socket gets mode 0600; a stale one (nobody
 * listens) is replaced, one in use or a file of another kind is refused. fd:N must be listening.
 */
int address_listen(Address *address, GError **error);

/*
 * A socket that is connected, or still connecting (`*pending`: writable when decided, ask
 * address_connected). -1 and an error of G_IO_ERROR's codes when nobody is there now; fd:N must be
 * a connected socket, else USBTAPE_ERROR_INPUT.
 */
int address_connect(Address *address, bool *pending, GError **error);
bool address_connected(const Address *address, int fd, GError **error);

/* For programs that ask and wait: a connected socket that blocks, or -1 and USBTAPE_ERROR_INPUT. */
int address_dial(Address *address, GError **error);

/*
 * The next connection of a listening socket, or -1 with errno. EMFILE, ENFILE: there was no file
 * descriptor for it, and it was closed; the next one may be luckier.
 */
int address_accept(Address *address, int listening);

/* Removes the socket file that address_listen made, if it is still that one. */
void address_remove(Address *address);

#endif
