/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/fault/hold.h"

#include "emu/bot/wire.h"

const char *const hold_phase_names[N_HOLD_PHASES] = { "cbw", "data", "csw" };

/* The phase that the bus is in. */
typedef enum HoldKnown {
    HOLD_UNKNOWN, /* inserted into a running drive. The next CBW ends this state. */
    HOLD_BETWEEN, /* the next OUT transfer is a CBW */
    HOLD_COMMAND, /* the next OUT transfer is data */
} HoldKnown;

struct Hold {
    UsbFunction base;
    UsbFunction *below;
    HoldPhase phase;
    int opcode;
    HoldStopped on_stopped;
    void *data;
    bool released;

    HoldKnown known;
    int command; /* operation code of the command under way, or -1 */

    UsbTransfer *out; /* stopped, not submitted yet */

    UsbTransfer *in; /* submitted, and its completion comes here */
    void (*complete)(UsbTransfer *transfer, void *data);
    void *complete_data;

    GBytes *answer;       /* stopped answer of the IN transfer, or NULL */
    UsbPhase answered;    /* phase of that answer */
    UsbTransfer *waiting; /* the pending IN transfer that will receive it, or NULL */
};

static bool hold_stops_at(const Hold *hold, HoldPhase phase)
{
    return !hold->released && hold->phase == phase && hold->command >= 0 &&
           (hold->opcode < 0 || hold->opcode == hold->command);
}

static void hold_attach(UsbFunction *function, UsbHost *host)
{
    UsbFunction *below = ((Hold *)function)->below;

    below->ops->attach(below, host);
}

static void hold_forget(Hold *hold)
{
    hold->known = HOLD_BETWEEN;
    hold->command = -1;
    g_clear_pointer(&hold->answer, g_bytes_unref);
}

static void hold_bulk_in(UsbFunction *function, UsbTransfer *transfer);

static void hold_control(UsbFunction *function, UsbTransfer *transfer)
{
    Hold *hold = (Hold *)function;
    const UsbSetup *setup = &transfer->setup;
    UsbTransfer *waiting = NULL;

    if (setup->bmRequestType == 0x21 && setup->bRequest == 0xff) { /* BOT 1.0 § 3.1 */
        waiting = g_steal_pointer(&hold->waiting);
        hold_forget(hold);
    }
    hold->below->ops->control(hold->below, transfer);
    if (waiting) {
        hold_bulk_in(function, waiting); /* for the next answer */
    }
}

/* True if the transfer is a CBW. Sets the command under way. */
static bool hold_parse_cbw(Hold *hold, const UsbTransfer *transfer)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(transfer->out, &length);
    BotCbw cbw;
    bool looks = bot_cbw_parse(bytes, length, &cbw);

    if (hold->known == HOLD_COMMAND || (hold->known == HOLD_UNKNOWN && !looks)) {
        return false;
    }
    hold->command = looks ? cbw.CBWCB[0] : -1;
    return true;
}

static void hold_pass_out(Hold *hold, UsbTransfer *transfer)
{
    if (hold->known != HOLD_UNKNOWN || hold->command >= 0) {
        hold->known = HOLD_COMMAND;
    }
    hold->below->ops->bulk_out(hold->below, transfer);
}

static void hold_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    Hold *hold = (Hold *)function;
    HoldPhase phase = hold_parse_cbw(hold, transfer) ? HOLD_CBW : HOLD_DATA;

    if (hold_stops_at(hold, phase)) {
        hold->out = transfer;
        hold->on_stopped(hold->data, (uint8_t)hold->command);
    } else {
        hold_pass_out(hold, transfer);
    }
}

static void hold_answer(Hold *hold)
{
    UsbTransfer *transfer = g_steal_pointer(&hold->waiting);
    g_autoptr(GBytes) answer = g_steal_pointer(&hold->answer);
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(answer, &length);

    usb_transfer_done(transfer, hold->answered, bytes, length);
}

/* The completion of an IN transfer that was submitted below. */
static void hold_in_completed(UsbTransfer *transfer, void *data)
{
    Hold *hold = data;
    bool done = transfer->result == USB_DONE;

    hold->in = NULL;
    transfer->complete = hold->complete;
    transfer->complete_data = hold->complete_data;
    if (done && ((transfer->phase == USB_PHASE_DATA_IN && hold_stops_at(hold, HOLD_DATA)) ||
                 (transfer->phase == USB_PHASE_CSW && hold_stops_at(hold, HOLD_CSW)))) {
        hold->answer = g_bytes_new(transfer->in, transfer->actual);
        hold->answered = transfer->phase;
        hold->waiting = transfer;
    }
    if (hold->waiting) {
        hold->on_stopped(hold->data, (uint8_t)hold->command);
    }
    if (done && transfer->phase == USB_PHASE_CSW) {
        hold->known = HOLD_BETWEEN;
    }
    if (!hold->waiting) {
        usb_transfer_complete(transfer);
    }
}

static void hold_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    Hold *hold = (Hold *)function;

    if (hold->answer) {
        hold->waiting = transfer;
        if (hold->released) {
            hold_answer(hold);
        }
        return;
    }
    hold->in = transfer;
    hold->complete = transfer->complete;
    hold->complete_data = transfer->complete_data;
    transfer->complete = hold_in_completed;
    transfer->complete_data = hold;
    hold->below->ops->bulk_in(hold->below, transfer);
}

static void hold_unwrap(Hold *hold)
{
    if (hold->in) {
        hold->in->complete = hold->complete;
        hold->in->complete_data = hold->complete_data;
        hold->in = NULL;
    }
}

static void hold_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    Hold *hold = (Hold *)function;

    if (hold->out == transfer) {
        hold->out = NULL;
    } else if (hold->waiting == transfer) {
        hold->waiting = NULL;
    } else {
        if (hold->in == transfer) {
            hold_unwrap(hold);
        }
        hold->below->ops->cancel(hold->below, transfer);
    }
}

static void hold_reset(UsbFunction *function, UsbReset kind)
{
    Hold *hold = (Hold *)function;

    hold_forget(hold);
    hold->below->ops->reset(hold->below, kind);
}

/* Never stopped. An interposer behind this one may need to see it. */
static bool hold_standard(UsbFunction *function, UsbTransfer *transfer)
{
    UsbFunction *below = ((Hold *)function)->below;

    return below->ops->standard && below->ops->standard(below, transfer);
}

Hold *hold_new(UsbFunction *below, HoldPhase phase, int opcode, HoldStopped on_stopped, void *data)
{
    static const UsbFunctionOps ops = {
        .attach = hold_attach,
        .control = hold_control,
        .bulk_out = hold_bulk_out,
        .bulk_in = hold_bulk_in,
        .cancel = hold_cancel,
        .reset = hold_reset,
        .standard = hold_standard,
    };
    Hold *hold = g_new(Hold, 1);

    *hold = (Hold){
        .base.ops = &ops,
        .below = below,
        .phase = phase,
        .opcode = opcode,
        .on_stopped = on_stopped,
        .data = data,
        .command = -1,
    };
    return hold;
}

void hold_free(Hold *hold)
{
    if (!hold) {
        return;
    }
    g_assert(!hold->out && !hold->waiting);
    hold_unwrap(hold);
    g_clear_pointer(&hold->answer, g_bytes_unref);
    g_free(hold);
}

UsbFunction *hold_function(Hold *hold)
{
    return &hold->base;
}

void hold_set_below(Hold *hold, UsbFunction *below)
{
    hold->below = below;
}

HoldPhase hold_phase(const Hold *hold)
{
    return hold->phase;
}

int hold_opcode(const Hold *hold)
{
    return hold->opcode;
}

int hold_stopped_opcode(const Hold *hold)
{
    return hold->out || hold->answer ? hold->command : -1;
}

void hold_release(Hold *hold)
{
    UsbTransfer *out = g_steal_pointer(&hold->out);

    hold->released = true;
    if (out) {
        hold_pass_out(hold, out);
    }
    if (hold->waiting) {
        hold_answer(hold);
    }
}

bool hold_released(const Hold *hold)
{
    return hold->released;
}

bool hold_idle(const Hold *hold)
{
    return hold->released && !hold->answer;
}
