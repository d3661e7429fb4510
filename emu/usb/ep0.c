/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard requests (USB 2.0 § 9.4, USB 3.2 § 9.4): one row each, checked before its handler
 * runs. What has no row, or is refused by its handler, is a request error and stalls (USB 2.0
 * § 9.2.7). Deliberately without a row:
 *  - SET_DESCRIPTOR: nothing here can be changed from outside.
 *  - SYNCH_FRAME: only isochronous endpoints have one.
 */
#include "emu/base/bytes.h"
#include "emu/usb/device-private.h"

enum {
    GET_STATUS = 0,
    CLEAR_FEATURE = 1,
    SET_FEATURE = 3,
    SET_ADDRESS = 5,
    GET_DESCRIPTOR = 6,
    SET_SEL = 48,
    SET_ISOCH_DELAY = 49,
};

/* bmRequestType of standard requests */
enum {
    TO_DEVICE = 0x00,
    TO_INTERFACE = 0x01,
    TO_ENDPOINT = 0x02,
    FROM_DEVICE = 0x80,
    FROM_INTERFACE = 0x81,
    FROM_ENDPOINT = 0x82,
};

/* Feature selectors (USB 2.0 table 9-6, USB 3.2 table 9-7) */
enum {
    ENDPOINT_HALT = 0,
    FUNCTION_SUSPEND = 0,
    U1_ENABLE = 48,
    U2_ENABLE = 49,
};

#define FUNCTION_REMOTE_WAKE (1u << 9) /* suspend option in wIndex (USB 3.2 § 9.4.9) */

#define ANY_LENGTH -1

typedef struct Reply {
    uint8_t small[2];
    GBytes *bytes; /* or this, owned */
    size_t length;
} Reply;

static bool is_super(const UsbDevice *device)
{
    return device->speed == USB_SPEED_SUPER;
}

static void reply_le16(Reply *reply, uint16_t value)
{
    put_le16(reply->small, value);
    reply->length = 2;
}

static void reply_u8(Reply *reply, uint8_t value)
{
    reply->small[0] = value;
    reply->length = 1;
}

/* The interface that wIndex names exists now (never in the Address state). */
static bool names_interface(const UsbDevice *device, uint16_t wIndex)
{
    return wIndex <= 0xff && usb_device_interface(device, (uint8_t)wIndex) >= 0;
}

/* § 9.4.5. wValue 1 would be PTM status (USB 3.2), which needs a capability we do not have. */
static bool get_device_status(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    uint16_t status = 1; /* self-powered, as the configuration says */

    if (transfer->setup.wValue != 0 || transfer->setup.wIndex != 0) {
        return false;
    }
    status |= (uint16_t)(device->u1_enabled << 2 | device->u2_enabled << 3);
    reply_le16(reply, status);
    return true;
}

static bool get_interface_status(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    if (transfer->setup.wValue != 0 || !names_interface(device, transfer->setup.wIndex)) {
        return false;
    }
    reply_le16(reply, 0); /* not capable of remote wake-up */
    return true;
}

/* wIndex names the control endpoint, which exists in each state and never halts. */
static bool names_control(uint16_t wIndex)
{
    return wIndex == 0x00 || wIndex == 0x80;
}

static UsbPipe *named_pipe(UsbDevice *device, uint16_t wIndex)
{
    return wIndex <= 0xff ? usb_device_bulk_pipe(device, (uint8_t)wIndex) : NULL;
}

static bool get_endpoint_status(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    const UsbPipe *pipe = named_pipe(device, transfer->setup.wIndex);

    if (transfer->setup.wValue != 0 || (!pipe && !names_control(transfer->setup.wIndex))) {
        return false;
    }
    reply_le16(reply, pipe && pipe->halt != USB_RUNNING);
    return true;
}

/*
 * § 9.4.1 and § 9.4.9. Refused, for the device says that it cannot: DEVICE_REMOTE_WAKEUP (bit 5 of
 * the configuration's bmAttributes is zero), LTM_ENABLE (not in the BOS), and TEST_MODE, which
 * asks for signals on a wire that is not there. U1 and U2 need SuperSpeed and a configuration.
 */
static bool device_feature(UsbDevice *device, const UsbTransfer *transfer, bool on)
{
    const UsbSetup *setup = &transfer->setup;

    if (!is_super(device) || device->configuration == 0 || setup->wIndex != 0) {
        return false;
    }
    if (setup->wValue == U1_ENABLE) {
        device->u1_enabled = on;
        return true;
    }
    if (setup->wValue == U2_ENABLE) {
        device->u2_enabled = on;
        return true;
    }
    return false;
}

static bool clear_device_feature(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return device_feature(device, transfer, false);
}

static bool set_device_feature(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return device_feature(device, transfer, true);
}

/* FUNCTION_SUSPEND: a suspended function may save power; this one has none to save. */
static bool interface_feature(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    const UsbSetup *setup = &transfer->setup;

    return is_super(device) && setup->wValue == FUNCTION_SUSPEND &&
           !(setup->wIndex & FUNCTION_REMOTE_WAKE) && names_interface(device, setup->wIndex & 0xff);
}

static bool clear_endpoint_feature(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    UsbPipe *pipe = named_pipe(device, transfer->setup.wIndex);

    if (transfer->setup.wValue != ENDPOINT_HALT) {
        return false;
    }
    if (!pipe) {
        return names_control(transfer->setup.wIndex);
    }
    if (pipe->halt == USB_HALTED) {
        usb_device_set_halt(device, pipe, USB_RUNNING);
    }
    return true;
}

/* The control endpoint cannot be halted (§ 9.4.5: neither required nor recommended). */
static bool set_endpoint_feature(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    UsbPipe *pipe = named_pipe(device, transfer->setup.wIndex);

    if (transfer->setup.wValue != ENDPOINT_HALT || !pipe) {
        return false;
    }
    if (pipe->halt == USB_RUNNING) {
        usb_device_set_halt(device, pipe, USB_HALTED);
    }
    usb_pipe_recall_all(pipe, device->function, USB_STALL);
    return true;
}

/* The link addresses the device. The number has no use here. */
static bool set_address(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return transfer->setup.wValue <= 127 && transfer->setup.wIndex == 0;
}

/* § 9.4.3. wIndex is the language for strings; for the others it is ignored, as devices do. */
static bool get_descriptor(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    const UsbSetup *setup = &transfer->setup;

    reply->bytes = usb_descriptor(&device->identity, device->speed, (uint8_t)(setup->wValue >> 8),
                                  (uint8_t)setup->wValue, setup->wIndex);
    reply->length = reply->bytes ? g_bytes_get_size(reply->bytes) : 0;
    return reply->bytes != NULL;
}

static bool get_configuration(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    if (transfer->setup.wValue != 0 || transfer->setup.wIndex != 0) {
        return false;
    }
    reply_u8(reply, device->configuration);
    return true;
}

static bool set_configuration(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return transfer->setup.wValue <= 0xff && transfer->setup.wIndex == 0 &&
           usb_device_set_configuration(device, (uint8_t)transfer->setup.wValue);
}

static bool get_interface(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    if (transfer->setup.wValue != 0 || !names_interface(device, transfer->setup.wIndex)) {
        return false;
    }
    reply_u8(reply, 0); /* the only alternate setting */
    return true;
}

static bool set_interface(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return transfer->setup.wValue <= 0xff && names_interface(device, transfer->setup.wIndex) &&
           usb_device_set_interface(device, (uint8_t)transfer->setup.wIndex,
                                    (uint8_t)transfer->setup.wValue);
}

/* Exit latencies of the host's path (USB 3.2 § 9.4.12): nothing here depends on them. */
static bool set_sel(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return is_super(device) && transfer->setup.wValue == 0 && transfer->setup.wIndex == 0;
}

/* USB 3.2 § 9.4.11: there is no isochronous endpoint whose delay it would be. */
static bool set_isoch_delay(UsbDevice *device, const UsbTransfer *transfer, Reply *reply)
{
    return is_super(device) && transfer->setup.wIndex == 0;
}

static const struct RequestRow {
    const char *name;
    uint8_t bRequest;
    uint8_t bmRequestType;
    int wLength; /* the only one allowed, or ANY_LENGTH */
    bool (*handle)(UsbDevice *device, const UsbTransfer *transfer, Reply *reply);
} requests[] = {
    { "GET_STATUS(device)", GET_STATUS, FROM_DEVICE, 2, get_device_status },
    { "GET_STATUS(interface)", GET_STATUS, FROM_INTERFACE, 2, get_interface_status },
    { "GET_STATUS(endpoint)", GET_STATUS, FROM_ENDPOINT, 2, get_endpoint_status },
    { "CLEAR_FEATURE(device)", CLEAR_FEATURE, TO_DEVICE, 0, clear_device_feature },
    { "CLEAR_FEATURE(interface)", CLEAR_FEATURE, TO_INTERFACE, 0, interface_feature },
    { "CLEAR_FEATURE(endpoint)", CLEAR_FEATURE, TO_ENDPOINT, 0, clear_endpoint_feature },
    { "SET_FEATURE(device)", SET_FEATURE, TO_DEVICE, 0, set_device_feature },
    { "SET_FEATURE(interface)", SET_FEATURE, TO_INTERFACE, 0, interface_feature },
    { "SET_FEATURE(endpoint)", SET_FEATURE, TO_ENDPOINT, 0, set_endpoint_feature },
    { "SET_ADDRESS", SET_ADDRESS, TO_DEVICE, 0, set_address },
    { "GET_DESCRIPTOR", GET_DESCRIPTOR, FROM_DEVICE, ANY_LENGTH, get_descriptor },
    { "GET_CONFIGURATION", USB_GET_CONFIGURATION, FROM_DEVICE, 1, get_configuration },
    { "SET_CONFIGURATION", USB_SET_CONFIGURATION, TO_DEVICE, 0, set_configuration },
    { "GET_INTERFACE", USB_GET_INTERFACE, FROM_INTERFACE, 1, get_interface },
    { "SET_INTERFACE", USB_SET_INTERFACE, TO_INTERFACE, 0, set_interface },
    { "SET_SEL", SET_SEL, TO_DEVICE, 6, set_sel },
    { "SET_ISOCH_DELAY", SET_ISOCH_DELAY, TO_DEVICE, 0, set_isoch_delay },
};

static const struct RequestRow *find_request(const UsbSetup *setup)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(requests); i++) {
        const struct RequestRow *row = &requests[i];

        if (row->bRequest == setup->bRequest && row->bmRequestType == setup->bmRequestType) {
            bool fits = row->wLength == ANY_LENGTH || row->wLength == setup->wLength;

            return fits ? row : NULL;
        }
    }
    return NULL;
}

/* An OUT data stage brought exactly what the setup packet announced. */
static bool data_stage_is_whole(const UsbTransfer *transfer)
{
    return (transfer->setup.bmRequestType & 0x80) || transfer->length == transfer->setup.wLength;
}

void usb_ep0_standard(UsbDevice *device, UsbTransfer *transfer)
{
    const UsbSetup setup = transfer->setup;
    const struct RequestRow *row = find_request(&setup);
    Reply reply = { .length = 0 };
    g_autoptr(GBytes) bytes = NULL;
    bool good = row && data_stage_is_whole(transfer) && row->handle(device, transfer, &reply);
    const uint8_t *data;
    size_t length = MIN(reply.length, setup.wLength);

    bytes = reply.bytes;
    data = bytes ? g_bytes_get_data(bytes, NULL) : reply.small;
    TRACE(device->trace, USB_CONTROL, "%s %02x %02x value %04x index %04x length %u: %s",
          row ? row->name : "unknown", setup.bmRequestType, setup.bRequest, setup.wValue,
          setup.wIndex, setup.wLength, good ? "done" : "stall");
    if (!device->control.started || device->control.pending[0] != transfer) {
        return; /* recalled by a completion that the request caused */
    }
    if (!good) {
        usb_transfer_fail(transfer, USB_STALL);
    } else if (setup.bmRequestType & 0x80) {
        usb_transfer_done(transfer, USB_PHASE_CONTROL, data, length);
    } else {
        usb_transfer_done(transfer, USB_PHASE_CONTROL, NULL, transfer->length);
    }
}
