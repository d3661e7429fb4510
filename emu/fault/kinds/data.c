/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data phases that move more or fewer bytes than announced. */
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-task.h"
#include "emu/fault/at-transfer.h"
#include "emu/fault/kinds.h"

static bool is_in(const void *subject)
{
    return ((const UsbTransfer *)subject)->endpoint & 0x80;
}

enum { SHORT_LENGTH, SHORT_RESIDUE };
enum { RESIDUE_TRUE, RESIDUE_LIE };

static bool longer_in(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;

    return is_in(subject) && transfer->actual > (size_t)fault_number(rule, SHORT_LENGTH);
}

static bool short_in(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    size_t length = (size_t)fault_number(rule, SHORT_LENGTH);

    at_transfer_edit(at, transfer, length);
    if (fault_number(rule, SHORT_RESIDUE) == RESIDUE_TRUE) {
        at_transfer_set_residue(at, at_transfer_cbw(at)->length - (uint32_t)length, false);
    }
    return false;
}

const FaultKind fault_usb_short_in = {
    .name = "usb.short-in",
    .about = "the device sends `length` bytes and then its CSW, as if that were all",
    .right = "report how much came: by the bytes, not by the residue alone",
    .evidence = "short records without an error",
    .example = "{name: usb.short-in, on: \"READ(6)#5\", length: 4KiB, residue: lie}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "length", "bytes that are sent", FAULT_SIZE, "512", 1, 1 << 30 },
                { "residue", "what the CSW says of it", FAULT_CHOICE, "true",
                  .words = "true lie" } },
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_IN,
    .fits = longer_in,
    .on_complete = short_in,
};

/* The field TRANSFER LENGTH of WRITE(6) or WRITE(16) (SSC-3 § 6.7, § 6.8). */
static uint8_t *transfer_length(ScsiTask *task)
{
    return task->cdb + (task->cdb[0] == 0x0a ? 2 : 12);
}

static bool longer_write(const FaultRule *rule, const void *subject)
{
    ScsiTask *task = (ScsiTask *)subject;

    return !(task->cdb[1] & 1) &&
           get_be24(transfer_length(task)) > fault_number(rule, SHORT_LENGTH);
}

static bool short_out(AtTask *at, FaultRule *rule, ScsiTask *task)
{
    put_be24(transfer_length(task), (uint32_t)fault_number(rule, SHORT_LENGTH));
    if (fault_number(rule, SHORT_RESIDUE) == RESIDUE_LIE) {
        at_transfer_set_residue(rule->plan->in_place->at_transfer, 0, false);
    }
    return false;
}

const FaultKind fault_usb_short_out = {
    .name = "usb.short-out",
    .about = "the device uses the first `length` bytes of a WRITE and ends it well",
    .right = "look at dCSWDataResidue: the write was short",
    .evidence = "BOT § 6.7.3",
    .example = "{name: usb.short-out, on: \"WRITE(6)#5\", length: 4KiB, residue: lie}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = { { "length", "bytes that are used", FAULT_SIZE, "512", 1, 0xffffff },
                { "residue", "what the CSW says of it", FAULT_CHOICE, "true",
                  .words = "true lie" } },
    .only = FAULT_WRITES,
    .more_seams = FAULT_SEAM_TRANSFER,
    .fits = longer_write,
    .on_task = short_out,
};

static bool data_in(const FaultRule *rule, const void *subject)
{
    return is_in(subject);
}

enum { EXTRA };

static bool babble(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_edit(at, transfer, transfer->length + (size_t)fault_number(rule, EXTRA));
    return false;
}

const FaultKind fault_usb_babble = {
    .name = "usb.babble",
    .about = "the device sends `extra` bytes more than the host asked for: the transfer overflows",
    .right = "throw the data away, read the CSW, report an error",
    .evidence = "BOT § 6.7.2; the overrun status of host controllers",
    .example = "{name: usb.babble, on: \"READ(6)#5\", extra: 512}",
    .class_ = FAULT_REPORTED,
    .params = { { "extra", "bytes for which the host has no room (zeros)", FAULT_SIZE, "1", 1,
                  1 << 20 } },
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_IN,
    .fits = data_in,
    .on_complete = babble,
};

enum { PACKET, SIZE };

/* False if the transfer ends before the packet. */
static bool packet_is_there(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;
    uint64_t size = (uint64_t)fault_number(rule, SIZE);

    return transfer->length >= size * (uint64_t)fault_number(rule, PACKET);
}

/* The bytes without the packet, or with the packet twice. */
static GByteArray *change_packet(const FaultRule *rule, const uint8_t *bytes, size_t length,
                                 bool twice)
{
    size_t size = (size_t)fault_number(rule, SIZE);
    size_t start = MIN(length, size * (size_t)(fault_number(rule, PACKET) - 1));
    size_t end = MIN(length, start + size);
    GByteArray *disturbed = g_byte_array_sized_new((guint)(length + size));

    g_byte_array_append(disturbed, bytes, (guint)(twice ? end : start));
    g_byte_array_append(disturbed, bytes + (twice ? start : end),
                        (guint)(length - (twice ? start : end)));
    return disturbed;
}

/*
 * The host receives at most as many bytes as it asked for. The end of a doubled packet is cut off.
 */
static bool change_packet_in(AtTransfer *at, const FaultRule *rule, UsbTransfer *transfer,
                             bool twice)
{
    g_autoptr(GByteArray) bytes = change_packet(rule, transfer->in, transfer->actual, twice);
    size_t length = MIN(bytes->len, transfer->length);

    memcpy(at_transfer_edit(at, transfer, length), bytes->data, length);
    return false;
}

static bool change_packet_out(AtTransfer *at, const FaultRule *rule, UsbTransfer *transfer,
                              bool twice)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(transfer->out, &length);

    at_transfer_replace(at, transfer,
                        g_byte_array_free_to_bytes(change_packet(rule, bytes, length, twice)));
    return false;
}

static bool out_and_there(const FaultRule *rule, const void *subject)
{
    return !is_in(subject) && packet_is_there(rule, subject);
}

static bool lose_packet(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    return change_packet_out(at, rule, transfer, false);
}

#define PACKET_PARAMS                                                                              \
    {                                                                                              \
        { "packet", "which of the transfer, from 1", FAULT_NUMBER, "1", 1, 1 << 20 },              \
        {                                                                                          \
            "size", "bytes of a packet", FAULT_SIZE, "512", 1, 1024                                \
        }                                                                                          \
    }

const FaultKind fault_usb_packet_lost = {
    .name = "usb.packet-lost",
    .about = "a packet to the device is missing: it goes on waiting for that many bytes",
    .right = "time out, Reset Recovery, report the error",
    .evidence = "data toggles out of step; their effect, for usbredir carries no packets",
    .example = "{name: usb.packet-lost, on: \"WRITE(6)#5\", packet: 3}",
    .class_ = FAULT_REPORTED,
    .params = PACKET_PARAMS,
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_OUT,
    .fits = out_and_there,
    .on_transfer = lose_packet,
};

static bool double_packet(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    return change_packet_out(at, rule, transfer, true);
}

const FaultKind fault_usb_packet_dup = {
    .name = "usb.packet-dup",
    .about = "a packet to the device comes twice: what follows is shifted, the end is cut off",
    .right = "nothing shows it but a comparison of the contents",
    .evidence = "data toggles out of step; their effect, for usbredir carries no packets",
    .example = "{name: usb.packet-dup, on: \"WRITE(6)#5\", packet: 3}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = PACKET_PARAMS,
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_OUT,
    .fits = out_and_there,
    .on_transfer = double_packet,
};

static bool in_and_there(const FaultRule *rule, const void *subject)
{
    return is_in(subject) && packet_is_there(rule, subject);
}

static bool lose_in(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    return change_packet_in(at, rule, transfer, false);
}

const FaultKind fault_usb_packet_lost_in = {
    .name = "usb.packet-lost-in",
    .about = "a packet to the host is missing, and the residue says that all was sent",
    .right = "see that fewer bytes came than the CSW accounts for, and report it",
    .evidence = "data toggles out of step; their effect, for usbredir carries no packets",
    .example = "{name: usb.packet-lost-in, on: \"READ(6)#5\", packet: 3}",
    .class_ = FAULT_DESTRUCTIVE,
    .params = PACKET_PARAMS,
    .phase = FAULT_PHASE_DATA,
    .data = FAULT_DATA_IN,
    .fits = in_and_there,
    .on_complete = lose_in,
};

enum { MOST };

static bool too_long(const FaultRule *rule, const void *subject)
{
    return at_transfer_cbw(rule->plan->in_place->at_transfer)->length > fault_number(rule, MOST);
}

static bool refuse(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_abandon(at, 1, at_transfer_cbw(at)->length);
    at_task_set_next_sense(rule->plan->in_place->at_task, &(FaultSense){ .code = 0x0b4b00 });
    at_transfer_stall(at, transfer);
    return true;
}

const FaultKind fault_usb_max_transfer = {
    .name = "usb.max-transfer",
    .about = "commands that move more than `most` bytes stall in their data and fail",
    .right = "report the error; smaller blocks go through",
    .evidence = "Linux unusual_devs.h MAX_SECTORS_64, 26 devices; st lifts that limit for tapes",
    .example = "{name: usb.max-transfer, most: 64KiB}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "most", "bytes", FAULT_SIZE, "64KiB", 1, 1 << 30 } },
    .phase = FAULT_PHASE_DATA,
    .fits = too_long,
    .on_transfer = refuse,
};

enum { DELAY };

static bool too_soon(const FaultRule *rule, const void *subject)
{
    return clock_now(rule->plan->clock) - at_transfer_cbw(rule->plan->in_place->at_transfer)->time <
           fault_number(rule, DELAY);
}

const FaultKind fault_usb_needs_delay = {
    .name = "usb.needs-delay",
    .about = "data that follows its CBW sooner than `delay` stalls, and the command fails",
    .right = "wait between CBW and data for devices that are known to need it",
    .evidence = "Linux unusual_devs.h GO_SLOW, 8 devices, 125 us",
    .example = "{name: usb.needs-delay, delay: 125us}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "delay", "at least", FAULT_DURATION, "125us" } },
    .phase = FAULT_PHASE_DATA,
    .fits = too_soon,
    .on_transfer = refuse,
};
