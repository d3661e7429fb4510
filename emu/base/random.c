/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/random.h"

#include <glib.h>

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t random_next(Random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

Random random_new(uint64_t seed, uint64_t stream)
{
    Random random = { seed };

    random.state = random_next(&random) + stream * UINT64_C(0xd1b54a32d192ed03);
    random.state = random_next(&random);
    return random;
}

uint64_t random_below(Random *random, uint64_t n)
{
    uint64_t unfair = -n % n; /* remainder of 2^64, which would favour small numbers */
    uint64_t draw;

    g_assert(n > 0);
    do {
        draw = random_next(random);
    } while (draw < unfair);
    return draw % n;
}

double random_fraction(Random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}
