/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/cdb.h"
#include "emu/ssc/ssc.h"
#include "emu/ssc/table.h"

static int row_order(const SscRow *row)
{
    return row->command->opcode << 8 | (row->command->service_action + 1);
}

const SscRow *ssc_table_find(const uint8_t *cdb)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        if (rows[i].command->opcode == cdb[0] &&
            (rows[i].command->service_action < 0 ||
             rows[i].command->service_action == (cdb[1] & 0x1f))) {
            return &rows[i];
        }
    }
    return NULL;
}

void ssc_table_check(void)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        const SscRow *row = &rows[i];

        g_assert(i == 0 || row_order(row) > row_order(row - 1));
        /* An operation code either has service actions or has none. */
        g_assert(i == 0 || row->command->opcode != row[-1].command->opcode ||
                 row[-1].command->service_action >= 0);
        g_assert(row->command->length == scsi_cdb_length(row->command->opcode));
        g_assert(row->command->service_action < 0 || (row->mask[1] & 0x1f) == 0x1f);
        g_assert(row->command->name && row->handler);
    }
}

const char *ssc_command_name(uint8_t opcode)
{
    unsigned n, i;
    const SscRow *rows = ssc_table(&n);

    for (i = 0; i < n; i++) {
        if (rows[i].command->opcode == opcode) {
            return rows[i].command->name;
        }
    }
    return NULL;
}
