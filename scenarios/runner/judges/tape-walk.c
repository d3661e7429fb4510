/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/tape-walk.h"

#include "media/formats/formats.h"
#include "scenarios/runner/judges/judges.h"

char *walk_partition_text(int cartridge, int64_t partition)
{
    return partition > 0
               ? g_strdup_printf("cartridge %d partition %" G_GINT64_FORMAT, cartridge, partition)
               : g_strdup_printf("cartridge %d", cartridge);
}

char *walk_file_text(const Walk *walk)
{
    g_autofree char *partition = walk_partition_text(walk->cartridge, walk->partition);

    return g_strdup_printf("%s file %" G_GINT64_FORMAT, partition, walk->file);
}

static void walk_end_file(Walk *walk)
{
    if (walk->on_file_end) {
        walk->on_file_end(walk);
    }
    walk->file++;
    walk->block = 0;
}

static bool walk_object(Walk *walk, MediumResult result, const uint8_t *buffer, size_t length)
{
    g_autofree char *file = NULL;

    switch (result) {
    case MEDIUM_OK:
    case MEDIUM_EARLY_WARNING:
        if (walk->on_block) {
            walk->on_block(walk, buffer, length);
        }
        walk->block++;
        return true;
    case MEDIUM_FILEMARK:
        walk_end_file(walk);
        return true;
    case MEDIUM_SETMARK:
        return true;
    case MEDIUM_READ_ERROR:
    case MEDIUM_CORRUPT:
        if (walk->on_damage) {
            walk->on_damage(walk);
        }
        walk->block++;
        return true;
    case MEDIUM_EOD:
    case MEDIUM_END_OF_PARTITION:
        if (walk->block > 0) {
            walk_end_file(walk);
        }
        return false;
    case MEDIUM_BOP:
    case MEDIUM_WRITE_ERROR:
    case MEDIUM_PROTECTED:
    case MEDIUM_WORM:
    case MEDIUM_INVALID:
    case MEDIUM_UNSUPPORTED:
    case MEDIUM_HOST_ERROR:
        break;
    }
    file = walk_file_text(walk);
    judge_add_finding(walk->findings,
                      "%s block %" G_GINT64_FORMAT ": the tape cannot be read on after it", file,
                      walk->block);
    return false;
}

static void walk_partition(Walk *walk, TapeMedium *medium, uint8_t *buffer)
{
    MediumResult result = medium_locate(medium, walk->partition, MEDIUM_LOCATE_OBJECT, 0);
    size_t length = 0;

    walk->file = walk->block = 0;
    if (result != MEDIUM_OK && result != MEDIUM_EOD) {
        g_autofree char *partition = walk_partition_text(walk->cartridge, walk->partition);

        judge_add_finding(walk->findings, "%s: its beginning cannot be reached", partition);
        return;
    }
    do {
        result = medium_read(medium, buffer, MEDIUM_BLOCK_MAX, &length);
    } while (walk_object(walk, result, buffer, length));
    if (walk->on_partition_end) {
        walk->on_partition_end(walk);
    }
}

bool walk_cartridge(Walk *walk, const char *path, uint32_t *partitions, char **notice,
                    GError **error)
{
    g_autoptr(TapeMedium) medium = medium_open(path, true, executor_inline(), notice, error);
    g_autofree uint8_t *buffer = NULL;
    MediumInfo info;

    if (!medium) {
        return false;
    }
    buffer = g_malloc(MEDIUM_BLOCK_MAX);
    medium_info(medium, &info);
    for (walk->partition = 0; walk->partition < info.geometry.partitions; walk->partition++) {
        walk_partition(walk, medium, buffer);
    }
    if (partitions) {
        *partitions = info.geometry.partitions;
    }
    return true;
}
