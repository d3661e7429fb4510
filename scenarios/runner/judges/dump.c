/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/dump.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"

#include <string.h>

#define RECORD        1024u
#define MAGIC         60012u /* NFS_MAGIC */
#define CHECKSUM      84446u /* what the words of a header add up to */
#define ADDRESSES_MAX 512u
#define ROOT          2u
#define DIRECTORY_MAX (16u << 20)
#define DEPTH_MAX     100u
#define PATH_LENGTH   4095u
/* Of a whole dump: what a few bytes of tape may ask us to do. */
#define NAMES_MAX (1u << 16)
#define HOLES_MAX (1u << 18) /* records: 256 MiB, a second or two of sums */

/* Where the fields of a header are (struct s_spcl of protocols/dumprestore.h), little-endian. */
enum {
    C_TYPE = 0,
    C_DATE = 4,
    C_VOLUME = 12,
    C_TAPEA = 16,
    C_INUMBER = 20,
    C_MAGIC = 24,
    DI_MODE = 32,
    DI_SIZE = 40,
    C_COUNT = 160,
    C_ADDR = 164,
    C_FLAGS = 888,
};

enum { TS_TAPE = 1, TS_INODE, TS_BITS, TS_ADDR, TS_END, TS_CLRI };
enum { DR_COMPRESSED = 0x80, DR_EXTATTRIBUTES = 0x8000 };
/* c_dinode's mode */
enum { IFMT = 0170000, IFDIR = 0040000, IFREG = 0100000 };
/* A directory's entry: inode, length of the entry, type, length of the name, the name. */
enum { D_INO = 0, D_RECLEN = 4, D_NAMLEN = 7, D_NAME = 8 };

typedef enum DumpPart {
    PART_HEADER,
    PART_MAP,  /* of inodes */
    PART_FILE, /* the records of a file that are not holes */
    PART_ENDED,
} DumpPart;

typedef enum DumpKind { KIND_FILE, KIND_DIRECTORY, KIND_OTHER } DumpKind;

/* That a directory names an inode. */
typedef struct DumpName {
    uint32_t directory;
    char *name;
} DumpName;

struct DumpReader {
    DumpFileFunc func;
    void *data;
    DumpPart part;
    uint8_t record[RECORD];
    size_t filled;     /* bytes of `record` */
    uint32_t position; /* records so far */
    uint32_t date;     /* of the dump */
    uint32_t left;     /* records of a map still to come */

    /* The file under way, from its header on until its size is reached. */
    bool in_file;
    DumpKind kind;
    uint32_t inode;
    uint64_t size, at;
    uint8_t addresses[ADDRESSES_MAX]; /* of records since the last header; 0: a hole */
    unsigned n_addresses, address;
    GChecksum *sum;
    GByteArray *directory;

    GHashTable *names; /* inode → GPtrArray of DumpName */
    unsigned n_names, n_holes;
};

static void name_free(void *data)
{
    DumpName *name = data;

    g_free(name->name);
    g_free(name);
}

DumpReader *dump_reader_new(DumpFileFunc func, void *data)
{
    DumpReader *self = g_new0(DumpReader, 1);

    self->func = func;
    self->data = data;
    self->sum = g_checksum_new(G_CHECKSUM_SHA256);
    self->directory = g_byte_array_new();
    self->names =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)(void (*)(void))g_ptr_array_unref);
    return self;
}

void dump_reader_free(DumpReader *self)
{
    if (self) {
        g_checksum_free(self->sum);
        g_byte_array_unref(self->directory);
        g_hash_table_unref(self->names);
        g_free(self);
    }
}

static bool refuse(const DumpReader *self, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool refuse(const DumpReader *self, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "dump record %u: %s", self->position,
                what);
    return false;
}

/* ---- names ---- */

/* What a directory may call something: not so that another name is told than stands there. */
static bool is_name(const char *text, size_t length)
{
    return length > 0 && !memchr(text, '\0', length) && !memchr(text, '/', length);
}

static bool add_name(DumpReader *self, uint32_t inode, const char *text, size_t length,
                     GError **error)
{
    GPtrArray *names = g_hash_table_lookup(self->names, GUINT_TO_POINTER(inode));
    DumpName *name;

    if ((length == 1 && text[0] == '.') || (length == 2 && memcmp(text, "..", 2) == 0)) {
        return true;
    }
    if (!is_name(text, length)) {
        return refuse(self, error, "inode %u gives inode %u a name that no file can have",
                      self->inode, inode);
    }
    if (self->n_names++ == NAMES_MAX) {
        return refuse(self, error, "more than %u names", NAMES_MAX);
    }
    if (!names) {
        names = g_ptr_array_new_with_free_func(name_free);
        g_hash_table_insert(self->names, GUINT_TO_POINTER(inode), names);
    }
    name = g_new(DumpName, 1);
    *name = (DumpName){ self->inode, g_strndup(text, length) };
    g_ptr_array_add(names, name);
    return true;
}

static bool take_directory(DumpReader *self, GError **error)
{
    const uint8_t *bytes = self->directory->data;
    size_t left = (size_t)MIN(self->size, self->directory->len);

    while (left > 0) {
        size_t length = left >= D_NAME ? get_le16(bytes + D_RECLEN) : 0;

        if (length < D_NAME || length > left || D_NAME + (size_t)bytes[D_NAMLEN] > length) {
            return refuse(self, error, "the directory of inode %u is damaged", self->inode);
        }
        if (get_le32(bytes + D_INO) != 0 &&
            !add_name(self, get_le32(bytes + D_INO), (const char *)bytes + D_NAME, bytes[D_NAMLEN],
                      error)) {
            return false;
        }
        bytes += length;
        left -= length;
    }
    return true;
}

/* "fs/btrfs/btrfs.ko"; NULL: it does not lead to the top, or is too long. */
static char *path_of(const DumpReader *self, const DumpName *name)
{
    char *path = g_strdup(name->name);
    unsigned depth;

    for (depth = 0; name->directory != ROOT; depth++) {
        const GPtrArray *names =
            g_hash_table_lookup(self->names, GUINT_TO_POINTER(name->directory));
        char *longer;

        if (!names || depth == DEPTH_MAX || strlen(path) > PATH_LENGTH) {
            g_free(path);
            return NULL;
        }
        name = names->pdata[0];
        longer = g_strconcat(name->name, "/", path, NULL);
        g_free(path);
        path = longer;
    }
    return path;
}

static void tell_file(DumpReader *self)
{
    const GPtrArray *names = g_hash_table_lookup(self->names, GUINT_TO_POINTER(self->inode));
    const char *sum = g_checksum_get_string(self->sum);
    bool told = false;
    guint i;

    for (i = 0; names && i < names->len; i++) {
        g_autofree char *path = path_of(self, names->pdata[i]);

        if (path) {
            self->func(self->data, path, sum);
            told = true;
        }
    }
    if (!told) {
        g_autofree char *number = g_strdup_printf("#%u", self->inode);

        self->func(self->data, number, sum);
    }
    /* An inode that came twice would otherwise have all of them told again. */
    g_hash_table_remove(self->names, GUINT_TO_POINTER(self->inode));
}

/* ---- files ---- */

static bool take_contents(DumpReader *self, const uint8_t *bytes, GError **error)
{
    /* What an address list has beyond the size fills it up. */
    size_t n = (size_t)MIN(self->size - self->at, RECORD);

    if (self->kind == KIND_FILE) {
        g_checksum_update(self->sum, bytes, (gssize)n);
    } else if (self->kind == KIND_DIRECTORY) {
        if (self->directory->len + n > DIRECTORY_MAX) {
            return refuse(self, error, "a directory that is larger than any");
        }
        g_byte_array_append(self->directory, bytes, (guint)n);
    }
    self->at += n;
    return true;
}

static bool end_file(DumpReader *self, GError **error)
{
    self->in_file = false;
    if (self->kind == KIND_DIRECTORY) {
        return take_directory(self, error);
    }
    if (self->kind == KIND_FILE) {
        tell_file(self);
    }
    return true;
}

/* Up to the next record that is on the tape: past holes, perhaps to the file's end. */
static bool pass_holes(DumpReader *self, GError **error)
{
    static const uint8_t hole[RECORD];

    while (self->address < self->n_addresses && !self->addresses[self->address]) {
        self->address++;
        if (self->n_holes++ == HOLES_MAX) {
            return refuse(self, error, "holes of more than 256 MiB");
        }
        if (!take_contents(self, hole, error)) {
            return false;
        }
    }
    if (self->address < self->n_addresses) {
        self->part = PART_FILE;
        return true;
    }
    self->part = PART_HEADER;
    return self->at < self->size || end_file(self, error);
}

static bool take_addresses(DumpReader *self, GError **error)
{
    uint32_t count = get_le32(self->record + C_COUNT);
    uint32_t i;

    if (count > ADDRESSES_MAX) {
        return refuse(self, error, "a header with %u addresses", count);
    }
    memcpy(self->addresses, self->record + C_ADDR, count);
    for (i = 0; i < count; i++) {
        if (self->addresses[i] > 1) {
            /* From 0.4b49 on, runs of records are packed. */
            return refuse(self, error, "a list of addresses as only a newer dump writes it");
        }
    }
    self->n_addresses = count;
    self->address = 0;
    return pass_holes(self, error);
}

static bool begin_file(DumpReader *self, uint32_t flags, GError **error)
{
    unsigned type = get_le16(self->record + DI_MODE) & IFMT;

    self->in_file = true;
    self->inode = get_le32(self->record + C_INUMBER);
    self->size = get_le64(self->record + DI_SIZE);
    self->at = 0;
    self->kind = flags & DR_EXTATTRIBUTES ? KIND_OTHER
                 : type == IFREG          ? KIND_FILE
                 : type == IFDIR          ? KIND_DIRECTORY
                                          : KIND_OTHER;
    g_checksum_reset(self->sum);
    g_byte_array_set_size(self->directory, 0);
    return take_addresses(self, error);
}

static bool go_on(DumpReader *self, GError **error)
{
    uint32_t inode = get_le32(self->record + C_INUMBER);

    if (!self->in_file || inode != self->inode) {
        return refuse(self, error, "inode %u goes on, which was not cut off", inode);
    }
    return take_addresses(self, error);
}

/* ---- records ---- */

static bool adds_up(const uint8_t *record)
{
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < RECORD; i += 4) {
        sum += get_le32(record + i);
    }
    return sum == CHECKSUM;
}

/* A header of this dump is no file's contents: blocks are missing here, or have changed places. */
static bool check_data(const DumpReader *self, GError **error)
{
    const uint8_t *record = self->record;
    uint32_t number = get_le32(record + C_TAPEA);

    if (get_le32(record + C_MAGIC) != MAGIC || get_le32(record + C_DATE) != self->date ||
        !adds_up(record)) {
        return true;
    }
    return number == self->position
               ? refuse(self, error, "a header in place of data")
               : refuse(self, error, "here is record %u, in place of data", number);
}

/* Is it one, of this dump, in its place? */
static bool check_header(DumpReader *self, uint32_t type, GError **error)
{
    const uint8_t *record = self->record;
    uint32_t number = get_le32(record + C_TAPEA);

    if (get_le32(record + C_MAGIC) != MAGIC) {
        return refuse(self, error, "expected a header, found none");
    }
    if (!adds_up(record)) {
        return refuse(self, error, "a header whose checksum is wrong");
    }
    if (number != self->position) {
        return refuse(self, error, "here is record %u", number);
    }
    if ((type == TS_TAPE) != (self->position == 0)) {
        return refuse(self, error, "%s",
                      type == TS_TAPE ? "another dump begins" : "this is not how a dump begins");
    }
    if (self->position == 0) {
        self->date = get_le32(record + C_DATE);
    }
    if (get_le32(record + C_DATE) != self->date || get_le32(record + C_VOLUME) != 1) {
        return refuse(self, error, "a header of another dump, or of another volume");
    }
    if (self->in_file && type != TS_ADDR) {
        return refuse(self, error,
                      "inode %u ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes",
                      self->inode, self->at, self->size);
    }
    return true;
}

static bool take_header(DumpReader *self, GError **error)
{
    uint32_t type = get_le32(self->record + C_TYPE);
    uint32_t flags = get_le32(self->record + C_FLAGS);

    if (!check_header(self, type, error)) {
        return false;
    }
    switch (type) {
    case TS_TAPE:
        return !(flags & DR_COMPRESSED) || refuse(self, error, "a compressed dump");
    case TS_CLRI:
    case TS_BITS:
        self->left = get_le32(self->record + C_COUNT);
        self->part = self->left > 0 ? PART_MAP : PART_HEADER;
        return true;
    case TS_INODE:
        return begin_file(self, flags, error);
    case TS_ADDR:
        return go_on(self, error);
    case TS_END:
        self->part = PART_ENDED;
        return true;
    default:
        return refuse(self, error, "a header of type %u, which there is not", type);
    }
}

static bool take_record(DumpReader *self, GError **error)
{
    switch (self->part) {
    case PART_HEADER:
        return take_header(self, error);
    case PART_MAP:
        if (--self->left == 0) {
            self->part = PART_HEADER;
        }
        return check_data(self, error);
    case PART_FILE:
        self->address++;
        return check_data(self, error) && take_contents(self, self->record, error) &&
               pass_holes(self, error);
    case PART_ENDED:
    default:
        /* The end is said until the block is full. */
        return check_header(self, TS_END, error) &&
               (get_le32(self->record + C_TYPE) == TS_END ||
                refuse(self, error, "the dump goes on after its end"));
    }
}

bool dump_reader_feed(DumpReader *self, const uint8_t *bytes, size_t length, GError **error)
{
    while (length > 0) {
        size_t n = MIN(length, RECORD - self->filled);

        memcpy(self->record + self->filled, bytes, n);
        self->filled += n;
        bytes += n;
        length -= n;
        if (self->filled == RECORD) {
            self->filled = 0;
            if (!take_record(self, error)) {
                return false;
            }
            self->position++;
        }
    }
    return true;
}

bool dump_reader_end(DumpReader *self, GError **error)
{
    return (self->part == PART_ENDED && self->filled == 0) ||
           refuse(self, error, "the dump ends before it is said to");
}
