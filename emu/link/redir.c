/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/link/redir-private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void parser_clear(Parser *parser)
{
    usbredirparser_destroy(parser->usbredir);
}

static void parser_unref(Parser *parser)
{
    g_atomic_rc_box_release_full(parser, (GDestroyNotify)parser_clear);
}

static void redir_answer(Redir *redir, const Pending *pending)
{
    const UsbTransfer *transfer = &pending->transfer;
    const UsbSetup *setup = &transfer->setup;
    uint8_t status = redir_result_status(transfer->result);
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

static void redir_on_complete(UsbTransfer *transfer, void *data)
{
    Pending *pending = data;
    Redir *redir = pending->redir;

    if (!pending->id_reused) {
        g_hash_table_remove(redir->pending, &transfer->id);
    }
    if (!pending->id_reused && !redir->dead) {
        redir_answer(redir, pending);
    }
    g_bytes_unref(transfer->out);
    g_free(pending);
}

/* The host reused this id for a new transfer. The old transfer must not be answered. */
static void redir_drop_pending(Redir *redir, uint64_t id)
{
    Pending *old = g_hash_table_lookup(redir->pending, &id);

    if (old) {
        g_hash_table_remove(redir->pending, &id);
        old->id_reused = true;
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
            .complete = redir_on_complete,
            .complete_data = pending,
        },
        .redir = redir,
        .answer = answer,
    };
    redir_drop_pending(redir, id);
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

/* Takes ownership of `data`, which the parser allocated. */
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

bool redir_ready(Redir *redir)
{
    if (!redir->greeted) {
        redir_kill(redir, "it sent no hello first: a migrated or restored VM has to plug the drive "
                          "in anew");
    }
    return !redir->dead;
}

/* Packets that the host sent before it saw the unplug are ignored. */
static bool redir_ready_device(Redir *redir)
{
    return redir_ready(redir) && redir->offered;
}

static void redir_on_log(void *priv, int level, const char *message)
{
    Redir *redir = priv;

    if (level <= usbredirparser_warning) {
        g_strlcpy(redir->complaint, message, sizeof redir->complaint);
        TRACE(redir->trace, LINK_PACKET, "%s", message);
    }
    if (strstr(message, "Out of memory")) { /* the parser dropped a packet */
        redir_out_of_memory(redir, "a packet");
    }
}

static void redir_on_hello(void *priv, struct usb_redir_hello_header *hello)
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

static void redir_on_reset(void *priv)
{
    Redir *redir = priv;

    if (redir_ready_device(redir)) {
        TRACE(redir->trace, LINK_PACKET, "reset");
        usb_device_reset(redir->device);
    }
}

/*
 * usbredir has separate messages for configurations and settings. The device receives them as the
 * guest's requests (USB 2.0 § 9.4), in order with the others.
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

static void redir_on_set_configuration(void *priv, uint64_t id,
                                       struct usb_redir_set_configuration_header *set)
{
    redir_request(priv, id, ANSWER_CONFIGURATION,
                  (UsbSetup){ .bRequest = USB_SET_CONFIGURATION, .wValue = set->configuration });
}

static void redir_on_get_configuration(void *priv, uint64_t id)
{
    redir_request(priv, id, ANSWER_CONFIGURATION,
                  (UsbSetup){ 0x80, USB_GET_CONFIGURATION, .wLength = 1 });
}

static void redir_on_set_alt_setting(void *priv, uint64_t id,
                                     struct usb_redir_set_alt_setting_header *set)
{
    redir_request(priv, id, ANSWER_INTERFACE,
                  (UsbSetup){ 0x01, USB_SET_INTERFACE, set->alt, set->interface, 0 });
}

static void redir_on_get_alt_setting(void *priv, uint64_t id,
                                     struct usb_redir_get_alt_setting_header *get)
{
    redir_request(priv, id, ANSWER_INTERFACE,
                  (UsbSetup){ 0x81, USB_GET_INTERFACE, 0, get->interface, 1 });
}

static void redir_on_cancel(void *priv, uint64_t id)
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

static void redir_on_control(void *priv, uint64_t id,
                             struct usb_redir_control_packet_header *header, uint8_t *data,
                             int length)
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

static void redir_on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
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
    /* Endpoint 0 has no bulk transfers. The limit bounds the buffer. */
    if (!(header->endpoint & 0x0f) || header->stream_id || length > REDIR_BULK_MAX) {
        redir_reply_bulk(redir, id, header->endpoint, usb_redir_inval, NULL, 0);
        return;
    }
    redir_submit(redir, id, header->endpoint, ANSWER_BULK, NULL, g_steal_pointer(&out), length);
}

static void redir_on_filter_reject(void *priv)
{
    Redir *redir = priv;

    if (redir_ready(redir)) {
        usb_device_reset(redir->device);
        redir->ops->rejected(redir->data);
    }
}

static void redir_on_filter(void *priv, struct usbredirfilter_rule *rules, int n_rules)
{
    free(rules); /* rules for choosing a device, and there is only one */
    redir_ready(priv);
}

static void redir_on_disconnect_ack(void *priv)
{
    Redir *redir = priv;

    if (redir_ready(redir) && redir->leaving) {
        redir->leaving = false;
        if (redir->plugged) {
            redir_send_connect(redir);
        }
    }
}

/* After an unplug the host itself cancels its transfers. */
static void redir_drop_all_pending(Redir *redir)
{
    g_autoptr(GList) ids = g_hash_table_get_keys(redir->pending);
    GList *i;

    for (i = ids; i; i = i->next) {
        uint64_t id = *(const uint64_t *)i->data; /* redir_drop_pending() frees the key */

        redir_drop_pending(redir, id);
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
    redir_drop_all_pending(redir);
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
    p->log_func = redir_on_log;
    p->read_func = redir_on_read;
    p->write_func = redir_on_write;
    p->hello_func = redir_on_hello;
    p->reset_func = redir_on_reset;
    p->set_configuration_func = redir_on_set_configuration;
    p->get_configuration_func = redir_on_get_configuration;
    p->set_alt_setting_func = redir_on_set_alt_setting;
    p->get_alt_setting_func = redir_on_get_alt_setting;
    p->control_packet_func = redir_on_control;
    p->bulk_packet_func = redir_on_bulk;
    p->cancel_data_packet_func = redir_on_cancel;
    p->filter_reject_func = redir_on_filter_reject;
    p->filter_filter_func = redir_on_filter;
    p->device_disconnect_ack_func = redir_on_disconnect_ack;
    redir_refuse_the_rest(p);
    for (i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        usbredirparser_caps_set_cap(caps, capabilities[i]);
    }
    usbredirparser_init(p, "usbtape " USBTAPE_VERSION, caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
    return parser;
}

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
    redir->dead = true; /* the transfers that the reset cancels are not answered */
    g_source_destroy(&redir->source->base);
    if (redir->greeted) {
        usb_device_reset(redir->device);
    }
    g_assert(g_hash_table_size(redir->pending) == 0);
    g_clear_pointer(&redir->tls, tls_session_free);
    close(redir->fd);
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
        redir->ops->gone(redir->data, redir->why); /* may free `redir` */
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
    /*
     * Without this GLib removes the socket from the poll and adds it again around each dispatch.
     * That costs four system calls a packet. This loop never runs recursively.
     */
    g_source_set_can_recurse(&redir->source->base, TRUE);
    redir->polled = G_IO_IN;
    redir->poll = g_source_add_unix_fd(&redir->source->base, fd, redir->polled);
    redir->parser = parser_new(redir);
    g_source_attach(&redir->source->base, g_main_context_get_thread_default());
    if (redir->shaking) {
        redir_shake(redir); /* a TLS client begins */
    }
    redir_flush(redir); /* the drive's hello */
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
