/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads Microsoft Tape Format: tape blocks and marks are pushed in, in the order in which they lie
 * on tape; sets, directories and files come out, until the first thing that is not as the
 * specification has it. So the same code judges a cartridge (mtf-walk.h) and plays the backup
 * program that reads its tape through a drive.
 *
 * Owns: the order of things on tape, and what each has to be like. Does not own: where blocks come
 * from; files' contents beyond their checksums. Every byte is hostile: memory is bounded (about 200
 * KiB a reader), and each length is compared with what is left before it is used.
 */
#ifndef USBTAPE_MEDIA_MTF_READER_H
#define USBTAPE_MEDIA_MTF_READER_H

#include "media/mtf/mtf.h"

/*
 * What a Windows backup says when its tape does not read as it expects: the text of the article
 * KB 817765. That each of our rules would lead to it is our mapping; the article names no trigger.
 */
#define MTF_APPLICATION_MESSAGE "An inconsistency was encountered on the requested media."

typedef enum MtfRule {
    MTF_RULE_READABLE,        /* the object cannot be read */
    MTF_RULE_BLOCK_SIZE,      /* all tape blocks have one size */
    MTF_RULE_TYPE,            /* here lies a descriptor block */
    MTF_RULE_ORDER,           /* … of a type that may come here */
    MTF_RULE_HEADER_CHECKSUM, /* its header is whole */
    MTF_RULE_FLA,             /* it is at its format logical address */
    MTF_RULE_CONTROL_BLOCK,   /* control block ids rise in a set */
    MTF_RULE_FIRST_EVENT,     /* the offset to the first stream lies beyond the fixed fields */
    MTF_RULE_STRING,          /* strings lie within the block */
    MTF_RULE_FIELD,           /* a field has a value that it can have */
    MTF_RULE_STREAM_HEADER,   /* a stream header is whole */
    MTF_RULE_STREAM_ORDER,    /* streams follow one another as they have to */
    MTF_RULE_STREAM_CHECKSUM, /* a stream's data is what its checksum says */
    MTF_RULE_PAD,             /* padding ends where a descriptor block may begin */
    MTF_RULE_FILEMARK,        /* no mark where none belongs */
    MTF_RULE_END,             /* no end of data where none belongs */
    MTF_RULE_UNSUPPORTED,     /* no violation: something that this reader cannot follow */
} MtfRule;

#define MTF_N_RULES (MTF_RULE_UNSUPPORTED + 1)

/* "header checksum", what has to hold, and "structure 4…", where that is written. Static. */
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
    char *expected, *found; /* in words */
} MtfViolation;

/* "partition 0, object 17 (…): header checksum: expected 1A2Bh, found 0000h (…)". g_free. */
char *mtf_violation_text(const MtfViolation *violation);

/* A descriptor block. Strings are UTF-8, never NULL, and belong to the reader. */
typedef struct MtfBlock {
    uint32_t type;
    uint32_t attributes;     /* table 3 */
    uint32_t own_attributes; /* those of its type; 0 if it has none */
    uint64_t displayable_size;
    uint64_t fla;
    uint32_t control_block_id;
    MtfPlace place;    /* where it begins */
    uint64_t position; /* in bytes from the SSET on, those of soft filemarks too */
    uint16_t set;      /* its set's number; 0 for TAPE and EOTM */
    MtfDate date;      /* of writing; DIRB and FILE: last modification */
    uint64_t pba;      /* SSET, EOTM */
    uint32_t directory_id, file_id;
    const char *name;  /* TAPE, SSET: its name; VOLB: volume; DIRB: path; FILE: name */
    const char *label; /* TAPE: description or media label; SSET: description; VOLB: device */
    const char *owner; /* TAPE: software; SSET: user; VOLB: machine */
    const char *path;  /* DIRB, FILE: "C:\DATA\F1.BIN", with the volume's device */
} MtfBlock;

/* What a reader tells. Each may be NULL; `block` is valid during the call. */
typedef struct MtfReaderOps {
    /* Its header and strings are good. */
    void (*block)(void *data, const MtfBlock *block);
    /* Bytes of one of its streams, in order; `at` counts from the stream's beginning. */
    void (*content)(void *data, const MtfBlock *block, uint32_t stream, uint64_t at,
                    const uint8_t *bytes, size_t length);
    /* Its streams have been read, and were good. */
    void (*end)(void *data, const MtfBlock *block);
} MtfReaderOps;

/* What has been read and found good. */
typedef struct MtfCounts {
    uint64_t blocks;                               /* tape blocks */
    uint64_t sets;                                 /* ended by an ESET and its filemark */
    uint64_t volumes, directories, files, corrupt; /* descriptor blocks; corrupt: CFIL */
    uint64_t bytes;                                /* of STAN and SPAR streams */
    uint64_t checksums;                            /* streams whose checksum was compared */
} MtfCounts;

typedef struct MtfReader MtfReader;

/* At the beginning of a tape. `ops` is copied. */
MtfReader *mtf_reader_new(const MtfReaderOps *ops, void *data);
void mtf_reader_free(MtfReader *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfReader, mtf_reader_free)

/* Where a program that has a catalog goes in: a descriptor block in the middle of a set. */
typedef struct MtfEntry {
    uint32_t block_size, flb_size;
    uint16_t set;
    uint64_t position; /* of the DBLK, as MtfBlock.position */
    uint64_t fla;
    uint32_t control_block_id;
    uint32_t directory_id;          /* that its file belongs to */
    const char *device, *directory; /* for MtfBlock.path; copied */
} MtfEntry;

/* The next block pushed in is the one that holds the descriptor block. */
void mtf_reader_enter(MtfReader *r, const MtfEntry *entry);

/* The next block pushed in is that of an SSET: a program that reads one set of several. */
void mtf_reader_enter_set(MtfReader *r, uint32_t block_size, uint32_t flb_size);

/*
 * What was read next. `place->byte` is ignored. False: it is not as it should be; the first
 * violation stays, and what is pushed in afterwards is ignored (false again).
 */
bool mtf_reader_push_block(MtfReader *r, const MtfPlace *place, const uint8_t *data, size_t length);
bool mtf_reader_push_filemark(MtfReader *r, const MtfPlace *place);
bool mtf_reader_push_setmark(MtfReader *r, const MtfPlace *place);
bool mtf_reader_push_end(MtfReader *r, const MtfPlace *place);
/* The object is there, but cannot be read: why is for `found`. */
bool mtf_reader_push_error(MtfReader *r, const MtfPlace *place, const char *why);

/*
 * For those who want the names and not the contents: so many of the next blocks hold nothing but
 * data of one stream, and need not be pushed in. Its checksum is then not compared.
 */
uint64_t mtf_reader_skippable(const MtfReader *r);
void mtf_reader_skip(MtfReader *r, uint64_t blocks);

/* NULL as long as all is well. Belongs to the reader. */
const MtfViolation *mtf_reader_violation(const MtfReader *r);
const MtfCounts *mtf_reader_counts(const MtfReader *r);
/* Bytes of a tape block, 0 before the first; of a format logical block, 0 before the TAPE block. */
uint32_t mtf_reader_block_size(const MtfReader *r);
uint32_t mtf_reader_flb_size(const MtfReader *r);

/* Is this the first block of a tape in this format? For those who look what a tape holds. */
bool mtf_probe(const uint8_t *data, size_t length);

#endif
