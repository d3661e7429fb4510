/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of a native cartridge file and their encoding, as media/FORMAT.md documents them.
 * All functions are pure. Integers are little-endian.
 */
#ifndef USBTAPE_MEDIA_CARTRIDGE_LAYOUT_H
#define USBTAPE_MEDIA_CARTRIDGE_LAYOUT_H

#include "media/medium.h"

#define CARTRIDGE_MAGIC "USBTAPE\032"

enum {
    CARTRIDGE_VERSION_PLAIN = 2, /* still writable, and 1 without compression becomes 2 */
    CARTRIDGE_VERSION_CLEANING =
        3, /* only for a cleaning cartridge, so that older programs refuse it */
    CARTRIDGE_VERSION_BOUND =
        4, /* the version of new cartridges, where each checksum covers its place */

    /* The system area at the front of the file. */
    SUPERBLOCK_SLOTS = 2,
    SUPERBLOCK_SLOT_SIZE = 64 * 1024, /* slot n is at n × this */
    SUPERBLOCK_HEADER = 256,
    SUPERBLOCK_PARTITION = 64,
    EARLIER_EPOCHS_MAX = 1024, /* of all partitions */
    EARLIER_EPOCH = 12,
    /* with the list of earlier epochs behind it */
    SUPERBLOCK_MAX = SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * (int)MEDIUM_PARTITIONS_MAX +
                     EARLIER_EPOCH * EARLIER_EPOCHS_MAX,
    /*
     * Two labels, each a superblock of the time when the cartridge was created. They never change.
     * Version 4.
     */
    LABELS = 2,
    LABEL = 256 * 1024, /* label n is at LABEL × (n + 1) */
    IDENTITY = 16,
    ATTRIBUTE_AREA = 1024 * 1024, /* two of them, at 1 MiB and 2 MiB */
    ATTRIBUTE_AREA_SIZE = 1024 * 1024,
    CHUNK_MAP = 3 * 1024 * 1024,
    SYSTEM_AREA = 16 * 1024 * 1024,
    CHUNK_RECORD = 16,
    CHUNK_RECORDS_MAX = (SYSTEM_AREA - CHUNK_MAP) / CHUNK_RECORD,
    /* Version 4 has the map twice. */
    CHUNK_MAP_COPY = CHUNK_MAP + (SYSTEM_AREA - CHUNK_MAP) / 2,

    CHUNK_SHIFT_MIN = 16,
    CHUNK_SHIFT_MAX = 30,
    CHUNK_SHIFT = 24,

    OBJECT_ENTRY = 64,
};

/* The highest numbers of their kind, so that none wraps. */
#define EPOCH_MAX      (G_MAXUINT32 - 1)
#define GENERATION_MAX (G_MAXUINT32 - 1)
#define SEQUENCE_MAX   ((uint64_t)G_MAXINT64)

/* A place between two objects of a partition, as the totals before it. */
typedef struct Place {
    uint64_t object;   /* objects */
    uint64_t bytes;    /* bytes in the data stream */
    uint64_t files;    /* filemarks */
    uint64_t setmarks; /* setmarks */
} Place;

/* Bytes of the partition's capacity used before the place. */
uint64_t place_used(const Place *place);

/* True if a partition can have such a place. */
bool place_possible(const Place *place);

typedef struct PartitionRecord {
    uint64_t capacity; /* G_MAXUINT64: unlimited */
    uint32_t epoch;    /* entries from `durable` on are ours only if they carry it */
    Place durable;     /* everything before it has been synced */
    /* version 4 */
    uint32_t link;    /* the CRC of the entry before `durable` */
    uint64_t began;   /* entries from this object on carry the epoch, those before it lower ones */
    uint32_t earlier; /* how many of the superblock's earlier epochs are this partition's */
} PartitionRecord;

/* Entries from this object on, up to the start of the next epoch, are of this one. */
typedef struct EpochStart {
    uint64_t object;
    uint32_t epoch;
} EpochStart;

typedef struct Superblock {
    uint32_t version;           /* 2, 3 or 4 */
    uint8_t identity[IDENTITY]; /* version 4: random bytes, this cartridge's own */
    uint64_t sequence;          /* the slot with the higher one counts */
    uint32_t generation;        /* grows with each partitioning; entries of another are void */
    uint32_t chunk_shift;
    MediumGeometry geometry;
    bool write_protected;
    uint32_t attribute_area; /* 0: none; 1 or 2 */
    uint32_t attribute_length;
    uint32_t attribute_crc;
    MediumUsage usage;
    PartitionRecord partitions[MEDIUM_PARTITIONS_MAX];
    EpochStart earlier[EARLIER_EPOCHS_MAX]; /* by partition, then by object: superblock-epochs.h */
} Superblock;

/*
 * The binding of the checksums. In version 4 the checksum of data covers its place. All checksums
 * are exclusive-ored with `id`, the CRC of the cartridge's identity. So data of another cartridge
 * or another place is invalid. Before version 4 `id` is 0.
 */
typedef struct Binding {
    bool bound;
    uint32_t id;
    uint32_t generation;
} Binding;

Binding superblock_binding(const Superblock *superblock);
uint32_t cartridge_identity_id(const uint8_t *identity);

/* Returns the length, including the list of epochs. `bytes` has SUPERBLOCK_MAX bytes. */
size_t superblock_encode(const Superblock *superblock, uint8_t *bytes);

typedef enum SuperblockState {
    SUPERBLOCK_GOOD,
    SUPERBLOCK_FOREIGN, /* no magic */
    SUPERBLOCK_OTHER_VERSION,
    SUPERBLOCK_DAMAGED,
} SuperblockState;

/* `bytes` has SUPERBLOCK_MAX bytes. `*version` is the number after the magic. */
SuperblockState superblock_decode(const uint8_t *bytes, Superblock *superblock, uint32_t *version);
/* True if the CRC is right, for any version. */
bool superblock_is_whole(const uint8_t *bytes);

typedef enum StreamKind { STREAM_TABLE = 1, STREAM_DATA = 2 } StreamKind;

/* The owner of a chunk of the file. */
typedef struct ChunkRecord {
    uint32_t generation;
    uint16_t partition;
    uint8_t kind;
    uint32_t index; /* which chunk of that stream */
} ChunkRecord;

void chunk_record_encode(const ChunkRecord *record, uint32_t id, uint8_t *bytes);
bool chunk_record_decode(const uint8_t *bytes, uint32_t id, ChunkRecord *record);

typedef enum ObjectType { OBJECT_BLOCK = 1, OBJECT_FILEMARK = 2, OBJECT_SETMARK = 3 } ObjectType;

/* How the data of a block is stored. */
typedef enum Encoding { ENCODING_PLAIN = 0, ENCODING_ZSTD = 1 } Encoding;

typedef struct ObjectEntry {
    ObjectType type;
    Encoding encoding;
    uint32_t epoch;
    uint32_t length;   /* of a block */
    uint32_t stored;   /* bytes in the data stream */
    uint32_t data_crc; /* of those */
    Place before;
    uint32_t link; /* version 4: `crc` of the entry before, 0 for the first */
    uint32_t crc;  /* as it is stored */
} ObjectEntry;

/* Sets `entry->crc`. */
void object_entry_encode(ObjectEntry *entry, const Binding *binding, uint32_t partition,
                         uint8_t *bytes);
/* False if this is not the entry of this object, or if it is damaged. */
bool object_entry_decode(const uint8_t *bytes, const Binding *binding, uint32_t partition,
                         uint64_t object, ObjectEntry *entry);
/* The CRC field of an entry, whole or not. */
uint32_t object_entry_crc(const uint8_t *bytes);
/* The CRC of the bytes of an entry, as it would be with an id of 0. */
uint32_t object_entry_sum(const uint8_t *bytes);

/*
 * Start value for the CRC of a block's data. Feed the stored bytes to crc32c(). Then exclusive-or
 * the result with the binding's id.
 */
uint32_t object_data_crc(const Binding *binding, uint32_t partition, const ObjectEntry *entry);

/* The place after the object. */
Place object_entry_after(const ObjectEntry *entry);
/*
 * True if the entry can follow `previous`. It begins at the end of `previous`, and its epoch is not
 * lower. A bound entry also names the CRC of `previous`.
 */
bool object_entry_follows(const ObjectEntry *entry, const ObjectEntry *previous, bool bound);

#endif
