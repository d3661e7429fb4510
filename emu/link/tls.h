/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS on a connection, from its first byte, as QEMU's tls-creds objects speak it: pre-shared keys
 * or X.509 certificates that both sides must have.
 *
 * Owns: the credentials, the state of one session. Does not own: the socket, when it is polled.
 *
 * Files have QEMU's names, so that one directory serves both sides: keys.psk, or ca-cert.pem with
 * server-cert.pem and server-key.pem (--listen) or client-cert.pem and client-key.pem (--connect).
 */
#ifndef USBTAPE_LINK_TLS_H
#define USBTAPE_LINK_TLS_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct TlsCreds TlsCreds;
typedef struct TlsSession TlsSession;

/* Reads the files; nothing is read later. `server`: this side listens. USBTAPE_ERROR_INPUT. */
TlsCreds *tls_creds_psk(const char *file, bool server, GError **error);
TlsCreds *tls_creds_x509(const char *directory, bool server, GError **error);
void tls_creds_free(TlsCreds *creds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsCreds, tls_creds_free)

/* On a connected, non-blocking socket, which is borrowed. `host`: the name or address that the
 * certificate of a server must be for; NULL on the server's side. */
TlsSession *tls_session_new(TlsCreds *creds, int fd, const char *host);
/* Says goodbye, if the socket takes it. */
void tls_session_free(TlsSession *session);

typedef enum TlsResult {
    TLS_DONE,
    TLS_AGAIN_IN,  /* when the socket is readable */
    TLS_AGAIN_OUT, /* when it is writable */
    TLS_FAILED,    /* tls_session_why() */
} TlsResult;

TlsResult tls_handshake(TlsSession *session);

/* As recv() and send() on a non-blocking socket: EAGAIN, EPIPE; EPROTO with tls_session_why(). A
 * send that returned EAGAIN must be repeated with the same bytes. */
ssize_t tls_recv(TlsSession *session, void *bytes, size_t length);
ssize_t tls_send(TlsSession *session, const void *bytes, size_t length);
/* Bytes that were decrypted and not received yet: no poll reports them. */
size_t tls_pending(const TlsSession *session);
/* Why it failed. Borrowed. */
const char *tls_session_why(const TlsSession *session);

#endif
