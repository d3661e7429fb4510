/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape images of other programs. Records and marks follow one another in a file without a
 * directory. Opening scans the file once. Consecutive objects that are alike share one entry of the
 * index, a run. Each format defines the encoding of a record. This code does the rest.
 *
 * indexed-runs.c  the index
 * indexed.c       the head, the end of the file, a failing host
 * indexed-scan.c  reading the file in big pieces, probing, finding records beyond damage
 *
 * None of these formats has checksums, a capacity, setmarks, partitions, attributes or a write
 * protect tab. The tab lasts as long as the cartridge is open.
 *
 * Bytes that are no whole record are one object, INDEXED_LOST, which reads as damaged. An image
 * with such an object is write-protected, so that no write overwrites bytes of unknown meaning.
 */
#ifndef USBTAPE_MEDIA_INDEXED_H
#define USBTAPE_MEDIA_INDEXED_H

#include "media/formats/formats.h"
#include "media/host-file.h"

typedef enum IndexedType {
    INDEXED_BLOCK,
    INDEXED_BAD, /* a block that the image itself calls unreadable */
    INDEXED_MARK,
    INDEXED_LOST, /* bytes that are no whole record, however many records they were */
    INDEXED_END,  /* end of the tape, not an object */
} IndexedType;

typedef struct IndexedObject {
    uint64_t offset; /* in the file */
    uint64_t used;   /* bytes of blocks before it, and MEDIUM_MARK_SIZE for each mark */
    uint32_t files;  /* marks before it */
    uint32_t type : 8;
    uint32_t length : 24; /* bytes of a block as stored, which compression may shorten */
} IndexedObject;

typedef struct IndexedFormat IndexedFormat;

/* ── reading a file from its beginning on ── */

typedef struct IndexedWindow {
    uint8_t *bytes;
    uint64_t at;
    size_t length, room; /* room is the length of the next sequential read */
} IndexedWindow;

typedef struct IndexedScanner {
    HostFile *file;
    uint64_t size;            /* of the file */
    IndexedWindow windows[2]; /* where headers are, and where the far trailers are */
    int last;                 /* the window that was used last */
    uint64_t reads;           /* of the file */
    /* AWS, the length of the previous chunk, or -1 if unknown */
    int32_t previous;
    bool strict;           /* a wrong previous length is damage */
    uint64_t odd_previous; /* wrong previous lengths that were passed over */
    uint64_t zeroes;       /* bytes of zero that end the file and were passed over */
    bool padded, unpadded; /* SIMH, the scan found odd records with padding, without padding */
} IndexedScanner;

typedef enum IndexedScan {
    INDEXED_FOUND,   /* an object, with its type and length filled in */
    INDEXED_NOTHING, /* bytes that stand for no object */
    INDEXED_AT_END,
    INDEXED_TORN, /* the file ends before the record does */
    INDEXED_DAMAGE,
    INDEXED_FAILED, /* `*error` says why */
} IndexedScan;

IndexedScanner indexed_scanner(HostFile *file, uint64_t size);
void indexed_scanner_clear(IndexedScanner *s);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IndexedScanner, indexed_scanner_clear)
/* Reads bytes of the file, which must lie before its end. One large read serves many calls. */
int indexed_peek(IndexedScanner *s, void *bytes, size_t length, uint64_t offset);
/* MediumFormat.probe. */
int indexed_probe(const IndexedFormat *format, HostFile *file, uint64_t size, bool named);
/*
 * Finds the next record beyond the damage at `from` that other records follow, or the end of the
 * file. `*effort` bounds the search and decreases with it. Returns 0 or -errno.
 */
int indexed_resume(const IndexedFormat *format, IndexedScanner *s, uint64_t from, uint64_t *effort,
                   uint64_t *next);

enum { INDEXED_EFFORT = 64 * 1024 * 1024 };

/* ── the medium ── */

typedef struct IndexedMedium {
    TapeMedium base;
    const IndexedFormat *format;
    HostFile *file;
    char *path;
    Executor *executor;
    bool read_only, write_protected, dirty;
    bool damaged; /* there is an INDEXED_LOST, so nothing may be written */
    bool failed;  /* a sync failed, so all later writes are refused */
    GError *error;

    GArray *runs; /* of IndexedRun: all objects */
    IndexedObject end;
    uint64_t objects, head;
    uint64_t first_lost; /* object number, or G_MAXUINT64 */
    guint hint;          /* the run that was looked up last */
    uint64_t size;       /* of the file */
    GByteArray *scratch; /* for the format */
    /* For AWS, the last chunk that was written. */
    uint64_t written_end;
    uint16_t written_length;
    bool unpadded; /* for SIMH, records of odd length have no padding */

    MediumSyncDone sync_done;
    void *sync_data;
    int sync_error;
} IndexedMedium;

/* ── the index ── */

/* Objects that are alike at equal distances, up to the first object of the next run. */
typedef struct IndexedRun {
    uint64_t offset; /* of its first object, as `used`, `object` and `files` are */
    uint64_t used;
    uint32_t object, files;
    uint32_t stride; /* bytes of the file from one object to the next */
    uint32_t type : 8;
    uint32_t length : 24;
} IndexedRun;

G_STATIC_ASSERT(sizeof(IndexedRun) == 32);

IndexedObject indexed_object_at(IndexedMedium *s, uint64_t n);
void indexed_add_objects(IndexedMedium *s, IndexedType type, uint32_t length, uint64_t count,
                         uint64_t stride);
void indexed_drop_from(IndexedMedium *s, uint64_t n);
IndexedRun *indexed_run_at(const IndexedMedium *s, guint i);
guint indexed_find_run(IndexedMedium *s, uint64_t n);

struct IndexedFormat {
    const char *name;
    const char *suffix;  /* for messages */
    uint32_t end_length; /* bytes that mark the end of data, written after the last object */
    bool marks_tell;     /* nothing but marks looks like no other file */
    int score;           /* of a file that is surely ours */
    /* Decodes the record at `object->offset`. `*next` becomes its end. */
    IndexedScan (*scan)(IndexedScanner *s, IndexedObject *object, uint64_t *next, int *error);
    /*
     * Marks that end at `from` may be the zeroed header of the record that ends before `next`.
     * Returns the beginning of that record, or `from` if the marks are real. NULL if marks are not
     * zeroes in this format.
     */
    uint64_t (*zeroed_start)(IndexedScanner *s, uint64_t from, uint64_t next);
    /*
     * Reads the first bytes of a block. `*length` is its true length. A capacity of 0 asks for the
     * length alone. Returns a negative errno, where -EBADMSG means damage.
     */
    int (*read)(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer, size_t capacity,
                size_t *length);
    /*
     * Writes at `offset`, with the end of data after it. `*end` becomes the place of that end.
     * Returns 0 or -errno.
     */
    int (*write_block)(IndexedMedium *m, uint64_t offset, const uint8_t *data, size_t length,
                       uint64_t *end);
    /* At most INDEXED_MARKS_MAX of them. */
    int (*write_marks)(IndexedMedium *m, uint64_t offset, uint64_t count, uint64_t *end);
    /* Writes the end of data alone. NULL if the end of the file marks it. */
    int (*write_end)(IndexedMedium *m, uint64_t offset);
};

enum { INDEXED_MARKS_MAX = 4096 };

/* As MediumFormat.open and create. */
TapeMedium *indexed_open(const IndexedFormat *format, int fd, const char *path, bool read_only,
                         Executor *executor, char **notice, GError **error);
bool indexed_create(const IndexedFormat *format, int fd, const char *path,
                    const MediumGeometry *geometry, GError **error);

static inline IndexedMedium *indexed(TapeMedium *m)
{
    return (IndexedMedium *)m;
}

/* indexed_open() of any host file, which this call takes over on success. */
TapeMedium *indexed_open_file(const IndexedFormat *format, HostFile *file, const char *path,
                              bool read_only, Executor *executor, char **notice, GError **error);
/* The object before the head, or false at BOP. */
bool indexed_before_head(IndexedMedium *m, IndexedObject *object);

#endif
