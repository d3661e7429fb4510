/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for tests, above SEAM 1: it submits transfers to a UsbDevice and holds the device to the
 * law that each completes exactly once, with a result that makes sense.
 *
 * Owns: the transfers it made, until test_host_free(). Does not own: the device.
 */
#ifndef USBTAPE_TESTS_USB_HOST_H
#define USBTAPE_TESTS_USB_HOST_H

#include "emu/usb/device.h"

typedef struct TestHost TestHost;

typedef struct TestTransfer {
    UsbTransfer transfer; /* first */
    TestHost *host;
    bool completed;
    GByteArray *received; /* IN: what came */
} TestTransfer;

struct TestHost {
    UsbDevice *device;
    GPtrArray *all;  /* of TestTransfer */
    unsigned n_open; /* submitted, not completed */
    GString *log;    /* one letter a completion: Done, Stall, Cancelled, IoError, Babble */
    uint64_t next_id;
    /* Called inside each completion, if set. */
    void (*on_complete)(TestTransfer *transfer, void *data);
    void *on_complete_data;
};

TestHost *test_host_new(UsbDevice *device);
/* Everything must have completed: free the device, or cancel, first. */
void test_host_free(TestHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestHost, test_host_free)

TestTransfer *test_host_out(TestHost *host, uint8_t endpoint, const void *bytes, size_t length);
TestTransfer *test_host_in(TestHost *host, uint8_t endpoint, size_t length);
/* `bytes` for an OUT request with a data stage of wLength bytes, else NULL. */
TestTransfer *test_host_control(TestHost *host, uint8_t bmRequestType, uint8_t bRequest,
                                uint16_t wValue, uint16_t wIndex, uint16_t wLength,
                                const void *bytes);

/* The transfer completed so; anything else fails the test. */
void test_transfer_is(const TestTransfer *transfer, UsbResult result, size_t actual);
bool test_transfer_pending(const TestTransfer *transfer);

#endif
