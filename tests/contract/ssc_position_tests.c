/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving the head: what is passed, where it stops, what is told. */
#include "tests/support/scsi-host.h"

TCase *make_ssc_position_tcase(void);

#define SPACE6(code, count)                                                                        \
    CDB(0x11, (code), (uint8_t)((uint32_t)(count) >> 16), (uint8_t)((uint32_t)(count) >> 8),       \
        (uint8_t)(count), 0)

enum { BLOCKS, FILEMARKS, SEQUENTIAL, EOD, SETMARKS };

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

TCase *make_ssc_position_tcase(void)
{
    TCase *tcase = tcase_create("position");

    tcase_add_loop_test(tcase, space_stops_where_it_should, 0, G_N_ELEMENTS(spaces));
    tcase_add_test(tcase, space_codes_that_are_not);
    return tcase;
}
