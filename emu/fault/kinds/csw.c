/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command status wrappers that are wrong, late or missing (BOT § 5.2, § 6.3). */
#include "emu/base/bytes.h"
#include "emu/bot/wire.h"
#include "emu/fault/at-task.h"
#include "emu/fault/at-transfer.h"
#include "emu/fault/kinds.h"

static bool zero_length(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_answer(at, transfer, "", 0);
    return true;
}

const FaultKind fault_usb_zlp_before_csw = {
    .name = "usb.zlp-before-csw",
    .about = "an empty packet comes where the CSW should",
    .right = "read the CSW once more",
    .evidence = "Linux usb-storage transport.c, usb_stor_Bulk_transport()",
    .example = "{name: usb.zlp-before-csw, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_TRANSPARENT,
    .phase = FAULT_PHASE_CSW,
    .on_transfer = zero_length,
};

static bool expects_data_in(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;

    return (transfer->endpoint & 0x80) && transfer->length >= BOT_CSW_LENGTH;
}

static bool csw_in_data(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_abandon(at, 1, at_transfer_cbw(at)->length);
    at_task_set_next_sense(rule->plan->in_place->at_task, &(FaultSense){ .code = 0x0b4b00 });
    at_transfer_answer_csw(at, transfer);
    return true;
}

const FaultKind fault_usb_csw_in_data = {
    .name = "usb.csw-in-data",
    .about = "the device skips its data phase: the CSW, failed, comes in place of the data",
    .right = "recognise the CSW and use it; never use it as data",
    .evidence = "Linux usb-storage transport.c, usb_stor_Bulk_transport()",
    .example = "{name: usb.csw-in-data, on: \"READ(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_IN,
    .fits = expects_data_in,
    .on_transfer = csw_in_data,
};

enum { DELAY };

static bool late(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_delay(at, transfer, fault_number(rule, DELAY));
    return true;
}

const FaultKind fault_usb_csw_late = {
    .name = "usb.csw-late",
    .about = "the command is done at once, its CSW comes after `delay`",
    .right = "wait; after a time-out do not simply send the command again: it was executed",
    .evidence = "Sony KB 6495 (Event 9)",
    .example = "{name: usb.csw-late, on: \"WRITE(6)#5\", delay: 2s}",
    .class_ = FAULT_REPORTED,
    .params = { { "delay", "how late", FAULT_DURATION } },
    .phase = FAULT_PHASE_CSW,
    .on_complete = late,
};

static bool lose(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_delay(at, transfer, FAULT_FOR_EVER);
    return true;
}

const FaultKind fault_usb_csw_lost = {
    .name = "usb.csw-lost",
    .about = "the command is done and its CSW never comes",
    .right = "time out, Reset Recovery; the command was executed: look at the position",
    .evidence = "wl500g #19",
    .example = "{name: usb.csw-lost, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    .phase = FAULT_PHASE_CSW,
    .on_complete = lose,
};

enum { TAG };

static bool wrong_tag(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    const FaultCbw *cbw = at_transfer_cbw(at);
    const uint32_t tags[] = { cbw->previous_tag, cbw->tag + 1, 0 };

    put_le32(at_transfer_edit(at, transfer, transfer->actual) + 4, tags[fault_number(rule, TAG)]);
    return false;
}

const FaultKind fault_usb_csw_tag = {
    .name = "usb.csw-tag",
    .about = "the CSW has the tag of another command",
    .right = "Reset Recovery; what the command did is not known",
    .evidence = "Linux unusual_devs.h BULK_IGNORE_TAG, 7 devices",
    .example = "{name: usb.csw-tag, on: \"WRITE(6)#5\", tag: next}",
    .class_ = FAULT_REPORTED,
    .params = { { "tag", "which", FAULT_CHOICE, "previous", .words = "previous next zero" } },
    .phase = FAULT_PHASE_CSW,
    .on_complete = wrong_tag,
};

enum { SIGNATURE };

static bool wrong_signature(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    put_le32(at_transfer_edit(at, transfer, transfer->actual),
             (uint32_t)fault_number(rule, SIGNATURE));
    return false;
}

const FaultKind fault_usb_csw_signature = {
    .name = "usb.csw-signature",
    .about = "the CSW does not begin with USBS",
    .right = "Reset Recovery; what the command did is not known",
    .evidence = "Linux usb-storage transport.c (devices with signatures of their own)",
    .example = "{name: usb.csw-signature, on: \"WRITE(6)#5\"}",
    .class_ = FAULT_REPORTED,
    /* "USBC", the signature of a CBW */
    .params = { { "signature", "dCSWSignature", FAULT_NUMBER, "0x43425355", 0, G_MAXUINT32 } },
    .phase = FAULT_PHASE_CSW,
    .on_complete = wrong_signature,
};

enum { RESIDUE, BY };

static bool has_data(const FaultRule *rule, const void *subject)
{
    return at_transfer_cbw(rule->plan->in_place->at_transfer)->length > 0;
}

static bool wrong_residue(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    uint32_t length = at_transfer_cbw(at)->length;
    uint32_t by = (uint32_t)fault_number(rule, BY);
    const uint32_t residues[] = { 0, length, length + by, MIN(by, length) };

    put_le32(at_transfer_edit(at, transfer, transfer->actual) + 8,
             residues[fault_number(rule, RESIDUE)]);
    return false;
}

const FaultKind fault_usb_csw_residue = {
    .name = "usb.csw-residue",
    .about = "dCSWDataResidue is not what was left over",
    .right = "more than was asked for: Reset Recovery. Else it has to be believed",
    .evidence = "Linux unusual_devs.h IGNORE_RESIDUE, 48 devices; LTFS #51",
    .example = "{name: usb.csw-residue, on: \"WRITE(6)#5\", residue: some, by: 512}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "residue", "none of the data, all, `by` more than all, `by`", FAULT_CHOICE,
                  "full", .words = "zero full beyond some" },
                { "by", "for beyond and some", FAULT_SIZE, "1", 1, G_MAXUINT32 } },
    .phase = FAULT_PHASE_CSW,
    .fits = has_data,
    .on_complete = wrong_residue,
};

enum { STATUS };

static bool wrong_status(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_edit(at, transfer, transfer->actual)[12] = (uint8_t)fault_number(rule, STATUS);
    return false;
}

const FaultKind fault_usb_csw_status = {
    .name = "usb.csw-status",
    .about = "bCSWStatus is 2 (phase error), or a value that is reserved",
    .right = "Reset Recovery; what the command did is not known",
    .evidence = "BOT § 6.7; Linux usb-storage transport.c",
    .example = "{name: usb.csw-status, on: \"WRITE(6)#5\", status: 2}",
    .class_ = FAULT_REPORTED,
    .params = { { "status", "bCSWStatus", FAULT_NUMBER, "2", 1, 255 } },
    .phase = FAULT_PHASE_CSW,
    .on_complete = wrong_status,
};

enum { LENGTH };

static bool wrong_length(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_edit(at, transfer, (size_t)fault_number(rule, LENGTH));
    return false;
}

const FaultKind fault_usb_csw_length = {
    .name = "usb.csw-length",
    .about = "the CSW is not 13 bytes long; a longer one babbles",
    .right = "Reset Recovery: it is not a valid CSW",
    .evidence = "BOT § 6.3",
    .example = "{name: usb.csw-length, on: \"WRITE(6)#5\", length: 12}",
    .class_ = FAULT_REPORTED,
    .params = { { "length", "bytes", FAULT_SIZE, "12", 0, 512 } },
    .phase = FAULT_PHASE_CSW,
    .on_complete = wrong_length,
};
