/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a request: host_port_send() → the queue → start() → its exchange on the wire, phase by
 * phase in on_transfer_done() → complete() → next(), which alone decides what goes to the wire.
 */
#include "scenarios/subjects/sim/port-driver.h"

#include <string.h>

#include "emu/base/bytes.h"
#include "scenarios/subjects/sim/port-plugin.h"

#define CBW_LENGTH       31
#define CSW_LENGTH       13
#define TIMEOUT          (30 * G_USEC_PER_SEC)
#define RECOVERY_TIMEOUT (5 * G_USEC_PER_SEC)
/* As many commands as can be on the wire at once, where there should be one. */
#define EXCHANGES 2

typedef enum Phase { PHASE_CBW, PHASE_DATA, PHASE_CLEAR_DATA, PHASE_CSW, PHASE_CLEAR_CSW } Phase;

/* A command on the wire. */
typedef struct Exchange {
    HostPort *port;
    HostRequest *request; /* NULL: free */
    bool is_sense;        /* REQUEST SENSE on its behalf */
    bool repeated;
    Phase phase;
    uint32_t tag;
    void *bytes; /* of the data phase */
    size_t length;
    bool in;
    size_t moved;
    unsigned csw_reads;
    uint8_t cbw[CBW_LENGTH], csw[CSW_LENGTH];
    HostTransfer transfer;
    bool under_way; /* the transfer */
    ClockTimer *timer;
} Exchange;

struct HostPort {
    HostTransport *transport;
    Clock *clock;
    const HostModel *model;
    HostWatch watch;
    void *watch_data;
    int64_t timeout;
    DeviceQueue queue, bypass;
    GQueue unsensed; /* of HostRequest *, failed; REQUEST SENSE is still to come */
    Exchange exchanges[EXCHANGES];
    uint32_t tag;
    uint32_t current_key; /* of the request started last */
    bool frozen;
    bool thawing; /* was released; next() starts what the model says */
    bool gone;
    ClockTimer *removal; /* of what was sent after that */

    bool recovering;
    HostTransfer recovery;
    bool recovery_under_way;
    ClockTimer *recovery_timer;
};

static void next(HostPort *port);
static void begin_recovery(HostPort *port);

static void tell(HostPort *port, HostEvent event, const HostRequest *request)
{
    if (port->watch) {
        port->watch(port->watch_data, event, request);
    }
}

static HostRequest *request_of(DeviceQueueEntry *entry)
{
    return entry ? (HostRequest *)(void *)((char *)entry - G_STRUCT_OFFSET(HostRequest, entry))
                 : NULL;
}

static unsigned on_the_wire(const HostPort *port)
{
    unsigned n = 0, i;

    for (i = 0; i < EXCHANGES; i++) {
        n += port->exchanges[i].request != NULL;
    }
    return n;
}

/* ---- how requests end ---- */

static bool freezes(const HostPort *port, const HostRequest *request, HostStatus status)
{
    return status != HOST_GOOD && !request->bypass && !port->frozen &&
           port_plugin_freezes(port->model, request);
}

static void complete(HostPort *port, HostRequest *request, HostStatus status)
{
    request->status = status;
    request->frozen = freezes(port, request, status);
    if (request->frozen) {
        port->frozen = true;
        tell(port, HOST_EVENT_FROZEN, request);
    }
    next(port); /* unless it is frozen, the device is kept busy */
    request->done(request);
}

/* The device is not there any more, nor will be. */
static void remove_all(HostPort *port)
{
    HostRequest *request;
    unsigned i;

    port->gone = true;
    for (i = 0; i < EXCHANGES; i++) {
        request = port->exchanges[i].request;
        if (request && !port->exchanges[i].under_way) {
            port->exchanges[i].request = NULL;
            complete(port, request, HOST_REMOVED);
        }
    }
    while ((request = g_queue_pop_head(&port->unsensed)) ||
           (request = request_of(device_queue_remove(&port->bypass))) ||
           (request = request_of(device_queue_remove(&port->queue)))) {
        complete(port, request, HOST_REMOVED);
    }
}

static void on_removal(void *data)
{
    HostPort *port = data;

    port->removal = NULL;
    remove_all(port);
}

/* ---- the wire ---- */

static void on_timeout(void *data)
{
    Exchange *x = data;

    x->timer = NULL;
    tell(x->port, HOST_EVENT_TIMEOUT, x->request);
    begin_recovery(x->port);
}

static void submit(Exchange *x, HostPhase phase, void *bytes, size_t length)
{
    HostPort *port = x->port;

    x->transfer.phase = phase;
    x->transfer.bytes = bytes;
    x->transfer.length = length;
    x->transfer.actual = 0;
    x->under_way = true;
    x->timer = clock_start(port->clock, port->timeout, on_timeout, x);
    host_transport_submit(port->transport, &x->transfer);
}

static void send_cbw(Exchange *x, const uint8_t *cdb, uint8_t cdb_length)
{
    bool alone = on_the_wire(x->port) == 1;

    x->tag = ++x->port->tag;
    x->moved = 0;
    x->csw_reads = 0;
    x->phase = PHASE_CBW;
    memset(x->cbw, 0, sizeof x->cbw);
    memcpy(x->cbw, "USBC", 4);
    put_le32(x->cbw + 4, x->tag);
    put_le32(x->cbw + 8, (uint32_t)x->length);
    x->cbw[12] = x->in ? 0x80 : 0;
    x->cbw[14] = cdb_length;
    memcpy(x->cbw + 15, cdb, cdb_length);
    if (!x->is_sense) {
        tell(x->port, alone ? HOST_EVENT_CBW : HOST_EVENT_OVERLAP, x->request);
    }
    submit(x, HOST_BULK_OUT, x->cbw, CBW_LENGTH);
}

static Exchange *take_exchange(HostPort *port, HostRequest *request)
{
    Exchange *x = port->exchanges;

    while (x->request) {
        x++;
        g_assert(x < port->exchanges + EXCHANGES);
    }
    x->request = request;
    x->is_sense = false;
    x->repeated = false;
    return x;
}

static void start_on(Exchange *x)
{
    HostRequest *request = x->request;

    x->in = request->in;
    x->bytes = request->bytes;
    x->length = request->length;
    request->sense_length = 0;
    request->moved = 0;
    send_cbw(x, request->cdb, request->cdb_length);
}

static void start(HostPort *port, HostRequest *request)
{
    port->current_key = request->entry.sort_key;
    start_on(take_exchange(port, request));
}

static void start_sense(HostPort *port, HostRequest *request)
{
    static const uint8_t cdb[6] = { 0x03, 0, 0, 0, HOST_SENSE_LENGTH };
    Exchange *x = take_exchange(port, request);

    x->is_sense = true;
    x->in = true;
    x->bytes = request->sense;
    x->length = HOST_SENSE_LENGTH;
    send_cbw(x, cdb, sizeof cdb);
}

static void read_csw(Exchange *x)
{
    x->phase = PHASE_CSW;
    x->csw_reads++;
    submit(x, HOST_BULK_IN, x->csw, CSW_LENGTH);
}

static void after_cbw(Exchange *x)
{
    if (x->transfer.end != HOST_DONE || x->transfer.actual != CBW_LENGTH) {
        begin_recovery(x->port);
    } else if (x->length > 0) {
        x->phase = PHASE_DATA;
        submit(x, x->in ? HOST_BULK_IN : HOST_BULK_OUT, x->bytes, x->length);
    } else {
        read_csw(x);
    }
}

/* Valid and meaningful (BOT 1.0 § 6.3)? */
static bool good_csw(const Exchange *x, size_t length)
{
    return length == CSW_LENGTH && memcmp(x->csw, "USBS", 4) == 0 &&
           get_le32(x->csw + 4) == x->tag && x->csw[12] <= 1 && get_le32(x->csw + 8) <= x->length;
}

static void end_exchange(Exchange *x)
{
    HostPort *port = x->port;
    HostRequest *request = x->request;
    size_t accounted = x->length - get_le32(x->csw + 8);
    size_t moved = x->in ? MIN(x->moved, accounted) : accounted;
    bool failed = x->csw[12] == 1;

    x->request = NULL;
    if (x->is_sense) {
        request->sense_length = failed ? 0 : (uint8_t)moved;
        tell(port, HOST_EVENT_SENSE, request);
        complete(port, request, HOST_CHECK);
        return;
    }
    request->moved = moved;
    tell(port, failed ? HOST_EVENT_FAILED : HOST_EVENT_CSW, request);
    if (!failed) {
        complete(port, request, HOST_GOOD);
        return;
    }
    g_queue_push_tail(&port->unsensed, request);
    if (port->model->overtakes && port->unsensed.length == 1 && !port->frozen &&
        !device_queue_is_empty(&port->queue)) {
        request = request_of(device_queue_remove(&port->queue));
        tell(port, HOST_EVENT_OVERTOOK, request);
        start(port, request);
        return;
    }
    next(port);
}

/* A device may skip the data and send its CSW at once. */
static bool is_csw(const Exchange *x)
{
    return x->in && x->transfer.actual == CSW_LENGTH && x->length > CSW_LENGTH &&
           memcmp(x->bytes, "USBS", 4) == 0 && get_le32((const uint8_t *)x->bytes + 4) == x->tag;
}

static void after_data(Exchange *x)
{
    switch (x->transfer.end) {
    case HOST_DONE:
        if (is_csw(x)) {
            memcpy(x->csw, x->bytes, CSW_LENGTH);
            if (good_csw(x, CSW_LENGTH)) {
                end_exchange(x);
            } else {
                begin_recovery(x->port);
            }
            return;
        }
        x->moved = x->transfer.actual;
        read_csw(x);
        break;
    case HOST_STALLED:
        x->moved = x->transfer.actual;
        x->phase = PHASE_CLEAR_DATA;
        submit(x, x->in ? HOST_CLEAR_HALT_IN : HOST_CLEAR_HALT_OUT, NULL, 0);
        break;
    case HOST_BABBLED:
    case HOST_FAILED:
    case HOST_CANCELLED:
    case HOST_GONE:
    default:
        begin_recovery(x->port);
    }
}

/* Read again once, after a stall or an empty packet (figure 2 of BOT 1.0). */
static void after_csw(Exchange *x)
{
    bool again = x->csw_reads < 2;

    if (x->transfer.end == HOST_STALLED && again) {
        x->phase = PHASE_CLEAR_CSW;
        submit(x, HOST_CLEAR_HALT_IN, NULL, 0);
    } else if (x->transfer.end == HOST_DONE && x->transfer.actual == 0 && again) {
        read_csw(x);
    } else if (x->transfer.end == HOST_DONE && good_csw(x, x->transfer.actual)) {
        end_exchange(x);
    } else {
        begin_recovery(x->port);
    }
}

static void after_clear(Exchange *x)
{
    if (x->transfer.end == HOST_DONE) {
        read_csw(x);
    } else {
        begin_recovery(x->port);
    }
}

/* ---- Reset Recovery ---- */

static bool anything_under_way(const HostPort *port)
{
    unsigned i;

    for (i = 0; i < EXCHANGES; i++) {
        if (port->exchanges[i].under_way) {
            return true;
        }
    }
    return port->recovery_under_way;
}

static void on_recovery_timeout(void *data)
{
    HostPort *port = data;

    port->recovery_timer = NULL;
    host_transport_cancel(port->transport, &port->recovery);
}

static void recover_by(HostPort *port, HostPhase phase)
{
    port->recovery.phase = phase;
    port->recovery_under_way = true;
    port->recovery_timer = clock_start(port->clock, RECOVERY_TIMEOUT, on_recovery_timeout, port);
    host_transport_submit(port->transport, &port->recovery);
}

/* Once nothing is under way any more. */
static void start_recovery(HostPort *port)
{
    if (port->gone) {
        remove_all(port);
    } else {
        recover_by(port, HOST_CLASS_RESET);
    }
}

static void begin_recovery(HostPort *port)
{
    unsigned i;

    if (port->recovering) {
        return;
    }
    port->recovering = true;
    tell(port, HOST_EVENT_RECOVERY, NULL);
    for (i = 0; i < EXCHANGES; i++) {
        Exchange *x = &port->exchanges[i];

        port->gone |= x->request && !x->under_way && x->transfer.end == HOST_GONE;
        if (x->under_way) {
            host_transport_cancel(port->transport, &x->transfer);
        }
    }
    if (!anything_under_way(port)) {
        start_recovery(port);
    }
}

/* What was on the wire has ended without an answer. */
static void end_recovery(HostPort *port)
{
    HostRequest *ended[EXCHANGES];
    bool sense[EXCHANGES], assumed[EXCHANGES];
    unsigned i, n = 0;

    port->recovering = false;
    if (port->gone) {
        remove_all(port);
        return;
    }
    for (i = 0; i < EXCHANGES; i++) {
        Exchange *x = &port->exchanges[i];

        UsbtapeDriverReset reset = x->request && !x->is_sense
                                       ? port_plugin_after_reset(port->model, x->request)
                                       : USBTAPE_DRIVER_UNKNOWN;

        assumed[n] = false;
        if (reset == USBTAPE_DRIVER_RESEND && !x->repeated) {
            x->repeated = true;
            tell(port, HOST_EVENT_REPEATED, x->request);
            start_on(x);
        } else if (reset == USBTAPE_DRIVER_DONE) {
            x->request->moved = x->length;
            tell(port, HOST_EVENT_ASSUMED, x->request);
            assumed[n] = true;
            sense[n] = false;
            ended[n++] = x->request;
            x->request = NULL;
        } else if (x->request) {
            sense[n] = x->is_sense;
            ended[n++] = x->request;
            x->request = NULL;
        }
    }
    for (i = 0; i < n; i++) {
        if (sense[i]) {
            ended[i]->sense_length = 0;
        }
        complete(port, ended[i], sense[i] ? HOST_CHECK : assumed[i] ? HOST_GOOD : HOST_RESET);
    }
}

static void on_recovery_done(HostTransfer *transfer)
{
    HostPort *port = transfer->data;

    port->recovery_under_way = false;
    if (port->recovery_timer) {
        clock_cancel(port->clock, port->recovery_timer);
        port->recovery_timer = NULL;
    }
    port->gone |= transfer->end == HOST_GONE;
    if (port->gone || transfer->phase == HOST_PORT_RESET) {
        end_recovery(port);
    } else if (transfer->end != HOST_DONE) {
        recover_by(port, HOST_PORT_RESET);
    } else if (transfer->phase == HOST_CLASS_RESET) {
        recover_by(port, HOST_CLEAR_HALT_IN);
    } else if (transfer->phase == HOST_CLEAR_HALT_IN) {
        recover_by(port, HOST_CLEAR_HALT_OUT);
    } else {
        end_recovery(port);
    }
}

static void on_transfer_done(HostTransfer *transfer)
{
    Exchange *x = transfer->data;
    HostPort *port = x->port;

    x->under_way = false;
    if (x->timer) {
        clock_cancel(port->clock, x->timer);
        x->timer = NULL;
    }
    if (port->recovering) {
        port->gone |= transfer->end == HOST_GONE;
        if (!anything_under_way(port)) {
            start_recovery(port);
        }
        return;
    }
    switch (x->phase) {
    case PHASE_CBW:
        after_cbw(x);
        break;
    case PHASE_DATA:
        after_data(x);
        break;
    case PHASE_CSW:
        after_csw(x);
        break;
    case PHASE_CLEAR_DATA:
    case PHASE_CLEAR_CSW:
        after_clear(x);
        break;
    }
}

/* ---- the queue ---- */

static HostRequest *take_next(HostPort *port)
{
    if (port->model->plugin) {
        return request_of(port_plugin_take(port->model, &port->queue, port->thawing));
    }
    return request_of(port->model->keys == HOST_KEYS_IGNORED
                          ? device_queue_remove(&port->queue)
                          : device_queue_remove_by_key(&port->queue, port->current_key));
}

/* What the model starts first when its queue is released. */
static void thaw(HostPort *port)
{
    HostRequest *request = port->model->thaw == HOST_THAW_NEWEST
                               ? request_of(device_queue_remove_newest(&port->queue))
                               : take_next(port);

    port->thawing = false;
    if (request) {
        start(port, request);
    }
    if (request && port->model->thaw == HOST_THAW_TWO && !device_queue_is_empty(&port->queue)) {
        start(port, take_next(port));
    }
}

/* Starts what is due, if the wire is free: the one place that decides it. */
static void next(HostPort *port)
{
    HostRequest *request;

    if (port->gone && !port->removal) {
        port->removal = clock_start(port->clock, 0, on_removal, port);
    }
    if (port->gone || port->recovering || on_the_wire(port) > 0) {
        return;
    }
    request = g_queue_pop_head(&port->unsensed);
    if (request) {
        start_sense(port, request);
        return;
    }
    request = request_of(device_queue_remove(&port->bypass));
    if (!request && port->frozen) {
        return;
    }
    if (!request && port->thawing) {
        thaw(port);
        return;
    }
    request = request ? request : take_next(port);
    if (request) {
        start(port, request);
    }
}

static void insert(HostPort *port, HostRequest *request, bool at_head)
{
    bool passed, queued = port_plugin_insert(port->model, &port->queue, request, at_head, &passed);

    if (passed) {
        tell(port, HOST_EVENT_RESORTED, request);
    }
    if (!queued) {
        device_queue_insert_at_head(&port->queue, &request->entry); /* next() is to start it */
    }
}

void host_port_send(HostPort *port, HostRequest *request)
{
    g_assert(request->cdb_length > 0 && request->cdb_length <= sizeof request->cdb);
    if (request->bypass) {
        port->bypass.busy = true;
        device_queue_insert(&port->bypass, &request->entry);
    } else if (port_plugin_loses(port->model, request, port->frozen, &port->queue)) {
        tell(port, HOST_EVENT_LOST, request);
        return;
    } else {
        insert(port, request, false);
    }
    next(port);
}

void host_port_retry(HostPort *port, HostRequest *request)
{
    tell(port, HOST_EVENT_RETRIED, request);
    if (request->bypass) {
        host_port_send(port, request);
        return;
    }
    insert(port, request, !port->model->retries_last);
    next(port);
}

void host_port_release(HostPort *port)
{
    if (port->frozen) {
        port->frozen = false;
        port->thawing = true;
        tell(port, HOST_EVENT_RELEASED, NULL);
        next(port);
    }
}

/* ---- the outside ---- */

HostPort *host_port_new(HostTransport *transport, Clock *clock, const HostModel *model)
{
    HostPort *port = g_new0(HostPort, 1);
    unsigned i;

    port->transport = transport;
    port->clock = clock;
    port->model = model;
    port->timeout = TIMEOUT;
    port_plugin_begin(model);
    device_queue_init(&port->queue);
    device_queue_init(&port->bypass);
    g_queue_init(&port->unsensed);
    port->recovery.done = on_recovery_done;
    port->recovery.data = port;
    for (i = 0; i < EXCHANGES; i++) {
        port->exchanges[i].port = port;
        port->exchanges[i].transfer.done = on_transfer_done;
        port->exchanges[i].transfer.data = &port->exchanges[i];
    }
    return port;
}

void host_port_free(HostPort *port)
{
    unsigned i;

    if (!port) {
        return;
    }
    for (i = 0; i < EXCHANGES; i++) {
        if (port->exchanges[i].timer) {
            clock_cancel(port->clock, port->exchanges[i].timer);
        }
    }
    if (port->recovery_timer) {
        clock_cancel(port->clock, port->recovery_timer);
    }
    if (port->removal) {
        clock_cancel(port->clock, port->removal);
    }
    g_queue_clear(&port->unsensed);
    g_free(port);
}

void host_port_watch(HostPort *port, HostWatch watch, void *data)
{
    port->watch = watch;
    port->watch_data = data;
}

void host_port_set_timeout(HostPort *port, int64_t timeout)
{
    port->timeout = timeout;
}

bool host_port_is_idle(const HostPort *port)
{
    return !port->recovering && on_the_wire(port) == 0 && port->unsensed.length == 0;
}
