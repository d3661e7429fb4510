/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations of both kinds, as the one initiator of the bus sees them. */
#include "emu/base/bytes.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_reserve_tcase(void);

enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_AND_IGNORE };
enum { KEYS, RESERVATION, CAPABILITIES, FULL_STATUS };

#define KEY 0x1122334455667788u

static void out_with(ScsiHost *h, uint8_t action, uint8_t scope_type, uint64_t key,
                     uint64_t action_key, uint8_t flags)
{
    uint8_t list[24] = { 0 };

    put_be64(list, key);
    put_be64(list + 8, action_key);
    list[20] = flags;
    host_send_data(h, list, sizeof list, CDB(0x5f, action, scope_type, 0, 0, 0, 0, 0, 24, 0));
}

static void out(ScsiHost *h, uint8_t action, uint8_t type, uint64_t key, uint64_t action_key)
{
    out_with(h, action, type, key, action_key, 0);
}

static void in(ScsiHost *h, uint8_t action)
{
    host_send(h, CDB(0x5e, action, 0, 0, 0, 0, 0, 0x01, 0, 0));
}

static void expect_conflict(ScsiHost *h)
{
    host_expect_status(h, SCSI_RESERVATION_CONFLICT, __FILE__, __LINE__);
    ck_assert_uint_eq(h->task.sense_length, 0);
    ck_assert_uint_eq(h->task.in->len, 0);
}

/* Generation, then the key and type that are held; type 0: no reservation, key 0: no key. */
static void expect_state(ScsiHost *h, uint32_t generation, uint64_t key, uint8_t type)
{
    in(h, KEYS);
    expect_good(h);
    ck_assert_uint_eq(get_be32(h->task.in->data), generation);
    ck_assert_uint_eq(get_be32(h->task.in->data + 4), key ? 8 : 0);
    ck_assert_uint_eq(h->task.in->len, key ? 16 : 8);
    ck_assert(!key || get_be64(h->task.in->data + 8) == key);
    in(h, RESERVATION);
    expect_good(h);
    ck_assert_uint_eq(get_be32(h->task.in->data), generation);
    ck_assert_uint_eq(h->task.in->len, type ? 24 : 8);
    if (type) {
        ck_assert_uint_eq(get_be64(h->task.in->data + 8), type >= 7 ? 0 : key);
        ck_assert_uint_eq(h->task.in->data[21], type);
    }
}

START_TEST(one_key_at_a_time)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    expect_state(h, 0, 0, 0);
    out(h, REGISTER, 0, 0, 0); /* nothing to do */
    expect_good(h);
    expect_state(h, 0, 0, 0);
    out(h, REGISTER, 0, 5, KEY); /* who has no key names none */
    expect_conflict(h);
    out(h, REGISTER, 0, 0, KEY);
    expect_good(h);
    expect_state(h, 1, KEY, 0);
    out(h, REGISTER, 0, 0, 7); /* who has one names it */
    expect_conflict(h);
    out(h, REGISTER, 0, KEY, 7);
    expect_good(h);
    expect_state(h, 2, 7, 0);
    out(h, REGISTER_AND_IGNORE, 0, 0xdead, KEY);
    expect_good(h);
    expect_state(h, 3, KEY, 0);
    out(h, REGISTER, 0, KEY, 0);
    expect_good(h);
    expect_state(h, 4, 0, 0);
}
END_TEST

START_TEST(reserve_and_release)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    out(h, RESERVE, 1, 0, 0); /* not registered */
    expect_conflict(h);
    out(h, REGISTER, 0, 0, KEY);
    out(h, RESERVE, 1, 5, 0); /* not that key */
    expect_conflict(h);
    out(h, RESERVE, 1, KEY, 0);
    expect_good(h);
    expect_state(h, 1, KEY, 1); /* the generation counts registrations */
    out(h, RESERVE, 1, KEY, 0);
    expect_good(h);
    out(h, RESERVE, 3, KEY, 0); /* held already, as another type */
    expect_conflict(h);
    host_write(h, "mine", 4);
    out(h, RELEASE, 3, KEY, 0);
    expect_sense(h, SENSE_INVALID_RELEASE);
    out(h, RELEASE, 1, 5, 0);
    expect_conflict(h);
    out(h, RELEASE, 1, KEY, 0);
    expect_good(h);
    expect_state(h, 1, KEY, 0);
    out(h, RELEASE, 1, KEY, 0); /* nothing is held: done */
    expect_good(h);
}
END_TEST

START_TEST(types_and_scopes)
{
    static const bool known[16] = {
        [1] = true, [3] = true, [5] = true, [6] = true, [7] = true, [8] = true
    };
    static const uint8_t actions[] = { RESERVE, PREEMPT, PREEMPT_AND_ABORT };
    g_autoptr(ScsiHost) h = host_new(NULL);

    out(h, REGISTER, 0, 0, KEY);
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (known[_i]) {
            out(h, RESERVE, (uint8_t)_i, KEY, 0);
            expect_good(h);
            expect_state(h, 1, KEY, (uint8_t)_i);
            out(h, RELEASE, (uint8_t)_i, KEY, 0);
            expect_good(h);
        } else {
            out(h, actions[i], (uint8_t)_i, KEY, KEY);
            expect_field(h, 2, 3);
        }
        out(h, actions[i], (uint8_t)(0x10 | _i), KEY, KEY);
        expect_field(h, 2, 7);
        ck_assert_uint_eq(h->data_phases, 0);
    }
    in(h, CAPABILITIES);
    expect_data(h, "\0\x08\0\x80\xea\1\0\0", 8);
    ck_assert(_i == 0 || ((0x01ea >> _i) & 1) == known[_i]);
}
END_TEST

START_TEST(unregistering_releases)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    out(h, REGISTER, 0, 0, KEY);
    out(h, RESERVE, (uint8_t)_i, KEY, 0);
    expect_good(h);
    out(h, REGISTER, 0, KEY, 0);
    expect_good(h);
    expect_state(h, 2, 0, 0);
}
END_TEST

START_TEST(clear)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    out(h, CLEAR, 0, 0, 0);
    expect_conflict(h);
    out(h, REGISTER, 0, 0, KEY);
    out(h, RESERVE, 3, KEY, 0);
    out(h, CLEAR, 0, 5, 0);
    expect_conflict(h);
    out(h, CLEAR, 0, KEY, 0);
    expect_good(h);
    expect_state(h, 2, 0, 0);
    host_send(h, CDB(0x03, 0, 0, 0, 18, 0)); /* no unit attention: it is the host's own doing */
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[2], 0);
}
END_TEST

/* PREEMPT by the only host there is. */
static const struct {
    uint8_t held;    /* type, 0: none */
    uint64_t victim; /* SERVICE ACTION RESERVATION KEY */
    enum { TAKES, LEAVES, CONFLICTS, WRONG } result;
} preempts[] = {
    { 0, KEY, LEAVES },  { 3, KEY, TAKES },   { 7, KEY, LEAVES },
    { 7, 0, TAKES },     { 0, 0, WRONG },     { 3, 0, WRONG },
    { 0, 9, CONFLICTS }, { 3, 9, CONFLICTS }, { 8, 9, CONFLICTS },
};

START_TEST(preempting_oneself)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    uint8_t held = preempts[_i].held;

    for (uint8_t action = PREEMPT; action <= PREEMPT_AND_ABORT; action++) {
        h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
        host_clear_attentions(h);
        out(h, action, 5, KEY, KEY);
        expect_conflict(h);
        out(h, REGISTER, 0, 0, KEY);
        if (held) {
            out(h, RESERVE, held, KEY, 0);
            expect_good(h);
        }
        out(h, action, 5, KEY, preempts[_i].victim);
        switch (preempts[_i].result) {
        case TAKES:
            expect_good(h);
            expect_state(h, 2, KEY, 5);
            break;
        case LEAVES:
            expect_good(h);
            expect_state(h, 2, 0, 0);
            break;
        case CONFLICTS:
            expect_conflict(h);
            expect_state(h, 1, KEY, held);
            break;
        case WRONG:
            expect_parameter(h, 8, -1);
            expect_state(h, 1, KEY, held);
            break;
        }
    }
}
END_TEST

/* SPC-3 § 5.6.10.5: PREEMPT AND ABORT ends the prevention of the registrant that it removes. */
START_TEST(preempt_and_abort_ends_prevention)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    out(h, REGISTER, 0, 0, KEY);
    expect_good(h);
    host_send(h, CDB(0x1e, 0, 0, 0, 1, 0));
    expect_good(h);
    out(h, (uint8_t)_i, 1, KEY, KEY);
    expect_good(h);
    expect_state(h, 2, 0, 0);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    if (_i == PREEMPT_AND_ABORT) {
        expect_good(h);
    } else {
        expect_sense(h, SENSE_REMOVAL_PREVENTED);
    }
}
END_TEST

/* A reset before the cartridge, whatever came first. */
START_TEST(attentions_by_priority)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);
    TapeMedium *medium;

    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECTED);
    medium_free(medium);
    host_insert(h, NULL);
    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_BUS_RESET);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_sense(h, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(full_status)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    in(h, FULL_STATUS);
    expect_data(h, "\0\0\0\0\0\0\0\0", 8);
    out(h, REGISTER, 0, 0, KEY);
    in(h, FULL_STATUS);
    expect_data(
        h, "\0\0\0\1\0\0\0\x18\x11\x22\x33\x44\x55\x66\x77\x88\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0",
        32);
    out(h, RESERVE, 6, KEY, 0);
    in(h, FULL_STATUS);
    ck_assert_uint_eq(h->task.in->data[20], 1); /* R_HOLDER */
    ck_assert_uint_eq(h->task.in->data[21], 6);
}
END_TEST

/* What this drive does not do is refused, not swallowed: APTPL above all. */
static const struct {
    uint8_t flags;
    int bit;
} refused[] = { { 0x01, 0 }, { 0x04, 2 }, { 0x08, 3 } };

START_TEST(flags_that_are_not_honoured)
{
    static const uint8_t actions[] = { REGISTER, REGISTER_AND_IGNORE };
    g_autoptr(ScsiHost) h = host_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
        out_with(h, actions[i], 0, 0, KEY, refused[_i].flags);
        expect_parameter(h, 20, refused[_i].bit);
        expect_state(h, 0, 0, 0);
    }
}
END_TEST

START_TEST(lists_of_another_length)
{
    static const uint8_t lengths[] = { 0, 1, 23, 25 };
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, CDB(0x5f, (uint8_t)_i, 1, 0, 0, 0, 0, 0, lengths[_i % 4], 0));
    expect_sense(h, SENSE_PARAMETER_LIST_LENGTH_ERROR);
    ck_assert_uint_eq(h->data_phases, 0);
    host_send(h, CDB(0x5f, 7, 1, 0, 0, 0, 0, 0, 24, 0)); /* REGISTER AND MOVE: where to? */
    expect_field(h, 1, 4);
}
END_TEST

START_TEST(the_two_kinds_do_not_mix)
{
    static const uint8_t reserve[] = { 0x16, 0x56 }, release[] = { 0x17, 0x57 };
    g_autoptr(ScsiHost) h = host_new(NULL);

    host_send(h, CDB(reserve[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    for (uint8_t action = KEYS; action <= FULL_STATUS; action++) {
        in(h, action);
        expect_conflict(h);
    }
    for (uint8_t action = REGISTER; action <= REGISTER_AND_IGNORE; action++) {
        out(h, action, 1, 0, KEY);
        expect_conflict(h);
    }
    host_send(h, CDB(release[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_good(h);
    out(h, REGISTER, 0, 0, KEY);
    expect_good(h);
    host_send(h, CDB(reserve[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_conflict(h);
    host_send(h, CDB(release[_i], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_conflict(h);
}
END_TEST

START_TEST(what_a_reset_does_to_reservations)
{
    g_autoptr(ScsiHost) h = host_new(NULL);
    ScsiReset kind = (ScsiReset)_i;

    host_send(h, CDB(0x16, 0, 0, 0, 0, 0));
    h->target->ops->reset(h->target, kind);
    host_clear_attentions(h);
    in(h, KEYS);
    if (kind == SCSI_RESET_TRANSPORT) { /* Bulk-Only's reset touches the transport alone */
        expect_conflict(h);
        host_send(h, CDB(0x17, 0, 0, 0, 0, 0));
    }
    out(h, REGISTER, 0, 0, KEY);
    out(h, RESERVE, 1, KEY, 0);
    h->target->ops->reset(h->target, kind);
    host_clear_attentions(h);
    if (kind == SCSI_RESET_POWER_ON) {
        expect_state(h, 0, 0, 0);
    } else {
        expect_state(h, 1, KEY, 1);
    }
}
END_TEST

/* 2A/01, 2A/02, 2A/03, 2A/10 tell other initiators, and on this bus there is none. */
START_TEST(nobody_is_told_of_what_he_did_himself)
{
    g_autoptr(ScsiHost) h = host_new_loaded(NULL, NULL);

    host_set_block(h, 0x10, 512);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send(h, CDB(0x4c, 0x02, 0, 0, 0, 0, 0, 0, 0, 0)); /* LOG SELECT, PCR */
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
    host_send_data(h, "\0\0\0\0\1\x8f\0\0\0\0\0\0", 12,
                   CDB(0xa4, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0));
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
    out(h, REGISTER, 0, 0, KEY);
    out(h, RESERVE, 3, KEY, 0);
    out(h, PREEMPT, 1, KEY, KEY);
    expect_good(h);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    expect_good(h);
}
END_TEST

START_TEST(sense_tells_a_conflict_to_a_bus_without_status)
{
    g_autoptr(ScsiHost) h = host_new(NULL);

    out(h, RESERVE, 1, KEY, 0);
    expect_conflict(h);
    host_send(h, CDB(0x03, 0, 0, 0, 18, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[2], 0x05);
    ck_assert_uint_eq(h->task.in->data[12], scsi_sense_asc(SENSE_PREVIOUS_RESERVATION_CONFLICT));
    ck_assert_uint_eq(h->task.in->data[13], scsi_sense_ascq(SENSE_PREVIOUS_RESERVATION_CONFLICT));
}
END_TEST

TCase *make_ssc_reserve_tcase(void)
{
    TCase *tcase = tcase_create("reserve");

    tcase_add_test(tcase, one_key_at_a_time);
    tcase_add_test(tcase, reserve_and_release);
    tcase_add_loop_test(tcase, types_and_scopes, 0, 16);
    tcase_add_loop_test(tcase, unregistering_releases, 5, 9);
    tcase_add_test(tcase, clear);
    tcase_add_loop_test(tcase, preempting_oneself, 0, G_N_ELEMENTS(preempts));
    tcase_add_test(tcase, full_status);
    tcase_add_loop_test(tcase, flags_that_are_not_honoured, 0, G_N_ELEMENTS(refused));
    tcase_add_loop_test(tcase, lists_of_another_length, 0, 7);
    tcase_add_loop_test(tcase, the_two_kinds_do_not_mix, 0, 2);
    tcase_add_loop_test(tcase, what_a_reset_does_to_reservations, 0, 4);
    tcase_add_test(tcase, nobody_is_told_of_what_he_did_himself);
    tcase_add_test(tcase, sense_tells_a_conflict_to_a_bus_without_status);
    tcase_add_loop_test(tcase, preempt_and_abort_ends_prevention, PREEMPT, PREEMPT_AND_ABORT + 1);
    tcase_add_test(tcase, attentions_by_priority);
    return tcase;
}
