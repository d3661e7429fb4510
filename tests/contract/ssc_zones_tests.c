/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the tape, to the byte: early warning, the programmable one before it, the end. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_zones_tcase(void);

#define MB 1000000u
#define WRITE6(flags, length)                                                                      \
    CDB(0x0a, (flags), (uint8_t)((length) >> 16), (uint8_t)((length) >> 8), (uint8_t)(length), 0)
#define READ6(length)                                                                              \
    CDB(0x08, 0, (uint8_t)((length) >> 16), (uint8_t)((length) >> 8), (uint8_t)(length), 0)
#define BOP  0x80
#define EOP  0x40
#define BPEW 0x01

static void send_block(ScsiHost *h, uint32_t length)
{
    g_autofree uint8_t *block = g_malloc0(length);

    host_send_data(h, block, length, WRITE6(0, length));
}

static void expect_warning(ScsiHost *h, ScsiSenseCode code, int64_t information)
{
    expect_sense(h, code);
    expect_flags(h, "E");
    expect_info(h, information);
}

static uint8_t position_flags(ScsiHost *h)
{
    uint8_t flags[3];

    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    flags[0] = h->task.in->data[0];
    host_send(h, CDB(0x34, 6, 0, 0, 0, 0, 0, 0, 0, 0));
    flags[1] = h->task.in->data[0];
    host_send(h, CDB(0x34, 8, 0, 0, 0, 0, 0, 0, 32, 0));
    flags[2] = h->task.in->data[0];
    ck_assert_uint_eq(flags[0], flags[1]);
    ck_assert_uint_eq(flags[0], flags[2]);
    return flags[0];
}

/* MODE SELECT of page 10h with these bits of bytes 8 and 10. */
static void set_configuration(ScsiHost *h, bool rew, bool sew)
{
    uint8_t list[4 + 16] = { 0, 0, 0x10, 0 };

    host_send(h, CDB(0x1a, 0x08, 0x10, 0, 20, 0));
    expect_good(h);
    memcpy(list + 4, h->task.in->data + 4, 16);
    list[4 + 8] = (uint8_t)((list[4 + 8] & ~0x01) | (rew ? 0x01 : 0));
    list[4 + 10] = (uint8_t)((list[4 + 10] & ~0x08) | (sew ? 0x08 : 0));
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_good(h);
}

static void set_pews(ScsiHost *h, uint16_t megabytes)
{
    uint8_t list[4 + 32] = { 0, 0, 0x10, 0, 0x50, 0x01, 0x00, 0x1c };

    put_be16(list + 4 + 6, megabytes);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_good(h);
}

/* A partition of 1000 bytes that warns 300 before its end: one block, then another. */
static const struct {
    uint32_t first, second;
    ScsiSenseCode code; /* of the second; NO_SENSE: GOOD */
    int64_t information;
    uint8_t flags; /* afterwards */
} ends[] = {
    { 600, 99, SENSE_NO_SENSE, 0, 0 },
    { 600, 100, SENSE_END_OF_MEDIUM_DETECTED, 0, EOP },
    { 699, 1, SENSE_END_OF_MEDIUM_DETECTED, 0, EOP },
    { 100, 900, SENSE_END_OF_MEDIUM_DETECTED, 0, EOP },
    { 100, 901, SENSE_VOLUME_OVERFLOW, 901, 0 },
    { 699, 302, SENSE_VOLUME_OVERFLOW, 302, 0 },
};

static void expect_end(ScsiHost *h, int row)
{
    send_block(h, ends[row].first);
    expect_good(h);
    ck_assert_uint_eq(position_flags(h), 0);
    send_block(h, ends[row].second);
    if (ends[row].code == SENSE_NO_SENSE) {
        expect_good(h);
    } else {
        expect_warning(h, ends[row].code, ends[row].information);
    }
    ck_assert_uint_eq(position_flags(h), ends[row].flags);
    expect_at(h, 0, ends[row].code == SENSE_VOLUME_OVERFLOW ? 1 : 2);
    send_block(h, 1000); /* never, wherever it is */
    expect_warning(h, SENSE_VOLUME_OVERFLOW, 1000);
}

START_TEST(where_the_cartridge_says)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    expect_end(h, _i);
}
END_TEST

START_TEST(where_the_settings_say)
{
    MediumGeometry geometry = { .capacity = 5000, .early_warning = 5000, .partitions = 1 };
    g_autoptr(ScsiHost) h =
        host_new_set(NULL, &geometry, "tape.capacity=1000", "tape.early-warning=300", NULL);

    expect_end(h, _i);
}
END_TEST

START_TEST(settings_for_a_tape_without_end)
{
    g_autoptr(ScsiHost) h =
        host_new_set(NULL, NULL, "tape.capacity=1000", "tape.early-warning=300", NULL);

    expect_end(h, _i);
}
END_TEST

START_TEST(a_capacity_of_more_than_there_is)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_set(NULL, &geometry, "tape.capacity=2000", NULL);

    expect_end(h, _i);
}
END_TEST

/* Those that fit are written, whoever says where the end is. */
START_TEST(marks_fill_what_is_left)
{
    static const struct {
        uint64_t capacity; /* of the cartridge; 0: no end */
        const char *setting;
    } limits[] = { { 1000, "tape.capacity=2000" },
                   { 1000, "tape.early-warning=100" },
                   { 5000, "tape.capacity=1000" },
                   { 0, "tape.capacity=1000" } };
    MediumGeometry geometry = { .capacity = limits[_i].capacity, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_set(NULL, &geometry, limits[_i].setting, NULL);
    MediumPartition partition;

    send_block(h, 700);
    host_send(h, CDB(0x10, 0, 0xff, 0xff, 0xff, 0));
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    expect_info(h, 0xffffff - 300 / MEDIUM_MARK_SIZE);
    expect_at(h, 0, 1 + 300 / MEDIUM_MARK_SIZE);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_VOLUME_OVERFLOW);
    expect_info(h, 1);
    expect_at(h, 0, 1 + 300 / MEDIUM_MARK_SIZE);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.files, 300 / MEDIUM_MARK_SIZE);
}
END_TEST

START_TEST(marks_in_the_zone_warn_each)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    send_block(h, 700);
    for (unsigned i = 0; i < 3; i++) {
        host_send(h, CDB(0x10, (uint8_t)(i & 1), 0, 0, 1, 0));
        expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
        expect_at(h, 0, 2 + i);
    }
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0)); /* writes nothing */
    expect_good(h);
}
END_TEST

/*
 * SEW (SSC-3 § 8.3.3): between early warning and the end of the partition every object is on tape
 * before status is returned. So the buffer is empty, and a loss of power takes nothing.
 */
static const struct {
    const char *name;
    uint8_t cdb[6];
    uint16_t out;
    ScsiSenseCode code;
    int64_t information;
    unsigned objects; /* on the tape afterwards, with the three of before */
} synchronized[] = {
    { "WRITE", { 0x0a, 0, 0, 0, 10 }, 10, SENSE_END_OF_MEDIUM_DETECTED, 0, 4 },
    { "WRITE, FIXED", { 0x0a, 1, 0, 0, 2 }, 20, SENSE_END_OF_MEDIUM_DETECTED, 0, 5 },
    { "WRITE, FIXED, beyond", { 0x0a, 1, 0, 0, 11 }, 110, SENSE_VOLUME_OVERFLOW, 1, 13 },
    { "FILEMARK", { 0x10, 0, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, 0, 4 },
    { "FILEMARK, IMMED", { 0x10, 1, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, 0, 4 },
    { "SETMARK, IMMED", { 0x10, 3, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, 0, 4 },
    { "FILEMARKS, IMMED, beyond", { 0x10, 1, 0, 0, 3 }, 0, SENSE_VOLUME_OVERFLOW, 2, 4 },
};

START_TEST(in_the_zone_every_object_goes_to_tape_first)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    static const uint8_t blocks_of_10[12] = { 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 0, 10 };
    g_autofree uint8_t *data = g_malloc0(1000);

    host_send_data(h, blocks_of_10, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_good(h);
    send_block(h, 600);
    expect_good(h);
    unsigned before = host_syncs(h);
    send_block(h, 200); /* comes into the zone */
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    ck_assert_uint_eq(host_syncs(h), before + 1);
    send_block(h, 100); /* is there already */
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    ck_assert_uint_eq(host_syncs(h), before + 2);
    host_send_data(h, data, synchronized[_i].out, synchronized[_i].cdb, 6);
    expect_warning(h, synchronized[_i].code, synchronized[_i].information);
    ck_assert_uint_eq(host_syncs(h), before + 3);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
    host_send(h, CDB(0x11, 3, 0, 0, 0, 0));
    expect_good(h);
    expect_at(h, 0, synchronized[_i].objects);
}
END_TEST

/* What the tape refuses there cannot wait in the buffer for a deferred error. */
START_TEST(in_the_zone_no_error_is_deferred)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    send_block(h, 700);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    host_next_result(h, _i == 0 ? TEST_WRITE : TEST_MARKS, 0, MEDIUM_WRITE_ERROR);
    if (_i == 0) {
        send_block(h, 10);
    } else {
        host_send(h, CDB(0x10, 1, 0, 0, 1, 0));
    }
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_info(h, _i == 0 ? 10 : 1);
    ck_assert_uint_eq(h->task.sense[0] & 0x7f, 0x70);
    send_block(h, 10);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
}
END_TEST

/*
 * Each command with the head in the zone: a partition of 1000 bytes that warns at 700, with blocks
 * of 600, 200 and 100; the head at the end of data, 100 bytes before the end.
 */
static const struct {
    const char *name;
    uint8_t length, cdb[10];
    uint16_t out;       /* bytes of Data-Out */
    ScsiSenseCode code; /* NO_SENSE: GOOD */
    const char *flags;
    int64_t information; /* -1: none */
} inside[] = {
    { "WRITE", 6, { 0x0a, 0, 0, 0, 10 }, 10, SENSE_END_OF_MEDIUM_DETECTED, "E", 0 },
    { "WRITE, to the end", 6, { 0x0a, 0, 0, 0, 100 }, 100, SENSE_END_OF_MEDIUM_DETECTED, "E", 0 },
    { "WRITE, beyond it", 6, { 0x0a, 0, 0, 0, 101 }, 101, SENSE_VOLUME_OVERFLOW, "E", 101 },
    { "WRITE, nothing", 6, { 0x0a }, 0, SENSE_NO_SENSE, "", -1 },
    { "FILEMARK", 6, { 0x10, 0, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, "E", 0 },
    { "FILEMARK, IMMED", 6, { 0x10, 1, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, "E", 0 },
    { "SETMARK", 6, { 0x10, 2, 0, 0, 1 }, 0, SENSE_END_OF_MEDIUM_DETECTED, "E", 0 },
    { "FILEMARKS, beyond", 6, { 0x10, 0, 0, 0, 3 }, 0, SENSE_VOLUME_OVERFLOW, "E", 2 },
    { "FILEMARKS, IMMED, beyond", 6, { 0x10, 1, 0, 0, 3 }, 0, SENSE_VOLUME_OVERFLOW, "E", 2 },
    { "FILEMARKS, none", 6, { 0x10 }, 0, SENSE_NO_SENSE, "", -1 },
    { "READ", 6, { 0x08, 0, 0, 0, 10 }, 0, SENSE_END_OF_DATA, "E", 10 },
    { "READ REVERSE", 6, { 0x0f, 4, 0, 0, 100 }, 0, SENSE_NO_SENSE, "", -1 },
    { "VERIFY", 6, { 0x13, 0, 0, 0, 10 }, 0, SENSE_END_OF_DATA, "E", 10 },
    { "SPACE, a block", 6, { 0x11, 0, 0, 0, 1 }, 0, SENSE_END_OF_DATA, "E", 1 },
    { "SPACE, a filemark", 6, { 0x11, 1, 0, 0, 1 }, 0, SENSE_END_OF_DATA, "E", 1 },
    { "SPACE, end of data", 6, { 0x11, 3 }, 0, SENSE_NO_SENSE, "", -1 },
    { "SPACE, back", 6, { 0x11, 0, 0xff, 0xff, 0xff }, 0, SENSE_NO_SENSE, "", -1 },
    { "LOCATE", 10, { 0x2b, 0, 0, 0, 0, 0, 2 }, 0, SENSE_NO_SENSE, "", -1 },
    { "LOCATE, beyond", 10, { 0x2b, 0, 0, 0, 0, 0, 4 }, 0, SENSE_END_OF_DATA, "", -1 },
    { "REWIND", 6, { 0x01 }, 0, SENSE_NO_SENSE, "", -1 },
    { "ERASE", 6, { 0x19 }, 0, SENSE_NO_SENSE, "", -1 },
    { "UNLOAD", 6, { 0x1b }, 0, SENSE_NO_SENSE, "", -1 },
    { "TEST UNIT READY", 6, { 0x00 }, 0, SENSE_NO_SENSE, "", -1 },
    { "MODE SENSE", 6, { 0x1a, 0, 0x3f, 0, 0xff }, 0, SENSE_NO_SENSE, "", -1 },
    { "READ POSITION", 10, { 0x34 }, 0, SENSE_NO_SENSE, "", -1 },
};

START_TEST(each_command_in_the_zone)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    g_autofree uint8_t *block = g_malloc0(1000);

    send_block(h, 600);
    send_block(h, 200);
    send_block(h, 100);
    ck_assert_uint_eq(position_flags(h), EOP);
    host_send_data(h, block, inside[_i].out, inside[_i].cdb, inside[_i].length);
    if (inside[_i].code == SENSE_NO_SENSE) {
        expect_good(h);
        return;
    }
    expect_sense(h, inside[_i].code);
    expect_flags(h, inside[_i].flags);
    if (inside[_i].information < 0) {
        expect_no_info(h);
    } else {
        expect_info(h, inside[_i].information);
    }
}
END_TEST

START_TEST(without_sew_it_stays_in_the_buffer)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    set_configuration(h, false, false);
    send_block(h, 700);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    ck_assert_uint_eq(host_syncs(h), 0);
    set_configuration(h, true, false); /* REW: it counts as not written */
    ck_assert_uint_eq(host_syncs(h), 1);
    host_rewind(h);
    send_block(h, 500);
    expect_good(h);
    send_block(h, 200);
    expect_warning(h, SENSE_VOLUME_OVERFLOW, 700);
    expect_at(h, 0, 2);
}
END_TEST

START_TEST(reading_tells_it_if_asked_to)
{
    MediumGeometry geometry = { .capacity = 1000, .early_warning = 300, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    send_block(h, 600);
    send_block(h, 200);
    send_block(h, 100);
    host_rewind(h);
    for (unsigned i = 0; i < 3; i++) {
        host_send(h, READ6(1000));
        expect_flags(h, "I");
    }
    host_rewind(h);
    set_configuration(h, true, true);
    host_send(h, READ6(600));
    expect_good(h);
    host_send(h, READ6(200)); /* comes into the zone, with its data */
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    ck_assert_uint_eq(h->task.in->len, 200);
    host_send(h, READ6(100));
    expect_good(h);
    host_send(h, READ6(100)); /* end of data in the zone has EOM either way */
    expect_sense(h, SENSE_END_OF_DATA);
    expect_flags(h, "E");
    host_rewind(h);
    host_send(h, CDB(0x11, 0, 0, 0, 2, 0));
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    expect_at(h, 0, 2);
    host_rewind(h);
    host_send(h, CDB(0x2b, 0, 0, 0, 0, 0, 2, 0, 0, 0)); /* LOCATE does not read */
    expect_good(h);
}
END_TEST

/* Early warning at 2500000; the programmable one a million before it. */
static ScsiHost *programmed(void)
{
    MediumGeometry geometry = { .capacity = 3 * MB, .early_warning = MB / 2, .partitions = 1 };
    ScsiHost *h = host_new_loaded(NULL, &geometry);

    set_pews(h, 1);
    return h;
}

START_TEST(programmable_early_warning_is_told_once)
{
    g_autoptr(ScsiHost) h = programmed();

    send_block(h, 3 * MB / 2 - 1);
    expect_good(h);
    ck_assert_uint_eq(position_flags(h), 0);
    send_block(h, 1);
    expect_warning(h, SENSE_PROGRAMMABLE_EARLY_WARNING, 0);
    ck_assert_uint_eq(position_flags(h), BPEW);
    expect_at(h, 0, 2);
    send_block(h, 1);
    expect_good(h);
    host_rewind(h);
    ck_assert_uint_eq(position_flags(h), BOP);
    send_block(h, 3 * MB / 2 + 5); /* out and in again */
    expect_warning(h, SENSE_PROGRAMMABLE_EARLY_WARNING, 0);
    send_block(h, MB);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    ck_assert_uint_eq(position_flags(h), EOP | BPEW);
}
END_TEST

START_TEST(early_warning_goes_before_the_programmable_one)
{
    g_autoptr(ScsiHost) h = programmed();

    send_block(h, 5 * MB / 2);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
    send_block(h, 1);
    expect_warning(h, SENSE_END_OF_MEDIUM_DETECTED, 0);
}
END_TEST

START_TEST(marks_come_into_the_programmable_zone_too)
{
    MediumGeometry geometry = { .capacity = 3 * MB, .early_warning = MB / 2, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    send_block(h, 3 * MB / 2 + 1);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_good(h);
    set_pews(h, 1); /* the zone comes to the head: nothing moved */
    ck_assert_uint_eq(position_flags(h), BPEW);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_good(h);
    set_pews(h, 0);
    ck_assert_uint_eq(position_flags(h), 0);
}
END_TEST

START_TEST(a_zone_longer_than_the_tape)
{
    g_autoptr(ScsiHost) h = programmed();

    set_pews(h, 0xffff);
    ck_assert_uint_eq(position_flags(h), BOP | BPEW);
    send_block(h, 100); /* was there before */
    expect_good(h);
}
END_TEST

START_TEST(a_tape_without_end_has_no_zones)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    set_pews(h, 0xffff);
    ck_assert_uint_eq(position_flags(h), BOP);
    send_block(h, 100);
    expect_good(h);
    ck_assert_uint_eq(position_flags(h), 0);
}
END_TEST

START_TEST(the_extension_page)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    uint8_t list[4 + 32] = { 0, 0, 0x10, 0, 0x50, 0x01, 0x00, 0x1c };

    host_send(h, CDB(0x5a, 0x08, 0x10, 0x01, 0, 0, 0, 0, 0xff, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 8 + 32);
    ck_assert_mem_eq(h->task.in->data + 8, "\xd0\x01\x00\x1c", 4);
    set_pews(h, 0x1234);
    host_send(h, CDB(0x1a, 0x08, 0x10, 0x01, 0xff, 0));
    ck_assert_uint_eq(get_be16(h->task.in->data + 4 + 6), 0x1234);
    host_send(h, CDB(0x1a, 0x08, 0x90, 0x01, 0xff, 0)); /* default */
    ck_assert_uint_eq(get_be16(h->task.in->data + 4 + 6), 0);
    host_send(h, CDB(0x1a, 0x08, 0x10, 0xff, 0xff, 0)); /* 10h with all that belongs to it */
    ck_assert_uint_eq(h->task.in->len, 4 + 16 + 32);
    host_send(h, CDB(0x1a, 0x08, 0x10, 0x02, 0xff, 0));
    expect_field(h, 3, -1);
    list[5] = 0x02;
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 5, -1);
    list[5] = 0x00;
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 4, 6);
    list[5] = 0x01;
    list[7] = 0x1b;
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 6, -1);
    list[7] = 0x1c;
    list[8] = 0x01;
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 8, 0);
    host_send_data(h, list, 6, CDB(0x15, 0x10, 0, 0, 6, 0));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
}
END_TEST

TCase *make_ssc_zones_tcase(void)
{
    TCase *tcase = tcase_create("zones");

    tcase_add_loop_test(tcase, where_the_cartridge_says, 0, G_N_ELEMENTS(ends));
    tcase_add_loop_test(tcase, where_the_settings_say, 0, G_N_ELEMENTS(ends));
    tcase_add_loop_test(tcase, settings_for_a_tape_without_end, 0, G_N_ELEMENTS(ends));
    tcase_add_loop_test(tcase, a_capacity_of_more_than_there_is, 0, G_N_ELEMENTS(ends));
    tcase_add_loop_test(tcase, marks_fill_what_is_left, 0, 4);
    tcase_add_test(tcase, marks_in_the_zone_warn_each);
    tcase_add_loop_test(tcase, in_the_zone_every_object_goes_to_tape_first, 0,
                        G_N_ELEMENTS(synchronized));
    tcase_add_loop_test(tcase, in_the_zone_no_error_is_deferred, 0, 2);
    tcase_add_loop_test(tcase, each_command_in_the_zone, 0, G_N_ELEMENTS(inside));
    tcase_add_test(tcase, without_sew_it_stays_in_the_buffer);
    tcase_add_test(tcase, reading_tells_it_if_asked_to);
    tcase_add_test(tcase, programmable_early_warning_is_told_once);
    tcase_add_test(tcase, early_warning_goes_before_the_programmable_one);
    tcase_add_test(tcase, marks_come_into_the_programmable_zone_too);
    tcase_add_test(tcase, a_zone_longer_than_the_tape);
    tcase_add_test(tcase, a_tape_without_end_has_no_zones);
    tcase_add_test(tcase, the_extension_page);
    return tcase;
}
