/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/bot_rig.h"

#include "emu/base/bytes.h"

#include "tests/support/suite.h"

const UsbIdentity test_identity = {
    .idVendor = 0x1209,
    .idProduct = 0x0001,
    .bcdDevice = 0x0100,
    .manufacturer = "SONY",
    .product = "AIT Tape",
    .serial = "0123456789AB",
};

BotRig *bot_rig_new(void)
{
    BotRig *rig = g_new0(BotRig, 1);

    scripted_target_init(&rig->target);
    rig->bot = bot_new(&rig->target.target, NULL);
    rig->device = usb_device_new(&test_identity, USB_SPEED_HIGH, bot_function(rig->bot), NULL);
    rig->host = test_host_new(rig->device);
    rig->tag = 0x1000;
    ck_assert(usb_device_set_configuration(rig->device, 1));
    g_array_set_size(rig->target.resets, 0);
    return rig;
}

void bot_rig_free(BotRig *rig)
{
    usb_device_free(rig->device);
    test_host_free(rig->host);
    bot_free(rig->bot);
    scripted_target_clear(&rig->target);
    g_free(rig);
}

TestTransfer *bot_rig_cbw(BotRig *rig, uint32_t dCBWDataTransferLength, bool in)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };

    put_le32(cbw + 4, ++rig->tag);
    put_le32(cbw + 8, dCBWDataTransferLength);
    cbw[12] = in ? 0x80 : 0;
    cbw[14] = 6;
    cbw[15] = 0xee;
    return test_host_out(rig->host, USB_BULK_OUT, cbw, sizeof cbw);
}

static uint8_t out_byte(size_t i)
{
    return (uint8_t)(i * 13 + (i >> 8));
}

void bot_rig_data_out(BotRig *rig, size_t length, size_t piece)
{
    g_autofree uint8_t *bytes = g_malloc(length + 1);
    size_t i;
    size_t n;

    for (i = 0; i < length; i++) {
        bytes[i] = out_byte(i);
    }
    for (i = 0; i < length; i += n) {
        n = MIN(piece, length - i);
        test_transfer_is(test_host_out(rig->host, USB_BULK_OUT, bytes + i, n), USB_DONE, n);
    }
    for (i = 0; i < rig->target.out->len; i++) {
        MUST(rig->target.out->data[i] == out_byte(i));
    }
}

size_t bot_rig_data_in(BotRig *rig, size_t expected, size_t piece, bool *stalled)
{
    size_t count = 0;

    *stalled = false;
    while (count < expected) {
        size_t ask = MIN(piece, expected - count);
        TestTransfer *t = test_host_in(rig->host, USB_BULK_IN, ask);
        size_t i;

        MUST(!test_transfer_pending(t));
        if (t->transfer.result == USB_STALL) {
            *stalled = true;
            ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
            break;
        }
        MUST(t->transfer.result == USB_DONE && t->transfer.phase == USB_PHASE_DATA_IN);
        for (i = 0; i < t->received->len; i++, count++) {
            MUST(t->received->data[i] == scripted_target_byte(rig->tag, count));
        }
        if (t->transfer.actual < ask) {
            break;
        }
    }
    return count;
}

void bot_rig_csw(BotRig *rig, uint32_t dCSWDataResidue, uint8_t bCSWStatus)
{
    TestTransfer *t = test_host_in(rig->host, USB_BULK_IN, 13);

    if (t->transfer.result == USB_STALL) {
        ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
        t = test_host_in(rig->host, USB_BULK_IN, 13);
    }
    test_transfer_is(t, USB_DONE, 13);
    ck_assert_int_eq(t->transfer.phase, USB_PHASE_CSW);
    ck_assert_mem_eq(t->received->data, "USBS", 4);
    ck_assert_uint_eq(get_le32(t->received->data + 4), rig->tag);
    ck_assert_uint_eq(get_le32(t->received->data + 8), dCSWDataResidue);
    ck_assert_uint_eq(t->received->data[12], bCSWStatus);
}

static bool succeeds(const TestTransfer *t)
{
    ck_assert(!test_transfer_pending(t));
    return t->transfer.result == USB_DONE;
}

bool bot_rig_clear_halt(BotRig *rig, uint8_t endpoint)
{
    return succeeds(test_host_control(rig->host, 0x02, 1, 0, endpoint, 0, NULL));
}

bool bot_rig_class_reset(BotRig *rig)
{
    return succeeds(test_host_control(rig->host, 0x21, 0xff, 0, 0, 0, NULL));
}

bool bot_rig_is_halted(BotRig *rig, uint8_t endpoint)
{
    TestTransfer *t = test_host_control(rig->host, 0x82, 0, 0, endpoint, 2, NULL);

    test_transfer_is(t, USB_DONE, 2);
    ck_assert_uint_eq(t->received->data[1], 0);
    ck_assert_uint_le(t->received->data[0], 1);
    return t->received->data[0] == 1;
}

void bot_rig_works(BotRig *rig)
{
    unsigned before = rig->target.n_submit;

    rig->target.direction = SCSI_NO_DATA;
    rig->target.length = 0;
    rig->target.out_unused = 0;
    rig->target.status = SCSI_GOOD;
    rig->target.late_data_phase = false;
    rig->target.late_done = false;
    test_transfer_is(bot_rig_cbw(rig, 0, false), USB_DONE, 31);
    bot_rig_csw(rig, 0, 0);
    ck_assert_uint_eq(rig->target.n_submit, before + 1);
}
