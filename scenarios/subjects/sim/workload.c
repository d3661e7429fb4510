/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/workload.h"

#include "emu/base/random.h"
#include "media/crc32c.h"

/* One burst in so many requests ends, and the program then has to wait for its files. */
#define BURST     6
#define PAUSE_MAX 20000 /* microseconds */

/* A tape buffer, or a motion: one operation of the class driver. */
typedef struct Buffer {
    Workload *w;
    TapeRequest tape;
    GArray *tickets; /* of uint64_t: what of the program's it answers */
    GByteArray *bytes;
} Buffer;

struct Workload {
    TapeClass *tape;
    Clock *clock;
    MtfApplication *application;
    unsigned gather;
    size_t block_size;
    Random random;
    ClockTimer *pause;
    bool done;
    bool stepping;
    bool steady;
    Buffer *filling; /* NULL: none */
    GPtrArray *sent; /* of Buffer * */
    GArray *entries;
    uint64_t queued_marks;
};

static void step(Workload *w);

static void buffer_free(void *data)
{
    Buffer *buffer = data;

    g_array_unref(buffer->tickets);
    g_byte_array_unref(buffer->bytes);
    g_free(buffer);
}

/* ---- answers ---- */

static MtfStatus status_of(TapeResult result)
{
    static const MtfStatus statuses[] = { [TAPE_GOOD] = MTF_STATUS_GOOD,
                                          [TAPE_EARLY_WARNING] = MTF_STATUS_GOOD,
                                          [TAPE_AT_FILEMARK] = MTF_STATUS_FILEMARK,
                                          [TAPE_END_OF_DATA] = MTF_STATUS_END_OF_DATA,
                                          [TAPE_END_OF_MEDIA] = MTF_STATUS_END_OF_MEDIA,
                                          [TAPE_ERROR] = MTF_STATUS_ERROR };

    return statuses[result];
}

static void answer(Workload *w, uint64_t ticket, const TapeRequest *tape)
{
    WorkloadEntry *entry = &g_array_index(w->entries, WorkloadEntry, ticket);
    MtfCompletion completion = { .status = status_of(tape->result),
                                 .data = tape->bytes,
                                 .length = tape->moved,
                                 .object = tape->position,
                                 .error = tape->result == TAPE_ERROR ? tape->error : NULL };

    entry->answered = true;
    entry->status = completion.status;
    if (entry->type == MTF_REQUEST_READ && completion.status == MTF_STATUS_GOOD) {
        entry->crc = crc32c(0, tape->bytes, tape->moved);
        entry->length = tape->moved;
    }
    mtf_application_complete(w->application, ticket, &completion);
}

static void on_done(TapeRequest *tape)
{
    Buffer *buffer = tape->data;
    Workload *w = buffer->w;
    guint i;

    for (i = 0; i < buffer->tickets->len; i++) {
        answer(w, g_array_index(buffer->tickets, uint64_t, i), tape);
    }
    g_ptr_array_remove_fast(w->sent, buffer);
    step(w);
}

/* ---- requests ---- */

static void send(Workload *w, Buffer *buffer)
{
    TapeRequest *tape = &buffer->tape;

    tape->bytes = buffer->bytes->data;
    tape->length = buffer->bytes->len;
    tape->done = on_done;
    tape->data = buffer;
    g_ptr_array_add(w->sent, buffer);
    tape_class_send(w->tape, tape);
}

static Buffer *buffer_new(Workload *w, TapeOperation operation, uint64_t object)
{
    Buffer *buffer = g_new0(Buffer, 1);

    buffer->w = w;
    buffer->tape.operation = operation;
    buffer->tape.object = object;
    buffer->tickets = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    buffer->bytes = g_byte_array_new();
    return buffer;
}

static void flush(Workload *w)
{
    Buffer *buffer = w->filling;

    w->filling = NULL;
    if (buffer) {
        send(w, buffer);
    }
}

static void add_write(Workload *w, const MtfRequest *request)
{
    size_t length;
    const uint8_t *data = g_bytes_get_data(request->data, &length);

    if (!w->filling) {
        w->filling = buffer_new(w, TAPE_WRITE, request->object);
        w->filling->tape.block_length = w->gather > 1 ? w->block_size : 0;
    }
    g_array_append_val(w->filling->tickets, request->ticket);
    g_byte_array_append(w->filling->bytes, data, (guint)length);
    if (w->filling->tickets->len >= w->gather) {
        flush(w);
    }
}

static void send_other(Workload *w, const MtfRequest *request)
{
    static const TapeOperation operations[] = {
        [MTF_REQUEST_FILEMARK] = TAPE_FILEMARK,   [MTF_REQUEST_READ] = TAPE_READ,
        [MTF_REQUEST_REWIND] = TAPE_REWIND,       [MTF_REQUEST_LOCATE] = TAPE_LOCATE,
        [MTF_REQUEST_SPACE_EOD] = TAPE_SPACE_EOD, [MTF_REQUEST_POSITION] = TAPE_POSITION
    };
    Buffer *buffer = buffer_new(w, operations[request->type], request->object);

    g_array_append_val(buffer->tickets, request->ticket);
    if (request->type == MTF_REQUEST_READ) {
        g_byte_array_set_size(buffer->bytes, (guint)request->length);
    }
    flush(w);
    w->queued_marks += request->type == MTF_REQUEST_FILEMARK && w->sent->len > 0;
    send(w, buffer);
}

static void note(Workload *w, const MtfRequest *request)
{
    WorkloadEntry entry = { .type = request->type, .object = request->object };

    if (request->data) {
        const uint8_t *data = g_bytes_get_data(request->data, &entry.length);

        entry.crc = crc32c(0, data, entry.length);
    }
    g_assert(request->ticket == w->entries->len);
    g_array_append_val(w->entries, entry);
}

/* ---- pace ---- */

static void on_pause_over(void *data)
{
    Workload *w = data;

    w->pause = NULL;
    step(w);
}

static void step(Workload *w)
{
    MtfRequest request = { 0 };
    MtfNext next = MTF_NEXT_REQUEST;

    if (w->pause || w->stepping) {
        return;
    }
    w->stepping = true;
    while (!w->pause &&
           (next = mtf_application_next(w->application, &request)) == MTF_NEXT_REQUEST) {
        note(w, &request);
        if (request.type == MTF_REQUEST_WRITE) {
            add_write(w, &request);
        } else {
            send_other(w, &request);
        }
        mtf_request_clear(&request);
        if (!w->steady && random_below(&w->random, BURST) == 0) {
            w->pause = clock_start(w->clock, 1 + (int64_t)random_below(&w->random, PAUSE_MAX),
                                   on_pause_over, w);
        }
    }
    w->stepping = false;
    if (!w->pause) {
        flush(w);
        w->done = next == MTF_NEXT_DONE;
    }
}

/* ---- the outside ---- */

static void on_prepared(TapeRequest *tape)
{
    Buffer *buffer = tape->data;
    Workload *w = buffer->w;

    g_ptr_array_remove_fast(w->sent, buffer);
    step(w);
}

/* The drive is to know what a fixed block is, before there are any. */
void workload_start(Workload *w)
{
    Buffer *buffer;

    if (w->gather <= 1) {
        step(w);
        return;
    }
    buffer = buffer_new(w, TAPE_BLOCK_LENGTH, 0);
    buffer->tape.block_length = w->block_size;
    buffer->tape.done = on_prepared;
    buffer->tape.data = buffer;
    g_ptr_array_add(w->sent, buffer);
    tape_class_send(w->tape, &buffer->tape);
}

bool workload_done(const Workload *w)
{
    return w->done;
}

const MtfApplication *workload_application(const Workload *w)
{
    return w->application;
}

uint64_t workload_queued_marks(const Workload *w)
{
    return w->queued_marks;
}

const GArray *workload_entries(const Workload *w)
{
    return w->entries;
}

Workload *workload_new(TapeClass *tape, Clock *clock, const WorkloadConfig *config, GError **error)
{
    MtfTask task = config->task;
    Workload *w = g_new0(Workload, 1);

    w->gather = MAX(config->gather, 1);
    w->steady = config->steady;
    task.depth = MAX(config->outstanding, 1) * w->gather;
    w->tape = tape;
    w->clock = clock;
    w->block_size = task.job.block_size > 0 ? task.job.block_size : MTF_WRITER_BLOCK_SIZE;
    w->random = random_new(config->seed, 0x70616365); /* "pace" */
    w->sent = g_ptr_array_new_with_free_func(buffer_free);
    w->entries = g_array_new(FALSE, FALSE, sizeof(WorkloadEntry));
    w->application = mtf_application_new(&task, error);
    if (!w->application) {
        workload_free(w);
        return NULL;
    }
    return w;
}

void workload_free(Workload *w)
{
    if (!w) {
        return;
    }
    if (w->pause) {
        clock_cancel(w->clock, w->pause);
    }
    if (w->filling) {
        buffer_free(w->filling);
    }
    g_ptr_array_unref(w->sent);
    g_array_unref(w->entries);
    g_clear_pointer(&w->application, mtf_application_free);
    g_free(w);
}
