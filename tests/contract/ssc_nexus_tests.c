/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two initiators: who is told of what, in which order, and who is kept out. */
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/ssc/table.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_nexus_tcase(void);

enum { HOST, OTHER };
enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT };

#define TEST_UNIT_READY CDB(0x00, 0, 0, 0, 0, 0)

#define HOST_KEY  0x1111u
#define OTHER_KEY 0x2222u

static void persistent(ScsiHost *h, unsigned nexus, uint8_t action, uint8_t type, uint64_t key,
                       uint64_t action_key)
{
    uint8_t list[24] = { 0 };

    put_be64(list, key);
    put_be64(list + 8, action_key);
    h->nexus = (uint8_t)nexus;
    host_send_data(h, list, sizeof list, CDB(0x5f, action, type, 0, 0, 0, 0, 0, 24, 0));
}

static void expect_conflict(ScsiHost *h)
{
    host_expect_status(h, SCSI_RESERVATION_CONFLICT, __FILE__, __LINE__);
    ck_assert_uint_eq(h->task.sense_length, 0);
}

/* Both with nothing pending, and both registered if so. */
static ScsiHost *two_hosts(bool registered)
{
    ScsiHost *h = host_new_loaded(NULL, NULL);

    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        h->nexus = (uint8_t)i;
        host_clear_attentions(h);
    }
    if (registered) {
        persistent(h, HOST, REGISTER, 0, 0, HOST_KEY);
        expect_good(h);
        persistent(h, OTHER, REGISTER, 0, 0, OTHER_KEY);
        expect_good(h);
    }
    h->nexus = OTHER;
    return h;
}

/* ---- what the other one does ---- */

static void changes_mode(ScsiHost *h)
{
    host_set_block(h, 0x10, 512);
}

static void resets_the_log(ScsiHost *h)
{
    host_send(h, CDB(0x4c, 0x02, 0, 0, 0, 0, 0, 0, 0, 0));
}

static void sets_the_log(ScsiHost *h)
{
    host_send_data(h, "\x0c\0\0\x0c\0\0\x40\x08\0\0\0\0\0\0\0\1", 16,
                   CDB(0x4c, 0, 0x40, 0, 0, 0, 0, 0, 16, 0));
}

static void clears(ScsiHost *h)
{
    persistent(h, OTHER, CLEAR, 0, OTHER_KEY, 0);
}

static void preempts(ScsiHost *h)
{
    persistent(h, OTHER, PREEMPT, 1, OTHER_KEY, HOST_KEY);
}

static void releases(ScsiHost *h)
{
    persistent(h, OTHER, RESERVE, 5, OTHER_KEY, 0);
    expect_good(h);
    persistent(h, OTHER, RELEASE, 5, OTHER_KEY, 0);
}

static void sets_the_clock(ScsiHost *h)
{
    host_send_data(h, "\0\0\0\0\1\x8f\0\0\0\0\0\0", 12,
                   CDB(0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0));
}

static void names_the_drive(ScsiHost *h)
{
    host_send_data(h, "A", 1, CDB(0xa4, 0x06, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0));
}

static const struct {
    void (*act)(ScsiHost *h);
    ScsiSenseCode told;
} deeds[] = {
    { changes_mode, SENSE_MODE_PARAMETERS_CHANGED },  /* SPC-3 § 6.7 */
    { resets_the_log, SENSE_LOG_PARAMETERS_CHANGED }, /* § 6.5 */
    { sets_the_log, SENSE_LOG_PARAMETERS_CHANGED },
    { clears, SENSE_RESERVATIONS_PREEMPTED },             /* § 5.6.9.6 */
    { preempts, SENSE_REGISTRATIONS_PREEMPTED },          /* § 5.6.10 */
    { releases, SENSE_RESERVATIONS_RELEASED },            /* § 5.6.9.3 */
    { sets_the_clock, SENSE_TIMESTAMP_CHANGED },          /* § 6.36 */
    { names_the_drive, SENSE_DEVICE_IDENTIFIER_CHANGED }, /* § 6.31 */
};

/* Not the one who did it, the other one: once, and not by a command that must not take it. */
START_TEST(the_other_one_is_told)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    deeds[_i].act(h);
    expect_good(h);
    h->nexus = OTHER;
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
    h->nexus = HOST;
    host_send(h, CDB(0x12, 0, 0, 0, 36, 0)); /* INQUIRY */
    expect_good(h);
    host_send(h, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0)); /* REPORT LUNS */
    expect_good(h);
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, deeds[_i].told);
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

START_TEST(request_sense_takes_it)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    deeds[_i].act(h);
    h->nexus = HOST;
    host_send(h, CDB(0x03, 0, 0, 0, 18, 0));
    expect_good(h);
    ck_assert_int_eq(h->task.in->data[2] & 0x0f, 0x06);
    ck_assert_uint_eq(h->task.in->data[12], scsi_sense_asc(deeds[_i].told));
    ck_assert_uint_eq(h->task.in->data[13], scsi_sense_ascq(deeds[_i].told));
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

/* What changes nothing is nothing to be told of. */
START_TEST(nothing_changed_nothing_told)
{
    g_autoptr(ScsiHost) h = two_hosts(false);

    host_set_block(h, 0x10, 0); /* as it is */
    host_send(h, CDB(0x4c, 0, 0x40, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    h->nexus = HOST;
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

/* All at once: resets, the cartridge, parameters, reservations. */
START_TEST(by_priority)
{
    static const ScsiSenseCode order[] = {
        SENSE_BUS_RESET,
        SENSE_MEDIUM_MAY_HAVE_CHANGED,
        SENSE_MODE_PARAMETERS_CHANGED,
        SENSE_LOG_PARAMETERS_CHANGED,
        SENSE_RESERVATIONS_PREEMPTED,
    };
    g_autoptr(ScsiHost) h = two_hosts(true);
    TapeMedium *medium;

    clears(h);
    expect_good(h);
    resets_the_log(h);
    expect_good(h);
    changes_mode(h);
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECTED);
    medium_free(medium);
    host_insert(h, NULL);
    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    h->nexus = HOST;
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        host_send(h, TEST_UNIT_READY);
        expect_sense(h, order[i]);
    }
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
}
END_TEST

/* Each kind of reset and a cartridge put in: everybody is told; Bulk-Only's reset: nobody. */
START_TEST(everybody_is_told_of_resets)
{
    static const ScsiSenseCode told[] = {
        [SCSI_RESET_POWER_ON] = SENSE_POWER_ON,
        [SCSI_RESET_BUS] = SENSE_BUS_RESET,
        [SCSI_RESET_DEVICE] = SENSE_DEVICE_RESET,
        [SCSI_RESET_TRANSPORT] = SENSE_NO_SENSE,
    };
    g_autoptr(ScsiHost) h = two_hosts(false);

    h->target->ops->reset(h->target, (ScsiReset)_i);
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        h->nexus = (uint8_t)i;
        host_send(h, TEST_UNIT_READY);
        if (told[_i] == SENSE_NO_SENSE) {
            expect_good(h);
        } else {
            expect_sense(h, told[_i]);
        }
        host_send(h, TEST_UNIT_READY);
        expect_good(h);
    }
}
END_TEST

/* Sense is of the one whose command failed. */
START_TEST(each_has_its_own_sense)
{
    g_autoptr(ScsiHost) h = two_hosts(false);

    host_send(h, CDB(0x08, 0, 0, 0, 1, 0));
    expect_sense(h, SENSE_END_OF_DATA);
    h->nexus = HOST;
    host_send(h, CDB(0x03, 0, 0, 0, 18, 0));
    ck_assert_uint_eq(h->task.in->data[2], 0);
    host_send(h, TEST_UNIT_READY);
    h->nexus = OTHER;
    host_send(h, CDB(0x03, 0, 0, 0, 18, 0));
    ck_assert_uint_eq(h->task.in->data[2] & 0x0f, 0x08);
}
END_TEST

/* ---- reservations ---- */

static const uint8_t past_reserve[][12] = {
    { 0x12, 0, 0, 0, 36 },
    { 0x03, 0, 0, 0, 18 },
    { 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16 },
    { 0x05 },
    { 0x17 },
    { 0x4d, 0, 0x40, 0, 0, 0, 0, 0, 16 },
    { 0x1e },
};
static const uint8_t kept_out[][12] = {
    { 0x01 },
    { 0x08, 0, 0, 0, 1 },
    { 0x0a, 0, 0, 0, 1 },
    { 0x10, 0, 0, 0, 1 },
    { 0x11, 0, 0, 0, 1 },
    { 0x15, 0x10, 0, 0, 4 },
    { 0x1b, 0, 0, 0, 1 },
    { 0x1e, 0, 0, 0, 1 },
    { 0x34 },
    { 0x4c, 0x02 },
};

START_TEST(reserve_keeps_others_out)
{
    static const uint8_t reserve[] = { 0x16, 0x56 }, release[] = { 0x17, 0x57 };
    g_autoptr(ScsiHost) h = two_hosts(false);

    host_send(h, CDB(reserve[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    host_rewind(h);
    h->nexus = HOST;
    for (unsigned i = 0; i < G_N_ELEMENTS(past_reserve); i++) {
        host_send(h, past_reserve[i], 12);
        expect_good(h);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(kept_out); i++) {
        host_send(h, kept_out[i], 12);
        expect_conflict(h);
    }
    host_send(h, TEST_UNIT_READY);
    expect_conflict(h);
    host_send(h, CDB(reserve[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_conflict(h);
    h->nexus = OTHER;
    host_send(h, CDB(release[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    h->nexus = HOST;
    host_rewind(h);
}
END_TEST

/* Before any unit attention (SAM-3 § 5.3.3), which waits until there is no conflict. */
START_TEST(a_conflict_comes_before_an_attention)
{
    g_autoptr(ScsiHost) h = two_hosts(false);

    host_send(h, CDB(0x16, 0, 0, 0, 0, 0));
    changes_mode(h);
    h->nexus = HOST;
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    expect_conflict(h);
    h->nexus = OTHER;
    host_send(h, CDB(0x17, 0, 0, 0, 0, 0));
    h->nexus = HOST;
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_MODE_PARAMETERS_CHANGED);
}
END_TEST

/* Types 1 and 3: the holder alone; 5 and 6: whoever registered; 7 and 8: they all hold it. */
static const struct {
    uint8_t type;
    bool registrants, all;
} types[] = { { 1, false, false }, { 3, false, false }, { 5, true, false },
              { 6, true, false },  { 7, true, true },   { 8, true, true } };

START_TEST(persistent_reservations)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    persistent(h, OTHER, RESERVE, types[_i].type, OTHER_KEY, 0);
    expect_good(h);
    host_rewind(h);
    h->nexus = HOST;
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0));
    if (types[_i].registrants) {
        expect_good(h);
    } else {
        expect_conflict(h);
    }
    host_send(h, TEST_UNIT_READY);
    expect_good(h);
    host_send(h, CDB(0x5e, 0x03, 0, 0, 0, 0, 0, 1, 0, 0)); /* full status: both */
    expect_good(h);
    ck_assert_uint_eq(h->task.in->len, 8 + 2 * 24);
    ck_assert_uint_eq(h->task.in->data[8 + 12], types[_i].all ? 1 : 0);
    ck_assert_uint_eq(h->task.in->data[8 + 24 + 12], 1);
    host_send(h, CDB(0x5e, 0x00, 0, 0, 0, 0, 0, 1, 0, 0));
    expect_data(h, "\0\0\0\2\0\0\0\x10\0\0\0\0\0\0\x11\x11\0\0\0\0\0\0\x22\x22", 24);
    persistent(h, HOST, RESERVE, types[_i].type == 1 ? 3 : 1, HOST_KEY, 0);
    expect_conflict(h);
    persistent(h, HOST, REGISTER, 0, HOST_KEY, 0); /* one who is not registered is kept out */
    expect_good(h);
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0));
    expect_conflict(h);
}
END_TEST

/* Who is let past what: SPC-4 table 65, and for a tape's own commands reading is shared, as the
 * types of SPC-4 § 6.15.3.4 have it. All else conflicts with everything. */
enum { RESERVED = 1, WRITE_EXCLUSIVE = 2, EXCLUSIVE_ACCESS = 4 };

static unsigned lets_past(uint8_t opcode, int service_action)
{
    enum { ANY = RESERVED | WRITE_EXCLUSIVE | EXCLUSIVE_ACCESS };
    static const struct {
        uint8_t opcode;
        int service_action; /* -1: all */
        unsigned past;
    } rows[] = {
        { 0x00, -1, WRITE_EXCLUSIVE | EXCLUSIVE_ACCESS },
        { 0x01, -1, WRITE_EXCLUSIVE },
        { 0x03, -1, ANY },
        { 0x05, -1, ANY },
        { 0x08, -1, WRITE_EXCLUSIVE },
        { 0x0f, -1, WRITE_EXCLUSIVE },
        { 0x11, -1, WRITE_EXCLUSIVE },
        { 0x12, -1, ANY },
        { 0x13, -1, WRITE_EXCLUSIVE },
        { 0x1a, -1, WRITE_EXCLUSIVE },
        { 0x1c, -1, WRITE_EXCLUSIVE },
        { 0x1e, -1, ANY }, /* which allows */
        { 0x2b, -1, WRITE_EXCLUSIVE },
        { 0x34, -1, WRITE_EXCLUSIVE },
        { 0x3c, -1, WRITE_EXCLUSIVE },
        { 0x44, -1, ANY },
        { 0x4d, -1, ANY },
        { 0x5a, -1, WRITE_EXCLUSIVE },
        { 0x81, -1, WRITE_EXCLUSIVE },
        { 0x88, -1, WRITE_EXCLUSIVE },
        { 0x8c, -1, WRITE_EXCLUSIVE },
        { 0x8f, -1, WRITE_EXCLUSIVE },
        { 0x91, -1, WRITE_EXCLUSIVE },
        { 0x92, -1, WRITE_EXCLUSIVE },
        { 0xa0, -1, ANY },
        { 0xa3, 0x0c, WRITE_EXCLUSIVE },
        { 0xa3, -1, ANY },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].opcode == opcode &&
            (rows[i].service_action == -1 || rows[i].service_action == service_action)) {
            return rows[i].past;
        }
    }
    return 0;
}

static bool reserves(const SscRow *row)
{
    static const uint8_t opcodes[] = { 0x16, 0x17, 0x56, 0x57, 0x5e, 0x5f };

    return memchr(opcodes, row->command->opcode, sizeof opcodes) != NULL;
}

static const struct {
    uint8_t type; /* 0: RESERVE(6) */
    unsigned what;
    bool registered; /* the one who is to be kept out */
    bool all;        /* and yet may do everything */
} held_by_another[] = {
    { 0, RESERVED, false, false },         { 1, WRITE_EXCLUSIVE, false, false },
    { 1, WRITE_EXCLUSIVE, true, false },   { 3, EXCLUSIVE_ACCESS, false, false },
    { 3, EXCLUSIVE_ACCESS, true, false },  { 5, WRITE_EXCLUSIVE, false, false },
    { 5, WRITE_EXCLUSIVE, true, true },    { 6, EXCLUSIVE_ACCESS, false, false },
    { 6, EXCLUSIVE_ACCESS, true, true },   { 7, WRITE_EXCLUSIVE, false, false },
    { 8, EXCLUSIVE_ACCESS, false, false },
};

START_TEST(each_command_conflicts_with_what_it_should)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        g_autoptr(ScsiHost) h = NULL;
        uint8_t cdb[SCSI_CDB_MAX] = { rows[i].command->opcode,
                                      (uint8_t)MAX(rows[i].command->service_action, 0) };
        bool past = held_by_another[_i].all ||
                    (lets_past(rows[i].command->opcode, rows[i].command->service_action) &
                     held_by_another[_i].what);

        if (reserves(&rows[i])) {
            continue;
        }
        h = two_hosts(held_by_another[_i].type != 0);
        if (held_by_another[_i].type == 0) {
            host_send(h, CDB(0x16, 0, 0, 0, 0, 0));
        } else {
            if (!held_by_another[_i].registered) {
                persistent(h, HOST, REGISTER, 0, HOST_KEY, 0);
            }
            persistent(h, OTHER, RESERVE, held_by_another[_i].type, OTHER_KEY, 0);
        }
        expect_good(h);
        h->nexus = HOST;
        host_send(h, cdb, rows[i].command->length);
        ck_assert_msg((h->task.status != SCSI_RESERVATION_CONFLICT) == past, "%s, type %u",
                      rows[i].command->name, held_by_another[_i].type);
    }
}
END_TEST

/* PREVENT ALLOW MEDIUM REMOVAL that prevents keeps the holder from his cartridge. */
START_TEST(preventing_conflicts_and_allowing_does_not)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    persistent(h, OTHER, RESERVE, 1, OTHER_KEY, 0);
    expect_good(h);
    h->nexus = HOST;
    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    expect_conflict(h);
    host_send(h, CDB(0x1e, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(preempting_takes_it_over)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    persistent(h, OTHER, RESERVE, 3, OTHER_KEY, 0);
    expect_good(h);
    persistent(h, HOST, PREEMPT, 3, HOST_KEY, 0x9999);
    expect_conflict(h);
    persistent(h, HOST, PREEMPT, 3, HOST_KEY, OTHER_KEY);
    expect_good(h);
    host_rewind(h);
    host_send(h, CDB(0x5e, 0x00, 0, 0, 0, 0, 0, 1, 0, 0));
    expect_data(h, "\0\0\0\3\0\0\0\x08\0\0\0\0\0\0\x11\x11", 16);
    h->nexus = OTHER;
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    expect_conflict(h);
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_REGISTRATIONS_PREEMPTED);
}
END_TEST

START_TEST(anothers_reservation_is_not_released)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    persistent(h, OTHER, RESERVE, 1, OTHER_KEY, 0);
    persistent(h, HOST, RELEASE, 1, HOST_KEY, 0);
    expect_good(h);
    host_send(h, CDB(0x10, 0, 0, 0, 0, 0));
    expect_conflict(h);
    persistent(h, OTHER, REGISTER, 0, OTHER_KEY, 0); /* a holder takes it along */
    expect_good(h);
    h->nexus = HOST;
    host_rewind(h);
}
END_TEST

/* Who prevents removal allows it; the other's word counts for nothing (SPC-3 § 6.13). */
START_TEST(each_prevents_removal)
{
    g_autoptr(ScsiHost) h = two_hosts(false);

    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    h->nexus = HOST;
    host_send(h, CDB(0x1e, 0, 0, 0, 0, 0));
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_REMOVAL_PREVENTED);
    h->nexus = OTHER;
    host_send(h, CDB(0x1e, 0, 0, 0, 0, 0));
    h->nexus = HOST;
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

/* SPC-3 § 5.6.10.5: what the one preempted prevented is prevented no more. */
START_TEST(preempt_and_abort_lets_the_cartridge_go)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    expect_good(h);
    persistent(h, HOST, (uint8_t)_i, 1, HOST_KEY, OTHER_KEY);
    expect_good(h);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    if (_i == PREEMPT_AND_ABORT) {
        expect_good(h);
    } else {
        expect_sense(h, SENSE_REMOVAL_PREVENTED);
    }
}
END_TEST

/* SPC-3 § 5.6.10.3: who stays registered hears that the reservation is of another type. */
START_TEST(another_type_is_told)
{
    g_autoptr(ScsiHost) h = two_hosts(true);

    persistent(h, HOST, RESERVE, 1, HOST_KEY, 0);
    expect_good(h);
    persistent(h, HOST, PREEMPT, 3, HOST_KEY, HOST_KEY);
    expect_good(h);
    h->nexus = OTHER;
    host_send(h, TEST_UNIT_READY);
    expect_sense(h, SENSE_RESERVATIONS_RELEASED);
}
END_TEST

TCase *make_ssc_nexus_tcase(void)
{
    TCase *tcase = tcase_create("nexus");

    tcase_add_loop_test(tcase, the_other_one_is_told, 0, G_N_ELEMENTS(deeds));
    tcase_add_loop_test(tcase, request_sense_takes_it, 0, G_N_ELEMENTS(deeds));
    tcase_add_test(tcase, nothing_changed_nothing_told);
    tcase_add_test(tcase, by_priority);
    tcase_add_loop_test(tcase, everybody_is_told_of_resets, 0, 4);
    tcase_add_test(tcase, each_has_its_own_sense);
    tcase_add_loop_test(tcase, reserve_keeps_others_out, 0, 2);
    tcase_add_test(tcase, a_conflict_comes_before_an_attention);
    tcase_add_loop_test(tcase, persistent_reservations, 0, G_N_ELEMENTS(types));
    tcase_add_loop_test(tcase, each_command_conflicts_with_what_it_should, 0,
                        G_N_ELEMENTS(held_by_another));
    tcase_add_test(tcase, preventing_conflicts_and_allowing_does_not);
    tcase_add_test(tcase, preempting_takes_it_over);
    tcase_add_test(tcase, anothers_reservation_is_not_released);
    tcase_add_test(tcase, each_prevents_removal);
    tcase_add_loop_test(tcase, preempt_and_abort_lets_the_cartridge_go, PREEMPT,
                        PREEMPT_AND_ABORT + 1);
    tcase_add_test(tcase, another_type_is_told);
    return tcase;
}
