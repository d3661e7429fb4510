/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host leaves with the drive and finds again: buffers, identity, time; and diagnostics. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_host_tcase(void);

#define BE24(n) (uint8_t)((n) >> 16), (uint8_t)((n) >> 8), (uint8_t)(n)
#define WRITE_BUFFER(mode, id, offset, length)                                                     \
    CDB(0x3b, (mode), (id), BE24(offset), BE24(length), 0)
#define READ_BUFFER(mode, id, offset, length) CDB(0x3c, (mode), (id), BE24(offset), BE24(length), 0)

enum { COMBINED = 0x00, DATA = 0x02, DESCRIPTOR = 0x03, ECHO = 0x0a, ECHO_DESCRIPTOR = 0x0b };

START_TEST(buffer_descriptors)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, READ_BUFFER(DESCRIPTOR, 0, 0, 4));
    expect_good(h);
    expect_data(h, "\0\1\0\0", 4);
    host_send(h, READ_BUFFER(DESCRIPTOR, 1, 0, 4)); /* not there */
    expect_data(h, "\0\0\0\0", 4);
    host_send(h, READ_BUFFER(ECHO_DESCRIPTOR, 0, 0, 4));
    expect_data(h, "\0\0\x10\0", 4);
}
END_TEST

START_TEST(data_through_the_buffer)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send_data(h, "0123456789", 10, WRITE_BUFFER(DATA, 0, 0, 10));
    expect_good(h);
    host_send_data(h, "xyz", 3, WRITE_BUFFER(DATA, 0, 4, 3));
    expect_good(h);
    host_send(h, READ_BUFFER(DATA, 0, 2, 8));
    expect_good(h);
    expect_data(h, "23xyz789", 8);
    host_send(h, READ_BUFFER(DATA, 0, 65534, 100)); /* no more than there is */
    expect_data(h, "\0\0", 2);
    host_send(h, READ_BUFFER(DATA, 0, 65536, 100));
    expect_good(h);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send_data(h, "__HDab", 6, WRITE_BUFFER(COMBINED, 0, 0, 6));
    expect_good(h);
    host_send(h, READ_BUFFER(COMBINED, 0, 0, 8));
    expect_data(h, "\0\1\0\0ab23", 8);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
    host_send(h, READ_BUFFER(DATA, 0, 0, 4));
    expect_data(h, "\0\0\0\0", 4);
}
END_TEST

START_TEST(the_whole_buffer)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    g_autofree uint8_t *bytes = g_malloc(65536);

    for (unsigned i = 0; i < 65536; i++) {
        bytes[i] = (uint8_t)(i ^ i >> 8);
    }
    host_send_data(h, bytes, 65536, WRITE_BUFFER(DATA, 0, 0, 65536));
    expect_good(h);
    host_send(h, READ_BUFFER(DATA, 0, 0, 65536));
    expect_data(h, bytes, 65536);
    host_send(h, READ_BUFFER(COMBINED, 0, 0, 0xffffff));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 65536 + 4);
    ck_assert_mem_eq(h->task.in->data + 4, bytes, 65536);
}
END_TEST

START_TEST(what_is_echoed)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    uint8_t most[4096];

    host_send(h, READ_BUFFER(ECHO, 0, 0, 8)); /* nothing was said yet */
    expect_sense(h, SENSE_COMMAND_SEQUENCE_ERROR);
    host_send_data(h, "hello", 5, WRITE_BUFFER(ECHO, 0, 0, 5));
    expect_good(h);
    host_send(h, READ_BUFFER(ECHO, 0, 0, 8));
    expect_data(h, "hello", 5);
    memset(most, 7, sizeof most);
    host_send_data(h, most, sizeof most, WRITE_BUFFER(ECHO, 0, 0, 4096));
    host_send(h, READ_BUFFER(ECHO, 0, 0, 0xffff));
    expect_data(h, most, sizeof most);
}
END_TEST

/* Refused before any data moves. */
static const struct {
    uint8_t cdb[10];
    int byte, bit;
} wrong_buffers[] = {
    { { 0x3c, DATA, 1, 0, 0, 0, 0, 0, 4 }, 2, -1 },
    { { 0x3c, DATA, 0, 1, 0, 1, 0, 0, 4 }, 3, -1 },
    { { 0x3c, COMBINED, 1, 0, 0, 0, 0, 0, 4 }, 2, -1 },
    { { 0x3c, COMBINED, 0, 0, 0, 1, 0, 0, 4 }, 3, -1 },
    { { 0x3c, 0x01, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
    { { 0x3c, 0x1c, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
    { { 0x3b, DATA, 1, 0, 0, 0, 0, 0, 4 }, 2, -1 },
    { { 0x3b, DATA, 0, 1, 0, 1, 0, 0, 4 }, 3, -1 },
    { { 0x3b, DATA, 0, 0, 0, 1, 1, 0, 0 }, 6, -1 },
    { { 0x3b, DATA, 0, 0, 0, 0, 0xff, 0xff, 0xff }, 6, -1 },
    { { 0x3b, COMBINED, 1, 0, 0, 0, 0, 0, 4 }, 2, -1 },
    { { 0x3b, COMBINED, 0, 0, 0, 1, 0, 0, 4 }, 3, -1 },
    { { 0x3b, COMBINED, 0, 0, 0, 0, 1, 0, 5 }, 6, -1 },
    { { 0x3b, ECHO, 0, 0, 0, 0, 0, 0x10, 1 }, 6, -1 },
    { { 0x3b, DESCRIPTOR, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
    { { 0x3b, 0x04, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 }, /* microcode, in its four ways */
    { { 0x3b, 0x05, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
    { { 0x3b, 0x06, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
    { { 0x3b, 0x07, 0, 0, 0, 0, 0, 0, 4 }, 1, 4 },
};

START_TEST(wrong_places_in_buffers)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, wrong_buffers[_i].cdb, 10);
    expect_field(h, wrong_buffers[_i].byte, wrong_buffers[_i].bit);
    ck_assert_uint_eq(h->data_phases, 0);
}
END_TEST

START_TEST(half_a_header)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, WRITE_BUFFER(COMBINED, 0, 0, 3));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    host_send(h, WRITE_BUFFER(COMBINED, 0, 0, 0));
    expect_good(h);
}
END_TEST

#define REPORT_IDENTITY(type) CDB(0xa3, 0x05, 0, 0, 0, 0, 0, 0, 2, 0, (uint8_t)((type) << 1), 0)
#define SET_IDENTITY(type, length)                                                                 \
    CDB(0xa4, 0x06, 0, 0, 0, 0, 0, 0, (uint8_t)((length) >> 8), (uint8_t)(length),                 \
        (uint8_t)((type) << 1), 0)

START_TEST(identifying_information)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, REPORT_IDENTITY(0x7f));
    expect_good(h);
    expect_data(h, "\0\0\0\x08\0\0\0\x40\4\0\1\0", 12);
    host_send(h, REPORT_IDENTITY(0));
    expect_data(h, "\0\0\0\0", 4);
    host_send_data(h, "drive\0one", 9, SET_IDENTITY(0, 9));
    expect_good(h);
    host_send_data(h, "Bandlaufwerk", 13, SET_IDENTITY(2, 13));
    expect_good(h);
    host_send(h, REPORT_IDENTITY(0));
    expect_data(h,
                "\0\0\0\x09"
                "drive\0one",
                13);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON); /* it is not forgotten */
    host_clear_attentions(h);
    host_send(h, REPORT_IDENTITY(2));
    expect_data(h,
                "\0\0\0\x0d"
                "Bandlaufwerk",
                17);
    host_send(h, SET_IDENTITY(2, 0));
    expect_good(h);
    host_send(h, REPORT_IDENTITY(2));
    expect_data(h, "\0\0\0\0", 4);
}
END_TEST

START_TEST(wrong_identifying_information)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    static const uint8_t none[256];

    host_send(h, REPORT_IDENTITY(1));
    expect_field(h, 10, 7);
    host_send(h, SET_IDENTITY(1, 4));
    expect_field(h, 10, 7);
    host_send(h, SET_IDENTITY(0x7f, 4));
    expect_field(h, 10, 7);
    host_send(h, SET_IDENTITY(0, 65));
    expect_field(h, 6, -1);
    host_send(h, SET_IDENTITY(2, 257));
    expect_field(h, 6, -1);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send_data(h, "abc", 3, SET_IDENTITY(2, 3)); /* text ends with a NUL… */
    expect_parameter(h, 2, -1);
    host_send_data(h, "a\0b", 4, SET_IDENTITY(2, 4)); /* …and with the first one */
    expect_parameter(h, 3, -1);
    host_send(h, REPORT_IDENTITY(2));
    expect_data(h, none, 4);
    host_send_data(h, none, 64, SET_IDENTITY(0, 64));
    expect_good(h);
}
END_TEST

#define REPORT_TIMESTAMP      CDB(0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)
#define SET_TIMESTAMP(length) CDB(0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, (length), 0, 0)

START_TEST(the_time)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    virtual_clock_advance(h->clock, 1500000);
    host_send(h, REPORT_TIMESTAMP);
    expect_good(h);
    expect_data(h, "\0\x0a\0\0\0\0\0\0\x05\xdc\0\0", 12); /* since power-on */
    host_send_data(h, "\0\0\0\0\1\x8f\0\0\0\0\0\0", 12, SET_TIMESTAMP(12));
    expect_good(h);
    virtual_clock_advance(h->clock, 2000);
    host_send(h, REPORT_TIMESTAMP);
    expect_data(h, "\0\x0a\2\0\1\x8f\0\0\0\2\0\0", 12); /* since it was set */
    host_send(h, SET_TIMESTAMP(0));
    expect_good(h);
    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    host_clear_attentions(h);
    host_send(h, REPORT_TIMESTAMP);
    ck_assert_uint_eq(h->task.in->data[2], 2);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
    host_send(h, REPORT_TIMESTAMP);
    expect_data(h, "\0\x0a\0\0\0\0\0\0\0\0\0\0", 12);
}
END_TEST

START_TEST(the_wrong_time)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, SET_TIMESTAMP(11));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send_data(h, "\0\0\0\1\1\x8f\0\0\0\0\0\0", 12, SET_TIMESTAMP(12));
    expect_parameter(h, 3, -1);
    host_send_data(h, "\0\0\0\0\1\x8f\0\0\0\0\1\0", 12, SET_TIMESTAMP(12));
    expect_parameter(h, 10, -1);
    host_send(h, REPORT_TIMESTAMP);
    ck_assert_uint_eq(h->task.in->data[2], 0);
}
END_TEST

START_TEST(one_port_in_one_group)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    g_autoptr(ScsiHost) ait = host_new("sdx-500c");

    host_send(h, CDB(0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    expect_good(h);
    expect_data(h, "\0\0\0\x0c\0\1\0\1\0\0\0\1\0\0\0\1", 16);
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    ck_assert_uint_eq(h->task.in->data[5] & 0x30, 0x10); /* TPGS says the same */
    host_send(ait, CDB(0x12, 0, 0, 0, 36, 0));
    ck_assert_uint_eq(ait->task.in->data[5] & 0x30, 0x00);
    host_send(ait, CDB(0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    expect_field(ait, 1, 4);
}
END_TEST

#define SEND_DIAGNOSTIC(flags, length) CDB(0x1d, (flags), 0, 0, (length), 0)

/* SEND DIAGNOSTIC without a parameter list; byte -1: GOOD. */
static const struct {
    uint8_t flags, length;
    int byte, bit;
} diagnostics[] = {
    { 0x00, 0, -1, 0 }, { 0x04, 0, -1, 0 }, { 0x07, 0, -1, 0 }, { 0x10, 0, -1, 0 },
    { 0x20, 0, -1, 0 }, { 0x40, 0, -1, 0 }, { 0xa0, 0, -1, 0 }, { 0xc0, 0, -1, 0 },
    { 0x80, 0, 1, 7 },  { 0x60, 0, 1, 7 },  { 0xe0, 0, 1, 7 },  { 0xa4, 0, 1, 7 },
    { 0x24, 0, 1, 7 },  { 0x04, 4, 3, -1 }, { 0xa0, 4, 3, -1 }, { 0x00, 4, 1, 4 },
};

START_TEST(self_tests)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, SEND_DIAGNOSTIC(diagnostics[_i].flags, diagnostics[_i].length));
    if (diagnostics[_i].byte < 0) {
        expect_good(h);
    } else {
        expect_field(h, diagnostics[_i].byte, diagnostics[_i].bit);
    }
    ck_assert_uint_eq(h->data_phases, 0);
}
END_TEST

START_TEST(self_tests_are_logged)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    static const uint8_t codes[] = { 1, 2, 5, 6 };
    const uint8_t *data;

    virtual_clock_advance(h->clock, INT64_C(5) * 3600 * 1000000);
    for (unsigned i = 0; i < 22; i++) { /* two more than there is room for */
        host_send(h, SEND_DIAGNOSTIC(codes[i % 4] << 5, 0));
        expect_good(h);
        host_send(h, SEND_DIAGNOSTIC(0x04, 0)); /* the default one leaves no trace */
        expect_good(h);
        host_send(h, CDB(0x4d, 0, 0x50, 0, 0, 0, 0, 0x10, 0, 0));
        expect_good(h);
        data = h->task.in->data;
        ck_assert_uint_eq(h->task.in->len, 4 + 20 * 20);
        for (unsigned n = 0; n < 20; n++) {
            const uint8_t *test = data + 4 + 20 * n;
            bool was = n <= i;

            ck_assert_uint_eq(get_be16(test), n + 1);
            ck_assert_uint_eq(test[3], 16);
            ck_assert_uint_eq(test[4], was ? codes[(i - n) % 4] << 5 : 0);
            ck_assert_uint_eq(get_be16(test + 6), was ? 5 : 0);
            ck_assert_uint_eq(get_be64(test + 8), was ? G_MAXUINT64 : 0);
        }
    }
}
END_TEST

START_TEST(a_test_behind_needs_a_page_to_tell_of_it)
{
    g_autoptr(ScsiHost) h = host_new("sdx-500c");

    host_send(h, SEND_DIAGNOSTIC(1 << 5, 0));
    expect_field(h, 1, 7);
    host_send(h, SEND_DIAGNOSTIC(5 << 5, 0));
    expect_good(h);
}
END_TEST

START_TEST(diagnostic_pages)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send_data(h, "\0\0\0\0", 4, SEND_DIAGNOSTIC(0x10, 4));
    expect_good(h);
    host_send(h, CDB(0x1c, 0, 0, 1, 0, 0));
    expect_data(h, "\0\0\0\1\0", 5);
    host_send(h, CDB(0x1c, 1, 0, 1, 0, 0));
    expect_data(h, "\0\0\0\1\0", 5);
    host_send(h, CDB(0x1c, 1, 0x40, 1, 0, 0));
    expect_field(h, 2, -1);
    host_send_data(h, "\x40\0\0\0", 4, SEND_DIAGNOSTIC(0x10, 4));
    expect_parameter(h, 0, -1);
    host_send_data(h, "\0\0\0\1\0", 5, SEND_DIAGNOSTIC(0x10, 5));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    host_send(h, SEND_DIAGNOSTIC(0x10, 3));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
}
END_TEST

TCase *make_ssc_host_tcase(void)
{
    TCase *tcase = tcase_create("host");

    tcase_add_test(tcase, buffer_descriptors);
    tcase_add_test(tcase, data_through_the_buffer);
    tcase_add_test(tcase, the_whole_buffer);
    tcase_add_test(tcase, what_is_echoed);
    tcase_add_loop_test(tcase, wrong_places_in_buffers, 0, G_N_ELEMENTS(wrong_buffers));
    tcase_add_test(tcase, half_a_header);
    tcase_add_test(tcase, identifying_information);
    tcase_add_test(tcase, wrong_identifying_information);
    tcase_add_test(tcase, the_time);
    tcase_add_test(tcase, the_wrong_time);
    tcase_add_test(tcase, one_port_in_one_group);
    tcase_add_loop_test(tcase, self_tests, 0, G_N_ELEMENTS(diagnostics));
    tcase_add_test(tcase, self_tests_are_logged);
    tcase_add_test(tcase, a_test_behind_needs_a_page_to_tell_of_it);
    tcase_add_test(tcase, diagnostic_pages);
    return tcase;
}
