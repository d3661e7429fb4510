/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a native cartridge file, as media/README.md documents them: structures in memory and
 * their encoding. Pure functions; integers are little-endian.
 */
#ifndef USBTAPE_MEDIA_CARTRIDGE_LAYOUT_H
#define USBTAPE_MEDIA_CARTRIDGE_LAYOUT_H

#include "media/medium.h"

#define CARTRIDGE_MAGIC "USBTAPE\032"

enum {
    CARTRIDGE_VERSION = 2, /* written; 1, which knew no compression, is read and becomes 2 */
    CARTRIDGE_VERSION_CLEANING = 3, /* of a cleaning cartridge alone: others must refuse it */

    /* The system area at the front of the file. */
    SUPERBLOCK_SLOTS = 2,
    SUPERBLOCK_SLOT_SIZE = 64 * 1024, /* slot n is at n × this */
    SUPERBLOCK_HEADER = 256,
    SUPERBLOCK_PARTITION = 64,
    SUPERBLOCK_MAX = SUPERBLOCK_HEADER + SUPERBLOCK_PARTITION * (int)MEDIUM_PARTITIONS_MAX,
    ATTRIBUTE_AREA = 1024 * 1024, /* two of them, at 1 MiB and 2 MiB */
    ATTRIBUTE_AREA_SIZE = 1024 * 1024,
    CHUNK_MAP = 3 * 1024 * 1024,
    SYSTEM_AREA = 16 * 1024 * 1024,
    CHUNK_RECORD = 16,
    CHUNK_RECORDS_MAX = (SYSTEM_AREA - CHUNK_MAP) / CHUNK_RECORD,

    CHUNK_SHIFT_MIN = 16,
    CHUNK_SHIFT_MAX = 30,
    CHUNK_SHIFT = 24,

    OBJECT_ENTRY = 64,
};

/* A place between two objects of a partition: what lies before it. */
typedef struct Place {
    uint64_t object;   /* objects */
    uint64_t bytes;    /* bytes in the data stream */
    uint64_t files;    /* filemarks */
    uint64_t setmarks; /* setmarks */
} Place;

/* What lies before it takes so many bytes of the partition's capacity. */
uint64_t place_used(const Place *place);

/* Could a partition have such a place? */
bool place_possible(const Place *place);

typedef struct PartitionRecord {
    uint64_t capacity; /* G_MAXUINT64: unlimited */
    uint32_t epoch;    /* entries from `durable` on are ours only if they carry it */
    Place durable;     /* everything before it has been synced */
} PartitionRecord;

typedef struct Superblock {
    uint64_t sequence;   /* the slot with the higher one counts */
    uint32_t generation; /* grows with each partitioning; entries of another are void */
    uint32_t chunk_shift;
    MediumGeometry geometry;
    bool write_protected;
    uint32_t attribute_area; /* 0: none; 1 or 2 */
    uint32_t attribute_length;
    uint32_t attribute_crc;
    MediumUsage usage;
    PartitionRecord partitions[MEDIUM_PARTITIONS_MAX];
} Superblock;

/* Returns the length; `bytes` has SUPERBLOCK_MAX of them. */
size_t superblock_encode(const Superblock *superblock, uint8_t *bytes);

typedef enum SuperblockState {
    SUPERBLOCK_GOOD,
    SUPERBLOCK_FOREIGN, /* no magic */
    SUPERBLOCK_OTHER_VERSION,
    SUPERBLOCK_DAMAGED,
} SuperblockState;

/* `bytes` has SUPERBLOCK_MAX of them. `*version`: what the magic is followed by. */
SuperblockState superblock_decode(const uint8_t *bytes, Superblock *superblock, uint32_t *version);
/* Of whatever version: is its CRC right? */
bool superblock_is_whole(const uint8_t *bytes);

typedef enum StreamKind { STREAM_TABLE = 1, STREAM_DATA = 2 } StreamKind;

/* Whose a chunk of the file is. */
typedef struct ChunkRecord {
    uint32_t generation;
    uint16_t partition;
    uint8_t kind;
    uint32_t index; /* which chunk of that stream */
} ChunkRecord;

void chunk_record_encode(const ChunkRecord *record, uint8_t *bytes);
bool chunk_record_decode(const uint8_t *bytes, ChunkRecord *record);

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
} ObjectEntry;

void object_entry_encode(const ObjectEntry *entry, uint32_t generation, uint32_t partition,
                         uint8_t *bytes);
/* False: not the entry of this object, or damaged. */
bool object_entry_decode(const uint8_t *bytes, uint32_t generation, uint32_t partition,
                         uint64_t object, ObjectEntry *entry);

/* The place after the object. */
Place object_entry_after(const ObjectEntry *entry);
/* Can it be the entry after `previous`? It begins where that one ends, and epochs never fall. */
bool object_entry_follows(const ObjectEntry *entry, const ObjectEntry *previous);

#endif
