/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPACE and LOCATE by visiting each object, for media that know all their objects in memory. The
 * code is simple and linear in the distance.
 */
#ifndef USBTAPE_MEDIA_WALK_H
#define USBTAPE_MEDIA_WALK_H

#include "media/medium.h"

/* WALK_LOST stands for damage that was any number of objects. */
typedef enum WalkType { WALK_BLOCK, WALK_FILEMARK, WALK_SETMARK, WALK_LOST } WalkType;

typedef struct Walk {
    WalkType (*type)(void *data, uint64_t object);
    void *data;
    uint64_t end;  /* objects of the partition */
    uint64_t head; /* moved by the calls */
    uint64_t lost; /* the first WALK_LOST object, or G_MAXUINT64 */
} Walk;

/*
 * As medium_space(), and as medium_locate() within a partition. CORRUPT if the way leads over a
 * WALK_LOST object. The head is then beyond it.
 */
MediumResult walk_space(Walk *walk, MediumSpace what, int64_t count, bool stop_at_setmarks,
                        uint64_t *moved);
MediumResult walk_locate(Walk *walk, MediumLocate what, uint64_t number);

#endif
