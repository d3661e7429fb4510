/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for data whose size the host chooses. */
#ifndef USBTAPE_BASE_MEMORY_H
#define USBTAPE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if there is memory for so many bytes of host data. Up to four copies exist at once:
 * gathered, in the link, changed by a fault, and during the growth of a buffer. Small sizes skip
 * the check.
 */
bool memory_for(size_t bytes);

#endif
