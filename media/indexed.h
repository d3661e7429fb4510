/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape images of other programs: records and marks one after the other in a file, with nothing that
 * says where they are. The file is walked once, when it is opened, and its objects are indexed in
 * memory. Formats differ in how a record is written down; the rest is here.
 *
 * Owns: the index, the head, the file's end, what a failing host does. Does not own: the bytes of a
 * record (IndexedFormat).
 *
 * None of these formats has checksums, a capacity, setmarks, partitions, attributes or a write
 * protect tab: that one lasts as long as the cartridge is open.
 */
#ifndef USBTAPE_MEDIA_INDEXED_H
#define USBTAPE_MEDIA_INDEXED_H

#include "media/formats.h"
#include "media/host-file.h"

typedef enum IndexedType {
    INDEXED_BLOCK,
    INDEXED_BAD, /* a block that the image itself calls unreadable */
    INDEXED_MARK,
    INDEXED_END, /* of the tape; not an object */
} IndexedType;

typedef struct IndexedObject {
    uint64_t offset; /* in the file */
    uint64_t used;   /* bytes of blocks before it, and MEDIUM_MARK_SIZE for each mark */
    uint32_t files;  /* marks before it */
    uint32_t type : 8;
    uint32_t length : 24; /* bytes that a block takes: its length, or less if it is compressed */
} IndexedObject;

typedef struct IndexedFormat IndexedFormat;

typedef struct IndexedMedium {
    TapeMedium base;
    const IndexedFormat *format;
    HostFile *file;
    char *path;
    Executor *executor;
    bool read_only, write_protected, dirty;
    bool damaged; /* there is something after the last whole record */
    bool failed;  /* a sync failed: nothing more is written */
    GError *error;

    GArray *objects; /* of IndexedObject; the last one is INDEXED_END */
    uint64_t head;
    uint64_t size;       /* of the file */
    GByteArray *scratch; /* for the format */
    uint16_t previous;   /* for the format while the file is scanned */
    bool again;          /* scan() looks at one object by itself, which it has seen before */

    MediumSyncDone sync_done;
    void *sync_data;
    int sync_error;
} IndexedMedium;

typedef enum IndexedScan {
    INDEXED_FOUND,   /* an object: its type and length are filled in */
    INDEXED_NOTHING, /* something that stands for nothing on tape */
    INDEXED_AT_END,
    INDEXED_DAMAGE,
    INDEXED_FAILED, /* `*error` says why */
} IndexedScan;

struct IndexedFormat {
    const char *name;
    const char *suffix;  /* for messages */
    uint32_t end_length; /* bytes that mark the end of data, written after the last object */
    /* What lies at `object->offset`? `*next`: where it ends. */
    IndexedScan (*scan)(IndexedMedium *m, IndexedObject *object, uint64_t *next, int *error);
    /*
     * The first bytes of a block; `*length` is its true length. A negative errno; -EBADMSG: it is
     * damaged. With a capacity of 0 only the length is wanted.
     */
    int (*read)(IndexedMedium *m, const IndexedObject *object, uint8_t *buffer, size_t capacity,
                size_t *length);
    /* Write at `offset`, with the end of data after it. `*end`: where it begins. 0 or -errno. */
    int (*write_block)(IndexedMedium *m, uint64_t offset, const uint8_t *data, size_t length,
                       uint64_t *end);
    /* At most INDEXED_MARKS_MAX of them. */
    int (*write_marks)(IndexedMedium *m, uint64_t offset, uint64_t count, uint64_t *end);
    /* Nothing but the end of data. NULL: the end of the file is that. */
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

/* The object that lies before the head; NULL at BOP. */
const IndexedObject *indexed_before_head(const IndexedMedium *m);

#endif
