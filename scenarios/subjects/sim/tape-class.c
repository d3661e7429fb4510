/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/tape-class.h"

#include <stdio.h>
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/base/random.h"

#define RETRY_DELAY     (50 * 1000) /* microseconds */
#define RETRIES_MAX     8
#define POSITION_LENGTH 20

/* What a part is doing. */
typedef enum Errand {
    ERRAND_OWN,    /* what it is for */
    ERRAND_ASK,    /* READ POSITION, after a reset */
    ERRAND_RETURN, /* LOCATE, to where it should begin */
} Errand;

/* One request to the port. */
typedef struct Part {
    TapeClass *tape;
    TapeRequest *request;
    HostRequest host;
    uint64_t object;  /* where the tape should stand before it */
    uint64_t objects; /* that it moves the tape on by, when all is well */
    unsigned tries;
    ClockTimer *timer;
    Errand errand;
    HostRequest aside; /* for errands other than its own */
    uint8_t position[POSITION_LENGTH];
    bool frozen; /* it froze the queue, which is still to be released */
    TapeResult result;
} Part;

struct TapeClass {
    HostPort *port;
    Clock *clock;
    size_t maximum;
    bool leaves_keys;
    Random keys;
    uint64_t requests, early_warnings, stale_keys;
    GPtrArray *unended; /* of parts' arrays, so that a hang leaks nothing */
};

static void retry(Part *part);
static void on_aside(HostRequest *request);

static void part_free(void *data)
{
    Part *part = data;

    if (part->timer) {
        clock_cancel(part->tape->clock, part->timer);
    }
    g_free(part);
}

/* ---- how operations end ---- */

static void end_operation(TapeClass *tape, TapeRequest *request)
{
    GPtrArray *parts = request->parts;
    guint i;

    request->result = TAPE_GOOD;
    request->moved = 0;
    request->position = get_be32(((Part *)parts->pdata[0])->position + 4);
    for (i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        request->moved += part->host.moved;
        if (request->result == TAPE_GOOD || request->result == TAPE_EARLY_WARNING) {
            request->result = part->result == TAPE_GOOD ? request->result : part->result;
        }
    }
    request->parts = NULL;
    g_ptr_array_remove_fast(tape->unended, parts);
    request->done(request);
}

static void end_part(Part *part, TapeResult result)
{
    TapeClass *tape = part->tape;
    TapeRequest *request = part->request;
    bool frozen = part->frozen;

    part->result = result;
    part->frozen = false;
    tape->early_warnings += result == TAPE_EARLY_WARNING;
    if (frozen) {
        host_port_release(tape->port);
    }
    if (--request->waiting == 0) {
        end_operation(tape, request);
    }
}

static void fail_part(Part *part, const char *why)
{
    g_strlcpy(part->request->error, why, sizeof part->request->error);
    end_part(part, TAPE_ERROR);
}

/* ---- retries ---- */

static void on_retry_time(void *data)
{
    Part *part = data;

    part->timer = NULL;
    retry(part);
}

static void retry(Part *part)
{
    bool frozen = part->frozen;

    part->frozen = false;
    part->errand = ERRAND_OWN;
    host_port_retry(part->tape->port, &part->host);
    if (frozen) {
        host_port_release(part->tape->port);
    }
}

static void retry_later(Part *part)
{
    if (part->tries++ == RETRIES_MAX) {
        fail_part(part, "it was tried too often");
        return;
    }
    part->timer = clock_start(part->tape->clock, RETRY_DELAY, on_retry_time, part);
}

/* ---- after a reset ---- */

static void send_aside(Part *part, Errand errand)
{
    HostRequest *aside = &part->aside;

    part->errand = errand;
    *aside = (HostRequest){ .bypass = true, .cdb_length = 10, .done = on_aside, .data = part };
    aside->number = part->host.number;
    if (errand == ERRAND_ASK) {
        aside->cdb[0] = 0x34; /* READ POSITION */
        aside->in = true;
        aside->bytes = part->position;
        aside->length = POSITION_LENGTH;
    } else {
        aside->cdb[0] = 0x2b; /* LOCATE(10) */
        put_be32(aside->cdb + 3, (uint32_t)part->object);
    }
    host_port_send(part->tape->port, aside);
}

static bool depends_on_position(const Part *part)
{
    return part->objects > 0;
}

static void take_position(Part *part)
{
    uint64_t found = get_be32(part->position + 4);

    if (part->aside.moved < POSITION_LENGTH || part->position[0] & 0x04) {
        fail_part(part, "the drive does not know its position");
    } else if (found == part->object) {
        retry(part); /* it was not executed */
    } else if (part->request->operation == TAPE_READ) {
        send_aside(part, ERRAND_RETURN); /* its data is lost, not the tape's */
    } else if (found == part->object + part->objects) {
        part->host.moved = part->host.length;
        end_part(part, TAPE_GOOD); /* it was */
    } else {
        fail_part(part, "after a reset the tape is somewhere else");
    }
}

static void on_aside(HostRequest *aside)
{
    Part *part = aside->data;

    if (aside->status == HOST_REMOVED) {
        fail_part(part, "the device was removed");
    } else if (aside->status != HOST_GOOD && part->tries++ < RETRIES_MAX) {
        send_aside(part, part->errand); /* the first one meets the reset's unit attention */
    } else if (aside->status != HOST_GOOD) {
        fail_part(part, "the drive did not get over a reset");
    } else if (part->errand == ERRAND_ASK) {
        take_position(part);
    } else {
        retry(part);
    }
}

/* ---- what sense data says ---- */

static void fail_with_sense(Part *part)
{
    const HostRequest *host = &part->host;
    char why[48];

    if (host->sense_length < 14) {
        fail_part(part, "it failed, and there is no sense data");
        return;
    }
    snprintf(why, sizeof why, "sense %Xh/%02Xh/%02Xh", host->sense[2] & 0xfu, host->sense[12],
             host->sense[13]);
    fail_part(part, why);
}

static void take_check(Part *part)
{
    const uint8_t *sense = part->host.sense;
    unsigned key = sense[2] & 0xf;

    if (part->host.sense_length < 14 || (sense[0] & 0x7f) != 0x70) {
        fail_with_sense(part);
    } else if (key <= 1 && sense[2] & 0x80) {
        end_part(part, TAPE_AT_FILEMARK);
    } else if (key <= 1 && sense[2] & 0x40 && !part->host.in) {
        part->host.moved = part->host.length;
        end_part(part, TAPE_EARLY_WARNING);
    } else if (key <= 1 && sense[2] & 0x20 && sense[3] & 0x80) {
        fail_part(part, "the block is longer than was asked for");
    } else if (key <= 1) {
        end_part(part, TAPE_GOOD); /* also "no sense": so does Linux take it */
    } else if (key == 6 || (key == 2 && sense[12] == 0x04)) {
        retry_later(part);
    } else if (key == 8) {
        end_part(part, TAPE_END_OF_DATA);
    } else if (key == 0xd) {
        end_part(part, TAPE_END_OF_MEDIA);
    } else {
        fail_with_sense(part);
    }
}

static void on_part_done(HostRequest *host)
{
    Part *part = host->data;

    part->frozen = host->frozen;
    switch (host->status) {
    case HOST_GOOD:
        end_part(part, TAPE_GOOD);
        break;
    case HOST_CHECK:
        take_check(part);
        break;
    case HOST_RESET:
        if (depends_on_position(part)) {
            send_aside(part, ERRAND_ASK);
        } else {
            retry_later(part);
        }
        break;
    case HOST_REMOVED:
    default:
        fail_part(part, "the device was removed");
    }
}

/* ---- commands ---- */

/* WRITE(6), READ(6): a count of blocks if their length is fixed, else of bytes. */
static void put_transfer(Part *part, uint8_t opcode)
{
    HostRequest *host = &part->host;
    size_t block_length = part->request->block_length;
    size_t count = block_length > 0 ? host->length / block_length : host->length;

    host->cdb[0] = opcode;
    host->cdb[1] = block_length > 0;
    put_be24(host->cdb + 2, (uint32_t)count);
    part->objects = block_length > 0 ? count : 1;
}

static void put_block_length(Part *part, size_t length)
{
    /* MODE SELECT(6): header with buffered mode 1, one block descriptor. */
    memset(part->position, 0, 12);
    part->position[2] = 0x10;
    part->position[3] = 8;
    put_be24(part->position + 9, (uint32_t)length);
    part->host.cdb[0] = 0x15;
    part->host.cdb[1] = 0x10;
    part->host.cdb[4] = 12;
    part->host.bytes = part->position;
    part->host.length = 12;
}

static void put_command(Part *part)
{
    TapeRequest *request = part->request;
    HostRequest *host = &part->host;

    host->cdb_length = 6;
    switch (request->operation) {
    case TAPE_WRITE:
        put_transfer(part, 0x0a);
        break;
    case TAPE_READ:
        host->in = true;
        put_transfer(part, 0x08);
        break;
    case TAPE_FILEMARK:
        host->cdb[0] = 0x10;
        host->cdb[4] = 1;
        part->objects = 1;
        break;
    case TAPE_REWIND:
        host->cdb[0] = 0x01;
        break;
    case TAPE_LOCATE:
        host->cdb_length = 10;
        host->cdb[0] = 0x2b;
        put_be32(host->cdb + 3, (uint32_t)request->object);
        break;
    case TAPE_SPACE_EOD:
        host->cdb[0] = 0x11;
        host->cdb[1] = 3;
        break;
    case TAPE_POSITION:
        host->cdb_length = 10;
        host->cdb[0] = 0x34;
        host->in = true;
        host->bytes = part->position;
        host->length = POSITION_LENGTH;
        break;
    case TAPE_READY:
        break;
    case TAPE_BLOCK_LENGTH:
        put_block_length(part, request->block_length);
        break;
    }
}

static Part *add_part(TapeClass *tape, TapeRequest *request, size_t from, size_t length,
                      uint64_t object)
{
    Part *part = g_new0(Part, 1);

    part->tape = tape;
    part->request = request;
    part->object = object;
    part->host.bytes = length > 0 ? (uint8_t *)request->bytes + from : NULL;
    part->host.length = length;
    part->host.done = on_part_done;
    part->host.data = part;
    part->host.number = ++tape->requests;
    if (tape->leaves_keys && random_below(&tape->keys, 3) == 0) {
        /* Some of the memory has been used for something else before. */
        part->host.sort_key = (uint32_t)random_next(&tape->keys);
        tape->stale_keys++;
    }
    put_command(part);
    g_ptr_array_add(request->parts, part);
    return part;
}

/* The most that goes into one part, in whole blocks if there are any. */
static size_t part_length(const TapeClass *tape, const TapeRequest *request)
{
    size_t block = request->block_length;

    return block > 0 && block <= tape->maximum ? tape->maximum - tape->maximum % block
                                               : tape->maximum;
}

void tape_class_send(TapeClass *tape, TapeRequest *request)
{
    bool moves = request->operation == TAPE_WRITE || request->operation == TAPE_READ;
    size_t length = moves ? request->length : 0, piece = part_length(tape, request), from = 0;
    uint64_t object = request->object;
    GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
    guint i;

    request->parts = parts;
    request->error[0] = '\0';
    g_ptr_array_add(tape->unended, parts);
    do {
        size_t n = MIN(piece, length - from);

        object += add_part(tape, request, from, n, object)->objects;
        from += n;
    } while (from < length);
    request->waiting = parts->len;
    for (i = 0; i < parts->len; i++) {
        host_port_send(tape->port, &((Part *)parts->pdata[i])->host);
    }
}

/* ---- the outside ---- */

TapeClass *tape_class_new(HostPort *port, Clock *clock, size_t maximum)
{
    TapeClass *tape = g_new0(TapeClass, 1);

    tape->port = port;
    tape->clock = clock;
    tape->maximum = maximum > 0 ? maximum : TAPE_CLASS_MAXIMUM;
    tape->unended =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))g_ptr_array_unref);
    return tape;
}

void tape_class_free(TapeClass *tape)
{
    if (tape) {
        g_ptr_array_unref(tape->unended);
        g_free(tape);
    }
}

void tape_class_leave_keys(TapeClass *tape, uint64_t seed)
{
    tape->leaves_keys = true;
    tape->keys = random_new(seed, 0x6b657973); /* "keys" */
}

uint64_t tape_class_requests(const TapeClass *tape)
{
    return tape->requests;
}

uint64_t tape_class_stale_keys(const TapeClass *tape)
{
    return tape->stale_keys;
}

uint64_t tape_class_early_warnings(const TapeClass *tape)
{
    return tape->early_warnings;
}
