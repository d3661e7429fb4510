/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device itself: identity, sense, logical units, supported commands. */
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages/pages-vpd.h"

Outcome ssc_test_unit_ready(SscCommand *c)
{
    return ssc_good(); /* the gates looked */
}

/* The sense that REQUEST SENSE reports: from three places, in this order (SPC-3 § 6.27). */
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
    } else if (drive->deferred.deferred) {
        sense = drive->deferred;
        drive->deferred = take ? (ScsiSense){ 0 } : drive->deferred;
    }
    return sense;
}

static Outcome send_sense(SscCommand *c)
{
    next_sense(c, true);
    return ssc_send_reply(c);
}

Outcome ssc_request_sense(SscCommand *c)
{
    uint8_t bytes[SCSI_SENSE_MAX];
    ScsiSense sense = next_sense(c, false);
    bool descriptor = c->cdb[1] & 0x01; /* DESC */

    byte_writer_put(&c->reply, bytes,
                    descriptor ? scsi_sense_descriptor(&sense, bytes)
                               : scsi_sense_fixed(&sense, bytes));
    Outcome outcome = ssc_reply(c, c->cdb[4]);
    if (outcome.kind == OUTCOME_DATA) {
        outcome.next = send_sense;
    } else {
        next_sense(c, true); /* allocation length 0: discarded without a report */
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
    byte_writer_u8(w, ssc_model_has_groups(model) ? 0x10 : 0x00); /* TPGS: the drive's own */
    byte_writer_be16(w, 0); /* no CmdQue: these drives do not queue */
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
Outcome ssc_inquiry(SscCommand *c)
{
    bool evpd = c->cdb[1] & 0x01;
    uint8_t page = c->cdb[2];

    if (!evpd && page != 0) {
        return ssc_illegal_field(2, -1);
    }
    if (!evpd) {
        put_standard_inquiry(c);
    } else if (c->task->lun != 0 || !ssc_vpd_page(c, page)) {
        return ssc_illegal_field(2, -1);
    }
    return ssc_reply(c, get_be16(c->cdb + 3));
}

/* SPC-3 § 6.21: one logical unit, and no well-known ones. */
Outcome ssc_report_luns(SscCommand *c)
{
    uint8_t select = c->cdb[2];
    unsigned n = select == 0x01 ? 0 : 1;

    if (select > 0x02) {
        return ssc_illegal_field(2, -1);
    }
    byte_writer_be32(&c->reply, 8 * n);
    byte_writer_be32(&c->reply, 0);
    byte_writer_fill(&c->reply, 0, 8 * n);
    return ssc_reply(c, get_be32(c->cdb + 6));
}

/* CDB USAGE DATA: the operation code, then the bits that the device looks at (SPC-3 § 6.23.3). */
static void put_usage(ByteWriter *w, const SscRow *row)
{
    byte_writer_u8(w, row->command->opcode);
    for (unsigned i = 1; i < row->command->length; i++) {
        bool service_action = i == 1 && row->command->service_action >= 0;

        byte_writer_u8(w, service_action ? (uint8_t)((row->mask[i] & 0xe0) |
                                                     (uint8_t)row->command->service_action)
                                         : row->mask[i]);
    }
}

/* Seconds: what the slowest motion of a long tape takes, and what anything else does. */
static void put_timeouts(ByteWriter *w, const SscRow *row)
{
    byte_writer_be16(w, 0x0a);
    byte_writer_be16(w, 0);
    byte_writer_be32(w, 0);
    byte_writer_be32(w, row->flags & ROW_SLOW ? 14000 : 900);
}

static void put_all_opcodes(SscCommand *c, bool timeouts)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);
    uint8_t length[4];

    byte_writer_be32(&c->reply, 0);
    for (unsigned i = 0; i < n_rows; i++) {
        bool service_action = rows[i].command->service_action >= 0;

        if (!ssc_model_has(c->drive->model, &rows[i])) {
            continue;
        }
        byte_writer_u8(&c->reply, rows[i].command->opcode);
        byte_writer_u8(&c->reply, 0);
        byte_writer_be16(&c->reply, service_action ? (uint16_t)rows[i].command->service_action : 0);
        byte_writer_u8(&c->reply, 0);
        byte_writer_u8(&c->reply, (uint8_t)((timeouts ? 0x02 : 0) | (service_action ? 0x01 : 0)));
        byte_writer_be16(&c->reply, rows[i].command->length);
        if (timeouts) {
            put_timeouts(&c->reply, &rows[i]);
        }
    }
    put_be32(length, (uint32_t)(c->reply.length - 4));
    byte_writer_patch(&c->reply, 0, length, 4);
}

static Outcome put_one_opcode(SscCommand *c, unsigned options, bool timeouts)
{
    uint16_t wanted = get_be16(c->cdb + 4);
    const SscRow *found = NULL;
    bool known = false, has_service_actions = false;
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        if (rows[i].command->opcode != c->cdb[3] || !ssc_model_has(c->drive->model, &rows[i])) {
            continue;
        }
        known = true;
        has_service_actions = rows[i].command->service_action >= 0;
        if (!has_service_actions || rows[i].command->service_action == wanted) {
            found = &rows[i];
        }
    }
    /* 1: only for codes without service actions; 2: only for codes with (SPC-3 table 178). */
    if (known && has_service_actions != (options == 2)) {
        return ssc_illegal_field(2, 2);
    }
    byte_writer_u8(&c->reply, 0);
    byte_writer_u8(&c->reply, found ? (uint8_t)(0x03 | (timeouts ? 0x80 : 0)) : 0x01);
    byte_writer_be16(&c->reply, found ? found->command->length : 0);
    if (found) {
        put_usage(&c->reply, found);
        if (timeouts) {
            put_timeouts(&c->reply, found);
        }
    }
    return ssc_good();
}

/* SPC-3 § 6.23, with the command timeouts descriptor of SPC-4 */
Outcome ssc_report_opcodes(SscCommand *c)
{
    unsigned options = c->cdb[2] & 0x07;
    bool timeouts = c->cdb[2] & 0x80; /* RCTD */
    Outcome outcome = ssc_good();

    if (options > 2) {
        return ssc_illegal_field(2, 2);
    }
    if (options == 0) {
        put_all_opcodes(c, timeouts);
    } else {
        outcome = put_one_opcode(c, options, timeouts);
    }
    return ssc_outcome_is_good(&outcome) ? ssc_reply(c, get_be32(c->cdb + 6)) : outcome;
}
