/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RESERVE and RELEASE (SPC-2 § 7.21, 7.16), PERSISTENT RESERVE IN and OUT (SPC-3 § 6.11, 6.12).
 *
 * This bus has one initiator. So no reservation excludes a host, and no unit attention reports a
 * change to others. REGISTER AND MOVE has no other initiator to move to and is not in the table.
 */
#include "emu/ssc/commands/cmd-reserve.h"

#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* TYPE field (SPC-3 table 33), and the bits of REPORT CAPABILITIES for them. */
#define PREEMPT_AND_ABORT     0x05 /* service action */
#define ALL_REGISTRANTS_FIRST 0x07 /* held by each of them */
#define TYPES_BYTE_4          0xea /* 1, 3, 5, 6, 7 */
#define TYPES_BYTE_5          0x01 /* 8 */

/* The parameter list of PERSISTENT RESERVE OUT. */
enum {
    LIST_KEY = 0,
    LIST_ACTION_KEY = 8,
    LIST_FLAGS = 20,
    LIST_LENGTH = 24,
};
#define SPEC_I_PT 0x08
#define ALL_TG_PT 0x04
#define APTPL     0x01

Outcome ssc_reserve(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (r->registered) { /* CRH = 0: the two kinds do not mix */
        return ssc_reservation_conflict();
    }
    r->reserved = true;
    return ssc_good();
}

/* A release without a reservation succeeds. */
Outcome ssc_release(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (r->registered) {
        return ssc_reservation_conflict();
    }
    r->reserved = false;
    return ssc_good();
}

static Outcome reply_persistent(SscCommand *c)
{
    return ssc_reply(c, get_be16(c->cdb + 7));
}

/* PRGENERATION and ADDITIONAL LENGTH, which begin three of the four answers. */
static void put_header(SscCommand *c, uint32_t length)
{
    byte_writer_be32(&c->reply, c->drive->reservation.generation);
    byte_writer_be32(&c->reply, length);
}

Outcome ssc_persistent_read_keys(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, r->registered ? 8 : 0);
    if (r->registered) {
        byte_writer_be64(&c->reply, r->key);
    }
    return reply_persistent(c);
}

/* All registrants hold a reservation of types 7 and 8. It has no key of its own (SPC-3 § 6.11.3).
 */
Outcome ssc_persistent_read_reservation(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, r->type ? 16 : 0);
    if (r->type) {
        byte_writer_be64(&c->reply, r->type >= ALL_REGISTRANTS_FIRST ? 0 : r->key);
        byte_writer_fill(&c->reply, 0, 5);
        byte_writer_u8(&c->reply, r->type); /* SCOPE 0: the logical unit */
        byte_writer_be16(&c->reply, 0);
    }
    return reply_persistent(c);
}

Outcome ssc_persistent_report_capabilities(SscCommand *c)
{
    if (c->drive->reservation.reserved) {
        return ssc_reservation_conflict();
    }
    byte_writer_be16(&c->reply, 8);
    byte_writer_u8(&c->reply, 0);    /* CRH, SIP_C, ATP_C, PTPL_C: none of them */
    byte_writer_u8(&c->reply, 0x80); /* TMV: the types that follow */
    byte_writer_u8(&c->reply, TYPES_BYTE_4);
    byte_writer_u8(&c->reply, TYPES_BYTE_5);
    byte_writer_be16(&c->reply, 0);
    return reply_persistent(c);
}

/* No TransportID is defined for USB: the descriptor ends where it would begin. */
Outcome ssc_persistent_read_full_status(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, r->registered ? 24 : 0);
    if (r->registered) {
        byte_writer_be64(&c->reply, r->key);
        byte_writer_fill(&c->reply, 0, 4);
        byte_writer_u8(&c->reply, r->type ? 0x01 : 0x00); /* R_HOLDER */
        byte_writer_u8(&c->reply, r->type);
        byte_writer_be32(&c->reply, 0);
        byte_writer_be16(&c->reply, SSC_TARGET_PORT);
        byte_writer_be32(&c->reply, 0);
    }
    return reply_persistent(c);
}

/* Takes the parameter list; its length leaves no choice. */
static Outcome take_list(SscCommand *c, SscHandler act)
{
    if (c->drive->reservation.reserved) {
        return ssc_reservation_conflict();
    }
    return get_be32(c->cdb + 5) == LIST_LENGTH ? ssc_move_data(LIST_LENGTH, act)
                                               : ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

static const uint8_t *list_of(const SscCommand *c)
{
    return g_bytes_get_data(c->task->out, NULL);
}

/* True if the host is registered by that key. */
static bool key_fits(const SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    return r->registered && r->key == get_be64(list_of(c) + LIST_KEY);
}

/* The only registration goes, and the persistent reservation with it. */
static void unregister(SscReservation *r)
{
    r->registered = false;
    r->key = 0;
    r->type = 0;
}

static Outcome set_key(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;
    const uint8_t *list = list_of(c);
    uint64_t key = get_be64(list + LIST_ACTION_KEY);

    if (list[LIST_FLAGS] & SPEC_I_PT) { /* the bus has no other initiator */
        return ssc_illegal_parameter(LIST_FLAGS, 3);
    }
    if (list[LIST_FLAGS] & ALL_TG_PT) {
        return ssc_illegal_parameter(LIST_FLAGS, 2);
    }
    if (list[LIST_FLAGS] & APTPL) { /* no registration survives loss of power */
        return ssc_illegal_parameter(LIST_FLAGS, 0);
    }
    if (key == 0 && !r->registered) {
        return ssc_good();
    }
    if (key == 0) {
        unregister(r);
    } else {
        r->registered = true;
        r->key = key;
    }
    r->generation++;
    return ssc_good();
}

/* An initiator without a registration sends key 0, a registered one its key. */
static Outcome do_register(SscCommand *c)
{
    bool fits =
        c->drive->reservation.registered ? key_fits(c) : get_be64(list_of(c) + LIST_KEY) == 0;

    return fits ? set_key(c) : ssc_reservation_conflict();
}

Outcome ssc_persistent_register(SscCommand *c)
{
    return take_list(c, do_register);
}

Outcome ssc_persistent_register_and_ignore(SscCommand *c)
{
    return take_list(c, set_key);
}

/* Checks SCOPE and TYPE. */
static Outcome check_type(const SscCommand *c)
{
    unsigned type = c->cdb[2] & 0x0f;

    if (c->cdb[2] >> 4 != 0) { /* the logical unit is all that can be reserved */
        return ssc_illegal_field(2, 7);
    }
    return type <= 8 && ((TYPES_BYTE_5 << 8 | TYPES_BYTE_4) >> type & 1) ? ssc_good()
                                                                         : ssc_illegal_field(2, 3);
}

static Outcome do_reserve(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;
    uint8_t type = c->cdb[2] & 0x0f;

    if (!key_fits(c) || (r->type && r->type != type)) {
        return ssc_reservation_conflict();
    }
    r->type = type;
    return ssc_good();
}

Outcome ssc_persistent_reserve(SscCommand *c)
{
    Outcome outcome = check_type(c);

    return ssc_outcome_is_good(&outcome) ? take_list(c, do_reserve) : outcome;
}

static Outcome do_release(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (!key_fits(c)) {
        return ssc_reservation_conflict();
    }
    if (r->type && r->type != c->cdb[2]) { /* SCOPE 0 and TYPE */
        return ssc_check(SENSE_INVALID_RELEASE);
    }
    r->type = 0;
    return ssc_good();
}

Outcome ssc_persistent_release(SscCommand *c)
{
    return take_list(c, do_release);
}

/* SPC-3 § 5.6.9.6 */
static Outcome do_clear(SscCommand *c)
{
    if (!key_fits(c)) {
        return ssc_reservation_conflict();
    }
    unregister(&c->drive->reservation);
    c->drive->reservation.generation++;
    return ssc_good();
}

Outcome ssc_persistent_clear(SscCommand *c)
{
    return take_list(c, do_clear);
}

/*
 * SPC-3 § 5.6.10, by the only registrant. A reservation of its own key (or 0, if all registrants
 * hold it) gets the new type, and the host stays registered. Otherwise its registration goes.
 */
static Outcome do_preempt(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;
    uint64_t victim = get_be64(list_of(c) + LIST_ACTION_KEY);
    bool all_registrants = r->type >= ALL_REGISTRANTS_FIRST;

    if (!key_fits(c)) {
        return ssc_reservation_conflict();
    }
    if (victim == 0 && !all_registrants) {
        return ssc_illegal_parameter(LIST_ACTION_KEY, -1);
    }
    if (victim != 0 && victim != r->key) {
        return ssc_reservation_conflict();
    }
    if (victim == 0 || (r->type && !all_registrants)) {
        r->type = c->cdb[2] & 0x0f;
    } else {
        unregister(r);
        if (c->row->command->service_action == PREEMPT_AND_ABORT) { /* SPC-3 § 5.6.10.5 */
            c->drive->cartridge.prevented = false;
        }
    }
    r->generation++;
    return ssc_good();
}

/* PREEMPT AND ABORT has no other task to abort. */
Outcome ssc_persistent_preempt(SscCommand *c)
{
    Outcome outcome = check_type(c);

    return ssc_outcome_is_good(&outcome) ? take_list(c, do_preempt) : outcome;
}
