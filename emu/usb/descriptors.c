/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/usb/descriptors.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"

#define BULK 2 /* bmAttributes of an endpoint (USB 2.0 table 9-13) */

/* bmAttributes of a configuration: bit 7 is always one; bit 6 says self-powered, as a tape drive
 * is; bit 5, remote wake-up, is zero: a tape drive has nothing to wake a host for. */
#define SELF_POWERED 0xc0

#define MASS_STORAGE     0x08 /* bInterfaceClass */
#define SCSI_TRANSPARENT 0x06 /* bInterfaceSubClass: the one Windows' usbstor.inf binds to */
#define BULK_ONLY        0x50 /* bInterfaceProtocol */

enum { STRING_LANGUAGES, STRING_MANUFACTURER, STRING_PRODUCT, STRING_SERIAL };

/* One speed is one row; everything else is derived. */
typedef struct SpeedRow {
    const char *name;
    uint16_t bcdUSB;
    uint8_t bMaxPacketSize0;      /* as the descriptor has it */
    uint16_t control_packet_size; /* as bytes */
    UsbEndpoint endpoints[2];
} SpeedRow;

static const SpeedRow speeds[] = {
    [USB_SPEED_FULL] = { "full",
                         0x0200,
                         64,
                         64,
                         { { USB_BULK_IN, BULK, 64, 0, 0 }, { USB_BULK_OUT, BULK, 64, 0, 0 } } },
    [USB_SPEED_HIGH] = { "high",
                         0x0200,
                         64,
                         64,
                         { { USB_BULK_IN, BULK, 512, 0, 0 }, { USB_BULK_OUT, BULK, 512, 0, 0 } } },
    /* bMaxPacketSize0 is an exponent at SuperSpeed (USB 3.2 § 9.6.1). Bursts of 16 packets. */
    [USB_SPEED_SUPER] = { "super",
                          0x0320,
                          9,
                          512,
                          { { USB_BULK_IN, BULK, 1024, 0, 15 },
                            { USB_BULK_OUT, BULK, 1024, 0, 15 } } },
};

#define INTERFACE(speed)                                                                           \
    {                                                                                              \
        .bInterfaceNumber = 0, .bInterfaceClass = MASS_STORAGE,                                    \
        .bInterfaceSubClass = SCSI_TRANSPARENT, .bInterfaceProtocol = BULK_ONLY,                   \
        .n_endpoints = G_N_ELEMENTS(speeds[speed].endpoints),                                      \
        .endpoints = speeds[speed].endpoints,                                                      \
    }

static const UsbInterface interfaces[] = {
    [USB_SPEED_FULL] = INTERFACE(USB_SPEED_FULL),
    [USB_SPEED_HIGH] = INTERFACE(USB_SPEED_HIGH),
    [USB_SPEED_SUPER] = INTERFACE(USB_SPEED_SUPER),
};

static const UsbConfiguration configurations[] = {
    [USB_SPEED_FULL] = { 1, SELF_POWERED, 1, &interfaces[USB_SPEED_FULL] },
    [USB_SPEED_HIGH] = { 1, SELF_POWERED, 1, &interfaces[USB_SPEED_HIGH] },
    [USB_SPEED_SUPER] = { 1, SELF_POWERED, 1, &interfaces[USB_SPEED_SUPER] },
};

bool usb_speed_parse(const char *text, UsbSpeed *speed, GError **error)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(speeds); i++) {
        if (strcmp(text, speeds[i].name) == 0) {
            *speed = (UsbSpeed)i;
            return true;
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "\"%s\" is not a speed: say full, high or super", text);
    return false;
}

const char *usb_speed_name(UsbSpeed speed)
{
    return speeds[speed].name;
}

const UsbConfiguration *usb_configuration(UsbSpeed speed)
{
    return &configurations[speed];
}

const UsbEndpoint *usb_configuration_endpoint(const UsbConfiguration *configuration,
                                              uint8_t address)
{
    const UsbInterface *interface = configuration->interface;
    size_t i;

    for (i = 0; i < interface->n_endpoints; i++) {
        if (interface->endpoints[i].bEndpointAddress == address) {
            return &interface->endpoints[i];
        }
    }
    return NULL;
}

uint16_t usb_bcd(UsbSpeed speed)
{
    return speeds[speed].bcdUSB;
}

uint16_t usb_control_packet_size(UsbSpeed speed)
{
    return speeds[speed].control_packet_size;
}

static bool check_text(const char *field, const char *text, size_t size, GError **error)
{
    size_t i;

    for (i = 0; i < size && text[i] != '\0'; i++) {
        if (!g_ascii_isprint(text[i])) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "USB %s: character %zu is not printable ASCII", field, i + 1);
            return false;
        }
    }
    if (i == 0 || i == size) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "USB %s: needs 1 to %zu characters",
                    field, size - 1);
        return false;
    }
    return true;
}

/* BOT 1.0 § 4.1.1 and § 4.1.2: at least 12 characters, of 0-9 and A-F only. */
static bool check_serial(const UsbIdentity *identity, GError **error)
{
    const char *serial = identity->serial;

    if (!check_text("serial number", serial, sizeof identity->serial, error)) {
        return false;
    }
    if (strlen(serial) < 12 || strspn(serial, "0123456789ABCDEF") != strlen(serial)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "USB serial number \"%s\": needs 12 to %zu characters, 0-9 and A-F only",
                    serial, sizeof identity->serial - 1);
        return false;
    }
    return true;
}

bool usb_identity_check(const UsbIdentity *identity, GError **error)
{
    return check_text("manufacturer", identity->manufacturer, sizeof identity->manufacturer,
                      error) &&
           check_text("product", identity->product, sizeof identity->product, error) &&
           check_serial(identity, error);
}

static void append_u8(GByteArray *bytes, uint8_t value)
{
    g_byte_array_append(bytes, &value, 1);
}

static void append_le16(GByteArray *bytes, uint16_t value)
{
    uint8_t b[2];

    put_le16(b, value);
    g_byte_array_append(bytes, b, sizeof b);
}

static void append_le32(GByteArray *bytes, uint32_t value)
{
    uint8_t b[4];

    put_le32(b, value);
    g_byte_array_append(bytes, b, sizeof b);
}

/* USB 2.0 § 9.6.1, USB 3.2 § 9.6.1 */
static void append_device(GByteArray *bytes, const UsbIdentity *identity, UsbSpeed speed)
{
    append_u8(bytes, 18);
    append_u8(bytes, USB_DESCRIPTOR_DEVICE);
    append_le16(bytes, speeds[speed].bcdUSB);
    append_u8(bytes, 0); /* bDeviceClass: each interface says */
    append_u8(bytes, 0);
    append_u8(bytes, 0);
    append_u8(bytes, speeds[speed].bMaxPacketSize0);
    append_le16(bytes, identity->idVendor);
    append_le16(bytes, identity->idProduct);
    append_le16(bytes, identity->bcdDevice);
    append_u8(bytes, STRING_MANUFACTURER);
    append_u8(bytes, STRING_PRODUCT);
    append_u8(bytes, STRING_SERIAL);
    append_u8(bytes, 1); /* bNumConfigurations */
}

/* USB 2.0 § 9.6.2: what the device descriptor would say at the other speed. */
static void append_qualifier(GByteArray *bytes, UsbSpeed other)
{
    append_u8(bytes, 10);
    append_u8(bytes, USB_DESCRIPTOR_DEVICE_QUALIFIER);
    append_le16(bytes, speeds[other].bcdUSB);
    append_u8(bytes, 0);
    append_u8(bytes, 0);
    append_u8(bytes, 0);
    append_u8(bytes, speeds[other].bMaxPacketSize0);
    append_u8(bytes, 1); /* bNumConfigurations */
    append_u8(bytes, 0); /* bReserved */
}

static void append_endpoint(GByteArray *bytes, const UsbEndpoint *endpoint)
{
    append_u8(bytes, 7);
    append_u8(bytes, USB_DESCRIPTOR_ENDPOINT);
    append_u8(bytes, endpoint->bEndpointAddress);
    append_u8(bytes, endpoint->bmAttributes);
    append_le16(bytes, endpoint->wMaxPacketSize);
    append_u8(bytes, endpoint->bInterval);
}

/* USB 3.2 § 9.6.7; no streams, no bytes per interval for a bulk endpoint without them. */
static void append_companion(GByteArray *bytes, const UsbEndpoint *endpoint)
{
    append_u8(bytes, 6);
    append_u8(bytes, USB_DESCRIPTOR_SS_ENDPOINT_COMPANION);
    append_u8(bytes, endpoint->bMaxBurst);
    append_u8(bytes, 0);
    append_le16(bytes, 0);
}

/* USB 2.0 § 9.6.3 to § 9.6.6; `type` is CONFIGURATION or OTHER_SPEED_CONFIGURATION (§ 9.6.4). */
static void append_configuration(GByteArray *bytes, UsbSpeed speed, uint8_t type)
{
    const UsbConfiguration *configuration = usb_configuration(speed);
    const UsbInterface *interface = configuration->interface;
    size_t i;

    append_u8(bytes, 9);
    append_u8(bytes, type);
    append_le16(bytes, 0); /* wTotalLength, below */
    append_u8(bytes, 1);   /* bNumInterfaces */
    append_u8(bytes, configuration->bConfigurationValue);
    append_u8(bytes, 0); /* iConfiguration */
    append_u8(bytes, configuration->bmAttributes);
    append_u8(bytes, configuration->max_power_2ma);

    append_u8(bytes, 9);
    append_u8(bytes, USB_DESCRIPTOR_INTERFACE);
    append_u8(bytes, interface->bInterfaceNumber);
    append_u8(bytes, 0); /* bAlternateSetting */
    append_u8(bytes, interface->n_endpoints);
    append_u8(bytes, interface->bInterfaceClass);
    append_u8(bytes, interface->bInterfaceSubClass);
    append_u8(bytes, interface->bInterfaceProtocol);
    append_u8(bytes, 0); /* iInterface */

    for (i = 0; i < interface->n_endpoints; i++) {
        append_endpoint(bytes, &interface->endpoints[i]);
        if (speed == USB_SPEED_SUPER) {
            append_companion(bytes, &interface->endpoints[i]);
        }
    }
    put_le16(bytes->data + 2, (uint16_t)bytes->len);
}

/* USB 3.2 § 9.6.2: the two capabilities that a Gen 1 device must have. */
static void append_bos(GByteArray *bytes)
{
    append_u8(bytes, 5);
    append_u8(bytes, USB_DESCRIPTOR_BOS);
    append_le16(bytes, 0); /* wTotalLength, below */
    append_u8(bytes, 2);   /* bNumDeviceCaps */

    append_u8(bytes, 7);
    append_u8(bytes, USB_DESCRIPTOR_DEVICE_CAPABILITY);
    append_u8(bytes, 2);         /* USB 2.0 EXTENSION (§ 9.6.2.1) */
    append_le32(bytes, 1u << 1); /* LPM, which a SuperSpeed device must offer */

    append_u8(bytes, 10);
    append_u8(bytes, USB_DESCRIPTOR_DEVICE_CAPABILITY);
    append_u8(bytes, 3);        /* SUPERSPEED_USB (§ 9.6.2.2) */
    append_u8(bytes, 0);        /* no latency tolerance messages */
    append_le16(bytes, 0x000e); /* full, high and 5 Gbit/s */
    append_u8(bytes, 1);        /* everything works from full speed upwards */
    append_u8(bytes, 10);       /* bU1DevExitLat, µs */
    append_le16(bytes, 0x07ff); /* wU2DevExitLat, µs */
    put_le16(bytes->data + 2, (uint16_t)bytes->len);
}

/* USB 2.0 § 9.6.7. ASCII is its own UTF-16; an identity's strings are at most 63 characters. */
static void append_string(GByteArray *bytes, const char *text)
{
    append_u8(bytes, (uint8_t)(2 + 2 * strlen(text)));
    append_u8(bytes, USB_DESCRIPTOR_STRING);
    for (; *text; text++) {
        append_le16(bytes, (uint8_t)*text);
    }
}

static bool append_string_index(GByteArray *bytes, const UsbIdentity *identity, uint8_t index,
                                uint16_t language)
{
    const char *const texts[] = {
        [STRING_MANUFACTURER] = identity->manufacturer,
        [STRING_PRODUCT] = identity->product,
        [STRING_SERIAL] = identity->serial,
    };

    if (index == STRING_LANGUAGES) {
        append_u8(bytes, 4);
        append_u8(bytes, USB_DESCRIPTOR_STRING);
        append_le16(bytes, USB_LANGUAGE_ENGLISH);
        return true;
    }
    if (index >= G_N_ELEMENTS(texts) || language != USB_LANGUAGE_ENGLISH) {
        return false;
    }
    append_string(bytes, texts[index]);
    return true;
}

/*
 * A device at full or high speed is a USB 2.0 device that can do both: so it has a qualifier and an
 * other-speed configuration, and no BOS. At SuperSpeed it is the other way round (USB 3.2 § 9.4.3).
 */
static bool append_descriptor(GByteArray *bytes, const UsbIdentity *identity, UsbSpeed speed,
                              uint8_t type, uint8_t index, uint16_t language)
{
    UsbSpeed other = speed == USB_SPEED_FULL ? USB_SPEED_HIGH : USB_SPEED_FULL;
    bool is_super = speed == USB_SPEED_SUPER;

    if (type == USB_DESCRIPTOR_STRING) {
        return append_string_index(bytes, identity, index, language);
    }
    if (index != 0) {
        return false;
    }
    if (type == USB_DESCRIPTOR_DEVICE) {
        append_device(bytes, identity, speed);
    } else if (type == USB_DESCRIPTOR_CONFIGURATION) {
        append_configuration(bytes, speed, type);
    } else if (type == USB_DESCRIPTOR_DEVICE_QUALIFIER && !is_super) {
        append_qualifier(bytes, other);
    } else if (type == USB_DESCRIPTOR_OTHER_SPEED_CONFIGURATION && !is_super) {
        append_configuration(bytes, other, type);
    } else if (type == USB_DESCRIPTOR_BOS && is_super) {
        append_bos(bytes);
    } else {
        return false;
    }
    return true;
}

GBytes *usb_descriptor(const UsbIdentity *identity, UsbSpeed speed, uint8_t type, uint8_t index,
                       uint16_t language)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (!append_descriptor(bytes, identity, speed, type, index, language)) {
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
