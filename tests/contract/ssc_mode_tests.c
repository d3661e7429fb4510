/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MODE SENSE and MODE SELECT. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_mode_tcase(void);

#define SENSE6(dbd, page, alloc) CDB(0x1a, (dbd), (page), 0, (alloc), 0)

START_TEST(page_zero_is_header_and_descriptor)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);

    host_send(h, SENSE6(0, 0, 12)); /* what st sends at each open */
    expect_good(h);
    expect_data(h, "\x0b\x00\x10\x08\x31\0\0\0\0\x00\x02\x00", 12);
    medium_set_write_protect(ssc_drive_medium(h->drive), true);
    host_send(h, SENSE6(0, 0, 12));
    ck_assert_uint_eq(h->task.in->data[2], 0x90);
    host_send(h, SENSE6(8, 0, 12));
    expect_data(h, "\x03\x00\x90\x00", 4);
}
END_TEST

START_TEST(all_pages_are_their_sum)
{
    g_autoptr(ScsiHost) h = host_new_loaded(ssc_model_name(ssc_models()[_i / 3]), NULL);
    uint8_t control = (uint8_t)(_i % 3 << 6);
    size_t at = 4;
    g_autoptr(GByteArray) all = g_byte_array_new();

    host_send(h, SENSE6(8, control | 0x3f, 0xff));
    expect_good(h);
    g_byte_array_append(all, h->task.in->data, h->task.in->len);
    ck_assert_uint_eq(all->len, all->data[0] + 1u);
    while (at < all->len) {
        host_send(h, SENSE6(8, control | (all->data[at] & 0x3f), 0xff));
        expect_good(h);
        ck_assert_mem_eq(h->task.in->data + 4, all->data + at, h->task.in->len - 4);
        at += h->task.in->len - 4;
    }
    ck_assert_uint_eq(at, all->len);
}
END_TEST

/* Compression (page 0Fh), on or off, saved or not. */
static void set_compression(ScsiHost *h, bool on, bool save)
{
    uint8_t list[4 + 16] = { 0, 0, 0x10, 0 };

    host_send(h, SENSE6(8, 0x0f, 20));
    expect_good(h);
    memcpy(list + 4, h->task.in->data + 4, 16);
    list[4] &= 0x3f; /* PS is the drive's to say */
    list[6] = (uint8_t)((list[6] & 0x7f) | (on ? 0x80 : 0));
    host_send_data(h, list, sizeof list, CDB(0x15, save ? 0x11 : 0x10, 0, 0, sizeof list, 0));
}

static void expect_compression(ScsiHost *h, uint8_t control, bool on)
{
    host_send(h, SENSE6(8, (uint8_t)(control << 6 | 0x0f), 20));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[4], 0x8f); /* PS */
    ck_assert_uint_eq(h->task.in->data[6] & 0x80, on ? 0x80 : 0);
}

enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };

/* What is saved comes back after a reset; what is only current does not; the default stays. */
START_TEST(saved_pages)
{
    static const ScsiReset kinds[] = { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_POWER_ON };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    expect_compression(h, SAVED, false);
    set_compression(h, true, false);
    expect_good(h);
    expect_compression(h, CURRENT, true);
    expect_compression(h, SAVED, false);
    h->target->ops->reset(h->target, kinds[_i]);
    host_clear_attentions(h);
    expect_compression(h, CURRENT, false);
    set_compression(h, true, true);
    expect_good(h);
    expect_compression(h, SAVED, true);
    set_compression(h, false, false);
    h->target->ops->reset(h->target, kinds[_i]);
    host_clear_attentions(h);
    expect_compression(h, CURRENT, true);
    expect_compression(h, DEFAULT, false);
    host_send(h, SENSE6(8, 0xd1, 20)); /* the partition page asks for things: it is not savable */
    ck_assert_uint_eq(h->task.in->data[4], 0x11);
}
END_TEST

/* Buffered mode and block length, as MODE SENSE(6) tells them. */
static void expect_settings(ScsiHost *h, uint8_t device_specific, uint32_t block_length)
{
    host_send(h, SENSE6(0, 0, 12));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[2], device_specific);
    ck_assert_uint_eq(get_be24(h->task.in->data + 9), block_length);
}

static const struct {
    const char *model;
    uint32_t initial, other; /* block lengths */
} lengths[] = {
    { "generic", 0, 4096 },    { "sdx-420c", 512, 0 },     { "sdx-500c", 512, 4096 },
    { "sdx-570v", 512, 4096 }, { "sdx-700c", 512, 0 },     { "sdx-900v", 0, 4096 },
    { "sdx-1100v", 0, 0 },     { "sdx-500c", 512, 0x800 },
};

/* SPC-3 § 6.9.3: a reset brings back the defaults. Nothing that loads the tape touches them. */
START_TEST(block_length_after_a_reset_and_a_load)
{
    static const ScsiReset kinds[] = { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_POWER_ON };
    static const uint8_t loads[][4] = { { 1 }, { 3 }, { 0, 1 }, { 8, 1 } }; /* RETEN; HOLD */
    g_autoptr(ScsiHost) h = host_new_loaded(lengths[_i / 3].model, NULL);
    uint32_t initial = lengths[_i / 3].initial, other = lengths[_i / 3].other;

    for (unsigned i = 0; i < G_N_ELEMENTS(loads); i++) {
        host_set_block(h, 0, other);
        h->target->ops->reset(h->target, kinds[_i % 3]);
        host_clear_attentions(h);
        expect_settings(h, 0x10, initial);
        host_send(h, CDB(0x1b, 0, 0, 0, loads[i][0], 0));
        expect_good(h);
        if (loads[i][1]) {
            host_send(h, CDB(0x1b, 0, 0, 0, loads[i][1], 0));
            expect_good(h);
        }
        expect_settings(h, 0x10, initial);
        host_set_block(h, 0, other);
        host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
        expect_good(h);
        expect_settings(h, 0, other);
    }
}
END_TEST

/* The same without a cartridge, and with one that comes after the reset. */
START_TEST(reset_without_a_cartridge)
{
    static const ScsiReset kinds[] = { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_POWER_ON };
    g_autoptr(ScsiHost) h = host_new("sdx-500c");

    host_set_block(h, 0, 0);
    h->target->ops->reset(h->target, kinds[_i]);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_POWER_ON_OR_RESET);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    expect_settings(h, 0x10, 512);
    host_insert(h, NULL);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_good(h);
    expect_settings(h, 0x10, 512);
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(nothing_is_saved_where_nothing_can_be)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);

    set_compression(h, false, true);
    expect_field(h, 1, 0);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send(h, SENSE6(8, 0xff, 20));
    expect_sense(h, SENSE_SAVING_NOT_SUPPORTED);
    host_send(h, SENSE6(8, 0x0f, 20));
    ck_assert_uint_eq(h->task.in->data[4], 0x0f);
}
END_TEST

START_TEST(pages_that_are_not)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autoptr(ScsiHost) ait = host_new_loaded("sdx-500c", NULL);

    host_send(h, SENSE6(0, 0x31, 0xff)); /* AIT's, not generic */
    expect_field(h, 2, 5);
    host_send(ait, SENSE6(0, 0xc0 | 0x0f, 0xff));
    expect_sense(ait, SENSE_SAVING_NOT_SUPPORTED);
    host_send(h, CDB(0x1a, 0, 0x0f, 0x01, 0xff, 0));
    expect_field(h, 3, -1);
    host_send(h, CDB(0x1a, 0, 0x3f, 0xff, 0xff, 0));
    expect_good(h);
}
END_TEST

/* A list of header and descriptor, and where it is wrong. */
static const struct {
    uint8_t list[12], length;
    int byte, bit; /* byte -1: right; -2: list length error */
} lists[] = {
    { { 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 0 }, 12, -1, 0 },
    { { 0, 0, 0x10, 8, 0x7f, 0, 0, 0, 0, 0, 2, 0 }, 12, -1, 0 },
    { { 0, 0, 0x00, 0 }, 4, -1, 0 },
    { { 0 }, 0, -1, 0 },
    { { 0, 0, 0x20, 0 }, 4, 2, 6 },
    { { 0, 0, 0x11, 0 }, 4, 2, 3 },
    { { 0, 0, 0x90, 0 }, 4, -1, 0 }, /* WP means nothing here */
    { { 0, 0, 0x10, 7 }, 12, 3, -1 },
    { { 0, 0, 0x10, 8 }, 11, -2, 0 },
    { { 0, 0 }, 3, -2, 0 },
    { { 0, 0, 0x10, 8, 0x44 }, 12, 4, -1 },
    { { 0, 0, 0x10, 8, 0, 0, 0, 1 }, 12, 5, -1 },
    { { 0, 0, 0x10, 8, 0, 0, 0, 0, 1 }, 12, 8, -1 },
};

START_TEST(mode_select_lists)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send_data(h, lists[_i].list, lists[_i].length, CDB(0x15, 0x10, 0, 0, lists[_i].length, 0));
    if (lists[_i].byte == -1) {
        expect_good(h);
        ck_assert_uint_eq(h->data_phases, lists[_i].length > 0);
    } else if (lists[_i].byte == -2) {
        expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    } else {
        expect_parameter(h, lists[_i].byte, lists[_i].bit);
    }
}
END_TEST

START_TEST(densities_of_a_model)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-500c", NULL);
    uint8_t list[12] = { 0, 0, 0x10, 8, 0x30, 0, 0, 0, 0, 0, 2, 0 };

    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_good(h);
    host_send(h, SENSE6(0, 0, 12));
    ck_assert_uint_eq(h->task.in->data[4], 0x30);
    list[4] = 0x32; /* AIT-3: not this drive */
    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_parameter(h, 4, -1);
    list[4] = 0x00;
    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    host_send(h, SENSE6(0, 0, 12));
    ck_assert_uint_eq(h->task.in->data[4], 0x31);
}
END_TEST

START_TEST(block_lengths_of_a_model)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-420c", NULL);
    uint8_t list[12] = { 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 1 };

    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0)); /* 513: odd */
    expect_parameter(h, 9, -1);
    host_set_block(h, 0x10, 0);
    host_set_block(h, 0x10, 1024);
}
END_TEST

START_TEST(no_block_length_where_blocks_are_variable)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-1100v", NULL);
    static const uint8_t list[12] = { 0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, 2, 0 };

    host_set_block(h, 0x10, 0);
    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_parameter(h, 9, -1);
}
END_TEST

START_TEST(compression_is_one_switch_in_two_pages)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t list[20] = { 0, 0, 0x10, 0 };

    host_send(h, SENSE6(8, 0x0f, 0xff));
    expect_good(h);
    memcpy(list, h->task.in->data, 20);
    list[0] = 0;
    list[4 + 2] |= 0x80; /* DCE */
    host_send_data(h, list, 20, CDB(0x15, 0x10, 0, 0, 20, 0));
    expect_good(h);
    host_send(h, SENSE6(8, 0x0f, 0xff));
    ck_assert_uint_eq(h->task.in->data[4 + 2], 0xc0);
    host_send(h, SENSE6(8, 0x10, 0xff));
    ck_assert_uint_eq(h->task.in->data[4 + 14], 1);
    memcpy(list, h->task.in->data, 20);
    list[0] = 0;
    list[4 + 14] = 0;
    host_send_data(h, list, 20, CDB(0x15, 0x10, 0, 0, 20, 0));
    expect_good(h);
    host_send(h, SENSE6(8, 0x0f, 0xff));
    ck_assert_uint_eq(h->task.in->data[4 + 2], 0x40);
}
END_TEST

START_TEST(a_wrong_page_changes_nothing)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t list[12 + 16] = { 0, 0, 0x00, 8, 0, 0, 0, 0, 0, 0, 4, 0 };

    host_send(h, SENSE6(8, 0x0f, 0xff));
    memcpy(list + 12, h->task.in->data + 4, 16);
    list[12 + 11] ^= 0x04; /* decompression algorithm: not to be changed */
    host_send_data(h, list, 28, CDB(0x15, 0x10, 0, 0, 28, 0));
    expect_parameter(h, 12 + 11, 2);
    host_send(h, SENSE6(0, 0, 12));
    expect_data(h, "\x0b\x00\x10\x08\0\0\0\0\0\0\0\0", 12);
    list[12 + 11] ^= 0x04;
    list[12 + 7] = 0x7f; /* an algorithm that the drive does not have */
    host_send_data(h, list, 28, CDB(0x15, 0x10, 0, 0, 28, 0));
    expect_parameter(h, 12 + 4, -1);
    host_send(h, SENSE6(0, 0, 12));
    expect_data(h, "\x0b\x00\x10\x08\0\0\0\0\0\0\0\0", 12);
    list[12 + 7] = 0x00; /* none */
    host_send_data(h, list, 28, CDB(0x15, 0x10, 0, 0, 28, 0));
    expect_good(h);
    host_set_block(h, 0x10, 0);
    list[13] = 0x0d;
    host_send_data(h, list, 28, CDB(0x15, 0x10, 0, 0, 28, 0));
    expect_parameter(h, 13, -1);
    list[13] = 0x0e;
    host_send_data(h, list, 27, CDB(0x15, 0x10, 0, 0, 27, 0));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    list[12] = 0x31;
    host_send_data(h, list, 28, CDB(0x15, 0x10, 0, 0, 28, 0));
    expect_parameter(h, 12, 5);
}
END_TEST

START_TEST(ten_byte_forms)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t list[16] = { 0, 0, 0, 0x10, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0 };

    host_send(h, CDB(0x5a, 0, 0, 0, 0, 0, 0, 0, 16, 0));
    expect_good(h);
    expect_data(h, "\x00\x0e\x00\x10\0\0\0\x08\0\0\0\0\0\0\0\0", 16);
    host_send_data(h, list, 16, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0));
    expect_good(h);
    host_send(h, CDB(0x5a, 0x10, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0)); /* LLBAA may be ignored */
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 8 + 8 + 16);
    ck_assert_uint_eq(get_be16(h->task.in->data), 30);
    ck_assert_uint_eq(get_be24(h->task.in->data + 13), 512);
    list[3] = 0x50;
    host_send_data(h, list, 16, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0));
    expect_parameter(h, 3, 6);
    list[3] = 0x10;
    list[7] = 9;
    host_send_data(h, list, 16, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0));
    expect_parameter(h, 6, -1);
    list[6] = 1;
    list[7] = 0;
    host_send_data(h, list, 16, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0));
    expect_parameter(h, 6, -1);
    host_send_data(h, list, 7, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 7, 0));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
}
END_TEST

/* Page 11h as st sends it: header, page. */
static void send_partition_page(ScsiHost *h, uint8_t additional, uint8_t flags, uint16_t first,
                                uint16_t second)
{
    uint8_t list[16] = { 0, 0, 0x10, 0, 0x11, 0x0a, 0xff, additional, flags, 0x03, 0x00 };

    put_be16(list + 12, first);
    put_be16(list + 14, second);
    host_send_data(h, list, 16, CDB(0x15, 0x10, 0, 0, 16, 0));
}

#define FDP 0x80
#define SDP 0x40
#define IDP 0x20
#define MB  0x10

static void expect_partitions(ScsiHost *h, unsigned n, uint64_t first, uint64_t second)
{
    MediumInfo info;
    MediumPartition partition;

    medium_info(ssc_drive_medium(h->drive), &info);
    ck_assert_uint_eq(info.geometry.partitions, n);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.capacity, first);
    if (n > 1) {
        medium_partition(ssc_drive_medium(h->drive), 1, &partition);
        ck_assert_uint_eq(partition.capacity, second);
    }
}

/* On a cartridge of 10 MB: what the page asks for, what becomes of it. */
static const struct {
    uint8_t additional, flags;
    uint16_t sizes[2];
    int byte; /* of the page, that is wrong; 0: right */
    uint64_t first, second;
} divisions[] = {
    { 1, IDP | MB, { 0xffff, 3 }, 0, 7000000, 3000000 },
    { 1, IDP | MB, { 2, 0xffff }, 0, 2000000, 8000000 },
    { 1, IDP | MB, { 2, 3 }, 0, 2000000, 3000000 },
    { 1, IDP | 0x08, { 0xffff, 500 }, 0, 9500000, 500000 }, /* KB */
    { 1, IDP | 0x00, { 100, 200 }, 0, 100, 200 },           /* bytes */
    { 1, IDP | 0x18, { 100, 200 }, 0, 100, 200 },           /* units of 10^0 */
    { 0, IDP | MB, { 0xffff, 0 }, 0, 10000000, 0 },
    { 0, SDP | MB, { 0, 0 }, 0, 10000000, 0 },
    { 1, SDP | MB, { 0, 0 }, 0, 5000000, 5000000 },
    { 1, FDP | MB, { 0, 0 }, 0, 5000000, 5000000 },
    { 2, SDP | MB, { 0, 0 }, 0, 3333333, 3333333 },
    { 255, FDP | MB, { 0, 0 }, 0, 39062, 39062 },
    { 2, IDP | MB, { 1, 1 }, 8, 0, 0 },   /* no size for the third */
    { 124, IDP | MB, { 1, 1 }, 3, 0, 0 }, /* no page has room for so many sizes */
    { 1, IDP | SDP | MB, { 1, 1 }, 4, 0, 0 },
    { 1, IDP | MB, { 8, 3 }, 8, 0, 0 },
    { 1, IDP | MB, { 0, 3 }, 8, 0, 0 },
    { 1, IDP | MB, { 0xffff, 10 }, 8, 0, 0 },
    { 1, IDP | MB, { 0xffff, 0xffff }, 8, 0, 0 },
};

START_TEST(partitions_by_page)
{
    MediumGeometry geometry = { .capacity = 10000000, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_write(h, "a", 1);
    host_rewind(h);
    send_partition_page(h, divisions[_i].additional, divisions[_i].flags, divisions[_i].sizes[0],
                        divisions[_i].sizes[1]);
    if (divisions[_i].byte) {
        expect_parameter(h, 4 + divisions[_i].byte, -1);
        expect_partitions(h, 1, 10000000, 0);
        host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
        expect_good(h);
        return;
    }
    expect_good(h);
    expect_partitions(h, 1u + divisions[_i].additional, divisions[_i].first, divisions[_i].second);
    expect_at(h, 0, 0);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, CDB(0x1a, 0x08, 0x11, 0, 0xff, 0));
    ck_assert_uint_eq(h->task.in->data[4 + 3], divisions[_i].additional);
    ck_assert_uint_eq(get_be16(h->task.in->data + 4 + 8), divisions[_i].first / 1000000);
}
END_TEST

/* With 256 partitions all pages together are more than six bytes of CDB can ask for. */
START_TEST(more_pages_than_a_byte_can_count)
{
    MediumGeometry geometry = { .capacity = 10000000, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    send_partition_page(h, 255, FDP | MB, 0, 0);
    expect_good(h);
    host_send(h, CDB(0x1a, 0, 0x3f, 0, 0xff, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 255);
    ck_assert_uint_eq(h->task.in->data[0], 255);
    host_send(h, CDB(0x5a, 0, 0x3f, 0, 0, 0, 0, 4, 0, 0));
    expect_good(h);
    ck_assert_uint_gt(h->task.in->len, 256);
    ck_assert_uint_eq(get_be16(h->task.in->data), h->task.in->len - 2);
}
END_TEST

/* 20000 x 10^15 bytes are more than 64 bits can tell: more than any tape, not less. */
START_TEST(a_partition_beyond_all_numbers)
{
    uint8_t list[16] = { 0, 0, 0x10, 0, 0x11, 0x0a, 0xff, 1, IDP | 0x18, 0x03, 15 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    put_be16(list + 12, 1);
    put_be16(list + 14, 20000);
    host_send_data(h, list, 16, CDB(0x15, 0x10, 0, 0, 16, 0));
    expect_parameter(h, 4 + 8, -1);
    expect_partitions(h, 1, G_MAXUINT64, 0);
}
END_TEST

START_TEST(partitions_only_from_the_beginning)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "a", 1);
    send_partition_page(h, 1, IDP | MB, 0xffff, 3);
    expect_sense(h, SENSE_POSITION_PAST_BEGINNING);
    host_send(h, CDB(0x04, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_POSITION_PAST_BEGINNING);
    host_rewind(h);
    medium_set_write_protect(ssc_drive_medium(h->drive), true);
    send_partition_page(h, 1, IDP | MB, 0xffff, 3);
    expect_sense(h, SENSE_WRITE_PROTECTED);
    medium_set_write_protect(ssc_drive_medium(h->drive), false);
    send_partition_page(h, 1, IDP | MB, 0xffff, 3); /* without limit: as much as is asked for */
    expect_good(h);
    expect_partitions(h, 2, G_MAXUINT64, 3000000);
    host_send(h, CDB(0x04, 0, 0, 0, 0, 0)); /* FORMAT MEDIUM, default: one */
    expect_good(h);
    expect_partitions(h, 1, G_MAXUINT64, 0);
    host_send(h, CDB(0x04, 0, 1, 0, 0, 0)); /* as the page still says */
    expect_good(h);
    expect_partitions(h, 2, G_MAXUINT64, 3000000);
    host_send(h, CDB(0x04, 0, 3, 0, 0, 0));
    expect_field(h, 2, 3);
}
END_TEST

START_TEST(a_page_sent_back_partitions_nothing)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    uint8_t list[0xff];
    uint8_t length;

    send_partition_page(h, 1, IDP | MB, 0xffff, 3);
    expect_good(h);
    host_write(h, "a", 1);
    host_rewind(h);
    host_send(h, SENSE6(0, 0x3f, 0xff));
    length = (uint8_t)h->task.in->len;
    memcpy(list, h->task.in->data, length);
    host_send_data(h, list, length, CDB(0x15, 0x10, 0, 0, length, 0));
    expect_good(h);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_good(h);
    expect_partitions(h, 2, G_MAXUINT64, 3000000);
}
END_TEST

START_TEST(a_short_partition_page)
{
    static const uint8_t list[12] = { 0, 0, 0x10, 0, 0x11, 0x06, 0xff, 0x00, IDP | MB, 0x03, 0x06 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    send_partition_page(h, 1, SDP | MB, 0, 0);
    expect_good(h);
    expect_partitions(h, 2, G_MAXUINT64, G_MAXUINT64);
    host_send_data(h, list, 12, CDB(0x15, 0x10, 0, 0, 12, 0));
    expect_good(h);
    expect_partitions(h, 1, G_MAXUINT64, 0);
}
END_TEST

TCase *make_ssc_mode_tcase(void)
{
    TCase *tcase = tcase_create("mode");

    tcase_add_test(tcase, page_zero_is_header_and_descriptor);
    tcase_add_loop_test(tcase, all_pages_are_their_sum, 0, 3 * 7);
    tcase_add_loop_test(tcase, saved_pages, 0, 3);
    tcase_add_loop_test(tcase, block_length_after_a_reset_and_a_load, 0, 3 * G_N_ELEMENTS(lengths));
    tcase_add_loop_test(tcase, reset_without_a_cartridge, 0, 3);
    tcase_add_test(tcase, nothing_is_saved_where_nothing_can_be);
    tcase_add_test(tcase, pages_that_are_not);
    tcase_add_loop_test(tcase, mode_select_lists, 0, G_N_ELEMENTS(lists));
    tcase_add_test(tcase, densities_of_a_model);
    tcase_add_test(tcase, block_lengths_of_a_model);
    tcase_add_test(tcase, no_block_length_where_blocks_are_variable);
    tcase_add_test(tcase, compression_is_one_switch_in_two_pages);
    tcase_add_test(tcase, a_wrong_page_changes_nothing);
    tcase_add_test(tcase, ten_byte_forms);
    tcase_add_loop_test(tcase, partitions_by_page, 0, G_N_ELEMENTS(divisions));
    tcase_add_test(tcase, more_pages_than_a_byte_can_count);
    tcase_add_test(tcase, a_partition_beyond_all_numbers);
    tcase_add_test(tcase, partitions_only_from_the_beginning);
    tcase_add_test(tcase, a_page_sent_back_partitions_nothing);
    tcase_add_test(tcase, a_short_partition_page);
    return tcase;
}
