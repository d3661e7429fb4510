/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that sends any CDB with any data to a drive, with resets, aborts, cartridge changes and
 * failing motions in between. Whatever comes, each task is done exactly once unless it was taken
 * back, no more data comes than was announced, and CHECK CONDITION alone has sense.
 *
 * Input: the first byte picks the model, then one action after another: what, then its bytes.
 */
#include "emu/base/bytes.h"
#include "emu/ssc/ssc.h"
#include "tests/support/test-medium.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough for every path; more only costs time and memory. */
#define MOST_ACTIONS 200
#define MOST_BYTES   (64u * 1024)

typedef struct Fuzz {
    ByteReader input;
    Clock *clock;
    SscDrive *drive;
    ScsiTarget *target;
    TestMedium *medium; /* NULL: none in the drive */

    ScsiTask task;
    bool pending; /* submitted, and neither done nor taken back */
    bool refuse, wants_data;
    ScsiDirection direction;
    uint32_t announced;
} Fuzz;

static Fuzz *fuzz_of(ScsiTask *task)
{
    return (Fuzz *)(void *)((char *)task - G_STRUCT_OFFSET(Fuzz, task));
}

static bool data_phase(ScsiTask *task, ScsiDirection direction, uint32_t length)
{
    Fuzz *f = fuzz_of(task);

    g_assert(f->pending && f->direction == SCSI_NO_DATA);
    g_assert(direction != SCSI_NO_DATA && length > 0 && length <= SCSI_DATA_MAX);
    if (f->refuse || length > MOST_BYTES) {
        f->pending = false;
        return false;
    }
    f->direction = direction;
    f->announced = length;
    f->wants_data = direction == SCSI_DATA_OUT;
    return true;
}

static void done(ScsiTask *task)
{
    Fuzz *f = fuzz_of(task);
    uint8_t key = task->sense[2] & 0x0f;

    g_assert(f->pending && !f->wants_data);
    f->pending = false;
    g_assert(task->in->len <= (f->direction == SCSI_DATA_IN ? f->announced : 0));
    g_assert(task->out_unused <= (f->direction == SCSI_DATA_OUT ? f->announced : 0));
    g_assert((task->status == SCSI_CHECK_CONDITION) == (task->sense_length > 0));
    g_assert(task->status == SCSI_GOOD || task->status == SCSI_CHECK_CONDITION ||
             task->status == SCSI_RESERVATION_CONFLICT);
    if (task->status == SCSI_CHECK_CONDITION) {
        /* Hosts take key 0 with 00/00 for GOOD unless ILI is set. */
        g_assert(key != 0 || task->sense[13] != 0 || (task->sense[2] & 0x20));
        g_assert(task->sense[12] != 0x24 || (task->sense[15] & 0xc0) == 0xc0);
    }
}

static const ScsiTaskOps task_ops = { data_phase, done };

static void take_back(Fuzz *f)
{
    if (f->pending) {
        f->pending = f->wants_data = false;
        f->target->ops->abort(f->target, &f->task);
    }
}

static void insert(Fuzz *f)
{
    MediumGeometry geometry = { .capacity = (uint64_t)byte_reader_u8(&f->input) << 12,
                                .early_warning = (uint64_t)byte_reader_u8(&f->input) << 10,
                                .partitions = 1u + (byte_reader_u8(&f->input) & 3) };

    if (!f->medium) {
        f->medium = test_medium_new(&geometry);
        g_assert(ssc_drive_insert(f->drive, test_medium_base(f->medium)));
    }
}

static void eject(Fuzz *f, bool force)
{
    TapeMedium *medium;

    if (ssc_drive_eject(f->drive, force, &medium) == SSC_EJECTED) {
        g_assert(medium == test_medium_base(f->medium));
        f->medium = NULL;
        medium_free(medium);
    }
    g_assert(medium == NULL || f->medium == NULL);
}

/* Sixteen million filemarks find nothing that a few thousand do not, but take seconds. */
static void bound_marks(uint8_t *cdb)
{
    uint8_t *count = cdb[0] == 0x10 ? cdb + 2 : cdb[0] == 0x80 ? cdb + 12 : NULL;

    if (count) {
        put_be24(count, get_be24(count) & 0xfff);
    }
}

static void send_command(Fuzz *f)
{
    uint8_t length = byte_reader_u8(&f->input) % (SCSI_CDB_MAX + 1);
    const uint8_t *cdb = byte_reader_take(&f->input, length);
    GByteArray *in = f->task.in;

    take_back(f);
    if (!cdb) {
        return;
    }
    g_clear_pointer(&f->task.out, g_bytes_unref);
    f->task = (ScsiTask){ .ops = &task_ops, .in = in, .cdb_length = length };
    memcpy(f->task.cdb, cdb, length);
    bound_marks(f->task.cdb);
    f->direction = SCSI_NO_DATA;
    f->wants_data = false;
    f->pending = true;
    f->target->ops->submit(f->target, &f->task);
}

/* The bytes of the input over and over: parameter lists are short, blocks may hold anything. */
static void send_data(Fuzz *f)
{
    uint8_t n = byte_reader_u8(&f->input);
    const uint8_t *pattern = byte_reader_take(&f->input, n);
    g_autofree uint8_t *bytes = NULL;

    if (!f->wants_data) {
        return;
    }
    bytes = g_malloc0(f->announced);
    for (uint32_t i = 0; pattern && n > 0 && i < f->announced; i++) {
        bytes[i] = pattern[i % n];
    }
    f->wants_data = false;
    f->task.out = g_bytes_new(bytes, f->announced);
    f->target->ops->data_out(f->target, &f->task);
}

static void act(Fuzz *f)
{
    static const MediumResult results[] = { MEDIUM_READ_ERROR, MEDIUM_WRITE_ERROR,
                                            MEDIUM_HOST_ERROR };
    uint8_t what = byte_reader_u8(&f->input);

    switch (what % 10) {
    case 0:
    case 1:
        f->refuse = false;
        send_command(f);
        break;
    case 2:
        send_data(f);
        break;
    case 3:
        f->refuse = true;
        send_command(f);
        break;
    case 4:
        take_back(f);
        break;
    case 5:
        take_back(f);
        f->target->ops->reset(f->target, (ScsiReset)(what / 10 % 4));
        break;
    case 6:
        insert(f);
        break;
    case 7:
        eject(f, what >= 128);
        break;
    case 8:
        if (f->medium && test_medium_sync_held(f->medium)) {
            test_medium_end_sync(f->medium, what >= 128 ? MEDIUM_HOST_ERROR : MEDIUM_OK);
        } else if (f->medium) {
            test_medium_hold_syncs(f->medium, what >= 128);
        }
        break;
    case 9:
        if (f->medium) {
            unsigned op = what / 10 % 3;

            test_medium_next_result(f->medium, (TestOp)op, what >> 6,
                                    what & 1 ? MEDIUM_HOST_ERROR : results[MIN(op, 1)]);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fuzz f = { .input = BYTE_READER(data, size) };
    unsigned n_models = 0;

    while (ssc_models()[n_models]) {
        n_models++;
    }
    f.clock = virtual_clock_new();
    f.drive = ssc_drive_new(ssc_models()[byte_reader_u8(&f.input) % n_models], NULL, f.clock, NULL);
    f.target = ssc_drive_target(f.drive);
    f.task.in = g_byte_array_new();
    for (unsigned i = 0; i < MOST_ACTIONS && !f.input.overrun; i++) {
        act(&f);
    }
    take_back(&f);
    if (f.medium && test_medium_sync_held(f.medium)) {
        test_medium_end_sync(f.medium, MEDIUM_OK);
    }
    g_assert(!f.pending);
    ssc_drive_free(f.drive);
    clock_free(f.clock);
    g_byte_array_unref(f.task.in);
    g_clear_pointer(&f.task.out, g_bytes_unref);
    return 0;
}
