/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the drive says of itself: LUNs, logs, densities, commands, models. */
#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "emu/ssc/models/model.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_device_tcase(void);

START_TEST(one_logical_unit)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    expect_good(h);
    expect_data(h, "\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    host_send(h, CDB(0xa0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0)); /* well-known ones: none */
    expect_data(h, "\0\0\0\0\0\0\0\0", 8);
    host_send(h, CDB(0xa0, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    expect_field(h, 2, -1);
    ck_assert_uint_eq(h->target->ops->lun_count(h->target), 1);
}
END_TEST

#define LOG_SENSE(page, pointer) CDB(0x4d, 0, 0x40 | (page), 0, 0, 0, (pointer), 0x10, 0, 0)

START_TEST(log_pages)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, LOG_SENSE(0x00, 0));
    expect_good(h);
    expect_data(h, "\0\0\0\x09\0\2\3\x0c\x0d\x10\x17\x2e\x31", 13);
    host_send(h, LOG_SENSE(0x00, 1));
    expect_field(h, 5, -1);
    host_send(h, LOG_SENSE(0x33, 0));
    expect_field(h, 2, 5);
    host_send(h, CDB(0x4d, 1, 0x40, 0, 0, 0, 0, 1, 0, 0));
    expect_field(h, 1, 0);
    host_send(h, CDB(0x4d, 0, 0x40, 1, 0, 0, 0, 1, 0, 0));
    expect_field(h, 3, -1);
}
END_TEST

START_TEST(tape_alerts_are_raised_and_taken)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x00, 0);
    host_next_result(h, TEST_WRITE, 0, MEDIUM_WRITE_ERROR);
    host_send_data(h, "a", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    host_send(h, LOG_SENSE(0x2e, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 64 * 5);
    for (unsigned flag = 1; flag <= 64; flag++) {
        const uint8_t *parameter = h->task.in->data + 4 + (flag - 1) * 5;

        ck_assert_uint_eq(get_be16(parameter), flag);
        ck_assert_uint_eq(parameter[3], 1);
        ck_assert_uint_eq(parameter[4], flag == 3 || flag == 6);
    }
    host_send(h, LOG_SENSE(0x2e, 3)); /* from the third on; and taken */
    ck_assert_uint_eq(h->task.in->len, 4 + 62 * 5);
    ck_assert_mem_eq(h->task.in->data + 4, "\0\3\x40\1\0", 5);
    host_send(h, LOG_SENSE(0x2e, 65));
    expect_field(h, 5, -1);
}
END_TEST

/* A block whose checksum is wrong is a read failure like any other. */
START_TEST(damage_raises_tape_alerts)
{
    static const MediumResult results[] = { MEDIUM_READ_ERROR, MEDIUM_CORRUPT };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "a", 1);
    host_rewind(h);
    host_next_result(h, TEST_READ, 0, results[_i]);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    host_send(h, LOG_SENSE(0x2e, 0));
    expect_good(h);
    for (unsigned flag = 1; flag <= 64; flag++) {
        ck_assert_uint_eq(h->task.in->data[4 + (flag - 1) * 5 + 4], flag == 3 || flag == 5);
    }
}
END_TEST

START_TEST(counters_and_capacity)
{
    MediumGeometry geometry = { .capacity = 3 << 20, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    g_autofree uint8_t *block = g_malloc0(1 << 20);

    host_write(h, block, 1 << 20);
    host_rewind(h);
    host_send(h, CDB(0x08, 0, 0x00, 0x01, 0x00, 0));
    host_send(h, LOG_SENSE(0x0c, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 4 * 12);
    ck_assert_uint_eq(get_be64(h->task.in->data + 8), 1 << 20);
    ck_assert_uint_eq(get_be64(h->task.in->data + 8 + 36), 256);
    host_send(h, LOG_SENSE(0x31, 0));
    expect_data(h,
                "\x31\0\0\x20"
                "\0\1\x40\4\0\0\0\2"
                "\0\2\x40\4\0\0\0\0"
                "\0\3\x40\4\0\0\0\3"
                "\0\4\x40\4\0\0\0\0",
                36);
}
END_TEST

START_TEST(counters_set_back)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_send(h, CDB(0x4c, 0x02, 0, 0, 0, 0, 0, 0, 0, 0)); /* PCR */
    expect_good(h);
    host_send(h, LOG_SENSE(0x0c, 0));
    ck_assert_uint_eq(get_be64(h->task.in->data + 8), 0);
    host_send(h, CDB(0x4c, 0x01, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_field(h, 1, 0);
}
END_TEST

START_TEST(density_report)
{
    g_autoptr(ScsiHost) h = host_new("sdx-500c");

    host_send(h, CDB(0x44, 0, 0, 0, 0, 0, 0, 1, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 2 * 52);
    ck_assert_mem_eq(h->task.in->data, "\0\x6a\0\0\x30\x30\x80", 7);
    ck_assert_mem_eq(h->task.in->data + 56, "\x31\x31\xa0\0\0\x00\x17\xd6\x00\x50\x00\x01", 12);
    ck_assert_mem_eq(h->task.in->data + 56 + 16, "SONY    AIT-2   AdvIntelligentTape2 ", 36);
    host_send(h, CDB(0x44, 1, 0, 0, 0, 0, 0, 1, 0, 0)); /* MEDIA: of which there is none */
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_insert(h, NULL);
    host_clear_attentions(h);
    host_send(h, CDB(0x44, 1, 0, 0, 0, 0, 0, 1, 0, 0));
    ck_assert_uint_eq(h->task.in->len, 4 + 52);
    ck_assert_uint_eq(h->task.in->data[4], 0x31);
    host_send(h, CDB(0x44, 2, 0, 0, 0, 0, 0, 1, 0, 0));
    expect_field(h, 1, 1);
}
END_TEST

#define OPCODES(options, opcode, action)                                                           \
    CDB(0xa3, 0x0c, (options), (opcode), 0, (action), 0, 0, 0x10, 0, 0, 0)

START_TEST(supported_opcodes)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, OPCODES(0, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(get_be32(h->task.in->data), h->task.in->len - 4);
    ck_assert_mem_eq(h->task.in->data + 4, "\0\0\0\0\0\0\0\6", 8);
    host_send(h, OPCODES(1, 0x0a, 0));
    expect_data(h, "\0\3\0\6\x0a\x01\xff\xff\xff\0", 10);
    host_send(h, OPCODES(2, 0x34, 0x06));
    expect_data(h, "\0\3\0\x0a\x34\x06\0\0\0\0\0\0\0\0", 14);
    host_send(h, OPCODES(0x81, 0x01, 0));
    expect_data(h, "\0\x83\0\6\x01\x01\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\x36\xb0", 22);
    host_send(h, OPCODES(1, 0xee, 0)); /* not supported, which is an answer */
    expect_data(h, "\0\1\0\0", 4);
    host_send(h, OPCODES(2, 0x34, 0x05));
    expect_data(h, "\0\1\0\0", 4);
    host_send(h, OPCODES(1, 0x34, 0));
    expect_field(h, 2, 2);
    host_send(h, OPCODES(2, 0x0a, 0));
    expect_field(h, 2, 2);
    host_send(h, OPCODES(3, 0x0a, 0));
    expect_field(h, 2, 2);
}
END_TEST

#define READ_ATTRIBUTE(action, partition, first)                                                   \
    CDB(0x8c, (action), 0, 0, 0, 0, 0, (partition), (uint8_t)((first) >> 8), (uint8_t)(first), 0,  \
        1, 0, 0, 0, 0)

static void send_attributes(ScsiHost *h, const char *list, uint8_t length)
{
    host_send_data(h, list, length, CDB(0x8d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, length, 0, 0));
}

/* One attribute, and no other. */
static void expect_attribute(ScsiHost *h, uint16_t id, const char *bytes, size_t length)
{
    const uint8_t *data;

    host_send(h, READ_ATTRIBUTE(0, 0, id));
    expect_good(h);
    data = h->task.in->data;
    ck_assert_uint_ge(h->task.in->len, 4 + 5 + length);
    ck_assert_uint_eq(get_be16(data + 4), id);
    ck_assert_uint_eq(get_be16(data + 7), length);
    ck_assert_mem_eq(data + 9, bytes, length);
}

static const struct {
    uint16_t id;
    uint8_t flags, length;
    const char *bytes;
} drives_own[] = {
    { 0x0000, 0x80, 8, "\0\0\0\0\0\0\0\3" }, /* remaining, maximum, alerts */
    { 0x0001, 0x80, 8, "\0\0\0\0\0\0\0\4" },
    { 0x0002, 0x80, 8, "\0\0\0\0\0\0\0\0" },
    { 0x0003, 0x80, 8, "\0\0\0\0\0\0\0\1" },   /* loads */
    { 0x0004, 0x80, 8, "\0\0\0\0\0\0\x40\0" }, /* room in the chip */
    { 0x0005, 0x81, 8, "USBTAPE " },
    { 0x0006, 0x80, 1, "\0" },
    { 0x0007, 0x80, 2, "\0\0" }, /* initializations */
    { 0x020a, 0x81, 40, "USBTAPE 0000000001                      " },
    { 0x0220, 0x80, 8, "\0\0\0\0\0\0\0\1" }, /* written and read in its life */
    { 0x0221, 0x80, 8, "\0\0\0\0\0\0\0\0" },
    { 0x0222, 0x80, 8, "\0\0\0\0\0\0\0\1" }, /* written and read in this load */
    { 0x0223, 0x80, 8, "\0\0\0\0\0\0\0\0" },
    { 0x0340, 0x80, 90,
      "\0\0\0\0\0\1" /* this load; nothing of the one before; all its life */
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\1"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\1"
      "\0\0\0\0\0\0"
      "\0\0\0\0\0\0" },
    { 0x0404, 0x81, 8, "USBTAPE " },
    { 0x0405, 0x80, 1, "\0" },
    { 0x0407, 0x80, 8, "\0\0\0\0\0\0\x40\0" },
    { 0x0408, 0x80, 1, "\x80" }, /* WORM */
};

START_TEST(attributes_of_the_drive)
{
    MediumGeometry geometry = { .capacity = 4 << 20, .partitions = 1, .worm = true };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    g_autofree uint8_t *block = g_malloc0(1 << 20);
    g_autoptr(GByteArray) ids = g_byte_array_new();

    host_write(h, block, 1 << 20);
    for (unsigned i = 0; i < G_N_ELEMENTS(drives_own); i++) {
        uint8_t id[2];

        expect_attribute(h, drives_own[i].id, drives_own[i].bytes, drives_own[i].length);
        ck_assert_uint_eq(h->task.in->data[6], drives_own[i].flags);
        put_be16(id, drives_own[i].id);
        g_byte_array_append(ids, id, 2);
    }
    host_send(h, READ_ATTRIBUTE(1, 0, 0));
    ck_assert_uint_eq(get_be32(h->task.in->data), ids->len);
    ck_assert_mem_eq(h->task.in->data + 4, ids->data, ids->len);
    host_send(h, READ_ATTRIBUTE(1, 0, 0x0405)); /* of all, whatever it begins with */
    ck_assert_uint_eq(get_be32(h->task.in->data), ids->len);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x0406)); /* there is none such */
    expect_field(h, 8, -1);
    host_send(h, READ_ATTRIBUTE(2, 0, 0));
    expect_data(h, "\0\2\0\1", 4);
    host_send(h, READ_ATTRIBUTE(3, 0, 0));
    expect_data(h, "\0\2\0\1", 4);
    host_send(h, READ_ATTRIBUTE(4, 0, 0));
    expect_field(h, 1, 4);
    host_send(h, READ_ATTRIBUTE(0, 1, 0));
    expect_field(h, 7, -1);
}
END_TEST

static void reload(ScsiHost *h)
{
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_good(h);
}

/* SPC-4 § 7.4.2.2.6: the last four loads, each in its own, and none of a host's room. */
START_TEST(drives_that_it_was_in)
{
    const char *this_one = "USBTAPE 0000000001                      ";
    const char *other = "ACME    77                              ";
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autoptr(GBytes) value = g_bytes_new(other, 40);
    const MediumAttribute attribute = { .id = 0x020a, .format = 1, .value = value };
    unsigned i;

    expect_attribute(h, 0x020a, this_one, 40);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x020b)); /* it was in no other */
    expect_field(h, 8, -1);
    ck_assert_int_eq(medium_set_attribute(ssc_drive_medium(h->drive), 0, &attribute), MEDIUM_OK);
    for (i = 1; i < 4; i++) {
        reload(h);
        expect_attribute(h, 0x020a, this_one, 40);
        expect_attribute(h, (uint16_t)(0x020a + i), other, 40);
        ck_assert_uint_eq(h->task.in->data[6], 0x81);
        expect_attribute(h, 0x0004, "\0\0\0\0\0\0\x40\0", 8);
    }
    reload(h); /* five are too many */
    expect_attribute(h, 0x020d, this_one, 40);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x020e));
    expect_field(h, 8, -1);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0)); /* loaded already: no load */
    expect_attribute(h, 0x020d, this_one, 40);
}
END_TEST

/* What is counted for the cartridge is not what LOG SELECT sets back. */
START_TEST(counts_of_a_load)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *block = g_malloc0(1 << 20);

    host_write(h, block, 1 << 20);
    host_send(h, CDB(0x4c, 0x02, 0, 0, 0, 0, 0, 0, 0, 0));
    host_write(h, block, 1 << 20);
    expect_attribute(h, 0x0222, "\0\0\0\0\0\0\0\2", 8);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_attribute(h, 0x0222, "\0\0\0\0\0\0\0\0", 8);
    expect_attribute(h, 0x0220, "\0\0\0\0\0\0\0\2", 8);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x0340));
    ck_assert_uint_eq(h->task.in->data[9 + 5], 0);
    ck_assert_uint_eq(h->task.in->data[9 + 24 + 5], 2); /* by the load before */
    expect_attribute(h, 0x0003, "\0\0\0\0\0\0\0\2", 8);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0)); /* it is loaded: no load */
    expect_attribute(h, 0x0003, "\0\0\0\0\0\0\0\2", 8);
    host_send(h, CDB(0x08, 0, 0x10, 0, 0, 0));
    expect_attribute(h, 0x0221, "\0\0\0\0\0\0\0\1", 8);
    host_rewind(h);
    host_send(h, CDB(0x04, 0, 0, 0, 0, 0)); /* FORMAT MEDIUM */
    expect_attribute(h, 0x0007, "\0\1", 2);
    expect_attribute(h, 0x0220, "\0\0\0\0\0\0\0\2", 8);
}
END_TEST

/* The chip holds 8192 bytes in an AIT cartridge; each attribute takes five besides its own. */
START_TEST(the_memory_is_small)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);
    g_autofree uint8_t *list = g_malloc0(4 + 5 + 8192);
    unsigned most = 8192 - 5;

    put_be16(list + 4, 0x1400);
    for (unsigned extra = 0; extra < 2; extra++) {
        uint8_t cdb[16] = { 0x8d };

        put_be16(cdb + 12, (uint16_t)(9 + most + extra));
        put_be32(list, 5 + most + extra);
        put_be16(list + 7, (uint16_t)(most + extra));
        for (unsigned again = 0; again < 2; again++) { /* what is replaced makes room */
            host_send_data(h, list, 9 + most + extra, cdb, sizeof cdb);
            if (extra == 0) {
                expect_good(h);
            } else {
                expect_sense(h, SENSE_MEMORY_OUT_OF_SPACE);
            }
        }
        expect_attribute(h, 0x0004, "\0\0\0\0\0\0\0\0", 8);
    }
    send_attributes(h, "\0\0\0\6\x08\x06\1\0\1A", 10);
    expect_sense(h, SENSE_MEMORY_OUT_OF_SPACE);
    send_attributes(h, "\0\0\0\x0b\x14\0\0\0\0\x08\x06\1\0\1A", 15);
    expect_good(h);
    expect_attribute(h, 0x0004, "\0\0\0\0\0\0\x1f\xfa", 8);
}
END_TEST

/* A name that a list has twice makes room once. */
START_TEST(repeated_names_make_no_room)
{
    static const struct {
        uint16_t id, size;
    } entries[] = { { 0x1400, 2000 }, { 0x1401, 6000 }, /* one list; and the other: */
                    { 0x1400, 0 },    { 0x1400, 0 },    { 0x1400, 0 },
                    { 0x1400, 0 },    { 0x1402, 8000 } };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(entries);) {
        g_autofree uint8_t *list = g_malloc0(20000);
        uint8_t cdb[16] = { 0x8d };
        unsigned end = i == 0 ? 2 : G_N_ELEMENTS(entries);
        size_t at = 4;

        for (; i < end; i++) {
            put_be16(list + at, entries[i].id);
            put_be16(list + at + 3, entries[i].size);
            at += 5u + entries[i].size;
        }
        put_be32(list, (uint32_t)at - 4);
        put_be16(cdb + 12, (uint16_t)at);
        host_send_data(h, list, at, cdb, sizeof cdb);
        expect_attribute(h, 0x0004, "\0\0\0\0\0\0\0\xb6", 8);
    }
}
END_TEST

START_TEST(attributes_of_the_host)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_hold_syncs(h, true);
    send_attributes(h, "\0\0\0\x0e\x08\x06\1\0\4TAPE\x08\0\0\0\0", 18);
    ck_assert_uint_eq(h->done, 0); /* the chip forgets nothing: it is synced */
    host_end_sync(h, MEDIUM_OK);
    expect_good(h);
    host_hold_syncs(h, false);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x0806));
    expect_data(h, "\0\0\0\x09\x08\x06\1\0\4TAPE", 13);
    send_attributes(h, "\0\0\0\5\x08\x06\1\0\0", 9); /* length 0 deletes */
    expect_good(h);
    host_send(h, READ_ATTRIBUTE(0, 0, 0x0806));
    expect_field(h, 8, -1);
}
END_TEST

/* Lists that are wrong, and nothing of them is written. */
static const struct {
    char list[20];
    uint8_t length;
    int byte; /* -1: the length is wrong */
} wrong_lists[] = {
    { "\0\0\0\6\x08\x06\1\0\1A", 9, -1 },
    { "\0\0\0\5\x08\x06\1\0\1A", 10, -1 },
    { "\0\0\0\4\x08\x06\1\0", 8, -1 },
    { "\0\0\0", 3, -1 },
    { "\0\0\0\6\x08\x06\1\0\2A", 10, -1 },
    { "\0\0\0\6\0\0\1\0\1A", 10, 4 },
    { "\0\0\0\6\4\x08\1\0\1A", 10, 4 },
    { "\0\0\0\6\x08\x06\3\0\1A", 10, 6 },
    { "\0\0\0\7\x08\x05\0\0\2AB", 11, 7 },
    { "\0\0\0\6\x08\x06\x81\0\1A", 10, 6 },
    { "\0\0\0\x0b\x08\x06\1\0\1A\x0c\0\0\0\0", 15, 10 },
};

START_TEST(attributes_that_are_wrong)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    send_attributes(h, wrong_lists[_i].list, wrong_lists[_i].length);
    if (wrong_lists[_i].byte < 0) {
        expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    } else {
        expect_parameter(h, wrong_lists[_i].byte, -1);
    }
    host_send(h, READ_ATTRIBUTE(0, 0, 0x0806));
    expect_field(h, 8, -1);
}
END_TEST

START_TEST(an_attribute_of_another_format)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    send_attributes(h, "\0\0\0\6\x08\x06\0\0\1A", 10); /* a bar code is ASCII */
    expect_parameter(h, 6, 1);
}
END_TEST

START_TEST(attributes_longer_than_any_page)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autofree uint8_t *bytes = g_malloc0(0xffff);
    g_autoptr(GBytes) value = g_bytes_new(bytes, 0xffff);

    for (uint16_t id = 0x0800; id < 0x0804; id++) {
        MediumAttribute attribute = { .id = id, .value = value };

        ck_assert_int_eq(medium_set_attribute(ssc_drive_medium(h->drive), 0, &attribute),
                         MEDIUM_OK);
    }
    host_send(h, CDB(0x8c, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 4 * (5 + 0xffff));
    ck_assert_uint_eq(get_be32(h->task.in->data), 4 * (5 + 0xffff));
}
END_TEST

START_TEST(models_by_name)
{
    g_autoptr(GError) error = NULL;

    ck_assert_str_eq(ssc_model_name(ssc_model_by_name(NULL, NULL)), "generic");
    ck_assert_ptr_null(ssc_model_by_name("sdx-9", &error));
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_ptr_nonnull(strstr(error->message, "'sdx-9'"));
    ck_assert_ptr_nonnull(strstr(error->message, "sdx-500c"));
}
END_TEST

START_TEST(models_are_whole)
{
    for (const SscModel *const *m = ssc_models(); *m; m++) {
        const SscUsbIds *usb = ssc_model_usb_ids(*m);

        ck_assert_ptr_eq(ssc_model_by_name(ssc_model_name(*m), NULL), *m);
        ck_assert_uint_gt(strlen(ssc_model_about(*m)), 0);
        ck_assert_uint_le(strlen(ssc_model_vendor(*m)), 8);
        ck_assert_uint_le(strlen(ssc_model_product(*m)), 16);
        ck_assert_uint_le(strlen(ssc_model_revision(*m)), 4);
        ck_assert_uint_eq(strlen(ssc_model_serial(*m)), 10);
        ck_assert(usb->invented && usb->vendor == 0x1209);
        ck_assert((*m)->inquiry_length >= 36 && (*m)->inquiry_length <= 96);
        ck_assert((*m)->limits.min >= 1 && (*m)->limits.max <= MEDIUM_BLOCK_MAX);
        for (unsigned i = 0; i < (*m)->n_mode_pages; i++) {
            const SscModePage *page = &(*m)->mode_pages[i];

            ck_assert(i == 0 || page[0].code * 256 + page[0].subpage >
                                    page[-1].code * 256 + page[-1].subpage);
        }
        for (unsigned i = 1; i < (*m)->n_densities; i++) {
            ck_assert((*m)->densities[i].primary > (*m)->densities[i - 1].primary);
        }
    }
}
END_TEST

START_TEST(a_serial_of_ones_own)
{
    g_autoptr(Clock) clock = virtual_clock_new();
    g_autoptr(ScsiHost) h = host_new(NULL);

    ssc_drive_free(h->drive);
    h->drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), "ABCDEFGHIJ", clock, NULL);
    h->target = ssc_drive_target(h->drive);
    host_send(h, CDB(0x12, 1, 0x80, 0, 0xff, 0));
    expect_data(h,
                "\x01\x80\x00\x0a"
                "ABCDEFGHIJ",
                14);
}
END_TEST

START_TEST(some_models_tell_of_a_load)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    SscModel model = *ssc_model_by_name(NULL, NULL);

    model.attention_on_load = true;
    ssc_drive_free(h->drive);
    h->drive = ssc_drive_new(&model, NULL, h->clock, NULL);
    h->target = ssc_drive_target(h->drive);
    host_insert(h, NULL);
    host_clear_attentions(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}
END_TEST

typedef struct Recorder {
    Trace base;
    GString *lines;
} Recorder;

static void record(Trace *trace, TracePoint point, const char *message)
{
    g_string_append_printf(((Recorder *)trace)->lines, "%s %s\n", trace_point_name(point), message);
}

START_TEST(commands_are_traced)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    Recorder recorder = { { record }, lines };
    g_autoptr(ScsiHost) h = host_new(NULL);

    ssc_drive_free(h->drive);
    h->drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), NULL, h->clock, &recorder.base);
    h->target = ssc_drive_target(h->drive);
    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    ck_assert_str_eq(lines->str,
                     "scsi.command tag 1 lun 0 READ BLOCK LIMITS: 05 00 00 00 00 00\n"
                     "scsi.outcome tag 1 CHECK CONDITION 6/29/01 Power on occurred\n"
                     "scsi.done tag 1 READ BLOCK LIMITS: 05 00 00 00 00 00, 0 us, - to -, "
                     "CHECK CONDITION 6/29/01 Power on occurred\n"
                     "scsi.command tag 1 lun 0 READ BLOCK LIMITS: 05 00 00 00 00 00\n"
                     "scsi.outcome tag 1 status 00\n"
                     "scsi.done tag 1 READ BLOCK LIMITS: 05 00 00 00 00 00, 0 us, - to -, "
                     "status 00\n");
}
END_TEST

/* Each command is one line that says it all: what, how long, from where to where, and how. */
START_TEST(a_line_tells_all_of_a_command)
{
    static const uint8_t blocks[1024] = { 1 };
    g_autoptr(GString) lines = g_string_new(NULL);
    Recorder recorder = { { record, ~TRACE_BIT(TRACE_SCSI_DONE) }, lines };
    g_autoptr(ScsiHost) h = host_new(NULL);

    ssc_drive_free(h->drive);
    h->drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), NULL, h->clock, &recorder.base);
    h->target = ssc_drive_target(h->drive);
    host_insert(h, NULL);
    host_clear_attentions(h);
    g_string_truncate(lines, 0);
    host_write(h, blocks, 1000);
    host_send(h, CDB(0x10, 0, 0, 0, 2, 0));
    host_send(h, CDB(0x08, 0, 0, 3, 0xe8, 0));
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    ck_assert_str_eq(
        lines->str, "scsi.done tag 1 WRITE(6): 0a 00 00 03 e8 00, 0 us, 0/0 to 0/1, status 00\n"
                    "scsi.done tag 1 WRITE FILEMARKS(6): 10 00 00 00 02 00, 0 us, 0/1 to 0/3, "
                    "status 00\n"
                    "scsi.done tag 1 READ(6): 08 00 00 03 e8 00, 0 us, 0/3 to 0/3, CHECK CONDITION "
                    "8/00/05 End-of-data detected\n"
                    "scsi.done tag 1 REWIND: 01 00 00 00 00 00, 0 us, 0/3 to 0/0, status 00\n");
}
END_TEST

START_TEST(host_errors_are_traced_as_such)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    Recorder recorder = { { record }, lines };
    g_autoptr(ScsiHost) h = host_new(NULL);

    ssc_drive_free(h->drive);
    h->drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), NULL, h->clock, &recorder.base);
    h->target = ssc_drive_target(h->drive);
    host_insert(h, NULL);
    host_clear_attentions(h);
    test_medium_next_result(h->medium, TEST_WRITE, 0, MEDIUM_HOST_ERROR);
    host_send_data(h, "a", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_INTERNAL_TARGET_FAILURE);
    ck_assert_ptr_nonnull(strstr(lines->str, "media.host-error no reason given\n"));
    ck_assert_ptr_null(strstr(lines->str, "/0c/00"));
}
END_TEST

TCase *make_ssc_device_tcase(void)
{
    TCase *tcase = tcase_create("device");

    tcase_add_test(tcase, one_logical_unit);
    tcase_add_test(tcase, log_pages);
    tcase_add_test(tcase, tape_alerts_are_raised_and_taken);
    tcase_add_loop_test(tcase, damage_raises_tape_alerts, 0, 2);
    tcase_add_test(tcase, counters_and_capacity);
    tcase_add_test(tcase, counters_set_back);
    tcase_add_test(tcase, density_report);
    tcase_add_test(tcase, supported_opcodes);
    tcase_add_test(tcase, attributes_of_the_drive);
    tcase_add_test(tcase, drives_that_it_was_in);
    tcase_add_test(tcase, counts_of_a_load);
    tcase_add_test(tcase, the_memory_is_small);
    tcase_add_test(tcase, repeated_names_make_no_room);
    tcase_add_test(tcase, attributes_of_the_host);
    tcase_add_loop_test(tcase, attributes_that_are_wrong, 0, G_N_ELEMENTS(wrong_lists));
    tcase_add_test(tcase, an_attribute_of_another_format);
    tcase_add_test(tcase, attributes_longer_than_any_page);
    tcase_add_test(tcase, models_by_name);
    tcase_add_test(tcase, models_are_whole);
    tcase_add_test(tcase, a_serial_of_ones_own);
    tcase_add_test(tcase, some_models_tell_of_a_load);
    tcase_add_test(tcase, commands_are_traced);
    tcase_add_test(tcase, a_line_tells_all_of_a_command);
    tcase_add_test(tcase, host_errors_are_traced_as_such);
    return tcase;
}
