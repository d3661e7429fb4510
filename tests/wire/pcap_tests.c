/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures of the bus, as Wireshark reads them: tshark is the judge. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "emu/link/pcap.h"
#include "media/formats/formats.h"
#include "tests/support/suite.h"
#include "tests/wire/tape.h"

TCase *make_pcap_tcase(void);

typedef struct Room {
    Tape tape;
    char *dir, *path;
    UsbPcap *pcap;
    GString *failures;
} Room;

static void on_failed(void *data, const char *message)
{
    Room *room = data;

    g_string_append_printf(room->failures, "%s\n", message);
}

static void room_init(Room *room, const char *faults, size_t snap)
{
    UsbPcapConfig config = { .snap = snap, .comment = "seed 42", .failed = on_failed };
    g_autoptr(GError) error = NULL;

    *room = (Room){ .failures = g_string_new(NULL) };
    tape_init(&room->tape, faults);
    tape_load_ram(&room->tape);
    room->dir = suite_temp_dir();
    room->path = g_build_filename(room->dir, "t.pcapng", NULL);
    config.path = room->path;
    config.clock = room->tape.clock;
    config.data = room;
    room->pcap = usb_pcap_open(&config, &error);
    g_assert_no_error(error);
    drive_judge_bus(room->tape.drive);
    usb_device_watch(drive_usb(room->tape.drive), usb_pcap_monitor(room->pcap));
    trace_tee_add(&room->tape.trace, usb_pcap_trace(room->pcap));
}

/* Ends the capture; the file stays. */
static bool room_end(Room *room)
{
    bool good;

    tape_unplug(&room->tape);
    usb_device_unwatch(drive_usb(room->tape.drive), usb_pcap_monitor(room->pcap));
    good = usb_pcap_close(room->pcap);
    tape_clear(&room->tape);
    return good;
}

static void room_clear(Room *room)
{
    g_unlink(room->path);
    g_rmdir(room->dir);
    g_free(room->path);
    g_free(room->dir);
    g_string_free(room->failures, TRUE);
}

/* What a guest asks before it believes that this is a tape drive. */
static void enumerate(Tape *tape)
{
    WireHost *host = tape->host;

    wire_control(host, 901, 0x80, 6, 0x0100, 0, 18);
    wire_control(host, 902, 0x80, 6, 0x0200, 0, 9);
    wire_control(host, 903, 0x80, 6, 0x0200, 0, 255);
    wire_control(host, 904, 0x80, 6, 0x0302, 0x0409, 255);
    wire_configure(host, 905, 1);
    wire_control(host, 906, 0xa1, 0xfe, 0, 0, 1);
    wire_pump(host);
}

/* tshark's standard output, with the words that follow -r FILE; it must have nothing to complain.
 */
static char *tshark(const Room *room, const char *const *words)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;
    char *out = NULL;
    g_autofree char *err = NULL;

    g_ptr_array_add(argv, (void *)"tshark");
    g_ptr_array_add(argv, (void *)"-n");
    g_ptr_array_add(argv, (void *)"-r");
    g_ptr_array_add(argv, room->path);
    for (; *words; words++) {
        g_ptr_array_add(argv, (void *)*words);
    }
    g_ptr_array_add(argv, NULL);
    process =
        g_subprocess_newv((const char *const *)argv->pdata,
                          G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    g_assert_no_error(error); /* .ci/install-packages tests brings it */
    g_subprocess_communicate_utf8(process, NULL, NULL, &out, &err, &error);
    g_assert_no_error(error);
    ck_assert_msg(g_subprocess_get_successful(process), "tshark: %s", err);
    return out;
}

#define TSHARK(room, ...) tshark((room), (const char *const[]){ __VA_ARGS__, NULL })

/* A whole capture that has no packet of which Wireshark thinks ill. */
static void expect_sound(const Room *room)
{
    g_autofree char *bad = TSHARK(room, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608");

    ck_assert_str_eq(bad, "");
}

static void inquiry(Tape *tape)
{
    static const uint8_t cdb[6] = { 0x12, 0, 0, 0, 36 };
    uint8_t data[36];

    ck_assert_int_eq(tape_command(tape, cdb, 6, NULL, 0, data, sizeof data), 0);
}

static uint8_t *new_block(size_t length)
{
    uint8_t *block = g_malloc(length);
    size_t i;

    for (i = 0; i < length; i++) {
        block[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    return block;
}

/*
 * What an expert would look for, packet by packet: the enumeration, then CBW, data and CSW of each
 * command, told from each other by Wireshark from the descriptors that it saw.
 */
START_TEST(session_is_decoded)
{
    g_autofree uint8_t *block = new_block(1000);
    g_autofree uint8_t *back = g_malloc(1000);
    g_autofree char *control = NULL, *commands = NULL, *statuses = NULL, *sense = NULL;
    g_autofree char *bulk = NULL;
    size_t length;
    Room room;

    room_init(&room, NULL, 0);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 1000), 0);
    ck_assert_int_eq(tape_filemark(&room.tape), 0);
    ck_assert_int_eq(tape_rewind(&room.tape), 0);
    ck_assert_int_eq(tape_read(&room.tape, back, 1000, &length), 0);
    ck_assert_int_eq(tape_read(&room.tape, back, 1000, &length), 1);
    ck_assert_uint_eq(tape_sense(&room.tape), 0x000001);
    ck_assert(room_end(&room));
    ck_assert_str_eq(room.failures->str, "");
    expect_sound(&room);

    control = TSHARK(&room, "-Y", "usb.transfer_type == 2 && usb.urb_type == 83", "-Tfields", "-e",
                     "usb.bmRequestType", "-e", "usb.setup.bRequest", "-e", "usbms.setup.bRequest");
    ck_assert_str_eq(control, "0x00\t9\t\n"    /* SET_CONFIGURATION, as the fixture plugs in */
                              "0x80\t6\t\n"    /* device descriptor */
                              "0x80\t6\t\n"    /* configuration descriptor, 9 bytes of it */
                              "0x80\t6\t\n"    /* and all */
                              "0x80\t6\t\n"    /* string */
                              "0x00\t9\t\n"    /* SET_CONFIGURATION */
                              "0xa1\t\t0xfe\n" /* GET MAX LUN, once the class is known */
                              "0x02\t1\t\n");  /* CLEAR_FEATURE(ENDPOINT_HALT) after the filemark */
    commands =
        TSHARK(&room, "-Y", "usbms.dCBWSignature", "-Tfields", "-e", "usbms.dCBWTag", "-e",
               "usbms.dCBWDataTransferLength", "-e", "scsi_sbc.opcode", "-e", "scsi_ssc.opcode");
    ck_assert_str_eq(commands, "0x00000001\t36\t0x12\t\n" /* INQUIRY, to a device of type unknown */
                               "0x00000002\t0\t\t0x00\n"  /* TEST UNIT READY, to a tape */
                               "0x00000003\t18\t\t0x03\n" /* REQUEST SENSE */
                               "0x00000004\t0\t\t0x00\n"
                               "0x00000005\t18\t\t0x03\n"
                               "0x00000006\t0\t\t0x00\n"
                               "0x00000007\t1000\t\t0x0a\n" /* WRITE(6) */
                               "0x00000008\t0\t\t0x10\n"    /* WRITE FILEMARKS(6) */
                               "0x00000009\t0\t\t0x01\n"    /* REWIND */
                               "0x0000000a\t1000\t\t0x08\n" /* READ(6) */
                               "0x0000000b\t1000\t\t0x08\n"
                               "0x0000000c\t18\t\t0x03\n");
    statuses = TSHARK(&room, "-Y", "usbms.dCSWSignature", "-Tfields", "-e", "usbms.dCBWTag", "-e",
                      "usbms.dCSWDataResidue", "-e", "usbms.dCSWStatus");
    ck_assert_str_eq(statuses, "0x00000001\t0\t0x00\n"
                               "0x00000002\t0\t0x01\n"
                               "0x00000003\t0\t0x00\n"
                               "0x00000004\t0\t0x01\n"
                               "0x00000005\t0\t0x00\n"
                               "0x00000006\t0\t0x00\n"
                               "0x00000007\t0\t0x00\n"
                               "0x00000008\t0\t0x00\n"
                               "0x00000009\t0\t0x00\n"
                               "0x0000000a\t0\t0x00\n"
                               "0x0000000b\t1000\t0x01\n"
                               "0x0000000c\t0\t0x00\n");
    sense = TSHARK(&room, "-Y", "scsi.sns.key", "-Tfields", "-e", "scsi.sns.key", "-e",
                   "scsi.sns.ascascq", "-e", "scsi.sns.filemark");
    ck_assert_str_eq(sense, "0x06\t0x2901\t0\n"
                            "0x06\t0x2800\t0\n"
                            "0x00\t0x0001\t1\n");
    bulk =
        TSHARK(&room, "-Y", "usb.transfer_type == 3 && usb.urb_type == 67 && usb.urb_status != 0",
               "-Tfields", "-e", "usb.endpoint_address", "-e", "usb.urb_status");
    ck_assert_str_eq(bulk, "0x81\t-32\n"); /* the stall instead of data */
    room_clear(&room);
}
END_TEST

/*
 * The data bytes of the bulk packets of one direction that carry more than `least`, straight from
 * the file: what tshark prints of data depends on who dissected it.
 */
static GByteArray *carried(const Room *room, char type, uint8_t endpoint, size_t least)
{
    GByteArray *all = g_byte_array_new();
    g_autofree char *text = NULL;
    size_t length, at, block;
    bool read = g_file_get_contents(room->path, &text, &length, NULL);
    const uint8_t *file = (const uint8_t *)text;

    ck_assert(read);
    for (at = 0; at < length; at += block) {
        ck_assert_uint_ge(length - at, 12);
        block = get_le32(file + at + 4);
        ck_assert_uint_le(block, length - at); /* whole */
        ck_assert_uint_eq(get_le32(file + at + block - 4), block);
        if (get_le32(file + at) == 6) {
            const uint8_t *usbmon = file + at + 28;
            size_t kept = get_le32(usbmon + 36);

            ck_assert_uint_eq(get_le32(file + at + 20), 64 + kept);
            ck_assert_uint_le(64 + kept, 262144); /* Wireshark's limit */
            if (usbmon[8] == type && usbmon[9] == 3 && usbmon[10] == endpoint && kept > least) {
                g_byte_array_append(all, usbmon + 64, (guint)kept);
            }
        }
    }
    return all;
}

/* Blocks beyond what Wireshark takes in a packet, and such as end at the edges of the pieces. */
START_TEST(data_is_whole_both_ways)
{
    static const size_t lengths[] = {
        4,
        512,
        65536,
        USB_PCAP_PIECE,
        2 * USB_PCAP_PIECE - 1,
        2 * USB_PCAP_PIECE,
        262144,
        8 * USB_PCAP_PIECE + 1,
    };
    const size_t most = 8 * USB_PCAP_PIECE + 1;
    g_autofree uint8_t *block = new_block(most);
    g_autofree uint8_t *back = g_malloc(most);
    g_autoptr(GByteArray) out = NULL, in = NULL, all = g_byte_array_new();
    size_t i, came;
    Room room;

    room_init(&room, NULL, 0);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        block[0] = (uint8_t)i;
        ck_assert_int_eq(tape_write(&room.tape, block, lengths[i]), 0);
        if (lengths[i] > 100) {
            g_byte_array_append(all, block, (guint)lengths[i]);
        }
    }
    ck_assert_int_eq(tape_rewind(&room.tape), 0);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        ck_assert_int_eq(tape_read(&room.tape, back, lengths[i], &came), 0);
    }
    ck_assert(room_end(&room));
    expect_sound(&room);
    out = carried(&room, 'S', 0x02, 100);
    ck_assert_uint_eq(out->len, all->len);
    ck_assert_mem_eq(out->data, all->data, all->len);
    in = carried(&room, 'C', 0x81, 100);
    ck_assert_uint_eq(in->len, all->len);
    ck_assert_mem_eq(in->data, all->data, all->len);
    room_clear(&room);
}
END_TEST

START_TEST(snap_cuts_data_and_tells_its_length)
{
    g_autofree uint8_t *block = new_block(300000);
    g_autofree char *data = NULL;
    Room room;

    room_init(&room, NULL, 256);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 300000), 0);
    ck_assert(room_end(&room));
    expect_sound(&room);
    data = TSHARK(&room, "-Y", "frame.len > 1000", "-Tfields", "-e", "usb.urb_len", "-e",
                  "usb.data_len", "-e", "frame.cap_len", "-e", "frame.len");
    ck_assert_str_eq(data, "300000\t256\t320\t300064\n");
    room_clear(&room);
}
END_TEST

/* A command that hangs: why, what the host took back, and how it went on. */
START_TEST(faults_cancels_and_resets_are_told)
{
    g_autofree uint8_t *block = new_block(4096);
    g_autofree char *cancelled = NULL, *comments = NULL;
    g_auto(GStrv) lines = NULL;
    Room room;
    Tape *tape = &room.tape;

    room_init(&room, "- {name: drive.hang, on: \"WRITE(6)#1\"}\n", 0);
    tape_plug(tape);
    enumerate(tape);
    inquiry(tape);
    tape_ready(tape);
    ck_assert_int_eq(tape_write(tape, block, 4096), -1);
    usbredirparser_send_cancel_data_packet(tape->host->parser,
                                           0x167ef000 + 16 * (tape->next_id - 1));
    usbredirparser_send_cancel_data_packet(tape->host->parser,
                                           0x167ef000 + 16 * (tape->next_id - 2));
    usbredirparser_send_reset(tape->host->parser);
    wire_pump(tape->host);
    enumerate(tape);
    tape_ready(tape);
    usb_pcap_comment(room.pcap, "a remark\nof \xff two lines");
    ck_assert_int_eq(tape_write(tape, block, 4096), 0);
    ck_assert(room_end(&room));
    expect_sound(&room);
    cancelled = TSHARK(&room, "-Y", "usb.urb_status == -104", "-Tfields", "-e",
                       "usb.endpoint_address", "-e", "usb.urb_len");
    ck_assert_str_eq(cancelled, "0x81\t0\n0x02\t0\n");
    comments = TSHARK(&room, "-Y", "frame.comment", "-Tfields", "-e", "frame.comment");
    lines = g_strsplit(comments, "\n", -1);
    ck_assert_uint_eq(g_strv_length(lines), 5);
    ck_assert_str_eq(lines[0], "port reset\\nhost attached: wire test\\nport reset");
    ck_assert_msg(g_str_has_prefix(lines[1], "fault fired: drive.hang"), "%s", lines[1]);
    ck_assert_str_eq(lines[2], "port reset");
    ck_assert_str_eq(lines[3], "a remark\\nof \xef\xbf\xbd two lines");
    room_clear(&room);
}
END_TEST

typedef struct Violations {
    Trace base;
    GString *text;
} Violations;

static void on_violation(Trace *trace, TracePoint point, const char *message)
{
    g_string_append_printf(((Violations *)trace)->text, "%s\n", message);
}

/* What breaks a rule of the bus is a comment on the packet that the trace names. */
START_TEST(violations_are_told_where_they_are)
{
    g_autofree uint8_t *block = new_block(2 * USB_PCAP_PIECE);
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 0xcd, 0xab };
    Violations violations = { .base = { .emit = on_violation,
                                        .muted = ~TRACE_BIT(TRACE_BUS_VIOLATION) },
                              .text = g_string_new(NULL) };
    g_autofree char *comments = NULL, *expected = NULL;
    const char *packet;
    Room room;

    room_init(&room, NULL, 0);
    trace_tee_add(&room.tape.trace, &violations.base);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 2 * USB_PCAP_PIECE), 0);
    ck_assert_str_eq(violations.text->str, "");
    cbw[14] = 6;
    wire_out(room.tape.host, 7001, USB_BULK_OUT, cbw, sizeof cbw);
    wire_out(room.tape.host, 7002, USB_BULK_OUT, cbw, sizeof cbw);
    wire_pump(room.tape.host);
    ck_assert(room_end(&room));
    ck_assert_msg(g_str_has_prefix(violations.text->str, "cbw-before-csw: transfer ") &&
                      strstr(violations.text->str, ", tag 0000abcd: "),
                  "%s", violations.text->str);
    packet = strstr(violations.text->str, "packet ");
    ck_assert(packet != NULL);
    comments = TSHARK(&room, "-Y", "frame.comment contains \"rule of the bus\"", "-Tfields", "-e",
                      "frame.number", "-e", "usb.urb_type", "-e", "frame.comment");
    expected = g_strdup_printf("%d\t'S'\trule of the bus: %s", atoi(packet + strlen("packet ")),
                               violations.text->str);
    ck_assert_str_eq(comments, expected);
    g_string_free(violations.text, TRUE);
    room_clear(&room);
}
END_TEST

/* Whoever kills the program loses nothing: the file is whole after each packet. */
START_TEST(file_is_whole_at_any_moment)
{
    g_autofree uint8_t *block = new_block(5000);
    g_autofree char *tags = NULL;
    Room room;

    room_init(&room, NULL, 0);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 5000), 0);
    expect_sound(&room);
    tags = TSHARK(&room, "-Y", "usbms.dCBWTag == 7 && usbms.dCSWSignature", "-Tfields", "-e",
                  "usbms.dCSWStatus");
    ck_assert_str_eq(tags, "0x00\n");
    ck_assert(room_end(&room));
    room_clear(&room);
}
END_TEST

START_TEST(section_names_drive_and_seed)
{
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    Room room;

    room_init(&room, NULL, 0);
    process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "capinfos", "-kEF",
                               room.path, NULL);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(process, NULL, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    ck_assert_msg(strstr(out, "seed 42") != NULL, "%s", out);
    ck_assert_msg(strstr(out, "USB packets with Linux header and padding") != NULL, "%s", out);
    tape_plug(&room.tape);
    ck_assert(room_end(&room));
    room_clear(&room);
}
END_TEST

/* The disk fills: one line, a file that ends after a whole packet, a drive that goes on. */
START_TEST(full_disk_ends_the_capture_not_the_drive)
{
    g_autofree uint8_t *block = new_block(65536);
    g_autofree char *last = NULL, *expected = NULL;
    struct rlimit before, limit;
    GStatBuf st;
    Room room;
    int i;

    room_init(&room, NULL, 0);
    tape_plug(&room.tape);
    enumerate(&room.tape);
    inquiry(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 200000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (i = 0; i < 6; i++) {
        ck_assert_int_eq(tape_write(&room.tape, block, 65536), 0);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert(!room_end(&room));
    expected = g_strdup_printf("--pcap %s: File too large; nothing more is captured\n", room.path);
    ck_assert_str_eq(room.failures->str, expected);
    ck_assert_int_eq(g_stat(room.path, &st), 0);
    ck_assert_int_lt(st.st_size, 200000);
    expect_sound(&room);
    last = TSHARK(&room, "-Y", "frame.len > 60000", "-Tfields", "-e", "usb.urb_len");
    ck_assert_str_eq(last, "65536\n65536\n");
    room_clear(&room);
}
END_TEST

/* Only an older capture is replaced. */
START_TEST(other_files_are_left_alone)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    UsbPcapConfig config = { .failed = on_failed };
    UsbPcap *again;
    Room room;

    room_init(&room, NULL, 0);
    tape_plug(&room.tape);
    ck_assert(room_end(&room));
    config.path = room.path;
    config.clock = virtual_clock_new();
    again = usb_pcap_open(&config, &error);
    g_assert_no_error(error);
    ck_assert(usb_pcap_close(again));
    ck_assert(g_file_set_contents(room.path, "a cartridge", -1, NULL));
    ck_assert_ptr_null(usb_pcap_open(&config, &error));
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_ptr_nonnull(strstr(error->message, "file of another kind"));
    g_clear_error(&error);
    ck_assert(g_file_get_contents(room.path, &text, NULL, NULL));
    ck_assert_str_eq(text, "a cartridge");
    config.path = room.dir;
    ck_assert_ptr_null(usb_pcap_open(&config, &error));
    g_clear_error(&error);
    config.path = "/dev/null";
    ck_assert_ptr_null(usb_pcap_open(&config, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "not a file"));
    clock_free(config.clock);
    room_clear(&room);
}
END_TEST

TCase *make_pcap_tcase(void)
{
    TCase *tcase = tcase_create("pcap");

    tcase_set_timeout(tcase, 60); /* tshark on a busy machine */

    tcase_add_test(tcase, session_is_decoded);
    tcase_add_test(tcase, data_is_whole_both_ways);
    tcase_add_test(tcase, snap_cuts_data_and_tells_its_length);
    tcase_add_test(tcase, faults_cancels_and_resets_are_told);
    tcase_add_test(tcase, violations_are_told_where_they_are);
    tcase_add_test(tcase, file_is_whole_at_any_moment);
    tcase_add_test(tcase, section_names_drive_and_seed);
    tcase_add_test(tcase, full_disk_ends_the_capture_not_the_drive);
    tcase_add_test(tcase, other_files_are_left_alone);
    return tcase;
}
