/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads Microsoft Tape Format. The caller pushes in tape blocks and marks in tape order. The reader
 * reports sets, directories and files until the first violation of the specification. The same code
 * judges a cartridge (mtf-walk.h) and plays a backup program that reads its tape through a drive.
 *
 * Owns: the order of things on tape, and the rules for each.
 * Does not own: the source of the blocks, and the contents of files beyond their checksums.
 *
 * Every byte is hostile. Memory is bounded (about 200 KiB a reader). Each length is checked against
 * the remaining bytes before use.
 */
#ifndef USBTAPE_MEDIA_MTF_READER_H
#define USBTAPE_MEDIA_MTF_READER_H

#include "media/mtf/mtf.h"

/*
 * The message of a Windows backup for a tape that does not read as expected (KB 817765). The
 * article names no trigger. The mapping from our rules to this message is our own.
 */
#define MTF_APPLICATION_MESSAGE "An inconsistency was encountered on the requested media."

typedef enum MtfRule {
    MTF_RULE_READABLE,        /* the object cannot be read */
    MTF_RULE_BLOCK_SIZE,      /* all tape blocks have one size */
    MTF_RULE_TYPE,            /* a descriptor block is at this place */
    MTF_RULE_ORDER,           /* … of a type that may come here */
    MTF_RULE_HEADER_CHECKSUM, /* its header checksum is right */
    MTF_RULE_FLA,             /* it is at its format logical address */
    MTF_RULE_CONTROL_BLOCK,   /* control block ids rise in a set */
    MTF_RULE_FIRST_EVENT,     /* the offset to the first stream lies beyond the fixed fields */
    MTF_RULE_STRING,          /* strings lie within the block */
    MTF_RULE_FIELD,           /* a field has a value that it can have */
    MTF_RULE_STREAM_HEADER,   /* a stream header is whole */
    MTF_RULE_STREAM_ORDER,    /* streams follow one another as they have to */
    MTF_RULE_STREAM_CHECKSUM, /* a stream's data matches its checksum */
    MTF_RULE_PAD,             /* padding ends where a descriptor block may begin */
    MTF_RULE_FILEMARK,        /* no mark at a place that allows none */
    MTF_RULE_END,             /* no end of data at a place that allows none */
    MTF_RULE_UNSUPPORTED,     /* not a violation, the reader does not support it */
} MtfRule;

#define MTF_N_RULES (MTF_RULE_UNSUPPORTED + 1)

/* Static texts: "header checksum", the rule in words, and its clause ("structure 4…"). */
const char *mtf_rule_name(MtfRule rule);
const char *mtf_rule_about(MtfRule rule);
const char *mtf_rule_clause(MtfRule rule);

/* An object of a tape, and a byte in it. */
typedef struct MtfPlace {
    uint32_t partition;
    uint64_t object; /* number of the block or mark in its partition */
    uint64_t file;   /* filemarks before it */
    uint32_t byte;   /* in the block */
} MtfPlace;

typedef struct MtfViolation {
    MtfRule rule;
    MtfPlace place;
    uint16_t set;           /* number of the set, 0 outside of one */
    char *name;             /* the block that was being read, "FILE 'DATA\F1.BIN'"; may be "" */
    char *expected, *found; /* texts for a person */
} MtfViolation;

/* "partition 0, object 17 (…): header checksum: expected 1A2Bh, found 0000h (…)". g_free. */
char *mtf_violation_text(const MtfViolation *violation);

/* A descriptor block. The reader owns the strings, which are UTF-8 and never NULL. */
typedef struct MtfBlock {
    uint32_t type;
    uint32_t attributes;     /* table 3 */
    uint32_t own_attributes; /* those of its type; 0 if it has none */
    uint64_t displayable_size;
    uint64_t fla;
    uint32_t control_block_id;
    MtfPlace place;    /* where it begins */
    uint64_t position; /* in bytes from the SSET on, including soft filemarks */
    uint16_t set;      /* number of its set, 0 for TAPE and EOTM */
    MtfDate date;      /* of writing. DIRB and FILE have their last modification. */
    uint64_t pba;      /* SSET, EOTM */
    uint32_t directory_id, file_id;
    const char *name;  /* name of the TAPE, SSET or FILE, VOLB volume, DIRB path */
    const char *label; /* TAPE description or media label, SSET description, VOLB device */
    const char *owner; /* TAPE software, SSET user, VOLB machine */
    const char *path;  /* DIRB, FILE: "C:\DATA\F1.BIN", with the volume's device */
} MtfBlock;

/* Callbacks of a reader. Each may be NULL. `block` is valid during the call. */
typedef struct MtfReaderOps {
    /* Its header and strings are good. */
    void (*block)(void *data, const MtfBlock *block);
    /* Bytes of one of its streams, in order. `at` counts from the beginning of the stream. */
    void (*content)(void *data, const MtfBlock *block, uint32_t stream, uint64_t at,
                    const uint8_t *bytes, size_t length);
    /* The reader has read its streams and found them good. */
    void (*end)(void *data, const MtfBlock *block);
} MtfReaderOps;

/* Counts of the data that was read and found good. */
typedef struct MtfCounts {
    uint64_t blocks; /* tape blocks */
    uint64_t sets;   /* ended by an ESET and its filemark */
    uint64_t volumes, directories, files,
        corrupt;        /* descriptor blocks, where corrupt counts CFIL */
    uint64_t bytes;     /* of STAN and SPAR streams */
    uint64_t checksums; /* streams whose checksum was compared */
} MtfCounts;

typedef struct MtfReader MtfReader;

/* The new reader expects the beginning of a tape. It copies `ops`. */
MtfReader *mtf_reader_new(const MtfReaderOps *ops, void *data);
void mtf_reader_free(MtfReader *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfReader, mtf_reader_free)

/* The entry point of a program with a catalog, a descriptor block in the middle of a set. */
typedef struct MtfEntry {
    uint32_t block_size, flb_size;
    uint16_t set;
    uint64_t position; /* of the DBLK, as MtfBlock.position */
    uint64_t fla;
    uint32_t control_block_id;
    uint32_t directory_id;          /* that its file belongs to */
    const char *device, *directory; /* for MtfBlock.path; copied */
} MtfEntry;

/* The next block must be the one that holds the descriptor block. */
void mtf_reader_enter(MtfReader *r, const MtfEntry *entry);

/* The next block must be that of an SSET. For a program that reads one set of several. */
void mtf_reader_enter_set(MtfReader *r, uint32_t block_size, uint32_t flb_size);

/*
 * Pushes the object that was read next. `place->byte` is ignored. False on a violation. The reader
 * keeps the first violation and ignores all later input (false again).
 */
bool mtf_reader_push_block(MtfReader *r, const MtfPlace *place, const uint8_t *data, size_t length);
bool mtf_reader_push_filemark(MtfReader *r, const MtfPlace *place);
bool mtf_reader_push_setmark(MtfReader *r, const MtfPlace *place);
bool mtf_reader_push_end(MtfReader *r, const MtfPlace *place);
/* The object exists but cannot be read. `why` becomes the `found` text. */
bool mtf_reader_push_error(MtfReader *r, const MtfPlace *place, const char *why);

/*
 * For callers that need names without contents. The result is the number of next blocks that hold
 * only data of one stream. The caller may skip them. The checksum of that stream is then not
 * compared.
 */
uint64_t mtf_reader_skippable(const MtfReader *r);
void mtf_reader_skip(MtfReader *r, uint64_t blocks);

/* The first violation, or NULL. The reader owns it. */
const MtfViolation *mtf_reader_violation(const MtfReader *r);
const MtfCounts *mtf_reader_counts(const MtfReader *r);
/*
 * Bytes of a tape block (0 before the first), and of a format logical block (0 before the TAPE
 * block).
 */
uint32_t mtf_reader_block_size(const MtfReader *r);
uint32_t mtf_reader_flb_size(const MtfReader *r);

/* True if this is the first block of a tape in this format. */
bool mtf_probe(const uint8_t *data, size_t length);

#endif
