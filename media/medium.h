/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEAM 3, tape motions. A TapeMedium is a loaded cartridge with one head position.
 *
 * This interface knows tape and no SCSI. A call results in a MediumResult, which emu/ssc/outcome.c
 * alone turns into status and sense. Calls return their result at once. Only sync and fetch end
 * later. Callers use the medium_*() wrappers and never the ops, because the wrappers check each
 * implementation's promises.
 *
 * A partition is a sequence of logical objects (SSC-3 § 4.2.7). These are blocks and marks,
 * numbered from 0 at BOP, up to EOD. Writing anywhere truncates everything after it (SSC-3 §
 * 4.2.12).
 */
#ifndef USBTAPE_MEDIA_MEDIUM_H
#define USBTAPE_MEDIA_MEDIUM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest block, the limit of a 24-bit TRANSFER LENGTH (SSC-3 READ(6), WRITE(6)). */
#define MEDIUM_BLOCK_MAX      0xffffffu
#define MEDIUM_PARTITIONS_MAX 256u
#define MEDIUM_ATTRIBUTE_MAX  0xffffu /* bytes of one attribute's value */
/*
 * The capacity that one filemark or setmark uses in every format. The size is that of an entry in a
 * native cartridge. So a capacity also bounds the disk space that marks take on the host.
 */
#define MEDIUM_MARK_SIZE 64u

typedef enum MediumResult {
    MEDIUM_OK,       /* done */
    MEDIUM_FILEMARK, /* stopped by a filemark. The head is beyond it in the direction of motion. */
    MEDIUM_SETMARK,  /* stopped by a setmark. The head is beyond it. */
    MEDIUM_EOD,      /* stopped by end of data. The head is there. */
    MEDIUM_BOP,      /* stopped by the beginning of the partition. The head is there. */
    MEDIUM_EARLY_WARNING,    /* done, and the head is now at or beyond early warning */
    MEDIUM_END_OF_PARTITION, /* done in part or not at all, no room left before EOP */
    MEDIUM_READ_ERROR,       /* the object cannot be read. The head is beyond it. */
    MEDIUM_WRITE_ERROR,      /* the object could not be written. The head is before it. */
    MEDIUM_PROTECTED,        /* write protect, or opened read-only. No effect. */
    MEDIUM_WORM,             /* would overwrite a WORM cartridge. No effect. */
    MEDIUM_INVALID,          /* no such partition, object or attribute. No effect. */
    MEDIUM_UNSUPPORTED,      /* the format or the cartridge cannot hold this. No effect. */
    MEDIUM_HOST_ERROR,       /* the host file failed (disk full, EIO), see medium_host_error() */
    MEDIUM_CORRUPT,          /* damaged in the file. After a read the head is beyond the object. */
} MediumResult;

typedef enum MediumMark {
    MEDIUM_MARK_FILEMARK,
    MEDIUM_MARK_SETMARK,
} MediumMark;

/* The objects that medium_space() counts (SSC-3 § 7.7 SPACE, CODE field). */
typedef enum MediumSpace {
    MEDIUM_SPACE_BLOCKS,
    MEDIUM_SPACE_FILEMARKS,
    MEDIUM_SPACE_SEQUENTIAL_FILEMARKS,
    MEDIUM_SPACE_EOD,
    MEDIUM_SPACE_SETMARKS,
    MEDIUM_SPACE_SEQUENTIAL_SETMARKS,
} MediumSpace;

/* The targets of medium_locate() (SSC-3 § 7.3 LOCATE(16), DEST_TYPE field). */
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
    bool marks_unknown;      /* damage hides the marks, so `files` and `setmarks` are estimates */
    bool bop;                /* at the beginning of the partition */
    bool eod;                /* at end of data */
    bool early_warning;      /* at or beyond early warning */
    uint64_t used, capacity; /* bytes of the partition before the head, and of all of it */
} MediumPosition;

/*
 * The properties that a cartridge gets when it is created. Capacity counts the bytes that blocks
 * take as stored, and MEDIUM_MARK_SIZE for each mark.
 */
typedef struct MediumGeometry {
    uint64_t capacity;      /* bytes, all partitions together; 0 = unlimited */
    uint64_t early_warning; /* bytes before the end of each partition where early warning starts */
    uint32_t partitions;    /* 1 to MEDIUM_PARTITIONS_MAX */
    uint8_t density;        /* density code, 0 = default */
    uint16_t cleanings; /* number of cleanings of a cleaning cartridge, 0 for a data cartridge */
    bool worm;
    bool compression; /* blocks may be compressed, see medium_set_compression() */
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

/* Usage counters, kept in the cartridge. All are 0 in formats that do not keep them. */
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
    /*
     * Opening found damage, described in the notice. A cartridge that lost durable data is
     * write-protected.
     */
    bool damaged;
    bool damage_read;   /* each place of that damage is an object that reads as CORRUPT */
    bool overwritten;   /* opened read-only, and another process began to overwrite it */
    uint32_t max_block; /* longest block that the format can hold */
    uint64_t file_size; /* of the host file; 0 if there is none */
} MediumInfo;

/* One attribute of the cartridge memory (SPC-3 § 7.3 MAM, the MIC chip of AIT). */
typedef struct MediumAttribute {
    uint16_t id;
    uint8_t format; /* SPC-3 table 242: 0 binary, 1 ASCII, 2 text */
    bool read_only; /* read-only for the host, writable for the drive */
    GBytes *value;  /* borrowed by set, a new reference from get, at most 64 KiB - 1 bytes */
} MediumAttribute;

typedef void (*MediumSyncDone)(void *data, MediumResult result);
typedef void (*MediumFetched)(void *data);

typedef struct TapeMedium TapeMedium;

/* The wrappers below document each call. */
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
    MediumResult (*cut)(TapeMedium *m); /* for medium_lose(), which uses erase if this is NULL */
    void (*count_load)(TapeMedium *m);  /* NULL: not kept */
    /* NULL if a read never waits for the disk. */
    bool (*fetch)(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data);
    uint64_t (*skip_lost)(TapeMedium *m); /* NULL: 0 */
} MediumOps;

struct TapeMedium {
    const MediumOps *ops;
};

/*
 * Reads the next object.
 * Return:
 * OK, a block. Its first min(capacity, true length) bytes go to `buffer`. `*length` is its true
 * length. The head is beyond it.
 * FILEMARK or SETMARK, with the head beyond the mark.
 * EOD, with the head unmoved.
 * READ_ERROR or CORRUPT, with the head beyond the object. `buffer` holds nothing that may be shown.
 * `*length` is 0 for every result but OK. A capacity of 0 asks for the length alone. The
 * implementation may then skip the bytes, so damage in them may stay undetected.
 */
MediumResult medium_read(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);

/*
 * Reads the object before the head, moving towards BOP. The block's bytes keep their order on tape.
 * At the beginning of the partition the result is BOP.
 */
MediumResult medium_read_reverse(TapeMedium *m, uint8_t *buffer, size_t capacity, size_t *length);

/*
 * Writes one block of 1 to MEDIUM_BLOCK_MAX bytes at the head, which discards everything after it.
 * Return:
 * OK, the block is written whole.
 * EARLY_WARNING, the block is written whole and the byte at the early warning point is written, or
 * no byte lies before that point.
 * END_OF_PARTITION, not written. The head stays. The objects after the head are gone.
 * WRITE_ERROR or HOST_ERROR, not written. The head stays. The objects after the head may be gone.
 * WRITE_ERROR is also the result where damage hides the number of marks before the head.
 * PROTECTED, WORM, not written. The head stays.
 */
MediumResult medium_write(TapeMedium *m, const uint8_t *data, size_t length);

/*
 * Writes `count` marks at the head. A count of 0 has no effect. `*written` is the number of marks
 * on tape, which is `count` for OK and EARLY_WARNING. The results are those of medium_write().
 */
MediumResult medium_write_marks(TapeMedium *m, MediumMark mark, uint64_t count, uint64_t *written);

/*
 * Spaces over `count` blocks or marks (SSC-3 § 7.7). A negative count moves towards BOP. A count of
 * 0 does not move. EOD ignores `count` and sets `*moved` to 0.
 * `*moved` counts the objects of the requested kind that the head passed, without a stopping mark
 * of another kind. It is |count| for OK.
 * Every motion stops at EOD and BOP. Blocks always stop at FILEMARK, and at SETMARK if
 * `stop_at_setmarks`. Filemarks stop at SETMARK if `stop_at_setmarks`. The head is then beyond the
 * mark in the direction of motion.
 * Sequential marks are a run that begins beyond the head, with nothing between the marks. `*moved`
 * is then all or 0.
 * CORRUPT, damage hides the requested object. The head is at the near end of the damage. A head
 * that was within the damage goes to the end in the direction of motion. If the objects around the
 * damage determine its contents, the head passes it without an error.
 */
MediumResult medium_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                          uint64_t *moved);

/*
 * Moves forward over consecutive objects that have no readable data, and returns their number. Each
 * would read as CORRUPT. Programs that read a whole tape need this, because a damaged header may
 * claim any length. If the next object has data, the head stays and the result is 0.
 */
uint64_t medium_skip_lost(TapeMedium *m);

/*
 * Moves the head to an object of a partition. The object number of EOD is a valid target. A target
 * beyond it ends with EOD, with the head at EOD of that partition. LOCATE_EOD ends with OK. A
 * damaged object is a valid target. Rewind is locate(partition, OBJECT, 0).
 * INVALID, no such partition. The head stays.
 * CORRUPT, damage hides the filemark. The head is at the near end of the damage.
 */
MediumResult medium_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number);

/* Makes the head EOD. `to_end_of_partition` also discards the bytes of all that followed. */
MediumResult medium_erase(TapeMedium *m, bool to_end_of_partition);

/*
 * Removes the last `objects` before the head, which is at EOD. A drive calls this for objects that
 * were in its memory when the power failed. It also works on a WORM cartridge. Results are OK and
 * HOST_ERROR.
 */
MediumResult medium_lose(TapeMedium *m, uint64_t objects);

/*
 * Formats the cartridge with `count` empty partitions of `capacities[i]` bytes. The head is at BOP
 * of partition 0. Attributes of partition 0 belong to the cartridge and stay. Attributes of other
 * partitions are deleted.
 * INVALID, a partition of 0 bytes, or more in all than the cartridge holds.
 * WORM, the cartridge holds data.
 */
MediumResult medium_format_partitions(TapeMedium *m, uint32_t count, const uint64_t *capacities);

/*
 * Resizes partitions and keeps their data. The cartridge then has `count` partitions of
 * `capacities[i]` bytes. Partitions from `count` on are deleted with their data and attributes. New
 * partitions are empty. The head stays.
 * OK, the change is durable.
 * INVALID, as above, or the head's partition would be deleted, or a partition would be smaller than
 * its data.
 * WORM, a partition to be deleted holds data.
 */
MediumResult medium_redivide(TapeMedium *m, uint32_t count, const uint64_t *capacities);

/* INVALID, no such attribute. The caller must unref `attribute->value`. */
MediumResult medium_get_attribute(TapeMedium *m, uint32_t partition, uint16_t id,
                                  MediumAttribute *attribute);
/*
 * An empty value deletes the attribute. UNSUPPORTED, no room for it. The change is durable after
 * the next sync.
 */
MediumResult medium_set_attribute(TapeMedium *m, uint32_t partition,
                                  const MediumAttribute *attribute);
/*
 * A cleaning cartridge (SPC-3 § 7.3, MEDIUM TYPE 01h) holds no data. Writing to it ends with
 * UNSUPPORTED. The number of cleanings left is its total less its LOAD COUNT.
 */
#define MEDIUM_ATTRIBUTE_LOAD_COUNT 0x0003
uint32_t medium_cleanings_left(TapeMedium *m);
/* Uses up one cleaning, durable after the next sync. False if none is left, without effect. */
bool medium_use_cleaning(TapeMedium *m);
/*
 * Adds one to the load count. The counters of MediumUsage are durable after the next sync or after
 * medium_free(). A cartridge opened read-only does not count.
 */
void medium_count_load(TapeMedium *m);
/* Appends the ids (uint16_t), ascending. */
void medium_list_attributes(TapeMedium *m, uint32_t partition, GArray *ids);

/*
 * Sets the write-protect tab, which the cartridge keeps. PROTECTED, the file was opened read-only.
 */
MediumResult medium_set_write_protect(TapeMedium *m, bool on);
/*
 * Applies to blocks written from now on. A cartridge created without compression ignores it.
 * Compressed blocks use their compressed size of the capacity.
 */
void medium_set_compression(TapeMedium *m, bool on);

/*
 * Makes all earlier changes durable before it calls `done` with OK. The results are OK and
 * HOST_ERROR. This function may call `done` before it returns. Until `done`, no other call may
 * change the medium. The calls position, info and host_error are allowed.
 */
void medium_sync(TapeMedium *m, MediumSyncDone done, void *data);

/*
 * Lets a caller avoid a wait for the host's disk. True if a read of `bytes` from the head can
 * proceed from the host's memory, or if that is unknown. `done` is then not called. If false, the
 * executor reads the bytes and calls `done` once, even after medium_free(). The call may come
 * before this function returns, and the caller may then ask again. This function changes nothing
 * else. A later read reports any error.
 */
bool medium_fetch(TapeMedium *m, uint64_t bytes, MediumFetched done, void *data);

void medium_position(TapeMedium *m, MediumPosition *position);
void medium_info(TapeMedium *m, MediumInfo *info);
/* `number` must be below info.geometry.partitions. */
void medium_partition(TapeMedium *m, uint32_t number, MediumPartition *partition);
/* The cause of the last HOST_ERROR or CORRUPT, or NULL. Borrowed until the next call. */
const GError *medium_host_error(TapeMedium *m);

/*
 * Frees the medium. Written data goes to the host file system. A native cartridge also syncs. This
 * function reports no error, so a caller that needs the result calls medium_sync() first. The drive
 * does so before an unload, and the media commands before they name a file.
 */
void medium_free(TapeMedium *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TapeMedium, medium_free)

#endif
