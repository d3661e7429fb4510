/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image formats: one file each, one row each in formats.c. Opening goes by what the file holds
 * (probe), creating by name or by the suffix of the path.
 */
#ifndef USBTAPE_MEDIA_FORMATS_H
#define USBTAPE_MEDIA_FORMATS_H

#include "emu/base/executor.h"
#include "media/host-file.h"
#include "media/medium.h"

typedef struct MediumFormat {
    const char *name;     /* "usbtape", "simh" */
    const char *suffixes; /* ".tape", ".tap"; space-separated, the first is the usual one */
    const char *about;    /* one line for --help */
    bool holds_geometry;  /* capacity, density, WORM, bar code */
    bool empty_is_blank;  /* a file of no bytes, named so, is a blank tape */
    /* Does the file look like ours? Bigger is surer, 0 is no. `named`: its suffix is ours. */
    int (*probe)(HostFile *file, uint64_t size, bool named);
    /*
     * Takes over `fd` on success. `path` is for messages. A damaged file that can be served is
     * served; what recovery dropped is in `*notice` (one line, NULL if nothing; free with g_free).
     */
    TapeMedium *(*open)(int fd, const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error);
    /* The same of a file that cannot be opened: medium_salvage(). NULL: nothing is to be had. */
    TapeMedium *(*salvage)(int fd, const char *path, char **notice, GError **error);
    /* Writes an empty cartridge into the new, empty file `fd`; synced on return. */
    bool (*create)(int fd, const char *path, const MediumGeometry *geometry, GError **error);
} MediumFormat;

/* NULL-terminated. */
const MediumFormat *const *medium_formats(void);
/* NULL and an error that lists the formats if there is none of that name. */
const MediumFormat *medium_format_by_name(const char *name, GError **error);
/* NULL: the suffix says nothing. */
const MediumFormat *medium_format_by_suffix(const char *path);
/* By suffix; the native format when the suffix says nothing. */
const MediumFormat *medium_format_for_path(const char *path);

/*
 * Opens a cartridge file. Errors (USBTAPE_ERROR_INPUT): not there, a directory, not a cartridge,
 * too new, in use by another process. `notice` may be NULL.
 */
TapeMedium *medium_open(const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error);
/* The same of a file whose format the user has named; NULL: goes by what the file holds. */
TapeMedium *medium_open_as(const char *path, const MediumFormat *format, bool read_only,
                           Executor *executor, char **notice, GError **error);

/*
 * Of a file that medium_open() refuses, since what says where things are is gone: all that tells by
 * itself what it is, read-only. The file is locked: nobody may be writing to it.
 */
TapeMedium *medium_salvage(const char *path, char **notice, GError **error);

/* Makes a new cartridge file; refuses to overwrite one. */
bool medium_create(const char *path, const MediumFormat *format, const MediumGeometry *geometry,
                   GError **error);

/*
 * The same in two steps: a new cartridge that has no name until all is well. A process that ends
 * before leaves nothing, or where the file system cannot do that, PATH.partial.
 */
typedef struct NewCartridge NewCartridge;

NewCartridge *new_cartridge_begin(const char *path, const MediumFormat *format,
                                  const MediumGeometry *geometry, GError **error);
/* Opens it to be written to, once. Its executor is the inline one. */
TapeMedium *new_cartridge_open(NewCartridge *cartridge, GError **error);
/* What was synced gets its name. `replace`: also if there is such a file. */
bool new_cartridge_finish(NewCartridge *cartridge, bool replace, GError **error);
/* Without having been finished it is gone. */
void new_cartridge_free(NewCartridge *cartridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NewCartridge, new_cartridge_free)

/* The in-memory reference implementation: what every format is compared with. */
TapeMedium *medium_ram_new(const MediumGeometry *geometry);

#endif
