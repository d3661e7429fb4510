/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Windows host model on a device that answers with any bytes: whatever it says, each request
 * ends at most once, and nothing is read or written beyond what was asked for.
 */
#include <string.h>

#include "emu/base/bytes.h"
#include "scenarios/subjects/sim/tape-class.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS 6u
#define STEPS    2000u

typedef struct Device {
    HostTransport bus;
    GQueue under_way;
    const uint8_t *data;
    size_t left;
    uint32_t tag; /* of the last CBW */
    bool sense;   /* it was REQUEST SENSE */
} Device;

typedef struct Operation {
    TapeRequest tape;
    uint8_t bytes[300];
    unsigned ended;
} Operation;

static uint8_t next_byte(Device *d)
{
    if (d->left == 0) {
        return 0;
    }
    d->left--;
    return *d->data++;
}

static void submit(HostTransport *bus, HostTransfer *transfer)
{
    g_queue_push_tail(&((Device *)bus)->under_way, transfer);
}

static void cancel(HostTransport *bus, HostTransfer *transfer)
{
    g_assert(g_queue_find(&((Device *)bus)->under_way, transfer));
}

/* What a device would answer, but for a byte here and there. */
static void answer_well(Device *d, HostTransfer *t, uint8_t how)
{
    uint8_t *p = t->bytes;

    t->end = HOST_DONE;
    t->actual = t->length;
    if (t->phase == HOST_BULK_IN && t->length == 13) {
        memcpy(p, "USBS", 4);
        put_le32(p + 4, d->tag);
        put_le32(p + 8, how & 0x40 ? next_byte(d) : 0);
        p[12] = how & 0x20 ? next_byte(d) & 3 : 0;
    } else if (t->phase == HOST_BULK_IN) {
        memset(p, 0, t->length);
        p[0] = d->sense ? 0x70 : 0;
        p[MIN(2, t->length - 1)] = next_byte(d);
    }
}

static void answer_anyhow(Device *d, HostTransfer *t, uint8_t how)
{
    uint8_t *p = t->bytes;
    size_t i;

    t->end = (HostEnd)(how % (HOST_GONE + 1));
    t->actual = t->length > 0 ? next_byte(d) % (t->length + 1) : 0;
    for (i = 0; t->phase == HOST_BULK_IN && i < t->actual; i++) {
        p[i] = next_byte(d);
    }
}

static void perform(Device *d, HostTransfer *t)
{
    uint8_t how = next_byte(d);

    if (t->phase == HOST_BULK_OUT && t->length == 31) {
        d->tag = get_le32((const uint8_t *)t->bytes + 4);
        d->sense = ((const uint8_t *)t->bytes)[15] == 0x03;
    }
    if (how & 0x80 || d->left == 0) {
        answer_well(d, t, how);
    } else {
        answer_anyhow(d, t, how);
    }
    t->done(t);
}

static void on_done(TapeRequest *tape)
{
    Operation *operation = tape->data;

    g_assert(operation->ended++ == 0);
    g_assert(tape->moved <= tape->length || tape->operation == TAPE_POSITION ||
             tape->operation == TAPE_BLOCK_LENGTH);
}

static void run(Device *d, Clock *clock)
{
    unsigned i;

    for (i = 0; i < STEPS; i++) {
        HostTransfer *t = g_queue_pop_head(&d->under_way);
        int64_t next = virtual_clock_next(clock);

        if (t) {
            perform(d, t);
        } else if (next >= 0) {
            virtual_clock_advance(clock, next - clock_now(clock));
        } else {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const HostTransportOps ops = { submit, cancel };
    Device d = { .bus = { &ops }, .data = data, .left = size };
    g_autoptr(Clock) clock = virtual_clock_new();
    g_autofree Operation *operations = g_new0(Operation, REQUESTS);
    const HostModel *model = host_models() + next_byte(&d) % 10;
    HostPort *port = host_port_new(&d.bus, clock, model);
    TapeClass *tape = tape_class_new(port, clock, 128);
    unsigned i;

    tape_class_leave_keys(tape, 1);
    for (i = 0; i < REQUESTS; i++) {
        Operation *operation = &operations[i];
        uint8_t what = next_byte(&d);

        operation->tape = (TapeRequest){ .operation = what % (TAPE_BLOCK_LENGTH + 1),
                                         .bytes = operation->bytes,
                                         .length = what,
                                         .block_length = what & 1 ? 64 : 0,
                                         .object = i,
                                         .done = on_done,
                                         .data = operation };
        tape_class_send(tape, &operation->tape);
        if (what & 0x80) {
            run(&d, clock);
        }
    }
    run(&d, clock);
    host_port_free(port);
    tape_class_free(tape);
    return 0;
}
