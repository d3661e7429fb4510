/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a reader of Microsoft Tape Format (mtf-reader.h) between two bytes. Only
 * mtf-reader.c, mtf-streams.c, mtf-blocks.c and mtf-rules.c use this header.
 */
#ifndef USBTAPE_MEDIA_MTF_STATE_H
#define USBTAPE_MEDIA_MTF_STATE_H

#include "media/mtf/mtf-reader.h"

enum {
    DBLK_MAX = 0xffff, /* what a 16-bit Offset To First Event can name */
    NAME_MAX_BYTES = 0x10000,
};

typedef enum Phase {
    PHASE_TAPE,      /* TAPE has to come */
    PHASE_TAPE_MARK, /* … and its filemark */
    PHASE_SETS,      /* SSET, EOTM or the end of data */
    PHASE_SET,       /* the blocks of a set, up to a filemark */
    PHASE_ESET,      /* ESET, or EOTM if the set goes on on another tape */
    PHASE_ESET_MARK, /* a filemark; a second ESET if there is a catalog */
    PHASE_EOTM_MARK, /* a filemark */
    PHASE_END,       /* only the end of data */
} Phase;

typedef enum Step {
    STEP_DBLK,          /* gathering a descriptor block */
    STEP_EVENT,         /* its streams begin, or it has none. The next four bytes decide. */
    STEP_STREAM_HEADER, /* gathering a stream header */
    STEP_STREAM_DATA,
    STEP_SKIP, /* alignment after a stream, or what lies before the place of entry */
} Step;

typedef struct Stream {
    uint32_t id;
    uint16_t attributes; /* media format attributes */
    uint64_t left, at;   /* bytes of it to come, and gone by */
    MtfPlace place;      /* of its header */
    /* Over all segments of a stream of variable length: */
    uint32_t sum;
    uint64_t sum_at;
    bool open;      /* a segment has ended, and was not the last */
    bool sum_due;   /* the next stream has to be CSUM */
    bool sum_known; /* … and what it holds can be compared */
    bool skipped;   /* some of its data was skipped */
    bool first;     /* no stream of this descriptor block has begun yet */
} Stream;

struct MtfReader {
    MtfReaderOps ops;
    void *data;
    MtfViolation *violation;
    MtfViolation *held; /* a filemark that is right only if EOTM follows */
    MtfCounts counts;

    Phase phase;
    Step step;
    MtfPlace place;      /* of the byte being looked at */
    uint64_t position;   /* bytes since the last mark outside of sets, since the SSET within */
    uint64_t mark_bytes; /* of those, bytes of soft filemarks */
    uint32_t block_size; /* 0: no block seen */
    uint32_t flb_size;   /* 0: no TAPE seen */
    bool soft_filemarks;
    uint32_t sfmb_size, last_sfmb;

    uint8_t *gathered; /* DBLK_MAX bytes */
    size_t have, need;
    MtfPlace gathered_place;
    uint64_t gathered_position;
    uint64_t skip;
    Step after_skip;
    bool after_pad; /* in STEP_EVENT, an SPAD stream has ended this block's streams */
    bool mark_due;  /* in STEP_SKIP, the skipped bytes are those of a soft filemark */
    bool mark_only; /* padding ended short of the grid, and only a soft filemark may follow */

    MtfBlock block; /* the one whose streams are being read */
    bool in_block, announced;
    char *strings[4]; /* those of `block` */
    uint8_t string_type;
    char *device;     /* of the volume */
    char *directory;  /* path of the directory */
    GByteArray *name; /* from a PNAM or FNAM stream, or NULL */
    Stream stream;

    uint64_t fla_base; /* FLA of the SSET */
    uint64_t fla_from; /* position that fla_base is of */
    uint32_t last_id;
    bool any_id; /* any id is right, because this is the first of a continued set */
    bool volume_seen, directory_seen;
    uint32_t directory_id;
    uint16_t set;      /* number; 0: none yet */
    bool set_complete; /* the set `set` has its ESET */
    bool catalog_seen; /* … and a catalog after it, which a second ESET ends */
    bool pba_known;
    uint64_t pba_shift;
};
/* ── mtf-rules.c ── */

/* Both own the texts. mtf_violate() returns false. The first violation stays. */
MtfViolation *mtf_make_violation(const MtfReader *r, MtfRule rule, const MtfPlace *place,
                                 char *expected, char *found);
bool mtf_violate(MtfReader *r, MtfRule rule, const MtfPlace *place, char *expected, char *found);
bool mtf_violate_number(MtfReader *r, MtfRule rule, const MtfPlace *place, const char *what,
                        uint64_t expected, uint64_t found);
void mtf_violation_free(MtfViolation *v);

/* ── mtf-blocks.c ── */

/* `need` bytes of a descriptor block are gathered, and its header is good. False on a violation. */
bool mtf_decode_block(MtfReader *r);
/* Its name is known, from the block or from a stream. */
void mtf_name_block(MtfReader *r);
void mtf_forget_block(MtfReader *r);
/* Of what is gathered: a field, and where on tape a byte of it lies. */
uint16_t mtf_field16(const MtfReader *r, size_t at);
MtfPlace mtf_place_of(const MtfReader *r, size_t at);

/* ── mtf-streams.c ── */

/* The streams that follow a descriptor block. False on a violation. */
bool mtf_take_event(MtfReader *r);
bool mtf_take_stream_header(MtfReader *r);
bool mtf_end_stream(MtfReader *r);
bool mtf_take_content(MtfReader *r, const uint8_t *data, size_t length);

/* ── mtf-reader.c ── */

void mtf_begin_step(MtfReader *r, Step step, size_t need);
void mtf_end_block(MtfReader *r);
void mtf_begin_block(MtfReader *r);
void mtf_announce(MtfReader *r);
bool mtf_on_grid(const MtfReader *r, uint64_t position);

#endif
