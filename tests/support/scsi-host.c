/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/scsi-host.h"

#include "emu/base/bytes.h"

static ScsiHost *host_of(ScsiTask *task)
{
    return (ScsiHost *)(void *)((char *)task - G_STRUCT_OFFSET(ScsiHost, task));
}

static bool data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    ScsiHost *h = host_of(task);

    ck_assert_uint_eq(h->data_phases++, 0);
    ck_assert_uint_eq(h->done, 0);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_le(length, SCSI_DATA_MAX);
    h->direction = direction;
    h->announced = length;
    if (direction == SCSI_DATA_OUT && !h->refuse_data && !h->keep_waiting) {
        ck_assert_uint_eq(length, h->out_length);
    }
    return !h->refuse_data;
}

static void done(ScsiTask *task)
{
    ScsiHost *h = host_of(task);

    ck_assert_uint_eq(h->done++, 0);
    ck_assert_uint_le(task->in->len, h->direction == SCSI_DATA_IN ? h->announced : 0);
    ck_assert_uint_le(task->out_unused, h->direction == SCSI_DATA_OUT ? h->announced : 0);
    if (task->status == SCSI_CHECK_CONDITION) {
        ck_assert_uint_eq(task->sense_length, SCSI_SENSE_FIXED_LENGTH);
    } else {
        ck_assert_uint_eq(task->sense_length, 0);
    }
}

static const ScsiTaskOps task_ops = { data_phase, done };

static const SscModel *model_by_name(const char *name)
{
    g_autoptr(GError) error = NULL;
    const SscModel *model = ssc_model_by_name(name, &error);

    ck_assert_msg(model != NULL, "%s", error ? error->message : "");
    return model;
}

static ScsiHost *host_of_model(const SscModel *m)
{
    ScsiHost *h = g_new0(ScsiHost, 1);

    h->clock = virtual_clock_new();
    h->drive = ssc_drive_new(m, NULL, h->clock, NULL);
    h->target = ssc_drive_target(h->drive);
    h->task.in = g_byte_array_new();
    host_clear_attentions(h);
    return h;
}

ScsiHost *host_new(const char *model)
{
    return host_of_model(model_by_name(model));
}

ScsiHost *host_new_set(const char *model, const MediumGeometry *geometry, ...)
{
    SscModel *copy = ssc_model_copy(model_by_name(model));
    g_autoptr(GError) error = NULL;
    const char *assignment;
    ScsiHost *h;
    va_list args;

    va_start(args, geometry);
    while ((assignment = va_arg(args, const char *))) {
        ck_assert_msg(ssc_model_set(copy, assignment, &error), "%s", error ? error->message : "");
    }
    va_end(args);
    h = host_of_model(copy);
    h->model = copy;
    host_insert(h, geometry);
    host_clear_attentions(h);
    return h;
}

ScsiHost *host_new_loaded(const char *model, const MediumGeometry *geometry)
{
    ScsiHost *h = host_new(model);

    host_insert(h, geometry);
    host_clear_attentions(h);
    return h;
}

void host_free(ScsiHost *h)
{
    ssc_drive_free(h->drive);
    ssc_model_free(h->model);
    clock_free(h->clock);
    g_byte_array_unref(h->task.in);
    g_clear_pointer(&h->task.out, g_bytes_unref);
    g_free(h);
}

void host_insert(ScsiHost *h, const MediumGeometry *geometry)
{
    h->medium = test_medium_new(geometry);
    ck_assert(ssc_drive_insert(h->drive, test_medium_base(h->medium)));
}

void host_clear_attentions(ScsiHost *h)
{
    do {
        host_send(h, CDB(0x00, 0, 0, 0, 0, 0));
    } while (h->task.status == SCSI_CHECK_CONDITION && (h->task.sense[2] & 0x0f) == 0x06);
}

void host_hold_syncs(ScsiHost *h, bool hold)
{
    test_medium_hold_syncs(h->medium, hold);
}

bool host_sync_held(const ScsiHost *h)
{
    return test_medium_sync_held(h->medium);
}

void host_end_sync(ScsiHost *h, MediumResult result)
{
    test_medium_end_sync(h->medium, result);
}

unsigned host_syncs(const ScsiHost *h)
{
    return test_medium_syncs(h->medium);
}

void host_next_result(ScsiHost *h, TestOp op, unsigned skip, MediumResult result)
{
    test_medium_next_result(h->medium, op, skip, result);
}

void host_fail_writes(ScsiHost *h, unsigned skip, unsigned times, MediumResult result)
{
    test_medium_next_results(h->medium, TEST_WRITE, skip, times, result);
}

void host_send_data(ScsiHost *h, const void *data, size_t data_length, const uint8_t *cdb,
                    size_t length)
{
    GByteArray *in = h->task.in;

    ck_assert_uint_le(length, SCSI_CDB_MAX);
    g_clear_pointer(&h->task.out, g_bytes_unref);
    h->task = (ScsiTask){ .ops = &task_ops, .tag = 1, .lun = h->lun, .in = in };
    memcpy(h->task.cdb, cdb, length);
    h->task.cdb_length = (uint8_t)length;
    h->out_length = data_length;
    h->done = h->data_phases = 0;
    h->announced = 0;
    h->direction = SCSI_NO_DATA;
    h->target->ops->submit(h->target, &h->task);
    if (!h->done && h->direction == SCSI_DATA_OUT && !h->refuse_data && !h->keep_waiting) {
        h->task.out = g_bytes_new(data, data_length);
        h->target->ops->data_out(h->target, &h->task);
    }
    while (!h->done && !h->keep_turns && virtual_clock_next(h->clock) == clock_now(h->clock)) {
        virtual_clock_advance(h->clock, 0);
    }
}

void host_send(ScsiHost *h, const uint8_t *cdb, size_t length)
{
    host_send_data(h, NULL, 0, cdb, length);
}

void host_abort(ScsiHost *h)
{
    ck_assert_uint_eq(h->done, 0);
    h->target->ops->abort(h->target, &h->task);
}

void host_write(ScsiHost *h, const void *data, uint32_t length)
{
    uint8_t cdb[6] = { 0x0a };

    put_be24(cdb + 2, length);
    host_send_data(h, data, length, cdb, sizeof cdb);
    expect_good(h);
}

void host_filemarks(ScsiHost *h, uint32_t count)
{
    uint8_t cdb[6] = { 0x10 };

    put_be24(cdb + 2, count);
    host_send(h, cdb, sizeof cdb);
    expect_good(h);
}

void host_rewind(ScsiHost *h)
{
    host_send(h, CDB(0x01, 0, 0, 0, 0, 0));
    expect_good(h);
}

void host_set_block(ScsiHost *h, uint8_t device_specific, uint32_t block_length)
{
    uint8_t list[12] = { 0, 0, device_specific, 8 };

    put_be24(list + 9, block_length);
    host_send_data(h, list, sizeof list, CDB(0x15, 0x10, 0, 0, sizeof list, 0));
    expect_good(h);
}

void host_expect_status(const ScsiHost *h, ScsiStatus status, const char *file, int line)
{
    const uint8_t *sense = h->task.sense;

    ck_assert_msg(h->done == 1, "%s:%d: task is not done", file, line);
    ck_assert_msg(h->task.status == status, "%s:%d: status %02x, sense %x/%02x/%02x", file, line,
                  (unsigned)h->task.status, (unsigned)sense[2] & 0xf, (unsigned)sense[12],
                  (unsigned)sense[13]);
}

void host_expect_sense(const ScsiHost *h, ScsiSenseCode code, const char *file, int line)
{
    const uint8_t *sense = h->task.sense;

    host_expect_status(h, SCSI_CHECK_CONDITION, file, line);
    ck_assert_msg((sense[2] & 0x0f) == (int)scsi_sense_key(code) &&
                      sense[12] == scsi_sense_asc(code) && sense[13] == scsi_sense_ascq(code),
                  "%s:%d: sense %x/%02x/%02x, not %s", file, line, (unsigned)sense[2] & 0xf,
                  (unsigned)sense[12], (unsigned)sense[13], scsi_sense_text(code));
}

void host_expect_flags(const ScsiHost *h, const char *flags, const char *file, int line)
{
    const uint8_t *sense = h->task.sense;
    char seen[5] = "";

    g_snprintf(seen, sizeof seen, "%s%s%s%s", sense[2] & 0x80 ? "F" : "",
               sense[2] & 0x40 ? "E" : "", sense[2] & 0x20 ? "I" : "",
               (sense[0] & 0x7f) == 0x71 ? "D" : "");
    ck_assert_msg(strcmp(seen, flags) == 0, "%s:%d: flags '%s', not '%s'", file, line, seen, flags);
}

void host_expect_information(const ScsiHost *h, int64_t information, const char *file, int line)
{
    const uint8_t *sense = h->task.sense;

    ck_assert_msg(sense[0] & 0x80, "%s:%d: VALID is not set", file, line);
    ck_assert_msg((int32_t)get_be32(sense + 3) == information, "%s:%d: INFORMATION %d, not %d",
                  file, line, (int32_t)get_be32(sense + 3), (int)information);
}

void host_expect_field(const ScsiHost *h, bool in_cdb, int byte, int bit, const char *file,
                       int line)
{
    const uint8_t *sense = h->task.sense;
    unsigned first =
        0x80u | (in_cdb ? 0x40u : 0) | (bit >= 0 ? 0x08u | ((unsigned)bit & 0x07u) : 0);

    host_expect_sense(
        h, in_cdb ? SENSE_INVALID_FIELD_IN_CDB : SENSE_INVALID_FIELD_IN_PARAMETER_LIST, file, line);
    ck_assert_msg(sense[15] == first && get_be16(sense + 16) == byte,
                  "%s:%d: field pointer %02x byte %d, not %02x byte %d", file, line,
                  (unsigned)sense[15], get_be16(sense + 16), first, byte);
}

void host_expect_at(const ScsiHost *h, uint32_t number, uint64_t object, const char *file, int line)
{
    MediumPosition where;

    medium_position(ssc_drive_medium(h->drive), &where);
    ck_assert_msg(where.partition == number && where.object == object,
                  "%s:%d: at partition %u object %u", file, line, where.partition,
                  (unsigned)where.object);
}
