/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPACE and LOCATE by going from object to object, for media whose objects are all known in memory:
 * plainly right, linear in the distance.
 */
#ifndef USBTAPE_MEDIA_WALK_H
#define USBTAPE_MEDIA_WALK_H

#include "media/medium.h"

/* WALK_LOST: something that was any number of objects. */
typedef enum WalkType { WALK_BLOCK, WALK_FILEMARK, WALK_SETMARK, WALK_LOST } WalkType;

typedef struct Walk {
    WalkType (*type)(void *data, uint64_t object);
    void *data;
    uint64_t end;  /* objects of the partition */
    uint64_t head; /* moved by the calls */
    uint64_t lost; /* the first object that is WALK_LOST; G_MAXUINT64: none */
} Walk;

/*
 * As medium_space() and, within a partition, medium_locate(). CORRUPT: the
 * way leads over something that was any number of objects; the head is beyond it.
 */
MediumResult walk_space(Walk *walk, MediumSpace what, int64_t count, bool stop_at_setmarks,
                        uint64_t *moved);
MediumResult walk_locate(Walk *walk, MediumLocate what, uint64_t number);

#endif
