/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/tree.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

void tree_remove(const char *path)
{
    GStatBuf status;

    if (g_lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *entry = g_build_filename(path, name, NULL);

            tree_remove(entry);
        }
        if (dir) {
            g_dir_close(dir);
        }
    }
    g_remove(path);
}
