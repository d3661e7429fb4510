/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the bus: each rule under a host that breaks it, none under hosts that keep them all.
 * A host is a line of words, each one transfer and what the device answered:
 *
 *   Cn Ci512 Co512   a CBW: no data, 512 bytes in, 512 bytes out     C=n   with the tag of the last
 *   S18              a CBW of REQUEST SENSE                          R     one with a reserved bit
 *   X30 X31          a CBW of that length with a wrong signature     L512  a CBW of that length
 *   o512             data out                                        D     data out, which look
 *   i512/100         512 bytes asked for, 100 came                         like a CBW
 *   s0 s1 s2         the CSW: passed, failed, phase error            sT sX   another tag, signature
 *   ki ko            CLEAR_FEATURE(ENDPOINT_HALT) of bulk-in, bulk-out
 *   B  P  W          class reset; port reset and configuration; configuration alone
 *   p  q             an IN of 13 bytes, which waits; it ends with the CSW, passed
 *
 * and at the end of a word: ! it stalls, ~ it is cancelled, ? a transaction error.
 */
#include "emu/base/bytes.h"
#include "emu/bot/judge.h"
#include "emu/bot/wire.h"
#include "tests/support/bot_rig.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

TCase *make_bot_judge_tcase(void);

typedef struct Bench {
    BotJudge *judge;
    UsbMonitor *monitor;
    GString *found; /* "rule@transfer …" */
    uint32_t tag;
    UsbTransfer waiting; /* of p */
} Bench;

static void on_found(void *data, const BotFinding *finding)
{
    GString *found = data;

    g_string_append_printf(found, "%s%s@%u", found->len > 0 ? " " : "", bot_rule_key(finding->rule),
                           (unsigned)finding->transfer);
}

static UsbResult result_of(const char *word)
{
    switch (word[strlen(word) - 1]) {
    case '!':
        return USB_STALL;
    case '~':
        return USB_CANCELLED;
    case '?':
        return USB_IO_ERROR;
    default:
        return USB_DONE;
    }
}

static void move(Bench *b, UsbTransfer *transfer, size_t actual)
{
    uint64_t number = b->monitor->ops->submitted(b->monitor, transfer);

    transfer->actual = transfer->result == USB_DONE ? actual : 0;
    b->monitor->ops->completed(b->monitor, number, transfer);
}

static void move_out(Bench *b, const char *word, const void *bytes, size_t length)
{
    g_autoptr(GBytes) out = g_bytes_new(bytes, length);
    UsbTransfer transfer = {
        .endpoint = USB_BULK_OUT, .out = out, .length = length, .result = result_of(word)
    };

    move(b, &transfer, length);
}

static void move_zeroes(Bench *b, const char *word, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc0(length + 1);

    move_out(b, word, bytes, length);
}

static void build_cbw(Bench *b, uint8_t *cbw, char direction, uint32_t length)
{
    memset(cbw, 0, BOT_CBW_LENGTH);
    put_le32(cbw, BOT_CBW_SIGNATURE);
    put_le32(cbw + 4, b->tag);
    put_le32(cbw + 8, length);
    cbw[12] = direction == 'i' ? BOT_CBW_DATA_IN : 0;
    cbw[14] = 6;
}

static void send_cbw(Bench *b, const char *word)
{
    const char *rest = word + 1;
    uint8_t cbw[BOT_CBW_LENGTH];

    b->tag += *rest != '=';
    rest += *rest == '=';
    build_cbw(b, cbw, rest[0], (uint32_t)strtoul(rest + 1, NULL, 10));
    move_out(b, word, cbw, sizeof cbw);
}

static void send_odd_cbw(Bench *b, const char *word)
{
    size_t length = word[0] == 'X' || word[0] == 'L' ? strtoul(word + 1, NULL, 10) : BOT_CBW_LENGTH;
    g_autofree uint8_t *cbw = g_malloc0(BOT_CBW_LENGTH + length);

    b->tag++;
    build_cbw(b, cbw, word[0] == 'S' ? 'i' : 'n', word[0] == 'S' ? 18 : 0);
    cbw[15] = word[0] == 'S' ? 0x03 : 0;
    cbw[13] = word[0] == 'R' ? 0x10 : 0;
    cbw[3] ^= word[0] == 'X' ? 0x20 : 0;
    move_out(b, word, cbw, length);
}

static void build_csw(const Bench *b, uint8_t *csw, char what)
{
    bot_csw_build(csw, b->tag - (what == 'T'), 0,
                  g_ascii_isdigit(what) ? (BotStatus)(what - '0') : BOT_PASSED);
    csw[0] ^= what == 'X' ? 1 : 0;
}

static void read_csw(Bench *b, const char *word)
{
    uint8_t csw[BOT_CSW_LENGTH];
    UsbTransfer transfer = { .endpoint = USB_BULK_IN,
                             .length = sizeof csw,
                             .result = result_of(word),
                             .phase = USB_PHASE_CSW,
                             .in = csw };

    build_csw(b, csw, word[1]);
    move(b, &transfer, sizeof csw);
}

static void read_data(Bench *b, const char *word)
{
    size_t length = strtoul(word + 1, NULL, 10);
    const char *part = strchr(word, '/');
    g_autofree uint8_t *bytes = g_malloc0(length + 1);
    UsbTransfer transfer = { .endpoint = USB_BULK_IN,
                             .length = length,
                             .result = result_of(word),
                             .phase = USB_PHASE_DATA_IN,
                             .in = bytes };

    move(b, &transfer, part ? strtoul(part + 1, NULL, 10) : length);
}

static void request(Bench *b, const char *word, UsbSetup setup)
{
    UsbTransfer transfer = { .setup = setup, .result = result_of(word) };

    move(b, &transfer, 0);
}

static void wait_for_csw(Bench *b)
{
    b->waiting =
        (UsbTransfer){ .endpoint = USB_BULK_IN, .length = BOT_CSW_LENGTH, .phase = USB_PHASE_CSW };
    b->monitor->ops->submitted(b->monitor, &b->waiting);
}

static void end_waiting(Bench *b)
{
    uint8_t csw[BOT_CSW_LENGTH];

    build_csw(b, csw, '0');
    b->waiting.in = csw;
    b->waiting.actual = sizeof csw;
    b->monitor->ops->completed(b->monitor, 0, &b->waiting);
}

static void run_word(Bench *b, const char *word)
{
    uint8_t like_cbw[BOT_CBW_LENGTH];

    switch (word[0]) {
    case 'C':
        send_cbw(b, word);
        break;
    case 'S':
    case 'R':
    case 'X':
    case 'L':
        send_odd_cbw(b, word);
        break;
    case 'D':
        build_cbw(b, like_cbw, 'n', 0);
        move_out(b, word, like_cbw, sizeof like_cbw);
        break;
    case 'o':
        move_zeroes(b, word, strtoul(word + 1, NULL, 10));
        break;
    case 'i':
        read_data(b, word);
        break;
    case 's':
        read_csw(b, word);
        break;
    case 'k':
        request(b, word, (UsbSetup){ 0x02, 1, 0, word[1] == 'i' ? USB_BULK_IN : USB_BULK_OUT, 0 });
        break;
    case 'B':
        request(b, word, (UsbSetup){ 0x21, 0xff, 0, 0, 0 });
        break;
    case 'P':
        b->monitor->ops->reset(b->monitor);
        request(b, word, (UsbSetup){ 0x00, USB_SET_CONFIGURATION, 1, 0, 0 });
        break;
    case 'W':
        request(b, word, (UsbSetup){ 0x00, USB_SET_CONFIGURATION, 1, 0, 0 });
        break;
    case 'p':
        wait_for_csw(b);
        break;
    case 'q':
        end_waiting(b);
        break;
    default:
        ck_abort_msg("no such word: %s", word);
    }
}

typedef struct Row {
    const char *host;
    const char *found;
} Row;

/* Each follows the standard, or goes further than it demands. */
static const Row correct[] = {
    { "Cn s0 Cn s0", "" },
    { "Ci512 i512 s0 Co512 o512 s0", "" },
    { "Co1024 o512 o512 s0", "" },
    /* the last piece is short, and the one before need not fill packets of all speeds */
    { "Co700 o640 o60 s0", "" },
    { "Co31 D s0 Cn s0", "" },
    { "Co62 o31 s0", "" },
    /* IN may be asked for early (§ 3.3) */
    { "p Cn q Cn s0", "" },
    /* less data than expected: with a short packet, with a STALL, with both */
    { "Ci512 i512/100 s0 Cn s0", "" },
    { "Ci512 i512! ki s0 Cn s0", "" },
    { "Ci512 i512/100 s! ki s0 Cn s0", "" },
    { "Ci512 i512/0 s0", "" },
    { "Co512 o512! ko s0 Cn s0", "" },
    { "Co65536 o32768 o32768! ko s0 Cn s0", "" },
    /* an empty packet before the CSW */
    { "Ci512 i512 i13/0 s0 Cn s0", "" },
    /* the CSW stalls once */
    { "Cn s! ki s0 Cn s0", "" },
    /* … twice, after the data did, too */
    { "Ci512 i512! ki s! ki s! B ki ko Cn s0", "" },
    /* … and the host clears that halt before it resets (Linux) */
    { "Ci512 i512! ki s! ki s! ki P Cn s0", "" },
    { "Ci512 i512! ki s! ki s! ki B ki ko Cn s0", "" },
    /* Reset Recovery after each reason for it */
    { "X31 s! B ki ko Cn s0", "cbw-invalid@1" },
    { "Cn! B ki ko Cn s0", "" },
    { "Cn! ko P Cn s0", "" },
    { "Cn sX B ki ko Cn s0", "" },
    { "Cn sT P Cn s0", "" },
    { "Cn s2 B ki ko Cn s0", "" },
    { "Cn s2 W Cn s0", "" },
    /* … again, as the first try did not help */
    { "Cn! B ki ko Cn! B ki ko Cn! B ki ko Cn! B ki ko P Cn s0", "" },
    { "Cn! B! P Cn s0", "" },
    /* the host gives up: after a reset it may go on */
    { "Ci512 i512~ B ki ko Cn s0", "" },
    { "Cn s~ B Cn s0", "" },
    { "Cn s~ P Cn s0", "" },
    { "Cn~ Cn s0", "" },
    { "Cn? Cn s0", "" },
    { "Ci512 i512? P Cn s0", "" },
    /* it asks for a CSW again */
    { "Cn s? s0 Cn s0", "" },
    /* … or sends data again that the device did not take */
    { "Co512 o512? o512 s0 Cn s0", "" },
    { "Co1024 o512 o512~ o512 s0 Cn s0", "" },
    /* sense data */
    { "Cn s1 S18 i18 s0 Cn s0", "" },
    { "Cn s1 S18 i18 s1 Cn s0", "" },
    { "Cn s1 P Cn s0", "" },
    { "Cn s1 B ki ko Cn s0", "" },
    /* clears that nothing asked for */
    { "ki ko Cn s0 ki ko Cn s0 ki ko Cn s0 ki ko Cn s0 ki ko Cn s0", "" },
    { "ki ki ki Cn s0", "" },
    /* after a port reset the tags may begin again */
    { "Cn s0 P C=n s0", "" },
};

/* Each breaks the rule, at that transfer. */
static const Row broken[] = {
    { "Cn Cn", "cbw-before-csw@2" },
    { "Ci512 Cn", "cbw-before-csw@2" },
    { "Co512 Cn", "cbw-before-csw@2" },
    { "Co512 o512 Cn", "cbw-before-csw@3" },
    { "Ci512 i512~ Cn", "cbw-before-csw@3" },
    { "Cn s~ Cn", "cbw-before-csw@3" },
    { "Cn Cn Cn", "cbw-before-csw@2 cbw-before-csw@3" },
    /* what comes of it is not judged; afterwards all is as before */
    { "Co512 Co512 o512 sT o512 s0 Cn s0 Cn Cn", "cbw-before-csw@2 cbw-before-csw@10" },
    { "Cn s? Cn", "cbw-before-csw@3" },
    { "X31", "cbw-invalid@1" },
    { "X30", "cbw-invalid@1" },
    { "L30", "cbw-invalid@1" },
    { "L32", "cbw-invalid@1" },
    { "L0", "cbw-invalid@1" },
    { "Cn s0 o512", "cbw-invalid@3" },
    { "R s0", "cbw-reserved@1" },
    { "Cn o512", "data-beyond-length@2" },
    { "Cn o0", "data-beyond-length@2" },
    { "Ci512 o512", "data-beyond-length@2" },
    { "Co512 o1024", "data-beyond-length@2" },
    { "Co512 o512 o1", "data-beyond-length@3" },
    { "Co512 o512 o0", "data-beyond-length@3" },
    { "Co1024 o500 o524 s0", "data-after-short@3" },
    { "Co1024 o0 o1024 s0", "data-after-short@3" },
    { "Ci65536 i32768/100 i32768", "data-after-short@3" },
    { "Ci65536 i32768/0 i32768", "data-after-short@3" },
    { "Ci512 i512! s! ki s0", "halt-not-cleared@3" },
    { "Ci512 i512! ki! s! ki s0", "halt-not-cleared@4" },
    { "Ci512 i512! ko s! ki s0", "halt-not-cleared@4" },
    { "Co1024 o512! o512!", "data-beyond-length@3" },
    { "Co512 o512! s0 Cn!", "halt-not-cleared@4" },
    { "Cn s! s!", "halt-not-cleared@3" },
    { "Cn s~ B ki! ko! Cn s! s!", "halt-not-cleared@8" },
    { "Cn! Cn", "recovery-missing@2" },
    { "Cn! ko Cn s0 Cn s0", "recovery-missing@3" },
    { "X31 Cn", "cbw-invalid@1 recovery-missing@2" },
    { "Cn s2 Cn s0 Cn s0", "recovery-missing@3" },
    { "Cn sX Cn", "recovery-missing@3" },
    { "Cn sT Cn", "recovery-missing@3" },
    { "Cn s2 B! Cn", "recovery-missing@4" },
    /* a third attempt at the CSW */
    { "Cn s! ki s! ki s0", "recovery-missing@6" },
    { "Ci512 i512! ki s! ki s! ki s0", "recovery-missing@8" },
    { "Cn s2 B ko ki Cn s0", "recovery-order@4" },
    { "Cn s~ B ko ki Cn s0", "recovery-order@4" },
    { "Cn s2 B ko Cn s0", "recovery-order@4" },
    { "Cn s2 B Cn s0", "recovery-incomplete@4" },
    { "Cn s2 B ki Cn s0", "recovery-incomplete@5" },
    { "Cn s2 ki ko B Cn s0", "recovery-incomplete@6" },
    { "Cn s2 B ki ko! Cn s0", "recovery-incomplete@6" },
    { "ki ki ki ki ki", "endless-clearing@4" },
    { "Cn s! ki s! ki s! ki s! ki s! ki", "recovery-missing@6 endless-clearing@9" },
    { "ko Cn! ko Cn! ko Cn! ko", "recovery-missing@4 recovery-missing@6 endless-clearing@7" },
    { "Cn s0 C=n s0", "tag-repeated@3" },
    { "Cn s~ B C=n s0", "tag-repeated@4" },
    { "Cn s1 Cn s0", "sense-missing@3" },
    { "Cn s1 Cn s0 S18 i18 s0", "sense-missing@3" },
};

static char *judge_host(const char *host)
{
    g_auto(GStrv) words = g_strsplit(host, " ", -1);
    Bench b = { .found = g_string_new(NULL), .tag = 0x100 };
    char **word;

    b.judge = bot_judge_new(on_found, b.found);
    b.monitor = bot_judge_monitor(b.judge);
    for (word = words; *word; word++) {
        run_word(&b, *word);
    }
    bot_judge_free(b.judge);
    return g_string_free(b.found, FALSE);
}

static void check_row(const Row *row)
{
    g_autofree char *found = judge_host(row->host);

    ck_assert_msg(g_str_equal(found, row->found), "%s: \"%s\", not \"%s\"", row->host, found,
                  row->found);
}

START_TEST(correct_hosts_break_nothing)
{
    check_row(&correct[_i]);
}
END_TEST

START_TEST(wrong_hosts_break_that_rule)
{
    check_row(&broken[_i]);
}
END_TEST

/* A rule that no row breaks would not be tested. */
START_TEST(each_rule_has_a_host)
{
    g_autofree char *rule = g_strconcat(bot_rule_key((BotRule)_i), "@", NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(broken) && !strstr(broken[i].found, rule); i++) {
    }
    ck_assert_msg(i < G_N_ELEMENTS(broken), "no host breaks %s", rule);
    ck_assert(*bot_rule_clause((BotRule)_i) && *bot_rule_about((BotRule)_i));
}
END_TEST

/* The standard does not demand unique tags, nor SPC that sense data be fetched. */
START_TEST(what_no_standard_demands_is_advice)
{
    BotRule rule;

    for (rule = 0; rule < BOT_N_RULES; rule++) {
        ck_assert_int_eq(bot_rule_is_advice(rule),
                         rule == BOT_RULE_TAG_REPEATED || rule == BOT_RULE_SENSE_MISSING);
    }
}
END_TEST

/* ---- on a real device ---- */

typedef struct Judged {
    BotRig *rig;
    BotJudge *judge;
    GString *found;
} Judged;

static Judged judged_new(void)
{
    Judged j = { .rig = bot_rig_new(), .found = g_string_new(NULL) };

    j.judge = bot_judge_new(on_found, j.found);
    usb_device_watch(j.rig->device, bot_judge_monitor(j.judge));
    return j;
}

static void judged_clear(Judged *j)
{
    bot_rig_free(j->rig);
    bot_judge_free(j->judge);
    g_string_free(j->found, TRUE);
}

START_TEST(a_right_host_of_the_device_breaks_nothing)
{
    Judged j = judged_new();
    bool stalled;

    bot_rig_works(j.rig);
    j.rig->target.direction = SCSI_DATA_IN;
    j.rig->target.length = j.rig->target.filled = 1000;
    bot_rig_cbw(j.rig, 4096, true);
    ck_assert_uint_eq(bot_rig_data_in(j.rig, 4096, 4096, &stalled), 1000);
    bot_rig_csw(j.rig, 3096, 0);
    j.rig->target.direction = SCSI_DATA_OUT;
    j.rig->target.length = 4096;
    bot_rig_cbw(j.rig, 4096, false);
    bot_rig_data_out(j.rig, 4096, 1024);
    bot_rig_csw(j.rig, 0, 0);
    ck_assert_str_eq(j.found->str, "");
    judged_clear(&j);
}
END_TEST

/* The device waits with the second CBW; the judge does not. */
START_TEST(an_overlap_is_found_as_it_arrives)
{
    Judged j = judged_new();

    j.rig->target.late_done = true;
    bot_rig_cbw(j.rig, 0, false);
    ck_assert_str_eq(j.found->str, "");
    bot_rig_cbw(j.rig, 0, false);
    ck_assert_str_eq(j.found->str, "cbw-before-csw@2");
    judged_clear(&j);
}
END_TEST

START_TEST(an_invalid_cbw_needs_reset_recovery)
{
    Judged j = judged_new();
    uint8_t bad[31] = { 'U', 'S', 'B', 'S' };

    test_host_out(j.rig->host, USB_BULK_OUT, bad, sizeof bad);
    ck_assert(bot_rig_class_reset(j.rig));
    ck_assert(bot_rig_clear_halt(j.rig, USB_BULK_IN));
    ck_assert(bot_rig_clear_halt(j.rig, USB_BULK_OUT));
    bot_rig_works(j.rig);
    ck_assert_str_eq(j.found->str, "cbw-invalid@1");
    g_string_truncate(j.found, 0);
    test_host_out(j.rig->host, USB_BULK_OUT, bad, sizeof bad);
    ck_assert(bot_rig_clear_halt(j.rig, USB_BULK_IN));
    ck_assert(bot_rig_clear_halt(j.rig, USB_BULK_OUT));
    bot_rig_cbw(j.rig, 0, false);
    ck_assert_msg(strstr(j.found->str, "recovery-missing@"), "%s", j.found->str);
    judged_clear(&j);
}
END_TEST

/* Two monitors see each transfer, in the order in which they were added. */
START_TEST(two_monitors_see_the_bus)
{
    Judged j = judged_new();
    BotJudge *second = bot_judge_new(on_found, j.found);

    usb_device_watch(j.rig->device, bot_judge_monitor(second));
    bot_rig_cbw(j.rig, 0, false);
    bot_rig_cbw(j.rig, 0, false);
    ck_assert_str_eq(j.found->str, "cbw-before-csw@2 cbw-before-csw@2");
    usb_device_reset(j.rig->device);
    usb_device_unwatch(j.rig->device, bot_judge_monitor(second));
    ck_assert(usb_device_set_configuration(j.rig->device, 1));
    ck_assert_uint_eq(usb_device_packets(j.rig->device), 0);
    bot_rig_works(j.rig);
    bot_judge_free(second);
    judged_clear(&j);
}
END_TEST

TCase *make_bot_judge_tcase(void)
{
    TCase *tcase = tcase_create("judge");

    tcase_add_loop_test(tcase, correct_hosts_break_nothing, 0, G_N_ELEMENTS(correct));
    tcase_add_loop_test(tcase, wrong_hosts_break_that_rule, 0, G_N_ELEMENTS(broken));
    tcase_add_loop_test(tcase, each_rule_has_a_host, 0, BOT_N_RULES);
    tcase_add_test(tcase, what_no_standard_demands_is_advice);
    tcase_add_test(tcase, a_right_host_of_the_device_breaks_nothing);
    tcase_add_test(tcase, an_overlap_is_found_as_it_arrives);
    tcase_add_test(tcase, an_invalid_cbw_needs_reset_recovery);
    tcase_add_test(tcase, two_monitors_see_the_bus);
    return tcase;
}
