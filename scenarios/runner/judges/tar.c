/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/tar.h"

#include "emu/base/error.h"

#include <string.h>

#define BLOCK         512u
#define LONG_NAME_MAX 4096u

/* POSIX.1-2017 pax, "ustar Interchange Format"; offset and typeflags L, M, V are GNU's. */
typedef struct TarHeader {
    char name[100];
    char mode[8], uid[8], gid[8];
    char size[12];
    char mtime[12];
    char chksum[8];
    char typeflag;
    char linkname[100];
    char magic[6], version[2];
    char uname[32], gname[32];
    char devmajor[8], devminor[8];
    char prefix[155];
    char pad[12];
} TarHeader;

G_STATIC_ASSERT(sizeof(TarHeader) == BLOCK);

typedef enum TarPart {
    PART_HEADER,
    PART_FILE,    /* the bytes of a regular file */
    PART_NAME,    /* GNU L: the name of the next one */
    PART_PAX,     /* x: attributes of the next one */
    PART_SKIPPED, /* anything else that has bytes */
    PART_ENDED,
} TarPart;

struct TarReader {
    TarFileFunc func;
    void *data;
    TarPart part;
    uint8_t block[BLOCK];
    size_t filled;      /* bytes of `block` */
    uint64_t left;      /* bytes of this part still to come, without the padding */
    uint64_t position;  /* blocks so far, for messages */
    int zeroes;         /* blocks of zeroes in a row */
    bool continued;     /* between two volumes, in the middle of a file */
    char *name;         /* of the file under way */
    GString *long_name; /* of the next one, or its attributes */
    char *next_name;    /* from L or x; NULL: none */
    int64_t next_size;  /* from x; -1: none */
    GChecksum *sum;
};

TarReader *tar_reader_new(TarFileFunc func, void *data)
{
    TarReader *self = g_new0(TarReader, 1);

    self->func = func;
    self->data = data;
    self->long_name = g_string_new(NULL);
    self->next_size = -1;
    self->sum = g_checksum_new(G_CHECKSUM_SHA256);
    return self;
}

void tar_reader_free(TarReader *self)
{
    if (self) {
        g_free(self->name);
        g_free(self->next_name);
        g_string_free(self->long_name, TRUE);
        g_checksum_free(self->sum);
        g_free(self);
    }
}

static bool refuse(const TarReader *self, GError **error, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "tar block %" G_GUINT64_FORMAT ": %s",
                self->position, what);
    return false;
}

/* Octal digits, or (GNU, for what has no room) a number in base 256. */
static bool read_number(const char *field, size_t width, uint64_t *value)
{
    size_t i;

    *value = 0;
    if ((unsigned char)field[0] == 0x80) {
        for (i = 1; i < width; i++) {
            *value = *value << 8 | (unsigned char)field[i];
        }
        return true;
    }
    for (i = 0; i < width && field[i] == ' '; i++) {
    }
    for (; i < width && field[i] >= '0' && field[i] <= '7'; i++) {
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    }
    return i == width || field[i] == ' ' || field[i] == '\0';
}

static bool sum_is_right(const TarHeader *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    uint64_t noted, sum = 0;
    size_t i;

    for (i = 0; i < BLOCK; i++) {
        bool in_field = i >= offsetof(TarHeader, chksum) && i < offsetof(TarHeader, typeflag);

        sum += in_field ? ' ' : bytes[i];
    }
    return read_number(header->chksum, sizeof header->chksum, &noted) && noted == sum;
}

static char *header_name(const TarHeader *header)
{
    g_autofree char *name = g_strndup(header->name, sizeof header->name);
    g_autofree char *prefix = g_strndup(header->prefix, sizeof header->prefix);
    bool posix = memcmp(header->magic, "ustar", 6) == 0;

    return posix && *prefix ? g_strconcat(prefix, "/", name, NULL) : g_steal_pointer(&name);
}

static void end_file(TarReader *self)
{
    const char *name = self->name;

    while (g_str_has_prefix(name, "./")) {
        name += 2;
    }
    self->func(self->data, name, g_checksum_get_string(self->sum));
    self->part = PART_HEADER;
}

static bool goes_on(TarReader *self, const char *name, uint64_t size, GError **error)
{
    if (!self->continued) {
        return refuse(self, error, "a continuation of a file that was not cut off");
    }
    self->continued = false;
    if (!g_str_equal(name, self->name) || size != self->left) {
        return refuse(self, error, "this volume goes on with another file than the last ended in");
    }
    self->part = PART_FILE;
    return true;
}

static bool begin(TarReader *self, const TarHeader *header, GError **error)
{
    g_autofree char *name =
        self->next_name ? g_steal_pointer(&self->next_name) : header_name(header);
    uint64_t size;

    if (!sum_is_right(header)) {
        return refuse(self, error, "not a header: its checksum is wrong");
    }
    if (!read_number(header->size, sizeof header->size, &size)) {
        return refuse(self, error, "the size is not a number");
    }
    if (self->next_size >= 0 && header->typeflag != 'x') {
        size = (uint64_t)self->next_size;
        self->next_size = -1;
    }
    if (header->typeflag == 'M') {
        return goes_on(self, name, size, error);
    }
    if (self->continued && !strchr("VxgL", header->typeflag)) {
        return refuse(self, error, "the volume does not go on where the last one ended");
    }
    self->left = size;
    g_string_truncate(self->long_name, 0);
    switch (header->typeflag) {
    case '0':
    case '\0':
    case '7':
        g_free(self->name);
        self->name = g_steal_pointer(&name);
        g_checksum_reset(self->sum);
        self->part = PART_FILE;
        if (size == 0) {
            end_file(self);
        }
        return true;
    case 'L':
        self->part = PART_NAME;
        break;
    case 'x':
        self->part = PART_PAX;
        break;
    default:
        self->part = strchr("123456", header->typeflag) ? PART_HEADER : PART_SKIPPED;
        break;
    }
    if ((self->part == PART_NAME || self->part == PART_PAX) && size > LONG_NAME_MAX) {
        return refuse(self, error, "a name longer than any");
    }
    if (size == 0) {
        self->part = PART_HEADER;
    }
    return true;
}

/* "27 path=some/where\n", one after the other. */
static void read_pax(TarReader *self)
{
    const char *at = self->long_name->str;
    const char *end = at + self->long_name->len;

    while (at < end) {
        char *rest;
        guint64 length = g_ascii_strtoull(at, &rest, 10);

        if (length < 5 || length > (guint64)(end - at) || *rest != ' ') {
            return;
        }
        rest++;
        if (at + length < rest + strlen("path=") + 1) {
            return;
        }
        if (g_str_has_prefix(rest, "path=")) {
            g_free(self->next_name);
            self->next_name = g_strndup(rest + 5, (gsize)(at + length - 1 - (rest + 5)));
        } else if (g_str_has_prefix(rest, "size=")) {
            self->next_size = g_ascii_strtoll(rest + 5, NULL, 10);
        }
        at += length;
    }
}

static void end_part(TarReader *self)
{
    if (self->part == PART_FILE) {
        end_file(self);
    } else if (self->part == PART_NAME) {
        g_free(self->next_name);
        self->next_name = g_strdup(self->long_name->str);
    } else if (self->part == PART_PAX) {
        read_pax(self);
    }
    self->part = PART_HEADER;
}

static bool is_zero(const uint8_t *block)
{
    return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

static bool take_block(TarReader *self, GError **error)
{
    size_t n = (size_t)MIN(self->left, BLOCK);

    self->position++;
    if (self->part == PART_ENDED) {
        return true; /* what fills up the last record */
    }
    if (self->part == PART_HEADER) {
        if (!is_zero(self->block)) {
            self->zeroes = 0;
            return begin(self, (const TarHeader *)(const void *)self->block, error);
        }
        if (++self->zeroes == 2) {
            self->part = PART_ENDED;
        }
        return true;
    }
    if (self->part == PART_FILE) {
        g_checksum_update(self->sum, self->block, (gssize)n);
    } else if (self->part != PART_SKIPPED) {
        g_string_append_len(self->long_name, (const char *)self->block, (gssize)n);
    }
    self->left -= n;
    if (self->left == 0) {
        end_part(self);
    }
    return true;
}

bool tar_reader_feed(TarReader *self, const uint8_t *bytes, size_t length, GError **error)
{
    while (length > 0) {
        size_t n = MIN(length, BLOCK - self->filled);

        memcpy(self->block + self->filled, bytes, n);
        self->filled += n;
        bytes += n;
        length -= n;
        if (self->filled == BLOCK) {
            self->filled = 0;
            if (!take_block(self, error)) {
                return false;
            }
        }
    }
    return true;
}

void tar_reader_next_volume(TarReader *self)
{
    self->continued = self->part == PART_FILE;
    self->filled = 0;
    self->zeroes = 0;
    self->part = PART_HEADER;
}

bool tar_reader_end(TarReader *self, GError **error)
{
    return self->part == PART_ENDED || refuse(self, error, "the archive ends before its end marks");
}
