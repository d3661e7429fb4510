/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/sense.h"

#include "emu/base/bytes.h"

typedef struct SenseRow {
    uint8_t key, asc, ascq;
    const char *text;
} SenseRow;

static const SenseRow rows[N_SENSE_CODES] = {
#define SENSE(id, key, asc, ascq, text) [SENSE_##id] = { key, asc, ascq, text },
#include "emu/scsi/sense-codes.def"
#undef SENSE
};

static const SenseRow *row_of(ScsiSenseCode code)
{
    g_assert((unsigned)code < N_SENSE_CODES);
    return &rows[code];
}

ScsiSenseKey scsi_sense_key(ScsiSenseCode code)
{
    return (ScsiSenseKey)row_of(code)->key;
}

uint8_t scsi_sense_asc(ScsiSenseCode code)
{
    return row_of(code)->asc;
}

uint8_t scsi_sense_ascq(ScsiSenseCode code)
{
    return row_of(code)->ascq;
}

const char *scsi_sense_text(ScsiSenseCode code)
{
    return row_of(code)->text;
}

/* Bits that FILEMARK, EOM and ILI have in both formats. */
static uint8_t stream_bits(const ScsiSense *sense)
{
    return (uint8_t)((sense->filemark ? 0x80 : 0) | (sense->eom ? 0x40 : 0) |
                     (sense->ili ? 0x20 : 0));
}

/* The three bytes of a field pointer (SPC-3 table 31). */
static void put_field(uint8_t *bytes, const ScsiField *field)
{
    bytes[0] = (uint8_t)(0x80 /* SKSV */ | (field->in_cdb ? 0x40 : 0));
    if (field->bit >= 0) {
        bytes[0] |= (uint8_t)(0x08 /* BPV */ | field->bit);
    }
    put_be16(bytes + 1, field->byte);
}

unsigned scsi_fixed_sense_write(const ScsiFixedSense *sense, uint8_t bytes[SCSI_SENSE_FIXED_LENGTH])
{
    memset(bytes, 0, SCSI_SENSE_FIXED_LENGTH);
    bytes[0] = sense->deferred ? 0x71 : 0x70;
    if (sense->valid) {
        bytes[0] |= 0x80;
        put_be32(bytes + 3, sense->information);
    }
    bytes[2] = (uint8_t)(sense->stream | sense->key);
    bytes[7] = SCSI_SENSE_FIXED_LENGTH - 8;
    bytes[12] = sense->asc;
    bytes[13] = sense->ascq;
    if (sense->field.valid) {
        put_field(bytes + 15, &sense->field);
    }
    return SCSI_SENSE_FIXED_LENGTH;
}

bool scsi_fixed_sense_read(const uint8_t *bytes, size_t length, ScsiFixedSense *sense)
{
    *sense = (ScsiFixedSense){ 0 };
    if (length < SCSI_SENSE_FIXED_LENGTH || (bytes[0] & 0x7e) != 0x70) {
        return false;
    }
    *sense = (ScsiFixedSense){
        .key = bytes[2] & 0x0f,
        .asc = bytes[12],
        .ascq = bytes[13],
        .deferred = bytes[0] & 0x01,
        .stream = bytes[2] & (SCSI_SENSE_FILEMARK | SCSI_SENSE_EOM | SCSI_SENSE_ILI),
        .valid = bytes[0] & 0x80,
        .information = get_be32(bytes + 3),
    };
    return true;
}

unsigned scsi_sense_fixed(const ScsiSense *sense, uint8_t bytes[SCSI_SENSE_FIXED_LENGTH])
{
    const SenseRow *row = row_of(sense->code);
    bool fits = sense->information >= INT32_MIN && sense->information <= (int64_t)UINT32_MAX;

    return scsi_fixed_sense_write(
        &(ScsiFixedSense){
            .key = row->key,
            .asc = row->asc,
            .ascq = row->ascq,
            .deferred = sense->deferred,
            .stream = stream_bits(sense),
            .valid = sense->valid && fits,
            .information = (uint32_t)sense->information,
            .field = sense->field,
        },
        bytes);
}

unsigned scsi_sense_descriptor(const ScsiSense *sense, uint8_t bytes[SCSI_SENSE_DESCRIPTOR_LENGTH])
{
    const SenseRow *row = row_of(sense->code);
    unsigned at = 8;

    memset(bytes, 0, SCSI_SENSE_DESCRIPTOR_LENGTH);
    bytes[0] = sense->deferred ? 0x73 : 0x72;
    bytes[1] = row->key;
    bytes[2] = row->asc;
    bytes[3] = row->ascq;
    if (sense->valid) { /* information, type 00h */
        bytes[at + 1] = 0x0a;
        bytes[at + 2] = 0x80;
        put_be64(bytes + at + 4, (uint64_t)sense->information);
        at += 12;
    }
    if (sense->field.valid) { /* sense key specific, type 02h */
        bytes[at] = 0x02;
        bytes[at + 1] = 0x06;
        put_field(bytes + at + 4, &sense->field);
        at += 8;
    }
    if (stream_bits(sense) != 0) { /* stream commands, type 04h */
        bytes[at] = 0x04;
        bytes[at + 1] = 0x02;
        bytes[at + 3] = stream_bits(sense);
        at += 4;
    }
    bytes[7] = (uint8_t)(at - 8);
    return at;
}
