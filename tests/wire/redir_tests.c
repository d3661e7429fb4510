/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: what a host hears, packet by packet. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/link/redir.h"
#include "tests/support/suite.h"
#include "tests/wire/fixture.h"

TCase *make_redir_tcase(void);

#define DEVICE                                                                                     \
    "eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; connect speed 2 1234:5678 v0102; "
#define INTERFACES "eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; "

START_TEST(device_is_offered_only_after_hello)
{
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, 0);
    /* Ours first: the six capabilities, neither bulk streams nor bulk receiving. */
    wire_expect(f.host, "hello 7e; ");
    fixture_clear(&f);

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    wire_expect(f.host, "hello 7e; " DEVICE);
    ck_assert_str_eq(f.notices->str, "host attached: wire test\n");
    fixture_clear(&f);
}
END_TEST

START_TEST(speed_and_packet_sizes_follow_the_device)
{
    static const char *const heard[] = {
        [USB_SPEED_FULL] = "hello 7e; eps 00:0/0 02:2/64 80:0/0 81:2/64; ifs 1 08/06/50; "
                           "connect speed 1 1234:5678 v0102; ",
        [USB_SPEED_HIGH] = "hello 7e; " DEVICE,
        [USB_SPEED_SUPER] = "hello 7e; eps 00:0/0 02:2/1024 80:0/0 81:2/1024; ifs 1 08/06/50; "
                            "connect speed 3 1234:5678 v0102; ",
    };
    Fixture f;

    fixture_init(&f, (UsbSpeed)_i);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    wire_expect(f.host, heard[_i]);
    fixture_clear(&f);
}
END_TEST

/* SeaBIOS enumerates, then Linux does, each with resets before the first configuration. */
START_TEST(host_enumerates_twice)
{
    Fixture f;
    int i;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    wire_expect(f.host, "hello 7e; " DEVICE);
    for (i = 0; i < 2; i++) {
        usbredirparser_send_reset(f.host->parser);
        usbredirparser_send_get_configuration(f.host->parser, 3);
        wire_expect(f.host, "config #3 status 0 value 0; ");
        usbredirparser_send_reset(f.host->parser);
        wire_control(f.host, 4, 0x80, 6, 0x0100, 0, 18);
        wire_expect(f.host, "control #4 ep 80 status 0 length 18; ");
        ck_assert_uint_eq(f.host->data->len, 18);
        ck_assert_uint_eq(f.host->data->data[0], 18);
        wire_configure(f.host, 5, 1);
        wire_expect(f.host, INTERFACES "config #5 status 0 value 1; ");
        wire_out(f.host, 6, 0x02, "abc", 3);
        wire_expect(f.host, "bulk #6 ep 02 status 0 length 3; ");
        wire_in(f.host, 7, 0x81, 64);
        wire_expect(f.host, "bulk #7 ep 81 status 0 length 3; ");
        ck_assert_mem_eq(f.host->data->data, "abc", 3);
    }
    fixture_clear(&f);
}
END_TEST

START_TEST(refused_configuration_repeats_no_interfaces)
{
    Fixture f;
    struct usb_redir_set_alt_setting_header alt = { 0, 0 };
    struct usb_redir_get_alt_setting_header get = { 0 };

    fixture_ready(&f);
    wire_configure(f.host, 2, 9);
    wire_expect(f.host, "config #2 status 4 value 1; ");
    usbredirparser_send_set_alt_setting(f.host->parser, 3, &alt);
    wire_expect(f.host, INTERFACES "alt #3 status 0 if 0 value 0; ");
    usbredirparser_send_get_alt_setting(f.host->parser, 4, &get);
    wire_expect(f.host, "alt #4 status 0 if 0 value 0; ");
    alt.alt = 1;
    usbredirparser_send_set_alt_setting(f.host->parser, 5, &alt);
    wire_expect(f.host, "alt #5 status 4 if 0 value 0; ");
    get.interface = 7;
    usbredirparser_send_get_alt_setting(f.host->parser, 6, &get);
    wire_expect(f.host, "alt #6 status 4 if 7 value 0; ");
    wire_configure(f.host, 7, 0);
    wire_expect(f.host, INTERFACES "config #7 status 0 value 0; ");
    fixture_clear(&f);
}
END_TEST

START_TEST(control_requests_pass_and_stall)
{
    Fixture f;
    struct usb_redir_control_packet_header odd = { .endpoint = 0x80, .requesttype = 0x00 };

    fixture_ready(&f);
    wire_control(f.host, 1, 0xa1, 0xfe, 0, 0, 1);
    wire_expect(f.host, "control #1 ep 80 status 0 length 1; ");
    wire_control(f.host, 2, 0x21, 0x55, 0, 0, 0);
    wire_expect(f.host, "control #2 ep 00 status 4 length 0; ");
    wire_control(f.host, 3, 0x80, 6, 0x7700, 0, 255);
    wire_expect(f.host, "control #3 ep 80 status 4 length 0; ");
    /* Endpoint and request disagree about the direction. */
    usbredirparser_send_control_packet(f.host->parser, 4, &odd, NULL, 0);
    wire_expect(f.host, "control #4 ep 80 status 2 length 0; ");
    fixture_clear(&f);
}
END_TEST

START_TEST(cancelled_id_is_answered_exactly_once)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_out = true;
    wire_out(f.host, 7, 0x02, "hung", 4);
    wire_expect(f.host, "");
    usbredirparser_send_cancel_data_packet(f.host->parser, 7);
    wire_expect(f.host, "bulk #7 ep 02 status 1 length 0; ");
    ck_assert_uint_eq(f.echo.cancels, 1);
    /* Answered now: neither a second cancel nor one of an id that never was gets anything. */
    usbredirparser_send_cancel_data_packet(f.host->parser, 7);
    usbredirparser_send_cancel_data_packet(f.host->parser, 99);
    wire_expect(f.host, "");
    /* The id is an address in the guest's ring and comes again. */
    f.echo.hold_out = false;
    wire_out(f.host, 7, 0x02, "again", 5);
    wire_expect(f.host, "bulk #7 ep 02 status 0 length 5; ");
    usbredirparser_send_cancel_data_packet(f.host->parser, 7);
    wire_expect(f.host, "");
    fixture_clear(&f);
}
END_TEST

/* A queue of transfers on one endpoint; the one in the middle goes. */
START_TEST(queued_transfer_can_be_cancelled)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_in = true;
    wire_in(f.host, 1, 0x81, 10);
    wire_in(f.host, 2, 0x81, 10);
    wire_in(f.host, 3, 0x81, 10);
    usbredirparser_send_cancel_data_packet(f.host->parser, 2);
    wire_expect(f.host, "bulk #2 ep 81 status 1 length 0; ");
    f.echo.hold_in = false;
    usb_transfer_done(f.echo.held_in, USB_PHASE_DATA_IN, "late", 4);
    wire_expect(f.host, "bulk #1 ep 81 status 0 length 4; bulk #3 ep 81 status 0 length 0; ");
    fixture_clear(&f);
}
END_TEST

/*
 * The host hangs, gives up, resets, tries again and goes on with ids that repeat: each gets one
 * answer. Without the answer to the cancel the first repeated id would go unanswered in the host.
 */
START_TEST(ids_are_reused_after_a_hang)
{
    Fixture f;
    uint8_t block[512];
    unsigned i;

    fixture_ready(&f);
    f.echo.hold_out = true;
    memset(block, 0x5a, sizeof block);
    wire_out(f.host, 100, 0x02, block, sizeof block);
    wire_pump(f.host);
    usbredirparser_send_cancel_data_packet(f.host->parser, 100);
    usbredirparser_send_reset(f.host->parser);
    wire_configure(f.host, 1, 1);
    wire_expect(f.host,
                "bulk #100 ep 02 status 1 length 0; " INTERFACES "config #1 status 0 value 1; ");
    f.echo.hold_out = false;
    f.host->quiet = true;
    f.host->bulk_replies = 0;
    for (i = 0; i < 1500; i++) {
        wire_out(f.host, 100 + i % 240, 0x02, block, sizeof block);
        wire_pump(f.host);
        ck_assert_uint_eq(f.host->bulk_replies, i + 1);
    }
    wire_expect(f.host, "");
    fixture_clear(&f);
}
END_TEST

/* After loadvm a host may use an id that is still pending here: only the new one is answered. */
START_TEST(id_used_twice_forgets_the_first)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_out = true;
    wire_out(f.host, 7, 0x02, "one", 3);
    wire_pump(f.host);
    f.echo.hold_out = false;
    wire_out(f.host, 7, 0x02, "four", 4);
    wire_expect(f.host, "bulk #7 ep 02 status 0 length 4; ");
    ck_assert_uint_eq(f.echo.cancels, 1);
    fixture_clear(&f);
}
END_TEST

START_TEST(reset_answers_what_is_pending)
{
    Fixture f;
    unsigned before;

    fixture_ready(&f);
    f.echo.hold_out = f.echo.hold_in = true;
    before = f.echo.resets;
    wire_out(f.host, 1, 0x02, "x", 1);
    wire_in(f.host, 2, 0x81, 13);
    wire_expect(f.host, "");
    usbredirparser_send_reset(f.host->parser);
    wire_pump(f.host);
    ck_assert_ptr_nonnull(strstr(f.host->heard->str, "bulk #1 ep 02 status 1 length 0; "));
    ck_assert_ptr_nonnull(strstr(f.host->heard->str, "bulk #2 ep 81 status 1 length 0; "));
    ck_assert_uint_eq(f.host->bulk_replies, 2);
    ck_assert_uint_eq(f.echo.resets, before + 1);
    /* Unconfigured now: there is no bulk endpoint. */
    g_string_truncate(f.host->heard, 0);
    wire_out(f.host, 3, 0x02, "x", 1);
    wire_expect(f.host, "bulk #3 ep 02 status 4 length 0; ");
    fixture_clear(&f);
}
END_TEST

/* A transfer may end long after its packet; the answer does not wait for the next packet. */
START_TEST(late_answers_go_out_by_themselves)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_out = f.echo.hold_in = true;
    wire_out(f.host, 1, 0x02, "abc", 3);
    wire_in(f.host, 2, 0x81, 64);
    wire_expect(f.host, "");
    usb_transfer_done(f.echo.held_in, USB_PHASE_DATA_IN, "data", 4);
    usb_transfer_done(f.echo.held_out, USB_PHASE_DATA_OUT, NULL, 2);
    wire_expect(f.host, "bulk #2 ep 81 status 0 length 4; bulk #1 ep 02 status 0 length 2; ");
    fixture_clear(&f);
}
END_TEST

START_TEST(results_become_statuses)
{
    static const struct {
        UsbResult result;
        const char *heard;
    } rows[] = {
        { USB_STALL, "bulk #1 ep 81 status 4 length 0; " },
        { USB_IO_ERROR, "bulk #1 ep 81 status 3 length 0; " },
        { USB_BABBLE, "bulk #1 ep 81 status 6 length 0; " },
    };
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_in = true;
    wire_in(f.host, 1, 0x81, 64);
    wire_pump(f.host);
    usb_transfer_fail(f.echo.held_in, rows[_i].result);
    wire_expect(f.host, rows[_i].heard);
    fixture_clear(&f);
}
END_TEST

START_TEST(lengths_never_exceed_the_request)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.accept = 1000; /* a function that claims more than it got */
    wire_out(f.host, 1, 0x02, "12345678", 8);
    wire_expect(f.host, "bulk #1 ep 02 status 0 length 8; ");
    wire_in(f.host, 2, 0x81, 5);
    wire_expect(f.host, "bulk #2 ep 81 status 0 length 5; ");
    ck_assert_mem_eq(f.host->data->data, "12345", 5);
    f.echo.accept = 0;
    wire_out(f.host, 3, 0x02, NULL, 0); /* a zero-length packet */
    wire_expect(f.host, "bulk #3 ep 02 status 0 length 0; ");
    wire_in(f.host, 4, 0x81, 5);
    wire_expect(f.host, "bulk #4 ep 81 status 0 length 0; ");
    fixture_clear(&f);
}
END_TEST

START_TEST(oversized_and_misplaced_requests_are_refused)
{
    g_autofree uint8_t *big = g_malloc0(REDIR_BULK_MAX + 1);
    Fixture f;

    fixture_ready(&f);
    wire_in(f.host, 1, 0x81, REDIR_BULK_MAX + 1);
    wire_in(f.host, 2, 0x80, 64);
    wire_out(f.host, 3, 0x00, "x", 1);
    wire_in(f.host, 4, 0x85, 64); /* no such endpoint */
    wire_expect(f.host, "bulk #1 ep 81 status 2 length 0; bulk #2 ep 80 status 2 length 0; "
                        "bulk #3 ep 00 status 2 length 0; bulk #4 ep 85 status 4 length 0; ");
    wire_out(f.host, 5, 0x02, big, REDIR_BULK_MAX + 1);
    wire_expect(f.host, "bulk #5 ep 02 status 2 length 0; ");
    ck_assert_uint_eq(f.echo.largest, 0);
    fixture_clear(&f);
}
END_TEST

START_TEST(transfers_of_other_kinds_are_refused_by_id)
{
    struct usb_redir_start_iso_stream_header start_iso = { 0x83, 1, 1 };
    struct usb_redir_stop_iso_stream_header stop_iso = { 0x83 };
    struct usb_redir_start_interrupt_receiving_header start_int = { 0x83 };
    struct usb_redir_stop_interrupt_receiving_header stop_int = { 0x83 };
    struct usb_redir_alloc_bulk_streams_header alloc = { 2, 4 };
    struct usb_redir_free_bulk_streams_header streams = { 2 };
    struct usb_redir_interrupt_packet_header interrupt = { .endpoint = 0x04, .length = 1 };
    struct usb_redir_iso_packet_header iso = { .endpoint = 0x04, .length = 1 };
    uint8_t byte = 0;
    Fixture f;

    fixture_ready(&f);
    usbredirparser_send_start_iso_stream(f.host->parser, 1, &start_iso);
    usbredirparser_send_stop_iso_stream(f.host->parser, 2, &stop_iso);
    usbredirparser_send_start_interrupt_receiving(f.host->parser, 3, &start_int);
    usbredirparser_send_stop_interrupt_receiving(f.host->parser, 4, &stop_int);
    usbredirparser_send_alloc_bulk_streams(f.host->parser, 5, &alloc);
    usbredirparser_send_free_bulk_streams(f.host->parser, 6, &streams);
    usbredirparser_send_interrupt_packet(f.host->parser, 7, &interrupt, &byte, 1);
    usbredirparser_send_iso_packet(f.host->parser, 8, &iso, &byte, 1);
    wire_expect(f.host, "iso status #1 2; iso status #2 2; interrupt status #3 2; "
                        "interrupt status #4 2; streams status #5 2; streams status #6 2; "
                        "interrupt #7 ep 04 status 2; ");
    ck_assert(!f.host->closed);
    fixture_clear(&f);
}
END_TEST

START_TEST(rejection_is_said_loudly)
{
    Fixture f;

    fixture_ready(&f);
    ck_assert_str_eq(port_host(f.port), "wire test");
    usbredirparser_send_filter_reject(f.host->parser);
    wire_expect(f.host, "");
    ck_assert_ptr_nonnull(strstr(f.notices->str, "THE HOST REFUSES THE DRIVE (high speed)"));
    ck_assert_ptr_null(port_host(f.port));
    fixture_clear(&f);
}
END_TEST

START_TEST(filters_are_taken_as_advice)
{
    static const struct usbredirfilter_rule *none;
    Fixture f;

    fixture_ready(&f);
    usbredirparser_send_filter_filter(f.host->parser, none, 0);
    wire_control(f.host, 1, 0xa1, 0xfe, 0, 0, 1);
    wire_pump(f.host);
    ck_assert(!f.host->closed);
    fixture_clear(&f);
}
END_TEST

/* A peer of 2010: no capabilities at all. Ids have 32 bits then, and bulk lengths 16. */
START_TEST(old_peers_are_served)
{
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, 1u << usb_redir_cap_connect_device_version);
    wire_pump(f.host);
    wire_configure(f.host, 1, 1);
    wire_pump(f.host);
    ck_assert_ptr_nonnull(strstr(f.host->heard->str, "connect speed 2 1234:5678 v0102; "));
    ck_assert_ptr_nonnull(strstr(f.host->heard->str, "config #1 status 0 value 1; "));
    g_string_truncate(f.host->heard, 0);
    wire_out(f.host, 2, 0x02, "abc", 3);
    wire_in(f.host, 3, 0x81, 3);
    wire_expect(f.host, "bulk #2 ep 02 status 0 length 3; bulk #3 ep 81 status 0 length 3; ");
    ck_assert_mem_eq(f.host->data->data, "abc", 3);
    fixture_clear(&f);
}
END_TEST

/* Every split of the packets gives the same conversation. */
START_TEST(packets_may_come_in_pieces)
{
    static const size_t chunks[] = { 1, 64, 512, 0 };
    g_autofree uint8_t *block = g_malloc(70000);
    Fixture f;
    size_t i;

    for (i = 0; i < 70000; i++) {
        block[i] = (uint8_t)(i * 7 >> 3);
    }
    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    f.host->chunk = chunks[_i];
    wire_expect(f.host, "hello 7e; " DEVICE);
    usbredirparser_send_reset(f.host->parser);
    wire_configure(f.host, 1, 1);
    wire_expect(f.host, INTERFACES "config #1 status 0 value 1; ");
    wire_out(f.host, 2, 0x02, block, 70000);
    wire_in(f.host, 3, 0x81, 70000);
    wire_out(f.host, 4, 0x02, "abc", 3);
    wire_expect(f.host, "bulk #2 ep 02 status 0 length 70000; bulk #3 ep 81 status 0 length 70000; "
                        "bulk #4 ep 02 status 0 length 3; ");
    ck_assert_uint_eq(f.host->data->len, 70000);
    ck_assert_mem_eq(f.host->data->data, block, 70000);
    fixture_clear(&f);
}
END_TEST

/* Many small packets that arrive together are answered in order. */
START_TEST(small_packets_may_come_together)
{
    g_autoptr(GString) expected = g_string_new(NULL);
    Fixture f;
    unsigned i;

    fixture_ready(&f);
    for (i = 1; i <= 50; i++) {
        wire_out(f.host, i, 0x02, "0123456789012345678901234567890", 31);
        wire_in(f.host, 100 + i, 0x81, 13);
        g_string_append_printf(expected,
                               "bulk #%u ep 02 status 0 length 31; "
                               "bulk #%u ep 81 status 0 length 13; ",
                               i, 100 + i);
    }
    wire_expect(f.host, expected->str);
    fixture_clear(&f);
}
END_TEST

/* More than a socket holds, to a host that reads slowly, with small packets behind. */
START_TEST(large_replies_survive_a_full_socket)
{
    const size_t length = 8u * 1024 * 1024 + 5;
    g_autofree uint8_t *block = g_malloc(length);
    Fixture f;
    size_t i;

    for (i = 0; i < length; i++) {
        block[i] = (uint8_t)(i ^ i >> 11);
    }
    fixture_ready(&f);
    wire_out(f.host, 1, 0x02, block, length);
    wire_pump(f.host);
    f.host->deaf = true;
    wire_in(f.host, 2, 0x81, length);
    wire_in(f.host, 3, 0x81, length);
    wire_control(f.host, 4, 0xa1, 0xfe, 0, 0, 1);
    wire_pump(f.host);
    f.host->deaf = false;
    wire_expect(f.host, "bulk #1 ep 02 status 0 length 8388613; "
                        "bulk #2 ep 81 status 0 length 8388613; "
                        "bulk #3 ep 81 status 0 length 8388613; "
                        "control #4 ep 80 status 0 length 1; ");
    wire_in(f.host, 5, 0x81, length);
    wire_pump(f.host);
    ck_assert_mem_eq(f.host->data->data, block, length);
    fixture_clear(&f);
}
END_TEST

/* Who asks and asks but never reads is stopped before it fills our memory. */
START_TEST(peer_that_never_reads_is_bounded)
{
    g_autofree uint8_t *block = g_malloc0(65536);
    Fixture f;
    unsigned i;

    fixture_ready(&f);
    wire_out(f.host, 1, 0x02, block, 65536);
    wire_pump(f.host);
    f.host->deaf = true;
    for (i = 0; i < 2000; i++) { /* 128 MiB of answers */
        wire_in(f.host, 2 + i, 0x81, 65536);
    }
    wire_pump(f.host);
    ck_assert_uint_lt(f.echo.ins, 100); /* the other questions wait in the socket */
    f.host->deaf = false;
    f.host->quiet = true;
    f.host->bulk_replies = 0;
    wire_pump(f.host);
    ck_assert_uint_eq(f.host->bulk_replies, 2000);
    fixture_clear(&f);
}
END_TEST

/* ---- peers that do not speak as they should ---- */

static void expect_dropped(Fixture *f, const char *why)
{
    wire_pump(f->host);
    ck_assert(f->host->closed);
    ck_assert_msg(strstr(f->notices->str, why) != NULL, "%s", f->notices->str);
    ck_assert(f->done);
}

static void put_header(GByteArray *bytes, uint32_t type, uint32_t length, bool wide, uint64_t id)
{
    g_byte_array_append(bytes, (uint8_t *)&type, 4);
    g_byte_array_append(bytes, (uint8_t *)&length, 4);
    g_byte_array_append(bytes, (uint8_t *)&id, wide ? 8 : 4);
}

START_TEST(peer_without_hello_is_dropped)
{
    static const struct {
        uint32_t type, length;
        bool wide; /* as a VM resumes that once agreed on 64-bit ids */
        const char *why;
    } rows[] = {
        { usb_redir_reset, 0, false, "it sent no hello first" },
        { usb_redir_set_configuration, 1, false, "it sent no hello first" },
        { usb_redir_get_configuration, 0, false, "it sent no hello first" },
        { usb_redir_set_alt_setting, 2, false, "it sent no hello first" },
        { usb_redir_get_alt_setting, 1, false, "it sent no hello first" },
        { usb_redir_cancel_data_packet, 0, false, "it sent no hello first" },
        { usb_redir_filter_reject, 0, false, "it sent no hello first" },
        { usb_redir_device_disconnect_ack, 0, false, "it sent no hello first" },
        { usb_redir_alloc_bulk_streams, 8, false, "it sent no hello first" },
        { usb_redir_free_bulk_streams, 4, false, "it sent no hello first" },
        { usb_redir_bulk_packet, 10 + 31, true, "plug the drive in anew" },
        { usb_redir_control_packet, 10, true, "plug the drive in anew" },
        { usb_redir_device_connect, 8, false, "plug the drive in anew" },
        { 77, 0, false, "plug the drive in anew" },
    };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Fixture f;
    unsigned i;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, 0);
    put_header(bytes, rows[_i].type, rows[_i].length, rows[_i].wide, 0x167ef1b0);
    for (i = 0; i < rows[_i].length; i++) {
        g_byte_array_append(bytes, (const uint8_t *)"\x81", 1);
    }
    wire_send_raw(f.host, bytes->data, bytes->len);
    expect_dropped(&f, rows[_i].why);
    ck_assert_ptr_null(strstr(f.notices->str, "attached"));
    ck_assert_uint_eq(f.echo.resets, 0);
    fixture_clear(&f);
}
END_TEST

START_TEST(garbage_after_hello_is_dropped)
{
    static const struct {
        uint32_t type, length;
    } rows[] = {
        { 0xffffffff, 0 },
        { 55, 10 },
        { usb_redir_device_connect, 10 },
        { usb_redir_reset, 1 },
        { usb_redir_bulk_packet, 3 },
        { usb_redir_bulk_packet, 0xffffffff },
        { usb_redir_bulk_packet, 0x7fffffff },
        { usb_redir_control_packet, 1u << 30 },
        { usb_redir_start_bulk_receiving, 10 },
        { usb_redir_filter_filter, 4 },
    };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Fixture f;
    int i;

    fixture_ready(&f);
    put_header(bytes, rows[_i].type, rows[_i].length, true, 1);
    for (i = 0; i < 64; i++) {
        g_byte_array_append(bytes, (const uint8_t *)"\xee", 1);
    }
    wire_send_raw(f.host, bytes->data, bytes->len);
    expect_dropped(&f, "it sent what is not usbredir");
    fixture_clear(&f);
}
END_TEST

/* The conversation is cut after every single byte; nothing pending is left behind. */
START_TEST(connection_may_end_anywhere)
{
    g_autoptr(GByteArray) talk = NULL;
    size_t cut;
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    wire_pump(f.host);
    wire_configure(f.host, 1, 1);
    wire_out(f.host, 2, 0x02, "0123456789012345678901234567890", 31);
    wire_in(f.host, 3, 0x81, 13);
    usbredirparser_send_cancel_data_packet(f.host->parser, 2);
    while (usbredirparser_has_data_to_write(f.host->parser)) {
        usbredirparser_do_write(f.host->parser);
    }
    talk = g_steal_pointer(&f.host->outgoing);
    f.host->outgoing = g_byte_array_new();
    fixture_clear(&f);

    for (cut = 0; cut <= talk->len; cut++) {
        fixture_init(&f, USB_SPEED_HIGH);
        f.echo.hold_in = cut % 2;
        fixture_plug(&f, WIRE_QEMU_CAPS);
        wire_pump(f.host);
        wire_send_raw(f.host, talk->data, cut);
        wire_pump(f.host);
        shutdown(f.host->fd, SHUT_RDWR);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        ck_assert(f.done);
        ck_assert_ptr_nonnull(strstr(f.notices->str, "host left: it closed the connection"));
        ck_assert_ptr_null(f.echo.held_in);
        ck_assert_uint_eq(usb_device_configuration(f.device), 0);
        fixture_clear(&f);
    }
}
END_TEST

TCase *make_redir_tcase(void)
{
    TCase *tcase = tcase_create("redir");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, device_is_offered_only_after_hello);
    tcase_add_loop_test(tcase, speed_and_packet_sizes_follow_the_device, 0, 3);
    tcase_add_test(tcase, host_enumerates_twice);
    tcase_add_test(tcase, refused_configuration_repeats_no_interfaces);
    tcase_add_test(tcase, control_requests_pass_and_stall);
    tcase_add_test(tcase, cancelled_id_is_answered_exactly_once);
    tcase_add_test(tcase, queued_transfer_can_be_cancelled);
    tcase_add_test(tcase, ids_are_reused_after_a_hang);
    tcase_add_test(tcase, id_used_twice_forgets_the_first);
    tcase_add_test(tcase, reset_answers_what_is_pending);
    tcase_add_test(tcase, late_answers_go_out_by_themselves);
    tcase_add_loop_test(tcase, results_become_statuses, 0, 3);
    tcase_add_test(tcase, lengths_never_exceed_the_request);
    tcase_add_test(tcase, oversized_and_misplaced_requests_are_refused);
    tcase_add_test(tcase, transfers_of_other_kinds_are_refused_by_id);
    tcase_add_test(tcase, rejection_is_said_loudly);
    tcase_add_test(tcase, filters_are_taken_as_advice);
    tcase_add_test(tcase, old_peers_are_served);
    tcase_add_loop_test(tcase, packets_may_come_in_pieces, 0, 4);
    tcase_add_test(tcase, small_packets_may_come_together);
    tcase_add_test(tcase, large_replies_survive_a_full_socket);
    tcase_add_test(tcase, peer_that_never_reads_is_bounded);
    tcase_add_loop_test(tcase, peer_without_hello_is_dropped, 0, 14);
    tcase_add_loop_test(tcase, garbage_after_hello_is_dropped, 0, 10);
    tcase_add_test(tcase, connection_may_end_anywhere);
    return tcase;
}
