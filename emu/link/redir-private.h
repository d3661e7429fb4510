/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of one usbredir connection.
 *
 *     redir.c           the connection, the host's requests, the plug
 *     redir-socket.c    bytes in and out, with TLS or without
 *     redir-packets.c   packets to the host
 *     redir-refusals.c  packets that a tape drive cannot serve, or that no host sends
 *
 * No other file of emu/ uses the usbredir parser.
 */
#ifndef USBTAPE_LINK_REDIR_PRIVATE_H
#define USBTAPE_LINK_REDIR_PRIVATE_H

#include "emu/link/redir.h"

#include <sys/uio.h>
#include <usbredirfilter.h>
#include <usbredirparser.h>

/*
 * A CBW packet has 57 bytes, a request for data has 26. The buffer takes small packets in one
 * system call. The payload of a large packet is received in its final place.
 */
#define INPUT_BUFFER 128

/* Input per turn of the main loop, so that a flood of packets does not starve other sources. */
#define INPUT_TURN (4u * 1024 * 1024)

/*
 * With more unsent output than this, requests stay in the socket. So a peer that never reads causes
 * bounded memory.
 */
#define OUTPUT_HIGH (1024u * 1024)

/* The parser outlives the connection while payload that it allocated is in use. */
typedef struct Parser {
    struct usbredirparser *usbredir;
} Parser;

typedef struct RedirSource {
    GSource base;
    Redir *redir;
} RedirSource;

struct Redir {
    UsbDevice *device;
    const RedirOps *ops;
    void *data;
    Trace *trace;
    int fd;
    TlsSession *tls;          /* NULL: no TLS */
    bool shaking;             /* the TLS handshake is under way */
    GIOCondition shake_polls; /* conditions that the handshake waits for */
    Parser *parser;
    RedirSource *source;
    void *poll; /* the tag of the descriptor in the source */
    GIOCondition polled;

    bool greeted;  /* the host sent its hello */
    bool plugged;  /* the drive is on the bus */
    bool offered;  /* the host was sent device_connect */
    bool leaving;  /* the host has not acknowledged the disconnect yet */
    bool reading;  /* inside usbredirparser_do_read, which flushes replies at its end */
    bool dead;     /* the connection has ended for the reason `why` */
    bool finished; /* torn down, and `gone` was called */
    char *why;
    char complaint[160]; /* the parser's last error message */

    GHashTable *pending; /* Pending by transfer.id */

    uint8_t input[INPUT_BUFFER];
    size_t input_at, input_end;
    size_t input_turn; /* bytes that this turn may still receive */
    bool drained;      /* the last receive emptied the socket */

    uint8_t *unsent; /* rest of a reply that bypassed the parser's queue, sent before that queue */
    size_t unsent_at, unsent_end;
};

/* The type of the reply packet. */
typedef enum Answer {
    ANSWER_BULK,
    ANSWER_CONTROL,
    ANSWER_CONFIGURATION,
    ANSWER_INTERFACE,
} Answer;

/* A transfer that the host has no answer for yet. */
typedef struct Pending {
    UsbTransfer transfer; /* first: the hash table's key is its id */
    Redir *redir;
    Answer answer;
    bool id_reused; /* the host reused its id, so it must not be answered */
} Pending;

/* ── redir-socket.c ── */

/* Ends the connection at the next turn of the main loop. The caller may be inside the parser. */
void redir_kill(Redir *redir, const char *why);
size_t redir_output_size(const Redir *redir);
bool redir_may_read(const Redir *redir);
/* usbredirparser_read */
int redir_on_read(void *priv, uint8_t *data, int count);
ssize_t redir_send(Redir *redir, struct iovec *parts, size_t n_parts);
/* usbredirparser_write */
int redir_on_write(void *priv, uint8_t *data, int count);
/* Sends queued bytes until the socket accepts no more. */
void redir_flush(Redir *redir);
/* Sets the poll conditions from the state of input and output. */
void redir_update_poll(Redir *redir);
/* True if the rest of a record is decrypted already. The socket does not report those bytes. */
bool redir_holds_record(const Redir *redir);
/* Continues the handshake. A slow peer counts as one without hello (port.h). */
void redir_shake(Redir *redir);

/* ── redir-packets.c ── */

/* After a reply. Inside the read callback the flush comes at its end, otherwise now. */
void redir_replied(Redir *redir);
uint8_t redir_result_status(UsbResult result);
bool redir_both_have(const Redir *redir, int capability);
/* Drops the peer, because it would wait for ever for its answer. */
void redir_out_of_memory(Redir *redir, const char *what);
void redir_reply_bulk(Redir *redir, uint64_t id, uint8_t endpoint, uint8_t status,
                      const uint8_t *data, size_t length);
void redir_reply_control(Redir *redir, uint64_t id, uint8_t endpoint, const UsbSetup *setup,
                         uint8_t status, const uint8_t *data, size_t length);
/*
 * Describes the one configuration of the drive. The peer checks it when the device connects, before
 * the guest configures the device.
 */
void redir_send_interfaces(Redir *redir);
void redir_send_connect(Redir *redir);
void redir_reply_configuration(Redir *redir, uint64_t id, uint8_t status);
void redir_reply_interface(Redir *redir, uint64_t id, uint8_t interface, uint8_t status);

/* ── redir.c ── */

/* True after the peer's hello. Ends the connection if another packet came first. */
bool redir_ready(Redir *redir);

/* ── redir-refusals.c ── */

/* Sets the callbacks of all refused packets. */
void redir_refuse_the_rest(struct usbredirparser *usbredir);

#endif
