/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enumeration, resets, and the plug. */
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/fault/at-task.h"
#include "emu/fault/at-transfer.h"
#include "emu/fault/kinds.h"

enum { ANSWER };
enum { ANSWER_STALL, ANSWER_ZLP, ANSWER_TIMEOUT, ANSWER_255 };

static bool max_lun(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    static const uint8_t most = 255;

    switch (fault_number(rule, ANSWER)) {
    case ANSWER_STALL:
        at_transfer_stall(at, transfer);
        break;
    case ANSWER_ZLP:
        at_transfer_answer(at, transfer, &most, 0);
        break;
    case ANSWER_255:
        at_transfer_answer(at, transfer, &most, 1);
        break;
    default:
        break; /* unreachable */
    }
    return true;
}

const FaultKind fault_usb_max_lun = {
    .name = "usb.max-lun",
    .about = "Get Max LUN stalls, is empty, is not answered, or says 255",
    .right = "assume one logical unit",
    .evidence = "BOT § 3.2; Linux unusual_devs.h SINGLE_LUN, 29 devices",
    .example = "{name: usb.max-lun, ctrl: get-max-lun, answer: zlp}",
    .class_ = FAULT_TRANSPARENT,
    .params = { { "answer", "how", FAULT_CHOICE, "stall", .words = "stall zlp timeout 255" } },
    .requests = FAULT_GET_MAX_LUN,
    .usual = FAULT_GET_MAX_LUN,
    .by_request = true,
    .on_request = max_lun,
};

enum { FAILS_HOW };

static bool reset_fails(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    if (fault_number(rule, FAILS_HOW) == 0) {
        at_transfer_stall(at, transfer);
    }
    return true;
}

const FaultKind fault_usb_bot_reset_fails = {
    .name = "usb.bot-reset-fails",
    .about = "Bulk-Only Mass Storage Reset stalls or is not answered",
    .right = "reset the port instead",
    .evidence = "wl500g #19 (\"soft reset failed -145\")",
    .example = "{name: usb.bot-reset-fails, ctrl: bot-reset, how: timeout}",
    .class_ = FAULT_REPORTED,
    .params = { { "how", "it fails", FAULT_CHOICE, "stall", .words = "stall timeout" } },
    .requests = FAULT_BOT_RESET,
    .usual = FAULT_BOT_RESET,
    .by_request = true,
    .on_request = reset_fails,
};

enum { REPLUG, OFFSET };

static bool unplug(FaultPlan *plan, FaultRule *rule)
{
    AtTransfer *at = plan->in_place->at_transfer;
    int64_t offset = fault_number(rule, OFFSET);

    plan->world->unplug(plan->data, fault_number(rule, REPLUG));
    if (offset > 0) { /* with no data at all the transfer gets no answer */
        at_transfer_break(at, at_transfer_current(at), (size_t)offset - at_transfer_cbw(at)->moved);
        at_transfer_die(at); /* until the unplug is done */
    }
    return true;
}

static const char *check_unplug(const FaultRule *rule)
{
    return fault_number(rule, OFFSET) > 0 && rule->phase != FAULT_PHASE_DATA
               ? "'offset' counts bytes of the data: it goes with phase: data"
               : NULL;
}

static bool unplugs_in_phase(const FaultRule *rule, const void *subject)
{
    return fault_number(rule, OFFSET) == 0 ||
           at_transfer_has_byte(rule->plan->in_place->at_transfer, subject,
                                fault_number(rule, OFFSET));
}

const FaultKind fault_usb_unplug = {
    .name = "usb.unplug",
    .about = "the drive leaves the bus in that phase, and comes back after `replug`",
    .right = "end everything with an error; a drive that comes back is a new one",
    .evidence = "pulled in the middle of tar: status 2, tape good up to the last sync",
    .example = "{name: usb.unplug, on: \"WRITE(6)#5\", phase: data, offset: 4KiB, replug: 2s}",
    .class_ = FAULT_REPORTED,
    .params = { { "replug", "until it is back", FAULT_DURATION, "forever", -1 },
                { "offset", "bytes of the data that move before; 0: none, and no answer",
                  FAULT_SIZE, "0", 0, 1 << 30 } },
    .phases = FAULT_PHASE_CBW | FAULT_PHASE_DATA | FAULT_PHASE_CSW,
    .requests = FAULT_BOT_RESET | FAULT_CLEAR_HALT | FAULT_GET_MAX_LUN | FAULT_GET_DESCRIPTOR,
    .check = check_unplug,
    .fits = unplugs_in_phase,
    .act = unplug,
};

enum { WHO };
enum { WHO_DEVICE, WHO_HOST };

/* A host resets the port as its last resort. The transfer fails, and its recovery fails too. */
static bool reset_mid_data(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    if (fault_number(rule, WHO) == WHO_DEVICE) {
        rule->plan->world->unplug(rule->plan->data, 100 * 1000);
        return true;
    }
    at_transfer_unconfigure(at);
    at_transfer_fail(at, transfer, USB_IO_ERROR);
    return true;
}

const FaultKind fault_usb_reset_mid_data = {
    .name = "usb.reset-mid-data",
    .about = "the drive leaves the bus for a moment, as after a reset of its own; `who: host`: it "
             "makes the host reset the port",
    .right = "see a replug, or reset the port: re-arm, and lose nothing that was committed",
    .evidence = "DAPLink #94, RIOT #19478, rusefi #9841",
    .example = "{name: usb.reset-mid-data, on: \"WRITE(6)#5\", who: host}",
    .class_ = FAULT_REPORTED,
    .params = { { "who", "which of them resets", FAULT_CHOICE, "device", .words = "device host" } },
    .phases = FAULT_PHASE_CBW | FAULT_PHASE_DATA | FAULT_PHASE_CSW,
    .phase = FAULT_PHASE_DATA,
    .on_transfer = reset_mid_data,
};

/* ---- descriptors ---- */

enum { SERIAL, PRODUCT };

static bool is_descriptor(const UsbTransfer *transfer, uint8_t type)
{
    return transfer->setup.wValue >> 8 == type && transfer->actual > 2;
}

/* The last string is the serial number (index 3, see the device descriptor). */
static void change_serial(AtTransfer *at, const char *serial, UsbTransfer *transfer)
{
    size_t length = MIN(strlen(serial), 126), i;
    uint8_t *string = at_transfer_edit(at, transfer, MIN(2 + 2 * length, transfer->length));

    for (i = 0; 2 + 2 * i + 1 < transfer->actual; i++) {
        put_le16(string + 2 + 2 * i, (uint8_t)serial[i]);
    }
    string[0] = (uint8_t)(2 + 2 * length);
}

static bool change_identity(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    const char *serial = rule->values[SERIAL].text;

    if (is_descriptor(transfer, 3)) {
        change_serial(at, serial, transfer);
    } else if (transfer->actual >= 12) {
        put_le16(at_transfer_edit(at, transfer, transfer->actual) + 10,
                 (uint16_t)fault_number(rule, PRODUCT));
    }
    return false;
}

static bool returns_identity(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;

    return (is_descriptor(transfer, 3) && (transfer->setup.wValue & 0xff) == 3 &&
            *rule->values[SERIAL].text) ||
           (is_descriptor(transfer, 1) && fault_number(rule, PRODUCT) != 0);
}

static const char *check_identity(const FaultRule *rule)
{
    return *rule->values[SERIAL].text || fault_number(rule, PRODUCT) != 0
               ? NULL
               : "give a serial or a product, else it would never fire";
}

const FaultKind fault_usb_identity_change = {
    .name = "usb.identity-change",
    .about = "the drive identifies itself as another: serial number, product id (with usb.unplug)",
    .right = "treat it as another drive; programs that name drives by serial number lose this one",
    .evidence = "Microsoft KB 873337",
    .example = "{name: usb.identity-change, serial: \"0000\"}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "serial", "its serial number from now on", FAULT_TEXT, "\"\"" },
                { "product", "its idProduct; 0: as it is", FAULT_NUMBER, "0", 0, 0xffff } },
    .requests = FAULT_GET_DESCRIPTOR,
    .usual = FAULT_GET_DESCRIPTOR,
    .by_request = true,
    .check = check_identity,
    .fits = returns_identity,
    .on_reply = change_identity,
};

enum { SUBCLASS, PROTOCOL, WHERE };
enum { WHERE_INTERFACE, WHERE_ALTERNATE };

enum {
    DESCRIPTOR_INTERFACE = 0x04,
    DESCRIPTOR_ENDPOINT = 0x05,
    DESCRIPTOR_PIPE_USAGE = 0x24, /* UAS-3 table 5 */
    DESCRIPTOR_COMPANION = 0x30,
};

static bool returns_interface(const FaultRule *rule, const void *subject)
{
    const UsbTransfer *transfer = subject;

    return is_descriptor(transfer, 2) &&
           transfer->actual >= (fault_number(rule, WHERE) == WHERE_ALTERNATE ? 9 : 18);
}

/* The first whole descriptor of that type in a configuration, or NULL. */
static const uint8_t *find_descriptor(const uint8_t *all, size_t length, uint8_t type)
{
    size_t i;

    for (i = 0; i + 2 <= length && all[i] >= 2 && i + all[i] <= length; i += all[i]) {
        if (all[i + 1] == type) {
            return all + i;
        }
    }
    return NULL;
}

/* Alternate setting 1 of a UAS device: four pipes, each with a pipe usage descriptor. */
static GByteArray *alternate_setting(const FaultRule *rule, const uint8_t *all, size_t length)
{
    static const uint8_t pipes[][2] = { { 0x04, 1 }, { 0x83, 2 }, { 0x81, 3 }, { 0x02, 4 } };
    const uint8_t *endpoint = find_descriptor(all, length, DESCRIPTOR_ENDPOINT);
    const uint8_t *companion = find_descriptor(all, length, DESCRIPTOR_COMPANION);
    const uint8_t interface[] = { 9,
                                  DESCRIPTOR_INTERFACE,
                                  0,
                                  1, /* bAlternateSetting */
                                  G_N_ELEMENTS(pipes),
                                  0x08,
                                  (uint8_t)fault_number(rule, SUBCLASS),
                                  (uint8_t)fault_number(rule, PROTOCOL),
                                  0 };
    GByteArray *setting = g_byte_array_new();
    size_t i;

    g_byte_array_append(setting, interface, sizeof interface);
    for (i = 0; endpoint && i < G_N_ELEMENTS(pipes); i++) {
        const uint8_t pipe[] = {
            7, DESCRIPTOR_ENDPOINT, pipes[i][0], 2, endpoint[4], endpoint[5], 0
        };
        const uint8_t usage[] = { 4, DESCRIPTOR_PIPE_USAGE, pipes[i][1], 0 };

        g_byte_array_append(setting, pipe, sizeof pipe);
        if (companion) {
            g_byte_array_append(setting, companion, companion[0]);
        }
        g_byte_array_append(setting, usage, sizeof usage);
    }
    return setting;
}

/* A host asks for the first nine bytes, and then for the length that they give. */
static void add_alternate(AtTransfer *at, const FaultRule *rule, UsbTransfer *transfer)
{
    size_t total = get_le16(transfer->in + 2), actual = transfer->actual;
    /* Configuration, interface and two endpoint descriptors. The result has four endpoints. */
    size_t more = 9 + 4 * ((MAX(total, 18) - 18) / 2 + 4);
    size_t size = actual < total ? actual : MIN(total + more, transfer->length);
    g_autoptr(GByteArray) setting = alternate_setting(rule, transfer->in, actual);
    uint8_t *all = at_transfer_edit(at, transfer, size);

    put_le16(all + 2, (uint16_t)(total + more));
    if (size > total) {
        memcpy(all + total, setting->data, MIN(size - total, setting->len));
    }
}

static bool change_class(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    uint8_t *interface;

    if (fault_number(rule, WHERE) == WHERE_ALTERNATE) {
        add_alternate(at, rule, transfer);
        return false;
    }
    interface = at_transfer_edit(at, transfer, transfer->actual) + 9;
    interface[6] = (uint8_t)fault_number(rule, SUBCLASS);
    interface[7] = (uint8_t)fault_number(rule, PROTOCOL);
    return false;
}

const FaultKind fault_usb_subclass = {
    .name = "usb.subclass",
    .about =
        "the interface says another subclass or protocol: 03h QIC-157, protocol 62h UAS; or an "
        "alternate setting of it does, which cannot be set",
    .right = "find no driver, and say so; never drive it as what it is not. With an alternate "
             "setting: go on with the first one (of Linux, usb-storage does when its quirk u says "
             "so; uas gives up)",
    .evidence = "usbstor.inf: SUBCLASS_02, 05 and 06 with PROT_50 alone",
    .example = "{name: usb.subclass, subclass: 6, protocol: 0x62, where: alternate}",
    .class_ = FAULT_REPORTED,
    .always = true,
    .params = { { "subclass", "bInterfaceSubClass", FAULT_NUMBER, "3", 0, 255 },
                { "protocol", "bInterfaceProtocol", FAULT_NUMBER, "0x50", 0, 255 },
                { "where", "which says so; alternate: a second setting, with four pipes as UAS has",
                  FAULT_CHOICE, "interface", .words = "interface alternate" } },
    .requests = FAULT_GET_DESCRIPTOR,
    .usual = FAULT_GET_DESCRIPTOR,
    .by_request = true,
    .fits = returns_interface,
    .on_reply = change_class,
};

enum { IDLE };

static bool host_suspended(const FaultRule *rule, const void *subject)
{
    return at_transfer_cbw(rule->plan->in_place->at_transfer)->idle >= fault_number(rule, IDLE);
}

static bool lose_state(AtTransfer *at, FaultRule *rule, UsbTransfer *transfer)
{
    at_transfer_unconfigure(at);
    at_task_reset_below(rule->plan->in_place->at_task, SCSI_RESET_BUS);
    at_transfer_fail(at, transfer, USB_STALL);
    return true;
}

const FaultKind fault_usb_suspend_loses_state = {
    .name = "usb.suspend-loses-state",
    .about = "as after a resume that lost the state: the device is not configured, and all stalls",
    .right = "reset the port and configure it anew; the drive's state is that after a reset",
    .evidence =
        "USB 2.0 § 9.1.1.6; usbredir reports no suspend, so a command stands for the resume",
    .example = "{name: usb.suspend-loses-state, idle: 2s}",
    .class_ = FAULT_REPORTED,
    .params = { { "idle", "so long nothing went on before, as a host waits before it suspends",
                  FAULT_DURATION, "0s" } },
    .phase = FAULT_PHASE_CBW,
    .fits = host_suspended,
    .on_transfer = lose_state,
};
