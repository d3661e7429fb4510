/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RESERVE and RELEASE (SPC-2 § 7.21, 7.16), PERSISTENT RESERVE IN and OUT (SPC-3 § 6.11, 6.12).
 *
 * The bus has one initiator, so one I_T nexus: nobody is ever kept out, no reservation is ever
 * preempted from somebody else, and no unit attention follows from any of this. What is left is
 * what one host can see: its key, its reservation, the generation, and the conflicts between the
 * two kinds of reservation or with a wrong key. REGISTER AND MOVE has nowhere to move to and is not
 * in the table.
 */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

/* TYPE field (SPC-3 table 33), and the bits of REPORT CAPABILITIES for them. */
#define ALL_REGISTRANTS_FIRST 0x07
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

static bool holds(const SscReservation *r)
{
    return r->type != 0;
}

Outcome reserve(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (r->registered) { /* CRH = 0: the two kinds do not mix */
        return conflict();
    }
    r->reserved = true;
    return good();
}

/* Releasing what is not reserved is done already. */
Outcome release(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (r->registered) {
        return conflict();
    }
    r->reserved = false;
    return good();
}

static Outcome reply_persistent(SscCommand *c)
{
    return reply(c, get_be16(c->cdb + 7));
}

/* PRGENERATION and ADDITIONAL LENGTH, which begin three of the four answers. */
static void put_header(SscCommand *c, uint32_t length)
{
    byte_writer_be32(&c->reply, c->drive->reservation.generation);
    byte_writer_be32(&c->reply, length);
}

Outcome persistent_read_keys(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return conflict();
    }
    put_header(c, r->registered ? 8 : 0);
    if (r->registered) {
        byte_writer_be64(&c->reply, r->key);
    }
    return reply_persistent(c);
}

/* All registrants hold a reservation of types 7 and 8: its key is then none's (SPC-3 § 6.11.3). */
Outcome persistent_read_reservation(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return conflict();
    }
    put_header(c, holds(r) ? 16 : 0);
    if (holds(r)) {
        byte_writer_be64(&c->reply, r->type >= ALL_REGISTRANTS_FIRST ? 0 : r->key);
        byte_writer_fill(&c->reply, 0, 5);
        byte_writer_u8(&c->reply, r->type); /* SCOPE 0: the logical unit */
        byte_writer_be16(&c->reply, 0);
    }
    return reply_persistent(c);
}

Outcome persistent_report_capabilities(SscCommand *c)
{
    if (c->drive->reservation.reserved) {
        return conflict();
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
Outcome persistent_read_full_status(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return conflict();
    }
    put_header(c, r->registered ? 24 : 0);
    if (r->registered) {
        byte_writer_be64(&c->reply, r->key);
        byte_writer_fill(&c->reply, 0, 4);
        byte_writer_u8(&c->reply, holds(r) ? 0x01 : 0x00); /* R_HOLDER */
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
        return conflict();
    }
    return get_be32(c->cdb + 5) == LIST_LENGTH ? move_data(LIST_LENGTH, act)
                                               : check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

static const uint8_t *list_of(const SscCommand *c)
{
    return g_bytes_get_data(c->task->out, NULL);
}

/* Is the host registered, and by that key? */
static bool key_fits(const SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    return r->registered && r->key == get_be64(list_of(c) + LIST_KEY);
}

/* The last registration takes the reservation with it. */
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

    if (list[LIST_FLAGS] & SPEC_I_PT) { /* there is no other initiator to speak for */
        return illegal_parameter(LIST_FLAGS, 3);
    }
    if (list[LIST_FLAGS] & ALL_TG_PT) {
        return illegal_parameter(LIST_FLAGS, 2);
    }
    if (list[LIST_FLAGS] & APTPL) { /* nothing outlives loss of power */
        return illegal_parameter(LIST_FLAGS, 0);
    }
    if (key == 0 && !r->registered) {
        return good();
    }
    if (key == 0) {
        unregister(r);
    } else {
        r->registered = true;
        r->key = key;
    }
    r->generation++;
    return good();
}

/* Who has no key yet names none; who has one names it. */
static Outcome do_register(SscCommand *c)
{
    bool fits =
        c->drive->reservation.registered ? key_fits(c) : get_be64(list_of(c) + LIST_KEY) == 0;

    return fits ? set_key(c) : conflict();
}

Outcome persistent_register(SscCommand *c)
{
    return take_list(c, do_register);
}

Outcome persistent_register_and_ignore(SscCommand *c)
{
    return take_list(c, set_key);
}

/* SCOPE and TYPE of what is to be reserved. */
static Outcome check_type(const SscCommand *c)
{
    unsigned type = c->cdb[2] & 0x0f;

    if (c->cdb[2] >> 4 != 0) { /* the logical unit is all that can be reserved */
        return illegal_field(2, 7);
    }
    return type <= 8 && ((TYPES_BYTE_5 << 8 | TYPES_BYTE_4) >> type & 1) ? good()
                                                                         : illegal_field(2, 3);
}

static Outcome do_reserve(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;
    uint8_t type = c->cdb[2] & 0x0f;

    if (!key_fits(c) || (holds(r) && r->type != type)) {
        return conflict();
    }
    r->type = type;
    return good();
}

Outcome persistent_reserve(SscCommand *c)
{
    Outcome outcome = check_type(c);

    return outcome_is_good(&outcome) ? take_list(c, do_reserve) : outcome;
}

static Outcome do_release(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (!key_fits(c)) {
        return conflict();
    }
    if (holds(r) && r->type != c->cdb[2]) { /* SCOPE 0 and TYPE */
        return check(SENSE_INVALID_RELEASE);
    }
    r->type = 0;
    return good();
}

Outcome persistent_release(SscCommand *c)
{
    return take_list(c, do_release);
}

static Outcome do_clear(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (!key_fits(c)) {
        return conflict();
    }
    unregister(r);
    r->generation++;
    return good();
}

Outcome persistent_clear(SscCommand *c)
{
    return take_list(c, do_clear);
}

/*
 * SPC-3 § 5.6.10. The only key that can be preempted is the host's own. It keeps its registration
 * if that takes the place of a reservation, and loses it otherwise.
 */
static Outcome do_preempt(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;
    uint64_t victim = get_be64(list_of(c) + LIST_ACTION_KEY);
    bool all_registrants = r->type >= ALL_REGISTRANTS_FIRST;

    if (!key_fits(c)) {
        return conflict();
    }
    if (victim == 0 && !all_registrants) {
        return illegal_parameter(LIST_ACTION_KEY, -1);
    }
    if (victim != 0 && victim != r->key) {
        return conflict();
    }
    if (victim == 0 || (holds(r) && !all_registrants)) {
        r->type = c->cdb[2] & 0x0f;
    } else {
        unregister(r);
    }
    r->generation++;
    return good();
}

/* Tasks of the one preempted are aborted too: there are none besides this one. */
Outcome persistent_preempt(SscCommand *c)
{
    Outcome outcome = check_type(c);

    return outcome_is_good(&outcome) ? take_list(c, do_preempt) : outcome;
}
