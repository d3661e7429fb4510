/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/sim-host.h"

#include <string.h>

#include "emu/base/bytes.h"

#define CONTROL_TIMEOUT (5 * G_USEC_PER_SEC)
#define ATTACH_TIMEOUT  (5 * G_USEC_PER_SEC)
#define CBW_LENGTH      31
#define CSW_LENGTH      13
#define SENSE_LENGTH    18

typedef enum Outcome {
    DONE,
    STALLED,
    CANCELLED,
    BABBLED,
    FAILED,    /* I/O error, or refused */
    TIMED_OUT, /* and taken back */
    GONE,
} Outcome;

struct SimHost {
    Clock *clock;
    const SimWorld *world;
    void *world_data;
    Wire *wire;
    WireTransfer pending; /* the one transfer that is under way, and its answer */
    SimDevice device;
    uint32_t tag;
    int64_t timeout;
    unsigned retries;
    size_t transfer_max;
    int64_t data_delay;
    GString *log;
};

static void note(void *data, const char *word)
{
    SimHost *host = data;

    g_string_append_printf(host->log, "%s%s", host->log->len ? " " : "", word);
}

const char *sim_host_log(const SimHost *host)
{
    return host->log->str;
}

void sim_host_clear_log(SimHost *host)
{
    g_string_truncate(host->log, 0);
}

/* ---- the wire ---- */

static bool there(const SimHost *host)
{
    return wire_there(host->wire);
}

static Outcome outcome_of(const SimHost *host)
{
    static const Outcome outcomes[] = { [WIRE_DONE] = DONE,
                                        [WIRE_STALLED] = STALLED,
                                        [WIRE_CANCELLED] = CANCELLED,
                                        [WIRE_BABBLED] = BABBLED,
                                        [WIRE_FAILED] = FAILED };

    return outcomes[host->pending.end];
}

/* Waits for the answer to what was just sent; takes it back when its time is over. */
static Outcome finish(SimHost *host, int64_t timeout)
{
    if (wire_wait(host->wire, &host->pending.answered, true, clock_now(host->clock) + timeout)) {
        return outcome_of(host);
    }
    if (!there(host)) {
        return GONE;
    }
    wire_cancel(host->wire, &host->pending);
    if (!wire_wait(host->wire, &host->pending.answered, true,
                   clock_now(host->clock) + CONTROL_TIMEOUT)) {
        note(host, there(host) ? "cancel-unanswered" : "gone");
        return there(host) ? TIMED_OUT : GONE;
    }
    return TIMED_OUT;
}

static void begin(SimHost *host, void *in, size_t capacity)
{
    host->pending = (WireTransfer){ .in = in, .capacity = capacity };
}

static Outcome control(SimHost *host, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                       void *in, uint16_t length)
{
    if (!there(host)) {
        return GONE;
    }
    begin(host, in, length);
    wire_control(host->wire, &host->pending, type, request, value, index, length);
    return finish(host, CONTROL_TIMEOUT);
}

static Outcome bulk_once(SimHost *host, uint8_t endpoint, const void *out, void *in, size_t length,
                         int64_t timeout)
{
    if (!there(host)) {
        return GONE;
    }
    begin(host, in, length);
    wire_bulk(host->wire, &host->pending, endpoint, out, length);
    return finish(host, timeout);
}

static Outcome bulk(SimHost *host, uint8_t endpoint, const void *out, void *in, size_t length,
                    int64_t timeout)
{
    Outcome outcome = bulk_once(host, endpoint, out, in, length, timeout);
    unsigned tries;

    for (tries = 0; outcome == FAILED && tries < host->retries; tries++) {
        note(host, "again");
        outcome = bulk_once(host, endpoint, out, in, length, timeout);
    }
    return outcome;
}

/* Says what went wrong on a pipe. */
static void note_outcome(SimHost *host, Outcome outcome, const char *pipe)
{
    static const char *const words[] = { NULL,    "stall",   "cancelled", "babble",
                                         "error", "timeout", "gone" };
    g_autofree char *word = NULL;

    if (outcome == DONE) {
        return;
    }
    word = outcome == GONE ? g_strdup("gone") : g_strconcat(words[outcome], "-", pipe, NULL);
    note(host, word);
    if ((outcome == BABBLED || outcome == FAILED) && host->pending.actual > 0) {
        g_string_append_printf(host->log, ":%zu", host->pending.actual);
    }
}

/* ---- enumeration ---- */

static bool configure(SimHost *host)
{
    Outcome outcome;

    if (!there(host)) {
        return false;
    }
    begin(host, NULL, 0);
    wire_configure(host->wire, &host->pending);
    outcome = finish(host, CONTROL_TIMEOUT);
    note_outcome(host, outcome, "configuration");
    return outcome == DONE;
}

static void read_serial(SimHost *host, uint8_t index)
{
    uint8_t bytes[255] = { 0 };
    unsigned i;

    host->device.serial[0] = '\0';
    if (index == 0 ||
        control(host, 0x80, 6, (uint16_t)(0x0300 | index), 0x0409, bytes, sizeof bytes) != DONE) {
        return;
    }
    for (i = 0; i < sizeof host->device.serial - 1 && 2 * i + 3 < MIN(bytes[0], sizeof bytes);
         i++) {
        host->device.serial[i] = (char)bytes[2 + 2 * i];
    }
    host->device.serial[i] = '\0';
}

static bool read_descriptors(SimHost *host)
{
    uint8_t device[18] = { 0 }, configuration[64] = { 0 };
    size_t i;

    if (control(host, 0x80, 6, 0x0100, 0, device, sizeof device) != DONE ||
        control(host, 0x80, 6, 0x0200, 0, configuration, sizeof configuration) != DONE) {
        note(host, "no-descriptors");
        return false;
    }
    host->device.idVendor = get_le16(device + 8);
    host->device.idProduct = get_le16(device + 10);
    for (i = 0; i + 9 <= sizeof configuration && configuration[i] >= 2; i += configuration[i]) {
        if (configuration[i + 1] == 4) { /* interface */
            host->device.bInterfaceSubClass = configuration[i + 6];
            host->device.bInterfaceProtocol = configuration[i + 7];
            break;
        }
    }
    read_serial(host, device[16]);
    return true;
}

/* The header first, then as much as it says, as hosts do. */
char *sim_host_settings(SimHost *host)
{
    uint8_t bytes[256] = { 0 };
    GString *text;
    uint16_t total;
    size_t i;

    if (control(host, 0x80, 6, 0x0200, 0, bytes, 9) != DONE) {
        return NULL;
    }
    total = MIN(get_le16(bytes + 2), sizeof bytes);
    if (control(host, 0x80, 6, 0x0200, 0, bytes, total) != DONE || host->pending.actual != total) {
        return NULL;
    }
    text = g_string_new(NULL);
    for (i = 0; i + 9 <= total && bytes[i] >= 2; i += bytes[i]) {
        if (bytes[i + 1] == 4) {
            g_string_append_printf(text, "%s%02x/%02x:%u", text->len ? " " : "", bytes[i + 6],
                                   bytes[i + 7], bytes[i + 4]);
        }
    }
    return g_string_free(text, FALSE);
}

static bool has_driver(SimHost *host)
{
    /* Bulk-Only with the SCSI transparent command set. */
    if (host->device.bInterfaceSubClass != 0x06 || host->device.bInterfaceProtocol != 0x50) {
        note(host, "no-driver");
        return false;
    }
    return true;
}

/* A device that stalls Get Max LUN has one logical unit (BOT 1.0 § 3.2); one that does not answer
 * or makes no sense is taken for the same. */
static void read_max_lun(SimHost *host)
{
    uint8_t max_lun = 0;
    Outcome outcome = control(host, 0xa1, 0xfe, 0, 0, &max_lun, 1);

    host->device.max_lun = 0;
    note_outcome(host, outcome, "max-lun");
    if (outcome != DONE) {
        return;
    }
    if (host->pending.actual != 1 || max_lun > 15) {
        note(host, "bad-max-lun");
    } else {
        host->device.max_lun = max_lun;
    }
}

bool sim_host_attach(SimHost *host)
{
    if (!wire_connect(host->wire)) {
        note(host, "nobody-there");
        return false;
    }
    if (!wire_wait(host->wire, wire_connected(host->wire), false,
                   clock_now(host->clock) + ATTACH_TIMEOUT)) {
        note(host, "no-device");
        return false;
    }
    wire_reset(host->wire);
    if (!read_descriptors(host) || !has_driver(host) || !configure(host)) {
        return false;
    }
    read_max_lun(host);
    return there(host);
}

bool sim_host_attached(SimHost *host)
{
    if (there(host)) {
        wire_receive(host->wire);
    }
    return there(host);
}

const SimDevice *sim_host_device(const SimHost *host)
{
    return &host->device;
}

void sim_host_detach(SimHost *host)
{
    wire_drop(host->wire);
    while (host->world->turn(host->world_data, clock_now(host->clock))) {
    }
}

bool sim_host_reset(SimHost *host)
{
    note(host, "port-reset");
    if (!there(host)) {
        return false;
    }
    wire_reset(host->wire);
    return configure(host);
}

/* ---- Bulk-Only ---- */

static bool clear_halt(SimHost *host, uint8_t endpoint)
{
    Outcome outcome = control(host, 0x02, 1, 0, endpoint, NULL, 0);

    note(host, endpoint == WIRE_BULK_IN ? "clear-in" : "clear-out");
    note_outcome(host, outcome, "clear");
    return outcome == DONE;
}

/* BOT 1.0 § 5.3.4, and when that does not work the port. */
static SimEnd recover(SimHost *host)
{
    Outcome outcome;

    if (!there(host)) {
        return SIM_GONE;
    }
    outcome = control(host, 0x21, 0xff, 0, 0, NULL, 0);
    note(host, "bot-reset");
    note_outcome(host, outcome, "bot-reset");
    if (outcome == DONE && clear_halt(host, WIRE_BULK_IN) && clear_halt(host, WIRE_BULK_OUT)) {
        return SIM_RESET;
    }
    if (there(host)) {
        sim_host_reset(host);
    }
    return there(host) ? SIM_RESET : SIM_GONE;
}

typedef struct Exchange {
    const void *out;
    uint8_t *in;
    size_t length;
    size_t moved;
    uint8_t csw[CSW_LENGTH];
    bool has_csw; /* it came in the data's place */
} Exchange;

static bool send_cbw(SimHost *host, const uint8_t *cdb, size_t cdb_length, const Exchange *x)
{
    uint8_t cbw[CBW_LENGTH] = { 'U', 'S', 'B', 'C' };
    Outcome outcome;

    put_le32(cbw + 4, ++host->tag);
    put_le32(cbw + 8, (uint32_t)x->length);
    cbw[12] = x->in ? 0x80 : 0;
    cbw[14] = (uint8_t)cdb_length;
    memcpy(cbw + 15, cdb, cdb_length);
    outcome = bulk(host, WIRE_BULK_OUT, cbw, NULL, sizeof cbw, host->timeout);
    note_outcome(host, outcome, "cbw");
    if (outcome == DONE && host->pending.actual != CBW_LENGTH) {
        note(host, "short-cbw");
        return false;
    }
    return outcome == DONE;
}

/* A device may skip the data and send its CSW at once (as Linux allows for). */
static bool is_csw(const SimHost *host, const Exchange *x)
{
    return x->in && host->pending.actual == CSW_LENGTH && x->length > CSW_LENGTH &&
           memcmp(x->in, "USBS", 4) == 0 && get_le32(x->in + 4) == host->tag;
}

/* False: the command has failed, recover. */
static bool move_data(SimHost *host, Exchange *x)
{
    const char *pipe = x->in ? "in" : "out";
    size_t max = host->transfer_max ? host->transfer_max : x->length;
    bool never = false;

    if (host->data_delay > 0 && x->length > 0) {
        wire_wait(host->wire, &never, true, clock_now(host->clock) + host->data_delay);
    }
    while (x->moved < x->length) {
        size_t piece = MIN(max, x->length - x->moved);
        Outcome outcome = bulk(host, x->in ? WIRE_BULK_IN : WIRE_BULK_OUT,
                               x->out ? (const uint8_t *)x->out + x->moved : NULL,
                               x->in ? x->in + x->moved : NULL, piece, host->timeout);

        note_outcome(host, outcome, pipe);
        if (outcome == STALLED) {
            return clear_halt(host, x->in ? WIRE_BULK_IN : WIRE_BULK_OUT);
        }
        if (outcome != DONE) {
            return false; /* an overflow, too: the device is out of step */
        }
        if (x->moved == 0 && is_csw(host, x)) {
            note(host, "csw-in-data");
            memcpy(x->csw, x->in, CSW_LENGTH);
            x->has_csw = true;
            return true;
        }
        x->moved += host->pending.actual;
        if (host->pending.actual < piece) {
            return true;
        }
    }
    return true;
}

/* Reads the CSW; after a stall, or nothing at all, once more. */
static bool read_csw(SimHost *host, Exchange *x)
{
    unsigned attempt;

    for (attempt = 0; attempt < 2; attempt++) {
        Outcome outcome = bulk(host, WIRE_BULK_IN, NULL, x->csw, CSW_LENGTH, host->timeout);

        note_outcome(host, outcome, "csw");
        if (outcome == DONE && host->pending.actual > 0) {
            return true;
        }
        if (outcome == DONE) {
            note(host, "zero-csw");
        } else if (outcome != STALLED || !clear_halt(host, WIRE_BULK_IN)) {
            return false;
        }
    }
    return false;
}

/* Valid and meaningful (BOT 1.0 § 6.3)? */
static bool check_csw(SimHost *host, const Exchange *x)
{
    if (!x->has_csw && host->pending.actual != CSW_LENGTH) {
        note(host, "csw-length");
    } else if (memcmp(x->csw, "USBS", 4) != 0) {
        note(host, "csw-signature");
    } else if (get_le32(x->csw + 4) != host->tag) {
        note(host, "csw-tag");
    } else if (x->csw[12] == 2) {
        note(host, "phase-error");
    } else if (x->csw[12] > 2) {
        note(host, "csw-status");
    } else if (get_le32(x->csw + 8) > x->length) {
        note(host, "csw-residue");
    } else {
        return true;
    }
    return false;
}

/* One command on the wire; `failed`: bCSWStatus is 1. */
static SimEnd exchange(SimHost *host, const uint8_t *cdb, size_t cdb_length, Exchange *x,
                       bool *failed)
{
    size_t accounted;

    *failed = false;
    if (!send_cbw(host, cdb, cdb_length, x) || !move_data(host, x) ||
        (!x->has_csw && !read_csw(host, x)) || !check_csw(host, x)) {
        return recover(host);
    }
    accounted = x->length - get_le32(x->csw + 8);
    if (x->length > 0 && accounted != x->moved && !x->has_csw && x->in) {
        note(host, "residue-differs");
    }
    x->moved = MIN(x->out ? x->length : x->moved, accounted);
    *failed = x->csw[12] == 1;
    return SIM_GOOD;
}

static void request_sense(SimHost *host, SimResult *result)
{
    static const uint8_t cdb[6] = { 0x03, 0, 0, 0, SENSE_LENGTH };
    Exchange x = { .in = result->sense, .length = SENSE_LENGTH };
    bool failed;
    SimEnd end = exchange(host, cdb, sizeof cdb, &x, &failed);

    if (end != SIM_GOOD) {
        result->end = end;
    } else if (!failed) {
        result->sense_length = (unsigned)x.moved;
    }
}

SimResult sim_host_command(SimHost *host, const uint8_t *cdb, size_t cdb_length, const void *out,
                           size_t out_length, void *in, size_t in_length)
{
    SimResult result = { .end = SIM_GONE };
    Exchange x = { .out = out_length ? out : NULL,
                   .in = in_length ? in : NULL,
                   .length = out_length + in_length };
    bool failed;

    if (!sim_host_attached(host)) {
        note(host, "gone");
        return result;
    }
    result.end = exchange(host, cdb, cdb_length, &x, &failed);
    result.moved = x.moved;
    if (result.end == SIM_GOOD && failed) {
        result.end = SIM_CHECK;
        request_sense(host, &result);
    }
    return result;
}

void sim_host_set_timeout(SimHost *host, int64_t timeout)
{
    host->timeout = timeout;
}

void sim_host_set_transfer_max(SimHost *host, size_t bytes)
{
    host->transfer_max = bytes;
}

void sim_host_set_retries(SimHost *host, unsigned retries)
{
    host->retries = retries;
}

void sim_host_set_data_delay(SimHost *host, int64_t delay)
{
    host->data_delay = delay;
}

bool sim_host_get_status(SimHost *host)
{
    uint8_t status[2];
    Outcome outcome = control(host, 0x82, 0, 0, WIRE_BULK_IN, status, sizeof status);

    note_outcome(host, outcome, "status");
    return outcome == DONE;
}

SimHost *sim_host_new(Clock *clock, const SimWorld *world, void *data)
{
    SimHost *host = g_new0(SimHost, 1);

    host->clock = clock;
    host->world = world;
    host->world_data = data;
    host->wire = wire_new(world, data, note, host);
    host->log = g_string_new(NULL);
    host->timeout = 30 * G_USEC_PER_SEC;
    return host;
}

void sim_host_free(SimHost *host)
{
    if (!host) {
        return;
    }
    wire_free(host->wire);
    g_string_free(host->log, TRUE);
    g_free(host);
}

Wire *sim_host_wire(const SimHost *host)
{
    return host->wire;
}
