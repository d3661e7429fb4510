/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/wire_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirfilter.h>

static int on_read(void *priv, uint8_t *data, int count)
{
    WireHost *host = priv;
    ssize_t n = recv(host->fd, data, (size_t)count, MSG_DONTWAIT);

    if (n > 0) {
        return (int)n;
    }
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    host->closed = true;
    return -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    WireHost *host = priv;

    g_byte_array_append(host->outgoing, data, (guint)count);
    return count;
}

static void on_log(void *priv, int level, const char *message)
{
    WireHost *host = priv;

    if (level <= usbredirparser_warning) {
        g_string_append_printf(host->heard, "PARSER: %s; ", message);
    }
}

static void keep(WireHost *host, uint8_t *data, int length)
{
    if (data) {
        g_byte_array_set_size(host->data, 0);
        g_byte_array_append(host->data, data, (guint)length);
        usbredirparser_free_packet_data(host->parser, data);
    }
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    WireHost *host = priv;
    unsigned caps = 0;
    int i;

    for (i = 0; i < 32; i++) {
        caps |= (unsigned)!!usbredirparser_peer_has_cap(host->parser, i) << i;
        if (i == usb_redir_cap_bulk_receiving) {
            break;
        }
    }
    g_string_append_printf(host->heard, "hello %02x; ", caps);
}

static void on_ep_info(void *priv, struct usb_redir_ep_info_header *info)
{
    WireHost *host = priv;
    int i;

    g_string_append(host->heard, "eps");
    for (i = 0; i < 32; i++) {
        if (info->type[i] != usb_redir_type_invalid) {
            g_string_append_printf(host->heard, " %02x:%u/%u",
                                   (unsigned)((i & 0x10) << 3 | (i & 0x0f)), info->type[i],
                                   info->max_packet_size[i]);
        }
    }
    g_string_append(host->heard, "; ");
}

static void on_interface_info(void *priv, struct usb_redir_interface_info_header *info)
{
    WireHost *host = priv;

    g_string_append_printf(host->heard, "ifs %u %02x/%02x/%02x; ", info->interface_count,
                           info->interface_class[0], info->interface_subclass[0],
                           info->interface_protocol[0]);
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *connect)
{
    WireHost *host = priv;

    g_string_append_printf(host->heard, "connect speed %u %04x:%04x v%04x; ", connect->speed,
                           connect->vendor_id, connect->product_id, connect->device_version_bcd);
}

static void on_disconnect(void *priv)
{
    g_string_append(((WireHost *)priv)->heard, "disconnect; ");
}

static void on_configuration(void *priv, uint64_t id,
                             struct usb_redir_configuration_status_header *status)
{
    g_string_append_printf(((WireHost *)priv)->heard, "config #%u status %u value %u; ",
                           (unsigned)id, status->status, status->configuration);
}

static void on_alt_setting(void *priv, uint64_t id,
                           struct usb_redir_alt_setting_status_header *status)
{
    g_string_append_printf(((WireHost *)priv)->heard, "alt #%u status %u if %u value %u; ",
                           (unsigned)id, status->status, status->interface, status->alt);
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int length)
{
    WireHost *host = priv;

    keep(host, data, length);
    g_string_append_printf(host->heard, "control #%u ep %02x status %u length %u; ", (unsigned)id,
                           header->endpoint, header->status, header->length);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                    uint8_t *data, int length)
{
    WireHost *host = priv;

    keep(host, data, length);
    host->bulk_replies++;
    if (!host->quiet) {
        g_string_append_printf(host->heard, "bulk #%u ep %02x status %u length %u; ", (unsigned)id,
                               header->endpoint, header->status,
                               (unsigned)header->length_high << 16 | header->length);
    }
}

static void on_interrupt(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *header,
                         uint8_t *data, int length)
{
    WireHost *host = priv;

    keep(host, data, length);
    g_string_append_printf(host->heard, "interrupt #%u ep %02x status %u; ", (unsigned)id,
                           header->endpoint, header->status);
}

static void on_iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *header,
                   uint8_t *data, int length)
{
    WireHost *host = priv;

    keep(host, data, length);
    g_string_append(host->heard, "iso; ");
}

static void on_iso_status(void *priv, uint64_t id,
                          struct usb_redir_iso_stream_status_header *header)
{
    g_string_append_printf(((WireHost *)priv)->heard, "iso status #%u %u; ", (unsigned)id,
                           header->status);
}

static void on_interrupt_status(void *priv, uint64_t id,
                                struct usb_redir_interrupt_receiving_status_header *header)
{
    g_string_append_printf(((WireHost *)priv)->heard, "interrupt status #%u %u; ", (unsigned)id,
                           header->status);
}

static void on_streams_status(void *priv, uint64_t id,
                              struct usb_redir_bulk_streams_status_header *header)
{
    g_string_append_printf(((WireHost *)priv)->heard, "streams status #%u %u; ", (unsigned)id,
                           header->status);
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n)
{
    free(rules);
}

WireHost *wire_host_new(int fd, uint32_t caps)
{
    WireHost *host = g_new0(WireHost, 1);
    struct usbredirparser *p = usbredirparser_create();

    host->parser = p;
    host->fd = fd;
    host->heard = g_string_new(NULL);
    host->data = g_byte_array_new();
    host->outgoing = g_byte_array_new();
    p->priv = host;
    p->log_func = on_log;
    p->read_func = on_read;
    p->write_func = on_write;
    p->hello_func = on_hello;
    p->ep_info_func = on_ep_info;
    p->interface_info_func = on_interface_info;
    p->device_connect_func = on_connect;
    p->device_disconnect_func = on_disconnect;
    p->configuration_status_func = on_configuration;
    p->alt_setting_status_func = on_alt_setting;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->interrupt_packet_func = on_interrupt;
    p->iso_packet_func = on_iso;
    p->iso_stream_status_func = on_iso_status;
    p->interrupt_receiving_status_func = on_interrupt_status;
    p->bulk_streams_status_func = on_streams_status;
    p->filter_filter_func = on_filter;
    usbredirparser_init(p, "wire test", &caps, 1, caps ? 0 : usbredirparser_fl_no_hello);
    return host;
}

void wire_host_free(WireHost *host)
{
    usbredirparser_destroy(host->parser);
    close(host->fd);
    g_string_free(host->heard, TRUE);
    g_byte_array_unref(host->data);
    g_byte_array_unref(host->outgoing);
    g_free(host);
}

void wire_send_raw(WireHost *host, const void *bytes, size_t length)
{
    g_byte_array_append(host->outgoing, bytes, (guint)length);
}

static bool host_send(WireHost *host)
{
    size_t length = host->outgoing->len - host->sent;
    ssize_t n;

    if (host->chunk) {
        length = MIN(length, host->chunk);
    }
    if (length == 0 || host->closed) {
        return false;
    }
    n = send(host->fd, host->outgoing->data + host->sent, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0) {
        return false;
    }
    host->sent += (size_t)n;
    if (host->sent == host->outgoing->len) {
        g_byte_array_set_size(host->outgoing, 0);
        host->sent = 0;
    }
    return true;
}

static bool host_receive(WireHost *host)
{
    uint8_t byte;

    if (host->deaf || host->closed) {
        return false;
    }
    if (recv(host->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN) {
        return false;
    }
    usbredirparser_do_read(host->parser);
    return true;
}

void wire_pump(WireHost *host)
{
    bool moved = true;

    while (moved) {
        if (usbredirparser_has_data_to_write(host->parser)) {
            usbredirparser_do_write(host->parser);
        }
        moved = host_send(host);
        while (g_main_context_iteration(NULL, FALSE)) {
            moved = true;
        }
        moved |= host_receive(host);
    }
}

void wire_control(WireHost *host, uint64_t id, uint8_t type, uint8_t request, uint16_t value,
                  uint16_t index, uint16_t length)
{
    struct usb_redir_control_packet_header header = {
        .endpoint = type & 0x80,
        .request = request,
        .requesttype = type,
        .value = value,
        .index = index,
        .length = length,
    };

    usbredirparser_send_control_packet(host->parser, id, &header, NULL, 0);
}

static struct usb_redir_bulk_packet_header bulk_header(uint8_t endpoint, size_t length)
{
    return (struct usb_redir_bulk_packet_header){
        .endpoint = endpoint,
        .length = (uint16_t)length,
        .length_high = (uint16_t)(length >> 16),
    };
}

void wire_out(WireHost *host, uint64_t id, uint8_t endpoint, const void *data, size_t length)
{
    struct usb_redir_bulk_packet_header header = bulk_header(endpoint, length);

    usbredirparser_send_bulk_packet(host->parser, id, &header, (uint8_t *)data, (int)length);
}

void wire_in(WireHost *host, uint64_t id, uint8_t endpoint, size_t length)
{
    struct usb_redir_bulk_packet_header header = bulk_header(endpoint, length);

    usbredirparser_send_bulk_packet(host->parser, id, &header, NULL, 0);
}

void wire_configure(WireHost *host, uint64_t id, uint8_t value)
{
    struct usb_redir_set_configuration_header set = { value };

    usbredirparser_send_set_configuration(host->parser, id, &set);
}

WireHost *wire_host_pair(uint32_t caps, int *device_fd)
{
    int fds[2];
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);

    g_assert(result == 0);
    *device_fd = fds[1];
    return wire_host_new(fds[0], caps);
}
