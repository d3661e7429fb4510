/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every standard request (USB 2.0 § 9.4, USB 3.2 § 9.4), right and wrong, in each state. */
#include "emu/usb/device.h"
#include "tests/support/idle_function.h"
#include "tests/support/suite.h"
#include "tests/support/usb_host.h"

#include <string.h>

TCase *make_usb_requests_tcase(void);

static const UsbIdentity identity = {
    .idVendor = 0x1209,
    .idProduct = 0x0001,
    .manufacturer = "M",
    .product = "P",
    .serial = "0123456789AB",
};

/* In which states and at which speeds a row holds; elsewhere the request stalls. */
enum {
    ADDRESSED = 1,
    CONFIGURED = 2,
    BOTH = 3,
    USB2 = 4, /* full and high */
    USB3 = 8,
    ANY = 12,
};

#define STALL { 0 }, -1

static const struct {
    const char *name;
    UsbSetup setup;
    unsigned where;
    uint8_t reply[4];
    int length; /* -1: stalls everywhere */
} rows[] = {
    { "GET_STATUS device", { 0x80, 0, 0, 0, 2 }, BOTH | ANY, { 1, 0 }, 2 },
    { "GET_STATUS device, wLength", { 0x80, 0, 0, 0, 1 }, 0, STALL },
    { "GET_STATUS device, wLength 0", { 0x80, 0, 0, 0, 0 }, 0, STALL },
    { "GET_STATUS device, wValue", { 0x80, 0, 1, 0, 2 }, 0, STALL },
    { "GET_STATUS device, PTM", { 0x80, 0, 1, 0, 4 }, 0, STALL },
    { "GET_STATUS device, wIndex", { 0x80, 0, 0, 1, 2 }, 0, STALL },
    { "GET_STATUS the other way", { 0x00, 0, 0, 0, 0 }, 0, STALL },
    { "GET_STATUS other recipient", { 0x83, 0, 0, 0, 2 }, 0, STALL },
    { "GET_STATUS interface", { 0x81, 0, 0, 0, 2 }, CONFIGURED | ANY, { 0, 0 }, 2 },
    { "GET_STATUS interface 1", { 0x81, 0, 0, 1, 2 }, 0, STALL },
    { "GET_STATUS interface 100h", { 0x81, 0, 0, 0x100, 2 }, 0, STALL },
    { "GET_STATUS endpoint 0", { 0x82, 0, 0, 0, 2 }, BOTH | ANY, { 0, 0 }, 2 },
    { "GET_STATUS endpoint 80", { 0x82, 0, 0, 0x80, 2 }, BOTH | ANY, { 0, 0 }, 2 },
    { "GET_STATUS endpoint 81", { 0x82, 0, 0, 0x81, 2 }, CONFIGURED | ANY, { 0, 0 }, 2 },
    { "GET_STATUS endpoint 02", { 0x82, 0, 0, 0x02, 2 }, CONFIGURED | ANY, { 0, 0 }, 2 },
    { "GET_STATUS endpoint 01", { 0x82, 0, 0, 0x01, 2 }, 0, STALL },
    { "GET_STATUS endpoint 82", { 0x82, 0, 0, 0x82, 2 }, 0, STALL },
    { "GET_STATUS endpoint FF", { 0x82, 0, 0, 0xff, 2 }, 0, STALL },
    { "GET_STATUS endpoint 181h", { 0x82, 0, 0, 0x181, 2 }, 0, STALL },

    { "CLEAR_FEATURE halt 81", { 0x02, 1, 0, 0x81, 0 }, CONFIGURED | ANY, { 0 }, 0 },
    { "CLEAR_FEATURE halt 0", { 0x02, 1, 0, 0x00, 0 }, BOTH | ANY, { 0 }, 0 },
    { "CLEAR_FEATURE halt 01", { 0x02, 1, 0, 0x01, 0 }, 0, STALL },
    { "CLEAR_FEATURE of an endpoint, 1", { 0x02, 1, 1, 0x81, 0 }, 0, STALL },
    { "CLEAR_FEATURE halt, wLength", { 0x02, 1, 0, 0x81, 1 }, 0, STALL },
    { "CLEAR_FEATURE halt of the device", { 0x00, 1, 0, 0x81, 0 }, 0, STALL },
    { "SET_FEATURE halt 02", { 0x02, 3, 0, 0x02, 0 }, CONFIGURED | ANY, { 0 }, 0 },
    { "SET_FEATURE halt 0", { 0x02, 3, 0, 0x00, 0 }, 0, STALL },
    { "SET_FEATURE halt 03", { 0x02, 3, 0, 0x03, 0 }, 0, STALL },
    { "SET_FEATURE of an endpoint, 2", { 0x02, 3, 2, 0x81, 0 }, 0, STALL },
    { "SET_FEATURE remote wakeup", { 0x00, 3, 1, 0, 0 }, 0, STALL },
    { "CLEAR_FEATURE remote wakeup", { 0x00, 1, 1, 0, 0 }, 0, STALL },
    { "SET_FEATURE test mode", { 0x00, 3, 2, 0x0100, 0 }, 0, STALL },
    { "SET_FEATURE U1", { 0x00, 3, 48, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "SET_FEATURE U2", { 0x00, 3, 49, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "SET_FEATURE U1, wIndex", { 0x00, 3, 48, 1, 0 }, 0, STALL },
    { "SET_FEATURE LTM", { 0x00, 3, 50, 0, 0 }, 0, STALL },
    { "SET_FEATURE of nothing", { 0x00, 3, 99, 0, 0 }, 0, STALL },
    { "CLEAR_FEATURE U1", { 0x00, 1, 48, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "CLEAR_FEATURE U2", { 0x00, 1, 49, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "CLEAR_FEATURE LTM", { 0x00, 1, 50, 0, 0 }, 0, STALL },
    { "SET_FEATURE function suspend", { 0x01, 3, 0, 0x0100, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "SET_FEATURE function resume", { 0x01, 3, 0, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },
    { "SET_FEATURE function wake", { 0x01, 3, 0, 0x0300, 0 }, 0, STALL },
    { "SET_FEATURE suspend, interface 1", { 0x01, 3, 0, 1, 0 }, 0, STALL },
    { "SET_FEATURE of an interface", { 0x01, 3, 1, 0, 0 }, 0, STALL },
    { "CLEAR_FEATURE function suspend", { 0x01, 1, 0, 0, 0 }, CONFIGURED | USB3, { 0 }, 0 },

    { "SET_ADDRESS", { 0x00, 5, 5, 0, 0 }, BOTH | ANY, { 0 }, 0 },
    { "SET_ADDRESS 127", { 0x00, 5, 127, 0, 0 }, BOTH | ANY, { 0 }, 0 },
    { "SET_ADDRESS 128", { 0x00, 5, 128, 0, 0 }, 0, STALL },
    { "SET_ADDRESS, wIndex", { 0x00, 5, 5, 1, 0 }, 0, STALL },
    { "SET_ADDRESS, wLength", { 0x00, 5, 5, 0, 1 }, 0, STALL },
    { "SET_ADDRESS of an interface", { 0x01, 5, 5, 0, 0 }, 0, STALL },

    { "GET_DESCRIPTOR device, 4 bytes", { 0x80, 6, 0x100, 0, 4 }, BOTH | USB2, { 18, 1, 0, 2 }, 4 },
    { "GET_DESCRIPTOR device, 4 bytes",
      { 0x80, 6, 0x100, 0, 4 },
      BOTH | USB3,
      { 18, 1, 32, 3 },
      4 },
    { "GET_DESCRIPTOR device, 0 bytes", { 0x80, 6, 0x100, 0, 0 }, BOTH | ANY, { 0 }, 0 },
    { "GET_DESCRIPTOR qualifier", { 0x80, 6, 0x600, 0, 3 }, BOTH | USB2, { 10, 6, 0 }, 3 },
    { "GET_DESCRIPTOR BOS", { 0x80, 6, 0xf00, 0, 3 }, BOTH | USB3, { 5, 15, 22 }, 3 },
    { "GET_DESCRIPTOR languages", { 0x80, 6, 0x300, 0, 255 }, BOTH | ANY, { 4, 3, 9, 4 }, 4 },
    { "GET_DESCRIPTOR string", { 0x80, 6, 0x301, 0x409, 255 }, BOTH | ANY, { 4, 3, 'M', 0 }, 4 },
    { "GET_DESCRIPTOR other language", { 0x80, 6, 0x301, 0x407, 255 }, 0, STALL },
    { "GET_DESCRIPTOR OS string", { 0x80, 6, 0x3ee, 0, 18 }, 0, STALL },
    { "GET_DESCRIPTOR of an interface", { 0x81, 6, 0x2200, 0, 9 }, 0, STALL },
    { "GET_DESCRIPTOR configuration 1", { 0x80, 6, 0x201, 0, 9 }, 0, STALL },
    { "SET_DESCRIPTOR", { 0x00, 7, 0x100, 0, 0 }, 0, STALL },

    { "GET_CONFIGURATION", { 0x80, 8, 0, 0, 1 }, ADDRESSED | ANY, { 0 }, 1 },
    { "GET_CONFIGURATION", { 0x80, 8, 0, 0, 1 }, CONFIGURED | ANY, { 1 }, 1 },
    { "GET_CONFIGURATION, wLength", { 0x80, 8, 0, 0, 2 }, 0, STALL },
    { "GET_CONFIGURATION, wValue", { 0x80, 8, 1, 0, 1 }, 0, STALL },
    { "SET_CONFIGURATION 0", { 0x00, 9, 0, 0, 0 }, BOTH | ANY, { 0 }, 0 },
    { "SET_CONFIGURATION 1", { 0x00, 9, 1, 0, 0 }, BOTH | ANY, { 0 }, 0 },
    { "SET_CONFIGURATION 2", { 0x00, 9, 2, 0, 0 }, 0, STALL },
    { "SET_CONFIGURATION 257", { 0x00, 9, 257, 0, 0 }, 0, STALL },
    { "SET_CONFIGURATION, wIndex", { 0x00, 9, 1, 1, 0 }, 0, STALL },
    { "SET_CONFIGURATION, wLength", { 0x00, 9, 1, 0, 1 }, 0, STALL },

    { "GET_INTERFACE", { 0x81, 10, 0, 0, 1 }, CONFIGURED | ANY, { 0 }, 1 },
    { "GET_INTERFACE 1", { 0x81, 10, 0, 1, 1 }, 0, STALL },
    { "GET_INTERFACE, wValue", { 0x81, 10, 1, 0, 1 }, 0, STALL },
    { "GET_INTERFACE, wLength", { 0x81, 10, 0, 0, 2 }, 0, STALL },
    { "GET_INTERFACE of the device", { 0x80, 10, 0, 0, 1 }, 0, STALL },
    { "SET_INTERFACE 0", { 0x01, 11, 0, 0, 0 }, CONFIGURED | ANY, { 0 }, 0 },
    { "SET_INTERFACE 1", { 0x01, 11, 0, 1, 0 }, 0, STALL },
    { "SET_INTERFACE 0, setting 1", { 0x01, 11, 1, 0, 0 }, 0, STALL },
    { "SET_INTERFACE 0, setting 256", { 0x01, 11, 256, 0, 0 }, 0, STALL },
    { "SYNCH_FRAME", { 0x82, 12, 0, 0x81, 2 }, 0, STALL },

    { "SET_SEL", { 0x00, 48, 0, 0, 6 }, BOTH | USB3, { 0 }, 6 },
    { "SET_SEL, wLength", { 0x00, 48, 0, 0, 5 }, 0, STALL },
    { "SET_SEL, wValue", { 0x00, 48, 1, 0, 6 }, 0, STALL },
    { "SET_ISOCH_DELAY", { 0x00, 49, 40, 0, 0 }, BOTH | USB3, { 0 }, 0 },
    { "SET_ISOCH_DELAY, wIndex", { 0x00, 49, 40, 1, 0 }, 0, STALL },
    { "no such request, 2", { 0x00, 2, 0, 0, 0 }, 0, STALL },
    { "no such request, 4", { 0x80, 4, 0, 0, 1 }, 0, STALL },
    { "no such request, FFh", { 0x80, 0xff, 0, 0, 8 }, 0, STALL },
};

static const struct {
    UsbSpeed speed;
    uint8_t configuration;
} states[] = {
    { USB_SPEED_FULL, 0 }, { USB_SPEED_FULL, 1 },  { USB_SPEED_HIGH, 0 },
    { USB_SPEED_HIGH, 1 }, { USB_SPEED_SUPER, 0 }, { USB_SPEED_SUPER, 1 },
};

static bool holds(unsigned where, UsbSpeed speed, uint8_t configuration)
{
    return (where & (configuration ? CONFIGURED : ADDRESSED)) &&
           (where & (speed == USB_SPEED_SUPER ? USB3 : USB2));
}

/* Does another row of the same request answer in this state? Then this one has no say. */
static bool answered_elsewhere(size_t row, UsbSpeed speed, uint8_t configuration)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (i != row && memcmp(&rows[i].setup, &rows[row].setup, sizeof rows[i].setup) == 0 &&
            holds(rows[i].where, speed, configuration)) {
            return true;
        }
    }
    return false;
}

START_TEST(request)
{
    size_t row = (size_t)_i / G_N_ELEMENTS(states);
    UsbSpeed speed = states[(size_t)_i % G_N_ELEMENTS(states)].speed;
    uint8_t configuration = states[(size_t)_i % G_N_ELEMENTS(states)].configuration;
    static const uint8_t data[8];
    const UsbSetup *s = &rows[row].setup;
    bool is_in = s->bmRequestType & 0x80;
    IdleFunction function;
    UsbDevice *device;
    TestHost *host;
    TestTransfer *t;

    idle_function_init(&function);
    device = usb_device_new(&identity, speed, &function.function, NULL);
    host = test_host_new(device);
    ck_assert(usb_device_set_configuration(device, configuration));
    t = test_host_control(host, s->bmRequestType, s->bRequest, s->wValue, s->wIndex, s->wLength,
                          is_in || s->wLength == 0 ? NULL : data);
    if (holds(rows[row].where, speed, configuration)) {
        test_transfer_is(t, USB_DONE, (size_t)rows[row].length);
        ck_assert_int_eq(t->transfer.phase, USB_PHASE_CONTROL);
        if (is_in && rows[row].length > 0) {
            ck_assert_msg(memcmp(t->received->data, rows[row].reply, (size_t)rows[row].length) == 0,
                          "%s", rows[row].name);
        }
    } else if (!answered_elsewhere(row, speed, configuration)) {
        test_transfer_is(t, USB_STALL, 0);
    }
    ck_assert_uint_eq(function.n_control, 0); /* standard requests never go there */
    usb_device_free(device);
    test_host_free(host);
}
END_TEST

typedef struct Setting {
    IdleFunction function;
    UsbDevice *device;
    TestHost *host;
} Setting;

static void setting_make(Setting *s, UsbSpeed speed)
{
    idle_function_init(&s->function);
    s->device = usb_device_new(&identity, speed, &s->function.function, NULL);
    s->host = test_host_new(s->device);
    ck_assert(usb_device_set_configuration(s->device, 1));
}

static void setting_end(Setting *s)
{
    usb_device_free(s->device);
    test_host_free(s->host);
}

static uint8_t status_byte(Setting *s, uint8_t bmRequestType, uint16_t wIndex)
{
    TestTransfer *t = test_host_control(s->host, bmRequestType, 0, 0, wIndex, 2, NULL);

    test_transfer_is(t, USB_DONE, 2);
    return t->received->data[0];
}

static void feature(Setting *s, uint8_t bRequest, uint8_t bmRequestType, uint16_t wValue,
                    uint16_t wIndex)
{
    test_transfer_is(test_host_control(s->host, bmRequestType, bRequest, wValue, wIndex, 0, NULL),
                     USB_DONE, 0);
}

START_TEST(link_states_show_in_the_status)
{
    Setting s;

    setting_make(&s, USB_SPEED_SUPER);
    feature(&s, 3, 0x00, 48, 0);
    ck_assert_uint_eq(status_byte(&s, 0x80, 0), 0x05);
    feature(&s, 3, 0x00, 49, 0);
    ck_assert_uint_eq(status_byte(&s, 0x80, 0), 0x0d);
    feature(&s, 1, 0x00, 48, 0);
    ck_assert_uint_eq(status_byte(&s, 0x80, 0), 0x09);
    usb_device_reset(s.device);
    ck_assert_uint_eq(status_byte(&s, 0x80, 0), 0x01);
    setting_end(&s);
}
END_TEST

/* The host may halt an endpoint itself: what is pending there stalls, also if the function has it.
 */
START_TEST(host_halts_and_clears)
{
    Setting s;
    TestTransfer *held, *queued;

    setting_make(&s, USB_SPEED_HIGH);
    held = test_host_in(s.host, USB_BULK_IN, 10);
    queued = test_host_in(s.host, USB_BULK_IN, 10);
    feature(&s, 3, 0x02, 0, USB_BULK_IN);
    test_transfer_is(held, USB_STALL, 0);
    test_transfer_is(queued, USB_STALL, 0);
    ck_assert_uint_eq(s.function.n_cancel, 1);
    ck_assert_uint_eq(status_byte(&s, 0x82, USB_BULK_IN), 1);
    ck_assert_uint_eq(status_byte(&s, 0x82, USB_BULK_OUT), 0);
    test_transfer_is(test_host_in(s.host, USB_BULK_IN, 10), USB_STALL, 0);
    feature(&s, 1, 0x02, 0, USB_BULK_IN);
    ck_assert_uint_eq(status_byte(&s, 0x82, USB_BULK_IN), 0);
    held = test_host_in(s.host, USB_BULK_IN, 10);
    idle_function_finish(&s.function, USB_BULK_IN, USB_DONE);
    test_transfer_is(held, USB_DONE, 10);
    setting_end(&s);
}
END_TEST

static const struct {
    uint8_t bmRequestType, bRequest;
    uint16_t wValue;
} renewals[] = { { 0x00, 9, 1 }, { 0x00, 9, 0 }, { 0x01, 11, 0 } };

/* SET_CONFIGURATION and SET_INTERFACE: halts and wedges go, transfers come back, the function is
 * reset (USB 2.0 § 9.1.1.5, § 9.4.10). */
START_TEST(reconfiguration_starts_afresh)
{
    Setting s;
    TestTransfer *held, *queued, *out;
    unsigned resets;

    setting_make(&s, USB_SPEED_HIGH);
    held = test_host_in(s.host, USB_BULK_IN, 10);
    queued = test_host_in(s.host, USB_BULK_IN, 10);
    out = test_host_out(s.host, USB_BULK_OUT, "abc", 3);
    s.function.host->ops->wedge(s.function.host, USB_BULK_IN);
    s.function.host->ops->halt(s.function.host, USB_BULK_OUT);
    resets = s.function.n_reset[USB_RESET_CONFIGURATION];
    test_transfer_is(test_host_control(s.host, renewals[_i].bmRequestType, renewals[_i].bRequest,
                                       renewals[_i].wValue, 0, 0, NULL),
                     USB_DONE, 0);
    test_transfer_is(held, USB_CANCELLED, 0);
    test_transfer_is(queued, USB_CANCELLED, 0);
    test_transfer_is(out, USB_CANCELLED, 0);
    ck_assert_uint_eq(s.function.n_reset[USB_RESET_CONFIGURATION], resets + 1);
    if (renewals[_i].bRequest == 9 && renewals[_i].wValue == 0) {
        test_transfer_is(test_host_in(s.host, USB_BULK_IN, 10), USB_STALL, 0);
        ck_assert(usb_device_set_configuration(s.device, 1));
    }
    ck_assert_uint_eq(status_byte(&s, 0x82, USB_BULK_IN), 0);
    ck_assert_uint_eq(status_byte(&s, 0x82, USB_BULK_OUT), 0);
    setting_end(&s);
}
END_TEST

/* An OUT data stage that is not what wLength announced. */
START_TEST(data_stage_must_be_whole)
{
    Setting s;
    TestTransfer *t;

    setting_make(&s, USB_SPEED_SUPER);
    t = test_host_control(s.host, 0x00, 48, 0, 0, 6, NULL); /* SET_SEL without its six bytes */
    test_transfer_is(t, USB_STALL, 0);
    setting_end(&s);
}
END_TEST

TCase *make_usb_requests_tcase(void)
{
    TCase *tcase = tcase_create("usb-requests");

    tcase_add_loop_test(tcase, request, 0, G_N_ELEMENTS(rows) * G_N_ELEMENTS(states));
    tcase_add_test(tcase, link_states_show_in_the_status);
    tcase_add_test(tcase, host_halts_and_clears);
    tcase_add_loop_test(tcase, reconfiguration_starts_afresh, 0, G_N_ELEMENTS(renewals));
    tcase_add_test(tcase, data_stage_must_be_whole);
    return tcase;
}
