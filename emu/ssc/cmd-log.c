/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

static Outcome send_log(SscCommand *c)
{
    ssc_log_delivered(c->drive, c->cdb[2] & 0x3f);
    return send_reply(c);
}

/* SPC-3 § 6.6. PC is not looked at: no parameter here has thresholds or defaults of its own. */
Outcome log_sense(SscCommand *c)
{
    if (c->cdb[1] & 0x01) { /* SP: nothing is saved */
        return illegal_field(1, 0);
    }
    if (c->cdb[3] != 0) { /* SUBPAGE CODE */
        return illegal_field(3, -1);
    }
    Outcome outcome = ssc_log_page(c, c->cdb[2] & 0x3f, get_be16(c->cdb + 5));
    if (!outcome_is_good(&outcome)) {
        return outcome;
    }
    outcome = reply(c, get_be16(c->cdb + 7));
    if (outcome.kind == OUTCOME_DATA) {
        outcome.next = send_log;
    }
    return outcome;
}

/* SPC-3 § 6.5: PCR sets everything that is counted back to zero; single values cannot be set. */
Outcome log_select(SscCommand *c)
{
    SscDrive *drive = c->drive;

    if (c->cdb[1] & 0x01) { /* SP */
        return illegal_field(1, 0);
    }
    if (get_be16(c->cdb + 7) != 0) {
        return illegal_field(7, -1);
    }
    if (c->cdb[1] & 0x02) { /* PCR; the cartridge's own counts go on, modulo 2^64 */
        drive->written_before -= drive->bytes_written;
        drive->read_before -= drive->bytes_read;
        ssc_drive_clear_counts(drive);
    }
    return good();
}
