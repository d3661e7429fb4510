/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/fixture.h"

#include <check.h>
#include <string.h>

static void echo_attach(UsbFunction *function, UsbHost *host)
{
}

static void echo_control(UsbFunction *function, UsbTransfer *transfer)
{
    static const uint8_t zero;

    if (transfer->setup.bmRequestType == 0xa1 && transfer->setup.bRequest == 0xfe) {
        usb_transfer_done(transfer, USB_PHASE_CONTROL, &zero, 1);
    } else {
        usb_transfer_fail(transfer, USB_STALL);
    }
}

static void echo_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    EchoFunction *self = (EchoFunction *)function;

    self->largest = MAX(self->largest, transfer->length);
    if (self->hold_out) {
        self->held_out = transfer;
        return;
    }
    g_clear_pointer(&self->last, g_bytes_unref);
    self->last = g_bytes_ref(transfer->out);
    usb_transfer_done(transfer, USB_PHASE_DATA_OUT, NULL,
                      self->accept ? self->accept : transfer->length);
}

static void echo_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    EchoFunction *self = (EchoFunction *)function;
    size_t length = 0;
    const void *data = self->last ? g_bytes_get_data(self->last, &length) : "";

    self->ins++;
    if (self->hold_in) {
        self->held_in = transfer;
        return;
    }
    usb_transfer_done(transfer, USB_PHASE_DATA_IN, data, length);
}

static void echo_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    EchoFunction *self = (EchoFunction *)function;

    self->cancels++;
    if (self->held_out == transfer) {
        self->held_out = NULL;
    }
    if (self->held_in == transfer) {
        self->held_in = NULL;
    }
}

static void echo_reset(UsbFunction *function, UsbReset kind)
{
    EchoFunction *self = (EchoFunction *)function;

    self->resets += kind == USB_RESET_BUS;
}

static void on_notice(void *data, const char *text)
{
    Fixture *f = data;

    g_string_append_printf(f->notices, "%s\n", text);
}

static void on_done(void *data)
{
    ((Fixture *)data)->done = true;
}

static void on_event(void *data, PortEvent event, const char *text)
{
    static const char *const names[] = { "attached", "refused", "left", "unplugged", "plugged" };
    Fixture *f = data;

    g_string_append_printf(f->events, "%s%s%s; ", names[event], *text ? " " : "", text);
}

const PortOps fixture_port_ops = { on_notice, on_done, on_event };

void fixture_init(Fixture *f, UsbSpeed speed)
{
    static const UsbFunctionOps ops = { echo_attach,  echo_control, echo_bulk_out,
                                        echo_bulk_in, echo_cancel,  echo_reset };
    UsbIdentity identity = { .idVendor = 0x1234,
                             .idProduct = 0x5678,
                             .bcdDevice = 0x0102,
                             .manufacturer = "TEST",
                             .product = "ECHO",
                             .serial = "0123456789AB" };

    *f = (Fixture){ .echo.base.ops = &ops };
    f->notices = g_string_new(NULL);
    f->events = g_string_new(NULL);
    f->clock = virtual_clock_new();
    f->device = usb_device_new(&identity, speed, &f->echo.base, NULL);
}

void fixture_plug(Fixture *f, uint32_t caps)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    Address *address;
    int fd;

    f->host = wire_host_pair(caps, &fd);
    text = g_strdup_printf("fd:%d", fd);
    address = address_parse("--connect", text, false, &error);
    g_assert_no_error(error);
    f->port = port_new(address, PORT_CONNECT, NULL, f->device, f->clock, NULL, &fixture_port_ops, f,
                       &error);
    g_assert_no_error(error);
}

void fixture_ready(Fixture *f)
{
    fixture_init(f, USB_SPEED_HIGH);
    fixture_plug(f, WIRE_QEMU_CAPS);
    wire_pump(f->host); /* the size of an id is settled by the hellos */
    wire_configure(f->host, 1, 1);
    wire_pump(f->host);
    ck_assert_ptr_nonnull(strstr(f->host->heard->str, "config #1 status 0 value 1; "));
    g_string_truncate(f->host->heard, 0);
}

void fixture_clear(Fixture *f)
{
    g_clear_pointer(&f->port, port_free);
    g_clear_pointer(&f->host, wire_host_free);
    usb_device_free(f->device);
    clock_free(f->clock);
    g_clear_pointer(&f->echo.last, g_bytes_unref);
    g_string_free(f->notices, TRUE);
    g_string_free(f->events, TRUE);
}
