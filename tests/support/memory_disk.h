/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in memory beneath a cartridge. It remembers in which order it was written and synced, so
 * that a test can cut the power at any instant and look at what a disk might then hold; and it can
 * be told to fail.
 */
#ifndef USBTAPE_TESTS_MEMORY_DISK_H
#define USBTAPE_TESTS_MEMORY_DISK_H

#include "media/host-file.h"

typedef struct MemoryDisk MemoryDisk;

MemoryDisk *memory_disk_new(void);
void memory_disk_free(MemoryDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MemoryDisk, memory_disk_free)

/* A handle; freeing it (as a medium does) leaves the disk. */
HostFile *memory_disk_open(MemoryDisk *disk);

/* ── what happened ── */

/* Stamps what is logged from now on. */
void memory_disk_set_step(MemoryDisk *disk, int step);
int memory_disk_events(const MemoryDisk *disk);
/* The step in which an event happened. */
int memory_disk_step(const MemoryDisk *disk, int event);

typedef enum CutMode {
    CUT_KILLED,      /* everything before the event, the event not */
    CUT_KILLED_TORN, /* and the first bytes of it */
    CUT_POWER,       /* of what was not synced, any sectors of 512 bytes, in any order */
} CutMode;

/* What the disk may hold when it ends at the event. A new disk, whose log is empty. */
MemoryDisk *memory_disk_cut(const MemoryDisk *disk, int event, CutMode mode, GRand *rand);
/* What it holds now has always been there, so that it can be cut again: its log begins here. */
void memory_disk_settle(MemoryDisk *disk);

/* ── failing ── */

/*
 * The `n`th call from now that changes or reads the disk (0: the next) fails with `error`, as do
 * all that follow it when `forever`. Writes first take half of their bytes. 0 stops that.
 */
void memory_disk_fail(MemoryDisk *disk, int n, int error, bool forever);
/* Has a call failed since? */
bool memory_disk_failed(const MemoryDisk *disk);
/* Room that is asked for is promised, whether it is there or not. */
void memory_disk_promise(MemoryDisk *disk, bool anything);
/* No more than this many bytes beyond what is there; writes into holes and beyond the end: ENOSPC.
 */
void memory_disk_limit_pages(MemoryDisk *disk, guint pages);

#endif
