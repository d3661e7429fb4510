/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors byte by byte, against the tables of USB 2.0 § 9.6 and USB 3.2 § 9.6. */
#include "emu/base/bytes.h"
#include "emu/usb/descriptors.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_usb_descriptors_tcase(void);

static const UsbIdentity identity = {
    .idVendor = 0x1209,
    .idProduct = 0xa17e,
    .bcdDevice = 0x0123,
    .manufacturer = "SONY",
    .product = "SDX",
    .serial = "00AB12345678",
};

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct {
    const char *name;
    UsbSpeed speed;
    uint8_t type;
    uint8_t index;
    uint16_t language;
    const uint8_t *bytes; /* NULL: no such descriptor */
    size_t length;
} rows[] = {
    { "device, full", USB_SPEED_FULL, 1, 0, 0,
      BYTES(18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x7e, 0xa1, 0x23, 0x01, 1, 2, 3, 1) },
    { "device, high", USB_SPEED_HIGH, 1, 0, 0,
      BYTES(18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x7e, 0xa1, 0x23, 0x01, 1, 2, 3, 1) },
    { "device, super", USB_SPEED_SUPER, 1, 0, 0,
      BYTES(18, 1, 0x20, 0x03, 0, 0, 0, 9, 0x09, 0x12, 0x7e, 0xa1, 0x23, 0x01, 1, 2, 3, 1) },
    { "configuration, full", USB_SPEED_FULL, 2, 0, 0,
      BYTES(9, 2, 32, 0, 1, 1, 0, 0xc0, 1, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x81, 2, 64, 0, 0, 7,
            5, 0x02, 2, 64, 0, 0) },
    { "configuration, high", USB_SPEED_HIGH, 2, 0, 0,
      BYTES(9, 2, 32, 0, 1, 1, 0, 0xc0, 1, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x81, 2, 0, 2, 0, 7,
            5, 0x02, 2, 0, 2, 0) },
    { "configuration, super", USB_SPEED_SUPER, 2, 0, 0,
      BYTES(9, 2, 44, 0, 1, 1, 0, 0xc0, 1, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x81, 2, 0, 4, 0, 6,
            48, 15, 0, 0, 0, 7, 5, 0x02, 2, 0, 4, 0, 6, 48, 15, 0, 0, 0) },
    { "qualifier, full", USB_SPEED_FULL, 6, 0, 0, BYTES(10, 6, 0, 2, 0, 0, 0, 64, 1, 0) },
    { "qualifier, high", USB_SPEED_HIGH, 6, 0, 0, BYTES(10, 6, 0, 2, 0, 0, 0, 64, 1, 0) },
    { "qualifier, super", USB_SPEED_SUPER, 6, 0, 0, NULL, 0 },
    { "other speed, full", USB_SPEED_FULL, 7, 0, 0,
      BYTES(9, 7, 32, 0, 1, 1, 0, 0xc0, 1, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x81, 2, 0, 2, 0, 7,
            5, 0x02, 2, 0, 2, 0) },
    { "other speed, high", USB_SPEED_HIGH, 7, 0, 0,
      BYTES(9, 7, 32, 0, 1, 1, 0, 0xc0, 1, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x81, 2, 64, 0, 0, 7,
            5, 0x02, 2, 64, 0, 0) },
    { "other speed, super", USB_SPEED_SUPER, 7, 0, 0, NULL, 0 },
    { "BOS, full", USB_SPEED_FULL, 15, 0, 0, NULL, 0 },
    { "BOS, high", USB_SPEED_HIGH, 15, 0, 0, NULL, 0 },
    { "BOS, super", USB_SPEED_SUPER, 15, 0, 0,
      BYTES(5, 15, 22, 0, 2, 7, 16, 2, 2, 0, 0, 0, 10, 16, 3, 0, 0x0e, 0, 1, 10, 0xff, 0x07) },
    { "languages", USB_SPEED_HIGH, 3, 0, 0, BYTES(4, 3, 0x09, 0x04) },
    { "manufacturer", USB_SPEED_HIGH, 3, 1, 0x0409, BYTES(10, 3, 'S', 0, 'O', 0, 'N', 0, 'Y', 0) },
    { "product", USB_SPEED_SUPER, 3, 2, 0x0409, BYTES(8, 3, 'S', 0, 'D', 0, 'X', 0) },
    { "serial", USB_SPEED_HIGH, 3, 3, 0x0409,
      BYTES(26, 3, '0', 0, '0', 0, 'A', 0, 'B', 0, '1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0,
            '7', 0, '8', 0) },
    { "string of another language", USB_SPEED_HIGH, 3, 1, 0x0407, NULL, 0 },
    { "string of no language", USB_SPEED_HIGH, 3, 1, 0, NULL, 0 },
    { "no such string", USB_SPEED_HIGH, 3, 4, 0x0409, NULL, 0 },
    { "Microsoft's string", USB_SPEED_HIGH, 3, 0xee, 0x0409, NULL, 0 },
    { "no such configuration", USB_SPEED_HIGH, 2, 1, 0, NULL, 0 },
    { "no second device", USB_SPEED_HIGH, 1, 1, 0, NULL, 0 },
    { "interface alone", USB_SPEED_HIGH, 4, 0, 0, NULL, 0 },
    { "endpoint alone", USB_SPEED_HIGH, 5, 0, 0, NULL, 0 },
    { "HID report", USB_SPEED_HIGH, 0x22, 0, 0, NULL, 0 },
    { "no type", USB_SPEED_HIGH, 0, 0, 0, NULL, 0 },
};

START_TEST(descriptor_is_rendered)
{
    g_autoptr(GBytes) got =
        usb_descriptor(&identity, rows[_i].speed, rows[_i].type, rows[_i].index, rows[_i].language);

    if (!rows[_i].bytes) {
        ck_assert_msg(!got, "%s", rows[_i].name);
        return;
    }
    ck_assert_msg(got != NULL, "%s", rows[_i].name);
    ck_assert_uint_eq(g_bytes_get_size(got), rows[_i].length);
    ck_assert_msg(memcmp(g_bytes_get_data(got, NULL), rows[_i].bytes, rows[_i].length) == 0, "%s",
                  rows[_i].name);
}
END_TEST

/* A host walks by bLength: the parts fill wTotalLength, and the facts are those of the table. */
START_TEST(configuration_can_be_walked)
{
    UsbSpeed speed = (UsbSpeed)_i;
    const UsbConfiguration *configuration = usb_configuration(speed);
    g_autoptr(GBytes) got = usb_descriptor(&identity, speed, USB_DESCRIPTOR_CONFIGURATION, 0, 0);
    gsize length;
    const uint8_t *at = g_bytes_get_data(got, &length);
    gsize i;
    unsigned n_endpoints = 0;

    ck_assert_uint_eq(get_le16(at + 2), length);
    for (i = 0; i < length; i += at[i]) {
        ck_assert_uint_ge(at[i], 2);
        ck_assert_uint_le(i + at[i], length);
        if (at[i + 1] == USB_DESCRIPTOR_ENDPOINT) {
            const UsbEndpoint *e = usb_configuration_endpoint(configuration, at[i + 2]);

            ck_assert_ptr_nonnull(e);
            ck_assert_uint_eq(e->wMaxPacketSize, get_le16(at + i + 4));
            n_endpoints++;
        }
    }
    ck_assert_uint_eq(n_endpoints, configuration->interface->n_endpoints);
    ck_assert_ptr_null(usb_configuration_endpoint(configuration, 0x01));
    ck_assert_ptr_null(usb_configuration_endpoint(configuration, 0x82));
    ck_assert_ptr_null(usb_configuration_endpoint(configuration, 0x00));
}
END_TEST

START_TEST(speeds_have_names)
{
    static const char *const names[] = { "full", "high", "super" };
    static const uint16_t sizes[] = { 64, 64, 512 };
    g_autoptr(GError) error = NULL;
    UsbSpeed speed = USB_SPEED_SUPER;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        ck_assert(usb_speed_parse(names[i], &speed, NULL));
        ck_assert_uint_eq(speed, i);
        ck_assert_str_eq(usb_speed_name(speed), names[i]);
        ck_assert_uint_eq(usb_control_packet_size(speed), sizes[i]);
    }
    ck_assert_uint_eq(usb_bcd(USB_SPEED_HIGH), 0x0200);
    ck_assert_uint_eq(usb_bcd(USB_SPEED_SUPER), 0x0320);
    ck_assert(!usb_speed_parse("low", &speed, &error));
    ck_assert_str_eq(error->message, "\"low\" is not a speed: say full, high or super");
}
END_TEST

static const struct {
    size_t offset; /* of the field */
    const char *text;
    const char *complaint; /* NULL: legal */
} identities[] = {
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789AB", NULL },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", NULL },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789A", "serial number \"0123456789A\"" },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789ab", "0-9 and A-F only" },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789AG", "0-9 and A-F only" },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789AB ", "0-9 and A-F only" },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "", "serial number: needs 1 to 63" },
    { G_STRUCT_OFFSET(UsbIdentity, serial), "0123456789AB\n", "character 13 is not printable" },
    { G_STRUCT_OFFSET(UsbIdentity, product), "", "product: needs 1 to 63" },
    { G_STRUCT_OFFSET(UsbIdentity, product), "S\xc3\xbc", "character 2 is not printable" },
    { G_STRUCT_OFFSET(UsbIdentity, manufacturer), "a\tb", "manufacturer: character 2" },
};

START_TEST(identity_is_checked)
{
    UsbIdentity changed = identity;
    g_autoptr(GError) error = NULL;
    char *field = (char *)&changed + identities[_i].offset;
    bool good;

    memset(field, 0, sizeof changed.serial);
    memcpy(field, identities[_i].text, strlen(identities[_i].text));
    good = usb_identity_check(&changed, &error);
    ck_assert_int_eq(good, identities[_i].complaint == NULL);
    if (!good) {
        ck_assert_msg(strstr(error->message, identities[_i].complaint) != NULL, "%s",
                      error->message);
    }
}
END_TEST

START_TEST(identity_must_end)
{
    UsbIdentity changed = identity;
    g_autoptr(GError) error = NULL;

    memset(changed.serial, 'A', sizeof changed.serial);
    ck_assert(!usb_identity_check(&changed, &error));
    changed.serial[sizeof changed.serial - 1] = '\0';
    ck_assert(usb_identity_check(&changed, NULL));
}
END_TEST

/* The longest string that an identity can hold is still a legal descriptor. */
START_TEST(longest_string_fits)
{
    UsbIdentity changed = identity;
    g_autoptr(GBytes) got = NULL;

    memset(changed.product, 'x', sizeof changed.product - 1);
    changed.product[sizeof changed.product - 1] = '\0';
    got = usb_descriptor(&changed, USB_SPEED_HIGH, 3, 2, USB_LANGUAGE_ENGLISH);
    ck_assert_uint_eq(g_bytes_get_size(got), 2 + 2 * 63);
    ck_assert_uint_eq(((const uint8_t *)g_bytes_get_data(got, NULL))[0], 2 + 2 * 63);
}
END_TEST

TCase *make_usb_descriptors_tcase(void)
{
    TCase *tcase = tcase_create("usb-descriptors");

    tcase_add_loop_test(tcase, descriptor_is_rendered, 0, G_N_ELEMENTS(rows));
    tcase_add_loop_test(tcase, configuration_can_be_walked, 0, 3);
    tcase_add_test(tcase, speeds_have_names);
    tcase_add_loop_test(tcase, identity_is_checked, 0, G_N_ELEMENTS(identities));
    tcase_add_test(tcase, identity_must_end);
    tcase_add_test(tcase, longest_string_fits);
    return tcase;
}
