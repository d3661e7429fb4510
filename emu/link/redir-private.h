/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of one usbredir connection share:
 *
 *   redir.c           the connection, what the host asks for, the plug
 *   redir-socket.c    bytes in and out, with TLS or without
 *   redir-packets.c   packets to the host
 *   redir-refusals.c  packets that a tape drive has no use for, or that no host sends
 *
 * No other file of emu/ knows the usbredir parser.
 */
#ifndef USBTAPE_LINK_REDIR_PRIVATE_H
#define USBTAPE_LINK_REDIR_PRIVATE_H

#include "emu/link/redir.h"

#include <sys/uio.h>
#include <usbredirfilter.h>
#include <usbredirparser.h>

/*
 * A CBW packet is 57 bytes, a request for data 26: the buffer takes in whole small packets in one
 * system call, yet leaves the payload of a big one to be received where the parser wants it.
 */
#define INPUT_BUFFER 128

/* Input taken in by one turn of the main loop, so that a flood does not starve the others. */
#define INPUT_TURN (4u * 1024 * 1024)

/* With this much output unsent, requests stay in the socket: a peer that never reads is bounded. */
#define OUTPUT_HIGH (1024u * 1024)

/* The parser outlives the connection for as long as somebody holds payload that it allocated. */
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
    TlsSession *tls;          /* NULL: bytes go as they are */
    bool shaking;             /* …and its handshake is under way */
    GIOCondition shake_polls; /* it waits for that */
    Parser *parser;
    RedirSource *source;
    void *poll; /* the fd's tag in the source */
    GIOCondition polled;

    bool greeted;  /* hello came */
    bool plugged;  /* the drive is on the bus, as soon as the host may see it */
    bool offered;  /* …and the host was told */
    bool leaving;  /* the host has not yet acknowledged that it left */
    bool reading;  /* inside usbredirparser_do_read: replies are flushed at its end */
    bool dead;     /* nothing more goes in or out; `why` says why */
    bool finished; /* torn down, the owner was told */
    char *why;
    char complaint[160]; /* the parser's last error message */

    GHashTable *pending; /* Pending by transfer.id */

    uint8_t input[INPUT_BUFFER];
    size_t input_at, input_end;
    size_t input_turn; /* bytes that this turn may still take */
    bool drained;      /* the socket had no more when last asked */

    uint8_t *unsent; /* rest of a reply that bypassed the parser's queue and goes before it */
    size_t unsent_at, unsent_end;
};

/* The kind of packet that answers a transfer. */
typedef enum Answer {
    ANSWER_BULK,
    ANSWER_CONTROL,
    ANSWER_CONFIGURATION,
    ANSWER_INTERFACE,
} Answer;

/* A transfer that the host has not had an answer for. */
typedef struct Pending {
    UsbTransfer transfer; /* first: the hash table's key is its id */
    Redir *redir;
    Answer answer;
    bool forgotten; /* the host used its id again: it must not be answered */
} Pending;

/* ── redir-socket.c ── */

/* Ends the connection at the next turn of the main loop; callers may be deep inside the parser. */
void redir_kill(Redir *redir, const char *why);
size_t redir_output_size(const Redir *redir);
bool redir_may_read(const Redir *redir);
/* usbredirparser_read */
int redir_on_read(void *priv, uint8_t *data, int count);
ssize_t redir_send(Redir *redir, struct iovec *parts, size_t n_parts);
/* usbredirparser_write */
int redir_on_write(void *priv, uint8_t *data, int count);
/* Sends what is queued, as far as the socket takes it. */
void redir_flush(Redir *redir);
/* What the socket is polled for follows from what could be done with it. */
void redir_update_poll(Redir *redir);
/* The rest of a record that is decrypted already: the socket does not report it. */
bool redir_holds_record(const Redir *redir);
/* A peer that takes its time is a peer that has not said hello (port.h). */
void redir_shake(Redir *redir);

/* ── redir-packets.c ── */

/* After a reply: inside the read callback the flush comes at its end, else now. */
void redir_replied(Redir *redir);
uint8_t redir_result_status(UsbResult result);
bool redir_both_have(const Redir *redir, int capability);
/* The peer is shed rather than left without an answer. */
void redir_out_of_memory(Redir *redir, const char *what);
void redir_reply_bulk(Redir *redir, uint64_t id, uint8_t endpoint, uint8_t status,
                      const uint8_t *data, size_t length);
void redir_reply_control(Redir *redir, uint64_t id, uint8_t endpoint, const UsbSetup *setup,
                         uint8_t status, const uint8_t *data, size_t length);
/*
 * The drive has one configuration and says so from the start: the peer checks it when the device
 * connects, before the guest has configured anything.
 */
void redir_send_interfaces(Redir *redir);
void redir_send_connect(Redir *redir);
void redir_reply_configuration(Redir *redir, uint64_t id, uint8_t status);
void redir_reply_interface(Redir *redir, uint64_t id, uint8_t interface, uint8_t status);

/* ── redir.c ── */

/* Did the peer say hello? Nothing else may come first: if not, this ends the connection. */
bool redir_ready(Redir *redir);

/* ── redir-refusals.c ── */

/* Sets the callbacks of all packets that are refused. */
void redir_refuse_the_rest(struct usbredirparser *usbredir);

#endif
