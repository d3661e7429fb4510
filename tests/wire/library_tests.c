/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libusbtape, as a program with a bus of its own uses it: its time stands still until it is turned.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "emu/base/bytes.h"
#include "emu/base/clock.h"
#include "emu/bot/wire.h"
#include "emu/library/usbtape.h"
#include "emu/usb/function.h"
#include "media/formats/formats.h"
#include "tests/support/suite.h"

TCase *make_library_tcase(void);

typedef struct Room {
    Clock *clock;
    char *dir, *path;
    UsbTapeDrive *drive;
    GString *notices, *points;
    bool plugged;
    unsigned plugs;     /* how often it was pulled or put in */
    int64_t jump;       /* of its time, away from the clock's */
    int64_t last_delay; /* of the timer that was started last */
} Room;

/* A transfer's end. */
typedef struct End {
    unsigned times;
    UsbTapeResult result;
    GByteArray *in;
    size_t length;
} End;

static int64_t now(void *opaque)
{
    return clock_now(((Room *)opaque)->clock) + ((Room *)opaque)->jump;
}

static void *timer_start(void *opaque, int64_t delay, void (*fire)(void *data), void *data)
{
    ((Room *)opaque)->last_delay = delay;
    return clock_start(((Room *)opaque)->clock, delay, fire, data);
}

static void timer_cancel(void *opaque, void *timer)
{
    clock_cancel(((Room *)opaque)->clock, timer);
}

static void completed(void *opaque, void *token, UsbTapeResult result, const uint8_t *in,
                      size_t length)
{
    End *end = token;

    end->times++;
    end->result = result;
    end->length = length;
    if (in) {
        g_byte_array_append(end->in, in, (guint)length);
    }
}

static void plug(void *opaque, bool plugged)
{
    ((Room *)opaque)->plugged = plugged;
    ((Room *)opaque)->plugs++;
}

static void notice(void *opaque, const char *text)
{
    g_string_append_printf(((Room *)opaque)->notices, "%s\n", text);
}

static void point(void *opaque, const char *name, const char *text)
{
    g_string_append_printf(((Room *)opaque)->points, "%s\n", name);
}

static const UsbTapeOps ops = { now, timer_start, timer_cancel, completed, plug, notice, point };

static void room_open_with(Room *room, const char *faults, UsbTapeConfig config)
{
    MediumGeometry geometry = { .partitions = 1 };
    g_autofree char *plan = NULL;
    g_autoptr(GError) error = NULL;
    bool good;

    *room = (Room){ .clock = virtual_clock_new(),
                    .dir = suite_temp_dir(),
                    .notices = g_string_new(NULL),
                    .points = g_string_new(NULL),
                    .plugged = true };
    room->path = g_build_filename(room->dir, "a.tape", NULL);
    plan = g_build_filename(room->dir, "faults.yaml", NULL);
    good = medium_create(room->path, medium_format_for_path(room->path), &geometry, &error);
    g_assert_no_error(error);
    ck_assert(good);
    if (faults) {
        g_file_set_contents(plan, faults, -1, &error);
        g_assert_no_error(error);
        config.faults = plan;
    }
    config.name = "tape0";
    config.seed = "7";
    config.media = room->path;
    room->drive = usbtape_drive_new(&config, &ops, room, &error);
    g_assert_no_error(error);
    ck_assert_ptr_nonnull(room->drive);
}

static void room_open(Room *room, const char *faults, const char *timing)
{
    room_open_with(room, faults, (UsbTapeConfig){ .timing = timing });
}

static void room_clear(Room *room)
{
    clock_free(room->clock);
    g_string_free(room->notices, TRUE);
    g_string_free(room->points, TRUE);
    g_free(room->dir);
    g_free(room->path);
}

/* The drive ends well, and leaves so many blocks. */
static void room_close(Room *room, uint64_t blocks)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TapeMedium) medium = NULL;
    MediumPosition position;
    uint64_t moved;
    bool good = usbtape_drive_free(room->drive, &error);

    g_assert_no_error(error);
    ck_assert(good);
    medium = medium_open(room->path, true, executor_inline(), NULL, &error);
    g_assert_no_error(error);
    medium_space(medium, MEDIUM_SPACE_EOD, 0, false, &moved);
    medium_position(medium, &position);
    ck_assert_uint_eq(position.object, blocks);
    room_clear(room);
}

static void end_init(End *end)
{
    *end = (End){ .in = g_byte_array_new() };
}

static void end_clear(End *end)
{
    g_byte_array_unref(end->in);
}

/* Whatever a thread of the drive still does for it is waited for. */
static void end_wait(const End *end)
{
    while (end->times == 0) {
        g_main_context_iteration(NULL, TRUE);
    }
    ck_assert_uint_eq(end->times, 1);
}

static void control(Room *room, uint8_t type, uint8_t request, uint16_t value, uint16_t length,
                    End *end)
{
    const uint8_t setup[8] = { type, request, value & 0xff,  value >> 8,
                               0,    0,       length & 0xff, length >> 8 };

    end_init(end);
    usbtape_drive_control(room->drive, setup, NULL, end);
    ck_assert_uint_eq(end->times, 1);
}

static void configure(Room *room)
{
    End end;

    usbtape_drive_reset(room->drive);
    control(room, 0x00, USB_SET_CONFIGURATION, 1, 0, &end);
    ck_assert_int_eq(end.result, USBTAPE_DONE);
    end_clear(&end);
}

static void send_cbw(Room *room, const uint8_t cdb[6], uint32_t length, bool in)
{
    uint8_t *cbw = memset(usbtape_drive_buffer(room->drive, BOT_CBW_LENGTH), 0, BOT_CBW_LENGTH);
    End end;

    put_le32(cbw, BOT_CBW_SIGNATURE);
    put_le32(cbw + 8, length);
    cbw[12] = in ? BOT_CBW_DATA_IN : 0;
    cbw[14] = 6;
    memcpy(cbw + 15, cdb, 6);
    end_init(&end);
    usbtape_drive_bulk_out(room->drive, USB_BULK_OUT, cbw, BOT_CBW_LENGTH, &end);
    ck_assert_int_eq(end.result, USBTAPE_DONE);
    end_clear(&end);
}

static void send_data(Room *room, size_t length, End *end)
{
    end_init(end);
    usbtape_drive_bulk_out(room->drive, USB_BULK_OUT,
                           memset(usbtape_drive_buffer(room->drive, length), 0, length), length,
                           end);
}

static void ask(Room *room, size_t length, End *end)
{
    end_init(end);
    usbtape_drive_bulk_in(room->drive, USB_BULK_IN, length, end);
}

/* The status of a command that moves `length` bytes out. */
static uint8_t command(Room *room, const uint8_t cdb[6], uint32_t length)
{
    uint8_t status;
    End data, csw;

    send_cbw(room, cdb, length, false);
    if (length) {
        send_data(room, length, &data);
        end_wait(&data);
        end_clear(&data);
    }
    ask(room, BOT_CSW_LENGTH, &csw);
    end_wait(&csw);
    ck_assert_int_eq(csw.result, USBTAPE_DONE);
    ck_assert_uint_eq(csw.length, BOT_CSW_LENGTH);
    status = csw.in->data[12];
    end_clear(&csw);
    return status;
}

static const uint8_t test_unit_ready[6] = { 0 };
static const uint8_t rewind_tape[6] = { 0x01 };
static const uint8_t write_1000[6] = { 0x0a, 0, 0, 1000 >> 8, 1000 & 0xff, 0 };
static const uint8_t write_mark[6] = { 0x10, 0, 0, 0, 1, 0 };

static void make_ready(Room *room)
{
    unsigned tries = 0;

    configure(room);
    while (command(room, test_unit_ready, 0) != BOT_PASSED) {
        ck_assert_uint_lt(++tries, 4); /* unit attentions */
    }
}

START_TEST(blocks_pass)
{
    Room room;

    room_open(&room, NULL, NULL);
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    ck_assert_uint_eq(command(&room, write_mark, 0), BOT_PASSED); /* a thread syncs */
    room_close(&room, 3);
}
END_TEST

START_TEST(descriptors_follow_the_port)
{
    static const uint16_t versions[] = { 0x0200, 0x0200, 0x0320 };
    const UsbTapeDescription *description;
    UsbTapeSpeed speed;
    Room room;
    End end;

    room_open(&room, NULL, NULL);
    description = usbtape_drive_description(room.drive);
    ck_assert_int_eq(description->fastest, USBTAPE_HIGH_SPEED);
    for (speed = USBTAPE_FULL_SPEED; speed < N_USBTAPE_SPEEDS; speed++) {
        usbtape_drive_set_speed(room.drive, speed);
        usbtape_drive_reset(room.drive);
        control(&room, 0x80, 6, 1 << 8, 18, &end);
        ck_assert_uint_eq(end.length, 18);
        ck_assert_uint_eq(get_le16(end.in->data + 2), versions[speed]);
        ck_assert_uint_eq(description->at[speed].bcdUSB, versions[speed]);
        ck_assert_uint_eq(end.in->data[7], description->at[speed].bMaxPacketSize0);
        ck_assert_uint_eq(get_le16(end.in->data + 8), description->idVendor);
        end_clear(&end);
    }
    room_close(&room, 0);
}
END_TEST

/* A delay is the program's time, which stands still. */
START_TEST(delays_wait_for_the_program)
{
    Room room;
    End csw;

    room_open(&room, "- {name: drive.slow, on: REWIND, for: 3s}\n", NULL);
    make_ready(&room);
    send_cbw(&room, rewind_tape, 0, false);
    ask(&room, BOT_CSW_LENGTH, &csw);
    virtual_clock_advance(room.clock, 2999999);
    ck_assert_uint_eq(csw.times, 0);
    virtual_clock_advance(room.clock, 1);
    end_wait(&csw);
    ck_assert_int_eq(csw.result, USBTAPE_DONE);
    end_clear(&csw);
    room_close(&room, 0);
}
END_TEST

START_TEST(taken_back)
{
    Room room;
    End csw;

    room_open(&room, "- {name: drive.hang, on: REWIND}\n", NULL);
    make_ready(&room);
    send_cbw(&room, rewind_tape, 0, false);
    ask(&room, BOT_CSW_LENGTH, &csw);
    ck_assert_uint_eq(csw.times, 0);
    usbtape_drive_cancel(room.drive, &csw);
    ck_assert_uint_eq(csw.times, 1);
    ck_assert_int_eq(csw.result, USBTAPE_CANCELLED);
    usbtape_drive_cancel(room.drive, &csw); /* nothing any more */
    ck_assert_uint_eq(csw.times, 1);
    end_clear(&csw);
    room_close(&room, 0);
}
END_TEST

/* It ends at once, whatever it had to wait for, and what it took is on the cartridge. */
START_TEST(ends_in_the_middle)
{
    static const char *const timings[] = { "off", "model" };
    Room room;
    End data;

    room_open(&room, "- {name: drive.hang, on: \"WRITE(6)#2\"}\n", timings[_i]);
    configure(&room);
    while (command(&room, test_unit_ready, 0) != BOT_PASSED) {
        virtual_clock_advance(room.clock, G_USEC_PER_SEC);
    }
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    send_cbw(&room, write_1000, 1000, false);
    send_data(&room, 1000, &data);
    ck_assert_uint_eq(data.times, 0);
    room_close(&room, 1);
    ck_assert_uint_eq(data.times, 1);
    ck_assert_int_eq(data.result, USBTAPE_CANCELLED);
    end_clear(&data);
}
END_TEST

START_TEST(faults_pull_the_plug)
{
    Room room;
    End csw;

    room_open(&room, "- {name: usb.unplug, on: REWIND, phase: csw, replug: 2s}\n", NULL);
    make_ready(&room);
    send_cbw(&room, rewind_tape, 0, false);
    ask(&room, BOT_CSW_LENGTH, &csw);
    ck_assert(room.plugged); /* not from inside a transfer */
    virtual_clock_advance(room.clock, 0);
    ck_assert(!room.plugged);
    usbtape_drive_reset(room.drive); /* as a bus does that has lost its device */
    virtual_clock_advance(room.clock, 1999999);
    ck_assert(!room.plugged);
    virtual_clock_advance(room.clock, 1);
    ck_assert(room.plugged);
    ck_assert_uint_eq(csw.times, 1);
    end_clear(&csw);
    room_close(&room, 0);
}
END_TEST

START_TEST(cartridges_come_and_go)
{
    g_autoptr(GError) error = NULL;
    Room room;

    room_open(&room, NULL, NULL);
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    ck_assert(!usbtape_drive_load(room.drive, room.path, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "eject it first"));
    g_clear_error(&error);
    ck_assert(usbtape_drive_eject(room.drive, &error));
    while (usbtape_drive_ejecting(room.drive)) {
        g_main_context_iteration(NULL, TRUE);
    }
    ck_assert_ptr_null(usbtape_drive_cartridge(room.drive));
    ck_assert(!usbtape_drive_eject(room.drive, &error));
    g_clear_error(&error);
    ck_assert(usbtape_drive_load(room.drive, room.path, &error));
    ck_assert_str_eq(usbtape_drive_cartridge(room.drive), room.path);
    room_close(&room, 1);
}
END_TEST

START_TEST(every_cartridge_is_read_only)
{
    g_autoptr(GError) error = NULL;
    Room room;

    room_open_with(&room, NULL, (UsbTapeConfig){ .read_only = true });
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_FAILED);
    ck_assert(usbtape_drive_eject(room.drive, &error));
    while (usbtape_drive_ejecting(room.drive)) {
        g_main_context_iteration(NULL, TRUE);
    }
    ck_assert(usbtape_drive_load(room.drive, room.path, &error));
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_FAILED);
    room_close(&room, 0);
}
END_TEST

/* The times of the trace file's lines, which never go back; the last one, in microseconds. */
static int64_t check_trace_times(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    gint64 last = 0;
    char **line;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (line = lines; **line; line++) {
        const char *us = strstr(*line, "\"us\":");
        gint64 now;

        ck_assert_ptr_nonnull(us);
        now = g_ascii_strtoll(us + strlen("\"us\":"), NULL, 10);
        ck_assert_int_ge(now, last);
        last = now;
    }
    return last;
}

/* The program's clock is another one when it goes on: the drive's is not, and delays are kept. */
START_TEST(time_goes_on_where_it_stood)
{
    static const int64_t jumps[] = { -100 * G_USEC_PER_SEC, 0, 100 * G_USEC_PER_SEC };
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *trace = g_build_filename(dir, "trace.jsonl", NULL);
    Room room;
    End csw;

    room_open_with(&room, "- {name: drive.slow, on: REWIND, for: 3s}\n",
                   (UsbTapeConfig){ .trace = trace });
    make_ready(&room);
    virtual_clock_advance(room.clock, 200 * G_USEC_PER_SEC);
    send_cbw(&room, rewind_tape, 0, false);
    ask(&room, BOT_CSW_LENGTH, &csw);
    virtual_clock_advance(room.clock, G_USEC_PER_SEC);
    usbtape_drive_stop_time(room.drive, true);
    room.jump = jumps[_i];
    usbtape_drive_stop_time(room.drive, true); /* once is enough */
    room.last_delay = 0;
    usbtape_drive_stop_time(room.drive, false);
    ck_assert_int_eq(room.last_delay, 2 * G_USEC_PER_SEC);
    virtual_clock_advance(room.clock, 2 * G_USEC_PER_SEC - 1);
    ck_assert_uint_eq(csw.times, 0);
    virtual_clock_advance(room.clock, 1);
    end_wait(&csw);
    end_clear(&csw);
    room_close(&room, 0);
    ck_assert_int_eq(check_trace_times(trace), 203 * G_USEC_PER_SEC);
}
END_TEST

/* Whoever ends it owns the plug: a fault that is about to pull it comes too late. */
START_TEST(its_end_leaves_the_plug_alone)
{
    g_autoptr(GError) error = NULL;
    Room room;
    End data;

    room_open(&room, "- {name: usb.unplug, on: \"WRITE(6)\", phase: data, replug: 1ms}\n", NULL);
    make_ready(&room);
    send_cbw(&room, write_1000, 1000, false);
    send_data(&room, 1000, &data);
    ck_assert(usbtape_drive_eject(room.drive, &error)); /* waits for that command */
    ck_assert(usbtape_drive_ejecting(room.drive));
    ck_assert_uint_eq(room.plugs, 0);
    room_close(&room, 0);
    ck_assert_uint_eq(room.plugs, 0);
    ck_assert_uint_eq(data.times, 1);
    end_clear(&data);
}
END_TEST

/* Neither the cartridge nor the trace gets to the disk: one of the two errors is told, none lost.
 */
START_TEST(two_things_fail_at_its_end)
{
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *trace = g_build_filename(dir, "trace.jsonl", NULL);
    const struct rlimit none = { .rlim_cur = 16, .rlim_max = RLIM_INFINITY };
    const struct rlimit all = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
    g_autoptr(GError) error = NULL;
    Room room;
    bool good;

    room_open_with(&room, NULL, (UsbTapeConfig){ .trace = trace });
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    good = usbtape_drive_free(room.drive, &error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    ck_assert(!good);
    ck_assert_ptr_nonnull(strstr(error->message, room.path));
    room_clear(&room);
}
END_TEST

START_TEST(traces_when_asked)
{
    Room room;

    room_open(&room, NULL, NULL);
    configure(&room);
    ck_assert_uint_eq(room.points->len, 0);
    usbtape_drive_trace(room.drive, true);
    configure(&room);
    ck_assert_ptr_nonnull(strstr(room.points->str, "usb.reset"));
    usbtape_drive_trace(room.drive, false);
    g_string_truncate(room.points, 0);
    configure(&room);
    ck_assert_uint_eq(room.points->len, 0);
    room_close(&room, 0);
}
END_TEST

/* The host of this program gives each CBW the tag 0, and never asks why a command failed. */
START_TEST(the_bus_is_judged_for_a_trace)
{
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *trace = g_build_filename(dir, "trace.jsonl", NULL);
    g_autofree char *text = NULL;
    Room room;

    room_open_with(&room, NULL, (UsbTapeConfig){ .trace = trace });
    make_ready(&room);
    ck_assert_uint_eq(command(&room, write_1000, 1000), BOT_PASSED);
    room_close(&room, 1);
    ck_assert(g_file_get_contents(trace, &text, NULL, NULL));
    ck_assert(strstr(text, "\"point\":\"bus.violation\",\"text\":\"tag-repeated: transfer "));
    ck_assert(strstr(text, "\"point\":\"bus.violation\",\"text\":\"sense-missing: transfer "));
    ck_assert_msg(!strstr(text, "cbw-before-csw"), "%s", text);
}
END_TEST

START_TEST(mistakes_name_the_option)
{
    static const struct {
        UsbTapeConfig config;
        const char *words;
    } rows[] = {
        { { .model = "vhs" }, "model=vhs: " },
        { { .speed = "low" }, "speed=low: " },
        { { .seed = "dice" }, "seed=dice: " },
        { { .seed = "-1" }, "seed=-1: " },
        { { .timing = "slow" }, "timing=slow: " },
        { { .set = "inquiry.vendor=ACME;nonsense=1" }, "set=nonsense=1: " },
        { { .serial = "short" }, "serial" },
        { { .media = "/nonexistent/a.tape" }, "/nonexistent/a.tape" },
        { { .faults = "/nonexistent/plan.yaml" }, "/nonexistent/plan.yaml" },
        { { .trace = "/nonexistent/trace" }, "/nonexistent/trace" },
        { { .control = "/nonexistent/socket" }, "control=" },
    };
    g_autoptr(GError) error = NULL;
    Room room = { .clock = virtual_clock_new() };

    ck_assert_ptr_null(usbtape_drive_new(&rows[_i].config, &ops, &room, &error));
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error->message, rows[_i].words) != NULL, "%s", error->message);
    clock_free(room.clock);
}
END_TEST

TCase *make_library_tcase(void)
{
    TCase *tcase = tcase_create("library");

    tcase_add_test(tcase, blocks_pass);
    tcase_add_test(tcase, descriptors_follow_the_port);
    tcase_add_test(tcase, delays_wait_for_the_program);
    tcase_add_test(tcase, taken_back);
    tcase_add_loop_test(tcase, ends_in_the_middle, 0, 2);
    tcase_add_test(tcase, faults_pull_the_plug);
    tcase_add_test(tcase, cartridges_come_and_go);
    tcase_add_test(tcase, every_cartridge_is_read_only);
    tcase_add_loop_test(tcase, time_goes_on_where_it_stood, 0, 3);
    tcase_add_test(tcase, its_end_leaves_the_plug_alone);
    tcase_add_test(tcase, two_things_fail_at_its_end);
    tcase_add_test(tcase, traces_when_asked);
    tcase_add_test(tcase, the_bus_is_judged_for_a_trace);
    tcase_add_loop_test(tcase, mistakes_name_the_option, 0, 11);
    return tcase;
}
