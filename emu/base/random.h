/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repeatable random numbers. The same seed and stream give the same numbers everywhere. */
#ifndef USBTAPE_BASE_RANDOM_H
#define USBTAPE_BASE_RANDOM_H

#include <stdint.h>

typedef struct Random {
    uint64_t state;
} Random;

/* Streams of one seed are independent of each other. */
Random random_new(uint64_t seed, uint64_t stream);
uint64_t random_next(Random *random);
/* From 0 to `n` - 1, with equal probability. `n` is not 0. */
uint64_t random_below(Random *random, uint64_t n);
/* At least 0 and less than 1. */
double random_fraction(Random *random);

#endif
