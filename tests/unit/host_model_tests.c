/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Windows host model on a device of a few lines, which does what it is told and writes down
 * what comes over the bus: the queue as Microsoft documents it, what each model makes of an error,
 * how transfers are split.
 */
#include <string.h>

#include "emu/base/bytes.h"
#include "scenarios/subjects/sim/tape-class.h"
#include "tests/support/suite.h"

TCase *make_host_model_tcase(void);

/* ── the device queue ── */

/* Insertions "a5" (by key 5), "a" (at the tail), "^a" (at the head); removals "." (the head), ".5"
 * (by key), "$" (the newest), "-a" (that one). Out: what was started or removed; "_" for nothing.
 */
static const struct {
    const char *steps, *result;
} queue_rows[] = {
    { "a b c . . .", "a b c _" },         /* the first is not queued: it is the caller's */
    { "a . b", "a _ b" },                 /* and so is the first after it ran empty */
    { "x a5 b5 c5 . . .", "x a b c" },    /* equal keys stay in order */
    { "x a7 b3 c5 . . .", "x b c a" },    /* others are sorted */
    { "x a3 b5 c3 . . .", "x a c b" },    /* … after those with the same */
    { "x a1 b5 c9 .5 .6 .9", "x b c a" }, /* C-SCAN: up from there, then from the low end */
    { "x a1 b2 .7 .7 .7", "x a b _" },
    { "x a4 b4 c4 .4 .4 .4", "x a b c" },
    { "x a b ^c . . .", "x c a b" },
    { "^x a .", "x a" },
    { "x a b c $ $ .", "x c b a" },
    { "x a b c -b . . .", "x b a c _" },
    { "x -x .", "x _ _" }, /* it is not in there */
};

static char *run_queue(const char *text)
{
    g_auto(GStrv) steps = g_strsplit(text, " ", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    DeviceQueueEntry entries[26] = { 0 };
    DeviceQueue queue;
    char **step;

    device_queue_init(&queue);
    for (step = steps; *step; step++) {
        const char *s = *step;
        bool at_head = *s == '^', named = *s == '-';
        char letter = s[at_head || named];
        DeviceQueueEntry *entry = g_ascii_islower(letter) ? &entries[letter - 'a'] : NULL;
        bool queued = false;

        if (named) {
            entry = device_queue_remove_entry(&queue, entry) ? entry : NULL;
        } else if (at_head) {
            queued = device_queue_insert_at_head(&queue, entry);
        } else if (entry && s[1]) {
            queued = device_queue_insert_by_key(&queue, entry, (uint32_t)(s[1] - '0'));
        } else if (entry) {
            queued = device_queue_insert(&queue, entry);
        } else if (*s == '$') {
            entry = device_queue_remove_newest(&queue);
        } else if (s[1]) {
            entry = device_queue_remove_by_key(&queue, (uint32_t)(s[1] - '0'));
        } else {
            entry = device_queue_remove(&queue);
        }
        if (!queued) {
            g_string_append_printf(out, "%s%c", out->len > 0 ? " " : "",
                                   entry ? (char)('a' + (entry - entries)) : '_');
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

START_TEST(queue_is_as_documented)
{
    g_autofree char *result = run_queue(queue_rows[_i].steps);

    ck_assert_msg(g_str_equal(result, queue_rows[_i].result), "%s: %s, not %s",
                  queue_rows[_i].steps, result, queue_rows[_i].result);
}
END_TEST

/* ── a device ── */

typedef struct Command {
    uint32_t tag, length;
    uint8_t cdb[16];
    bool in, moved;
} Command;

typedef struct Device {
    HostTransport bus;
    GQueue under_way; /* of HostTransfer * */
    GQueue commands;  /* of Command *, whose CSW is still to come */
    GString *log;
    unsigned writes; /* seen */
    unsigned fail;   /* the nth write fails, with a unit attention; 0: none */
    unsigned spoil;  /* the CSW of the nth write is none */
    bool pending_sense;
    bool gone;
    uint32_t position; /* READ POSITION */
    Command *last;
} Device;

static void submit(HostTransport *bus, HostTransfer *transfer)
{
    g_queue_push_tail(&((Device *)bus)->under_way, transfer);
}

static void cancel(HostTransport *bus, HostTransfer *transfer)
{
    transfer->link = bus; /* marks it */
}

static void note(Device *d, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(Device *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append(d->log, d->log->len > 0 ? " " : "");
    g_string_append_vprintf(d->log, format, args);
    va_end(args);
}

/* Writes by their number (the last byte of the CDB), other commands by a letter. */
static void take_cbw(Device *d, const uint8_t *cbw)
{
    Command *command = g_new0(Command, 1);
    bool overlaps = !g_queue_is_empty(&d->commands);

    command->tag = get_le32(cbw + 4);
    command->length = get_le32(cbw + 8);
    command->in = cbw[12] & 0x80;
    memcpy(command->cdb, cbw + 15, 16);
    g_queue_push_tail(&d->commands, command);
    if (command->cdb[0] == 0x0a || command->cdb[0] == 0x08) {
        note(d, "%u%s", command->cdb[5], overlaps ? "+" : "");
    } else {
        note(d, "%s%s",
             command->cdb[0] == 0x03   ? "sense"
             : command->cdb[0] == 0x34 ? "position"
                                       : "other",
             overlaps ? "+" : "");
    }
}

static void give_data(Device *d, Command *command, uint8_t *bytes)
{
    if (command->cdb[0] == 0x03) {
        memset(bytes, 0, command->length);
        bytes[0] = 0x70;
        bytes[2] = d->pending_sense ? 6 : 0;
        d->pending_sense = false;
    } else if (command->cdb[0] == 0x34) {
        memset(bytes, 0, command->length);
        put_be32(bytes + 4, d->position);
    }
}

static void give_csw(Device *d, Command *command, uint8_t *csw)
{
    bool write = command->cdb[0] == 0x0a || command->cdb[0] == 0x08;

    d->writes += write;
    memcpy(csw, write && d->writes == d->spoil ? "NONE" : "USBS", 4);
    put_le32(csw + 4, command->tag);
    put_le32(csw + 8, 0);
    csw[12] = write && d->writes == d->fail;
    d->pending_sense |= csw[12];
    g_free(g_queue_pop_head(&d->commands));
}

static void perform(Device *d, HostTransfer *t)
{
    Command *command = g_queue_peek_head(&d->commands);

    t->end = d->gone ? HOST_GONE : t->link ? HOST_CANCELLED : HOST_DONE;
    t->link = NULL;
    t->actual = t->length;
    if (t->end != HOST_DONE) {
        t->actual = 0;
    } else if (t->phase == HOST_BULK_OUT && t->length == 31) {
        take_cbw(d, t->bytes);
    } else if (t->phase == HOST_BULK_IN && command->in && !command->moved) {
        command->moved = true;
        give_data(d, command, t->bytes);
    } else if (t->phase == HOST_BULK_IN) {
        give_csw(d, command, t->bytes);
    } else if (t->phase == HOST_CLASS_RESET) {
        note(d, "reset");
        g_queue_clear_full(&d->commands, g_free);
    }
    t->done(t);
}

/* Until nothing happens any more. */
static void device_run(Device *d, Clock *clock)
{
    HostTransfer *t;
    int64_t next;

    for (;;) {
        while ((t = g_queue_pop_head(&d->under_way))) {
            perform(d, t);
        }
        next = virtual_clock_next(clock);
        if (next < 0) {
            return;
        }
        virtual_clock_advance(clock, next - clock_now(clock));
    }
}

/* ── the models ── */

typedef struct Rig {
    Device device;
    Clock *clock;
    HostPort *port;
    HostRequest requests[8];
    GString *ended; /* "1 2! 3": with an error */
    unsigned late;  /* sent while the first error is dealt with; 0: none */
} Rig;

static void on_request(HostRequest *request)
{
    Rig *rig = request->data;
    unsigned n = (unsigned)(request - rig->requests);

    g_string_append_printf(rig->ended, "%s%u%s", rig->ended->len > 0 ? " " : "", n,
                           request->status == HOST_CHECK   ? "!"
                           : request->status == HOST_RESET ? "?"
                           : request->status == HOST_GOOD  ? ""
                                                           : "x");
    if (request->status == HOST_CHECK && rig->late > 0) {
        host_port_send(rig->port, &rig->requests[rig->late]);
        rig->late = 0;
    }
    if (request->status == HOST_CHECK && (request->sense[2] & 0xf) == 6) {
        bool frozen = request->frozen;

        host_port_retry(rig->port, request);
        if (frozen) {
            host_port_release(rig->port);
        }
    } else if (request->frozen) {
        host_port_release(rig->port);
    }
}

static void on_event(void *data, HostEvent event, const HostRequest *request)
{
    if (event == HOST_EVENT_LOST) {
        note(&((Rig *)data)->device, "lost");
    }
}

static const HostTransportOps device_ops = { submit, cancel };

static void rig_init(Rig *rig, const char *model)
{
    unsigned i;

    *rig = (Rig){ .device = { .bus = { &device_ops }, .log = g_string_new(NULL) },
                  .clock = virtual_clock_new(),
                  .ended = g_string_new(NULL) };
    rig->port = host_port_new(&rig->device.bus, rig->clock, host_model_by_name(model, NULL));
    host_port_watch(rig->port, on_event, rig);
    for (i = 0; i < G_N_ELEMENTS(rig->requests); i++) {
        rig->requests[i] = (HostRequest){ .cdb = { 0x0a, 0, 0, 0, 0, (uint8_t)i },
                                          .cdb_length = 6,
                                          .done = on_request,
                                          .data = rig };
    }
}

static void rig_clear(Rig *rig)
{
    host_port_free(rig->port);
    clock_free(rig->clock);
    g_queue_clear_full(&rig->device.commands, g_free);
    g_string_free(rig->device.log, TRUE);
    g_string_free(rig->ended, TRUE);
}

static const struct {
    const char *model;
    unsigned sent, fail, spoil, late;
    const char *keys; /* of the requests, a digit each; NULL: none */
    const char *wire, *ended;
} model_rows[] = {
    /* The same error, and what the queue of each makes of it. */
    { "post-fix", 5, 2, 0, 0, NULL, "1 2 sense 2 3 4 5", "1 2! 2 3 4 5" },
    { "F2", 5, 2, 0, 0, NULL, "1 2 sense 3 2 4 5", "1 2! 3 2 4 5" },
    { "F3", 5, 2, 0, 0, NULL, "1 2 sense 3 4 5 2", "1 2! 3 4 5 2" },
    { "F4-lifo", 5, 2, 0, 0, NULL, "1 2 sense 5 2 3 4", "1 2! 5 2 3 4" },
    { "F4-overlap", 5, 2, 0, 0, NULL, "1 2 sense 2 3+ 4 5", "1 2! 2 3 4 5" },
    { "F6", 5, 2, 0, 0, NULL, "1 2 3 sense 2 4 5", "1 3 2! 2 4 5" },
    /* Nothing wrong, nothing to see. */
    { "F2", 5, 0, 0, 0, NULL, "1 2 3 4 5", "1 2 3 4 5" },
    { "F4-overlap", 5, 0, 0, 0, NULL, "1 2 3 4 5", "1 2 3 4 5" },
    { "F7", 5, 2, 0, 0, NULL, "1 2 sense 2 3 4 5", "1 2! 2 3 4 5" },
    /* A request that comes while the queue is frozen and empty. */
    { "post-fix", 2, 2, 0, 3, NULL, "1 2 sense 2 3", "1 2! 2 3" },
    { "F5", 2, 2, 0, 3, NULL, "1 2 sense lost 2", "1 2! 2" },
    { "F5", 3, 2, 0, 4, NULL, "1 2 sense 2 3 4", "1 2! 2 3 4" }, /* it is not empty */
    /* No valid answer: Reset Recovery. */
    { "post-fix", 3, 0, 2, 0, NULL, "1 2 reset 3", "1 2? 3" },
    { "F7", 3, 0, 2, 0, NULL, "1 2 reset 2 3", "1 2 3" },
    { "F10", 3, 0, 2, 0, NULL, "1 2 reset 3", "1 2 3" },
    /* Keys that nobody set. */
    { "post-fix", 5, 0, 0, 0, "09537", "1 2 3 4 5", "1 2 3 4 5" },
    { "F1", 5, 0, 0, 0, "09537", "1 4 3 5 2", "1 4 3 5 2" },
    { "F1", 5, 0, 0, 0, "00000", "1 2 3 4 5", "1 2 3 4 5" },
    { "F1", 5, 0, 0, 0, "40500", "1 3 2 4 5", "1 3 2 4 5" },
    { "F8", 5, 0, 0, 0, "09537", "1 2 3 4 5", "1 2 3 4 5" }, /* these are writes */
};

START_TEST(models_do_what_they_are_for)
{
    Rig rig;
    unsigned i;

    rig_init(&rig, model_rows[_i].model);
    rig.device.fail = model_rows[_i].fail;
    rig.device.spoil = model_rows[_i].spoil;
    rig.late = model_rows[_i].late;
    for (i = 1; i <= model_rows[_i].sent; i++) {
        rig.requests[i].sort_key =
            model_rows[_i].keys ? (uint32_t)(model_rows[_i].keys[i - 1] - '0') : 0;
        host_port_send(rig.port, &rig.requests[i]);
    }
    device_run(&rig.device, rig.clock);
    ck_assert_msg(g_str_equal(rig.device.log->str, model_rows[_i].wire), "%s: wire %s, not %s",
                  model_rows[_i].model, rig.device.log->str, model_rows[_i].wire);
    ck_assert_msg(!model_rows[_i].ended || g_str_equal(rig.ended->str, model_rows[_i].ended),
                  "%s: ended %s, not %s", model_rows[_i].model, rig.ended->str,
                  model_rows[_i].ended);
    rig_clear(&rig);
}
END_TEST

START_TEST(f6_gives_the_sense_to_nobody)
{
    Rig rig;
    unsigned i;

    rig_init(&rig, "F6");
    rig.device.fail = 2;
    for (i = 1; i <= 3; i++) {
        host_port_send(rig.port, &rig.requests[i]);
    }
    /* The device drops sense data when the next command comes, as SPC-3 § 4.5 has it. */
    while (rig.device.writes < 3) {
        perform(&rig.device, g_queue_pop_head(&rig.device.under_way));
    }
    rig.device.pending_sense = false;
    device_run(&rig.device, rig.clock);
    ck_assert_int_eq(rig.requests[2].status, HOST_CHECK);
    ck_assert_uint_eq(rig.requests[2].sense[2], 0);
    ck_assert_str_eq(rig.ended->str, "1 3 2!");
    rig_clear(&rig);
}
END_TEST

START_TEST(every_model_has_a_trigger_but_the_right_one)
{
    const HostModel *model = host_models();

    ck_assert_str_eq(model->name, "post-fix");
    ck_assert_uint_eq(model->triggers, 0);
    for (model++; model->name; model++) {
        ck_assert_uint_ne(model->triggers, 0);
        ck_assert_ptr_eq(host_model_by_name(model->name, NULL), model);
        ck_assert(!model->silent_in == !model->silent_because);
    }
}
END_TEST

START_TEST(a_device_that_is_gone_ends_everything)
{
    Rig rig;
    unsigned i;

    rig_init(&rig, "post-fix");
    for (i = 1; i <= 3; i++) {
        host_port_send(rig.port, &rig.requests[i]);
    }
    rig.device.gone = true;
    device_run(&rig.device, rig.clock);
    ck_assert_str_eq(rig.ended->str, "1x 2x 3x");
    host_port_send(rig.port, &rig.requests[4]);
    ck_assert_str_eq(rig.ended->str, "1x 2x 3x"); /* never from inside send */
    device_run(&rig.device, rig.clock);
    ck_assert_str_eq(rig.ended->str, "1x 2x 3x 4x");
    rig_clear(&rig);
}
END_TEST

/* ── the class driver ── */

typedef struct ClassRig {
    Device device;
    Clock *clock;
    HostPort *port;
    TapeClass *tape;
    GString *commands; /* "W/65536 …" as they go out: flags, count, bytes */
    unsigned waiting;  /* most that waited at a time */
} ClassRig;

static void on_command(void *data, HostEvent event, const HostRequest *request)
{
    ClassRig *rig = data;

    if (event == HOST_EVENT_CBW) {
        g_string_append_printf(rig->commands, "%s%02x/%u/%u/%zu", rig->commands->len > 0 ? " " : "",
                               request->cdb[0], request->cdb[1], get_be24(request->cdb + 2),
                               request->length);
    }
}

static void on_tape_done(TapeRequest *request)
{
    *(bool *)request->data = true;
}

static void class_rig_init(ClassRig *rig, size_t maximum)
{
    *rig = (ClassRig){ .device = { .bus = { &device_ops }, .log = g_string_new(NULL) },
                       .clock = virtual_clock_new(),
                       .commands = g_string_new(NULL) };
    rig->port = host_port_new(&rig->device.bus, rig->clock, host_models());
    rig->tape = tape_class_new(rig->port, rig->clock, maximum);
    host_port_watch(rig->port, on_command, rig);
}

static void class_rig_clear(ClassRig *rig)
{
    host_port_free(rig->port);
    tape_class_free(rig->tape);
    clock_free(rig->clock);
    g_queue_clear_full(&rig->device.commands, g_free);
    g_string_free(rig->device.log, TRUE);
    g_string_free(rig->commands, TRUE);
}

static const struct {
    TapeOperation operation;
    size_t maximum, length, block;
    const char *commands;
} split_rows[] = {
    { TAPE_WRITE, 0, 65536, 0, "0a/0/65536/65536" },
    { TAPE_WRITE, 0, 65537, 0, "0a/0/65536/65536 0a/0/1/1" }, /* two blocks on tape */
    { TAPE_WRITE, 0, 131072, 16384, "0a/1/4/65536 0a/1/4/65536" },
    { TAPE_WRITE, 50000, 81920, 16384, "0a/1/3/49152 0a/1/2/32768" }, /* whole blocks */
    { TAPE_WRITE, 4096, 16384, 16384, "0a/1/0/4096 0a/1/0/4096 0a/1/0/4096 0a/1/0/4096" },
    { TAPE_READ, 0, 196608, 65536, "08/1/1/65536 08/1/1/65536 08/1/1/65536" },
    { TAPE_READ, 65536, 16384, 0, "08/0/16384/16384" },
    { TAPE_WRITE, 0, 0, 0, "0a/0/0/0" },
    { TAPE_FILEMARK, 0, 99999, 0, "10/0/1/0" },
    { TAPE_REWIND, 0, 0, 0, "01/0/0/0" },
    { TAPE_SPACE_EOD, 0, 0, 0, "11/3/0/0" },
};

START_TEST(transfers_are_split_to_the_maximum)
{
    g_autofree uint8_t *bytes = g_malloc0(split_rows[_i].length + 1);
    bool done = false;
    TapeRequest request = { .operation = split_rows[_i].operation,
                            .bytes = bytes,
                            .length = split_rows[_i].length,
                            .block_length = split_rows[_i].block,
                            .done = on_tape_done,
                            .data = &done };
    ClassRig rig;

    class_rig_init(&rig, split_rows[_i].maximum);
    tape_class_send(rig.tape, &request);
    ck_assert(!done);
    device_run(&rig.device, rig.clock);
    ck_assert(done);
    ck_assert_int_eq(request.result, TAPE_GOOD);
    ck_assert_str_eq(rig.commands->str, split_rows[_i].commands);
    class_rig_clear(&rig);
}
END_TEST

/* The second part of a split write is refused: it, and it alone, is sent again, in its place. */
START_TEST(all_parts_are_sent_at_once_and_retried_alone)
{
    uint8_t *bytes = g_malloc0(3 * 65536);
    bool done = false;
    TapeRequest request = { .operation = TAPE_WRITE,
                            .bytes = bytes,
                            .length = 3u * 65536,
                            .done = on_tape_done,
                            .data = &done };
    ClassRig rig;

    class_rig_init(&rig, 0);
    rig.device.fail = 2;
    tape_class_send(rig.tape, &request);
    ck_assert_uint_eq(tape_class_requests(rig.tape), 3);
    device_run(&rig.device, rig.clock);
    ck_assert(done);
    ck_assert_uint_eq(request.moved, 3u * 65536);
    ck_assert_str_eq(rig.device.log->str, "0 0 sense 0 0");
    g_free(bytes);
    class_rig_clear(&rig);
}
END_TEST

/* After Reset Recovery the tape says whether the write was executed. */
static const struct {
    uint32_t position;
    const char *wire;
    TapeResult result;
} reset_rows[] = {
    { 7, "0 reset position 0", TAPE_GOOD },
    { 8, "0 reset position", TAPE_GOOD },
    { 5, "0 reset position", TAPE_ERROR },
};

START_TEST(after_a_reset_the_position_decides)
{
    uint8_t byte = 0;
    bool done = false;
    TapeRequest request = { .operation = TAPE_WRITE,
                            .bytes = &byte,
                            .length = 1,
                            .object = 7,
                            .done = on_tape_done,
                            .data = &done };
    ClassRig rig;

    class_rig_init(&rig, 0);
    rig.device.spoil = 1;
    rig.device.position = reset_rows[_i].position;
    tape_class_send(rig.tape, &request);
    device_run(&rig.device, rig.clock);
    ck_assert(done);
    ck_assert_int_eq(request.result, reset_rows[_i].result);
    ck_assert_str_eq(rig.device.log->str, reset_rows[_i].wire);
    class_rig_clear(&rig);
}
END_TEST

START_TEST(keys_are_zero_unless_they_are_left)
{
    bool done[64] = { false };
    TapeRequest requests[64] = { 0 };
    ClassRig rig;
    unsigned i;

    class_rig_init(&rig, 0);
    tape_class_leave_keys(rig.tape, 1);
    for (i = 0; i < G_N_ELEMENTS(requests); i++) {
        requests[i] =
            (TapeRequest){ .operation = TAPE_READY, .done = on_tape_done, .data = &done[i] };
        tape_class_send(rig.tape, &requests[i]);
    }
    ck_assert_uint_gt(tape_class_stale_keys(rig.tape), 5);
    ck_assert_uint_lt(tape_class_stale_keys(rig.tape), 60);
    device_run(&rig.device, rig.clock);
    ck_assert(done[63]);
    class_rig_clear(&rig);
}
END_TEST

TCase *make_host_model_tcase(void)
{
    TCase *tcase = tcase_create("host model");

    tcase_add_loop_test(tcase, queue_is_as_documented, 0, G_N_ELEMENTS(queue_rows));
    tcase_add_loop_test(tcase, models_do_what_they_are_for, 0, G_N_ELEMENTS(model_rows));
    tcase_add_test(tcase, f6_gives_the_sense_to_nobody);
    tcase_add_test(tcase, every_model_has_a_trigger_but_the_right_one);
    tcase_add_test(tcase, a_device_that_is_gone_ends_everything);
    tcase_add_loop_test(tcase, transfers_are_split_to_the_maximum, 0, G_N_ELEMENTS(split_rows));
    tcase_add_test(tcase, all_parts_are_sent_at_once_and_retried_alone);
    tcase_add_loop_test(tcase, after_a_reset_the_position_decides, 0, G_N_ELEMENTS(reset_rows));
    tcase_add_test(tcase, keys_are_zero_unless_they_are_left);
    return tcase;
}
