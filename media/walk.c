/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/walk.h"

/* Moves over one object. False at the end of the way. */
static bool walk_step(Walk *walk, bool forward, WalkType *type)
{
    if (forward ? walk->head == walk->end : walk->head == 0) {
        return false;
    }
    *type = walk->type(walk->data, forward ? walk->head : walk->head - 1);
    walk->head = forward ? walk->head + 1 : walk->head - 1;
    return true;
}

static WalkType walk_target(MediumSpace what)
{
    switch (what) {
    case MEDIUM_SPACE_FILEMARKS:
    case MEDIUM_SPACE_SEQUENTIAL_FILEMARKS:
        return WALK_FILEMARK;
    case MEDIUM_SPACE_SETMARKS:
    case MEDIUM_SPACE_SEQUENTIAL_SETMARKS:
        return WALK_SETMARK;
    case MEDIUM_SPACE_BLOCKS:
    case MEDIUM_SPACE_EOD:
    default:
        return WALK_BLOCK;
    }
}

MediumResult walk_space(Walk *walk, MediumSpace what, int64_t count, bool stop_at_setmarks,
                        uint64_t *moved)
{
    bool forward = count > 0;
    bool sequential =
        what == MEDIUM_SPACE_SEQUENTIAL_FILEMARKS || what == MEDIUM_SPACE_SEQUENTIAL_SETMARKS;
    uint64_t wanted = (uint64_t)ABS(count), n = 0;
    WalkType target = walk_target(what), type;

    if (what == MEDIUM_SPACE_EOD) {
        walk->head = walk->end;
        return MEDIUM_OK;
    }
    while (n < wanted) {
        if (!walk_step(walk, forward, &type)) {
            *moved = sequential ? 0 : n;
            return forward ? MEDIUM_EOD : MEDIUM_BOP;
        }
        if (type == WALK_LOST) {
            *moved = sequential ? 0 : n;
            return MEDIUM_CORRUPT;
        }
        if (type == target) {
            n++;
            continue;
        }
        if (sequential) {
            n = 0;
        }
        if (type == WALK_FILEMARK && target == WALK_BLOCK) {
            *moved = n;
            return MEDIUM_FILEMARK;
        }
        if (type == WALK_SETMARK && stop_at_setmarks) {
            *moved = n;
            return MEDIUM_SETMARK;
        }
    }
    *moved = wanted;
    return MEDIUM_OK;
}

static MediumResult walk_locate_file(Walk *walk, uint64_t number)
{
    WalkType type;
    uint64_t n = 0;

    walk->head = 0;
    while (n < number) {
        if (!walk_step(walk, true, &type)) {
            return MEDIUM_EOD;
        }
        if (type == WALK_LOST) {
            return MEDIUM_CORRUPT;
        }
        n += type == WALK_FILEMARK;
    }
    return MEDIUM_OK;
}

MediumResult walk_locate(Walk *walk, MediumLocate what, uint64_t number)
{
    switch (what) {
    case MEDIUM_LOCATE_FILE:
        return walk_locate_file(walk, number);
    case MEDIUM_LOCATE_EOD:
        walk->head = walk->end;
        return MEDIUM_OK;
    case MEDIUM_LOCATE_OBJECT:
    default:
        if (number > walk->lost) {
            walk->head = walk->lost + 1;
            return MEDIUM_CORRUPT;
        }
        walk->head = MIN(number, walk->end);
        return number <= walk->end ? MEDIUM_OK : MEDIUM_EOD;
    }
}
