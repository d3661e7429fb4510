/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects that a reset or a power cut removes from the queue and from the end of the tape. */
#include "emu/fault/at-medium-private.h"

void at_medium_lose_at_most(AtMedium *at, uint64_t objects)
{
    at->power.lose_at_most = objects == FAULT_ALL ? G_MAXUINT64 : objects;
}

/* At a power cut the newest queued objects are lost. The older ones reach the tape. */
static void power_lose_newest(AtMedium *at)
{
    while (at->power.lose_at_most > 0 && at->queue.objects->len > 0) {
        at_medium_queue_drop_newest(at);
        at->power.lose_at_most--;
    }
    at_medium_queue_commit_all(at);
}

void at_medium_reset(AtMedium *at, bool power)
{
    MediumPosition position;

    at_medium_end_lag(at);
    if (!power && at->queue.open && at->queue.settings.lose_on_reset) {
        at_medium_queue_drop(at);
    } else if (power && at->queue.open && !at->queue.settings.lose_on_power) {
        at_medium_queue_flush(at);
    } else if (power && at->power.lose_at_most != G_MAXUINT64) {
        power_lose_newest(at);
    }
    at->power.off = power;
    medium_position(at->below, &position);
    at->power.tape_end = position.object;
}

/*
 * Ends the partition of the head at this object, on a WORM cartridge too. The head stays, unless it
 * is beyond the new end.
 */
static MediumResult power_end_tape_at(AtMedium *at, uint64_t object)
{
    MediumPosition head, end;
    MediumResult result;

    medium_position(at->below, &head);
    medium_locate(at->below, head.partition, MEDIUM_LOCATE_EOD, 0);
    medium_position(at->below, &end);
    result = medium_lose(at->below, end.object - MIN(object, end.object));
    if (head.object < object) {
        medium_locate(at->below, head.partition, MEDIUM_LOCATE_OBJECT, head.object);
    }
    return result;
}

/* Ends the tape at the cut that at_medium_power_cut() postponed. */
static void power_cut_pending_tape(AtMedium *at)
{
    MediumPosition head;

    at->power.cut_pending = false;
    medium_position(at->below, &head);
    medium_locate(at->below, at->power.cut_partition, MEDIUM_LOCATE_OBJECT, 0);
    power_end_tape_at(at, at->power.cut_object);
    medium_locate(at->below, head.partition, MEDIUM_LOCATE_OBJECT, head.object);
}

void at_medium_reset_over(AtMedium *at)
{
    if (at->power.off) {
        at->power.off = false;
        at->power.lose_at_most = G_MAXUINT64;
        at_medium_queue_drop(at);
    }
    if (at->power.cut_pending) {
        power_cut_pending_tape(at);
    }
}

/* Loses all objects from `number` on, queued ones first. */
MediumResult at_medium_power_lose_from(AtMedium *at, uint32_t partition, uint64_t number)
{
    MediumPosition believed, real;
    uint64_t lost, queued = at->queue.objects->len;

    medium_position(&at->base, &believed);
    lost = believed.object > number ? believed.object - number : 0;
    while (at->queue.objects->len > 0 && queued - at->queue.objects->len < lost) {
        at_medium_queue_drop_newest(at);
    }
    lost -= queued - at->queue.objects->len;
    at->shift = number == 0 ? 0 : at->shift;
    medium_position(at->below, &real);
    return medium_locate(at->below, partition, MEDIUM_LOCATE_OBJECT,
                         number == 0 ? 0 : real.object - MIN(lost, real.object));
}

MediumResult at_medium_power_cut(TapeMedium *m)
{
    AtMedium *at = at_medium_of(m);
    MediumPosition position;

    medium_position(at->below, &position);
    if (at->power.off &&
        at->power.tape_end - MIN(at->power.lose_at_most, at->power.tape_end) > position.object) {
        at->power.cut_pending = true;
        at->power.cut_partition = position.partition;
        at->power.cut_object = at->power.tape_end - at->power.lose_at_most;
        return MEDIUM_OK;
    }
    return power_end_tape_at(at, position.object);
}
