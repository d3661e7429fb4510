/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/link/redir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
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

static void parser_clear(Parser *parser)
{
    usbredirparser_destroy(parser->usbredir);
}

static void parser_unref(Parser *parser)
{
    g_atomic_rc_box_release_full(parser, (GDestroyNotify)parser_clear);
}

/* Ends the connection at the next turn of the main loop; callers may be deep inside the parser. */
static void redir_kill(Redir *redir, const char *why)
{
    if (redir->dead) {
        return;
    }
    redir->dead = true;
    redir->why = g_strdup(why);
    g_source_set_ready_time(&redir->source->base, 0);
}

static size_t redir_output_size(const Redir *redir)
{
    return redir->unsent_end - redir->unsent_at +
           usbredirparser_get_bufferered_output_size(redir->parser->usbredir);
}

/* ---- bytes in ---- */

static bool redir_may_read(const Redir *redir)
{
    return !redir->dead && !redir->shaking && redir_output_size(redir) < OUTPUT_HIGH;
}

/* A connection that TLS ended. */
static void redir_kill_tls(Redir *redir)
{
    g_autofree char *why = g_strdup_printf("TLS: %s", tls_session_why(redir->tls));

    redir_kill(redir, why);
}

/* What came last, or why nothing did; `errno` of a receive or a send. */
static void redir_lost(Redir *redir, int reason)
{
    if (reason == EPROTO && redir->tls) {
        redir_kill_tls(redir);
    } else {
        redir_kill(redir, reason == EPIPE || reason == ECONNRESET ? "it closed the connection"
                                                                  : g_strerror(reason));
    }
}

/* Records are decrypted where the bytes are wanted; how many there are is not known before. */
static ssize_t redir_receive_tls(Redir *redir, uint8_t *data, size_t count)
{
    ssize_t n = tls_recv(redir->tls, data, count);

    if (n > 0) {
        redir->input_turn -= MIN(redir->input_turn, (size_t)n);
        return n;
    }
    if (n < 0 && errno == EAGAIN) {
        redir->drained = true;
        return 0;
    }
    redir_lost(redir, n == 0 ? EPIPE : errno);
    return -1;
}

/* Receives `count` bytes where they are wanted and what follows them into the buffer. */
static ssize_t redir_receive(Redir *redir, uint8_t *data, size_t count)
{
    struct iovec parts[] = { { data, count }, { redir->input, sizeof redir->input } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };
    ssize_t n;

    do {
        n = recvmsg(redir->fd, &message, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        redir_kill(redir, "it closed the connection");
        return -1;
    }
    if (n < 0) {
        redir->drained = true;
        if (errno == EAGAIN) {
            return 0;
        }
        redir_lost(redir, errno);
        return -1;
    }
    /* A stream socket gives all it has: less than asked means that there is no more. */
    redir->drained = (size_t)n < count + sizeof redir->input;
    redir->input_turn -= MIN(redir->input_turn, (size_t)n);
    redir->input_at = 0;
    redir->input_end = (size_t)n > count ? (size_t)n - count : 0;
    return MIN(n, (ssize_t)count);
}

/* usbredirparser_read */
static int on_read(void *priv, uint8_t *data, int count)
{
    Redir *redir = priv;
    size_t n = redir->input_end - redir->input_at;

    if (redir->dead) {
        return -1;
    }
    if (!redir_may_read(redir)) {
        return 0;
    }
    if (n > 0) {
        n = MIN(n, (size_t)count);
        memcpy(data, redir->input + redir->input_at, n);
        redir->input_at += n;
        return (int)n;
    }
    if (redir->drained || redir->input_turn == 0) {
        return 0;
    }
    return (int)(redir->tls ? redir_receive_tls(redir, data, (size_t)count)
                            : redir_receive(redir, data, (size_t)count));
}

/* ---- bytes out ---- */

/* As much as the socket takes. After EAGAIN the same bytes come again, as TLS wants it. */
static ssize_t redir_send_tls(Redir *redir, const struct iovec *parts, size_t n_parts)
{
    ssize_t sent = 0;
    size_t i;

    for (i = 0; i < n_parts; i++) {
        const uint8_t *bytes = parts[i].iov_base;
        size_t done = 0;

        while (done < parts[i].iov_len) {
            ssize_t n = tls_send(redir->tls, bytes + done, parts[i].iov_len - done);

            if (n < 0 && errno == EAGAIN) {
                return sent;
            }
            if (n < 0) {
                redir_lost(redir, errno);
                return -1;
            }
            done += (size_t)n;
            sent += n;
        }
    }
    return sent;
}

static ssize_t redir_send(Redir *redir, struct iovec *parts, size_t n_parts)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = n_parts };
    ssize_t n;

    if (redir->tls) {
        return redir_send_tls(redir, parts, n_parts);
    }
    do {
        n = sendmsg(redir->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    if (n < 0) {
        redir_lost(redir, errno);
    }
    return n;
}

/* usbredirparser_write */
static int on_write(void *priv, uint8_t *data, int count)
{
    struct iovec part = { data, (size_t)count };

    return (int)redir_send(priv, &part, 1);
}

/* Sends what is queued, as far as the socket takes it. */
static void redir_flush(Redir *redir)
{
    if (redir->dead || redir->shaking) {
        return;
    }
    if (redir->unsent) {
        struct iovec part = { redir->unsent + redir->unsent_at,
                              redir->unsent_end - redir->unsent_at };
        ssize_t n = redir_send(redir, &part, 1);

        redir->unsent_at += n > 0 ? (size_t)n : 0;
        if (redir->unsent_at < redir->unsent_end) {
            return;
        }
        g_clear_pointer(&redir->unsent, g_free);
        redir->unsent_at = redir->unsent_end = 0;
    }
    if (usbredirparser_has_data_to_write(redir->parser->usbredir)) {
        usbredirparser_do_write(redir->parser->usbredir);
    }
}

/* What the socket is polled for follows from what could be done with it. */
static void redir_update_poll(Redir *redir)
{
    GIOCondition wanted = 0;

    if (redir->shaking) {
        wanted = redir->shake_polls;
    } else if (!redir->dead) {
        wanted =
            (redir_may_read(redir) ? G_IO_IN : 0) | (redir_output_size(redir) > 0 ? G_IO_OUT : 0);
    }
    if (wanted != redir->polled) {
        g_source_modify_unix_fd(&redir->source->base, redir->poll, wanted);
        redir->polled = wanted;
    }
}

/* After a reply: inside the read callback the flush comes at its end, else now. */
static void redir_replied(Redir *redir)
{
    if (!redir->reading && !redir->finished) {
        redir_flush(redir);
        redir_update_poll(redir);
    }
}

/* ---- packets out ---- */

static uint8_t result_status(UsbResult result)
{
    switch (result) {
    case USB_DONE:
        return usb_redir_success;
    case USB_STALL:
        return usb_redir_stall;
    case USB_CANCELLED:
        return usb_redir_cancelled;
    case USB_BABBLE:
        return usb_redir_babble;
    case USB_IO_ERROR:
        break;
    }
    return usb_redir_ioerror;
}

static bool redir_both_have(const Redir *redir, int capability)
{
    return usbredirparser_have_cap(redir->parser->usbredir, capability) &&
           usbredirparser_peer_has_cap(redir->parser->usbredir, capability);
}

/* The peer is shed rather than left without an answer. */
static void redir_out_of_memory(Redir *redir, const char *what)
{
    g_autofree char *why =
        g_strdup_printf("this system has no memory left for its transfers (%s)", what);

    redir_kill(redir, why);
}

/* What of a reply the socket did not take: all but the first `sent` bytes. */
static void redir_keep_unsent(Redir *redir, const struct iovec *parts, size_t n_parts, size_t sent)
{
    size_t total = 0, i;

    for (i = 0; i < n_parts; i++) {
        total += parts[i].iov_len;
    }
    if (sent == total) {
        return;
    }
    redir->unsent = g_try_malloc(total - sent);
    if (!redir->unsent) {
        redir_out_of_memory(redir, "the rest of a reply");
        return;
    }
    for (i = 0; i < n_parts; i++) {
        size_t skip = MIN(sent, parts[i].iov_len), rest = parts[i].iov_len - skip;

        sent -= skip;
        memcpy(redir->unsent + redir->unsent_end, (const uint8_t *)parts[i].iov_base + skip, rest);
        redir->unsent_end += rest;
    }
}

/*
 * A bulk reply with data, written from where the data is: the parser would copy it into its queue
 * first. The layout is the one of peers with 64-bit ids and 32-bit lengths.
 */
static void redir_send_bulk_data(Redir *redir, uint64_t id,
                                 struct usb_redir_bulk_packet_header *bulk, const uint8_t *data,
                                 size_t length)
{
    struct usb_redir_header header = {
        .type = usb_redir_bulk_packet,
        .length = (uint32_t)(sizeof *bulk + length),
        .id = id,
    };
    struct iovec parts[] = {
        { &header, sizeof header },
        { bulk, sizeof *bulk },
        { (void *)data, length },
    };
    ssize_t n;

    redir_flush(redir);
    if (redir->dead) {
        return;
    }
    if (redir_output_size(redir) > 0 || !redir_both_have(redir, usb_redir_cap_64bits_ids) ||
        !redir_both_have(redir, usb_redir_cap_32bits_bulk_length)) {
        usbredirparser_send_bulk_packet(redir->parser->usbredir, id, bulk, (uint8_t *)data,
                                        (int)length);
        return;
    }
    n = redir_send(redir, parts, G_N_ELEMENTS(parts));
    if (n < 0) {
        return;
    }
    redir_keep_unsent(redir, parts, G_N_ELEMENTS(parts), (size_t)n);
}

static void redir_reply_bulk(Redir *redir, uint64_t id, uint8_t endpoint, uint8_t status,
                             const uint8_t *data, size_t length)
{
    struct usb_redir_bulk_packet_header bulk = {
        .endpoint = endpoint,
        .status = status,
        .length = (uint16_t)length,
        .length_high = (uint16_t)(length >> 16),
    };

    TRACE(redir->trace, LINK_PACKET, "bulk reply id %" G_GINT64_MODIFIER "x ep %02x status %u %zu",
          id, endpoint, status, length);
    if (data && length > 0) {
        redir_send_bulk_data(redir, id, &bulk, data, length);
    } else {
        usbredirparser_send_bulk_packet(redir->parser->usbredir, id, &bulk, NULL, 0);
    }
    redir_replied(redir);
}

static void redir_reply_control(Redir *redir, uint64_t id, uint8_t endpoint, const UsbSetup *setup,
                                uint8_t status, const uint8_t *data, size_t length)
{
    struct usb_redir_control_packet_header control = {
        .endpoint = endpoint,
        .request = setup->bRequest,
        .requesttype = setup->bmRequestType,
        .status = status,
        .value = setup->wValue,
        .index = setup->wIndex,
        .length = (uint16_t)length,
    };

    TRACE(redir->trace, LINK_PACKET,
          "control reply id %" G_GINT64_MODIFIER "x ep %02x status %u %zu", id, endpoint, status,
          length);
    usbredirparser_send_control_packet(redir->parser->usbredir, id, &control, (uint8_t *)data,
                                       data ? (int)length : 0);
    redir_replied(redir);
}

/* usbredir indexes endpoints by direction and number. */
static int endpoint_slot(uint8_t endpoint)
{
    return (endpoint & 0x80) >> 3 | (endpoint & 0x0f);
}

/*
 * The drive has one configuration and says so from the start: the peer checks it when the device
 * connects, before the guest has configured anything.
 */
static void redir_send_interfaces(Redir *redir)
{
    const UsbInterface *interface = usb_configuration(usb_device_speed(redir->device))->interface;
    struct usb_redir_ep_info_header endpoints = { .type = { 0 } };
    struct usb_redir_interface_info_header interfaces = { .interface_count = 1 };
    int i;

    memset(endpoints.type, usb_redir_type_invalid, sizeof endpoints.type);
    endpoints.type[endpoint_slot(0x00)] = usb_redir_type_control;
    endpoints.type[endpoint_slot(0x80)] = usb_redir_type_control;
    for (i = 0; i < interface->n_endpoints; i++) {
        const UsbEndpoint *endpoint = &interface->endpoints[i];
        int slot = endpoint_slot(endpoint->bEndpointAddress);

        endpoints.type[slot] = endpoint->bmAttributes & 3;
        endpoints.interval[slot] = endpoint->bInterval;
        endpoints.interface[slot] = interface->bInterfaceNumber;
        endpoints.max_packet_size[slot] = endpoint->wMaxPacketSize;
    }
    interfaces.interface[0] = interface->bInterfaceNumber;
    interfaces.interface_class[0] = interface->bInterfaceClass;
    interfaces.interface_subclass[0] = interface->bInterfaceSubClass;
    interfaces.interface_protocol[0] = interface->bInterfaceProtocol;
    usbredirparser_send_ep_info(redir->parser->usbredir, &endpoints);
    usbredirparser_send_interface_info(redir->parser->usbredir, &interfaces);
}

static void redir_send_connect(Redir *redir)
{
    static const uint8_t speeds[] = {
        [USB_SPEED_FULL] = usb_redir_speed_full,
        [USB_SPEED_HIGH] = usb_redir_speed_high,
        [USB_SPEED_SUPER] = usb_redir_speed_super,
    };
    const UsbIdentity *identity = usb_device_identity(redir->device);
    struct usb_redir_device_connect_header connect = {
        .speed = speeds[usb_device_speed(redir->device)],
        .vendor_id = identity->idVendor,
        .product_id = identity->idProduct,
        .device_version_bcd = identity->bcdDevice,
    };

    redir->offered = true;
    redir_send_interfaces(redir);
    usbredirparser_send_device_connect(redir->parser->usbredir, &connect);
}

static void redir_reply_configuration(Redir *redir, uint64_t id, uint8_t status)
{
    struct usb_redir_configuration_status_header reply = {
        .status = status,
        .configuration = usb_device_configuration(redir->device),
    };

    TRACE(redir->trace, LINK_PACKET, "configuration %u status %u", reply.configuration, status);
    usbredirparser_send_configuration_status(redir->parser->usbredir, id, &reply);
    redir_replied(redir);
}

static void redir_reply_interface(Redir *redir, uint64_t id, uint8_t interface, uint8_t status)
{
    int alternate = usb_device_interface(redir->device, interface);
    struct usb_redir_alt_setting_status_header reply = {
        .status = status,
        .interface = interface,
        .alt = (uint8_t)MAX(alternate, 0),
    };

    TRACE(redir->trace, LINK_PACKET, "interface %u alternate %u status %u", interface, reply.alt,
          status);
    usbredirparser_send_alt_setting_status(redir->parser->usbredir, id, &reply);
    redir_replied(redir);
}

/* ---- transfers ---- */

static void redir_answer(Redir *redir, const Pending *pending)
{
    const UsbTransfer *transfer = &pending->transfer;
    const UsbSetup *setup = &transfer->setup;
    uint8_t status = result_status(transfer->result);
    bool in = transfer->endpoint & 0x80;
    bool done = transfer->result == USB_DONE;
    size_t actual = transfer->result == USB_CANCELLED ? 0 : transfer->actual;
    const uint8_t *bytes = in && actual > 0 ? transfer->in : NULL;

    if (bytes && transfer->result == USB_BABBLE) {
        actual += transfer->beyond;
    }
    switch (pending->answer) {
    case ANSWER_BULK:
        redir_reply_bulk(redir, transfer->id, transfer->endpoint, status, bytes, actual);
        break;
    case ANSWER_CONTROL:
        redir_reply_control(redir, transfer->id, transfer->endpoint, setup, status, bytes, actual);
        break;
    case ANSWER_CONFIGURATION:
        if (!in && done) {
            redir_send_interfaces(redir);
        }
        redir_reply_configuration(redir, transfer->id, status);
        break;
    case ANSWER_INTERFACE:
        if (!in && done) {
            redir_send_interfaces(redir);
        }
        redir_reply_interface(redir, transfer->id, (uint8_t)setup->wIndex, status);
        break;
    }
}

static void on_complete(UsbTransfer *transfer, void *data)
{
    Pending *pending = data;
    Redir *redir = pending->redir;

    if (!pending->forgotten) {
        g_hash_table_remove(redir->pending, &transfer->id);
    }
    if (!pending->forgotten && !redir->dead) {
        redir_answer(redir, pending);
    }
    g_bytes_unref(transfer->out);
    g_free(pending);
}

/* The host has given this id to a new transfer: the old one must not answer in its place. */
static void redir_forget(Redir *redir, uint64_t id)
{
    Pending *old = g_hash_table_lookup(redir->pending, &id);

    if (old) {
        g_hash_table_remove(redir->pending, &id);
        old->forgotten = true;
        usb_device_cancel(redir->device, &old->transfer);
    }
}

static void redir_submit(Redir *redir, uint64_t id, uint8_t endpoint, Answer answer,
                         const UsbSetup *setup, GBytes *out, size_t length)
{
    Pending *pending = g_new(Pending, 1);

    *pending = (Pending){
        .transfer = {
            .id = id,
            .endpoint = endpoint,
            .setup = setup ? *setup : (UsbSetup){ 0 },
            .out = out,
            .length = length,
            .complete = on_complete,
            .complete_data = pending,
        },
        .redir = redir,
        .answer = answer,
    };
    redir_forget(redir, id);
    g_hash_table_insert(redir->pending, &pending->transfer.id, pending);
    usb_device_submit(redir->device, &pending->transfer);
}

typedef struct Payload {
    Parser *parser;
    uint8_t *data;
} Payload;

static void payload_free(void *data)
{
    Payload *payload = data;

    usbredirparser_free_packet_data(payload->parser->usbredir, payload->data);
    parser_unref(payload->parser);
    g_free(payload);
}

/* Takes over `data`, which the parser allocated. */
static GBytes *redir_payload(Redir *redir, uint8_t *data, int length)
{
    Payload *payload;

    if (!data) {
        return g_bytes_new_static("", 0);
    }
    payload = g_new(Payload, 1);
    *payload = (Payload){ g_atomic_rc_box_acquire(redir->parser), data };
    return g_bytes_new_with_free_func(data, (size_t)length, payload_free, payload);
}

/*
 * ---- packets in: each checks that the peer said hello, for nothing else may come first; those for
 * the device also that there is one ----
 */

static bool redir_ready(Redir *redir)
{
    if (!redir->greeted) {
        redir_kill(redir, "it sent no hello first: a migrated or restored VM has to plug the drive "
                          "in anew");
    }
    return !redir->dead;
}

/* What the host sent to a device that has left, before it knew, is for nobody. */
static bool redir_ready_device(Redir *redir)
{
    return redir_ready(redir) && redir->offered;
}

static void on_log(void *priv, int level, const char *message)
{
    Redir *redir = priv;

    if (level <= usbredirparser_warning) {
        g_strlcpy(redir->complaint, message, sizeof redir->complaint);
        TRACE(redir->trace, LINK_PACKET, "%s", message);
    }
    if (strstr(message, "Out of memory")) { /* a packet, in or out, is lost */
        redir_out_of_memory(redir, "a packet");
    }
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    Redir *redir = priv;
    g_autofree char *version = g_strndup(hello->version, sizeof hello->version);
    char *c;

    for (c = version; *c; c++) {
        *c = g_ascii_isprint(*c) ? *c : '?';
    }
    redir->greeted = true;
    usb_device_reset(redir->device);
    if (redir->plugged) {
        redir_send_connect(redir);
    }
    redir->ops->came(redir->data, version);
}

static void on_reset(void *priv)
{
    Redir *redir = priv;

    if (redir_ready_device(redir)) {
        TRACE(redir->trace, LINK_PACKET, "reset");
        usb_device_reset(redir->device);
    }
}

/*
 * Configurations and settings have messages of their own; to the device they are the requests that
 * the guest made (USB 2.0 § 9.4), in line with the others.
 */
static void redir_request(Redir *redir, uint64_t id, Answer answer, UsbSetup setup)
{
    if (!redir_ready_device(redir)) {
        return;
    }
    TRACE(redir->trace, LINK_PACKET,
          "request id %" G_GINT64_MODIFIER "x %02x %02x value %04x index %04x", id,
          setup.bmRequestType, setup.bRequest, setup.wValue, setup.wIndex);
    redir_submit(redir, id, setup.bmRequestType & 0x80, answer, &setup, g_bytes_new_static("", 0),
                 setup.wLength);
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *set)
{
    redir_request(priv, id, ANSWER_CONFIGURATION,
                  (UsbSetup){ .bRequest = USB_SET_CONFIGURATION, .wValue = set->configuration });
}

static void on_get_configuration(void *priv, uint64_t id)
{
    redir_request(priv, id, ANSWER_CONFIGURATION,
                  (UsbSetup){ 0x80, USB_GET_CONFIGURATION, .wLength = 1 });
}

static void on_set_alt_setting(void *priv, uint64_t id,
                               struct usb_redir_set_alt_setting_header *set)
{
    redir_request(priv, id, ANSWER_INTERFACE,
                  (UsbSetup){ 0x01, USB_SET_INTERFACE, set->alt, set->interface, 0 });
}

static void on_get_alt_setting(void *priv, uint64_t id,
                               struct usb_redir_get_alt_setting_header *get)
{
    redir_request(priv, id, ANSWER_INTERFACE,
                  (UsbSetup){ 0x81, USB_GET_INTERFACE, 0, get->interface, 1 });
}

static void on_cancel(void *priv, uint64_t id)
{
    Redir *redir = priv;
    Pending *pending;

    if (!redir_ready_device(redir)) {
        return;
    }
    pending = g_hash_table_lookup(redir->pending, &id);
    TRACE(redir->trace, LINK_PACKET, "cancel id %" G_GINT64_MODIFIER "x: %s", id,
          pending ? "pending" : "answered already");
    if (pending) {
        usb_device_cancel(redir->device, &pending->transfer);
    }
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int length)
{
    Redir *redir = priv;
    g_autoptr(GBytes) out = redir_payload(redir, data, length);
    UsbSetup setup = { header->requesttype, header->request, header->value, header->index,
                       header->length };

    if (!redir_ready_device(redir)) {
        return;
    }
    TRACE(redir->trace, LINK_PACKET,
          "control id %" G_GINT64_MODIFIER "x ep %02x %02x %02x %04x %04x %u", id, header->endpoint,
          setup.bmRequestType, setup.bRequest, setup.wValue, setup.wIndex, setup.wLength);
    if (header->endpoint & 0x7f || (header->endpoint ^ setup.bmRequestType) & 0x80) {
        redir_reply_control(redir, id, header->endpoint, &setup, usb_redir_inval, NULL, 0);
        return;
    }
    redir_submit(redir, id, header->endpoint, ANSWER_CONTROL, &setup, g_steal_pointer(&out),
                 setup.wLength);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                    uint8_t *data, int data_length)
{
    Redir *redir = priv;
    g_autoptr(GBytes) out = redir_payload(redir, data, data_length);
    size_t length = (size_t)header->length_high << 16 | header->length;

    if (!redir_ready_device(redir)) {
        return;
    }
    TRACE(redir->trace, LINK_PACKET, "bulk id %" G_GINT64_MODIFIER "x ep %02x %zu", id,
          header->endpoint, length);
    /* Endpoint 0 takes no bulk transfers, and nobody needs buffers without bound. */
    if (!(header->endpoint & 0x0f) || header->stream_id || length > REDIR_BULK_MAX) {
        redir_reply_bulk(redir, id, header->endpoint, usb_redir_inval, NULL, 0);
        return;
    }
    redir_submit(redir, id, header->endpoint, ANSWER_BULK, NULL, g_steal_pointer(&out), length);
}

/* What the device has no endpoints for is refused by id, as a real host controller would. */

static void on_iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *header,
                   uint8_t *data, int length)
{
    Redir *redir = priv;

    usbredirparser_free_packet_data(redir->parser->usbredir, data);
    redir_ready(redir); /* isochronous OUT data has no reply */
}

static void on_interrupt(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *header,
                         uint8_t *data, int length)
{
    Redir *redir = priv;
    struct usb_redir_interrupt_packet_header reply = { .endpoint = header->endpoint,
                                                       .status = usb_redir_inval };

    usbredirparser_free_packet_data(redir->parser->usbredir, data);
    if (redir_ready(redir)) {
        usbredirparser_send_interrupt_packet(redir->parser->usbredir, id, &reply, NULL, 0);
    }
}

static void redir_refuse_iso(Redir *redir, uint64_t id, uint8_t endpoint)
{
    struct usb_redir_iso_stream_status_header status = { usb_redir_inval, endpoint };

    if (redir_ready(redir)) {
        usbredirparser_send_iso_stream_status(redir->parser->usbredir, id, &status);
    }
}

static void on_start_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *start)
{
    redir_refuse_iso(priv, id, start->endpoint);
}

static void on_stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *stop)
{
    redir_refuse_iso(priv, id, stop->endpoint);
}

static void redir_refuse_interrupt(Redir *redir, uint64_t id, uint8_t endpoint)
{
    struct usb_redir_interrupt_receiving_status_header status = { usb_redir_inval, endpoint };

    if (redir_ready(redir)) {
        usbredirparser_send_interrupt_receiving_status(redir->parser->usbredir, id, &status);
    }
}

static void on_start_interrupt(void *priv, uint64_t id,
                               struct usb_redir_start_interrupt_receiving_header *start)
{
    redir_refuse_interrupt(priv, id, start->endpoint);
}

static void on_stop_interrupt(void *priv, uint64_t id,
                              struct usb_redir_stop_interrupt_receiving_header *stop)
{
    redir_refuse_interrupt(priv, id, stop->endpoint);
}

static void redir_refuse_streams(Redir *redir, uint64_t id, uint32_t endpoints)
{
    struct usb_redir_bulk_streams_status_header status = { .endpoints = endpoints,
                                                           .status = usb_redir_inval };

    if (redir_ready(redir)) {
        usbredirparser_send_bulk_streams_status(redir->parser->usbredir, id, &status);
    }
}

static void on_alloc_streams(void *priv, uint64_t id,
                             struct usb_redir_alloc_bulk_streams_header *alloc)
{
    redir_refuse_streams(priv, id, alloc->endpoints);
}

static void on_free_streams(void *priv, uint64_t id,
                            struct usb_redir_free_bulk_streams_header *streams)
{
    redir_refuse_streams(priv, id, streams->endpoints);
}

static void on_filter_reject(void *priv)
{
    Redir *redir = priv;

    if (redir_ready(redir)) {
        usb_device_reset(redir->device);
        redir->ops->rejected(redir->data);
    }
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n_rules)
{
    free(rules); /* advice which devices to offer; there is only one */
    redir_ready(priv);
}

static void on_disconnect_ack(void *priv)
{
    Redir *redir = priv;

    if (redir_ready(redir) && redir->leaving) {
        redir->leaving = false;
        if (redir->plugged) {
            redir_send_connect(redir);
        }
    }
}

/* ---- the plug ---- */

/* The host that lost its device takes back what it sent by itself. */
static void redir_forget_all(Redir *redir)
{
    g_autoptr(GList) ids = g_hash_table_get_keys(redir->pending);
    GList *i;

    for (i = ids; i; i = i->next) {
        uint64_t id = *(const uint64_t *)i->data; /* forgetting frees the key */

        redir_forget(redir, id);
    }
}

void redir_unplug(Redir *redir)
{
    redir->plugged = false;
    if (!redir->offered || redir->dead) {
        return;
    }
    redir->offered = false;
    redir->leaving = redir_both_have(redir, usb_redir_cap_device_disconnect_ack);
    redir_forget_all(redir);
    usb_device_reset(redir->device);
    usbredirparser_send_device_disconnect(redir->parser->usbredir);
    redir_replied(redir);
}

void redir_plug(Redir *redir)
{
    redir->plugged = true;
    if (redir->greeted && !redir->offered && !redir->leaving && !redir->dead) {
        redir_send_connect(redir);
        redir_replied(redir);
    }
}

bool redir_greeted(const Redir *redir)
{
    return redir->greeted;
}

/*
 * Packets that only a usb-host sends, or that need a capability we do not announce. The parser does
 * not let them through, but calls what it calls without looking.
 */
static void redir_misled(Redir *redir)
{
    redir_kill(redir, "it sent a packet that only a device may send");
}

static void on_device_connect(void *priv, struct usb_redir_device_connect_header *header)
{
    redir_misled(priv);
}

static void on_device_disconnect(void *priv)
{
    redir_misled(priv);
}

static void on_interface_info(void *priv, struct usb_redir_interface_info_header *header)
{
    redir_misled(priv);
}

static void on_ep_info(void *priv, struct usb_redir_ep_info_header *header)
{
    redir_misled(priv);
}

static void on_configuration_status(void *priv, uint64_t id,
                                    struct usb_redir_configuration_status_header *header)
{
    redir_misled(priv);
}

static void on_alt_setting_status(void *priv, uint64_t id,
                                  struct usb_redir_alt_setting_status_header *header)
{
    redir_misled(priv);
}

static void on_iso_status(void *priv, uint64_t id,
                          struct usb_redir_iso_stream_status_header *header)
{
    redir_misled(priv);
}

static void on_interrupt_status(void *priv, uint64_t id,
                                struct usb_redir_interrupt_receiving_status_header *header)
{
    redir_misled(priv);
}

static void on_streams_status(void *priv, uint64_t id,
                              struct usb_redir_bulk_streams_status_header *header)
{
    redir_misled(priv);
}

static void on_start_bulk(void *priv, uint64_t id,
                          struct usb_redir_start_bulk_receiving_header *header)
{
    redir_misled(priv);
}

static void on_stop_bulk(void *priv, uint64_t id,
                         struct usb_redir_stop_bulk_receiving_header *header)
{
    redir_misled(priv);
}

static void on_bulk_status(void *priv, uint64_t id,
                           struct usb_redir_bulk_receiving_status_header *header)
{
    redir_misled(priv);
}

static void on_buffered_bulk(void *priv, uint64_t id,
                             struct usb_redir_buffered_bulk_packet_header *header, uint8_t *data,
                             int length)
{
    Redir *redir = priv;

    usbredirparser_free_packet_data(redir->parser->usbredir, data);
    redir_misled(redir);
}

static Parser *parser_new(Redir *redir)
{
    static const int capabilities[] = {
        usb_redir_cap_connect_device_version,
        usb_redir_cap_filter,
        usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size,
        usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
    };
    uint32_t caps[USB_REDIR_CAPS_SIZE] = { 0 };
    Parser *parser = g_atomic_rc_box_new0(Parser);
    struct usbredirparser *p = usbredirparser_create();
    size_t i;

    g_assert(p);
    parser->usbredir = p;
    p->priv = redir;
    p->log_func = on_log;
    p->read_func = on_read;
    p->write_func = on_write;
    p->hello_func = on_hello;
    p->reset_func = on_reset;
    p->set_configuration_func = on_set_configuration;
    p->get_configuration_func = on_get_configuration;
    p->set_alt_setting_func = on_set_alt_setting;
    p->get_alt_setting_func = on_get_alt_setting;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->cancel_data_packet_func = on_cancel;
    p->filter_reject_func = on_filter_reject;
    p->filter_filter_func = on_filter;
    p->device_disconnect_ack_func = on_disconnect_ack;
    p->iso_packet_func = on_iso;
    p->interrupt_packet_func = on_interrupt;
    p->start_iso_stream_func = on_start_iso;
    p->stop_iso_stream_func = on_stop_iso;
    p->start_interrupt_receiving_func = on_start_interrupt;
    p->stop_interrupt_receiving_func = on_stop_interrupt;
    p->alloc_bulk_streams_func = on_alloc_streams;
    p->free_bulk_streams_func = on_free_streams;
    p->device_connect_func = on_device_connect;
    p->device_disconnect_func = on_device_disconnect;
    p->interface_info_func = on_interface_info;
    p->ep_info_func = on_ep_info;
    p->configuration_status_func = on_configuration_status;
    p->alt_setting_status_func = on_alt_setting_status;
    p->iso_stream_status_func = on_iso_status;
    p->interrupt_receiving_status_func = on_interrupt_status;
    p->bulk_streams_status_func = on_streams_status;
    p->start_bulk_receiving_func = on_start_bulk;
    p->stop_bulk_receiving_func = on_stop_bulk;
    p->bulk_receiving_status_func = on_bulk_status;
    p->buffered_bulk_packet_func = on_buffered_bulk;
    for (i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        usbredirparser_caps_set_cap(caps, capabilities[i]);
    }
    usbredirparser_init(p, "usbtape " USBTAPE_VERSION, caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
    return parser;
}

/* ---- the connection ---- */

static void redir_read(Redir *redir)
{
    int result;

    redir->drained = false;
    redir->input_turn = INPUT_TURN;
    redir->reading = true;
    result = usbredirparser_do_read(redir->parser->usbredir);
    redir->reading = false;
    if (result == usbredirparser_read_parse_error) {
        g_autofree char *why = g_strdup_printf(
            "it sent what is not usbredir (%s)%s", redir->complaint,
            redir->greeted ? "" : ": a migrated or restored VM has to plug the drive in anew");

        redir_kill(redir, why);
    }
    redir_flush(redir);
}

static void redir_tear_down(Redir *redir)
{
    if (redir->finished) {
        return;
    }
    redir->finished = true;
    redir->dead = true; /* what the reset cancels is not answered */
    g_source_destroy(&redir->source->base);
    if (redir->greeted) {
        usb_device_reset(redir->device);
    }
    g_assert(g_hash_table_size(redir->pending) == 0);
    g_clear_pointer(&redir->tls, tls_session_free);
    close(redir->fd);
}

/* The rest of a record that is decrypted already: the socket does not report it. */
static bool redir_holds_record(const Redir *redir)
{
    return redir->tls && !redir->shaking && tls_pending(redir->tls) > 0;
}

static gboolean source_ready(RedirSource *source)
{
    Redir *redir = source->redir;

    return (redir->input_at < redir->input_end || redir_holds_record(redir)) &&
           redir_may_read(redir);
}

static gboolean source_prepare(GSource *source, int *timeout)
{
    *timeout = -1;
    return source_ready((RedirSource *)source);
}

static gboolean source_check(GSource *source)
{
    Redir *redir = ((RedirSource *)source)->redir;

    return g_source_query_unix_fd(source, redir->poll) != 0 || source_ready((RedirSource *)source);
}

/* A peer that takes its time is a peer that has not said hello (port.h). */
static void redir_shake(Redir *redir)
{
    switch (tls_handshake(redir->tls)) {
    case TLS_DONE:
        redir->shaking = false;
        redir_flush(redir); /* our hello */
        break;
    case TLS_AGAIN_IN:
        redir->shake_polls = G_IO_IN;
        break;
    case TLS_AGAIN_OUT:
        redir->shake_polls = G_IO_OUT;
        break;
    case TLS_FAILED:
        redir_kill_tls(redir);
        break;
    }
}

static gboolean source_dispatch(GSource *source, GSourceFunc func, void *data)
{
    Redir *redir = ((RedirSource *)source)->redir;
    GIOCondition events = g_source_query_unix_fd(source, redir->poll);

    if (redir->shaking && events) {
        redir_shake(redir);
    }
    if (events & (G_IO_OUT | G_IO_ERR | G_IO_HUP)) {
        redir_flush(redir);
    }
    if (!redir->shaking &&
        (events & (G_IO_IN | G_IO_ERR | G_IO_HUP) || source_ready((RedirSource *)source))) {
        redir_read(redir);
    }
    if (redir->dead) {
        redir_tear_down(redir);
        redir->ops->gone(redir->data, redir->why); /* may free it */
        return G_SOURCE_REMOVE;
    }
    redir_update_poll(redir);
    return G_SOURCE_CONTINUE;
}

Redir *redir_new(int fd, TlsSession *tls, UsbDevice *device, const RedirOps *ops, void *data,
                 Trace *trace)
{
    static GSourceFuncs funcs = { source_prepare, source_check, source_dispatch, NULL };
    Redir *redir = g_new0(Redir, 1);

    redir->fd = fd;
    redir->tls = tls;
    redir->shaking = tls != NULL;
    redir->shake_polls = G_IO_IN;
    redir->plugged = true;
    redir->device = device;
    redir->ops = ops;
    redir->data = data;
    redir->trace = trace;
    redir->pending = g_hash_table_new(g_int64_hash, g_int64_equal);
    redir->source = (RedirSource *)g_source_new(&funcs, sizeof *redir->source);
    redir->source->redir = redir;
    /* Else GLib takes the socket out of the poll and puts it back around each dispatch, which costs
     * four system calls a packet; nothing runs this loop from inside itself. */
    g_source_set_can_recurse(&redir->source->base, TRUE);
    redir->polled = G_IO_IN;
    redir->poll = g_source_add_unix_fd(&redir->source->base, fd, redir->polled);
    redir->parser = parser_new(redir);
    g_source_attach(&redir->source->base, g_main_context_get_thread_default());
    if (redir->shaking) {
        redir_shake(redir); /* a client begins */
    }
    redir_flush(redir); /* our hello */
    redir_update_poll(redir);
    return redir;
}

void redir_free(Redir *redir)
{
    if (!redir) {
        return;
    }
    redir_tear_down(redir);
    g_source_unref(&redir->source->base);
    g_hash_table_unref(redir->pending);
    g_free(redir->unsent);
    parser_unref(redir->parser);
    g_free(redir->why);
    g_free(redir);
}
