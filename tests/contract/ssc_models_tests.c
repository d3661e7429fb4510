/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a model that model: quirks, and the two formats of AIT cartridges. */
#include "emu/base/bytes.h"
#include "emu/ssc/table.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_models_tcase(void);

/* The command that an SDX-420C behind a USB bridge was seen to refuse. */
START_TEST(sdx_420c_and_old_lists)
{
    static const uint8_t list[12] = { 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 0 };
    static const char *const models[] = { "sdx-420c", "sdx-500c", "generic" };
    g_autoptr(ScsiHost) h = host_new_loaded(models[_i], NULL);

    host_send_data(h, list, 12, CDB(0x15, 0x00, 0, 0, 12, 0));
    if (_i == 0) {
        expect_parameter(h, 9, -1);
    } else {
        expect_good(h);
    }
    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_good(h);
}
END_TEST

#define NATIVE 0x80
#define DEVICE 0x40

/* Byte 2 of page 31h: how the cartridge is formatted. */
static uint8_t format_of(ScsiHost *h)
{
    host_send(h, CDB(0x1a, 0x08, 0x31, 0, 0xff, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 10);
    return h->task.in->data[4 + 2];
}

static void select_format(ScsiHost *h, uint8_t bits)
{
    uint8_t list[14];

    format_of(h);
    memcpy(list, h->task.in->data, sizeof list);
    list[0] = 0;
    list[6] = (uint8_t)((list[6] & ~(NATIVE | DEVICE)) | bits);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
}

static uint8_t most_partitions(ScsiHost *h)
{
    host_send(h, CDB(0x1a, 0x08, 0x11, 0, 0xff, 0));
    expect_good(h);
    return h->task.in->data[4 + 2];
}

/* Partitions of equal size (FDP). */
static void divide(ScsiHost *h, uint8_t additional)
{
    uint8_t list[4 + 8] = { 0, 0, 0x10, 0, 0x11, 0x06, 0, additional, 0x90, 0x03, 0x06 };

    list[4 + 2] = most_partitions(h);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
}

static unsigned partitions(ScsiHost *h)
{
    MediumInfo info;

    medium_info(ssc_drive_medium(h->drive), &info);
    return info.geometry.partitions;
}

START_TEST(dds_emulation_has_two_partitions)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);

    ck_assert_uint_eq(format_of(h) & (NATIVE | DEVICE), 0);
    ck_assert_uint_eq(most_partitions(h), 1);
    divide(h, 2);
    expect_parameter(h, 4 + 3, -1);
    divide(h, 1);
    expect_good(h);
    ck_assert_uint_eq(partitions(h), 2);
    ck_assert_uint_eq(format_of(h) & (NATIVE | DEVICE), 0);
}
END_TEST

/* What page 31h leaves of it counts, whichever page comes first. */
START_TEST(what_dds_emulation_has_no_room_for)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    uint8_t list[4 + 8 + 10] = { 0, 0, 0x10, 0, 0x11, 0x06, 0, 3, 0x90, 0x03, 0x06 };

    select_format(h, NATIVE);
    expect_good(h);
    list[4 + 2] = most_partitions(h);
    format_of(h);
    memcpy(list + 12, h->task.in->data + 4, 10);
    list[12 + 2] &= (uint8_t) ~(NATIVE | DEVICE);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 4 + 3, -1);
    ck_assert_uint_eq(partitions(h), 1);
}
END_TEST

START_TEST(native_has_256_once_it_is_formatted)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);

    select_format(h, DEVICE); /* a device area is of the native format */
    expect_parameter(h, 4 + 2, -1);
    select_format(h, NATIVE | DEVICE);
    expect_good(h);
    ck_assert_uint_eq(format_of(h) & (NATIVE | DEVICE), 0); /* it tells of the cartridge */
    ck_assert_uint_eq(most_partitions(h), 255);
    divide(h, 255);
    expect_good(h);
    ck_assert_uint_eq(partitions(h), 256);
    ck_assert_uint_eq(format_of(h) & (NATIVE | DEVICE), NATIVE | DEVICE);
    host_send(h, CDB(0x2b, 0x02, 0, 0, 0, 0, 0, 0, 255, 0));
    expect_good(h);
    host_write(h, "abcd", 4);
    host_send(h, CDB(0x1a, 0x08, 0x11, 0, 0xff, 0)); /* as many sizes as a page has room for */
    ck_assert_uint_eq(h->task.in->data[4 + 3], 255);
    ck_assert_uint_eq(h->task.in->data[4 + 1], 6 + 2 * 124);
}
END_TEST

/* Page 32h, sizes in MB; 33h, the last partition that is to stay. */
static void append_partition(ScsiHost *h, uint8_t megabytes)
{
    const uint8_t list[14] = { 0, 0, 0x10, 0, 0x32, 0x08, 0, 0, 0x10, 0, 0, 0, 0, megabytes };

    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
}

static void delete_partitions_above(ScsiHost *h, uint8_t last)
{
    const uint8_t list[14] = { 0, 0, 0x10, 0, 0x33, 0x08, last };

    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
}

static uint64_t capacity_of(ScsiHost *h, uint32_t partition)
{
    MediumPartition state;

    medium_partition(ssc_drive_medium(h->drive), partition, &state);
    return state.capacity;
}

START_TEST(append_and_delete_are_for_native_cartridges)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    static const uint8_t sense[] = { 0x32, 0x08, 0, 0, 0x10, 0, 0, 0, 0, 0 };

    host_send(h, CDB(0x1a, 0x08, 0x32, 0, 0xff, 0));
    expect_good(h);
    ck_assert_mem_eq(h->task.in->data + 4, sense, sizeof sense);
    host_send(h, CDB(0x1a, 0x08, 0x73, 0, 0xff, 0)); /* changeable */
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[4 + 2], 0xff);
    append_partition(h, 0); /* what was read may be sent back */
    expect_good(h);
    delete_partitions_above(h, 0);
    expect_good(h);
    append_partition(h, 1);
    expect_parameter(h, 4, 5);
    delete_partitions_above(h, 1);
    expect_parameter(h, 4, 5);
    ck_assert_uint_eq(partitions(h), 1);
}
END_TEST

START_TEST(partitions_are_appended_and_deleted)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 100000000 };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", &geometry);

    select_format(h, NATIVE);
    divide(h, 0);
    expect_good(h);
    host_write(h, "abcd", 4);
    append_partition(h, 100); /* one MB of a hundred is taken */
    expect_parameter(h, 4 + 8, -1);
    append_partition(h, 99);
    expect_good(h);
    ck_assert_uint_eq(partitions(h), 2);
    ck_assert_uint_eq(capacity_of(h, 0), 1000000);
    ck_assert_uint_eq(capacity_of(h, 1), 99000000);
    host_write(h, "efgh", 4); /* into the new one: the head is there */
    append_partition(h, 1);
    expect_good(h);
    ck_assert_uint_eq(partitions(h), 3);
    host_send(h, CDB(0x1a, 0x08, 0x33, 0, 0xff, 0));
    ck_assert_uint_eq(h->task.in->data[4 + 2], 2);

    delete_partitions_above(h, 2); /* the last one stays the last */
    expect_parameter(h, 4 + 2, -1);
    delete_partitions_above(h, 1); /* the head is beyond */
    expect_parameter(h, 4 + 2, -1);
    host_send(h, CDB(0x2b, 0x02, 0, 0, 0, 0, 0, 0, 0, 0));
    append_partition(h, 1);
    expect_sense(h, SENSE_NOT_LAST_PARTITION);
    delete_partitions_above(h, 1);
    expect_good(h);
    ck_assert_uint_eq(partitions(h), 2);
    ck_assert_uint_eq(capacity_of(h, 1), 99000000);
    delete_partitions_above(h, 0);
    expect_good(h);
    ck_assert_uint_eq(capacity_of(h, 0), 100000000);
    host_send(h, CDB(0x08, 0x00, 0, 0, 4, 0)); /* its data are still there */
    expect_good(h);
    ck_assert_mem_eq(h->task.in->data, "abcd", 4);
}
END_TEST

START_TEST(append_and_delete_need_a_tape_that_can_be_written)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);

    select_format(h, NATIVE);
    divide(h, 1);
    expect_good(h);
    ck_assert_int_eq(medium_set_write_protect(ssc_drive_medium(h->drive), true), MEDIUM_OK);
    delete_partitions_above(h, 0);
    expect_sense(h, SENSE_WRITE_PROTECTED);
    ck_assert_uint_eq(partitions(h), 2);
}
END_TEST

START_TEST(the_cartridge_remembers)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);

    select_format(h, NATIVE | DEVICE);
    divide(h, 3);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
    ck_assert_uint_eq(format_of(h) & NATIVE, NATIVE);
    ck_assert_uint_eq(most_partitions(h), 255);
    select_format(h, 0); /* back again */
    expect_good(h);
    ck_assert_uint_eq(most_partitions(h), 1);
    divide(h, 0);
    expect_good(h);
    ck_assert_uint_eq(format_of(h) & NATIVE, 0);
    ck_assert_uint_eq(partitions(h), 1);
}
END_TEST

START_TEST(the_latest_are_native_from_the_start)
{
    static const char *const models[] = { "sdx-900v", "sdx-1100v" };
    MediumGeometry worm = { .partitions = 1, .worm = true };
    g_autoptr(ScsiHost) h = host_new_loaded(models[_i], &worm);
    const uint8_t *page;

    ck_assert_uint_eq(format_of(h), 0xf3); /* ABS, ULPBOT; the log is in the MIC */
    page = h->task.in->data + 4;
    ck_assert_uint_eq(page[3], 0x0a);
    ck_assert_uint_eq(page[4], 0xc0); /* MIC, WORM */
    ck_assert_uint_eq(page[5], 0x01); /* WORM capable */
    ck_assert_uint_eq(most_partitions(h), 255);
}
END_TEST

/* A cartridge of an older generation, of the drive's own, of a later one, of none. */
static const struct {
    const char *model;
    uint8_t density;
    ScsiSenseCode ready, write; /* NO_SENSE: GOOD */
} generations[] = {
    { "sdx-900v", 0x32, SENSE_NO_SENSE, SENSE_READ_ONLY_FORMAT },
    { "sdx-900v", 0x33, SENSE_NO_SENSE, SENSE_NO_SENSE },
    { "sdx-900v", 0x34, SENSE_INCOMPATIBLE_MEDIUM, SENSE_INCOMPATIBLE_MEDIUM },
    { "sdx-900v", 0x00, SENSE_NO_SENSE, SENSE_NO_SENSE },
    { "sdx-500c", 0x30, SENSE_NO_SENSE, SENSE_NO_SENSE },
    { "sdx-500c", 0x32, SENSE_INCOMPATIBLE_MEDIUM, SENSE_INCOMPATIBLE_MEDIUM },
    { "generic", 0x34, SENSE_NO_SENSE, SENSE_NO_SENSE },
};

static void expect_code(ScsiHost *h, ScsiSenseCode code)
{
    if (code == SENSE_NO_SENSE) {
        expect_good(h);
    } else {
        expect_sense(h, code);
    }
}

START_TEST(cartridges_of_other_generations)
{
    MediumGeometry geometry = { .partitions = 1, .density = generations[_i].density };
    g_autoptr(ScsiHost) h = host_new_loaded(generations[_i].model, &geometry);
    bool read_only = generations[_i].write == SENSE_READ_ONLY_FORMAT;
    TapeMedium *medium;

    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_code(h, generations[_i].ready);
    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0));
    expect_code(h, generations[_i].write);
    host_send(h, CDB(0x1a, 0, 0, 0, 4, 0));
    ck_assert_uint_eq(h->task.in->data[2] & 0x80, read_only ? 0x80 : 0);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0)); /* whatever it is, it comes out */
    expect_good(h);
    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &medium), SSC_EJECTED);
    medium_free(medium);
}
END_TEST

static void send_log(ScsiHost *h, uint8_t page)
{
    host_send(h, CDB(0x4d, 0, (uint8_t)(0x40 | page), 0, 0, 0, 0, 0xff, 0xff, 0));
    expect_good(h);
    ck_assert_uint_eq(get_be16(h->task.in->data + 2), h->task.in->len - 4);
}

/* The value of a parameter of four bytes. */
static uint32_t log_value(ScsiHost *h, uint8_t page, uint16_t code)
{
    send_log(h, page);
    for (unsigned at = 4; at < h->task.in->len; at += 4u + h->task.in->data[at + 3]) {
        if (get_be16(h->task.in->data + at) == code) {
            ck_assert_uint_eq(h->task.in->data[at + 3], 4);
            return get_be32(h->task.in->data + at + 4);
        }
    }
    ck_abort_msg("page %02x has no parameter %04x", page, code);
}

/* The lengths that the manuals give. */
static const struct {
    const char *model;
    uint8_t page;
    uint16_t length;
} logs[] = {
    { "sdx-1100v", 0x33, 0x0244 }, { "sdx-1100v", 0x34, 0x0088 }, { "sdx-1100v", 0x35, 0x0088 },
    { "sdx-1100v", 0x39, 0x0058 }, { "sdx-570v", 0x39, 0x0058 },  { "sdx-570v", 0x34, 0x0048 },
    { "sdx-700c", 0x30, 0x0058 },
};

START_TEST(the_makers_log_pages)
{
    g_autoptr(ScsiHost) h = host_new_loaded(logs[_i].model, NULL);

    send_log(h, logs[_i].page);
    ck_assert_uint_eq(h->task.in->len, 4u + logs[_i].length);
    host_send(h, CDB(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 0xff, 0));
    if (g_str_equal(logs[_i].model, "sdx-1100v")) {
        expect_data(h, "\0\0\0\x0b\0\2\3\x2e\x31\x33\x34\x35\x39\x3d\x3e", 15);
    } else {
        expect_data(h, "\0\0\0\x0c\0\2\3\x2e\x30\x31\x33\x34\x35\x39\x3d\x3e", 16);
    }
}
END_TEST

START_TEST(what_the_logs_count)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);
    static uint8_t block[50000];

    for (unsigned i = 0; i < 3; i++) {
        host_write(h, block, sizeof block);
    }
    host_filemarks(h, 1);
    host_rewind(h);
    host_send(h, CDB(0x08, 0, 0, 0xc3, 0x50, 0));
    expect_good(h);
    host_send(h, CDB(0x11, 0, 0, 0, 2, 0)); /* spacing reads nothing */
    host_send(h, CDB(0x08, 0, 0, 0xc3, 0x50, 0));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    ck_assert_uint_eq(log_value(h, 0x39, 3), 3); /* records written, read */
    ck_assert_uint_eq(log_value(h, 0x39, 4), 1);
    ck_assert_uint_eq(log_value(h, 0x39, 5), 150); /* kilobytes of the host */
    ck_assert_uint_eq(log_value(h, 0x39, 6), 50);
    ck_assert_uint_ge(log_value(h, 0x39, 7), 150); /* and on the tape */
    ck_assert_uint_ge(log_value(h, 0x39, 8), 50);
    ck_assert_uint_eq(log_value(h, 0x34, 1), 3); /* frames: 65536 bytes each, or part of one */
    ck_assert_uint_eq(log_value(h, 0x35, 1), 1);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    ck_assert_uint_eq(log_value(h, 0x34, 1), 0); /* of this load */
    ck_assert_uint_eq(log_value(h, 0x39, 3), 3);
    host_send(h, CDB(0x4c, 0x02, 0xc0, 0, 0, 0, 0, 0, 0, 0)); /* PCR */
    expect_good(h);
    ck_assert_uint_eq(log_value(h, 0x39, 3), 0);
}
END_TEST

START_TEST(a_drive_is_used)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-900v", NULL);

    virtual_clock_advance(h->clock, G_GINT64_CONSTANT(5) * 60 * 1000000);
    ck_assert_uint_eq(log_value(h, 0x33, 1), 5); /* power */
    ck_assert_uint_eq(log_value(h, 0x33, 2), 5); /* drum */
    ck_assert_uint_eq(log_value(h, 0x33, 5), 1); /* loads */
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    virtual_clock_advance(h->clock, G_GINT64_CONSTANT(2) * 60 * 1000000);
    ck_assert_uint_eq(log_value(h, 0x33, 1), 7);
    ck_assert_uint_eq(log_value(h, 0x33, 2), 5);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON); /* forgets nothing of this */
    host_clear_attentions(h);
    ck_assert_uint_eq(log_value(h, 0x33, 5), 2);
}
END_TEST

/* ATAPI has CDBs of 12 bytes: nothing that takes 16 is there. */
START_TEST(no_atapi_drive_has_long_commands)
{
    static const char *const models[] = { "sdx-420c", "sdx-570v" };
    g_autoptr(ScsiHost) h = host_new_loaded(models[_i], NULL);
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        uint8_t cdb[16] = { rows[i].command->opcode,
                            (uint8_t)MAX(rows[i].command->service_action, 0) };

        if (rows[i].command->length > 12) {
            host_send(h, cdb, sizeof cdb);
            expect_sense(h, SENSE_INVALID_OPCODE);
        }
    }
}
END_TEST

/* SDX-550V manual § 6.7.8: AIT-2 Turbo cartridges are measured in 10 MB, others in MB. */
static const struct {
    uint8_t density, psum, units;
    uint64_t unit;
} measures[] = {
    { 0x3a, 0x18, 7, 10000000 },
    { 0x00, 0x18, 7, 10000000 }, /* the drive's own */
    { 0x31, 0x10, 6, 1000000 },
    { 0x39, 0x10, 6, 1000000 },
};

START_TEST(partitions_have_the_cartridges_measure)
{
    const uint64_t unit = measures[_i].unit;
    const MediumGeometry geometry = { .partitions = 1,
                                      .capacity = 100 * unit,
                                      .density = measures[_i].density };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-570v", &geometry);
    uint8_t list[4 + 12] = { 0 };

    host_send(h, CDB(0x1a, 0x08, 0x11, 0, 0xff, 0));
    expect_good(h);
    memcpy(list + 4, h->task.in->data + 4, 12);
    ck_assert_uint_eq(list[4 + 4], measures[_i].psum);
    ck_assert_uint_eq(list[4 + 6], measures[_i].units);
    ck_assert_uint_eq(get_be16(list + 4 + 8), 100);
    list[2] = 0x10;
    list[4 + 3] = 1;
    list[4 + 4] |= 0x20; /* IDP */
    put_be16(list + 4 + 8, 0xffff);
    put_be16(list + 4 + 10, 30);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_good(h);
    ck_assert_uint_eq(capacity_of(h, 0), 70 * unit);
    ck_assert_uint_eq(capacity_of(h, 1), 30 * unit);
}
END_TEST

START_TEST(a_partition_is_appended_in_the_cartridges_measure)
{
    const uint64_t unit = measures[_i].unit;
    const MediumGeometry geometry = { .partitions = 1,
                                      .capacity = 100 * unit,
                                      .density = measures[_i].density };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-570v", &geometry);
    uint8_t list[4 + 10] = { 0 };

    select_format(h, NATIVE);
    divide(h, 0);
    expect_good(h);
    host_send(h, CDB(0x1a, 0x08, 0x32, 0, 0xff, 0));
    expect_good(h);
    memcpy(list + 4, h->task.in->data + 4, 10);
    list[2] = 0x10;
    ck_assert_uint_eq(list[4 + 4], measures[_i].psum);
    ck_assert_uint_eq(list[4 + 6] & 0x0f, measures[_i].units == 7 ? 7 : 0);
    put_be16(list + 4 + 8, 99);
    list[4 + 4] ^= 0x08; /* the other unit is refused */
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_parameter(h, 4 + 4, 3);
    list[4 + 4] ^= 0x08;
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_good(h);
    ck_assert_uint_eq(capacity_of(h, 0), unit);
    ck_assert_uint_eq(capacity_of(h, 1), 99 * unit);
}
END_TEST

/* MODE SELECT formats no tape that cannot be written. */
START_TEST(no_partitions_on_a_read_only_density)
{
    const MediumGeometry geometry = { .partitions = 1, .density = 0x32 };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-900v", &geometry);

    divide(h, 1);
    expect_sense(h, SENSE_READ_ONLY_FORMAT);
    ck_assert_uint_eq(partitions(h), 1);
    ck_assert_int_eq(medium_set_write_protect(ssc_drive_medium(h->drive), true), MEDIUM_OK);
    divide(h, 1);
    expect_sense(h, SENSE_WRITE_PROTECTED);
    ck_assert_uint_eq(partitions(h), 1);
}
END_TEST

/* What the cartridge itself will not have is the fault of the page, or of FORMAT MEDIUM's field. */
START_TEST(partitions_that_the_cartridge_refuses)
{
    static const MediumResult results[] = { MEDIUM_INVALID, MEDIUM_UNSUPPORTED };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_next_result(h, TEST_FORMAT, 0, results[_i]);
    divide(h, 1);
    expect_parameter(h, 4 + 3, -1);
    host_next_result(h, TEST_FORMAT, 0, results[_i]);
    host_send(h, CDB(0x04, 0, 0, 0, 0, 0));
    expect_field(h, 2, 3);
}
END_TEST

TCase *make_ssc_models_tcase(void)
{
    TCase *tcase = tcase_create("models");

    tcase_add_loop_test(tcase, sdx_420c_and_old_lists, 0, 3);
    tcase_add_loop_test(tcase, cartridges_of_other_generations, 0, G_N_ELEMENTS(generations));
    tcase_add_loop_test(tcase, the_makers_log_pages, 0, G_N_ELEMENTS(logs));
    tcase_add_test(tcase, what_the_logs_count);
    tcase_add_test(tcase, a_drive_is_used);
    tcase_add_test(tcase, dds_emulation_has_two_partitions);
    tcase_add_test(tcase, what_dds_emulation_has_no_room_for);
    tcase_add_test(tcase, native_has_256_once_it_is_formatted);
    tcase_add_test(tcase, append_and_delete_are_for_native_cartridges);
    tcase_add_test(tcase, partitions_are_appended_and_deleted);
    tcase_add_test(tcase, append_and_delete_need_a_tape_that_can_be_written);
    tcase_add_test(tcase, the_cartridge_remembers);
    tcase_add_loop_test(tcase, the_latest_are_native_from_the_start, 0, 2);
    tcase_add_loop_test(tcase, no_atapi_drive_has_long_commands, 0, 2);
    tcase_add_loop_test(tcase, partitions_have_the_cartridges_measure, 0, G_N_ELEMENTS(measures));
    tcase_add_loop_test(tcase, a_partition_is_appended_in_the_cartridges_measure, 0,
                        G_N_ELEMENTS(measures));
    tcase_add_test(tcase, no_partitions_on_a_read_only_density);
    tcase_add_loop_test(tcase, partitions_that_the_cartridge_refuses, 0, 2);
    return tcase;
}
