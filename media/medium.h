/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEAM 3: tape motions. A TapeMedium is a loaded cartridge with one head position.
 *
 * It speaks tape, never SCSI: what happened is a MediumResult, which emu/ssc/outcome.c alone turns
 * into status and sense. Calls return their result at once; only sync and fetch end later. Call the
 * medium_*() wrappers, never the ops: they check each implementation's promises.
 *
 * A partition is a sequence of logical objects (SSC-3 § 4.2.7): blocks and marks, numbered from 0
 * at BOP, ended by EOD. Writing anywhere truncates everything after it (SSC-3 § 4.2.12).
 */
#ifndef USBTAPE_MEDIA_MEDIUM_H
#define USBTAPE_MEDIA_MEDIUM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest block: what a 24-bit TRANSFER LENGTH can name (SSC-3 READ(6), WRITE(6)). */
#define MEDIUM_BLOCK_MAX      0xffffffu
#define MEDIUM_PARTITIONS_MAX 256u
#define MEDIUM_ATTRIBUTE_MAX  0xffffu /* bytes of one attribute's value */
/*
 * What a filemark or setmark takes of a partition's capacity, in every format: what its entry takes
 * in the file of a native cartridge. So a cartridge with a capacity bounds what its marks cost the
 * host.
 */
#define MEDIUM_MARK_SIZE 64u

typedef enum MediumResult {
    MEDIUM_OK,               /* done */
    MEDIUM_FILEMARK,         /* met a filemark; the head is beyond it in the direction of motion */
    MEDIUM_SETMARK,          /* the same for a setmark */
    MEDIUM_EOD,              /* met end of data; the head is there */
    MEDIUM_BOP,              /* met the beginning of the partition; the head is there */
    MEDIUM_EARLY_WARNING,    /* done, and the head is now at or beyond early warning */
    MEDIUM_END_OF_PARTITION, /* not (wholly) done: no room left before EOP */
    MEDIUM_READ_ERROR,       /* the object cannot be read; the head is beyond it */
    MEDIUM_WRITE_ERROR,      /* the object could not be written; the head is before it */
    MEDIUM_PROTECTED,        /* write protect, or opened read-only; nothing done */
    MEDIUM_WORM,             /* would overwrite a WORM cartridge; nothing done */
    MEDIUM_INVALID,          /* no such partition, object, attribute; nothing done */
    MEDIUM_UNSUPPORTED,      /* the format or the cartridge cannot hold this; nothing done */
    MEDIUM_HOST_ERROR,       /* the host file failed (disk full, EIO): see medium_host_error() */
    MEDIUM_CORRUPT,          /* damaged in the file; read: the head is beyond the object */
} MediumResult;

typedef enum MediumMark {
    MEDIUM_MARK_FILEMARK,
    MEDIUM_MARK_SETMARK,
} MediumMark;

/* What medium_space() counts (SSC-3 § 7.7 SPACE, CODE field). */
typedef enum MediumSpace {
    MEDIUM_SPACE_BLOCKS,
    MEDIUM_SPACE_FILEMARKS,
    MEDIUM_SPACE_SEQUENTIAL_FILEMARKS,
    MEDIUM_SPACE_EOD,
    MEDIUM_SPACE_SETMARKS,
    MEDIUM_SPACE_SEQUENTIAL_SETMARKS,
} MediumSpace;

/* What medium_locate() counts (SSC-3 § 7.3 LOCATE(16), DEST_TYPE field). */
typedef enum MediumLocate {
    MEDIUM_LOCATE_OBJECT,
    MEDIUM_LOCATE_FILE, /* the first object after that many filemarks */
    MEDIUM_LOCATE_EOD,
} MediumLocate;

typedef struct MediumPosition {
    uint32_t partition;
    uint64_t object;         /* number of the next object */
    uint64_t files;          /* filemarks between BOP and the head */
    uint64_t setmarks;       /* setmarks between BOP and the head */
    bool marks_unknown;      /* damage hides how many: `files` and `setmarks` are guesses */
    bool bop;                /* at the beginning of the partition */
    bool eod;                /* at end of data */
    bool early_warning;      /* at or beyond early warning */
    uint64_t used, capacity; /* of the partition before the head, and of all of it: see below */
} MediumPosition;

/*
 * What a cartridge is, given when it is made. Capacity is what blocks take, as they are stored, and
 * MEDIUM_MARK_SIZE for each mark.
 */
typedef struct MediumGeometry {
    uint64_t capacity;      /* bytes, all partitions together; 0 = unlimited */
    uint64_t early_warning; /* bytes before the end of each partition where early warning starts */
    uint32_t partitions;    /* 1 to MEDIUM_PARTITIONS_MAX */
    uint8_t density;        /* density code, 0 = default */
    uint16_t cleanings;     /* a cleaning cartridge, good for so many; 0: one that holds data */
    bool worm;
    bool compression; /* blocks are compressed while the drive wants it: medium_set_compression() */
    char barcode[33]; /* NUL-terminated, may be empty */
} MediumGeometry;

/* One partition as it is now. */
typedef struct MediumPartition {
    uint64_t capacity;      /* bytes; G_MAXUINT64 = unlimited */
    uint64_t used;          /* bytes up to EOD */
    uint64_t objects;       /* blocks and marks up to EOD */
    uint64_t files;         /* filemarks up to EOD */
    uint64_t early_warning; /* bytes from BOP where early warning starts; G_MAXUINT64 = never */
} MediumPartition;

/* What the cartridge has been through, kept with it; all 0 in formats that do not keep it. */
typedef struct MediumUsage {
    uint64_t loads;         /* medium_count_load() */
    uint64_t written, read; /* bytes of blocks, as the host sees them */
    uint64_t stored_written,
        stored_read;  /* the same blocks as they are stored, compressed or not */
    uint64_t formats; /* medium_format_partitions() */
} MediumUsage;

typedef struct MediumInfo {
    MediumGeometry geometry;
    MediumUsage usage;
    const char *format;   /* static: "usbtape", "simh", "ram"… */
    bool write_protected; /* the tab, or opened read-only */
    bool tab;             /* the tab alone */
    bool setmarks;        /* the format can hold setmarks */
    bool attributes;      /* the format can hold attributes */
    /* Opening found damage: see the notice. If something durable is lost, nothing can be written.
     */
    bool damaged;
    bool damage_read;   /* each place of that damage is an object that reads as CORRUPT */
    bool overwritten;   /* opened read-only, and since then another process began to overwrite it */
    uint32_t max_block; /* longest block that the format can hold */
    uint64_t file_size; /* of the host file; 0 if there is none */
} MediumInfo;

/* One attribute of the cartridge memory (SPC-3 § 7.3 MAM; AIT calls the chip MIC). */
typedef struct MediumAttribute {
    uint16_t id;
    uint8_t format; /* SPC-3 table 242: 0 binary, 1 ASCII, 2 text */
    bool read_only; /* for the host; the drive itself may set it */
    GBytes *value;  /* set: borrowed; get: a new reference. At most 64 KiB - 1. */
} MediumAttribute;

typedef void (*MediumSyncDone)(void *data, MediumResult result);
typedef void (*MediumFetched)(void *data);

typedef struct TapeMedium TapeMedium;

/* Implementations: see the wrappers below for each call's meaning. */
typedef struct MediumOps {
    MediumResult (*read)(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);
    MediumResult (*read_reverse)(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);
    MediumResult (*write)(TapeMedium *m, const uint8_t *data, size_t length);
    MediumResult (*write_marks)(TapeMedium *m, MediumMark mark, uint64_t count, uint64_t *written);
    MediumResult (*space)(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                          uint64_t *moved);
    MediumResult (*locate)(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number);
    MediumResult (*erase)(TapeMedium *m, bool to_end_of_partition);
    MediumResult (*format_partitions)(TapeMedium *m, uint32_t count, const uint64_t *capacities);
    MediumResult (*redivide)(TapeMedium *m, uint32_t count, const uint64_t *capacities);
    MediumResult (*get_attribute)(TapeMedium *m, uint32_t partition, uint16_t id,
                                  MediumAttribute *attribute);
    MediumResult (*set_attribute)(TapeMedium *m, uint32_t partition,
                                  const MediumAttribute *attribute);
    void (*list_attributes)(TapeMedium *m, uint32_t partition, GArray *ids);
    MediumResult (*set_write_protect)(TapeMedium *m, bool on);
    void (*set_compression)(TapeMedium *m, bool on);
    void (*sync)(TapeMedium *m, MediumSyncDone done, void *data);
    void (*position)(TapeMedium *m, MediumPosition *position);
    void (*info)(TapeMedium *m, MediumInfo *info);
    void (*partition)(TapeMedium *m, uint32_t number, MediumPartition *partition);
    const GError *(*host_error)(TapeMedium *m);
    void (*free)(TapeMedium *m);
    MediumResult (*cut)(TapeMedium *m); /* medium_lose(); NULL: erase does it */
    void (*count_load)(TapeMedium *m);  /* NULL: not kept */
    /* NULL: what is read is always near. */
    bool (*fetch)(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data);
    uint64_t (*skip_lost)(TapeMedium *m); /* NULL: 0 */
} MediumOps;

struct TapeMedium {
    const MediumOps *ops;
};

/*
 * Reads the next object. A block: its first min(capacity, true length) bytes go to `buffer`,
 * `*length` is its true length, the head is beyond it: OK. FILEMARK, SETMARK: the head is beyond
 * the mark. EOD: the head stays. READ_ERROR, CORRUPT: the head is beyond the object, `*length` is
 * 0, `buffer` holds nothing that may be shown. `*length` is 0 for everything but OK. With a
 * capacity of 0 only the length is wanted: the bytes need not be looked at, so that damage in them
 * may stay unseen.
 */
MediumResult medium_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);

/* The same towards BOP; the block's bytes keep their order on tape. BOP instead of EOD. */
MediumResult medium_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);

/*
 * Writes one block of 1 to MEDIUM_BLOCK_MAX bytes at the head; what followed is gone. OK or
 * EARLY_WARNING (the byte at the early warning point has been written, or there is none before
 * it): written whole. END_OF_PARTITION,
 * WRITE_ERROR (also where damage hides how many marks lie before the head), PROTECTED, WORM,
 * HOST_ERROR: not written, the head is where it was; for END_OF_PARTITION what followed is gone all
 * the same, for HOST_ERROR and WRITE_ERROR it may be.
 */
MediumResult medium_write(TapeMedium *m, const uint8_t *data, size_t length);

/*
 * Writes `count` marks at the head; count 0 does nothing. `*written`: how many are on tape, which
 * is all of them for OK and EARLY_WARNING. Otherwise as medium_write().
 */
MediumResult medium_write_marks(TapeMedium *m, MediumMark mark, uint64_t count, uint64_t *written);

/*
 * Spaces over `count` blocks or marks, towards BOP when negative (SSC-3 § 7.7); count 0 stays. EOD
 * ignores `count` and moves 0. OK: all of them; `*moved` = |count|. Blocks stop at FILEMARK
 * (always) and SETMARK (if `stop_at_setmarks`), beyond the mark in the direction of motion;
 * filemarks stop at SETMARK if `stop_at_setmarks`; everything stops at EOD and BOP. `*moved`
 * counts what was asked for and passed, the stopping mark of another kind not counted. Sequential
 * marks are a run with nothing between them that begins beyond the head; `*moved` is all or 0.
 * CORRUPT: damage hides what was asked for. The head is at its near end; or, if it was within, at
 * the end in the direction of motion. Where the objects around the damage tell all the same what
 * lies in it, it is passed over, without an error.
 */
MediumResult medium_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                          uint64_t *moved);

/*
 * Moves forward over objects of which nothing is left to read, so that each of them would be
 * CORRUPT, and returns how many: for programs that read a whole tape, of which a damaged header may
 * claim any length. 0, and the head stays: the next object is none of these.
 */
uint64_t medium_skip_lost(TapeMedium *m);

/*
 * Goes to an object of a partition; the one at EOD, which is yet to be written, counts as there.
 * Beyond it: EOD, the head at EOD of that partition. LOCATE_EOD is OK. INVALID: no
 * such partition; the head stays. CORRUPT: damage hides the filemark; the head is at its near end.
 * An object that is damaged itself can be gone to. Rewind is locate(partition, OBJECT, 0).
 */
MediumResult medium_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number);

/* Makes EOD here. `to_end_of_partition`: also forgets the bytes of all that followed. */
MediumResult medium_erase(TapeMedium *m, bool to_end_of_partition);

/*
 * The last `objects` before the head, which is at EOD, never reached the tape: a drive had them in
 * its memory when the power went. They are gone as if they had not been written, also from a WORM
 * cartridge. OK, HOST_ERROR.
 */
MediumResult medium_lose(TapeMedium *m, uint64_t objects);

/*
 * Makes the cartridge anew with `count` empty partitions of `capacities[i]` bytes; the head is at
 * BOP of partition 0. Attributes of partition 0, which are the cartridge's own, stay; those of the
 * other partitions go. INVALID: a partition of 0 bytes, or more in all than the cartridge holds.
 * WORM: something is on it.
 */
MediumResult medium_format_partitions(TapeMedium *m, uint32_t count, const uint64_t *capacities);

/*
 * Moves the ends of partitions and leaves what is on them: afterwards there are `count`, of
 * `capacities[i]` bytes. Those from `count` on go, with all that is on them and their attributes;
 * new ones are empty. The head stays. OK: durable. INVALID: as above, or the head's partition would
 * go, or one is to be smaller than what is on it. WORM: something is on one that would go.
 */
MediumResult medium_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities);

/* INVALID: no such attribute. `attribute->value` must be unreffed by the caller. */
MediumResult medium_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                  MediumAttribute *attribute);
/* An empty value deletes. UNSUPPORTED: no room for it. Durable after the next sync. */
MediumResult medium_set_attribute(TapeMedium *m, uint32_t partition,
                                  const MediumAttribute *attribute);
/*
 * A cleaning cartridge (SPC-3 § 7.3, MEDIUM TYPE 01h) holds no data: writing to it is
 * UNSUPPORTED. What is left of its cleanings: those that it is good for, less its LOAD COUNT.
 */
#define MEDIUM_ATTRIBUTE_LOAD_COUNT 0x0003
uint32_t medium_cleanings_left(TapeMedium *m);
/* One of them, durable after the next sync. False: there is none left, nothing done. */
bool medium_use_cleaning(TapeMedium *m);
/*
 * A drive threads the cartridge: one load more. This and what else MediumUsage counts is durable
 * once the next sync has ended, or when the medium was freed. Opened read-only, it is not counted.
 */
void medium_count_load(TapeMedium *m);
/* Appends the ids (uint16_t), ascending. */
void medium_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids);

/* The tab of the cartridge; kept with it. PROTECTED: the file was opened read-only. */
MediumResult medium_set_write_protect(TapeMedium *m, bool on);
/*
 * For blocks written from now on; cartridges that were not made for compression ignore it. Capacity
 * is then what the compressed blocks take.
 */
void medium_set_compression(TapeMedium *m, bool on);

/*
 * What was done before this call survives a power cut once `done` has been called with OK.
 * `done` may be called before medium_sync returns. Result: OK or HOST_ERROR. Until then no other
 * call may change the medium; position, info and host_error are fine.
 */
void medium_sync(TapeMedium *m, MediumSyncDone done, void *data);

/*
 * For who must not wait for the host's disk: is what a read of `bytes` from here needs in the
 * host's memory? False: it is being brought there, and `done` is called once, perhaps before this
 * returns, also if the medium was freed meanwhile. It may then be asked again. Nothing else
 * changes, and what goes wrong the read will tell. True, and no call, also where that is not known.
 */
bool medium_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data);

void medium_position(TapeMedium *m, MediumPosition *position);
void medium_info(TapeMedium *m, MediumInfo *info);
/* `number` must be below info.geometry.partitions. */
void medium_partition(TapeMedium *m, uint32_t number, MediumPartition *partition);
/* Why the last HOST_ERROR or CORRUPT came, in words; NULL if none. Borrowed until the next call. */
const GError *medium_host_error(TapeMedium *m);

/*
 * Stops using the medium: what was written is handed to the host file system, and synced by a
 * native cartridge. Nobody is told if that fails, so whoever cares syncs first: the drive as it
 * gives a cartridge back, the media commands before they give a file its name.
 */
void medium_free(TapeMedium *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TapeMedium, medium_free)

#endif
