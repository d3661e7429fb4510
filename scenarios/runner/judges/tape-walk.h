/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a cartridge from its beginning to its end, for judges.
 *
 * Owns: the way over partitions, files and blocks. Does not own: what a judge makes of a block.
 */
#ifndef USBTAPE_SCENARIOS_WALK_H
#define USBTAPE_SCENARIOS_WALK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Walk {
    int cartridge;      /* from 1 */
    uint32_t partition; /* from 0 */
    int64_t file;       /* from 0, in the partition */
    int64_t block;      /* from 0, in the file */
    /* Each may be NULL. */
    void (*on_block)(struct Walk *walk, const uint8_t *bytes, size_t length);
    void (*on_file_end)(struct Walk *walk); /* a filemark, or the end of data after a block */
    void (*on_damage)(struct Walk *walk);   /* in place of a block */
    void (*on_partition_end)(struct Walk *walk);
    void *data;
    GPtrArray *findings;
} Walk;

/* "cartridge 1", "cartridge 1 partition 1". Free with g_free. */
char *walk_partition_text(int cartridge, int64_t partition);
/* "cartridge 1 file 3", of where the walk is. Free with g_free. */
char *walk_file_text(const Walk *walk);

/*
 * Walks over the cartridge at `path`. `partitions`: how many it has; `notice`: what had to be
 * recovered, free with g_free; either may be NULL. False and an error if it cannot be opened.
 */
bool walk_cartridge(Walk *walk, const char *path, uint32_t *partitions, char **notice,
                    GError **error);

#endif
