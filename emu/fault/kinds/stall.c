/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes that stall, and transfers without an answer. */
#include "emu/fault/at-task.h"
#include "emu/fault/at-transfer.h"
#include "emu/fault/kinds.h"

#define DATA_PHASE_ERROR 0x0b4b00 /* ABORTED COMMAND, data phase error */

static const FaultSense data_phase_error = { .code = DATA_PHASE_ERROR };

static bool data_in(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;

    return transfer->endpoint & 0x80;
}

static bool data_out(const FaultRule *rule, const void *subject)
{
    return !data_in(rule, subject);
}

enum { AT };

/* Several transfers can have `at` bytes together. */
static bool stalls_in(const FaultRule *rule, const void *subject)
{
    return data_in(rule, subject) &&
           at_transfer_has_byte(rule->plan->in_place->at_transfer, subject, fault_number(rule, AT));
}

static bool stalls_out(const FaultRule *rule, const void *subject)
{
    return data_out(rule, subject) &&
           at_transfer_has_byte(rule->plan->in_place->at_transfer, subject, fault_number(rule, AT));
}

static bool stall_data_in(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    const FaultCbw *cbw = at_transfer_cbw(at);
    size_t keep = MIN((size_t)fault_number(rule, AT) - cbw->moved, transfer->actual);

    at_transfer_set_residue(at, cbw->length - cbw->moved - (uint32_t)keep, true);
    at_task_set_next_sense(rule->plan->in_place->at_task, &data_phase_error);
    at_transfer_edit(at, transfer, keep);
    at_transfer_halt(at, USB_BULK_IN);
    if (keep == 0) {
        transfer->result = USB_STALL;
    }
    return false;
}

const FaultKind fault_usb_stall_data_in = {
    .name = "usb.stall-data-in",
    .about = "the data to the host ends after `at` bytes, the pipe stalls, the CSW says failed",
    .right = "clear the halt, read the CSW, report the error",
    .evidence = "Zephyr #23191",
    .example = "{name: usb.stall-data-in, on: \"READ(6)#5\", at: 4KiB}",
    .class_ = FAULT_REPORTED,
    .params = { { "at", "bytes that are sent", FAULT_SIZE, "0" } },
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_IN,
    .fits = stalls_in,
    .on_complete = stall_data_in,
};

static bool stall_data_out(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    uint32_t length = at_transfer_cbw(at)->length;

    at_transfer_abandon(at, 1, length - (uint32_t)MIN(fault_number(rule, AT), length));
    at_task_set_next_sense(rule->plan->in_place->at_task, &data_phase_error);
    at_transfer_stall(at, transfer);
    return true;
}

const FaultKind fault_usb_stall_data_out = {
    .name = "usb.stall-data-out",
    .about =
        "the pipe stalls in the data from the host; nothing of it is used, the CSW says failed",
    .right = "clear the halt, read the CSW, report the error",
    .evidence = "Zephyr #55531",
    .example = "{name: usb.stall-data-out, on: \"WRITE(6)#5\", at: 4KiB}",
    .class_ = FAULT_REPORTED,
    .params = { { "at", "bytes that the CSW says were taken", FAULT_SIZE, "0" } },
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_OUT,
    .fits = stalls_out,
    .on_transfer = stall_data_out,
};

static bool stall(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_stall(at, transfer);
    return true;
}

const FaultKind fault_usb_stall_csw = {
    .name = "usb.stall-csw",
    .about = "the CSW stalls; count: 2 stalls it once more when it is read again",
    .right = "clear the halt and read the CSW again; after a second stall Reset Recovery",
    .evidence = "Linux usb-storage transport.c, usb_stor_Bulk_transport()",
    .example = "{name: usb.stall-csw, on: \"WRITE(6)#5\", count: 2}",
    .class_ = FAULT_TRANSPARENT,
    .phase = FAULT_PHASE_CSW,
    .on_transfer = stall,
};

static bool stall_cbw(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_wedge(at);
    at_transfer_fail(at, transfer, USB_STALL);
    return true;
}

const FaultKind fault_usb_stall_cbw = {
    .name = "usb.stall-cbw",
    .about = "the CBW is refused: both pipes stall until Reset Recovery",
    .right = "Reset Recovery; the command was not executed and may be sent again",
    .evidence = "BOT § 6.6.1; Zephyr #55531",
    .example = "{name: usb.stall-cbw, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .phase = FAULT_PHASE_CBW,
    .on_transfer = stall_cbw,
};

static bool take_without_effect(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_answer(at, transfer, NULL, 0);
    return true;
}

const FaultKind fault_usb_halt_sticky = {
    .name = "usb.halt-sticky",
    .about = "CLEAR_FEATURE(ENDPOINT_HALT) is accepted and has no effect, `count` times",
    .right = "after a second stall Reset Recovery, then port reset; no endless clearing",
    .evidence = "usbip-win #22, libusb #1256 (a STALL mistaken for an I/O error)",
    .example = "{name: usb.halt-sticky, ctrl: clear-halt, count: 3}",
    .class_ = FAULT_REPORTED,
    .requests = FAULT_CLEAR_HALT,
    .usual = FAULT_CLEAR_HALT,
    .by_request = true,
    .on_request = take_without_effect,
};

static bool die(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_die(at);
    return true;
}

const FaultKind fault_usb_halt_status_crash = {
    .name = "usb.halt-status-crash",
    .about = "GET_STATUS makes the device deaf until a port reset",
    .right = "do not send GET_STATUS after a halt; else time out and reset the port",
    .evidence = "Linux usb-storage transport.c, usb_stor_clear_halt()",
    .example = "{name: usb.halt-status-crash, ctrl: get-status}",
    .class_ = FAULT_REPORTED,
    .requests = FAULT_GET_STATUS,
    .usual = FAULT_GET_STATUS,
    .by_request = true,
    .on_request = die,
};

enum { FOR };

static bool nak(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_postpone(at, transfer, fault_number(rule, FOR));
    return true;
}

const FaultKind fault_usb_nak_forever = {
    .name = "usb.nak-forever",
    .about = "the transfer of that phase gets no answer until `for` is over",
    .right = "time out, cancel, Reset Recovery; a delay below the time-out is waited for",
    .evidence = "wl500g #19, RIOT #19478",
    .example = "{name: usb.nak-forever, on: \"READ(6)#5\", phase: data, for: 10s}",
    .class_ = FAULT_REPORTED,
    .params = { { "for", "how long", FAULT_DURATION, "forever", -1 } },
    .phases = FAULT_PHASE_CBW | FAULT_PHASE_DATA | FAULT_PHASE_CSW,
    .phase = FAULT_PHASE_DATA,
    .on_transfer = nak,
};

static bool break_transaction(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    int64_t moved = rule->phase == FAULT_PHASE_DATA ? at_transfer_cbw(at)->moved : 0;

    at_transfer_break(at, transfer, (size_t)(fault_number(rule, AT) - moved));
    return true;
}

static bool breaks_here(const FaultRule *rule, const void *subject)
{
    return rule->phase != FAULT_PHASE_DATA ||
           at_transfer_has_byte(rule->plan->in_place->at_transfer, subject, fault_number(rule, AT));
}

static const char *check_break(const FaultRule *rule)
{
    return rule->phase != FAULT_PHASE_DATA && fault_number(rule, AT) > 0
               ? "a wrapper is one packet: 'at' goes with phase: data"
               : NULL;
}

const FaultKind fault_usb_xact_error = {
    .name = "usb.xact-error",
    .about =
        "the transfer of that phase ends with a transaction error (-71 EPROTO), after `at` bytes",
    .right = "Reset Recovery; what the command did is not known, look at the position",
    .evidence = "wl500g #19 (\"3strikes\"); bad cables, data toggles out of step",
    .example = "{name: usb.xact-error, on: \"WRITE(6)#5\", at: 4KiB}",
    .class_ = FAULT_REPORTED,
    .params = { { "at", "bytes of the data that the host counts as moved", FAULT_SIZE, "0", 0,
                  1 << 30 } },
    .phases = FAULT_PHASE_CBW | FAULT_PHASE_DATA | FAULT_PHASE_CSW,
    .phase = FAULT_PHASE_DATA,
    .check = check_break,
    .fits = breaks_here,
    .on_transfer = break_transaction,
};
