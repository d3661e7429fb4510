/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a story is made of: order, timeline, tape map. How it looks: tests/contract/reports.py. */
#include "media/formats/formats.h"
#include "scenarios/runner/judges/order.h"
#include "scenarios/runner/judges/tape-map.h"
#include "scenarios/runner/report/timeline.h"
#include "scenarios/subjects/linux/stamp.h"
#include "tests/support/mtf_tape.h"
#include "tests/support/suite.h"

#include <glib/gstdio.h>
#include <string.h>

TCase *make_story_tcase(void);

/* ---- order ---- */

/* "0 2d 1 3 3r | lost 4": as on the tape, then what is not there. */
static char *shown_text(const StoryOrder *order)
{
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *r = &g_array_index(order->shown, StoryRecord, i);

        g_string_append_printf(text, "%s%s%" G_GINT64_FORMAT "%s", i > 0 ? " " : "",
                               r->after_gap ? ".. " : "", r->issued,
                               r->object < 0  ? "!"
                               : r->repeated  ? "r"
                               : r->displaced ? "d"
                                              : "");
    }
    return g_string_free(text, FALSE);
}

static const struct {
    const char *tape; /* sequence numbers, in the order of the tape */
    int64_t first, count;
    int64_t displaced, lost, repeated;
    const char *shown;
} orders[] = {
    { "", 0, -1, 0, 0, 0, "" },
    { "", 0, 3, 0, 3, 0, "0! 1! 2!" },
    { "0", 0, 1, 0, 0, 0, "0" },
    { "0 1 2 3", 0, 4, 0, 0, 0, "0 1 2 3" },
    { "0 1 2 3", 0, -1, 0, 0, 0, "0 1 2 3" },
    { "5 6 7", 5, 3, 0, 0, 0, "5 6 7" },
    { "5 6 7", 3, 6, 0, 3, 0, "3! 4! 5 6 7 8!" },
    { "0 2 1 3", 0, 4, 1, 0, 0, "0 2d 1 3" },
    { "3 0 1 2", 0, 4, 1, 0, 0, "3d 0 1" },
    { "1 2 3 0", 0, 4, 1, 0, 0, ".. 2 3 0d" },
    { "3 2 1 0", 0, 4, 3, 0, 0, "3d 2d 1d 0" },
    { "0 1 1 2", 0, 3, 0, 0, 1, "0 1 1r 2" },
    { "0 1 3 4", 0, 5, 0, 1, 0, "0 1 2! 3 4" },
    { "0 1 3 4", 0, -1, 0, 1, 0, "0 1 2! 3 4" },
    { "0 1 2 3", 0, 6, 0, 2, 0, ".. 1 2 3 4! 5!" },
    { "0 1 2 3 4 5 6 7 8 9 10", 0, 11, 0, 0, 0, "0 1 2 3 4 5 .. 8 9 10" },
    { "0 1 2 3 4 5 7 6 8 9 10 11", 0, 12, 1, 0, 0, ".. 4 5 7d 6 8" },
    /* what was never issued is on the tape all the same */
    { "0 9 1", 0, 2, 1, 0, 0, "0 9d 1" },
};

START_TEST(compares_order)
{
    g_auto(GStrv) words = g_strsplit(orders[_i].tape, " ", -1);
    g_autofree OrderRecord *records = g_new0(OrderRecord, g_strv_length(words) + 1);
    g_autoptr(Story) story = story_new();
    StoryOrder *order = story_add_order(story, 1, "run");
    g_autofree char *shown = NULL;
    size_t n;

    for (n = 0; words[n] && *words[n]; n++) {
        records[n] = (OrderRecord){ g_ascii_strtoll(words[n], NULL, 10), (int64_t)n };
    }
    order_compare(records, n, orders[_i].first, orders[_i].count, order);
    shown = shown_text(order);
    ck_assert_str_eq(shown, orders[_i].shown);
    ck_assert_int_eq(order->records, (int64_t)n);
    ck_assert_int_eq(order->displaced, orders[_i].displaced);
    ck_assert_int_eq(order->lost, orders[_i].lost);
    ck_assert_int_eq(order->repeated, orders[_i].repeated);
    ck_assert_int_eq(order->left_out, 0);
}
END_TEST

/* However wrong a tape is, the picture stays small, and says how much it does not show. */
START_TEST(bounds_order)
{
    enum { N = 100000 };
    g_autofree OrderRecord *records = g_new0(OrderRecord, N);
    g_autoptr(Story) story = story_new();
    StoryOrder *order = story_add_order(story, 1, "run");
    guint i, shown_wrong = 0;

    for (i = 0; i < N; i++) { /* pairs swapped; every fourth number never written */
        records[i] = (OrderRecord){ 4 * (int64_t)((i ^ 1) / 3) + (int64_t)((i ^ 1) % 3), i };
    }
    order_compare(records, N, 0, 1ll << 40, order);
    for (i = 0; i < order->shown->len; i++) {
        const StoryRecord *r = &g_array_index(order->shown, StoryRecord, i);

        shown_wrong += r->displaced || r->repeated || r->object < 0;
    }
    ck_assert_uint_lt(order->shown->len, 100);
    ck_assert_int_gt(order->displaced, N / 3);
    ck_assert_int_eq(order->lost, (1ll << 40) - N);
    ck_assert_int_eq(order->left_out,
                     order->displaced + order->repeated + order->lost - shown_wrong);
}
END_TEST

/* ---- timeline ---- */

static Story *timeline_of(const char *trace)
{
    g_autofree char *path = NULL;
    Story *story = story_new();
    int fd = g_file_open_tmp("trace-XXXXXX", &path, NULL);

    ck_assert_int_ge(fd, 0);
    g_close(fd, NULL);
    ck_assert(g_file_set_contents(path, trace, -1, NULL));
    timeline_add(story, path, 1000);
    timeline_finish(story);
    g_unlink(path);
    return story;
}

/* "WRITE(6) x2; READ(6) BUSY!": names, counts, outcomes; ! an error, ? a note. */
static char *events_text(const Story *story)
{
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < story->events->len; i++) {
        const StoryEvent *e = story->events->pdata[i];

        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", e->name);
        if (e->count > 1) {
            g_string_append_printf(text, " x%" G_GUINT64_FORMAT, e->count);
        }
        g_string_append_printf(text, "%s%s%s", *e->text ? " " : "", e->text,
                               e->weight == STORY_ERROR  ? "!"
                               : e->weight == STORY_NOTE ? "?"
                                                         : "");
    }
    return g_string_free(text, FALSE);
}

#define LINE(us, point, text)  "{\"us\":" us ",\"point\":\"" point "\",\"text\":\"" text "\"}\n"
#define COMMAND(us, tag, name) LINE(us, "scsi.command", "tag " tag " lun 0 " name ": 0a 00")
#define OUTCOME(us, tag, text) LINE(us, "scsi.outcome", "tag " tag " " text)

static const struct {
    const char *trace, *events;
    uint64_t commands;
} timelines[] = {
    { "", "", 0 },
    { "no trace\n{}\n[1]\n{\"us\":\"x\",\"point\":1}\n" LINE("1", "scsi.command", "")
          LINE("1", "scsi.outcome", "tag") LINE("1", "scsi.command", "tag zz lun"),
      "", 0 },
    { COMMAND("10", "1", "WRITE(6)") OUTCOME("20", "1", "status 00") COMMAND("30", "2", "WRITE(6)")
          OUTCOME("40", "2", "status 00") COMMAND("50", "3", "REWIND")
              OUTCOME("60", "3", "status 00"),
      "WRITE(6) x2; REWIND", 3 },
    { COMMAND("10", "1", "READ(6)") OUTCOME("20", "1", "status 08"), "READ(6) BUSY!", 1 },
    { COMMAND("10", "1", "READ(6)") OUTCOME("20", "1", "CHECK CONDITION 3/11/00 unrecovered"),
      "READ(6) CHECK CONDITION 3/11/00 unrecovered!", 1 },
    { COMMAND("10", "1", "READ(6)") OUTCOME("20", "1", "CHECK CONDITION 8/00/05 end of data"),
      "READ(6) CHECK CONDITION 8/00/05 end of data?", 1 },
    { COMMAND("10", "1", "WRITE(6)") LINE("20", "usb.reset", "port reset"),
      "WRITE(6) no answer: the bus was reset!; port reset?", 1 },
    { COMMAND("10", "1", "WRITE(6)"), "WRITE(6) no answer: the trace ends!", 1 },
    { COMMAND("10", "1", "WRITE(6)") COMMAND("20", "2", "REWIND") OUTCOME("30", "2", "status 00"),
      "WRITE(6) no answer: another command came!; REWIND", 2 },
    { COMMAND("10", "1", "ERASE") OUTCOME("2500010", "1", "status 00"), "ERASE after 2500 ms?", 1 },
    { LINE("10", "fault.fired", "drive.busy (f:1) seed 1"), "drive.busy (f:1) seed 1!", 0 },
    { LINE("1", "usb.reset", "port reset") LINE("2", "usb.reset", "port reset"), "port reset x2?",
      0 },
    { LINE("1", "bus.violation", "cbw-before-csw: transfer 5, tag 00000001: a CBW too early")
          LINE("2", "bus.violation", "tag-repeated: transfer 6, tag 00000001: the same tag"),
      "rule of the bus: cbw-before-csw transfer 5, tag 00000001: a CBW too early!; rule of the "
      "bus: "
      "tag-repeated transfer 6, tag 00000001: the same tag?",
      0 },
    { LINE("1", "media.host-error", "disk full"), "the cartridge's file disk full!", 0 },
};

START_TEST(reads_a_trace)
{
    g_autoptr(Story) story = timeline_of(timelines[_i].trace);
    g_autofree char *events = events_text(story);

    ck_assert_str_eq(events, timelines[_i].events);
    ck_assert_uint_eq(story->commands, timelines[_i].commands);
    if (story->events->len > 0) {
        ck_assert_int_ge(((const StoryEvent *)story->events->pdata[0])->at, 1000);
    }
}
END_TEST

START_TEST(misses_a_trace)
{
    g_autoptr(Story) story = story_new();

    timeline_add(story, "/nonexistent/trace", 0);
    ck_assert_uint_eq(story->events->len, 1);
    ck_assert_int_eq(((const StoryEvent *)story->events->pdata[0])->weight, STORY_ERROR);
}
END_TEST

/* `errors` of `n` commands, evenly spread; the others alternate, so that none join by themselves.
 */
static const struct {
    unsigned n, errors;
} long_ones[] = { { 1000, 0 }, { 1000, 1 }, { 1000, 100 }, { 24000, 12000 }, { 1000, 1000 } };

START_TEST(sums_up_a_long_trace)
{
    unsigned n = long_ones[_i].n, errors = long_ones[_i].errors;
    g_autoptr(GString) trace = g_string_new(NULL);
    g_autoptr(Story) story = NULL;
    uint64_t counted = 0, seen = 0;
    int64_t last = 0;
    unsigned i;

    for (i = 0; i < n; i++) {
        bool wrong = errors > 0 && i % (n / errors) == n / errors / 2;

        g_string_append_printf(trace, COMMAND("%u", "%x", "%s(6)"), 10 * i, i,
                               i % 2 ? "READ" : "WRITE");
        g_string_append_printf(trace, OUTCOME("%u", "%x", "status %s"), 10 * i + 5, i,
                               wrong ? "08" : "00");
    }
    story = timeline_of(trace->str);
    ck_assert_uint_le(story->events->len, TIMELINE_EVENTS_MAX);
    for (i = 0; i < story->events->len; i++) {
        const StoryEvent *e = story->events->pdata[i];

        counted += e->count;
        seen += e->weight == STORY_ERROR;
        ck_assert_int_ge(e->at, last);
        last = e->at;
    }
    ck_assert_uint_eq(counted, n);
    ck_assert_uint_eq(story->commands, n);
    ck_assert_uint_ge(seen, errors <= 50 ? errors : 1); /* few errors: each keeps its line */
}
END_TEST

/* ---- the tape ---- */

static void write_stamp(TapeMedium *medium, uint64_t run, uint64_t sequence, uint32_t length)
{
    uint8_t record[4096];
    Stamp stamp = { run, sequence, length };

    stamp_fill(&stamp, record);
    ck_assert_int_eq(medium_write(medium, record, length), MEDIUM_OK);
}

static void write_mark(TapeMedium *medium, MediumMark mark)
{
    uint64_t written;

    ck_assert_int_eq(medium_write_marks(medium, mark, 1, &written), MEDIUM_OK);
}

static char *map_text(const StoryTape *tape)
{
    static const char *const kinds[] = { "B", "F", "S", "D" };
    GString *text = g_string_new(NULL);
    guint i;

    for (i = 0; i < tape->objects->len; i++) {
        const StoryObjects *o = &g_array_index(tape->objects, StoryObjects, i);

        g_string_append_printf(text, "%s%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ":%s",
                               i > 0 ? " " : "", o->object, o->file, kinds[o->kind]);
        g_string_append_printf(text, "%" G_GINT64_FORMAT "x%" G_GUINT64_FORMAT, o->count, o->size);
        if (o->stamped) {
            g_string_append_printf(text, "@%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, o->run,
                                   o->sequence);
        }
    }
    return g_string_free(text, FALSE);
}

START_TEST(maps_a_tape)
{
    g_autofree char *directory = g_dir_make_tmp("map-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "a.tape", NULL);
    g_autoptr(GPtrArray) stamps = g_ptr_array_new();
    StampRange range = { .cartridge = 1, .run = 7, .records = { 5, 5 } };
    StampRange missing = { .cartridge = 1, .run = 8, .records = { 2, 2 } };
    MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(Story) story = story_new();
    const StoryTape *tape;
    const StoryOrder *order;
    g_autofree char *map = NULL;
    TapeMedium *medium;
    unsigned i;

    ck_assert(medium_create(path, medium_format_for_path(path), &geometry, NULL));
    medium = medium_open(path, false, executor_inline(), NULL, NULL);
    for (i = 0; i < 3; i++) {
        write_stamp(medium, 7, i, 512);
    }
    write_stamp(medium, 7, 4, 512);
    write_stamp(medium, 7, 3, 512);
    write_mark(medium, MEDIUM_MARK_FILEMARK);
    write_mark(medium, MEDIUM_MARK_FILEMARK);
    write_mark(medium, MEDIUM_MARK_SETMARK);
    ck_assert_int_eq(medium_write(medium, (const uint8_t *)"0123456789", 10), MEDIUM_OK);
    ck_assert_int_eq(medium_write(medium, (const uint8_t *)"0123456789", 10), MEDIUM_OK);
    medium_free(medium);

    g_ptr_array_add(stamps, &range);
    g_ptr_array_add(stamps, &missing);
    tape_map_add(story, 1, path, stamps);
    tape = story->tapes->pdata[0];
    map = map_text(tape);
    ck_assert_str_eq(map,
                     "0.0:B3x512@7/0 3.0:B1x512@7/4 4.0:B1x512@7/3 5.0:F2x0 7.2:S1x0 8.2:B2x10");
    ck_assert_str_eq(tape->format, "usbtape");
    ck_assert_uint_eq(tape->bytes, 5 * 512 + 20);
    ck_assert_int_eq(tape->blocks, 7);
    ck_assert_int_eq(tape->filemarks, 2);
    ck_assert_int_eq(tape->setmarks, 1);
    ck_assert_uint_eq(story->orders->len, 2);
    order = story->orders->pdata[0];
    ck_assert_str_eq(order->title, "run 7 on cartridge 1");
    ck_assert_int_eq(order->displaced, 1);
    ck_assert_int_eq(order->lost, 0);
    order = story->orders->pdata[1];
    ck_assert_int_eq(order->lost, 2);
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

/* The simulated backup's blocks say which write they are: object 8 holds write 9. */
START_TEST(maps_a_simulated_backup)
{
    g_autofree char *directory = g_dir_make_tmp("map-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "a.tape", NULL);
    g_autoptr(MtfTape) objects = mtf_tape_new();
    MtfJob job = { .run = 7, .set = 1, .files = mtf_tape_files, .n_files = mtf_tape_n_files };
    MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(Story) story = story_new();
    g_autofree char *map = NULL;
    const StoryOrder *order;
    TapeMedium *medium;
    void *block;

    mtf_tape_backup(objects, &job, NULL);
    block = objects->pdata[8];
    objects->pdata[8] = objects->pdata[9];
    objects->pdata[9] = block;
    ck_assert(medium_create(path, medium_format_for_path(path), &geometry, NULL));
    medium = medium_open(path, false, executor_inline(), NULL, NULL);
    mtf_tape_put(objects, medium);
    medium_free(medium);

    tape_map_add(story, 1, path, NULL);
    map = map_text(story->tapes->pdata[0]);
    ck_assert_msg(g_str_has_prefix(map, "0.0:B1x16384 1.0:F1x0 2.1:B6x16384@7/2 "
                                        "8.1:B1x16384@7/9 9.1:B1x16384@7/8 10.1:B"),
                  "%s", map);
    ck_assert_uint_eq(story->orders->len, 1);
    order = story->orders->pdata[0];
    ck_assert_str_eq(order->title, "run 7 on cartridge 1");
    ck_assert_int_eq(order->displaced, 1);
    ck_assert_int_eq(order->lost, 0);
    g_unlink(path);
    g_rmdir(directory);
}
END_TEST

START_TEST(maps_no_tape)
{
    g_autoptr(Story) story = story_new();
    const StoryTape *tape;

    tape_map_add(story, 1, "/nonexistent/a.tape", NULL);
    tape = story->tapes->pdata[0];
    ck_assert_ptr_null(tape->format);
    ck_assert_ptr_nonnull(strstr(tape->note, "/nonexistent/a.tape"));
}
END_TEST

TCase *make_story_tcase(void)
{
    TCase *tc = tcase_create("story");

    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, compares_order, 0, G_N_ELEMENTS(orders));
    tcase_add_test(tc, bounds_order);
    tcase_add_loop_test(tc, reads_a_trace, 0, G_N_ELEMENTS(timelines));
    tcase_add_test(tc, misses_a_trace);
    tcase_add_loop_test(tc, sums_up_a_long_trace, 0, G_N_ELEMENTS(long_ones));
    tcase_add_test(tc, maps_a_tape);
    tcase_add_test(tc, maps_a_simulated_backup);
    tcase_add_test(tc, maps_no_tape);
    return tc;
}
