/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/bot/judge.h"

#include "emu/base/bytes.h"
#include "emu/bot/wire.h"

#include <string.h>

#define REQUEST_SENSE 0x03

/* What a short packet is depends on the packet's size. A multiple of the smallest bulk packet of a
 * tape drive's speeds is never taken for one; an IN of more than the largest cannot be for a CSW.
 */
#define PACKET_MIN 64u
#define PACKET_MAX 1024u

/* Data, CSW and its second attempt may each stall once (BOT 1.0 figure 2). */
#define CLEARS_MAX 3u
/* The host reads a CSW twice at most. */
#define CSW_STALLS_MAX 2u

/* Standard requests (USB 2.0 table 9-4) to what they name. */
enum {
    TO_DEVICE = 0x00,
    TO_INTERFACE = 0x01,
    TO_ENDPOINT = 0x02,
    CLEAR_FEATURE = 1,
    ENDPOINT_HALT = 0,
};

typedef struct JudgePipe {
    bool halted;     /* the host has been answered a STALL */
    bool asked;      /* to be cleared, since the class reset */
    bool cleared;    /* …and it was */
    unsigned clears; /* since a byte moved */
} JudgePipe;

struct BotJudge {
    UsbMonitor monitor;
    void (*found)(void *data, const BotFinding *finding);
    void *data;
    uint64_t transfers;

    bool configured;
    JudgePipe in, out;

    unsigned outstanding;          /* CBWs without their CSW */
    bool overlapped;               /* two of them met: nothing is known of either */
    const UsbTransfer *cbw_moving; /* compared only: may be gone. NULL: none */
    bool cbw_is_valid;             /* …that one */

    /* The last CBW. */
    bool has_cbw;
    BotCbw cbw;
    uint32_t out_announced;
    uint32_t out_left, in_left; /* of its data */
    bool out_short, in_short;   /* a short packet has ended them */
    unsigned csw_stalls;

    const char *due;   /* why Reset Recovery is; NULL: it is not */
    bool was_reset;    /* the class reset came after the last CBW */
    bool blamed_order; /* …and the order of what followed is a finding already */
    bool has_sense;    /* a command failed, and its sense data was not asked for */
    uint8_t sense_lun;
};

/* ---- the rules ---- */

static const struct {
    const char *key;
    bool advice;
    const char *clause, *about;
} rules[] = {
#define VIOLATION                               false
#define ADVICE                                  true
#define BOT_RULE(id, key, level, clause, about) { key, level, clause, about },
#include "emu/bot/judge-rules.def"
#undef BOT_RULE
#undef VIOLATION
#undef ADVICE
};

const char *bot_rule_key(BotRule rule)
{
    return rules[rule].key;
}

const char *bot_rule_clause(BotRule rule)
{
    return rules[rule].clause;
}

const char *bot_rule_about(BotRule rule)
{
    return rules[rule].about;
}

bool bot_rule_is_advice(BotRule rule)
{
    return rules[rule].advice;
}

static void judge_report(BotJudge *judge, BotRule rule, const char *why)
{
    BotFinding finding = { .rule = rule,
                           .transfer = judge->transfers,
                           .tag = judge->has_cbw ? judge->cbw.dCBWTag : 0,
                           .why = why };

    judge->found(judge->data, &finding);
}

/* ---- what ends each duty ---- */

/* The device is ready for a CBW (BOT 1.0 § 3.1). */
static void judge_forget_command(BotJudge *judge)
{
    judge->outstanding = 0;
    judge->overlapped = false;
    judge->cbw_moving = NULL;
    judge->out_left = 0;
    judge->in_left = 0;
    judge->out_short = false;
    judge->in_short = false;
    judge->csw_stalls = 0;
    judge->has_sense = false;
}

static void judge_forget_all(BotJudge *judge)
{
    judge_forget_command(judge);
    judge->in = (JudgePipe){ 0 };
    judge->out = (JudgePipe){ 0 };
    judge->has_cbw = false;
    judge->due = NULL;
    judge->was_reset = false;
    judge->blamed_order = false;
}

/* ---- bulk-out ---- */

static void judge_recovery_before_cbw(BotJudge *judge)
{
    const char *due = g_steal_pointer(&judge->due);

    if (due && !judge->was_reset) {
        judge_report(judge, BOT_RULE_RECOVERY_MISSING, due);
    } else if (due && !judge->blamed_order && !(judge->in.cleared && judge->out.cleared)) {
        judge_report(judge, BOT_RULE_RECOVERY_INCOMPLETE, due);
    } else if (judge->out.halted) {
        judge_report(judge, BOT_RULE_HALT_NOT_CLEARED, NULL);
    }
    judge->was_reset = false;
    judge->blamed_order = false;
}

static bool has_reserved_bits(const BotCbw *cbw)
{
    return !bot_cbw_is_meaningful(cbw, 16);
}

static void judge_valid_cbw(BotJudge *judge, const BotCbw *cbw)
{
    bool repeated = judge->has_cbw && judge->cbw.dCBWTag == cbw->dCBWTag;
    bool in = cbw->bmCBWFlags & BOT_CBW_DATA_IN;

    judge->has_cbw = true;
    judge->cbw = *cbw;
    judge->out_announced = in ? 0 : cbw->dCBWDataTransferLength;
    judge->out_left = judge->out_announced;
    judge->in_left = in ? cbw->dCBWDataTransferLength : 0;
    judge->out_short = false;
    judge->in_short = false;
    judge->csw_stalls = 0;
    judge->outstanding++;
    if (has_reserved_bits(cbw)) {
        judge_report(judge, BOT_RULE_CBW_RESERVED, NULL);
    }
    if (repeated) {
        judge_report(judge, BOT_RULE_TAG_REPEATED, NULL);
    }
    if (judge->has_sense && (cbw->bCBWLUN & 0x0f) == judge->sense_lun) {
        judge->has_sense = false;
        if (cbw->CBWCB[0] != REQUEST_SENSE) {
            judge_report(judge, BOT_RULE_SENSE_MISSING, NULL);
        }
    }
}

/* A CBW is due. */
static void judge_cbw(BotJudge *judge, const UsbTransfer *transfer, const BotCbw *cbw)
{
    judge_recovery_before_cbw(judge);
    judge->cbw_moving = transfer;
    judge->cbw_is_valid = cbw != NULL;
    if (cbw) {
        judge_valid_cbw(judge, cbw);
    } else {
        judge_report(judge, BOT_RULE_CBW_INVALID, NULL);
    }
}

static void judge_overlap(BotJudge *judge, const BotCbw *cbw)
{
    judge_forget_command(judge);
    judge->overlapped = true;
    judge->outstanding = 1; /* of them all, the last CSW counts */
    judge->has_cbw = true;
    judge->cbw = *cbw;
    judge_report(judge, BOT_RULE_CBW_BEFORE_CSW, NULL);
}

static void judge_data_out(BotJudge *judge, size_t length)
{
    if (judge->out_short) {
        judge_report(judge, BOT_RULE_DATA_AFTER_SHORT, NULL);
    } else if (length > judge->out_left || judge->out_left == 0) {
        judge_report(judge, BOT_RULE_DATA_BEYOND_LENGTH, NULL);
    } else if (judge->out.halted) {
        judge_report(judge, BOT_RULE_HALT_NOT_CLEARED, NULL);
    }
    judge->out_left -= (uint32_t)MIN(length, judge->out_left);
    judge->out_short |= judge->out_left > 0 && (length == 0 || length % PACKET_MIN != 0);
}

/*
 * A CBW, or data? While data is due, 31 bytes of a CBW in its midst are one all the same, unless
 * they are just the rest of it: as data they would be a short packet before the end.
 */
static void judge_out(BotJudge *judge, const UsbTransfer *transfer)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(transfer->out, &length);
    BotCbw cbw;
    bool valid = bot_cbw_parse(bytes, length, &cbw);

    if (judge->outstanding == 0) {
        judge_cbw(judge, transfer, valid ? &cbw : NULL);
    } else if (valid && judge->out_left != BOT_CBW_LENGTH) {
        judge_overlap(judge, &cbw);
    } else if (!judge->overlapped) {
        judge_data_out(judge, length);
    }
}

static void judge_cbw_ended(BotJudge *judge, const UsbTransfer *transfer)
{
    judge->cbw_moving = NULL;
    if (transfer->result == USB_STALL) {
        judge->due = "the CBW stalled";
    } else if (transfer->result == USB_DONE && !judge->cbw_is_valid) {
        judge->due = "the CBW was not valid";
    }
    /* The device did not accept it. */
    if (transfer->result != USB_DONE && judge->cbw_is_valid) {
        judge_forget_command(judge);
    }
}

static void judge_out_ended(BotJudge *judge, const UsbTransfer *transfer)
{
    if (transfer == judge->cbw_moving) {
        judge_cbw_ended(judge, transfer);
    } else if (transfer->result == USB_STALL) {
        judge->out_left = 0; /* the device wants no more; the CSW is next */
    } else if (transfer->result != USB_DONE && judge->outstanding > 0 && !judge->overlapped) {
        /* The host cannot know how much of it was taken, and may send it again. */
        judge->out_left = (uint32_t)MIN(judge->out_left + transfer->length, judge->out_announced);
        judge->out_short = false;
    }
}

/* ---- bulk-in ---- */

static void judge_in(BotJudge *judge, const UsbTransfer *transfer)
{
    if (judge->due && judge->csw_stalls >= CSW_STALLS_MAX && !judge->was_reset) {
        judge_report(judge, BOT_RULE_RECOVERY_MISSING, g_steal_pointer(&judge->due));
    } else if (judge->in.halted && !judge->overlapped) {
        judge_report(judge, BOT_RULE_HALT_NOT_CLEARED, NULL);
    }
    if (judge->in_short && transfer->length > PACKET_MAX) {
        judge->in_short = false;
        judge_report(judge, BOT_RULE_DATA_AFTER_SHORT, NULL);
    }
}

/* A device may send its CSW where the host waits for data. */
static bool is_csw(const BotJudge *judge, const UsbTransfer *transfer)
{
    return transfer->phase == USB_PHASE_CSW ||
           (transfer->actual == BOT_CSW_LENGTH && get_le32(transfer->in) == BOT_CSW_SIGNATURE &&
            get_le32(transfer->in + 4) == judge->cbw.dCBWTag);
}

/* BOT 1.0 § 6.3; one that is valid, and not meaningful, leaves the host free (§ 6.5). */
static bool csw_is_valid(const BotJudge *judge, const UsbTransfer *transfer)
{
    return transfer->actual == BOT_CSW_LENGTH && get_le32(transfer->in) == BOT_CSW_SIGNATURE &&
           get_le32(transfer->in + 4) == judge->cbw.dCBWTag;
}

static void judge_csw(BotJudge *judge, const UsbTransfer *transfer)
{
    bool overlapped = judge->overlapped;
    bool ends_all = !overlapped || csw_is_valid(judge, transfer);

    if (!ends_all) {
        return;
    }
    judge_forget_command(judge);
    if (overlapped) {
        return;
    }
    if (!csw_is_valid(judge, transfer)) {
        judge->due = "the CSW was not valid";
    } else if (transfer->in[12] == BOT_PHASE_ERROR) {
        judge->due = "the CSW reported a phase error";
    } else if (transfer->in[12] == BOT_FAILED && judge->cbw.CBWCB[0] != REQUEST_SENSE) {
        judge->has_sense = true;
        judge->sense_lun = judge->cbw.bCBWLUN & 0x0f;
    }
}

static void judge_in_ended(BotJudge *judge, const UsbTransfer *transfer)
{
    if (judge->outstanding == 0) {
        return;
    }
    if (transfer->result == USB_DONE && transfer->in && transfer->actual > 0 &&
        is_csw(judge, transfer)) {
        judge_csw(judge, transfer);
    } else if (transfer->result == USB_DONE) {
        judge->in_short |= judge->in_left > 0 && transfer->actual < transfer->length;
        judge->in_left -= (uint32_t)MIN(transfer->actual, judge->in_left);
    } else if (transfer->result == USB_STALL && judge->in_left > 0 && !judge->in_short) {
        judge->in_left = 0; /* there is no more data; the CSW is next */
    } else if (transfer->result == USB_STALL && !judge->overlapped &&
               ++judge->csw_stalls == CSW_STALLS_MAX) {
        judge->due = "the CSW stalled twice";
    }
}

/* ---- the control endpoint ---- */

static bool request_is(const UsbTransfer *transfer, uint8_t bmRequestType, uint8_t bRequest)
{
    return transfer->setup.bmRequestType == bmRequestType && transfer->setup.bRequest == bRequest;
}

/* The endpoint that CLEAR_FEATURE(ENDPOINT_HALT) names; NULL: it is another request. */
static JudgePipe *cleared_pipe(BotJudge *judge, const UsbTransfer *transfer)
{
    if (!request_is(transfer, TO_ENDPOINT, CLEAR_FEATURE) ||
        transfer->setup.wValue != ENDPOINT_HALT) {
        return NULL;
    }
    return transfer->setup.wIndex == USB_BULK_IN    ? &judge->in
           : transfer->setup.wIndex == USB_BULK_OUT ? &judge->out
                                                    : NULL;
}

static bool is_class_reset(const UsbTransfer *transfer)
{
    return request_is(transfer, 0x21, 0xff);
}

static void judge_control(BotJudge *judge, const UsbTransfer *transfer)
{
    JudgePipe *pipe = cleared_pipe(judge, transfer);

    if (!pipe) {
        return;
    }
    if (judge->was_reset && pipe == &judge->out && !judge->in.asked && !judge->blamed_order) {
        judge->blamed_order = true;
        judge_report(judge, BOT_RULE_RECOVERY_ORDER, NULL);
    }
    pipe->asked = true;
    if (++pipe->clears == CLEARS_MAX + 1) {
        judge_report(judge, BOT_RULE_ENDLESS_CLEARING, NULL);
    }
}

static void judge_control_ended(BotJudge *judge, const UsbTransfer *transfer)
{
    JudgePipe *pipe = cleared_pipe(judge, transfer);

    if (transfer->result != USB_DONE) {
        return;
    }
    if (pipe) {
        pipe->halted = false;
        pipe->cleared = true;
    } else if (is_class_reset(transfer)) {
        judge_forget_command(judge);
        judge->in.clears = judge->out.clears = 0;
        judge->in.asked = judge->out.asked = false;
        judge->in.cleared = judge->out.cleared = false;
        judge->was_reset = true;
        judge->blamed_order = false;
    } else if (request_is(transfer, TO_DEVICE, USB_SET_CONFIGURATION)) {
        judge_forget_all(judge);
        judge->configured = transfer->setup.wValue != 0;
    } else if (request_is(transfer, TO_INTERFACE, USB_SET_INTERFACE)) {
        judge_forget_all(judge);
    }
}

/* ---- the monitor ---- */

static uint64_t judge_submitted(UsbMonitor *monitor, const UsbTransfer *transfer)
{
    BotJudge *judge = (BotJudge *)monitor;

    judge->transfers++;
    if ((transfer->endpoint & 0x0f) == 0) {
        judge_control(judge, transfer);
    } else if (judge->configured && transfer->endpoint == USB_BULK_OUT) {
        judge_out(judge, transfer);
    } else if (judge->configured && transfer->endpoint == USB_BULK_IN) {
        judge_in(judge, transfer);
    }
    return judge->transfers;
}

static void note_answer(JudgePipe *pipe, const UsbTransfer *transfer)
{
    pipe->halted |= transfer->result == USB_STALL;
    if (transfer->result == USB_DONE && transfer->actual > 0) {
        pipe->clears = 0;
    }
}

static void judge_completed(UsbMonitor *monitor, uint64_t number, const UsbTransfer *transfer)
{
    BotJudge *judge = (BotJudge *)monitor;

    if ((transfer->endpoint & 0x0f) == 0) {
        judge_control_ended(judge, transfer);
    } else if (judge->configured && transfer->endpoint == USB_BULK_OUT) {
        note_answer(&judge->out, transfer);
        judge_out_ended(judge, transfer);
    } else if (judge->configured && transfer->endpoint == USB_BULK_IN) {
        note_answer(&judge->in, transfer);
        judge_in_ended(judge, transfer);
    }
}

static void judge_reset(UsbMonitor *monitor)
{
    BotJudge *judge = (BotJudge *)monitor;

    judge_forget_all(judge);
    judge->configured = false;
}

BotJudge *bot_judge_new(void (*found)(void *data, const BotFinding *finding), void *data)
{
    static const UsbMonitorOps ops = { .submitted = judge_submitted,
                                       .completed = judge_completed,
                                       .reset = judge_reset };
    BotJudge *judge = g_new0(BotJudge, 1);

    judge->monitor.ops = &ops;
    judge->found = found;
    judge->data = data;
    judge->configured = true; /* a device that is not stalls everything, and is reset first */
    return judge;
}

void bot_judge_free(BotJudge *judge)
{
    g_free(judge);
}

UsbMonitor *bot_judge_monitor(BotJudge *judge)
{
    return &judge->monitor;
}
