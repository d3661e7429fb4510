/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every row of the command table, in every model. */
#include "emu/base/bytes.h"
#include "emu/ssc/models/model.h"
#include "emu/ssc/pages/pages.h"
#include "emu/ssc/table.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_sweep_tcase(void);

/* Written anew, so that it may differ from what the drive thinks. */
static bool lacks(const SscModel *model, const SscRow *row)
{
    for (const SscCommandId *id = model->commands; id && id->opcode; id++) {
        if (id->opcode == row->command->opcode &&
            (id->service_action < 0 || id->service_action == row->command->service_action)) {
            return false;
        }
    }
    return model->commands && row->command->opcode != 0x00;
}

/*
 * What the standards say of each operation code, written down once more: a flag that is missing in
 * the table is missing here too if the table is all that is asked.
 */
static const uint8_t need_cartridge[] = { 0x00, 0x01, 0x04, 0x08, 0x0a, 0x0b, 0x0f, 0x10,
                                          0x11, 0x13, 0x14, 0x19, 0x2b, 0x34, 0x80, 0x81,
                                          0x88, 0x8a, 0x8c, 0x8d, 0x8f, 0x91, 0x92, 0x93 };
static const uint8_t write_to_tape[] = { 0x04, 0x0a, 0x0b, 0x10, 0x19, 0x80, 0x8a, 0x93 };
static const uint8_t attention_exempt[] = { 0x03, 0x12, 0xa0 };

static bool is_in(const uint8_t *codes, size_t n, const SscRow *row)
{
    return memchr(codes, row->command->opcode, n) != NULL;
}

#define IS_IN(codes, row) is_in(codes, sizeof(codes), row)

/* A CDB of that row with nothing asked for. */
static void plain(const SscRow *row, uint8_t cdb[SCSI_CDB_MAX])
{
    memset(cdb, 0, SCSI_CDB_MAX);
    cdb[0] = row->command->opcode;
    cdb[1] = row->command->service_action >= 0 ? (uint8_t)row->command->service_action : 0;
}

typedef void (*RowTest)(ScsiHost *h, const SscRow *row);

/* Each row that the model has, each on a fresh drive with a cartridge. */
static void for_each_row(RowTest test)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    ck_assert_uint_gt(n_rows, 20);
    for (const SscModel *const *model = ssc_models(); *model; model++) {
        for (unsigned i = 0; i < n_rows; i++) {
            if (!lacks(*model, &rows[i])) {
                g_autoptr(ScsiHost) h = host_new_loaded((*model)->name, NULL);

                test(h, &rows[i]);
            }
        }
    }
}

static void reserved_bits(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];

    for (unsigned byte = 1; byte < row->command->length; byte++) {
        for (int bit = 0; bit < 8; bit++) {
            if (!(row->mask[byte] & 1 << bit)) {
                plain(row, cdb);
                cdb[byte] |= (uint8_t)(1 << bit);
                host_send(h, cdb, row->command->length);
                expect_field(h, byte, bit);
                ck_assert_uint_eq(h->data_phases, 0);
            }
        }
    }
}

START_TEST(reserved_bits_are_pointed_at)
{
    for_each_row(reserved_bits);
}
END_TEST

static void short_cdb(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];

    plain(row, cdb);
    host_send(h, cdb, row->command->length - 1u);
    expect_field(h, row->command->length - 1, -1);
}

START_TEST(short_cdbs_are_refused)
{
    for_each_row(short_cdb);
}
END_TEST

/* Unloaded: not ready, become so by LOAD. Taken out: no medium. The rest does not mind either. */
static void no_cartridge(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];
    g_autoptr(TapeMedium) medium = NULL;
    bool needs = IS_IN(need_cartridge, row);

    plain(row, cdb);
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0));
    expect_good(h);
    h->refuse_data = !needs;
    host_send(h, cdb, row->command->length);
    if (needs) {
        expect_sense(h, SENSE_INITIALIZING_COMMAND_REQUIRED);
        ck_assert_uint_eq(h->data_phases, 0);
    } else {
        ck_assert_msg((h->task.sense[2] & 0x0f) != SENSE_KEY_NOT_READY, "%s", row->command->name);
    }
    h->refuse_data = false;
    host_send(h, CDB(0x1b, 0, 0, 0, 0, 0)); /* LOAD UNLOAD itself may have loaded it */
    ck_assert_int_eq(ssc_drive_eject(h->drive, true, &medium), SSC_EJECTED);
    h->refuse_data = !needs;
    host_send(h, cdb, row->command->length);
    if (needs) {
        expect_sense(h, SENSE_MEDIUM_NOT_PRESENT);
        ck_assert_uint_eq(h->data_phases, 0);
    } else if (row->command->opcode != 0x1b) {
        ck_assert_msg((h->task.sense[2] & 0x0f) != SENSE_KEY_NOT_READY, "%s", row->command->name);
    }
}

/* In and being threaded, which takes time if that is modelled. */
static void becoming_ready(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];
    bool needs = IS_IN(need_cartridge, row);

    ssc_drive_set_timed(h->drive, true);
    h->target->ops->reset(h->target, SCSI_RESET_POWER_ON);
    host_clear_attentions(h);
    plain(row, cdb);
    h->refuse_data = !needs;
    host_send(h, cdb, row->command->length);
    if (needs) {
        expect_sense(h, SENSE_BECOMING_READY);
        ck_assert_uint_eq(h->data_phases, 0);
    } else {
        ck_assert_msg((h->task.sense[2] & 0x0f) != SENSE_KEY_NOT_READY, "%s", row->command->name);
    }
    if (!h->done && !h->data_phases) { /* UNLOAD takes its time */
        host_abort(h);
    }
}

START_TEST(not_ready_yet)
{
    for_each_row(becoming_ready);
}
END_TEST

START_TEST(no_cartridge_no_tape_commands)
{
    for_each_row(no_cartridge);
}
END_TEST

static void pending_attention(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];

    h->target->ops->reset(h->target, SCSI_RESET_BUS);
    plain(row, cdb);
    host_send(h, cdb, row->command->length);
    if (IS_IN(attention_exempt, row)) {
        ck_assert(h->task.status == SCSI_GOOD || (h->task.sense[2] & 0x0f) != 0x06);
        host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
        if (row->command->opcode == 0x03) { /* REQUEST SENSE takes it (SPC-3 § 6.27) */
            expect_good(h);
            return;
        }
    }
    ck_assert_int_eq(h->task.status, SCSI_CHECK_CONDITION);
    ck_assert_uint_eq(h->task.sense[2] & 0x0f, SENSE_KEY_UNIT_ATTENTION);
    ck_assert_uint_eq(h->task.sense[12], scsi_sense_asc(SENSE_BUS_RESET)); /* the model's ASCQ */
    ck_assert_uint_eq(h->data_phases, 0);
    host_send(h, CDB(0x00, 0, 0, 0, 0, 0)); /* once */
    expect_good(h);
}

START_TEST(a_pending_attention_is_told_once)
{
    for_each_row(pending_attention);
}
END_TEST

static void write_protect(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];
    bool writes = IS_IN(write_to_tape, row);

    medium_set_write_protect(ssc_drive_medium(h->drive), true);
    plain(row, cdb);
    if (row->flags & ROW_COUNTED) { /* of nothing to write, nothing is refused */
        host_send(h, cdb, row->command->length);
        expect_good(h);
        cdb[row->command->length == 6 ? 4 : 14] = 1;
    }
    h->refuse_data = !writes;
    host_send(h, cdb, row->command->length);
    if (writes) {
        expect_sense(h, SENSE_WRITE_PROTECTED);
        ck_assert_uint_eq(h->data_phases, 0);
    } else {
        ck_assert_msg((h->task.sense[2] & 0x0f) != SENSE_KEY_DATA_PROTECT, "%s",
                      row->command->name);
    }
}

START_TEST(write_protection_is_looked_at)
{
    for_each_row(write_protect);
}
END_TEST

static void wrong_unit(ScsiHost *h, const SscRow *row)
{
    uint8_t cdb[SCSI_CDB_MAX];

    h->lun = 3;
    plain(row, cdb);
    host_send(h, cdb, row->command->length);
    if (!(row->flags & ROW_ANY_LUN)) {
        expect_sense(h, SENSE_LUN_NOT_SUPPORTED);
    }
}

START_TEST(logical_units_that_are_not)
{
    for_each_row(wrong_unit);
}
END_TEST

/* The same operation code with another service action. */
static bool has_another(const SscModel *model, const SscRow *row)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        if (rows[i].command->opcode == row->command->opcode && !lacks(model, &rows[i])) {
            return true;
        }
    }
    return false;
}

START_TEST(what_a_model_lacks_is_refused)
{
    unsigned n_rows, seen = 0;
    const SscRow *rows = ssc_table(&n_rows);

    for (const SscModel *const *model = ssc_models(); *model; model++) {
        for (unsigned i = 0; i < n_rows; i++) {
            uint8_t cdb[SCSI_CDB_MAX];

            if (lacks(*model, &rows[i])) {
                g_autoptr(ScsiHost) h = host_new_loaded((*model)->name, NULL);

                plain(&rows[i], cdb);
                host_send(h, cdb, rows[i].command->length);
                if (has_another(*model, &rows[i])) {
                    expect_field(h, 1, 4);
                } else {
                    expect_sense(h, SENSE_INVALID_OPCODE);
                }
                seen++;
            }
        }
    }
    ck_assert_uint_gt(seen, 0);
}
END_TEST

/* Every Data-In command: a CDB that yields parameter data, and where its allocation length is. */
static const struct {
    uint8_t cdb[12];
    unsigned at, width; /* width 0: none */
} data_in[] = {
    { { 0x03 }, 4, 1 },
    { { 0x05 }, 0, 0 },
    { { 0x08 }, 0, 0 },
    { { 0x0f }, 0, 0 },
    { { 0x12, 0x01, 0x83 }, 3, 2 },
    { { 0x12 }, 3, 2 },
    { { 0x1a, 0, 0x3f }, 4, 1 },
    { { 0x14 }, 0, 0 },
    { { 0x1c }, 3, 2 },
    { { 0x34, 0x00 }, 0, 0 },
    { { 0x34, 0x01 }, 0, 0 },
    { { 0x34, 0x06 }, 0, 0 },
    { { 0x34, 0x08 }, 7, 2 },
    { { 0x3c, 0x00 }, 6, 3 },
    { { 0x3c, 0x02 }, 6, 3 },
    { { 0x3c, 0x03 }, 6, 3 },
    { { 0x3c, 0x0b }, 6, 3 },
    { { 0x44 }, 7, 2 },
    { { 0x4d, 0, 0x40 }, 7, 2 },
    { { 0x4d, 0, 0x4c }, 7, 2 },
    { { 0x4d, 0, 0x50 }, 7, 2 },
    { { 0x4d, 0, 0x6e }, 7, 2 },
    { { 0x5a, 0, 0x3f }, 7, 2 },
    { { 0x5e, 0x00 }, 7, 2 },
    { { 0x5e, 0x01 }, 7, 2 },
    { { 0x5e, 0x02 }, 7, 2 },
    { { 0x5e, 0x03 }, 7, 2 },
    { { 0x81 }, 0, 0 },
    { { 0x88 }, 0, 0 },
    { { 0x8c, 0x00 }, 10, 4 },
    { { 0x8c, 0x01 }, 10, 4 },
    { { 0x8c, 0x02 }, 10, 4 },
    { { 0x8c, 0x03 }, 10, 4 },
    { { 0xa0 }, 6, 4 },
    { { 0xa3, 0x05 }, 6, 4 },
    { { 0xa3, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe }, 6, 4 },
    { { 0xa3, 0x0a }, 6, 4 },
    { { 0xa3, 0x0c, 0x80 }, 6, 4 },
    { { 0xa3, 0x0c, 0x01, 0x00 }, 6, 4 },
    { { 0xa3, 0x0f }, 6, 4 },
};

START_TEST(each_data_in_row_is_listed)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        bool listed = rows[i].command->direction != SCSI_DATA_IN;

        for (unsigned j = 0; j < G_N_ELEMENTS(data_in); j++) {
            listed = listed || ssc_table_find(data_in[j].cdb) == &rows[i];
        }
        ck_assert_msg(listed, "%s", rows[i].command->name);
    }
}
END_TEST

/* The CDB of a row of data_in, asking for so much. */
static void send_allocating(ScsiHost *h, unsigned row, uint32_t length)
{
    uint8_t cdb[SCSI_CDB_MAX] = { 0 };
    uint8_t bytes[4];

    memcpy(cdb, data_in[row].cdb, 12);
    put_be32(bytes, length);
    memcpy(cdb + data_in[row].at, bytes + 4 - data_in[row].width, data_in[row].width);
    host_send(h, cdb, ssc_table_find(cdb)->command->length);
}

/* 0, 1, n - 1, n and n + 1 bytes of an answer of n: the same bytes, cut, and never more. */
static void check_cuts(ScsiHost *h, unsigned row)
{
    unsigned width = data_in[row].width;
    g_autoptr(GByteArray) all = g_byte_array_new();

    send_allocating(h, row, width == 1 ? 0xff : width == 2 ? 0xffff : 0xffffff);
    if (h->task.status != SCSI_GOOD) { /* a page that this model lacks */
        ck_assert_ptr_nonnull(memchr("\x12\x1a\x4d\x5a", h->task.cdb[0], 4));
        expect_field(h, 2, h->task.cdb[0] == 0x12 ? -1 : 5);
        return;
    }
    g_byte_array_append(all, h->task.in->data, h->task.in->len);
    ck_assert_uint_gt(all->len, 2);
    const uint32_t lengths[] = { 0, 1, all->len - 1, all->len, all->len + 1 };

    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        uint32_t expected = MIN(lengths[i], all->len);

        if (width == 1 && lengths[i] > 0xff) {
            continue;
        }
        send_allocating(h, row, lengths[i]);
        expect_good(h);
        ck_assert_uint_eq(h->data_phases, expected > 0);
        expect_data(h, all->data, expected);
    }
}

START_TEST(allocation_lengths_cut)
{
    const SscRow *row = ssc_table_find(data_in[_i].cdb);

    for (const SscModel *const *model = ssc_models(); *model && data_in[_i].width; model++) {
        if (!lacks(*model, row)) {
            g_autoptr(ScsiHost) h = host_new_loaded((*model)->name, NULL);

            check_cuts(h, (unsigned)_i);
        }
    }
}
END_TEST

/* REPORT SUPPORTED OPERATION CODES of one command: its length, its mask, its service action. */
static void expect_reported(ScsiHost *h, const SscRow *row)
{
    const uint8_t *data;
    bool action = row->command->service_action >= 0;

    host_send(h, CDB(0xa3, 0x0c, (uint8_t)(0x80 | (action ? 2 : 1)), row->command->opcode, 0,
                     (uint8_t)(action ? row->command->service_action : 0), 0, 0, 1, 0, 0, 0));
    expect_good(h);
    data = h->task.in->data;
    ck_assert_uint_eq(h->task.in->len, 4u + row->command->length + 12);
    ck_assert_uint_eq(data[1], 0x83); /* as in the standard, with timeouts */
    ck_assert_uint_eq(get_be16(data + 2), row->command->length);
    ck_assert_uint_eq(data[4], row->command->opcode);
    ck_assert_uint_eq(data[5],
                      action ? (row->mask[1] & 0xe0) | row->command->service_action : row->mask[1]);
    ck_assert_mem_eq(data + 6, row->mask + 2, row->command->length - 2u);
    ck_assert_uint_eq(get_be16(data + 4 + row->command->length), 0x0a);
}

START_TEST(each_row_is_reported)
{
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);
    g_autoptr(ScsiHost) h = host_new(NULL);
    const uint8_t *data;

    for (unsigned i = 0; i < n_rows; i++) {
        expect_reported(h, &rows[i]);
    }
    host_send(h, CDB(0xa3, 0x0c, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)); /* all of them, in order */
    data = h->task.in->data;
    ck_assert_uint_eq(get_be32(data), 8 * n_rows);
    for (unsigned i = 0; i < n_rows; i++) {
        ck_assert_uint_eq(data[4 + 8 * i], rows[i].command->opcode);
        ck_assert_uint_eq(get_be16(data + 4 + 8 * i + 2), MAX(rows[i].command->service_action, 0));
        ck_assert_uint_eq(data[4 + 8 * i + 5], rows[i].command->service_action >= 0);
        ck_assert_uint_eq(get_be16(data + 4 + 8 * i + 6), rows[i].command->length);
    }
}
END_TEST

/* What `usbtape list pages` prints comes from these names, and so do the tables of the README. */
START_TEST(each_page_of_a_model_has_a_name)
{
    for (const SscModel *const *m = ssc_models(); *m; m++) {
        for (unsigned i = 0; i < (*m)->n_mode_pages; i++) {
            const SscModePage *page = &(*m)->mode_pages[i];

            ck_assert_ptr_nonnull(ssc_mode_page_name(*m, page->code, page->subpage));
        }
        for (const uint8_t *code = (*m)->log_pages; code && *code; code++) {
            ck_assert_ptr_nonnull(ssc_log_page_name(*m, *code, 0));
        }
        for (const uint8_t *code = (*m)->vpd_pages; code && *code; code++) {
            ck_assert_ptr_nonnull(ssc_vpd_page_name(*m, *code));
        }
        ck_assert_ptr_null(ssc_mode_page_name(*m, 0x2a, 0));
        ck_assert_ptr_null(ssc_log_page_name(*m, 0x3c, 0));
        ck_assert_ptr_null(ssc_vpd_page_name(*m, 0x99));
    }
}
END_TEST

TCase *make_ssc_sweep_tcase(void)
{
    TCase *tcase = tcase_create("sweep");

    tcase_add_test(tcase, reserved_bits_are_pointed_at);
    tcase_add_test(tcase, short_cdbs_are_refused);
    tcase_add_test(tcase, no_cartridge_no_tape_commands);
    tcase_add_test(tcase, not_ready_yet);
    tcase_add_test(tcase, a_pending_attention_is_told_once);
    tcase_add_test(tcase, write_protection_is_looked_at);
    tcase_add_test(tcase, logical_units_that_are_not);
    tcase_add_test(tcase, what_a_model_lacks_is_refused);
    tcase_add_test(tcase, each_data_in_row_is_listed);
    tcase_add_test(tcase, each_row_is_reported);
    tcase_add_test(tcase, each_page_of_a_model_has_a_name);
    tcase_add_loop_test(tcase, allocation_lengths_cut, 0, G_N_ELEMENTS(data_in));
    return tcase;
}
