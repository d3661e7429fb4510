/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/room.h"

#include "emu/base/error.h"
#include "emu/base/units.h"

#include <sys/statvfs.h>

bool room_check(const char *directory, uint64_t least, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(directory, NULL);
    g_autofree char *size = units_format_size(least);
    struct statvfs status;

    if (statvfs(directory, &status) != 0 ||
        status.f_bavail >= (least + status.f_frsize - 1) / status.f_frsize) {
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "less than %s left on the file system of %s: remove files there, or choose another "
                "--out",
                size, path);
    return false;
}
