/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data that a host stores in the drive and reads back: identifying information (SPC-4 § 6.32,
 * 6.43; SPC-3 calls it the device identifier) and the time (SPC-3 § 6.26, 6.36). And what the drive
 * says about its port (SPC-3 § 6.25). All of it lasts as long as the drive object does; the time,
 * until power is lost.
 */
#include "emu/ssc/commands/cmd-identity.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* INFORMATION TYPE, bits 7-1 of byte 10. */
#define TYPE_BYTE 10
#define TYPE_TEXT 0x02
#define TYPE_LIST 0x7f

static const struct {
    uint8_t type;
    uint16_t max;
} types[SSC_IDENTIFIERS] = { { 0x00, 64 }, { TYPE_TEXT, SSC_IDENTIFIER_MAX } };

static int type_index(const SscCommand *c)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].type == c->cdb[TYPE_BYTE] >> 1) {
            return (int)i;
        }
    }
    return -1;
}

static Outcome report_identity_types(SscCommand *c)
{
    byte_writer_be32(&c->reply, 4 * SSC_IDENTIFIERS);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        byte_writer_u8(&c->reply, (uint8_t)(types[i].type << 1));
        byte_writer_u8(&c->reply, 0);
        byte_writer_be16(&c->reply, types[i].max);
    }
    return ssc_reply(c, get_be32(c->cdb + 6));
}

Outcome ssc_report_identifying_information(SscCommand *c)
{
    int index = type_index(c);

    if (c->cdb[TYPE_BYTE] >> 1 == TYPE_LIST) {
        return report_identity_types(c);
    }
    if (index < 0) {
        return ssc_illegal_field(TYPE_BYTE, 7);
    }
    const SscIdentifier *identity = &c->drive->identity.identifiers[index];
    byte_writer_be32(&c->reply, identity->length);
    byte_writer_put(&c->reply, identity->bytes, identity->length);
    return ssc_reply(c, get_be32(c->cdb + 6));
}

static Outcome store_identity(SscCommand *c)
{
    int index = type_index(c);
    SscIdentifier *identity = &c->drive->identity.identifiers[index];
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);

    /* Text ends with a NUL, and with the first one (SPC-4 § 6.43). */
    if (types[index].type == TYPE_TEXT &&
        memchr(list, 0, c->announced) != list + c->announced - 1) {
        return ssc_illegal_parameter(c->announced - 1, -1);
    }
    memcpy(identity->bytes, list, c->announced);
    identity->length = (uint16_t)c->announced;
    return ssc_good();
}

/* A length of zero takes it back. */
Outcome ssc_set_identifying_information(SscCommand *c)
{
    uint32_t length = get_be32(c->cdb + 6);
    int index = type_index(c);

    if (index < 0) {
        return ssc_illegal_field(TYPE_BYTE, 7);
    }
    if (length > types[index].max) {
        return ssc_illegal_field(6, -1);
    }
    if (length == 0) {
        c->drive->identity.identifiers[index].length = 0;
    }
    return ssc_move_data(length, store_identity);
}

#define TIMESTAMP_LIST 12u
#define TIMESTAMP_AT   4u
#define TIMESTAMP_SIZE 6u /* milliseconds, 48 bits */

static uint64_t milliseconds(const SscDrive *drive)
{
    return drive->identity.timestamp +
           (uint64_t)(clock_now(drive->clock) - drive->identity.timestamp_since) / 1000;
}

Outcome ssc_report_timestamp(SscCommand *c)
{
    uint8_t bytes[8];

    put_be64(bytes, milliseconds(c->drive));
    byte_writer_be16(&c->reply, 0x0a);
    byte_writer_u8(&c->reply,
                   c->drive->identity.timestamp_set ? 0x02 : 0x00); /* ORIGIN: set, power-on */
    byte_writer_u8(&c->reply, 0);
    byte_writer_put(&c->reply, bytes + 8 - TIMESTAMP_SIZE, TIMESTAMP_SIZE);
    byte_writer_be16(&c->reply, 0);
    return ssc_reply(c, get_be32(c->cdb + 6));
}

static Outcome store_timestamp(SscCommand *c)
{
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);

    for (unsigned i = 0; i < TIMESTAMP_LIST; i++) {
        if ((i < TIMESTAMP_AT || i >= TIMESTAMP_AT + TIMESTAMP_SIZE) && list[i] != 0) {
            return ssc_illegal_parameter(i, -1);
        }
    }
    c->drive->identity.timestamp =
        (uint64_t)get_be16(list + TIMESTAMP_AT) << 32 | get_be32(list + TIMESTAMP_AT + 2);
    c->drive->identity.timestamp_since = clock_now(c->drive->clock);
    c->drive->identity.timestamp_set = true;
    return ssc_good();
}

Outcome ssc_set_timestamp(SscCommand *c)
{
    uint32_t length = get_be32(c->cdb + 6);

    return length == 0 || length == TIMESTAMP_LIST ? ssc_move_data(length, store_timestamp)
                                                   : ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

/* One port, in one group, which is always active and optimized. */
Outcome ssc_report_target_port_groups(SscCommand *c)
{
    byte_writer_be32(&c->reply, 12);
    byte_writer_u8(&c->reply, 0x00); /* active/optimized */
    byte_writer_u8(&c->reply, 0x01); /* no other state is supported */
    byte_writer_be16(&c->reply, SSC_TARGET_PORT_GROUP);
    byte_writer_be24(&c->reply, 0);
    byte_writer_u8(&c->reply, 1);
    byte_writer_be16(&c->reply, 0);
    byte_writer_be16(&c->reply, SSC_TARGET_PORT);
    return ssc_reply(c, get_be32(c->cdb + 6));
}

void ssc_identity_power_on(SscIdentity *identity, int64_t now)
{
    identity->timestamp = 0;
    identity->timestamp_since = now;
    identity->timestamp_set = false;
}
