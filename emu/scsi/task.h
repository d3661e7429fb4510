/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEAM 2: tasks. A transport (Bulk-Only, later UAS) submits a ScsiTask to a ScsiTarget.
 *
 * The life of a task:
 *   transport            target
 *   submit(task)  ─────▶ passes its gates, knows which way and how many bytes it wants to move
 *                 ◀───── data_phase(task, direction, length): "may I?"
 *                        false: host and device disagree, and the transport completed the
 *                        command. The target drops the task without effect and without done.
 *                        true, Data-In: the target continues at once and fills `in`.
 *                        true, Data-Out: the target returns and waits
 *   data_out(task) ────▶ all `length` bytes are in `out`; the target executes
 *                 ◀───── done(task): status, sense and residue are set. Exactly once.
 * Commands without data skip data_phase. Each call may be late, because slow work waits here.
 *
 * Re-entry: a late data_phase or done may let the host continue at once. Then data_out, a reset, or
 * the submit of the next task (perhaps in the same ScsiTask) arrives before the call returns. The
 * target sets its own state before such a call and reads it again afterwards. During submit and
 * data_out the transport does not call the target.
 *
 * `abort` takes back a task at any point before done. The target drops the task and does not call
 * done. Changes that the task already made to the medium stay.
 */
#ifndef USBTAPE_SCSI_TASK_H
#define USBTAPE_SCSI_TASK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCSI_CDB_MAX   16
#define SCSI_SENSE_MAX 96

/* The most bytes that one command moves. It bounds the memory of a connection. Larger: 05/24/00. */
#define SCSI_DATA_MAX (64u * 1024 * 1024)

typedef enum ScsiDirection {
    SCSI_NO_DATA,
    SCSI_DATA_IN,  /* from the device to the host */
    SCSI_DATA_OUT, /* from the host to the device */
} ScsiDirection;

/* SAM-3 § 5.3.1 */
typedef enum ScsiStatus {
    SCSI_GOOD = 0x00,
    SCSI_CHECK_CONDITION = 0x02,
    SCSI_BUSY = 0x08,
    SCSI_RESERVATION_CONFLICT = 0x18,
    SCSI_TASK_SET_FULL = 0x28,
} ScsiStatus;

typedef enum ScsiReset {
    SCSI_RESET_POWER_ON,  /* all state lost; UA 29/00 */
    SCSI_RESET_BUS,       /* hard reset by the bus (USB port reset); UA 29/00 */
    SCSI_RESET_DEVICE,    /* logical unit reset; UA 29/00 (model's ASCQ) */
    SCSI_RESET_TRANSPORT, /* Bulk-Only Mass Storage Reset: tasks end, other state stays; no UA */
} ScsiReset;

typedef struct ScsiTask ScsiTask;

/* Calls of the target to the transport. */
typedef struct ScsiTaskOps {
    bool (*data_phase)(ScsiTask *task, ScsiDirection direction, uint32_t length);
    void (*done)(ScsiTask *task);
} ScsiTaskOps;

struct ScsiTask {
    /* By the transport, before submit. */
    const ScsiTaskOps *ops;
    uint64_t tag;
    uint8_t lun;
    uint8_t cdb[SCSI_CDB_MAX]; /* bytes beyond cdb_length are zero */
    uint8_t cdb_length;

    /* Data-Out: set by the transport before data_out; borrowed by the target until done. */
    GBytes *out;
    /* Data-In: owned by the transport, filled by the target through scsi_task_in(). */
    GByteArray *in;

    /* By the target, before done. */
    ScsiStatus status;
    uint8_t sense[SCSI_SENSE_MAX]; /* with CHECK CONDITION; the target keeps it for REQUEST SENSE */
    uint8_t sense_length;
    /* Data-Out: bytes that the device did not process, of those it announced. */
    uint32_t out_unused;
};

/*
 * Makes `in` exactly `length` bytes (at most SCSI_DATA_MAX) and returns them for writing. The bytes
 * are not cleared. Call again before done with the number of bytes filled, so that no stale byte is
 * sent.
 */
static inline uint8_t *scsi_task_in(ScsiTask *task, size_t length)
{
    g_assert(length <= SCSI_DATA_MAX);
    g_byte_array_set_size(task->in, (guint)length);
    return task->in->data;
}

typedef struct ScsiTarget ScsiTarget;

typedef struct ScsiTargetOps {
    void (*submit)(ScsiTarget *target, ScsiTask *task);
    void (*data_out)(ScsiTarget *target, ScsiTask *task);
    void (*abort)(ScsiTarget *target, ScsiTask *task);
    /* The transport aborts its tasks first. */
    void (*reset)(ScsiTarget *target, ScsiReset kind);
    /* Number of logical units, 1 to 16. */
    unsigned (*lun_count)(ScsiTarget *target);
} ScsiTargetOps;

struct ScsiTarget {
    const ScsiTargetOps *ops;
};

#endif
