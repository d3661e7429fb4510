/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Bulk-Only state machine.
 *
 * An event (a transfer, the target's data_phase or done, a reset) is only recorded. Then
 * bot_serve() runs one step after another, as long as the state and the pending events allow one.
 * bot_serve() never nests, so a completion that submits the next transfer, or a reset, finds the
 * machine between two steps. Therefore each step sets its new state first, and completes its
 * transfer or calls the target last.
 *
 *            CBW                     data_phase: out        host sent all
 *   IDLE ──────────▶ SUBMIT ─▶ COMMAND ────────▶ DATA_OUT ────────▶ HANDOVER
 *    ▲ │                        │  │                  │                 │
 *    │ │ invalid CBW       done │  │ data_phase: in   │ nothing to do   ▼
 *    │ ▼                        │  └──────────────────│───────────▶ EXECUTE
 *    │ WEDGED                   ▼                     │                 │ done
 *    │                  (4),(7),(8) STALL_IN ◀────────│─────────────────┤
 *    │                              │                 ▼                 ▼
 *    └────────── CSW sent ──────── CSW ◀───────────────────────── DATA_IN (if any)
 */
#include "emu/bot/bot.h"

#include "emu/bot/cases.h"
#include "emu/bot/wire.h"

#include <string.h>

typedef enum BotState {
    BOT_IDLE,     /* ready for a CBW. OUT: is one. IN: waits. */
    BOT_SUBMIT,   /* the CBW was acknowledged; next: the target gets its task */
    BOT_COMMAND,  /* the target decides. data_phase, done. OUT, IN: wait. */
    BOT_DATA_OUT, /* the host sends what it announced; OUT: data. IN: waits. */
    BOT_HANDOVER, /* all data arrived; next: the target gets it */
    BOT_EXECUTE,  /* the target works. done. OUT, IN: wait. */
    BOT_STALL_IN, /* next: bulk-in halts, and an IN that waits for data stalls */
    BOT_DATA_IN,  /* IN: data. OUT: waits. */
    BOT_CSW,      /* IN: gets the CSW, after a halt has been cleared. OUT: waits. */
    BOT_WEDGED,   /* after an invalid CBW; IN, OUT: stall. Only a reset leads out (§ 6.6.1). */
} BotState;

static const char *const state_names[] = {
    "idle",    "submit",   "command", "data-out", "handover",
    "execute", "stall-in", "data-in", "csw",      "wedged",
};

struct Bot {
    UsbFunction function; /* first: what the device holds is the Bot */
    UsbHost *host;
    ScsiTarget *target;
    Trace *trace;

    BotState state;
    bool serving;     /* bot_serve() is at work further up the stack */
    UsbTransfer *out; /* with us, not yet served */
    UsbTransfer *in;  /* the same */

    BotCbw cbw;
    ScsiDirection host_direction;
    ScsiTask task;
    bool with_target;               /* submitted, and neither done nor refused nor aborted */
    ScsiDirection device_direction; /* as data_phase said */
    uint32_t device_length;

    uint32_t received;  /* Data-Out: of dCBWDataTransferLength, so many came */
    uint32_t keep;      /* …of which the first so many are for the target */
    uint8_t *collected; /* …gathered here when they come in pieces: `keep` bytes */
    uint32_t sent;      /* Data-In: of `outcome.moved`, so many went */

    BotCase outcome; /* from the end of the command on */
    BotStatus status;
    uint8_t csw[BOT_CSW_LENGTH];
};

static void bot_enter(Bot *bot, BotState state)
{
    TRACE(bot->trace, BOT_STATE, "tag %08x: %s, was %s", bot->cbw.dCBWTag, state_names[state],
          state_names[bot->state]);
    bot->state = state;
}

static void bot_drop_data(Bot *bot)
{
    g_clear_pointer(&bot->task.out, g_bytes_unref);
    g_clear_pointer(&bot->collected, g_free);
}

/* The host's side of the data phase is over: only the CSW is left. */
static void bot_ready_csw(Bot *bot)
{
    bot_drop_data(bot);
    bot_csw_build(bot->csw, bot->cbw.dCBWTag, bot->outcome.residue, bot->status);
    bot_enter(bot, BOT_CSW);
}

static BotCase bot_judge(Bot *bot, ScsiDirection device, uint32_t length)
{
    return bot_case(bot->host_direction, bot->cbw.dCBWDataTransferLength, device, length);
}

/*
 * The command is over, or was refused: settles the CSW and what of the host's data phase is still
 * to come before it.
 */
static void bot_conclude(Bot *bot, BotCase outcome, BotStatus status)
{
    bot->outcome = outcome;
    bot->status = outcome.phase_error ? BOT_PHASE_ERROR : status;
    if (outcome.number != 1 && outcome.number != 6 && outcome.number != 12) {
        TRACE(bot->trace, BOT_CASE, "tag %08x: case %u, residue %u%s", bot->cbw.dCBWTag,
              outcome.number, outcome.residue, outcome.phase_error ? ", phase error" : "");
    }
    if (bot->host_direction == SCSI_DATA_IN && outcome.moved > 0) {
        bot->sent = 0;
        bot_enter(bot, BOT_DATA_IN);
    } else if (outcome.stall_in) {
        bot_enter(bot, BOT_STALL_IN);
    } else if (bot->host_direction == SCSI_DATA_OUT &&
               bot->received < bot->cbw.dCBWDataTransferLength) {
        bot->keep = 0;
        if (bot->state != BOT_DATA_OUT) {
            bot_enter(bot, BOT_DATA_OUT);
        }
    } else {
        bot_ready_csw(bot);
    }
}

/* § 6.6.1: both pipes stall until Reset Recovery. */
static void bot_refuse_cbw(Bot *bot, UsbTransfer *transfer)
{
    bot_enter(bot, BOT_WEDGED);
    bot->host->ops->wedge(bot->host, USB_BULK_IN);
    bot->host->ops->wedge(bot->host, USB_BULK_OUT);
    usb_transfer_done(transfer, USB_PHASE_CBW, NULL, transfer->length);
}

static void bot_set_up_task(Bot *bot)
{
    const BotCbw *cbw = &bot->cbw;
    ScsiTask *task = &bot->task;

    task->tag = cbw->dCBWTag;
    task->lun = cbw->bCBWLUN;
    task->cdb_length = cbw->bCBWCBLength;
    memset(task->cdb, 0, sizeof task->cdb);
    memcpy(task->cdb, cbw->CBWCB, cbw->bCBWCBLength);
    g_byte_array_set_size(task->in, 0);
    task->status = SCSI_GOOD;
    task->sense_length = 0;
    task->out_unused = 0;
}

/*
 * What a CBW that is valid but not meaningful (§ 6.2.2) gets is left open by the standard. It gets
 * a phase error: the command is not executed, the host must recover, and the pipes stay usable.
 */
static void bot_receive_cbw(Bot *bot)
{
    UsbTransfer *transfer = g_steal_pointer(&bot->out);
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(transfer->out, &length);

    if (!bot_cbw_parse(bytes, length, &bot->cbw)) {
        bot_refuse_cbw(bot, transfer);
        return;
    }
    bot->host_direction = bot->cbw.dCBWDataTransferLength == 0    ? SCSI_NO_DATA
                          : bot->cbw.bmCBWFlags & BOT_CBW_DATA_IN ? SCSI_DATA_IN
                                                                  : SCSI_DATA_OUT;
    bot->device_direction = SCSI_NO_DATA;
    bot->device_length = 0;
    bot->received = 0;
    bot->keep = 0;
    if (bot_cbw_is_meaningful(&bot->cbw, bot->target->ops->lun_count(bot->target))) {
        bot_set_up_task(bot);
        bot_enter(bot, BOT_SUBMIT);
    } else {
        BotCase nothing = bot_judge(bot, SCSI_NO_DATA, 0);

        nothing.phase_error = true;
        bot_conclude(bot, nothing, BOT_PHASE_ERROR);
    }
    usb_transfer_done(transfer, USB_PHASE_CBW, NULL, length);
}

static void bot_submit(Bot *bot)
{
    bot_enter(bot, BOT_COMMAND);
    bot->with_target = true;
    bot->target->ops->submit(bot->target, &bot->task);
}

/*
 * Keeps the part of the host's bytes that the target asked for. One transfer that has all of it is
 * kept by reference; pieces are gathered in a buffer of just the size that the target asked for.
 */
static void bot_keep_data(Bot *bot, GBytes *bytes)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(bytes, &length);

    if (length == 0 || bot->received >= bot->keep) {
        return;
    }
    if (bot->received == 0 && length == bot->keep) {
        bot->task.out = g_bytes_ref(bytes);
        return;
    }
    if (bot->received == 0 && length > bot->keep) {
        bot->task.out = g_bytes_new_from_bytes(bytes, 0, bot->keep);
        return;
    }
    if (!bot->collected) {
        bot->collected = g_malloc(bot->keep);
    }
    memcpy(bot->collected + bot->received, data, MIN(length, bot->keep - bot->received));
}

/* Bytes beyond what the host announced are accepted and discarded. */
static void bot_receive_data(Bot *bot)
{
    UsbTransfer *transfer = g_steal_pointer(&bot->out);
    size_t length = transfer->length;
    uint32_t announced = bot->cbw.dCBWDataTransferLength;

    bot_keep_data(bot, transfer->out);
    bot->received += (uint32_t)MIN(length, announced - bot->received);
    if (bot->received == announced) {
        if (bot->with_target) {
            bot_enter(bot, BOT_HANDOVER);
        } else {
            bot_ready_csw(bot);
        }
    }
    usb_transfer_done(transfer, USB_PHASE_DATA_OUT, NULL, length);
}

static void bot_hand_over(Bot *bot)
{
    if (!bot->task.out) {
        bot->task.out = g_bytes_new_take(g_steal_pointer(&bot->collected), bot->keep);
    }
    bot_enter(bot, BOT_EXECUTE);
    bot->target->ops->data_out(bot->target, &bot->task);
}

static void bot_stall_in(Bot *bot)
{
    UsbTransfer *transfer = g_steal_pointer(&bot->in);

    bot->host->ops->halt(bot->host, USB_BULK_IN);
    bot_ready_csw(bot);
    if (transfer) {
        usb_transfer_fail(transfer, USB_STALL);
    }
}

static void bot_send_data(Bot *bot)
{
    UsbTransfer *transfer = g_steal_pointer(&bot->in);
    const uint8_t *slice = bot->task.in->data + bot->sent;
    uint32_t length = (uint32_t)MIN(transfer->length, bot->outcome.moved - bot->sent);

    bot->sent += length;
    if (bot->sent == bot->outcome.moved) {
        if (bot->outcome.stall_in) {
            bot->host->ops->halt(bot->host, USB_BULK_IN);
        }
        bot_ready_csw(bot);
    }
    usb_transfer_done(transfer, USB_PHASE_DATA_IN, slice, length);
}

/* A transfer too small for the CSW babbles, as 13 bytes in one packet would; the CSW stays. */
static void bot_send_csw(Bot *bot)
{
    UsbTransfer *transfer = g_steal_pointer(&bot->in);

    if (transfer->length < BOT_CSW_LENGTH) {
        transfer->phase = USB_PHASE_CSW;
        usb_transfer_fail(transfer, USB_BABBLE);
        return;
    }
    bot_enter(bot, BOT_IDLE);
    usb_transfer_done(transfer, USB_PHASE_CSW, bot->csw, BOT_CSW_LENGTH);
}

static void bot_stall_any(Bot *bot)
{
    UsbTransfer *transfer = bot->in ? g_steal_pointer(&bot->in) : g_steal_pointer(&bot->out);

    usb_transfer_fail(transfer, USB_STALL);
}

typedef void (*BotStep)(Bot *bot);

/* The step that the state and the pending events allow. NULL: none. */
static BotStep bot_next_step(const Bot *bot)
{
    switch (bot->state) {
    case BOT_IDLE:
        return bot->out ? bot_receive_cbw : NULL;
    case BOT_SUBMIT:
        return bot_submit;
    case BOT_DATA_OUT:
        return bot->out ? bot_receive_data : NULL;
    case BOT_HANDOVER:
        return bot_hand_over;
    case BOT_STALL_IN:
        return bot_stall_in;
    case BOT_DATA_IN:
        return bot->in ? bot_send_data : NULL;
    case BOT_CSW:
        return bot->in ? bot_send_csw : NULL;
    case BOT_WEDGED:
        return bot->in || bot->out ? bot_stall_any : NULL;
    case BOT_COMMAND:
    case BOT_EXECUTE:
        break;
    }
    return NULL;
}

static void bot_serve(Bot *bot)
{
    BotStep step;

    if (bot->serving) {
        return;
    }
    bot->serving = true;
    while ((step = bot_next_step(bot)) != NULL) {
        step(bot);
    }
    bot->serving = false;
}

static Bot *task_bot(ScsiTask *task)
{
    return (Bot *)(void *)((uint8_t *)task - G_STRUCT_OFFSET(Bot, task));
}

/* The target wants to move data: is that what the host expects? */
static bool task_data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    Bot *bot = task_bot(task);
    BotCase outcome = bot_judge(bot, direction, length);

    g_assert(bot->with_target && bot->state == BOT_COMMAND);
    g_assert(length <= SCSI_DATA_MAX);
    bot->device_direction = direction;
    bot->device_length = length;
    if (outcome.phase_error) {
        bot->with_target = false;
        bot_conclude(bot, outcome, BOT_PHASE_ERROR);
    } else if (direction == SCSI_DATA_OUT) {
        bot->keep = length;
        bot_enter(bot, bot->host_direction == SCSI_DATA_OUT ? BOT_DATA_OUT : BOT_HANDOVER);
    } else {
        bot_enter(bot, BOT_EXECUTE);
    }
    bot_serve(bot);
    return !outcome.phase_error;
}

/* The result of the device, which may have moved less than it announced. */
static uint32_t bot_device_moved(const Bot *bot)
{
    if (bot->device_direction == SCSI_DATA_IN) {
        return MIN(bot->task.in->len, bot->device_length);
    }
    return bot->device_length - MIN(bot->task.out_unused, bot->device_length);
}

static void task_done(ScsiTask *task)
{
    Bot *bot = task_bot(task);

    g_assert(bot->with_target && (bot->state == BOT_COMMAND || bot->state == BOT_EXECUTE));
    bot->with_target = false;
    bot_conclude(bot, bot_judge(bot, bot->device_direction, bot_device_moved(bot)),
                 task->status == SCSI_GOOD ? BOT_PASSED : BOT_FAILED);
    bot_serve(bot);
}

static const ScsiTaskOps task_ops = {
    .data_phase = task_data_phase,
    .done = task_done,
};

/* Ends the task and makes ready for the next CBW. Transfers that wait go on waiting. */
static void bot_restart(Bot *bot, ScsiReset kind)
{
    if (bot->with_target) {
        bot->with_target = false;
        bot->target->ops->abort(bot->target, &bot->task);
    }
    bot_drop_data(bot);
    if (bot->state != BOT_IDLE) {
        bot_enter(bot, BOT_IDLE);
    }
    bot->target->ops->reset(bot->target, kind);
}

static void function_attach(UsbFunction *function, UsbHost *host)
{
    Bot *bot = (Bot *)function;

    bot->host = host;
}

static bool setup_is(const UsbSetup *setup, uint8_t bmRequestType, uint8_t bRequest,
                     uint16_t wLength)
{
    return setup->bmRequestType == bmRequestType && setup->bRequest == bRequest &&
           setup->wValue == 0 && setup->wIndex == 0 && setup->wLength == wLength;
}

/* The two class requests, each exactly as § 3.1 and § 3.2 write it; all else stalls. */
static void function_control(UsbFunction *function, UsbTransfer *transfer)
{
    Bot *bot = (Bot *)function;

    if (setup_is(&transfer->setup, 0xa1, 0xfe, 1)) { /* Get Max LUN */
        uint8_t max_lun = (uint8_t)(bot->target->ops->lun_count(bot->target) - 1);

        usb_transfer_done(transfer, USB_PHASE_CONTROL, &max_lun, 1);
    } else if (setup_is(&transfer->setup, 0x21, 0xff, 0)) { /* Bulk-Only Mass Storage Reset */
        /* Halts stay (§ 3.1), but CLEAR_FEATURE has its effect again (§ 5.3.4). */
        bot_restart(bot, SCSI_RESET_TRANSPORT);
        bot->host->ops->unwedge(bot->host);
        usb_transfer_done(transfer, USB_PHASE_CONTROL, NULL, 0);
        bot_serve(bot);
    } else {
        usb_transfer_fail(transfer, USB_STALL);
    }
}

static void function_bulk_out(UsbFunction *function, UsbTransfer *transfer)
{
    Bot *bot = (Bot *)function;

    g_assert(!bot->out);
    bot->out = transfer;
    bot_serve(bot);
}

static void function_bulk_in(UsbFunction *function, UsbTransfer *transfer)
{
    Bot *bot = (Bot *)function;

    g_assert(!bot->in);
    bot->in = transfer;
    bot_serve(bot);
}

/* The next transfer moves the data of this one, which were not used. */
static void function_cancel(UsbFunction *function, UsbTransfer *transfer)
{
    Bot *bot = (Bot *)function;

    if (bot->out == transfer) {
        bot->out = NULL;
    } else if (bot->in == transfer) {
        bot->in = NULL;
    }
}

static void function_reset(UsbFunction *function, UsbReset kind)
{
    Bot *bot = (Bot *)function;

    bot_restart(bot, kind == USB_RESET_BUS ? SCSI_RESET_BUS : SCSI_RESET_TRANSPORT);
}

static const UsbFunctionOps function_ops = {
    .attach = function_attach,
    .control = function_control,
    .bulk_out = function_bulk_out,
    .bulk_in = function_bulk_in,
    .cancel = function_cancel,
    .reset = function_reset,
};

Bot *bot_new(ScsiTarget *target, Trace *trace)
{
    Bot *bot = g_new0(Bot, 1);

    bot->function.ops = &function_ops;
    bot->target = target;
    bot->trace = trace;
    bot->task.ops = &task_ops;
    bot->task.in = g_byte_array_new();
    return bot;
}

void bot_free(Bot *bot)
{
    if (!bot) {
        return;
    }
    if (bot->with_target) {
        bot->target->ops->abort(bot->target, &bot->task);
    }
    bot_drop_data(bot);
    g_byte_array_unref(bot->task.in);
    g_free(bot);
}

UsbFunction *bot_function(Bot *bot)
{
    return &bot->function;
}

void bot_set_target(Bot *bot, ScsiTarget *target)
{
    bot->target = target;
}
