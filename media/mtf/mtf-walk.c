/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mtf/mtf-walk.h"

#include "emu/base/error.h"

static bool walk_host_error(TapeMedium *m, GError **error)
{
    const GError *why = medium_host_error(m);

    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s", why ? why->message : "cannot read");
    return false;
}

bool mtf_walk_push(MtfReader *r, const MtfPlace *place, MediumResult result, const uint8_t *buffer,
                   size_t length)
{
    switch (result) {
    case MEDIUM_OK:
        return mtf_reader_push_block(r, place, buffer, length);
    case MEDIUM_FILEMARK:
        return mtf_reader_push_filemark(r, place);
    case MEDIUM_SETMARK:
        return mtf_reader_push_setmark(r, place);
    case MEDIUM_READ_ERROR:
        return mtf_reader_push_error(r, place, "a read error");
    case MEDIUM_CORRUPT:
        return mtf_reader_push_error(r, place, "damage in the cartridge file");
    case MEDIUM_EOD:
    case MEDIUM_BOP:
    case MEDIUM_EARLY_WARNING:
    case MEDIUM_END_OF_PARTITION:
    case MEDIUM_WRITE_ERROR:
    case MEDIUM_PROTECTED:
    case MEDIUM_WORM:
    case MEDIUM_INVALID:
    case MEDIUM_UNSUPPORTED:
    case MEDIUM_HOST_ERROR:
    default:
        mtf_reader_push_end(r, place);
        return false;
    }
}

/* Skips blocks that the reader does not need. */
static void walk_skip(TapeMedium *m, MtfReader *r)
{
    uint64_t blocks = mtf_reader_skippable(r), moved = 0;
    MediumPosition position;

    if (blocks == 0 || blocks > G_MAXINT64) {
        return;
    }
    medium_position(m, &position);
    if (medium_space(m, MEDIUM_SPACE_BLOCKS, (int64_t)blocks, true, &moved) != MEDIUM_OK) {
        /* the next object is no block, so the walk goes there and reads it */
        medium_locate(m, position.partition, MEDIUM_LOCATE_OBJECT, position.object + moved);
    }
    mtf_reader_skip(r, moved);
}

bool mtf_walk(TapeMedium *m, uint32_t partition, MtfWalk how, MtfReader *r, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    MediumResult result = medium_locate(m, partition, MEDIUM_LOCATE_OBJECT, 0);
    MediumPosition position;
    MtfPlace place;
    size_t length;

    if (result != MEDIUM_OK) {
        return walk_host_error(m, error);
    }
    do {
        if (how == MTF_WALK_NAMES) {
            walk_skip(m, r);
        }
        medium_position(m, &position);
        place = (MtfPlace){ .partition = position.partition,
                            .object = position.object,
                            .file = position.files };
        result = medium_read(m, buffer, MEDIUM_BLOCK_MAX, &length);
        if (result == MEDIUM_HOST_ERROR) {
            return walk_host_error(m, error);
        }
    } while (mtf_walk_push(r, &place, result, buffer, length));
    return true;
}

bool mtf_walk_probe(TapeMedium *m, uint32_t partition)
{
    uint8_t head[MTF_TAPE_SIZE];
    size_t length;

    return medium_locate(m, partition, MEDIUM_LOCATE_OBJECT, 0) == MEDIUM_OK &&
           medium_read(m, head, sizeof head, &length) == MEDIUM_OK &&
           mtf_probe(head, MIN(length, sizeof head));
}
