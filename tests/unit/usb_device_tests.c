/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes and the device around them: order, halts, cancels, resets, re-entry; and an interposer. */
#include "emu/usb/device.h"
#include "tests/support/bot_rig.h"
#include "tests/support/idle_function.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_usb_device_tcase(void);

typedef struct Setting {
    IdleFunction function;
    UsbDevice *device;
    TestHost *host;
} Setting;

static Setting *setting_new(void)
{
    Setting *s = g_new0(Setting, 1);

    idle_function_init(&s->function);
    s->device = usb_device_new(&test_identity, USB_SPEED_HIGH, &s->function.function, NULL);
    s->host = test_host_new(s->device);
    ck_assert(usb_device_set_configuration(s->device, 1));
    return s;
}

static void setting_free(Setting *s)
{
    usb_device_free(s->device);
    test_host_free(s->host);
    g_free(s);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Setting, setting_free)

START_TEST(transfers_complete_in_order)
{
    g_autoptr(Setting) s = setting_new();
    TestTransfer *t[5];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(t); i++) {
        t[i] = test_host_in(s->host, USB_BULK_IN, i);
    }
    ck_assert_uint_eq(s->function.n_in, 1);
    for (i = 0; i < G_N_ELEMENTS(t); i++) {
        ck_assert(test_transfer_pending(t[i]));
        idle_function_finish(&s->function, USB_BULK_IN, USB_DONE);
        test_transfer_is(t[i], USB_DONE, i);
    }
    ck_assert_uint_eq(s->function.n_in, G_N_ELEMENTS(t));
}
END_TEST

START_TEST(pipes_do_not_wait_for_each_other)
{
    g_autoptr(Setting) s = setting_new();
    TestTransfer *in = test_host_in(s->host, USB_BULK_IN, 1);
    TestTransfer *out = test_host_out(s->host, USB_BULK_OUT, "a", 1);
    TestTransfer *control = test_host_control(s->host, 0xa1, 0xfe, 0, 0, 1, NULL);
    TestTransfer *standard = test_host_control(s->host, 0x80, 8, 0, 0, 1, NULL);

    ck_assert_uint_eq(s->function.n_in + s->function.n_out + s->function.n_control, 3);
    ck_assert(test_transfer_pending(standard)); /* one control transfer at a time */
    idle_function_finish(&s->function, 0x80, USB_DONE);
    test_transfer_is(control, USB_DONE, 1);
    test_transfer_is(standard, USB_DONE, 1);
    idle_function_finish(&s->function, USB_BULK_OUT, USB_IO_ERROR);
    test_transfer_is(out, USB_IO_ERROR, 0);
    idle_function_finish(&s->function, USB_BULK_IN, USB_BABBLE);
    test_transfer_is(in, USB_BABBLE, 0);
}
END_TEST

START_TEST(endpoints_that_do_not_exist_stall)
{
    g_autoptr(Setting) s = setting_new();
    unsigned address;

    for (address = 1; address < 256; address++) {
        TestTransfer *t;

        if (address == 0x80 || address == USB_BULK_IN || address == USB_BULK_OUT) {
            continue;
        }
        t = address & 0x80 ? test_host_in(s->host, (uint8_t)address, 1)
                           : test_host_out(s->host, (uint8_t)address, "a", 1);
        test_transfer_is(t, USB_STALL, 0);
    }
    usb_device_reset(s->device);
    test_transfer_is(test_host_in(s->host, USB_BULK_IN, 1), USB_STALL, 0);
    test_transfer_is(test_host_out(s->host, USB_BULK_OUT, "a", 1), USB_STALL, 0);
    /* No interface to ask, either. */
    test_transfer_is(test_host_control(s->host, 0xa1, 0xfe, 0, 0, 1, NULL), USB_STALL, 0);
    ck_assert_uint_eq(s->function.n_in + s->function.n_out + s->function.n_control, 0);
}
END_TEST

START_TEST(pending_is_bounded)
{
    g_autoptr(Setting) s = setting_new();
    int i;

    for (i = 0; i < USB_PENDING_MAX; i++) {
        ck_assert(test_transfer_pending(test_host_in(s->host, USB_BULK_IN, 1)));
    }
    test_transfer_is(test_host_in(s->host, USB_BULK_IN, 1), USB_IO_ERROR, 0);
    ck_assert(test_transfer_pending(test_host_out(s->host, USB_BULK_OUT, "a", 1)));
    idle_function_finish(&s->function, USB_BULK_IN, USB_DONE);
    ck_assert(test_transfer_pending(test_host_in(s->host, USB_BULK_IN, 1)));
    ck_assert_uint_eq(s->host->n_open, USB_PENDING_MAX + 1);
}
END_TEST

/* One transfer may be as large as it likes; a queue of them may not. */
START_TEST(pending_bytes_are_bounded)
{
    g_autoptr(Setting) s = setting_new();
    g_autofree uint8_t *bytes = g_malloc0(USB_PENDING_BYTES_MAX + 1);
    const size_t half = USB_PENDING_BYTES_MAX / 2;
    TestTransfer *first = test_host_out(s->host, USB_BULK_OUT, bytes, USB_PENDING_BYTES_MAX + 1);

    test_transfer_is(test_host_out(s->host, USB_BULK_OUT, bytes, 1), USB_IO_ERROR, 0);
    ck_assert(test_transfer_pending(test_host_out(s->host, USB_BULK_OUT, bytes, 0)));
    ck_assert(test_transfer_pending(test_host_in(s->host, USB_BULK_IN, SIZE_MAX)));
    ck_assert(test_transfer_pending(test_host_in(s->host, USB_BULK_IN, SIZE_MAX)));
    usb_device_cancel(s->device, &first->transfer);
    ck_assert(test_transfer_pending(test_host_out(s->host, USB_BULK_OUT, bytes, half)));
    ck_assert(test_transfer_pending(test_host_out(s->host, USB_BULK_OUT, bytes, half)));
    test_transfer_is(test_host_out(s->host, USB_BULK_OUT, bytes, 1), USB_IO_ERROR, 0);
}
END_TEST

/* The head by way of the function, others without it, each alone; order is kept. */
START_TEST(cancel_takes_back_exactly_one)
{
    g_autoptr(Setting) s = setting_new();
    TestTransfer *t[4];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(t); i++) {
        t[i] = test_host_in(s->host, USB_BULK_IN, i + 1);
    }
    usb_device_cancel(s->device, &t[_i]->transfer);
    test_transfer_is(t[_i], USB_CANCELLED, 0);
    ck_assert_uint_eq(s->function.n_cancel, _i == 0);
    for (i = 0; i < G_N_ELEMENTS(t); i++) {
        if ((int)i != _i) {
            idle_function_finish(&s->function, USB_BULK_IN, USB_DONE);
            test_transfer_is(t[i], USB_DONE, i + 1);
        }
    }
    usb_device_cancel(s->device, &t[_i]->transfer); /* no longer pending: nothing happens */
    ck_assert_uint_eq(s->host->log->len, G_N_ELEMENTS(t));
}
END_TEST

START_TEST(cancelled_control_comes_back)
{
    g_autoptr(Setting) s = setting_new();
    TestTransfer *t = test_host_control(s->host, 0x21, 0xff, 0, 0, 0, NULL);

    usb_device_cancel(s->device, &t->transfer);
    test_transfer_is(t, USB_CANCELLED, 0);
    ck_assert_uint_eq(s->function.n_cancel, 1);
    ck_assert_ptr_null(s->function.control);
}
END_TEST

/* What the function holds when it halts stays its own to complete; what is queued stalls after. */
START_TEST(halt_by_the_function)
{
    g_autoptr(Setting) s = setting_new();
    UsbHost *host = s->function.host;
    TestTransfer *held = test_host_in(s->host, USB_BULK_IN, 7);
    TestTransfer *queued = test_host_in(s->host, USB_BULK_IN, 7);

    host->ops->halt(host, USB_BULK_IN);
    ck_assert(test_transfer_pending(held) && test_transfer_pending(queued));
    idle_function_finish(&s->function, USB_BULK_IN, USB_DONE);
    test_transfer_is(held, USB_DONE, 7);
    test_transfer_is(queued, USB_STALL, 0);
    ck_assert_uint_eq(s->function.n_in, 1);
    test_transfer_is(test_host_control(s->host, 0x02, 1, 0, USB_BULK_IN, 0, NULL), USB_DONE, 0);
    test_host_in(s->host, USB_BULK_IN, 7);
    ck_assert_uint_eq(s->function.n_in, 2);
}
END_TEST

static bool cleared(Setting *s, uint8_t endpoint)
{
    TestTransfer *t;

    test_transfer_is(test_host_control(s->host, 0x02, 1, 0, endpoint, 0, NULL), USB_DONE, 0);
    t = test_host_control(s->host, 0x82, 0, 0, endpoint, 2, NULL);
    test_transfer_is(t, USB_DONE, 2);
    return t->received->data[0] == 0;
}

START_TEST(wedge_outlives_clear_feature)
{
    g_autoptr(Setting) s = setting_new();
    UsbHost *host = s->function.host;

    host->ops->wedge(host, USB_BULK_IN);
    ck_assert(!cleared(s, USB_BULK_IN));
    host->ops->halt(host, USB_BULK_IN); /* does not weaken it */
    ck_assert(!cleared(s, USB_BULK_IN));
    test_transfer_is(test_host_in(s->host, USB_BULK_IN, 1), USB_STALL, 0);
    host->ops->halt(host, USB_BULK_OUT);
    host->ops->unwedge(host);
    test_transfer_is(test_host_in(s->host, USB_BULK_IN, 1), USB_STALL, 0); /* halted still */
    ck_assert(cleared(s, USB_BULK_IN));
    ck_assert(cleared(s, USB_BULK_OUT));
}
END_TEST

/* As SeaBIOS and then Linux do: resets before the first configuration, two enumerations. */
START_TEST(two_enumerations)
{
    g_autoptr(Setting) s = setting_new();
    int i;

    usb_device_reset(s->device);
    usb_device_reset(s->device);
    for (i = 0; i < 2; i++) {
        TestTransfer *in;

        usb_device_reset(s->device);
        ck_assert_uint_eq(usb_device_configuration(s->device), 0);
        ck_assert_int_eq(usb_device_interface(s->device, 0), -1);
        test_transfer_is(test_host_control(s->host, 0x80, 6, 0x100, 0, 8, NULL), USB_DONE, 8);
        usb_device_reset(s->device);
        test_transfer_is(test_host_control(s->host, 0x00, 5, 3, 0, 0, NULL), USB_DONE, 0);
        test_transfer_is(test_host_control(s->host, 0x80, 6, 0x200, 0, 255, NULL), USB_DONE, 32);
        test_transfer_is(test_host_control(s->host, 0x00, 9, 1, 0, 0, NULL), USB_DONE, 0);
        ck_assert_uint_eq(usb_device_configuration(s->device), 1);
        ck_assert_int_eq(usb_device_interface(s->device, 0), 0);
        in = test_host_in(s->host, USB_BULK_IN, 36);
        idle_function_finish(&s->function, USB_BULK_IN, USB_DONE);
        test_transfer_is(in, USB_DONE, 36);
        test_host_in(s->host, USB_BULK_IN, 36); /* left behind */
    }
    ck_assert_uint_eq(s->function.n_reset[USB_RESET_BUS], 6);
}
END_TEST

START_TEST(reset_takes_everything_back)
{
    g_autoptr(Setting) s = setting_new();
    int i;

    for (i = 0; i < 3; i++) {
        test_host_in(s->host, USB_BULK_IN, 1);
        test_host_out(s->host, USB_BULK_OUT, "a", 1);
        test_host_control(s->host, 0xa1, 0xfe, 0, 0, 1, NULL);
    }
    usb_device_reset(s->device);
    ck_assert_str_eq(s->host->log->str, "CCCCCCCCC");
    ck_assert_uint_eq(s->function.n_cancel, 3);
    ck_assert_uint_eq(s->function.n_reset[USB_RESET_BUS], 1);
}
END_TEST

START_TEST(interface_from_a_link)
{
    g_autoptr(Setting) s = setting_new();

    ck_assert(usb_device_set_interface(s->device, 0, 0));
    ck_assert(!usb_device_set_interface(s->device, 0, 1));
    ck_assert(!usb_device_set_interface(s->device, 1, 0));
    ck_assert(!usb_device_set_configuration(s->device, 2));
    ck_assert_uint_eq(usb_device_configuration(s->device), 1);
    ck_assert(usb_device_set_configuration(s->device, 0));
    ck_assert(!usb_device_set_interface(s->device, 0, 0));
    ck_assert_int_eq(usb_device_speed(s->device), USB_SPEED_HIGH);
    ck_assert_str_eq(usb_device_identity(s->device)->serial, test_identity.serial);
}
END_TEST

typedef struct Eager {
    Setting *s;
    unsigned started_early;
} Eager;

static void submit_when_cancelled(TestTransfer *t, void *data)
{
    Eager *eager = data;
    IdleFunction *f = &eager->s->function;
    unsigned resets = f->n_reset[USB_RESET_BUS] + f->n_reset[USB_RESET_CONFIGURATION];

    if (t->transfer.result == USB_CANCELLED && t->host->n_open < 8) {
        unsigned before = f->n_in;

        test_host_in(t->host, USB_BULK_IN, 1);
        if (f->n_in > before &&
            resets == f->n_reset[USB_RESET_BUS] + f->n_reset[USB_RESET_CONFIGURATION]) {
            eager->started_early++;
        }
    }
}

/* What completions submit during a reset reaches the function after it, never before. */
START_TEST(nothing_starts_during_a_reset)
{
    g_autoptr(Setting) s = setting_new();
    Eager eager = { .s = s };
    int i;

    for (i = 0; i < 3; i++) {
        test_host_in(s->host, USB_BULK_IN, 1);
    }
    s->host->on_complete = submit_when_cancelled;
    s->host->on_complete_data = &eager;
    if (_i == 0) {
        ck_assert(usb_device_set_configuration(s->device, 1));
    } else if (_i == 1) {
        ck_assert(usb_device_set_interface(s->device, 0, 0));
    } else if (_i == 2) {
        ck_assert(usb_device_set_configuration(s->device, 0));
    } else {
        usb_device_reset(s->device);
    }
    ck_assert_uint_eq(eager.started_early, 0);
    if (_i < 2) {
        ck_assert_uint_eq(s->function.n_in, 2);
        ck_assert_uint_eq(s->host->n_open, 3);
    } else {
        ck_assert_uint_eq(s->function.n_in, 1); /* not configured any more */
        ck_assert_uint_eq(s->host->n_open, 0);
    }
    s->host->on_complete = NULL;
}
END_TEST

static void submit_again(TestTransfer *t, void *data)
{
    TestHost *host = t->host;

    if (host->next_id < 20000) {
        if (t->transfer.endpoint & 0x80) {
            test_host_out(host, USB_BULK_OUT, "a", 1);
        } else {
            test_host_in(host, USB_BULK_IN, 1);
        }
    }
}

/* Completions that submit, to a function that completes at once: a loop, not a recursion. */
START_TEST(stack_does_not_grow)
{
    g_autoptr(Setting) s = setting_new();

    s->function.at_once = true;
    s->host->on_complete = submit_again;
    test_host_in(s->host, USB_BULK_IN, 1);
    ck_assert_uint_eq(s->host->n_open, 0);
    ck_assert_uint_eq(s->function.max_depth, 1);
    ck_assert_uint_ge(s->host->log->len, 19999);
}
END_TEST

static void submit_nowhere(TestTransfer *t, void *data)
{
    if (t->host->next_id < 20000) {
        test_host_in(t->host, 0x8f, 1);
    }
}

START_TEST(stack_does_not_grow_on_stalls)
{
    g_autoptr(Setting) s = setting_new();

    s->host->on_complete = submit_nowhere;
    test_host_in(s->host, 0x8f, 1);
    ck_assert_uint_eq(s->host->n_open, 0);
}
END_TEST

/* --- SEAM 1 can be interposed: a layer with the same vtable between device and function --- */

typedef struct Interposer {
    UsbFunction function; /* first */
    UsbFunction *below;
    UsbHost *host;
    struct {
        UsbTransfer *transfer;
        void (*complete)(UsbTransfer *, void *);
        void *complete_data;
    } held[3];                          /* control, OUT, IN */
    unsigned phases[USB_PHASE_CSW + 1]; /* completions seen, by phase */
    bool spoil_csw;
    uint8_t csw[13];
    bool hold_in; /* keep IN transfers from the function */
} Interposer;

static size_t slot_of(const UsbTransfer *transfer)
{
    return transfer->endpoint == USB_BULK_OUT ? 1 : transfer->endpoint == USB_BULK_IN ? 2 : 0;
}

static void give_back(Interposer *i, UsbTransfer *transfer)
{
    size_t slot = slot_of(transfer);

    MUST(i->held[slot].transfer == transfer);
    i->held[slot].transfer = NULL;
    transfer->complete = i->held[slot].complete;
    transfer->complete_data = i->held[slot].complete_data;
}

static void interposer_completed(UsbTransfer *transfer, void *data)
{
    Interposer *i = data;

    give_back(i, transfer);
    i->phases[transfer->phase]++;
    if (i->spoil_csw && transfer->phase == USB_PHASE_CSW && transfer->result == USB_DONE) {
        memcpy(i->csw, transfer->in, sizeof i->csw);
        i->csw[0] ^= 0xff;
        transfer->in = i->csw;
    }
    usb_transfer_complete(transfer);
}

static void interpose(Interposer *i, UsbTransfer *transfer)
{
    size_t slot = slot_of(transfer);

    MUST(i->held[slot].transfer == NULL);
    i->held[slot].transfer = transfer;
    i->held[slot].complete = transfer->complete;
    i->held[slot].complete_data = transfer->complete_data;
    transfer->complete = interposer_completed;
    transfer->complete_data = i;
}

static void interposer_attach(UsbFunction *function, UsbHost *host)
{
    Interposer *i = (Interposer *)function;

    i->host = host;
    i->below->ops->attach(i->below, host);
}

static void interposer_control(UsbFunction *function, UsbTransfer *transfer)
{
    Interposer *i = (Interposer *)function;

    interpose(i, transfer);
    i->below->ops->control(i->below, transfer);
}

static void interposer_out(UsbFunction *function, UsbTransfer *transfer)
{
    Interposer *i = (Interposer *)function;

    interpose(i, transfer);
    i->below->ops->bulk_out(i->below, transfer);
}

static void interposer_in(UsbFunction *function, UsbTransfer *transfer)
{
    Interposer *i = (Interposer *)function;

    interpose(i, transfer);
    if (!i->hold_in) {
        i->below->ops->bulk_in(i->below, transfer);
    }
}

static void interposer_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    Interposer *i = (Interposer *)function;

    if (!(i->hold_in && slot_of(transfer) == 2)) {
        i->below->ops->cancel(i->below, transfer);
    }
    give_back(i, transfer);
}

static void interposer_reset(UsbFunction *function, UsbReset kind)
{
    Interposer *i = (Interposer *)function;

    i->below->ops->reset(i->below, kind);
}

static const UsbFunctionOps interposer_ops = {
    .attach = interposer_attach,
    .control = interposer_control,
    .bulk_out = interposer_out,
    .bulk_in = interposer_in,
    .cancel = interposer_cancel,
    .reset = interposer_reset,
};

static void rig_interpose(BotRig *rig, Interposer *interposer)
{
    *interposer = (Interposer){ .function.ops = &interposer_ops, .below = bot_function(rig->bot) };
    usb_device_free(rig->device);
    rig->device = usb_device_new(&test_identity, USB_SPEED_HIGH, &interposer->function, NULL);
    rig->host->device = rig->device;
    ck_assert(usb_device_set_configuration(rig->device, 1));
}

START_TEST(interposer_sees_phases_and_spoils_a_csw)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    Interposer interposer;
    TestTransfer *t;
    bool stalled;

    rig_interpose(rig, &interposer);
    rig->target.direction = SCSI_DATA_IN;
    rig->target.length = rig->target.filled = 100;
    bot_rig_cbw(rig, 100, true);
    ck_assert_uint_eq(bot_rig_data_in(rig, 100, 50, &stalled), 100);
    bot_rig_csw(rig, 0, 0);
    rig->target.direction = SCSI_DATA_OUT;
    bot_rig_cbw(rig, 100, false);
    bot_rig_data_out(rig, 100, 25);
    interposer.spoil_csw = true;
    t = test_host_in(rig->host, USB_BULK_IN, 13);
    test_transfer_is(t, USB_DONE, 13);
    ck_assert_uint_eq(t->received->data[0], 'U' ^ 0xff);
    interposer.spoil_csw = false;
    ck_assert_uint_eq(interposer.phases[USB_PHASE_CBW], 2);
    ck_assert_uint_eq(interposer.phases[USB_PHASE_DATA_IN], 2);
    ck_assert_uint_eq(interposer.phases[USB_PHASE_DATA_OUT], 4);
    ck_assert_uint_eq(interposer.phases[USB_PHASE_CSW], 2);
    ck_assert(bot_rig_class_reset(rig));
    ck_assert_uint_eq(interposer.phases[USB_PHASE_CONTROL], 1);
    bot_rig_works(rig);
}
END_TEST

START_TEST(interposer_holds_back_what_is_then_cancelled)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    Interposer interposer;
    TestTransfer *t;

    rig_interpose(rig, &interposer);
    interposer.hold_in = true;
    bot_rig_cbw(rig, 0, false);
    t = test_host_in(rig->host, USB_BULK_IN, 13);
    ck_assert(test_transfer_pending(t));
    usb_device_cancel(rig->device, &t->transfer);
    test_transfer_is(t, USB_CANCELLED, 0);
    interposer.hold_in = false;
    bot_rig_csw(rig, 0, 0);
    bot_rig_works(rig);
}
END_TEST

START_TEST(interposer_stalls_a_csw)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    Interposer interposer;
    TestTransfer *t;
    UsbTransfer *held;

    rig_interpose(rig, &interposer);
    bot_rig_cbw(rig, 0, false);
    interposer.hold_in = true;
    t = test_host_in(rig->host, USB_BULK_IN, 13);
    held = interposer.held[2].transfer;
    give_back(&interposer, held);
    interposer.host->ops->halt(interposer.host, USB_BULK_IN);
    usb_transfer_fail(held, USB_STALL);
    test_transfer_is(t, USB_STALL, 0);
    ck_assert(bot_rig_is_halted(rig, USB_BULK_IN));
    interposer.hold_in = false;
    bot_rig_csw(rig, 0, 0); /* clears the halt and reads again */
    bot_rig_works(rig);
}
END_TEST

TCase *make_usb_device_tcase(void)
{
    TCase *tcase = tcase_create("usb-device");

    tcase_add_test(tcase, transfers_complete_in_order);
    tcase_add_test(tcase, pipes_do_not_wait_for_each_other);
    tcase_add_test(tcase, endpoints_that_do_not_exist_stall);
    tcase_add_test(tcase, pending_is_bounded);
    tcase_add_test(tcase, pending_bytes_are_bounded);
    tcase_add_loop_test(tcase, cancel_takes_back_exactly_one, 0, 4);
    tcase_add_test(tcase, cancelled_control_comes_back);
    tcase_add_test(tcase, halt_by_the_function);
    tcase_add_test(tcase, wedge_outlives_clear_feature);
    tcase_add_test(tcase, two_enumerations);
    tcase_add_test(tcase, reset_takes_everything_back);
    tcase_add_test(tcase, interface_from_a_link);
    tcase_add_loop_test(tcase, nothing_starts_during_a_reset, 0, 4);
    tcase_add_test(tcase, stack_does_not_grow);
    tcase_add_test(tcase, stack_does_not_grow_on_stalls);
    tcase_add_test(tcase, interposer_sees_phases_and_spoils_a_csw);
    tcase_add_test(tcase, interposer_holds_back_what_is_then_cancelled);
    tcase_add_test(tcase, interposer_stalls_a_csw);
    return tcase;
}
