/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drive's write-behind buffer (SSC-3 § 4.2.10), between the commands that write and the medium.
 * From the tape's side to the host's side it has two parts:
 *
 *   behind  Objects that the medium has accepted and that a real drive with this much memory would
 *           not have on tape yet. The buffer only counts them, because the medium has their bytes.
 *           When they are more bytes than the capacity, the oldest count as written. A power loss
 *           discards the rest.
 *   held    The object that the medium refused (MEDIUM_WRITE_ERROR) and all later ones, with their
 *           bytes. Each command that synchronises retries them. A deferred error then reports the
 *           refusal, because the commands that wrote them have ended with GOOD.
 *
 * READ POSITION reports both parts. Unless time is modelled, objects go to tape only when the
 * buffer needs room or a command synchronises. That is the latest moment that the standard allows.
 */
#ifndef USBTAPE_SSC_BUFFER_H
#define USBTAPE_SSC_BUFFER_H

#include "emu/ssc/outcome.h"

/* Neighbours of one size are one run. When there are no more, the oldest run counts as written. */
#define SSC_BUFFER_RUNS 256u
/* A run of held objects is the blocks of one WRITE, or marks. This many runs fill the buffer. */
#define SSC_HELD_MAX 4096u

typedef struct SscRun {
    uint64_t objects;
    uint32_t size; /* of each; 0 for marks */
} SscRun;

typedef struct SscBuffer {
    uint64_t capacity; /* bytes */

    /* Behind: a ring. */
    SscRun runs[SSC_BUFFER_RUNS];
    unsigned first, n_runs;
    uint64_t behind_objects, behind_bytes;
    uint64_t behind_start; /* number of the oldest, while there is one */

    GQueue held; /* of SscHeld, runs, the oldest first */
    uint64_t held_objects, held_bytes;
    uint64_t held_files, held_setmarks; /* of the objects: marks of each kind */
    ScsiSense why;                      /* of the object at its head, without INFORMATION */
    bool fixed;    /* the last WRITE had FIXED: INFORMATION counts objects, else bytes */
    bool reported; /* a deferred error reported it */
} SscBuffer;

typedef struct SscDrive SscDrive;

void ssc_buffer_init(SscBuffer *buffer, uint64_t capacity);
/* Counts the oldest objects, up to `bytes` in all, as on tape. Returns how many bytes they are. */
uint64_t ssc_buffer_drain(SscBuffer *buffer, uint64_t bytes);
/* The objects behind are on tape now. */
void ssc_buffer_synced(SscBuffer *buffer);
/* Empties the buffer: the cartridge was taken out. */
void ssc_buffer_clear(SscBuffer *buffer);

static inline uint64_t ssc_buffer_objects(const SscBuffer *buffer)
{
    return buffer->behind_objects + buffer->held_objects;
}

static inline uint64_t ssc_buffer_bytes(const SscBuffer *buffer)
{
    return buffer->behind_bytes + buffer->held_bytes;
}

/*
 * Must every object be on tape before its command ends? In unbuffered mode, and with SEW wherever
 * the head is between early warning and the end of the partition (SSC-3 § 8.3.3). A cartridge must
 * be loaded.
 */
bool ssc_buffer_bypassed(SscDrive *drive);
/*
 * May a WRITE of so many bytes, or marks, begin? Not if the held objects leave no room, or if the
 * refusal was reported already. Then the held objects are retried, and this returns GOOD or the
 * deferred error.
 */
Outcome ssc_buffer_make_room(SscCommand *c, uint64_t bytes);
/* Writes one block of the command's Data-Out, behind the held objects if there are any. */
MediumResult ssc_buffer_write(SscCommand *c, size_t offset, uint32_t size);
MediumResult ssc_buffer_write_marks(SscCommand *c, MediumMark mark, uint64_t count,
                                    uint64_t *written);

/*
 * Retries the held objects before a command that needs them on tape. Good: the command goes on.
 * Else the outcome is the deferred error, and the command is not performed. After the report, a
 * command that moves the tape goes on and discards the held objects.
 */
Outcome ssc_buffer_retry_held(SscCommand *c);

/*
 * RECOVER BUFFERED DATA: takes the oldest object that is held. A block: as medium_read(); a mark:
 * FILEMARK or SETMARK; nothing held: EOD.
 */
MediumResult ssc_buffer_recover(SscDrive *drive, uint8_t *bytes, size_t capacity, size_t *length);

/* The power goes off: the buffer's contents are lost. */
void ssc_buffer_discard(SscDrive *drive);

#endif
