/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/link/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "emu/base/error.h"

/* The priorities of QEMU's tls-creds objects. */
#define PRIORITY_X509 "NORMAL"
#define PRIORITY_PSK  "NORMAL:+ECDHE-PSK:+DHE-PSK:+PSK"

struct TlsCreds {
    bool server;
    gnutls_certificate_credentials_t x509; /* x509 or psk is set */
    gnutls_psk_server_credentials_t psk_server;
    gnutls_psk_client_credentials_t psk_client;
    GHashTable *keys; /* GBytes by user name: the keys of a server's clients */
    gnutls_priority_t priority;
};

struct TlsSession {
    gnutls_session_t session;
    char *host;                        /* GnuTLS keeps references to this and the next members */
    gnutls_typed_vdata_st required[2]; /* properties that the peer's certificate must have */
    char *why;
};

/* ---- pre-shared keys ---- */

static bool creds_fail(GError **error, const char *what, int code)
{
    return usbtape_input_error(error, "%s: %s", what, gnutls_strerror(code));
}

/* Parses "user:hex", the format of psktool. */
static bool creds_read_key(GHashTable *keys, const char *file, unsigned number, char *line,
                           char **user, GError **error)
{
    char *colon = strchr(line, ':');
    gnutls_datum_t hex, raw;
    int code;

    if (!colon || colon == line || !colon[1]) {
        return usbtape_input_error(error, "--tls-psk %s:%u: write USER:KEY, the key in hex", file,
                                   number);
    }
    *colon = '\0';
    hex = (gnutls_datum_t){ (unsigned char *)colon + 1, (unsigned)strlen(colon + 1) };
    code = gnutls_hex_decode2(&hex, &raw);
    if (code < 0) {
        return usbtape_input_error(error, "--tls-psk %s:%u: the key is not hex: %s", file, number,
                                   gnutls_strerror(code));
    }
    g_hash_table_insert(keys, g_strdup(line), g_bytes_new(raw.data, raw.size));
    gnutls_memset(raw.data, 0, raw.size);
    gnutls_free(raw.data);
    if (!*user) {
        *user = g_strdup(line);
    }
    return true;
}

/* `user` is set to the first one. */
static bool creds_read_keys(TlsCreds *creds, const char *file, char **user, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned i;

    if (!g_file_get_contents(file, &text, NULL, error)) {
        g_prefix_error(error, "--tls-psk: ");
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        g_strstrip(lines[i]);
        if (lines[i][0] && lines[i][0] != '#' &&
            !creds_read_key(creds->keys, file, i + 1, lines[i], user, error)) {
            return false;
        }
    }
    return *user || usbtape_input_error(error, "--tls-psk %s: there is no key in it", file);
}

static int creds_on_key_wanted(gnutls_session_t session, const char *user, gnutls_datum_t *key)
{
    const TlsCreds *creds = gnutls_session_get_ptr(session);
    GBytes *found = g_hash_table_lookup(creds->keys, user);
    gsize size;
    const void *bytes;

    if (!found) {
        return -1;
    }
    bytes = g_bytes_get_data(found, &size);
    key->data = gnutls_malloc(size);
    if (!key->data) {
        return -1;
    }
    memcpy(key->data, bytes, size);
    key->size = (unsigned)size;
    return 0;
}

static int creds_use_keys(TlsCreds *creds, const char *user)
{
    GBytes *key = g_hash_table_lookup(creds->keys, user);
    gsize size;
    const void *bytes = g_bytes_get_data(key, &size);
    gnutls_datum_t raw = { (unsigned char *)bytes, (unsigned)size };
    int code;

    if (creds->server) {
        code = gnutls_psk_allocate_server_credentials(&creds->psk_server);
        if (code == 0) {
            gnutls_psk_set_server_credentials_function(creds->psk_server, creds_on_key_wanted);
            code =
                gnutls_psk_set_server_known_dh_params(creds->psk_server, GNUTLS_SEC_PARAM_MEDIUM);
        }
        return code;
    }
    code = gnutls_psk_allocate_client_credentials(&creds->psk_client);
    return code ? code
                : gnutls_psk_set_client_credentials(creds->psk_client, user, &raw,
                                                    GNUTLS_PSK_KEY_RAW);
}

/* ---- the credentials ---- */

static TlsCreds *creds_new(bool server, const char *priority, GError **error)
{
    TlsCreds *creds = g_new0(TlsCreds, 1);
    int code = gnutls_priority_init(&creds->priority, priority, NULL);

    creds->server = server;
    creds->keys =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    if (code < 0) {
        creds_fail(error, "TLS", code);
        g_clear_pointer(&creds, tls_creds_free);
    }
    return creds;
}

TlsCreds *tls_creds_psk(const char *file, bool server, GError **error)
{
    g_autoptr(TlsCreds) creds = creds_new(server, PRIORITY_PSK, error);
    g_autofree char *user = NULL;
    int code;

    if (!creds || !creds_read_keys(creds, file, &user, error)) {
        return NULL;
    }
    code = creds_use_keys(creds, user);
    if (code < 0) {
        creds_fail(error, "--tls-psk", code);
        return NULL;
    }
    return g_steal_pointer(&creds);
}

/* A missing list of revoked certificates is accepted. An unreadable one is an error. */
static bool creds_read_revoked(TlsCreds *creds, const char *directory, GError **error)
{
    g_autofree char *file = g_build_filename(directory, "ca-crl.pem", NULL);
    int code;

    if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
        return true;
    }
    code = gnutls_certificate_set_x509_crl_file(creds->x509, file, GNUTLS_X509_FMT_PEM);
    return code > 0 || /* the number of revocation lists */
           usbtape_input_error(error, "--tls-creds: %s: %s", file,
                               code ? gnutls_strerror(code) : "there is no list in it");
}

TlsCreds *tls_creds_x509(const char *directory, bool server, GError **error)
{
    g_autoptr(TlsCreds) creds = creds_new(server, PRIORITY_X509, error);
    g_autofree char *ca = g_build_filename(directory, "ca-cert.pem", NULL);
    g_autofree char *certificate =
        g_build_filename(directory, server ? "server-cert.pem" : "client-cert.pem", NULL);
    g_autofree char *key =
        g_build_filename(directory, server ? "server-key.pem" : "client-key.pem", NULL);
    int code;

    if (!creds) {
        return NULL;
    }
    code = gnutls_certificate_allocate_credentials(&creds->x509);
    if (code == 0) {
        code = gnutls_certificate_set_x509_trust_file(creds->x509, ca, GNUTLS_X509_FMT_PEM);
        if (code <= 0) { /* the number of certificates */
            usbtape_input_error(error, "--tls-creds: %s: %s", ca,
                                code ? gnutls_strerror(code) : "there is no certificate in it");
            return NULL;
        }
        if (!creds_read_revoked(creds, directory, error)) {
            return NULL;
        }
        code = gnutls_certificate_set_x509_key_file(creds->x509, certificate, key,
                                                    GNUTLS_X509_FMT_PEM);
    }
    if (code < 0) {
        usbtape_input_error(error, "--tls-creds: %s and its key: %s", certificate,
                            gnutls_strerror(code));
        return NULL;
    }
    return g_steal_pointer(&creds);
}

void tls_creds_free(TlsCreds *creds)
{
    if (!creds) {
        return;
    }
    g_clear_pointer(&creds->x509, gnutls_certificate_free_credentials);
    g_clear_pointer(&creds->psk_server, gnutls_psk_free_server_credentials);
    g_clear_pointer(&creds->psk_client, gnutls_psk_free_client_credentials);
    g_clear_pointer(&creds->priority, gnutls_priority_deinit);
    g_hash_table_unref(creds->keys);
    g_free(creds);
}

/* ---- a session ---- */

/* The peer's certificate must be for its role. A server's must also be for the address. */
static void session_require(TlsSession *self, bool server)
{
    static const char client_purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    static const char server_purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
    const char *purpose = server ? client_purpose : server_purpose;

    self->required[0].type = GNUTLS_DT_KEY_PURPOSE_OID;
    self->required[0].data = (unsigned char *)purpose;
    self->required[1].type = GNUTLS_DT_DNS_HOSTNAME; /* accepts an address too */
    self->required[1].data = (unsigned char *)self->host;
    gnutls_session_set_verify_cert2(self->session, self->required, self->host ? 2 : 1, 0);
}

/* Both sides authenticate. */
static int session_use_creds(TlsCreds *creds, TlsSession *self)
{
    gnutls_session_t session = self->session;

    if (creds->psk_server) {
        return gnutls_credentials_set(session, GNUTLS_CRD_PSK, creds->psk_server);
    }
    if (creds->psk_client) {
        return gnutls_credentials_set(session, GNUTLS_CRD_PSK, creds->psk_client);
    }
    session_require(self, creds->server);
    if (creds->server) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    }
    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, creds->x509);
}

TlsSession *tls_session_new(TlsCreds *creds, int fd, const char *host)
{
    TlsSession *self = g_new0(TlsSession, 1);
    unsigned flags =
        GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | (creds->server ? GNUTLS_SERVER : GNUTLS_CLIENT);

    self->host = g_strdup(host);
    /* These fail only without memory. The handshake of a missing session fails. */
    if (gnutls_init(&self->session, flags) < 0) {
        self->session = NULL;
        return self;
    }
    if (gnutls_priority_set(self->session, creds->priority) < 0 ||
        session_use_creds(creds, self) < 0) {
        g_clear_pointer(&self->session, gnutls_deinit);
        return self;
    }
    gnutls_session_set_ptr(self->session, creds);
    gnutls_transport_set_int(self->session, fd);
    return self;
}

void tls_session_free(TlsSession *self)
{
    if (!self) {
        return;
    }
    if (self->session) {
        gnutls_bye(self->session, GNUTLS_SHUT_WR);
        gnutls_deinit(self->session);
    }
    g_free(self->host);
    g_free(self->why);
    g_free(self);
}

/* Keeps the defect of the peer's certificate, the alert, or the error of GnuTLS. */
static void session_note_failure(TlsSession *self, int code)
{
    gnutls_datum_t text = { NULL, 0 };

    g_free(self->why);
    if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR &&
        gnutls_certificate_verification_status_print(
            gnutls_session_get_verify_cert_status(self->session),
            gnutls_certificate_type_get(self->session), &text, 0) == 0) {
        self->why = g_strchomp(g_strdup((const char *)text.data));
        gnutls_free(text.data);
    } else if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
        self->why = g_strdup_printf("the host ended it: %s",
                                    gnutls_alert_get_name(gnutls_alert_get(self->session)));
    } else {
        self->why = g_strdup(gnutls_strerror(code));
    }
}

TlsResult tls_handshake(TlsSession *self)
{
    int code = self->session ? gnutls_handshake(self->session) : GNUTLS_E_MEMORY_ERROR;

    while (code < 0 && !gnutls_error_is_fatal(code) && code != GNUTLS_E_AGAIN) {
        code = gnutls_handshake(self->session); /* interrupted, or a warning */
    }
    if (code == 0) {
        return TLS_DONE;
    }
    if (code == GNUTLS_E_AGAIN) {
        return gnutls_record_get_direction(self->session) ? TLS_AGAIN_OUT : TLS_AGAIN_IN;
    }
    session_note_failure(self, code);
    if (self->session) {
        gnutls_alert_send_appropriate(self->session, code);
    }
    return TLS_FAILED;
}

static ssize_t session_as_socket(TlsSession *self, ssize_t n)
{
    if (n >= 0) {
        return n;
    }
    if (n == GNUTLS_E_AGAIN) {
        errno = EAGAIN;
    } else if (n == GNUTLS_E_PUSH_ERROR || n == GNUTLS_E_PULL_ERROR ||
               n == GNUTLS_E_PREMATURE_TERMINATION) {
        errno = EPIPE;
    } else {
        session_note_failure(self, (int)n);
        errno = EPROTO;
    }
    return -1;
}

static bool session_try_again(ssize_t n)
{
    return n < 0 && n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal((int)n);
}

ssize_t tls_recv(TlsSession *self, void *bytes, size_t length)
{
    ssize_t n;

    do {
        n = gnutls_record_recv(self->session, bytes, length);
    } while (session_try_again(n));
    return session_as_socket(self, n);
}

ssize_t tls_send(TlsSession *self, const void *bytes, size_t length)
{
    ssize_t n;

    do {
        n = gnutls_record_send(self->session, bytes, length);
    } while (session_try_again(n));
    return session_as_socket(self, n);
}

size_t tls_pending(const TlsSession *self)
{
    return gnutls_record_check_pending(self->session);
}

const char *tls_session_why(const TlsSession *self)
{
    return self->why ? self->why : "no reason given";
}
