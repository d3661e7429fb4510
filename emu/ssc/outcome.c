/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/outcome.h"

#include "emu/base/memory.h"
#include "emu/ssc/drive-state.h"

Outcome ssc_good(void)
{
    return (Outcome){ .kind = OUTCOME_DONE, .status = SCSI_GOOD };
}

Outcome ssc_check(ScsiSenseCode code)
{
    return (Outcome){ .kind = OUTCOME_DONE, .status = SCSI_CHECK_CONDITION, .sense.code = code };
}

Outcome ssc_check_information(ScsiSenseCode code, int64_t information)
{
    Outcome outcome = ssc_check(code);

    outcome.sense.valid = true;
    outcome.sense.information = information;
    return outcome;
}

static Outcome illegal(ScsiSenseCode code, bool in_cdb, unsigned byte, int bit)
{
    Outcome outcome = ssc_check(code);

    outcome.sense.field =
        (ScsiField){ .valid = true, .in_cdb = in_cdb, .byte = (uint16_t)byte, .bit = (int8_t)bit };
    return outcome;
}

Outcome ssc_illegal_field(unsigned byte, int bit)
{
    return illegal(SENSE_INVALID_FIELD_IN_CDB, true, byte, bit);
}

Outcome ssc_illegal_parameter(unsigned byte, int bit)
{
    return illegal(SENSE_INVALID_FIELD_IN_PARAMETER_LIST, false, byte, bit);
}

/* Bulk-Only reports this status as any other failure, so the sense names it. */
Outcome ssc_reservation_conflict(void)
{
    Outcome outcome = ssc_check(SENSE_PREVIOUS_RESERVATION_CONFLICT);

    outcome.status = SCSI_RESERVATION_CONFLICT;
    return outcome;
}

Outcome ssc_send_reply(SscCommand *c)
{
    memcpy(scsi_task_in(c->task, c->announced), c->drive->pipeline.scratch, c->announced);
    return ssc_good();
}

Outcome ssc_reply(SscCommand *c, uint32_t allocation_length)
{
    g_assert(c->reply.wanted == c->reply.length); /* the scratch buffer holds every answer */
    return ssc_move_data((uint32_t)MIN(c->reply.length, allocation_length), ssc_send_reply);
}

Outcome ssc_move_data(uint32_t length, SscHandler next)
{
    if (!memory_for(length)) {
        return ssc_check(SENSE_INSUFFICIENT_RESOURCES);
    }
    /* Nothing to move: there is no data phase, and GOOD (SPC-3 § 4.3.4.6, SSC-3 § 5.4). */
    if (length == 0) {
        return ssc_good();
    }
    return (Outcome){ .kind = OUTCOME_DATA, .length = length, .next = next };
}

Outcome ssc_after_sync(SscHandler next)
{
    return (Outcome){ .kind = OUTCOME_SYNC, .next = next };
}

Outcome ssc_good_then_sync(void)
{
    return (Outcome){ .kind = OUTCOME_GOOD_THEN_SYNC, .status = SCSI_GOOD };
}

Outcome ssc_when_synced(SscCommand *c, SscHandler next)
{
    return c->drive->cartridge.dirty ? ssc_after_sync(next) : next(c);
}

Outcome ssc_when_fetched(uint32_t bytes, SscHandler next)
{
    return (Outcome){ .kind = OUTCOME_FETCH, .length = bytes, .next = next };
}

Outcome ssc_in_turns(SscHandler next)
{
    return (Outcome){ .kind = OUTCOME_TURN, .next = next };
}

static Outcome report_held(SscCommand *c)
{
    return c->held;
}

Outcome ssc_report_when_synced(SscCommand *c, Outcome outcome)
{
    c->held = outcome;
    return ssc_after_sync(report_held);
}

Outcome ssc_report_before_sync(SscCommand *c, Outcome outcome)
{
    return ssc_outcome_is_good(&outcome) && c->drive->cartridge.dirty ? ssc_good_then_sync()
                                                                      : outcome;
}

Outcome ssc_defer(SscDrive *drive, Outcome outcome)
{
    if (ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    drive->deferred = outcome.sense;
    drive->deferred.deferred = true;
    return ssc_good();
}

/* Where the head is matters for EOD: at or beyond early warning it also sets EOM (SSC-3 § 5.3). */
static bool in_early_warning(SscDrive *drive)
{
    return ssc_zones_now(drive).early;
}

static void trace_host_error(SscDrive *drive)
{
    const GError *error = medium_host_error(drive->cartridge.medium);

    TRACE(drive->trace, MEDIA_HOST_ERROR, "%s", error ? error->message : "no reason given");
}

Outcome ssc_of_medium(SscCommand *c, MediumResult result, MediumAct act, uint64_t residual)
{
    SscDrive *drive = c->drive;
    Outcome outcome = ssc_good();
    int64_t left = (int64_t)MIN(residual, (uint64_t)INT64_MAX);

    switch (result) {
    case MEDIUM_OK:
        return ssc_good();
    case MEDIUM_FILEMARK:
        outcome = ssc_check_information(SENSE_FILEMARK_DETECTED, left);
        outcome.sense.filemark = true;
        return outcome;
    case MEDIUM_SETMARK:
        outcome = ssc_check_information(SENSE_SETMARK_DETECTED, left);
        outcome.sense.filemark = true;
        return outcome;
    case MEDIUM_EOD:
        if (act == ACT_LOCATE) { /* SSC-3 § 7.3: no residual is defined */
            return ssc_check(SENSE_END_OF_DATA);
        }
        if (act == ACT_RECOVER) {
            outcome = ssc_check_information(SENSE_NO_MORE_BUFFERED_DATA, left);
            outcome.sense.eom = true;
            return outcome;
        }
        outcome = ssc_check_information(SENSE_END_OF_DATA, left);
        outcome.sense.eom = in_early_warning(drive);
        return outcome;
    case MEDIUM_BOP:
        outcome = ssc_check_information(SENSE_BEGINNING_OF_MEDIUM_DETECTED, left);
        outcome.sense.eom = true;
        return outcome;
    case MEDIUM_EARLY_WARNING: /* done, and a warning: never a bare EOM bit, hosts ignore it */
        outcome = ssc_check_information(SENSE_END_OF_MEDIUM_DETECTED, left);
        outcome.sense.eom = true;
        return outcome;
    case MEDIUM_END_OF_PARTITION:
        outcome = ssc_check_information(SENSE_VOLUME_OVERFLOW, left);
        outcome.sense.eom = true;
        return outcome;
    case MEDIUM_CORRUPT:
    case MEDIUM_READ_ERROR:
        if (result == MEDIUM_CORRUPT) {
            trace_host_error(drive);
        }
        ssc_counters_alert(&drive->counters, ALERT_HARD_ERROR);
        ssc_counters_alert(&drive->counters, ALERT_READ_FAILURE);
        ssc_counters_read_error(&drive->counters);
        return ssc_check_information(SENSE_UNRECOVERED_READ_ERROR, left);
    case MEDIUM_WRITE_ERROR:
        ssc_counters_alert(&drive->counters, ALERT_HARD_ERROR);
        ssc_counters_alert(&drive->counters, ALERT_WRITE_FAILURE);
        ssc_counters_write_error(&drive->counters);
        return ssc_check_information(SENSE_WRITE_ERROR, left);
    case MEDIUM_PROTECTED:
        return ssc_check(SENSE_WRITE_PROTECTED);
    case MEDIUM_WORM:
        return ssc_check(SENSE_WORM_OVERWRITE);
    case MEDIUM_UNSUPPORTED:
        return ssc_check(SENSE_CANNOT_WRITE_INCOMPATIBLE_FORMAT);
    case MEDIUM_INVALID: /* handlers name the field first where they can */
        return ssc_check(SENSE_INVALID_FIELD_IN_CDB);
    case MEDIUM_HOST_ERROR:
        /* The host file failed, not the tape, so this is never a medium error. */
        trace_host_error(drive);
        outcome = ssc_check(SENSE_INTERNAL_TARGET_FAILURE);
        if (act != ACT_OTHER && act != ACT_LOCATE) {
            outcome.sense.valid = true;
            outcome.sense.information = left;
        }
        return outcome;
    }
    g_assert_not_reached();
}
