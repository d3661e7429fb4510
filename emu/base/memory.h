/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for what a host sends or asks for, where its size is the host's choice. */
#ifndef USBTAPE_BASE_MEMORY_H
#define USBTAPE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is there memory for so many bytes from a host or for it? Up to four copies exist at once:
 * gathered, on the way through the link, altered, and while a buffer grows. Small sizes skip the
 * check.
 */
bool memory_for(size_t bytes);

#endif
