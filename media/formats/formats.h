/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image formats. Each has one file and one row in formats.c. Opening selects by contents
 * (probe). Creating selects by name or by the suffix of the path.
 */
#ifndef USBTAPE_MEDIA_FORMATS_H
#define USBTAPE_MEDIA_FORMATS_H

#include "emu/base/executor.h"
#include "media/host-file.h"
#include "media/medium.h"

typedef struct MediumFormat {
    const char *name;     /* "usbtape", "simh" */
    const char *suffixes; /* ".tape", ".tap", separated by spaces, the usual one first */
    const char *about;    /* one line for --help */
    bool holds_geometry;  /* capacity, density, WORM, bar code */
    bool empty_is_blank;  /* a file of no bytes, named so, is a blank tape */
    /*
     * Scores the likelihood that the file has this format, where 0 is no. `named` is true if its
     * suffix is that of this format.
     */
    int (*probe)(HostFile *file, uint64_t size, bool named);
    /*
     * Takes over `fd` on success. `path` is for messages. A damaged file that can be served is
     * opened. `*notice` is then one line about the recovery, or NULL. Free it with g_free.
     */
    TapeMedium *(*open)(int fd, const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error);
    /* For medium_salvage(), a file that open refuses. NULL if the format has no salvage. */
    TapeMedium *(*salvage)(int fd, const char *path, char **notice, GError **error);
    /* Writes an empty cartridge into the new, empty file `fd` and syncs it. */
    bool (*create)(int fd, const char *path, const MediumGeometry *geometry, GError **error);
} MediumFormat;

/* NULL-terminated. */
const MediumFormat *const *medium_formats(void);
/* NULL and an error that lists the formats if there is none of that name. */
const MediumFormat *medium_format_by_name(const char *name, GError **error);
/* NULL for an unknown suffix. */
const MediumFormat *medium_format_by_suffix(const char *path);
/* By suffix, or the native format for an unknown suffix. */
const MediumFormat *medium_format_for_path(const char *path);

/*
 * Opens a cartridge file. `notice` may be NULL. USBTAPE_ERROR_INPUT if the file is missing, a
 * directory, not a cartridge, too new, or in use by another process.
 */
TapeMedium *medium_open(const char *path, bool read_only, Executor *executor, char **notice,
                        GError **error);
/* medium_open() with a format that the user named, or NULL to select by contents. */
TapeMedium *medium_open_as(const char *path, const MediumFormat *format, bool read_only,
                           Executor *executor, char **notice, GError **error);

/*
 * Opens read-only a file that medium_open() refuses because its superblocks are gone. The medium
 * holds every object that its own entry describes. The file is locked, so no other process may be
 * writing to it.
 */
TapeMedium *medium_salvage(const char *path, char **notice, GError **error);

/* Creates a cartridge file and refuses to overwrite one. */
bool medium_create(const char *path, const MediumFormat *format, const MediumGeometry *geometry,
                   GError **error);

/*
 * Creates a cartridge in two steps. The file has no name until it is complete. A process that ends
 * earlier leaves no file, or PATH.partial on a file system without unnamed files.
 */
typedef struct NewCartridge NewCartridge;

NewCartridge *new_cartridge_begin(const char *path, const MediumFormat *format,
                                  const MediumGeometry *geometry, GError **error);
/* Opens it for writing, once. Its executor is the inline one. */
TapeMedium *new_cartridge_open(NewCartridge *cartridge, GError **error);
/* Names the synced file. `replace` allows an existing file of that name. */
bool new_cartridge_finish(NewCartridge *cartridge, bool replace, GError **error);
/* Removes a file that new_cartridge_finish() did not name. */
void new_cartridge_free(NewCartridge *cartridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NewCartridge, new_cartridge_free)

/* The in-memory reference implementation, with which the tests compare every format. */
TapeMedium *medium_ram_new(const MediumGeometry *geometry);

#endif
