/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/sim-wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirfilter.h>
#include <usbredirparser.h>

/* What QEMU 7.2 announces: everything there is. */
#define CAPABILITIES 0xffu

struct Wire {
    const SimWorld *world;
    void *world_data;
    void (*note)(void *data, const char *word);
    void *note_data;
    struct usbredirparser *parser; /* NULL: not connected */
    int fd;
    bool closed;    /* the other end went away */
    bool connected; /* the device is there */
    GByteArray *outgoing;
    uint64_t last_id;
    GPtrArray *under_way; /* of WireTransfer *, few */
};

static void note(Wire *wire, const char *word)
{
    wire->note(wire->note_data, word);
}

/* ---- packets ---- */

static int on_read(void *priv, uint8_t *data, int count)
{
    Wire *wire = priv;
    ssize_t n = recv(wire->fd, data, (size_t)count, MSG_DONTWAIT);

    if (n > 0) {
        return (int)n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    wire->closed = true;
    return -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    Wire *wire = priv;

    g_byte_array_append(wire->outgoing, data, (guint)count);
    return count;
}

static void on_log(void *priv, int level, const char *message)
{
    if (level <= usbredirparser_error) {
        note(priv, "not-usbredir");
    }
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *connect)
{
    ((Wire *)priv)->connected = true;
}

static void on_disconnect(void *priv)
{
    ((Wire *)priv)->connected = false;
}

static void on_interface_info(void *priv, struct usb_redir_interface_info_header *info)
{
}

static void on_ep_info(void *priv, struct usb_redir_ep_info_header *info)
{
}

static WireEnd end_of(uint8_t status)
{
    switch (status) {
    case usb_redir_success:
        return WIRE_DONE;
    case usb_redir_stall:
        return WIRE_STALLED;
    case usb_redir_cancelled:
        return WIRE_CANCELLED;
    case usb_redir_babble:
        return WIRE_BABBLED;
    default:
        return WIRE_FAILED;
    }
}

static WireTransfer *take_transfer(Wire *wire, uint64_t id)
{
    guint i;

    for (i = 0; i < wire->under_way->len; i++) {
        if (((WireTransfer *)wire->under_way->pdata[i])->id == id) {
            return g_ptr_array_remove_index(wire->under_way, i);
        }
    }
    return NULL;
}

static void answer(Wire *wire, uint64_t id, uint8_t status, size_t actual, uint8_t *data,
                   int length)
{
    WireTransfer *transfer = take_transfer(wire, id);

    if (transfer) {
        transfer->answered = true;
        transfer->end = end_of(status);
        transfer->actual = actual;
        if (data && transfer->in) {
            memcpy(transfer->in, data, MIN((size_t)length, transfer->capacity));
        }
    } else {
        note(wire, "stray-answer");
    }
    if (data) {
        usbredirparser_free_packet_data(wire->parser, data);
    }
    if (transfer && transfer->done) {
        transfer->done(transfer);
    }
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int length)
{
    answer(priv, id, header->status, header->length, data, length);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                    uint8_t *data, int length)
{
    answer(priv, id, header->status, (size_t)header->length_high << 16 | header->length, data,
           length);
}

static void on_configuration(void *priv, uint64_t id,
                             struct usb_redir_configuration_status_header *status)
{
    answer(priv, id, status->status, 0, NULL, 0);
}

static void on_alt_setting(void *priv, uint64_t id,
                           struct usb_redir_alt_setting_status_header *status)
{
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n)
{
    free(rules);
}

static struct usbredirparser *parser_new(Wire *wire)
{
    struct usbredirparser *p = usbredirparser_create();
    uint32_t caps = CAPABILITIES;

    p->priv = wire;
    p->log_func = on_log;
    p->read_func = on_read;
    p->write_func = on_write;
    p->hello_func = on_hello;
    p->device_connect_func = on_connect;
    p->device_disconnect_func = on_disconnect;
    p->interface_info_func = on_interface_info;
    p->ep_info_func = on_ep_info;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->configuration_status_func = on_configuration;
    p->alt_setting_status_func = on_alt_setting;
    p->filter_filter_func = on_filter;
    usbredirparser_init(p, "usbtape simulated host", &caps, 1, 0);
    return p;
}

/* ---- the socket ---- */

static bool send_some(Wire *wire)
{
    ssize_t n;

    if (usbredirparser_has_data_to_write(wire->parser)) {
        usbredirparser_do_write(wire->parser);
    }
    if (wire->outgoing->len == 0 || wire->closed) {
        return false;
    }
    n = send(wire->fd, wire->outgoing->data, wire->outgoing->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        wire->closed = true;
    }
    if (n <= 0) {
        return false;
    }
    g_byte_array_remove_range(wire->outgoing, 0, (guint)n);
    return true;
}

bool wire_receive(Wire *wire)
{
    uint8_t byte;

    if (!wire->parser || wire->closed ||
        (recv(wire->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN)) {
        return false;
    }
    usbredirparser_do_read(wire->parser);
    return true;
}

bool wire_turn(Wire *wire, int64_t deadline)
{
    bool moved = wire->parser && send_some(wire);

    moved |= wire_receive(wire);
    return moved || wire->world->turn(wire->world_data, deadline) || wire_receive(wire);
}

bool wire_wait(Wire *wire, const bool *done, bool drive_is_there, int64_t deadline)
{
    while (!*done && !wire->closed) {
        bool moved = send_some(wire);

        moved |= wire_receive(wire);
        if (*done || wire->closed || (drive_is_there && !wire->connected)) {
            break;
        }
        if (!moved && !wire->world->turn(wire->world_data, deadline) && !wire_receive(wire)) {
            return *done;
        }
    }
    return *done;
}

/* ---- the connection ---- */

bool wire_there(const Wire *wire)
{
    return wire->parser && !wire->closed && wire->connected;
}

const bool *wire_connected(const Wire *wire)
{
    return &wire->connected;
}

void wire_drop(Wire *wire)
{
    if (wire->parser) {
        usbredirparser_destroy(wire->parser);
        close(wire->fd);
        wire->parser = NULL;
    }
    wire->connected = false;
    g_byte_array_set_size(wire->outgoing, 0);
    g_ptr_array_set_size(wire->under_way, 0);
}

bool wire_connect(Wire *wire)
{
    if (wire->parser && !wire->closed) {
        return true; /* the socket outlives a pulled plug */
    }
    wire_drop(wire);
    wire->fd = wire->world->connect(wire->world_data);
    if (wire->fd < 0) {
        return false;
    }
    wire->closed = false;
    wire->parser = parser_new(wire);
    return true;
}

/* ---- transfers ---- */

static void begin(Wire *wire, WireTransfer *transfer)
{
    transfer->id = ++wire->last_id;
    transfer->answered = false;
    transfer->actual = 0;
    g_ptr_array_remove_fast(wire->under_way, transfer); /* one that was never answered */
    g_ptr_array_add(wire->under_way, transfer);
}

void wire_bulk(Wire *wire, WireTransfer *transfer, uint8_t endpoint, const void *out, size_t length)
{
    struct usb_redir_bulk_packet_header header = { .endpoint = endpoint,
                                                   .length = (uint16_t)length,
                                                   .length_high = (uint16_t)(length >> 16) };

    begin(wire, transfer);
    usbredirparser_send_bulk_packet(wire->parser, transfer->id, &header, (uint8_t *)out,
                                    out ? (int)length : 0);
}

void wire_control(Wire *wire, WireTransfer *transfer, uint8_t type, uint8_t request, uint16_t value,
                  uint16_t index, uint16_t length)
{
    struct usb_redir_control_packet_header header = { .endpoint = type & 0x80,
                                                      .request = request,
                                                      .requesttype = type,
                                                      .value = value,
                                                      .index = index,
                                                      .length = length };

    begin(wire, transfer);
    usbredirparser_send_control_packet(wire->parser, transfer->id, &header, NULL, 0);
}

void wire_configure(Wire *wire, WireTransfer *transfer)
{
    struct usb_redir_set_configuration_header set = { 1 };

    begin(wire, transfer);
    usbredirparser_send_set_configuration(wire->parser, transfer->id, &set);
}

void wire_cancel(Wire *wire, const WireTransfer *transfer)
{
    usbredirparser_send_cancel_data_packet(wire->parser, transfer->id);
}

void wire_reset(Wire *wire)
{
    usbredirparser_send_reset(wire->parser);
}

Wire *wire_new(const SimWorld *world, void *world_data, void (*noted)(void *data, const char *word),
               void *data)
{
    Wire *wire = g_new0(Wire, 1);

    wire->world = world;
    wire->world_data = world_data;
    wire->note = noted;
    wire->note_data = data;
    wire->outgoing = g_byte_array_new();
    wire->under_way = g_ptr_array_new();
    wire->last_id = 0x1000;
    return wire;
}

void wire_free(Wire *wire)
{
    if (wire) {
        wire_drop(wire);
        g_byte_array_unref(wire->outgoing);
        g_ptr_array_unref(wire->under_way);
        g_free(wire);
    }
}
