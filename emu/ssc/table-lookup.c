/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/cdb.h"
#include "emu/ssc/ssc.h"
#include "emu/ssc/table.h"

static int row_order(const SscRow *row)
{
    return row->opcode << 8 | (row->service_action + 1);
}

const SscRow *ssc_table_find(const uint8_t *cdb)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        if (rows[i].opcode == cdb[0] &&
            (rows[i].service_action < 0 || rows[i].service_action == (cdb[1] & 0x1f))) {
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
        g_assert(i == 0 || row->opcode != row[-1].opcode || row[-1].service_action >= 0);
        g_assert(row->length == scsi_cdb_length(row->opcode));
        g_assert(row->service_action < 0 || (row->mask[1] & 0x1f) == 0x1f);
        g_assert(row->name && row->handler);
    }
}

const char *ssc_command_name(uint8_t opcode)
{
    unsigned n, i;
    const SscRow *rows = ssc_table(&n);

    for (i = 0; i < n; i++) {
        if (rows[i].opcode == opcode) {
            return rows[i].name;
        }
    }
    return NULL;
}
