/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors and how a host gets out of them: invalid and meaningless CBWs, Reset Recovery, class
 * requests, cancels and resets in each phase, late completions, hostile hosts.
 */
#include "emu/base/bytes.h"
#include "tests/support/bot_rig.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_bot_recovery_tcase(void);

/* --- An invalid CBW (BOT 1.0 § 6.6.1; error recovery of the USB-IF's test specification) --- */

typedef struct BadCbw {
    const char *name;
    size_t length;
    size_t spoil; /* index of a byte to change; beyond the length: none */
} BadCbw;

static const BadCbw bad_cbws[] = {
    { "another signature", 31, 0 },
    { "another signature, last byte", 31, 3 },
    { "30 bytes", 30, 99 },
    { "32 bytes", 32, 99 },
    { "no bytes", 0, 99 },
    { "one byte", 1, 99 },
    { "a CSW", 13, 3 },
    { "a whole packet", 512, 99 },
    { "a block", 65536, 99 },
};

static TestTransfer *send_bad_cbw(BotRig *rig, const BadCbw *bad)
{
    g_autofree uint8_t *bytes = g_malloc0(bad->length + 32);

    memcpy(bytes, "USBC", 4);
    bytes[14] = 6;
    if (bad->spoil < bad->length) {
        bytes[bad->spoil] ^= 0x20;
    }
    return test_host_out(rig->host, USB_BULK_OUT, bytes, bad->length);
}

static void expect_stalled(BotRig *rig)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };

    cbw[14] = 6;
    ck_assert(bot_rig_is_halted(rig, USB_BULK_IN));
    ck_assert(bot_rig_is_halted(rig, USB_BULK_OUT));
    test_transfer_is(test_host_in(rig->host, USB_BULK_IN, 13), USB_STALL, 0);
    test_transfer_is(test_host_out(rig->host, USB_BULK_OUT, cbw, sizeof cbw), USB_STALL, 0);
}

START_TEST(invalid_cbw_wedges_until_reset_recovery)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    bot_rig_works(rig);
    send_bad_cbw(rig, &bad_cbws[_i]);
    expect_stalled(rig);

    /* CLEAR_FEATURE alone succeeds and lifts nothing. */
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_OUT));
    expect_stalled(rig);

    /* Reset Recovery: the class reset keeps the halts, then each is cleared. */
    ck_assert(bot_rig_class_reset(rig));
    expect_stalled(rig);
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
    ck_assert(!bot_rig_is_halted(rig, USB_BULK_IN));
    ck_assert(bot_rig_is_halted(rig, USB_BULK_OUT));
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_OUT));
    bot_rig_works(rig);
    ck_assert_uint_eq(rig->target.n_submit, 2);
}
END_TEST

START_TEST(wedge_is_lifted_by_a_port_reset)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    send_bad_cbw(rig, &bad_cbws[_i]);
    usb_device_reset(rig->device);
    ck_assert(usb_device_set_configuration(rig->device, 1));
    bot_rig_works(rig);
}
END_TEST

START_TEST(wedge_is_lifted_by_set_configuration)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    send_bad_cbw(rig, &bad_cbws[_i]);
    test_transfer_is(test_host_control(rig->host, 0x00, 9, 1, 0, 0, NULL), USB_DONE, 0);
    bot_rig_works(rig);
}
END_TEST

START_TEST(wedge_stalls_the_read_that_waits)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *in = test_host_in(rig->host, USB_BULK_IN, 13);
    TestTransfer *next = test_host_in(rig->host, USB_BULK_IN, 13);

    ck_assert(test_transfer_pending(in));
    send_bad_cbw(rig, &bad_cbws[_i]);
    test_transfer_is(in, USB_STALL, 0);
    test_transfer_is(next, USB_STALL, 0);
}
END_TEST

/* Valid, not meaningful: a phase error and nothing executed; then all is well. */
START_TEST(meaningless_cbw_is_a_phase_error)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = { { 12, 0x40 }, { 12, 0xff }, { 13, 1 }, { 13, 0x80 }, { 14, 0 }, { 14, 17 } };
    static const struct {
        uint8_t length;
        bool in;
    } phases[] = { { 0, false }, { 100, true }, { 100, false } };
    size_t change = (size_t)_i / G_N_ELEMENTS(phases);
    size_t phase = (size_t)_i % G_N_ELEMENTS(phases);
    g_autoptr(BotRig) rig = bot_rig_new();
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 0x78, 0x56 };
    bool in = phases[phase].in;

    cbw[8] = phases[phase].length;
    cbw[12] = in ? 0x80 : 0;
    cbw[14] = 6;
    cbw[changes[change].at] =
        (uint8_t)(changes[change].value | (changes[change].at == 12 ? cbw[12] : 0));
    in = cbw[12] & 0x80;
    rig->tag = 0x5678;
    test_transfer_is(test_host_out(rig->host, USB_BULK_OUT, cbw, sizeof cbw), USB_DONE, 31);
    if (phases[phase].length > 0 && in) {
        test_transfer_is(test_host_in(rig->host, USB_BULK_IN, 100), USB_STALL, 0);
        ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
    } else if (phases[phase].length > 0) {
        bot_rig_data_out(rig, 100, 100);
    }
    bot_rig_csw(rig, phases[phase].length, 2);
    ck_assert_uint_eq(rig->target.n_submit, 0);
    rig->tag = 1;
    bot_rig_works(rig);
}
END_TEST

/* --- Class requests --- */

START_TEST(get_max_lun)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *t;

    rig->target.luns = (unsigned)_i;
    t = test_host_control(rig->host, 0xa1, 0xfe, 0, 0, 1, NULL);
    test_transfer_is(t, USB_DONE, 1);
    ck_assert_uint_eq(t->received->data[0], _i - 1);
}
END_TEST

static const UsbSetup wrong_class_requests[] = {
    /* Get Max LUN: wLength, wValue, wIndex, direction, recipient */
    { 0xa1, 0xfe, 0, 0, 0 },
    { 0xa1, 0xfe, 0, 0, 2 },
    { 0xa1, 0xfe, 1, 0, 1 },
    { 0xa1, 0xfe, 0, 1, 1 },
    { 0x21, 0xfe, 0, 0, 0 },
    { 0xa0, 0xfe, 0, 0, 1 },
    { 0xc1, 0xfe, 0, 0, 1 },
    /* Bulk-Only Mass Storage Reset: the same */
    { 0x21, 0xff, 0, 0, 1 },
    { 0x21, 0xff, 1, 0, 0 },
    { 0x21, 0xff, 0, 1, 0 },
    { 0xa1, 0xff, 0, 0, 0 },
    { 0x20, 0xff, 0, 0, 0 },
    { 0x41, 0xff, 0, 0, 0 },
    /* others */
    { 0xa1, 0x00, 0, 0, 1 },
    { 0x21, 0x00, 0, 0, 0 },
    { 0xc0, 0xee, 0, 4, 16 },
};

START_TEST(wrong_class_request_stalls_without_effect)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    const UsbSetup *s = &wrong_class_requests[_i];
    const uint8_t byte = 0;

    rig->target.late_done = true;
    bot_rig_cbw(rig, 0, false);
    test_transfer_is(test_host_control(rig->host, s->bmRequestType, s->bRequest, s->wValue,
                                       s->wIndex, s->wLength,
                                       (s->bmRequestType & 0x80) || !s->wLength ? NULL : &byte),
                     USB_STALL, 0);
    ck_assert_uint_eq(rig->target.resets->len, 0);
    scripted_target_go(&rig->target);
    bot_rig_csw(rig, 0, 0);
    bot_rig_works(rig);
}
END_TEST

/* --- Something happens in each phase of a command --- */

static void ignore_halt(UsbHost *host, uint8_t endpoint)
{
}

static void ignore_unwedge(UsbHost *host)
{
}

static void ignore_completion(UsbTransfer *transfer, void *data)
{
}

static const UsbHostOps idle_host_ops = { ignore_halt, ignore_halt, ignore_unwedge };

typedef enum Phase {
    PHASE_IDLE,
    PHASE_COMMAND,        /* the target has not decided */
    PHASE_DATA_OUT_START, /* nothing of the host's data came */
    PHASE_DATA_OUT_HALF,
    PHASE_EXECUTE_OUT, /* all came, the target works */
    PHASE_EXECUTE_IN,  /* the target fills */
    PHASE_DATA_IN_START,
    PHASE_DATA_IN_HALF,
    PHASE_STALLED,
    PHASE_CSW,
    PHASE_DISCARD, /* the host sends what nobody wants */
    PHASE_WEDGED,
    N_PHASES
} Phase;

static bool phase_has_task(Phase phase)
{
    return phase >= PHASE_COMMAND && phase <= PHASE_EXECUTE_IN;
}

static void enter_phase(BotRig *rig, Phase phase)
{
    static const uint8_t zeroes[512];
    bool out =
        phase == PHASE_DATA_OUT_START || phase == PHASE_DATA_OUT_HALF || phase == PHASE_EXECUTE_OUT;
    bool in = phase >= PHASE_EXECUTE_IN && phase <= PHASE_DATA_IN_HALF;

    rig->target.direction = out ? SCSI_DATA_OUT : in ? SCSI_DATA_IN : SCSI_NO_DATA;
    rig->target.length = out || in ? 1024 : 0;
    rig->target.filled = in ? 1024 : 0;
    rig->target.late_data_phase = phase == PHASE_COMMAND;
    rig->target.late_done = phase == PHASE_EXECUTE_OUT || phase == PHASE_EXECUTE_IN;
    if (phase == PHASE_IDLE) {
        return;
    }
    if (phase == PHASE_WEDGED) {
        send_bad_cbw(rig, &bad_cbws[0]);
        return;
    }
    if (phase == PHASE_CSW) {
        bot_rig_cbw(rig, 0, false);
    } else {
        bot_rig_cbw(rig, 1024, in || phase == PHASE_STALLED || phase == PHASE_COMMAND);
    }
    if (phase == PHASE_DATA_OUT_HALF || phase == PHASE_DISCARD) {
        test_host_out(rig->host, USB_BULK_OUT, zeroes, 512);
    } else if (phase == PHASE_EXECUTE_OUT) {
        test_host_out(rig->host, USB_BULK_OUT, zeroes, 512);
        test_host_out(rig->host, USB_BULK_OUT, zeroes, 512);
    } else if (phase == PHASE_DATA_IN_HALF) {
        test_host_in(rig->host, USB_BULK_IN, 512);
    }
    ck_assert_int_eq(rig->target.task != NULL, phase_has_task(phase));
}

START_TEST(port_reset_in_each_phase)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    enter_phase(rig, (Phase)_i);
    usb_device_reset(rig->device);
    ck_assert_uint_eq(rig->target.n_abort, phase_has_task((Phase)_i));
    ck_assert_uint_eq(rig->target.resets->len, 1);
    ck_assert_uint_eq(g_array_index(rig->target.resets, ScsiReset, 0), SCSI_RESET_BUS);
    usb_device_reset(rig->device);
    ck_assert(usb_device_set_configuration(rig->device, 1));
    bot_rig_works(rig);
}
END_TEST

START_TEST(set_configuration_in_each_phase)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    enter_phase(rig, (Phase)_i);
    test_transfer_is(test_host_control(rig->host, 0x00, 9, 1, 0, 0, NULL), USB_DONE, 0);
    ck_assert_uint_eq(rig->target.n_abort, phase_has_task((Phase)_i));
    ck_assert_uint_eq(rig->target.resets->len, 1);
    ck_assert_uint_eq(g_array_index(rig->target.resets, ScsiReset, 0), SCSI_RESET_TRANSPORT);
    bot_rig_works(rig);
}
END_TEST

/* Reset Recovery (§ 5.3.4) leads out of anything, and halts survive its first third. */
START_TEST(reset_recovery_in_each_phase)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    bool halted = _i == PHASE_STALLED || _i == PHASE_WEDGED;

    enter_phase(rig, (Phase)_i);
    ck_assert(bot_rig_class_reset(rig));
    ck_assert_uint_eq(rig->target.n_abort, phase_has_task((Phase)_i));
    ck_assert_uint_eq(g_array_index(rig->target.resets, ScsiReset, 0), SCSI_RESET_TRANSPORT);
    ck_assert_int_eq(bot_rig_is_halted(rig, USB_BULK_IN), halted);
    ck_assert_int_eq(bot_rig_is_halted(rig, USB_BULK_OUT), _i == PHASE_WEDGED);
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_IN));
    ck_assert(bot_rig_clear_halt(rig, USB_BULK_OUT));
    bot_rig_works(rig);
}
END_TEST

/* The drive is freed with transfers and a task under way. */
START_TEST(end_in_each_phase)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    enter_phase(rig, (Phase)_i);
    test_host_in(rig->host, USB_BULK_IN, 512);
    test_host_in(rig->host, USB_BULK_IN, 13);
    test_host_out(rig->host, USB_BULK_OUT, "x", 1);
}
END_TEST

/* Bulk-Only ends alone, with a task at the target. */
START_TEST(end_aborts_the_task)
{
    ScriptedTarget target;
    UsbHost host = { .ops = &idle_host_ops };
    Bot *bot;
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };
    UsbTransfer transfer = { .endpoint = USB_BULK_OUT,
                             .out = g_bytes_new_static(cbw, sizeof cbw),
                             .length = sizeof cbw,
                             .complete = ignore_completion };

    cbw[14] = 6;
    scripted_target_init(&target);
    target.late_done = true;
    bot = bot_new(&target.target, NULL);
    bot_function(bot)->ops->attach(bot_function(bot), &host);
    bot_function(bot)->ops->bulk_out(bot_function(bot), &transfer);
    ck_assert_ptr_nonnull(target.task);
    bot_free(bot);
    ck_assert_uint_eq(target.n_abort, 1);
    g_bytes_unref(transfer.out);
    scripted_target_clear(&target);
}
END_TEST

/* The command block goes down as it came, and zeroes after it. */
START_TEST(command_block_is_passed_on)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };
    size_t i;

    for (i = 16; i >= 1; i--) { /* the longest first: its bytes must not shine through */
        uint8_t expected[16] = { 0 };

        memset(cbw + 15, 0xee, 16);
        memset(expected, 0xee, i);
        put_le32(cbw + 4, ++rig->tag);
        cbw[13] = (uint8_t)(i & 1);
        cbw[14] = (uint8_t)i;
        rig->target.luns = 2;
        test_host_out(rig->host, USB_BULK_OUT, cbw, sizeof cbw);
        ck_assert_uint_eq(rig->target.cdb_length, i);
        ck_assert_uint_eq(rig->target.lun, i & 1);
        ck_assert_uint_eq(rig->target.tag, rig->tag);
        ck_assert_mem_eq(rig->target.cdb, expected, 16);
        bot_rig_csw(rig, 0, 0);
    }
}
END_TEST

typedef struct Log {
    Trace trace; /* first */
    GString *text;
} Log;

static void log_emit(Trace *trace, TracePoint point, const char *message)
{
    g_string_append_printf(((Log *)trace)->text, "%s %s\n", trace_point_name(point), message);
}

/* A reader of the trace can follow a command from state to state, by its tag. */
START_TEST(trace_tells_the_story)
{
    Log log = { .trace.emit = log_emit, .text = g_string_new(NULL) };
    ScriptedTarget target;
    g_autoptr(Bot) bot = NULL;
    UsbDevice *device;
    TestHost *host;
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 0x34, 0x12, 0, 0, 100, 0, 0, 0, 0x80, 0, 6 };

    scripted_target_init(&target);
    target.direction = SCSI_DATA_IN;
    target.length = target.filled = 36;
    bot = bot_new(&target.target, &log.trace);
    device = usb_device_new(&test_identity, USB_SPEED_HIGH, bot_function(bot), &log.trace);
    host = test_host_new(device);
    test_host_control(host, 0x00, 9, 1, 0, 0, NULL);
    test_host_out(host, USB_BULK_OUT, cbw, sizeof cbw);
    test_host_in(host, USB_BULK_IN, 100);
    test_host_control(host, 0x02, 1, 0, USB_BULK_IN, 0, NULL);
    test_host_in(host, USB_BULK_IN, 13);
    test_host_control(host, 0x21, 0xff, 0, 0, 0, NULL);
    test_host_control(host, 0x80, 99, 1, 2, 3, NULL);
    ck_assert_str_eq(
        log.text->str,
        "usb.reset configuration 1, was 0\n"
        "usb.control SET_CONFIGURATION 00 09 value 0001 index 0000 length 0: done\n"
        "bot.state tag 00001234: submit, was idle\n"
        "bot.state tag 00001234: command, was submit\n"
        "bot.state tag 00001234: execute, was command\n"
        "bot.case tag 00001234: case 5, residue 64\n"
        "bot.state tag 00001234: data-in, was execute\n"
        "usb.halt endpoint 81: halted, was running\n"
        "bot.state tag 00001234: csw, was data-in\n"
        "usb.halt endpoint 81: running, was halted\n"
        "usb.control CLEAR_FEATURE(endpoint) 02 01 value 0000 index 0081 length 0: done\n"
        "bot.state tag 00001234: idle, was csw\n"
        "usb.control 21 ff value 0000 index 0000 length 0: to the function\n"
        "usb.control unknown 80 63 value 0001 index 0002 length 3: stall\n");
    usb_device_free(device);
    test_host_free(host);
    scripted_target_clear(&target);
    g_string_free(log.text, TRUE);
}
END_TEST

/* The host takes its IN back and asks again, as after a time-out that was too short. */
START_TEST(cancelled_in_loses_nothing)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *in;
    bool stalled;

    rig->target.direction = SCSI_DATA_IN;
    rig->target.length = rig->target.filled = 1000;
    rig->target.late_data_phase = true;
    rig->target.late_done = true;
    bot_rig_cbw(rig, 1000, true);
    in = test_host_in(rig->host, USB_BULK_IN, 1000);
    usb_device_cancel(rig->device, &in->transfer);
    test_transfer_is(in, USB_CANCELLED, 0);
    scripted_target_go(&rig->target);
    in = test_host_in(rig->host, USB_BULK_IN, 1000);
    usb_device_cancel(rig->device, &in->transfer);
    test_transfer_is(in, USB_CANCELLED, 0);
    scripted_target_go(&rig->target);
    ck_assert_uint_eq(bot_rig_data_in(rig, 1000, 300, &stalled), 1000);
    bot_rig_csw(rig, 0, 0);
    bot_rig_works(rig);
}
END_TEST

START_TEST(cancelled_csw_read_is_read_again)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *in;

    rig->target.late_done = true;
    bot_rig_cbw(rig, 0, false);
    in = test_host_in(rig->host, USB_BULK_IN, 13);
    usb_device_cancel(rig->device, &in->transfer);
    test_transfer_is(in, USB_CANCELLED, 0);
    scripted_target_go(&rig->target);
    bot_rig_csw(rig, 0, 0);
}
END_TEST

/* An OUT that waits for the target is not used if it is taken back. */
START_TEST(cancelled_out_is_not_used)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    uint8_t wrong[1024];
    TestTransfer *out;

    memset(wrong, 0xee, sizeof wrong);
    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 1024;
    rig->target.late_data_phase = true;
    bot_rig_cbw(rig, 1024, false);
    out = test_host_out(rig->host, USB_BULK_OUT, wrong, sizeof wrong);
    ck_assert(test_transfer_pending(out));
    usb_device_cancel(rig->device, &out->transfer);
    test_transfer_is(out, USB_CANCELLED, 0);
    scripted_target_go(&rig->target);
    bot_rig_data_out(rig, 1024, 1024);
    ck_assert_uint_eq(rig->target.out->len, 1024);
    bot_rig_csw(rig, 0, 0);
}
END_TEST

/* --- Late and early --- */

/* All of the host's data waits when the target makes up its mind: data_out comes at once. */
START_TEST(data_that_waits_is_taken)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    uint8_t bytes[1024] = { 1, 2, 3 };
    TestTransfer *outs[4];
    TestTransfer *in;
    size_t i;

    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 1024;
    rig->target.late_data_phase = true;
    rig->target.late_done = _i;
    bot_rig_cbw(rig, 1024, false);
    for (i = 0; i < G_N_ELEMENTS(outs); i++) {
        outs[i] = test_host_out(rig->host, USB_BULK_OUT, bytes + 256 * i, 256);
        ck_assert(test_transfer_pending(outs[i]));
    }
    in = test_host_in(rig->host, USB_BULK_IN, 13);
    scripted_target_go(&rig->target);
    for (i = 0; i < G_N_ELEMENTS(outs); i++) {
        test_transfer_is(outs[i], USB_DONE, 256);
    }
    ck_assert_uint_eq(rig->target.n_data_out, 1);
    if (_i) {
        ck_assert(test_transfer_pending(in));
        scripted_target_go(&rig->target);
    }
    test_transfer_is(in, USB_DONE, 13);
    ck_assert_mem_eq(rig->target.out->data, bytes, sizeof bytes);
    bot_rig_works(rig);
}
END_TEST

START_TEST(in_before_cbw_waits)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *in = test_host_in(rig->host, USB_BULK_IN, 512);

    ck_assert(test_transfer_pending(in));
    bot_rig_cbw(rig, 0, false);
    test_transfer_is(in, USB_DONE, 13);
    bot_rig_works(rig);
}
END_TEST

/* § 6.2.1: a CBW comes after the CSW. One that is early waits for its turn (the bus would NAK). */
START_TEST(next_cbw_waits_for_the_csw)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *second;

    bot_rig_cbw(rig, 0, false);
    second = bot_rig_cbw(rig, 0, false);
    ck_assert(test_transfer_pending(second));
    ck_assert_uint_eq(rig->target.n_submit, 1);
    rig->tag--;
    bot_rig_csw(rig, 0, 0);
    test_transfer_is(second, USB_DONE, 31);
    rig->tag++;
    bot_rig_csw(rig, 0, 0);
    ck_assert_uint_eq(rig->target.n_submit, 2);
}
END_TEST

/* A whole queue of commands and reads of their CSWs: strictly one after the other. */
START_TEST(many_queued_transfers)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *outs[USB_PENDING_MAX], *ins[USB_PENDING_MAX];
    size_t i;

    rig->target.late_done = true;
    for (i = 0; i < USB_PENDING_MAX; i++) {
        outs[i] = bot_rig_cbw(rig, 0, false);
        ins[i] = test_host_in(rig->host, USB_BULK_IN, 13);
    }
    for (i = 0; i < USB_PENDING_MAX; i++) {
        ck_assert_uint_eq(rig->target.n_submit, i + 1);
        ck_assert(test_transfer_pending(ins[i]));
        scripted_target_go(&rig->target);
        test_transfer_is(outs[i], USB_DONE, 31);
        test_transfer_is(ins[i], USB_DONE, 13);
    }
}
END_TEST

START_TEST(csw_does_not_fit_and_is_read_again)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    bot_rig_cbw(rig, 0, false);
    test_transfer_is(test_host_in(rig->host, USB_BULK_IN, (size_t)_i), USB_BABBLE, 0);
    bot_rig_csw(rig, 0, 0);
    bot_rig_works(rig);
}
END_TEST

START_TEST(csw_is_short_of_a_longer_transfer)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    bot_rig_cbw(rig, 0, false);
    test_transfer_is(test_host_in(rig->host, USB_BULK_IN, 65536), USB_DONE, 13);
    bot_rig_works(rig);
}
END_TEST

/* --- Hostile --- */

/* 4 GiB are announced: the device takes what it wants of them and allocates no more. */
START_TEST(length_of_4_gib_out)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    TestTransfer *t;

    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 100;
    bot_rig_cbw(rig, UINT32_MAX, false);
    bot_rig_data_out(rig, 300, 60);
    ck_assert_uint_eq(rig->target.n_data_out, 0); /* the host is not through yet */
    t = test_host_in(rig->host, USB_BULK_IN, 13);
    ck_assert(test_transfer_pending(t));
    ck_assert(bot_rig_class_reset(rig));
    usb_device_cancel(rig->device, &t->transfer);
    bot_rig_works(rig);
}
END_TEST

START_TEST(length_of_4_gib_in)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    bool stalled;

    rig->target.direction = SCSI_DATA_IN;
    rig->target.length = rig->target.filled = 36;
    bot_rig_cbw(rig, UINT32_MAX, true);
    ck_assert_uint_eq(bot_rig_data_in(rig, UINT32_MAX, 36, &stalled), 36);
    ck_assert(stalled);
    bot_rig_csw(rig, UINT32_MAX - 36, 0);
}
END_TEST

START_TEST(zero_length_out_is_no_data)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 64;
    bot_rig_cbw(rig, 64, false);
    test_transfer_is(test_host_out(rig->host, USB_BULK_OUT, "", 0), USB_DONE, 0);
    ck_assert_uint_eq(rig->target.n_data_out, 0);
    bot_rig_data_out(rig, 64, _i ? 32 : 64);
    ck_assert_uint_eq(rig->target.out->len, 64);
    bot_rig_csw(rig, 0, 0);
}
END_TEST

START_TEST(zero_length_in_gets_no_data)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    bool stalled;

    rig->target.direction = SCSI_DATA_IN;
    rig->target.length = rig->target.filled = 64;
    bot_rig_cbw(rig, 64, true);
    test_transfer_is(test_host_in(rig->host, USB_BULK_IN, 0), USB_DONE, 0);
    ck_assert_uint_eq(bot_rig_data_in(rig, 64, 64, &stalled), 64);
    bot_rig_csw(rig, 0, 0);
}
END_TEST

/* More than announced, in one transfer: the excess is accepted and goes nowhere. */
START_TEST(excess_is_thrown_away)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 100;
    bot_rig_cbw(rig, 120, false);
    bot_rig_data_out(rig, _i ? 1000 : 238, _i ? 1000 : 119);
    ck_assert_uint_eq(rig->target.out->len, 100);
}
END_TEST

/* The last byte of the host's data is taken by reference, not copied. */
START_TEST(whole_transfer_is_not_copied)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    g_autofree uint8_t *bytes = g_malloc0(65536);
    const void *sent;
    TestTransfer *t;

    rig->target.direction = SCSI_DATA_OUT;
    rig->target.length = 65536;
    rig->target.late_data_phase = true;
    rig->target.late_done = true;
    bot_rig_cbw(rig, 65536, false);
    t = test_host_out(rig->host, USB_BULK_OUT, bytes, 65536);
    sent = g_bytes_get_data(t->transfer.out, NULL);
    scripted_target_go(&rig->target);
    test_transfer_is(t, USB_DONE, 65536);
    ck_assert_ptr_eq(g_bytes_get_data(rig->target.task->out, NULL), sent);
    scripted_target_go(&rig->target);
    bot_rig_csw(rig, 0, 0);
}
END_TEST

/* --- From inside completions --- */

static void chain_commands(TestTransfer *t, void *data)
{
    BotRig *rig = data;

    if (t->transfer.phase == USB_PHASE_CBW && rig->target.n_submit < 10000) {
        test_host_in(rig->host, USB_BULK_IN, 13);
    } else if (t->transfer.phase == USB_PHASE_CSW && rig->target.n_submit < 10000) {
        bot_rig_cbw(rig, 0, false);
    }
}

/* Each completion submits the next transfer: ten thousand commands, and the stack does not grow. */
START_TEST(completions_that_submit)
{
    g_autoptr(BotRig) rig = bot_rig_new();

    rig->host->on_complete = chain_commands;
    rig->host->on_complete_data = rig;
    rig->target.late_done = _i;
    bot_rig_cbw(rig, 0, false);
    while (_i && rig->target.task) {
        scripted_target_go(&rig->target);
    }
    ck_assert_uint_eq(rig->target.n_submit, 10000);
}
END_TEST

typedef enum Mischief {
    DO_PORT_RESET,
    DO_CLASS_RESET,
    DO_CONFIGURE,
    DO_UNCONFIGURE,
    DO_CANCEL_ALL,
    DO_HALT_IN,
    N_MISCHIEFS
} Mischief;

typedef struct Trap {
    BotRig *rig;
    unsigned countdown;
    Mischief mischief;
} Trap;

static void spring(TestTransfer *t, void *data)
{
    Trap *trap = data;
    BotRig *rig = trap->rig;
    guint i;

    if (trap->countdown == 0 || --trap->countdown > 0) {
        return;
    }
    switch (trap->mischief) {
    case DO_PORT_RESET:
        usb_device_reset(rig->device);
        break;
    case DO_CLASS_RESET:
        test_host_control(rig->host, 0x21, 0xff, 0, 0, 0, NULL);
        break;
    case DO_CONFIGURE:
        test_host_control(rig->host, 0x00, 9, 1, 0, 0, NULL);
        break;
    case DO_UNCONFIGURE:
        usb_device_set_configuration(rig->device, 0);
        break;
    case DO_CANCEL_ALL:
        for (i = 0; i < rig->host->all->len; i++) {
            TestTransfer *other = g_ptr_array_index(rig->host->all, i);

            if (!other->completed) {
                usb_device_cancel(rig->device, &other->transfer);
            }
        }
        break;
    case DO_HALT_IN:
        test_host_control(rig->host, 0x02, 3, 0, USB_BULK_IN, 0, NULL);
        break;
    case N_MISCHIEFS:
    default:
        g_assert_not_reached();
    }
}

/*
 * At the n-th completion of a command of each kind, with more transfers queued behind, the host
 * does the worst from inside it. Nothing completes twice, and the drive is well afterwards.
 */
START_TEST(mischief_in_a_completion)
{
    static const ScsiDirection directions[] = { SCSI_NO_DATA, SCSI_DATA_IN, SCSI_DATA_OUT };
    unsigned at;
    size_t d;
    int late;

    for (d = 0; d < G_N_ELEMENTS(directions); d++) {
        for (at = 1; at < 12; at++) {
            for (late = 0; late < 2; late++) {
                g_autoptr(BotRig) rig = bot_rig_new();
                Trap trap = { rig, at, (Mischief)_i };
                uint8_t bytes[300] = { 0 };
                uint32_t length = directions[d] == SCSI_NO_DATA ? 0 : 600;
                int n;

                rig->target.direction = directions[d];
                rig->target.length = rig->target.filled = length;
                rig->target.late_data_phase = late;
                rig->target.late_done = late;
                rig->host->on_complete = spring;
                rig->host->on_complete_data = &trap;
                bot_rig_cbw(rig, length, directions[d] == SCSI_DATA_IN);
                for (n = 0; n < 4; n++) {
                    test_host_in(rig->host, USB_BULK_IN, n < 2 ? 300 : 13);
                    test_host_out(rig->host, USB_BULK_OUT, bytes, sizeof bytes);
                }
                for (n = 0; n < 2 && rig->target.task; n++) {
                    scripted_target_go(&rig->target);
                }
                rig->host->on_complete = NULL;
                usb_device_reset(rig->device);
                ck_assert_uint_eq(rig->host->n_open, 0);
                ck_assert(usb_device_set_configuration(rig->device, 1));
                bot_rig_works(rig);
            }
        }
    }
}
END_TEST

TCase *make_bot_recovery_tcase(void)
{
    TCase *tcase = tcase_create("bot-recovery");
    int n_bad = G_N_ELEMENTS(bad_cbws);

    tcase_add_loop_test(tcase, invalid_cbw_wedges_until_reset_recovery, 0, n_bad);
    tcase_add_loop_test(tcase, wedge_is_lifted_by_a_port_reset, 0, n_bad);
    tcase_add_loop_test(tcase, wedge_is_lifted_by_set_configuration, 0, n_bad);
    tcase_add_loop_test(tcase, wedge_stalls_the_read_that_waits, 0, n_bad);
    tcase_add_loop_test(tcase, meaningless_cbw_is_a_phase_error, 0, 18);
    tcase_add_loop_test(tcase, get_max_lun, 1, 17);
    tcase_add_loop_test(tcase, wrong_class_request_stalls_without_effect, 0,
                        G_N_ELEMENTS(wrong_class_requests));
    tcase_add_loop_test(tcase, port_reset_in_each_phase, 0, N_PHASES);
    tcase_add_loop_test(tcase, set_configuration_in_each_phase, 0, N_PHASES);
    tcase_add_loop_test(tcase, reset_recovery_in_each_phase, 0, N_PHASES);
    tcase_add_loop_test(tcase, end_in_each_phase, 0, N_PHASES);
    tcase_add_test(tcase, end_aborts_the_task);
    tcase_add_test(tcase, command_block_is_passed_on);
    tcase_add_test(tcase, trace_tells_the_story);
    tcase_add_test(tcase, cancelled_in_loses_nothing);
    tcase_add_test(tcase, cancelled_csw_read_is_read_again);
    tcase_add_test(tcase, cancelled_out_is_not_used);
    tcase_add_loop_test(tcase, data_that_waits_is_taken, 0, 2);
    tcase_add_test(tcase, in_before_cbw_waits);
    tcase_add_test(tcase, next_cbw_waits_for_the_csw);
    tcase_add_test(tcase, many_queued_transfers);
    tcase_add_loop_test(tcase, csw_does_not_fit_and_is_read_again, 0, 13);
    tcase_add_test(tcase, csw_is_short_of_a_longer_transfer);
    tcase_add_test(tcase, length_of_4_gib_out);
    tcase_add_test(tcase, length_of_4_gib_in);
    tcase_add_loop_test(tcase, zero_length_out_is_no_data, 0, 2);
    tcase_add_test(tcase, zero_length_in_gets_no_data);
    tcase_add_loop_test(tcase, excess_is_thrown_away, 0, 2);
    tcase_add_test(tcase, whole_transfer_is_not_copied);
    tcase_add_loop_test(tcase, completions_that_submit, 0, 2);
    tcase_add_loop_test(tcase, mischief_in_a_completion, 0, N_MISCHIEFS);
    return tcase;
}
