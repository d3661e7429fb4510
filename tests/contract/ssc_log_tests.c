/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LOG SENSE and LOG SELECT: page control, pointers, subpages, lists; the pages of AIT's chip. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_log_tcase(void);

enum { THRESHOLD, CUMULATIVE, DEFAULT_THRESHOLD, DEFAULT_CUMULATIVE };

static void log_sense(ScsiHost *h, unsigned control, uint8_t page, uint16_t pointer)
{
    host_send(h, CDB(0x4d, 0, (uint8_t)(control << 6 | page), 0, 0, (uint8_t)(pointer >> 8),
                     (uint8_t)pointer, 0xff, 0xff, 0));
}

static void log_select(ScsiHost *h, unsigned control, const void *list, uint8_t length)
{
    host_send_data(h, list, length,
                   CDB(0x4c, 0, (uint8_t)(control << 6), 0, 0, 0, 0, 0, length, 0));
}

/* The parameter, header and all; it must be there. */
static const uint8_t *parameter(ScsiHost *h, uint16_t code)
{
    const GByteArray *in = h->task.in;

    expect_good(h);
    ck_assert_uint_eq(get_be16(in->data + 2), in->len - 4);
    for (unsigned at = 4; at < in->len; at += 4u + in->data[at + 3]) {
        if (get_be16(in->data + at) == code) {
            return in->data + at;
        }
    }
    ck_abort_msg("no parameter %04x", code);
}

static uint64_t number(const uint8_t *parameter)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < parameter[3]; i++) {
        value = value << 8 | parameter[4 + i];
    }
    return value;
}

static uint64_t value_of(ScsiHost *h, unsigned control, uint8_t page, uint16_t code)
{
    log_sense(h, control, page, 0);
    return number(parameter(h, code));
}

/* SPC-3 § 6.6: what PC asks for. Thresholds are the highest value of their field. */
static const struct {
    const char *model;
    uint8_t page, code;
    uint64_t threshold;
    bool counts; /* PC matters */
} controlled[] = {
    { "generic", 0x02, 5, G_MAXUINT64, true },
    { "generic", 0x03, 6, G_MAXUINT32, true },
    { "generic", 0x0c, 0, G_MAXUINT64, true },
    { "generic", 0x2e, 9, 0, false },
    { "generic", 0x31, 3, 0, false },
    { "sdx-700c", 0x02, 5, G_MAXUINT32, true },
    { "sdx-700c", 0x02, 6, 0xffff, true },
    { "sdx-700c", 0x34, 1, G_MAXUINT32, true },
    { "sdx-700c", 0x39, 3, G_MAXUINT32, true },
    { "sdx-700c", 0x31, 3, 0, false },
    { "sdx-1100v", 0x34, 0x11, G_MAXUINT32, true },
};

/* Page valid, thread count, megabytes written and read; nothing is known of no cartridge. */
START_TEST(volume_statistics)
{
    static const size_t size = 2000000;
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL), empty = host_new(NULL);
    g_autofree uint8_t *block = g_malloc0(size);

    host_write(h, block, size);
    host_write(h, block, size);
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x08, 0, (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, 0));
    expect_good(h);
    log_sense(h, CUMULATIVE, 0x17, 0);
    ck_assert_uint_eq(number(parameter(h, 0x00)), 1);
    ck_assert_uint_eq(number(parameter(h, 0x01)), 1);
    ck_assert_uint_eq(number(parameter(h, 0x10)), 4);
    ck_assert_uint_eq(number(parameter(h, 0x11)), 2);
    log_sense(empty, CUMULATIVE, 0x17, 0);
    ck_assert_uint_eq(number(parameter(empty, 0x00)), 0);
    ck_assert_uint_eq(number(parameter(empty, 0x01)), 0);
}
END_TEST

START_TEST(page_control)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 100 << 20 };
    g_autoptr(ScsiHost) h = host_new_loaded(controlled[_i].model, &geometry);
    uint8_t page = controlled[_i].page;
    uint16_t code = controlled[_i].code;

    host_write(h, "abcdefgh", 8);
    host_filemarks(h, 0);
    uint64_t current = value_of(h, CUMULATIVE, page, code);
    uint64_t threshold = controlled[_i].counts ? controlled[_i].threshold : current;
    ck_assert_uint_eq(value_of(h, THRESHOLD, page, code), threshold);
    ck_assert_uint_eq(value_of(h, DEFAULT_THRESHOLD, page, code), threshold);
    ck_assert_uint_eq(value_of(h, DEFAULT_CUMULATIVE, page, code),
                      controlled[_i].counts ? 0 : current);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, page, code), current); /* asking changes nothing */
}
END_TEST

/* Lists have no thresholds: PC is ignored (SPC-3 § 6.6). */
START_TEST(lists_are_what_they_are)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x1d, 0x20, 0, 0, 0, 0)); /* a background self-test */
    expect_good(h);
    for (unsigned control = 0; control < 4; control++) {
        log_sense(h, control, 0x10, 0);
        ck_assert_uint_eq(parameter(h, 1)[4], 0x20);
        ck_assert_uint_eq(h->task.in->len, 4 + 20 * 20);
        log_sense(h, control, 0x0d, 0);
        expect_data(h, "\x0d\0\0\x0c\0\0\x43\2\0\xff\0\1\x43\2\0\xff", 16);
    }
}
END_TEST

START_TEST(what_a_drive_does_not_have)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, CDB(0x4d, 0x02, 0x4c, 0, 0, 0, 0, 1, 0, 0)); /* PPC */
    expect_field(h, 1, 1);
    host_send(h, CDB(0x4d, 0x01, 0x4c, 0, 0, 0, 0, 1, 0, 0)); /* SP */
    expect_field(h, 1, 0);
    host_send(h, CDB(0x4c, 0x01, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_field(h, 1, 0);
    host_send(h, CDB(0x4d, 0, 0x4c, 0, 1, 0, 0, 1, 0, 0));
    expect_field(h, 4, 0);
    log_sense(h, CUMULATIVE, 0x0c, 4); /* beyond the last parameter */
    expect_field(h, 5, -1);
    log_sense(h, CUMULATIVE, 0x0c, 3);
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 4 + 12);
    ck_assert_uint_eq(get_be16(h->task.in->data + 2), 12);
}
END_TEST

/* SPC-4 § 7.3.17: pairs of page and subpage. */
START_TEST(subpages)
{
    static const uint8_t pairs[] = { 0x40, 0xff, 0,    20, 0,    0, 0,    0xff, 0x02, 0, 0x03, 0,
                                     0x0c, 0,    0x0d, 0,  0x10, 0, 0x17, 0,    0x2e, 0, 0x31, 0 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    g_autoptr(ScsiHost) ait = host_new_loaded("sdx-500c", NULL);

    host_send(h, CDB(0x4d, 0, 0x40, 0xff, 0, 0, 0, 1, 0, 0));
    expect_good(h);
    expect_data(h, pairs, sizeof pairs);
    host_send(h, CDB(0x4d, 0, 0x40, 0xff, 0, 0, 1, 1, 0, 0));
    expect_field(h, 5, -1);
    host_send(h, CDB(0x4d, 0, 0x40, 0x01, 0, 0, 0, 1, 0, 0));
    expect_field(h, 3, -1);
    host_send(h, CDB(0x4d, 0, 0x4c, 0xff, 0, 0, 0, 1, 0, 0)); /* this page has none */
    expect_field(h, 3, -1);
    host_send(ait, CDB(0x4d, 0, 0x40, 0xff, 0, 0, 0, 1, 0, 0)); /* older than subpages */
    expect_field(ait, 3, -1);
}
END_TEST

START_TEST(errors_are_counted)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    host_next_result(h, TEST_WRITE, 0, MEDIUM_WRITE_ERROR);
    host_set_block(h, 0x00, 0);
    host_send_data(h, "a", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    host_rewind(h);
    host_next_result(h, TEST_READ, 0, MEDIUM_READ_ERROR);
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x02, 6), 1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x03, 6), 1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x02, 5), 4);
}
END_TEST

/* A block that the tape refused at first is on it once it has been tried again. */
START_TEST(what_is_tried_again_counts_once_it_is_on_tape)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_fail_writes(h, 1, 2, MEDIUM_WRITE_ERROR);
    host_write(h, "abcdefghij", 10);
    host_write(h, "0123456789", 10);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_ERROR);
    expect_flags(h, "D");
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 20);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 1), 10);
    host_filemarks(h, 1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 20);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 1), 20);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x02, 5), 20);
}
END_TEST

/* SPC-3 § 6.5: PCR, and PC without a list. */
START_TEST(counters_go_back)
{
    static const uint8_t no_change[] = { 0x00, 0x40, 0x80 }, back[] = { 0xc0 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    for (unsigned i = 0; i < sizeof no_change; i++) {
        host_write(h, "abcd", 4);
        host_send(h, CDB(0x4c, 0, no_change[i], 0, 0, 0, 0, 0, 0, 0));
        expect_good(h);
        ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 4 * (i + 1));
    }
    host_send(h, CDB(0x4c, 0, back[0], 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0);
    host_write(h, "ab", 2); /* and on from there */
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 2);
    host_send(h, CDB(0x4c, 0x02, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0);
    host_send_data(h, "\x0c\0\0\0", 4, CDB(0x4c, 0x02, 0x40, 0, 0, 0, 0, 0, 4, 0));
    expect_field(h, 1, 1); /* both at once */
}
END_TEST

START_TEST(counters_are_set)
{
    static const uint8_t list[] = {
        0x0c, 0,    0, 24, 0,    0, 0x40, 8, 0, 0, 0, 0, 0, 0,
        0x10, 0x00, 0, 3,  0x40, 8, 0,    0, 0, 0, 0, 0, 0, 7,
    };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abcd", 4);
    log_select(h, CUMULATIVE, list, sizeof list);
    expect_good(h);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0x1000);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 3), 7);
    host_write(h, "abcd", 4);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0x1004);
    host_clear_attentions(h);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON); /* nothing is saved */
    host_clear_attentions(h);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0);
    for (unsigned control = 0; control < 4; control++) { /* no other kind of value can be set */
        if (control != CUMULATIVE) {
            log_select(h, control, list, sizeof list);
            expect_field(h, 2, 7);
        }
    }
}
END_TEST

/* Lists that are wrong: nothing of them is taken. byte -1: their length is. */
static const struct {
    const char *model;
    const char *list;
    uint8_t length;
    int byte, bit;
} wrong_lists[] = {
    { "generic", "\x0c\0\0", 3, -1, -1 },
    { "generic", "\x0c\0\0\1\0", 5, -1, -1 },
    { "generic", "\x0c\0\0\x0c\0\0\x40\x08\0\0\0\0\0\0\0", 15, -1, -1 },
    { "generic", "\x0c\0\0\x05\0\0\x40\x08\0", 9, -1, -1 },
    { "generic", "\x00\0\0\0", 4, 0, 5 }, /* for LOG SENSE alone */
    { "generic", "\x33\0\0\0", 4, 0, 5 }, /* not this model's */
    { "generic", "\x8c\0\0\0", 4, 0, 7 }, /* DS */
    { "generic", "\x4c\1\0\0", 4, 0, 6 }, /* SPF */
    { "generic", "\x0c\1\0\0", 4, 1, -1 },
    { "generic", "\x0c\0\0\0\x0c\0\0\0", 8, 4, 5 }, /* not ascending */
    { "generic", "\x0c\0\0\x0c\0\x09\x40\x08\0\0\0\0\0\0\0\1", 16, 4, -1 },
    { "generic", "\x0c\0\0\x0c\0\0\0\x08\0\0\0\0\0\0\0\1", 16, 6, -1 }, /* saved */
    { "generic", "\x0c\0\0\x08\0\0\x40\4\0\0\0\1", 12, 7, -1 },
    { "generic", "\x0c\0\0\x18\0\0\x40\x08\0\0\0\0\0\0\0\1\0\0\x40\x08\0\0\0\0\0\0\0\1", 28, 16,
      -1 },
    { "generic", "\x2e\0\0\5\0\1\x40\1\1", 9, 4, -1 }, /* flags are the drive's */
    { "generic", "\x31\0\0\x08\0\1\x40\4\0\0\0\1", 12, 4, -1 },
    { "sdx-500c", "\x34\0\0\x08\0\1\x40\4\0\0\0\1", 12, 4, -1 }, /* AIT's cannot be set */
    { "sdx-500c", "\x3d\0\0\x06\0\1\x40\2\0\1", 10, 0, 5 },
};

START_TEST(lists_that_are_wrong)
{
    g_autoptr(ScsiHost) h = host_new_loaded(wrong_lists[_i].model, NULL);

    log_select(h, CUMULATIVE, wrong_lists[_i].list, wrong_lists[_i].length);
    if (wrong_lists[_i].byte < 0) {
        expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    } else {
        expect_parameter(h, wrong_lists[_i].byte, wrong_lists[_i].bit);
    }
    if (g_str_equal(wrong_lists[_i].model, "generic")) {
        ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0);
    }
}
END_TEST

/* A first page that is right, and a second one that is not. */
START_TEST(all_of_a_list_or_none)
{
    static const uint8_t list[] = { 0x0c, 0, 0, 12, 0, 0, 0x40, 8, 0, 0,
                                    0,    0, 0, 0,  0, 9, 0x3f, 0, 0, 0 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    log_select(h, CUMULATIVE, list, sizeof list);
    expect_parameter(h, 16, 5);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x0c, 0), 0);
}
END_TEST

/* ---- TapeAlert ---- */

/* SSC-3 § 8.5.4: page B2h says which flags the drive raises; those that tests see it raise are. */
START_TEST(only_flags_that_are_claimed_are_raised)
{
    static const unsigned raised[] = { 3, 5, 6, 9, 11, 12, 22 };
    uint64_t claimed = 0;
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(raised); i++) {
        claimed |= (uint64_t)1 << (64 - raised[i]);
    }
    host_send(h, CDB(0x12, 1, 0xb2, 0, 0xff, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 12);
    ck_assert_uint_eq(get_be64(h->task.in->data + 4), claimed);
}
END_TEST

START_TEST(writing_on_a_protected_tape_raises_flag_9)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    ck_assert_int_eq(medium_set_write_protect(ssc_drive_medium(h->drive), true), MEDIUM_OK);
    host_send_data(h, "a", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_WRITE_PROTECTED);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x2e, 9), 1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x2e, 9), 0); /* LOG SENSE took it */
    host_send_data(h, "a", 1, CDB(0x0a, 0, 0, 0, 1, 0));
    host_send(h, CDB(0x4c, 0x02, 0xc0, 0, 0, 0, 0, 0, 0, 0)); /* so does PCR */
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x2e, 9), 0);
}
END_TEST

/* ---- AIT ---- */

/* SDX-450V manual § 6.6.7: 4 parameters in DDS emulation, 128 in native format. */
START_TEST(capacity_of_an_ait_cartridge)
{
    const MediumGeometry geometry = { .partitions = 1, .capacity = 100000 * 1024 };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", &geometry);
    g_autoptr(ScsiHost) native = host_new_loaded("sdx-900v", &geometry);

    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x31, 1), 100000);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x31, 2), 0);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x31, 3), 100000);
    ck_assert_uint_eq(h->task.in->len, 0x24);
    ck_assert_uint_eq(parameter(h, 3)[2], 0x6c); /* DS, TSD, TMC */
    log_sense(native, CUMULATIVE, 0x31, 0);
    expect_good(native);
    ck_assert_uint_eq(native->task.in->len, 0x404);
    ck_assert_uint_eq(get_be16(native->task.in->data + 4 + 127 * 8), 0x80);
}
END_TEST

/* The lengths that the manuals give; page 31h selects the format. */
static const struct {
    const char *model;
    bool native;
    unsigned length, serial;
} chips[] = {
    { "sdx-700c", false, 0x334, 36 },
    { "sdx-700c", true, 0x4a8, 36 },
    { "sdx-420c", false, 0x334, 36 },
    { "sdx-1100v", true, 4 + 4 * 8 + 12 + 14 * 36 + 36 + 94 + 100 + 100 + 8, 32 },
};

START_TEST(fixed_information_of_the_chip)
{
    g_autoptr(ScsiHost) h = host_new_loaded(chips[_i].model, NULL);

    if (chips[_i].native && !g_str_equal(chips[_i].model, "sdx-1100v")) {
        static const uint8_t native[] = {
            0, 0, 0x10, 0, 0x31, 0x08, 0xb3, 0x0a, 0x80, 0, 0, 0, 0, 0
        };
        static const uint8_t divide[] = { 0, 0, 0x10, 0, 0x11, 0x06, 0xff, 0, 0x90, 3, 6, 0 };

        host_send_data(h, native, sizeof native, CDB(0x15, 0x10, 0, 0, sizeof native, 0));
        expect_good(h);
        host_send_data(h, divide, sizeof divide, CDB(0x15, 0x10, 0, 0, sizeof divide, 0));
        expect_good(h);
    }
    log_sense(h, CUMULATIVE, 0x3d, 0);
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, chips[_i].length);
    const uint8_t *format = parameter(h, 2);
    ck_assert_uint_eq(format[5] & 0x80, chips[_i].native ? 0x80 : 0); /* as page 31h */
    ck_assert_uint_eq(parameter(h, 6)[3], chips[_i].serial);
    ck_assert_uint_eq(number(parameter(h, 4)), 0);
}
END_TEST

/* This load, the one before, all of them; whatever LOG SELECT sets back. */
START_TEST(the_log_of_a_tape)
{
    enum { GROUP = 65536 };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    g_autofree uint8_t *block = g_malloc0(3 * GROUP);

    host_write(h, block, 3 * GROUP);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 1), 3);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 5), 0);
    for (unsigned i = 0; i < 2; i++) {
        host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
        host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
        expect_good(h);
        if (i == 0) {
            host_send(h, CDB(0x08, 0, 3, 0, 0, 0));
            expect_good(h);
        }
    }
    host_send(h, CDB(0x08, 0, 3, 0, 0, 0));
    host_send(h, CDB(0x4c, 0x02, 0xc0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 1), 0);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 3), 3);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 5), 0);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 7), 3);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 9), 3);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 11), 6);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 13), 3);
    ck_assert_uint_eq(parameter(h, 9)[3], 4);
    ck_assert_uint_eq(parameter(h, 10)[3], 3);
}
END_TEST

/* A cartridge from before such a thing was kept: its whole life is not the load before. */
START_TEST(the_log_of_an_older_tape)
{
    enum { GROUP = 65536 };
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    g_autofree uint8_t *block = g_malloc0(3 * GROUP);
    g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
    const MediumAttribute attribute = { .id = 0x0340, .value = nothing };

    host_write(h, block, 3 * GROUP);
    ck_assert_int_eq(medium_set_attribute(ssc_drive_medium(h->drive), 0, &attribute), MEDIUM_OK);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_good(h);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 5), 0);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x30, 9), 3);
}
END_TEST

static void write_note(ScsiHost *h, uint8_t code, uint8_t length)
{
    uint8_t list[255] = { 0x3e, 0, 0, (uint8_t)(6 + length), 0, code, 0x41, 0, 0, length };

    memset(list + 10, 'a' + code, length);
    log_select(h, CUMULATIVE, list, (uint8_t)(10 + length));
}

static void expect_note(ScsiHost *h, uint8_t pointer, uint8_t code, uint8_t length)
{
    log_sense(h, CUMULATIVE, 0x3e, pointer);
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 10u + length);
    ck_assert_uint_eq(get_be16(h->task.in->data + 2), 6u + length);
    ck_assert_uint_eq(get_be16(h->task.in->data + 4), code);
    ck_assert_uint_eq(get_be16(h->task.in->data + 8), length);
    for (unsigned i = 0; i < length; i++) {
        ck_assert_uint_eq(h->task.in->data[10 + i], 'a' + code);
    }
}

START_TEST(notes_in_the_chip)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    uint64_t room = value_of(h, CUMULATIVE, 0x3d, 3);

    log_sense(h, CUMULATIVE, 0x3e, 0); /* there is none */
    expect_field(h, 5, -1);
    host_send(h, CDB(0x4d, 0, 0x7e, 0, 0, 0, 1, 0, 0, 0)); /* which, without a byte, is GOOD */
    expect_good(h);
    write_note(h, 1, 10);
    expect_good(h);
    write_note(h, 2, 20);
    expect_good(h);
    expect_note(h, 0, 1, 10); /* one at a time */
    expect_note(h, 2, 2, 20);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x3d, 4), 10);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x3d, 0x18), 20);
    ck_assert_uint_lt(value_of(h, CUMULATIVE, 0x3d, 3), room - 30 + 1);
    log_sense(h, CUMULATIVE, 0x3d, 0);
    ck_assert_uint_eq(parameter(h, 0x14)[4], 0x80); /* partition 0 has a note */
    write_note(h, 1, 11);                           /* another lies behind it: it keeps its size */
    expect_parameter(h, 8, -1);
    write_note(h, 1, 10);
    expect_good(h);
    write_note(h, 2, 30);
    expect_good(h);
    write_note(h, 2, 0);
    expect_good(h);
    write_note(h, 1, 0);
    expect_good(h);
    log_sense(h, CUMULATIVE, 0x3e, 0);
    expect_field(h, 5, -1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x3d, 3), room);
}
END_TEST

START_TEST(notes_that_are_wrong)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);

    write_note(h, 0, 1);
    expect_parameter(h, 4, -1);
    write_note(h, 3, 1); /* of a partition that is not there */
    expect_parameter(h, 4, -1);
    log_select(h, CUMULATIVE, "\x3e\0\0\6\0\1\x41\0\0\1", 10);
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    log_select(h, CUMULATIVE, "\x3e\0\0\5\0\1\x41\0\0", 9);
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    log_select(h, CUMULATIVE, "\x3e\0\0\6\0\1\x41\0\0\0\x3f\0\0\0", 14);
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    log_sense(h, CUMULATIVE, 0x3e, 0);
    expect_field(h, 5, -1);
}
END_TEST

START_TEST(a_note_that_no_chip_holds)
{
    g_autoptr(ScsiHost) h = host_new_loaded("sdx-700c", NULL);
    g_autofree uint8_t *bytes = g_malloc0(0xffff);
    g_autoptr(GBytes) value = g_bytes_new(bytes, 0xffff);
    const MediumAttribute attribute = { .id = 0x0c01, .value = value };
    g_autofree uint8_t *list = g_malloc0(0xffff);

    list[0] = 0x3e; /* more than the chip has */
    put_be16(list + 2, 0xffff - 4);
    list[5] = 1;
    put_be16(list + 8, 0xffff - 10);
    host_send_data(h, list, 0xffff, CDB(0x4c, 0, 0x40, 0, 0, 0, 0, 0xff, 0xff, 0));
    expect_parameter(h, 8, -1);
    /* Somebody made a cartridge with one. */
    ck_assert_int_eq(medium_set_attribute(ssc_drive_medium(h->drive), 0, &attribute), MEDIUM_OK);
    log_sense(h, CUMULATIVE, 0x3e, 0);
    expect_field(h, 5, -1);
    ck_assert_uint_eq(value_of(h, CUMULATIVE, 0x3d, 4), 0);
}
END_TEST

/* AIT's notes can be asked for with no room for any; who has no such page refuses all the same. */
START_TEST(notes_asked_for_without_room)
{
    g_autoptr(ScsiHost) ait = host_new_loaded("sdx-700c", NULL), empty = host_new("sdx-700c");
    g_autoptr(ScsiHost) generic = host_new_loaded(NULL, NULL);

    host_send(ait, CDB(0x4d, 0, 0x7e, 0, 0, 0, 1, 0, 0, 0));
    expect_good(ait);
    host_send(ait, CDB(0x4d, 0, 0x7e, 1, 0, 0, 0, 0, 0, 0));
    expect_field(ait, 3, -1);
    host_send(empty, CDB(0x4d, 0, 0x7e, 0, 0, 0, 0, 0, 0, 0));
    expect_sense(empty, SENSE_MEDIUM_NOT_PRESENT);
    host_send(generic, CDB(0x4d, 0, 0x7e, 0, 0, 0, 0, 0, 0, 0));
    expect_field(generic, 2, 5);
}
END_TEST

START_TEST(no_chip_no_information)
{
    static const uint8_t pages[] = { 0x3d, 0x3e };
    g_autoptr(ScsiHost) h = host_new("sdx-700c");
    g_autoptr(ScsiHost) held = host_new_loaded("sdx-700c", NULL);

    log_sense(h, CUMULATIVE, pages[_i], 0);
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    write_note(h, 1, 1);
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    log_sense(h, CUMULATIVE, 0x31, 0); /* the others do without */
    expect_good(h);
    write_note(held, 1, 1);
    host_send(held, CDB(0x1b, 0, 0, 0, 0x08, 0)); /* HOLD: the chip can be reached */
    expect_good(held);
    log_sense(held, CUMULATIVE, pages[_i], 0);
    expect_good(held);
}
END_TEST

TCase *make_ssc_log_tcase(void)
{
    TCase *tcase = tcase_create("log");

    tcase_add_test(tcase, volume_statistics);
    tcase_add_loop_test(tcase, page_control, 0, G_N_ELEMENTS(controlled));
    tcase_add_test(tcase, lists_are_what_they_are);
    tcase_add_test(tcase, what_a_drive_does_not_have);
    tcase_add_test(tcase, subpages);
    tcase_add_test(tcase, errors_are_counted);
    tcase_add_test(tcase, what_is_tried_again_counts_once_it_is_on_tape);
    tcase_add_test(tcase, counters_go_back);
    tcase_add_test(tcase, counters_are_set);
    tcase_add_loop_test(tcase, lists_that_are_wrong, 0, G_N_ELEMENTS(wrong_lists));
    tcase_add_test(tcase, all_of_a_list_or_none);
    tcase_add_test(tcase, only_flags_that_are_claimed_are_raised);
    tcase_add_test(tcase, writing_on_a_protected_tape_raises_flag_9);
    tcase_add_test(tcase, capacity_of_an_ait_cartridge);
    tcase_add_loop_test(tcase, fixed_information_of_the_chip, 0, G_N_ELEMENTS(chips));
    tcase_add_test(tcase, the_log_of_a_tape);
    tcase_add_test(tcase, the_log_of_an_older_tape);
    tcase_add_test(tcase, notes_in_the_chip);
    tcase_add_test(tcase, notes_that_are_wrong);
    tcase_add_test(tcase, a_note_that_no_chip_holds);
    tcase_add_test(tcase, notes_asked_for_without_room);
    tcase_add_loop_test(tcase, no_chip_no_information, 0, 2);
    return tcase;
}
