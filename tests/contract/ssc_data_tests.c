/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks and marks: lengths, residuals, what is left where. */
#include "emu/base/bytes.h"
#include "emu/ssc/outcome.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_data_tcase(void);

#define READ6(flags, length)                                                                       \
    CDB(0x08, (flags), (uint8_t)((length) >> 16), (uint8_t)((length) >> 8), (uint8_t)(length), 0)
#define WRITE6(flags, length)                                                                      \
    CDB(0x0a, (flags), (uint8_t)((length) >> 16), (uint8_t)((length) >> 8), (uint8_t)(length), 0)

#define FIXED 0x01
#define SILI  0x02

static const uint8_t text[100] = "abcdefghijklmnopqrstuvwxyz0123456789";

START_TEST(variable_block_reads_back)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 36);
    host_rewind(h);
    host_send(h, READ6(0, 36));
    expect_good(h);
    expect_data(h, text, 36);
    expect_at(h, 0, 1);
}
END_TEST

/* SSC-3 § 5.3: READ of a 10-byte block in variable mode. */
static const struct {
    uint8_t flags;
    uint32_t block_length, asked, got;
    bool check;
    int64_t information;
} lengths[] = {
    { 0, 0, 10, 10, false, 0 },
    { 0, 0, 11, 10, true, 1 },
    { 0, 0, 65536, 10, true, 65526 },
    { 0, 0, 9, 9, true, -1 },
    { 0, 0, 1, 1, true, -9 },
    { SILI, 0, 11, 10, false, 0 },
    { SILI, 0, 9, 9, false, 0 },
    { SILI, 4, 11, 10, false, 0 },
    { SILI, 4, 9, 9, true, -1 },
    { SILI, 4, 10, 10, false, 0 },
    { 0, 0, 0xffffff, 10, true, 0xffffff - 10 },
};

START_TEST(incorrect_length_in_variable_mode)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_rewind(h);
    host_set_block(h, 0x10, lengths[_i].block_length);
    host_send(h, READ6(lengths[_i].flags, lengths[_i].asked));
    if (lengths[_i].check) {
        expect_sense(h, SENSE_NO_SENSE);
        expect_flags(h, "I");
        expect_info(h, lengths[_i].information);
    } else {
        expect_good(h);
    }
    expect_data(h, text, lengths[_i].got);
    expect_at(h, 0, 1);
}
END_TEST

START_TEST(read_length_zero_does_nothing)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_rewind(h);
    host_send(h, READ6(0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
    expect_at(h, 0, 0);
    host_send(h, WRITE6(0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(read_stops_beyond_a_filemark)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_filemarks(h, 1);
    host_rewind(h);
    host_send(h, READ6(0, 100));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_flags(h, "F");
    expect_info(h, 100);
    expect_data(h, text, 0);
    expect_at(h, 0, 1);
    host_send(h, READ6(SILI, 7)); /* SILI says nothing about marks and EOD */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_flags(h, "");
    expect_info(h, 7);
    expect_at(h, 0, 1);
}
END_TEST

START_TEST(setmarks_are_told_or_read_over)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t page[4 + 16] = { 0, 0, 0x10, 0, 0x10, 0x0e };

    host_send(h, CDB(0x10, 0x02, 0, 0, 1, 0)); /* WSMK */
    expect_good(h);
    host_write(h, text, 5);
    host_rewind(h);
    host_send(h, READ6(0, 5));
    expect_sense(h, SENSE_SETMARK_DETECTED);
    expect_flags(h, "F");
    expect_info(h, 5);
    expect_at(h, 0, 1);
    host_rewind(h);
    host_send(h, CDB(0x1a, 0x08, 0x10, 0, 20, 0)); /* DBD, page 10h */
    expect_good(h);
    memcpy(page + 4, h->task.in->data + 4, 16);
    page[4 + 8] &= (uint8_t)~0x20; /* RSMK off */
    host_send_data(h, page, sizeof page, CDB(0x15, 0x10, 0, 0, sizeof page, 0));
    expect_good(h);
    host_send(h, READ6(0, 5));
    expect_good(h);
    expect_data(h, text, 5);
    expect_at(h, 0, 2);
}
END_TEST

/* Four blocks of 4, a 3-byte block, a 4-byte block, a filemark; read in fixed blocks of 4. */
static const struct {
    unsigned skip, count, got;
    ScsiSenseCode code;
    const char *flags; /* NULL: GOOD */
    int64_t information;
    uint64_t object;
} fixed[] = {
    { 0, 4, 4, SENSE_NO_SENSE, NULL, 0, 4 },
    { 0, 1, 1, SENSE_NO_SENSE, NULL, 0, 1 },
    { 0, 6, 4, SENSE_NO_SENSE, "I", 2, 5 }, /* the short block is not counted, but passed */
    { 4, 1, 0, SENSE_NO_SENSE, "I", 1, 5 },
    { 5, 1, 1, SENSE_NO_SENSE, NULL, 0, 6 },
    { 5, 9, 1, SENSE_FILEMARK_DETECTED, "F", 8, 7 },
    { 6, 2, 0, SENSE_FILEMARK_DETECTED, "F", 2, 7 },
    { 7, 3, 0, SENSE_END_OF_DATA, "", 3, 7 },
};

START_TEST(fixed_blocks)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 4);
    host_send_data(h, text, 16, WRITE6(FIXED, 4));
    expect_good(h);
    expect_at(h, 0, 4);
    host_write(h, text + 16, 3);
    host_write(h, text, 4);
    host_filemarks(h, 1);
    host_rewind(h);
    host_send(h, CDB(0x11, 0x00, 0, 0, (uint8_t)fixed[_i].skip, 0));
    if (fixed[_i].skip == 7) {
        host_send(h, CDB(0x11, 0x03, 0, 0, 0, 0));
    }
    host_send(h, READ6(FIXED, fixed[_i].count));
    if (fixed[_i].flags) {
        expect_sense(h, fixed[_i].code);
        expect_flags(h, fixed[_i].flags);
        expect_info(h, fixed[_i].information);
    } else {
        expect_good(h);
    }
    ck_assert_uint_eq(h->announced, fixed[_i].count * 4);
    expect_data(h, fixed[_i].skip == 5 ? text : text + fixed[_i].skip * 4, fixed[_i].got * 4);
    expect_at(h, 0, fixed[_i].object);
}
END_TEST

START_TEST(long_block_in_fixed_mode)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 4);
    host_write(h, text, 5);
    host_rewind(h);
    host_set_block(h, 0x10, 4);
    host_send(h, READ6(FIXED, 2));
    expect_sense(h, SENSE_NO_SENSE);
    expect_flags(h, "I");
    expect_info(h, 1);
    expect_data(h, text, 4);
    expect_at(h, 0, 2);
}
END_TEST

START_TEST(fixed_needs_a_block_length)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, READ6(FIXED, 1));
    expect_field(h, 1, 0);
    host_send(h, WRITE6(FIXED, 1));
    expect_field(h, 1, 0);
    host_set_block(h, 0x10, 512);
    host_send(h, READ6(FIXED | SILI, 1));
    expect_field(h, 1, 1);
    ck_assert_uint_eq(h->data_phases, 0);
}
END_TEST

START_TEST(one_command_moves_a_bounded_amount)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 65536);
    host_send(h, READ6(FIXED, SCSI_DATA_MAX / 65536 + 1));
    expect_field(h, 2, -1);
    host_send(h, READ6(FIXED, 0xffffff));
    expect_field(h, 2, -1);
    host_send(h, WRITE6(FIXED, 0xffffff));
    expect_field(h, 2, -1);
    host_send(h, READ6(FIXED, SCSI_DATA_MAX / 65536));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_info(h, SCSI_DATA_MAX / 65536);
}
END_TEST

START_TEST(block_limits)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autoptr(ScsiHost) ait = host_new_loaded("sdx-420c", NULL);

    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    expect_good(h);
    expect_data(h, "\x00\xff\xff\xff\x00\x01", 6);
    host_send(ait, CDB(0x05, 0, 0, 0, 0, 0));
    expect_data(ait, "\x01\xff\xff\xfe\x00\x02", 6);
    host_send_data(ait, text, 1, WRITE6(0, 1));
    expect_field(ait, 2, -1);
    host_send_data(ait, text, 3, WRITE6(0, 3));
    expect_field(ait, 2, -1);
    host_write(ait, text, 2);
    host_send(h, CDB(0x05, 0x01, 0, 0, 0, 0));
    expect_field(h, 1, 0);
}
END_TEST

START_TEST(a_drive_without_fixed_blocks)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-1100v", NULL);

    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    expect_data(h, "\x02\x80\x00\x00\x00\x04", 6);
    host_send(h, READ6(FIXED, 1));
    expect_sense(h, SENSE_COMMAND_SEQUENCE_ERROR);
    host_send_data(h, text, 6, WRITE6(0, 6));
    expect_field(h, 2, -1);
    host_write(h, text, 8);
}
END_TEST

START_TEST(blocks_of_one_two_three_bytes)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    for (uint32_t n = 1; n <= 3; n++) {
        host_write(h, text, n);
    }
    host_rewind(h);
    for (uint32_t n = 1; n <= 3; n++) {
        host_send(h, READ6(0, n));
        expect_good(h);
        expect_data(h, text, n);
    }
}
END_TEST

START_TEST(no_byte_of_an_odd_tail_is_lost)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *data = g_malloc(2 << 20);

    for (uint32_t i = 0; i < 2 << 20; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (uint32_t tail = 1; tail <= 3; tail++) { /* files of 2 MiB and 1 to 3 bytes */
        host_write(h, data, 2 << 20);
        host_write(h, data + 5, tail);
        host_filemarks(h, 1);
    }
    host_rewind(h);
    for (uint32_t tail = 1; tail <= 3; tail++) {
        host_send(h, READ6(0, 2 << 20));
        expect_good(h);
        expect_data(h, data, 2 << 20);
        host_send(h, READ6(0, 2 << 20));
        expect_flags(h, "I");
        expect_info(h, (2 << 20) - tail);
        expect_data(h, data + 5, tail);
        host_send(h, READ6(0, 2 << 20));
        expect_sense(h, SENSE_FILEMARK_DETECTED);
    }
}
END_TEST

#define VERIFY6(flags, length) CDB(0x13, (flags), 0, 0, (length), 0)
#define BYTCMP                 0x02

/* Commands of many short blocks, and what each has to answer after so many turns. */
enum { MANY = 2 * SSC_TURN + 10 };

static uint8_t *many_blocks(void)
{
    uint8_t *blocks = g_malloc(MANY);

    for (unsigned i = 0; i < MANY; i++) {
        blocks[i] = (uint8_t)(i ^ i >> 8);
    }
    return blocks;
}

#define MANY_OF(opcode, flags, n)                                                                  \
    CDB((opcode), (flags), (uint8_t)((n) >> 16), (uint8_t)((n) >> 8), (uint8_t)(n), 0)

START_TEST(many_blocks_are_moved_in_turns)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *blocks = many_blocks();

    host_set_block(h, 0x10, 1);
    host_send_data(h, blocks, MANY, MANY_OF(0x0a, 1, MANY));
    expect_good(h);
    ck_assert_uint_eq(h->task.out_unused, 0);
    expect_at(h, 0, MANY);
    host_send(h, MANY_OF(0x0f, 0x05, MANY)); /* READ REVERSE, bytes in order */
    expect_good(h);
    expect_at(h, 0, 0);
    host_send(h, MANY_OF(0x08, 1, MANY));
    expect_good(h);
    expect_data(h, blocks, MANY);
    host_send(h, MANY_OF(0x08, 1, 5)); /* end of data in the first turn and in the third */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_info(h, 5);
    host_rewind(h);
    host_send(h, MANY_OF(0x08, 1, MANY + 5));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_info(h, 5);
    expect_data(h, blocks, MANY);
    host_rewind(h);
    host_send_data(h, blocks, MANY, MANY_OF(0x13, 0x03, MANY)); /* VERIFY, compared */
    expect_good(h);
    host_rewind(h);
    blocks[MANY - 3] ^= 1;
    host_send_data(h, blocks, MANY, MANY_OF(0x13, 0x03, MANY));
    expect_sense(h, SENSE_MISCOMPARE);
    expect_info(h, 3);
}
END_TEST

START_TEST(errors_are_told_in_the_turn_that_meets_them)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *blocks = many_blocks();

    host_set_block(h, 0x00, 1); /* unbuffered: nothing to defer */
    host_fail_writes(h, SSC_TURN + 7, 1, MEDIUM_WRITE_ERROR);
    host_send_data(h, blocks, MANY, MANY_OF(0x0a, 1, MANY));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, MANY - SSC_TURN - 7);
    ck_assert_uint_eq(h->task.out_unused, MANY - SSC_TURN - 7);
    expect_at(h, 0, SSC_TURN + 7);
    host_next_result(h, TEST_MARKS, 1, MEDIUM_WRITE_ERROR);
    host_send(h, MANY_OF(0x10, 0, MANY));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, MANY - SSC_TURN);
    expect_at(h, 0, 2 * SSC_TURN + 7);
}
END_TEST

START_TEST(early_warning_in_one_turn_is_told_at_the_end)
{
    MediumGeometry geometry = { .capacity = 10 << 20,
                                .early_warning = (10 << 20) - 100,
                                .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    g_autofree uint8_t *blocks = many_blocks();

    host_set_block(h, 0x00, 1);
    host_send_data(h, blocks, MANY, MANY_OF(0x0a, 1, MANY));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_info(h, 0);
    expect_at(h, 0, MANY);
    host_send(h, MANY_OF(0x10, 0, MANY));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_info(h, 0);
    expect_at(h, 0, 2 * MANY);
    host_send(h, MANY_OF(0x10, 0, 0xffffff)); /* what is left: to the end, not beyond */
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    unsigned room = ((10u << 20) - MANY) / MEDIUM_MARK_SIZE - MANY;
    expect_info(h, 0xffffff - room);
    expect_at(h, 0, 2 * MANY + room);
}
END_TEST

/* Between two turns it can be taken back; what was moved stays. */
START_TEST(a_long_command_is_aborted_between_turns)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *blocks = many_blocks();

    host_set_block(h, 0x10, 1);
    h->keep_turns = true;
    host_send_data(h, blocks, MANY, MANY_OF(0x0a, 1, MANY));
    ck_assert_uint_eq(h->done, 0);
    host_abort(h);
    virtual_clock_advance(h->clock, 0);
    ck_assert_uint_eq(h->done, 0);
    expect_at(h, 0, SSC_TURN);
    host_send(h, MANY_OF(0x10, 0, MANY));
    ck_assert_uint_eq(h->done, 0);
    h->target->ops->reset(h->target, SCSI_RESET_DEVICE);
    virtual_clock_advance(h->clock, 0);
    h->keep_turns = false;
    host_clear_attentions(h);
    expect_at(h, 0, 2 * SSC_TURN);
}
END_TEST

START_TEST(verify_reads_and_compares)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 4);
    host_send_data(h, text, 12, WRITE6(FIXED, 3));
    host_write(h, text, 3);
    host_filemarks(h, 1);
    host_rewind(h);
    host_send_data(h, text, 8, VERIFY6(FIXED | BYTCMP, 2));
    expect_good(h);
    expect_at(h, 0, 2);
    host_send_data(h, text, 4, VERIFY6(BYTCMP, 4)); /* not these bytes */
    expect_sense(h, SENSE_MISCOMPARE);
    host_rewind(h);
    host_send(h, VERIFY6(FIXED, 3));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send(h, VERIFY6(0, 5));
    expect_sense(h, SENSE_NO_SENSE);
    expect_flags(h, "I");
    expect_info(h, 2);
    host_send(h, VERIFY6(FIXED, 2));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_info(h, 2);
    host_rewind(h);
    host_send(h, VERIFY6(FIXED, 5));
    expect_flags(h, "I");
    expect_info(h, 2);
    expect_at(h, 0, 4);
    host_send(h, VERIFY6(0, 0));
    expect_good(h);
    expect_at(h, 0, 4);
}
END_TEST

START_TEST(early_warning_then_overflow)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 500, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    static const uint8_t block[300];

    host_write(h, block, 300);
    host_send_data(h, block, 300, WRITE6(0, 300));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_flags(h, "E");
    expect_info(h, 0);
    ck_assert_uint_eq(h->task.out_unused, 0);
    expect_at(h, 0, 2);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_flags(h, "E");
    expect_info(h, 0);
    expect_at(h, 0, 3);
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send_data(h, block, 300, WRITE6(0, 300));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    host_send_data(h, block, 300, WRITE6(0, 300));
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    expect_flags(h, "E");
    expect_info(h, 300);
    ck_assert_uint_eq(h->task.out_unused, 300);
    expect_at(h, 0, 4);
    host_send(h, READ6(0, 10)); /* EOD beyond early warning carries EOM too */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_flags(h, "E");
}
END_TEST

START_TEST(fixed_blocks_up_to_the_end)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 500, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    static const uint8_t blocks[1200];

    host_set_block(h, 0x10, 100);
    host_send_data(h, blocks, 600, WRITE6(FIXED, 6)); /* crosses early warning: all is written */
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    expect_info(h, 0);
    expect_at(h, 0, 6);
    host_send_data(h, blocks, 600, WRITE6(FIXED, 6));
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    expect_flags(h, "E");
    expect_info(h, 2);
    ck_assert_uint_eq(h->task.out_unused, 200);
    expect_at(h, 0, 10);
}
END_TEST

START_TEST(writing_truncates)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_write(h, text, 10);
    host_filemarks(h, 2);
    host_rewind(h);
    host_write(h, text + 5, 10);
    host_send(h, READ6(0, 10));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_at(h, 0, 1);
}
END_TEST

START_TEST(write_protected_cartridge)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    medium_set_write_protect(ssc_drive_medium(h->drive), true);
    host_send_data(h, text, 10, WRITE6(0, 10));
    expect_sense(h, SENSE_WRITE_PROTECTED);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_PROTECTED);
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0)); /* nothing to write */
    expect_good(h);
    expect_at(h, 0, 1);
    host_rewind(h);
    host_send(h, READ6(0, 10));
    expect_good(h);
}
END_TEST

/* On a WORM cartridge with two blocks, from object `from` on. */
static const struct {
    const char *name;
    uint8_t cdb[6], from, out;
    bool refused;
} on_worm[] = {
    { "WRITE over it", { 0x0a, 0, 0, 0, 10 }, 0, 10, true },
    { "WRITE over the last", { 0x0a, 0, 0, 0, 10 }, 1, 10, true },
    { "WRITE behind it", { 0x0a, 0, 0, 0, 10 }, 2, 10, false },
    { "FILEMARK over it", { 0x10, 0, 0, 0, 1 }, 1, 0, true },
    { "FILEMARK over it, IMMED", { 0x10, 1, 0, 0, 1 }, 1, 0, true },
    { "FILEMARK behind it", { 0x10, 0, 0, 0, 1 }, 2, 0, false },
    { "no FILEMARKS", { 0x10 }, 0, 0, false },
    { "ERASE", { 0x19 }, 0, 0, true },
    { "ERASE, LONG", { 0x19, 1 }, 1, 0, true },
    { "FORMAT MEDIUM", { 0x04 }, 0, 0, true },
    { "SET CAPACITY", { 0x0b, 0, 0, 0xff, 0xff }, 0, 0, true },
    { "READ", { 0x08, 0, 0, 0, 10 }, 0, 0, false },
};

START_TEST(worm_cartridge)
{
    MediumGeometry geometry = { .capacity = 1 << 20, .partitions = 1, .worm = true };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    MediumPartition partition;

    host_write(h, text, 10);
    host_write(h, text, 10);
    host_send(h, CDB(0x2b, 0, 0, 0, 0, 0, on_worm[_i].from, 0, 0, 0));
    host_send_data(h, text, on_worm[_i].out, on_worm[_i].cdb, 6);
    if (!on_worm[_i].refused) {
        expect_good(h);
        return;
    }
    expect_sense(h, SENSE_WORM_OVERWRITE);
    expect_at(h, 0, on_worm[_i].from);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.objects, 2);
    host_send(h, CDB(0x11, 3, 0, 0, 0, 0));
    host_write(h, text, 10);
}
END_TEST

START_TEST(medium_and_host_errors_are_not_mixed)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x00, 0); /* buffered, the write error would come later */
    host_next_result(h, TEST_WRITE, 0, MEDIUM_WRITE_ERROR);
    host_send_data(h, text, 10, WRITE6(0, 10));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, 10);
    ck_assert_uint_eq(h->task.out_unused, 10);
    host_next_result(h, TEST_WRITE, 0, MEDIUM_HOST_ERROR);
    host_send_data(h, text, 10, WRITE6(0, 10));
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    expect_info(h, 10);
    expect_at(h, 0, 0);
    host_next_result(h, TEST_MARKS, 0, MEDIUM_HOST_ERROR);
    host_send(h, CDB(0x10, 0, 0, 0, 2, 0));
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    expect_info(h, 2);
}
END_TEST

START_TEST(read_error_passes_the_block)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 4);
    host_send_data(h, text, 16, WRITE6(FIXED, 4));
    expect_good(h);
    host_rewind(h);
    host_next_result(h, TEST_READ, 1, MEDIUM_READ_ERROR);
    host_send(h, READ6(FIXED, 4));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    expect_flags(h, "");
    expect_info(h, 3);
    expect_data(h, text, 4);
    expect_at(h, 0, 2);
    host_next_result(h, TEST_READ, 0, MEDIUM_CORRUPT);
    host_send(h, READ6(0, 20));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    expect_info(h, 20);
    expect_data(h, text, 0);
    expect_at(h, 0, 3);
    host_next_result(h, TEST_READ, 0, MEDIUM_HOST_ERROR);
    host_send(h, READ6(0, 4));
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    expect_at(h, 0, 3);
    host_send(h, READ6(0, 4));
    expect_good(h);
    expect_data(h, text + 12, 4);
}
END_TEST

START_TEST(a_refused_data_phase_has_no_effect)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, text, 10);
    host_rewind(h);
    h->refuse_data = true;
    host_send(h, READ6(0, 10));
    ck_assert_uint_eq(h->done, 0);
    expect_at(h, 0, 0);
    host_send_data(h, text, 10, WRITE6(0, 10));
    ck_assert_uint_eq(h->done, 0);
    expect_at(h, 0, 0);
    h->refuse_data = false;
    host_send(h, READ6(0, 10));
    expect_good(h);
}
END_TEST

TCase *make_ssc_data_tcase(void)
{
    TCase *tcase = tcase_create("data");

    tcase_add_test(tcase, variable_block_reads_back);
    tcase_add_loop_test(tcase, incorrect_length_in_variable_mode, 0, G_N_ELEMENTS(lengths));
    tcase_add_test(tcase, read_length_zero_does_nothing);
    tcase_add_test(tcase, read_stops_beyond_a_filemark);
    tcase_add_test(tcase, setmarks_are_told_or_read_over);
    tcase_add_loop_test(tcase, fixed_blocks, 0, G_N_ELEMENTS(fixed));
    tcase_add_test(tcase, long_block_in_fixed_mode);
    tcase_add_test(tcase, fixed_needs_a_block_length);
    tcase_add_test(tcase, one_command_moves_a_bounded_amount);
    tcase_add_test(tcase, block_limits);
    tcase_add_test(tcase, a_drive_without_fixed_blocks);
    tcase_add_test(tcase, blocks_of_one_two_three_bytes);
    tcase_add_test(tcase, no_byte_of_an_odd_tail_is_lost);
    tcase_add_test(tcase, many_blocks_are_moved_in_turns);
    tcase_add_test(tcase, errors_are_told_in_the_turn_that_meets_them);
    tcase_add_test(tcase, early_warning_in_one_turn_is_told_at_the_end);
    tcase_add_test(tcase, a_long_command_is_aborted_between_turns);
    tcase_add_test(tcase, verify_reads_and_compares);
    tcase_add_test(tcase, early_warning_then_overflow);
    tcase_add_test(tcase, fixed_blocks_up_to_the_end);
    tcase_add_test(tcase, writing_truncates);
    tcase_add_test(tcase, write_protected_cartridge);
    tcase_add_loop_test(tcase, worm_cartridge, 0, G_N_ELEMENTS(on_worm));
    tcase_add_test(tcase, medium_and_host_errors_are_not_mixed);
    tcase_add_test(tcase, read_error_passes_the_block);
    tcase_add_test(tcase, a_refused_data_phase_has_no_effect);
    return tcase;
}
