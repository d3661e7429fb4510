/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backup job of a simulated host: what a Windows backup program writes to tape, as a list of
 * tape operations. It owns no drive: whoever plays the host takes the operations one by one, keeps
 * as many outstanding as it likes, and may even perform them in the wrong order.
 *
 * Laid out as NTBackup's tapes are: Microsoft Tape Format 1.00a in tape blocks of 16 KiB,
 *
 *   TAPE │ SSET VOLB DIRB FILE … ESPB │ ESET │     and, appended later,    SSET … │ ESET │
 *
 * where │ is a filemark. Each file is a stream of payload records (payload.h) with its checksum;
 * each DIRB and FILE has a security stream, which is such a record, too.
 */
#ifndef USBTAPE_SCENARIOS_MTF_WRITER_H
#define USBTAPE_SCENARIOS_MTF_WRITER_H

#include "media/mtf/mtf-reader.h"

enum {
    MTF_WRITER_BLOCK_SIZE = 16 * 1024, /* what NTBackup uses on tape */
    MTF_WRITER_FLB_SIZE = 1024,
};

typedef struct MtfFilePlan {
    const char *directory; /* "DATA\\SUB"; "" is the root */
    const char *name;
    uint64_t size;
} MtfFilePlan;

/* One run of the backup program: one set. What it points at is copied. */
typedef struct MtfJob {
    uint64_t run;             /* in every payload record */
    uint32_t block_size;      /* bytes of a tape block; 0: MTF_WRITER_BLOCK_SIZE */
    uint32_t flb_size;        /* 512 or 1024; 0: MTF_WRITER_FLB_SIZE */
    uint16_t set;             /* number of the set; 1 begins the tape */
    uint64_t first_object;    /* of what it writes: 0 for set 1, else where the data ends */
    uint64_t last_eset;       /* object of the set's before it; what EOTM would name */
    bool soft_filemarks;      /* SFMB blocks instead of filemarks; for a tape of one set */
    MtfDate date;             /* year 0: the day of KB 817765's files, 2003-11-06 22:35:00 */
    const char *device;       /* NULL: "C:" */
    const MtfFilePlan *files; /* those of a directory one after the other */
    size_t n_files;
} MtfJob;

typedef enum MtfOpType { MTF_OP_WRITE, MTF_OP_FILEMARK } MtfOpType;

typedef struct MtfOp {
    MtfOpType type;
    uint64_t number; /* the logical object that it should become */
    GBytes *data;    /* WRITE: the tape block; the receiver's reference. NULL for marks. */
} MtfOp;

void mtf_op_clear(MtfOp *op);

/* What a backup program remembers of a file, to verify and to restore it. */
typedef struct MtfCatalogEntry {
    char *path;      /* "C:\DATA\F1.BIN" */
    uint64_t object; /* tape object in which its descriptor block begins */
    uint64_t size;
    uint32_t file_id;
    uint32_t crc;   /* CRC32C of its contents */
    MtfEntry entry; /* for mtf_reader_enter() */
} MtfCatalogEntry;

typedef struct MtfWriter MtfWriter;

/* USBTAPE_ERROR_INPUT: a size or a number that cannot be. */
MtfWriter *mtf_writer_new(const MtfJob *job, GError **error);
void mtf_writer_free(MtfWriter *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtfWriter, mtf_writer_free)

/* The next operation; false: the job is done. `op` must be cleared. */
bool mtf_writer_next(MtfWriter *w, MtfOp *op);

/*
 * The medium is full: what follows is EOTM between filemarks (section 8, end of media), and then
 * nothing. What was not yet handed out is left out; it would go to the next tape, which this writer
 * does not write.
 */
void mtf_writer_end_of_media(MtfWriter *w);

/* Files so far written whole, as MtfCatalogEntry *; borrowed. */
const GPtrArray *mtf_writer_catalog(const MtfWriter *w);
/* For the job that appends the next set: its first_object and last_eset. Once all is handed out. */
uint64_t mtf_writer_end(const MtfWriter *w);
uint64_t mtf_writer_eset(const MtfWriter *w);

#endif
