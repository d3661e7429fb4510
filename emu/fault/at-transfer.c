/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/at-transfer-private.h"

#include <string.h>

#include "emu/base/bytes.h"
#include "emu/base/memory.h"

const FaultCbw *at_transfer_cbw(const AtTransfer *at)
{
    return &at->cbw;
}

Passing *at_transfer_passing(AtTransfer *at, const UsbTransfer *transfer)
{
    return at->out.transfer == transfer  ? &at->out
           : at->in.transfer == transfer ? &at->in
                                         : &at->control;
}

/* ---- the command under way ---- */

static void command_reset(AtTransfer *at)
{
    at->busy = at->data_over = at->has_residue = at->residue_fails = at->abandoned = false;
    at->plan->announced = false;
    g_clear_pointer(&at->unsent, g_bytes_unref);
    at->halts_after = false;
}

static bool command_parse_cbw(const UsbTransfer *transfer, BotCbw *cbw)
{
    return bot_cbw_parse(g_bytes_get_data(transfer->out, NULL), transfer->length, cbw);
}

static void command_begin(AtTransfer *at, const UsbTransfer *transfer)
{
    int64_t now = clock_now(at->plan->clock);
    BotCbw cbw;

    if (!command_parse_cbw(transfer, &cbw)) {
        return;
    }
    command_reset(at);
    at->busy = true;
    at->cbw = (FaultCbw){ .tag = cbw.dCBWTag,
                          .previous_tag = at->cbw.tag,
                          .length = cbw.dCBWDataTransferLength,
                          .in = cbw.bmCBWFlags & BOT_CBW_DATA_IN,
                          .time = now,
                          .idle = at->ended >= 0 ? now - at->ended : 0 };
    at->data_over = at->cbw.length == 0;
    fault_plan_command(at->plan, at->cbw.tag, cbw.CBWCB, MIN(cbw.bCBWCBLength & 0x1f, 16));
    at->plan->announced = true;
}

static FaultPhase command_out_phase(const AtTransfer *at, const UsbTransfer *transfer)
{
    BotCbw cbw;

    return !at->busy || (at->data_over && command_parse_cbw(transfer, &cbw)) ? FAULT_PHASE_CBW
                                                                             : FAULT_PHASE_DATA;
}

static FaultPhase command_in_phase(const AtTransfer *at)
{
    return at->cbw.in && !at->data_over ? FAULT_PHASE_DATA : FAULT_PHASE_CSW;
}

/* Updates the command's state when a transfer completes. */
static void command_note_end(AtTransfer *at, const UsbTransfer *transfer, FaultPhase phase)
{
    if (phase == FAULT_PHASE_DATA && transfer->result == USB_DONE) {
        at->cbw.moved += (uint32_t)MIN(transfer->actual, at->cbw.length - at->cbw.moved);
        at->data_over |= at->cbw.moved == at->cbw.length || transfer->actual < transfer->length;
    } else if (phase == FAULT_PHASE_DATA &&
               (transfer->result == USB_STALL || transfer->result == USB_BABBLE)) {
        at->data_over = true;
    } else if (phase == FAULT_PHASE_CSW && transfer->result == USB_DONE && transfer->actual > 0) {
        command_reset(at);
        at->ended = clock_now(at->plan->clock);
    }
}

/* ---- transfers ---- */

static void passing_stop_timer(Passing *passing)
{
    if (passing->timer) {
        clock_cancel(passing->at->plan->clock, passing->timer);
        passing->timer = NULL;
    }
}

/* Restores the transfer's own completion and removes the entry. */
static UsbTransfer *passing_remove(Passing *passing)
{
    UsbTransfer *transfer = passing->transfer;

    passing_stop_timer(passing);
    transfer->complete = passing->complete;
    transfer->complete_data = passing->data;
    if (passing->own_out) {
        g_bytes_unref(transfer->out);
        transfer->out = g_steal_pointer(&passing->own_out);
        transfer->length = passing->own_length;
    }
    passing->transfer = NULL;
    passing->below = passing->answered = passing->breaks = false;
    return transfer;
}

void at_transfer_finish(Passing *passing)
{
    AtTransfer *at = passing->at;
    GByteArray *edited = g_steal_pointer(&passing->edited);
    g_autoptr(GBytes) given = g_steal_pointer(&passing->given);
    UsbTransfer *transfer = passing_remove(passing);

    if (!passing->control) {
        command_note_end(at, transfer, passing->phase);
    }
    usb_transfer_complete(transfer);
    if (edited) {
        g_byte_array_unref(edited);
    }
}

/* Completes the transfer with an error after a part of its answer. */
static void passing_break_off(Passing *passing)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;

    if (!at->unsent) {
        at->unsent = g_bytes_new(transfer->in, transfer->actual);
    }
    transfer->result = USB_IO_ERROR;
    transfer->actual = MIN(transfer->actual, passing->keep);
}

/* Writes the residue and status that an earlier rule of the command set. */
static void passing_rewrite_csw(Passing *passing)
{
    AtTransfer *at = passing->at;
    uint8_t *csw;

    if (!at->has_residue || passing->transfer->result != USB_DONE ||
        passing->transfer->actual != BOT_CSW_LENGTH) {
        return;
    }
    csw = at_transfer_edit(at, passing->transfer, BOT_CSW_LENGTH);
    put_le32(csw + 8, at->residue);
    csw[12] = at->residue_fails ? 1 : csw[12];
}

static void passing_on_answered(UsbTransfer *transfer, void *data)
{
    Passing *passing = data;
    AtTransfer *at = passing->at;
    FaultEvent event = { .subject = transfer };
    unsigned cursor = 0;
    FaultRule *rule;

    passing->below = false;
    if (passing->breaks && transfer->result == USB_DONE) {
        passing_break_off(passing);
    }
    if (passing->own_out) { /* as many as the host sent, however many the function received */
        transfer->actual =
            MIN(passing->own_length,
                transfer->actual == transfer->length ? passing->own_length : transfer->actual);
    }
    if (passing->control) {
        event.hook = FAULT_HOOK_REPLY;
        event.request = (unsigned)passing->phase;
    } else {
        event.hook = FAULT_HOOK_COMPLETE;
        event.phase = passing->phase =
            transfer->phase == USB_PHASE_CBW   ? FAULT_PHASE_CBW
            : transfer->phase == USB_PHASE_CSW ? FAULT_PHASE_CSW
            : transfer->phase == USB_PHASE_DATA_IN || transfer->phase == USB_PHASE_DATA_OUT
                ? FAULT_PHASE_DATA
                : passing->phase;
        if (passing->phase == FAULT_PHASE_CSW) {
            passing_rewrite_csw(passing);
        }
    }
    while (transfer->result == USB_DONE && (rule = fault_plan_next(at->plan, &event, &cursor))) {
        bool (*act)(AtTransfer *, FaultRule *, UsbTransfer *) =
            passing->control ? rule->kind->on_reply : rule->kind->on_complete;

        if (act(at, rule, transfer)) {
            return; /* delayed */
        }
    }
    at_transfer_finish(passing);
}

static void passing_submit(Passing *passing)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;

    passing->below = true;
    if (passing == &at->out) {
        at->below->ops->bulk_out(at->below, transfer);
    } else if (passing == &at->in) {
        at->below->ops->bulk_in(at->below, transfer);
    } else {
        at->below->ops->control(at->below, transfer);
    }
}

/* Removes the first `length` bytes of `unsent`. The rest waits for the next transfer. */
static void unsent_remove(AtTransfer *at, size_t length)
{
    g_autoptr(GBytes) before = g_steal_pointer(&at->unsent);
    size_t left = g_bytes_get_size(before) - length;

    if (left > 0) {
        at->unsent = g_bytes_new_from_bytes(before, length, left);
    } else if (at->halts_after) {
        at->halts_after = false;
        at->host->ops->halt(at->host, USB_BULK_IN);
    }
}

/*
 * Answers with `unsent` from its beginning. The host ignores the data of a failed usbredir
 * transfer. A transfer that asks for more than `unsent` ends short.
 */
static void passing_answer_unsent(Passing *passing)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;
    size_t length = MIN(g_bytes_get_size(at->unsent), transfer->length);

    passing->given = g_bytes_new_from_bytes(at->unsent, 0, length);
    transfer->in = g_bytes_get_data(passing->given, NULL);
    transfer->result = USB_DONE;
    transfer->phase = USB_PHASE_DATA_IN;
    transfer->actual = length;
    if (!passing->breaks) {
        unsent_remove(at, length);
    }
    passing_on_answered(transfer, passing);
}

void at_transfer_serve(Passing *passing)
{
    AtTransfer *at = passing->at;

    if (at->dead) {
        return;
    }
    if (at->unconfigured) {
        at_transfer_fail(at, passing->transfer, USB_STALL);
    } else if (passing == &at->in && at->abandoned) {
        at_transfer_answer_csw(at, passing->transfer);
    } else if (passing == &at->in && at->unsent && passing->phase == FAULT_PHASE_DATA) {
        passing_answer_unsent(passing);
    } else {
        passing_submit(passing);
    }
}

void at_transfer_on_time(void *data)
{
    Passing *passing = data;

    passing->timer = NULL;
    if (passing->answered) {
        at_transfer_finish(passing);
    } else {
        at_transfer_serve(passing);
    }
}

static void passing_add(AtTransfer *at, Passing *passing, UsbTransfer *transfer, FaultPhase phase)
{
    g_assert(!passing->transfer);
    passing->transfer = transfer;
    passing->complete = transfer->complete;
    passing->data = transfer->complete_data;
    passing->phase = phase;
    passing->standard = false;
    transfer->complete = passing_on_answered;
    transfer->complete_data = passing;
}

/* ---- the seam ---- */

/*
 * True if a rule took the transfer over. Rules copy the bytes that they change. Without memory for
 * a copy no rule fires, and the drive refuses the command for the same reason.
 */
static bool passing_run_rules(Passing *passing, const FaultEvent *event)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;
    unsigned cursor = 0;
    FaultRule *rule;

    if (!memory_for(transfer->length)) {
        return false;
    }
    while ((rule = fault_plan_next(at->plan, event, &cursor))) {
        const FaultKind *kind = rule->kind;
        bool taken;

        at->current = transfer;
        taken = kind->act          ? kind->act(at->plan, rule)
                : kind->on_request ? kind->on_request(at, rule, transfer)
                                   : kind->on_transfer(at, rule, transfer);

        at->current = NULL;
        if (taken || at->dead) {
            return true;
        }
    }
    return false;
}

static void at_bulk(AtTransfer *at, Passing *passing, UsbTransfer *transfer, FaultPhase phase)
{
    FaultEvent event = { .hook = FAULT_HOOK_TRANSFER, .phase = phase, .subject = transfer };

    passing_add(at, passing, transfer, phase);
    if (!at->dead && !passing_run_rules(passing, &event)) {
        at_transfer_serve(passing);
    }
}

static void at_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;
    FaultPhase phase = command_out_phase(at, transfer);

    if (phase == FAULT_PHASE_CBW) {
        command_begin(at, transfer);
    }
    at_bulk(at, &at->out, transfer, phase);
}

static void at_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;

    at_bulk(at, &at->in, transfer, command_in_phase(at));
}

static FaultRequest at_request_of(const UsbSetup *setup)
{
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case 0xa1fe:
        return FAULT_GET_MAX_LUN;
    case 0x21ff:
        return FAULT_BOT_RESET;
    case 0x0201:
        return FAULT_CLEAR_HALT;
    case 0x8200:
        return FAULT_GET_STATUS;
    case 0x8006:
        return FAULT_GET_DESCRIPTOR;
    case 0x0009:
        return FAULT_SET_CONFIGURATION;
    default:
        return 0;
    }
}

/* True if a rule took the transfer over. */
static bool at_run_control_rules(AtTransfer *at, UsbTransfer *transfer, bool standard)
{
    FaultRequest request = at_request_of(&transfer->setup);
    FaultEvent event = { .hook = FAULT_HOOK_REQUEST, .request = request, .subject = transfer };

    passing_add(at, &at->control, transfer, (FaultPhase)request);
    at->control.standard = standard;
    if (at->dead) {
        return true;
    }
    fault_plan_request(at->plan, request);
    if (passing_run_rules(&at->control, &event)) {
        return true;
    }
    if (request == FAULT_BOT_RESET) {
        command_reset(at);
    }
    return false;
}

static void at_control(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;

    if (at_run_control_rules(at, transfer, false)) {
        return;
    }
    if (at->unconfigured) {
        at_transfer_fail(at, transfer, USB_STALL);
    } else {
        passing_submit(&at->control);
    }
}

static bool at_standard(UsbFunction *function, UsbTransfer *transfer)
{
    return at_run_control_rules((AtTransfer *)function, transfer, true);
}

static void at_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;
    Passing *passing = at_transfer_passing(at, transfer);
    bool below = passing->transfer != transfer ||
                 passing->below; /* the transfer may be older than this interposer */

    if (below) {
        at->below->ops->cancel(at->below, transfer);
    }
    if (passing->transfer == transfer) {
        if (passing->edited) {
            g_byte_array_unref(g_steal_pointer(&passing->edited));
        }
        g_clear_pointer(&passing->given, g_bytes_unref);
        passing_remove(passing);
    }
}

static void at_reset(UsbFunction *function, UsbReset kind)
{
    AtTransfer *at = (AtTransfer *)function;
    FaultEvent event = { .hook = FAULT_HOOK_REQUEST,
                         .request =
                             kind == USB_RESET_BUS ? FAULT_PORT_RESET : FAULT_SET_CONFIGURATION };
    unsigned cursor = 0;
    FaultRule *rule;

    command_reset(at);
    at->unconfigured = false;
    at->dead &= kind != USB_RESET_BUS;
    at->below->ops->reset(at->below, kind);
    fault_plan_request(at->plan, event.request);
    while ((rule = fault_plan_next(at->plan, &event, &cursor))) {
        if (rule->kind->act) {
            rule->kind->act(at->plan, rule);
        }
    }
}

static AtTransfer *below_host_at(UsbHost *host)
{
    return (AtTransfer *)(void *)((char *)host - G_STRUCT_OFFSET(AtTransfer, for_below));
}

/* After a short answer the pipe halts. The host must receive that answer first. */
static void below_halts(UsbHost *host, uint8_t endpoint)
{
    AtTransfer *at = below_host_at(host);

    if (endpoint == USB_BULK_IN && at->in.breaks) {
        at->halts_after = true;
    } else {
        at->host->ops->halt(at->host, endpoint);
    }
}

static void below_wedges(UsbHost *host, uint8_t endpoint)
{
    AtTransfer *at = below_host_at(host);

    at->host->ops->wedge(at->host, endpoint);
}

static void below_unwedges(UsbHost *host)
{
    AtTransfer *at = below_host_at(host);

    at->host->ops->unwedge(at->host);
}

static void at_attach(UsbFunction *function, UsbHost *host)
{
    static const UsbHostOps ops = { below_halts, below_wedges, below_unwedges };
    AtTransfer *at = (AtTransfer *)function;

    at->host = host;
    at->for_below.ops = &ops;
    at->below->ops->attach(at->below, &at->for_below);
}

AtTransfer *at_transfer_new(UsbFunction *below, FaultPlan *plan)
{
    static const UsbFunctionOps ops = {
        .attach = at_attach,
        .control = at_control,
        .bulk_out = at_bulk_out,
        .bulk_in = at_bulk_in,
        .cancel = at_cancel,
        .reset = at_reset,
        .standard = at_standard,
    };
    AtTransfer *at = g_new0(AtTransfer, 1);

    at->base.ops = &ops;
    at->below = below;
    at->plan = plan;
    at->ended = -1;
    at->out.at = at->in.at = at->control.at = at;
    at->control.control = true;
    return at;
}

void at_transfer_free(AtTransfer *at)
{
    if (!at) {
        return;
    }
    g_assert(!at->out.transfer && !at->in.transfer && !at->control.transfer);
    g_clear_pointer(&at->unsent, g_bytes_unref);
    g_free(at);
}

UsbFunction *at_transfer_function(AtTransfer *at)
{
    return &at->base;
}

bool at_transfer_idle(const AtTransfer *at)
{
    return !at->out.transfer && !at->in.transfer && !at->control.transfer && !at->busy &&
           !at->dead && !at->unconfigured;
}
