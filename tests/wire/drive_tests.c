/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole drive, from the host's packets to the cartridge and back. */
#include <glib/gstdio.h>
#include <string.h>

#include "emu/base/bytes.h"
#include "media/formats/formats.h"
#include "tests/support/suite.h"
#include "tests/wire/tape.h"

TCase *make_drive_tcase(void);

static uint8_t *new_block(size_t length, unsigned seed)
{
    uint8_t *block = g_malloc(length);
    size_t i;

    for (i = 0; i < length; i++) {
        block[i] = (uint8_t)((i + seed) * 2654435761u >> 13);
    }
    return block;
}

START_TEST(blocks_come_back_as_they_went)
{
    static const size_t chunks[] = { 1, 64, 512, 0 };
    static const size_t lengths[] = { 1, 511, 512, 513, 10240, 65536 };
    g_autofree uint8_t *back = g_malloc(65536);
    size_t i, length;
    Tape tape;

    tape_init(&tape, NULL);
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape.host->chunk = chunks[_i];
    tape_ready(&tape);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree uint8_t *block = new_block(lengths[i], (unsigned)i);

        ck_assert_int_eq(tape_write(&tape, block, lengths[i]), 0);
        ck_assert_uint_eq(tape.residue, 0);
    }
    ck_assert_int_eq(tape_filemark(&tape), 0);
    ck_assert_int_eq(tape_rewind(&tape), 0);
    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree uint8_t *block = new_block(lengths[i], (unsigned)i);

        ck_assert_int_eq(tape_read(&tape, back, lengths[i], &length), 0);
        ck_assert_uint_eq(length, lengths[i]);
        ck_assert_mem_eq(back, block, length);
    }
    ck_assert_int_eq(tape_read(&tape, back, 65536, &length), 1);
    ck_assert_uint_eq(length, 0);
    ck_assert_uint_eq(tape_sense(&tape), 0x000001);
    tape_clear(&tape);
}
END_TEST

/* READ ATTRIBUTE of one attribute; its value, eight bytes. */
static uint64_t counted(Tape *tape, uint8_t id_high, uint8_t id_low)
{
    const uint8_t cdb[16] = { 0x8c, 0, 0, 0, 0, 0, 0, 0, id_high, id_low, 0, 0, 0, 17 };
    uint8_t in[17] = { 0 };

    ck_assert_int_eq(tape_command(tape, cdb, sizeof cdb, NULL, 0, in, sizeof in), 0);
    ck_assert_uint_eq(in[4], id_high);
    ck_assert_uint_eq(in[5], id_low);
    return get_be64(in + 9);
}

/* The counters of the cartridge's memory, on a cartridge that is put into one drive after another.
 */
START_TEST(counters_go_with_the_cartridge)
{
    enum { MIB = 1 << 20 };
    MediumGeometry geometry = { .partitions = 1 };
    g_autofree char *directory = suite_temp_dir();
    g_autofree char *path = g_build_filename(directory, "a.tape", NULL);
    g_autofree uint8_t *block = new_block(MIB, 1);
    g_autofree uint8_t *back = g_malloc(MIB);
    GError *error = NULL;
    size_t length;

    ck_assert(medium_create(path, medium_format_for_path(path), &geometry, &error));
    for (unsigned i = 1; i <= 3; i++) {
        Tape tape;

        tape_init(&tape, NULL);
        ck_assert(drive_load(tape.drive, path, false, NULL, &error));
        tape_plug(&tape);
        tape_ready(&tape);
        ck_assert_int_eq(tape_write(&tape, block, MIB), 0);
        ck_assert_int_eq(tape_write(&tape, block, MIB), 0);
        ck_assert_int_eq(tape_rewind(&tape), 0);
        ck_assert_int_eq(tape_read(&tape, back, MIB, &length), 0);
        ck_assert_uint_eq(counted(&tape, 0x00, 0x03), i);     /* loads */
        ck_assert_uint_eq(counted(&tape, 0x02, 0x20), 2 * i); /* MiB written in its life */
        ck_assert_uint_eq(counted(&tape, 0x02, 0x21), i);     /* and read */
        ck_assert_uint_eq(counted(&tape, 0x02, 0x22), 2);     /* in this load */
        ck_assert_uint_eq(counted(&tape, 0x02, 0x23), 1);
        tape_clear(&tape);
    }
    g_remove(path);
    g_rmdir(directory);
}
END_TEST

/* Capacity is counted after compression, which the host switches: MODE SELECT of page 0Fh, DCE. */
START_TEST(compressed_data_takes_less_of_the_tape)
{
    enum { MIB = 1 << 20 };
    static const uint8_t select[6] = { 0x15, 0x10, 0, 0, 20 };
    MediumGeometry geometry = { .capacity = 4 * MIB, .partitions = 1, .compression = true };
    g_autofree char *directory = suite_temp_dir();
    g_autofree char *path = g_build_filename(directory, "a.tape", NULL);
    g_autofree uint8_t *same = g_malloc0(MIB);
    GError *error = NULL;
    Tape tape;

    ck_assert(medium_create(path, medium_format_for_path(path), &geometry, &error));
    tape_init(&tape, NULL);
    ck_assert(drive_load(tape.drive, path, false, NULL, &error));
    tape_plug(&tape);
    tape_ready(&tape);
    for (unsigned on = 0; on < 2; on++) {
        static const uint8_t sense[6] = { 0x1a, 0x08, 0x0f, 0, 20 };
        uint8_t list[20];

        ck_assert_int_eq(tape_command(&tape, sense, 6, NULL, 0, list, 20), 0);
        list[0] = 0;
        list[4 + 2] = on ? 0xc0 : 0x40;
        ck_assert_int_eq(tape_rewind(&tape), 0);
        ck_assert_int_eq(tape_command(&tape, select, 6, list, 20, NULL, 0), 0);
        for (unsigned i = 0; i < 4; i++) {
            ck_assert_int_eq(tape_write(&tape, same, MIB), i == 3 && !on ? 1 : 0);
        }
        /* Of 4 MiB, remaining: none, or nearly all. */
        ck_assert_uint_eq(counted(&tape, 0x00, 0x00), on ? 3 : 0);
        /* And so for what was written in this load. */
        ck_assert_uint_eq(counted(&tape, 0x02, 0x22), 4);
    }
    tape_clear(&tape);
    g_remove(path);
    g_rmdir(directory);
}
END_TEST

/* Bulk-Only has no status: what REQUEST SENSE says of a RESERVATION CONFLICT, once. */
START_TEST(a_conflict_is_a_failed_csw_and_its_sense)
{
    static const uint8_t reserve[10] = {
        0x5f, 0x01, 0x01, 0, 0, 0, 0, 0, 24
    }; /* no key is there */
    uint8_t list[24] = { 1 };
    Tape tape;

    tape_init(&tape, NULL);
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_command(&tape, reserve, 10, list, 24, NULL, 0), 1);
    ck_assert_uint_eq(tape_sense(&tape), 0x052c09);
    ck_assert_uint_eq(tape_sense(&tape), 0);
    ck_assert_int_eq(tape_command(&tape, reserve, 10, list, 24, NULL, 0), 1);
    tape_ready(&tape); /* asked for or not, it does not outlive the next command */
    ck_assert_uint_eq(tape_sense(&tape), 0);
    tape_clear(&tape);
}
END_TEST

/*
 * A WRITE hangs beyond the host's patience: it cancels, resets, enumerates, tries again, and writes
 * on with packet ids that come round again and again.
 */
START_TEST(host_gives_up_on_a_write_and_goes_on)
{
    g_autofree uint8_t *block = new_block(4096, 1);
    g_autofree uint8_t *back = g_malloc(4096);
    uint64_t hung;
    unsigned i;
    size_t length;
    Tape tape;

    tape_init(&tape, "- {name: drive.hang, on: \"WRITE(6)#3\"}\n");
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    ck_assert_int_eq(tape_write(&tape, block, 4096), -1);
    virtual_clock_advance(tape.clock, INT64_C(900) * G_USEC_PER_SEC);
    wire_pump(tape.host);
    /* Data and CSW are pending: the ids of the last two packets. */
    ck_assert_ptr_null(strstr(tape.host->heard->str, "length 4096"));
    hung = tape.next_id;
    g_string_truncate(tape.host->heard, 0);
    tape.host->bulk_replies = 0;
    usbredirparser_send_cancel_data_packet(tape.host->parser, 0x167ef000 + 16 * (hung - 1));
    usbredirparser_send_cancel_data_packet(tape.host->parser, 0x167ef000 + 16 * (hung - 2));
    wire_pump(tape.host);
    ck_assert_uint_eq(tape.host->bulk_replies, 2);
    ck_assert_ptr_nonnull(strstr(tape.host->heard->str, "ep 02 status 1 length 0; "));
    ck_assert_ptr_nonnull(strstr(tape.host->heard->str, "ep 81 status 1 length 0; "));
    usbredirparser_send_reset(tape.host->parser);
    wire_configure(tape.host, 1, 1);
    wire_pump(tape.host);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 1);
    ck_assert_uint_eq(tape_sense(&tape), 0x062902); /* bus reset */
    for (i = 0; i < 700; i++) {
        block[0] = (uint8_t)i;
        ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    }
    ck_assert_int_eq(tape_rewind(&tape), 0);
    for (i = 0; i < 702; i++) {
        ck_assert_int_eq(tape_read(&tape, back, 4096, &length), 0);
        ck_assert_uint_eq(length, 4096);
        ck_assert_uint_eq(i < 2 ? block[1] : (uint8_t)(i - 2), i < 2 ? back[1] : back[0]);
    }
    ck_assert_int_eq(tape_read(&tape, back, 4096, &length), 1);
    ck_assert_uint_eq(tape_sense(&tape), 0x080005); /* blank check, end of data */
    tape_clear(&tape);
}
END_TEST

/* What READ POSITION says is next. */
static unsigned head_at(Tape *tape)
{
    static const uint8_t read_position[10] = { 0x34 };
    uint8_t reply[20] = { 0 };

    ck_assert_int_eq(tape_command(tape, read_position, 10, NULL, 0, reply, sizeof reply), 0);
    return (unsigned)reply[4] << 24 | (unsigned)reply[5] << 16 | (unsigned)reply[6] << 8 | reply[7];
}

/*
 * What each of Linux's resets does on the bus (scenarios/judges/resets.yaml), and the unit
 * attention that it has to leave. "P" port reset, "C" SET_CONFIGURATION 1, "0" SET_CONFIGURATION 0,
 * "R" Bulk-Only Mass Storage Reset, "H" CLEAR_FEATURE(ENDPOINT_HALT) of both pipes.
 */
static const struct {
    const char *acts;
    unsigned attention; /* 0: none */
} resets[] = {
    { "RHH", 0 },          /* sg_reset -d */
    { "PPPC", 0x062902 },  /* sg_reset -b, USBDEVFS_RESET */
    { "0C", 0 },           /* authorized 0, 1 */
    { "PPPCRH", 0x062902 } /* sg_reset -d while a command is pending */
};

static void make_reset(Tape *tape, const char *acts)
{
    uint64_t id = 1;

    for (; *acts; acts++, id += 2) {
        switch (*acts) {
        case 'P':
            usbredirparser_send_reset(tape->host->parser);
            break;
        case 'R':
            wire_control(tape->host, id, 0x21, 0xff, 0, 0, 0);
            break;
        case 'H':
            wire_control(tape->host, id, 0x02, 0x01, 0, 0x81, 0);
            wire_control(tape->host, id + 1, 0x02, 0x01, 0, 0x02, 0);
            break;
        default:
            wire_configure(tape->host, id, *acts == 'C');
            break;
        }
    }
    wire_pump(tape->host);
}

/*
 * Any reset, of an idle drive or while a WRITE hangs: each pending packet is answered once (a
 * missing answer would hang the host), the head stays, and the drive works on.
 */
START_TEST(resets_answer_what_is_pending_and_keep_the_head)
{
    bool busy = _i % 2;
    const char *acts = resets[_i / 2].acts;
    unsigned attention = resets[_i / 2].attention;
    g_autofree uint8_t *block = new_block(4096, 1);
    uint64_t last;
    Tape tape;

    tape_init(&tape, busy ? "- {name: drive.hang, on: \"WRITE(6)#4\"}\n" : NULL);
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape_ready(&tape);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    }
    tape.host->bulk_replies = 0;
    if (busy) {
        ck_assert_int_eq(tape_write(&tape, block, 4096), -1);
        ck_assert_uint_eq(tape.host->bulk_replies, 1); /* to the CBW */
        last = tape.next_id;
        usbredirparser_send_cancel_data_packet(tape.host->parser, 0x167ef000 + 16 * (last - 1));
        usbredirparser_send_cancel_data_packet(tape.host->parser, 0x167ef000 + 16 * (last - 2));
    }
    make_reset(&tape, acts);
    ck_assert_uint_eq(tape.host->bulk_replies, busy ? 3 : 0);
    g_string_truncate(tape.host->heard, 0);
    if (attention) {
        ck_assert_int_eq(tape_rewind(&tape), 1);
        ck_assert_uint_eq(tape_sense(&tape), attention);
    }
    ck_assert_uint_eq(head_at(&tape), 3);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    ck_assert_uint_eq(head_at(&tape), 4);
    tape_clear(&tape);
}
END_TEST

START_TEST(busy_drive_is_asked_again)
{
    g_autofree uint8_t *block = new_block(4096, 1);
    Tape tape;

    tape_init(&tape, "- {name: drive.busy, on: \"WRITE(6)#1\", count: 2}\n");
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 1);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 1);
    ck_assert_int_eq(tape_write(&tape, block, 4096), 0);
    ck_assert_uint_eq(((FaultRule *)g_ptr_array_index(tape.faults->rules, 0))->fired, 2);
    tape_clear(&tape);
}
END_TEST

START_TEST(slow_command_takes_its_time)
{
    static const uint8_t rewind[6] = { 0x01 };
    Tape tape;

    tape_init(&tape, "- {name: drive.slow, on: REWIND, for: 120s}\n");
    tape_load_ram(&tape);
    tape_plug(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_command(&tape, rewind, 6, NULL, 0, NULL, 0), -1);
    virtual_clock_advance(tape.clock, 119 * G_USEC_PER_SEC);
    wire_pump(tape.host);
    ck_assert_uint_eq(tape.host->data->len, 0);
    virtual_clock_advance(tape.clock, G_USEC_PER_SEC);
    wire_pump(tape.host);
    ck_assert_uint_eq(tape.host->data->len, 13);
    ck_assert_uint_eq(tape.host->data->data[12], 0);
    tape_clear(&tape);
}
END_TEST

/* A host is killed in the middle of a block, again and again: the tape holds whole blocks only. */
START_TEST(killed_hosts_leave_whole_blocks)
{
    g_autofree uint8_t *block = new_block(65536, 7);
    g_autofree uint8_t *back = g_malloc(65536);
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 6, 0x0a, 0, 1, 0, 0, 0 };
    size_t length;
    int i;
    Tape tape;

    tape_init(&tape, NULL);
    tape_load_ram(&tape);
    for (i = 0; i < 4; i++) {
        tape_plug(&tape);
        tape_ready(&tape);
        ck_assert_int_eq(tape_write(&tape, block, 65536), 0);
        wire_out(tape.host, 900, USB_BULK_OUT, cbw, sizeof cbw);
        wire_pump(tape.host);
        wire_out(tape.host, 901, USB_BULK_OUT, block, 65536);
        while (usbredirparser_has_data_to_write(tape.host->parser)) {
            usbredirparser_do_write(tape.host->parser);
        }
        g_byte_array_set_size(tape.host->outgoing, (guint)(1 + i * 20000));
        wire_pump(tape.host);
        tape_unplug(&tape);
    }
    tape_plug(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_rewind(&tape), 0);
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(tape_read(&tape, back, 65536, &length), 0);
        ck_assert_mem_eq(back, block, 65536);
    }
    ck_assert_int_eq(tape_read(&tape, back, 65536, &length), 1);
    ck_assert_uint_eq(tape_sense(&tape), 0x080005);
    tape_clear(&tape);
}
END_TEST

static void on_ejected(void *data, const GError *error)
{
    g_assert_no_error(error);
    ++*(int *)data;
}

/* Two cartridge files, swapped while the host stays. */
START_TEST(cartridges_are_swapped_under_a_host)
{
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *first = g_build_filename(dir, "1.tape", NULL);
    g_autofree char *second = g_build_filename(dir, "2.tap", NULL);
    const char *const paths[] = { first, second, first, second };
    MediumGeometry geometry = { .partitions = 1 };
    g_autofree uint8_t *block = new_block(32768, 3);
    g_autofree uint8_t *back = g_malloc(32768);
    g_autoptr(GError) error = NULL;
    int ejected = 0;
    size_t i, length;
    Tape tape;

    for (i = 0; i < 2; i++) {
        ck_assert(medium_create(paths[i], medium_format_for_path(paths[i]), &geometry, &error));
    }
    tape_init(&tape, NULL);
    tape_plug(&tape);
    ck_assert_ptr_null(drive_cartridge(tape.drive));
    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        static const uint8_t test_unit_ready[6] = { 0x00 };
        MediumInfo info;
        MediumPosition position;
        bool loaded;

        ck_assert(drive_load(tape.drive, paths[i], false, NULL, &error));
        ck_assert_str_eq(drive_cartridge(tape.drive), paths[i]);
        ck_assert(!drive_load(tape.drive, first, false, NULL, &error));
        ck_assert_ptr_nonnull(strstr(error->message, "eject it first"));
        g_clear_error(&error);
        if (i > 0) {
            ck_assert_int_eq(tape_command(&tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
            ck_assert_uint_eq(tape_sense(&tape), 0x062800); /* medium may have changed */
        }
        tape_ready(&tape);
        if (i < 2) {
            block[0] = (uint8_t)i;
            ck_assert_int_eq(tape_write(&tape, block, 32768), 0);
            ck_assert_int_eq(tape_filemark(&tape), 0);
            ck_assert(drive_look(tape.drive, &info, &position, &loaded));
            ck_assert_uint_eq(position.object, 2);
            ck_assert(loaded);
        } else {
            ck_assert_int_eq(tape_read(&tape, back, 32768, &length), 0);
            ck_assert_uint_eq(back[0], i - 2);
            ck_assert_mem_eq(back + 1, block + 1, 32767);
        }
        drive_eject(tape.drive, false, on_ejected, &ejected);
        ck_assert_int_eq(ejected, (int)i + 1);
        ck_assert(!drive_ejecting(tape.drive));
        ck_assert_int_eq(tape_command(&tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
        ck_assert_uint_eq(tape_sense(&tape), 0x023a00); /* medium not present */
    }
    tape_clear(&tape);
    g_unlink(first);
    g_unlink(second);
    g_rmdir(dir);
}
END_TEST

static void on_not_ejected(void *data, const GError *error)
{
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error->message, (const char *)data));
}

START_TEST(locked_cartridge_stays_unless_forced)
{
    static const uint8_t prevent[6] = { 0x1e, 0, 0, 0, 1 };
    int ejected = 0;
    Tape tape;

    tape_init(&tape, NULL);
    tape_plug(&tape);
    drive_eject(tape.drive, true, on_not_ejected, (void *)"no cartridge");
    tape_load_ram(&tape);
    tape_ready(&tape);
    ck_assert_int_eq(tape_command(&tape, prevent, 6, NULL, 0, NULL, 0), 0);
    drive_eject(tape.drive, false, on_not_ejected, (void *)"locked");
    ck_assert_ptr_nonnull(ssc_drive_medium(drive_ssc(tape.drive)));
    drive_eject(tape.drive, true, on_ejected, &ejected);
    ck_assert_int_eq(ejected, 1);
    tape_clear(&tape);
}
END_TEST

/* An executor that waits to be told. */
typedef struct LateExecutor {
    Executor base;
    ExecutorFunc work, done;
    void *data;
} LateExecutor;

static void late_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    LateExecutor *late = (LateExecutor *)executor;

    late->work = work;
    late->done = done;
    late->data = data;
}

/* While one cartridge leaves, still being synced, no other goes in: it would go by its name. */
START_TEST(cartridge_waits_until_the_other_has_left)
{
    static const ExecutorOps ops = { late_run, NULL };
    LateExecutor late = { { &ops } };
    DriveConfig config = { .speed = USB_SPEED_HIGH, .executor = &late.base };
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *first = g_build_filename(dir, "1.tape", NULL);
    g_autofree char *second = g_build_filename(dir, "2.tape", NULL);
    MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(Clock) clock = virtual_clock_new();
    g_autoptr(GError) error = NULL;
    int ejected = 0;
    Drive *drive;

    ck_assert(medium_create(first, medium_format_for_path(first), &geometry, &error));
    ck_assert(medium_create(second, medium_format_for_path(second), &geometry, &error));
    config.clock = clock;
    config.model = ssc_model_by_name(NULL, &error);
    drive_default_identity(config.model, "test", &config.identity);
    drive = drive_new(&config, &error);
    ck_assert(drive_load(drive, first, false, NULL, &error));
    ck_assert_int_eq(medium_write(ssc_drive_medium(drive_ssc(drive)), (const uint8_t *)"x", 1),
                     MEDIUM_OK);
    drive_eject(drive, false, on_ejected, &ejected);
    ck_assert(drive_ejecting(drive) && late.work);

    ck_assert(!drive_load(drive, second, false, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "1.tape"));
    g_clear_error(&error);

    late.work(late.data);
    late.done(late.data);
    ck_assert_int_eq(ejected, 1);
    ck_assert_ptr_null(drive_cartridge(drive));
    ck_assert(drive_load(drive, second, false, NULL, &error));
    ck_assert_str_eq(drive_cartridge(drive), second);
    drive_free(drive);
    g_unlink(first);
    g_unlink(second);
    g_rmdir(dir);
}
END_TEST

TCase *make_drive_tcase(void)
{
    TCase *tcase = tcase_create("drive");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, blocks_come_back_as_they_went, 0, 4);
    tcase_add_test(tcase, a_conflict_is_a_failed_csw_and_its_sense);
    tcase_add_test(tcase, compressed_data_takes_less_of_the_tape);
    tcase_add_test(tcase, counters_go_with_the_cartridge);
    tcase_add_test(tcase, host_gives_up_on_a_write_and_goes_on);
    tcase_add_loop_test(tcase, resets_answer_what_is_pending_and_keep_the_head, 0,
                        2 * G_N_ELEMENTS(resets));
    tcase_add_test(tcase, busy_drive_is_asked_again);
    tcase_add_test(tcase, slow_command_takes_its_time);
    tcase_add_test(tcase, killed_hosts_leave_whole_blocks);
    tcase_add_test(tcase, cartridges_are_swapped_under_a_host);
    tcase_add_test(tcase, locked_cartridge_stays_unless_forced);
    tcase_add_test(tcase, cartridge_waits_until_the_other_has_left);
    return tcase;
}
