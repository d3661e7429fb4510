/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/cdb.h"

#include <glib.h>

unsigned scsi_cdb_length(uint8_t opcode)
{
    /* Group 3 holds variable-length CDBs and reserved codes, groups 6 and 7 are the vendor's. */
    static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

    return lengths[opcode >> 5];
}

bool scsi_cdb_check(const uint8_t *cdb, const uint8_t *mask, unsigned length, ScsiField *bad)
{
    for (unsigned i = 1; i < length; i++) {
        unsigned alien = cdb[i] & (uint8_t)~mask[i];

        if (alien != 0) {
            *bad = (ScsiField){ .valid = true,
                                .in_cdb = true,
                                .byte = (uint16_t)i,
                                .bit = (int8_t)(g_bit_storage(alien) - 1) };
            return false;
        }
    }
    return true;
}
