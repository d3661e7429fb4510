/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for data whose size the host chooses. */
#ifndef USBTAPE_BASE_MEMORY_H
#define USBTAPE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if there is memory for so many bytes from a host or for it, and some to spare. Up to eight
 * copies exist at once: the packet, the gathered block, a rest that the socket did not accept, and
 * the copies that fault rules keep or alter at each seam. A small allocation aborts when there is
 * no memory at all, so callers ask before. Small sizes skip the check.
 */
bool memory_for(size_t bytes);

#endif
