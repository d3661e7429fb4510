/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS on a connection from its first byte, compatible with QEMU's tls-creds objects: pre-shared
 * keys or X.509 certificates, with authentication of both sides.
 *
 * Owns: the credentials, the state of one session. Does not own: the socket and its polling.
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

/* Reads the files once. With `server` this side listens. Fails with USBTAPE_ERROR_INPUT. */
TlsCreds *tls_creds_psk(const char *file, bool server, GError **error);
TlsCreds *tls_creds_x509(const char *directory, bool server, GError **error);
void tls_creds_free(TlsCreds *creds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsCreds, tls_creds_free)

/*
 * Borrows the connected, non-blocking socket. A server's certificate must be for `host`, a name or
 * an address. NULL on the server's side.
 */
TlsSession *tls_session_new(TlsCreds *creds, int fd, const char *host);
/* Sends the closing alert, if the socket accepts it. */
void tls_session_free(TlsSession *session);

typedef enum TlsResult {
    TLS_DONE,
    TLS_AGAIN_IN,  /* call again when the socket is readable */
    TLS_AGAIN_OUT, /* call again when it is writable */
    TLS_FAILED,    /* see tls_session_why() */
} TlsResult;

TlsResult tls_handshake(TlsSession *session);

/*
 * As recv() and send() on a non-blocking socket. errno is EAGAIN, EPIPE, or EPROTO with
 * tls_session_why(). After EAGAIN a send must be repeated with the same bytes.
 */
ssize_t tls_recv(TlsSession *session, void *bytes, size_t length);
ssize_t tls_send(TlsSession *session, const void *bytes, size_t length);
/* Bytes that are decrypted and not received yet. No poll reports them. */
size_t tls_pending(const TlsSession *session);
/* The reason of the failure. Borrowed. */
const char *tls_session_why(const TlsSession *session);

#endif
