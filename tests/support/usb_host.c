/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/usb_host.h"

#include "tests/support/suite.h"

static void transfer_completed(UsbTransfer *transfer, void *data)
{
    TestTransfer *t = data;
    TestHost *host = t->host;

    MUST(&t->transfer == transfer);
    MUST(!t->completed); /* exactly once */
    MUST(transfer->actual <= transfer->length);
    MUST(transfer->result == USB_DONE || transfer->actual == 0);
    MUST(transfer->result <= USB_BABBLE);
    t->completed = true;
    host->n_open--;
    g_string_append_c(host->log, "DSCIB"[transfer->result]);
    if ((transfer->endpoint & 0x80) && transfer->actual > 0) {
        g_byte_array_append(t->received, transfer->in, (guint)transfer->actual);
    }
    /* As a link does: the buffers are gone once the completion returns. */
    g_clear_pointer(&transfer->out, g_bytes_unref);
    transfer->in = NULL;
    if (host->on_complete) {
        host->on_complete(t, host->on_complete_data);
    }
}

static void transfer_free(void *data)
{
    TestTransfer *t = data;

    MUST(t->completed);
    g_byte_array_unref(t->received);
    g_free(t);
}

TestHost *test_host_new(UsbDevice *device)
{
    TestHost *host = g_new0(TestHost, 1);

    host->device = device;
    host->all = g_ptr_array_new_with_free_func(transfer_free);
    host->log = g_string_new(NULL);
    host->next_id = 1;
    return host;
}

void test_host_free(TestHost *host)
{
    ck_assert_uint_eq(host->n_open, 0);
    g_ptr_array_unref(host->all);
    g_string_free(host->log, TRUE);
    g_free(host);
}

static TestTransfer *host_make(TestHost *host, uint8_t endpoint, const void *bytes, size_t length)
{
    TestTransfer *t = g_new0(TestTransfer, 1);

    t->host = host;
    t->received = g_byte_array_new();
    t->transfer.id = host->next_id++;
    t->transfer.endpoint = endpoint;
    t->transfer.length = length;
    t->transfer.complete = transfer_completed;
    t->transfer.complete_data = t;
    t->transfer.result = (UsbResult)99; /* whoever completes it must set these */
    t->transfer.actual = SIZE_MAX;
    if (!(endpoint & 0x80)) {
        t->transfer.out = g_bytes_new(bytes, length);
    }
    g_ptr_array_add(host->all, t);
    host->n_open++;
    return t;
}

TestTransfer *test_host_out(TestHost *host, uint8_t endpoint, const void *bytes, size_t length)
{
    TestTransfer *t = host_make(host, endpoint, bytes, length);

    usb_device_submit(host->device, &t->transfer);
    return t;
}

TestTransfer *test_host_in(TestHost *host, uint8_t endpoint, size_t length)
{
    TestTransfer *t = host_make(host, endpoint, NULL, length);

    usb_device_submit(host->device, &t->transfer);
    return t;
}

TestTransfer *test_host_control(TestHost *host, uint8_t bmRequestType, uint8_t bRequest,
                                uint16_t wValue, uint16_t wIndex, uint16_t wLength,
                                const void *bytes)
{
    size_t length = bytes || (bmRequestType & 0x80) ? wLength : 0;
    TestTransfer *t = host_make(host, bmRequestType & 0x80, bytes, length);

    t->transfer.setup = (UsbSetup){ bmRequestType, bRequest, wValue, wIndex, wLength };
    usb_device_submit(host->device, &t->transfer);
    return t;
}

void test_transfer_is(const TestTransfer *t, UsbResult result, size_t actual)
{
    if (!t->completed || t->transfer.result != result || t->transfer.actual != actual) {
        ck_abort_msg("transfer %u: %s, result %d, actual %zu; expected result %d, actual %zu",
                     (unsigned)t->transfer.id, t->completed ? "completed" : "pending",
                     (int)t->transfer.result, t->transfer.actual, (int)result, actual);
    }
}

bool test_transfer_pending(const TestTransfer *t)
{
    return !t->completed;
}
