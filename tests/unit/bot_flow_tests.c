/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands end to end on the wire: the thirteen cases, each with its transfers cut in four ways. */
#include "tests/support/bot_rig.h"
#include "tests/support/suite.h"

TCase *make_bot_flow_tcase(void);

#define N SCSI_NO_DATA
#define I SCSI_DATA_IN
#define O SCSI_DATA_OUT

static const size_t pieces[] = { 1, 64, 512, SIZE_MAX };

static const struct {
    const char *name;
    ScsiDirection host;
    uint32_t host_length;
    ScsiDirection device;
    uint32_t length;     /* announced */
    uint32_t filled;     /* Data-In: really there */
    uint32_t out_unused; /* Data-Out: of those announced */
    ScsiStatus status;
    uint32_t expect_moved; /* bytes the host gets, or the target */
    uint32_t expect_residue;
    uint8_t expect_status;
    bool expect_stall; /* bulk-in, before the CSW */
} rows[] = {
    { "1: Hn = Dn", N, 0, N, 0, 0, 0, SCSI_GOOD, 0, 0, 0, false },
    { "1: Hn = Dn, failed", N, 0, N, 0, 0, 0, SCSI_CHECK_CONDITION, 0, 0, 1, false },
    { "1: busy is a failure too", N, 0, N, 0, 0, 0, SCSI_BUSY, 0, 0, 1, false },
    { "2: Hn < Di", N, 0, I, 600, 600, 0, SCSI_GOOD, 0, 0, 2, false },
    { "3: Hn < Do", N, 0, O, 600, 0, 0, SCSI_GOOD, 0, 0, 2, false },
    { "4: Hi > Dn", I, 1024, N, 0, 0, 0, SCSI_CHECK_CONDITION, 0, 1024, 1, true },
    { "4: Hi > Dn, passed", I, 1024, N, 0, 0, 0, SCSI_GOOD, 0, 1024, 0, true },
    { "5: Hi > Di", I, 1024, I, 600, 600, 0, SCSI_GOOD, 600, 424, 0, true },
    { "5: Hi > Di, on a transfer's end", I, 1024, I, 512, 512, 0, SCSI_GOOD, 512, 512, 0, true },
    { "5: less than announced", I, 1024, I, 1024, 600, 0, SCSI_CHECK_CONDITION, 600, 424, 1, true },
    { "4: nothing of what was announced", I, 1024, I, 1024, 0, 0, SCSI_CHECK_CONDITION, 0, 1024, 1,
      true },
    { "6: Hi = Di", I, 1024, I, 1024, 1024, 0, SCSI_GOOD, 1024, 0, 0, false },
    { "6: an odd length", I, 1025, I, 1025, 1025, 0, SCSI_GOOD, 1025, 0, 0, false },
    { "6: a block", I, 65536, I, 65536, 65536, 0, SCSI_GOOD, 65536, 0, 0, false },
    { "7: Hi < Di", I, 1024, I, 1025, 1025, 0, SCSI_GOOD, 0, 1024, 2, true },
    { "8: Hi <> Do", I, 1024, O, 1024, 0, 0, SCSI_GOOD, 0, 1024, 2, true },
    { "9: Ho > Dn", O, 1024, N, 0, 0, 0, SCSI_CHECK_CONDITION, 0, 1024, 1, false },
    { "9: Ho > Dn, passed", O, 1024, N, 0, 0, 0, SCSI_GOOD, 0, 1024, 0, false },
    { "9: announced as nothing", O, 1024, O, 0, 0, 0, SCSI_GOOD, 0, 1024, 0, false },
    { "10: Ho <> Di", O, 1024, I, 1024, 1024, 0, SCSI_GOOD, 0, 1024, 2, false },
    { "11: Ho > Do", O, 1024, O, 600, 0, 0, SCSI_GOOD, 600, 424, 0, false },
    { "11: processed less", O, 1024, O, 1024, 0, 24, SCSI_CHECK_CONDITION, 1024, 24, 1, false },
    { "9: processed nothing", O, 1024, O, 1024, 0, 1024, SCSI_CHECK_CONDITION, 1024, 1024, 1,
      false },
    { "12: Ho = Do", O, 1024, O, 1024, 0, 0, SCSI_GOOD, 1024, 0, 0, false },
    { "12: an odd length", O, 1023, O, 1023, 0, 0, SCSI_GOOD, 1023, 0, 0, false },
    { "12: a block", O, 65536, O, 65536, 0, 0, SCSI_GOOD, 65536, 0, 0, false },
    { "13: Ho < Do", O, 1024, O, 1025, 0, 0, SCSI_GOOD, 0, 1024, 2, false },
};

#define N_ROWS G_N_ELEMENTS(rows)

/* What the host sees of one row, with its data cut in pieces. */
static void run_row(BotRig *rig, size_t row, size_t piece)
{
    bool phase_error = rows[row].expect_status == 2;

    if (rows[row].host_length / piece > 2000) {
        piece = 64; /* a block a byte at a time proves nothing more, slowly */
    }
    rig->target.direction = rows[row].device;
    rig->target.length = rows[row].length;
    rig->target.filled = rows[row].filled;
    rig->target.out_unused = rows[row].out_unused;
    rig->target.status = rows[row].status;
    rig->target.n_done = 0;
    rig->target.n_refused = 0;
    test_transfer_is(bot_rig_cbw(rig, rows[row].host_length, rows[row].host == I), USB_DONE, 31);
    if (rows[row].host == O) {
        bot_rig_data_out(rig, rows[row].host_length, piece);
        ck_assert_uint_eq(rig->target.out->len, rows[row].expect_moved);
    } else if (rows[row].host == I) {
        bool stalled;
        size_t moved = bot_rig_data_in(rig, rows[row].host_length, piece, &stalled);

        ck_assert_uint_eq(moved, rows[row].expect_moved);
        /* After a short transfer it is the CSW that stalls. */
        ck_assert_int_eq(stalled || bot_rig_is_halted(rig, USB_BULK_IN), rows[row].expect_stall);
    }
    ck_assert(!bot_rig_is_halted(rig, USB_BULK_OUT));
    bot_rig_csw(rig, rows[row].expect_residue, rows[row].expect_status);
    ck_assert(!bot_rig_is_halted(rig, USB_BULK_IN));
    ck_assert_uint_eq(rig->target.n_done, !phase_error);
    ck_assert_uint_eq(rig->target.n_refused, phase_error);
}

START_TEST(case_on_the_wire)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    size_t row = (size_t)_i / G_N_ELEMENTS(pieces);
    size_t piece = pieces[(size_t)_i % G_N_ELEMENTS(pieces)];

    run_row(rig, row, piece);
    bot_rig_works(rig);
}
END_TEST

/* One drive, all of them one after the other: nothing is left over from the last. */
START_TEST(cases_in_a_row)
{
    g_autoptr(BotRig) rig = bot_rig_new();
    size_t row;

    for (row = 0; row < N_ROWS; row++) {
        run_row(rig, row, pieces[_i]);
    }
    for (row = N_ROWS; row > 0; row--) {
        run_row(rig, row - 1, pieces[_i]);
    }
    bot_rig_works(rig);
}
END_TEST

TCase *make_bot_flow_tcase(void)
{
    TCase *tcase = tcase_create("bot-flow");

    tcase_add_loop_test(tcase, case_on_the_wire, 0, N_ROWS * G_N_ELEMENTS(pieces));
    tcase_add_loop_test(tcase, cases_in_a_row, 0, G_N_ELEMENTS(pieces));
    return tcase;
}
