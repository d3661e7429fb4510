/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device itself: TEST UNIT READY, INQUIRY, REQUEST SENSE, REPORT LUNS, reservations. */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

Outcome test_unit_ready(SscCommand *c)
{
    return good(); /* the gates looked */
}

/* What REQUEST SENSE tells, from the three places and in this order (SPC-3 § 6.27). */
static ScsiSense next_sense(const SscCommand *c, bool take)
{
    SscDrive *drive = c->drive;
    ScsiAttention attention = drive->attention;
    ScsiSense sense = { 0 };

    if (c->task->lun != 0) {
        return (ScsiSense){ .code = SENSE_LUN_NOT_SUPPORTED };
    }
    if (drive->sense.code != SENSE_NO_SENSE || drive->sense.ili) {
        sense = drive->sense;
        drive->sense = take ? (ScsiSense){ 0 } : drive->sense;
    } else if (scsi_attention_pending(&attention)) {
        sense.code = scsi_attention_take(&attention);
        drive->attention = take ? attention : drive->attention;
    } else if (drive->deferred.code != SENSE_NO_SENSE) {
        sense = drive->deferred;
        drive->deferred = take ? (ScsiSense){ 0 } : drive->deferred;
    }
    return sense;
}

static Outcome send_sense(SscCommand *c)
{
    next_sense(c, true);
    return send_reply(c);
}

Outcome request_sense(SscCommand *c)
{
    uint8_t bytes[SCSI_SENSE_MAX];
    ScsiSense sense = next_sense(c, false);
    bool descriptor = c->cdb[1] & 0x01; /* DESC */

    byte_writer_put(&c->reply, bytes,
                    descriptor ? scsi_sense_descriptor(&sense, bytes)
                               : scsi_sense_fixed(&sense, bytes));
    Outcome outcome = reply(c, c->cdb[4]);
    if (outcome.kind == OUTCOME_DATA) {
        outcome.next = send_sense;
    } else {
        next_sense(c, true); /* allocation length 0: told to nobody, and gone */
    }
    return outcome;
}

static void put_standard_inquiry(SscCommand *c)
{
    const SscModel *model = c->drive->model;
    ByteWriter *w = &c->reply;

    /* Sequential-access device; not there: qualifier 011b, type 1Fh. */
    byte_writer_u8(w, c->task->lun == 0 ? 0x01 : 0x7f);
    byte_writer_u8(w, 0x80); /* RMB */
    byte_writer_u8(w, model->version);
    byte_writer_u8(w, 0x02); /* response data format */
    byte_writer_u8(w, (uint8_t)(model->inquiry_length - 5));
    byte_writer_fill(w, 0, 3); /* no CmdQue: these drives do not queue */
    byte_writer_text(w, model->vendor, 8);
    byte_writer_text(w, model->product, 16);
    byte_writer_text(w, model->revision, 4);
    byte_writer_fill(w, 0, model->inquiry_length - 36u);
    for (unsigned i = 0; model->version_descriptors && model->version_descriptors[i]; i++) {
        uint8_t descriptor[2];

        put_be16(descriptor, model->version_descriptors[i]);
        byte_writer_patch(w, 58 + 2 * i, descriptor, 2);
    }
}

/* SPC-3 § 6.4 */
Outcome inquiry(SscCommand *c)
{
    bool evpd = c->cdb[1] & 0x01;
    uint8_t page = c->cdb[2];

    if (!evpd && page != 0) {
        return illegal_field(2, -1);
    }
    if (!evpd) {
        put_standard_inquiry(c);
    } else if (c->task->lun != 0 || !ssc_vpd_page(c, page)) {
        return illegal_field(2, -1);
    }
    return reply(c, get_be16(c->cdb + 3));
}
