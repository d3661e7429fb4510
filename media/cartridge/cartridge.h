/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native cartridge (format "usbtape", suffix .tape). Format: media/FORMAT.md.
 *
 * Owns: the file, its recovery, what a kill or a power cut may take. Does not own: when to sync
 * (the caller acknowledges), locks between processes (formats.c).
 *
 *   cartridge.c        writing, partitions, attributes, what the medium tells of itself
 *   cartridge-read.c   reading
 *   cartridge-motion.c SPACE and LOCATE
 *   cartridge-table.c  object entries: by number, by count of marks
 *   cartridge-log.c    appending, truncating, syncing: everything that makes the file change
 *   cartridge-open.c   making, opening, recovering
 *   cartridge-salvage.c opening without a superblock
 *   cartridge-store.c  streams of bytes over chunks of the file
 *   cartridge-layout.c the bytes
 *   superblock-epochs.c which epoch each object belongs to
 *   codec.c            compressed blocks
 *
 * Three rules keep it whole:
 *  1. Nothing durable is overwritten before a superblock that no longer refers to it is durable:
 *     truncating (cartridge_cut) bumps the partition's epoch and syncs before the first new byte.
 *  2. An entry beyond the durable place counts only if it carries the current epoch, follows its
 *     neighbour exactly, and its data has the CRC it says: what a power cut left half is not there.
 *  3. Of the two superblock slots, the last one known to be durable is never written to.
 */
#ifndef USBTAPE_MEDIA_CARTRIDGE_H
#define USBTAPE_MEDIA_CARTRIDGE_H

#include "emu/base/executor.h"
#include "media/cartridge/attributes.h"
#include "media/cartridge/cartridge-layout.h"
#include "media/cartridge/cartridge-store.h"
#include "media/cartridge/codec.h"
#include "media/formats/formats.h"

enum {
    /* Blocks below this are gathered before they are handed to the host. */
    SMALL_BLOCK = 16 * 1024,
    GATHER_SIZE = 256 * 1024,
    /* Entries are handed to the host after so much data or so many entries (ENTRIES_DATA). */
    ENTRIES_DATA = 1024 * 1024,
    ENTRIES_MAX = 1024,
    /* Small blocks are read through a window. */
    WINDOW_SIZE = 64 * 1024,
    /* Entries in the cached piece of the table; with it come the ones before and behind it. */
    TABLE_PAGE = 64,
    TABLE_WINDOW = TABLE_PAGE + 2,
    /* Bytes of disk space reserved ahead of the gathered data. */
    DATA_AHEAD = 256 * 1024,
    ENTRIES_AHEAD = 64 * 1024,
    /* Bytes without a sync after which the cartridge starts a checkpoint, see below. */
    CHECKPOINT_BYTES = 256 * 1024 * 1024,
};

/*
 * What has been accepted but not handed to the host. Belongs to the partition under the head. The
 * disk has promised room for all of it, so that a full disk refuses a block and not its flush.
 */
typedef struct Gather {
    uint8_t *data;
    uint64_t data_start; /* in the data stream */
    size_t data_length;
    uint8_t *entries;
    uint64_t first; /* object number of the first entry */
    uint32_t n;
    uint64_t bytes; /* of data since the entries were last handed over */
    uint64_t limit; /* ENTRIES_DATA, or less in tests */
    /* up to where in the two streams there is room on the disk */
    uint64_t data_room, entries_room;
} Gather;

/*
 * A sync that the cartridge starts itself. It bounds the data after the durable place, which the
 * next open has to read after a kill or a power cut. It runs beside writing. Data written meanwhile
 * belongs to the next checkpoint.
 */
typedef struct Checkpoint {
    uint64_t bytes;    /* written since the last one */
    uint64_t interval; /* CHECKPOINT_BYTES, or less in tests */
    bool running;
    int error;
    /* the state at its start, parts of which must be unchanged at its end */
    Place place;
    uint32_t link, partition, epoch, generation;
    uint64_t sequence;
} Checkpoint;

/* The state of an entry. */
typedef enum EntryState { ENTRY_GOOD, ENTRY_DAMAGED, ENTRY_HOST_ERROR } EntryState;

/* A piece of the table in memory. Element i is of object `first` + i - 1. */
typedef struct TablePage {
    bool valid;
    uint64_t first;
    uint8_t bytes[TABLE_WINDOW * OBJECT_ENTRY];
    ObjectEntry entries[TABLE_WINDOW];
    bool good[TABLE_WINDOW]; /* whole, and not contradicted by its neighbours */
} TablePage;

/*
 * Consecutive objects with damaged entries, between two known places. The two places determine the
 * contents if these are marks of one kind or blocks alone.
 */
typedef struct DamagedRun {
    bool valid;
    Place low, high;
} DamagedRun;

typedef struct Cartridge {
    TapeMedium base;
    HostFile *file;
    char *path;
    Executor *executor;
    bool read_only;
    GError *error; /* of the last call that failed on the host, or the one that `failed` */
    bool damaged;  /* opening found damage that no read reports */
    bool lost;     /* opening found that durable data is lost, so writing is refused */
    bool salvaged; /* it has no superblock in the file */
    bool labelled; /* salvaged with a label, which records its creation */
    bool dropped;  /* objects beyond the durable place that are not whole */
    bool alone;    /* the other superblock is damaged, and may have been the newer one */
    bool failed; /* a sync failed, so the state of the host's file is unknown and writing is refused
                  */

    Superblock superblock;  /* as it should be on disk */
    int slot, durable_slot; /* last written; last known to be durable */
    bool superblock_urgent; /* holds something that the next sync must acknowledge */
    bool syncing;
    bool dirty; /* written since the last sync */
    MediumSyncDone sync_done;
    void *sync_data;
    int sync_error;
    Checkpoint checkpoint;
    bool orphaned; /* freed while a checkpoint was running, disposed of when it ends */

    Store store;
    AttributeSet *attributes;
    bool attributes_dirty;

    Place end[MEDIUM_PARTITIONS_MAX];     /* EOD */
    uint32_t link[MEDIUM_PARTITIONS_MAX]; /* the CRC of the entry before it */
    bool begun[MEDIUM_PARTITIONS_MAX];    /* this process began the current epoch, so appending may
                                             continue */
    uint32_t partition;                   /* the head */
    Place head;
    bool head_guessed; /* damage hides the objects before the head, so only the object number is
                          certain */

    Gather gather;
    TablePage *table; /* cache: of the partition under the head */
    DamagedRun run;   /* the last one that was met there */
    bool recovering;  /* EOD is unknown, so each entry is judged alone */
    uint8_t *window;  /* cache: bytes of its data stream */
    uint64_t window_start;
    size_t window_length;
    uint8_t *scratch; /* for data that does not fit in the caller's buffer */
    bool compress;    /* the drive's setting, which the superblock can override */
    Codec *codec;     /* made when it is needed first */
} Cartridge;

static inline Cartridge *cartridge(TapeMedium *m)
{
    return (Cartridge *)m;
}

static inline Place *cartridge_end(Cartridge *c)
{
    return &c->end[c->partition];
}

/* The binding of checksums since the store was opened. */
static inline const Binding *cartridge_binding(const Cartridge *c)
{
    return &c->store.binding;
}

/* Sets medium_host_error() from a negative errno and returns HOST_ERROR. */
MediumResult cartridge_host_error(Cartridge *c, int error, const char *doing);

/* ── cartridge-table.c: all of them for the partition under the head ── */

/*
 * `object` must be before EOD. DAMAGED if its entry is not whole, or its neighbours contradict it.
 * HOST_ERROR after a call of cartridge_host_error().
 */
EntryState cartridge_entry(Cartridge *c, uint64_t object, ObjectEntry *entry);
/* The link that the entry of the object must have, from the entry before it in the file. */
EntryState cartridge_link(Cartridge *c, uint64_t object, uint32_t *link);
/* Invalidates the table in memory. */
void cartridge_forget_table(Cartridge *c);

/* store_fetch() of what cartridge_entry() reads. */
bool cartridge_fetch_entry(Cartridge *c, uint64_t object, MediumFetched done, void *data);

/*
 * The place before an object, or EOD. CORRUPT if damage hides it. The object number is then right,
 * the rest of `*place` is an estimate that is safe for writing, and `c->run` is the damage.
 */
MediumResult cartridge_place(Cartridge *c, uint64_t object, Place *place);

/* The first object from `object` on whose entry lies in an existing chunk, or EOD. */
uint64_t cartridge_after_lost(Cartridge *c, uint64_t object);
/* The first object from `object` on whose entry may lie outside a hole of the file. */
uint64_t cartridge_next_written(Cartridge *c, uint64_t object);

typedef enum CountKind { COUNT_FILEMARKS, COUNT_SETMARKS, COUNT_BLOCKS } CountKind;

uint64_t place_count(const Place *place, CountKind kind);
/*
 * The first place in [low, high] with at least `count` of a kind before it. `high` must have that
 * many. CORRUPT if it lies within damage that hides the exact place, `c->run`.
 */
MediumResult cartridge_search(Cartridge *c, CountKind kind, uint64_t count, const Place *low,
                              const Place *high, Place *found);

/* ── cartridge-read.c: MediumOps, and ── */

/* Sets the error of a damaged object and returns CORRUPT. */
MediumResult cartridge_corrupt(Cartridge *c, uint64_t object);
/* Moves the head before an object. CORRUPT if damage hides the place, which is then an estimate. */
MediumResult cartridge_move_head(Cartridge *c, uint64_t object);
MediumResult cartridge_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);
MediumResult cartridge_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity,
                                    size_t *length);
uint64_t cartridge_skip_lost(TapeMedium *m);
bool cartridge_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data);

/* ── cartridge-motion.c: MediumOps ── */

MediumResult cartridge_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                             uint64_t *moved);
MediumResult cartridge_locate(TapeMedium *m, uint32_t partition, MediumLocate what,
                              uint64_t number);

/* ── cartridge-log.c ── */

/* Bytes from the head to the end of the partition. */
uint64_t cartridge_left(Cartridge *c);
/* Appends at EOD, which is the head. HOST_ERROR and END_OF_PARTITION (no room) have no effect. */
MediumResult cartridge_append(Cartridge *c, ObjectType type, const uint8_t *data, uint32_t length);
/* Writes the gathered data to the host. After HOST_ERROR the data stays gathered. */
MediumResult cartridge_flush(Cartridge *c);
/* Makes the head EOD permanently and opens it for appending. HOST_ERROR has no effect. */
MediumResult cartridge_cut(Cartridge *c);
void cartridge_sync(TapeMedium *m, MediumSyncDone done, void *data);
/* Frees the cartridge after all its work has ended. */
void cartridge_dispose(Cartridge *c);
/* As cartridge_sync, on this thread. */
MediumResult cartridge_sync_now(Cartridge *c);
/* Writes the superblock into the free slot without a sync. */
int cartridge_write_superblock(Cartridge *c);
/* Makes the one that was written last durable, so that the next one goes to the other slot. */
int cartridge_sync_superblock(Cartridge *c);
int cartridge_write_attributes(Cartridge *c);
/* Reserves disk space for `length` bytes of attributes at their next place. */
int cartridge_reserve_attributes(Cartridge *c, size_t length);
/* Writes the superblock and waits until it is durable. After HOST_ERROR the medium has failed. */
MediumResult cartridge_commit_superblock(Cartridge *c);
/* Sets the gathering and the caches up for the partition under the head. Nothing is gathered. */
void cartridge_aim_gather(Cartridge *c);

/* ── cartridge-open.c ── */

/* Takes `file` over on success. */
TapeMedium *cartridge_open(HostFile *file, const char *path, bool read_only, Executor *executor,
                           char **notice, GError **error);
/* Borrows `file`. `chunk_shift`: CHUNK_SHIFT, or less in tests. */
bool cartridge_create(HostFile *file, const char *path, const MediumGeometry *geometry,
                      uint32_t chunk_shift, GError **error);
/* Creates a cartridge of version 2, as older programs did, for tests. */
bool cartridge_create_plain(HostFile *file, const char *path, const MediumGeometry *geometry,
                            uint32_t chunk_shift, GError **error);

/* As cartridge_open(), read-only, without a superblock: cartridge-salvage.c. */
TapeMedium *cartridge_open_salvaged(HostFile *file, const char *path, char **notice,
                                    GError **error);
/*
 * Finds the objects of `c`, which has a file, a path and its buffers. `unread` collects the places
 * of the file that cannot be read.
 */
bool cartridge_salvage(Cartridge *c, GString *unread, GError **error);
/* Finds durable chunks that the map lacks, by their contents. */
void cartridge_find_chunks(Cartridge *c);
/* How many of the partition under the head are missing. */
uint64_t cartridge_missing(Cartridge *c);
/* Finds EOD of that partition without a superblock. */
bool cartridge_find_end(Cartridge *c);

/*
 * True if the file has the partitions and epochs that it had when it was opened. The data of that
 * time is then still there, because a write before the end begins a new epoch.
 */
bool cartridge_unchanged(Cartridge *c);

extern const MediumFormat cartridge_format;

/* cartridge.c */
extern const MediumOps cartridge_ops;

#endif
