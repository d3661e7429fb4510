/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEAM 1 alone: an interposer between transfers made by hand and a function that hands out bytes
 * which are gone as soon as its transfer has ended. */
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-transfer.h"
#include "tests/support/suite.h"

TCase *make_fault_transfer_tcase(void);

#define RECORD 1024

typedef struct Seam {
    UsbFunction function; /* first */
    UsbHost host;
    Clock *clock;
    FaultPlan *plan;
    AtTransfer *at;
    FaultInterposers in_place;
    uint8_t byte;    /* of the record */
    unsigned halted; /* times */
} Seam;

/* One transfer of the host's, and what came of it. */
typedef struct Asked {
    UsbTransfer transfer;
    bool ended;
    uint8_t got[RECORD];
} Asked;

static void take_nothing(UsbFunction *function, UsbHost *host)
{
}

static void take_reset(UsbFunction *function, UsbReset kind)
{
}

static void take_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    ck_abort_msg("the function has nothing that could be taken back");
}

static void take_out(UsbFunction *function, UsbTransfer *transfer)
{
    usb_transfer_done(transfer, USB_PHASE_CBW, NULL, transfer->length);
}

static void give_record(UsbFunction *function, UsbTransfer *transfer)
{
    Seam *seam = (Seam *)function;
    uint8_t *bytes = g_malloc(RECORD);
    size_t i;

    for (i = 0; i < RECORD; i++) {
        bytes[i] = (uint8_t)(i / 4 + seam->byte);
    }
    usb_transfer_done(transfer, USB_PHASE_DATA_IN, bytes, RECORD);
    memset(bytes, 0xee, RECORD);
    g_free(bytes);
}

static void on_halt(UsbHost *host, uint8_t endpoint)
{
    ((Seam *)(void *)((char *)host - G_STRUCT_OFFSET(Seam, host)))->halted++;
}

static void on_unwedge(UsbHost *host)
{
}

static void on_ended(UsbTransfer *transfer, void *data)
{
    Asked *asked = data;

    MUST(!asked->ended);
    asked->ended = true;
    if (transfer->in && transfer->actual > 0) {
        memcpy(asked->got, transfer->in, transfer->actual);
    }
    g_clear_pointer(&transfer->out, g_bytes_unref);
}

static void seam_init(Seam *seam, const char *rules)
{
    static const UsbFunctionOps ops = { .attach = take_nothing,
                                        .bulk_out = take_out,
                                        .bulk_in = give_record,
                                        .cancel = take_cancel,
                                        .reset = take_reset };
    static const UsbHostOps host_ops = { on_halt, on_halt, on_unwedge };
    g_autoptr(GError) error = NULL;

    *seam = (Seam){ .function.ops = &ops, .host.ops = &host_ops };
    seam->clock = virtual_clock_new();
    seam->plan = fault_plan_new(1);
    ck_assert(fault_plan_add(seam->plan, "rules", rules, strlen(rules), &error));
    fault_plan_start(seam->plan, seam->clock, NULL, &seam->in_place, NULL, NULL);
    seam->at = at_transfer_new(&seam->function, seam->plan);
    seam->in_place.at_transfer = seam->at;
    at_transfer_function(seam->at)->ops->attach(at_transfer_function(seam->at), &seam->host);
}

static void seam_clear(Seam *seam)
{
    at_transfer_free(seam->at);
    fault_plan_free(seam->plan);
    clock_free(seam->clock);
}

/* A READ(6) of that many bytes begins. */
static void send_cbw(Seam *seam, uint32_t length)
{
    uint8_t cbw[31] = "USBC";
    Asked asked = { .transfer = { .endpoint = USB_BULK_OUT,
                                  .length = sizeof cbw,
                                  .complete = on_ended,
                                  .complete_data = &asked } };

    put_le32(cbw + 8, length);
    cbw[12] = 0x80;
    cbw[14] = 6;
    cbw[15] = 0x08;
    asked.transfer.out = g_bytes_new(cbw, sizeof cbw);
    at_transfer_function(seam->at)->ops->bulk_out(at_transfer_function(seam->at), &asked.transfer);
    ck_assert(asked.ended);
}

static void ask(Seam *seam, Asked *asked, size_t length)
{
    *asked = (Asked){ .transfer = { .endpoint = USB_BULK_IN,
                                    .length = length,
                                    .complete = on_ended,
                                    .complete_data = asked } };
    at_transfer_function(seam->at)->ops->bulk_in(at_transfer_function(seam->at), &asked->transfer);
}

/* It ended so, with the bytes of the record from `from` on. */
static void has_got(const Asked *asked, const Seam *seam, UsbResult result, size_t from,
                    size_t length)
{
    size_t i;

    ck_assert(asked->ended);
    ck_assert_int_eq(asked->transfer.result, result);
    ck_assert_uint_eq(asked->transfer.actual, length);
    for (i = 0; i < length; i++) {
        MUST(asked->got[i] == (uint8_t)((from + i) / 4 + seam->byte));
    }
}

/* What the host has not got whole is there until it has been taken, in whatever pieces. */
START_TEST(a_broken_answer_is_taken_in_pieces)
{
    static const size_t pieces[] = { 512, 100, 412 };
    size_t i, from = 0;
    Asked asked;
    Seam seam;

    seam_init(&seam, "{name: usb.xact-error, on: READ(6), at: 512}");
    send_cbw(&seam, 2 * RECORD);
    ask(&seam, &asked, RECORD);
    has_got(&asked, &seam, USB_IO_ERROR, 0, 512);
    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        ask(&seam, &asked, pieces[i]);
        has_got(&asked, &seam, USB_DONE, from, pieces[i]);
        from += pieces[i];
    }
    seam.byte = 77;
    ask(&seam, &asked, RECORD); /* and only then the function's next */
    has_got(&asked, &seam, USB_DONE, 0, RECORD);
    seam_clear(&seam);
}
END_TEST

/* It may break once more: then it begins anew where it had got to. */
START_TEST(a_piece_may_break_too)
{
    Asked asked;
    Seam seam;

    seam_init(&seam, "[{name: usb.xact-error, on: READ(6), at: 512},"
                     " {name: usb.xact-error, on: READ(6), at: 900}]");
    send_cbw(&seam, RECORD);
    ask(&seam, &asked, RECORD);
    has_got(&asked, &seam, USB_IO_ERROR, 0, 512);
    ask(&seam, &asked, 600);
    has_got(&asked, &seam, USB_DONE, 0, 600);
    ask(&seam, &asked, 424);
    has_got(&asked, &seam, USB_IO_ERROR, 600, 300);
    ask(&seam, &asked, 424);
    has_got(&asked, &seam, USB_DONE, 600, 424);
    seam_clear(&seam);
}
END_TEST

/* An answer given anew and then kept back holds its bytes; one that is taken back frees them. */
START_TEST(an_answer_given_again_keeps_its_bytes)
{
    Asked asked;
    Seam seam;
    unsigned i;

    for (i = 0; i < 2; i++) {
        seam_init(&seam, "[{name: usb.xact-error, on: READ(6), at: 512},"
                         " {name: usb.csw-late, on: READ(6), delay: 2s}]");
        /* As a kind would that keeps data back. */
        ((FaultRule *)g_ptr_array_index(seam.plan->rules, 1))->phase = FAULT_PHASE_DATA;
        send_cbw(&seam, RECORD);
        ask(&seam, &asked, RECORD);
        has_got(&asked, &seam, USB_IO_ERROR, 0, 512);
        ask(&seam, &asked, RECORD);
        ck_assert(!asked.ended);
        if (i == 0) {
            virtual_clock_advance(seam.clock, 2 * G_USEC_PER_SEC);
            has_got(&asked, &seam, USB_DONE, 0, RECORD);
        } else {
            at_transfer_function(seam.at)->ops->cancel(at_transfer_function(seam.at),
                                                       &asked.transfer);
            ck_assert(!asked.ended);
        }
        seam_clear(&seam);
    }
}
END_TEST

TCase *make_fault_transfer_tcase(void)
{
    TCase *tcase = tcase_create("transfer");

    tcase_add_test(tcase, a_broken_answer_is_taken_in_pieces);
    tcase_add_test(tcase, a_piece_may_break_too);
    tcase_add_test(tcase, an_answer_given_again_keeps_its_bytes);
    return tcase;
}
