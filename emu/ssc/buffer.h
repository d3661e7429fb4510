/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drive's write-behind buffer (SSC-3 § 4.2.10), between the commands that write and the medium.
 * From the front of the tape to the host it holds
 *
 *   behind  objects that the medium has taken and that a drive with this much memory would not have
 *           on tape yet. They are only counted: the medium has their bytes. When there are more
 *           bytes than the buffer holds, the oldest count as written. Power-off takes the rest.
 *   held    the object that the medium refused (MEDIUM_WRITE_ERROR) and all that came after it:
 * real bytes, tried again whenever the buffer must go to tape. The host is told then, by a deferred
 * error, and not before: its commands ended well long ago.
 *
 * READ POSITION tells both. Nothing here takes time: unless time is modelled, objects go to tape
 * only when room is needed or a command synchronises, which is the latest that they ever may.
 */
#ifndef USBTAPE_SSC_BUFFER_H
#define USBTAPE_SSC_BUFFER_H

#include "emu/ssc/outcome.h"

/* Neighbours of one size are one run. When there are no more, the oldest run counts as written. */
#define SSC_BUFFER_RUNS 256u
/* Of what is held, a run is one WRITE's blocks, or marks. A buffer of so many runs is full. */
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
    bool fixed; /* the last WRITE had FIXED: INFORMATION counts objects, else bytes */
    bool told;  /* the host knows */
} SscBuffer;

typedef struct SscDrive SscDrive;

void ssc_buffer_init(SscBuffer *buffer, uint64_t capacity);
/* The oldest that are no more than `bytes` are on tape; returns how many bytes they are. */
uint64_t ssc_buffer_drain(SscBuffer *buffer, uint64_t bytes);
/* What is behind is on tape now. */
void ssc_buffer_synced(SscBuffer *buffer);
/* Everything is gone with the cartridge. */
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
 * May a WRITE of so many bytes, or marks, begin? Not if the buffer has no room left behind what the
 * tape refuses, or the host was told of that already: then it is tried again, and `ssc_good` or the
 * deferred error comes back.
 */
Outcome ssc_buffer_make_room(SscCommand *c, uint64_t bytes);
/* One block, from the command's Data-Out. As medium_write(), but for what is held. */
MediumResult ssc_buffer_write(SscCommand *c, size_t offset, uint32_t size);
MediumResult ssc_buffer_write_marks(SscCommand *c, MediumMark mark, uint64_t count,
                                    uint64_t *written);

/*
 * Before anything that needs the tape to hold what was written: tries what is held once more. Good:
 * go on. Else the deferred error: the command is not performed. A command that moves the tape, sent
 * after the host was told, goes on, and what is held is lost.
 */
Outcome ssc_buffer_settle(SscCommand *c);

/*
 * RECOVER BUFFERED DATA: takes the oldest object that is held. A block: as medium_read(); a mark:
 * FILEMARK or SETMARK; nothing held: EOD.
 */
MediumResult ssc_buffer_take(SscDrive *drive, uint8_t *bytes, size_t capacity, size_t *length);

/* The power goes off: what the buffer has is nowhere. */
void ssc_buffer_lose(SscDrive *drive);

#endif
