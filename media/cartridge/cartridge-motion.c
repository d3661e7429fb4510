/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPACE and LOCATE, by the counts in the table of objects. */
#include "media/cartridge/cartridge.h"

/* The end of a motion and its result. */
typedef struct Stop {
    Place place;
    MediumResult result;
} Stop;

static MediumResult motion_arrive(Cartridge *c, const Stop *stop)
{
    c->head = stop->place;
    c->head_guessed = false;
    return stop->result == MEDIUM_CORRUPT ? cartridge_corrupt(c, stop->place.object) : stop->result;
}

/* The near end of the damage that hides the next object, as seen from the head. */
static Place motion_near_end(const Cartridge *c, bool forward, const Place *from)
{
    const Place *end = forward ? &c->run.low : &c->run.high;

    return (forward ? end->object < from->object : end->object > from->object) ? *from : *end;
}

/*
 * Finds the `count`th object of a kind from `from` on, in a direction, up to `stop`. If it exists,
 * the place beyond it becomes the stop, with `result`. If damage hides it, the result becomes
 * CORRUPT.
 */
static MediumResult motion_find(Cartridge *c, CountKind kind, bool forward, uint64_t count,
                                const Place *from, MediumResult result, Stop *stop)
{
    const Place *low = forward ? from : &stop->place, *high = forward ? &stop->place : from;
    uint64_t before = place_count(low, kind), after = place_count(high, kind);
    MediumResult found;
    Place place;

    if (after < before || after - before < count) {
        return MEDIUM_OK;
    }
    found =
        cartridge_search(c, kind, forward ? before + count : after - count + 1, low, high, &place);
    if (found == MEDIUM_OK && !forward) {
        found = place.object > low->object ? cartridge_place(c, place.object - 1, &place)
                                           : MEDIUM_CORRUPT;
    }
    if (found == MEDIUM_HOST_ERROR) {
        return found;
    }
    stop->place = found == MEDIUM_OK ? place : motion_near_end(c, forward, from);
    stop->result = found == MEDIUM_OK ? result : MEDIUM_CORRUPT;
    return MEDIUM_OK;
}

static Stop motion_limit(Cartridge *c, bool forward)
{
    return forward ? (Stop){ *cartridge_end(c), MEDIUM_EOD } : (Stop){ { 0 }, MEDIUM_BOP };
}

static uint64_t motion_passed(const Place *a, const Place *b, CountKind kind, uint64_t most)
{
    uint64_t from = place_count(a, kind), to = place_count(b, kind);

    return MIN(from < to ? to - from : from - to, most);
}

static MediumResult motion_space_over(Cartridge *c, CountKind kind, bool forward, uint64_t count,
                                      bool stop_at_setmarks, uint64_t *moved)
{
    Stop stop = motion_limit(c, forward);
    Place from = c->head;

    if (motion_find(c, kind, forward, count, &from, MEDIUM_OK, &stop) == MEDIUM_HOST_ERROR ||
        (kind == COUNT_BLOCKS && motion_find(c, COUNT_FILEMARKS, forward, 1, &from, MEDIUM_FILEMARK,
                                             &stop) == MEDIUM_HOST_ERROR) ||
        (kind != COUNT_SETMARKS && stop_at_setmarks &&
         motion_find(c, COUNT_SETMARKS, forward, 1, &from, MEDIUM_SETMARK, &stop) ==
             MEDIUM_HOST_ERROR)) {
        return MEDIUM_HOST_ERROR;
    }
    *moved = stop.result == MEDIUM_OK ? count : motion_passed(&from, &stop.place, kind, count);
    return motion_arrive(c, &stop);
}

/* To the end of the first run of `count` marks with nothing between them. */
static MediumResult motion_space_sequential(Cartridge *c, CountKind kind, bool forward,
                                            uint64_t count, bool stop_at_setmarks, uint64_t *moved)
{
    Stop limit = motion_limit(c, forward), at = { c->head, MEDIUM_OK };
    uint64_t run = 0;

    if (kind != COUNT_SETMARKS && stop_at_setmarks &&
        motion_find(c, COUNT_SETMARKS, forward, 1, &at.place, MEDIUM_SETMARK, &limit) ==
            MEDIUM_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    while (run < count) {
        Stop mark = limit;
        uint64_t distance;

        mark.result = MEDIUM_EOD;
        if (motion_find(c, kind, forward, 1, &at.place, MEDIUM_OK, &mark) == MEDIUM_HOST_ERROR) {
            return MEDIUM_HOST_ERROR;
        }
        if (mark.result != MEDIUM_OK) {
            return motion_arrive(c, mark.result == MEDIUM_CORRUPT ? &mark : &limit);
        }
        distance =
            forward ? mark.place.object - at.place.object : at.place.object - mark.place.object;
        run = distance == 1 ? run + 1 : 1;
        at = mark;
    }
    *moved = count;
    return motion_arrive(c, &at);
}

/* The head is at a place where damage hides the counts, so counting cannot start there. */
static MediumResult motion_leave_damage(Cartridge *c, bool forward)
{
    Place place;

    if (cartridge_place(c, c->head.object, &place) == MEDIUM_HOST_ERROR) {
        return MEDIUM_HOST_ERROR;
    }
    return motion_arrive(c, &(Stop){ forward ? c->run.high : c->run.low, MEDIUM_CORRUPT });
}

MediumResult cartridge_space(TapeMedium *m, MediumSpace what, int64_t count, bool stop_at_setmarks,
                             uint64_t *moved)
{
    Cartridge *c = cartridge(m);
    bool forward = count > 0;
    uint64_t n = (uint64_t)ABS(count);

    if (c->head_guessed && what != MEDIUM_SPACE_EOD) {
        return motion_leave_damage(c, forward);
    }
    switch (what) {
    case MEDIUM_SPACE_BLOCKS:
        return motion_space_over(c, COUNT_BLOCKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_FILEMARKS:
        return motion_space_over(c, COUNT_FILEMARKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_SETMARKS:
        return motion_space_over(c, COUNT_SETMARKS, forward, n, false, moved);
    case MEDIUM_SPACE_SEQUENTIAL_FILEMARKS:
        return motion_space_sequential(c, COUNT_FILEMARKS, forward, n, stop_at_setmarks, moved);
    case MEDIUM_SPACE_SEQUENTIAL_SETMARKS:
        return motion_space_sequential(c, COUNT_SETMARKS, forward, n, false, moved);
    case MEDIUM_SPACE_EOD:
    default:
        return motion_arrive(c, &(Stop){ *cartridge_end(c), MEDIUM_OK });
    }
}

/* Puts another partition under the head, at BOP. */
static MediumResult motion_change_partition(Cartridge *c, uint32_t partition)
{
    if (partition == c->partition) {
        return MEDIUM_OK;
    }
    if (cartridge_flush(c) != MEDIUM_OK) {
        return MEDIUM_HOST_ERROR;
    }
    c->partition = partition;
    c->head = (Place){ 0 };
    c->head_guessed = false;
    cartridge_aim_gather(c);
    return MEDIUM_OK;
}

static MediumResult motion_locate_file(Cartridge *c, uint64_t number)
{
    Stop stop = motion_limit(c, true);
    Place bop = { 0 };

    if (number == 0) {
        return motion_arrive(c, &(Stop){ bop, MEDIUM_OK });
    }
    return motion_find(c, COUNT_FILEMARKS, true, number, &bop, MEDIUM_OK, &stop) == MEDIUM_OK
               ? motion_arrive(c, &stop)
               : MEDIUM_HOST_ERROR;
}

MediumResult cartridge_locate(TapeMedium *m, uint32_t partition, MediumLocate what, uint64_t number)
{
    Cartridge *c = cartridge(m);
    Stop end;

    if (partition >= c->superblock.geometry.partitions) {
        return MEDIUM_INVALID;
    }
    if (motion_change_partition(c, partition) != MEDIUM_OK) {
        return MEDIUM_HOST_ERROR;
    }
    end = motion_limit(c, true);
    switch (what) {
    case MEDIUM_LOCATE_FILE:
        return motion_locate_file(c, number);
    case MEDIUM_LOCATE_EOD:
        end.result = MEDIUM_OK;
        return motion_arrive(c, &end);
    case MEDIUM_LOCATE_OBJECT:
    default:
        if (number > end.place.object) {
            return motion_arrive(c, &end);
        }
        return cartridge_move_head(c, number) == MEDIUM_HOST_ERROR ? MEDIUM_HOST_ERROR : MEDIUM_OK;
    }
}
