/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room on the disk that a case writes to. A scenario that writes without end would fill it, and all
 * other programs of this computer would fail.
 */
#ifndef USBTAPE_SCENARIOS_ROOM_H
#define USBTAPE_SCENARIOS_ROOM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A case ends when less than this is left. */
#define ROOM_LEAST ((uint64_t)1 << 30)

/* True if the file system of `directory` has `least` bytes left, or if that is not known. False:
 * USBTAPE_ERROR_WORK, which names the directory. */
bool room_check(const char *directory, uint64_t least, GError **error);

#endif
