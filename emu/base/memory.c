/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/memory.h"

#include <glib.h>

#define SMALL  (1024u * 1024)
#define COPIES 8u

bool memory_for(size_t bytes)
{
    void *probe = bytes < SMALL ? NULL : g_try_malloc_n(bytes + SMALL / COPIES, COPIES);
    bool there = probe || bytes < SMALL;

    g_free(probe);
    return there;
}
