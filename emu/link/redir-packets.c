/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets to the host. */
#include "emu/link/redir-private.h"

#include <stdlib.h>
#include <string.h>

void redir_replied(Redir *redir)
{
    if (!redir->reading && !redir->finished) {
        redir_flush(redir);
        redir_update_poll(redir);
    }
}

uint8_t redir_result_status(UsbResult result)
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

bool redir_both_have(const Redir *redir, int capability)
{
    return usbredirparser_have_cap(redir->parser->usbredir, capability) &&
           usbredirparser_peer_has_cap(redir->parser->usbredir, capability);
}

void redir_out_of_memory(Redir *redir, const char *what)
{
    g_autofree char *why =
        g_strdup_printf("this system has no memory left for its transfers (%s)", what);

    redir_kill(redir, why);
}

/* Queues the bytes of a reply after the first `sent`, which the socket accepted. */
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
 * Writes a bulk reply directly from its data. The parser would first copy the data into its queue.
 * The layout is that of peers with 64-bit ids and 32-bit lengths.
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

void redir_reply_bulk(Redir *redir, uint64_t id, uint8_t endpoint, uint8_t status,
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

void redir_reply_control(Redir *redir, uint64_t id, uint8_t endpoint, const UsbSetup *setup,
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
static int redir_endpoint_slot(uint8_t endpoint)
{
    return (endpoint & 0x80) >> 3 | (endpoint & 0x0f);
}

void redir_send_interfaces(Redir *redir)
{
    const UsbInterface *interface = usb_configuration(usb_device_speed(redir->device))->interface;
    struct usb_redir_ep_info_header endpoints = { .type = { 0 } };
    struct usb_redir_interface_info_header interfaces = { .interface_count = 1 };
    int i;

    memset(endpoints.type, usb_redir_type_invalid, sizeof endpoints.type);
    endpoints.type[redir_endpoint_slot(0x00)] = usb_redir_type_control;
    endpoints.type[redir_endpoint_slot(0x80)] = usb_redir_type_control;
    for (i = 0; i < interface->n_endpoints; i++) {
        const UsbEndpoint *endpoint = &interface->endpoints[i];
        int slot = redir_endpoint_slot(endpoint->bEndpointAddress);

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

void redir_send_connect(Redir *redir)
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

void redir_reply_configuration(Redir *redir, uint64_t id, uint8_t status)
{
    struct usb_redir_configuration_status_header reply = {
        .status = status,
        .configuration = usb_device_configuration(redir->device),
    };

    TRACE(redir->trace, LINK_PACKET, "configuration %u status %u", reply.configuration, status);
    usbredirparser_send_configuration_status(redir->parser->usbredir, id, &reply);
    redir_replied(redir);
}

void redir_reply_interface(Redir *redir, uint64_t id, uint8_t interface, uint8_t status)
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
