/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thirteen cases of BOT 1.0 § 6.7, as a table; and the wrappers as bytes. */
#include "emu/bot/cases.h"
#include "emu/bot/wire.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_bot_cases_tcase(void);

#define N SCSI_NO_DATA
#define I SCSI_DATA_IN
#define O SCSI_DATA_OUT

/*
 * For each: what § 6.7 demands, in `shall`, and what it leaves open, in `may`, with the choice that
 * cases.h explains.
 */
static const struct {
    ScsiDirection host;
    uint32_t host_length;
    ScsiDirection device;
    uint32_t device_length;
    BotCase expected; /* number, phase error, stall in, moved, residue */
} rows[] = {
    /* § 6.7.1 (1): status 00h or 01h, residue 0. */
    { N, 0, N, 0, { 1, false, false, 0, 0 } },
    /* (2), (3): shall set 02h; may stall bulk-in. */
    { N, 0, I, 512, { 2, true, false, 0, 0 } },
    { N, 0, O, 512, { 3, true, false, 0, 0 } },
    /* § 6.7.2 (4), (5): shall stall bulk-in when it sends less; residue is the difference. */
    { I, 512, N, 0, { 4, false, true, 0, 512 } },
    { I, 512, I, 100, { 5, false, true, 100, 412 } },
    /* (6): residue 0. */
    { I, 512, I, 512, { 6, false, false, 512, 0 } },
    /* (7), (8): shall set 02h; shall stall bulk-in when it sends less than the host expects. */
    { I, 512, I, 513, { 7, true, true, 0, 512 } },
    { I, 512, O, 512, { 8, true, true, 0, 512 } },
    /* § 6.7.3 (9), (11): may accept all or stall bulk-out; residue is what was not processed. */
    { O, 512, N, 0, { 9, false, false, 0, 512 } },
    /* (10), (13): shall set 02h; may accept all or stall bulk-out. */
    { O, 512, I, 512, { 10, true, false, 0, 512 } },
    { O, 512, O, 100, { 11, false, false, 100, 412 } },
    /* (12): residue 0. */
    { O, 512, O, 512, { 12, false, false, 512, 0 } },
    { O, 512, O, 513, { 13, true, false, 0, 512 } },
    /* The ends of the range, and lengths of zero with a direction. */
    { I, UINT32_MAX, I, 1, { 5, false, true, 1, UINT32_MAX - 1 } },
    { I, UINT32_MAX, I, UINT32_MAX, { 6, false, false, UINT32_MAX, 0 } },
    { O, UINT32_MAX, N, 0, { 9, false, false, 0, UINT32_MAX } },
    { I, 0, N, 0, { 1, false, false, 0, 0 } },
    { O, 0, I, 1, { 2, true, false, 0, 0 } },
    { I, 512, I, 0, { 4, false, true, 0, 512 } },
    { I, 512, O, 0, { 4, false, true, 0, 512 } },
    { O, 512, I, 0, { 9, false, false, 0, 512 } },
};

START_TEST(case_is_judged)
{
    const BotCase *want = &rows[_i].expected;
    BotCase got =
        bot_case(rows[_i].host, rows[_i].host_length, rows[_i].device, rows[_i].device_length);

    ck_assert_uint_eq(got.number, want->number);
    ck_assert_int_eq(got.phase_error, want->phase_error);
    ck_assert_int_eq(got.stall_in, want->stall_in);
    ck_assert_uint_eq(got.moved, want->moved);
    ck_assert_uint_eq(got.residue, want->residue);
}
END_TEST

START_TEST(every_case_has_a_row)
{
    unsigned seen = 0;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        seen |= 1u << rows[i].expected.number;
    }
    ck_assert_uint_eq(seen, 0x3ffe);
}
END_TEST

static const uint8_t good_cbw[BOT_CBW_LENGTH] = {
    'U',  'S',  'B',  'C',  0x44, 0x33, 0x22, 0x11, 0x00, 0x00, 0x01,
    0x00, 0x80, 0x00, 0x06, 0x08, 0x01, 0x00, 0x00, 0x80, 0x00,
};

START_TEST(cbw_is_read)
{
    BotCbw cbw;

    ck_assert(bot_cbw_parse(good_cbw, sizeof good_cbw, &cbw));
    ck_assert_uint_eq(cbw.dCBWTag, 0x11223344);
    ck_assert_uint_eq(cbw.dCBWDataTransferLength, 65536);
    ck_assert_uint_eq(cbw.bmCBWFlags, 0x80);
    ck_assert_uint_eq(cbw.bCBWLUN, 0);
    ck_assert_uint_eq(cbw.bCBWCBLength, 6);
    ck_assert_mem_eq(cbw.CBWCB, good_cbw + 15, 16);
    ck_assert(bot_cbw_is_meaningful(&cbw, 1));
}
END_TEST

START_TEST(cbw_of_another_length_is_not_valid)
{
    uint8_t bytes[64] = { 0 };
    BotCbw cbw;

    memcpy(bytes, good_cbw, sizeof good_cbw);
    ck_assert_int_eq(bot_cbw_parse(bytes, (size_t)_i, &cbw), _i == BOT_CBW_LENGTH);
}
END_TEST

START_TEST(cbw_of_another_signature_is_not_valid)
{
    uint8_t bytes[BOT_CBW_LENGTH];
    BotCbw cbw;

    memcpy(bytes, good_cbw, sizeof bytes);
    bytes[_i] ^= 1;
    ck_assert(!bot_cbw_parse(bytes, sizeof bytes, &cbw));
}
END_TEST

static const struct {
    size_t at;
    uint8_t value;
    bool meaningful;
} meanings[] = {
    { 12, 0x00, true },  { 12, 0xc0, false }, { 12, 0x81, false }, { 13, 0x01, true },
    { 13, 0x02, false }, { 13, 0x10, false }, { 14, 0x00, false }, { 14, 0x01, true },
    { 14, 0x10, true },  { 14, 0x11, false }, { 14, 0x26, false },
};

START_TEST(cbw_is_meaningful_or_not)
{
    uint8_t bytes[BOT_CBW_LENGTH];
    BotCbw cbw;

    memcpy(bytes, good_cbw, sizeof bytes);
    bytes[meanings[_i].at] = meanings[_i].value;
    ck_assert(bot_cbw_parse(bytes, sizeof bytes, &cbw));
    ck_assert_int_eq(bot_cbw_is_meaningful(&cbw, 2), meanings[_i].meaningful);
}
END_TEST

START_TEST(csw_is_written)
{
    uint8_t csw[BOT_CSW_LENGTH];

    bot_csw_build(csw, 0x11223344, 0x55667788, BOT_PHASE_ERROR);
    ck_assert_mem_eq(csw, "USBS\x44\x33\x22\x11\x88\x77\x66\x55\x02", sizeof csw);
}
END_TEST

TCase *make_bot_cases_tcase(void)
{
    TCase *tcase = tcase_create("bot-cases");

    tcase_add_loop_test(tcase, case_is_judged, 0, G_N_ELEMENTS(rows));
    tcase_add_test(tcase, every_case_has_a_row);
    tcase_add_test(tcase, cbw_is_read);
    tcase_add_loop_test(tcase, cbw_of_another_length_is_not_valid, 0, 65);
    tcase_add_loop_test(tcase, cbw_of_another_signature_is_not_valid, 0, 4);
    tcase_add_loop_test(tcase, cbw_is_meaningful_or_not, 0, G_N_ELEMENTS(meanings));
    tcase_add_test(tcase, csw_is_written);
    return tcase;
}
