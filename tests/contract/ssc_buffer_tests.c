/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The write-behind buffer: what is counted, what goes to tape when, what a power cut takes. */
#include "emu/base/bytes.h"
#include "emu/ssc/drive-state.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_buffer_tcase(void);

#define BUFFER (8u << 20) /* of the default model */
#define WRITE6(flags, length)                                                                      \
    CDB(0x0a, (flags), (uint8_t)((length) >> 16), (uint8_t)((length) >> 8), (uint8_t)(length), 0)
#define FIXED     0x01
#define IMMED     0x01
#define FILEMARKS CDB(0x10, 0, 0, 0, 1, 0)
#define REWIND    CDB(0x01, 0, 0, 0, 0, 0)
#define READY     CDB(0x00, 0, 0, 0, 0, 0)

static const uint8_t text[100] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* READ POSITION, short: the object after the buffer, the first one in it, how much is in it. */
static void expect_buffer(ScsiHost *h, uint32_t first, uint32_t last, uint32_t objects,
                          uint32_t bytes)
{
    const uint8_t *data;

    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    data = h->task.in->data;
    ck_assert_uint_eq(get_be32(data + 4), first);
    ck_assert_uint_eq(get_be32(data + 8), last);
    ck_assert_uint_eq(get_be24(data + 13), objects);
    ck_assert_uint_eq(get_be32(data + 16), bytes);
    host_send(h, CDB(0x34, 8, 0, 0, 0, 0, 0, 0, 32, 0)); /* extended: the same */
    expect_good(h);
    data = h->task.in->data;
    ck_assert_uint_eq(get_be24(data + 5), objects);
    ck_assert_uint_eq(get_be64(data + 8), first);
    ck_assert_uint_eq(get_be64(data + 16), last);
    ck_assert_uint_eq(get_be64(data + 24), bytes);
    host_send(h, CDB(0x34, 6, 0, 0, 0, 0, 0, 0, 0, 0)); /* long: where the host is */
    ck_assert_uint_eq(get_be64(h->task.in->data + 8), first);
}

static void power_cycle(ScsiHost *h)
{
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
}

/* How many objects the tape has. */
static uint64_t objects_on_tape(ScsiHost *h)
{
    MediumPartition partition;

    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    return partition.objects;
}

START_TEST(what_is_written_is_counted)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    expect_buffer(h, 0, 0, 0, 0);
    host_write(h, text, 10);
    host_write(h, text, 20);
    expect_buffer(h, 2, 0, 2, 30);
    host_send(h, CDB(0x10, IMMED, 0, 0, 3, 0));
    expect_good(h);
    expect_buffer(h, 5, 0, 5, 30);
    host_filemarks(h, 0);
    expect_buffer(h, 5, 5, 0, 0);
    host_write(h, text, 7);
    expect_buffer(h, 6, 5, 1, 7);
}
END_TEST

START_TEST(the_oldest_goes_to_tape_when_there_is_no_room)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *block = g_malloc0(1 << 20);

    host_write(h, text, 10);
    for (unsigned i = 0; i < 7; i++) {
        host_write(h, block, 1 << 20);
    }
    expect_buffer(h, 8, 0, 8, (7 << 20) + 10);
    host_write(h, block, 1 << 20); /* the ten bytes leave, and it fits to the byte */
    expect_buffer(h, 9, 1, 8, BUFFER);
    host_write(h, text, 1);
    expect_buffer(h, 10, 2, 8, (7 << 20) + 1);
    power_cycle(h);
    ck_assert_uint_eq(objects_on_tape(h), 2);
}
END_TEST

START_TEST(a_block_longer_than_the_buffer)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *block = g_malloc0(BUFFER + 1);

    host_write(h, text, 10);
    host_write(h, block, BUFFER + 1);
    expect_buffer(h, 2, 2, 0, 0);
    host_write(h, block, BUFFER);
    expect_buffer(h, 3, 2, 1, BUFFER);
}
END_TEST

/* Sizes that are all different: a run each. */
START_TEST(more_runs_than_are_kept)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *block = g_malloc0(300);

    for (unsigned i = 1; i <= 300; i++) {
        host_write(h, block, i);
    }
    expect_buffer(h, 300, 44, 256, (45 + 300) * 256 / 2);
}
END_TEST

START_TEST(fixed_blocks_are_counted_one_by_one)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 4);
    host_send_data(h, text, 40, WRITE6(FIXED, 10));
    expect_good(h);
    expect_buffer(h, 10, 0, 10, 40);
}
END_TEST

/* Everything that has to bring the buffer to tape, and something that need not. */
static const struct {
    const char *name;
    uint8_t cdb[10], length;
    bool syncs;
} commands[] = {
    { "WRITE FILEMARKS", { 0x10, 0, 0, 0, 1, 0 }, 6, true },
    { "WRITE FILEMARKS, none", { 0x10, 0, 0, 0, 0, 0 }, 6, true },
    { "WRITE FILEMARKS, IMMED", { 0x10, 1, 0, 0, 1, 0 }, 6, false },
    { "REWIND", { 0x01, 0, 0, 0, 0, 0 }, 6, true },
    { "REWIND, IMMED", { 0x01, 1, 0, 0, 0, 0 }, 6, true },
    { "SPACE, back", { 0x11, 0, 0xff, 0xff, 0xff, 0 }, 6, true },
    { "SPACE, to EOD", { 0x11, 3, 0, 0, 0, 0 }, 6, true },
    { "SPACE, nowhere", { 0x11, 0, 0, 0, 0, 0 }, 6, false },
    { "LOCATE", { 0x2b, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 10, true },
    { "READ", { 0x08, 0, 0, 0, 10, 0 }, 6, true },
    { "VERIFY", { 0x13, 0, 0, 0, 10, 0 }, 6, true },
    { "ERASE", { 0x19, 0, 0, 0, 0, 0 }, 6, true },
    { "UNLOAD", { 0x1b, 0, 0, 0, 0, 0 }, 6, true },
    { "LOAD", { 0x1b, 0, 0, 0, 1, 0 }, 6, true },
    { "TEST UNIT READY", { 0x00, 0, 0, 0, 0, 0 }, 6, false },
    { "MODE SENSE", { 0x1a, 0, 0x3f, 0, 0xff, 0 }, 6, false },
    { "PREVENT", { 0x1e, 0, 0, 0, 1, 0 }, 6, false },
};

START_TEST(what_brings_it_to_tape)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_write(h, text, 10);
    host_send(h, commands[_i].cdb, commands[_i].length);
    ck_assert_msg(host_syncs(h) == commands[_i].syncs, "%s", commands[_i].name);
    power_cycle(h);
    if (commands[_i].syncs) {
        ck_assert_msg(objects_on_tape(h) >= 2, "%s", commands[_i].name);
    } else {
        ck_assert_msg(objects_on_tape(h) == 0, "%s", commands[_i].name);
    }
}
END_TEST

START_TEST(power_takes_what_was_not_synced_and_no_more)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_filemarks(h, 1);
    host_write(h, text, 20);
    host_send(h, CDB(0x10, IMMED, 0, 0, 1, 0));
    host_write(h, text, 30);
    expect_buffer(h, 5, 2, 3, 50);
    power_cycle(h);
    expect_buffer(h, 0, 0, 0, 0);
    ck_assert_uint_eq(objects_on_tape(h), 2);
    host_send(h, CDB(0x11, 3, 0, 0, 0, 0));
    host_write(h, text, 40);
    expect_at(h, 0, 3);
}
END_TEST

START_TEST(power_takes_it_from_a_worm_cartridge_too)
{
    MediumGeometry geometry = { .partitions = 1, .worm = true };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_write(h, text, 10);
    host_filemarks(h, 1);
    host_write(h, text, 20);
    power_cycle(h);
    ck_assert_uint_eq(objects_on_tape(h), 2);
}
END_TEST

START_TEST(other_resets_take_nothing)
{
    static const ScsiReset kinds[] = { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_TRANSPORT };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    h->target->ops->reset(h->target, kinds[_i]);
    host_clear_attentions(h);
    expect_buffer(h, 1, 0, 1, 10);
    ck_assert_uint_eq(objects_on_tape(h), 1);
}
END_TEST

START_TEST(an_ejected_cartridge_takes_its_count_along)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    TapeMedium *medium;

    host_write(h, text, 10);
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECTED);
    medium_free(medium);
    host_insert(h, NULL);
    host_clear_attentions(h);
    expect_buffer(h, 0, 0, 0, 0);
    power_cycle(h);
}
END_TEST

/* The tape refuses object 2 of five; the host hears of it when it asks for safety, not before. */
START_TEST(a_write_error_is_deferred)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 2, 3, MEDIUM_WRITE_ERROR);
    for (uint8_t i = 0; i < 5; i++) {
        host_write(h, text + i, 10);
    }
    expect_buffer(h, 5, 0, 5, 50);
    host_send(h, FILEMARKS);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    expect_info(h, 30);
    expect_buffer(h, 5, 2, 3, 30); /* the first two are on tape, and which failed is told */
    host_send(h, FILEMARKS);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    host_send(h, FILEMARKS); /* the tape takes it now: nothing was lost */
    expect_good(h);
    expect_buffer(h, 6, 6, 0, 0);
    host_rewind(h);
    for (uint8_t i = 0; i < 5; i++) {
        host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
        expect_good(h);
        expect_data(h, text + i, 10);
    }
    host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
}
END_TEST

START_TEST(in_fixed_blocks_it_counts_blocks)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 4);
    host_fail_writes(h, 3, 100, MEDIUM_WRITE_ERROR);
    host_send_data(h, text, 40, WRITE6(FIXED, 10));
    expect_good(h);
    ck_assert_uint_eq(h->task.out_unused, 0);
    host_send(h, REWIND);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    expect_info(h, 7);
    expect_buffer(h, 10, 3, 7, 28); /* not rewound */
}
END_TEST

START_TEST(told_of_it_the_host_may_go_on_without)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 100, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_write(h, text, 10);
    host_send(h, CDB(0x10, IMMED, 0, 0, 2, 0));
    expect_good(h);
    expect_buffer(h, 4, 0, 4, 20);
    host_send(h, REWIND);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, 10);
    expect_buffer(h, 4, 1, 3, 10);
    host_send(h, REWIND);
    expect_good(h);
    expect_buffer(h, 0, 0, 0, 0);
    ck_assert_uint_eq(objects_on_tape(h), 1);
}
END_TEST

START_TEST(told_of_it_the_next_write_tries_again)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 2, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_write(h, text + 1, 10);
    host_send(h, FILEMARKS);
    expect_flags(h, "D");
    host_write(h, text + 2, 10);
    expect_buffer(h, 3, 1, 2, 20);
    host_filemarks(h, 1);
    ck_assert_uint_eq(objects_on_tape(h), 4);
}
END_TEST

START_TEST(a_full_buffer_tells_too)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *block = g_malloc0(1 << 20);

    host_fail_writes(h, 0, 100, MEDIUM_WRITE_ERROR);
    for (unsigned i = 0; i < 8; i++) {
        host_write(h, block, 1 << 20);
    }
    expect_buffer(h, 8, 0, 8, BUFFER);
    host_send_data(h, text, 1, WRITE6(0, 1));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    expect_info(h, BUFFER);
    ck_assert_uint_eq(h->task.out_unused, 1); /* not performed */
    expect_buffer(h, 8, 0, 8, BUFFER);
}
END_TEST

/* Memory goes with bytes and commands, never with the blocks that one command brings. */
START_TEST(refused_blocks_of_one_write_are_one_run)
{
    enum { BLOCKS = 1 << 16 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *blocks = g_malloc(BLOCKS);

    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = (uint8_t)(i ^ i >> 8);
    }
    host_set_block(h, 0x10, 1);
    host_fail_writes(h, 3, 2, MEDIUM_WRITE_ERROR);
    host_send_data(h, blocks, BLOCKS, WRITE6(FIXED, BLOCKS));
    expect_good(h);
    expect_buffer(h, BLOCKS, 0, BLOCKS, BLOCKS);
    ck_assert_uint_eq(h->drive->buffer.held.length, 1);
    host_send_data(h, blocks, 2, WRITE6(FIXED, 2)); /* other memory: another run */
    expect_good(h);
    ck_assert_uint_eq(h->drive->buffer.held.length, 2);
    host_send(h, FILEMARKS);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, BLOCKS + 2 - 3);
    host_send(h, CDB(0x14, FIXED, 0, 0, 5, 0)); /* taken one by one, in their order */
    expect_good(h);
    expect_data(h, blocks + 3, 5);
    expect_buffer(h, BLOCKS + 2 - 5, 3, BLOCKS + 2 - 8, BLOCKS + 2 - 8);
    host_filemarks(h, 1); /* the tape takes the rest */
    ck_assert_uint_eq(h->drive->buffer.held.length, 0);
    host_send(h, CDB(0x2b, 0, 0, 0, 0, 0, 3, 0, 0, 0));
    host_send(h, CDB(0x08, FIXED, 0, 0xff, 0xf8, 0));
    expect_good(h);
    expect_data(h, blocks + 8, BLOCKS - 8);
    host_send(h, CDB(0x08, FIXED, 0, 0, 2, 0));
    expect_data(h, blocks, 2);
}
END_TEST

/* Marks take no room in the buffer, but its list is not endless. */
START_TEST(refused_marks_are_bounded_too)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint32_t marks = 0;

    host_fail_writes(h, 0, 10, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    for (unsigned i = 0; i < 100; i++) { /* neighbours of a kind are one run */
        host_send(h, CDB(0x10, IMMED, 0xff, 0xff, 0xff, 0));
        expect_good(h);
    }
    ck_assert_uint_eq(h->drive->buffer.held.length, 2);
    do {
        host_send(h, CDB(0x10, IMMED | (marks % 2 ? 0 : 0x02), 0, 0, 1, 0));
        marks++;
    } while (h->task.status == SCSI_GOOD && marks < 100000);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    ck_assert_uint_eq(marks, SSC_HELD_MAX - 1);
}
END_TEST

/* READ POSITION, long: object, file and set are those of one and the same place. */
static void expect_long(ScsiHost *h, uint8_t flags, uint64_t object, uint64_t files, uint64_t sets)
{
    host_send(h, CDB(0x34, 6, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[0], flags);
    ck_assert_uint_eq(get_be64(h->task.in->data + 8), object);
    ck_assert_uint_eq(get_be64(h->task.in->data + 16), files);
    ck_assert_uint_eq(get_be64(h->task.in->data + 24), sets);
}

START_TEST(files_and_sets_that_are_held_count_too)
{
    enum { SETMARKS = 0x02, BOP = 0x80 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 0, 100, MEDIUM_WRITE_ERROR);
    expect_long(h, BOP, 0, 0, 0);
    host_write(h, text, 10);
    expect_long(h, 0, 1, 0, 0);
    host_send(h, CDB(0x10, IMMED, 0, 0, 3, 0));
    host_send(h, CDB(0x10, IMMED | SETMARKS, 0, 0, 2, 0));
    host_write(h, text, 10);
    expect_long(h, 0, 7, 3, 2);
    expect_buffer(h, 7, 0, 7, 20);
    host_send(h, FILEMARKS);
    expect_flags(h, "D");
    for (unsigned i = 0; i < 2; i++) { /* the block and the first mark are taken back */
        host_send(h, CDB(0x14, 0, 0, 0, 10, 0));
    }
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_long(h, 0, 5, 2, 2);
    host_fail_writes(h, 0, 0, MEDIUM_OK);
    host_filemarks(h, 1); /* the tape takes all: the same place */
    expect_long(h, 0, 6, 3, 2);
    host_rewind(h);
    expect_long(h, BOP, 0, 0, 0);
}
END_TEST

/* A unit attention comes first; neither is lost for the other, and nothing that is held. */
START_TEST(an_attention_comes_before_what_went_wrong_behind)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 100, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_write(h, text, 20);
    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    host_send(h, FILEMARKS);
    expect_sense(h, SENSE_BUS_RESET);
    expect_flags(h, "");
    expect_buffer(h, 2, 0, 2, 30);
    host_send(h, FILEMARKS);
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    expect_info(h, 20);
    expect_buffer(h, 2, 1, 1, 20);
    h->target->ops->reset(h->target, SCSI_RESET_DEVICE); /* told, and still there */
    host_clear_attentions(h);
    expect_buffer(h, 2, 1, 1, 20);
    host_fail_writes(h, 0, 0, MEDIUM_OK);
    host_filemarks(h, 1);
    expect_buffer(h, 3, 3, 0, 0);
}
END_TEST

START_TEST(power_takes_what_was_refused)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 100, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_write(h, text, 10);
    power_cycle(h);
    ck_assert_uint_eq(objects_on_tape(h), 0);
    host_send(h, REWIND);
    expect_good(h);
}
END_TEST

START_TEST(without_buffer_there_is_nothing_to_defer)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x00, 0);
    host_write(h, text, 10);
    expect_buffer(h, 1, 1, 0, 0);
    host_fail_writes(h, 0, 1, MEDIUM_WRITE_ERROR);
    host_send_data(h, text, 10, WRITE6(0, 10));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "");
    expect_info(h, 10);
    ck_assert_uint_eq(h->task.out_unused, 10);
    power_cycle(h);
    ck_assert_uint_eq(objects_on_tape(h), 1);
}
END_TEST

START_TEST(leaving_buffered_mode_tells)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    static const uint8_t list[4] = { 0 };

    host_fail_writes(h, 0, 2, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_send_data(h, list, 4, CDB(0x15, 0x10, 0, 0, 4, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    host_send_data(h, list, 4, CDB(0x15, 0x10, 0, 0, 4, 0));
    expect_good(h);
    ck_assert_uint_eq(objects_on_tape(h), 1);
}
END_TEST

START_TEST(commands_that_ask_for_nothing_do_not_tell)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 0, 100, MEDIUM_WRITE_ERROR);
    host_write(h, text, 10);
    host_send(h, READY);
    expect_good(h);
    host_send(h, CDB(0x1a, 0, 0x3f, 0, 0xff, 0));
    expect_good(h);
}
END_TEST

TCase *make_ssc_buffer_tcase(void)
{
    TCase *tcase = tcase_create("buffer");

    tcase_add_test(tcase, what_is_written_is_counted);
    tcase_add_test(tcase, the_oldest_goes_to_tape_when_there_is_no_room);
    tcase_add_test(tcase, a_block_longer_than_the_buffer);
    tcase_add_test(tcase, more_runs_than_are_kept);
    tcase_add_test(tcase, fixed_blocks_are_counted_one_by_one);
    tcase_add_loop_test(tcase, what_brings_it_to_tape, 0, G_N_ELEMENTS(commands));
    tcase_add_test(tcase, power_takes_what_was_not_synced_and_no_more);
    tcase_add_test(tcase, power_takes_it_from_a_worm_cartridge_too);
    tcase_add_loop_test(tcase, other_resets_take_nothing, 0, 3);
    tcase_add_test(tcase, an_ejected_cartridge_takes_its_count_along);
    tcase_add_test(tcase, a_write_error_is_deferred);
    tcase_add_test(tcase, in_fixed_blocks_it_counts_blocks);
    tcase_add_test(tcase, told_of_it_the_host_may_go_on_without);
    tcase_add_test(tcase, told_of_it_the_next_write_tries_again);
    tcase_add_test(tcase, a_full_buffer_tells_too);
    tcase_add_test(tcase, refused_blocks_of_one_write_are_one_run);
    tcase_add_test(tcase, refused_marks_are_bounded_too);
    tcase_add_test(tcase, files_and_sets_that_are_held_count_too);
    tcase_add_test(tcase, an_attention_comes_before_what_went_wrong_behind);
    tcase_add_test(tcase, power_takes_what_was_refused);
    tcase_add_test(tcase, without_buffer_there_is_nothing_to_defer);
    tcase_add_test(tcase, leaving_buffered_mode_tells);
    tcase_add_test(tcase, commands_that_ask_for_nothing_do_not_tell);
    return tcase;
}
