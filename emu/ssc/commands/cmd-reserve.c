/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RESERVE and RELEASE (SPC-2 § 7.21, 7.16), PERSISTENT RESERVE IN and OUT (SPC-3 § 6.11, 6.12).
 *
 * The host on the bus is one initiator; another that is not on it may have the drive as well as it.
 * REGISTER AND MOVE has nowhere to move to and is not in the table.
 */
#include "emu/ssc/commands/cmd-reserve.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* TYPE field (SPC-3 table 33), and the bits of REPORT CAPABILITIES for them. */
#define PREEMPT_AND_ABORT     0x05 /* service action */
#define REGISTRANTS_FIRST     0x05 /* of them alone */
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

static bool is_held(const SscReservation *r)
{
    return r->type != 0;
}

/* By this one, or by all registrants, of which it is one? */
static bool holds(const SscDrive *drive, unsigned nexus)
{
    const SscReservation *r = &drive->reservation;

    return is_held(r) && (r->type >= ALL_REGISTRANTS_FIRST ? drive->nexuses[nexus].registered
                                                           : r->holder == nexus);
}

static bool anybody_registered(const SscDrive *drive)
{
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (drive->nexuses[i].registered) {
            return true;
        }
    }
    return false;
}

/* Types 1, 5 and 7 exclude writers, the others everybody (SPC-4 § 6.15.3.4). */
static bool excludes_writers_alone(const SscReservation *r)
{
    return r->type == 1 || r->type == 5 || r->type == 7;
}

/* What its row says; to allow removal gives up one's own hold on the cartridge, and no other. */
static unsigned goes_past(const SscCommand *c)
{
    bool allows = c->row->handler == ssc_prevent_allow && (c->cdb[4] & 0x03) == 0;

    return allows ? ROW_PAST_RESERVE | ROW_PAST_PERSISTENT : c->row->flags;
}

bool ssc_reserved_from_it(const SscCommand *c)
{
    const SscDrive *drive = c->drive;
    const SscReservation *r = &drive->reservation;
    unsigned nexus = c->task->nexus, past = goes_past(c);

    if (r->reserved && r->reserved_by != nexus && !(past & ROW_PAST_RESERVE)) {
        return true;
    }
    bool may =
        holds(drive, nexus) || (r->type >= REGISTRANTS_FIRST && drive->nexuses[nexus].registered);
    return is_held(r) && !may && !(past & ROW_PAST_PERSISTENT) &&
           !((past & ROW_PAST_WRITERS) && excludes_writers_alone(r));
}

Outcome ssc_reserve(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (anybody_registered(c->drive)) { /* CRH = 0: the two kinds do not mix */
        return ssc_reservation_conflict();
    }
    r->reserved = true;
    r->reserved_by = c->task->nexus;
    return ssc_good();
}

/* A release without a reservation of one's own succeeds. */
Outcome ssc_release(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (anybody_registered(c->drive)) {
        return ssc_reservation_conflict();
    }
    r->reserved = r->reserved && r->reserved_by != c->task->nexus;
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

static unsigned registrations(const SscDrive *drive)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        n += drive->nexuses[i].registered;
    }
    return n;
}

Outcome ssc_persistent_read_keys(SscCommand *c)
{
    const SscDrive *drive = c->drive;

    if (drive->reservation.reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, 8 * registrations(drive));
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (drive->nexuses[i].registered) {
            byte_writer_be64(&c->reply, drive->nexuses[i].key);
        }
    }
    return reply_persistent(c);
}

/* All registrants hold a reservation of types 7 and 8: its key is then none's (SPC-3 § 6.11.3). */
Outcome ssc_persistent_read_reservation(SscCommand *c)
{
    const SscReservation *r = &c->drive->reservation;

    if (r->reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, is_held(r) ? 16 : 0);
    if (is_held(r)) {
        byte_writer_be64(&c->reply,
                         r->type >= ALL_REGISTRANTS_FIRST ? 0 : c->drive->nexuses[r->holder].key);
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
static void put_status(SscCommand *c, unsigned nexus)
{
    bool holder = holds(c->drive, nexus);

    byte_writer_be64(&c->reply, c->drive->nexuses[nexus].key);
    byte_writer_fill(&c->reply, 0, 4);
    byte_writer_u8(&c->reply, holder ? 0x01 : 0x00); /* R_HOLDER */
    byte_writer_u8(&c->reply, holder ? c->drive->reservation.type : 0);
    byte_writer_be32(&c->reply, 0);
    byte_writer_be16(&c->reply, SSC_TARGET_PORT);
    byte_writer_be32(&c->reply, 0);
}

Outcome ssc_persistent_read_full_status(SscCommand *c)
{
    const SscDrive *drive = c->drive;

    if (drive->reservation.reserved) {
        return ssc_reservation_conflict();
    }
    put_header(c, 24 * registrations(drive));
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (drive->nexuses[i].registered) {
            put_status(c, i);
        }
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

/* Is the host registered, and by that key? */
static bool key_fits(const SscCommand *c)
{
    const SscNexus *nexus = ssc_nexus(c);

    return nexus->registered && nexus->key == get_be64(list_of(c) + LIST_KEY);
}

/* Raises a unit attention for the other registered initiators. */
static void tell_registrants(const SscCommand *c, ScsiSenseCode code)
{
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (i != c->task->nexus && c->drive->nexuses[i].registered) {
            scsi_attention_raise(&c->drive->nexuses[i].attention, code);
        }
    }
}

/* Ends the reservation. One for registrants is reported to them (SPC-3 § 5.6.9.3). */
static void let_go(const SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (r->type >= REGISTRANTS_FIRST) {
        tell_registrants(c, SENSE_RESERVATIONS_RELEASED);
    }
    r->type = 0;
}

/* A holder takes the reservation with it; of all registrants, the last one does. */
static void unregister(const SscCommand *c, unsigned nexus)
{
    SscDrive *drive = c->drive;
    bool held = holds(drive, nexus);

    drive->nexuses[nexus].registered = false;
    drive->nexuses[nexus].key = 0;
    if (held && (drive->reservation.type < ALL_REGISTRANTS_FIRST || !anybody_registered(drive))) {
        let_go(c);
    }
}

static Outcome set_key(SscCommand *c)
{
    SscNexus *nexus = ssc_nexus(c);
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
    if (key == 0 && !nexus->registered) {
        return ssc_good();
    }
    if (key == 0) {
        unregister(c, c->task->nexus);
    } else {
        nexus->registered = true;
        nexus->key = key;
    }
    c->drive->reservation.generation++;
    return ssc_good();
}

/* An initiator without a registration sends key 0, a registered one its key. */
static Outcome do_register(SscCommand *c)
{
    bool fits = ssc_nexus(c)->registered ? key_fits(c) : get_be64(list_of(c) + LIST_KEY) == 0;

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

    if (!key_fits(c) || (is_held(r) && (r->type != type || !holds(c->drive, c->task->nexus)))) {
        return ssc_reservation_conflict();
    }
    if (!is_held(r)) {
        r->holder = c->task->nexus;
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
    if (!holds(c->drive, c->task->nexus)) { /* another's stays, and that is no error */
        return ssc_good();
    }
    if (r->type != c->cdb[2]) { /* SCOPE 0 and TYPE */
        return ssc_check(SENSE_INVALID_RELEASE);
    }
    let_go(c);
    return ssc_good();
}

Outcome ssc_persistent_release(SscCommand *c)
{
    return take_list(c, do_release);
}

/* Everybody's (SPC-3 § 5.6.9.6). */
static Outcome do_clear(SscCommand *c)
{
    SscReservation *r = &c->drive->reservation;

    if (!key_fits(c)) {
        return ssc_reservation_conflict();
    }
    tell_registrants(c, SENSE_RESERVATIONS_PREEMPTED);
    r->type = 0;
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        c->drive->nexuses[i].registered = false;
        c->drive->nexuses[i].key = 0;
    }
    r->generation++;
    return ssc_good();
}

Outcome ssc_persistent_clear(SscCommand *c)
{
    return take_list(c, do_clear);
}

/* Removes the registrations with that key (0: all), except the one of nexus `but`. Returns how
 * many. Raises a unit attention for each but the sender. */
static unsigned preempt_registrations(const SscCommand *c, uint64_t key, int but)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        SscNexus *nexus = &c->drive->nexuses[i];

        if (nexus->registered && (int)i != but && (key == 0 || nexus->key == key)) {
            if (i != c->task->nexus) {
                scsi_attention_raise(&nexus->attention, SENSE_REGISTRATIONS_PREEMPTED);
            }
            if (c->row->command->service_action == PREEMPT_AND_ABORT) { /* SPC-3 § 5.6.10.5 */
                c->drive->cartridge.prevented &= (uint8_t) ~(1u << i);
            }
            nexus->registered = false;
            nexus->key = 0;
            n++;
        }
    }
    return n;
}

static bool is_registered_key(const SscDrive *drive, uint64_t key)
{
    for (unsigned i = 0; i < SCSI_NEXUSES; i++) {
        if (drive->nexuses[i].registered && drive->nexuses[i].key == key) {
            return true;
        }
    }
    return false;
}

/*
 * SPC-3 § 5.6.10. If the key is the holder's, or 0 where all registrants hold it, the reservation
 * becomes the sender's, and the sender stays registered. Otherwise the registrations of that key
 * go, the sender's own too; of all registrants, the last one takes the reservation along.
 */
static Outcome do_preempt(SscCommand *c)
{
    SscDrive *drive = c->drive;
    SscReservation *r = &drive->reservation;
    uint64_t victim = get_be64(list_of(c) + LIST_ACTION_KEY);
    bool all_registrants = r->type >= ALL_REGISTRANTS_FIRST;

    if (!key_fits(c)) {
        return ssc_reservation_conflict();
    }
    if (victim == 0 && !all_registrants) {
        return ssc_illegal_parameter(LIST_ACTION_KEY, -1);
    }
    if (victim != 0 && !is_registered_key(drive, victim)) {
        return ssc_reservation_conflict();
    }
    if (victim == 0 ||
        (is_held(r) && !all_registrants && drive->nexuses[r->holder].key == victim)) {
        uint8_t type = c->cdb[2] & 0x0f;

        preempt_registrations(c, victim, c->task->nexus);
        if (is_held(r) && r->type != type) { /* the remaining registrants (SPC-3 § 5.6.10.3) */
            tell_registrants(c, SENSE_RESERVATIONS_RELEASED);
        }
        r->type = type;
        r->holder = c->task->nexus;
    } else {
        preempt_registrations(c, victim, -1);
        r->type = all_registrants && !anybody_registered(drive) ? 0 : r->type;
    }
    r->generation++;
    return ssc_good();
}

/* Tasks of the one preempted are aborted too: there are none besides this one. */
Outcome ssc_persistent_preempt(SscCommand *c)
{
    Outcome outcome = check_type(c);

    return ssc_outcome_is_good(&outcome) ? take_list(c, do_preempt) : outcome;
}
