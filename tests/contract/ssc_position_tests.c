/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving the head: what is passed, where it stops, what is told. */
#include "emu/base/bytes.h"
#include "media/formats/formats.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_position_tcase(void);

#define SPACE6(code, count)                                                                        \
    CDB(0x11, (code), (uint8_t)((uint32_t)(count) >> 16), (uint8_t)((uint32_t)(count) >> 8),       \
        (uint8_t)(count), 0)

enum { BLOCKS, FILEMARKS, SEQUENTIAL, EOD, SETMARKS, SEQUENTIAL_SETMARKS };

/* block block FM block FM FM block: objects 0 to 6, EOD at 7. */
static ScsiHost *seven_objects(void)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    host_write(h, "a", 1);
    host_write(h, "b", 1);
    host_filemarks(h, 1);
    host_write(h, "c", 1);
    host_filemarks(h, 2);
    host_write(h, "d", 1);
    host_rewind(h);
    return h;
}

static const struct {
    unsigned from, code;
    int count;
    ScsiSenseCode stop; /* SENSE_NO_SENSE: GOOD */
    const char *flags;
    int64_t residual;
    uint64_t object;
} spaces[] = {
    { 0, BLOCKS, 1, SENSE_NO_SENSE, "", 0, 1 },
    { 0, BLOCKS, 2, SENSE_NO_SENSE, "", 0, 2 },
    { 0, BLOCKS, 3, SENSE_FILEMARK_DETECTED, "F", 1, 3 },
    { 0, BLOCKS, 0, SENSE_NO_SENSE, "", 0, 0 },
    { 4, BLOCKS, -1, SENSE_NO_SENSE, "", 0, 3 },
    { 4, BLOCKS, -5, SENSE_FILEMARK_DETECTED, "F", 4, 2 },
    { 2, BLOCKS, -3, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 1, 0 },
    { 0, BLOCKS, -1, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 1, 0 },
    { 6, BLOCKS, 9, SENSE_END_OF_DATA, "", 8, 7 },
    { 0, FILEMARKS, 1, SENSE_NO_SENSE, "", 0, 3 },
    { 0, FILEMARKS, 3, SENSE_NO_SENSE, "", 0, 6 },
    { 0, FILEMARKS, 5, SENSE_END_OF_DATA, "", 2, 7 },
    { 0, FILEMARKS, 0x7fffff, SENSE_END_OF_DATA, "", 0x7fffff - 3, 7 }, /* `mt eod` */
    { 7, FILEMARKS, -1, SENSE_NO_SENSE, "", 0, 5 },
    { 7, FILEMARKS, -2, SENSE_NO_SENSE, "", 0, 4 },
    { 3, FILEMARKS, -2, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 1, 0 },
    { 7, FILEMARKS, -0x800000, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 0x800000 - 3, 0 },
    { 0, SEQUENTIAL, 2, SENSE_NO_SENSE, "", 0, 6 },
    { 0, SEQUENTIAL, 1, SENSE_NO_SENSE, "", 0, 3 },
    { 0, SEQUENTIAL, 3, SENSE_END_OF_DATA, "", 3, 7 },
    { 7, SEQUENTIAL, -2, SENSE_NO_SENSE, "", 0, 4 },
    { 7, SEQUENTIAL, -3, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 3, 0 },
    { 0, EOD, 0, SENSE_NO_SENSE, "", 0, 7 },
    { 7, EOD, 5, SENSE_NO_SENSE, "", 0, 7 },
    { 0, SETMARKS, 1, SENSE_END_OF_DATA, "", 1, 7 },
};

START_TEST(space_stops_where_it_should)
{
    g_autoptr(ScsiHost) h = seven_objects();

    medium_locate(ssc_drive_medium(h->drive), 0, MEDIUM_LOCATE_OBJECT, spaces[_i].from);
    host_send(h, SPACE6(spaces[_i].code, spaces[_i].count));
    if (spaces[_i].stop == SENSE_NO_SENSE) {
        expect_good(h);
    } else {
        expect_sense(h, spaces[_i].stop);
        expect_flags(h, spaces[_i].flags);
        expect_info(h, spaces[_i].residual);
    }
    expect_at(h, 0, spaces[_i].object);
}
END_TEST

START_TEST(space_codes_that_are_not)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, SPACE6(6, 1));
    expect_field(h, 1, 3);
    host_send(h, SPACE6(0x0f, 1));
    expect_field(h, 1, 3);
    host_send(h, SPACE6(0x10, 1));
    expect_field(h, 1, 4);
    expect_at(h, 0, 0);
}
END_TEST

#define LOCATE10(flags, object, partition)                                                         \
    CDB(0x2b, (flags), 0, (uint8_t)((uint32_t)(object) >> 24), (uint8_t)((object) >> 16),          \
        (uint8_t)((object) >> 8), (uint8_t)(object), 0, (partition), 0)

enum { IMMED = 1, CP = 2, BT = 4 };

START_TEST(locate_and_tell)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, LOCATE10(BT, 5, 0)); /* `mt seek` */
    expect_good(h);
    expect_at(h, 0, 5);
    host_send(h, CDB(0x34, 0x01, 0, 0, 0, 0, 0, 0, 0, 0)); /* `mt tell` */
    expect_good(h);
    expect_data(h, "\0\0\0\0\0\0\0\5\0\0\0\5\0\0\0\0\0\0\0\0", 20);
    host_send(h, LOCATE10(0, 0, 9)); /* without CP the partition is not looked at */
    expect_good(h);
    host_send(h, CDB(0x34, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_data(h, "\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    host_send(h, LOCATE10(0, 7, 0)); /* EOD is a place too */
    expect_good(h);
    expect_at(h, 0, 7);
    host_send(h, LOCATE10(IMMED, 2, 0));
    expect_good(h);
    expect_at(h, 0, 2);
    host_send(h, LOCATE10(0, 8, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_no_info(h);
    expect_at(h, 0, 7);
    host_send(h, LOCATE10(0, 0xffffffff, 0));
    expect_sense(h, SENSE_END_OF_DATA);
}
END_TEST

START_TEST(partitions)
{
    MediumGeometry geometry = { .capacity = 2000, .partitions = 2 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_write(h, "a", 1);
    host_send(h, LOCATE10(CP, 0, 1));
    expect_good(h);
    expect_at(h, 1, 0);
    host_write(h, "b", 1);
    host_write(h, "c", 1);
    host_send(h, CDB(0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_data(h, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    host_rewind(h); /* stays in its partition */
    expect_at(h, 1, 0);
    host_send(h, LOCATE10(CP, 0, 2));
    expect_field(h, 8, -1);
    expect_at(h, 1, 0);
    host_send(h, LOCATE10(CP, 5, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_at(h, 0, 1);
    host_send(h, CDB(0x1a, 0x08, 0x10, 0, 0xff, 0)); /* active partition */
    ck_assert_uint_eq(h->task.in->data[4 + 3], 0);
    host_send(h, CDB(0x1a, 0x08, 0x11, 0, 0xff, 0)); /* one additional partition */
    ck_assert_uint_eq(h->task.in->data[4 + 3], 1);
}
END_TEST

START_TEST(marks_that_damage_hides_are_unknown)
{
    g_autoptr(ScsiHost) h = host_new_loaded("generic", NULL);

    host_write(h, "a", 1);
    host_filemarks(h, 2);
    host_send(h, CDB(0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(h->task.in->data[0] & 0x08, 0);
    ck_assert_uint_eq(get_be64(h->task.in->data + 16), 2);
    test_medium_hide_marks(h->medium, true);
    host_send(h, CDB(0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(h->task.in->data[0] & 0x08, 0x08); /* MPU */
    ck_assert_uint_eq(get_be64(h->task.in->data + 8), 3);
    ck_assert_uint_eq(get_be64(h->task.in->data + 16), 0);
    ck_assert_uint_eq(get_be64(h->task.in->data + 24), 0);
}
END_TEST

START_TEST(what_is_not_synced_is_in_the_buffer)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_write(h, "abc", 3);
    host_filemarks(h, 1);
    host_write(h, "abcd", 4);
    host_write(h, "efg", 3);
    host_send(h, CDB(0x34, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_data(h, "\0\0\0\0\0\0\0\4\0\0\0\2\0\0\0\2\0\0\0\7", 20);
    host_send(h, CDB(0x34, 0x08, 0, 0, 0, 0, 0, 0, 32, 0));
    expect_data(h,
                "\0\0\0\x1c\0\0\0\2"
                "\0\0\0\0\0\0\0\4"
                "\0\0\0\0\0\0\0\2"
                "\0\0\0\0\0\0\0\7",
                32);
    host_filemarks(h, 0);
    host_send(h, CDB(0x34, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_data(h, "\0\0\0\0\0\0\0\4\0\0\0\4\0\0\0\0\0\0\0\0", 20);
}
END_TEST

START_TEST(position_beyond_early_warning)
{
    MediumGeometry geometry = { .capacity = 100, .early_warning = 99, .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_send_data(h, "abcd", 4, CDB(0x0a, 0, 0, 0, 4, 0));
    expect_sense(h, SENSE_END_OF_MEDIUM_DETECTED);
    host_filemarks(h, 0);
    host_send(h, CDB(0x34, 0x00, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(h->task.in->data[0], 0x40);
}
END_TEST

START_TEST(erase_makes_the_end_here)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, SPACE6(BLOCKS, 2));
    host_send(h, CDB(0x19, (uint8_t)_i, 0, 0, 0, 0)); /* each of LONG and IMMED */
    expect_good(h);
    expect_at(h, 0, 2);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, SPACE6(BLOCKS, -1));
    expect_good(h);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_data(h, "b", 1);
}
END_TEST

START_TEST(unload_and_load)
{
    g_autoptr(ScsiHost) h = seven_objects();
    uint8_t immed = (uint8_t)_i;

    host_send(h, SPACE6(EOD, 0));
    host_send(h, CDB(0x1b, immed, 0, 0, 0, 0));
    expect_good(h);
    ck_assert(!ssc_drive_loaded(h->drive) && ssc_drive_medium(h->drive));
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_INITIALIZING_COMMAND_REQUIRED);
    host_send(h, CDB(0x1b, immed, 0, 0, 0, 0)); /* out already */
    expect_good(h);
    host_send(h, CDB(0x1b, immed, 0, 0, 1, 0));
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0)); /* no unit attention: the host knows */
    expect_good(h);
    expect_at(h, 0, 0);
    host_send(h, SPACE6(EOD, 0));
    host_send(h, CDB(0x1b, immed, 0, 0, 3, 0)); /* LOAD of a loaded one rewinds; RETEN */
    expect_good(h);
    expect_at(h, 0, 0);
    host_send(h, CDB(0x1b, 0, 0, 0, 5, 0));
    expect_field(h, 4, 2);
    host_send(h, CDB(0x1b, 0, 0, 0, 6, 0));
    expect_field(h, 4, 2);
    host_send(h, CDB(0x1b, 0, 0, 0, 4, 0)); /* EOT: it lies at its end while it is out */
    expect_good(h);
    ck_assert(!ssc_drive_loaded(h->drive));
}
END_TEST

/* LOAD, of a loaded tape too, is the way to partition 0 (SSC-3 § 7.4); REWIND and resets are not.
 */
START_TEST(load_leaves_a_partition)
{
    static const ScsiReset kinds[] = { SCSI_RESET_BUS, SCSI_RESET_DEVICE, SCSI_RESET_TRANSPORT };
    static const uint8_t loads[] = { 1, 3, 9 }; /* RETEN; HOLD: a threaded one stays so */
    MediumGeometry geometry = { .partitions = 2 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);

    host_write(h, "zero", 4);
    host_send(h, LOCATE10(CP, 0, 1));
    host_write(h, "one", 3);
    h->target->ops->reset(h->target, kinds[_i]);
    host_clear_attentions(h);
    expect_at(h, 1, 1);
    host_rewind(h);
    expect_at(h, 1, 0);
    host_send(h, CDB(0x08, 0, 0, 0, 3, 0));
    expect_data(h, "one", 3);
    host_send(h, CDB(0x1b, 0, 0, 0, loads[_i], 0));
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0)); /* no unit attention: it was ready before */
    expect_good(h);
    if (loads[_i] == 9) {
        expect_at(h, 1, 1);
        return;
    }
    expect_at(h, 0, 0);
    host_send(h, CDB(0x08, 0, 0, 0, 4, 0));
    expect_data(h, "zero", 4);
}
END_TEST

#define READ_MEMORY CDB(0x8c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)

/* HOLD: in the drive, but not on its heads; only the memory of the cartridge can be reached. */
START_TEST(hold)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, CDB(0x1b, 0, 0, 0, 9, 0)); /* threaded already: stays so */
    expect_good(h);
    ck_assert(ssc_drive_loaded(h->drive));
    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0)); /* it does not come out, so this does not matter */
    host_send(h, CDB(0x1b, 0, 0, 0, 8, 0));
    expect_good(h);
    ck_assert(!ssc_drive_loaded(h->drive));
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_INITIALIZING_COMMAND_REQUIRED);
    host_send(h, READ_MEMORY);
    expect_good(h);
    host_send(h, CDB(0x1e, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0)); /* now it is out */
    host_send(h, READ_MEMORY);
    expect_sense(h, SENSE_INITIALIZING_COMMAND_REQUIRED);
    host_send(h, CDB(0x1b, 0, 0, 0, 9, 0)); /* and in again */
    expect_good(h);
    host_send(h, READ_MEMORY);
    expect_good(h);
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_INITIALIZING_COMMAND_REQUIRED);
    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_data(h, "a", 1);
}
END_TEST

#define SET_CAPACITY(immed, proportion)                                                            \
    CDB(0x0b, (immed), 0, (uint8_t)((proportion) >> 8), (uint8_t)(proportion), 0)

START_TEST(set_capacity)
{
    MediumGeometry geometry = { .capacity = 65535 * 3, .partitions = 2 };
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, &geometry);
    MediumPartition partition;
    MediumInfo info;

    host_write(h, "a", 1);
    host_send(h, SET_CAPACITY(0, 0x1000));
    expect_sense(h, SENSE_POSITION_PAST_BEGINNING);
    host_rewind(h);
    host_send(h, SET_CAPACITY(0, 0));
    expect_field(h, 3, -1);
    host_send(h, SET_CAPACITY(0, 0x1000));
    expect_good(h);
    medium_info(ssc_drive_medium(h->drive), &info);
    ck_assert_uint_eq(info.geometry.partitions, 1);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.capacity, 0x1000 * 3);
    ck_assert_uint_eq(partition.objects, 0);
    host_send(h, SET_CAPACITY(1, 0xffff)); /* all of it again */
    expect_good(h);
    medium_partition(ssc_drive_medium(h->drive), 0, &partition);
    ck_assert_uint_eq(partition.capacity, 65535 * 3);
}
END_TEST

START_TEST(a_tape_without_end_has_no_halves)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_send(h, SET_CAPACITY(0, 0x8000));
    expect_field(h, 3, -1);
    host_send(h, SET_CAPACITY(0, 0xffff));
    expect_good(h);
}
END_TEST

START_TEST(load_without_a_cartridge)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, CDB(0x1b, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
}
END_TEST

START_TEST(removal_can_be_prevented)
{
    g_autoptr(ScsiHost) h = seven_objects();
    g_autoptr(TapeMedium) medium = NULL;

    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    expect_good(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_REMOVAL_PREVENTED);
    ck_assert(ssc_drive_loaded(h->drive));
    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &medium), SSC_EJECT_PREVENTED);
    host_send(h, CDB(0x1e, 0, 0, 0, 2, 0));
    expect_field(h, 4, 1);
    host_send(h, CDB(0x1e, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECTED);
    ck_assert(!ssc_drive_loaded(h->drive));
    g_clear_pointer(&medium, medium_free);
    ck_assert_int_eq(ssc_drive_eject(h->drive, false, &medium), SSC_EJECT_EMPTY);
    host_insert(h, NULL);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(one_cartridge_at_a_time)
{
    MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(ScsiHost) h = seven_objects();
    g_autoptr(TapeMedium) second = medium_ram_new(&geometry);

    ck_assert(!ssc_drive_insert(h->drive, second)); /* it stays ours */
}
END_TEST

START_TEST(space_16_says_the_same)
{
    g_autoptr(ScsiHost) h = seven_objects();
    uint64_t count = (uint64_t)(int64_t)spaces[_i].count;
    uint8_t cdb[16] = { 0x91, (uint8_t)spaces[_i].code };

    put_be64(cdb + 4, count);
    medium_locate(ssc_drive_medium(h->drive), 0, MEDIUM_LOCATE_OBJECT, spaces[_i].from);
    host_send(h, cdb, 16);
    if (spaces[_i].stop == SENSE_NO_SENSE) {
        expect_good(h);
    } else {
        expect_sense(h, spaces[_i].stop);
        expect_info(h, spaces[_i].residual);
    }
    expect_at(h, 0, spaces[_i].object);
}
END_TEST

START_TEST(space_16_far)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, CDB(0x91, 1, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    expect_no_info(h); /* the residual does not fit */
    host_send(h, CDB(0x91, 1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_BEGINNING_OF_MEDIUM_DETECTED);
    expect_no_info(h);
    expect_at(h, 0, 0);
}
END_TEST

START_TEST(locate_16_by_object_file_and_end)
{
    g_autoptr(ScsiHost) h = seven_objects();

    host_send(h, CDB(0x92, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0));
    expect_good(h);
    expect_at(h, 0, 4);
    host_send(h, CDB(0x92, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)); /* file 1 */
    expect_good(h);
    expect_at(h, 0, 3);
    host_send(h, CDB(0x92, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    expect_at(h, 0, 7);
    host_send(h, CDB(0x92, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    host_send(h, CDB(0x92, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_field(h, 1, 5);
    host_send(h, CDB(0x92, 0x02, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_field(h, 3, -1);
}
END_TEST

/* block SM block SM SM block FM: objects 0 to 6, EOD at 7. */
static const struct {
    unsigned from, code;
    int count;
    ScsiSenseCode stop;
    const char *flags;
    int64_t residual;
    uint64_t object;
} setmark_spaces[] = {
    { 0, SETMARKS, 1, SENSE_NO_SENSE, "", 0, 2 },
    { 0, SETMARKS, 3, SENSE_NO_SENSE, "", 0, 5 },
    { 0, SETMARKS, 4, SENSE_END_OF_DATA, "", 1, 7 },
    { 7, SETMARKS, -1, SENSE_NO_SENSE, "", 0, 4 },
    { 7, SETMARKS, -4, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 1, 0 },
    { 0, SEQUENTIAL_SETMARKS, 2, SENSE_NO_SENSE, "", 0, 5 },
    { 7, SEQUENTIAL_SETMARKS, -2, SENSE_NO_SENSE, "", 0, 3 },
    { 0, SEQUENTIAL_SETMARKS, 3, SENSE_END_OF_DATA, "", 3, 7 },
    { 7, SEQUENTIAL_SETMARKS, -3, SENSE_BEGINNING_OF_MEDIUM_DETECTED, "E", 3, 0 },
    { 0, BLOCKS, 2, SENSE_SETMARK_DETECTED, "F", 1, 2 },
    { 0, FILEMARKS, 1, SENSE_SETMARK_DETECTED, "F", 1, 2 },
    { 7, FILEMARKS, -2, SENSE_SETMARK_DETECTED, "F", 1, 4 },
};

START_TEST(space_over_setmarks)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    for (unsigned i = 0; i < 3; i++) {
        host_write(h, "a", 1);
        if (i < 2) {
            host_send(h, CDB(0x10, 0x02, 0, 0, (uint8_t)(i + 1), 0));
        }
    }
    host_filemarks(h, 1);
    medium_locate(ssc_drive_medium(h->drive), 0, MEDIUM_LOCATE_OBJECT, setmark_spaces[_i].from);
    host_send(h, SPACE6(setmark_spaces[_i].code, setmark_spaces[_i].count));
    if (setmark_spaces[_i].stop == SENSE_NO_SENSE) {
        expect_good(h);
    } else {
        expect_sense(h, setmark_spaces[_i].stop);
        expect_flags(h, setmark_spaces[_i].flags);
        expect_info(h, setmark_spaces[_i].residual);
    }
    expect_at(h, 0, setmark_spaces[_i].object);
}
END_TEST

TCase *make_ssc_position_tcase(void)
{
    TCase *tcase = tcase_create("position");

    tcase_add_loop_test(tcase, space_stops_where_it_should, 0, G_N_ELEMENTS(spaces));
    tcase_add_test(tcase, space_codes_that_are_not);
    tcase_add_loop_test(tcase, space_16_says_the_same, 0, G_N_ELEMENTS(spaces));
    tcase_add_test(tcase, space_16_far);
    tcase_add_test(tcase, locate_16_by_object_file_and_end);
    tcase_add_test(tcase, locate_and_tell);
    tcase_add_test(tcase, partitions);
    tcase_add_test(tcase, marks_that_damage_hides_are_unknown);
    tcase_add_test(tcase, what_is_not_synced_is_in_the_buffer);
    tcase_add_test(tcase, position_beyond_early_warning);
    tcase_add_loop_test(tcase, erase_makes_the_end_here, 0, 4);
    tcase_add_loop_test(tcase, unload_and_load, 0, 2);
    tcase_add_loop_test(tcase, load_leaves_a_partition, 0, 3);
    tcase_add_test(tcase, load_without_a_cartridge);
    tcase_add_test(tcase, removal_can_be_prevented);
    tcase_add_test(tcase, one_cartridge_at_a_time);
    tcase_add_loop_test(tcase, space_over_setmarks, 0, G_N_ELEMENTS(setmark_spaces));
    tcase_add_test(tcase, hold);
    tcase_add_test(tcase, set_capacity);
    tcase_add_test(tcase, a_tape_without_end_has_no_halves);
    return tcase;
}
