/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mutation harness: it writes cartridges, damages their files, and compares everything that the
 * tools and the drive then say with what was written. It knows the objects because it wrote them;
 * it asks no code of media/ what they should be.
 *
 *   main.c       the command line
 *   batch.c      many cases, in processes of their own
 *   report.c     what came of them
 *   selftest.c   shows that the harness can fail
 *   image.c      a cartridge file in memory
 *   subject.c    the cartridges and images that are damaged, and what is on them
 *   mutate.c     the damage
 *   truth.c      what a damaged image of another format says
 *   case.c       one case: what may come of it, and what the judges note
 *   judge-*.c    the medium, the drive, the subcommands
 *
 * The law. Of a damaged file, everything that is read is what was written, each object at its own
 * number; a subcommand ends with 0 only if its output is the original's; what cannot be read is
 * damage and never the end of the data; a served cartridge loses nothing that it had.
 */
#ifndef USBTAPE_TESTS_MUTATION_H
#define USBTAPE_TESTS_MUTATION_H

#include "media/formats/formats.h"
#include "tests/mutation/image.h"

#include <stdio.h>

/* ── subject.c ── */

enum { SUBJECT_PARTITIONS = 4 };

typedef enum ObjectKind { BLOCK, FILEMARK, SETMARK } ObjectKind;

typedef struct Object {
    ObjectKind kind;
    uint32_t length;
    uint8_t *bytes;
} Object;

/* One state of a tape. Objects are shared between states and live as long as the subjects. */
typedef struct Tape {
    uint32_t partitions;
    GArray *objects[SUBJECT_PARTITIONS]; /* of Object */
    guint durable[SUBJECT_PARTITIONS];   /* so many of them had been synced */
    GArray *marks[SUBJECT_PARTITIONS];   /* of guint: filemarks before each; made when needed */
} Tape;

static inline const Object *tape_object(const Tape *tape, uint32_t partition, guint number)
{
    return &g_array_index(tape->objects[partition], Object, number);
}

typedef enum SubjectFormat { FORMAT_TAPE, FORMAT_SIMH, FORMAT_AWS } SubjectFormat;

typedef struct State {
    Image *image;
    Tape *tape;
} State;

/* What a subcommand prints of an undamaged file. */
typedef struct Baseline {
    char *output;
    int status;
} Baseline;

typedef struct Subject {
    const char *name;
    SubjectFormat format;
    unsigned weight;  /* of all cases, how often it is taken */
    Image *image;     /* undamaged */
    Tape *tape;       /* what is on it */
    GArray *earlier;  /* of State: the same file before */
    Image *other;     /* another cartridge of the same shape */
    Tape *other_tape; /* what is on that */
    bool bound;       /* the format knows its own blocks from all others */
    Image *
        *cut; /* [i]: the file as if it ended i objects before its end, down to what is durable */
    guint n_cut; /* at least 1: cut[0] is the image itself */
    uint32_t tail_partition;
    size_t longest; /* block */
    bool worm;
    GArray *attributes;    /* of uint16_t: ids that partition 0 has */
    GHashTable *baselines; /* arguments and cut to Baseline: judge-tool.c */
} Subject;

/* Makes them in files of `directory`: those that are taken by chance, or the one of that name. */
GPtrArray *subjects_new(const char *directory, const char *only);

Tape *tape_new(uint32_t partitions);
Tape *tape_copy(const Tape *from);
/* How many filemarks lie before an object, which may be the one at EOD. */
guint tape_marks_before(const Tape *tape, uint32_t partition, uint64_t number);
/* Its objects stay. */
void tape_free(Tape *tape);

/* ── truth.c ── */

/*
 * What is in these bytes up to where they are no longer what we write. Its blocks lie in `bytes`.
 * `*sound`: that is the end.
 */
Tape *truth_of_image(SubjectFormat format, const uint8_t *bytes, uint64_t length, bool *sound);

/* ── mutate.c ── */

typedef enum MutationKind {
    FLIP_BITS,
    ZERO_EXTENT,
    RANDOM_EXTENT,
    TRUNCATE,
    SWAP_EXTENTS,
    COPY_EXTENT,    /* from elsewhere in the file */
    EARLIER_EXTENT, /* what the file held there before: a lost write */
    EARLIER_ELSEWHERE,
    OTHER_EXTENT, /* what another cartridge holds there */
    OTHER_ELSEWHERE,
    SET_FIELD, /* of a record, its checksum made right */
    SEVERAL,   /* of all these but the last */
    N_MUTATIONS
} MutationKind;

typedef struct Mutation {
    MutationKind kind;
    Image *image;
    GString *text;   /* what was done */
    bool superblock; /* it touched a superblock */
    bool attributes; /* it touched where attributes are */
    bool foreign; /* it put in what was never there at once: an earlier state, another cartridge */
    bool forged;  /* no program can detect it: a superblock's field with its checksum made right,
                     or foreign blocks in a format that does not bind its own */
    bool whole;   /* nothing changed */
} Mutation;

const char *mutation_name(MutationKind kind);
Mutation *mutate(const Subject *subject, MutationKind kind, GRand *rand);
/* Nothing is done. */
Mutation *mutation_none(const Subject *subject);
void mutation_free(Mutation *mutation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mutation, mutation_free)

/* ── case.c ── */

typedef struct Case {
    uint64_t seed;
    const Subject *subject;
    const Mutation *mutation;
    GRand *rand;
    const char *path; /* of the damaged file */
    const Tape *tape; /* what may be read of it: the subject's, or what its image now says */
    bool sound;       /* an image that is damaged, and says something whole all the same */
    FILE *log;        /* NULL: quiet */

    /* What the judges found. */
    GPtrArray *violations;                /* of char *: "CLASS\tDETAIL" */
    bool opens, damaged;                  /* medium_open() succeeds; and says that it is damaged */
    bool equal;                           /* everything on it can be read */
    GArray *readable[SUBJECT_PARTITIONS]; /* of bool: by object number */
    bool reported;                        /* somebody ended with another status than 0 */
} Case;

/* Of a buffer that takes each block of the case, and shows that one is too long. */
#define ROOM(c) MAX((size_t)100000, (c)->subject->longest + 1)

/* Notes a breach of the law. `class` is a fixed text; the report counts by it. */
void violation(Case *c, const char *class, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Prints if this case is looked at by itself. */
void note(const Case *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The steps that follow are of this name, for the report of a crash or hang. Starts the watch. */
void step(const char *name);

/* Is this what the object holds? */
bool object_is(const Object *object, ObjectKind kind, const uint8_t *bytes, size_t length);

/* May this object be at that number of the damaged cartridge? */
bool allowed_at(const Case *c, uint32_t partition, uint64_t number, ObjectKind kind,
                const uint8_t *bytes, size_t length);
/* May the data end there? */
bool may_end_at(const Case *c, uint32_t partition, uint64_t number);

/* Where the tape files of a partition begin and end. */
typedef struct FileRange {
    guint first, end; /* object numbers; `end`: the filemark or EOD */
} FileRange;
GArray *files_of(const Tape *tape, uint32_t partition);

/* Of a seed: every kind of damage is as likely, subjects go by their weight. */
Case *case_new(GPtrArray *subjects, uint64_t seed);
/* Takes the mutation over. */
Case *case_of(const Subject *subject, Mutation *mutation, uint64_t seed);
void case_free(Case *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Case, case_free)

/* In the current directory. Subcommands print to descriptors 1 and 2, which have to be files. */
void case_run(Case *c);

/* ── the judges ── */

/* Reads it read-only, forwards and backwards; fills in what of it is readable. */
void judge_medium(Case *c);
void judge_drive(Case *c);
void judge_tools(Case *c);
/* A drive that may write: what was there has to be there afterwards. */
void judge_serving(Case *c);
/* Before any case: what the subcommands print of undamaged files. */
void baselines_make(GPtrArray *subjects);

/* ── selftest.c ── */

/* Runs something whose printing nobody wants to see. */
typedef void (*SelfTestPrinting)(void (*run)(void *data), void *data);
/* Prints TAP; returns the exit status. */
int self_test(GPtrArray *subjects, const char *directory, SelfTestPrinting aside);

#endif
