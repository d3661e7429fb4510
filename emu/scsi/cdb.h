/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of SPC-3 that every command and every answer has, for all device types.
 *
 * emu/scsi owns: CDB lengths and masks, sense data, unit attentions, the task seam (task.h). Does
 * not own: commands, device state, transports. It includes nothing but emu/base.
 */
#ifndef USBTAPE_SCSI_CDB_H
#define USBTAPE_SCSI_CDB_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which field of a CDB or of parameter data is wrong: the field pointer of sense key specific data
 * (SPC-3 § 4.5.2.4.2). `bit` is the left-most bit of the field; -1 when the whole byte, or a field
 * of several bytes that starts there, is meant.
 */
typedef struct ScsiField {
    bool valid;
    bool in_cdb; /* false: in the parameter list */
    int8_t bit;
    uint16_t byte;
} ScsiField;

/* Bytes of a CDB by its group code (SPC-3 § 4.3.4.1); 0 for a group without a fixed length. */
unsigned scsi_cdb_length(uint8_t opcode);

/*
 * Does the CDB set only bits that the mask has? Byte 0, the operation code, is not looked at.
 * False:
 * `*bad` names the first byte with an alien bit and the left-most of these.
 */
bool scsi_cdb_check(const uint8_t *cdb, const uint8_t *mask, unsigned length, ScsiField *bad);

#endif
