/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirfilter.h>
#include <usbredirparser.h>

#include "emu/base/bytes.h"

#define CONTROL_TIMEOUT (5 * G_USEC_PER_SEC)
#define ATTACH_TIMEOUT  (5 * G_USEC_PER_SEC)
#define CBW_LENGTH      31
#define CSW_LENGTH      13
#define SENSE_LENGTH    18
#define BULK_IN         0x81
#define BULK_OUT        0x02

/* What QEMU 7.2 announces: everything there is. */
#define CAPABILITIES 0xffu

typedef enum Outcome {
    DONE,
    STALLED,
    CANCELLED,
    BABBLED,
    FAILED,    /* I/O error, or refused */
    TIMED_OUT, /* and taken back */
    GONE,
} Outcome;

/* The one transfer that is under way, and its answer. */
typedef struct Pending {
    uint64_t id;
    bool answered;
    uint8_t status;
    size_t actual;
    uint8_t *in; /* where its data goes */
    size_t capacity;
} Pending;

struct SimHost {
    Clock *clock;
    const SimWorld *world;
    void *world_data;
    struct usbredirparser *parser; /* NULL: not connected */
    int fd;
    bool closed;    /* the other end went away */
    bool connected; /* the device is there */
    GByteArray *outgoing;
    uint64_t last_id;
    Pending pending;
    SimDevice device;
    uint32_t tag;
    int64_t timeout;
    unsigned retries;
    size_t transfer_max;
    int64_t data_delay;
    GString *log;
};

static void note(SimHost *host, const char *word)
{
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

/* ---- packets ---- */

static int on_read(void *priv, uint8_t *data, int count)
{
    SimHost *host = priv;
    ssize_t n = recv(host->fd, data, (size_t)count, MSG_DONTWAIT);

    if (n > 0) {
        return (int)n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    host->closed = true;
    return -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    SimHost *host = priv;

    g_byte_array_append(host->outgoing, data, (guint)count);
    return count;
}

static void on_log(void *priv, int level, const char *message)
{
    if (level <= usbredirparser_error) {
        note(priv, "not-usbredir");
    }
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *connect)
{
    ((SimHost *)priv)->connected = true;
}

static void on_disconnect(void *priv)
{
    ((SimHost *)priv)->connected = false;
}

static void on_interface_info(void *priv, struct usb_redir_interface_info_header *info)
{
}

static void on_ep_info(void *priv, struct usb_redir_ep_info_header *info)
{
}

static void answer(SimHost *host, uint64_t id, uint8_t status, size_t actual, uint8_t *data,
                   int length)
{
    Pending *pending = &host->pending;

    if (id == pending->id && !pending->answered) {
        pending->answered = true;
        pending->status = status;
        pending->actual = actual;
        if (data && pending->in) {
            memcpy(pending->in, data, MIN((size_t)length, pending->capacity));
        }
    } else {
        note(host, "stray-answer");
    }
    if (data) {
        usbredirparser_free_packet_data(host->parser, data);
    }
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *header,
                       uint8_t *data, int length)
{
    answer(priv, id, header->status, header->length, data, length);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                    uint8_t *data, int length)
{
    answer(priv, id, header->status, (size_t)header->length_high << 16 | header->length, data,
           length);
}

static void on_configuration(void *priv, uint64_t id,
                             struct usb_redir_configuration_status_header *status)
{
    answer(priv, id, status->status, 0, NULL, 0);
}

static void on_alt_setting(void *priv, uint64_t id,
                           struct usb_redir_alt_setting_status_header *status)
{
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n)
{
    free(rules);
}

static struct usbredirparser *parser_new(SimHost *host)
{
    struct usbredirparser *p = usbredirparser_create();
    uint32_t caps = CAPABILITIES;

    p->priv = host;
    p->log_func = on_log;
    p->read_func = on_read;
    p->write_func = on_write;
    p->hello_func = on_hello;
    p->device_connect_func = on_connect;
    p->device_disconnect_func = on_disconnect;
    p->interface_info_func = on_interface_info;
    p->ep_info_func = on_ep_info;
    p->control_packet_func = on_control;
    p->bulk_packet_func = on_bulk;
    p->configuration_status_func = on_configuration;
    p->alt_setting_status_func = on_alt_setting;
    p->filter_filter_func = on_filter;
    usbredirparser_init(p, "usbtape simulated host", &caps, 1, 0);
    return p;
}

/* ---- the wire ---- */

static bool there(const SimHost *host)
{
    return host->parser && !host->closed && host->connected;
}

static bool send_some(SimHost *host)
{
    ssize_t n;

    if (usbredirparser_has_data_to_write(host->parser)) {
        usbredirparser_do_write(host->parser);
    }
    if (host->outgoing->len == 0 || host->closed) {
        return false;
    }
    n = send(host->fd, host->outgoing->data, host->outgoing->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        host->closed = true;
    }
    if (n <= 0) {
        return false;
    }
    g_byte_array_remove_range(host->outgoing, 0, (guint)n);
    return true;
}

static bool receive_some(SimHost *host)
{
    uint8_t byte;

    if (host->closed ||
        (recv(host->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN)) {
        return false;
    }
    usbredirparser_do_read(host->parser);
    return true;
}

/* Until `done` or the deadline; false: it was the deadline, or the drive is gone. */
static bool wait_until(SimHost *host, const bool *done, bool drive_is_there, int64_t deadline)
{
    while (!*done && !host->closed) {
        bool moved = send_some(host);

        moved |= receive_some(host);
        if (*done || host->closed || (drive_is_there && !host->connected)) {
            break;
        }
        if (!moved && !host->world->turn(host->world_data, deadline) && !receive_some(host)) {
            return *done;
        }
    }
    return *done;
}

static void drop_connection(SimHost *host)
{
    if (host->parser) {
        usbredirparser_destroy(host->parser);
        close(host->fd);
        host->parser = NULL;
    }
    host->connected = false;
    g_byte_array_set_size(host->outgoing, 0);
}

static Outcome outcome_of(const SimHost *host)
{
    switch (host->pending.status) {
    case usb_redir_success:
        return DONE;
    case usb_redir_stall:
        return STALLED;
    case usb_redir_cancelled:
        return CANCELLED;
    case usb_redir_babble:
        return BABBLED;
    default:
        return FAILED;
    }
}

/* Waits for the answer to what was just sent; takes it back when its time is over. */
static Outcome finish(SimHost *host, int64_t timeout)
{
    if (wait_until(host, &host->pending.answered, true, clock_now(host->clock) + timeout)) {
        return outcome_of(host);
    }
    if (!there(host)) {
        return GONE;
    }
    usbredirparser_send_cancel_data_packet(host->parser, host->pending.id);
    if (!wait_until(host, &host->pending.answered, true,
                    clock_now(host->clock) + CONTROL_TIMEOUT)) {
        note(host, there(host) ? "cancel-unanswered" : "gone");
        return there(host) ? TIMED_OUT : GONE;
    }
    return TIMED_OUT;
}

static void begin(SimHost *host, void *in, size_t capacity)
{
    host->pending = (Pending){ .id = ++host->last_id, .in = in, .capacity = capacity };
}

static Outcome control(SimHost *host, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                       void *in, uint16_t length)
{
    struct usb_redir_control_packet_header header = { .endpoint = type & 0x80,
                                                      .request = request,
                                                      .requesttype = type,
                                                      .value = value,
                                                      .index = index,
                                                      .length = length };

    if (!there(host)) {
        return GONE;
    }
    begin(host, in, length);
    usbredirparser_send_control_packet(host->parser, host->pending.id, &header, NULL, 0);
    return finish(host, CONTROL_TIMEOUT);
}

static Outcome bulk_once(SimHost *host, uint8_t endpoint, const void *out, void *in, size_t length,
                         int64_t timeout)
{
    struct usb_redir_bulk_packet_header header = { .endpoint = endpoint,
                                                   .length = (uint16_t)length,
                                                   .length_high = (uint16_t)(length >> 16) };

    if (!there(host)) {
        return GONE;
    }
    begin(host, in, length);
    usbredirparser_send_bulk_packet(host->parser, host->pending.id, &header, (uint8_t *)out,
                                    out ? (int)length : 0);
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
    struct usb_redir_set_configuration_header set = { 1 };
    Outcome outcome;

    if (!there(host)) {
        return false;
    }
    begin(host, NULL, 0);
    usbredirparser_send_set_configuration(host->parser, host->pending.id, &set);
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

static bool connect_to_drive(SimHost *host)
{
    if (host->parser && !host->closed) {
        return true; /* the socket outlives a pulled plug */
    }
    drop_connection(host);
    host->fd = host->world->connect(host->world_data);
    if (host->fd < 0) {
        note(host, "nobody-there");
        return false;
    }
    host->closed = false;
    host->parser = parser_new(host);
    return true;
}

bool sim_host_attach(SimHost *host)
{
    if (!connect_to_drive(host)) {
        return false;
    }
    if (!wait_until(host, &host->connected, false, clock_now(host->clock) + ATTACH_TIMEOUT)) {
        note(host, "no-device");
        return false;
    }
    usbredirparser_send_reset(host->parser);
    if (!read_descriptors(host) || !has_driver(host) || !configure(host)) {
        return false;
    }
    read_max_lun(host);
    return there(host);
}

bool sim_host_attached(SimHost *host)
{
    if (there(host)) {
        receive_some(host);
    }
    return there(host);
}

const SimDevice *sim_host_device(const SimHost *host)
{
    return &host->device;
}

void sim_host_detach(SimHost *host)
{
    drop_connection(host);
    while (host->world->turn(host->world_data, clock_now(host->clock))) {
    }
}

bool sim_host_reset(SimHost *host)
{
    note(host, "port-reset");
    if (!there(host)) {
        return false;
    }
    usbredirparser_send_reset(host->parser);
    return configure(host);
}

/* ---- Bulk-Only ---- */

static bool clear_halt(SimHost *host, uint8_t endpoint)
{
    Outcome outcome = control(host, 0x02, 1, 0, endpoint, NULL, 0);

    note(host, endpoint == BULK_IN ? "clear-in" : "clear-out");
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
    if (outcome == DONE && clear_halt(host, BULK_IN) && clear_halt(host, BULK_OUT)) {
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
    outcome = bulk(host, BULK_OUT, cbw, NULL, sizeof cbw, host->timeout);
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
        wait_until(host, &never, true, clock_now(host->clock) + host->data_delay);
    }
    while (x->moved < x->length) {
        size_t piece = MIN(max, x->length - x->moved);
        Outcome outcome = bulk(host, x->in ? BULK_IN : BULK_OUT,
                               x->out ? (const uint8_t *)x->out + x->moved : NULL,
                               x->in ? x->in + x->moved : NULL, piece, host->timeout);

        note_outcome(host, outcome, pipe);
        if (outcome == STALLED) {
            return clear_halt(host, x->in ? BULK_IN : BULK_OUT);
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
        Outcome outcome = bulk(host, BULK_IN, NULL, x->csw, CSW_LENGTH, host->timeout);

        note_outcome(host, outcome, "csw");
        if (outcome == DONE && host->pending.actual > 0) {
            return true;
        }
        if (outcome == DONE) {
            note(host, "zero-csw");
        } else if (outcome != STALLED || !clear_halt(host, BULK_IN)) {
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
    Outcome outcome = control(host, 0x82, 0, 0, BULK_IN, status, sizeof status);

    note_outcome(host, outcome, "status");
    return outcome == DONE;
}

SimHost *sim_host_new(Clock *clock, const SimWorld *world, void *data)
{
    SimHost *host = g_new0(SimHost, 1);

    host->clock = clock;
    host->world = world;
    host->world_data = data;
    host->outgoing = g_byte_array_new();
    host->log = g_string_new(NULL);
    host->timeout = 30 * G_USEC_PER_SEC;
    host->last_id = 0x1000;
    return host;
}

void sim_host_free(SimHost *host)
{
    if (!host) {
        return;
    }
    drop_connection(host);
    g_byte_array_unref(host->outgoing);
    g_string_free(host->log, TRUE);
    g_free(host);
}
