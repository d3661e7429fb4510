/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that a tape drive cannot serve are answered as not possible. Packets that only a device
 * sends end the connection.
 */
#include "emu/link/redir-private.h"

/* A transfer type without an endpoint is refused by id, as a real host controller does. */

static void redir_on_iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *header,
                         uint8_t *data, int length)
{
    Redir *redir = priv;

    usbredirparser_free_packet_data(redir->parser->usbredir, data);
    redir_ready(redir); /* isochronous OUT data has no reply */
}

static void redir_on_interrupt(void *priv, uint64_t id,
                               struct usb_redir_interrupt_packet_header *header, uint8_t *data,
                               int length)
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

static void redir_on_start_iso(void *priv, uint64_t id,
                               struct usb_redir_start_iso_stream_header *start)
{
    redir_refuse_iso(priv, id, start->endpoint);
}

static void redir_on_stop_iso(void *priv, uint64_t id,
                              struct usb_redir_stop_iso_stream_header *stop)
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

static void redir_on_start_interrupt(void *priv, uint64_t id,
                                     struct usb_redir_start_interrupt_receiving_header *start)
{
    redir_refuse_interrupt(priv, id, start->endpoint);
}

static void redir_on_stop_interrupt(void *priv, uint64_t id,
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

static void redir_on_alloc_streams(void *priv, uint64_t id,
                                   struct usb_redir_alloc_bulk_streams_header *alloc)
{
    redir_refuse_streams(priv, id, alloc->endpoints);
}

static void redir_on_free_streams(void *priv, uint64_t id,
                                  struct usb_redir_free_bulk_streams_header *streams)
{
    redir_refuse_streams(priv, id, streams->endpoints);
}

/*
 * Packets that only a usb-host sends, or that need a capability that is not announced. The parser
 * does not let them pass, but it calls their callbacks without a NULL check.
 */
static void redir_refuse_device_packet(Redir *redir)
{
    redir_kill(redir, "it sent a packet that only a device may send");
}

static void redir_on_device_connect(void *priv, struct usb_redir_device_connect_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_device_disconnect(void *priv)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_interface_info(void *priv, struct usb_redir_interface_info_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_ep_info(void *priv, struct usb_redir_ep_info_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_configuration_status(void *priv, uint64_t id,
                                          struct usb_redir_configuration_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_alt_setting_status(void *priv, uint64_t id,
                                        struct usb_redir_alt_setting_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_iso_status(void *priv, uint64_t id,
                                struct usb_redir_iso_stream_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_interrupt_status(void *priv, uint64_t id,
                                      struct usb_redir_interrupt_receiving_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_streams_status(void *priv, uint64_t id,
                                    struct usb_redir_bulk_streams_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_start_bulk(void *priv, uint64_t id,
                                struct usb_redir_start_bulk_receiving_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_stop_bulk(void *priv, uint64_t id,
                               struct usb_redir_stop_bulk_receiving_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_bulk_status(void *priv, uint64_t id,
                                 struct usb_redir_bulk_receiving_status_header *header)
{
    redir_refuse_device_packet(priv);
}

static void redir_on_buffered_bulk(void *priv, uint64_t id,
                                   struct usb_redir_buffered_bulk_packet_header *header,
                                   uint8_t *data, int length)
{
    Redir *redir = priv;

    usbredirparser_free_packet_data(redir->parser->usbredir, data);
    redir_refuse_device_packet(redir);
}

void redir_refuse_the_rest(struct usbredirparser *p)
{
    p->iso_packet_func = redir_on_iso;
    p->interrupt_packet_func = redir_on_interrupt;
    p->start_iso_stream_func = redir_on_start_iso;
    p->stop_iso_stream_func = redir_on_stop_iso;
    p->start_interrupt_receiving_func = redir_on_start_interrupt;
    p->stop_interrupt_receiving_func = redir_on_stop_interrupt;
    p->alloc_bulk_streams_func = redir_on_alloc_streams;
    p->free_bulk_streams_func = redir_on_free_streams;
    p->device_connect_func = redir_on_device_connect;
    p->device_disconnect_func = redir_on_device_disconnect;
    p->interface_info_func = redir_on_interface_info;
    p->ep_info_func = redir_on_ep_info;
    p->configuration_status_func = redir_on_configuration_status;
    p->alt_setting_status_func = redir_on_alt_setting_status;
    p->iso_stream_status_func = redir_on_iso_status;
    p->interrupt_receiving_status_func = redir_on_interrupt_status;
    p->bulk_streams_status_func = redir_on_streams_status;
    p->start_bulk_receiving_func = redir_on_start_bulk;
    p->stop_bulk_receiving_func = redir_on_stop_bulk;
    p->bulk_receiving_status_func = redir_on_bulk_status;
    p->buffered_bulk_packet_func = redir_on_buffered_bulk;
}
