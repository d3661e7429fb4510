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

/* ---- from wrapper to wrapper ---- */

static void forget_command(AtTransfer *at)
{
    at->busy = at->data_over = at->has_residue = at->residue_fails = at->abandoned = false;
    at->plan->announced = false;
    g_clear_pointer(&at->again, g_bytes_unref);
    at->halts = false;
}

static bool parse_cbw(const UsbTransfer *transfer, BotCbw *cbw)
{
    return bot_cbw_parse(g_bytes_get_data(transfer->out, NULL), transfer->length, cbw);
}

static void note_cbw(AtTransfer *at, const UsbTransfer *transfer)
{
    int64_t now = clock_now(at->plan->clock);
    BotCbw cbw;

    if (!parse_cbw(transfer, &cbw)) {
        return;
    }
    forget_command(at);
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

static FaultPhase out_phase(const AtTransfer *at, const UsbTransfer *transfer)
{
    BotCbw cbw;

    return !at->busy || (at->data_over && parse_cbw(transfer, &cbw)) ? FAULT_PHASE_CBW
                                                                     : FAULT_PHASE_DATA;
}

static FaultPhase in_phase(const AtTransfer *at)
{
    return at->cbw.in && !at->data_over ? FAULT_PHASE_DATA : FAULT_PHASE_CSW;
}

/* A transfer has ended with the host. */
static void note_end(AtTransfer *at, const UsbTransfer *transfer, FaultPhase phase)
{
    if (phase == FAULT_PHASE_DATA && transfer->result == USB_DONE) {
        at->cbw.moved += (uint32_t)MIN(transfer->actual, at->cbw.length - at->cbw.moved);
        at->data_over |= at->cbw.moved == at->cbw.length || transfer->actual < transfer->length;
    } else if (phase == FAULT_PHASE_DATA &&
               (transfer->result == USB_STALL || transfer->result == USB_BABBLE)) {
        at->data_over = true;
    } else if (phase == FAULT_PHASE_CSW && transfer->result == USB_DONE && transfer->actual > 0) {
        forget_command(at);
        at->ended = clock_now(at->plan->clock);
    }
}

/* ---- transfers ---- */

static void stop_timer(Passing *passing)
{
    if (passing->timer) {
        clock_cancel(passing->at->plan->clock, passing->timer);
        passing->timer = NULL;
    }
}

/* Gives the transfer back as it came. */
static UsbTransfer *release(Passing *passing)
{
    UsbTransfer *transfer = passing->transfer;

    stop_timer(passing);
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
    UsbTransfer *transfer = release(passing);

    if (!passing->control) {
        note_end(at, transfer, passing->phase);
    }
    usb_transfer_complete(transfer);
    if (edited) {
        g_byte_array_unref(edited);
    }
}

/* The answer is there, and the host gets some of it. */
static void break_off(Passing *passing)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;

    if (!at->again) {
        at->again = g_bytes_new(transfer->in, transfer->actual);
    }
    transfer->result = USB_IO_ERROR;
    transfer->actual = MIN(transfer->actual, passing->keep);
}

/* Puts the residue and status in the CSW that a rule asked for earlier in the command. */
static void rewrite_csw(Passing *passing)
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

static void on_answered(UsbTransfer *transfer, void *data)
{
    Passing *passing = data;
    AtTransfer *at = passing->at;
    FaultEvent event = { .subject = transfer };
    unsigned cursor = 0;
    FaultRule *rule;

    passing->below = false;
    if (passing->breaks && transfer->result == USB_DONE) {
        break_off(passing);
    }
    if (passing->own_out) { /* as many as the host sent, whatever the function got */
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
            rewrite_csw(passing);
        }
    }
    while (transfer->result == USB_DONE && (rule = fault_plan_next(at->plan, &event, &cursor))) {
        bool (*act)(AtTransfer *, FaultRule *, UsbTransfer *) =
            passing->control ? rule->kind->on_reply : rule->kind->on_complete;

        if (act(at, rule, transfer)) {
            return; /* kept back */
        }
    }
    at_transfer_finish(passing);
}

static void pass(Passing *passing)
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

/* The host takes so much of what it had not got whole; what is left waits for its next transfer. */
static void take_again(AtTransfer *at, size_t length)
{
    g_autoptr(GBytes) before = g_steal_pointer(&at->again);
    size_t left = g_bytes_get_size(before) - length;

    if (left > 0) {
        at->again = g_bytes_new_from_bytes(before, length, left);
    } else if (at->halts) {
        at->halts = false;
        at->host->ops->halt(at->host, USB_BULK_IN);
    }
}

/* What the host has not got whole, from its beginning: of usbredir it gets a transfer whole or not
 * at all. A transfer that asks for more than that is a short one. */
static void answer_again(Passing *passing)
{
    AtTransfer *at = passing->at;
    UsbTransfer *transfer = passing->transfer;
    size_t length = MIN(g_bytes_get_size(at->again), transfer->length);

    passing->given = g_bytes_new_from_bytes(at->again, 0, length);
    transfer->in = g_bytes_get_data(passing->given, NULL);
    transfer->result = USB_DONE;
    transfer->phase = USB_PHASE_DATA_IN;
    transfer->actual = length;
    if (!passing->breaks) {
        take_again(at, length);
    }
    on_answered(transfer, passing);
}

/* What is left to do with a bulk transfer once its rules have let it go. */
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
    } else if (passing == &at->in && at->again && passing->phase == FAULT_PHASE_DATA) {
        answer_again(passing);
    } else {
        pass(passing);
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

static void meet(AtTransfer *at, Passing *passing, UsbTransfer *transfer, FaultPhase phase)
{
    g_assert(!passing->transfer);
    passing->transfer = transfer;
    passing->complete = transfer->complete;
    passing->data = transfer->complete_data;
    passing->phase = phase;
    passing->standard = false;
    transfer->complete = on_answered;
    transfer->complete_data = passing;
}

/* ---- the seam ---- */

/*
 * True: a rule has taken the transfer over. Rules copy what they alter: without memory for that no
 * rule fires, and the drive refuses the command by the same measure.
 */
static bool give_to_rules(Passing *passing, const FaultEvent *event)
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

    meet(at, passing, transfer, phase);
    if (!at->dead && !give_to_rules(passing, &event)) {
        at_transfer_serve(passing);
    }
}

static void at_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;
    FaultPhase phase = out_phase(at, transfer);

    if (phase == FAULT_PHASE_CBW) {
        note_cbw(at, transfer);
    }
    at_bulk(at, &at->out, transfer, phase);
}

static void at_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;

    at_bulk(at, &at->in, transfer, in_phase(at));
}

static FaultRequest request_of(const UsbSetup *setup)
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

/* True: it is dealt with. */
static bool meet_control(AtTransfer *at, UsbTransfer *transfer, bool standard)
{
    FaultRequest request = request_of(&transfer->setup);
    FaultEvent event = { .hook = FAULT_HOOK_REQUEST, .request = request, .subject = transfer };

    meet(at, &at->control, transfer, (FaultPhase)request);
    at->control.standard = standard;
    if (at->dead) {
        return true;
    }
    fault_plan_request(at->plan, request);
    if (give_to_rules(&at->control, &event)) {
        return true;
    }
    if (request == FAULT_BOT_RESET) {
        forget_command(at);
    }
    return false;
}

static void at_control(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;

    if (meet_control(at, transfer, false)) {
        return;
    }
    if (at->unconfigured) {
        at_transfer_fail(at, transfer, USB_STALL);
    } else {
        pass(&at->control);
    }
}

static bool at_standard(UsbFunction *function, UsbTransfer *transfer)
{
    return meet_control((AtTransfer *)function, transfer, true);
}

static void at_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    AtTransfer *at = (AtTransfer *)function;
    Passing *passing = at_transfer_passing(at, transfer);
    bool below = passing->transfer != transfer || passing->below; /* may be older than we are */

    if (below) {
        at->below->ops->cancel(at->below, transfer);
    }
    if (passing->transfer == transfer) {
        if (passing->edited) {
            g_byte_array_unref(g_steal_pointer(&passing->edited));
        }
        g_clear_pointer(&passing->given, g_bytes_unref);
        release(passing);
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

    forget_command(at);
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

static AtTransfer *host_at(UsbHost *host)
{
    return (AtTransfer *)(void *)((char *)host - G_STRUCT_OFFSET(AtTransfer, for_below));
}

/* A short answer halts the pipe behind it: once the host has got that answer. */
static void below_halts(UsbHost *host, uint8_t endpoint)
{
    AtTransfer *at = host_at(host);

    if (endpoint == USB_BULK_IN && at->in.breaks) {
        at->halts = true;
    } else {
        at->host->ops->halt(at->host, endpoint);
    }
}

static void below_wedges(UsbHost *host, uint8_t endpoint)
{
    AtTransfer *at = host_at(host);

    at->host->ops->wedge(at->host, endpoint);
}

static void below_unwedges(UsbHost *host)
{
    AtTransfer *at = host_at(host);

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
    g_clear_pointer(&at->again, g_bytes_unref);
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
