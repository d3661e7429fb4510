/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mutation/host.h"

#include "emu/base/bytes.h"

#include <string.h>

static Host *host_of(ScsiTask *task)
{
    return (Host *)(void *)((char *)task - G_STRUCT_OFFSET(Host, task));
}

static bool data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    host_of(task)->waits = direction == SCSI_DATA_OUT;
    return true;
}

static void task_done(ScsiTask *task)
{
    host_of(task)->done = true;
}

static const ScsiTaskOps task_ops = { data_phase, task_done };

bool host_send_data(Host *h, const void *data, size_t data_length, const uint8_t *cdb,
                    size_t length)
{
    ScsiTarget *target = ssc_drive_target(h->drive);

    h->task = (ScsiTask){ .ops = &task_ops, .tag = 1, .in = h->in };
    h->task.cdb_length = (uint8_t)length;
    memcpy(h->task.cdb, cdb, length);
    h->done = h->waits = false;
    g_byte_array_set_size(h->in, 0);
    target->ops->submit(target, &h->task);
    if (!h->done && h->waits) {
        h->task.out = g_bytes_new_static(data, data_length);
        target->ops->data_out(target, &h->task);
    }
    while (!h->done) { /* long commands let others have a turn */
        g_assert(virtual_clock_next(h->clock) >= 0);
        virtual_clock_advance(h->clock, virtual_clock_next(h->clock) - clock_now(h->clock));
    }
    g_clear_pointer(&h->task.out, g_bytes_unref);
    return h->task.status == SCSI_GOOD;
}

bool host_send(Host *h, const uint8_t *cdb, size_t length)
{
    return host_send_data(h, NULL, 0, cdb, length);
}

Host *host_new(TapeMedium *medium)
{
    Host *h = g_new0(Host, 1);

    h->clock = virtual_clock_new();
    h->drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), NULL, h->clock, NULL);
    h->in = g_byte_array_new();
    if (!ssc_drive_insert(h->drive, medium)) {
        g_assert_not_reached();
    }
    while (!host_send(h, HOST_CDB(0, 0, 0, 0, 0, 0)) &&
           host_sense_key(h) == SENSE_KEY_UNIT_ATTENTION) {
    }
    return h;
}

void host_free(Host *h)
{
    ssc_drive_free(h->drive);
    clock_free(h->clock);
    g_byte_array_unref(h->in);
    g_free(h);
}

bool host_sense(const Host *h, ScsiSenseCode code)
{
    return h->task.status == SCSI_CHECK_CONDITION && h->task.sense_length >= 14 &&
           (h->task.sense[2] & 0x0f) == (uint8_t)scsi_sense_key(code) &&
           h->task.sense[12] == scsi_sense_asc(code) && h->task.sense[13] == scsi_sense_ascq(code);
}

ScsiSenseKey host_sense_key(const Host *h)
{
    return h->task.status == SCSI_CHECK_CONDITION ? (ScsiSenseKey)(h->task.sense[2] & 0x0f)
                                                  : SENSE_KEY_NO_SENSE;
}

const char *host_answer(const Host *h)
{
    static char text[40];

    if (h->task.status == SCSI_GOOD) {
        return "good";
    }
    g_snprintf(text, sizeof text, "status %02x, %02x/%02x/%02x", (unsigned)h->task.status,
               h->task.sense[2] & 0x0fu, h->task.sense[12], h->task.sense[13]);
    return text;
}

bool host_position(Host *h, HostPosition *position)
{
    if (!host_send(h, HOST_CDB(0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0)) || h->in->len < 24) {
        return false;
    }
    position->marks_known = !(h->in->data[0] & 0x08);
    position->partition = get_be32(h->in->data + 4);
    position->object = get_be64(h->in->data + 8);
    position->files = get_be64(h->in->data + 16);
    return true;
}

bool host_read(Host *h, size_t longest)
{
    uint8_t cdb[6] = { 0x08, 0x02 }; /* SILI */

    put_be24(cdb + 2, (uint32_t)longest);
    return host_send(h, cdb, sizeof cdb);
}

bool host_write(Host *h, const void *data, uint32_t length)
{
    uint8_t cdb[6] = { 0x0a };

    put_be24(cdb + 2, length);
    return host_send_data(h, data, length, cdb, sizeof cdb);
}

bool host_filemark(Host *h)
{
    return host_send(h, HOST_CDB(0x10, 0, 0, 0, 1, 0));
}

bool host_locate(Host *h, uint32_t partition, unsigned type, uint64_t number)
{
    uint8_t cdb[16] = { 0x92, (uint8_t)(0x02 | type << 3), 0, (uint8_t)partition };

    put_be64(cdb + 4, number);
    return host_send(h, cdb, sizeof cdb);
}

bool host_space(Host *h, unsigned code, int32_t count)
{
    uint8_t cdb[6] = { 0x11, (uint8_t)code };

    put_be24(cdb + 2, (uint32_t)count & 0xffffff);
    return host_send(h, cdb, sizeof cdb);
}
